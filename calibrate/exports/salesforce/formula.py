"""The formulas of Salesforce that score a lead.

Literals follow the grammar of Salesforce's published formula engine (github.com/salesforce/formula-engine): in double
quotes, those and backslashes behind a backslash, an apostrophe bare, no line break. `CASE` takes a text field and a
picklist alike, and gives its last result for a blank one (Salesforce help, customize_functions_case): where missing
scores otherwise than that, it is asked for before. `INCLUDES` is false for a blank field; no checkbox is blank.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from calibrate.document.rules import Gate, Has, In, Is, Range, Rule, Rules
from calibrate.errors import shown
from calibrate.exports.salesforce.lead_field import LeadField
from calibrate.exports.target import Sum, band_of, sums

SCORE, BAND, PART = "Lead_Score__c", "Lead_Band__c", "Lead_Score_Part_{}__c"
LONGEST, LARGEST = 3_900, 4_000
"""Characters and bytes of a formula."""
DIGITS = 18
"""Before and behind the point of a number field together."""
WIDEST = 1e18
"""More than any number field holds."""


@dataclass(frozen=True, slots=True)
class FormulaField:
    """A field with its formula. what: it holds, in words."""

    name: str
    label: str
    what: str
    type: Literal["Number", "Text"]
    formula: str


def formula_fields(rules: Rules, found: Mapping[str, LeadField]) -> tuple[FormulaField, ...]:
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


def _score(rules: Rules, found: Mapping[str, LeadField], parts: list[str]) -> str:
    total = _bounded("\n+ ".join([str(rules.score.base), *parts]), rules.score.min, rules.score.max)
    for gate in reversed(rules.gates):
        holds = _gate(rules, gate, found[gate.when.attr])
        total = f"IF({holds}, {gate.then.score},\n{total})"
    return total


def _band(rules: Rules, found: Mapping[str, LeadField]) -> str:
    formula = '""'
    for band in reversed(rules.bands):
        name = _text(band.name)
        formula = name if band.from_ is None else f"IF({SCORE} >= {band.from_}, {name},\n{formula})"
    for gate in reversed(rules.gates):
        holds = _gate(rules, gate, found[gate.when.attr])
        formula = f"IF({holds}, {_text(band_of(rules, gate) or '')},\n{formula})"
    return formula


def _sum(rules: Rules, part: Sum, found: Mapping[str, LeadField]) -> str:
    points = [_points(rules, rule, found[rule.attr]) for rule in part.rules]
    return _bounded("\n+ ".join(points or ["0"]), part.low, part.high)


def _bounded(formula: str, low: int | None, high: int | None) -> str:
    formula = formula if low is None else f"MAX({low}, {formula})"
    return formula if high is None else f"MIN({high}, {formula})"


def _points(rules: Rules, rule: Rule, field: LeadField) -> str:
    match rules.attributes[rule.attr].type:
        case "number":
            formula = str(rule.otherwise)
            for test, points in reversed(list(_bins(rule, field))):
                formula = f"IF({test}, {points}, {formula})" if test else str(points)
            return _unless_blank(field, rule.missing, formula)
        case "set":
            formula = str(rule.otherwise)
            for case in reversed(rule.cases):
                if isinstance(case.when, Has):
                    formula = f"IF(INCLUDES({field.name}, {_text(case.when.has)}), {case.points}, {formula})"
            return _unless_other(field, rule, formula)
        case "boolean":
            yes, no = _truth_points(rule, truth=True), _truth_points(rule, truth=False)
            if not is_checkbox(rules, rule.attr):
                return _case(field, [("true", yes), ("false", no)], rule.missing)
            return str(yes) if yes == no else f"IF({field.name}, {yes}, {no})"
        case _:
            cases = [(text, case.points) for case in rule.cases if isinstance(case.when, In) for text in case.when.in_]
            return _unless_other(field, rule, _case(field, cases, rule.otherwise))


def _unless_blank(field: LeadField, missing: int, formula: str) -> str:
    return formula if formula == str(missing) else f"IF({field.blank}, {missing}, {formula})"


def _unless_other(field: LeadField, rule: Rule, formula: str) -> str:
    """The formula behind the question for a blank, which a formula that gives a blank field `otherwise` may need."""
    return formula if rule.missing == rule.otherwise else _unless_blank(field, rule.missing, formula)


def _case(field: LeadField, cases: list[tuple[str, int]], otherwise: int) -> str:
    pairs = [f"{_text(text)}, {points}" for text, points in cases if points != otherwise]
    return f"CASE({field.name}, {', '.join(pairs)}, {otherwise})" if pairs else str(otherwise)


def _bins(rule: Rule, field: LeadField) -> Iterator[tuple[str, int]]:
    """What must hold for each case of numbers where none before it does, with its points; "" always holds."""
    held = -math.inf  # every lower number is in a case before
    for case in rule.cases:
        if isinstance(case.when, Range):
            low, high = range_ends(case.when)
            tests = [f"{field.name} >= {number_text(low)}"] if low > held else []
            tests += [f"{field.name} < {number_text(high)}"] if high < math.inf else []
            held = held if low > held else high
            yield f"AND({', '.join(tests)})" if len(tests) == 2 else "".join(tests), case.points


def range_ends(condition: Range) -> tuple[float, float]:
    """The ends of a range; one that every number of a field is inside of is infinite."""
    low = -math.inf if condition.ge is None or condition.ge <= -WIDEST else condition.ge
    high = math.inf if condition.lt is None or condition.lt >= WIDEST else condition.lt
    return low, high


def _gate(rules: Rules, gate: Gate, field: LeadField) -> str:
    match gate.when.condition:
        case In(in_=texts):
            return f"{_case(field, [(text, 1) for text in texts], 0)} = 1"
        case Is(is_=truth) if not is_checkbox(rules, gate.when.attr):
            return f"{_case(field, [(str(truth).lower(), 1)], 0)} = 1"
        case _:
            return field.name  # a checkbox; a gate on no would make it a text field


def _truth_points(rule: Rule, truth: bool) -> int:
    return next((case.points for case in rule.cases if case.when == Is(is_=truth)), rule.otherwise)


def is_checkbox(rules: Rules, attr: str) -> bool:
    """Whether nothing in the rules tells a missing yes/no from no, so that a checkbox, never blank, says it all."""
    told = any(rule.missing != _truth_points(rule, truth=False) for rule in rules.rules if rule.attr == attr)
    return not told and not any(gate.when.attr == attr and gate.when.is_ is False for gate in rules.gates)


def _text(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def number_text(number: float) -> str:
    """The exact decimal text of a number, without an exponent, which formulas do not know."""
    plain = f"{Decimal(repr(number)):f}"
    return plain.removesuffix(".0")
