"""The same scores for whole tables, a column at a time.

lead_score.py says what a score is. Here each distinct text of a column, each interval between the edges of a
number, is taken through that definition once; the leads are only looked up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from calibrate.document.lead_score import (
    LeadScore,
    Reason,
    Value,
    cap_text,
    check_rules,
    gate_text,
    holds,
    outcome_of,
    outcomes,
    read_value,
    score_lead,
    standing_of,
    used,
)
from calibrate.document.rules import Has, In, Range, Rule, Rules
from calibrate.errors import DataError, nearest, shown
from calibrate.intervals import Intervals
from calibrate.reading.source import Source

__all__ = ["LeadScore", "Reason", "Scored", "TableScorer", "score_lead"]

COLUMNS = ("score", "percentile", "band", "reasons")
Ints = npt.NDArray[np.int64]
_CHUNK = 1 << 17
_MOST_REMEMBERED = 100_000
# A reason as one integer that sorts: the size of its points above, below it the number of its text from the end.
_TEXTS = (1 << 31) - 1
_OTHER = ""


@dataclass(frozen=True, slots=True)
class Scored:
    """Scores of the leads of a table, in its order.

    score: int64.  band, reasons: texts, the reasons of a lead joined by "; ".  percentile: 0 to 100.
    probability: 0 to 1.  A part that the document does not give is null.
    unseen: leads by attribute and value, for values that no case holds and history has no points for.
    absent: attributes that the table has no column for; they count as missing in every lead.
    """

    score: pa.ChunkedArray
    band: pa.ChunkedArray
    percentile: pa.ChunkedArray
    probability: pa.ChunkedArray
    reasons: pa.ChunkedArray
    unseen: dict[str, Counter[str]]
    absent: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Cells:
    """A column as places into its distinct values, None among them where a lead has no value."""

    places: npt.NDArray[np.integer]
    values: list[Value | None]


class TableScorer:
    """Scores tables by a rules document; made once, used for every batch.

    reasons: how many reasons a lead gets.

    Raises:
        DataError: the rules are no `Rules`.
    """

    def __init__(self, rules: Rules, reasons: int = 3) -> None:
        check_rules(rules)
        self.rules = rules
        self.reasons = reasons
        self._groups: list[str | None] = [*rules.groups, None]
        self._outcomes = [outcomes(rules, rule) for rule in rules.rules]
        self._texts = [text for item in self._outcomes for _, text in item]
        self._ways: dict[str, dict[Value | None, int]] = {rule.id: {} for rule in rules.rules}
        self._known = {name: frozenset(_known_texts(rules, name)) for name in used(rules)}
        self._intervals = {name: Intervals(_edges(rules, name)) for name in used(rules)}
        pooled = {rule.attr for rule in rules.rules if not rule.cases or rule.otherwise_evidence is not None}
        self._listed = {
            rule.attr
            for rule in rules.rules
            if rule.attr not in pooled and rules.attributes[rule.attr].type in ("category", "text")
        }

    def score(self, table: pa.RecordBatch | pa.Table) -> Scored:
        """The scores of a table's leads, equal to `score_lead` for each of them.

        Columns are found by name; those that are no attribute are passed over.

        Raises:
            DataError: a value cannot be read as its attribute's type, or two columns have an attribute's name.
        """
        names = table.schema.names
        for name in used(self.rules):
            if names.count(name) > 1:
                found = f"column {shown(name)}: found {names.count(name)} times, expected once"
                raise DataError(f"{found}; rename the others")
        unseen: dict[str, Counter[str]] = {name: Counter() for name in self._listed}
        columns = {name: table.column(name) for name in used(self.rules) if name in names}
        parts = [
            self._chunk(
                {name: _array(column.slice(start, _CHUNK)) for name, column in columns.items()}, rows, start, unseen
            )
            for start in range(0, table.num_rows, _CHUNK)
            for rows in (min(_CHUNK, table.num_rows - start),)
        ]
        types = (pa.int64(), pa.string(), pa.float64(), pa.float64(), pa.large_string())
        arrays = zip(*parts, strict=True) if parts else [()] * len(types)
        joined = [pa.chunked_array(list(items), type=of) for items, of in zip(arrays, types, strict=True)]
        return Scored(
            **dict(zip(("score", "band", "percentile", "probability", "reasons"), joined, strict=True)),
            unseen={name: counts for name, counts in unseen.items() if counts},
            absent=tuple(name for name in used(self.rules) if name not in names),
        )

    def _chunk(
        self, columns: dict[str, pa.Array], rows: int, start: int, unseen: dict[str, Counter[str]]
    ) -> tuple[pa.Array, ...]:
        cells = {
            name: self._cells(name, columns[name], start, unseen)
            if name in columns
            else _Cells(np.zeros(rows, dtype=np.intp), [None])
            for name in used(self.rules)
        }
        sums = np.zeros((len(self._groups), rows), dtype=np.int64)
        top = [np.zeros(rows, dtype=np.int64) for _ in range(self.reasons)]
        first = 0
        for rule, ways in zip(self.rules.rules, self._outcomes, strict=True):
            found = cells[rule.attr]
            ways_of_cells = self._ways_of(rule, found.values)
            points = np.array([ways[way][0] for way in ways_of_cells], dtype=np.int64)
            sums[self._groups.index(rule.group)] += points.take(found.places)
            if top:
                texts = first + np.array(ways_of_cells, dtype=np.int64)
                _push(top, _strengths(points, texts).take(found.places))
            first += len(ways)
        texts_of_caps = self._cap(sums, top)
        score = np.clip(sums.sum(axis=0) + self.rules.score.base, self.rules.score.min, self.rules.score.max)
        return self._finished(score, top, [*self._texts, *texts_of_caps], cells)

    def _ways_of(self, rule: Rule, values: list[Value | None]) -> list[int]:
        """The outcome of each value; remembered, for every chunk of a table has much the same ones."""
        known = self._ways[rule.id]
        if len(known) > _MOST_REMEMBERED:
            known.clear()
        for value in values:
            if value not in known:
                known[value] = outcome_of(rule, value)
        return [known[value] for value in values]

    def _cap(self, sums: Ints, top: list[Ints]) -> list[str]:
        """Caps the sums of the groups in place; the texts of the reasons that this adds."""
        texts: list[str] = []
        for place, (name, group) in enumerate(self.rules.groups.items()):
            if group.min is None and group.max is None:
                continue
            capped = np.clip(sums[place], group.min, group.max)
            changes, places = _distinct(capped - sums[place])
            numbers = len(self._texts) + len(texts) + np.arange(len(changes))
            _push(top, _strengths(changes, numbers).take(places))
            texts += [cap_text(self.rules, name, int(change)) if change else "" for change in changes]
            sums[place] = capped
        return texts

    def _finished(
        self, score: Ints, top: list[Ints], texts: list[str], cells: dict[str, _Cells]
    ) -> tuple[pa.Array, ...]:
        """Everything that follows once points are added up; a gate, where one is true, has the last word."""
        gates = self.rules.gates
        gated = self._gated(cells, len(score)) if gates else np.zeros(0, np.intp)
        for number, gate in enumerate(gates):
            score[gated == number] = gate.then.score
            if top:
                top[0][gated == number] = _strengths(np.ones(1, np.int64), np.array([len(texts) + number]))[0]
            for slot in top[1:]:
                slot[gated == number] = 0
        scores, places = _distinct(score)
        standings = [standing_of(self.rules, int(value)) for value in scores]
        bands = [standing.band for standing in standings] + [gate.then.band for gate in gates]
        where = places
        if gates:
            named = np.array([gate.then.band is not None for gate in gates] + [False])[gated]
            where = np.where(named, len(standings) + gated, places)
        return (
            pa.array(score),
            pa.array(bands, pa.string()).take(pa.array(where)),
            pa.array([standing.percentile for standing in standings], pa.float64()).take(pa.array(places)),
            pa.array([standing.probability for standing in standings], pa.float64()).take(pa.array(places)),
            _joined(top, [*texts, *(gate_text(gate) for gate in gates)], len(score)),
        )

    def _gated(self, cells: dict[str, _Cells], leads: int) -> npt.NDArray[np.intp]:
        """The first gate that is true of each lead, -1 where none is."""
        gated = np.full(leads, -1)
        for number, gate in reversed(list(enumerate(self.rules.gates))):
            found, condition = cells[gate.when.attr], gate.when.condition
            caught = np.array([value is not None and holds(condition, value) for value in found.values])
            gated[caught.take(found.places)] = number
        return gated

    def _cells(self, name: str, column: pa.Array, start: int, unseen: dict[str, Counter[str]]) -> _Cells:
        attribute = self.rules.attributes[name]
        if attribute.type == "number" and _is_plain_number(column.type):
            intervals = self._intervals[name]
            numbers = pc.fill_null(column.cast(pa.float64(), safe=False), np.nan).to_numpy(zero_copy_only=False)
            return _Cells(intervals.of(numbers), [None, -np.inf, *intervals.edges.tolist()])
        distinct, places = _uniques(column)
        # Entries of a dictionary that no lead has may be anything; only a text can always be read.
        texts = attribute.type in ("category", "text") and len(distinct) <= len(places)
        read = range(len(distinct)) if texts else np.unique(places).tolist()
        cells: list[Value | None] = [None] * len(distinct)
        for i in read:
            cells[i] = self._cell(name, read_value(attribute, distinct[i], partial(_place, name, places, i, start)))
        if name in unseen and _OTHER in cells:
            for i, leads in enumerate(np.bincount(places, minlength=len(distinct)).tolist()):
                if leads and cells[i] == _OTHER:
                    unseen[name][str(read_value(attribute, distinct[i], str))] += leads
        return _Cells(places, cells)

    def _cell(self, name: str, value: Value | None) -> Value | None:
        """What stands for all values that no condition on the attribute can tell apart."""
        if isinstance(value, str):
            return value if value in self._known[name] else _OTHER
        if isinstance(value, frozenset):
            return value & self._known[name]
        if isinstance(value, float):
            edges = self._intervals[name].edges
            place = int(np.searchsorted(edges, value, side="right"))
            return float(edges[place - 1]) if place else -np.inf
        return value


def types_read(rules: Rules) -> dict[str, Literal["text", "number", "boolean"]]:
    """What the columns are read as for the rules, by name."""
    kinds = {name: rules.attributes[name].type for name in used(rules)}
    return {name: kind if kind in ("number", "boolean") else "text" for name, kind in kinds.items()}


def typed_leads(rules: Rules, source: Source, raw: pa.RecordBatch) -> pa.RecordBatch:
    """A raw batch of a source as the rules read it; lists stay lists where an attribute is a set.

    Raises:
        DataError: a cell cannot be read as its attribute.
    """
    lists = [
        name for name in raw.schema.names
        if rules.attributes[name].type == "set" and pa.types.is_nested(raw.schema.field(name).type)
    ]  # fmt: skip
    typed = source.typed(raw.select([name for name in raw.schema.names if name not in lists]))
    columns = dict(zip(typed.schema.names, typed.columns, strict=True)) | {name: raw.column(name) for name in lists}
    # A batch without columns has no rows in Arrow, so one that is no attribute counts them.
    return pa.record_batch(columns or {"": pa.nulls(raw.num_rows)})


def absent_lines(absent: Iterable[str], columns: Sequence[str]) -> tuple[str, ...]:
    """A sentence for each attribute that the rules read and the leads have no column for."""
    return tuple(f"No column {shown(name)}: missing in every lead; {nearest(name, columns)}" for name in absent)


def refuse_taken(names: Iterable[str], where: str) -> None:
    """Nothing, when none of the columns that scoring adds is there.

    Raises:
        DataError: some are, as in a table that was scored before.
    """
    if taken := [name for name in COLUMNS if name in set(names)]:
        found = ", ".join(shown(name) for name in taken)
        raise DataError(f"{where}: has {found} already, expected leads without it; rename or drop it and score again")


def _known_texts(rules: Rules, name: str) -> Iterator[str]:
    conditions = [case.when for rule in rules.rules if rule.attr == name for case in rule.cases]
    conditions += [gate.when.condition for gate in rules.gates if gate.when.attr == name]
    for condition in conditions:
        if isinstance(condition, In):
            yield from condition.in_
        elif isinstance(condition, Has):
            yield condition.has


def _edges(rules: Rules, name: str) -> list[float]:
    ranges = [case.when for rule in rules.rules if rule.attr == name for case in rule.cases]
    ends = {end for item in ranges if isinstance(item, Range) for end in (item.ge, item.lt) if end is not None}
    return sorted(ends)


def _array(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    if isinstance(column, pa.Array):
        return column
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _place(name: str, places: npt.NDArray[np.integer], distinct: int, start: int) -> str:
    return f"lead {start + int(np.argmax(places == distinct)) + 1}, {shown(name)}"


def _is_plain_number(of: pa.DataType) -> bool:
    return bool(pa.types.is_integer(of) or pa.types.is_floating(of))


def _uniques(column: pa.Array) -> tuple[list[Any], npt.NDArray[np.integer]]:
    """The distinct values of a column, None last, and the place of each lead's among them."""
    if pa.types.is_nested(column.type):
        return [*column.to_pylist(), None], np.arange(len(column))
    if pa.types.is_string_view(column.type):
        column = column.cast(pa.large_string())
    encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    distinct, indices = encoded.dictionary.to_pylist(), encoded.indices
    if indices.null_count or pa.types.is_uint64(indices.type):  # numpy 2.1 counts no unsigned ones of 64 bits
        indices = pc.fill_null(indices.cast(pa.int64()), len(distinct))
    return [*distinct, None], indices.to_numpy(zero_copy_only=False)


