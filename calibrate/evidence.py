"""What history says about a level, and about the attribute it belongs to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from calibrate.lift import Lift
    from calibrate.scorecard import CardAttribute, Scorecard

LevelKind = Literal["value", "bin", "placeholder", "other", "missing"]
MOST_CUTS = 70
Strength = Literal["strong", "some", "weak", "too few"]


@dataclass(frozen=True, slots=True)
class Level:
    """One value, bin or set of values of an attribute; the levels of an attribute never overlap.

    label: as people read it (`Software`, `50 to 249`, `(missing)`, `other`).
    values: the exact texts it holds, for kinds value, placeholder and other; empty otherwise.
    low, high: a bin holds low <= number < high; None is an open end.
    truth: for a yes/no attribute the truth value; for a set attribute whether the set holds the value.
    """

    kind: LevelKind
    label: str
    values: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    truth: bool | None = None


@dataclass(frozen=True, slots=True)
class LevelEvidence:
    """One row of levels.csv.

    rate, rate_low, rate_high: 0 to 1, Wilson 95 %.  lift, lift_low, lift_high: percentage points
    against the overall rate, Newcombe 95 % of a part against its whole.  index: rate over overall rate;
    its ends are None where they cannot be estimated.  p_value against the rest, for bins
    chosen by the outcome after allowing for that choice; q_value after Benjamini-Hochberg over the calibration; both
    None where there is no test (everybody in one level).
    evidence: strong q < .05, some q < .20, else weak; too few where the level is below the minimum.
    points: the column that the rules carry.
    """

    level: Level
    leads: int
    conversions: int
    rate: float
    rate_low: float
    rate_high: float
    lift: float
    lift_low: float
    lift_high: float
    index: float
    index_low: float | None
    index_high: float | None
    p_value: float | None
    q_value: float | None
    evidence: Strength
    points_lift: int
    points_cautious: int
    points_adjusted: int | None
    points: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class AttributeEvidence:
    """An attribute with the evidence of each of its levels.

    column: as it is called in the file.  name: as people read it.  member: for an attribute made from
    a set column (`a;b;c`), the value whose presence it is about.  trend: how its bins run.
    omnibus_p: does the attribute matter at all (Pearson chi-square over its levels), None for one level.
    """

    column: str
    name: str
    kind: Literal["category", "number", "boolean", "set"]
    group: str
    levels: tuple[LevelEvidence, ...]
    member: str | None = None
    separator: str | None = None
    trend: Literal["up", "down", "none"] | None = None
    omnibus_p: float | None = None

    @property
    def span(self) -> int:
        """Points between the best and the worst level."""
        points = [item.points for item in self.levels]
        return max(points) - min(points)


def attribute_evidence(
    card: Scorecard, column: Literal["lift", "cautious"], idle: int = 0
) -> tuple[AttributeEvidence, ...]:
    """The evidence of every attribute of a scorecard, widest span of points first; levels by rate, best first.

    column: the points that the rules carry. A level with too few leads keeps its lift to be seen and gets no points.
    idle: attributes that were looked at and have no levels to tell apart; each is a test that found nothing.
    """
    from calibrate.lift import adjusted_by_attribute, level_lifts

    lifts = [level_lifts(item.conversions, item.leads, card.conversions, card.leads) for item in card.attributes]
    lifts = [
        tuple(_allowing_for_cuts(item, place, lift) for place, lift in enumerate(row))
        for item, row in zip(card.attributes, lifts, strict=True)
    ]
    tests = [[lift.p_value for lift in row] for row in lifts]
    q_values = adjusted_by_attribute([*tests, *([1.0] for _ in range(idle))])[: len(tests)]
    found = [
        _attribute(item, row, q_row, column) for item, row, q_row in zip(card.attributes, lifts, q_values, strict=True)
    ]
    return tuple(sorted(found, key=lambda item: (-item.span, item.name)))


def _allowing_for_cuts(item: CardAttribute, place: int, lift: Lift) -> Lift:
    """The lift with the p-value of a bin that the outcome itself chose: Bonferroni over the cuts, at most 70.

    Simulated without a signal (24,000 histories of 3,000 leads in 200 cells), the least p-value of the chosen bins
    was 9 times too small near .01, 26 near .001 and 53 to 72 near .00003; fewer cells make it less.
    """
    cells = item.cells
    if lift.p_value is None or cells.kind != "number" or cells.fixed or item.levels.levels[place].kind != "bin":
        return lift
    return replace(lift, p_value=min(1.0, lift.p_value * max(1, min(len(cells.edges), MOST_CUTS))))


def _attribute(
    item: CardAttribute,
    lifts: tuple[Lift, ...],
    q_values: tuple[float | None, ...],
    column: Literal["lift", "cautious"],
) -> AttributeEvidence:
    from calibrate.lift import omnibus_p
    from calibrate.rates import wilson_interval

    lows, highs = wilson_interval(item.conversions, item.leads)
    levels = [
        _level(item, place, lift, q_value, (float(lows[place]), float(highs[place])), column)
        for place, (lift, q_value) in enumerate(zip(lifts, q_values, strict=True))
    ]
    cells = item.cells
    if cells.kind != "number":
        levels.sort(key=lambda level: (-level.rate, level.level.label))
    return AttributeEvidence(
        column=cells.column,
        name=cells.name,
        kind=cells.kind,
        group=cells.group,
        levels=tuple(levels),
        member=cells.member,
        separator=cells.separator,
        trend=item.levels.trend,
        omnibus_p=omnibus_p(item.leads, item.conversions),
    )


def _level(
    item: CardAttribute,
    place: int,
    lift: Lift,
    q_value: float | None,
    interval: tuple[float, float],
    column: Literal["lift", "cautious"],
) -> LevelEvidence:
    from calibrate.lift import evidence_word

    level = item.levels.levels[place]
    too_few = item.levels.too_few[place]
    points = {name: int(values[place]) for name, values in item.points.items()}
    leads, conversions = int(item.leads[place]), int(item.conversions[place])
    return LevelEvidence(
        level=level,
        leads=leads,
        conversions=conversions,
        rate=conversions / leads,
        rate_low=interval[0],
        rate_high=interval[1],
        lift=lift.lift,
        lift_low=lift.low,
        lift_high=lift.high,
        index=lift.index,
        index_low=lift.index_low,
        index_high=lift.index_high,
        p_value=lift.p_value,
        q_value=q_value,
        evidence="too few" if too_few else evidence_word(q_value),
        points_lift=points["lift"],
        points_cautious=points["cautious"],
        points_adjusted=None,
        points=0 if item.levels.muted[place] else points[column],
        note=_note(level, too_few, item.levels.muted[place]),
    )


def _note(level: Level, too_few: bool, muted: bool) -> str:
    notes = []
    if level.kind == "other" and level.values:
        shown = ", ".join(level.values[:8]) + (f" and {len(level.values) - 8} more" if len(level.values) > 8 else "")
        notes.append(f"holds {shown}")
    if level.kind == "placeholder":
        notes.append("looks like a placeholder")
    if too_few:
        notes.append("not enough history: 0 points")
    elif muted:
        notes.append("being filled in may follow the outcome: 0 points")
    return "; ".join(notes)
