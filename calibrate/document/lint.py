"""What must hold between the parts of a rules document, and that its worked leads score as they say."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

from calibrate.document.lead_score import condition_text, score_lead
from calibrate.document.part import Part
from calibrate.document.rules import (
    Attribute,
    Condition,
    Evidence,
    Gate,
    Group,
    Has,
    In,
    Is,
    Range,
    Reference,
    Rule,
    Rules,
    Score,
    ScoreBand,
)
from calibrate.errors import DataError, nearest, shown

P = TypeVar("P", bound=Part)
_FITS = {"category": In, "text": In, "number": Range, "boolean": Is, "set": Has}
_SHOWN = {In: "in", Is: "is", Has: "has", Range: "ge and lt"}


@dataclass(frozen=True, slots=True)
class Readable:
    """The parts of a document that have their shape, each under its place; an attribute without it is None."""

    attributes: Mapping[str, Attribute | None]
    groups: Mapping[str, Group | None]
    rules: Mapping[int, Rule]
    gates: Mapping[int, Gate]
    bands: Mapping[int, ScoreBand]
    score: Score | None
    reference: Reference | None


def faults(rules: Rules) -> tuple[str, ...]:
    """Every fault between the parts of a document, and every worked lead that does not score as stated."""
    parts = Readable(
        attributes=rules.attributes,
        groups=rules.groups,
        rules=dict(enumerate(rules.rules)),
        gates=dict(enumerate(rules.gates)),
        bands=dict(enumerate(rules.bands)),
        score=rules.score,
        reference=rules.reference,
    )
    found = tuple(between(parts))
    return found or tuple(_worked(rules))


def between(parts: Readable) -> Iterator[str]:
    """The faults between the parts of a document, in its order."""
    for name, attribute in parts.attributes.items():
        if attribute and attribute.separator and attribute.type != "set":
            where = path_to("attributes", name)
            yield f"{where}.separator: found one for a {attribute.type}, expected one for a set only; remove it"
    yield from _repeated("rules[{}].id", {place: rule.id for place, rule in parts.rules.items()})
    yield from _repeated("gates[{}].id", {place: gate.id for place, gate in parts.gates.items()})
    yield from _repeated("bands[{}].name", {place: band.name for place, band in parts.bands.items()})
    for place, rule in parts.rules.items():
        yield from _rule_faults(f"rules[{place}]", rule, parts)
    for place, gate in parts.gates.items():
        where = f"gates[{place}].when"
        yield from _condition_faults(where, where, gate.when.attr, gate.when.condition, parts)
    for name, group in parts.groups.items():
        yield from _bound_faults(path_to("groups", name), group)
    yield from _bound_faults("score", parts.score)
    yield from _band_faults(parts.bands)
    yield from _reference_faults(parts.reference)


def _repeated(place: str, names: Mapping[int, str]) -> Iterator[str]:
    first: dict[str, int] = {}
    for number, name in names.items():
        if first.setdefault(name, number) != number:
            was = place.format(first[name])
            yield f"{place.format(number)}: found {shown(name)} as in {was}, expected another; rename one"


def _rule_faults(place: str, rule: Rule, parts: Readable) -> Iterator[str]:
    if rule.attr not in parts.attributes:
        yield _unknown(f"{place}.attr", rule.attr, "an attribute", parts.attributes)
    if rule.group is not None and rule.group not in parts.groups:
        yield _unknown(f"{place}.group", rule.group, "a group", parts.groups)
    for number, case in enumerate(rule.cases):
        where = f"{place}.cases[{number}]"
        if rule.attr in parts.attributes:
            yield from _condition_faults(f"{where}.when", place, rule.attr, case.when, parts)
        yield from _evidence_faults(f"{where}.evidence", case.evidence)
    yield from _evidence_faults(f"{place}.otherwise_evidence", rule.otherwise_evidence)
    yield from _evidence_faults(f"{place}.missing_evidence", rule.missing_evidence)
    yield from _overlaps(place, [case.when for case in rule.cases])


def _condition_faults(place: str, owner: str, attr: str, condition: Condition, parts: Readable) -> Iterator[str]:
    if attr not in parts.attributes:
        yield _unknown(f"{owner}.attr", attr, "an attribute", parts.attributes)
    elif (attribute := parts.attributes[attr]) and not isinstance(condition, _FITS[attribute.type]):
        fits = _SHOWN[_FITS[attribute.type]]
        yield (
            f"{place}: found {_SHOWN[type(condition)]}, expected {fits} since {shown(attr)} is a {attribute.type}; "
            "change the condition or the type"
        )


def _overlaps(place: str, conditions: Sequence[Condition]) -> Iterator[str]:
    """Cases of a rule that claim the same value, or bins out of order."""
    first: dict[tuple[type, object], int] = {}
    for number, condition in enumerate(conditions):
        for value in _claims(condition):
            if (before := first.setdefault((type(condition), value), number)) != number:
                where = f"{place}.cases[{number}].when"
                yield f"{where}: found {found_text(value)} as in cases[{before}], expected it in one case; remove one"
        if isinstance(condition, In):
            for value in sorted({value for value in condition.in_ if condition.in_.count(value) > 1}):
                yield f"{place}.cases[{number}].when.in: found {shown(value)} twice, expected once; remove one"
    bins = [(number, item) for number, item in enumerate(conditions) if isinstance(item, Range)]
    for (_, low), (number, high) in pairwise(bins):
        if low.lt is None or high.ge is None or high.ge < low.lt:
            yield (
                f"{place}.cases[{number}].when: found {condition_text(high)} after {condition_text(low)}, "
                "expected bins that rise and do not overlap; let ge be the lt before it"
            )


def _claims(condition: Condition) -> tuple[object, ...]:
    match condition:
        case In():
            return tuple(dict.fromkeys(condition.in_))
        case Is():
            return (condition.is_,)
        case Has():
            return (condition.has,)
        case _:
            return ()


def _evidence_faults(place: str, evidence: Evidence | None) -> Iterator[str]:
    if evidence and evidence.conversions > evidence.leads:
        found = f"{evidence.conversions} conversions of {evidence.leads} leads"
        yield f"{place}: found {found}, expected at most as many as leads; are the two swapped?"


def _bound_faults(place: str, bounds: Group | Score | None) -> Iterator[str]:
    if bounds and bounds.min is not None and bounds.max is not None and bounds.min > bounds.max:
        yield f"{place}: found min {bounds.min} above max {bounds.max}, expected min first; swap them"


def _band_faults(bands: Mapping[int, ScoreBand]) -> Iterator[str]:
    last = max(bands, default=0)
    for number, band in bands.items():
        if band.from_ is None and number != last:
            yield f"bands[{number}].from: found nothing, expected the lowest score of the band; only the last has none"
        if band.from_ is not None and number == last:
            yield f"bands[{number}].from: found {band.from_}, expected none, so that every score has a band; remove it"
    edges = [(number, band.from_) for number, band in bands.items() if band.from_ is not None]
    for (_, above), (number, below) in pairwise(edges):
        if below >= above:
            yield f"bands[{number}].from: found {below} after {above}, expected falling edges; put the best band first"


def _reference_faults(reference: Reference | None) -> Iterator[str]:
    if reference is None:
        return
    for number, (low, high) in enumerate(pairwise(reference.scores), start=1):
        if low >= high:
            yield f"reference.scores[{number}]: found {high} after {low}, expected scores that rise; sort them"
    if len(reference.counts) != len(reference.scores):
        found = f"{len(reference.counts)} counts for {len(reference.scores)} scores"
        yield f"reference.counts: found {found}, expected one each; add or remove some"
    elif sum(reference.counts) != reference.leads:
        yield (
            f"reference.leads: found {reference.leads}, expected the sum of the counts, {sum(reference.counts)}; "
            "correct one of them"
        )


def _worked(rules: Rules) -> Iterator[str]:
    for number, test in enumerate(rules.tests):
        place = f"tests[{number}]"
        for name in test.lead:
            if name not in rules.attributes:
                yield _unknown(path_to(f"{place}.lead", name), name, "an attribute", rules.attributes)
        try:
            scored = score_lead(rules, test.lead)
        except DataError as error:
            yield f"{place}.lead: {error}"
            continue
        texts = tuple(reason.text for reason in scored.reasons)
        stated = {
            "score": (test.score, scored.score),
            "band": (test.band, scored.band),
            "reasons": (test.reasons, texts),
        }
        for key, (said, got) in stated.items():
            if said != got and not (said is None and key != "score"):
                yield (
                    f"{place}.{key}: found {found_text(said)}, expected {found_text(got)}, as the rules give; "
                    "correct the lead or the rules"
                )


def _unknown(place: str, name: str, kind: str, known: Iterable[str]) -> str:
    names = list(known)
    return f"{place}: found {shown(name)}, expected {kind} of the document; " + (
        nearest(name, names) if names else "it has none"
    )


def path_to(place: str, step: str | int) -> str:
    """The place of a key or entry inside a place: `rules[2].cases`, `attributes['Lead source']`."""
    if isinstance(step, int):
        return f"{place}[{step}]"
    if not (step.isascii() and step.replace("$", "_").isidentifier()):
        return f"{place}[{shown(step)}]"
    return f"{place}.{step}" if place else step


def found_text(value: object) -> str:
    """A value as it stands in JSON, short and on one line."""
    if value is None or isinstance(value, bool | int | float):
        return json.dumps(value)[:40]
    if isinstance(value, str):
        return shown(value)
    if isinstance(value, tuple):
        return shown("; ".join(value), 200) if value else "none"
    return "a list" if isinstance(value, list) else "an object"
