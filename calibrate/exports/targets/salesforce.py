"""Salesforce: formula fields for the score and the band, as metadata that the Salesforce command line deploys.

| attribute | field that the formula reads |
|---|---|
| category, text | text or picklist: `CASE` takes both, and `""` in it is the blank one |
| number | number, currency or percent |
| yes/no | checkbox, where missing scores as no; else text or picklist with `true` and `false`: no checkbox is blank |
| set | multi-select picklist |

Literals follow the grammar of Salesforce's published formula engine (github.com/salesforce/formula-engine): in double
quotes, those and backslashes behind a backslash, an apostrophe bare, no line break. A formula has at most 3,900
characters and 4,000 bytes; where the score is longer, each group gets a helper field.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from lxml import etree

from calibrate.document.rules import Condition, Has, In, Is, Range, Rule, Rules
from calibrate.errors import shown
from calibrate.exports.naming import fields, identifier, named
from calibrate.exports.target import Export, ExportError, Input, Kind, Loss, Options, Sum, Target, band_of, sums

SCORE, BAND, PART = "Lead_Score__c", "Lead_Band__c", "Lead_Score_Part_{}__c"
LONGEST, LARGEST = 3_900, 4_000
"""Characters and bytes of a formula."""
DIGITS = 18
"""Before and behind the point of a number field together."""
LIKELY = 1_500
"""Characters from which a formula may be too large when compiled."""
_OWN = re.compile(r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)*")
_CUSTOM = re.compile(r"[A-Za-z][A-Za-z0-9_]*__c")
_NAMESPACE = "http://soap.sforce.com/2006/04/metadata"
_CURE = "correct it in the rules"


@dataclass(frozen=True, slots=True)
class FormulaField:
    """A field with its formula. what: it holds, in words."""

    name: str
    label: str
    what: str
    type: Literal["Number", "Text"]
    formula: str


def export(rules: Rules, options: Options) -> Export:
    """A file for each formula field."""
    groups = len(sums(rules))
    faults = [f"salesforce: {fault}; {_CURE}" for fault in _unsayable(rules)]
    try:
        found = fields(
            rules,
            options,
            "salesforce",
            clean=_api_name,
            allowed=lambda name: _OWN.fullmatch(name) is not None,
            same=str.casefold,
            taken=[SCORE, BAND, *(PART.format(number) for number in range(1, groups + 1))],
        )
    except ExportError as error:
        raise ExportError([*error.faults, *faults]) from None
    made = () if faults else _formula_fields(rules, found)
    faults += [f"salesforce: {fault}" for field in made for fault in _too_long(field)]
    if faults:
        raise ExportError(faults)
    why = "a formula field holds one number or one text"
    return Export(
        files={f"{field.name}.field-meta.xml": _metadata(rules, field) for field in made},
        inputs=tuple(_input(rules, name, field) for name, field in found.items()),
        losses=(
            Loss("reasons", "refused", f"{why}, not what the score comes from"),
            Loss("percentile", "refused", f"{why}; look it up by score in rules.json"),
            Loss("probability", "refused", f"{why}; look it up by score in rules.json"),
        ),
        notes=tuple(_notes(rules, found, made)),
    )


TARGET = Target(
    name="salesforce",
    writes="formula fields for the score and the band, as metadata",
    proof="checked with sformula and formulon, two re-implementations of Salesforce formulas; not on Salesforce",
    export=export,
)


def _formula_fields(rules: Rules, found: Mapping[str, str]) -> tuple[FormulaField, ...]:
    """Score and band, behind a field for each group where the score would be too long in one."""
    parts = [(part, _sum(rules, part, found)) for part in sums(rules) if part.rules or part.bounded]
    whole = _score(rules, found, [text for _, text in parts])
    helpers: tuple[FormulaField, ...] = ()
    if len(whole) > LONGEST or len(whole.encode()) > LARGEST:
        helpers = tuple(_helper(number, part, text) for number, (part, text) in enumerate(parts, start=1))
        whole = _score(rules, found, [helper.name for helper in helpers])
    score = FormulaField(SCORE, "Lead Score", "the score", "Number", whole)
    if not rules.bands and not any(gate.then.band for gate in rules.gates):
        return (*helpers, score)
    band = FormulaField(BAND, "Lead Band", "the band", "Text", _band(rules, found))
    return (*helpers, score, band)


def _helper(number: int, part: Sum, formula: str) -> FormulaField:
    what = "the points without a group" if part.name is None else f"the points of group {shown(part.name)}"
    return FormulaField(PART.format(number), f"Lead Score Part {number}", what, "Number", formula)


def _score(rules: Rules, found: Mapping[str, str], parts: list[str]) -> str:
    total = _bounded("\n+ ".join([str(rules.score.base), *parts]), rules.score.min, rules.score.max)
    for gate in reversed(rules.gates):
        holds = _condition(rules, gate.when.attr, gate.when.condition, found[gate.when.attr])
        total = f"IF({holds}, {gate.then.score},\n{total})"
    return total


def _band(rules: Rules, found: Mapping[str, str]) -> str:
    formula = '""'
    for band in reversed(rules.bands):
        name = _text(band.name)
        formula = name if band.from_ is None else f"IF({SCORE} >= {band.from_}, {name},\n{formula})"
    for gate in reversed(rules.gates):
        holds = _condition(rules, gate.when.attr, gate.when.condition, found[gate.when.attr])
        formula = f"IF({holds}, {_text(band_of(rules, gate) or '')},\n{formula})"
    return formula


def _sum(rules: Rules, part: Sum, found: Mapping[str, str]) -> str:
    points = [_points(rules, rule, found[rule.attr]) for rule in part.rules]
    return _bounded("\n+ ".join(points or ["0"]), part.low, part.high)


def _bounded(formula: str, low: int | None, high: int | None) -> str:
    formula = formula if low is None else f"MAX({low}, {formula})"
    return formula if high is None else f"MIN({high}, {formula})"


def _points(rules: Rules, rule: Rule, field: str) -> str:
    kind = rules.attributes[rule.attr].type
    if kind in ("category", "text"):
        cases = [(text, case.points) for case in rule.cases if isinstance(case.when, In) for text in case.when.in_]
        blank = [("", rule.missing)] if rule.missing != rule.otherwise else []
        return _case(field, [*blank, *cases], rule.otherwise)
    if kind == "boolean":
        yes, no = _truth_points(rule, truth=True), _truth_points(rule, truth=False)
        if _is_checkbox(rules, rule.attr):
            return str(yes) if yes == no else f"IF({field}, {yes}, {no})"
        return _case(field, [("true", yes), ("false", no)], rule.missing)
    formula = str(rule.otherwise)
    for case in reversed(rule.cases):
        formula = f"IF({_condition(rules, rule.attr, case.when, field)}, {case.points}, {formula})"
    plain = rule.missing == rule.otherwise and (kind == "set" or not rule.cases)
    return formula if plain else f"IF(ISBLANK({field}), {rule.missing}, {formula})"


def _case(field: str, cases: list[tuple[str, int]], otherwise: int) -> str:
    pairs = [f"{_text(text)}, {points}" for text, points in cases if points != otherwise]
    return f"CASE({field}, {', '.join(pairs)}, {otherwise})" if pairs else str(otherwise)


def _condition(rules: Rules, attr: str, condition: Condition, field: str) -> str:
    match condition:
        case In(in_=texts):
            return f"{_case(field, [(text, 1) for text in texts], 0)} = 1"
        case Is(is_=truth) if _is_checkbox(rules, attr):
            return field if truth else f"NOT({field})"
        case Is(is_=truth):
            return f"{_case(field, [(str(truth).lower(), 1)], 0)} = 1"
        case Has(has=text):
            return f"INCLUDES({field}, {_text(text)})"
        case Range(ge=ge, lt=lt):
            ends = [f"{field} {sign} {_number(end)}" for sign, end in ((">=", ge), ("<", lt)) if end is not None]
            return ends[0] if len(ends) == 1 else f"AND({', '.join(ends)})"


def _truth_points(rule: Rule, truth: bool) -> int:
    return next((case.points for case in rule.cases if case.when == Is(is_=truth)), rule.otherwise)


def _is_checkbox(rules: Rules, attr: str) -> bool:
    """Whether nothing in the rules tells a missing yes/no from no, so that a checkbox, never blank, says it all."""
    told = any(rule.missing != _truth_points(rule, truth=False) for rule in rules.rules if rule.attr == attr)
    return not told and not any(gate.when.attr == attr and gate.when.is_ is False for gate in rules.gates)


def _text(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _number(number: float) -> str:
    plain = f"{Decimal(repr(number)):f}"
    return plain.removesuffix(".0")


def _input(rules: Rules, name: str, field: str) -> Input:
    kinds: dict[str, Kind] = {"number": "number", "boolean": "boolean" if _is_checkbox(rules, name) else "text"}
    if rules.attributes[name].type == "set":
        return Input(name, field, "delimited", ";")
    return Input(name, field, kinds.get(rules.attributes[name].type, "text"))


def _api_name(name: str) -> str:
    """The name of a custom field, at most 40 characters before `__c`; one that has that form already is kept."""
    return name if _CUSTOM.fullmatch(name) else f"{identifier(name)[:40].rstrip('_')}__c"


def _unsayable(rules: Rules) -> Iterator[str]:
    """What no formula can hold, wherever it stands in the rules."""
    for gate in rules.gates:
        yield from _unsayable_condition(f"gate {shown(gate.id)}", gate.when.condition)
        yield from _unsayable_text(f"gate {shown(gate.id)}", gate.then.band or "")
    for rule in rules.rules:
        for case in rule.cases:
            yield from _unsayable_condition(f"rule {shown(rule.id)}", case.when)
    for band in rules.bands:
        yield from _unsayable_text(f"band {shown(band.name)}", band.name)


def _unsayable_condition(where: str, condition: Condition) -> Iterator[str]:
    match condition:
        case In(in_=texts):
            for text in texts:
                yield from _unsayable_text(where, text)
        case Has(has=text):
            yield from _unsayable_text(where, text)
            if ";" in text:
                yield f"{where}: found {shown(text)}, expected a value without ;, which parts those of a picklist"
        case Range(ge=ge, lt=lt):
            for end in (ge, lt):
                if end is not None and len(_number(end).strip("-").replace(".", "")) > DIGITS:
                    yield f"{where}: found {end!r}, expected a number of at most {DIGITS} digits, as fields hold"


def _unsayable_text(where: str, text: str) -> Iterator[str]:
    marks = {mark for mark in text if unicodedata.category(mark) == "Cc" and mark != "\t"} | (
        {*text} & {*"\ufffe\uffff"}
    )
    if marks:
        yield f"{where}: found {shown(text)}, expected a text without line breaks and control characters"


def _too_long(field: FormulaField) -> Iterator[str]:
    length, size = len(field.formula), len(field.formula.encode())
    if length > LONGEST or size > LARGEST:
        yield (
            f"field {field.name}, {field.what}: found a formula of {length:,} characters and {size:,} bytes, expected "
            f"at most {LONGEST:,} and {LARGEST:,}; join levels, leave out rules, or put some in a group of their own"
        )


def _metadata(rules: Rules, field: FormulaField) -> bytes:
    root = etree.Element("CustomField", nsmap={None: _NAMESPACE})
    made_from = f"Made from rules {shown(rules.id)}, version {shown(rules.version)}: {field.what}."
    size = {"precision": str(DIGITS), "scale": "0"} if field.type == "Number" else {}
    parts = {
        "fullName": field.name,
        "description": made_from,
        "formula": field.formula,
        "formulaTreatBlanksAs": "BlankAsBlank",
        "label": field.label,
        **size,
        "type": field.type,
    }
    for name, text in parts.items():
        etree.SubElement(root, name).text = text
    found: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return found


def _notes(rules: Rules, found: Mapping[str, str], made: tuple[FormulaField, ...]) -> Iterator[str]:
    yield "Put the files into objects/Lead/fields of a Salesforce project and deploy; the fields they read must exist."
    yield from named(found)
    kinds = {name: rules.attributes[name].type for name in found}
    for name in (name for name, kind in kinds.items() if kind == "boolean"):
        yield (
            f"{found[name]} is a checkbox."
            if _is_checkbox(rules, name)
            else (
                f"{found[name]} is a text or picklist field with true and false, as blank does not score as false; to read "
                f"a checkbox, give missing the points of no in the rules of {shown(name)}."
            )
        )
    for name in (name for name, kind in kinds.items() if kind == "set"):
        blank = any(rule.missing != rule.otherwise for rule in rules.rules if rule.attr == name)
        yield f"{found[name]} is a multi-select picklist" + (
            "; one without a value scores as missing." if blank else "."
        )
    if (length := sum(len(field.formula) for field in made if field.type == "Number")) >= LIKELY:
        yield (
            f"The score takes {length:,} characters. Salesforce compiles a formula together with every field that it "
            "reads, to at most 5,000 bytes (15,000 in newer organisations), and only it can tell the size: deploy to a "
            f"sandbox first. {BAND} reads {SCORE} once an edge; where that is too large, let a flow copy the score "
            "into a number field, and read that."
        )
