"""Sheet Scores: leads and customers of every score; the figures, bands and charts are sums over its lines."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate
from math import ceil

from xlsxwriter import Workbook  # type: ignore[import-untyped] # it comes without types
from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped] # likewise

from calibrate.exports.sheets.cells import Formula, Plain
from calibrate.exports.sheets.looks import new_sheet, put
from calibrate.meeting.figures import figures, gains
from reports.workbook.content import Content
from reports.workbook.looks import Looks, bars, guarded
from reports.workbook.places import SCORES_FIRST, Places
from reports.workbook.sheets import sheet_name

_WIDTHS = (10, 22, 12, 12, 14, 16, 14, 16, 4, 20, 20, 12, 12)
# Lines that are printed beyond those of the proposed points; they never take a page of their own, for the sheet is
# fitted to the pages that those of the proposed points fill, at as many lines a page as any program prints.
_SPARE, _LINES_A_PAGE = 10, 82
_HEADERS = ("score", "leads", "won", "rate", "leads_up", "won_up", "share_leads", "share_won")
_LOOKS = ("plain", "whole", "whole", "rate", "whole", "whole", "rate", "rate")


def write_scores(book: Workbook, looks: Looks, places: Places) -> None:
    """The sheet."""
    content, say = places.content, places.content.say
    sheet = new_sheet(book, sheet_name(say, "scores"), _WIDTHS, SCORES_FIRST - 1)
    sheet.set_portrait()
    put(sheet, 1, 0, say("workbook.scores"), looks["title"])
    put(sheet, 2, 0, say("workbook.scores_note"), looks["note"])
    if content.live:
        put(sheet, 3, 0, say("workbook.scores_live"), looks["note"])
    put(sheet, SCORES_FIRST - 2, 0, say("workbook.total"), looks["whole"])
    put(sheet, SCORES_FIRST - 2, 1, content.counts.total_leads, looks["whole"])
    put(sheet, SCORES_FIRST - 2, 2, content.counts.total_conversions, looks["whole"])
    for place, key in enumerate(_HEADERS):
        put(sheet, SCORES_FIRST - 1, place, say(f"workbook.{key}"), looks["heading"])
    for place, cell in enumerate((None, None, None, None, 0, 0, 0, 0)):
        put(sheet, SCORES_FIRST, place, cell, looks[_LOOKS[place]])
    for row, cells in enumerate(_lines(content), start=SCORES_FIRST + 1):
        for place, value in enumerate(cells):
            put(sheet, row, place, value, looks[_LOOKS[place]])
    _write_other(sheet, looks, content)
    _write_mark(sheet, looks, content)
    last = SCORES_FIRST + content.score_rows
    blank = {"type": "formula", "criteria": f'=$A{SCORES_FIRST + 1}=""', "format": looks["unseen"]}
    sheet.conditional_format(f"B{SCORES_FIRST + 1}:H{last}", blank)
    sheet.conditional_format(f"B{SCORES_FIRST + 1}:B{last}", bars())
    filled = SCORES_FIRST + len(content.counts.scores)
    sheet.print_area(0, 0, min(last, filled + _SPARE) - 1, 7)
    sheet.fit_to_pages(1, ceil(filled / _LINES_A_PAGE))
    guarded(sheet)


def _lines(content: Content) -> Iterator[tuple[Plain | Formula, ...]]:
    """A line a score from the best down, then those that have none yet."""
    counts = content.counts
    found = list(zip(counts.scores, counts.leads, counts.conversions, strict=True))[::-1]
    ups = zip(*(accumulate(column) for column in zip(*found, strict=True)), strict=True)
    ups_of = [(leads, won) for _, leads, won in ups] or [(0, 0)]
    for place in range(content.score_rows):
        score, leads, won = found[place] if place < len(found) else ("", 0, 0)
        row = SCORES_FIRST + 1 + place
        up = ups_of[min(place, len(found) - 1)]
        here: tuple[Plain | Formula, ...] = (score, leads, won)
        if content.live:
            here = (
                Formula(_score_formula(row), score),
                Formula(f'=IF($A{row}="",0,SUMIFS(lead_count,lead_score,$A{row}))', leads),
                Formula(f'=IF($A{row}="",0,SUMIFS(lead_won,lead_score,$A{row}))', won),
            )
        yield (*here, *_following(row, leads, won, up, counts.total_leads, counts.total_conversions))


def _score_formula(row: int) -> str:
    """The best score, or the next lower one that leads have."""
    if row == SCORES_FIRST + 1:
        return "=MAX(lead_score)"
    above = f"$A{row - 1}"
    return f'=IF({above}="","",IF($E{row - 1}>=all_leads,"",LARGE(lead_score,COUNTIF(lead_score,">="&{above})+1)))'


def _following(
    row: int, leads: int, won: int, up: tuple[int, int], all_leads: int, all_won: int
) -> tuple[Formula, ...]:
    """What follows from the leads and customers of a line and those above it."""
    return (
        Formula(f'=IF($B{row}=0,"",$C{row}/$B{row})', won / leads if leads else ""),
        Formula(f"=$E{row - 1}+$B{row}", up[0]),
        Formula(f"=$F{row - 1}+$C{row}", up[1]),
        Formula(f"=$E{row}/all_leads", up[0] / all_leads),
        Formula(f"=IF(all_won=0,0,$F{row}/all_won)", up[1] / all_won if all_won else 0),
    )


def _write_other(sheet: Worksheet, looks: Looks, content: Content) -> None:
    """What the chart compares with: last quarter's points or, without them, the proposal."""
    other = "last_quarter" if content.last else "proposal"
    for place, key in ((9, "leads"), (10, "won")):
        put(sheet, SCORES_FIRST - 1, place, content.say(f"workbook.{other}_{key}"), looks["heading"])
    for row, (leads, won) in enumerate(other_curve(content), start=SCORES_FIRST):
        put(sheet, row, 9, leads, looks["rate"])
        put(sheet, row, 10, won, looks["rate"])


def _write_mark(sheet: Worksheet, looks: Looks, content: Content) -> None:
    """Where the score in use stands in the chart."""
    now = figures(content.rules, content.combinations, content.threshold)
    sums = [f'SUMIFS({name},scores,">="&threshold)' for name in ("score_leads", "score_won")]
    share, reached = now.leads / content.counts.total_leads, now.reached or 0
    put(sheet, SCORES_FIRST - 1, 11, content.say("workbook.mark"), looks["heading"])
    put(sheet, SCORES_FIRST, 11, Formula(f"={sums[0]}/all_leads", share), looks["rate"])
    put(sheet, SCORES_FIRST, 12, Formula(f"=IF(all_won=0,0,{sums[1]}/all_won)", reached), looks["rate"])


def other_curve(content: Content) -> list[tuple[float, float]]:
    """Share of leads and share of customers reached by the points that the chart compares with, from the best down."""
    found = gains(content.last.rules if content.last else content.rules, content.combinations)
    return [(0.0, 0.0), *((point.share_of_leads, point.share_of_conversions) for point in found)]
