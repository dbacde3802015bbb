"""A rules document with other points."""

from __future__ import annotations

from collections.abc import Mapping

from calibrate.document.rules import Rule, Rules
from calibrate.errors import SettingsError, nearest, shown
from calibrate.meeting.outcome_keys import missing_is_otherwise


def with_points(rules: Rules, edits: Mapping[tuple[str, int], int]) -> Rules:
    """The rules with other points for some outcomes, by rule id and number of the outcome; without worked leads.

    Where missing and otherwise are one level, the points of otherwise are those of both.

    Raises:
        SettingsError: there is no such rule or outcome.
    """
    known = {rule.id: rule for rule in rules.rules}
    for name, way in edits:
        if name not in known:
            raise SettingsError(f"edits: found rule {shown(name)}, expected one of the rules; {nearest(name, known)}")
        last = len(known[name].cases) + (0 if missing_is_otherwise(rules, known[name]) else 1)
        if not 0 <= way <= last:
            raise SettingsError(f"edits: found outcome {way} of rule {shown(name)}, expected 0 to {last}; correct it")
    changed = tuple(_edited(rules, rule, edits) for rule in rules.rules)
    return rules.model_copy(update={"rules": changed, "tests": ()})


def _edited(rules: Rules, rule: Rule, edits: Mapping[tuple[str, int], int]) -> Rule:
    cases = tuple(
        case.model_copy(update={"points": edits.get((rule.id, way), case.points)})
        for way, case in enumerate(rule.cases)
    )
    otherwise = edits.get((rule.id, len(cases)), rule.otherwise)
    missing = otherwise if missing_is_otherwise(rules, rule) else edits.get((rule.id, len(cases) + 1), rule.missing)
    return rule.model_copy(update={"cases": cases, "otherwise": otherwise, "missing": missing})
