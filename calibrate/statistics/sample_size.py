"""How many leads it takes: to see a lift, to learn points at all, to narrow an interval.

All of it is planning before or besides a run; no point depends on it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np

from calibrate.errors import DataError, SettingsError
from calibrate.statistics.rates import normal_quantile

FEWEST_CONVERSIONS = 30  # below it nothing is learned
ENOUGH_CONVERSIONS = 100  # from here on attributes can be adjusted for each other
_SHRINKAGE = 0.9
_OPTIMISM = 0.05
_MARGIN = 0.05

Allowed = Literal["nothing", "cautious", "adjusted"]


def leads_to_see(lift: float, rate: float, share: float, power: float = 0.8, confidence: float = 0.95) -> int | None:
    """Leads a level needs so that its lift is seen: the test against the rest finds it with this power.

    lift: percentage points against the overall rate, of either sign.  rate: the overall rate.  share: of all leads,
    how many the level holds.  None where no number of leads shows it: a lift of 0, or one that takes the level or
    the rest out of 0 to 1.
    Source: Fleiss, Levin & Paik (2003), Statistical Methods for Rates and Proportions, ch. 4: pooled variance under no
    difference, each group's own under the difference, unequal groups.

    >>> leads_to_see(5, 0.15, 0.1)
    384

    Raises:
        DataError: rate or share is not between 0 and 1.
        SettingsError: power or confidence is not one.
    """
    _check_inside("rate", rate)
    _check_inside("share", share)
    level = rate + lift / 100
    rest = rate - share * (level - rate) / (1 - share)
    slip = 1e-12  # 0.1 + 0.9 must not fall outside
    if lift == 0 or min(level, rest) < -slip or max(level, rest) > 1 + slip:
        return None
    level, rest = min(max(level, 0.0), 1.0), min(max(rest, 0.0), 1.0)
    return _whole(_leads_in_first(level, rest, (1 - share) / share, power, confidence))


def more_leads(half_width: float, wanted: float, leads: int) -> int:
    """Leads still needed until an interval of this half-width is as narrow as wanted; 0 where it is.

    The width falls with the square root of the leads, if they come in with the same shares and rates. Both widths in
    the same unit.

    >>> more_leads(10, 5, leads=200)
    600

    Raises:
        DataError: no lead made the interval, or a width is not a width.
    """
    if leads < 1 or not 0 <= half_width < math.inf or not 0 < wanted < math.inf:
        raise DataError(
            f"more leads: found half-width {half_width:g} from {leads} leads, {wanted:g} wanted; "
            "expected widths above 0 from at least 1 lead; give both in the same unit"
        )
    return max(0, _whole(leads * (half_width / wanted) ** 2) - leads)


@dataclass(frozen=True, slots=True)
class Readiness:
    """What a history allows.

    allows: which points; nothing, cautious (each attribute on its own) or adjusted (for each other).
    missing: conversions until it allows more, 0 where it allows all.  leads_missing: about how many leads bring them
    at the rate so far; None where there is no rate to go by, 0 where none are missing.
    """

    conversions: int
    leads: int
    allows: Allowed
    missing: int
    leads_missing: int | None

    @property
    def sentence(self) -> str:
        """What there is, what it allows and what is missing for more, in plain words."""
        have = f"{self.conversions:,} won of {self.leads:,} leads"
        if self.allows == "adjusted":
            return f"{have}: enough for every kind of points, also those adjusted for attributes that overlap."
        about = "" if self.leads_missing is None else f" (about {self.leads_missing:,} more leads at this rate)"
        noun, verb = ("won lead", "allows") if self.missing == 1 else ("won leads", "allow")
        more = f"{self.missing:,} more {noun}{about} {verb}"
        if self.allows == "nothing":
            return f"{have}: too few won leads to learn points from; {more} cautious points."
        return f"{have}: enough for cautious points, each attribute on its own; {more} adjusted points."


def readiness(conversions: int, leads: int) -> Readiness:
    """What this many won leads allow: below 30 nothing, below 100 cautious points, from there on adjusted ones.

    Conventions of the trade, not theorems.

    Raises:
        DataError: conversions are not from 0 to leads.
    """
    if not 0 <= conversions <= leads:
        raise DataError(
            f"readiness: found {conversions} conversions out of {leads} leads; expected 0 to {max(leads, 0)}; "
            "check whether the two are swapped"
        )
    allows: Allowed
    if conversions < FEWEST_CONVERSIONS:
        allows, missing = "nothing", FEWEST_CONVERSIONS - conversions
    elif conversions < ENOUGH_CONVERSIONS:
        allows, missing = "cautious", ENOUGH_CONVERSIONS - conversions
    else:
        return Readiness(conversions, leads, "adjusted", 0, 0)
    return Readiness(conversions, leads, allows, missing, -(-missing * leads // conversions) if conversions else None)


@dataclass(frozen=True, slots=True)
class ModelSize:
    """Leads that points for all attributes at once need, by criterion.

    shrinkage: estimates need shrinking by a tenth at most.  optimism: the fit looks better than it is by .05 of
    its R2 at most.  overall: the overall rate is known to 5 percentage points.
    """

    shrinkage: int
    optimism: int
    overall: int

    @property
    def leads(self) -> int:
        """Leads that meet all three."""
        return max(self.shrinkage, self.optimism, self.overall)


def riley_criteria(parameters: int, rate: float, cox_snell_r2: float) -> ModelSize:
    """Leads needed to learn this many levels together, beyond the first of each attribute.

    cox_snell_r2: how well the points are expected to foretell the outcome; see the function of that name.
    Source: Riley et al. (2019), Stat. Med. 38:1276, criteria for binary outcomes.

    Raises:
        DataError: no parameter, rate not between 0 and 1, or an R2 that no points reach at this rate.
    """
    _check_inside("rate", rate)
    most = -math.expm1(-2 * _entropy(rate))
    if parameters < 1 or not 0 < cox_snell_r2 < most:
        raise DataError(
            f"model size: found {parameters} parameters and Cox-Snell R2 {cox_snell_r2:g}; expected at least 1 and an "
            f"R2 between 0 and {most:.4g}, the most at a rate of {rate:g}; take it from cox_snell_r2(auc, rate)"
        )
    optimism = cox_snell_r2 / (cox_snell_r2 + _OPTIMISM * most)
    return ModelSize(
        shrinkage=_leads_for_shrinkage(parameters, cox_snell_r2, _SHRINKAGE),
        optimism=_leads_for_shrinkage(parameters, cox_snell_r2, optimism),
        overall=_whole(_leads_for_half_width(rate, _MARGIN)),
    )


def cox_snell_r2(auc: float, rate: float) -> float:
    """Cox-Snell R2 of a score with this area under the curve, if it is normal among won and among lost leads alike.

    Then the log-odds are a line in the score and R2 = 1 - exp(-2 x information on the outcome in a score), here
    integrated by Gauss-Hermite where the source simulates a million leads.
    Source: Riley, Van Calster & Collins (2021), Stat. Med. 40:859.

    Raises:
        DataError: auc is not from 0.5 to below 1, or rate not between 0 and 1.
    """
    _check_inside("rate", rate)
    if not 0.5 <= auc < 1:
        raise DataError(f"model size: found auc {auc:g}; expected 0.5 to below 1; turn the score around below 0.5")
    apart = math.sqrt(2) * NormalDist().inv_cdf(auc)
    points, weights = np.polynomial.hermite_e.hermegauss(64)
    weights = weights / weights.sum()
    log_odds = math.log(rate / (1 - rate)) + apart * points
    won = -np.logaddexp(0, -(log_odds + apart**2 / 2))
    lost = -np.logaddexp(0, log_odds - apart**2 / 2)
    information = _entropy(rate) + float(weights @ (rate * won + (1 - rate) * lost))
    return max(0.0, -math.expm1(-2 * information))


def _leads_in_first(first: float, second: float, times: float, power: float, confidence: float) -> float:
    """Leads of the first group so that its rate is told from the second's, a group `times` as large."""
    if not 0.5 <= power < 1:
        raise SettingsError(f"power: found {power!r}; expected a number from 0.5 to below 1; write 0.8 for 80 %")
    pooled = (first + times * second) / (1 + times)
    alike = math.sqrt(pooled * (1 - pooled) * (1 + 1 / times))
    apart = math.sqrt(first * (1 - first) + second * (1 - second) / times)
    reach = normal_quantile(confidence) * alike + NormalDist().inv_cdf(power) * apart
    return (reach / (first - second)) ** 2


def _leads_for_shrinkage(parameters: int, r2: float, kept: float) -> int:
    """Leads from which estimates keep this much of their size in new leads."""
    return _whole(parameters / ((kept - 1) * math.log1p(-r2 / kept)))


def _leads_for_half_width(rate: float, half_width: float, confidence: float = 0.95) -> float:
    """Leads whose rate is known to plus or minus half_width, both 0 to 1."""
    return (normal_quantile(confidence) / half_width) ** 2 * rate * (1 - rate)


def _entropy(rate: float) -> float:
    """What an outcome of this rate leaves open, natural logarithm."""
    return -rate * math.log(rate) - (1 - rate) * math.log1p(-rate)


def _whole(leads: float) -> int:
    """Leads rounded up; a rounding error above a whole number asks for no further lead."""
    return math.ceil(leads * (1 - 1e-12))


def _check_inside(name: str, value: float) -> None:
    if not 0 < value < 1:
        raise DataError(f"sample size: found {name} {value:g}; expected a number between 0 and 1; write 0.15 for 15 %")
