"""Leads and conversions of every cell, fold by fold, of all leads that an engine holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import narwhals as nw
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from calibrate.leads.codes import FOLDS
from calibrate.leads.counts import CellCounts
from calibrate.leads.levels import MISSING, Cells
from calibrate.reading.source import Source
from calibrate.remote.keys import Key
from calibrate.remote.marginals import LOST, WON, Marginal, tidy
from calibrate.remote.pulling import changed, coded_column
from calibrate.remote.table import EngineTable

_LARGEST = 1.7976931348623157e308


def exact_counts(
    table: EngineTable,
    source: Source,
    cells: Sequence[Cells],
    found: Mapping[str, Marginal],
    key: Key,
    apart: Mapping[str, nw.Expr],
    leads: int,
) -> tuple[CellCounts, ...]:
    """The counts of every attribute as `count_cells` makes them of a code store, of all counted leads.

    cells: in the order of the store.  apart: state, newest and end of a lead, by which the marginals are told apart.

    Raises:
        DataError: the table changed since its leads were counted.
    """
    counts: dict[tuple[str, str | None], CellCounts] = {}
    for column in dict.fromkeys(item.column for item in cells):
        items = [item for item in cells if item.column == column]
        if found[column].whole:
            told = found[column].table
            encoded = told["value"].combine_chunks().dictionary_encode()
            at = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.intp)
            coded = coded_column(source, items, encoded.dictionary, at)
        else:
            cell = number_cell(column, items[0].edges).alias("value")
            query = table.frame.select(cell, **apart).filter(nw.col("state") > 0)
            told = tidy(table.fetched(query.group_by("value", *apart).agg(leads=nw.len())))
            coded = [(items[0], told["value"].to_numpy().astype(np.uint16))]
        slots = _slots(table, told, key, leads)
        for item, codes in coded:
            counts[column, item.member] = _cell_counts(item.size, codes, slots, told)
    return tuple(counts[item.column, item.member] for item in cells)


def number_cell(column: str, edges: Sequence[float]) -> nw.Expr:
    """The cell of a number, as a tree of comparisons; missing where it is none or not finite."""
    number = nw.col(column).cast(nw.Float64)
    # Not a number is above every number to some engines, and not to others: both ends are asked for.
    finite = (number >= -_LARGEST) & (number <= _LARGEST)
    return nw.when(finite).then(_tree(number, edges, 0, len(edges))).otherwise(nw.lit(MISSING))


def _tree(number: nw.Expr, edges: Sequence[float], low: int, high: int) -> nw.Expr:
    """One more than how many of the edges are at most the number; from low to high is left to find out."""
    if low == high:
        return nw.lit(low + 1)
    middle = (low + high) // 2
    below, above = _tree(number, edges, low, middle), _tree(number, edges, middle + 1, high)
    return nw.when(number < edges[middle]).then(below).otherwise(above)


def _slots(table: EngineTable, told: pa.Table, key: Key, leads: int) -> npt.NDArray[np.intp]:
    """The part of each row of counts, its fold and five more for the newest; -1 for leads that are not counted."""
    state = told["state"].to_numpy()
    ends = told["end"].combine_chunks().dictionary_encode()
    try:
        folds = key.folds_of([*ends.dictionary.to_pylist(), *([None] if ends.indices.null_count else [])])
    except KeyError as error:
        raise changed(table, leads, leads) from error
    fold = folds[ends.indices.fill_null(len(ends.dictionary)).to_numpy(zero_copy_only=False)].astype(np.intp)
    held = int(told["leads"].to_numpy()[state > 0].sum())
    if held != leads:
        raise changed(table, leads, held)
    return np.where(state >= LOST, fold + FOLDS * told["newest"].to_numpy(), -1)


def _cell_counts(
    size: int, codes: npt.NDArray[np.unsignedinteger], slots: npt.NDArray[np.intp], told: pa.Table
) -> CellCounts:
    kept = slots >= 0
    number, won = told["leads"].to_numpy()[kept], told["state"].to_numpy()[kept] == WON
    leads, conversions = (np.zeros((2 * FOLDS, size), dtype=np.int64) for _ in range(2))
    np.add.at(leads, (slots[kept], codes[kept].astype(np.intp)), number)
    np.add.at(conversions, (slots[kept][won], codes[kept][won].astype(np.intp)), number[won])
    return CellCounts(leads, conversions)
