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
        text = f"One point is worth {asked} percentage points: check that {in_points} are meant in such points."
        return asked, Remark("note", text)
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
    why = f"whole percentage points would cost {100 * loss:.1f} of 100 won-lost pairs their order"
    if in_points:
        return 1, Remark("note", f"At this overall rate {why}: --unit {unit} is finer; then set {in_points} anew.")
    return unit, Remark("note", f"One point is worth {unit} percentage points here: {why}. --unit 1 forces whole ones.")


def worth_of(settings: Settings) -> Worth:
    """What a point says by the settings; one percentage point where they leave the unit open."""
    points = settings.points
    return Worth(Fraction(str(points.unit or 1)), points.pdo, points.negative)


def _in_points(settings: Settings) -> str:
    """Which settings are in points: caps of groups, scores of gates."""
    gated = any(gate.score for gate in settings.gates)
    there = (("the caps", settings.capped), ("the scores of gates", gated))
    return " and ".join(name for name, given in there if given)
