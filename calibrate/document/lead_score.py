"""How a rules document scores one lead.

The order never changes: gates (the first that is true decides), points of every rule, sum per group, cap of the
group, base, clamp. A rule reads one attribute; the first of its cases that is true gives the points; a missing
value (no key, None, "" or NaN) makes no case true. Texts are compared code point by code point.
"""

from __future__ import annotations

import math
import numbers
import operator
import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial

import numpy as np

from calibrate.document.rules import Attribute, Condition, Gate, Has, In, Is, Range, Reference, Rule, Rules
from calibrate.errors import DataError, shown
from calibrate.showing import Shown
from calibrate.words.language import Language, language, message

Value = str | float | bool | frozenset[str]
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_YES = frozenset({"yes", "ja", "oui"})
_TRUTHS = {"true": True, "1": True, "false": False, "0": False}
_EXPECTED = {
    "category": "a text, number or truth value",
    "text": "a text, number or truth value",
    "number": "a number, like 1234.5",
    "boolean": "true or false",
    "set": "a list of texts, or a text",
}


@dataclass(frozen=True, slots=True)
class Reason:
    """What moved the score, in words; points is 0 for a gate."""

    points: int
    text: str


@dataclass(frozen=True, slots=True)
class LeadScore(Shown):
    """The score of a lead and where it stands.

    percentile: mid-rank in the document's reference, 0 to 100.  probability: of conversion, 0 to 1.
    reasons: strongest first, ties in the order of the document.  gate: id of the gate that decided.
    """

    score: int
    band: str | None
    percentile: float | None
    probability: float | None
    reasons: tuple[Reason, ...]
    gate: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What follows from a score alone."""

    band: str | None
    percentile: float | None
    probability: float | None


def score_lead(rules: Rules, lead: Mapping[str, object], reasons: int = 3) -> LeadScore:
    """The score of one lead, with its strongest reasons. Keys that are no attribute are passed over.

    Raises:
        DataError: the rules are no `Rules`, the lead is no mapping, or a value cannot be read as its attribute's type.
    """
    check_rules(rules)
    if not hasattr(lead, "get"):  # a row of pandas has it, and is no Mapping
        raise DataError(f"lead: found {shown(lead)}, expected a mapping of attribute to value; pass a dict")
    values = {
        name: read_value(rules.attributes[name], lead.get(name), partial("lead, {}".format, shown(name)))
        for name in used(rules)
    }
    for gate in rules.gates:
        value = values[gate.when.attr]
        if value is not None and holds(gate.when.condition, value):
            score, standing = gate.then.score, standing_of(rules, gate.then.score)
            reason = (Reason(0, gate_text(gate)),) if reasons else ()
            band = gate.then.band or standing.band
            return LeadScore(score, band, standing.percentile, standing.probability, reason, gate.id)
    found: list[Reason] = []
    sums: dict[str | None, int] = {}
    for rule in rules.rules:
        points, text = outcome(rules, rule, outcome_of(rule, values[rule.attr]))
        sums[rule.group] = sums.get(rule.group, 0) + points
        found.append(Reason(points, text))
    for name, group in rules.groups.items():
        change = bounded(sums.get(name, 0), group.min, group.max) - sums.get(name, 0)
        sums[name] = sums.get(name, 0) + change
        found += [Reason(change, cap_text(rules, name, change))] if change else []
    score = bounded(rules.score.base + sum(sums.values()), rules.score.min, rules.score.max)
    standing = standing_of(rules, score)
    strongest = sorted((reason for reason in found if reason.points), key=lambda reason: -abs(reason.points))
    return LeadScore(score, standing.band, standing.percentile, standing.probability, tuple(strongest[:reasons]))


def check_rules(rules: object) -> None:
    """Nothing, when these are rules and not the name or the text of a file with rules.

    Raises:
        DataError: they are something else.
    """
    if not isinstance(rules, Rules):
        found = f"{type(rules).__name__} {shown(rules)}"
        raise DataError(f"rules: found {found}, expected Rules; open a rules file with calibrate.load_rules")


def used(rules: Rules) -> tuple[str, ...]:
    """The attributes that a gate or rule reads, in the order of the document."""
    read = {gate.when.attr for gate in rules.gates} | {rule.attr for rule in rules.rules}
    return tuple(name for name in rules.attributes if name in read)


def read_value(attribute: Attribute, value: object, where: Callable[[], str]) -> Value | None:
    """A lead's value as the conditions compare it; None when it is missing.

    A number or truth value given for a category becomes its plain text (10, true). A set written in one text is
    split at the attribute's separator, spaces around its values do not count; a list is taken as it is.

    Raises:
        DataError: at `where`, the value cannot be read as the attribute's type.
    """
    if is_missing(value):
        return None
    found: Value | None
    if attribute.type == "number":
        found = _number(value)
    elif attribute.type == "boolean":
        found = _TRUTHS.get((plain_text(value) or "").casefold())
    elif attribute.type == "set":
        found = _members(value, attribute.separator)
    else:
        found = plain_text(value)
    if found is None:
        expected = _EXPECTED[attribute.type]
        raise DataError(f"{where()}: found {shown(value)}, expected {expected}; correct it or leave it empty")
    return found


def holds(condition: Condition, value: Value) -> bool:
    """Whether a condition is true for a value that is there."""
    match condition:
        case In():
            return value in condition.in_
        case Is():
            return value is condition.is_
        case Has():
            return isinstance(value, frozenset) and condition.has in value
        case Range(ge=ge, lt=lt):
            return isinstance(value, float) and (ge is None or value >= ge) and (lt is None or value < lt)


def outcome_of(rule: Rule, value: Value | None) -> int:
    """Which outcome of a rule a value has: the number of a case, then `otherwise`, then `missing`."""
    if value is None:
        return len(rule.cases) + 1
    return next((i for i, case in enumerate(rule.cases) if holds(case.when, value)), len(rule.cases))


def outcomes(rules: Rules, rule: Rule) -> tuple[tuple[int, str], ...]:
    """Points of every outcome of a rule, with the reason that they are."""
    return tuple(outcome(rules, rule, place) for place in range(len(rule.cases) + 2))


def outcome(rules: Rules, rule: Rule, place: int) -> tuple[int, str]:
    """Points of one outcome of a rule, by its number, with the reason that they are."""
    name = rule.label or rules.attributes[rule.attr].label or rule.attr
    points = outcome_points(rule, place)
    return points, f"{points:+d} {name} = {words_of(rules).text(outcome_label(rule, place))}"


def outcome_points(rule: Rule, place: int) -> int:
    """Points of one outcome of a rule, by its number."""
    others = {len(rule.cases): rule.otherwise, len(rule.cases) + 1: rule.missing}
    return others[place] if place in others else rule.cases[place].points


def outcome_label(rule: Rule, place: int) -> str:
    """One outcome of a rule in words, by its number; a Message where they are not those of the document."""
    if place < len(rule.cases):
        return rule.cases[place].label or condition_text(rule.cases[place].when)
    return _otherwise_text(rule) if place == len(rule.cases) else message("levels.no_value")


def cap_text(rules: Rules, name: str, change: int) -> str:
    """The reason that the cap of a group is: by how much it changed the sum of its points."""
    group = rules.groups[name]
    key, bound = ("levels.capped", group.max) if change < 0 else ("levels.held", group.min)
    return f"{change:+d} {words_of(rules)(key, group=group.label or name, bound=bound)}"


def gate_text(gate: Gate) -> str:
    """The reason that a gate is."""
    return gate.label or gate.id


def words_of(rules: Rules) -> Language:
    """The language of the labels and reasons of a document."""
    return language(rules.language or "en")


def condition_text(condition: Condition) -> str:
    """A condition in words; a Message where they are not those of the data.

    >>> condition_text(Range(ge=10, lt=100)), condition_text(Is(is_=True))
    ('10 to under 100', 'yes')
    """
    match condition:
        case In():
            return ", ".join(condition.in_)
        case Is():
            return message("levels.yes" if condition.is_ else "levels.no")
        case Has():
            return condition.has
        case Range(ge=ge, lt=lt):
            if ge is None or lt is None:
                return message("levels.and_up", low=ge or 0.0) if lt is None else message("levels.under", high=lt)
            return message("levels.to_under", low=ge, high=lt)


def standing_of(rules: Rules, score: int) -> Standing:
    """Band, percentile and probability of a score; None where the document does not say."""
    band = next((band.name for band in rules.bands if band.from_ is None or score >= band.from_), None)
    percentile = None if rules.reference is None else _percentile(rules.reference, score)
    if rules.probability is None:
        return Standing(band, percentile, None)
    odds = rules.probability.intercept + rules.probability.slope * score
    # The smaller side is computed, so that exp never overflows.
    tail = 1 / (1 + math.exp(abs(odds))) if abs(odds) < 700 else 0.0
    return Standing(band, percentile, 1 - tail if odds > 0 else tail)


def bounded(points: int, low: int | None, high: int | None) -> int:
    """Points within two bounds; None is no bound."""
    points = points if low is None else max(points, low)
    return points if high is None else min(points, high)


def plain_number(value: float) -> str:
    """A number as text, whole ones without a point.

    >>> plain_number(10.0), plain_number(0.5)
    ('10', '0.5')
    """
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def _percentile(reference: Reference, score: int) -> float:
    place = bisect_left(reference.scores, score)
    tied = reference.counts[place] if reference.scores[place : place + 1] == (score,) else 0
    return 100 * (sum(reference.counts[:place]) + tied / 2) / reference.leads


def _otherwise_text(rule: Rule) -> str:
    """`otherwise` in words; of a single yes/no or set case it is the opposite."""
    only = rule.cases[0].when if len(rule.cases) == 1 else None
    if isinstance(only, Is):
        return condition_text(Is(is_=not only.is_))
    if isinstance(only, Has):
        return message("levels.no") if rule.cases[0].label in _YES else message("levels.not", value=only.has)
    return message("levels.other" if rule.cases else "levels.given")


def is_missing(value: object) -> bool:
    """Whether a lead has no value here: None, "", NaN or pandas' NA."""
    if value is None or isinstance(value, str):
        return not value
    if isinstance(value, Iterable):
        return False
    try:
        return bool(operator.ne(value, value))
    except TypeError:  # pandas.NA: neither equal nor different
        return True


