"""What one point is worth: the coarsest unit whose rounding does not cost the ranking."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from calibrate.learning.held_out import Trial, held_out
from calibrate.learning.scorecard import Scorecard, with_points
from calibrate.remarks import Remark
from calibrate.settings import UNITS, PointColumn, Settings
from calibrate.statistics.points import Worth
from calibrate.statistics.ranking import Auc, cross_fitted_auc
from calibrate.words.language import message

MOST_LOSS = 0.005
FEWEST = 100
_LOOK = 100_000


def fitting_unit(
    trial: Trial, cards: Sequence[Scorecard], column: PointColumn, settings: Settings
) -> tuple[float, Remark | None]:
    """Percentage points a point should be worth, and what to tell of it.

    1, unless whole percentage points lose more than MOST_LOSS of the held-out AUC of points a hundred times finer;
    then the coarsest unit that does not. With fewer than FEWEST conversions, or where even the finest points rank no
    better than a coin may, the loss cannot be told from chance. A
    unit that was asked for stays, and so does 1 where caps or gates stand in points. cards: one a test of the trial.
    """
    if column == "log-odds":
        return 1, None
    in_points = _in_points(settings)
    asked = settings.points.unit
    if asked is not None:
        if asked == 1 or not in_points:
            return asked, None
        return asked, Remark("note", message(f"remarks.unit.asked.{in_points}", unit=asked))
    if int(np.count_nonzero(trial.store.won)) < FEWEST:
        return 1, None
    every = max(1, trial.store.leads // _LOOK)

    def ranked(unit: float) -> Auc | None:
        worth = replace(worth_of(settings), unit=Fraction(str(unit)))
        held = held_out(trial, [with_points(card, worth) for card in cards], (column,), settings, every)
        return cross_fitted_auc(held.counts(column))

    finest, whole = ranked(UNITS[-1]), ranked(1)
    if finest is None or whole is None or finest.low <= 0.5:
        return 1, None
    loss = finest.auc - whole.auc
    if loss <= MOST_LOSS:
        return 1, None
    losses = ((unit, finest.auc - found.auc) for unit in UNITS[1:] if (found := ranked(unit)))
    unit = next((unit for unit, lost in losses if lost <= MOST_LOSS), UNITS[-1])
    if in_points:
        return 1, Remark("note", message(f"remarks.unit.finer.{in_points}", loss=loss, option=str(unit)))
    return unit, Remark("note", message("remarks.unit.taken", loss=loss, unit=unit))


def worth_of(settings: Settings) -> Worth:
    """What a point says by the settings; one percentage point where they leave the unit open."""
    points = settings.points
    return Worth(Fraction(str(points.unit or 1)), points.pdo, points.negative)


def _in_points(settings: Settings) -> str:
    """Which settings are in points: caps of groups, scores of gates, both, or none ("")."""
    gated = any(gate.score for gate in settings.gates)
    if gated and settings.capped:
        return "both"
    return "gates" if gated else "caps" if settings.capped else ""
