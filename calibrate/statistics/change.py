"""Whether rates and lifts differ between two histories that share no lead.

A lift that was significant in one quarter and not in the next has not changed for that (Gelman & Stern (2006),
Am. Stat. 60:328): the difference of the two is what is tested.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibrate.statistics.lift import level_lift
from calibrate.statistics.rates import Rate, conversion_rate, normal_quantile

DRAWS = 10_000
FEWEST = 5  # won or lost leads below which the normal law is not trusted and beta draws take over
_SEED = 20_060_328


@dataclass(frozen=True, slots=True)
class LevelCount:
    """A level as part of its history: conversions and leads of the level, and of all."""

    conversions: int
    leads: int
    all_conversions: int
    all_leads: int

    @property
    def cells(self) -> tuple[int, int, int, int]:
        """Won and lost leads of the level, won and lost leads of the rest."""
        won, lost = self.conversions, self.leads - self.conversions
        return won, lost, self.all_conversions - won, self.all_leads - self.all_conversions - lost

    @property
    def lift(self) -> float:
        """Percentage points."""
        return 100 * (self.conversions / self.leads - self.all_conversions / self.all_leads)

    @property
    def error(self) -> float:
        """Standard error of the lift: (1 - w) sqrt(p1 q1 / n + p0 q0 / (N - n)), p0 that of the rest."""
        won, lost, rest_won, rest_lost = self.cells
        leads, rest = won + lost, rest_won + rest_lost
        variance = won * lost / leads**3 + rest_won * rest_lost / rest**3
        return 100 * rest / self.all_leads * math.sqrt(variance)


@dataclass(frozen=True, slots=True)
class LiftChange:
    """The lifts of a level in two histories, percentage points with standard errors, and the test of one value.

    z: None where there were too few leads for it and the p-value comes from draws.
    """

    old: float
    old_error: float
    new: float
    new_error: float
    z: float | None
    p_value: float


def lift_change(old: LevelCount, new: LevelCount, scale: float = 1.0) -> LiftChange | None:
    """The change of a level's lift, two-sided; None where either history has no lead in the level or no other.

    With fewer than five won or lost leads in or beside the level, both rates are drawn 10,000 times from their beta
    posteriors (Jeffreys), always the same.
    scale: what the old lift is multiplied by before it is compared, for what all lifts have in common.
    """
    if not (0 < old.leads < old.all_leads and 0 < new.leads < new.all_leads):
        return None
    z = None
    if min(*old.cells, *new.cells) < FEWEST:
        generator = np.random.default_rng(_SEED)
        rises = _drawn(new, generator) - scale * _drawn(old, generator)
        tail = min(int((rises <= 0).sum()), int((rises >= 0).sum()))
        p_value = min(1.0, 2 * (tail + 1) / (DRAWS + 1))
    else:
        z = (new.lift - scale * old.lift) / math.hypot(new.error, scale * old.error)
        p_value = math.erfc(abs(z) / math.sqrt(2))
    return LiftChange(old.lift, old.error, new.lift, new.error, z, p_value)


def _drawn(count: LevelCount, generator: np.random.Generator) -> NDArray[np.float64]:
    won, lost, rest_won, rest_lost = count.cells
    level, rest = (generator.beta(k + 0.5, n + 0.5, DRAWS) for k, n in ((won, lost), (rest_won, rest_lost)))
    drawn: NDArray[np.float64] = (1 - count.leads / count.all_leads) * (level - rest)
    return drawn


@dataclass(frozen=True, slots=True)
class CommonFactor:
    """What all lifts were multiplied by, with its 95 % range; rough, for levels of one history are not independent."""

    value: float
    low: float
    high: float


def common_factor(changes: Iterable[LiftChange], confidence: float = 0.95) -> CommonFactor | None:
    """The slope through the origin of new on old lifts; None without old lifts beyond what their errors make.

    Each weighs the inverse of its two squared errors. What the errors of the old lifts add to their squares is taken
    out, for it would pull the slope towards 0: Fuller (1987), Measurement Error Models, section 1.2.
    """
    found = [item for item in changes if item.old_error and item.new_error]
    old, new, old_error, new_error = (
        np.array([getattr(item, name) for item in found], np.float64)
        for name in ("old", "new", "old_error", "new_error")
    )
    weights = 1 / (old_error**2 + new_error**2)
    square, of_errors = float((weights * old**2).sum()), float((weights * old_error**2).sum())
    if square <= of_errors:
        return None
    value = float((weights * old * new).sum()) / (square - of_errors)
    half = normal_quantile(confidence) * math.sqrt(square) / (square - of_errors)
    return CommonFactor(value, value - half, value + half)


@dataclass(frozen=True, slots=True)
class RateChange:
    """Two rates, 0 to 1, and new minus old in percentage points with its range; p_value of one rate behind both."""

    old: Rate
    new: Rate
    difference: float
    low: float
    high: float
    p_value: float

    @property
    def spread(self) -> float | None:
        """Rate x (1 - rate), new over old: about what a drift of the odds multiplies every lift by; None from 0."""
        old, new = (item.rate * (1 - item.rate) for item in (self.old, self.new))
        return new / old if old else None


def rate_change(old: tuple[int, int], new: tuple[int, int], confidence: float = 0.95) -> RateChange | None:
    """The change between (conversions, leads) of two histories that share no lead; None where one has no lead.

    Interval: Newcombe (1998), Stat. Med. 17:873, method 10. Test: that of a level against the rest, `level_lift`.
    """
    then, now = conversion_rate(*old, confidence), conversion_rate(*new, confidence)
    if then is None or now is None:
        return None
    won, leads = old[0] + new[0], old[1] + new[1]
    p_value = level_lift(*new, won, leads).p_value if 0 < won < leads else None
    difference = now.rate - then.rate
    low = difference - math.hypot(now.rate - now.low, then.high - then.rate)
    high = difference + math.hypot(now.high - now.rate, then.rate - then.low)
    return RateChange(then, now, 100 * difference, 100 * low, 100 * high, 1.0 if p_value is None else p_value)
