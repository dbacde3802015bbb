"""Ranges of scores and what they bring: bands, cuts, shares and the places that sales has.

Leads with equal scores stay together everywhere: no cut runs through a tie.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, pairwise

import numpy as np

from calibrate.errors import SettingsError
from calibrate.statistics.lift import level_lift
from calibrate.statistics.ranking import Gain, ScoreCounts, gains
from calibrate.statistics.rates import wilson_interval


@dataclass(frozen=True, slots=True)
class Band:
    """The leads from one score to another, both included and both scores that leads have.

    rate, rate_low, rate_high: 0 to 1, Wilson.  share_of_conversions, share_of_leads: of all leads counted,
    0 to 1; the first None where nobody converted.  lift: percentage points above the overall rate.
    """

    score_from: int
    score_to: int
    leads: int
    conversions: int
    rate: float
    rate_low: float
    rate_high: float
    share_of_conversions: float | None
    share_of_leads: float
    lift: float


def equal_bands(counts: ScoreCounts, bands: int = 10, confidence: float = 0.95) -> tuple[Band, ...]:
    """Bands of about as many leads each, best first; fewer than asked for where ties forbid more.

    Each cut lies where the leads above it come nearest to their share, the fewer of two as near.

    Raises:
        SettingsError: bands is below 1.
    """
    if bands < 1:
        raise SettingsError(f"bands: found {bands}; expected at least 1, write 10 for tenths")
    return bands_at(counts, _cuts(counts, [Fraction(place, bands) for place in range(1, bands)]), confidence)


def bands_at(counts: ScoreCounts, cuts: Iterable[int], confidence: float = 0.95) -> tuple[Band, ...]:
    """The bands that begin at these scores and one below them all, best first; those without leads left out.

    A band begins and ends at scores that leads have, so score_from may be above its cut.
    """
    if not counts.scores:
        return ()
    starts = np.unique([0, *np.searchsorted(counts.scores, sorted(cuts))])
    starts = starts[starts < len(counts.scores)]
    leads, won = np.add.reduceat(counts.leads, starts), np.add.reduceat(counts.conversions, starts)
    low, high = wilson_interval(won, leads, confidence)
    total, all_won = counts.total_leads, counts.total_conversions
    ends = [*starts[1:], len(counts.scores)]
    ascending = (
        Band(
            score_from=counts.scores[start],
            score_to=counts.scores[end - 1],
            leads=n,
            conversions=k,
            rate=k / n,
            rate_low=rate_low,
            rate_high=rate_high,
            share_of_conversions=k / all_won if all_won else None,
            share_of_leads=n / total,
            lift=100 * (k * total - all_won * n) / (n * total),
        )
        for start, end, n, k, rate_low, rate_high in zip(
            starts, ends, leads.tolist(), won.tolist(), low.tolist(), high.tolist(), strict=True
        )
    )
    return tuple(ascending)[::-1]


def named_cuts(counts: ScoreCounts, shares: Sequence[float] = (0.1, 0.3, 0.6)) -> tuple[int, ...]:
    """The scores at which bands A, B and C begin, the leads from each up nearest to its share.

    Highest first; the rest is D. Fewer where ties forbid more, so that no name stays without leads.

    Raises:
        SettingsError: a share is not between 0 and 1.
    """
    return _cuts(counts, [_share(share) for share in shares])


def _cuts(counts: ScoreCounts, shares: Iterable[Fraction]) -> tuple[int, ...]:
    if not counts.scores:
        return ()
    above = np.array([0, *accumulate(reversed(counts.leads))], np.int64)
    total = counts.total_leads
    taken = {int(np.argmin(np.abs(above * share.denominator - share.numerator * total))) for share in shares}
    return tuple(counts.scores[-count] for count in sorted(taken - {0, len(counts.scores)}))


def _share(share: float) -> Fraction:
    if not 0 <= share <= 1:
        raise SettingsError(f"share of leads: found {share}; expected 0 to 1, write 0.1 for the best tenth")
    return Fraction(share).limit_denominator(1_000_000)


def best_share(counts: ScoreCounts, share_of_leads: float = 0.1) -> Gain | None:
    """The best leads, at least those with the best score, nearest in number to that share of all.

    Of two as near the fewer; None without conversions.

    Raises:
        SettingsError: the share is not from 0 to 1.
    """
    wanted = _share(share_of_leads) * counts.total_leads
    return min(gains(counts), key=lambda point: abs(point.leads - wanted), default=None)


def share_reached(counts: ScoreCounts, share_of_leads: float) -> float | None:
    """Share of conversions among the best share of leads, both 0 to 1; a straight line inside a tie.

    None without conversions.

    Raises:
        SettingsError: the share is not from 0 to 1.
    """
    _share(share_of_leads)
    points = gains(counts)
    if not points:
        return None
    leads = [0.0, *(point.share_of_leads for point in points)]
    return float(np.interp(share_of_leads, leads, [0.0, *(point.share_of_conversions for point in points)]))


@dataclass(frozen=True, slots=True)
class Ties:
    """How far the scores can tell leads apart.

    distinct: number of different scores.  commonest: the score most leads have (the higher of equals).
    share: of the leads that have it.  pair_share: of all pairs of leads, those level; None for one lead.
    """

    distinct: int
    commonest: int
    share: float
    pair_share: float | None


def ties(counts: ScoreCounts) -> Ties | None:
    """How many leads share a score; None without leads."""
    if not counts.scores:
        return None
    total = counts.total_leads
    most, commonest = max(zip(counts.leads, counts.scores, strict=True))
    level = sum(leads * (leads - 1) for leads in counts.leads)
    pairs = total * (total - 1)
    return Ties(len(counts.scores), commonest, most / total, level / pairs if pairs else None)


@dataclass(frozen=True, slots=True)
class Inversion:
    """Two neighbouring bands of which the upper converts less.

    p_value: two-sided, of the two rates being equal; large means it may well be chance.
    """

    upper: Band
    lower: Band
    p_value: float


def inversions(bands: Sequence[Band]) -> tuple[Inversion, ...]:
    """The neighbours that are out of order among bands best first; the test is that of `level_lift`."""
    found = []
    for upper, lower in pairwise(bands):
        if upper.conversions * lower.leads < lower.conversions * upper.leads:
            won, leads = upper.conversions + lower.conversions, upper.leads + lower.leads
            p_value = level_lift(upper.conversions, upper.leads, won, leads).p_value
            found.append(Inversion(upper, lower, 1.0 if p_value is None else p_value))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Trend:
    """How conversion runs over the bands.

    correlation: of outcome and rank of the band, -1 to 1, above 0 where better bands convert more.
    chi_square: number of leads times its square, one degree of freedom.
    """

    correlation: float
    chi_square: float
    p_value: float


def band_trend(bands: Sequence[Band]) -> Trend | None:
    """The Cochran-Armitage trend of bands best first, in equal steps; None with one band or one class.

    Source: Armitage (1955), Biometrics 11:375.
    """
    leads, won = (np.array([getattr(band, name) for band in bands], float) for name in ("leads", "conversions"))
    total, all_won = float(leads.sum()), float(won.sum())
    if len(bands) < 2 or not 0 < all_won < total:
        return None
    rank = np.arange(len(bands), 0, -1)
    apart = rank - (leads * rank).sum() / total
    spread = (leads * apart**2).sum() * all_won * (1 - all_won / total)
    correlation = float((won * apart).sum() / math.sqrt(spread))
    chi_square = total * correlation**2
    return Trend(correlation, chi_square, math.erfc(math.sqrt(chi_square / 2)))


@dataclass(frozen=True, slots=True)
class Capacity:
    """What the best leads bring that fit into a number of places.

    score_from: all leads with this score or more have a place; None where the best score alone has more.
    leads, conversions, share_of_conversions: of those leads; never more leads than places.
    rate, rate_low, rate_high: 0 to 1, Wilson; None without leads.
    tied_score, tied_leads, tied_conversions: the next score, whose leads do not all fit, None and 0 if all do.
    expected_conversions, expected_rate, expected_low, expected_high: with every place taken, the leads of the
    tied score in random order; a rate of the places taken.  expected_index: that rate over the overall rate.
    """

    places: int
    score_from: int | None
    leads: int
    conversions: int
    share_of_conversions: float | None
    rate: float | None
    rate_low: float | None
    rate_high: float | None
    tied_score: int | None
    tied_leads: int
    tied_conversions: int
    expected_conversions: float
    expected_rate: float | None
    expected_low: float | None
    expected_high: float | None
    expected_index: float | None


def capacity_cut(counts: ScoreCounts, places: int, confidence: float = 0.95) -> Capacity:
    """The score from which all leads fit into the places, and what they bring.

    Raises:
        SettingsError: places is below 1.
    """
    if places < 1:
        raise SettingsError(f"capacity: found {places} places; expected at least 1, pass the leads sales can call")
    reached = list(accumulate(reversed(counts.leads)))
    fitting = sum(leads <= places for leads in reached)
    split = len(counts.scores) - fitting
    leads, won = sum(counts.leads[split:]), sum(counts.conversions[split:])
    tied_leads, tied_won = (counts.leads[split - 1], counts.conversions[split - 1]) if split else (0, 0)
    taken, all_won = min(places, counts.total_leads), counts.total_conversions
    expected = won + ((taken - leads) * tied_won / tied_leads if tied_leads else 0)
    rate = _rate(won, leads, confidence)
    filled = _rate(expected, taken, confidence)
    return Capacity(
        places=places,
        score_from=counts.scores[split] if fitting else None,
        leads=leads,
        conversions=won,
        share_of_conversions=won / all_won if all_won else None,
        rate=rate[0],
        rate_low=rate[1],
        rate_high=rate[2],
        tied_score=counts.scores[split - 1] if split else None,
        tied_leads=tied_leads,
        tied_conversions=tied_won,
        expected_conversions=float(expected),
        expected_rate=filled[0],
        expected_low=filled[1],
        expected_high=filled[2],
        expected_index=expected * counts.total_leads / (taken * all_won) if all_won else None,
    )


def _rate(won: float, leads: int, confidence: float) -> tuple[float, float, float] | tuple[None, None, None]:
    if not leads:
        return None, None, None
    low, high = wilson_interval(won, leads, confidence)
    return won / leads, float(low), float(high)
