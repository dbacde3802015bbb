"""Salesforce: formula fields for the score and the band, as metadata that the Salesforce command line deploys.

| attribute | field that the formula reads |
|---|---|
| category | picklist, where missing scores otherwise than other values; else picklist or text |
| text | text, where missing scores otherwise than other values; else picklist or text |
| number | number, currency or percent |
| yes/no | checkbox, where missing scores as no; else text or picklist with `true` and `false`: no checkbox is blank |
| set | multi-select picklist |

A standard field such as Country is read as the kind that it is; `Options.kinds` says otherwise. A formula has at most
3,900 characters and 4,000 bytes; where the score is longer, each group gets a helper field. A value that no formula
can hold is refused.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator, Mapping

from lxml import etree

from calibrate.document.rules import Condition, Has, In, Range, Rules
from calibrate.errors import shown
from calibrate.exports.naming import fields, identifier, named
from calibrate.exports.salesforce.formula import (
    BAND,
    DIGITS,
    LARGEST,
    LONGEST,
    PART,
    SCORE,
    FormulaField,
    formula_fields,
    is_checkbox,
    number_text,
    range_ends,
)
from calibrate.exports.salesforce.lead_field import LeadField, kind_faults, kind_notes, lead_fields, standard_note
from calibrate.exports.target import Export, ExportError, Input, Kind, Loss, Options, Target, sums

LIKELY = 1_500
"""Characters from which a formula may be too large when compiled."""
_OWN = re.compile(r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)*")
_CUSTOM = re.compile(r"[A-Za-z][A-Za-z0-9_]*__c")
_NAMESPACE = "http://soap.sforce.com/2006/04/metadata"
_CURE = "correct it in the rules"


def export(rules: Rules, options: Options) -> Export:
    """A file for each formula field."""
    groups = len(sums(rules))
    boxes = [name for name in rules.attributes if rules.attributes[name].type == "boolean" and is_checkbox(rules, name)]
    faults = [f"salesforce: {fault}" for fault in kind_faults(rules, options, boxes)]
    faults += [f"salesforce: {fault}; {_CURE}" for fault in _unsayable(rules)]
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
    read = lead_fields(rules, found, options)
    made = () if faults else formula_fields(rules, read)
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
        notes=(*_notes(rules, read), *standard_note(rules, found), *_size_note(made)),
    )


TARGET = Target(
    name="salesforce",
    writes="formula fields for the score and the band, as metadata",
    proof="checked with sformula and formulon, two re-implementations of Salesforce formulas; not on Salesforce",
    export=export,
)


def _input(rules: Rules, name: str, field: str) -> Input:
    kinds: dict[str, Kind] = {"number": "number", "boolean": "boolean" if is_checkbox(rules, name) else "text"}
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
        yield from _unsayable_band(f"gate {shown(gate.id)}", gate.then.band or "")
    for rule in rules.rules:
        for case in rule.cases:
            yield from _unsayable_condition(f"rule {shown(rule.id)}", case.when)
    for band in rules.bands:
        yield from _unsayable_band(f"band {shown(band.name)}", band.name)


def _unsayable_condition(where: str, condition: Condition) -> Iterator[str]:
    match condition:
        case In(in_=texts):
            for text in texts:
                yield from _unsayable_text(where, text)
        case Has(has=text):
            yield from _unsayable_text(where, text)
            if ";" in text:
                yield f"{where}: found {shown(text)}, expected a value without ;, which parts those of a picklist"
        case Range():
            for end in range_ends(condition):
                if math.isfinite(end) and len(number_text(end).strip("-").replace(".", "")) > DIGITS:
                    yield f"{where}: found {end!r}, expected a number of at most {DIGITS} digits, as fields hold"


def _unsayable_text(where: str, text: str) -> Iterator[str]:
    if any(mark in "\ufffe\uffff" or (unicodedata.category(mark) == "Cc" and mark != "\t") for mark in text):
        yield f"{where}: found {shown(text)}, expected a text without line breaks and control characters"


def _unsayable_band(where: str, name: str) -> Iterator[str]:
    yield from _unsayable_text(where, name)
    if name.strip() != name:
        yield f"{where}: found {shown(name)}, expected no space at its ends, where a formula's text has none"


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


def _notes(rules: Rules, read: Mapping[str, LeadField]) -> Iterator[str]:
    found = {name: field.name for name, field in read.items()}
    yield "Put the files into objects/Lead/fields of a Salesforce project and deploy; the fields they read must exist."
    yield from named(found)
    yield from kind_notes(rules, read)
    kinds = {name: rules.attributes[name].type for name in found}
    for name in (name for name, kind in kinds.items() if kind == "boolean"):
        yield (
            f"{found[name]} is a checkbox."
            if is_checkbox(rules, name)
            else (
                f"{found[name]} is a text or picklist field with true and false, since blank does not score as false; "
                f"to read a checkbox, give missing the points of no in every rule of {shown(name)}."
            )
        )
    for name in (name for name, kind in kinds.items() if kind == "set"):
        blank = any(rule.missing != rule.otherwise for rule in rules.rules if rule.attr == name)
        yield f"{found[name]} is a multi-select picklist{'; without a value it scores as missing' if blank else ''}."


def _size_note(made: tuple[FormulaField, ...]) -> Iterator[str]:
    if (length := sum(len(field.formula) for field in made if field.type == "Number")) >= LIKELY:
        yield (
            f"The score takes {length:,} characters. Salesforce compiles a formula together with every field that it "
            "reads, to at most 5,000 bytes (15,000 in newer organisations), and only it can tell the size: deploy to a "
            f"sandbox first. {BAND} reads {SCORE} once an edge; where that is too large, let a flow copy the score "
            "into a number field, and read that."
        )
