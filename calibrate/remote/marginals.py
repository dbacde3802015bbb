"""The values of each column with their leads, and a sample of leads made of them, column by column.

::

    value     not counted   lost    won         Country   one of the sample's columns
    NL                 12    800     90         NL NL NL BE NL ...
    BE                  3    210     11

Each column of the sample holds its values in their share; which of them belong to one lead is not known.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from calibrate.errors import DataError, shown
from calibrate.leads.columns import ColumnProfile
from calibrate.remote.table import EngineTable
from calibrate.spread import mixed
from calibrate.words.language import message

SAMPLE = 200_000
MOST_VALUES = 60_000
FEW_VALUES = 1_000
MOST_GROUPS = 2_000_000
OUT, LOST, WON = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Marginal:
    """The values of a column with their leads.

    table: columns value, state (0 not counted, 1 lost, 2 won), leads; more where leads are told apart further.
    whole: whether these are all leads, else those of a sample, whose values are the only ones known.
    """

    table: pa.Table
    whole: bool = True

    def values(self) -> pa.Array:
        """The values, each once, ascending, without NULL, NaN and infinities; 0 without a sign."""
        return distinct(self.table["value"])

    def sample(self, rows: int, seed: int, *, counted: bool) -> pa.Array:
        """So many leads with the values in their share, in an order that says nothing; counted: only of those leads.

        seed: makes the order differ from that of other columns.
        """
        table = self.table.filter(pc.greater(self.table["state"], OUT)) if counted else self.table
        totals = table.group_by("value").aggregate([("leads", "sum")]).sort_by("value")
        below = np.cumsum(totals["leads_sum"].to_numpy())
        if not len(below) or not rows:
            return self.table["value"].combine_chunks().slice(0, 0)
        places = (np.arange(rows) + 0.5) * (below[-1] / rows)
        order = np.argsort(mixed(np.arange(rows, dtype=np.uint64) + np.uint64(seed) * np.uint64(rows)), kind="stable")
        return totals["value"].combine_chunks().take(pa.array(np.searchsorted(below, places, side="right")[order]))


def distinct(column: pa.ChunkedArray) -> pa.Array:
    """The values of a column, each once, ascending, without NULL, NaN and infinities; 0 without a sign."""
    values = column.combine_chunks().drop_null()
    if pa.types.is_floating(values.type):
        values = pc.add(values.filter(pc.is_finite(values)), 0.0)
    found = pc.unique(values)
    return found.take(pc.sort_indices(found))


@dataclass(frozen=True, slots=True)
class Look:
    """What a first look says of a column: leads looked at, those with a value, and different values among them."""

    leads: int
    filled: int
    values: int

    @property
    def names_leads(self) -> bool:
        """Whether its values differ in most leads, and are more than a few."""
        return self.values > FEW_VALUES and self.values > 0.5 * self.filled


def looks(table: EngineTable, among: nw.Expr | None) -> dict[str, Look]:
    """A first look at every column of texts or numbers, at some leads or all, without their values."""
    frame = table.frame if among is None else table.frame.filter(among)
    schema = frame.collect_schema()
    columns = [name for name in schema if isinstance(schema[name], nw.String | nw.Int64 | nw.Float64)]
    filled = [table.col(name).count().alias(f"filled{place}") for place, name in enumerate(columns)]
    counts = table.fetched(frame.select(nw.len().alias("leads"), *filled)).to_pylist()[0]
    values = _different(table, frame, columns)
    return {name: Look(counts["leads"], counts[f"filled{place}"], values[place]) for place, name in enumerate(columns)}


def _different(table: EngineTable, frame: nw.LazyFrame[Any], columns: Sequence[str]) -> list[int]:
    """Different values of each column, NULL perhaps among them."""
    if not columns:
        return []
    if (
        frame.implementation is nw.Implementation.IBIS
    ):  # narwhals' own casts yes/no to a number, which PostgreSQL refuses
        native = frame.to_native()
        asked = {f"values{place}": native[name].nunique() for place, name in enumerate(columns)}
        counts = nw.from_native(native.aggregate(**asked))
    else:
        counts = frame.select(*(table.col(name).n_unique().alias(f"values{at}") for at, name in enumerate(columns)))
    return [int(value) for value in table.fetched(counts).to_pylist()[0].values()]


def marginals(
    table: EngineTable,
    columns: Sequence[str],
    apart: Mapping[str, nw.Expr],
    seen: Mapping[str, Look],
    some: nw.Expr | None,
) -> tuple[dict[str, Marginal], dict[str, str]]:
    """The marginal of each column, and columns left out with why; one query a column.

    apart: what leads are told apart by, `state` among it.  some: leads whose numbers stand for all, where they have too
    many values to count; None where all leads are few enough.
    """
    schema = table.frame.collect_schema()
    found: dict[str, Marginal] = {}
    left_out: dict[str, str] = {}
    for name in columns:
        look, is_text = seen.get(name), isinstance(schema[name], nw.String)
        many = look is not None and (look.values > MOST_VALUES or (some is not None and look.names_leads))
        if is_text and look is not None and (look.names_leads or many):
            left_out[name] = message("remote.too_many")
        elif many and some is not None:
            found[name] = _of_some(table, name, apart, some)
        else:
            marginal = _counted(table, name, apart, limited=is_text or some is not None)
            if marginal is not None:
                found[name] = marginal
            elif is_text or some is None:
                left_out[name] = message("remote.too_many")
            else:
                found[name] = _of_some(table, name, apart, some)
    return found, left_out


def _counted(table: EngineTable, name: str, apart: Mapping[str, nw.Expr], *, limited: bool) -> Marginal | None:
    """Leads by value; None where there are too many values."""
    query = table.frame.select(value=table.col(name), **apart).group_by("value", *apart).agg(leads=nw.len())
    found = table.fetched(query.head(MOST_GROUPS + 1) if limited else query)
    if limited and (found.num_rows > MOST_GROUPS or len(distinct(found["value"])) > MOST_VALUES):
        return None
    return Marginal(tidy(found))


def _of_some(table: EngineTable, name: str, apart: Mapping[str, nw.Expr], some: nw.Expr) -> Marginal:
    query = table.frame.filter(some).select(value=table.col(name), state=apart["state"])
    return Marginal(tidy(table.fetched(query.group_by("value", "state").agg(leads=nw.len()))), whole=False)


def tidy(found: pa.Table) -> pa.Table:
    """The answer of an engine with its numbers as int64 and its texts as plain ones; NaN is NULL, 0 has no sign."""
    columns = {}
    for name in found.column_names:
        column = found[name]
        if pa.types.is_integer(column.type) or pa.types.is_decimal(column.type):
            column = column.cast(pa.int64())
        elif pa.types.is_floating(column.type):
            column = pc.if_else(pc.is_nan(column), None, pc.add(column.cast(pa.float64()), 0.0))
        elif pa.types.is_large_string(column.type) or pa.types.is_dictionary(column.type):
            column = column.cast(pa.string())
        columns[name] = column
    return pa.table(columns)


def sampled(found: Mapping[str, Marginal], names: Collection[str], leads: int, *, counted: bool) -> pa.Table:
    """A sample of all leads, or of the counted ones, whose columns do not belong together.

    names: of all columns, which settle the order.  leads: how many there are.
    """
    rows = min(leads, SAMPLE)
    columns = {
        name: found[name].sample(rows, place, counted=counted) for place, name in enumerate(names) if name in found
    }
    return pa.table(columns)


def names_the_lead(name: str, look: Look | None, reason: str) -> ColumnProfile:
    """The profile of a column whose values were not fetched."""
    filled = look.filled / look.leads if look and look.leads else 0.0
    return ColumnProfile(name, "identifier", filled, look.values if look else 0, (), reason)


def check_leads(table: EngineTable, name: str, marginal: Marginal, leads: int) -> None:
    """Nothing, when the leads of a column are as many as there were.

    Raises:
        DataError: they are not: the table changed in the meantime.
    """
    held = int(pc.sum(marginal.table["leads"]).as_py() or 0)
    if marginal.whole and held != leads:
        raise DataError(
            f"{table.name}, column {shown(name)}: found {held:,} leads where there were {leads:,}, expected a table "
            "that does not change under the run; make a copy of it, or run again"
        )
