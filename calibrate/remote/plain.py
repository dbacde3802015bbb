"""A table whose columns can all be grouped by: texts, whole numbers, numbers, yes/no and days."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import narwhals as nw

from calibrate.errors import DataError
from calibrate.reading.rawtable import column_names
from calibrate.remote.table import EngineTable
from calibrate.words.language import message

_WHOLE = (nw.Int8, nw.Int16, nw.Int32, nw.UInt8, nw.UInt16, nw.UInt32)
_NUMBERS = (nw.Float32, nw.UInt64, nw.Int128, nw.UInt128, nw.Decimal)
_AS_THEY_ARE = (nw.String, nw.Int64, nw.Float64, nw.Boolean, nw.Date)
_LISTS = (nw.List(nw.String), nw.List)


def plain_table(table: EngineTable, *, lists: bool = False) -> tuple[EngineTable, tuple[str, ...]]:
    """The table with every column in a type that engines agree on, and what to tell of columns without a name.

    A moment becomes its day, in the time zone of the column or the connection. A column of another type is left out.

    lists: keep lists of texts as they are, which the rules read and nothing can be grouped by.

    Raises:
        DataError: two columns have the same name, or none can be grouped by.
    """
    schema = table.frame.collect_schema()
    names, notes = column_names(list(schema), table.name)
    left_out, columns = dict(table.left_out), []
    for name, own in zip(names, schema, strict=True):
        cell = table.col(own) if lists and schema[own] in _LISTS else _plain(table.col(own), schema[own])
        if cell is None:
            left_out[name] = message("remote.type", type=str(schema[own]))
        else:
            columns.append(cell.alias(name))
    if not columns:
        raise DataError(f"{table.name}: has no columns that can be counted; expected one row a lead and a column for "
                        "each thing known of it")  # fmt: skip
    return replace(table, frame=table.frame.select(*columns), left_out=left_out), notes


def _plain(cell: nw.Expr, dtype: Any) -> nw.Expr | None:
    """The column in a type of ours; None where it has no such."""
    if isinstance(dtype, _AS_THEY_ARE):
        return cell
    if isinstance(dtype, _WHOLE) or (isinstance(dtype, nw.Decimal) and dtype.scale == 0):
        return cell.cast(nw.Int64)
    if isinstance(dtype, _NUMBERS):
        return cell.cast(nw.Float64)
    if isinstance(dtype, nw.Categorical | nw.Enum):
        return cell.cast(nw.String)
    if isinstance(dtype, nw.Datetime):
        return (cell.dt.replace_time_zone(None) if dtype.time_zone else cell).cast(nw.Date)
    return None
