"""The sheet Rules, line by line: a line a text, member, truth value or range of numbers, with its points.

The lines of a rule stand together, then `other` and `missing`; formulas read them by row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from calibrate.document.lead_score import condition_text, gate_text
from calibrate.document.rules import Case, Condition, Evidence, Has, In, Is, Range, Rule, Rules

SHEET = "Rules"
FIRST = 4
IS, FROM, TO, POINTS = "D", "E", "F", "G"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the sheet.

    value: the text, member of a set or truth value that it is for.  start, end: the numbers that it is for, start
    included.  points: None for a gate.  same: the row whose points it repeats.
    """

    rule: str
    attribute: str
    case: str
    group: str
    points: int | None
    value: str | bool | None = None
    start: float | None = None
    end: float | None = None
    same: int | None = None
    evidence: Evidence | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """The rows of a rule or gate. first, last: of its conditions, of which there may be none."""

    first: int
    last: int
    otherwise: int = 0
    missing: int = 0

    @property
    def rows(self) -> range:
        """The rows of the conditions."""
        return range(self.first, self.last + 1)


@dataclass(frozen=True, slots=True)
class RuleLines:
    """The lines from row FIRST on, and where each gate and rule stands, in the order of the document."""

    lines: tuple[Line, ...]
    gates: tuple[Block, ...]
    rules: tuple[Block, ...]


def rule_lines(rules: Rules) -> RuleLines:
    """What the sheet holds: gates first, then rules."""
    lines: list[Line] = []
    gates: list[Block] = []
    blocks: list[Block] = []
    for gate in rules.gates:
        first = FIRST + len(lines)
        about = (gate_text(gate), gate.when.attr)
        lines += [Line(*about, condition_text(gate.when.condition), "gate", None, value=value)
                  for value in _values(gate.when.condition)]  # fmt: skip
        gates.append(Block(first, FIRST + len(lines) - 1))
    for rule in rules.rules:
        first = FIRST + len(lines)
        lines += _of_rule(rules, rule, first)
        end = FIRST + len(lines)
        blocks.append(Block(first, end - 3, end - 2, end - 1))
    return RuleLines(tuple(lines), tuple(gates), tuple(blocks))


def _of_rule(rules: Rules, rule: Rule, first: int) -> list[Line]:
    group = "" if rule.group is None else rules.groups[rule.group].label or rule.group
    name = rule.label or rules.attributes[rule.attr].label or rule.attr
    if rules.attributes[rule.attr].type == "number":
        found = _ranges(rule, name, group, first)
    else:
        found = []
        for case in rule.cases:
            row = first + len(found)
            label = case.label or condition_text(case.when)
            head, *more = _values(case.when)
            found.append(Line(name, rule.attr, label, group, case.points, head, evidence=case.evidence))
            found += [Line(name, rule.attr, label, group, case.points, value, same=row) for value in more]
    other = Line(name, rule.attr, "other", group, rule.otherwise, evidence=rule.otherwise_evidence)
    missing = Line(name, rule.attr, "missing", group, rule.missing, evidence=rule.missing_evidence)
    return [*found, other, missing]


def _ranges(rule: Rule, name: str, group: str, first: int) -> list[Line]:
    """Lines that follow each other without a gap, from the lowest number to the highest."""
    steps = _steps(rule.cases)
    found = []
    for (start, case), (end, _) in pairwise([*steps, (None, None)]):
        if case is None:
            text = condition_text(Range(ge=start, lt=end))
            other = first + len(steps)
            found.append(Line(name, rule.attr, text, group, rule.otherwise, start=start, end=end, same=other))
        else:
            text = case.label or condition_text(case.when)
            found.append(Line(name, rule.attr, text, group, case.points, start=start, end=end, evidence=case.evidence))
    return found


def _steps(cases: Sequence[Case]) -> list[tuple[float | None, Case | None]]:
    """The numbers from which on another case holds, or none; the first step has no start."""
    steps: list[tuple[float | None, Case | None]] = []
    end: float | None = None
    for case, when in [(case, case.when) for case in cases if isinstance(case.when, Range)]:
        if when.ge is not None and when.ge != end:
            steps.append((end, None))
        steps.append((when.ge, case))
        end = when.lt
    return [*steps, (end, None)] if end is not None else steps


def _values(condition: Condition) -> tuple[str | bool, ...]:
    match condition:
        case In(in_=texts):
            return texts
        case Has(has=text):
            return (text,)
        case Is(is_=truth):
            return (truth,)
    return ()
