"""The cells of a file or database as it holds them, in Arrow batches."""

from __future__ import annotations

import csv
import itertools
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pyarrow as pa

from calibrate.errors import DataError, nearest, shown
from calibrate.reading.dialect import Dialect
from calibrate.reading.engine import Engine, batch_rows
from calibrate.reading.textfile import clean_copy
from calibrate.words.language import message

LONGEST_ROW = 16 << 20


def _nothing() -> None:
    """Nothing is held open."""


@dataclass(frozen=True, slots=True)
class RawTable:
    """Cells as a source holds them.

    rows: None where only reading tells.  read: the batches of the named columns, or all, in file order.
    chosen: the table or sheet.  notes: what the reader of a report must know of that choice and of the names.
    close: lets go of files; may be called twice.  thinned: batches from parts spread over the whole, with the row,
    from 1, that each begins at, where that spares reading the rest; and the number of rows in these parts.
    """

    schema: pa.Schema
    rows: int | None
    read: Callable[[Sequence[str] | None], Iterator[pa.RecordBatch]]
    notes: tuple[str, ...] = ()
    chosen: str | None = None
    close: Callable[[], None] = _nothing
    thinned: tuple[Callable[[], Iterator[tuple[int, pa.RecordBatch]]], int] | None = None


def column_names(header: Sequence[object], where: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of the columns without outer blanks, and what to tell of those that had none.

    A blank one in the third place is `column 3`, or `column 3 (2)` where another is called that.

    Raises:
        DataError: two columns have the same name.
    """
    names = [str(cell).strip() for cell in header]
    seen: dict[str, int] = {}
    for place, name in enumerate(names, start=1):
        if name and name in seen:
            raise DataError(
                f"{where}: columns {seen[name]} and {place} are both called {shown(name)}; "
                "expected a name of its own for every column, rename one"
            )
        seen[name] = place
    blanks = [place for place, name in enumerate(names) if not name]
    for place in blanks:
        tries = itertools.chain([""], (f" ({number})" for number in itertools.count(2)))
        names[place] = next(name for end in tries if (name := f"column {place + 1}{end}") not in names)
    return tuple(names), tuple(message("reading.unnamed", name=shown(names[place])) for place in blanks)


def named(raw: RawTable, where: str) -> RawTable:
    """The table with its columns under the names that `column_names` gives them.

    Raises:
        DataError: two columns have the same name.
    """
    names, notes = column_names(raw.schema.names, where)
    if list(names) == raw.schema.names:
        return raw
    own = dict(zip(names, raw.schema.names, strict=True))

    def read(columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        wanted = list(names if columns is None else columns)
        for batch in raw.read(None if columns is None else [own[name] for name in columns]):
            yield batch.rename_columns(wanted)

    thinned = raw.thinned
    if raw.thinned is not None:
        parts, rows = raw.thinned
        thinned = (lambda: ((first, batch.rename_columns(list(names))) for first, batch in parts())), rows
    schema = pa.schema([field.with_name(name) for field, name in zip(raw.schema, names, strict=True)])
    return replace(raw, schema=schema, read=read, notes=(*raw.notes, *notes), thinned=thinned)


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
    clean, folder = path.absolute(), None
    # DuckDB takes these marks in a file name for a pattern of names.
    if not dialect.clean or set("*?[{") & set(str(clean)):
        clean, folder = _temporary_copy(path, dialect)
    engine = Engine(_connection_to(clean))

    def close() -> None:
        engine.close()
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)

    def read(columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        wanted = list(names if columns is None else columns)
        cells = ", ".join(f"c{names.index(name)}" for name in wanted)
        query = f"SELECT {cells} FROM {_csv_scan(clean, dialect, len(names))}"  # noqa: S608
        try:
            yield from engine.batches(query, wanted)
        except (duckdb.Error, pa.ArrowException, OSError) as error:
            raise _text_fault(path.name, clean, dialect, len(names), error) from error

    return RawTable(pa.schema([(name, pa.string()) for name in names]), None, read, close=close)


def _temporary_copy(path: Path, dialect: Dialect) -> tuple[Path, Path]:
    """A copy of the table in clean UTF-8, and the folder made for it.

    Raises:
        DataError: there is no room for it.
    """
    folder = None
    try:
        folder = Path(tempfile.mkdtemp(prefix="calibrate-"))
        clean = folder / "table.csv"
        clean_copy(path, clean, dialect.encoding, dialect.start, dialect.end, dialect.mixed)
    except BaseException as error:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
        if not isinstance(error, OSError):
            raise
        place = f"the temporary folder {shown(folder.parent, 300)}" if folder is not None else "a temporary folder"
        raise DataError(
            f"{path.name}: a copy in UTF-8 cannot be written to {place} ({error.strerror}); expected room for one, "
            "make room, set TMPDIR to a folder that has it, or save the file as CSV UTF-8"
        ) from error
    return clean, folder


def _connection_to(path: Path) -> duckdb.DuckDBPyConnection:
    """A connection that can read this one file."""
    connection = duckdb.connect()
    connection.execute(f"SET allowed_paths = [{_literal(str(path))}]")
    connection.execute("SET enable_external_access = false")
    return connection


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


def is_text(dtype: pa.DataType) -> bool:
    """Whether values of the type are texts."""
    return bool(pa.types.is_string(dtype) or pa.types.is_large_string(dtype) or pa.types.is_string_view(dtype))


def first_line(error: Exception) -> str:
    """What an error of a library says, as it may stand in a message."""
    return shown(str(error).splitlines()[0] if str(error) else type(error).__name__, 120)


def from_duckdb(path: Path, table: str | None) -> RawTable:
    """A table or view of a DuckDB file, opened to read only; a view of other files is refused."""
    try:
        engine = Engine(duckdb.connect(str(path), read_only=True, config={"enable_external_access": False}))
    except duckdb.Error as error:
        raise DataError(
            f"{path.name}: cannot be opened as a DuckDB database ({first_line(error)}); "
            "close what else has it open, or write it again"
        ) from error
    try:
        found = engine.rows(
            "SELECT table_schema, table_name FROM information_schema.tables WHERE table_catalog = current_database() "
            "ORDER BY table_schema <> 'main', table_schema, table_name"
        )
        labels = {name if schema == "main" else f"{schema}.{name}": (schema, name) for schema, name in found}
        chosen = choose(list(labels), table, path.name, "table")
        place = ".".join(map(_quoted, labels[chosen]))
        try:
            schema = engine.schema(f"SELECT * FROM {place}")  # noqa: S608
            counted = engine.rows(f"SELECT count(*) FROM {place}")  # noqa: S608
        except (duckdb.Error, pa.ArrowException) as error:
            raise _table_fault(path.name, chosen, error) from error
    except BaseException:
        engine.close()
        raise

    def read(columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        wanted = list(schema.names if columns is None else columns)
        query = f"SELECT {', '.join(map(_quoted, wanted))} FROM {place}"  # noqa: S608
        try:
            yield from engine.batches(query, wanted)
        except (duckdb.Error, pa.ArrowException, OSError) as error:
            raise _table_fault(path.name, chosen, error) from error

    notes = _table_notes(chosen, len(labels))
    return named(RawTable(schema, int(counted[0][0]), read, notes, chosen, engine.close), path.name)


def _table_fault(name: str, table: str, error: Exception) -> DataError:
    if isinstance(error, duckdb.PermissionException):
        return DataError(
            f"{name}, table {shown(table)}: is a view of a file outside this database ({first_line(error)}); "
            "expected the leads inside it, make a table of the view or name that file"
        )
    return DataError(f"{name}, table {shown(table)}: cannot be read ({first_line(error)}); repair the table or view")


def _table_notes(chosen: str, tables: int) -> tuple[str, ...]:
    return (message("reading.table", table=shown(chosen), tables=tables),) if tables > 1 else ()


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
        raise _sqlite_fault(path.name, table, error) from error

    def read(columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        wanted = pa.schema([schema.field(name) for name in (schema.names if columns is None else columns)])
        cells = ", ".join(_sqlite_cell(field) for field in wanted)
        connection = sqlite3.connect(address, uri=True, check_same_thread=False)
        try:
            cursor = connection.execute(f"SELECT {cells} FROM {_quoted(chosen)}")  # noqa: S608
            while part := cursor.fetchmany(batch_rows(len(wanted))):
                arrays = [
                    pa.array(cells, field.type) for cells, field in zip(zip(*part, strict=True), wanted, strict=True)
                ]
                yield pa.RecordBatch.from_arrays(arrays, schema=wanted)
        except sqlite3.Error as error:
            raise _sqlite_fault(path.name, chosen, error) from error
        finally:
            connection.close()

    return named(RawTable(schema, rows, read, _table_notes(chosen, len(names)), chosen), path.name)


def _sqlite_fault(name: str, table: str | None, error: sqlite3.Error) -> DataError:
    """Of a table or view in a whole database, or of a database that is not whole; by SQLite's words for it."""
    where = f"{name}, table {shown(table)}" if table else name
    if "UTF-8" in str(error):
        return DataError(
            f"{where}: {first_line(error)}; expected texts in UTF-8, export the table as CSV and say its encoding"
        )
    if isinstance(error, sqlite3.OperationalError) and str(error).startswith(("no such", "view ", "ambiguous")):
        return DataError(
            f"{where}: cannot be read ({first_line(error)}); expected a whole view, repair it or name a table"
        )
    return DataError(
        f"{name}: cannot be read as SQLite ({first_line(error)}); expected a whole database, copy it again"
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
