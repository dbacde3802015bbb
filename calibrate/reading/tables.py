"""Workbooks and data frames, which are in memory anyway, as Arrow tables."""

from __future__ import annotations

import datetime as dt
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import narwhals as nw
import pyarrow as pa

from calibrate.errors import DataError, nearest, shown
from calibrate.reading.dialect import ReadingOptions, header_at, is_footer, left_out_sentence
from calibrate.reading.engine import batch_rows
from calibrate.reading.rawtable import RawTable, column_names, first_line
from calibrate.reading.values import is_placeholder
from calibrate.words.language import message

_HEADER_SOUGHT = 2000
# The reader makes room for every cell up to the last: 32 bytes each, and twice that where it is filled.
MOST_CELLS = 50_000_000
_CHUNK = 1 << 20
_PLACE = re.compile(rb"""\sr=["']([A-Z]{0,3})(\d{1,7})["']""")


def from_table(table: pa.Table, chosen: str | None = None) -> RawTable:
    """A table in memory, in batches."""

    def read(columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        wanted = table if columns is None else table.select(list(columns))
        yield from wanted.to_batches(batch_rows(wanted.num_columns))

    return RawTable(table.schema, table.num_rows, read, chosen=chosen)


def frame_table(data: Any) -> pa.Table:
    """A pandas, polars or pyarrow table, or another that narwhals knows; mixed columns of pandas become texts.

    Raises:
        DataError: it is no table, or Arrow cannot hold a column.
    """
    if isinstance(data, pa.RecordBatch):
        data = pa.Table.from_batches([data])
    if nw.dependencies.is_pandas_dataframe(data):
        columns = [_pandas_column(data.iloc[:, place]) for place in range(data.shape[1])]
        return pa.table(columns, names=[str(name) for name in data.columns])
    if isinstance(data, pa.Table):
        return data
    try:
        frame = nw.from_native(data)
    except TypeError as error:
        raise DataError(
            f"{type(data).__name__}: is no table; expected a file name or a pandas, polars or pyarrow table"
        ) from error
    try:
        frame = frame.collect() if isinstance(frame, nw.LazyFrame) else frame
    except Exception as error:
        raise DataError(
            f"table: cannot be computed ({first_line(error)}); collect it before it is handed in"
        ) from error
    return pa.table([_arrow_column(frame.get_column(name)) for name in frame.columns], names=frame.columns)


def _arrow_column(series: nw.Series[Any]) -> pa.ChunkedArray:
    """The column in Arrow.

    Raises:
        DataError: Arrow cannot hold it, as 128-bit integers and Python objects.
    """
    fault: Exception | None = None
    # Polars hands over the addresses of objects, which Arrow takes for bytes.
    if series.dtype != nw.Object:
        try:
            return series.to_frame().to_arrow().column(0)
        except Exception as error:
            fault = error
    raise DataError(
        f"table, column {shown(series.name)}: holds {series.dtype}, which Arrow cannot; "
        "expected texts, numbers, dates or yes/no, cast it or leave it out"
    ) from fault


def _pandas_column(series: Any) -> pa.Array:
    try:
        array = pa.array(series, from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        array = None
    if array is None or isinstance(array.type, pa.BaseExtensionType):
        return pa.array([_cell_text(value) for value in series], pa.string())
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def _cell_text(value: Any) -> str | None:
    """A cell of a column with things of several kinds, as a person would write it; blank is None."""
    if value is None or value == "" or (isinstance(value, float) and value != value):  # noqa: PLR0124
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return None if type(value).__name__ in {"NAType", "NaTType"} else str(value)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet of a workbook.

    skip_rows: rows above its header, from the first that holds anything.
    sentences: what the reader of a report must know of how it was read.
    """

    table: pa.Table
    name: str
    skip_rows: int
    sentences: tuple[str, ...]


def workbook_sheet(path: Path, options: ReadingOptions) -> Sheet:
    """The named sheet, else the first; rows above the header, totals below and empty rows are left out.

    A column of numbers, dates or yes/no with words like `n.v.t.` between them keeps its type; other mixtures are texts.

    Raises:
        DataError: protected, damaged, no such sheet, or nothing in it.
    """
    name, others, rows = _sheet_rows(path, options.sheet)
    where = f"{path.name}, sheet {shown(name)}"
    at = header_at(rows[:_HEADER_SOUGHT], options.skip_rows)
    if at is None:
        raise DataError(f"{where}: no header row found; expected a row of column names above the leads")
    body, below = _without_footers(rows[at + 1 :], len(rows[at]))
    names, blanks = column_names(_trimmed(rows[at], body), where)
    columns = [_cells_array([row[place] for row in body]) for place in range(len(names))]
    sentences: list[str] = [message(f"reading.{'sheet_of' if others else 'sheet'}", sheet=shown(name), others=others)]
    left_out = left_out_sentence(at, below)
    sentences += [left_out] if left_out else []
    sentences += blanks
    return Sheet(pa.table(dict(zip(names, columns, strict=True))), name, at, tuple(sentences))


def _sheet_rows(path: Path, wanted: str | None) -> tuple[str, str, list[list[Any]]]:
    """The sheet's name, the other sheets in words, and its cells."""
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError

    try:
        with CalamineWorkbook.from_path(path) as book:
            names = list(book.sheet_names)
            if wanted is not None and wanted not in names:
                raise DataError(f"{path.name}: there is no sheet {shown(wanted)}; {nearest(wanted, names)}")
            name = wanted if wanted is not None else names[0]
            if zipfile.is_zipfile(path):
                _check_extent(path, names.index(name), name)
            rows = book.get_sheet_by_name(name).to_python()
    except DataError:
        raise
    except PasswordError as error:
        raise DataError(
            f"{path.name}: is protected by a password; expected an open workbook, save it without"
        ) from error
    except (CalamineError, OSError, ValueError, IndexError, zipfile.BadZipFile, zlib.error) as error:
        protected = " (or it is protected by a password)" if _is_ole(path) else ""
        raise DataError(
            f"{path.name}: is not a whole workbook{protected}; expected .xlsx, open it in Excel and save it again"
        ) from error
    return name, ", ".join(shown(other) for other in names if other != name), rows


def _check_extent(path: Path, place: int, name: str) -> None:
    """Nothing; the cells of the sheet at that place among the sheets are within bounds.

    What the sheet says of its own size is often missing or wrong, so the places of its cells are read.

    Raises:
        DataError: its last cell is too far out to read all up to it.
    """
    with zipfile.ZipFile(path) as archive:
        part = _sheet_part(archive, place)
        if part is None:
            return
        columns: set[bytes] = set()
        rows, rest = 0, b""
        with archive.open(part) as file:
            while chunk := file.read(_CHUNK):
                found = _PLACE.findall(rest + chunk)
                columns.update([column for column, _ in found])
                rows = max(rows, max((int(row) for row in {row for _, row in found}), default=0))
                rest = chunk[-16:]
    widths = [_column_number(column) for column in columns]
    width = max(widths, default=0)
    if rows * width > MOST_CELLS:
        last = max(columns, key=_column_number).decode()
        raise DataError(
            f"{path.name}, sheet {shown(name)}: its cells reach to row {rows:,} and column {last}, {rows * width:,} in "
            f"all; expected at most {MOST_CELLS:,}, delete the stray cells or save the sheet as CSV UTF-8"
        )


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _sheet_part(archive: zipfile.ZipFile, place: int) -> str | None:
    """The file of a sheet inside a .xlsx; None in another kind of workbook."""
    parts = set(archive.namelist())
    if not {"xl/workbook.xml", "xl/_rels/workbook.xml.rels"} <= parts:
        return None
    sheets = re.findall(rb"<(?:\w+:)?sheet\s[^>]*", archive.read("xl/workbook.xml"))
    wanted = re.search(rb"""\bid=["']([^"']*)""", sheets[place]) if place < len(sheets) else None
    for link in re.findall(rb"<(?:\w+:)?Relationship\s[^>]*", archive.read("xl/_rels/workbook.xml.rels")):
        found = dict(re.findall(rb"""\b(Id|Target)=["']([^"']*)""", link))
        if wanted and found.get(b"Id") == wanted[1]:
            part = posixpath.normpath(posixpath.join("/xl", found.get(b"Target", b"").decode())).lstrip("/")
            return part if part in parts else None
    return None


def _is_ole(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"\xd0\xcf\x11\xe0"


def _trimmed(header: Sequence[Any], body: Sequence[Sequence[Any]]) -> list[Any]:
    """The header without the blank cells at its end below which there is nothing."""
    width = len(header)
    while width > 1 and str(header[width - 1]).strip() == "" and not any(row[width - 1] != "" for row in body):
        width -= 1
    return list(header[:width])


def _without_footers(rows: list[list[Any]], width: int) -> tuple[list[list[Any]], int]:
    """The rows that hold anything, and how many total lines below them were left out."""
    filled = [row for row in rows if any(str(cell).strip() for cell in row)]
    below = 0
    while filled and is_footer([str(cell) for cell in filled[-1]], width):
        filled.pop()
        below += 1
    return filled, below


def _cells_array(cells: list[Any]) -> pa.Array:
    """The cells of a column as what all of them are; blanks, and placeholders beside other values, are null."""
    values = [None if isinstance(cell, str) and not cell.strip() else cell for cell in cells]
    kinds = {type(value) for value in values if value is not None and not _says_nothing(value)}
    bare = [None if isinstance(value, str) else value for value in values]
    if kinds and kinds <= {int, float}:
        return pa.array(bare, pa.float64())
    if kinds == {bool}:
        return pa.array(bare, pa.bool_())
    if kinds == {dt.date}:
        return pa.array(bare, pa.date32())
    if kinds and kinds <= {dt.date, dt.datetime}:
        return pa.array([_moment(value) for value in bare], pa.timestamp("us"))
    return pa.array([_cell_text(value) for value in values], pa.string())


def _says_nothing(value: Any) -> bool:
    return isinstance(value, str) and is_placeholder(value)


def _moment(value: Any) -> dt.datetime | None:
    if value is None or isinstance(value, dt.datetime):
        return value
    return dt.datetime(value.year, value.month, value.day)
