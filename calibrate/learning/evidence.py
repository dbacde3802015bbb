"""What history says about a level, and about the attribute it belongs to."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from calibrate.leads.levels import Level
from calibrate.words.language import chained, message

if TYPE_CHECKING:
    from calibrate.learning.scorecard import CardAttribute, Scorecard
    from calibrate.settings import PointColumn
    from calibrate.statistics.lift import Lift
    from calibrate.statistics.points import Worth

MOST_CUTS = 70
_MOST_HELD = 8
Strength = Literal["strong", "some", "weak", "too few"]


@dataclass(frozen=True, slots=True)
class LevelEvidence:
    """One row of levels.csv.

    rate, rate_low, rate_high: 0 to 1, Wilson 95 %.  lift, lift_low, lift_high: percentage points
    against the overall rate, Newcombe 95 % of a part against its whole.  index: rate over overall rate;
    its ends are None where they cannot be estimated.  p_value against the rest, for bins
    chosen by the outcome after allowing for that choice; q_value after Benjamini-Hochberg over the calibration; both
    None where there is no test (everybody in one level).
    evidence: strong q < .05, some q < .20 and a range of the lift without 0, else weak; too few where the level is
    below the minimum.
    adjusted_lift, adjusted_low, adjusted_high: percentage points with the overlap of attributes taken out, 95 %;
    None where they were not learned, the ends also where the linear model gave them none.
    points_log_odds: None unless asked for.  points: the column that the rules carry; support_low, support_high: the
    points that the data support, 95 %, not rounded: the range of the lift, that of the posterior for cautious ones.
    woe: weight of evidence, log-odds.
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
    adjusted_lift: float | None = None
    adjusted_low: float | None = None
    adjusted_high: float | None = None
    points_log_odds: int | None = None
    support_low: float = 0.0
    support_high: float = 0.0
    woe: float = 0.0


@dataclass(frozen=True, slots=True)
class AttributeEvidence:
    """An attribute with the evidence of each of its levels.

    column: as it is called in the file.  name: as people read it.  member: for an attribute made from
    a set column (`a;b;c`), the value whose presence it is about.  trend: how its bins run.
    omnibus_p: does the attribute matter at all (Pearson chi-square over its levels), None for one level.
    unknown: points of a value that history does not know.
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
    unknown: int = 0

    @property
    def span(self) -> int:
        """Points between the best and the worst level."""
        points = [item.points for item in self.levels]
        return max(points) - min(points)


def attribute_evidence(
    card: Scorecard, column: PointColumn, worth: Worth | None = None, idle: int = 0
) -> tuple[AttributeEvidence, ...]:
    """The evidence of every attribute of a scorecard, widest span of points first; levels by rate, best first.

    column: the points that the rules carry.  worth: what one of them says; one percentage point if not said. A level
    with too few leads keeps its lift to be seen and gets no points.
    idle: attributes that were looked at and have no levels to tell apart; each is a test that found nothing.
    """
    from calibrate.learning.support import supported_points
    from calibrate.statistics.lift import adjusted_by_attribute, level_lifts
    from calibrate.statistics.points import Worth

    lifts = [level_lifts(item.conversions, item.leads, card.conversions, card.leads) for item in card.attributes]
    lifts = [
        tuple(_allowing_for_cuts(item, place, lift) for place, lift in enumerate(row))
        for item, row in zip(card.attributes, lifts, strict=True)
    ]
    tests = [[lift.p_value for lift in row] for row in lifts]
    q_values = adjusted_by_attribute([*tests, *([1.0] for _ in range(idle))])[: len(tests)]
    found = [
        _attribute(item, row, q_row, supported_points(item, row, column, worth or Worth(), card), column)
        for item, row, q_row in zip(card.attributes, lifts, q_values, strict=True)
    ]
    return tuple(sorted(found, key=lambda item: (-item.span, item.name)))


def _allowing_for_cuts(item: CardAttribute, place: int, lift: Lift) -> Lift:
    """The lift with the p-value of a bin that the outcome itself chose: Bonferroni over the cuts, at most 70.

    Simulated without a signal (24,000 histories of 3,000 leads in 200 cells), the least p-value of the chosen bins
    was 9 times too small near .01, 26 near .001 and 53 to 72 near .00003; fewer cells make it less.
    """
    if lift.p_value is None or not item.levels.cut_by_outcome or item.levels.levels[place].kind != "bin":
        return lift
    return replace(lift, p_value=min(1.0, lift.p_value * max(1, min(len(item.cells.edges), MOST_CUTS))))


def _attribute(
    item: CardAttribute,
    lifts: tuple[Lift, ...],
    q_values: tuple[float | None, ...],
    support: Sequence[tuple[float, float]],
    column: PointColumn,
) -> AttributeEvidence:
    from calibrate.statistics.lift import omnibus_p
    from calibrate.statistics.rates import wilson_interval
    from calibrate.statistics.woe import weight_of_evidence

    woe = weight_of_evidence(item.conversions, item.leads)
    lows, highs = wilson_interval(item.conversions, item.leads)
    levels = [
        replace(
            _level(item, place, lift, q_value, (float(lows[place]), float(highs[place])), column),
            support_low=support[place][0],
            support_high=support[place][1],
            woe=float(woe[place]),
        )
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
        unknown=item.unknown[column],
    )


def _level(
    item: CardAttribute,
    place: int,
    lift: Lift,
    q_value: float | None,
    interval: tuple[float, float],
    column: PointColumn,
) -> LevelEvidence:
    from calibrate.statistics.lift import evidence_word

    level = item.levels.levels[place]
    too_few = item.levels.too_few[place]
    points = {name: int(values[place]) for name, values in item.points.items()}
    lift_there, spread = _effect(item, place)
    word = evidence_word(q_value)
    if word == "some" and lift.low <= 0 <= lift.high:
        word = "weak"
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
        evidence="too few" if too_few else word,
        points_lift=points["lift"],
        points_cautious=points["cautious"],
        points_adjusted=points.get("adjusted"),
        points=int(item.level_points(column)[place]),
        note=_note(level, too_few, item.levels.muted[place]),
        adjusted_lift=lift_there,
        adjusted_low=None if spread is None or lift_there is None else lift_there - spread,
        adjusted_high=None if spread is None or lift_there is None else lift_there + spread,
        points_log_odds=points["log-odds"] if column == "log-odds" else None,
    )


def _effect(item: CardAttribute, place: int) -> tuple[float | None, float | None]:
    """The adjusted lift of a level and half its 95 % range, percentage points; None where not learned."""
    if item.effect is None:
        return None, None
    from calibrate.statistics.rates import normal_quantile

    error = float(item.effect.error[place])
    return float(item.effect.lift[place]), None if math.isnan(error) else normal_quantile(0.95) * error


def _note(level: Level, too_few: bool, muted: bool) -> str:
    notes = []
    if level.kind == "other" and level.values:
        shown, more = ", ".join(level.values[:_MOST_HELD]), len(level.values) - _MOST_HELD
        notes.append(message(f"levels.note.holds{'_more' if more > 0 else ''}", values=shown, more=more))
    if level.kind == "placeholder":
        notes.append(message("levels.note.placeholder"))
    if too_few:
        notes.append(message("levels.note.too_few"))
    elif muted:
        notes.append(message("levels.note.follows"))
    return chained("reasons.clauses", notes) if notes else ""
