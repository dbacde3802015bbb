"""What the rules say of a lead, as few whole numbers that sort.

::

    gate     rule 1   rule 2   ...      digits: -1 + 1, the number of the outcome (lead_score.outcome_of) each
    0        2        0        ...
    key      (0 * 3 + 2) * 5 + 0 ...    one number with as many digits as fit, then the next
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from math import prod
from typing import Any

import numpy as np
import pyarrow as pa

from calibrate.document.lead_score import Value, holds, outcome_of, read_value
from calibrate.document.rules import Has, Range, Rule, Rules, Score
from calibrate.document.scoring import TableScorer
from calibrate.errors import DataError, shown
from calibrate.leads.codes import CodeStore
from calibrate.leads.levels import Cells, Ints

MOST_GATES, MOST_CASES = 254, 60_000
_MOST = 1 << 62
_ALL_NUMBERS = -1e308  # where a bin of all numbers starts


@dataclass(frozen=True, slots=True)
class Digit:
    """Where the gate or a rule stands: in which key, what one of it is worth there, how many values it has."""

    key: int
    factor: int
    size: int

    def of(self, keys: Ints) -> Ints:
        """The digit in every column of keys."""
        found: Ints = keys[self.key] // self.factor % self.size
        return found


def digits_of(rules: Rules, most: int = _MOST) -> tuple[Digit, ...]:
    """The digits of a document: the gate first, then its rules; sorted keys are sorted digits.

    most: different values of a key, unless one digit has more.

    Raises:
        DataError: it has more than 254 gates, or a rule more than 60,000 cases.
    """
    sizes = [len(rules.gates) + 1, *(len(rule.cases) + 2 for rule in rules.rules)]
    if sizes[0] > MOST_GATES + 1 or max(sizes) > MOST_CASES + 2:
        found = f"{sizes[0] - 1} gates and up to {max(sizes) - 2:,} cases of a rule"
        raise DataError(f"rules: found {found}, expected at most {MOST_GATES} and {MOST_CASES:,}; join some")
    groups: list[list[int]] = [[]]
    for size in sizes:
        if prod(groups[-1]) * size > most:
            groups.append([])
        groups[-1].append(size)
    return tuple(
        Digit(key, prod(group[place + 1 :]), size)
        for key, group in enumerate(groups)
        for place, size in enumerate(group)
    )


def missing_is_otherwise(rules: Rules, rule: Rule) -> bool:
    """Whether no value is the same level as another value: of a set from a run, where an empty one holds nothing."""
    return (
        rules.attributes[rule.attr].type == "set"
        and rule.missing == rule.otherwise
        and rule.missing_evidence is not None
        and rule.missing_evidence == rule.otherwise_evidence
    )


def digit_of(rules: Rules, rule: Rule, value: Value | None) -> int:
    """The outcome of a rule; missing counts as `otherwise` where they are one level."""
    found = outcome_of(rule, value)
    return len(rule.cases) if found > len(rule.cases) and missing_is_otherwise(rules, rule) else found


class BatchKeys:
    """Keys of the leads of a batch, through documents whose scores are the keys: so tables keep one meaning."""

    def __init__(self, rules: Rules) -> None:
        first, *others = digits_of(rules)
        blank: dict[str, Any] = {
            "bands": (),
            "reference": None,
            "probability": None,
            "tests": (),
            "groups": {},
            "score": Score(),
        }
        gates = tuple(
            gate.model_copy(update={"then": gate.then.model_copy(update={"score": number * first.factor})})
            for number, gate in enumerate(rules.gates, start=1)
        )
        pairs = zip(rules.rules, others, strict=True)
        numbered = [(digit.key, _numbered(rules, rule, digit.factor)) for rule, digit in pairs]
        documents = [
            rules.model_copy(update={**blank, "gates": (), "rules": tuple(rule for at, rule in numbered if at == key)})
            for key in range(others[-1].key + 1 if others else 1)
        ]
        self.scorers = [TableScorer(document, reasons=0) for document in documents]
        self.gates = TableScorer(rules.model_copy(update={**blank, "gates": gates, "rules": ()}), reasons=0)

    def of(self, batch: pa.RecordBatch) -> Ints:
        """The keys, a column a lead; columns of the batch are found by name as in scoring."""
        keys = np.array([scorer.score(batch).score.to_numpy() for scorer in self.scorers], dtype=np.int64)
        keys[0] += self.gates.score(batch).score.to_numpy()
        return keys


def _numbered(rules: Rules, rule: Rule, factor: int) -> Rule:
    """The rule with the number of each outcome, times a factor, as its points."""
    *numbers, otherwise, missing = numbers_of(rules, rule, factor)
    pairs = zip(rule.cases, numbers, strict=True)
    cases = tuple(case.model_copy(update={"points": number}) for case, number in pairs)
    return rule.model_copy(update={"group": None, "cases": cases, "otherwise": otherwise, "missing": missing})


def numbers_of(rules: Rules, rule: Rule, factor: int) -> list[int]:
    """The number of each outcome of a rule, times a factor; missing counts as `otherwise` where they are one level."""
    size = len(rule.cases)
    return [
        *(at * factor for at in range(size + 1)),
        (size if missing_is_otherwise(rules, rule) else size + 1) * factor,
    ]


def store_keys(store: CodeStore, rules: Rules) -> Iterator[tuple[slice, Ints]]:
    """The keys of the leads in the store, piece by piece.

    Raises:
        DataError: the store cannot tell apart what the rules do, as those of another run.
    """
    first, *others = digits_of(rules)
    places = {(cells.column, cells.member): place for place, cells in enumerate(store.cells)}
    tables = []
    for rule, digit in zip(rules.rules, others, strict=True):
        place = _place(places, rule, rules)
        values = _values(rules, rule.attr, store.cells[place], _edges(rule))
        ways = np.array([digit_of(rules, rule, value) for value in values], dtype=np.int64)
        tables.append((place, digit.key, ways * digit.factor))
    gates = []
    for number, gate in enumerate(rules.gates, start=1):
        place = places.get((gate.when.attr, None), -1)
        if place < 0:
            raise _unfit(gate.when.attr)
        values = _values(rules, gate.when.attr, store.cells[place], ())
        caught = [value is not None and holds(gate.when.condition, value) for value in values]
        gates.append((place, np.array(caught), number * first.factor))
    for piece in store.chunks():
        keys = np.zeros((max(digit.key for digit in (first, *others)) + 1, piece.stop - piece.start), dtype=np.int64)
        for place, key, table in tables:
            keys[key] += table.take(store.codes[place][piece])
        gated = np.zeros(piece.stop - piece.start, dtype=np.int64)
        for place, caught, number in reversed(gates):
            gated[caught.take(store.codes[place][piece])] = number
        keys[0] += gated
        yield piece, keys


def _place(places: dict[tuple[str, str | None], int], rule: Rule, rules: Rules) -> int:
    """Where the store has what a rule reads; of a set its only member, missing being the same as without it."""
    member = None
    if rules.attributes[rule.attr].type == "set":
        members = [case.when.has for case in rule.cases if isinstance(case.when, Has)]
        if len(members) != 1 or not missing_is_otherwise(rules, rule):
            raise _unfit(rule.attr)
        member = members[0]
    if (rule.attr, member) not in places:
        raise _unfit(rule.attr)
    return places[rule.attr, member]


def _edges(rule: Rule) -> Sequence[float]:
    ranges = [case.when for case in rule.cases if isinstance(case.when, Range)]
    return [end for item in ranges for end in (item.ge, item.lt) if end is not None]


def _values(rules: Rules, attr: str, cells: Cells, edges: Sequence[float]) -> list[Value | None]:
    """A value that stands for each cell; "" is a text that no rule names."""
    if set(edges) - {*cells.edges, _ALL_NUMBERS}:
        raise _unfit(attr)
    read = partial(read_value, rules.attributes[attr], where=partial("{}".format, shown(attr)))
    if cells.kind == "category":
        return [None, *("" if text is None else read(text) for text in cells.texts)]
    if cells.kind == "boolean":
        return [None, read("false"), read("true")]
    if cells.kind == "set":
        return [None, read([]), read([cells.member])]
    lowest = np.nextafter(cells.edges[0], -np.inf) if cells.edges else 0.0
    return [None, read(float(lowest)), *(read(edge) for edge in cells.edges)]


def _unfit(attr: str) -> DataError:
    return DataError(
        f"{shown(attr)}: the rules tell leads apart that the counts of this run do not; expected the rules of the same "
        "run. Count the leads themselves"
    )
