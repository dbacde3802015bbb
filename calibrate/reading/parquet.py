"""Leads in one Parquet file, or in all those of a folder, as Arrow batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq

from calibrate.errors import DataError, shown
from calibrate.reading.engine import batch_rows
from calibrate.reading.rawtable import RawTable, first_line, is_text, named
from calibrate.words.language import message

_ENOUGH_ROWS, _ENOUGH_GROUPS = 1_000_000, 8
_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"


@dataclass(frozen=True, slots=True)
class _Piece:
    """A file of the leads.

    name: as messages say it.  groups: rows of each row group.  values: of the columns that the folders above it name.
    """

    path: Path
    name: str
    schema: pa.Schema
    groups: tuple[int, ...]
    values: tuple[tuple[str, str | None], ...]


def parquet_files(place: Path) -> tuple[Path, ...]:
    """The file itself, or the Parquet files anywhere in a folder, by name; what begins with `_` or `.` is no part."""
    if not place.is_dir():
        return (place,)
    found = (path.relative_to(place) for path in place.rglob("*") if path.suffix.casefold() in (".parquet", ".parq"))
    kept = [path for path in found if not any(part.startswith(("_", ".")) for part in path.parts)]
    return tuple(place / path for path in sorted(kept, key=lambda path: path.parts))


def from_parquet(place: Path) -> RawTable:
    """The columns of a Parquet file, or of all those in a folder in the order of their names.

    Texts stay encoded by a dictionary, as they are in most files. A folder called `country=NL` is a column.

    Raises:
        DataError: a file is damaged, or has other columns than the first.
    """
    pieces = tuple(_piece(path, place) for path in parquet_files(place))
    schema = _schema(pieces)
    rows = [(piece, group, size) for piece in pieces for group, size in enumerate(piece.groups)]
    total = sum(size for *_, size in rows)
    step = max(1, min(total // _ENOUGH_ROWS, len(rows) // _ENOUGH_GROUPS))
    places = range(step // 2, len(rows), step)

    def thinned() -> Iterator[tuple[int, pa.RecordBatch]]:
        for at in places:
            first = sum(size for *_, size in rows[:at]) + 1
            piece, group, _ = rows[at]
            for batch in _batches(piece, schema, schema.names, [group]):
                yield first, batch
                first += batch.num_rows

    def read(columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        for piece in pieces:
            yield from _batches(piece, schema, schema.names if columns is None else columns)

    few = (thinned, sum(rows[at][2] for at in places)) if step > 1 else None
    notes = (message("reading.parquet", n=len(pieces)),)
    raw = RawTable(schema, total, read, notes if place.is_dir() else (), thinned=few)
    return named(raw, place.name)


def _piece(path: Path, place: Path) -> _Piece:
    name = path.name if path == place else f"{place.name}/{path.relative_to(place).as_posix()}"
    try:
        with pq.ParquetFile(path) as file:
            sizes = tuple(file.metadata.row_group(group).num_rows for group in range(file.metadata.num_row_groups))
            schema = file.schema_arrow
    except (pa.ArrowException, OSError) as error:
        raise _damaged(name, error) from error
    folders = path.relative_to(place).parts[:-1] if path != place else ()
    pairs = (part.split("=", 1) for part in folders if "=" in part)
    values = tuple((key, None if value == _NO_VALUE else unquote(value)) for key, value in pairs)
    return _Piece(path, name, schema, sizes, values)


def _schema(pieces: Sequence[_Piece]) -> pa.Schema:
    """The columns that all files have; one that is empty in some files is what it is in the others.

    Raises:
        DataError: a file has other columns, or a column of another type.
    """
    first = pieces[0]
    columns = {field.name: field.type for field in first.schema}
    for piece in pieces[1:]:
        kinds = {field.name: field.type for field in piece.schema}
        if missing := [name for name in (*columns, *kinds) if (name in columns) != (name in kinds)]:
            has, lacks = (first, piece) if missing[0] in columns else (piece, first)
            raise _differs(lacks, f"no column {shown(missing[0])}", f"{has.name} has one")
        for name, kind in kinds.items():
            if not _like(columns[name], kind):
                raise _differs(piece, f"{kind} in column {shown(name)}", f"{first.name} has {columns[name]}")
            columns[name] = kind if pa.types.is_null(columns[name]) else columns[name]
        if [key for key, _ in piece.values] != [key for key, _ in first.values]:
            raise _differs(piece, "other folders such as country=NL above it", f"{first.name} has others")
    names = first.schema.names
    folders = [(key, pa.string()) for key, _ in first.values if key not in columns]
    return pa.schema([*((name, columns[name]) for name in names), *folders])


def _differs(piece: _Piece, found: str, other: str) -> DataError:
    return DataError(
        f"{piece.name}: found {found}, where {other}; expected the same columns in every file of a folder, write them "
        "again with one schema or name one file"
    )


def _like(one: pa.DataType, other: pa.DataType) -> bool:
    """Whether batches of both types are read alike: the same, a dictionary of it, or empty."""
    one, other = (kind.value_type if pa.types.is_dictionary(kind) else kind for kind in (one, other))
    return bool(one == other or (is_text(one) and is_text(other)) or pa.types.is_null(one) or pa.types.is_null(other))


def _batches(
    piece: _Piece, schema: pa.Schema, wanted: Sequence[str], only: Sequence[int] | None = None
) -> Iterator[pa.RecordBatch]:
    """The wanted columns of a file, those of its folders among them; only: of these row groups."""
    own = [name for name in wanted if name in piece.schema.names]
    values = dict(piece.values)
    texts = [field.name for field in piece.schema if is_text(field.type)]
    try:
        with pq.ParquetFile(piece.path, read_dictionary=texts, pre_buffer=False) as file:
            # Without a column a batch has no rows.
            held = own or piece.schema.names[:1]
            whole = held == piece.schema.names
            # Another thread reads ahead: more of them here take a fifth more of the processor for no time gained.
            rows = batch_rows(len(held))
            for batch in file.iter_batches(rows, only, None if whole else held, use_threads=False):
                arrays = [
                    _filled(batch.column(name), schema.field(name).type) if name in own
                    else _constant(values[name], batch.num_rows)
                    for name in wanted
                ]  # fmt: skip
                yield pa.RecordBatch.from_arrays(arrays, names=list(wanted))
    except (pa.ArrowException, OSError) as error:
        raise _damaged(piece.name, error) from error


def _filled(array: pa.Array, kind: pa.DataType) -> pa.Array:
    return pa.nulls(len(array), kind) if pa.types.is_null(array.type) else array


def _constant(value: str | None, rows: int) -> pa.Array:
    places = pa.nulls(rows, pa.int32()) if value is None else pa.repeat(pa.scalar(0, pa.int32()), rows)
    return pa.DictionaryArray.from_arrays(places, pa.array([value or ""]))


def _damaged(name: str, error: Exception) -> DataError:
    return DataError(f"{name}: cannot be read as Parquet ({first_line(error)}); write it again")
