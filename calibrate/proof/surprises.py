"""Leads that went against their score, and the levels that they have more often than chance would give them.

Two bands are looked at: the best-scored tenth, of which the lost leads surprise, and the worst-scored, of which the
won ones do. If the points are right, leads with the same score convert alike, whatever their levels; a level that
still stands out among the surprising leads has wrong points, or stands for something that has none.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from calibrate.errors import DataError, SettingsError
from calibrate.leads.codes import CodeStore
from calibrate.learning.learned import Learned
from calibrate.settings import PointColumn
from calibrate.spread import spread
from calibrate.statistics.lift import LEAST_EXPECTED, adjusted_by_attribute
from calibrate.statistics.probability import score_to_probability
from calibrate.statistics.ranking import ScoreCounts, whole
from calibrate.statistics.ridge import chance_of
from calibrate.words.language import Message, message

Whole = NDArray[np.int64]
Flags = NDArray[np.bool_]
Kind = Literal["high", "low"]
LeadLevels = tuple[str, NDArray[np.intp], Sequence[str]]
"""Name of an attribute, the place of each lead's level among its labels (-1 unknown), the labels."""

FEWEST = 50  # leads; a tenth of fewer says nothing
FEWEST_OF_LEVEL = 10
MOST_HARD = 20
SURE = 0.05
_LOOK = 200_000
_STRATUM = 20  # leads
_STEPS = 5


@dataclass(frozen=True, slots=True)
class SurprisingLevel:
    """A level that leads against their score have more often than others with about the same score.

    attribute, level: labels.  kind: high for lost leads of the best-scored band, low for won ones of the worst.
    leads: how many of the `of` surprising leads have it.  expected: how many would, if it did not matter beside the
    score.  band_leads: leads in the band; leads_in_band, conversions_in_band: those of the level.
    p_value: two-sided.  q_value: after Benjamini-Hochberg over all levels of both bands.
    """

    attribute: str
    level: str
    kind: Kind
    leads: int
    of: int
    expected: float
    band_leads: int
    leads_in_band: int
    conversions_in_band: int
    p_value: float
    q_value: float


@dataclass(frozen=True, slots=True)
class Surprises:
    """Leads against their score.

    high: leads of the top band, with score_from or more; high_lost of them were not won.
    low: leads of the bottom band, with score_to or less; low_won of them were.
    levels: those beyond chance (q < .05), the surest first.
    hardest_high, hardest_low: places of the at most 20 lost leads of the top band and won ones of the bottom band
    that the chance was most against (the largest deviance residuals), worst first; None without chances.
    rows_high, rows_low: the same as (row of the source, from 1; score).
    """

    high: int
    high_lost: int
    low: int
    low_won: int
    score_from: int
    score_to: int
    levels: tuple[SurprisingLevel, ...]
    hardest_high: tuple[int, ...] | None
    hardest_low: tuple[int, ...] | None
    rows_high: tuple[tuple[int, int], ...] = ()
    rows_low: tuple[tuple[int, int], ...] = ()


def find_surprises(
    scores: ArrayLike,
    won: ArrayLike,
    chances: ArrayLike | None,
    attributes: Sequence[LeadLevels],
    share: float = 0.1,
) -> Surprises | None:
    """The surprising leads of the best and of the worst share of leads; None below 50 leads or with a single score.

    scores: held out, of mature leads.  chances: of conversion by the score, 0 to 1; they only order the hardest.
    A band never cuts through a tie: it takes the number of leads nearest to the share, the fewer of two as near.

    A level, and the other leads whose level is known, need 10 leads each in the band to be tested. A level that sits
    at the top of its band ought to convert better, so leads are compared within strata of nearly the same score:
    Mantel-Haenszel's score test, the exact test with mid-P where fewer than 5 are expected. Simulated with right
    points (60 histories of 50,000 leads), an attribute with a level worth 25 points had p < .05 in 46 % of its tests
    against the whole band, and in 2 % by strata; in 5 % with 800 leads.
    Strata take the rate from the leads themselves; chances from one curve through all scores are least true at the
    ends, and what the curve misses there would be put down to levels.
    Source: Mantel & Haenszel (1959), JNCI 22:719; Birch (1964), JRSS B 26:313 (exact); Mantel & Fleiss (1980),
    Am. J. Epidemiol. 112:129 (5 expected, over strata); Cochran (1968), Biometrics 24:295 (strata for a number).

    Raises:
        DataError: the arrays do not belong together.
        SettingsError: the share is not above 0 and at most 0.5.
    """
    if not 0 < share <= 0.5:
        raise SettingsError(f"share of leads: found {share}; expected above 0 to 0.5, write 0.1 for the outer tenths")
    counts = ScoreCounts.from_arrays(scores, won)
    of_lead, is_won = whole(scores), np.asarray(won).astype(np.bool_)
    expected = None if chances is None else _checked_chances(chances, is_won.size)
    for attribute in attributes:
        _check_attribute(attribute, is_won.size)
    if counts.total_leads < FEWEST or len(counts.scores) < 2:
        return None
    score_to = counts.scores[_nearest(counts.leads, share)]
    score_from = counts.scores[::-1][_nearest(counts.leads[::-1], share)]
    top, bottom = np.flatnonzero(of_lead >= score_from), np.flatnonzero(of_lead <= score_to)
    bands: tuple[tuple[Kind, NDArray[np.intp]], ...] = ("high", top), ("low", bottom)
    tested = [
        row
        for kind, band in bands
        for row in _tested_levels(kind, of_lead[band], is_won[band], [(n, at[band], ls) for n, at, ls in attributes])
    ]
    lost, winners = top[~is_won[top]], bottom[is_won[bottom]]
    return Surprises(
        high=top.size,
        high_lost=lost.size,
        low=bottom.size,
        low_won=winners.size,
        score_from=score_from,
        score_to=score_to,
        levels=_beyond_chance(tested),
        hardest_high=None if expected is None else _first(lost, -expected[lost]),
        hardest_low=None if expected is None else _first(winners, expected[winners]),
    )


