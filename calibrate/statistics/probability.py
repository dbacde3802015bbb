"""The chance of conversion that belongs to a score, and whether predicted chances hold."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from calibrate.errors import DataError
from calibrate.statistics.ranking import Floats, ScoreCounts, Whole, expit, summed, whole, won_lost


@dataclass(frozen=True, slots=True)
class ScoreProbability:
    """log(p / (1 - p)) = intercept + slope x score; slope is the change in log-odds a point."""

    intercept: float
    slope: float

    def probability(self, score: float) -> float:
        """Chance of conversion at the score, 0 to 1."""
        return expit(self.intercept + self.slope * score)


def score_to_probability(counts: ScoreCounts) -> ScoreProbability | None:
    """Logistic regression of conversion on the score; None where it has no finite answer.

    That is with one score, one class, or no range of scores with both won and lost leads (separation).
    """
    fit = _logistic(*(np.array(part, float) for part in (counts.scores, counts.leads, counts.conversions)))
    return None if fit is None else ScoreProbability(*fit)


@dataclass(frozen=True, slots=True)
class ProbabilityCheck:
    """How far predicted probabilities hold on leads that did not make them.

    intercept, slope: of the outcome on the predicted log-odds, None where no fit is finite; 0 and 1 are
    perfect, a slope below 1 means chances too extreme.  brier: mean squared error, 0 to 1, reliability -
    resolution + uncertainty.  skill: 1 - brier / uncertainty, 0 for the overall rate; None in one class.
    """

    leads: int
    conversions: int
    intercept: float | None
    slope: float | None
    brier: float
    reliability: float
    resolution: float
    uncertainty: float
    skill: float | None


def probability_check(given: ArrayLike, leads: ArrayLike, conversions: ArrayLike) -> ProbabilityCheck | None:
    """Calibration and Brier score of predicted chances, 0 to 1, with their leads; None without leads.

    Source: Cox (1958), Biometrika 45:562 (intercept, slope); Murphy (1973), J. Appl. Meteor. 12:595 (parts).
    """
    won, lost = won_lost(leads, conversions)
    chances = np.asarray(given, float)
    if not ((chances >= 0) & (chances <= 1)).all():
        raise DataError(f"chances: found {chances.min()} to {chances.max()}; expected 0 to 1, divide by 100")
    held = whole(leads, chances.size) > 0
    predicted, _, won, lost = summed(chances[held], won[held], lost[held])
    number, total, of_won = won + lost, int((won + lost).sum()), int(won.sum())
    if not total:
        return None
    rates, overall = won / number, of_won / total
    reliability = float((number * (predicted - rates) ** 2).sum()) / total
    resolution = float((number * (rates - overall) ** 2).sum()) / total
    brier = reliability - resolution + (uncertainty := overall * (1 - overall))
    finite = predicted.min() > 0 and predicted.max() < 1
    fit = _logistic(np.log(predicted / (1 - predicted)), number, won) if finite else None
    return ProbabilityCheck(
        leads=total,
        conversions=of_won,
        intercept=None if fit is None else fit[0],
        slope=None if fit is None else fit[1],
        brier=brier,
        reliability=reliability,
        resolution=resolution,
        uncertainty=uncertainty,
        skill=1 - brier / uncertainty if uncertainty else None,
    )


def _logistic(values: Floats, leads: Whole | Floats, won: Whole | Floats) -> tuple[float, float] | None:
    """Intercept and slope of a logistic regression on one number in groups of leads; None if infinite."""
    of_won, of_lost = values[won > 0], values[won < leads]
    if not of_won.size or not of_lost.size or of_won.min() >= of_lost.max() or of_lost.min() >= of_won.max():
        return None
    # Centred and scaled, so that scores far from 0 or spread wide fit as well as small ones.
    mean = float(np.average(values, weights=leads))
    scale = math.sqrt(np.average((values - mean) ** 2, weights=leads))
    design = np.column_stack([np.ones_like(values), (values - mean) / scale])
    fitted = np.array([math.log(won.sum() / (leads - won).sum()), 0.0])
    for _ in range(100):
        chances = 1 / (1 + np.exp(-np.clip(design @ fitted, -700, 700)))
        information = (design.T * (leads * chances * (1 - chances))) @ design
        step = np.linalg.solve(information, design.T @ (won - leads * chances))
        fitted += step
        if np.abs(step).max() < 1e-12:
            break
    slope = float(fitted[1]) / scale
    return float(fitted[0]) - slope * mean, slope
