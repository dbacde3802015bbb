"""Whole points from counts. Rounding happens here, by exact arithmetic, and nowhere else.

A point is worth `unit` percentage points of conversion: 1 by default, finer where the overall rate is low.
Half points go away from zero, as in DuckDB: 12.5 becomes 13 and -12.5 becomes -13, also where floats hold
12.499999999999998. Arithmetic on int64 is exact up to 60 million leads at a unit of 0.01 and 600 million at
a unit of 1; beyond that the same formulas run on Python's unbounded integers, slower and as exact.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from calibrate.errors import SettingsError
from calibrate.statistics.woe import pdo_factor

UNITS = (Fraction(1), Fraction(1, 2), Fraction(1, 5), Fraction(1, 10), Fraction(1, 20), Fraction(1, 100))
Whole = TypeVar("Whole", int, NDArray[Any])  # one level, or a table of levels as an array of whole numbers


@dataclass(frozen=True, slots=True)
class Worth:
    """What a point says.

    unit: percentage points of conversion.  pdo: log-odds points that double the odds.  negative: whether there are
    points below 0; otherwise every attribute starts at 0, and the ranking stays.
    """

    unit: Fraction = UNITS[0]
    pdo: float = 20.0
    negative: bool = True


def round_half_away(numerator: Whole, denominator: Whole) -> Whole:
    """The whole number nearest to numerator / denominator, halves away from zero.

    The denominator is positive. Arrays go element by element, in their own type.

    >>> round_half_away(25, 2), round_half_away(-25, 2), round_half_away(12499, 1000)
    (13, -13, 12)
    """
    size = abs(numerator)
    rest = size % denominator
    # doubling the rest instead would halve the range of int64
    rounded = size // denominator + (rest >= denominator - rest)
    signed: Whole = rounded * (1 - 2 * (numerator < 0))
    return signed


def lift_points(
    conversions: Whole, leads: Whole, all_conversions: int, all_leads: int, *, unit: Fraction = UNITS[0]
) -> Whole:
    """Points for the raw lift: 100 (k/n - K/N) / unit, rounded half away from zero.

    0 for a level without leads. Arrays of any whole-number type give int64.

    Raises:
        SettingsError: unit is not above 0.

    >>> lift_points(40, 100, 150, 1000)
    25
    """
    scale = _points_per_rate(unit)
    gain, base = _lift_ratio(conversions, leads, all_conversions, all_leads, scale)
    return _narrowed(round_half_away(gain * scale.numerator, base * scale.denominator))


def cautious_points(
    conversions: Whole,
    leads: Whole,
    all_conversions: int,
    all_leads: int,
    strength: float,
    *,
    unit: Fraction = UNITS[0],
) -> Whole:
    """Points for the shrunk lift: n / (n + strength) of the raw lift, rounded half away from zero.

    What is rounded is the exact rational value, `strength` standing for the binary fraction the float is.
    All 0 where the strength is infinite, `lift_points` where it is 0. Arrays give int64.

    Raises:
        SettingsError: unit is not above 0.

    >>> cautious_points(40, 100, 150, 1000, strength=50.0)
    17
    """
    scale = _points_per_rate(unit)
    if math.isinf(strength):
        return _narrowed(leads * 0)
    gain, base = _lift_ratio(conversions, leads, all_conversions, all_leads, scale)
    if isinstance(gain, int):
        return _exact(gain, base, all_leads, strength, scale)
    lifts = gain / (base + strength * all_leads) * float(scale)
    size = np.abs(lifts.astype(np.float64))
    points = np.floor(size + 0.5).astype(np.int64) * np.where(lifts < 0, -1, 1)
    # floats decide, except so near a half that their last digits could tip it
    for row in np.flatnonzero(np.abs(size % 1 - 0.5) <= 1e-9 * (1 + size)):
        points[row] = _exact(int(gain[row]), int(base[row]), all_leads, strength, scale)
    return points


def rounded_points(lifts: NDArray[np.float64], unit: Fraction = UNITS[0]) -> NDArray[np.int64]:
    """Points for lifts that are estimates, in percentage points: lift / unit, rounded half away from zero.

    A hair beside a half counts as the half, so that the last digits of a fit do not decide.

    >>> rounded_points(np.array([12.5, -12.499999999, 0.2])).tolist()
    [13, -13, 0]
    """
    scaled = np.asarray(lifts, np.float64) / float(unit)
    whole: NDArray[np.int64] = (np.sign(scaled) * np.floor(np.abs(scaled) + 0.5 + 1e-7)).astype(np.int64)
    return whole


def log_odds_points(log_odds: NDArray[np.float64], pdo: float) -> NDArray[np.int64]:
    """Points of which `pdo` double the odds: log-odds times pdo / ln 2, rounded half away from zero.

    Source: Siddiqi (2006), Credit Risk Scorecards, ch. 6.
    """
    return rounded_points(np.asarray(log_odds, np.float64) * pdo_factor(pdo))


def _points_per_rate(unit: Fraction) -> Fraction:
    """Points for a lift from rate 0 to rate 1: 100 for a unit of one percentage point."""
    if unit <= 0:
        raise SettingsError(f"unit: found {unit}; expected a number above 0; write 1 or 0.1")
    return 100 / unit


def _lift_ratio(
    conversions: Whole, leads: Whole, all_conversions: int, all_leads: int, scale: Fraction
) -> tuple[Whole, Whole]:
    """The lift k/n - K/N as numerator kN - nK and denominator nN; 0 and N without leads.

    The numerator is at most a quarter of N squared, and all of `scale` is multiplied in later: arrays hold
    Python integers where that could pass int64.
    """
    all_conversions, all_leads = int(all_conversions), int(all_leads)  # numpy's would overflow
    if isinstance(conversions, np.ndarray):
        largest = all_leads**2 * max(math.ceil(scale.numerator / 4), scale.denominator)
        kind = np.int64 if largest < 2**63 else np.object_
        conversions, leads = conversions.astype(kind), leads.astype(kind)
    gain = conversions * all_leads - leads * all_conversions
    return gain, (leads + (leads == 0)) * max(all_leads, 1)


def _exact(gain: int, base: int, all_leads: int, strength: float, scale: Fraction) -> int:
    """Points of gain / (base + strength N), the shrunk lift, in rational arithmetic."""
    value = gain * scale / (base + Fraction(strength) * all_leads)
    return round_half_away(value.numerator, value.denominator)


def _narrowed(points: Whole) -> Whole:
    """Arrays as int64, an int as it is."""
    return points.astype(np.int64) if isinstance(points, np.ndarray) else points