def surprising_leads(store: CodeStore, learned: Learned, column: PointColumn) -> Surprises | None:
    """The surprises among the held-out leads by their scores in a column; None where there are too few.

    At most about 200,000 leads are looked at.
    """
    held = learned.held
    if held is None:
        return None
    some = spread(len(held.lead), _LOOK)
    lead, scores, won = held.lead[some], held.scores[column][some], held.won[some]
    curve = score_to_probability(ScoreCounts.from_arrays(scores, won))
    chances = None
    if curve is not None:
        chances = chance_of(curve.intercept + curve.slope * scores.astype(np.float64))
    attributes = [
        (
            item.cells.name,
            item.levels.of_cell.astype(np.min_scalar_type(-len(item.levels.levels))).take(store.codes[place][lead]),
            [level.label for level in item.levels.levels],
        )
        for item, place in zip(learned.card.attributes, learned.places, strict=True)
    ]
    found = find_surprises(scores, won, chances, attributes)
    if found is None:
        return None
    high, low = (
        tuple((store.row(int(lead[at])), int(scores[at])) for at in hardest or ())
        for hardest in (found.hardest_high, found.hardest_low)
    )
    return replace(found, rows_high=high, rows_low=low)


def suggestion(level: SurprisingLevel) -> Message:
    """What the level may mean for its points, as a sentence for the analyst."""
    size = message("reasons.expected_whole", number=round(level.expected))
    return message(
        f"reasons.surprising.{level.kind}",
        band=level.band_leads,
        attribute=level.attribute,
        level=level.level,
        leads=level.leads,
        of=level.leads_in_band,
        expected=size if level.expected >= 10 else message("reasons.expected_tenths", number=level.expected),
    )


def _nearest(leads: Sequence[int], share: float) -> int:
    """How many rows after the first it takes to come nearest to that share of all leads."""
    wanted, reached = Fraction(share).limit_denominator(1_000_000), np.cumsum(leads)
    return int(np.argmin(np.abs(reached * wanted.denominator - wanted.numerator * reached[-1])))


def _first(places: NDArray[np.intp], keys: NDArray[np.float64]) -> tuple[int, ...]:
    """The places with the least keys; among leads of one outcome the chance orders the deviance residuals."""
    return tuple(places[np.argsort(keys, kind="stable")[:MOST_HARD]].tolist())


def _beyond_chance(rows: Sequence[Sequence[SurprisingLevel | None]]) -> tuple[SurprisingLevel, ...]:
    """The levels with more surprising leads than expected and q < .05, the surest first."""
    q_values = adjusted_by_attribute([[item.p_value if item else None for item in row] for row in rows])
    found = [
        replace(item, q_value=q_value)
        for row, q_row in zip(rows, q_values, strict=True)
        for item, q_value in zip(row, q_row, strict=True)
        if item and q_value is not None and q_value < SURE and item.leads > item.expected
    ]

    def surest(item: SurprisingLevel) -> tuple[float, float, str, str, str]:
        return item.p_value, item.expected - item.leads, item.kind, item.attribute, item.level

    return tuple(sorted(found, key=surest))


def _tested_levels(
    kind: Kind, scores: Whole, won: Flags, attributes: Sequence[LeadLevels]
) -> list[list[SurprisingLevel | None]]:
    """For each attribute its levels in the band, None for one that cannot be tested; q is not known yet."""
    strata = _strata(scores)
    surprising = won if kind == "low" else ~won
    rows = []
    for name, level_of_lead, labels in attributes:
        tables = _tables(strata, level_of_lead, surprising, len(labels))
        row: list[SurprisingLevel | None] = []
        for level in np.flatnonzero(tables.leads.any(axis=0)).tolist():
            leads, seen = int(tables.leads[:, level].sum()), int(tables.surprising[:, level].sum())
            tested = tables.test(level)
            row.append(
                tested
                and SurprisingLevel(
                    attribute=name,
                    level=labels[level],
                    kind=kind,
                    leads=seen,
                    of=int(surprising.sum()),
                    expected=tested[0],
                    band_leads=won.size,
                    leads_in_band=leads,
                    conversions_in_band=seen if kind == "low" else leads - seen,
                    p_value=tested[1],
                    q_value=1.0,
                )
            )
        rows.append(row)
    return rows


