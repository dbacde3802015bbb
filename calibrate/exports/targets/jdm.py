"""GoRules JDM: a decision table for every rule, one for the gates and one for the bands, and the sums between them.

A table stops at its first row that is true, so its rows stand as in the document: missing, the cases, otherwise. An
empty cell is true for everything. Texts of zen, the language of the cells, have no escapes: a text goes between
quotes that it does not hold. Numbers are decimals, and those of a lead are read to 15 digits.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any

from calibrate.document.lead_score import plain_number
from calibrate.document.rules import Condition, Has, In, Is, Range, Rule, Rules
from calibrate.errors import shown
from calibrate.exports.naming import fields, identifier, inputs_of, named
from calibrate.exports.target import Export, ExportError, Loss, Options, Target, band_of, sums

_WORDS = ("in", "and", "or", "not", "true", "false", "null")
_RESULTS = ("points", "groups", "gate", "score", "band")
_DIGITS = 15
_PLACES = 28
_COLUMN, _ROW = 380, 120


def export(rules: Rules, options: Options) -> Export:
    """The document as a JDM graph; its result holds `score`, `band`, and the points of every rule and group."""
    found = fields(
        rules,
        options,
        "jdm",
        clean=lambda name: identifier(name, (*_WORDS, *_RESULTS)),
        allowed=lambda field: bool(re.fullmatch(r"[A-Za-z_]\w*", field, re.ASCII)) and field not in _WORDS,
        taken=_RESULTS,
    )
    if refused := [f"jdm: {fault}" for fault in _unsayable(rules)]:
        raise ExportError(refused)
    graph = _graph(rules, found)
    why = "the graph gives a score and a band"
    return Export(
        files={"rules.jdm.json": (json.dumps(graph, ensure_ascii=False, indent=1) + "\n").encode()},
        inputs=inputs_of(rules, found),
        losses=(
            Loss("reasons", "approximated", "the result holds the points of every rule and group, not the strongest"),
            Loss("percentile", "refused", f"{why}; look it up by score in rules.json"),
            Loss("probability", "refused", f"{why}; look it up by score in rules.json"),
        ),
        notes=(
            *named(found),
            "Read `score` and `band` from the result.",
            f"A lead's numbers are read to {_DIGITS} digits, and must be below 7.9e28.",
        ),
    )


TARGET = Target(
    name="jdm",
    writes="a GoRules JDM graph of decision tables",
    proof="run by zen-engine, in Python and in Node",
    export=export,
)


def _graph(rules: Rules, found: dict[str, str]) -> dict[str, Any]:
    """Request, then the gates and rules side by side, the sums, the bands, the response."""
    tables = [_rule_table(rules, rule, found, place) for place, rule in enumerate(_in_order(rules), start=1)]
    if rules.gates:
        tables.insert(0, _gate_table(rules, found))
    middle = _ROW * len(tables) // 2
    bands = [_band_table(rules, middle)] if rules.bands or rules.gates else []
    chain = [_node("score", "expressionNode", 2, middle, _sum_rows(rules, passes=bool(tables))), *bands]
    start = _node("request", "inputNode", 0, middle)
    end = _node("response", "outputNode", 4, middle)
    rest = [*chain, end]
    edges = [(start, table) for table in tables] + [(table, rest[0]) for table in tables or [start]]
    edges += pairwise(rest)
    return {
        "contentType": "application/vnd.gorules.decision",
        "nodes": [start, *tables, *rest],
        "edges": [
            {"id": f"edge_{place}", "type": "edge", "sourceId": source["id"], "targetId": target["id"]}
            for place, (source, target) in enumerate(edges)
        ],
    }


def _in_order(rules: Rules) -> list[Rule]:
    """The rules, those of a sum together."""
    return [rule for part in sums(rules) for rule in part.rules]


def _node(name: str, kind: str, column: int, y: int, content: dict[str, Any] | None = None) -> dict[str, Any]:
    node = {"id": f"node_{name}", "name": name, "type": kind, "position": {"x": _COLUMN * column, "y": y}}
    return node if content is None else {**node, "content": content}


def _table(
    inputs: Sequence[tuple[str, str]], outputs: Sequence[str], rows: Sequence[Sequence[str]], *, passes: bool = False
) -> dict[str, Any]:
    """A table of rows `(description, cell of every input, cell of every output)`; inputs are (label, field)."""
    columns = [*(f"in_{place}" for place in range(len(inputs))), *(f"out_{place}" for place in range(len(outputs)))]
    return {
        "hitPolicy": "first",
        "inputs": [
            {"id": key, "name": label, "field": field} for key, (label, field) in zip(columns, inputs, strict=False)
        ],
        "outputs": [
            {"id": key, "name": field, "field": field}
            for key, field in zip(columns[len(inputs) :], outputs, strict=True)
        ],
        "rules": [
            {"_id": f"row_{place}", "_description": row[0], **dict(zip(columns, row[1:], strict=True))}
            for place, row in enumerate(rows)
        ],
        "passThrough": passes,
        "inputField": None,
        "outputPath": None,
        "executionMode": "single",
    }


def _rule_table(rules: Rules, rule: Rule, found: dict[str, str], place: int) -> dict[str, Any]:
    attribute = rules.attributes[rule.attr]
    missing = 'null, ""' if attribute.type in ("category", "text") else "null"
    rows = [
        ("missing", missing, str(rule.missing)),
        *((case.label or "", _cell(case.when), str(case.points)) for case in rule.cases),
        ("otherwise", "", str(rule.otherwise)),
    ]
    content = _table([(rule.label or attribute.label or rule.attr, found[rule.attr])], [f"points.{rule.id}"], rows)
    return _node(f"rule_{rule.id}", "decisionTableNode", 1, _ROW * place, content)


def _gate_table(rules: Rules, found: dict[str, str]) -> dict[str, Any]:
    read = tuple(dict.fromkeys(gate.when.attr for gate in rules.gates))
    rows = []
    for gate in rules.gates:
        band = band_of(rules, gate)
        cells = [_cell(gate.when.condition) if name == gate.when.attr else "" for name in read]
        rows.append([gate.label or gate.id, *cells, str(gate.then.score), _text(band)])
    inputs = [(rules.attributes[name].label or name, found[name]) for name in read]
    return _node("gates", "decisionTableNode", 1, 0, _table(inputs, ["gate.score", "gate.band"], rows))


def _sum_rows(rules: Rules, *, passes: bool) -> dict[str, Any]:
    """The sum of every group within its caps, then the score. passes: whether the points stay in the result."""
    words = [identifier(name, _WORDS) for name in rules.groups]
    if len(set(words)) < len(words):
        words = [f"{word}_{place}" for place, word in enumerate(words)]
    free, *groups = sums(rules)
    rows = [
        (f"groups.{word}", _bounded(_sum([_points(rule) for rule in part.rules]), part.low, part.high))
        for word, part in zip(words, groups, strict=True)
    ]
    parts = [str(rules.score.base), *(_points(rule) for rule in free.rules), *(f"$.{key}" for key, _ in rows)]
    score = _bounded(_sum(parts), rules.score.min, rules.score.max)
    rows.append(("score", f"gate.score ?? {score}" if rules.gates else score))
    return {
        "expressions": [{"id": f"sum_{place}", "key": key, "value": value} for place, (key, value) in enumerate(rows)],
        "passThrough": passes,
        "inputField": None,
        "outputPath": None,
        "executionMode": "single",
    }


def _band_table(rules: Rules, y: int) -> dict[str, Any]:
    gate = [("a gate", "$ != null", "", "gate.band")] if rules.gates else []
    bands = [
        (band.action or "", *([""] * len(gate)), "" if band.from_ is None else f">= {band.from_}", _text(band.name))
        for band in rules.bands
    ]
    inputs = [("gate", "gate.band")] if rules.gates else []
    content = _table([*inputs, ("score", "score")], ["band"], [*gate, *bands], passes=True)
    return _node("bands", "decisionTableNode", 3, y, content)


def _points(rule: Rule) -> str:
    return f'points["{rule.id}"]' if rule.id in _WORDS else f"points.{rule.id}"


def _sum(parts: Sequence[str]) -> str:
    return f"sum([{', '.join(parts)}])" if len(parts) > 1 else "".join(parts) or "0"


def _bounded(value: str, low: int | None, high: int | None) -> str:
    value = value if low is None else f"max([{low}, {value}])"
    return value if high is None else f"min([{high}, {value}])"


def _cell(condition: Condition) -> str:
    match condition:
        case In(in_=texts):
            return ", ".join(_text(text) for text in texts)
        case Is(is_=truth):
            return "true" if truth else "false"
        case Has(has=text):
            return f"{_text(text)} in $"
        case Range(ge=ge, lt=lt):
            if ge is None or lt is None:
                return f"< {_number(lt)}" if lt is not None else f">= {_number(ge or 0.0)}"
            return f"[{_number(ge)}..{_number(lt)})"


def _text(text: str | None) -> str:
    """A text of zen, between the first quotes that it does not hold."""
    if text is None:
        return "null"
    return f"{_quote(text)}{text}{_quote(text)}"


def _quote(text: str) -> str | None:
    """The quotes that can stand around a text; None where there are none. `${` between backticks is computed."""
    marks = "\"'" if "${" in text else "\"'`"
    return next((mark for mark in marks if mark not in text), None)


def _number(value: float) -> str:
    return format(Decimal(plain_number(value)), "f")


def _unsayable(rules: Rules) -> Iterator[str]:
    """Texts that hold every kind of quotes, and numbers that zen has not or not exactly."""
    for place, text in _texts(rules):
        if _quote(text) is None:
            yield (
                f"{place}: found {shown(text)}, expected one that lacks \", ' or ` (zen has no escapes, and computes "
                "${ between backticks); change the value where leads are read"
            )
    for number, rule in enumerate(rules.rules):
        for spot, case in enumerate(rule.cases):
            ends = (case.when.ge, case.when.lt) if isinstance(case.when, Range) else ()
            for end in ends:
                if end is not None and not _is_exact(end):
                    yield (
                        f"rules[{number}].cases[{spot}].when: found {end!r}, expected a number of at most {_DIGITS} "
                        f"digits, {_PLACES} after the point, below 1e{_DIGITS} (zen reads no more); round the edge"
                    )


def _texts(rules: Rules) -> Iterator[tuple[str, str]]:
    """Every text that is compared or given, with its place."""
    for number, gate in enumerate(rules.gates):
        for text in gate.when.in_ or ():
            yield f"gates[{number}].when.in", text
        if gate.then.band is not None:
            yield f"gates[{number}].then.band", gate.then.band
    for number, rule in enumerate(rules.rules):
        for spot, case in enumerate(rule.cases):
            texts = (
                case.when.in_ if isinstance(case.when, In) else (case.when.has,) if isinstance(case.when, Has) else ()
            )
            for text in texts:
                yield f"rules[{number}].cases[{spot}].when", text
    for number, band in enumerate(rules.bands):
        yield f"bands[{number}].name", band.name


def _is_exact(value: float) -> bool:
    """Whether a number of a lead that is as long as this one is read as it is."""
    number = Decimal(repr(value)).normalize()
    _, digits, exponent = number.as_tuple()
    return len(digits) <= _DIGITS and int(exponent) >= -_PLACES and abs(number) < 10**_DIGITS
