"""The points that the evidence of a rules document supports."""

from __future__ import annotations

import math

from calibrate.document.rules import Evidence, Rules
from calibrate.statistics.rates import normal_quantile
from calibrate.statistics.woe import pdo_factor


def column_points(rules: Rules, evidence: Evidence | None) -> int | None:
    """The points of the column that the rules carry, before anybody changed them; None where there are none."""
    if evidence is None:
        return None
    match _column(rules):
        case "cautious":
            return evidence.points_cautious
        case "adjusted":
            return evidence.points_adjusted
        case "log-odds":
            return evidence.points_log_odds
        case _:
            return evidence.points_lift


def point_range(rules: Rules, evidence: Evidence | None, share: float = 0.80) -> tuple[float, float] | None:
    """The range of a level in points that are not rounded; None where the evidence has no range or points.

    The document has ranges at 95 %: each side is taken times the ratio of the normal quantiles, 1.2816 / 1.9600 for
    80 %. They lie around the points of the column, since these may start at 0 or be shrunk: the sides of the adjusted
    lift for adjusted points, else those of the lift, a little wider than the posterior of cautious points. Log-odds
    points have the standard error of a logit with a half added to won and lost.

    Source: Gart & Zweifel (1967), Biometrika 54:181 (the logit).
    """
    centre = column_points(rules, evidence)
    if evidence is None or centre is None:
        return None
    if rules.score.pdo is not None:
        won, lost = evidence.conversions, evidence.leads - evidence.conversions
        error = math.sqrt(1 / (won + 0.5) + 1 / (lost + 0.5)) * pdo_factor(rules.score.pdo)
        return centre - normal_quantile(share) * error, centre + normal_quantile(share) * error
    lift, low, high = evidence.lift, evidence.lift_low, evidence.lift_high
    if _column(rules) == "adjusted" and evidence.adjusted_low is not None:
        lift, low, high = evidence.adjusted_lift, evidence.adjusted_low, evidence.adjusted_high
    if lift is None or low is None or high is None:
        return None
    narrower = normal_quantile(share) / normal_quantile(0.95) / rules.score.unit
    return centre - (lift - low) * narrower, centre + (high - lift) * narrower


def _column(rules: Rules) -> str:
    return "log-odds" if rules.score.pdo is not None else rules.made_by.points or "lift"
