"""Last quarter's points, put onto the outcomes of today's rules."""

from __future__ import annotations

from dataclasses import dataclass

from calibrate.document.lead_score import Value, outcome_of
from calibrate.document.rules import Condition, Has, In, Is, Range, Rule, Rules
from calibrate.statistics.points import round_half_away
from calibrate.words.language import Language
from reports.meeting.rows import points_of, rule_name


@dataclass(frozen=True, slots=True)
class LastPoints:
    """What last quarter gave an outcome: from low to high where its values had different points then.

    points: the mean of these, a whole number, halves away from 0.
    """

    low: int
    high: int
    points: int


@dataclass(frozen=True, slots=True)
class LastQuarter:
    """Last quarter's points in today's shape.

    points: by rule and outcome; None where nothing was asked then.  rules: today's document with these points (0 for
    None), and base, bounds and caps as they were.  lost: rules of then that nothing asks for today.
    """

    points: tuple[tuple[LastPoints | None, ...], ...]
    rules: Rules
    lost: tuple[str, ...]


def last_quarter(rules: Rules, previous: Rules, say: Language) -> LastQuarter:
    """The previous document as points for the outcomes of today's rules; gates are today's."""
    found = tuple(_counterpart(rule, previous) for rule in rules.rules)
    points = tuple(
        tuple(_last(rule, way, then) if then else None for way in range(len(rule.cases) + 2))
        for rule, then in zip(rules.rules, found, strict=True)
    )
    kept = {then.id for then in found if then}
    changed = tuple(_changed(rule, then) for rule, then in zip(rules.rules, points, strict=True))
    score = rules.score.model_copy(update={name: getattr(previous.score, name) for name in ("base", "min", "max")})
    groups = {
        name: group.model_copy(update={"min": previous.groups[name].min, "max": previous.groups[name].max})
        if name in previous.groups
        else group
        for name, group in rules.groups.items()
    }
    return LastQuarter(
        points=points,
        rules=rules.model_copy(update={"rules": changed, "score": score, "groups": groups, "tests": ()}),
        lost=tuple(rule_name(previous, rule, say) for rule in previous.rules if rule.id not in kept),
    )


def _counterpart(rule: Rule, previous: Rules) -> Rule | None:
    """The rule of then that reads the same attribute; of a set, the one that asks for the same value."""
    candidates = [item for item in previous.rules if item.attr == rule.attr]
    asked = [case.when for case in rule.cases if isinstance(case.when, Has)]
    if asked:
        return next((item for item in candidates if any(case.when in asked for case in item.cases)), None)
    return next((item for item in candidates if item.id == rule.id), candidates[0] if candidates else None)


def _last(rule: Rule, way: int, then: Rule) -> LastPoints:
    if way >= len(rule.cases):
        points = [points_of(then)[way - len(rule.cases) + len(then.cases)]]
    else:
        values = _values(rule.cases[way].when, then)
        points = [points_of(then)[outcome_of(then, value)] for value in values]
    return LastPoints(min(points), max(points), int(round_half_away(sum(points), len(points))))


def _values(when: Condition, then: Rule) -> tuple[Value, ...]:
    """Values for which the condition is true, one at least of every kind that the rule of then tells apart."""
    match when:
        case In():
            return when.in_
        case Is():
            return (when.is_,)
        case Has():
            return (frozenset({when.has}),)
        case Range(ge=ge, lt=lt):
            low = float("-inf") if ge is None else float(ge)
            ranges = [case.when for case in then.cases if isinstance(case.when, Range)]
            edges = {float(end) for item in ranges for end in (item.ge, item.lt) if end is not None}
            return (low, *sorted(edge for edge in edges if low < edge and (lt is None or edge < lt)))


def _changed(rule: Rule, then: tuple[LastPoints | None, ...]) -> Rule:
    points = [item.points if item else 0 for item in then]
    cases = tuple(
        case.model_copy(update={"points": value}) for case, value in zip(rule.cases, points[:-2], strict=True)
    )
    return rule.model_copy(update={"cases": cases, "otherwise": points[-2], "missing": points[-1]})
