"""Worked leads that other points or another threshold hand over, or no longer do."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from calibrate.document.lead_score import holds, outcome_points, read_value, score_lead
from calibrate.document.rules import Rules, WorkedLead
from calibrate.errors import shown
from calibrate.meeting.outcome_keys import digit_of


@dataclass(frozen=True, slots=True)
class ChangedSide:
    """A worked lead that changes side.

    lead: its number among those of the document.  before, after: its score.  handed: whether it is handed over now.
    reasons: rule and outcome, by number, whose points for it changed; none where a gate decides.
    """

    lead: int
    before: int
    after: int
    handed: bool
    reasons: tuple[tuple[int, int], ...]


def lead_outcomes(rules: Rules, worked: WorkedLead) -> tuple[int, tuple[int, ...]]:
    """The gate that decides on a worked lead, -1 none, and the outcome of every rule, numbered as in `Combinations`."""
    values = {
        name: read_value(attribute, worked.lead.get(name), partial("worked lead, {}".format, shown(name)))
        for name, attribute in rules.attributes.items()
    }
    asked = ((gate.when.condition, values[gate.when.attr]) for gate in rules.gates)
    decides = [value is not None and holds(condition, value) for condition, value in asked]
    ways = tuple(digit_of(rules, rule, values[rule.attr]) for rule in rules.rules)
    return decides.index(True) if True in decides else -1, ways


def changed_sides(before: Rules, after: Rules, threshold_before: int, threshold_after: int) -> tuple[ChangedSide, ...]:
    """The worked leads of the rules before that are on another side of the threshold after; rules differ in points."""
    found = []
    for number, worked in enumerate(before.tests):
        then, now = (score_lead(rules, worked.lead).score for rules in (before, after))
        if (then >= threshold_before) == (now >= threshold_after):
            continue
        gate, ways = lead_outcomes(before, worked)
        pairs = enumerate(zip(before.rules, after.rules, ways, strict=True))
        moved = [
            (place, way) for place, (old, new, way) in pairs if outcome_points(old, way) != outcome_points(new, way)
        ]
        found.append(ChangedSide(number, then, now, now >= threshold_after, tuple(moved) if gate < 0 else ()))
    return tuple(found)
