"""The cells of a file or database as it holds them, in Arrow batches."""

from __future__ import annotations

import csv
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from calibrate.dialect import Dialect
from calibrate.errors import DataError, nearest, shown
from calibrate.textfile import clean_copy

BATCH = 131_072
MOST_SAMPLED_GROUPS = 16
LONGEST_ROW = 16 << 20


def _nothing() -> None:
    """Nothing is held open."""


@dataclass(frozen=True, slots=True)
class RawTable:
    """Cells as a source holds them.

    rows: None where only reading tells.  read: the batches of the named columns, or all, in file order.
    chosen: the table or sheet, and note: what the reader of a report must know of that choice.
    close: lets go of files; may be called twice.  thinned: batches from parts spread over the whole, with the row,
    from 1, that each begins at, where that spares reading the rest; and the number of rows in these parts.
    """

    schema: pa.Schema
    rows: int | None
    read: Callable[[Sequence[str] | None], Iterator[pa.RecordBatch]]
    note: str | None = None
    chosen: str | None = None
    close: Callable[[], None] = _nothing
    thinned: tuple[Callable[[], Iterator[tuple[int, pa.RecordBatch]]], int] | None = None


def column_names(header: Sequence[object], where: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of the columns, blank ones as `column 3`, and those that were blank.

    Raises:
        DataError: two columns have the same name.
    """
    names = tuple(str(cell).strip() or f"column {place}" for place, cell in enumerate(header, start=1))
    seen: dict[str, int] = {}
    for place, name in enumerate(names, start=1):
        if name in seen:
            raise DataError(
                f"{where}: columns {seen[name]} and {place} are both called {shown(name)}; "
                "expected a name of its own for every column, rename one"
            )
        seen[name] = place
    return names, tuple(name for name, cell in zip(names, header, strict=True) if not str(cell).strip())


def choose(names: Sequence[str], wanted: str | None, where: str, what: str) -> str:
    """The wanted name, or the only one there is.

    Raises:
        DataError: it is not there, or there are several and none is named.
    """
    if not names:
        raise DataError(f"{where}: holds no {what}; expected one with the leads")
    if wanted is not None:
        if wanted not in names:
            raise DataError(f"{where}: there is no {what} {shown(wanted)}; {nearest(wanted, names)}")
        return wanted
    if len(names) > 1:
        listed = ", ".join(shown(name) for name in names[:8]) + (", …" if len(names) > 8 else "")
        raise DataError(f"{where}: holds {len(names)} {what}s; expected to be told which, say --{what}: {listed}")
    return names[0]


def from_text(path: Path, dialect: Dialect, names: Sequence[str]) -> RawTable:
    """Every cell of a text file as text; an empty cell is null.

    A file that is not clean UTF-8 is copied to a temporary one first, which `close` removes.
    """
    folder = Path(tempfile.mkdtemp(prefix="calibrate-"))
    connection = duckdb.connect()

    def close() -> None:
        connection.close()
        shutil.rmtree(folder, ignore_errors=True)

    try:
        clean = path
        # DuckDB takes these marks in a file name for a pattern of names.
        if not dialect.clean or set("*?[{") & set(str(path)):
            clean = folder / "table.csv"
            clean_copy(path, clean, dialect.encoding, dialect.start, dialect.end, dialect.mixed)
    except BaseException:
        close()
        raise

    def read(columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        wanted = list(names if columns is None else columns)
        cells = ", ".join(f"c{names.index(name)}" for name in wanted)
        query = f"SELECT {cells} FROM {_csv_scan(clean, dialect, len(names))}"  # noqa: S608
        try:
            yield from _batches(connection, query, wanted)
        except (duckdb.Error, pa.ArrowException, OSError) as error:
            raise _text_fault(path.name, clean, dialect, len(names), error) from error

    return RawTable(pa.schema([(name, pa.string()) for name in names]), None, read, close=close)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _csv_scan(path: Path, dialect: Dialect, width: int) -> str:
    columns = ", ".join(f"'c{place}': 'VARCHAR'" for place in range(width))
    return (
        f"read_csv({_literal(str(path))}, auto_detect=false, header=true, columns={{{columns}}}, "
        f"delim={_literal(dialect.delimiter)}, quote={_literal(dialect.quote)}, escape={_literal(dialect.quote)}, "
        f"encoding='utf-8', compression='none', null_padding=false, ignore_errors=false, strict_mode=true, "
        f"max_line_size={LONGEST_ROW}, buffer_size={2 * LONGEST_ROW})"
    )


def _batches(connection: duckdb.DuckDBPyConnection, query: str, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
    cursor = connection.cursor()
    try:
        # sql() streams; execute() would hold the whole result in memory.
        for batch in cursor.sql(query).to_arrow_reader(BATCH):
            yield batch.rename_columns(list(names))
    finally:
        cursor.close()


def _text_fault(name: str, path: Path, dialect: Dialect, width: int, error: Exception) -> DataError:
    """What is wrong with a text file that the engine refused; found by reading it again, row by row."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = (cells for cells in csv.reader(file, delimiter=dialect.delimiter, strict=True) if cells)
            for row, cells in enumerate(rows):
                if len(cells) != width:
                    return DataError(
                        f"{name}, row {row:,}: {len(cells)} cells where the header has {width}; expected as many in "
                        f"every row, quote cells that hold {dialect.delimiter!r} or repair the row"
                    )
    except (csv.Error, UnicodeError):
        pass
    first = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    if "line size" in str(error).casefold():
        return DataError(
            f"{name}: a row holds more than {LONGEST_ROW:,} bytes; expected shorter rows, "
            "look for a quote that is never closed or leave the long column out"
        )
    what = "a quote that is not closed" if "quote" in str(error).casefold().split("possible fixes")[0] else first
    return DataError(f'{name}: the rows cannot be told apart ({what}); expected CSV with " doubled inside quotes')


def from_parquet(path: Path) -> RawTable:
    """The columns of a Parquet file; texts stay encoded by a dictionary, as they are in most files."""
    try:
        with pq.ParquetFile(path) as file:
            schema, rows = file.schema_arrow, file.metadata.num_rows
            sizes = [file.metadata.row_group(place).num_rows for place in range(file.metadata.num_row_groups)]
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path.name}: cannot be read as Parquet ({_first_line(error)}); write it again") from error
    names, _ = column_names(schema.names, path.name)
    texts = [field.name for field in schema if is_text(field.type)]

    step = max(1, len(sizes) // MOST_SAMPLED_GROUPS)
    groups = range(step // 2, len(sizes), step)

    def thinned() -> Iterator[tuple[int, pa.RecordBatch]]:
        for group in groups:
            first = sum(sizes[:group]) + 1
            for batch in read(None, [group]):
                yield first, batch
                first += batch.num_rows

    def read(columns: Sequence[str] | None = None, only: Sequence[int] | None = None) -> Iterator[pa.RecordBatch]:
        wanted = list(names if columns is None else columns)
        try:
            with pq.ParquetFile(path, read_dictionary=texts, pre_buffer=False) as file:
                for batch in file.iter_batches(BATCH, row_groups=only, columns=None if columns is None else wanted):
                    yield batch if batch.schema.names == wanted else batch.select(wanted)
        except (pa.ArrowException, OSError) as error:
            raise DataError(f"{path.name}: cannot be read as Parquet ({_first_line(error)}); write it again") from error

    few = (thinned, sum(sizes[group] for group in groups)) if step > 1 else None
    return RawTable(schema, rows, read, thinned=few)


def is_text(dtype: pa.DataType) -> bool:
    """Whether values of the type are texts."""
    return bool(pa.types.is_string(dtype) or pa.types.is_large_string(dtype) or pa.types.is_string_view(dtype))


def _first_line(error: Exception) -> str:
    return shown(str(error).splitlines()[0] if str(error) else type(error).__name__, 120)


def from_duckdb(path: Path, table: str | None) -> RawTable:
    """A table or view of a DuckDB file, opened to read only."""
    try:
        connection = duckdb.connect(str(path), read_only=True)
    except duckdb.Error as error:
        raise DataError(
            f"{path.name}: cannot be opened as a DuckDB database ({_first_line(error)}); "
            "close what else has it open, or write it again"
        ) from error
    try:
        found = connection.sql(
            "SELECT table_schema, table_name FROM information_schema.tables WHERE table_catalog = current_database() "
            "ORDER BY table_schema <> 'main', table_schema, table_name"
        ).fetchall()
        labels = {name if schema == "main" else f"{schema}.{name}": (schema, name) for schema, name in found}
        chosen = choose(list(labels), table, path.name, "table")
        place = ".".join(map(_quoted, labels[chosen]))
        schema = connection.sql(f"SELECT * FROM {place}").to_arrow_reader(1).schema  # noqa: S608
        counted = connection.sql(f"SELECT count(*) FROM {place}").fetchall()  # noqa: S608
    except BaseException:
        connection.close()
        raise

    def read(columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        wanted = list(schema.names if columns is None else columns)
        query = f"SELECT {', '.join(map(_quoted, wanted))} FROM {place}"  # noqa: S608
        try:
            yield from _batches(connection, query, wanted)
        except (duckdb.Error, pa.ArrowException, OSError) as error:
            raise DataError(
                f"{path.name}, table {shown(chosen)}: cannot be read ({_first_line(error)}); repair the table or view"
            ) from error

    return RawTable(schema, int(counted[0][0]), read, _table_note(chosen, labels), chosen, connection.close)


def _table_note(chosen: str, names: Sequence[str] | dict[str, tuple[str, str]]) -> str | None:
    return f"Table {shown(chosen)} was read, one of {len(names)}." if len(names) > 1 else None


def from_sqlite(path: Path, table: str | None) -> RawTable:
    """A table or view of a SQLite file; a column with texts and numbers, or binary data, is text."""
    address = path.resolve().as_uri() + "?mode=ro"
    try:
        connection = sqlite3.connect(address, uri=True)
        try:
            found = connection.execute(
                "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') "
                "AND name NOT LIKE 'sqlite~_%' ESCAPE '~' ORDER BY name"
            )
            names = [str(name) for (name,) in found]
            chosen = choose(names, table, path.name, "table")
            rows = int(connection.execute(f"SELECT count(*) FROM {_quoted(chosen)}").fetchone()[0])  # noqa: S608
            schema = _sqlite_schema(connection, chosen)
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise _sqlite_fault(path.name, error) from error

    def read(columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        wanted = pa.schema([schema.field(name) for name in (schema.names if columns is None else columns)])
        cells = ", ".join(_sqlite_cell(field) for field in wanted)
        connection = sqlite3.connect(address, uri=True, check_same_thread=False)
        try:
            cursor = connection.execute(f"SELECT {cells} FROM {_quoted(chosen)}")  # noqa: S608
            while part := cursor.fetchmany(BATCH):
                arrays = [
                    pa.array(cells, field.type) for cells, field in zip(zip(*part, strict=True), wanted, strict=True)
                ]
                yield pa.RecordBatch.from_arrays(arrays, schema=wanted)
        except sqlite3.Error as error:
            raise _sqlite_fault(path.name, error) from error
        finally:
            connection.close()

    return RawTable(schema, rows, read, _table_note(chosen, names), chosen)


def _sqlite_fault(name: str, error: sqlite3.Error) -> DataError:
    return DataError(
        f"{name}: cannot be read as SQLite ({_first_line(error)}); expected a whole database, copy it again"
    )


def _sqlite_schema(connection: sqlite3.Connection, table: str) -> pa.Schema:
    """The type that holds every value of each column: SQLite's columns have none of their own."""
    names = [row[1] for row in connection.execute(f"PRAGMA table_xinfo({_quoted(table)})") if row[6] != 1]
    fields = []
    for name in names:
        query = f"SELECT DISTINCT typeof({_quoted(name)}) FROM {_quoted(table)}"  # noqa: S608
        found = {kind for (kind,) in connection.execute(query)} - {"null"}
        number = pa.int64() if found == {"integer"} else pa.float64()
        fields.append((name, number if found and found <= {"integer", "real"} else pa.string()))
    return pa.schema(fields)


def _sqlite_cell(field: pa.Field) -> str:
    name = _quoted(field.name)
    if not is_text(field.type):
        return name
    return f"CASE typeof({name}) WHEN 'blob' THEN hex({name}) ELSE CAST({name} AS TEXT) END"
