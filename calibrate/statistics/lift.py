"""Lift of a level against the overall rate: its interval, its test, its word.

The level is part of the whole, so neither is a two-sample matter: lift = (1 - n/N) times the difference from
the rest. The interval is that share of the interval of the difference, the test is the test against the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from calibrate.errors import DataError
from calibrate.statistics.rates import counted, normal_quantile, wilson_interval

Floats = NDArray[np.float64]
LEAST_EXPECTED = 5  # below it the chi-square law is no longer trusted and the exact test takes over


@dataclass(frozen=True, slots=True)
class Lift:
    """What a level's rate is above (below) the overall rate.

    lift, low, high: percentage points.  index: rate over overall rate, with its ends.
    p_value: level against the rest, two-sided; None for a level that holds every lead.
    """

    lift: float
    low: float
    high: float
    index: float
    index_low: float
    index_high: float
    p_value: float | None


def level_lift(conversions: int, leads: int, all_conversions: int, all_leads: int, confidence: float = 0.95) -> Lift:
    """Lift of one level; `level_lifts` for a table of them.

    >>> round(level_lift(40, 100, 150, 1000).lift, 9)
    25.0
    """
    return level_lifts([conversions], [leads], all_conversions, all_leads, confidence)[0]


def level_lifts(
    conversions: ArrayLike, leads: ArrayLike, all_conversions: int, all_leads: int, confidence: float = 0.95
) -> tuple[Lift, ...]:
    """Lifts of many levels of the same leads, one each, in order.

    Interval: (1 - n/N) x Newcombe's hybrid score interval of the difference from the rest; Newcombe (1998),
    Stat. Med. 17:873, method 10. Index: score interval of the ratio to the rest (Miettinen & Nurminen (1985),
    Stat. Med. 4:213), mapped to level over all.

    Raises:
        DataError: a level has no leads, more than all or impossible counts; or nobody or everybody converted.
    """
    k, n = counted(conversions, leads)
    _check_part_of_whole(k, n, all_conversions, all_leads)
    overall = all_conversions / all_leads
    gain = 100 * (k * all_leads - n * all_conversions) / (n * all_leads)
    low, high = _difference_interval(k, n, all_conversions, all_leads, confidence)
    index_low, index_high = _index_interval(k, n, all_conversions, all_leads, confidence)
    p_values = _p_values(k, n, all_conversions, all_leads)
    tested = [p if part < all_leads else None for p, part in zip(p_values.tolist(), n.tolist(), strict=True)]
    columns = (gain, low, high, k / n / overall, index_low, index_high)
    return tuple(map(Lift, *(column.tolist() for column in columns), tested))


def omnibus_p(leads: ArrayLike, conversions: ArrayLike) -> float | None:
    """p-value of 'the levels of this attribute all convert alike'; None where there is nothing to compare.

    Pearson's chi-square over the levels that have leads, one degree of freedom fewer than levels.
    """
    from scipy.special import chdtrc

    k, n = (part[np.asarray(leads) > 0] for part in counted(conversions, leads))
    rate = k.sum() / max(n.sum(), 1)
    if len(n) < 2 or not 0 < rate < 1:
        return None
    chi_square = ((k - n * rate) ** 2 / n).sum() / (rate * (1 - rate))
    return float(chdtrc(len(n) - 1, chi_square))


def adjusted_p_values(p_values: Iterable[float | None]) -> tuple[float | None, ...]:
    """q-values after Benjamini-Hochberg, in the given order; None stays None and is no test.

    Give each test once: an attribute of two levels has one test that stands on both rows.
    Source: Benjamini & Hochberg (1995), JRSS B 57:289.
    """
    given = list(p_values)
    tests = np.array([p for p in given if p is not None], dtype=np.float64)
    falling = np.argsort(-tests, kind="stable")
    ranks = np.arange(len(tests), 0, -1)
    q_values = np.empty_like(tests)
    q_values[falling] = np.minimum.accumulate(np.minimum(1.0, tests[falling] * len(tests) / ranks))
    ordered = iter(q_values.tolist())
    return tuple(None if p is None else next(ordered) for p in given)


def adjusted_by_attribute(p_values: Sequence[Sequence[float | None]]) -> tuple[tuple[float | None, ...], ...]:
    """q-values of the levels of each attribute, all attributes in one family.

    The two rows of an attribute of two levels count as one test and share its q-value.
    """
    tests = [row[:1] if len(row) == 2 else row for row in p_values]
    q_values = iter(adjusted_p_values([p for row in tests for p in row]))
    return tuple((next(q_values),) * 2 if len(row) == 2 else tuple(next(q_values) for _ in row) for row in p_values)


def evidence_word(q_value: float | None) -> Literal["strong", "some", "weak"]:
    """How sure the lift is in a word: strong q < .05, some q < .20, else, and without a test, weak."""
    if q_value is None or q_value >= 0.20:
        return "weak"
    return "strong" if q_value < 0.05 else "some"


def _check_part_of_whole(k: Floats, n: Floats, all_k: int, all_n: int) -> None:
    if not 0 < all_k < all_n:
        raise DataError(
            f"lift: found {all_k} conversions of {all_n} leads; expected some leads that converted and some "
            "that did not; check which outcomes count as won"
        )
    if (n <= 0).any() or (n > all_n).any() or (k > all_k).any() or (n - k > all_n - all_k).any():
        raise DataError(
            f"lift: found a level that is no part of the {all_k} conversions of {all_n} leads; expected 1 to "
            f"{all_n} leads and counts within the whole; leave levels without leads out"
        )


def _difference_interval(k: Floats, n: Floats, all_k: int, all_n: int, confidence: float) -> tuple[Floats, Floats]:
    """Ends of the lift in percentage points: Newcombe's interval against the rest, times the rest's share."""
    rest_k, rest_n = all_k - k, all_n - n
    rate, rest = k / n, rest_k / np.maximum(rest_n, 1)
    low, high = wilson_interval(k, n, confidence)
    rest_low, rest_high = wilson_interval(rest_k, rest_n, confidence)
    share = 100 * rest_n / all_n
    down, up = np.hypot(rate - low, rest_high - rest), np.hypot(high - rate, rest - rest_low)
    return share * (rate - rest - down) + 0.0, share * (rate - rest + up)  # + 0.0: never -0.0


def _index_interval(k: Floats, n: Floats, all_k: int, all_n: int, confidence: float) -> tuple[Floats, Floats]:
    """Ends of the index: those t for which the score test does not reject rate = t x overall rate.

    The index runs from 0 to N/n and holds its estimate, so each end is found by halving.
    """
    estimate = (k / n) / (all_k / all_n)
    square = normal_quantile(confidence) ** 2 * all_n / (all_n - 1)
    ends = []
    for outer in (np.zeros_like(n), all_n / n):
        inside, outside = np.where(n == all_n, 1.0, estimate), np.where(n == all_n, 1.0, outer)
        for _ in range(60):
            middle = (inside + outside) / 2
            rejected = _score_excess(middle, k, n, all_k, all_n, square=square) > 0
            inside, outside = np.where(rejected, inside, middle), np.where(rejected, middle, outside)
        ends.append(outside)
    return ends[0], ends[1]


def _score_excess(index: Floats, k: Floats, n: Floats, all_k: int, all_n: int, *, square: float) -> Floats:
    """Squared distance of the rate from index x overall rate, above what the score test allows.

    `overall` is the likeliest overall rate when the level has index times it: the root of a quadratic.
    """
    rest_n = np.maximum(all_n - n, 1)
    rest_index = np.maximum(all_n - index * n, 0) / rest_n
    linear = all_k * (index + rest_index) + (n - k) * index + (rest_n - all_k + k) * rest_index
    root = np.sqrt(np.maximum(linear**2 - 4 * index * rest_index * all_n * all_k, 0))
    overall = 2 * all_k / (linear + root)
    level, rest = index * overall, rest_index * overall
    variance = (rest_n / all_n * rest_index) ** 2 * level * np.maximum(1 - level, 0) / n
    variance += (rest_n / all_n * index) ** 2 * rest * np.maximum(1 - rest, 0) / rest_n
    result: Floats = (k / n - index * all_k / all_n) ** 2 - square * variance
    return result


def _p_values(k: Floats, n: Floats, all_k: int, all_n: int) -> Floats:
    """Pearson's score test where every expected count is at least 5, else the mid-P exact test.

    Source: Campbell (2007), Stat. Med. 26:3661; Lydersen, Fagerland & Laake (2009), Stat. Med. 28:1159.
    """
    from scipy.special import chdtrc

    rest = np.maximum(all_n - n, 1)
    fewest = np.minimum(n, all_n - n) * min(all_k, all_n - all_k) / all_n
    chi_square = (k * all_n - n * all_k) ** 2 / (n * rest) * (all_n / (all_k * (all_n - all_k)))
    p_values: Floats = chdtrc(1, chi_square)
    few = fewest < LEAST_EXPECTED
    p_values[few] = _mid_p(k[few], n[few], all_k, all_n)
    return p_values


def _mid_p(k: Floats, n: Floats, all_k: int, all_n: int) -> Floats:
    """Twice the smaller tail of the hypergeometric law, the seen count weighing half.

    Turned so that the cell with the least expected count is looked at: below 5 expected, 64 terms away from
    the mean are all of a tail that floats can tell from nothing.
    """
    small_n, small_k = np.minimum(n, all_n - n), min(all_k, all_n - all_k)
    seen = np.where(n <= all_n - n, k, all_k - k)
    seen = seen if all_k <= all_n - all_k else small_n - seen
    above = seen * all_n >= small_n * small_k
    step = np.where(above, 1, -1)
    apart = all_n - small_k - small_n
    chance = np.exp(
        _log_choose(small_k, seen) + _log_choose(apart + small_n, small_n - seen) - _log_choose(all_n, small_n)
    )
    tail = chance / 2
    for _ in range(64):
        low = np.minimum(seen, seen + step)
        up, down = (small_n - low) * (small_k - low), (low + 1) * (apart + low + 1)
        chance = chance * np.where(above, up, down) / np.where(above, down, up)
        tail, seen = tail + chance, seen + step
    both: Floats = np.minimum(1.0, 2 * np.minimum(tail, 1 - tail))
    return both


def _log_choose(total: Floats | int, chosen: Floats) -> Floats:
    """Natural logarithm of the binomial coefficient."""
    from scipy.special import betaln

    result: Floats = -betaln(total - chosen + 1, chosen + 1) - np.log1p(total)
    return result
