"""Sheet Overview: the score from which leads are handed over, the four figures that follow, two charts, notes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from textwrap import wrap

from xlsxwriter import Workbook  # type: ignore[import-untyped] # it comes without types
from xlsxwriter.format import Format  # type: ignore[import-untyped] # likewise
from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped] # likewise

from calibrate.exports.sheets.cells import Formula, Plain, readable
from calibrate.exports.sheets.looks import new_sheet, put
from calibrate.fields import MOST_POINTS
from calibrate.meeting.figures import figures, tenths
from calibrate.words.language import Language
from reports.meeting.figures import VOLUMES, shown_figures
from reports.meeting.threshold import threshold_reason
from reports.workbook.charts import gains_chart, tenths_chart
from reports.workbook.content import Content
from reports.workbook.looks import Looks, guarded
from reports.workbook.places import (
    CAPACITY,
    FIGURES,
    IN_USE,
    MONTHS,
    TENTHS_FIRST,
    THRESHOLD,
    Places,
)
from reports.workbook.rules_sheet import whole_number
from reports.workbook.sentences import percent_formula, percent_text, quoted, sentence
from reports.workbook.sheets import sheet_called, sheet_name

_WIDTHS = (15, 14, 14, 14, 14, 14, 14)
_ACROSS, _LINE = 6, 15  # the last column under a sentence; points of a line
_LABELS, _LEAST, _PIXELS = ("threshold", "capacity", "capacity_a_month", "in_use"), 44, 7
_FINDINGS, _CHARTS, _NOTES = FIGURES + 6, FIGURES + 7, FIGURES + 27
_SIZES = ((530, 370), (500, 370))
_HANDED, _HANDED_WON = (f'SUMIFS({name},scores,">="&threshold)' for name in ("score_leads", "score_won"))
_ORDER = (
    "SUMPRODUCT(score_won,all_leads-all_won-leads_up+won_up+(score_leads-score_won)/2)/(all_won*(all_leads-all_won))"
)


def write_overview(book: Workbook, looks: Looks, places: Places) -> None:
    """The sheet."""
    content = places.content
    wide = _label_width(content.say)
    sheet = new_sheet(book, sheet_name(content.say, "overview"), (wide, *_WIDTHS))
    _write_head(sheet, looks, content)
    _write_threshold(sheet, looks, content)
    _write_figures(sheet, looks, content)
    _write_findings(sheet, looks, content)
    size = (_SIZES[0][0] + _PIXELS * (wide - _LEAST), _SIZES[0][1])
    sheet.insert_chart(_CHARTS - 1, 0, tenths_chart(book, content, size), {"object_position": 3})
    sheet.insert_chart(_CHARTS - 1, 3, gains_chart(book, content, _SIZES[1]), {"object_position": 3, "x_offset": 12})
    for row, (label, text) in enumerate(_notes(content), start=_NOTES):
        if label:
            put(sheet, row, 0, label, looks["note"])
            put(sheet, row, 1, text, looks["note"])
        else:
            _put_wrapped(sheet, row, 0, str(text), looks["wrapped note"], wide)
    sheet.fit_to_pages(1, 1)
    guarded(sheet)
    sheet.activate()


def _put_wrapped(sheet: Worksheet, row: int, column: int, text: str, look: Format, wide: int) -> None:
    """A sentence across the sheet from a column on, on as many lines as it needs: a merged cell does not grow."""
    room = sum((wide, *_WIDTHS)[column : _ACROSS + 1])
    sheet.merge_range(row - 1, column, row - 1, _ACROSS, text, look)
    lines = len(wrap(text, room)) or 1
    if lines > 1:
        sheet.set_row(row - 1, lines * _LINE)


def _label_width(say: Language) -> int:
    """Characters that the labels need, in which a letter of their size takes a tenth more."""
    labels = [say(f"workbook.{key}") for key in _LABELS]
    labels += [say(f"meeting.{key}") for key in (*VOLUMES, "rate", "reached", "right_order")]
    return max(_LEAST, round(1.1 * max(map(len, labels))))


def _write_head(sheet: Worksheet, looks: Looks, content: Content) -> None:
    rules, counts, say = content.rules, content.counts, content.say
    name, months = readable(rules.title or rules.id), content.combinations.months
    counted = say(
        "workbook.counted" if months is None else "workbook.counted_in",
        rules=name, version=rules.version, leads=counts.total_leads, won=counts.total_conversions,
        months="" if months is None else say.number(months, 1),
    )  # fmt: skip
    how = say("workbook.change_yellow") if content.live else say("workbook.change_threshold", why=content.why_fixed)
    honest = say("meeting.levels") + (f" {content.held_out}" if content.held_out else "")
    put(sheet, 1, 0, name, looks["title"])
    for row, text in enumerate((counted, how, honest), start=2):
        _put_wrapped(sheet, row, 0, readable(text), looks["wrapped note"], _label_width(say))


def _write_threshold(sheet: Worksheet, looks: Looks, content: Content) -> None:
    months, score, say = content.combinations.months, content.rules.score, content.say
    low = -MOST_POINTS if score.min is None else score.min
    high = MOST_POINTS if score.max is None else score.max
    put(sheet, THRESHOLD, 0, say("workbook.threshold"), looks["label"])
    put(sheet, THRESHOLD, 1, content.threshold, looks["edited score"])
    why = readable(threshold_reason(content.rules, content.combinations, say))
    _put_wrapped(sheet, THRESHOLD, 2, why, looks["wrapped reason"], _label_width(say))
    sheet.data_validation(f"B{THRESHOLD}", whole_number(say, low, high, "score_said"))
    put(sheet, CAPACITY, 0, say("workbook.capacity" if months is None else "workbook.capacity_a_month"), looks["label"])
    put(sheet, CAPACITY, 1, None, looks["edited places"])
    sheet.data_validation(f"B{CAPACITY}", {
        "validate": "decimal", "criteria": ">=", "value": 0,
        "error_title": say("workbook.places_title"), "error_message": say("workbook.places_said"),
    })  # fmt: skip
    within = "leads_up" if months is None else f"leads_up/$B${MONTHS}"
    fitting = f"SUMPRODUCT(--(score_leads>0),--({within}<=$B${CAPACITY}))"
    found = f"IF({fitting}=0,MAX(scores)+1,INDEX(scores,{fitting}))"
    put(sheet, IN_USE, 0, say("workbook.in_use"), looks["label"])
    put(sheet, IN_USE, 1, Formula(f'=IF($B${CAPACITY}="",$B${THRESHOLD},{found})', content.threshold), looks["in use"])
    if months is not None:
        put(sheet, MONTHS, 0, say("workbook.period"), looks["note"])
        put(sheet, MONTHS, 1, months, looks["decimal"])


def _write_figures(sheet: Worksheet, looks: Looks, content: Content) -> None:
    """The figures now, as proposed, the change, and last quarter's."""
    say, unknown = content.say, _unknown(content)
    for place, key in enumerate(("meeting", "proposed", "change", *(("last",) if content.last else ())), start=1):
        put(sheet, FIGURES - 1, place, say(f"workbook.{key}"), looks["heading"])
    formulas = {
        "leads": f"={_HANDED}",
        "leads_a_month": f"={_HANDED}/$B${MONTHS}",
        "rate": f"=IF({_HANDED}=0,{unknown},{_HANDED_WON}/{_HANDED})",
        "reached": f"=IF(all_won=0,{unknown},{_HANDED_WON}/all_won)",
        "right_order": f"=IF(OR(all_won=0,all_won=all_leads),{unknown},100*{_ORDER})",
    }
    found = shown_figures(figures(content.rules, content.combinations, content.threshold))
    last: Mapping[str, float | None] = {}
    if content.last and content.last_threshold is not None:
        last = shown_figures(figures(content.last.rules, content.combinations, content.last_threshold))
    for row, (key, value) in enumerate(found.items(), start=FIGURES):
        kind = "whole" if key in VOLUMES else "pairs" if key == "right_order" else "rate"
        shown, times = _shown(say, key, value), 100 if kind == "rate" else 1
        change = f"ROUND({times}*($B{row}-$C{row}),9)"
        put(sheet, row, 0, say(f"meeting.{key}"), looks["label"])
        put(sheet, row, 1, Formula(formulas[key], shown), looks[f"big {kind}"])
        put(sheet, row, 2, shown, looks[f"then {kind}"])
        known = Formula(f'=IF(AND(ISNUMBER($B{row}),ISNUMBER($C{row})),{change},"")', "" if value is None else 0)
        put(sheet, row, 3, known, looks[f"moved {kind}"])
        if last:
            put(sheet, row, 4, _shown(say, key, last[key]), looks[f"then {kind}"])
        sheet.set_row(row - 1, 22)
    put(sheet, FIGURES + 4, 0, say("workbook.left_out"), looks["note"])
    put(sheet, FIGURES + 4, 1, Formula("=all_leads-SUM(score_leads)", 0), looks["whole"])


