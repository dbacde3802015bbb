"""Where what stands, and the names by which formulas call it.

::

    points        column MEETING of sheet Rules       scores, score_leads, score_won, leads_up, won_up    sheet Scores
    threshold     the score in use, sheet Overview    lead_score, lead_count, lead_won, lead_band         sheet Counts
    all_leads, all_won                                gate_scores, gate_bands                             sheet Bands

Every formula is one that Excel 2010 and LibreOffice 7.4 know; none needs to be entered as an array.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

from xlsxwriter.utility import xl_col_to_name  # type: ignore[import-untyped] # it comes without types

from calibrate.exports.sheets.cells import at, span
from calibrate.meeting.figures import bands
from reports.workbook.content import Content
from reports.workbook.sheets import sheet_called

THRESHOLD, CAPACITY, IN_USE, MONTHS, FIGURES = 6, 7, 8, 9, 12
"""Rows of sheet Overview: what is filled in, then the first of the four figures."""

RULES_FIRST, TENTHS, TENTHS_FIRST, NAMED_FIRST, SCORES_FIRST, COUNTS_FIRST = 5, 10, 6, 20, 6, 2
GATE, GATE_BAND, COUNT, WON, SCORE = "ABCDE"
"""Columns of sheet Counts; behind them the sums of points, then the lines of `points` that a lead gets."""
COUNTS_FIXED = 5


@dataclass(frozen=True, slots=True)
class Places:
    """Rows of the tables, counted from 1.

    starts: of every rule on sheet Rules, and the row behind the last.  hidden: whether a last line of 0 points
    stands for what merging hid.
    """

    content: Content
    starts: tuple[int, ...]
    bands: int
    hidden: bool

    @classmethod
    def of(cls, content: Content) -> Places:
        """The places of the content."""
        starts = tuple(accumulate(map(len, content.rows), initial=RULES_FIRST))
        named = len(bands(content.rules, content.combinations))
        return cls(content, starts, named, content.combinations.hidden > 0)

    @property
    def points_last(self) -> int:
        """The last line of the points."""
        return max(RULES_FIRST, self.starts[-1] - 1 + self.hidden)

    @property
    def scale(self) -> int:
        """The row of sheet Bands with what every lead starts with; the bounds of the score and of sums stand below."""
        return NAMED_FIRST + self.bands + 4

    @property
    def gates(self) -> int:
        """The row of sheet Bands that says `none`; gates stand below."""
        return self.scale + 2 + len(self.content.parts) + 3

    def bounds(self, part: int | None = None) -> tuple[str, str]:
        """The cells with the bounds of a sum of points, or of the score."""
        row = self.scale + 1 + (0 if part is None else part + 1)
        sheet = sheet_called(self.content.say, "bands")
        return at(sheet, "B", row), at(sheet, "C", row)

    @property
    def base(self) -> str:
        """The cell with what every lead starts with."""
        return at(sheet_called(self.content.say, "bands"), "B", self.scale)

    @property
    def way_columns(self) -> int:
        """The first column of sheet Counts with a line of `points`, from 0."""
        return COUNTS_FIXED + len(self.content.parts)

    def names(self) -> Iterator[tuple[str, str]]:
        """The names and what they mean."""
        content, last = self.content, SCORES_FIRST + self.content.score_rows
        scores, bands_sheet = sheet_called(content.say, "scores"), sheet_called(content.say, "bands")
        yield "threshold", at(sheet_called(content.say, "overview"), "B", IN_USE)
        yield "points", span(sheet_called(content.say, "rules"), points_column(content), RULES_FIRST, self.points_last)
        for name, letter in zip(("scores", "score_leads", "score_won"), "ABC", strict=True):
            yield name, span(scores, letter, SCORES_FIRST + 1, last)
        yield "leads_up", span(scores, "E", SCORES_FIRST + 1, last)
        yield "won_up", span(scores, "F", SCORES_FIRST + 1, last)
        yield "all_leads", at(scores, "B", SCORES_FIRST - 2)
        yield "all_won", at(scores, "C", SCORES_FIRST - 2)
        if content.rules.gates:
            last = self.gates + len(content.rules.gates)
            yield "gate_scores", span(bands_sheet, "B", self.gates + 1, last)
            yield "gate_bands", span(bands_sheet, "C", self.gates + 1, last)
        if content.live:
            last = COUNTS_FIRST + len(content.combinations.leads) - 1
            columns = (("lead_band", GATE_BAND), ("lead_count", COUNT), ("lead_won", WON), ("lead_score", SCORE))
            counts = sheet_called(content.say, "counts")
            yield from ((name, span(counts, letter, COUNTS_FIRST, last)) for name, letter in columns)


_RULE_COLUMNS = (
    "rule", "level", "leads", "won", "rate", "support_low", "support_high", "last_points", "proposed_points",
    "meeting_points", "moved", "remark", "why", "rule_id", "way",
)  # fmt: skip


def rule_columns(content: Content) -> tuple[str, ...]:
    """The columns of sheet Rules; last quarter's points only where they are known."""
    return tuple(name for name in _RULE_COLUMNS if name != "last_points" or content.last)


def rule_column(content: Content, name: str) -> str:
    """The letter of a column of sheet Rules."""
    letter: str = xl_col_to_name(rule_columns(content).index(name))
    return letter


def points_column(content: Content) -> str:
    """The letter of the column that the meeting fills in."""
    return rule_column(content, "meeting_points")
