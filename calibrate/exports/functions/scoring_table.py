"""The rules as plain data with the reason of every outcome, printed as code: for targets that write a function."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from calibrate.document.lead_score import gate_text, outcome, plain_number, read_value, words_of
from calibrate.document.rules import Condition, Has, In, Is, LeadValue, Rule, Rules, WorkedLead
from calibrate.exports.target import band_of

WIDTH = 110
Literal = Callable[[bool | str | None], str]


def scoring_table(rules: Rules, found: Mapping[str, str]) -> dict[str, Any]:
    """What a function needs to score: inputs, gates, rules, groups, score and bands, each a list or mapping.

    found: the field of every attribute that the rules read.
    """
    return {
        "inputs": [_input(rules, name, field) for name, field in found.items()],
        "gates": [
            {
                "field": found[gate.when.attr],
                **_when(gate.when.condition),
                "score": gate.then.score,
                "band": band_of(rules, gate),
                "reason": gate_text(gate),
            }
            for gate in rules.gates
        ],
        "rules": [_rule(rules, rule, found[rule.attr]) for rule in rules.rules],
        "groups": [
            {"group": name, "label": group.label or name, "min": group.min, "max": group.max}
            for name, group in rules.groups.items()
        ],
        "score": {"base": rules.score.base, "min": rules.score.min, "max": rules.score.max},
        "bands": [{"band": band.name, "from": band.from_} for band in rules.bands],
    }


def worked_table(rules: Rules, found: Mapping[str, str]) -> list[dict[str, Any]]:
    """The worked leads of the document by field, with the score, band and reasons that they must get."""
    return [_worked(rules, test, found) for test in rules.tests]


def cap_words(rules: Rules, largest: str, smallest: str) -> tuple[str, str]:
    """What the reasons of a cap say behind the label of their group: capped, held; with these marks for its bounds."""
    say = words_of(rules)
    capped = say("levels.capped", group="", bound=largest)
    held = say("levels.held", group="", bound=smallest)
    return capped.strip(), held.strip()


def printed(value: object, literal: Literal, key: Literal, indent: str = "") -> str:
    """Plain data as code: on one line where it fits, else an entry a line.

    literal: None, a truth value or a text as code.  key: the key of a mapping as code.
    """
    if isinstance(value, dict):
        entries = [(f"{key(name)}: ", item) for name, item in value.items()]
        marks = "{}"
    elif isinstance(value, list):
        entries = [("", item) for item in value]
        marks = "[]"
    elif isinstance(value, bool | str) or value is None:
        return literal(value)
    else:
        return plain_number(value) if isinstance(value, float) else str(value)
    flat = f"{marks[0]}{', '.join(head + printed(item, literal, key) for head, item in entries)}{marks[1]}"
    if len(indent) + len(flat) <= WIDTH:
        return flat
    inner = f"{indent}  "
    lines = (f"{inner}{head}{printed(item, literal, key, inner)},\n" for head, item in entries)
    return f"{marks[0]}\n{''.join(lines)}{indent}{marks[1]}"


def quoted(text: str, escape: Callable[[str], str]) -> str:
    """A text between double quotes, with everything escaped that a reader cannot see."""
    marks = (mark if mark.isprintable() and mark not in '"\\' else escape(mark) for mark in text)
    return f'"{"".join(marks)}"'


def _input(rules: Rules, name: str, field: str) -> dict[str, Any]:
    attribute = rules.attributes[name]
    separator = {"separator": attribute.separator} if attribute.separator else {}
    return {"field": field, "type": attribute.type, **separator}


def _rule(rules: Rules, rule: Rule, field: str) -> dict[str, Any]:
    parts = list(_outcomes(rules, rule))
    return {
        "field": field,
        "group": rule.group,
        "cases": [{**_when(case.when), **part} for case, part in zip(rule.cases, parts, strict=False)],
        "otherwise": parts[-2],
        "missing": parts[-1],
    }


def _outcomes(rules: Rules, rule: Rule) -> Iterator[dict[str, Any]]:
    """Points of every outcome of a rule, with what its reason says after the points."""
    for place in range(len(rule.cases) + 2):
        points, text = outcome(rules, rule, place)
        yield {"points": points, "text": text.partition(" ")[2]}


def _when(condition: Condition) -> dict[str, Any]:
    match condition:
        case In(in_=texts):
            return {"in": list(texts)}
        case Is(is_=truth):
            return {"is": truth}
        case Has(has=text):
            return {"has": text}
        case _:
            ends = {"ge": condition.ge, "lt": condition.lt}
            return {name: end for name, end in ends.items() if end is not None}


def _worked(rules: Rules, test: WorkedLead, found: Mapping[str, str]) -> dict[str, Any]:
    lead = {found[name]: _given(rules, name, value) for name, value in test.lead.items() if name in found}
    reasons = None if test.reasons is None else list(test.reasons)
    return {"lead": lead, "score": test.score, "band": test.band, "reasons": reasons}


def _given(rules: Rules, name: str, value: LeadValue) -> object:
    """A value of a worked lead; numbers for a category as the text that they are read as."""
    if isinstance(value, tuple):
        return list(value)
    attribute = rules.attributes[name]
    return read_value(attribute, value, lambda: name) if attribute.type in ("category", "text") else value
