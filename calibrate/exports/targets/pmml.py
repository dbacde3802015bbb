"""PMML 4.4: a Scorecard with a Characteristic for each rule.

A rule without a cap is said with predicates. A rule on a set, and one whose group has a cap, has its points in a
DerivedField; what a cap changes is a Characteristic of its own, so that every rule keeps its reason code. Gates,
limits and bands follow in the Output. What is written otherwise than the standard invites has a reason:

- A text stands in an attribute (`value=`, `binValue=`) or a cell of a table, never in an Array, where engines read
  backslashes and quotes otherwise, nor in a Constant, of which one engine keeps what follows the last `]` or `&`.
- A value is asked for being there before it is compared: no engine needs to leave `and` early.
- A truth value is declared as a text, true or false: in a whole table, one engine takes null for false else.
- A Discretize has no `defaultValue`, for which one engine takes `mapMissingTo`; its numbers stand in a DerivedField, as
  an engine gives them as texts in the Output.
- A set is one text, and a value is found in it with `matches`. Every sign of the pattern but ASCII letters and digits
  is escaped, and the pattern spans the text: it is the same whether an engine matches the whole or looks inside.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from lxml import etree

from calibrate.document.lead_score import bounded, plain_number
from calibrate.document.rules import Attribute, Condition, Rule, Rules
from calibrate.errors import shown
from calibrate.exports.naming import fields
from calibrate.exports.pmml.expressions import (
    E,
    Element,
    apply,
    choice,
    field,
    separator_of,
    sides_of,
    texts_of,
    within,
)
from calibrate.exports.pmml.output import NAMES, derived, gate_fields, output
from calibrate.exports.pmml.output import TARGET as PREDICTED
from calibrate.exports.pmml.refusals import is_said, refusals
from calibrate.exports.pmml.verification import verification
from calibrate.exports.target import Export, ExportError, Input, Kind, Loss, Options, Sum, Target, sums

_KINDS: dict[str, Kind] = {"number": "number", "boolean": "boolean", "set": "delimited"}
_LOSSES = (
    Loss(
        "reasons",
        "approximated",
        "ids of up to three rules, those that add most points first, none that takes points away; they know of no "
        "gate, and some engines name the last one again where there are fewer",
    ),
    Loss("percentile", "refused", "PMML has no table of the other leads; look it up by score in rules.json"),
)


def export(rules: Rules, options: Options) -> Export:
    """The document as a Scorecard, with its worked leads as verification."""
    faults = [f"pmml: {fault}" for fault in refusals(rules)]
    own = [*NAMES, *map(_points_name, rules.rules), *map(_sum_name, sums(rules))]
    try:
        found = fields(rules, options, "pmml", allowed=lambda name: bool(name) and is_said(name), taken=own)
    except ExportError as error:
        raise ExportError([*error.faults, *faults]) from None
    if faults:
        raise ExportError(faults)
    inputs = tuple(_input(name, field, rules.attributes[name]) for name, field in found.items())
    document = etree.tostring(_document(rules, found), encoding="UTF-8", xml_declaration=True, pretty_print=True)
    sets = (
        f"{shown(item.field)} is one text with {shown(item.separator)} between its values, and only that without any."
        for item in inputs
        if item.kind == "delimited"
    )
    first = "Read `score`, `band` and `gate`; the predicted value is the sum before gates and limits."
    return Export(files={"rules.pmml": document}, inputs=inputs, losses=_LOSSES, notes=(first, *sets))


TARGET = Target(
    name="pmml",
    writes="a PMML 4.4 Scorecard with reason codes, and worked leads to verify it by",
    proof="valid by the schema of PMML 4.4; run by pypmml and jpmml-evaluator",
    export=export,
)


def _input(name: str, field: str, attribute: Attribute) -> Input:
    kind = _KINDS.get(attribute.type, "text")
    return Input(name, field, kind, separator_of(attribute) if kind == "delimited" else None)


def _points_name(rule: Rule) -> str:
    return f"points of {rule.id}"


def _sum_name(part: Sum) -> str:
    return f"sum of {part.name}"


def _is_derived(rules: Rules, part: Sum, rule: Rule) -> bool:
    """Whether the points of a rule have a field of their own."""
    return part.bounded or rules.attributes[rule.attr].type == "set"


def _document(rules: Rules, found: Mapping[str, str]) -> Element:
    inputs = (E.MiningField(name=field, invalidValueTreatment="asIs") for field in found.values())
    empty = sum(bounded(0, part.low, part.high) for part in sums(rules) if not part.rules)
    card = E.Scorecard(
        E.MiningSchema(*inputs, E.MiningField(name=PREDICTED, usageType="target")),
        E.Output(*output(rules)),
        E.LocalTransformations(*gate_fields(rules, found), *_derived(rules, found)),
        E.Characteristics(*_characteristics(rules, found)),
        *verification(rules, found),
        modelName=rules.id,
        functionName="regression",
        initialScore=str(rules.score.base + empty),
        useReasonCodes="true",
        reasonCodeAlgorithm="pointsAbove",
        baselineMethod="neutral",
    )
    declared = (_data_field(rules.attributes[name], field) for name, field in found.items())
    return E.PMML(
        E.Header(E.Application(name="lead-calibrate"), description=rules.title or rules.id, modelVersion=rules.version),
        E.DataDictionary(*declared, E.DataField(name=PREDICTED, optype="continuous", dataType="double")),
        card,
        version="4.4",
    )


def _data_field(attribute: Attribute, name: str) -> Element:
    label = {"displayName": attribute.label} if attribute.label and attribute.label != name else {}
    if attribute.type == "number":
        return E.DataField(name=name, optype="continuous", dataType="double", **label)
    blank = E.Value(value="", property="missing")
    return E.DataField(blank, name=name, optype="categorical", dataType="string", **label)


def _derived(rules: Rules, found: Mapping[str, str]) -> Iterator[Element]:
    for part in sums(rules):
        for rule in part.rules:
            if _is_derived(rules, part, rule):
                cases = [(case.when, case.points) for case in rule.cases]
                attribute = rules.attributes[rule.attr]
                points = choice(attribute, found[rule.attr], cases, rule.otherwise, rule.missing)
                yield derived(_points_name(rule), points)
        if part.bounded and part.rules:
            yield derived(_sum_name(part), apply("sum", *(field(_points_name(rule)) for rule in part.rules)))


def _characteristics(rules: Rules, found: Mapping[str, str]) -> Iterator[Element]:
    for part in sums(rules):
        for rule in part.rules:
            if _is_derived(rules, part, rule):
                yield _characteristic(rule.id, _computed(field(_points_name(rule))))
            else:
                yield _characteristic(rule.id, *_attributes(rule, found[rule.attr]))
        if part.bounded and part.rules:
            name = _sum_name(part)
            change = apply("-", within(name, part.low, part.high), field(name))
            yield _characteristic(f"cap of {part.name}", _computed(change))
    if not rules.rules:
        yield _characteristic("no rules", E.Attribute(E("True"), partialScore="0"))


def _characteristic(name: str, *attributes: Element) -> Element:
    return E.Characteristic(*attributes, name=name, reasonCode=name, baselineScore="0")


def _computed(points: Element) -> Element:
    return E.Attribute(E("True"), E.ComplexPartialScore(points))


def _attributes(rule: Rule, name: str) -> Iterator[Element]:
    yield E.Attribute(E.SimplePredicate(field=name, operator="isMissing"), partialScore=str(rule.missing))
    for case in rule.cases:
        yield E.Attribute(_predicate(case.when, name), partialScore=str(case.points))
    yield E.Attribute(E("True"), partialScore=str(rule.otherwise))


def _predicate(condition: Condition, name: str) -> Element:
    """A condition of a text, truth value or number."""
    if texts := texts_of(condition):
        return _joined("or", [("equal", text) for text in texts], name)
    return _joined("and", [(side, plain_number(end)) for side, end in sides_of(condition)], name)


def _joined(joint: str, comparisons: Sequence[tuple[str, str]], name: str) -> Element:
    parts = [E.SimplePredicate(field=name, operator=side, value=value) for side, value in comparisons]
    return parts[0] if len(parts) == 1 else E.CompoundPredicate(*parts, booleanOperator=joint)
