"""What a PMML Scorecard cannot say of the rules."""

from __future__ import annotations

import re
from collections.abc import Iterator

from calibrate.document.lead_score import used
from calibrate.document.rules import Has, In, Rule, Rules
from calibrate.errors import shown
from calibrate.exports.pmml.expressions import separator_of
from calibrate.exports.target import sums

_DEEPEST = 200
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def is_said(text: str) -> bool:
    """Whether XML can hold a text."""
    return not _NO_XML.search(text)


def is_whole(text: str, separator: str) -> bool:
    """Whether a value of a set can be told in the one text that the set is written in."""
    return separator not in text and text == text.strip()


def refusals(rules: Rules) -> Iterator[str]:
    """Everything of the rules that the target cannot say, but for the names of fields."""
    for place, text in _texts(rules):
        if not is_said(text):
            yield f"{place}: found {shown(text)}, expected characters that XML can hold; write it without"
    for name in used(rules):
        separator = separator_of(rules.attributes[name])
        if len(separator) > 1:
            yield (
                f"attribute {shown(name)}: found the separator {shown(separator)}, expected a single character, as a "
                "longer one cannot be told for certain from the values beside it; let one do"
            )
    for rule in rules.rules:
        yield from _unfit_members(rule, separator_of(rules.attributes[rule.attr]))
    yield from _too_deep(rules)


def _texts(rules: Rules) -> Iterator[tuple[str, str]]:
    """Every text that the file holds, with its place."""
    yield from (("id", rules.id), ("version", rules.version), ("title", rules.title or ""))
    for name in used(rules):
        yield f"label of attribute {shown(name)}", rules.attributes[name].label or ""
    for name in rules.groups:
        yield f"group {shown(name)}", name
    for gate in rules.gates:
        yield f"band of gate {gate.id}", gate.then.band or ""
        yield from ((f"gate {gate.id}", text) for text in gate.when.in_ or ())
    for rule in rules.rules:
        for number, case in enumerate(rule.cases):
            texts = case.when.in_ if isinstance(case.when, In) else ()
            yield from ((f"rule {rule.id}, case {number}", text) for text in texts)
    yield from ((f"bands[{number}]", band.name) for number, band in enumerate(rules.bands))


def _unfit_members(rule: Rule, separator: str) -> Iterator[str]:
    for number, case in enumerate(rule.cases):
        if isinstance(case.when, Has) and not is_whole(case.when.has, separator):
            yield (
                f"rule {rule.id}, case {number}: found {shown(case.when.has)}, expected a text without spaces around "
                f"it and without the separator {shown(separator)}, as the set is one text; change it"
            )


def _too_deep(rules: Rules) -> Iterator[str]:
    for part in sums(rules):
        for rule in part.rules:
            kind = rules.attributes[rule.attr].type
            nested = kind == "set" or (part.bounded and kind == "number")
            if nested and len(rule.cases) > _DEEPEST:
                yield (
                    f"rule {rule.id}: found {len(rule.cases)} cases, expected at most {_DEEPEST} of a set, or in a "
                    "group with a cap: they lie one in the other, and XML readers stop at 256; make it several rules"
                )
