"""DMN 1.3: a decision table for every rule, an expression for every group, a table for the score and one for the band.

Every table stops at its first row that is true, so its rows stand as in the document: missing, the cases, otherwise;
no cell that engines read differently when a value is null is reached with one. Sums are FEEL expressions, as the
sums of the hit policy COLLECT differ between engines (DMN 1.1 adds equal points only once).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from lxml import etree
from lxml.builder import ElementMaker

from calibrate.document.rules import Condition, Gate, Has, In, Is, Range, Rule, Rules
from calibrate.exports.naming import OBJECT_NAMES, fields, identifier, inputs_of, named
from calibrate.exports.target import Export, Loss, Options, Target, band_of, sums

Type = Literal["string", "number", "boolean", "texts"]
_MODEL = "https://www.omg.org/spec/DMN/20191111/MODEL/"
_DI = "https://www.omg.org/spec/DMN/20191111/DMNDI/"
_DC = "http://www.omg.org/spec/DMN/20180521/DC/"
_LINES = "http://www.omg.org/spec/DMN/20180521/DI/"
_E = ElementMaker(namespace=_MODEL, nsmap={None: _MODEL, "dmndi": _DI, "dc": _DC, "di": _LINES})
_DIAGRAM = ElementMaker(namespace=_DI)
_TYPES: dict[str, Type] = {"number": "number", "boolean": "boolean", "set": "texts"}
_WORDS = (
    "and", "between", "every", "else", "external", "false", "for", "function", "if", "in", "instance", "list", "max",
    "min", "not", "null", "of", "or", "return", "satisfies", "some", "sum", "then", "true",
)  # fmt: skip
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_ACROSS, _UP, _WIDE, _HIGH = 200, 140, 180, 80


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision: a FEEL expression, or a table whose first row that is true gives the result.

    needs: inputs and decisions that it reads.  columns: (label, name, type) of what the rows test.
    rows: description, a FEEL test for every column, FEEL of the result.
    """

    name: str
    label: str
    type: Type
    needs: tuple[str, ...]
    expression: str | None = None
    columns: tuple[tuple[str, str, Type], ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


def export(rules: Rules, options: Options) -> Export:
    """The document as DMN 1.3 with its diagram; its results are the decisions `score` and `band`."""
    own = ["score", "band", *(f"points_{rule.id}" for rule in rules.rules), *_groups(rules).values()]
    found = fields(
        rules,
        options,
        "dmn",
        clean=lambda name: identifier(name, (*_WORDS, *OBJECT_NAMES, *own)),
        allowed=lambda field: (
            bool(re.fullmatch(r"[A-Za-z_]\w*", field, re.ASCII)) and field not in {*_WORDS, *OBJECT_NAMES}
        ),
        taken=own,
    )
    root = _definitions(rules, found, _decisions(rules, found))
    why = "the decisions give a score and a band"
    return Export(
        files={"rules.dmn": etree.tostring(root, pretty_print=True, xml_declaration=True, encoding="UTF-8")},
        inputs=inputs_of(rules, found),
        losses=(
            Loss("reasons", "approximated", "the points of every rule and group are decisions, not the strongest"),
            Loss("percentile", "refused", f"{why}; look it up by score in rules.json"),
            Loss("probability", "refused", f"{why}; look it up by score in rules.json"),
        ),
        notes=(*named(found), "Evaluate the decisions `score` and `band`; an attribute that a lead lacks is null."),
    )


TARGET = Target(
    name="dmn",
    writes="DMN 1.3 decision tables with their diagram",
    proof="its tables read by dmn-moddle and every cell run by feelin; valid against the XML Schema of DMN 1.3; "
    "not run by Camunda or KIE",
    export=export,
)


def _groups(rules: Rules) -> dict[str, str]:
    """The name of the decision for every group."""
    words = [f"sum_{identifier(name)}" for name in rules.groups]
    if len(set(words)) < len(words):
        words = [f"{word}_{place}" for place, word in enumerate(words)]
    return dict(zip(rules.groups, words, strict=True))


def _decisions(rules: Rules, found: Mapping[str, str]) -> list[Decision]:
    """Every decision, those that another needs before it."""
    tables = [_rule_table(rules, rule, found[rule.attr]) for part in sums(rules) for rule in part.rules]
    names = _groups(rules)
    groups = []
    free, *parts = sums(rules)
    for part in parts:
        needs = tuple(f"points_{rule.id}" for rule in part.rules)
        label = rules.groups[part.name or ""].label or part.name or ""
        value = _bounded(_sum(needs), part.low, part.high)
        groups.append(Decision(names[part.name or ""], label, "number", needs, value))
    needs = (*(f"points_{rule.id}" for rule in free.rules), *names.values())
    total = _bounded(_sum([str(rules.score.base), *needs]), rules.score.min, rules.score.max)
    return [*tables, *groups, _score(rules, found, needs, total), *_band(rules, found)]


def _rule_table(rules: Rules, rule: Rule, field: str) -> Decision:
    attribute = rules.attributes[rule.attr]
    label = rule.label or attribute.label or rule.attr
    missing = 'null, ""' if attribute.type in ("category", "text") else "null"
    rows = (
        ("missing", missing, str(rule.missing)),
        *((case.label or "", _test(case.when), str(case.points)) for case in rule.cases),
        ("otherwise", "-", str(rule.otherwise)),
    )
    columns = ((attribute.label or rule.attr, field, _type(rules, rule.attr)),)
    return Decision(f"points_{rule.id}", label, "number", (field,), None, columns, rows)


def _score(rules: Rules, found: Mapping[str, str], needs: Sequence[str], total: str) -> Decision:
    if not rules.gates:
        return Decision("score", "Score", "number", tuple(needs), total)
    columns = _gate_columns(rules, found)
    rows = tuple((*_gate_row(rules, gate), str(gate.then.score)) for gate in rules.gates)
    last = ("no gate", *("-" for _ in columns), total)
    inputs = tuple(name for _, name, _ in columns)
    return Decision("score", "Score", "number", (*inputs, *needs), None, columns, (*rows, last))


def _band(rules: Rules, found: Mapping[str, str]) -> list[Decision]:
    """The decision for the band; none where the document has neither bands nor gates."""
    columns = (*_gate_columns(rules, found), ("Score", "score", "number"))
    gates = [(*_gate_row(rules, gate), "-", _text(band_of(rules, gate))) for gate in rules.gates]
    skip = ["-"] * (len(columns) - 1)
    bands = [
        (band.action or "", *skip, "-" if band.from_ is None else f">= {band.from_}", _text(band.name))
        for band in rules.bands
    ]
    if not gates and not bands:
        return []
    rows = (*gates, *bands)
    return [Decision("band", "Band", "string", tuple(name for _, name, _ in columns), None, columns, rows)]


def _gate_columns(rules: Rules, found: Mapping[str, str]) -> tuple[tuple[str, str, Type], ...]:
    return tuple(
        (rules.attributes[name].label or name, found[name], _type(rules, name))
        for name in dict.fromkeys(gate.when.attr for gate in rules.gates)
    )


def _gate_row(rules: Rules, gate: Gate) -> tuple[str, ...]:
    read = dict.fromkeys(item.when.attr for item in rules.gates)
    tests = (_test(gate.when.condition) if name == gate.when.attr else "-" for name in read)
    return (gate.label or gate.id, *tests)


def _sum(parts: Sequence[str]) -> str:
    return f"sum([{', '.join(parts)}])" if len(parts) > 1 else "".join(parts) or "0"


def _bounded(value: str, low: int | None, high: int | None) -> str:
    value = value if low is None else f"max({low}, {value})"
    return value if high is None else f"min({high}, {value})"


def _test(condition: Condition) -> str:
    """A condition as FEEL unary tests, for a value that is not null."""
    match condition:
        case In(in_=texts):
            return ", ".join(_text(text) for text in texts)
        case Is(is_=truth):
            return "true" if truth else "false"
        case Has(has=text):
            return f"list contains(?, {_text(text)})"
        case Range(ge=ge, lt=lt):
            if ge is None or lt is None:
                return f"< {_number(lt)}" if lt is not None else f">= {_number(ge or 0.0)}"
            return f"[{_number(ge)}..{_number(lt)})"


def _text(text: str | None) -> str:
    r"""A text of FEEL; what XML cannot hold as `\U` and six digits, which no digit after it can lengthen."""
    if text is None:
        return "null"
    plain = re.sub(r'["\\\n\r\t]', lambda mark: _SHORT[mark[0]], text)
    return '"' + _FORBIDDEN.sub(lambda mark: f"\\U{ord(mark[0]):06X}", plain) + '"'


def _number(value: float) -> str:
    """A number of FEEL, which has no exponent."""
    return format(Decimal(repr(value)), "f").removesuffix(".0")


def _definitions(rules: Rules, found: Mapping[str, str], decisions: Sequence[Decision]) -> etree._Element:
    inputs = [_input(rules, name, field) for name, field in found.items()]
    texts = _E.itemDefinition(_E.typeRef("string"), id="type_texts", name="texts", isCollection="true")
    lists = [texts] if any(_type(rules, name) == "texts" for name in found) else []
    ids = {field: f"input_{field}" for field in found.values()} | {item.name: item.name for item in decisions}
    return _E.definitions(
        _E.description(_plain(f"{rules.id} {rules.version}")),
        *lists,
        *inputs,
        *(_decision(item, ids) for item in decisions),
        _diagram(list(found.values()), decisions, ids),
        id="lead_score", name=_plain(rules.title or rules.id), namespace="urn:lead-score",
    )  # fmt: skip


def _input(rules: Rules, name: str, field: str) -> etree._Element:
    attribute = rules.attributes[name]
    variable = _E.variable(id=f"input_{field}.variable", name=field, typeRef=_type(rules, name))
    return _E.inputData(variable, id=f"input_{field}", name=field, label=_plain(attribute.label or name))


def _type(rules: Rules, name: str) -> Type:
    return _TYPES.get(rules.attributes[name].type, "string")


def _decision(item: Decision, ids: Mapping[str, str]) -> etree._Element:
    needs = []
    for name in item.needs:
        kind = _E.requiredInput if ids[name] != name else _E.requiredDecision
        needs.append(_E.informationRequirement(kind(href=f"#{ids[name]}"), id=f"{item.name}.needs.{name}"))
    variable = _E.variable(id=f"{item.name}.variable", name=item.name, typeRef=item.type)
    if item.expression is None:
        body = _table(item)
    else:
        body = _E.literalExpression(_E.text(item.expression), id=f"{item.name}.expression", typeRef=item.type)
    return _E.decision(variable, *needs, body, id=item.name, name=item.name, label=_plain(item.label))


def _table(item: Decision) -> etree._Element:
    columns = [
        _E.input(_E.inputExpression(_E.text(name), id=f"{item.name}.in.{place}.text", typeRef=type_),
                 id=f"{item.name}.in.{place}", label=_plain(label))
        for place, (label, name, type_) in enumerate(item.columns)
    ]  # fmt: skip
    rows = []
    for place, (description, *tests, result) in enumerate(item.rows):
        row = f"{item.name}.row.{place}"
        cells = [_E.inputEntry(_E.text(test), id=f"{row}.in.{number}") for number, test in enumerate(tests)]
        said = [_E.description(_plain(description))] if description else []
        rows.append(_E.rule(*said, *cells, _E.outputEntry(_E.text(result), id=f"{row}.out"), id=row))
    output = _E.output(id=f"{item.name}.out", typeRef=item.type)
    return _E.decisionTable(*columns, output, *rows, id=f"{item.name}.table", hitPolicy="FIRST")


def _diagram(inputs: Sequence[str], decisions: Sequence[Decision], ids: Mapping[str, str]) -> etree._Element:
    """Inputs in the lowest row, then each decision above what it needs."""
    depths = dict.fromkeys(inputs, 0)
    for item in decisions:
        depths[item.name] = 1 + max((depths[name] for name in item.needs), default=0)
    rows = [[name for name, depth in depths.items() if depth == row] for row in range(1 + max(depths.values()))]
    widest = max(map(len, rows))
    places = {
        name: (_ACROSS * place + _ACROSS * (widest - len(row)) // 2, _UP * (len(rows) - 1 - depth))
        for depth, row in enumerate(rows)
        for place, name in enumerate(row)
    }
    bounds, point = f"{{{_DC}}}Bounds", f"{{{_LINES}}}waypoint"
    shapes = [
        _DIAGRAM.DMNShape(_E(bounds, x=str(x), y=str(y), width=str(_WIDE), height=str(_HIGH)),
                          id=f"{ids[name]}.shape", dmnElementRef=ids[name])
        for name, (x, y) in places.items()
    ]  # fmt: skip
    lines = []
    for item in decisions:
        for name in item.needs:
            (x, y), (to_x, to_y) = places[name], places[item.name]
            ends = [
                _E(point, x=str(x + _WIDE // 2), y=str(y)),
                _E(point, x=str(to_x + _WIDE // 2), y=str(to_y + _HIGH)),
            ]
            key = f"{item.name}.needs.{name}"
            lines.append(_DIAGRAM.DMNEdge(*ends, id=f"{key}.line", dmnElementRef=key))
    return _DIAGRAM.DMNDI(_DIAGRAM.DMNDiagram(*shapes, *lines, id="diagram"))


def _plain(text: str) -> str:
    """A text without what XML cannot hold."""
    return _FORBIDDEN.sub("\ufffd", text)
