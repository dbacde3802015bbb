"""The code store of leads that an engine holds: its answer is small whole numbers, several columns in one.

::

    Country  NL DE BE ...    place 1, 2, 3 ... among its values, 0 for none
    Trial    yes no          place 1, 2
    packed   place of Country + 4 * place of Trial + ...

A column with many values, and a number with many, is sent as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from calibrate.errors import DataError
from calibrate.leads.codes import FOLDS, CellCoder, Codes, CodeStore
from calibrate.leads.levels import Cells
from calibrate.leads.outcome import lead_days
from calibrate.reading.source import Source
from calibrate.remote.keys import FOR_BUCKETS, Key, buckets_of
from calibrate.remote.marginals import OUT, WON, Marginal, tidy
from calibrate.remote.outcomes import Counted
from calibrate.remote.table import EngineTable
from calibrate.settings import OutcomeSettings
from calibrate.spread import mixed

MOST_PLACES = 255
_ROOM = 2**30  # some engines add whole numbers of 32 bits as such


@dataclass(frozen=True, slots=True)
class _Packed:
    """Columns of few values in one number: for each its values and what its place is multiplied by."""

    parts: tuple[tuple[str, pa.Array, int], ...]

    def number(self, table: EngineTable) -> nw.Expr:
        """The number, as the engine makes it."""
        total = nw.lit(0)
        for name, values, times in self.parts:
            for bit in range(len(values).bit_length()):
                own = [value for place, value in enumerate(values.to_pylist(), 1) if place >> bit & 1]
                there = table.col(name).is_in(_with_signed_zero(own))
                total += nw.when(there).then(nw.lit(times << bit)).otherwise(nw.lit(0))
        return total

    def places(self, numbers: npt.NDArray[np.int64]) -> dict[str, npt.NDArray[np.intp]]:
        """The place of the value of every column, 0 for none."""
        return {name: (numbers // times % (len(values) + 1)).astype(np.intp) for name, values, times in self.parts}


def _with_signed_zero(values: list[Any]) -> list[Any]:
    """The values with -0.0 beside 0.0: they are equal, but not to every engine's sets."""
    return [*values, -0.0] if any(isinstance(value, float) and value == 0 for value in values) else values


def _packs(values: Mapping[str, pa.Array]) -> tuple[_Packed, ...]:
    """The columns in as few numbers as there is room in."""
    packs: list[list[tuple[str, pa.Array, int]]] = []
    times = _ROOM
    for name, own in values.items():
        size = len(own) + 1
        if times * size > _ROOM:
            packs.append([])
            times = 1
        packs[-1].append((name, own, times))
        times *= size
    return tuple(_Packed(tuple(parts)) for parts in packs)


@dataclass(frozen=True, slots=True)
class Leads:
    """The leads to be fetched or counted: where they are, how their values are read, who is counted and chosen.

    some: the chosen ones, None for all.
    """

    table: EngineTable
    source: Source
    counted: Counted
    key: Key | None
    some: nw.Expr | None
    settings: OutcomeSettings


def pulled_store(leads: Leads, cells: Sequence[Cells], found: Mapping[str, Marginal]) -> CodeStore:
    """The codes of the counted leads, or of some of them, in an order that is the same from every engine.

    Raises:
        DataError: the table changed since its leads were counted.
    """
    by_column: dict[str, list[Cells]] = {}
    for item in cells:
        by_column.setdefault(item.column, []).append(item)
    few = {
        name: values for name in by_column if found[name].whole and len(values := found[name].values()) <= MOST_PLACES
    }
    packs = _packs(few)
    sent = {f"value{place}": name for place, name in enumerate(by_column) if name not in few}
    asked = {f"pack{place}": pack.number(leads.table) for place, pack in enumerate(packs)}
    asked |= {alias: leads.table.col(name) for alias, name in sent.items()} | _marks(leads)
    frame = leads.table.frame if leads.some is None else leads.table.frame.filter(leads.some)
    query = frame.select(state=leads.counted.state, **asked).filter(nw.col("state") > OUT)
    fetched = tidy(leads.table.fetched(query))
    raw: dict[str, tuple[pa.Array, npt.NDArray[np.intp]]] = {}
    for place, pack in enumerate(packs):
        for name, at in pack.places(fetched[f"pack{place}"].to_numpy()).items():
            raw[name] = few[name], at - 1
    for alias, name in sent.items():
        encoded = fetched[alias].combine_chunks().dictionary_encode()
        raw[name] = encoded.dictionary, encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.intp)
    coded = [pair for name, items in by_column.items() for pair in coded_column(leads.source, items, *raw[name])]
    return _store(leads, fetched, coded)