def _distinct(numbers: Ints) -> tuple[Ints, npt.NDArray[np.intp]]:
    """The distinct numbers, ascending, and the place of each among them; by counting where they lie close."""
    low, high = int(numbers.min(initial=0)), int(numbers.max(initial=0))
    if high - low > 1 << 20:
        return np.unique(numbers, return_inverse=True)
    present = np.bincount(numbers - low, minlength=high - low + 1) > 0
    return low + np.flatnonzero(present), (np.cumsum(present) - 1)[numbers - low]


def _strengths(points: Ints, texts: Ints) -> Ints:
    """Reasons as integers: more points sort higher, then the earlier text; 0 for no points."""
    return np.where(points != 0, (np.abs(points) << 31) | (_TEXTS - texts), 0)


def _push(top: list[Ints], reasons: Ints) -> None:
    """Keep the strongest reasons of every lead, strongest first."""
    for place, kept in enumerate(top):
        top[place], reasons = np.maximum(kept, reasons), np.minimum(kept, reasons)


def _joined(top: Sequence[Ints], texts: Sequence[str], rows: int) -> pa.Array:
    if not top:
        return pa.repeat(pa.scalar("", pa.large_string()), rows)
    words = pa.array([*texts, ""], pa.large_string())
    places = [_TEXTS - (slot & _TEXTS) for slot in top]
    # Arrow leaves a lead out of the result when all its parts are null, so the first never is.
    first = words.take(pa.array(np.where(top[0] == 0, len(texts), places[0])))
    others = [words.take(pa.array(place, mask=slot == 0)) for place, slot in zip(places[1:], top[1:], strict=True)]
    return pc.binary_join_element_wise(first, *others, pa.scalar("; ", pa.large_string()), null_handling="skip")
