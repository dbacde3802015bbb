"""What no honest lead field does: flags that run before any points (METHODS section 13).

Source: Kaufman, Rosset, Perlich & Stitelman (2012), ACM TKDD 6(4):15, for why leaks matter; the rules are conventions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from calibrate.leads.counts import CellCounts
from calibrate.leads.levels import MISSING, Cells, Ints, number_label
from calibrate.statistics.lift import omnibus_p
from calibrate.statistics.ranking import ScoreCounts, area_under_curve
from calibrate.statistics.rates import wilson_interval
from calibrate.words.language import Message, message

_NAMES = re.compile(
    r"\b(won|closed?|contract|invoice|customer|opportunity|deal|stage|qualified|converted|lost reason|onboarding"
    r"|factuur|klant|gewonnen|verloren|faktura|kunde|facture|rechnung|vertrag)\b",
    re.I,
)


@dataclass(frozen=True, slots=True)
class LeakFlag:
    """Why a column may tell the outcome.

    stops: it gets no points unless it is allowed by name.  mutes: only its missing level gets none.
    """

    column: str
    reason: Message
    stops: bool
    mutes: bool = False


def leak_flags(cells: Cells, counts: CellCounts) -> tuple[LeakFlag, ...]:
    """The flags of one attribute, from its counts by cell and fold."""
    leads, conversions = counts.leads.sum(axis=0), counts.conversions.sum(axis=0)
    found = [
        _deterministic(cells, leads, conversions),
        _filled_for_winners(cells, leads, conversions),
        _ranks_alone(cells, counts),
        _missing_differs(cells, leads, conversions),
        _named_like_a_result(cells),
    ]
    flags = [flag for flag in found if flag]
    stops = [flag for flag in flags if flag.stops]
    return tuple(stops[:1] or flags[:1])


def _deterministic(cells: Cells, leads: Ints, conversions: Ints) -> LeakFlag | None:
    total, won = int(leads.sum()), int(conversions.sum())
    rate = won / total
    low, _ = wilson_interval(conversions, np.maximum(leads, 1))
    always = (leads >= 20) & (low > max(0.8, (1 + rate) / 2))
    never = (conversions == 0) & (leads * rate >= 20)
    if always.any():
        cell = int(np.argmax(np.where(always, leads, -1)))
        won, held = int(conversions[cell]), int(leads[cell])
        reason = message("reasons.leak.always", won=won, leads=held, cell=cell_label(cells, cell))
    elif never.any():
        first, last = _run(cells, conversions, int(np.argmax(np.where(never, leads, -1))))
        held = int(leads[first : last + 1].sum())
        reason = message("reasons.leak.never", leads=held, cell=cell_label(cells, first, last))
    else:
        return None
    return LeakFlag(cells.column, reason, True)


def _filled_for_winners(cells: Cells, leads: Ints, conversions: Ints) -> LeakFlag | None:
    lost = leads - conversions
    if cells.kind == "set" or not leads[MISSING] or not conversions.sum() or not lost.sum():
        return None
    for_won = 1 - conversions[MISSING] / conversions.sum()
    for_lost = 1 - lost[MISSING] / lost.sum()
    if for_won - for_lost <= 0.5:
        return None
    return LeakFlag(cells.column, message("reasons.leak.filled", won=float(for_won), lost=float(for_lost)), True)


def _ranks_alone(cells: Cells, counts: CellCounts) -> LeakFlag | None:
    """Cross-fitted: each fold is ranked by the rates of the others, so many small cells cannot look like a leak."""
    leads, conversions = counts.leads, counts.conversions
    areas = []
    for part in range(len(leads)):
        rest_leads, rest_won = leads.sum(axis=0) - leads[part], conversions.sum(axis=0) - conversions[part]
        if not leads[part].sum() or not rest_leads.sum():
            continue
        overall = rest_won.sum() / rest_leads.sum()
        smoothed = (rest_won + 10 * overall) / (rest_leads + 10)
        ranks = np.unique(smoothed, return_inverse=True)[1]
        area = area_under_curve(ScoreCounts.from_counts(ranks, leads[part], conversions[part]))
        if area is not None:
            areas.append(area.auc)
    mean = float(np.mean(areas)) if areas else 0.5
    if mean <= 0.85:
        return None
    stops = mean > 0.95
    return LeakFlag(cells.column, message("reasons.leak.ranks", share=mean), stops)


def _missing_differs(cells: Cells, leads: Ints, conversions: Ints) -> LeakFlag | None:
    filled, won = int(leads[MISSING + 1 :].sum()), int(conversions[MISSING + 1 :].sum())
    missing, missing_won = int(leads[MISSING]), int(conversions[MISSING])
    if cells.kind == "set" or missing < 20 or filled < 20 or not 0 < won + missing_won < filled + missing:
        return None
    p_value = omnibus_p([missing, filled], [missing_won, won])
    if abs(missing_won / missing - won / filled) <= 0.10 or p_value is None or p_value >= 0.01:
        return None
    reason = message("reasons.leak.missing", empty=missing_won / missing, filled=won / filled)
    return LeakFlag(cells.column, reason, False, mutes=True)


def _named_like_a_result(cells: Cells) -> LeakFlag | None:
    words = re.sub(r"[_\W]+", " ", cells.column)
    return LeakFlag(cells.column, message("reasons.leak.named"), False) if _NAMES.search(words) else None


def _run(cells: Cells, conversions: Ints, cell: int) -> tuple[int, int]:
    """First and last of the number cells around one that have no conversion either; the cell itself otherwise."""
    first = last = cell
    if cells.kind == "number" and cell != MISSING:
        while first > MISSING + 1 and not conversions[first - 1]:
            first -= 1
        while last + 1 < cells.size and not conversions[last + 1]:
            last += 1
    return first, last


def cell_label(cells: Cells, cell: int, last: int | None = None) -> Message:
    """A cell, or a run of number cells, as people read it, with the column's name."""
    if cell == MISSING:
        return message("reasons.cell.empty", column=cells.column)
    if cells.kind == "number":
        low = cells.edges[cell - 2] if cell > 1 else None
        end = (cell if last is None else last) - 1
        high = cells.edges[end] if end < len(cells.edges) else None
        return message("reasons.cell.range", column=cells.column, range=number_label(cells, low, high))
    if cells.kind == "category":
        return message("reasons.cell.value", column=cells.column, value=str(cells.texts[cell - 1]))
    truth = message("levels.yes" if cell == 2 else "levels.no")
    return message("reasons.cell.value", column=cells.name, value=truth)
