"""Rules as lists of criteria: what products want that add points for each condition that holds.

The outcomes of a rule exclude each other, so those with the same points are one criterion, and criteria without
points are left out. What a rule says by order (a first case, then `otherwise`) a criterion says by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from calibrate.document.rules import Attribute, Case, Condition, Evidence, Has, In, Is, Range, Rule, Rules
from calibrate.errors import shown
from calibrate.exports.target import ExportError, Loss

Op = Literal["in", "not in", "has", "has not", "at least", "under", "is", "empty", "not empty"]
ENDLESS = 1e300
SCORE_ONLY = (
    Loss("reasons", "refused", "the product shows what it added, not the reasons of the rules"),
    Loss("percentile", "refused", "the product compares no lead with the others; look it up by score in rules.json"),
    Loss("probability", "refused", "the product gives points, no probability; look it up by score in rules.json"),
)


@dataclass(frozen=True, slots=True)
class Test:
    """One comparison of one field. has, has not: a set holds this text."""

    __test__ = False  # no class of tests to pytest

    op: Op
    value: tuple[str, ...] | str | float | bool | None = None


Outcome = tuple[tuple[Test, ...], ...]
"""Alternatives, each of which is tests that must all hold."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """Outcomes of one rule that give the same points. places: their numbers, as lead_score numbers them."""

    rule: Rule
    points: int
    places: tuple[int, ...]
    outcome: Outcome


def criteria(rules: Rules) -> tuple[Criterion, ...]:
    """Every criterion that gives points, in the order of the document."""
    return tuple(item for rule in rules.rules for item in criteria_of(rule, rules.attributes[rule.attr]))


def with_base(rules: Rules, target: str) -> tuple[Criterion, ...]:
    """Every criterion that gives points, before them the base as one that always holds.

    Raises:
        ExportError: there is none.
    """
    found = criteria(rules)
    if rules.score.base and rules.rules:
        base = Rule(id="base", attr=rules.rules[0].attr, label="base")
        always = ((Test("not empty"),), (Test("empty"),))
        found = (Criterion(base, rules.score.base, (), always), *found)
    if not found:
        fault = "rules: found no rule that gives points, expected one at least; calibrate a history that has some"
        raise ExportError([f"{target}: {fault}"])
    return found


def criteria_of(rule: Rule, attribute: Attribute) -> tuple[Criterion, ...]:
    """The criteria of one rule that give points, in the order of its outcomes."""
    places: dict[int, list[int]] = {}
    for place, points in enumerate(points_of(rule)):
        if points and outcome_tests(rule, attribute, place):
            places.setdefault(points, []).append(place)
    return tuple(
        Criterion(rule, points, tuple(items), _joined([outcome_tests(rule, attribute, item) for item in items]))
        for points, items in places.items()
    )


def _joined(outcomes: Sequence[Outcome]) -> Outcome:
    """The alternatives of all outcomes; those that only name texts become one."""
    texts: list[str] = []
    others: list[tuple[Test, ...]] = []
    for tests in (tests for outcome in outcomes for tests in outcome):
        match tests:
            case (Test(op="in", value=tuple() as values),):
                texts += values
            case _:
                others.append(tests)
    return ((Test("in", tuple(texts)),), *others) if texts else tuple(others)


def shows_part_of(item: Criterion) -> bool:
    """Whether a criterion looks into a set."""
    return any(test.op in ("has", "has not") for tests in item.outcome for test in tests)


def points_of(rule: Rule) -> tuple[int, ...]:
    """Points of every outcome: the cases, then `otherwise`, then `missing`."""
    return (*(case.points for case in rule.cases), rule.otherwise, rule.missing)


def evidence_of(rule: Rule) -> tuple[Evidence | None, ...]:
    """What history says about every outcome, in the same order.

    A run counts a set without a value among those without the text; what is counted so is not said twice.
    """
    of_sets = any(isinstance(case.when, Has) for case in rule.cases)
    twice = of_sets and rule.missing_evidence == rule.otherwise_evidence
    missing = None if twice else rule.missing_evidence
    return (*(case.evidence for case in rule.cases), rule.otherwise_evidence, missing)


def with_points(rule: Rule, points: Sequence[int]) -> Rule:
    """The rule with other points, in the order of `points_of`; evidence is left out where they changed."""
    *of_cases, otherwise, missing = points
    kept = [new == old for new, old in zip(points, points_of(rule), strict=True)]
    return Rule(
        id=rule.id,
        attr=rule.attr,
        group=rule.group,
        label=rule.label,
        cases=tuple(
            case if new == case.points else Case(when=case.when, points=new, label=case.label)
            for case, new in zip(rule.cases, of_cases, strict=True)
        ),
        otherwise=otherwise,
        missing=missing,
        otherwise_evidence=rule.otherwise_evidence if kept[-2] else None,
        missing_evidence=rule.missing_evidence if kept[-1] else None,
    )


def outcome_tests(rule: Rule, attribute: Attribute, place: int) -> Outcome:
    """When an outcome is the one of a lead, by itself; no alternatives for one that cannot be."""
    conditions = [case.when for case in rule.cases]
    if place > len(conditions):
        return ((Test("empty"),),)
    if place == len(conditions):
        return _rest(conditions, attribute)
    before = tuple(Test("has not", item.has) for item in conditions[:place] if isinstance(item, Has))
    return ((*condition_tests(conditions[place]), *before),)


def condition_tests(condition: Condition) -> tuple[Test, ...]:
    """The tests that a condition is."""
    match condition:
        case In(in_=values):
            return (Test("in", values),)
        case Is(is_=truth):
            return (Test("is", truth),)
        case Has(has=text):
            return (Test("has", text),)
        case Range(ge=ge, lt=lt):
            start = () if ge is None or ge <= -ENDLESS else (Test("at least", ge),)
            end = () if lt is None or lt >= ENDLESS else (Test("under", lt),)
            return (*start, *end) or (Test("not empty"),)


def _rest(conditions: Sequence[Condition], attribute: Attribute) -> Outcome:
    """A value that is there and makes no condition true."""
    if not conditions:
        return ((Test("not empty"),),)
    if attribute.type == "number":
        return tuple(condition_tests(item) for item in _gaps([item for item in conditions if isinstance(item, Range)]))
    if attribute.type == "boolean":
        named = {item.is_ for item in conditions if isinstance(item, Is)}
        return tuple((Test("is", truth),) for truth in (True, False) if truth not in named)
    if attribute.type == "set":
        return ((*(Test("has not", item.has) for item in conditions if isinstance(item, Has)), Test("not empty")),)
    values = tuple(text for item in conditions if isinstance(item, In) for text in item.in_)
    return ((Test("not in", values), Test("not empty")),)


def _gaps(bins: Sequence[Range]) -> Iterator[Range]:
    """The numbers between rising bins, and those beyond them."""
    if bins[0].ge is not None and bins[0].ge > -ENDLESS:
        yield Range(lt=bins[0].ge)
    for low, high in pairwise(bins):
        if low.lt is not None and high.ge is not None and low.lt < high.ge:
            yield Range(ge=low.lt, lt=high.ge)
    if bins[-1].lt is not None and bins[-1].lt < ENDLESS:
        yield Range(ge=bins[-1].lt)


def text_faults(rules: Rules, most: int, marks: Sequence[str] = (), *, gates: bool = False) -> Iterator[str]:
    """A fault for every text of a condition that a form does not hold as it is, and every number that leaves none.

    most: characters.  marks: what the product takes for its own language.  gates: whether it is given them too.
    """
    found: list[tuple[str, Condition]] = [
        (f"rules[{number}].cases[{place}]", case.when)
        for number, rule in enumerate(rules.rules)
        for place, case in enumerate(rule.cases)
    ]
    found += [(f"gates[{number}].when", gate.when.condition) for number, gate in enumerate(rules.gates) if gates]
    for where, condition in found:
        if isinstance(condition, Range):
            yield from _far_ends(where, condition)
        texts = condition.in_ if isinstance(condition, In) else (condition.has,) if isinstance(condition, Has) else ()
        for text in texts:
            if wrong := _unsayable(text, most, marks):
                yield f"{where}: found {shown(text)}, expected {wrong}; write it otherwise in the history and the rules"


def _far_ends(where: str, when: Range) -> Iterator[str]:
    """A fault for an end beyond which a form knows no number: what lies there would be nobody or everybody."""
    far = (("ge", when.ge, when.ge is not None and when.ge >= ENDLESS),
           ("lt", when.lt, when.lt is not None and when.lt <= -ENDLESS))  # fmt: skip
    for key, end, is_far in far:
        if is_far:
            yield f"{where}.when.{key}: found {end!r}, expected a number nearer to 0 than 1e300; let the bin end nearer"


def _unsayable(text: str, most: int, marks: Sequence[str]) -> str | None:
    if not text.isprintable():
        return "a text of one line, without control characters"
    if text != text.strip():
        return "a text without spaces at its ends, which a form takes off"
    if len(text) > most:
        return f"at most {most} characters, not {len(text)}"
    mark = next((mark for mark in marks if mark in text), None)
    return None if mark is None else f"a text without {mark}, which the product takes for its own"


def case_notes(rules: Rules, product: str) -> tuple[str, ...]:
    """That a product does not regard case in texts, where the rules have any."""
    conditions = [case.when for rule in rules.rules for case in rule.cases]
    conditions += [gate.when.condition for gate in rules.gates]
    if not any(isinstance(condition, In | Has) for condition in conditions):
        return ()
    return (
        f"As far as is known from memory, {product} compares texts without regard to case: a value that differs from "
        "that of the rules in case alone gets its points there, and not here. Write values alike.",
    )


def doubts(rules: Rules) -> tuple[str, ...]:
    """A sentence for everything that a form may take otherwise than the rules do.

    Texts of one rule that differ in case alone: many products take them for one.  A set with nothing in it: to a
    product it is missing.
    """
    found: list[str] = []
    for rule in rules.rules:
        seen: dict[str, str] = {}
        for text in (text for case in rule.cases if isinstance(case.when, In) for text in case.when.in_):
            other = seen.setdefault(text.casefold(), text)
            if other != text:
                found.append(
                    f"Rule {rule.id}: {shown(other)} and {shown(text)} differ in case alone. Where the product does "
                    "not tell them apart, a lead gets the points of both; write them alike in the history."
                )
        if rules.attributes[rule.attr].type == "set" and rule.otherwise != rule.missing:
            found.append(
                f"Rule {rule.id}: a set with nothing in it gets {rule.missing} points as missing, not {rule.otherwise}."
            )
    return tuple(found)
