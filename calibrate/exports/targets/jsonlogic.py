"""JsonLogic: an expression for the score and one for the band, with `===` only.

`==` and a missing value mean something else in every engine (`0 == null` is true in some), so no value is compared
before it is known to be there. A dot in a name would be a path.
"""

from __future__ import annotations

import json
from typing import Any

from calibrate.document.rules import Condition, Has, In, Is, Range, Rule, Rules
from calibrate.exports.naming import OBJECT_NAMES, fields, inputs_of
from calibrate.exports.target import Export, Loss, Options, Target, band_of, sums

Logic = Any


def export(rules: Rules, options: Options) -> Export:
    """The document as JsonLogic; `band` reads the lead with its score put in."""
    found = fields(
        rules,
        options,
        "jsonlogic",
        clean=lambda name: f"{name}_" if name in OBJECT_NAMES else name.replace(".", "_") or "_",
        allowed=lambda field: bool(field) and "." not in field and field not in OBJECT_NAMES,
        taken=["score"],
    )
    document = {
        "format": "JsonLogic",
        "made_from": {"id": rules.id, "version": rules.version},
        "score": _score(rules, found),
        "band": _band(rules, found),
    }
    inputs = inputs_of(rules, found)
    why = "JsonLogic gives a score and a band"
    return Export(
        files={"rules.jsonlogic.json": (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()},
        inputs=inputs,
        losses=(
            Loss("reasons", "refused", f"{why}, not what they come from"),
            Loss("percentile", "refused", f"{why}; look it up by score in rules.json"),
            Loss("probability", "refused", f"{why}; look it up by score in rules.json"),
        ),
        notes=("Apply `score` to the lead; then put the score in as `score` and apply `band`.",),
    )


TARGET = Target(
    name="jsonlogic",
    writes="a JsonLogic expression for the score and one for the band",
    proof="run by json-logic-js, json-logic-engine and datalogic-py",
    export=export,
)


def _score(rules: Rules, found: dict[str, str]) -> Logic:
    parts: list[Logic] = [rules.score.base]
    for part in sums(rules):
        points = [_points(rule, found[rule.attr], rules.attributes[rule.attr].type) for rule in part.rules]
        parts += [_bounded({"+": [0, *points]}, part.low, part.high)] if part.bounded else points
    total = _bounded({"+": [0, *parts]}, rules.score.min, rules.score.max)
    gates: list[Logic] = []
    for gate in rules.gates:
        gates += [_condition(gate.when.condition, found[gate.when.attr]), gate.then.score]
    return {"if": [*gates, total]} if gates else total


def _band(rules: Rules, found: dict[str, str]) -> Logic:
    cases: list[Logic] = []
    for gate in rules.gates:
        cases += [_condition(gate.when.condition, found[gate.when.attr]), band_of(rules, gate)]
    for band in rules.bands:
        cases += [band.name] if band.from_ is None else [{">=": [{"var": "score"}, band.from_]}, band.name]
    return {"if": [*cases, None] if len(cases) % 2 == 0 else cases}


def _points(rule: Rule, field: str, kind: str) -> Logic:
    cases: list[Logic] = [_is_missing(field, kind), rule.missing]
    for case in rule.cases:
        cases += [_condition(case.when, field), case.points]
    return {"if": [*cases, rule.otherwise]}


def _is_missing(field: str, kind: str) -> Logic:
    value = {"var": field}
    blank = kind in ("category", "text")
    return {"or": [{"===": [value, None]}, {"===": [value, ""]}]} if blank else {"===": [value, None]}


def _condition(condition: Condition, field: str) -> Logic:
    value = {"var": field}
    match condition:
        case In(in_=texts):
            return {"===": [value, texts[0]]} if len(texts) == 1 else {"in": [value, list(texts)]}
        case Is(is_=truth):
            return {"===": [value, truth]}
        case Has(has=text):
            return {"in": [text, value]}
        case Range(ge=ge, lt=lt):
            low = {">=": [value, ge]}
            high = {"<": [value, lt]}
            return low if lt is None else high if ge is None else {"and": [low, high]}


def _bounded(value: Logic, low: int | None, high: int | None) -> Logic:
    value = value if low is None else {"max": [low, value]}
    return value if high is None else {"min": [high, value]}