def _marks(leads: Leads) -> dict[str, nw.Expr]:
    """What is asked of each lead beside its attributes and outcome."""
    asked: dict[str, nw.Expr] = {}
    if leads.key is not None:
        asked["end"] = leads.key.mark()
        if leads.settings.account:
            asked["account"] = leads.key.end(FOR_BUCKETS)
    if leads.settings.date:
        asked["day"] = leads.table.col(leads.settings.date)
    return asked


def coded_column(
    source: Source, items: Sequence[Cells], values: pa.Array, at: npt.NDArray[np.intp]
) -> list[tuple[Cells, Codes]]:
    """The cells of the attributes of a column and the cell of each lead, from the place of its value; -1 is NULL."""
    # Ascending, so that cells for texts which are not among the sample's are in one order whatever the engine.
    order = pc.sort_indices(values).to_numpy()
    place = np.empty(len(order) + 1, dtype=np.intp)
    place[order], place[-1] = np.arange(len(order)), len(order)
    every = pa.concat_arrays([values.take(pa.array(order)), pa.nulls(1, values.type)])
    coder = CellCoder(items)
    typed = source.typed(pa.record_batch([every], names=[items[0].column]))
    tables = coder.codes(typed.column(0))
    return [(cells, codes[place[at]]) for cells, codes in zip(coder.settled(), tables, strict=True)]


def _store(leads: Leads, fetched: pa.Table, coded: Sequence[tuple[Cells, Codes]]) -> CodeStore:
    counted, settings, source = leads.counted, leads.settings, leads.source
    won = (fetched["state"].to_numpy() == WON).astype(np.uint8)
    if leads.some is None and (len(won), int(won.sum())) != (counted.leads, counted.won):
        raise changed(leads, len(won))
    day = None
    if settings.date:
        batch = source.typed(pa.record_batch([fetched["day"].combine_chunks()], names=[settings.date]))
        day = lead_days(batch, settings.date, source.options.dates)
    ends = [fetched[name] for name in ("end", "account") if name in fetched.column_names]
    order = _order([won, *([day] if day is not None else []), *(codes for _, codes in coded)], ends)
    if leads.key is None:
        fold = (mixed(np.arange(len(won), dtype=np.uint64)) % np.uint64(FOLDS)).astype(np.uint8)
    else:
        fold = folds_of(leads, leads.key, fetched["end"])[order]
    return CodeStore(
        cells=tuple(cells for cells, _ in coded),
        codes=tuple(codes[order] for _, codes in coded),
        won=won[order],
        fold=fold,
        day=None if day is None else day[order],
        rows=counted.rows,
        excluded=counted.excluded,
        arrivals=counted.arrivals,
        kept=np.ones(len(won), dtype=np.bool_),
        bucket=buckets_of(fetched["account"].take(pa.array(order))) if settings.account else None,
    )


def _order(columns: Sequence[npt.NDArray[Any]], texts: Sequence[pa.ChunkedArray]) -> npt.NDArray[np.intp]:
    """An order of the leads that follows from what is known of them alone, and says nothing about them."""
    keys = [np.asarray(column) for column in columns]
    for column in texts:
        encoded = column.combine_chunks().dictionary_encode()
        rank = pc.rank(encoded.dictionary.cast(pa.string()), tiebreaker="dense").to_numpy().astype(np.int64)
        keys.append(np.append(rank, 0)[encoded.indices.fill_null(len(rank)).to_numpy(zero_copy_only=False)])
    order = np.lexsort(keys)
    found: npt.NDArray[np.intp] = order[np.argsort(mixed(np.arange(len(order), dtype=np.uint64)), kind="stable")]
    return found


def folds_of(leads: Leads, key: Key, ends: pa.ChunkedArray) -> npt.NDArray[np.uint8]:
    """The fold of every lead by the end of its key.

    Raises:
        DataError: there was no such end before.
    """
    encoded = ends.combine_chunks().dictionary_encode()
    try:
        folds = key.folds_of([*encoded.dictionary.to_pylist(), *([None] if encoded.indices.null_count else [])])
    except KeyError as error:
        raise changed(leads, leads.counted.leads) from error
    found: npt.NDArray[np.uint8] = folds.take(
        encoded.indices.fill_null(len(encoded.dictionary)).to_numpy(zero_copy_only=False)
    )
    return found


def changed(leads: Leads, now: int) -> DataError:
    """That the table is not what it was when its leads were counted."""
    return DataError(
        f"{leads.table.name}: found {now:,} counted leads where there were {leads.counted.leads:,}, or others, "
        "expected a table that does not change under the run; make a copy of it, or run again"
    )
