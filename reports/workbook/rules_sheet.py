"""Sheet Rules: what history says of every level, the points as proposed, and those of the meeting to be filled in."""

from __future__ import annotations

from xlsxwriter import Workbook  # type: ignore[import-untyped] # it comes without types
from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped] # likewise

from calibrate.exports.sheets.cells import Formula, Plain
from calibrate.exports.sheets.looks import new_sheet, put
from calibrate.fields import MOST_POINTS
from calibrate.words.language import Language
from reports.meeting.rows import Row
from reports.workbook.content import Content
from reports.workbook.looks import FIRST, Looks, bars, guarded
from reports.workbook.places import RULES_FIRST, Places, rule_column, rule_columns
from reports.workbook.sentences import quoted
from reports.workbook.sheets import sheet_name

_COLUMNS: dict[str, tuple[float, str]] = {
    "rule": (26, "text"), "level": (26, "text"), "leads": (8, "whole"), "won": (10, "whole"), "rate": (11, "rate"),
    "support_low": (11, "support"), "support_high": (7, "support"), "last_points": (9, "right"),
    "proposed_points": (9, "points"), "meeting_points": (10, "edited points"), "moved": (9, "moved points"),
    "remark": (27, "remark"), "why": (42, "edited text"), "rule_id": (10, "text"), "way": (6, "plain"),
}  # fmt: skip
_TEXTS = ("rule", "level", "rule_id")
_HIDDEN = ("rule_id", "way")


def write_rules(book: Workbook, looks: Looks, places: Places) -> None:
    """The sheet."""
    content, header, say = places.content, RULES_FIRST - 1, places.content.say
    names = rule_columns(content)
    widths = [max(_COLUMNS[name][0], _longest_word(say, name)) for name in names if name not in _HIDDEN]
    sheet = new_sheet(book, sheet_name(say, "rules"), widths, header)
    put(sheet, 1, 0, say("workbook.rules"), looks["title"])
    notes = ("rules_note", *(("rules_note_last",) if content.last else ()))
    put(sheet, 2, 0, " ".join(say(f"workbook.{key}") for key in notes), looks["note"])
    for place, name in enumerate(names):
        style = "text heading" if name in _TEXTS else "indented heading" if name in ("remark", "why") else "heading"
        put(sheet, header, place, say(f"workbook.{name}"), looks[style])
    for number, (rows, row) in enumerate(zip(content.rows, places.starts, strict=False)):
        for place, item in enumerate(rows):
            first = FIRST if place == 0 else ""
            for column, value in enumerate(_cells(content, number, place, item, row + place)):
                put(sheet, row + place, column, value, looks[_COLUMNS[names[column]][1] + first])
    if places.hidden:
        put(sheet, places.points_last, names.index("level"), say("workbook.hidden_row"), looks["note"])
        put(sheet, places.points_last, names.index("meeting_points"), 0, looks["points"])
    hidden = [names.index(name) for name in _HIDDEN]
    sheet.set_column(hidden[0], hidden[-1], None, None, {"hidden": True})
    _check_input(sheet, looks, places)
    guarded(sheet)


def _longest_word(say: Language, name: str) -> int:
    """The width that the heading of a column needs to break between words alone."""
    return 1 + max(map(len, say(f"workbook.{name}").split()))


def _cells(content: Content, number: int, place: int, item: Row, row: int) -> list[Plain | Formula]:
    """The cells of a line, in the order of the columns."""
    now, proposed = (f"${rule_column(content, name)}{row}" for name in ("meeting_points", "proposed_points"))
    remark: Plain | Formula = None
    if item.support is not None:
        low, high = (f"${rule_column(content, name)}{row}" for name in ("support_low", "support_high"))
        beyond = f"AND({now}<>{proposed},OR({now}<{low},{now}>{high}))"
        remark = Formula(f'=IF({beyond},{quoted(content.say("workbook.outside"))},"")', "")
    values: dict[str, Plain | Formula] = {
        "rule": content.names[number],
        "level": content.levels[number][place],
        "leads": item.leads,
        "won": item.won,
        "rate": item.rate,
        "support_low": item.support and item.support[0],
        "support_high": item.support and item.support[1],
        "last_points": _last(content, number, item.way),
        "proposed_points": item.points,
        "meeting_points": item.points,
        "moved": Formula(f"={now}-{proposed}", 0),
        "remark": remark,
        "rule_id": content.rules.rules[number].id,
        "way": item.way,
    }
    return [values.get(name) for name in rule_columns(content)]


def _last(content: Content, rule: int, way: int) -> str | None:
    """Last quarter's points as text, one or both ends."""
    then = content.last.points[rule][way] if content.last else None
    if then is None:
        return None
    ends = [f"{points:+d}" if points else "0" for points in sorted({then.low, then.high})]
    return ends[0] if len(ends) == 1 else content.say("workbook.last_range", low=ends[0], high=ends[1])


def _check_input(sheet: Worksheet, looks: Looks, places: Places) -> None:
    """What may be typed, and how a line shows that it was changed."""
    content, last = places.content, places.starts[-1] - 1
    if last < RULES_FIRST:
        return
    now, proposed, rate = (rule_column(content, name) for name in ("meeting_points", "proposed_points", "rate"))
    filled_in = f"{now}{RULES_FIRST}:{now}{last}"
    sheet.data_validation(filled_in, whole_number(content.say, -MOST_POINTS, MOST_POINTS, "whole_said"))
    changed = {"type": "formula", "criteria": f"=${now}{RULES_FIRST}<>${proposed}{RULES_FIRST}"}
    sheet.conditional_format(filled_in, changed | {"format": looks["changed"]})
    sheet.conditional_format(f"{rate}{RULES_FIRST}:{rate}{last}", bars())
    texts = " ".join(f"{letter}{RULES_FIRST}:{letter}{last}" for letter in ("A", "B", rule_column(content, "why")))
    sheet.ignore_errors({"number_stored_as_text": texts})


def whole_number(say: Language, low: int, high: int, said: str) -> dict[str, object]:
    """What lets a cell take whole numbers only, and says so."""
    return {
        "validate": "integer",
        "criteria": "between",
        "minimum": low,
        "maximum": high,
        "ignore_blank": False,
        "error_title": say("workbook.whole_title"),
        "error_message": say(f"workbook.{said}", low=low, high=high),
    }