def _number(value: object) -> float | None:
    if isinstance(value, bool | np.bool_):
        return None
    if isinstance(value, str):
        return float(value) if _NUMBER.fullmatch(value.strip()) else None
    try:
        return float(value) if isinstance(value, numbers.Real | Decimal) else None
    except OverflowError:
        return None


def plain_text(value: object) -> str | None:
    """A single value as text; None where it is none.

    >>> plain_text(10.0), plain_text(True), plain_text(date(2026, 1, 31))
    ('10', 'true', '2026-01-31')
    """
    match value:
        case str():
            return str(value)
        case bool() | np.bool_():
            return "true" if value else "false"
        case numbers.Integral():
            return str(int(value))
        case numbers.Real():
            return plain_number(float(value))
        case Decimal():
            whole = value.is_finite() and abs(value) < 10**15 and value == value.to_integral_value()
            return str(int(value)) if whole else f"{value.normalize():f}"
        case date():
            return value.isoformat()
    return None


def _members(value: object, separator: str | None) -> frozenset[str] | None:
    if isinstance(value, str):
        parts = [part.strip() for part in value.split(separator)] if separator else [value]
        return frozenset(parts) - {""}
    if isinstance(value, Mapping | bytes) or not isinstance(value, Iterable):
        return None
    texts = [plain_text(item) for item in value if not is_missing(item)]
    return None if None in texts else frozenset(text for text in texts if text is not None)
