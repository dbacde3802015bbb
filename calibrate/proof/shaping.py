"""What rounding, shifting and capping of points cost the ranking, each measured on held-out leads."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

from calibrate.learning.held_out import Trial, held_out
from calibrate.learning.learned import Learned
from calibrate.learning.scorecard import with_points
from calibrate.settings import PointColumn, Settings
from calibrate.statistics.points import Worth
from calibrate.statistics.ranking import cross_fitted_auc

_LOOK = 200_000
Change = Literal["unrounded", "whole points", "no points below 0", "caps and gates"]


@dataclass(frozen=True, slots=True)
class Shaped:
    """A change to the points and the share of won-lost pairs that is in the right order after it, 0 to 1."""

    change: Change
    auc: float


def shaping_steps(trial: Trial, learned: Learned, column: PointColumn, settings: Settings) -> tuple[Shaped, ...]:
    """The ranking of the points before and after each change that the settings ask for, in this order.

    Unrounded stands for points a thousand times finer. Empty where no leads were held out. At most about 200,000 leads
    are looked at, the same for every step.
    """
    if learned.held is None:
        return ()
    worth, bare = learned.worths[column], settings.model_copy(update={"groups": {}, "gates": []})
    fine = Worth(worth.unit * Fraction(1, 1000), worth.pdo * 1000, negative=True)
    steps: list[tuple[Change, Worth, Settings]] = [
        ("unrounded", fine, bare),
        ("whole points", replace(worth, negative=True), bare),
    ]
    if not worth.negative:
        steps.append(("no points below 0", worth, bare))
    if settings.gates or settings.capped:
        steps.append(("caps and gates", worth, settings))
    every = max(1, len(learned.held.lead) // _LOOK)
    found = []
    for change, given, rules in steps:
        cards = [with_points(card, given) for card in learned.cards]
        area = cross_fitted_auc(held_out(trial, cards, (column,), rules, every).counts(column))
        if area is not None:
            found.append(Shaped(change, area.auc))
    return tuple(found)
