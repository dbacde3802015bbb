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
from calibrate.remote.keys import Key, account_end, buckets_of, end_of
from calibrate.remote.marginals import Marginal, tidy
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

    def number(self) -> nw.Expr:
        """The number, as the engine makes it."""
        total = nw.lit(0)
        for name, values, times in self.parts:
            for bit in range(len(values).bit_length()):
                own = [value for place, value in enumerate(values.to_pylist(), 1) if place >> bit & 1]
                there = nw.col(name).is_in(_with_signed_zero(own))
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


def pulled_store(
    table: EngineTable,
    source: Source,
    cells: Sequence[Cells],
    found: Mapping[str, Marginal],
    counted: Counted,
    key: Key | None,
    some: nw.Expr | None,
    settings: OutcomeSettings,
) -> CodeStore:
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
    asked = {f"pack{place}": pack.number() for place, pack in enumerate(packs)}
    sent = {f"value{place}": name for place, name in enumerate(by_column) if name not in few}
    asked |= {alias: nw.col(name) for alias, name in sent.items()}
    asked |= _marks(key, settings)
    frame = table.frame if some is None else table.frame.filter(some)
    query = frame.select(state=counted.state, **asked)
    leads = tidy(table.fetched(query.filter(nw.col("state") > 0)))
    raw: dict[str, tuple[pa.Array, npt.NDArray[np.intp]]] = {}
    for place, pack in enumerate(packs):
        for name, at in pack.places(leads[f"pack{place}"].to_numpy()).items():
            raw[name] = few[name], at - 1
    for alias, name in sent.items():
        encoded = leads[alias].combine_chunks().dictionary_encode()
        raw[name] = encoded.dictionary, encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.intp)
    coded = {name: coded_column(source, items, *raw[name]) for name, items in by_column.items()}
    return _store(table, source, leads, coded, counted, key, some, settings)


def _marks(key: Key | None, settings: OutcomeSettings) -> dict[str, nw.Expr]:
    """What is asked of each lead beside its attributes and outcome."""
    asked: dict[str, nw.Expr] = {}
    if key is not None:
        asked["end"] = key.end()
        if settings.account:
            asked["account"] = end_of(key.column, key.whole, account_end())
    if settings.date:
        asked["day"] = nw.col(settings.date)
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


def _store(
    table: EngineTable,
    source: Source,
    leads: pa.Table,
    coded: Mapping[str, list[tuple[Cells, Codes]]],
    counted: Counted,
    key: Key | None,
    some: nw.Expr | None,
    settings: OutcomeSettings,
) -> CodeStore:
    won = (leads["state"].to_numpy() == 2).astype(np.uint8)
    if some is None and (len(won), int(won.sum())) != (counted.leads, counted.won):
        raise changed(table, counted.leads, len(won))
    day = None
    if settings.date:
        days = leads["day"].combine_chunks()
        day = lead_days(
            source.typed(pa.record_batch([days], names=[settings.date])), settings.date, source.options.dates
        )
    pairs = [pair for column in coded.values() for pair in column]
    ends = leads["end"] if key is not None else None
    account = leads["account"] if settings.account else None
    order = _order([won, *([day] if day is not None else []), *(codes for _, codes in pairs)], ends, account)
    fold = _folds(table, key, ends, len(won))
    return CodeStore(
        cells=tuple(cells for cells, _ in pairs),
        codes=tuple(codes[order] for _, codes in pairs),
        won=won[order],
        fold=fold if key is None else fold[order],
        day=None if day is None else day[order],
        rows=counted.rows,
        excluded=counted.excluded,
        arrivals=counted.arrivals,
        kept=np.ones(len(won), dtype=np.bool_),
        bucket=None if account is None else buckets_of(account.take(pa.array(order))),
    )


def _order(
    columns: Sequence[npt.NDArray[Any]], ends: pa.ChunkedArray | None, account: pa.ChunkedArray | None
) -> npt.NDArray[np.intp]:
    """An order of the leads that follows from what is known of them alone, and says nothing about them."""
    keys = [np.asarray(column) for column in columns]
    for texts in (ends, account):
        if texts is not None:
            encoded = texts.combine_chunks().dictionary_encode()
            rank = pc.rank(encoded.dictionary.cast(pa.string()), tiebreaker="dense").to_numpy().astype(np.int64)
            keys.append(np.append(rank, 0)[encoded.indices.fill_null(len(rank)).to_numpy(zero_copy_only=False)])
    order = np.lexsort(keys)
    shuffled = np.argsort(mixed(np.arange(len(order), dtype=np.uint64)), kind="stable")
    found: npt.NDArray[np.intp] = order[shuffled]
    return found


def _folds(table: EngineTable, key: Key | None, ends: pa.ChunkedArray | None, leads: int) -> npt.NDArray[np.uint8]:
    if key is None or ends is None:
        return (mixed(np.arange(leads, dtype=np.uint64)) % np.uint64(FOLDS)).astype(np.uint8)
    encoded = ends.combine_chunks().dictionary_encode()
    try:
        folds = key.folds_of([*encoded.dictionary.to_pylist(), *([None] if encoded.indices.null_count else [])])
    except KeyError as error:
        raise changed(table, leads, leads) from error
    places = encoded.indices.fill_null(len(encoded.dictionary)).to_numpy(zero_copy_only=False)
    found: npt.NDArray[np.uint8] = folds.take(places)
    return found


def changed(table: EngineTable, before: int, now: int) -> DataError:
    """That the table is not what it was when its leads were counted."""
    return DataError(
        f"{table.name}: found {now:,} counted leads where there were {before:,}, or others, expected a table that does "
        "not change under the run; make a copy of it, or run again"
    )
