"""The table of all levels: what history says of each, and the points it gets."""

from __future__ import annotations

from calibrate.calibration import Calibration
from calibrate.learning.evidence import AttributeEvidence, LevelEvidence
from reports import prose, words
from reports.labels import COLUMN, EVIDENCE, OPEN, STABLE
from reports.level_words import BESIDE, is_open, side, support
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
        rows = (
            _cells(level, digits)
            | {
                "evidence": _evidence(calibration, attribute, level),
                "stable": STABLE[still.stable] if still and side(attribute, level) else "",
            }
            for level, still in zip(attribute.levels, found, strict=True)
        )
        parts.append((plain(attribute.name), tuple(tuple(row[name] for name in names) for row in rows)))
    return Table(tuple((COLUMN[name], name) for name in names), tuple(parts))


def _cells(level: LevelEvidence, digits: int) -> dict[str, str]:
    return {
        "level": plain(level.level.label) + (f" ({plain(level.note)})" if level.note else ""),
        "won": prose.of(level.conversions, level.leads),
        "rate": f"{percent(level.rate)}\n{percent_range(level.rate_low, level.rate_high)}",
        "lift": _lift(level.lift, level.lift_low, level.lift_high, digits),
        "adjusted": _lift(level.adjusted_lift, level.adjusted_low, level.adjusted_high, digits),
        "points": f"{signed(level.points)}\n{support(level)}",
    }


def _evidence(calibration: Calibration, attribute: AttributeEvidence, level: LevelEvidence) -> str:
    """The evidence of the lift, and where points that were learned beside the others leave it open."""
    word, q = EVIDENCE[level.evidence], level.q_value
    if calibration.column in BESIDE and is_open(attribute, level):
        word = OPEN.get(level.evidence, word)
    return word if q is None else f"{word}\nq {'<0.001' if q < 0.001 else f'{q:.3f}'}"


def _lift(lift: float | None, low: float | None, high: float | None, digits: int) -> str:
    if lift is None:
        return ""
    shown = signed_lift(lift, digits)
    return (
        shown if low is None or high is None else f"{shown}\n{signed_lift(low, digits)} to {signed_lift(high, digits)}"
    )