def _strata(scores: Whole) -> NDArray[np.intp]:
    """The stratum of each lead: neighbouring scores, until it holds 20 leads or spans a fifth of the band's range.

    A score that 20 leads have stands alone, so with many leads only equal scores are compared.
    """
    distinct, place, leads = np.unique(scores, return_inverse=True, return_counts=True)
    widest = (int(distinct[-1]) - int(distinct[0])) / _STEPS
    stratum = np.zeros(distinct.size, np.intp)
    start, held = int(distinct[0]), 0
    for row, (score, number) in enumerate(zip(distinct.tolist(), leads.tolist(), strict=True)):
        starts = held >= _STRATUM or number >= _STRATUM or score - start > widest
        stratum[row] = stratum[row - 1] + 1 if row and starts else stratum[row - 1]
        start, held = (score, number) if starts else (start, held + number)
    return stratum[place]


@dataclass(frozen=True, slots=True)
class _Tables:
    """Leads and surprising leads by stratum (rows) and level (columns), without leads whose level is unknown."""

    leads: Whole
    surprising: Whole

    def test(self, level: int) -> tuple[float, float] | None:
        """Surprising leads expected at the level and the p-value; None where nothing can be tested."""
        of_level, everybody = self.leads[:, level], self.leads.sum(axis=1)
        if not FEWEST_OF_LEVEL <= of_level.sum() <= everybody.sum() - FEWEST_OF_LEVEL:
            return None
        surprising = self.surprising.sum(axis=1)
        # A stratum that can only come out one way says nothing; left in, it would only add the same to both sides.
        telling = (of_level > 0) & (of_level < everybody) & (surprising > 0) & (surprising < everybody)
        if not telling.any():
            return None
        expected = float((of_level * surprising / np.maximum(everybody, 1)).sum())
        seen = int(self.surprising[telling, level].sum())
        return expected, _p_value(seen, of_level[telling], surprising[telling], everybody[telling])


def _tables(strata: NDArray[np.intp], level_of_lead: NDArray[np.intp], surprising: Flags, levels: int) -> _Tables:
    known = level_of_lead >= 0
    shape = (int(strata.max()) + 1, levels)
    cell = (strata * levels + level_of_lead)[known]
    leads, found = (np.bincount(part, minlength=shape[0] * levels) for part in (cell, cell[surprising[known]]))
    return _Tables(leads.reshape(shape), found.reshape(shape))


def _p_value(seen: int, of_level: Whole, surprising: Whole, everybody: Whole) -> float:
    """Two-sided p-value of `seen` surprising leads at the level over all strata, whose margins are given."""
    expected = of_level * surprising / everybody
    least, most = np.maximum(0, of_level + surprising - everybody), np.minimum(of_level, surprising)
    if min((expected - least).sum(), (most - expected).sum()) < LEAST_EXPECTED:
        law = _law(of_level, surprising, everybody)
        at = seen - int(least.sum())
        return min(1.0, 2 * float(min(law[:at].sum(), law[at + 1 :].sum()) + law[at] / 2))
    variance = expected * (everybody - of_level) * (everybody - surprising) / (everybody * (everybody - 1))
    return math.erfc(abs(seen - expected.sum()) / math.sqrt(2 * variance.sum()))


def _law(of_level: Whole, surprising: Whole, everybody: Whole) -> NDArray[np.float64]:
    """Probabilities of each number of surprising leads at the level, from the least possible up, over all strata."""
    law = np.ones(1)
    for n, m, total in zip(of_level.tolist(), surprising.tolist(), everybody.tolist(), strict=True):
        seen = np.arange(max(0, n + m - total), min(n, m))
        steps = np.log((n - seen) * (m - seen) / ((seen + 1) * (total - n - m + seen + 1)))
        logs = np.concatenate([[0.0], np.cumsum(steps)])
        stratum = np.exp(logs - logs.max())
        law = np.convolve(law, stratum / stratum.sum())
    return law


def _checked_chances(values: ArrayLike, leads: int) -> NDArray[np.float64]:
    chances = np.asarray(values, np.float64)
    if chances.shape != (leads,):
        raise DataError(f"chances: found {chances.size} beside {leads} leads; expected as many, give one a lead")
    bad = chances[~((chances >= 0) & (chances <= 1))]
    if bad.size:
        raise DataError(f"chances: found {bad[0]:g}; expected 0 to 1, divide by 100 or give None")
    return chances


def _check_attribute(attribute: LeadLevels, leads: int) -> None:
    name, level_of_lead, labels = attribute
    if level_of_lead.shape != (leads,):
        raise DataError(f"{name}: found {level_of_lead.size} levels beside {leads} leads; expected one a lead")
    if leads and not -1 <= level_of_lead.min() <= level_of_lead.max() < len(labels):
        raise DataError(
            f"{name}: found level {level_of_lead.min()} to {level_of_lead.max()}; expected -1 (unknown) to "
            f"{len(labels) - 1}, one label a level; count the labels"
        )
