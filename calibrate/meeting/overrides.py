"""Points that people chose instead of those of history, in a rules document."""

from __future__ import annotations

from collections.abc import Mapping

from calibrate.document.decisions import Override
from calibrate.document.rules import Rule, Rules
from calibrate.meeting.outcome_keys import missing_is_otherwise


def override_of(rule: Rule, way: int) -> Override | None:
    """What people decided for one outcome of a rule, by its number; None where history has its points."""
    others = {len(rule.cases): rule.otherwise_override, len(rule.cases) + 1: rule.missing_override}
    return others[way] if way in others else rule.cases[way].override


def with_overrides(rules: Rules, overrides: Mapping[tuple[str, int], Override | None]) -> Rules:
    """The rules with other overrides for some outcomes, by rule id and number of the outcome; points stay.

    Where missing and otherwise are one level, the override of otherwise is that of both.
    """
    changed = tuple(_with_overrides(rules, rule, overrides) for rule in rules.rules)
    return rules.model_copy(update={"rules": changed})


def _with_overrides(rules: Rules, rule: Rule, overrides: Mapping[tuple[str, int], Override | None]) -> Rule:
    cases = tuple(
        case.model_copy(update={"override": overrides.get((rule.id, way), case.override)})
        for way, case in enumerate(rule.cases)
    )
    otherwise = overrides.get((rule.id, len(cases)), rule.otherwise_override)
    missing = overrides.get((rule.id, len(cases) + 1), rule.missing_override)
    if missing_is_otherwise(rules, rule):
        missing = otherwise
    return rule.model_copy(
        update={"cases": cases, "otherwise_override": otherwise, "missing_override": missing},
    )
