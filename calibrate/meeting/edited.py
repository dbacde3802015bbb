"""A rules document with other points."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from calibrate.document.lead_score import outcome_label, words_of
from calibrate.document.rules import Rule, Rules
from calibrate.errors import SettingsError, nearest, shown
from calibrate.meeting.outcome_keys import missing_is_otherwise

Level = TypeVar("Level", bound=int | str)


def with_points(rules: Rules, edits: Mapping[tuple[str, Level], int]) -> Rules:
    """The rules with other points for some outcomes, by rule id and level; without worked leads.

    A level is the number of the outcome or its label. Where missing and otherwise are one level, the points of
    otherwise are those of both.

    Raises:
        SettingsError: there is no such rule or level.
    """
    ways = {(name, way_of(rules, name, level)): points for (name, level), points in edits.items()}
    changed = tuple(_edited(rules, rule, ways) for rule in rules.rules)
    return rules.model_copy(update={"rules": changed, "tests": ()})


def way_of(rules: Rules, name: str, level: int | str) -> int:
    """The number of an outcome of the rule with this id, by its number or its label.

    Raises:
        SettingsError: there is no such rule or level.
    """
    known = {rule.id: rule for rule in rules.rules}
    if name not in known:
        raise SettingsError(f"edits: found rule {shown(name)}, expected one of the rules; {nearest(name, known)}")
    rule = known[name]
    last = len(rule.cases) + (0 if missing_is_otherwise(rules, rule) else 1)
    if isinstance(level, int):
        if not 0 <= level <= last:
            raise SettingsError(f"edits: found outcome {level} of rule {shown(name)}, expected 0 to {last}; correct it")
        return level
    labels = [words_of(rules).text(outcome_label(rule, way)) for way in range(last + 1)]
    if level not in labels:
        found = f"level {shown(level)} of rule {shown(name)}"
        raise SettingsError(f"edits: found {found}, expected one of its levels; {nearest(level, labels)}")
    return labels.index(level)


def _edited(rules: Rules, rule: Rule, edits: Mapping[tuple[str, int], int]) -> Rule:
    cases = tuple(
        case.model_copy(update={"points": edits.get((rule.id, way), case.points)})
        for way, case in enumerate(rule.cases)
    )
    otherwise = edits.get((rule.id, len(cases)), rule.otherwise)
    missing = otherwise if missing_is_otherwise(rules, rule) else edits.get((rule.id, len(cases) + 1), rule.missing)
    return rule.model_copy(update={"cases": cases, "otherwise": otherwise, "missing": missing})
