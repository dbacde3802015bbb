"""What history says about a level, and about the attribute it belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

LevelKind = Literal["value", "bin", "placeholder", "other", "missing"]
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
    its ends are None where they cannot be estimated.  p_value against the rest; q_value after
    Benjamini-Hochberg over the calibration; both None where there is no test (everybody in one level).
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
