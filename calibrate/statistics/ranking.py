"""How well scores rank leads, from the leads and conversions of every score.

Scores are whole numbers, so a histogram holds all there is to know: a few hundred rows for any number of
leads. Won leads are compared with lost ones; two leads with the same score are half in the right order.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from calibrate.errors import DataError, shown
from calibrate.statistics.rates import normal_quantile

Whole = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

Key = TypeVar("Key", np.int64, np.float64)

_DENSE = 1 << 22  # a table of counts up to this long (32 MB) is cheaper than sorting the leads


@dataclass(frozen=True, slots=True)
class ScoreCounts:
    """Leads and conversions of every score that occurs.

    scores: ascending, distinct.  leads: 1 or more each.  conversions: 0 to leads.  None at all is allowed.
    """

    scores: tuple[int, ...]
    leads: tuple[int, ...]
    conversions: tuple[int, ...]

    def __post_init__(self) -> None:
        if any(low >= high for low, high in pairwise(self.scores)):
            raise DataError("score counts: scores repeat or descend; expected ascending, use from_counts")
        for score, leads, won in zip(self.scores, self.leads, self.conversions, strict=True):
            if leads < 1 or not 0 <= won <= leads:
                raise DataError(f"score {score}: found {won} of {leads} leads won; expected 0 to all, count again")

    @classmethod
    def from_arrays(cls, scores: ArrayLike, outcomes: ArrayLike) -> Self:
        """The histogram of one whole score and one outcome (True or 1 is won, False or 0 lost) a lead."""
        won = _outcomes(outcomes)
        return cls.from_counts(*_tally(whole(scores, won.size), won))

    @classmethod
    def from_counts(cls, scores: ArrayLike, leads: ArrayLike, conversions: ArrayLike) -> Self:
        """The histogram of counted rows in any order; equal scores are added up, rows of zeros left out."""
        won, lost = won_lost(leads, conversions)
        distinct, _, won, lost = summed(whole(scores, won.size), won, lost)
        kept = won + lost > 0
        return cls(*(tuple(part[kept].tolist()) for part in (distinct, won + lost, won)))

    @classmethod
    def merged(cls, parts: Sequence[ScoreCounts]) -> Self:
        """All leads of the parts in one histogram."""
        rows = [row for part in parts for row in zip(part.scores, part.leads, part.conversions, strict=True)]
        return cls.from_counts(*np.array(rows, np.int64).reshape(-1, 3).T)

    @property
    def total_leads(self) -> int:
        """Leads of all scores."""
        return sum(self.leads)

    @property
    def total_conversions(self) -> int:
        """Conversions of all scores."""
        return sum(self.conversions)


@dataclass(frozen=True, slots=True)
class Auc:
    """Share of won-lost pairs that the score puts in the right order, 0 to 1, a tie half; .5 is a coin."""

    auc: float
    low: float
    high: float
    confidence: float
    leads: int
    conversions: int


def area_under_curve(counts: ScoreCounts, confidence: float = 0.95) -> Auc | None:
    """The area under the ROC curve with DeLong's interval; None without both won and lost leads.

    Above .95 and below .05 the interval is taken on the logit scale. A perfect order shows no spread, so its
    other end is the exact binomial one for as many independent pairs as the smaller class has leads. With a
    single won or lost lead it is 0 to 1.

    Source: DeLong, DeLong & Clarke-Pearson (1988), Biometrics 44:837, each score's component taken once.
    """
    found = _delong(counts)
    return None if found is None else _auc(found[0], found[1], counts, confidence)


def cross_fitted_auc(folds: Sequence[ScoreCounts], confidence: float = 0.95) -> Auc | None:
    """The mean AUC of the folds, each by its own points; None when no fold has both won and lost leads.

    A fold weighs as many won-lost pairs as it has, so this is the share of pairs within folds in the right
    order. Scores of different folds are not compared for it; pooled they give the width of the interval.

    Points made from the other folds lean against the fold they test, so without a signal the mean spreads about
    1.4 times as wide as a coin's AUC (Hanley & McNeil 1982, Radiology 143:29; 1.4 by simulation). Within reach of
    such a coin its width is used.
    """
    found = [each for each in map(_delong, folds) if each is not None]
    pooled = ScoreCounts.merged(folds)
    spread = _delong(pooled)
    if not found or spread is None:
        return None
    mean = math.fsum(auc * pairs for auc, _, pairs in found) / sum(pairs for _, _, pairs in found)
    won, lost = pooled.total_conversions, pooled.total_leads - pooled.total_conversions
    coin = (pooled.total_leads + 1) / (6 * won * lost)
    near = len(found) > 1 and abs(mean - 0.5) < normal_quantile(confidence) * math.sqrt(coin)
    return _auc(mean, max(coin, spread[1]) if near and spread[1] is not None else spread[1], pooled, confidence)


def pairs_in_order(auc: Auc) -> int:
    """Of 100 pairs of one won and one lost lead how many are in the right order: 0 or 100 only if it is exactly that.

    >>> pairs_in_order(Auc(0.7812, 0.75, 0.81, 0.95, 1000, 150))
    78
    """
    return round(100 * auc.auc) if auc.auc in (0, 1) else min(max(round(100 * auc.auc), 1), 99)


@dataclass(frozen=True, slots=True)
class AucDifference:
    """AUC of one score minus AUC of another on the same leads, -1 to 1, and the p-value of no difference."""

    difference: float
    low: float
    high: float
    p_value: float


def auc_difference(
    scores_a: ArrayLike, scores_b: ArrayLike, outcomes: ArrayLike, confidence: float = 0.95
) -> AucDifference | None:
    """The AUC of a minus that of b from two scores and an outcome a lead; the rest as from counts."""
    return auc_difference_from_counts(*pairs_of_scores(scores_a, scores_b, outcomes), confidence)


def pairs_of_scores(scores_a: ArrayLike, scores_b: ArrayLike, outcomes: ArrayLike) -> tuple[Whole, Whole, Whole, Whole]:
    """Every pair of scores with its leads and conversions, from two scores and an outcome a lead.

    A pair may come several times, with some of its leads each.
    """
    won = _outcomes(outcomes)
    scores = [whole(each, won.size) for each in (scores_a, scores_b)]
    lows, highs = zip(*((int(each.min(initial=0)), int(each.max(initial=0))) for each in scores), strict=True)
    width = highs[1] - lows[1] + 1
    if (highs[0] - lows[0] + 1) * width >= _DENSE:
        return scores[0], scores[1], np.ones(won.size, np.int64), won.astype(np.int64)
    keys, leads, conversions = _tally((scores[0] - lows[0]) * width + (scores[1] - lows[1]), won)
    return keys // width + lows[0], keys % width + lows[1], leads, conversions


def auc_difference_from_counts(
    score_a: ArrayLike, score_b: ArrayLike, leads: ArrayLike, conversions: ArrayLike, confidence: float = 0.95
) -> AucDifference | None:
    """The AUC of a minus that of b with DeLong's paired test, from the counts of every pair of scores.

    Scores that order all leads alike differ by 0 with p = 1. Where there is a difference but no spread to
    judge it by (a single won or lost lead, or all moved alike) nothing is claimed: -1 to 1, p = 1.
    None without both won and lost leads.
    """
    z = normal_quantile(confidence)
    won, lost = won_lost(leads, conversions)
    of_won, of_lost = int(won.sum()), int(lost.sum())
    if not of_won or not of_lost:
        return None
    places = [_placements(whole(scores, won.size), won, lost) for scores in (score_a, score_b)]
    moves_won, moves_lost = (a - b for a, b in zip(*places, strict=True))
    difference = int((won * moves_won).sum()) / (2 * of_won * of_lost)
    if not (moves_won[won > 0].any() or moves_lost[lost > 0].any()):
        return AucDifference(0.0, 0.0, 0.0, 1.0)
    if min(of_won, of_lost) < 2 or not (np.ptp(moves_won[won > 0]) or np.ptp(moves_lost[lost > 0])):
        return AucDifference(difference, -1.0, 1.0, 1.0)
    error = math.sqrt(_variance(moves_won, moves_lost, won, lost, difference))
    low, high = max(-1.0, difference - z * error), min(1.0, difference + z * error)
    return AucDifference(difference, low, high, math.erfc(abs(difference) / error / math.sqrt(2)))


@dataclass(frozen=True, slots=True)
class Gain:
    """The leads from a score up: how many, how many of them converted, and both as shares of all, 0 to 1."""

    score: int
    leads: int
    conversions: int
    share_of_leads: float
    share_of_conversions: float


def gains(counts: ScoreCounts) -> tuple[Gain, ...]:
    """What is reached from the best score down, one point a score; empty without conversions."""
    total, won = counts.total_leads, counts.total_conversions
    if not won:
        return ()
    leads, conversions = accumulate(reversed(counts.leads)), accumulate(reversed(counts.conversions))
    reached = zip(reversed(counts.scores), leads, conversions, strict=True)
    return tuple(
        Gain(score=score, leads=n, conversions=k, share_of_leads=n / total, share_of_conversions=k / won)
        for score, n, k in reached
    )


def _delong(counts: ScoreCounts) -> tuple[float, float | None, int] | None:
    """AUC, its variance (None with a single won or lost lead) and won-lost pairs; None with one class."""
    won, lost = won_lost(counts.leads, counts.conversions)
    of_won, of_lost = int(won.sum()), int(lost.sum())
    if not of_won or not of_lost:
        return None
    beaten, losing = _placements(whole(counts.scores), won, lost)
    auc = int((won * beaten).sum()) / (2 * of_won * of_lost)
    variance = _variance(beaten, losing, won, lost, auc) if min(of_won, of_lost) > 1 else None
    return auc, variance, of_won * of_lost


def _placements(scores: Whole, won: Whole, lost: Whole) -> tuple[Whole, Whole]:
    """By row, twice the lost leads below and twice the won ones above it; those level with it count half."""
    _, place, of_won, of_lost = summed(scores, won, lost)
    beaten, losing = 2 * of_lost.cumsum() - of_lost, 2 * (of_won.sum() - of_won.cumsum()) + of_won
    return beaten[place], losing[place]


def _variance(of_won: Whole, of_lost: Whole, won: Whole, lost: Whole, mean: float) -> float:
    """Variance of the mean of the structural components of won and of lost leads, given as placements."""
    wins, losses = int(won.sum()), int(lost.sum())
    squares = (won * (of_won / (2 * losses) - mean) ** 2, lost * (of_lost / (2 * wins) - mean) ** 2)
    return float(squares[0].sum() / (wins * (wins - 1)) + squares[1].sum() / (losses * (losses - 1)))


def _auc(auc: float, variance: float | None, counts: ScoreCounts, confidence: float) -> Auc:
    leads, won = counts.total_leads, counts.total_conversions
    if auc in (0.0, 1.0):
        # Pairs without a common lead are independent, and all of them are in the right (or wrong) order.
        reach = ((1 - confidence) / 2) ** (1 / min(won, leads - won))
        low, high = (reach, 1.0) if auc else (0.0, 1 - reach)
    elif variance is None:
        low, high = 0.0, 1.0
    elif 0.05 <= auc <= 0.95:
        half = normal_quantile(confidence) * math.sqrt(variance)
        low, high = max(0.0, auc - half), min(1.0, auc + half)
    else:
        half = normal_quantile(confidence) * math.sqrt(variance) / (auc * (1 - auc))
        low, high = (expit(math.log(auc / (1 - auc)) + step) for step in (-half, half))
    return Auc(auc=auc, low=low, high=high, confidence=confidence, leads=leads, conversions=won)


def _tally(keys: Whole, won: Flags) -> tuple[Whole, Whole, Whole]:
    """Keys with their leads and conversions, from one key and outcome a lead; may repeat if widely spread."""
    low, high = (int(keys.min()), int(keys.max())) if keys.size else (0, 0)
    if high - low >= _DENSE:
        return keys, np.ones_like(keys), won.astype(np.int64)
    place = keys - low
    leads = np.bincount(place)
    seen = np.flatnonzero(leads)
    return seen + low, leads[seen], np.bincount(place[won], minlength=leads.size)[seen]


def summed(keys: NDArray[Key], first: Whole, second: Whole) -> tuple[NDArray[Key], Whole, Whole, Whole]:
    """Distinct keys, ascending, the place of every row among them, and the sums of two columns."""
    distinct, place = np.unique(keys, return_inverse=True)
    sums = np.zeros((2, distinct.size), np.int64)
    np.add.at(sums[0], place, first)
    np.add.at(sums[1], place, second)
    return distinct, place.astype(np.int64, copy=False), sums[0], sums[1]


def won_lost(leads: ArrayLike, conversions: ArrayLike) -> tuple[Whole, Whole]:
    """Won and lost leads, as whole numbers; DataError where there are more conversions than leads."""
    total = whole(leads)
    won = whole(conversions, total.size)
    if ((won < 0) | (won > total)).any():
        raise DataError("counts: found conversions beyond leads; expected 0 to leads, swap the two")
    return won, total - won


def whole(values: ArrayLike, size: int | None = None) -> Whole:
    """The values as int64, of this length where one is said; DataError where they are no whole numbers."""
    given: NDArray[Any] = np.asarray(values)
    if given.size and given.dtype.kind not in "iu":
        raise DataError(f"scores, counts: found {shown(given[0])}; expected whole numbers, round them")
    if size is not None and given.size != size:
        raise DataError(f"columns: found {given.size} values beside {size}; expected as many, one a row")
    return given.astype(np.int64, copy=False)


def expit(log_odds: float) -> float:
    """The probability that belongs to log-odds, 0 to 1."""
    return 0.5 + 0.5 * math.tanh(log_odds / 2)


def _outcomes(values: ArrayLike) -> Flags:
    given: NDArray[Any] = np.asarray(values)
    won = given.astype(np.bool_, copy=False)
    if given.size and not (given.dtype.kind in "biu" and np.array_equal(given, won)):
        raise DataError(f"outcomes: found {given.dtype}; expected True or 1, False or 0 only, recode them")
    return won