def _unknown(content: Content) -> str:
    return quoted(content.say("workbook.unknown"))


def _shown(say: Language, key: str, value: float | None) -> Plain:
    """A figure as its cell has it: pairs of a hundred, shares of one."""
    if value is None:
        return say("workbook.unknown")
    return 100 * value if key == "right_order" else value


def _write_findings(sheet: Worksheet, looks: Looks, content: Content) -> None:
    """What the charts say, in words that follow the points."""
    say, best = content.say, tenths(content.rules, content.combinations)[0]
    now = figures(content.rules, content.combinations, content.threshold)
    reached = "" if best.share_of_conversions is None else percent_text(say, best.share_of_conversions)
    score, leads, won = (f"{sheet_called(say, 'bands')}!${letter}${TENTHS_FIRST}" for letter in "AHI")
    parts: dict[str, tuple[str, Plain]] = {
        "leads": (percent_formula(say, leads), percent_text(say, best.share_of_leads)),
        "score": (score, best.score_from),
        "customers": (percent_formula(say, won), reached),
    }
    put(sheet, _FINDINGS, 0, sentence(say.words["workbook.best"], parts), looks["finding"])
    called = percent_text(say, now.leads / content.counts.total_leads)
    of_won = say("workbook.unknown") if now.reached is None else percent_text(say, now.reached)
    gained: dict[str, tuple[str, Plain]] = {
        "leads": (percent_formula(say, f"{_HANDED}/all_leads"), called),
        "customers": (f"IF(all_won=0,{_unknown(content)},{percent_formula(say, f'{_HANDED_WON}/all_won')})", of_won),
    }
    put(sheet, _FINDINGS, 3, sentence(say.words["workbook.gains"], gained), looks["finding"])


def _notes(content: Content) -> Iterator[tuple[str, Plain]]:
    """Labels and texts; those with a label are read back, to tell what was decided of which rules."""
    counted, say = content.combinations, content.say
    yield say("workbook.rules_id"), content.rules.id
    yield say("workbook.rules_version"), content.rules.version
    yield say("workbook.threshold_proposed"), content.threshold
    yield "", say("workbook.take_back")
    if content.live:
        yield "", say("workbook.holds", combinations=len(counted.leads), alone=counted.alone)
    if counted.hidden:
        yield "", say("meeting.hidden", share=say.percent(counted.hidden))
    if content.last and content.last.lost:
        yield "", readable(say("meeting.lost_rules", rules=", ".join(content.last.lost)))
