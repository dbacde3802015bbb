"""The table of all levels: what history says of each, and the points it gets."""

from __future__ import annotations

from calibrate.calibration import Calibration
from calibrate.learning.evidence import LevelEvidence
from calibrate.proof.stability import LevelStability
from reports import prose, words
from reports.labels import COLUMN, EVIDENCE, STABLE
from reports.numbers import percent, percent_range, plain, signed, signed_lift
from reports.section import Table


def level_table(calibration: Calibration) -> Table:
    """A part an attribute, a row a level; ranges stand below what they are a range of."""
    names = ["level", "points", "won", "rate", "lift", "adjusted", "evidence", "stable"]
    levels = [level for attribute in calibration.attributes for level in attribute.levels]
    if all(level.adjusted_lift is None for level in levels):
        names.remove("adjusted")
    steady = words.level_stabilities(calibration)
    if steady is None:
        names.remove("stable")
    digits = 1 if calibration.overall.rate >= 0.05 else 2
    parts = []
    for place, attribute in enumerate(calibration.attributes):
        found = steady[place] if steady else (None,) * len(attribute.levels)
        rows = (_cells(level, still, digits) for level, still in zip(attribute.levels, found, strict=True))
        parts.append((plain(attribute.name), tuple(tuple(row[name] for name in names) for row in rows)))
    return Table(tuple((COLUMN[name], name) for name in names), tuple(parts))


def _cells(level: LevelEvidence, still: LevelStability | None, digits: int) -> dict[str, str]:
    q = level.q_value
    return {
        "level": plain(level.level.label) + (f" ({plain(level.note)})" if level.note else ""),
        "won": prose.of(level.conversions, level.leads),
        "rate": f"{percent(level.rate)}\n{percent_range(level.rate_low, level.rate_high)}",
        "lift": _lift(level.lift, level.lift_low, level.lift_high, digits),
        "adjusted": _lift(level.adjusted_lift, level.adjusted_low, level.adjusted_high, digits),
        "points": f"{signed(level.points)}\n{words.support(level)}",
        "evidence": EVIDENCE[level.evidence] + ("" if q is None else "\nq <0.001" if q < 0.001 else f"\nq {q:.3f}"),
        "stable": STABLE[still.stable] if still and level.points else "",
    }


def _lift(lift: float | None, low: float | None, high: float | None, digits: int) -> str:
    if lift is None:
        return ""
    shown = signed_lift(lift, digits)
    return (
        shown if low is None or high is None else f"{shown}\n{signed_lift(low, digits)} to {signed_lift(high, digits)}"
    )
