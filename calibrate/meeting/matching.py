"""What differs between two rules documents: points of the same condition, new and vanished ones, other parts.

Cases are the same when they read the same attribute by the same condition: equal values, equal edges.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass

from pydantic import JsonValue, TypeAdapter

from calibrate.document.lead_score import Value, outcome_label, outcome_of, outcome_points
from calibrate.document.part import Part
from calibrate.document.rules import Condition, Evidence, Has, In, Is, Range, Rule, Rules

_LOWEST = -1e308


@dataclass(frozen=True, slots=True)
class Level:
    """One outcome of a rule in a document: its points, what history says of it, and whether people set the points."""

    points: int
    evidence: Evidence | None
    decided: bool


@dataclass(frozen=True, slots=True)
class Pair:
    """The same outcome of a rule in two documents.

    rule, attr: as the new document has them, or the old one alone.  attribute, label: as people read them.
    old, new: None where the document has no such case; elsewhere: the points that its leads get there then, none
    where there is no rule for them.
    alike: whether the outcome holds the same leads in both; what no case holds depends on the cases.
    """

    rule: str
    attr: str
    attribute: str
    label: str
    old: Level | None
    new: Level | None
    elsewhere: tuple[int, ...]
    alike: bool


@dataclass(frozen=True, slots=True)
class PartChange:
    """Another part that differs, as it stands in each document; None where it is not there."""

    part: str
    name: str | None
    old: JsonValue
    new: JsonValue


def pairs_of(old: Rules, new: Rules) -> tuple[Pair, ...]:
    """Every outcome of every rule of either document: first as the new one has them, then what is only in the old."""
    before, after = dict(keyed_rules(old)), dict(keyed_rules(new))
    pairs: list[Pair] = []
    for key, rule in after.items():
        pairs += _pairs(old, new, before.get(key), rule)
    for key, rule in before.items():
        if key not in after:
            pairs += _pairs(old, new, rule, None)
    return tuple(pairs)


def part_changes(old: Rules, new: Rules) -> tuple[PartChange, ...]:
    """What differs beside rules: attributes, gates, caps, bands by edge and action, score, threshold, probability."""
    before, after = _parts(old), _parts(new)
    return tuple(change for part in after for change in _differing(part, before[part], after[part]))


def evidence_at(rule: Rule, place: int) -> Evidence | None:
    """What history says of an outcome of a rule; of a set, whose missing is `otherwise`, it stands there alone."""
    if place < len(rule.cases):
        return rule.cases[place].evidence
    if place == len(rule.cases):
        return rule.otherwise_evidence
    return None if missing_stands_with_otherwise(rule) else rule.missing_evidence


def missing_stands_with_otherwise(rule: Rule) -> bool:
    """Whether one evidence tells of missing and of `otherwise` together, as of a set."""
    of_set = bool(rule.cases) and all(isinstance(case.when, Has) for case in rule.cases)
    return of_set and rule.missing_evidence == rule.otherwise_evidence


def attribute_name(rules: Rules, rule: Rule) -> str:
    """What a rule reads, as people call it."""
    return rule.label or rules.attributes[rule.attr].label or rule.attr


def keyed_rules(rules: Rules) -> Iterator[tuple[Hashable, Rule]]:
    """Rules by what they read: of a set the member, of several on the same thing their number."""
    seen: Counter[Hashable] = Counter()
    for rule in rules.rules:
        when = rule.cases[0].when if len(rule.cases) == 1 else None
        key = (rule.attr, when.has if isinstance(when, Has) else None)
        yield (key, seen[key]), rule
        seen[key] += 1


@dataclass(frozen=True, slots=True)
class _Outcome:
    document: Rules
    rule: Rule
    place: int

    @property
    def level(self) -> Level:
        cases, place = self.rule.cases, self.place
        others = (self.rule.otherwise_override, self.rule.missing_override)
        override = cases[place].override if place < len(cases) else others[place - len(cases)]
        return Level(outcome_points(self.rule, place), evidence_at(self.rule, place), override is not None)


def _outcomes(document: Rules, rule: Rule | None) -> dict[Hashable, _Outcome]:
    if rule is None:
        return {}
    keys = [*(condition_key(case.when) for case in rule.cases), "otherwise", "missing"]
    return {key: _Outcome(document, rule, place) for place, key in enumerate(keys)}


def _pairs(old: Rules, new: Rules, before: Rule | None, after: Rule | None) -> Iterator[Pair]:
    """The outcomes of a rule in two documents, of which one may lack it."""
    then, now = _outcomes(old, before), _outcomes(new, after)
    for key in dict.fromkeys([*now, *then]):
        here, other = (now[key], before) if key in now else (then[key], after)
        both = key in then and key in now
        yield Pair(
            rule=here.rule.id,
            attr=here.rule.attr,
            attribute=attribute_name(here.document, here.rule),
            label=outcome_label(here.rule, here.place),
            old=then[key].level if key in then else None,
            new=now[key].level if key in now else None,
            elsewhere=() if both or other is None else _points_of(here.rule.cases[here.place].when, other),
            alike=both and (key != "otherwise" or then.keys() == now.keys()),
        )


def condition_key(condition: Condition) -> Hashable:
    """What tells a condition from others: equal values in any order, equal edges."""
    match condition:
        case In():
            return "in", frozenset(condition.in_)
        case Is():
            return "is", condition.is_
        case Has():
            return "has", condition.has
        case Range():
            return "range", condition.ge, condition.lt


def _points_of(condition: Condition, rule: Rule) -> tuple[int, ...]:
    """The different points that a rule gives the values of a condition."""
    found = (outcome_points(rule, outcome_of(rule, value)) for value in _values(condition, rule))
    return tuple(dict.fromkeys(found))


def _values(condition: Condition, rule: Rule) -> list[Value]:
    """Values of the condition, one at least for each outcome of the rule that holds some of them."""
    match condition:
        case In():
            return list(condition.in_)
        case Is():
            return [condition.is_]
        case Has():
            return [frozenset({condition.has})]
        case Range(ge=ge, lt=lt):
            low, high = _LOWEST if ge is None else ge, math.inf if lt is None else lt
            ranges = [case.when for case in rule.cases if isinstance(case.when, Range)]
            ends = {end for item in ranges for end in (item.ge, item.lt) if end is not None}
            return [low, *sorted(end for end in ends if low < end < high)]


def _parts(rules: Rules) -> dict[str, Mapping[str, object]]:
    """What a document holds beside rules, by part and name."""
    return {
        "attribute": rules.attributes,
        "gate": {item.id: item for item in rules.gates},
        "group": rules.groups,
        "band": {band.name: {"from": band.from_, "action": band.action} for band in rules.bands},
        "score": rules.score.model_dump(mode="json"),
        "threshold": {"": rules.handover_score},
        "probability": {"": rules.probability},
    }


def _differing(part: str, old: Mapping[str, object], new: Mapping[str, object]) -> Iterator[PartChange]:
    for name in dict.fromkeys([*old, *new]):
        before, after = _plain(old.get(name)), _plain(new.get(name))
        if before != after:
            yield PartChange(part, name or None, before, after)


def _plain(value: object) -> JsonValue:
    """A part of a document as JSON."""
    if isinstance(value, Part):
        return value.model_dump(mode="json", by_alias=True, exclude_none=True)
    return TypeAdapter(JsonValue).validate_python(value)
