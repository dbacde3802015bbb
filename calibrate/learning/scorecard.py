"""Levels and whole points of every attribute, learned from some of the leads."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from calibrate.leads.levels import Cells, Ints, Levels, learn_levels
from calibrate.settings import PointColumn, PointSettings
from calibrate.statistics.adjusted import Effect, effects_of
from calibrate.statistics.linear import linear_effects, pair_counts
from calibrate.statistics.packed import Floats, PackedLeads
from calibrate.statistics.points import Worth, cautious_points, lift_points, log_odds_points, rounded_points
from calibrate.statistics.ridge import ridge_logit, ridge_penalty
from calibrate.statistics.shrinkage import attribute_strengths, prior_strength

Packing = Callable[[Sequence[Levels]], PackedLeads]
Worths = Mapping[PointColumn, Worth]
Start = tuple[float, Sequence[Floats]]


@dataclass(frozen=True, slots=True)
class CardAttribute:
    """One attribute of a scorecard: its levels with their counts, and their points in each column.

    strength: leads of evidence before half of what it is worth beside the others is believed.
    effect: what its levels are worth beside the other attributes, None where that was not learned.
    unknown: points of what history has no points for; 0, unless points start at 0 and nothing is below it.
    """

    cells: Cells
    levels: Levels
    leads: Ints
    conversions: Ints
    strength: float = math.inf
    effect: Effect | None = None
    points: dict[PointColumn, Ints] = field(default_factory=dict)
    unknown: dict[PointColumn, int] = field(default_factory=dict)

    def level_points(self, column: PointColumn) -> Ints:
        """Points of every level as the rules give them."""
        return np.where(self.levels.muted, self.unknown[column], self.points[column])

    def cell_points(self, column: PointColumn) -> Ints:
        """Points of every cell as the rules give them."""
        by_level = np.append(self.level_points(column), self.unknown[column])
        return by_level[self.levels.of_cell]


@dataclass(frozen=True, slots=True)
class Scorecard:
    """What a part of history teaches.

    strength: leads of evidence before half a lift is believed.  intercept: log-odds of the average lead beside the
    effects, None without them.
    """

    attributes: tuple[CardAttribute, ...]
    leads: int
    conversions: int
    strength: float
    intercept: float | None = None

    @property
    def rate(self) -> float:
        """Overall rate, 0 to 1."""
        return self.conversions / self.leads

    def shift(self, column: PointColumn) -> int:
        """Points that every lead has only because no attribute goes below 0."""
        return sum(item.unknown[column] for item in self.attributes)

    def highest(self, column: PointColumn) -> int:
        """The sum of the best points of every attribute, unknown values among them."""
        best = (max(item.unknown[column], *item.level_points(column).tolist()) for item in self.attributes)
        return sum(best)


def learn_scorecard(
    cells: Sequence[Cells],
    counts: Sequence[tuple[Ints, Ints]],
    settings: PointSettings,
    packing: Packing | None = None,
    *,
    errors: bool = False,
    near: Scorecard | None = None,
) -> Scorecard:
    """A scorecard, still without points, from leads and conversions by cell, an attribute at a time.

    packing: gives the same leads by level, all attributes side by side; without it there are no effects.  errors:
    whether the effects get standard errors.  near: a card of much the same leads, where the fit of the effects starts;
    it ends at the same place. Bins, pooling, prior strength and effects are all learned here, so a fold
    that calls this sees none of its test.
    """
    learned = []
    leads = conversions = 0
    for item, (cell_leads, cell_conversions) in zip(cells, counts, strict=True):
        leads, conversions = int(cell_leads.sum()), int(cell_conversions.sum())
        levels = learn_levels(item, cell_leads, cell_conversions, settings)
        learned.append(CardAttribute(item, levels, levels.totals(cell_leads), levels.totals(cell_conversions)))
    tables = [(item.leads, item.conversions) for item in learned]
    strengths = zip(learned, attribute_strengths(tables), strict=True)
    attributes = tuple(replace(item, strength=own) for item, own in strengths)
    card = Scorecard(attributes, leads, conversions, prior_strength(tables))
    if packing is None or not 0 < conversions < leads:
        return card
    start = _effects_near(attributes, near, [cell_leads for cell_leads, _ in counts]) if near else None
    return _with_effects(card, packing([item.levels for item in learned]), settings, errors, start)


def _effects_near(attributes: Sequence[CardAttribute], near: Scorecard, counts: Sequence[Ints]) -> Start | None:
    """Where the fit starts: the effects of another card of these attributes, each level the mean of its leads."""
    if near.intercept is None:
        return None
    found = []
    for item, known, cell_leads in zip(attributes, near.attributes, counts, strict=True):
        assert known.effect is not None  # noqa: S101
        held = item.levels.of_cell >= 0
        by_cell = np.append(known.effect.log_odds, 0)[known.levels.of_cell]
        sums = np.bincount(item.levels.of_cell[held], weights=(by_cell * cell_leads)[held], minlength=len(item.leads))
        found.append(sums / item.leads)
    return near.intercept, found


def _with_effects(
    card: Scorecard, packed: PackedLeads, settings: PointSettings, errors: bool, start: Start | None
) -> Scorecard:
    if settings.fit == "linear":
        effects = linear_effects(pair_counts(packed), [item.strength for item in card.attributes])
        intercept = math.log(card.rate / (1 - card.rate))
    else:
        fit = ridge_logit(packed, [ridge_penalty(card.rate, item.strength) for item in card.attributes], start)
        shares = [item.leads / card.leads for item in card.attributes]
        effects = effects_of(fit, packed, errors=errors, shares=shares)
        intercept = fit.intercept + float(sum(own @ share for own, share in zip(fit.coefficients, shares, strict=True)))
    attributes = tuple(replace(item, effect=effect) for item, effect in zip(card.attributes, effects, strict=True))
    return replace(card, attributes=attributes, intercept=intercept)


COLUMNS: tuple[PointColumn, ...] = ("lift", "cautious", "adjusted", "log-odds")


def with_points(card: Scorecard, worth: Worth | Worths) -> Scorecard:
    """The scorecard with the points of every column that it can have; worth: of all columns, or one each."""
    worths = by_column(worth)
    return replace(card, attributes=tuple(_pointed(item, card, worths) for item in card.attributes))


def by_column(worth: Worth | Worths) -> Worths:
    """What a point of each column says."""
    return dict.fromkeys(COLUMNS, worth) if isinstance(worth, Worth) else worth


def _pointed(item: CardAttribute, card: Scorecard, worths: Worths) -> CardAttribute:
    counts = (item.conversions, item.leads, card.conversions, card.leads)
    points: dict[PointColumn, Ints] = {
        "lift": lift_points(*counts, unit=worths["lift"].unit),
        "cautious": cautious_points(*counts, card.strength, unit=worths["cautious"].unit),
    }
    if item.effect is not None:
        points["adjusted"] = rounded_points(item.effect.lift, worths["adjusted"].unit)
        points["log-odds"] = log_odds_points(item.effect.log_odds, worths["log-odds"].pdo)
    if worths["lift"].negative:
        return replace(item, points=points, unknown=dict.fromkeys(points, 0))
    given = {column: np.where(item.levels.muted, 0, values) for column, values in points.items()}
    shift = {column: -min(0, int(values.min(initial=0))) for column, values in given.items()}
    return replace(item, points={column: values + shift[column] for column, values in points.items()}, unknown=shift)
