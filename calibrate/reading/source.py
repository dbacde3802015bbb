"""A file, database table or data frame with leads, opened: typed Arrow batches and how they were read."""

from __future__ import annotations

import hashlib
import re
import stat
import weakref
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from calibrate.errors import DataError, nearest, shown
from calibrate.reading.addresses import is_address, shown_address
from calibrate.reading.columntypes import Column, settle, typed_batch
from calibrate.reading.dialect import Dialect, ReadingOptions, sniff
from calibrate.reading.parquet import from_parquet, parquet_files
from calibrate.reading.rawtable import RawTable, column_names, from_duckdb, from_sqlite, from_text, named
from calibrate.reading.tables import frame_table, from_table, workbook_sheet

__all__ = ["Column", "ReadingOptions", "Source", "open_source"]

_FIRST_ROW = b"calibrate.first_row"
_GUESSED = ReadingOptions()
_TEXT_ENDINGS = {".csv", ".tsv", ".txt", ".tab", ".gz"}
_BINARY_ENDINGS = {".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".parquet", ".sqlite", ".db", ".duckdb"}
# The golden ratio's fraction of 2**64: its multiples spread evenly, so a part of them is rows spread over the file.
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_EVERY = np.uint64(2**64 - 1)
_MOST_SAMPLED, _FEWEST_SAMPLED, _MOST_CELLS = 200_000, 20_000, 12_000_000


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Source:
    """Leads as they were found, and how they are read.

    name: the file's without its folder, or `table`.  dialect: of a text file, else None.
    reading: what was guessed, told and left out, in sentences.  options: as settled, guesses filled in.
    doubtful_dates: date columns that no text in the whole source, and nobody, says the order of days and months of.
    rows: None where only reading to the end tells.
    """

    name: str
    columns: tuple[Column, ...]
    dialect: Dialect | None
    reading: tuple[str, ...]
    options: ReadingOptions
    doubtful_dates: tuple[str, ...]
    rows: int | None
    path: Path | None
    raw: RawTable = field(repr=False)

    def raw_batches(self, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """The cells as the source has them, in file order: texts of a text file exactly as written."""
        first = 1
        for batch in self.raw.read(columns):
            yield batch.replace_schema_metadata({_FIRST_ROW: str(first)})
            first += batch.num_rows

    def typed(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """A raw batch with every cell in its column's type.

        Texts are dictionary-encoded, numbers int64 or float64, dates date32 or timestamp. Blank cells, NaN and
        infinities are null, and so are words like `n.v.t.` in a column of numbers or dates.

        Raises:
            DataError: a cell cannot be read as its column is.
        """
        first = int((batch.schema.metadata or {}).get(_FIRST_ROW, b"1"))
        return self._typed(batch, np.arange(first, first + batch.num_rows))

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """The whole source in file order, typed, in bounded memory.

        Raises:
            DataError: a cell cannot be read as its column is, or a row of a text file is broken.
        """
        for batch in self.raw_batches(columns):
            yield self.typed(batch)

    def sample(self, rows: int | None = None) -> pa.Table:
        """All rows where there are no more than `rows`, else that many spread evenly over the source; typed.

        rows: without it, 200,000, fewer of a table with more than 60 columns. The same source gives the same rows, in
        file order.
        """
        rows = self.sample_rows if rows is None else rows
        parts = [self._typed(batch, lines) for batch, lines in _spread(self.raw, rows)]
        if not parts:
            empty = pa.RecordBatch.from_pylist([], schema=self.raw.schema)
            parts = [self._typed(empty, np.zeros(0, dtype=np.int64))]
        return pa.Table.from_batches(parts).unify_dictionaries().combine_chunks()

    @property
    def sample_rows(self) -> int:
        """Most rows of a sample that may take its time."""
        return max(_FEWEST_SAMPLED, min(_MOST_SAMPLED, _MOST_CELLS // max(len(self.columns), 1)))

    def sha256(self, stopped: Callable[[], bool] = lambda: False) -> str | None:
        """Of the bytes of the file, or of all files of a folder, in hex; None for a table in memory.

        stopped: whether nobody waits for it any more.
        """
        if self.path is None:
            return None
        whole = hashlib.sha256()
        for path in parquet_files(self.path):
            with path.open("rb") as file:
                while not stopped() and (part := file.read(1 << 20)):
                    whole.update(part)
        return whole.hexdigest()

    def close(self) -> None:
        """Let go of the file and remove what was made beside it."""
        self.raw.close()

    def __enter__(self) -> Source:
        """The source; it is closed at the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def _typed(self, batch: pa.RecordBatch, lines: npt.NDArray[np.int64]) -> pa.RecordBatch:
        columns = {column.name: column for column in self.columns}
        return typed_batch(batch, columns, self.options, self.name, lambda at: int(lines[at]))


def _spread(raw: RawTable, rows: int) -> list[tuple[pa.RecordBatch, npt.NDArray[np.int64]]]:
    """The rows with the lowest golden multiples, at most `rows`, with their lines from 1."""
    limit = _EVERY
    batches, held = raw.thinned if raw.thinned and raw.thinned[1] >= 2 * rows else (partial(_numbered, raw), raw.rows)
    if held is not None and held > rows:
        limit = np.uint64(int(min(1.0, 1.05 * rows / held + 1e-4) * (2**64 - 2**12)))
    parts: list[tuple[pa.RecordBatch, npt.NDArray[np.uint64]]] = []
    kept = 0
    for first, batch in batches():
        keys = np.arange(first, first + batch.num_rows, dtype=np.uint64) * _GOLDEN
        parts.append(_below(batch, keys, limit))
        kept += len(parts[-1][1])
        if kept > 2 * rows:
            limit = np.uint64(int(limit) // 2)
            parts = [_below(*part, limit) for part in parts]
            kept = sum(len(part[1]) for part in parts)
    if kept > rows:
        every = np.concatenate([keys for _, keys in parts])
        limit = np.partition(every, rows - 1)[rows - 1]
        parts = [_below(*part, limit) for part in parts]
    inverse = np.uint64(pow(int(_GOLDEN), -1, 2**64))
    return [(batch, (keys * inverse).astype(np.int64)) for batch, keys in parts]


def _numbered(raw: RawTable) -> Iterator[tuple[int, pa.RecordBatch]]:
    first = 1
    for batch in raw.read(None):
        yield first, batch
        first += batch.num_rows


def _below(
    batch: pa.RecordBatch, keys: npt.NDArray[np.uint64], limit: np.uint64
) -> tuple[pa.RecordBatch, npt.NDArray[np.uint64]]:
    keep = keys <= limit
    if keep.all():
        return batch, keys
    part = batch.take(pa.array(np.flatnonzero(keep)))
    # A dictionary longer than its column would keep all texts of the batch alive.
    arrays = [
        array.dictionary_decode().dictionary_encode()
        if pa.types.is_dictionary(array.type) and len(array.dictionary) > len(array)
        else array
        for array in part.columns
    ]
    return pa.RecordBatch.from_arrays(arrays, names=part.schema.names), keys[keep]


def open_source(
    data: Any,
    options: ReadingOptions = _GUESSED,
    *,
    types: Mapping[str, Literal["text", "number", "boolean"]] | None = None,
) -> Source:
    """The source in a file (by its content: CSV, gzipped CSV, Excel, Parquet, SQLite, DuckDB) or a table in memory.

    A folder is read as the Parquet files in it.

    types: forced, by name of column; a name that is not there is no error.

    Raises:
        DataError: it cannot be read, or what it says is ambiguous.
    """
    if not isinstance(data, (str, Path)):
        return _settled("table", None, named(from_table(frame_table(data)), "table"), None, options, types, ())
    if data == "":
        raise DataError("'': is no file name; expected a file with leads, say which")
    if is_address(str(data)):
        raise DataError(
            f"{shown_address(str(data))}: is an address of leads that another engine holds, expected a file or a table "
            "in memory; `calibrate run`, `inspect`, `score`, `check` and `compare` read an address, save the leads to "
            "a file for the others"
        )
    path = Path(data)
    kind = _file_kind(path)
    if kind == "text":
        return _text_source(path, options, types)
    sentences: tuple[str, ...] = ()
    if kind == "workbook":
        sheet = workbook_sheet(path, options)
        raw, sentences = from_table(sheet.table, chosen=sheet.name), sheet.sentences
        options = replace(options, sheet=sheet.name, skip_rows=sheet.skip_rows)
    elif kind == "parquet":
        raw = from_parquet(path)
    else:
        raw = (from_sqlite if kind == "sqlite" else from_duckdb)(path, options.table)
        options = replace(options, table=raw.chosen)
    return _settled(path.name, path, raw, None, options, types, sentences)


def _text_source(
    path: Path, options: ReadingOptions, types: Mapping[str, Literal["text", "number", "boolean"]] | None
) -> Source:
    dialect = sniff(path, options)
    names, blanks = column_names(dialect.header, path.name)
    raw = from_text(path, dialect, names)
    settled = replace(options, encoding=dialect.encoding, delimiter=dialect.delimiter, skip_rows=dialect.skip_rows)
    return _settled(path.name, path, raw, dialect, settled, types, blanks)


def _settled(
    name: str,
    path: Path | None,
    raw: RawTable,
    dialect: Dialect | None,
    options: ReadingOptions,
    types: Mapping[str, Literal["text", "number", "boolean"]] | None,
    sentences: tuple[str, ...],
) -> Source:
    try:
        if not raw.schema.names:
            raise DataError(f"{name}: has no columns; expected one row a lead and a column for each thing known of it")
        settlement = settle(raw, options, types or {}, name)
        if dialect is not None:
            dialect = replace(dialect, decimal=settlement.decimal, dates=settlement.dates)
            sentences = (*dialect.sentences(), *sentences)
        source = Source(
            name=name,
            columns=settlement.columns,
            dialect=dialect,
            reading=(*sentences, *raw.notes, *settlement.sentences),
            options=replace(options, decimal=settlement.decimal, dates=settlement.dates),
            doubtful_dates=settlement.doubtful_dates,
            rows=settlement.rows if raw.rows is None else raw.rows,
            path=path,
            raw=raw,
        )
    except BaseException:
        raw.close()
        raise
    weakref.finalize(source, raw.close)
    return source


def _file_kind(path: Path) -> Literal["text", "workbook", "parquet", "sqlite", "duckdb"]:
    """What a file is by its first bytes, whatever it is called; a folder is the Parquet files in it.

    Raises:
        DataError: no such file, a folder without them, an archive, a web page, or a workbook that is called text.
    """
    head = _first_bytes(path)
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"SQLite format 3\0"):
        return "sqlite"
    if head[8:12] == b"DUCK":
        return "duckdb"
    if head.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        if path.suffix.casefold() in _TEXT_ENDINGS:
            raise DataError(
                f"{path.name}: is an Excel workbook or a zip archive and not text; "
                "expected CSV, rename it to .xlsx if it came from Excel, else unpack it"
            )
        if head.startswith(b"PK") and zipfile.is_zipfile(path) and not _is_workbook(path):
            raise DataError(f"{path.name}: is a zip archive; expected a file with leads, unpack it first")
        return "workbook"
    if re.match(rb"(?:\xef\xbb\xbf)?\s*<[!?a-zA-Z]", head):
        raise DataError(
            f"{path.name}: is a web page (HTML or XML), whatever its name says; "
            "expected CSV or .xlsx, open it in Excel and save it as .xlsx"
        )
    if path.suffix.casefold() in {".xlsx", ".xlsm", ".xlsb", ".parquet", ".sqlite", ".duckdb", ".ods"} and head:
        raise DataError(f"{path.name}: is not what its name says, or damaged; expected a whole file, save it again")
    return "text"


def _is_workbook(path: Path) -> bool:
    with zipfile.ZipFile(path) as archive:
        return any(name.startswith(("xl/", "content.xml")) for name in archive.namelist())


def _lead_files(folder: Path, ending: str) -> list[str]:
    """The names of files that may hold leads: of the ending that was asked for, or of one that such files have."""
    endings = {ending.casefold(), *_TEXT_ENDINGS, *_BINARY_ENDINGS}
    if not folder.is_dir():
        return []
    return sorted(item.name for item in folder.iterdir() if item.is_file() and item.suffix.casefold() in endings)


def _first_bytes(path: Path) -> bytes:
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            if parquet_files(path):
                return b"PAR1"
            raise DataError(f"{path.name or path}: is a folder; expected a file with leads, say which file in it")
        if not stat.S_ISREG(mode):
            raise DataError(
                f"{path}: is a pipe or a device, and the leads are read more than once; "
                "expected a file, save it to one first"
            )
        with path.open("rb") as file:
            return file.read(512)
    except FileNotFoundError as error:
        files = _lead_files(path.parent, path.suffix)
        near = nearest(path.name, files) if files else f"there is none in {shown(path.parent)}"
        raise DataError(f"{path}: there is no such file; expected a file with leads, {near}") from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise DataError(f"{shown(path)}: cannot be opened ({reason}); expected a file you may read") from error
