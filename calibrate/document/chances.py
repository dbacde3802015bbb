"""The chance of conversion by score, as it stands in a rules document."""

from __future__ import annotations

from calibrate.document.rules import Probability, ScoreChance
from calibrate.statistics.probability import ScoreProbability

_STEPS = (1, 2, 5, 10, 20, 50, 100, 1000, 10**6)
_MOST_STEPS = 25


def chances(curve: ScoreProbability, low: int, high: int, fitted_on: str) -> Probability:
    """The curve with a table of its chances from the lowest score that leads have to the highest.

    Six digits behind the point are plenty for a rate and keep the file readable.
    """
    step = next(size for size in _STEPS if (high - low) / size <= _MOST_STEPS)
    scores = range(low // step * step, high + 1, step)
    return Probability(
        fitted_on=fitted_on,
        intercept=round(curve.intercept, 6),
        slope=round(curve.slope, 6),
        table=tuple(ScoreChance(score=score, probability=round(curve.probability(score), 4)) for score in scores),
    )
