"""What follows from the leads and customers of a band: rate, Wilson's range, shares, whether it is out of order."""

from __future__ import annotations

from dataclasses import dataclass

from calibrate.exports.sheets.cells import Formula, Plain
from calibrate.statistics.rates import normal_quantile, wilson_interval
from reports.workbook.content import Content
from reports.workbook.sentences import quoted

RATE_KEYS = ("leads", "won", "rate", "low", "high", "of_leads", "of_won", "order")
RATE_LOOKS = ("whole", "whole", "rate", "rate", "rate", "rate", "rate", "remark")
_SQUARE = repr(normal_quantile(0.95) ** 2)


@dataclass(frozen=True, slots=True)
class Counted:
    """Leads of a band and the customers among them."""

    leads: int = 0
    won: int = 0


def rate_cells(row: int, band: Counted, above: Counted | None, content: Content) -> list[Plain | Formula]:
    """The cells behind leads ($C) and customers ($D), empty without leads; the range is that of rates.py.

    above: the better band in the row above that this one is compared with; None for none.
    """
    n, k = f"$C{row}", f"$D{row}"
    half = f"SQRT({_SQUARE}*({k}*({n}-{k})/{n}+{_SQUARE}/4))"
    formulas = (
        f"{k}/{n}",
        f"IF({k}=0,0,({k}+{_SQUARE}/2-{half})/({n}+{_SQUARE}))",
        f"IF({k}={n},1,({k}+{_SQUARE}/2+{half})/({n}+{_SQUARE}))",
        f"{n}/all_leads",
        f'IF(all_won=0,"",{k}/all_won)',
    )
    cells: list[Plain | Formula] = [
        Formula(f'=IF(N({n})=0,"",{formula})', value)
        for formula, value in zip(formulas, _values(band, content), strict=True)
    ]
    return [*cells, None if above is None else _order(row, band, above, content)]


def _values(band: Counted, content: Content) -> tuple[Plain, ...]:
    if not band.leads:
        return ("",) * 5
    low, high = wilson_interval(band.won, band.leads)
    all_leads, all_won = content.counts.total_leads, content.counts.total_conversions
    return band.won / band.leads, float(low), float(high), band.leads / all_leads, band.won / all_won if all_won else ""


def _order(row: int, band: Counted, above: Counted, content: Content) -> Formula:
    words = content.say("workbook.out_of_order")
    there = f"N($C{row})>0,N($C{row - 1})>0"
    wrong = band.leads and above.leads and band.won * above.leads > above.won * band.leads
    return Formula(f'=IF(AND({there},N($E{row})>N($E{row - 1})),{quoted(words)},"")', words if wrong else "")
