"""What the rules read in the columns of a table, as expressions that its engine evaluates.

What a value means stands in lead_score.py and is asked there, once for each value that conditions can tell apart.
Where a column is of the type that the rules read, that follows from the rules alone. Where it is not, as with texts
that hold numbers, its distinct values are fetched and read here as they would be in a file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, TypeVar

import narwhals as nw
import pyarrow as pa
import pyarrow.compute as pc

from calibrate.document.lead_score import Value, read_value, used
from calibrate.document.rules import Condition, In, Range, Rules
from calibrate.document.scoring import typed_leads, types_read
from calibrate.errors import DataError, shown
from calibrate.reading.dialect import ReadingOptions
from calibrate.reading.source import open_source
from calibrate.remote.table import EngineTable

Choice = Callable[[Value | None], int]
Result = TypeVar("Result")
_MOST_VALUES = 20_000
_LARGEST = 1.7976931348623157e308
_OTHER = ""
# Something but spaces: engines do not agree on `\s`, nor on what lies between two marks.
_FILLED = (
    "[^\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000]"
)


class LeadColumn(Protocol):
    """A column as the rules read it."""

    def chosen(self, choice: Choice, members: Sequence[str]) -> nw.Expr:
        """For each lead the number that is chosen for its value.

        members: of a set: the first of them that it holds decides, so that the choice is asked for that one alone.
        """
        ...


def lead_columns(rules: Rules, table: EngineTable, options: ReadingOptions) -> dict[str, LeadColumn]:
    """Every attribute that the rules read; one that the table has no column for is missing in every lead.

    Raises:
        DataError: a column is of a type that cannot be read so, has too many values to be fetched, or a value cannot
            be read as its attribute.
    """
    schema = table.frame.collect_schema()
    found: dict[str, LeadColumn | None] = {
        name: _as_it_is(rules, name, table.col(name), schema[name], plain=not options.null)
        if name in schema
        else _Fetched(nw.lit(0), ())
        for name in used(rules)
    }
    fetched = _fetched(rules, table, [name for name, item in found.items() if item is None], options)
    return {name: item or fetched[name] for name, item in found.items()}


def stepped(
    value: nw.Expr, edges: Sequence[float], results: Sequence[Result], literal: Callable[[Result], nw.Expr]
) -> nw.Expr:
    """The result of the interval that a number is in: the first below all edges, the others from their edge up.

    By halves: engines bear a few conditions in each other, not hundreds. Equal neighbours are asked for once.
    """
    kept = [place for place in range(1, len(results)) if results[place] != results[place - 1]]
    if not kept:
        return literal(results[0])
    at = kept[len(kept) // 2]
    below = stepped(value, edges[: at - 1], results[:at], literal)
    above = stepped(value, edges[at:], results[at:], literal)
    return nw.when(value < _exact(edges[at - 1])).then(below).otherwise(above)


def _exact(number: float) -> nw.Expr | int:
    """A number that no engine takes for a decimal of few digits, as they do where a point is written."""
    return number if isinstance(number, int) else nw.lit(repr(number)).cast(nw.Float64())


@dataclass(frozen=True, slots=True)
class _Numbers:
    """A column of numbers; NaN and infinities are missing."""

    number: nw.Expr
    edges: tuple[float, ...]

    def chosen(self, choice: Choice, members: Sequence[str]) -> nw.Expr:  # noqa: ARG002
        results = [choice(value) for value in (float("-inf"), *self.edges)]
        steps = stepped(self.number, self.edges, results, nw.lit)
        there = (self.number >= -_LARGEST) & (self.number <= _LARGEST)
        return nw.when(there).then(steps).otherwise(nw.lit(choice(None)))


@dataclass(frozen=True, slots=True)
class _Truths:
    """A column of truth values."""

    truth: nw.Expr

    def chosen(self, choice: Choice, members: Sequence[str]) -> nw.Expr:  # noqa: ARG002
        true = nw.when(self.truth).then(nw.lit(choice(True)))
        return true.when(~self.truth).then(nw.lit(choice(False))).otherwise(nw.lit(choice(None)))


@dataclass(frozen=True, slots=True)
class _Texts:
    """A column of texts; of those that no condition names, one stands for all."""

    text: nw.Expr
    known: tuple[str, ...]

    def chosen(self, choice: Choice, members: Sequence[str]) -> nw.Expr:  # noqa: ARG002
        other, missing = choice(_OTHER), choice(None)
        found = _cases(self.text, ((text, choice(text)) for text in self.known), nw.lit(other), other)
        if missing == other:
            return found
        there = ~self.text.is_null() & self.text.str.contains(_FILLED)
        return nw.when(there).then(found).otherwise(nw.lit(missing))


@dataclass(frozen=True, slots=True)
class _Lists:
    """A column of lists of texts."""

    members: nw.Expr

    def chosen(self, choice: Choice, members: Sequence[str]) -> nw.Expr:
        found = nw.lit(choice(frozenset()))
        for member in reversed(members):
            found = (
                nw.when(self.members.list.contains(member)).then(nw.lit(choice(frozenset({member})))).otherwise(found)
            )
        return nw.when(self.members.is_null()).then(nw.lit(choice(None))).otherwise(found)


@dataclass(frozen=True, slots=True)
class _Fetched:
    """A column of any type by its distinct values; one that was not there when they were fetched is missing."""

    cell: nw.Expr
    values: tuple[tuple[Any, Value | None], ...]

    def chosen(self, choice: Choice, members: Sequence[str]) -> nw.Expr:  # noqa: ARG002
        missing = choice(None)
        return _cases(self.cell, ((raw, choice(value)) for raw, value in self.values), nw.lit(missing), missing)


def _cases(cell: nw.Expr, chosen: Iterable[tuple[Any, int]], rest: nw.Expr, of_rest: int) -> nw.Expr:
    """The number that is chosen for the value in a cell; for one that is not among them, the rest."""
    by_number: dict[int, list[Any]] = {}
    for value, number in chosen:
        by_number.setdefault(number, []).append(value)
    by_number.pop(of_rest, None)
    for number, values in by_number.items():
        rest = nw.when(cell.is_in(values)).then(nw.lit(number)).otherwise(rest)
    return rest


def _as_it_is(rules: Rules, name: str, cell: nw.Expr, dtype: Any, *, plain: bool) -> LeadColumn | None:
    """The column where its type is what the rules read; None where its values must be read.

    plain: whether no words were given that mean missing.

    Raises:
        DataError: it holds neither single values nor lists of texts for a set.
    """
    kind = rules.attributes[name].type
    if kind == "number" and dtype.is_numeric():
        return _Numbers(cell.cast(nw.Float64()), _edges(rules, name))
    if kind == "boolean" and dtype == nw.Boolean:
        return _Truths(cell)
    if kind in ("category", "text") and dtype == nw.String and plain:
        return _Texts(cell, _known_texts(rules, name))
    if kind == "set" and dtype in (nw.List(nw.String), nw.List):
        return _Lists(cell)
    if dtype.is_nested() or dtype in (nw.Object, nw.Unknown, nw.Binary):
        wanted = "a list of texts or one text" if kind == "set" else f"single values for a {kind}"
        raise DataError(f"column {shown(name)}: found {dtype}, expected {wanted}; cast it in a view")
    return None


def _conditions(rules: Rules, name: str) -> list[Condition]:
    conditions = [case.when for rule in rules.rules if rule.attr == name for case in rule.cases]
    return conditions + [gate.when.condition for gate in rules.gates if gate.when.attr == name]


def _known_texts(rules: Rules, name: str) -> tuple[str, ...]:
    every = [item.in_ for item in _conditions(rules, name) if isinstance(item, In)]
    return tuple(dict.fromkeys(text for texts in every for text in texts))


def _edges(rules: Rules, name: str) -> tuple[float, ...]:
    ranges = [item for item in _conditions(rules, name) if isinstance(item, Range)]
    return tuple(sorted({end for item in ranges for end in (item.ge, item.lt) if end is not None}))


def _fetched(rules: Rules, table: EngineTable, names: Sequence[str], options: ReadingOptions) -> dict[str, LeadColumn]:
    """Columns by their distinct values, read as those of a file are: all together, for they share a decimal sign."""
    if not names:
        return {}
    raw = {name: _distinct(table, name) for name in names}
    longest = max(map(len, raw.values()))
    padded = pa.table(
        {name: pa.concat_arrays([item, pa.nulls(longest - len(item), item.type)]) for name, item in raw.items()}
    )
    with open_source(padded, options, types=types_read(rules)) as source:
        batches = [typed_leads(rules, source, batch) for batch in source.raw_batches()]
    found: dict[str, LeadColumn] = {}
    for name in names:
        typed = [value for batch in batches for value in batch.column(name).to_pylist()]
        attribute, where = rules.attributes[name], partial("{}, column {}".format, table.name, shown(name))
        values = [read_value(attribute, value, where) for value in typed[: len(raw[name])]]
        pairs = zip(raw[name].to_pylist(), values, strict=True)
        found[name] = _Fetched(table.col(name), tuple((cell, value) for cell, value in pairs if value is not None))
    return found


def _distinct(table: EngineTable, name: str) -> pa.Array:
    """The values of a column, ascending, without null."""
    cells = table.frame.select(value=table.col(name))
    query = cells.filter(~nw.col("value").is_null()).group_by("value").agg(leads=nw.len())
    found = table.fetched(query.head(_MOST_VALUES + 1)).column("value").combine_chunks()
    if len(found) > _MOST_VALUES:
        raise DataError(
            f"{table.name}, column {shown(name)}: found more than {_MOST_VALUES:,} different values of type "
            f"{found.type}, expected the type that the rules read; cast it in a view"
        )
    return pc.take(found, pc.array_sort_indices(found))
