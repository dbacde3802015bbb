"""How well the points rank leads that did not make them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from calibrate.bands import Band, Capacity, capacity_cut, equal_bands, parse_capacity
from calibrate.codes import FIRST_DAY, FOLDS, NO_DAY, CodeStore
from calibrate.held_out import Trial, held_out_scores
from calibrate.probability import ProbabilityCheck, ScoreProbability, probability_check, score_to_probability
from calibrate.ranking import (
    Auc,
    AucDifference,
    ScoreCounts,
    area_under_curve,
    auc_difference_from_counts,
    cross_fitted_auc,
)
from calibrate.scorecard import COLUMNS
from calibrate.settings import PointColumn, Settings

_Z = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Ranking:
    """One point column measured on held-out leads.

    scores: held-out leads and conversions by score.  auc: None when only one class is held out.
    """

    column: PointColumn
    scores: ScoreCounts
    auc: Auc | None


@dataclass(frozen=True, slots=True)
class Validation:
    """Out-of-time (newest leads) or cross-fitted ranking of every point column.

    kind: "out-of-time" or "cross-fitted".  leads, conversions: held out in all.  learned_from: leads that made the
    points of an out-of-time test, None when cross-fitted.  first_day, last_day: of the held-out leads, ISO.
    bands: tenths of the held-out leads by the chosen column, best first, ties never split.
    difference: cautious minus lift, paired on the same leads.  probability: of the chosen column, None where no
    curve can be fitted.  check: how the chances hold that the points themselves promise, overall rate plus score.
    capacity: what the chosen column brings in the places that sales has.
    """

    kind: str
    leads: int
    conversions: int
    learned_from: int | None
    first_day: str | None
    last_day: str | None
    rankings: tuple[Ranking, ...]
    bands: tuple[Band, ...]
    difference: AucDifference | None = None
    probability: ScoreProbability | None = None
    capacity: Capacity | None = None
    check: ProbabilityCheck | None = None

    def ranking(self, column: PointColumn) -> Ranking:
        """The ranking of a point column."""
        return next(item for item in self.rankings if item.column == column)


def validate(trial: Trial, chosen: Sequence[int], settings: Settings) -> Validation:
    """The ranking of every point column on leads that did not make it.

    chosen: places in the store of the attributes that get points.
    """
    joint = held_out_scores(trial, chosen, settings)
    rankings = tuple(_ranking(column, joint, place, trial) for place, column in enumerate(COLUMNS))
    own = next(item for item in rankings if item.column == settings.points.column)
    held = trial.parts >= FOLDS if trial.newest_from is not None else None
    first, last = first_and_last(trial.store, held)
    both = 0 < own.scores.total_conversions < own.scores.total_leads
    return Validation(
        kind="cross-fitted" if trial.newest_from is None else "out-of-time",
        leads=own.scores.total_leads,
        conversions=own.scores.total_conversions,
        learned_from=int(np.count_nonzero(~held)) if held is not None else None,
        first_day=first,
        last_day=last,
        rankings=rankings,
        bands=equal_bands(own.scores),
        difference=_difference(joint),
        probability=score_to_probability(own.scores) if both else None,
        capacity=_capacity(own.scores, trial.store, held, settings),
        check=_promised(own.scores, trial, settings),
    )


def _ranking(column: PointColumn, joint: Sequence[npt.NDArray[np.int64]], place: int, trial: Trial) -> Ranking:
    folds = [ScoreCounts.from_counts(table[place], table[2], table[3]) for table in joint]
    if trial.newest_from is not None:
        return Ranking(column, folds[0], area_under_curve(folds[0]))
    return Ranking(column, ScoreCounts.merged(folds), cross_fitted_auc(folds))


def _difference(joint: Sequence[npt.NDArray[np.int64]]) -> AucDifference | None:
    """Cautious minus lift: paired within each fold, whose scores alone compare; folds weighted by won-lost pairs."""
    found, weights = [], []
    for lift, cautious, leads, won in joint:
        gap = auc_difference_from_counts(cautious, lift, leads, won)
        if gap is not None:
            found.append(gap)
            weights.append(float(won.sum() * (leads - won).sum()))
    if len(found) < 2:
        return found[0] if found else None
    shares = np.array(weights) / sum(weights)
    mean = float(shares @ [gap.difference for gap in found])
    halves = np.array([(gap.high - gap.low) / 2 for gap in found])
    half = float(np.sqrt(((shares * halves) ** 2).sum()))
    p_value = math.erfc(abs(mean) / (half / _Z) / math.sqrt(2)) if half else 1.0
    return AucDifference(mean, mean - half, mean + half, p_value)


def _promised(scores: ScoreCounts, trial: Trial, settings: Settings) -> ProbabilityCheck | None:
    """The check of overall rate plus score, as lift points add up where attributes do not overlap."""
    rate = float(trial.store.won.mean())
    chances = rate + np.array(scores.scores) * (settings.points.unit or 1) / 100
    return probability_check(np.clip(chances, 0.001, 0.999), scores.leads, scores.conversions)


def first_and_last(store: CodeStore, held: npt.NDArray[np.bool_] | None = None) -> tuple[str | None, str | None]:
    """ISO dates of the first and the last of all or some leads; None where no lead has a day."""
    days = _dated(store, held)
    return (iso_day(int(days.min())), iso_day(int(days.max()))) if len(days) else (None, None)


def _dated(store: CodeStore, held: npt.NDArray[np.bool_] | None) -> npt.NDArray[np.int32]:
    if store.day is None:
        return np.zeros(0, dtype=np.int32)
    days = store.day if held is None else store.day[held]
    return days[days > NO_DAY]


def iso_day(day: int) -> str | None:
    """Day since 1970 as an ISO date; None for no day."""
    return str(np.datetime64(day, "D")) if day > NO_DAY else None


def _capacity(
    scores: ScoreCounts, store: CodeStore, held: npt.NDArray[np.bool_] | None, settings: Settings
) -> Capacity | None:
    """What fits the places that sales has, of which leads without an outcome yet take their share."""
    if settings.report.capacity is None or store.day is None:
        return None
    places, period = parse_capacity(settings.report.capacity)
    days = _dated(store, held)
    if not len(days):
        return None
    first, last = int(days.min()), int(days.max())
    came_in = int(store.arrivals[first - FIRST_DAY : last - FIRST_DAY + 1].sum())
    total = int(places * (last - first + 1) / period * len(days) / came_in)
    return capacity_cut(scores, total) if total else None
