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
from calibrate.remote.marginals import OUT, WON, Marginal, tidy
from calibrate.remote.pulling import Leads, changed, coded_column, folds_of

_LARGEST = 1.7976931348623157e308


def exact_counts(
    leads: Leads, cells: Sequence[Cells], found: Mapping[str, Marginal], apart: Mapping[str, nw.Expr]
) -> tuple[CellCounts, ...]:
    """The counts of every attribute as `count_cells` makes them of a code store, of all counted leads.

    cells: in the order of the store.  apart: state, newest and end of a lead, by which the marginals are told apart.

    Raises:
        DataError: the table changed since its leads were counted.
    """
    counts: dict[tuple[str, str | None], CellCounts] = {}
    for column in dict.fromkeys(item.column for item in cells):
        items = [item for item in cells if item.column == column]
        told = found[column].table if found[column].whole else _numbers(leads, items[0], apart)
        if found[column].whole:
            encoded = told["value"].combine_chunks().dictionary_encode()
            at = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.intp)
            coded = coded_column(leads.source, items, encoded.dictionary, at)
        else:
            coded = [(items[0], told["value"].to_numpy().astype(np.uint16))]
        slots = _slots(leads, told)
        for item, codes in coded:
            counts[column, item.member] = _cell_counts(item.size, codes, slots, told)
    return tuple(counts[item.column, item.member] for item in cells)


def _numbers(leads: Leads, item: Cells, apart: Mapping[str, nw.Expr]) -> pa.Table:
    """Leads by cell of a column of numbers that has too many values, from the engine."""
    query = leads.table.frame.select(number_cell(leads.table.col(item.column), item.edges).alias("value"), **apart)
    counts = query.filter(nw.col("state") > OUT).group_by("value", *apart).agg(leads=nw.len())
    return tidy(leads.table.fetched(counts))


def number_cell(cell: nw.Expr, edges: Sequence[float]) -> nw.Expr:
    """The cell of a number, as a tree of comparisons; missing where it is none or not finite."""
    number = cell.cast(nw.Float64)
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


def _slots(leads: Leads, told: pa.Table) -> npt.NDArray[np.intp]:
    """The part of each row of counts, its fold and five more for the newest; -1 for leads that are not counted."""
    assert leads.key is not None  # noqa: S101
    state = told["state"].to_numpy()
    held = int(told["leads"].to_numpy()[state > OUT].sum())
    if held != leads.counted.leads:
        raise changed(leads, held)
    fold = folds_of(leads, leads.key, told["end"]).astype(np.intp)
    return np.where(state > OUT, fold + FOLDS * told["newest"].to_numpy(), -1)


def _cell_counts(
    size: int, codes: npt.NDArray[np.unsignedinteger], slots: npt.NDArray[np.intp], told: pa.Table
) -> CellCounts:
    kept = slots >= 0
    number, won = told["leads"].to_numpy()[kept], told["state"].to_numpy()[kept] == WON
    leads, conversions = (np.zeros((2 * FOLDS, size), dtype=np.int64) for _ in range(2))
    np.add.at(leads, (slots[kept], codes[kept].astype(np.intp)), number)
    np.add.at(conversions, (slots[kept][won], codes[kept][won].astype(np.intp)), number[won])
    return CellCounts(leads, conversions)
