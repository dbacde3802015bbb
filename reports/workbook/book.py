"""The workbook, put together: the same bytes for the same input."""

from __future__ import annotations

from datetime import datetime
from io import BytesIO

from xlsxwriter import Workbook  # type: ignore[import-untyped] # it comes without types

from calibrate.document.lead_score import words_of
from calibrate.document.rules import Rules
from calibrate.exports.sheets.cells import readable
from calibrate.meeting.combinations import Combinations
from calibrate.words.language import Language
from reports.workbook.bands_sheet import write_bands
from reports.workbook.content import Content
from reports.workbook.counts_sheet import write_counts
from reports.workbook.lead_sheet import write_lead
from reports.workbook.looks import looks_of
from reports.workbook.overview_sheet import write_overview
from reports.workbook.places import Places
from reports.workbook.rules_sheet import write_rules
from reports.workbook.scores_sheet import write_scores

_WRITTEN = datetime(2000, 1, 1)


def meeting_workbook(
    rules: Rules,
    combinations: Combinations,
    previous: Rules | None = None,
    held_out: str | None = None,
    say: Language | None = None,
) -> bytes:
    """The file for the counted leads of these rules: change points or the threshold, and all figures follow.

    Above 20,000 combinations, or 600,000 cells of them, the figures follow the threshold alone, and say so.

    previous: last quarter's rules, to compare with.  held_out: a sentence on what leads held out gave.
    say: the language; that of the rules without it.
    """
    say = say or words_of(rules)
    file = BytesIO()
    book = Workbook(file, {"in_memory": True})
    book.set_properties({"title": readable(rules.title or rules.id)[:200], "created": _WRITTEN})
    looks = looks_of(book, say)
    places = Places.of(Content.of(rules, combinations, previous, held_out, say))
    for write in (write_overview, write_rules, write_bands, write_scores, write_lead):
        write(book, looks, places)
    if places.content.live:
        write_counts(book, looks, places)
    for name, cells in places.names():
        book.define_name(name, f"={cells}")
    book.close()
    return file.getvalue()
