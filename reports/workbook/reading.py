"""What a meeting decided, read back from its workbook: changed points with reasons, and the threshold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from calibrate.document.rules import Rules
from calibrate.errors import RulesError, shown
from calibrate.words.language import LANGUAGES, Language, language
from reports.workbook.sheets import Sheet, sheet_name

_NEEDED = ("rule_id", "way", "proposed_points", "meeting_points", "why")
_FILLED_IN: tuple[Sheet, Sheet] = ("overview", "rules")
_NOUN = "the workbook of a meeting (meeting.xlsx)"
Cells = Sequence[Sequence[Any]]


def read_meeting(path: str | Path, rules: Rules) -> tuple[list[dict[str, Any]], int | None]:
    """Rows of rule, way, from, to and reason of the points that were changed; and the threshold, None as proposed.

    A capacity stands for the threshold that the workbook works out from it.

    Raises:
        RulesError: the file is none, is of other rules, or a cell does not hold a whole number; with every fault.
    """
    say, overview, lines = _sheets(path)
    faults = list(_other_rules(say, overview, rules))
    header = next((number for number, line in enumerate(lines) if say("workbook.rule_id") in line), None)
    columns = {} if header is None else {key: _column(lines[header], say(f"workbook.{key}")) for key in _NEEDED}
    if header is None or None in columns.values():
        raise RulesError(str(path), [*faults, _unlike(sheet_name(say, "rules"))])
    threshold, proposed, unclear = _threshold(say, overview)
    faults += unclear
    rows = []
    for number, line in enumerate(lines[header + 1 :], start=header + 2):
        cells = {key: line[column] if column is not None and column < len(line) else ""
                 for key, column in columns.items()}  # fmt: skip
        faults += _line_faults(say, cells, f"{sheet_name(say, 'rules')}, row {number}")
        if cells["rule_id"] != "" and cells["meeting_points"] != cells["proposed_points"]:
            rows.append(_row(cells))
    if faults:
        raise RulesError(str(path), faults)
    return rows, None if threshold == proposed else threshold


def _sheets(path: str | Path) -> tuple[Language, Cells, Cells]:
    """The language of the workbook, and the cells of the two sheets that a meeting fills in."""
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        with CalamineWorkbook.from_path(str(path)) as book:
            say = next((say for say in map(language, LANGUAGES) if _names(say) <= set(book.sheet_names)), None)
            if say is None:
                raise RulesError(str(path), [_unlike(" and ".join(sorted(_names(language("en")))))])
            overview, lines = (
                book.get_sheet_by_name(sheet_name(say, sheet)).to_python(skip_empty_area=False) for sheet in _FILLED_IN
            )
            return say, overview, lines
    except (OSError, CalamineError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise RulesError(str(path), [f"cannot be read ({reason}), expected {_NOUN}; check its name"]) from error


def _names(say: Language) -> set[str]:
    return {sheet_name(say, sheet) for sheet in _FILLED_IN}


def _unlike(sheet: str) -> str:
    return f"found no sheet {sheet} as it was written, expected {_NOUN}; use the file that came with the rules"


def _column(header: Sequence[Any], name: str) -> int | None:
    return header.index(name) if name in header else None


def _beside(overview: Cells, *labels: str) -> Any:
    """The cell to the right of a label; empty where there is none."""
    return next((line[1] for line in overview[1:] if len(line) > 1 and line[0] in labels), "")


def _other_rules(say: Language, overview: Cells, rules: Rules) -> Iterator[str]:
    for key, expected in (("rules_id", rules.id), ("rules_version", rules.version)):
        label = say(f"workbook.{key}")
        found = _beside(overview, label)
        if found != expected:
            yield (
                f"{sheet_name(say, 'overview')}, {label}: found {shown(found)}, expected {shown(expected)}; "
                "name the rules that the meeting had before it"
            )


def _threshold(say: Language, overview: Cells) -> tuple[int | None, int | None, list[str]]:
    """The score in use, the one proposed, and what is wrong with them."""
    places = _beside(overview, say("workbook.capacity"), say("workbook.capacity_a_month"))
    label = say("workbook.threshold" if places == "" else "workbook.in_use")
    found, proposed = _beside(overview, label), _beside(overview, say("workbook.threshold_proposed"))
    if _is_whole(found):
        return int(found), int(proposed) if _is_whole(proposed) else None, []
    cure = "write one" if places == "" else "open the file in a spreadsheet program and save it, or write a score"
    where = f"{sheet_name(say, 'overview')}, {label}"
    return None, None, [f"{where}: found {shown(found)}, expected a whole number; {cure}"]


def _line_faults(say: Language, cells: Mapping[str, Any], place: str) -> Iterator[str]:
    for key in ("meeting_points", "proposed_points"):
        number = cells[key]
        if cells["rule_id"] == "":
            if key == "meeting_points" and number not in ("", 0):
                yield f"{place}: found {shown(number)} beside no rule, expected a line that was there; remove it"
        elif not _is_whole(number):
            column, found = say(f"workbook.{key}"), "nothing" if number == "" else shown(number)
            yield f"{place}, {column}: found {found}, expected a whole number; write one, 0 for no points"
    if cells["rule_id"] != "" and not _is_whole(cells["way"]):
        way = say("workbook.way")
        yield f"{place}, {way}: found {shown(cells['way'])}, expected a whole number; take the line as it was"


def _is_whole(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and float(value).is_integer()


def _row(cells: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "rule": cells["rule_id"],
        "way": cells["way"],
        "from": cells["proposed_points"],
        "to": cells["meeting_points"],
        "reason": str(cells["why"]),
    }
