"""The table of all levels: what history says of each, and the points it gets."""

from __future__ import annotations

from calibrate.calibration import Calibration
from calibrate.carried import carried_points
from calibrate.learning.evidence import AttributeEvidence, LevelEvidence
from calibrate.words.language import Language
from reports.page.section import Table, heads
from reports.wording import results
from reports.wording.levels import BESIDE, between, is_open, of, percent_between, side, support
from reports.wording.numbers import plain


def level_table(calibration: Calibration, say: Language) -> Table:
    """A part an attribute, a row a level; ranges stand below what they are a range of."""
    names = ["level", "points", "won", "rate", "lift", "adjusted", "evidence", "stable"]
    levels = [level for attribute in calibration.attributes for level in attribute.levels]
    if all(level.adjusted_lift is None for level in levels):
        names.remove("adjusted")
    steady = results.level_stabilities(calibration)
    if steady is None:
        names.remove("stable")
    kept = carried_points(calibration.rules, calibration.attributes) if calibration.settings.points.previous else None
    if kept:
        names.insert(1, "kept")
    digits = 1 if calibration.overall.rate >= 0.05 else 2
    parts = []
    for place, attribute in enumerate(calibration.attributes):
        found = steady[place] if steady else (None,) * len(attribute.levels)
        rows = (
            _cells(level, digits, say)
            | {
                "evidence": _evidence(calibration, attribute, level, say),
                "kept": say.signed(kept[place][number]) if kept else "",
                "stable": _stable(still.stable, say) if still and side(attribute, level) else "",
            }
            for number, (level, still) in enumerate(zip(attribute.levels, found, strict=True))
        )
        parts.append((plain(attribute.name), tuple(tuple(row[name] for name in names) for row in rows)))
    return Table(heads(names, say), tuple(parts))


def _cells(level: LevelEvidence, digits: int, say: Language) -> dict[str, str]:
    return {
        "level": _name(level, say),
        "won": of(level.conversions, level.leads, say),
        "rate": f"{say.percent(level.rate)}\n{percent_between(level.rate_low, level.rate_high, say)}",
        "lift": _lift(level.lift, level.lift_low, level.lift_high, digits, say),
        "adjusted": _lift(level.adjusted_lift, level.adjusted_low, level.adjusted_high, digits, say),
        "points": f"{say.signed(level.points)}\n{support(level, say)}",
    }


def _name(level: LevelEvidence, say: Language) -> str:
    name, note = plain(say.text(level.level.label)), say.text(level.note)
    return say("tables.with_note", level=name, note=plain(note)) if note else name


def _evidence(calibration: Calibration, attribute: AttributeEvidence, level: LevelEvidence, say: Language) -> str:
    """The evidence of the lift, and where points that were learned beside the others leave it open."""
    word, q = say(f"tables.evidence.{level.evidence}"), level.q_value
    if calibration.column in BESIDE and is_open(attribute, level) and level.evidence in ("strong", "some"):
        word = say(f"tables.open.{level.evidence}")
    if q is None:
        return word
    return say("tables.q_small" if q < 0.001 else "tables.q", word=word, q=say.number(max(q, 0.001), 3))


def _stable(stable: bool, say: Language) -> str:
    return say("tables.stable" if stable else "tables.not_stable")


def _lift(lift: float | None, low: float | None, high: float | None, digits: int, say: Language) -> str:
    if lift is None:
        return ""
    shown = say.lift(lift, digits)
    if low is None or high is None:
        return shown
    return f"{shown}\n{between(say.lift(low, digits), say.lift(high, digits), say)}"
