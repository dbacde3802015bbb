"""The points that the data support: the 95 % range of what each point column estimates."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from calibrate.learning.scorecard import CardAttribute, Scorecard
from calibrate.settings import PointColumn
from calibrate.statistics.lift import Lift
from calibrate.statistics.packed import Floats
from calibrate.statistics.points import Worth
from calibrate.statistics.rates import normal_quantile


def supported_points(
    item: CardAttribute, lifts: Sequence[Lift], column: PointColumn, worth: Worth, card: Scorecard
) -> list[tuple[float, float]]:
    """Low and high for every level of an attribute, in points that are not rounded.

    lift: the range of the lift.  cautious: the posterior range of the shrunk one.  adjusted, log-odds: the estimate
    and 1.96 standard errors. Points that start at 0 are moved like the points.
    """
    if column in ("adjusted", "log-odds") and item.effect is not None:
        estimate, error = (
            (item.effect.lift / float(worth.unit), item.effect.error / float(worth.unit))
            if column == "adjusted"
            else (part * worth.pdo / math.log(2) for part in (item.effect.log_odds, item.effect.log_odds_error))
        )
        reach = normal_quantile(0.95) * error
        low, high = estimate - reach, estimate + reach
    elif column == "cautious":
        low, high = (part / float(worth.unit) for part in posterior_range(item, card))
    else:
        ends = np.array([(lift.low, lift.high) for lift in lifts]) / float(worth.unit)
        low, high = ends[:, 0], ends[:, 1]
    return [(float(a), float(b)) for a, b in zip(low + item.unknown[column], high + item.unknown[column], strict=True)]


def posterior_range(item: CardAttribute, card: Scorecard, share: float = 0.95) -> tuple[Floats, Floats]:
    """The central range of each level's lift after shrinking, percentage points; 0 where all is chance.

    Source: Gelman et al. (2013), Bayesian Data Analysis, 3rd ed., section 2.4: the posterior is
    Beta(k + M p, n - k + M (1 - p)).
    """
    from scipy.special import betaincinv

    if math.isinf(card.strength):
        return np.zeros(len(item.leads)), np.zeros(len(item.leads))
    won = item.conversions + card.strength * card.rate
    lost = item.leads - item.conversions + card.strength * (1 - card.rate)
    ends = [np.asarray(betaincinv(won, lost, end), np.float64) for end in ((1 - share) / 2, (1 + share) / 2)]
    return 100 * (ends[0] - card.rate), 100 * (ends[1] - card.rate)
