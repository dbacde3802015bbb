"""Levels and whole points of every attribute, learned from some of the leads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from calibrate.levels import Cells, Ints, Levels, learn_levels
from calibrate.points import cautious_points, lift_points
from calibrate.settings import PointColumn, PointSettings
from calibrate.shrinkage import prior_strength

COLUMNS: tuple[PointColumn, ...] = ("lift", "cautious")


@dataclass(frozen=True, slots=True)
class CardAttribute:
    """One attribute of a scorecard: its levels with their counts and points in each column."""

    cells: Cells
    levels: Levels
    leads: Ints
    conversions: Ints
    points: dict[PointColumn, Ints]

    def cell_points(self, column: PointColumn) -> Ints:
        """Points of every cell; 0 where history has none."""
        by_level = np.append(np.where(self.levels.muted, 0, self.points[column]), 0)
        return by_level[self.levels.of_cell]


@dataclass(frozen=True, slots=True)
class Scorecard:
    """What a part of history teaches.  strength: leads of evidence before half a lift is believed."""

    attributes: tuple[CardAttribute, ...]
    leads: int
    conversions: int
    strength: float


def learn_scorecard(cells: Sequence[Cells], counts: Sequence[tuple[Ints, Ints]], settings: PointSettings) -> Scorecard:
    """A scorecard from leads and conversions by cell, an attribute at a time.

    Bins, pooling, prior strength and points are all learned here, so a fold that calls this sees none of its test.
    """
    unit = Fraction(str(settings.unit or 1))
    learned = []
    leads = conversions = 0
    for item, (cell_leads, cell_conversions) in zip(cells, counts, strict=True):
        leads, conversions = int(cell_leads.sum()), int(cell_conversions.sum())
        levels = learn_levels(item, cell_leads, cell_conversions, settings)
        learned.append((item, levels, levels.totals(cell_leads), levels.totals(cell_conversions)))
    strength = prior_strength([(n, k) for _, _, n, k in learned])
    attributes = tuple(
        CardAttribute(
            item,
            levels,
            n,
            k,
            {
                "lift": lift_points(k, n, conversions, leads, unit=unit),
                "cautious": cautious_points(k, n, conversions, leads, strength, unit=unit),
            },
        )
        for item, levels, n, k in learned
    )
    return Scorecard(attributes, leads, conversions, strength)
