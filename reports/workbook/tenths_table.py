"""The tenths of the leads on sheet Bands, cut anew by formulas whenever points change.

A cut lies where the leads from a score up come nearest to their share, the fewer of two as near, as `equal_bands` has
it. Cuts count lines of sheet Scores, which stand best first; whole numbers are compared, so that ties are exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped] # it comes without types

from calibrate.exports.sheets.cells import Formula, Plain
from calibrate.exports.sheets.looks import put
from calibrate.meeting.figures import tenths
from calibrate.statistics.bands import Band
from calibrate.statistics.ranking import ScoreCounts
from reports.workbook.content import Content
from reports.workbook.looks import Looks
from reports.workbook.places import TENTHS, TENTHS_FIRST
from reports.workbook.rate_cells import RATE_LOOKS, Counted, rate_cells
from reports.workbook.sentences import percent_formula, percent_text

HELPERS = 12
"""The first column, from 0, of what the table and its chart need: M to V."""
_LAST = TENTHS_FIRST + TENTHS - 1
_CUTS = f"$O${TENTHS_FIRST}:$O${_LAST}"


@dataclass(frozen=True, slots=True)
class _Tenth:
    """A line of the table. before, cut: of this tenth of the leads.  start, end: lines of the band; "" for none."""

    before: int
    cut: int
    start: int | str
    end: int | str
    band: Band | None


def write_tenths(sheet: Worksheet, looks: Looks, content: Content) -> None:
    """The table and, to its right, what it is worked out from."""
    above: Counted | None = None
    put(sheet, TENTHS_FIRST - 1, HELPERS, content.say("workbook.for_charts"), looks["helper"])
    for place, tenth in enumerate(_tenths(content)):
        row, band = TENTHS_FIRST + place, tenth.band
        counted = Counted(band.leads, band.conversions) if band else Counted()
        cells = [*_sums(row, band), *rate_cells(row, counted, above, content)]
        for column, (value, style) in enumerate(zip(cells, ("plain", "plain", *RATE_LOOKS), strict=True)):
            put(sheet, row, column, value, looks[style])
        for column, value in enumerate([*_cut(row, place, tenth), *_drawn(row, tenth, content)], start=HELPERS):
            put(sheet, row, column, value, looks["helper"])
        above = counted


def _tenths(content: Content) -> list[_Tenth]:
    counts, found = content.counts, tenths(content.rules, content.combinations)
    cuts = _cuts(counts)
    ends = [0, *sorted({cut for _, cut in cuts} - {0})]
    spans: list[tuple[int | str, int | str]] = [*pairwise(ends), (ends[-1], "")]
    spans += [("", "")] * (TENTHS - len(spans))
    return [
        _Tenth(before, cut, *span, found[place] if place < len(found) else None)
        for place, ((before, cut), span) in enumerate(zip(cuts, spans, strict=False))
    ]


def _cuts(counts: ScoreCounts) -> list[tuple[int, int]]:
    """For every tenth the lines that hold no more than its share, and those that come nearest to it."""
    ups, total = [0, *accumulate(reversed(counts.leads))], counts.total_leads
    found = []
    for number in range(1, TENTHS + 1):
        before = sum(10 * up <= number * total for up in ups) - 1
        further = ups[before + 1 : before + 2]
        nearer = any(10 * up - number * total < number * total - 10 * ups[before] for up in further)
        found.append((before, before + nearer))
    return found


def _sums(row: int, band: Band | None) -> list[Formula]:
    """Lowest and highest score, leads and customers of the lines behind $P up to $Q."""

    def between(name: str) -> str:
        return f"INDEX({name},$Q{row})-IF($P{row}=0,0,INDEX({name},$P{row}))"

    formulas = (f"INDEX(scores,$Q{row})", f"INDEX(scores,$P{row}+1)", between("leads_up"), between("won_up"))
    values: Sequence[Plain] = ("",) * 4
    if band:
        values = (band.score_from, band.score_to, band.leads, band.conversions)
    return [Formula(f'=IF($Q{row}="","",{formula})', value) for formula, value in zip(formulas, values, strict=True)]


def _cut(row: int, place: int, tenth: _Tenth) -> list[Formula | Plain]:
    """Number of the tenth, lines below its share, lines nearest to it; the lines of the band, behind $P up to $Q."""
    share, here = f"$M{row}*all_leads", f"$N{row}"
    up, further = f"IF({here}=0,0,INDEX(leads_up,{here}))", f"INDEX(leads_up,{here}+1)"
    nearer = f"IF({here}>=COUNT(scores),0,IF(10*{further}-{share}<{share}-10*{up},1,0))"
    following = f'IF($P{row}>=COUNT(scores),"",SMALL({_CUTS},COUNTIF({_CUTS},"<="&$P{row})+1))'
    return [
        place + 1,
        Formula(f"=SUMPRODUCT(--(score_leads>0),--(10*leads_up<={share}))", tenth.before),
        Formula(f"={here}+{nearer}", tenth.cut),
        0 if place == 0 else Formula(f"=$Q{row - 1}", tenth.start),
        Formula(f'=IF($P{row}="","",{following})', tenth.end),
    ]


def _drawn(row: int, tenth: _Tenth, content: Content) -> list[Formula]:
    """What the chart shows: a label; the rate, split by leads handed over and not; the range below and above it."""
    there = f'$Q{row}=""'
    lines = f'MIN($Q{row},COUNTIF(scores,">="&threshold))'
    up = f"IF($P{row}=0,0,INDEX(leads_up,$P{row}))"
    handed = f"$E{row}*IF({lines}<=$P{row},0,(INDEX(leads_up,MAX(1,{lines}))-{up})/$C{row})"
    label = f"$A{row}&CHAR(10)&{percent_formula(content.say, f'$E{row}')}"
    band = tenth.band
    values: Sequence[Plain] = ("", 0, 0, 0, 0)
    if band:
        part = _handed(band, content) * band.rate
        text = f"{band.score_from}\n{percent_text(content.say, band.rate)}"
        values = (text, part, band.rate - part, band.rate - band.rate_low, band.rate_high - band.rate)
    formulas = (
        f'IF({there},"",{label})',
        f"IF({there},0,{handed})",
        f"IF({there},0,$E{row}-$S{row})",
        f"IF({there},0,$E{row}-$F{row})",
        f"IF({there},0,$G{row}-$E{row})",
    )
    return [Formula(f"={formula}", value) for formula, value in zip(formulas, values, strict=True)]


def _handed(band: Band, content: Content) -> float:
    """Share of the leads of a band that are handed over, 0 to 1."""
    pairs = zip(content.counts.scores, content.counts.leads, strict=True)
    start = max(content.threshold, band.score_from)
    return sum(leads for score, leads in pairs if start <= score <= band.score_to) / band.leads
