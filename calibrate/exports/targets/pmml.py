"""PMML 4.4: a Scorecard with a Characteristic for each rule.

A rule without a cap is said with predicates. A rule on a set, and one whose group has a cap, has its points in a
DerivedField; what a cap changes is a Characteristic of its own, so that every rule keeps its reason code. Gates,
limits and bands follow in the Output. What is written otherwise than the standard invites has a reason:

- A text stands in an attribute (`value=`, `binValue=`) or a cell of a table, never in an Array, where engines read
  backslashes and quotes otherwise, nor in a Constant, of which one engine keeps what follows the last `]` or `&`.
- A value is asked for being there before it is compared: no engine needs to leave `and` early.
- A Discretize covers all that it is given, as an engine takes `mapMissingTo` where `defaultValue` is right.
- A set is one text, and a value is found in it with `matches`. Every sign of the pattern but ASCII letters and digits
  is escaped, and the pattern spans the text: it is the same whether an engine matches the whole or looks inside.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from lxml import etree
from lxml.builder import ElementMaker

from calibrate.document.lead_score import bounded, plain_number, read_value, used
from calibrate.document.rules import Attribute, Condition, Has, In, Is, LeadValue, Range, Rule, Rules, WorkedLead
from calibrate.errors import shown
from calibrate.exports.naming import fields
from calibrate.exports.target import Export, ExportError, Input, Kind, Loss, Options, Sum, Target, band_of, sums

Element = etree._Element
_NAMESPACE = "http://www.dmg.org/PMML-4_4"
E = ElementMaker(namespace=_NAMESPACE, nsmap={None: _NAMESPACE})
_KINDS: dict[str, Kind] = {"number": "number", "boolean": "boolean", "set": "delimited"}
_TYPES = {"number": ("continuous", "double"), "boolean": ("categorical", "boolean")}
_TARGET, _GATE, _GATE_SCORE = "points", "deciding gate", "score of the gate"
_RESULTS = ("sum", "score", "gate", "band", "probability", "reason1", "reason2", "reason3", _TARGET, _GATE,
            _GATE_SCORE)  # fmt: skip
_SEPARATOR = ";"
_DEEPEST = 200
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# What str.strip() takes away but the separator; without brackets, and possessive so that Java does not recurse.
_SPACES = r"(?:(?!\x{180E}|%s)(?:\h|\v|\x{1C}|\x{1D}|\x{1E}|\x{1F}))*+"


def export(rules: Rules, options: Options) -> Export:
    """The document as a Scorecard, with its worked leads as verification."""
    faults = [f"pmml: {fault}" for fault in _faults(rules)]
    try:
        own = [*_RESULTS, *map(_points_name, rules.rules), *(_sum_name(part) for part in sums(rules) if part.name)]
        found = fields(rules, options, "pmml", allowed=lambda name: bool(name) and _is_said(name), taken=own)
    except ExportError as error:
        raise ExportError([*error.faults, *faults]) from None
    if faults:
        raise ExportError(faults)
    inputs = tuple(_input(name, field, rules.attributes[name]) for name, field in found.items())
    return Export(
        files={
            "rules.pmml": etree.tostring(
                _document(rules, found), encoding="UTF-8", xml_declaration=True, pretty_print=True
            )
        },
        inputs=inputs,
        losses=(
            Loss(
                "reasons",
                "approximated",
                "up to three ids of rules, those that add most points first; none of those that take points away, "
                "and they do not know of gates; some engines name the last one again when there are fewer",
            ),
            Loss("percentile", "refused", "PMML has no table of the other leads; look it up by score in rules.json"),
        ),
        notes=(
            "Read `score`, `band` and `gate`; the predicted value is the sum before gates and limits.",
            "Give texts, truth values and numbers as such; leave missing values out.",
            *(f"{shown(item.field)} is one text with {shown(item.separator)} between its values, and only that where "
              "it has none." for item in inputs if item.kind == "delimited"),
        ),
    )  # fmt: skip


TARGET = Target(
    name="pmml",
    writes="a PMML 4.4 Scorecard with reason codes and worked leads to verify it",
    proof="valid by the PMML 4.4 schema; run by pypmml (PMML4S) and jpmml-evaluator",
    export=export,
)


def _input(name: str, field: str, attribute: Attribute) -> Input:
    kind = _KINDS.get(attribute.type, "text")
    return Input(name, field, kind, _separator(attribute) if kind == "delimited" else None)


def _separator(attribute: Attribute) -> str:
    """Between the values of a set; a document without one takes lists, which PMML has not."""
    return attribute.separator or _SEPARATOR


def _points_name(rule: Rule) -> str:
    return f"points of {rule.id}"


def _sum_name(part: Sum) -> str:
    return f"sum of {part.name}"


def _is_said(text: str) -> bool:
    return not _NO_XML.search(text)


def _faults(rules: Rules) -> Iterator[str]:
    for place, text in _texts(rules):
        if not _is_said(text):
            yield f"{place}: found {shown(text)}, expected characters that XML can hold; write it without"
    for name in used(rules):
        separator = rules.attributes[name].separator or _SEPARATOR
        if len(separator) > 1:
            yield (
                f"attribute {shown(name)}: found the separator {shown(separator)}, expected a single character, as a "
                "longer one cannot be told for certain from the values beside it; let one do"
            )
    for rule in rules.rules:
        yield from _member_faults(rule, _separator(rules.attributes[rule.attr]))
    for rule in (rule for part in sums(rules) for rule in part.rules if part.bounded or _is_set(rules, rule)):
        if len(rule.cases) > _DEEPEST and rules.attributes[rule.attr].type not in ("category", "text"):
            why = "a set" if _is_set(rules, rule) else "a rule in a group with a cap"
            yield (
                f"rule {rule.id}: found {len(rule.cases)} cases, expected at most {_DEEPEST} of {why}, which lie one "
                "in the other, and XML readers stop at 256; make it several rules"
            )


def _texts(rules: Rules) -> Iterator[tuple[str, str]]:
    """Every text that the file holds, but for names of fields, with its place."""
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
    for number, band in enumerate(rules.bands):
        yield f"bands[{number}]", band.name


def _member_faults(rule: Rule, separator: str) -> Iterator[str]:
    for number, case in enumerate(rule.cases):
        if not isinstance(case.when, Has):
            continue
        text, where = case.when.has, f"rule {rule.id}, case {number}"
        if separator in text:
            expected = f"a value without the separator {shown(separator)}, as the set is one text; change either"
            yield f"{where}: found {shown(text)}, expected {expected}"
        elif text != text.strip():
            yield f"{where}: found {shown(text)}, expected no spaces around it, as those in a set do not count; cut them"


def _document(rules: Rules, found: Mapping[str, str]) -> Element:
    title = rules.title or rules.id
    card = E.Scorecard(
        E.MiningSchema(
            *(E.MiningField(name=field, invalidValueTreatment="asIs") for field in found.values()),
            E.MiningField(name=_TARGET, usageType="target"),
        ),
        E.Output(*_output(rules)),
        E.LocalTransformations(*_derived(rules, found)),
        E.Characteristics(*_characteristics(rules, found)),
        *_verification(rules, found),
        modelName=rules.id,
        functionName="regression",
        initialScore=str(rules.score.base + sum(bounded(0, part.low, part.high) for part in _empty(rules))),
        useReasonCodes="true",
        reasonCodeAlgorithm="pointsAbove",
        baselineMethod="neutral",
    )
    return E.PMML(
        E.Header(E.Application(name="lead-calibrate"), description=title, modelVersion=rules.version),
        E.DataDictionary(
            *(_data_field(rules.attributes[name], field) for name, field in found.items()),
            E.DataField(name=_TARGET, optype="continuous", dataType="double"),
        ),
        card,
        version="4.4",
    )


def _empty(rules: Rules) -> Iterator[Sum]:
    return (part for part in sums(rules) if part.bounded and not part.rules)


def _is_set(rules: Rules, rule: Rule) -> bool:
    return rules.attributes[rule.attr].type == "set"


def _data_field(attribute: Attribute, field: str) -> Element:
    optype, data = _TYPES.get(attribute.type, ("categorical", "string"))
    blank = [E.Value(value="", property="missing")] if data == "string" else []
    label = {"displayName": attribute.label} if attribute.label else {}
    return E.DataField(*blank, name=field, optype=optype, dataType=data, **label)


def _output(rules: Rules) -> Iterator[Element]:
    yield E.OutputField(name="sum", optype="continuous", dataType="double", feature="predictedValue")
    total = _bounded(E.FieldRef(field="sum"), rules.score.min, rules.score.max)
    if rules.gates:
        yield _result("gate", _by_gate([gate.id for gate in rules.gates]))
        total = _apply("if", _gated(rules), E.FieldRef(field=_GATE_SCORE), total)
    yield _result("score", total, "continuous", "integer")
    if rules.bands or any(gate.then.band for gate in rules.gates):
        band: list[Element] = [_bands(rules)] if rules.bands else []
        gated = _by_gate([band_of(rules, gate) for gate in rules.gates])
        yield _result("band", _apply("if", _gated(rules), gated, *band) if rules.gates else band[0])
    if rules.probability is not None:
        yield _result("probability", _probability(rules.probability.intercept, rules.probability.slope), "continuous",
                      "double")  # fmt: skip
    for rank in ("1", "2", "3"):
        yield E.OutputField(
            name=f"reason{rank}", optype="categorical", dataType="string", feature="reasonCode", rank=rank
        )


def _result(name: str, value: Element, optype: str = "categorical", data: str = "string") -> Element:
    return E.OutputField(value, name=name, optype=optype, dataType=data, feature="transformedValue")


def _gated(rules: Rules) -> Element:
    return _apply("lessThan", E.FieldRef(field=_GATE), _constant(len(rules.gates)))


def _by_gate(values: Sequence[str | None], data: str = "string") -> Element:
    """The value of the gate that decides; nothing where there is none."""
    bins = (
        E.DiscretizeBin(E.Interval(closure="closedClosed", leftMargin=str(at), rightMargin=str(at)), binValue=value)
        for at, value in enumerate(values)
        if value is not None
    )
    return E.Discretize(*bins, field=_GATE, dataType=data)


def _bands(rules: Rules) -> Element:
    bins: list[Element] = []
    above: int | None = None
    for band in rules.bands:
        ends = {"leftMargin": band.from_, "rightMargin": above}
        margins = {side: str(end) for side, end in ends.items() if end is not None}
        # A single band has no ends, and an interval must have one: a score is far above this.
        margins = margins or {"leftMargin": "-1e300"}
        bins.append(E.DiscretizeBin(E.Interval(closure="closedOpen", **margins), binValue=band.name))
        above = band.from_
    return E.Discretize(*bins, field="score", dataType="string")


def _probability(intercept: float, slope: float) -> Element:
    odds = _apply("+", _constant(intercept), _apply("*", _constant(slope), E.FieldRef(field="score")))
    return _apply("/", _constant(1), _apply("+", _constant(1), _apply("exp", _apply("-", _constant(0), odds))))


def _derived(rules: Rules, found: Mapping[str, str]) -> Iterator[Element]:
    if rules.gates:
        none = len(rules.gates)
        numbers = [
            _choice(rules.attributes[gate.when.attr], found[gate.when.attr], [(gate.when.condition, at)], none, none)
            for at, gate in enumerate(rules.gates)
        ]
        yield _derived_field(_GATE, _apply("min", *numbers, _constant(none)))
        yield _derived_field(_GATE_SCORE, _by_gate([str(gate.then.score) for gate in rules.gates], "double"))
    for part in sums(rules):
        for rule in part.rules:
            if part.bounded or _is_set(rules, rule):
                cases = [(case.when, case.points) for case in rule.cases]
                attribute = rules.attributes[rule.attr]
                points = _choice(attribute, found[rule.attr], cases, rule.otherwise, rule.missing)
                yield _derived_field(_points_name(rule), points)
        if part.bounded and part.rules:
            terms = (E.FieldRef(field=_points_name(rule)) for rule in part.rules)
            yield _derived_field(_sum_name(part), _apply("sum", *terms))


def _derived_field(name: str, value: Element) -> Element:
    return E.DerivedField(value, name=name, optype="continuous", dataType="double")


def _choice(
    attribute: Attribute, field: str, cases: Sequence[tuple[Condition, int]], otherwise: int, missing: int
) -> Element:
    """The number of the first case that is true, as an expression."""
    texts = [(text, number) for when, number in cases if isinstance(when, In) for text in when.in_]
    if texts:
        return E.MapValues(
            E.FieldColumnPair(field=field, column="text"),
            E.InlineTable(*(E.row(E.text(text), E.number(str(number))) for text, number in texts)),
            outputColumn="number",
            dataType="double",
            defaultValue=str(otherwise),
            mapMissingTo=str(missing),
        )
    chain = _constant(otherwise)
    for when, number in reversed(cases):
        chain = _apply("if", _expression(when, field, _separator(attribute)), _constant(number), chain)
    return _apply("if", _apply("isMissing", E.FieldRef(field=field)), _constant(missing), chain)


def _expression(condition: Condition, field: str, separator: str) -> Element:
    """Whether a condition other than In is true of a value that is there."""
    match condition:
        case Has(has=text):
            return _apply("matches", E.FieldRef(field=field), E.Constant(member(text, separator), dataType="string"))
        case Range(ge=ge, lt=lt):
            ends = (("greaterOrEqual", ge), ("lessThan", lt))
            sides = [_apply(name, E.FieldRef(field=field), _constant(end)) for name, end in ends if end is not None]
            return sides[0] if len(sides) == 1 else _apply("and", *sides)
        case _:
            truth = "true" if isinstance(condition, Is) and condition.is_ else "false"
            return _apply("equal", E.FieldRef(field=field), E.Constant(truth, dataType="boolean"))


def member(text: str, separator: str) -> str:
    r"""A pattern that a set in one text matches when it holds a text; for Java and PCRE.

    >>> member("é1", ";").replace(_SPACES % r"\x{3B}", "_")
    '(?s)\\A(?:.*\\x{3B})?_\\x{E9}1_(?:\\x{3B}.*)?\\z'
    """
    value, mark = (re.sub("[^A-Za-z0-9]", lambda sign: f"\\x{{{ord(sign[0]):X}}}", part) for part in (text, separator))
    spaces = _SPACES % mark
    return rf"(?s)\A(?:.*{mark})?{spaces}{value}{spaces}(?:{mark}.*)?\z"


def _characteristics(rules: Rules, found: Mapping[str, str]) -> Iterator[Element]:
    nothing = E.Characteristic(E.Attribute(E("True"), partialScore="0"), reasonCode="none", baselineScore="0")
    made = 0
    for part in sums(rules):
        for made, rule in enumerate(part.rules, start=made + 1):
            derived = part.bounded or _is_set(rules, rule)
            points = [_computed(E.FieldRef(field=_points_name(rule)))] if derived else _attributes(rule, found)
            yield E.Characteristic(*points, name=rule.id, reasonCode=rule.id, baselineScore="0")
        if part.bounded and part.rules:
            total = E.FieldRef(field=_sum_name(part))
            change = _apply("-", _bounded(total, part.low, part.high), E.FieldRef(field=_sum_name(part)))
            name = f"cap of {part.name}"
            yield E.Characteristic(_computed(change), name=name, reasonCode=name, baselineScore="0")
    if not made:
        yield nothing


def _computed(points: Element) -> Element:
    return E.Attribute(E("True"), E.ComplexPartialScore(points))


def _attributes(rule: Rule, found: Mapping[str, str]) -> Iterator[Element]:
    field = found[rule.attr]
    yield E.Attribute(E.SimplePredicate(field=field, operator="isMissing"), partialScore=str(rule.missing))
    for case in rule.cases:
        yield E.Attribute(_predicate(case.when, field), partialScore=str(case.points))
    yield E.Attribute(E("True"), partialScore=str(rule.otherwise))


def _predicate(condition: Condition, field: str) -> Element:
    match condition:
        case In(in_=texts):
            return _joined("or", [("equal", text) for text in texts], field)
        case Range(ge=ge, lt=lt):
            ends = (("greaterOrEqual", ge), ("lessThan", lt))
            return _joined("and", [(name, plain_number(end)) for name, end in ends if end is not None], field)
        case _:
            truth = "true" if isinstance(condition, Is) and condition.is_ else "false"
            return _joined("and", [("equal", truth)], field)


def _joined(joint: str, comparisons: Sequence[tuple[str, str]], field: str) -> Element:
    parts = [E.SimplePredicate(field=field, operator=name, value=value) for name, value in comparisons]
    return parts[0] if len(parts) == 1 else E.CompoundPredicate(*parts, booleanOperator=joint)


def _bounded(value: Element, low: int | None, high: int | None) -> Element:
    value = value if low is None else _apply("max", _constant(low), value)
    return value if high is None else _apply("min", _constant(high), value)


def _apply(function: str, *parts: Element) -> Element:
    return E.Apply(*parts, function=function)


def _constant(number: float) -> Element:
    return E.Constant(plain_number(float(number)), dataType="double")


def _verification(rules: Rules, found: Mapping[str, str]) -> Iterator[Element]:
    """The worked leads as ModelVerification; those that one text for a set, or XML, cannot hold are left out."""
    bands = bool(rules.bands) or any(gate.then.band for gate in rules.gates)
    rows = [cells for test in rules.tests if (cells := _cells(rules, found, test, bands)) is not None]
    if not rows:
        return
    columns = {field: f"input{at}" for at, field in enumerate(found.values(), start=1)}
    columns |= {"score": "score"} | ({"band": "band"} if bands else {})
    yield E.ModelVerification(
        E.VerificationFields(*(
            E.VerificationField(field=field, column=column, precision="1e-9", zeroThreshold="1e-9")
            for field, column in columns.items()
        )),
        E.InlineTable(*(E.row(*(E(columns[field], text) for field, text in cells.items())) for cells in rows)),
        recordCount=str(len(rows)),
        fieldCount=str(len(columns)),
    )  # fmt: skip


def _cells(rules: Rules, found: Mapping[str, str], test: WorkedLead, bands: bool) -> dict[str, str] | None:
    """A worked lead as texts by field; None where the file cannot hold it."""
    read = {name: _cell(rules.attributes[name], test.lead.get(name)) for name in found}
    if any(text is not None and not _is_said(text) for text in read.values()) or _is_torn(rules, found, test):
        return None
    cells = {found[name]: text for name, text in read.items() if text is not None} | {"score": str(test.score)}
    cells |= {"band": test.band} if bands and test.band is not None else {}
    return cells if len(cells) > 1 else None  # a row of an InlineTable has two cells at least


def _cell(attribute: Attribute, given: LeadValue) -> str | None:
    value = read_value(attribute, given, lambda: "tests")
    if isinstance(value, frozenset):
        return _separator(attribute).join(sorted(value)) or _separator(attribute)
    if isinstance(value, bool):
        return "true" if value else "false"
    return plain_number(value) if isinstance(value, float) else value


def _is_torn(rules: Rules, found: Mapping[str, str], test: WorkedLead) -> bool:
    """Whether a list holds a value that one text cannot: with the separator, or spaces around it."""
    for name in found:
        attribute = rules.attributes[name]
        value = read_value(attribute, test.lead.get(name), lambda: "tests") if attribute.type == "set" else None
        if isinstance(value, frozenset) and any(
            _separator(attribute) in text or text != text.strip() for text in value
        ):
            return True
    return False
