"""How far attributes say the same, and what that does to points that are summed.

Lifts of attributes that go together count the same conversions twice: Berkeley's departments and genders in 1973,
the title and the seniority of a lead.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from calibrate.errors import DataError
from calibrate.statistics.association import chi_square, cross_table
from calibrate.statistics.rates import counted

Floats = NDArray[np.float64]
LevelRow = tuple[str, str, float, float, float, float]
SAME = 0.9
_MOST_COMPARED = 60


@dataclass(frozen=True, slots=True)
class Pair:
    """Two attributes that go together.

    v: Cramer's V corrected for bias, 0 to 1.  same: they say the same thing.
    """

    first: str
    second: str
    v: float
    same: bool


@dataclass(frozen=True, slots=True)
class SignFlip:
    """A level that converts above the overall rate by itself and below with the other attributes held, or the reverse.

    lift, adjusted: percentage points.
    """

    attribute: str
    level: str
    lift: float
    adjusted: float
    sure: bool = False


def double_counting(by_attribute: Iterable[NDArray[np.floating]]) -> float | None:
    """Double-counting factor D: variance of the summed lifts over the sum of their variances.

    by_attribute: for each attribute the lift of every lead's level, in the same order of leads. 1 where attributes do
    not go together, m for an attribute entered m times; ten points are worth ten / D percentage points, as 1 / D is the
    least-squares slope of the outcome on the sum of raw lifts of the same leads. None where no lift varies.
    """
    total: Floats | float = 0.0
    apart = 0.0
    for attribute in by_attribute:
        lifts = np.asarray(attribute, dtype=np.float64)
        if lifts.size and lifts.min() < lifts.max():
            total = total + lifts
            apart += float(lifts.var())
    return float(np.var(total)) / apart if apart else None


def bias_corrected_v(table: ArrayLike) -> float:
    """Cramer's V of a table of counts without what chance adds to it, 0 to 1; 0 where one side does not divide.

    Many levels among few leads look alike by chance; this is 0 on average where there is nothing but chance.
    Source: Bergsma (2013), J. Korean Stat. Soc. 42:323.
    """
    counts = np.asarray(table, dtype=np.float64)
    counts = counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0]
    leads, (height, width) = counts.sum(), counts.shape
    if min(height, width) < 2:
        return 0.0
    by_chance = (height - 1) * (width - 1) / (leads - 1)
    most = min(size - 1 - (size - 1) ** 2 / (leads - 1) for size in (height, width))
    beyond = chi_square(counts) / leads - by_chance
    return math.sqrt(min(1.0, beyond / most)) if beyond > 0 and most > 0 else 0.0


def pairs_that_overlap(codes: Mapping[str, NDArray[np.intp]], at_least: float = 0.3) -> tuple[Pair, ...]:
    """Pairs of attributes with a corrected V of at least this much, strongest first, equals in the order given.

    codes: for each attribute the level of every lead as a small integer. Among more than 60 attributes the
    first 60 are compared, so the most important go first.
    """
    pairs = []
    for first, second in combinations(list(codes)[:_MOST_COMPARED], 2):
        table = cross_table(codes[first], codes[second])
        v = 0.0 if table is None else bias_corrected_v(table)
        if v >= at_least:
            pairs.append(Pair(first, second, v, same=v > SAME))
    return tuple(sorted(pairs, key=lambda pair: -pair.v))


def lift_standard_error(conversions: ArrayLike, leads: ArrayLike, all_conversions: int, all_leads: int) -> Floats:
    """Standard errors of the lifts of levels, percentage points, one each; 0 for a level that holds every lead.

    The error of the difference from the rest, times the rest's share: (1 - n/N) sqrt(p1 q1/n + p0 q0/(N - n)).

    Raises:
        DataError: a level has no leads, more than all or impossible counts.
    """
    k, n = counted(conversions, leads)
    rest_k, rest_n = counted(all_conversions - k, all_leads - n)
    if not n.all():
        raise DataError(
            "standard error of a lift: found a level with 0 leads; expected at least 1; leave levels without leads out"
        )
    rest_leads = np.maximum(rest_n, 1)
    variance = k * (n - k) / n**3 + rest_k * (rest_n - rest_k) / rest_leads**3
    result: Floats = 100 * rest_n / all_leads * np.sqrt(variance)
    return result


def sign_flips(rows: Iterable[LevelRow]) -> tuple[SignFlip, ...]:
    """Levels whose lift turns its sign when the other attributes are held, both at least one standard error from 0.

    rows: attribute, level, lift, its standard error, adjusted lift, its standard error; in the order given.
    """
    return tuple(
        SignFlip(attribute, level, lift, adjusted, abs(lift) >= 1.96 * lift_se and abs(adjusted) >= 1.96 * adjusted_se)
        for attribute, level, lift, lift_se, adjusted, adjusted_se in rows
        if lift * adjusted < 0 and abs(lift) >= lift_se and abs(adjusted) >= adjusted_se
    )


def surviving(lift_points: Sequence[int], adjusted_points: Sequence[int]) -> tuple[int, int]:
    """Lift points of all levels regardless of sign, and how many are left with all attributes in.

    A level keeps as many as its adjusted points are, on the same side of 0 and no more than it had.

    >>> surviving([25, -10, 5], [30, -4, -2])
    (40, 29)
    """
    kept = (
        min(abs(lift), abs(adjusted)) if lift * adjusted > 0 else 0
        for lift, adjusted in zip(lift_points, adjusted_points, strict=True)
    )
    return sum(map(abs, lift_points)), sum(kept)
