"""How much of the points is counted twice: the audit of a card whose attributes overlap."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from calibrate.leads.codes import CodeStore
from calibrate.leads.twins import some_leads
from calibrate.learning.scorecard import CardAttribute, Scorecard
from calibrate.settings import PointColumn
from calibrate.statistics.overlap import (
    Pair,
    SignFlip,
    double_counting,
    lift_standard_error,
    pairs_that_overlap,
    sign_flips,
    surviving,
)
from calibrate.statistics.packed import Floats

DOUBLE = 1.25


@dataclass(frozen=True, slots=True)
class Span:
    """Points between the best and the worst level of an attribute, alone and beside all others."""

    attribute: str
    lift: int
    adjusted: int


@dataclass(frozen=True, slots=True)
class Overlap:
    """What attributes have in common.

    factor: how many times too much summed lifts count, 1 where attributes do not overlap; None where nothing varies.
    pairs: attributes that go together, strongest first.  flips: levels whose lift turns its sign beside the others.
    points, left: all lift points, signs aside, and how many of them are left beside the others; None where that was
    not learned.  spans: an attribute each, widest lift first; empty likewise.
    """

    factor: float | None
    pairs: tuple[Pair, ...]
    flips: tuple[SignFlip, ...] = ()
    points: int | None = None
    left: int | None = None
    spans: tuple[Span, ...] = ()

    @property
    def worth(self) -> float | None:
        """What ten percentage points of summed lift are worth."""
        return None if self.factor is None else 10 / self.factor


def overlap_audit(store: CodeStore, places: Sequence[int], card: Scorecard) -> Overlap:
    """The audit of a card with points; places: of its attributes in the store. At most 100,000 leads are looked at."""
    rows = some_leads(store)
    held = sorted(zip(card.attributes, places, strict=True), key=lambda pair: -_span(pair[0], "lift"))

    def lifts() -> Iterator[Floats]:
        for item, place in held:
            by_level = np.append(100 * (item.conversions / item.leads - card.rate), 0.0)
            yield by_level[item.levels.of_cell].take(store.codes[place][rows])

    codes = {item.cells.name: item.levels.of_cell.take(store.codes[place][rows]) for item, place in held}
    factor, pairs = double_counting(lifts()), pairs_that_overlap(codes)
    if card.intercept is None:
        return Overlap(factor, pairs)
    points = [(item, ~np.array(item.levels.muted, dtype=bool)) for item, _ in held]
    alone = [point for item, given in points for point in item.points["lift"][given].tolist()]
    beside = [point for item, given in points for point in item.points["adjusted"][given].tolist()]
    total, left = surviving(alone, beside)
    spans = tuple(Span(item.cells.name, _span(item, "lift"), _span(item, "adjusted")) for item, _ in held)
    return Overlap(factor, pairs, sign_flips(_rows(card)), total, left, spans)


def _span(item: CardAttribute, column: PointColumn) -> int:
    return int(np.ptp(item.level_points(column)))


def _rows(card: Scorecard) -> Iterator[tuple[str, str, float, float, float, float]]:
    for item in card.attributes:
        if item.effect is None:
            continue
        lifts = 100 * (item.conversions / item.leads - card.rate)
        errors = lift_standard_error(item.conversions, item.leads, card.conversions, card.leads)
        for place, level in enumerate(item.levels.levels):
            if not item.levels.too_few[place]:
                yield (
                    item.cells.name,
                    level.label,
                    float(lifts[place]),
                    float(errors[place]),
                    float(item.effect.lift[place]),
                    float(item.effect.error[place]),
                )
