"""Leads in a DuckDB file or in Parquet files, counted by the DuckDB of this process."""

from __future__ import annotations

import re
import shutil
import tempfile
from functools import partial
from pathlib import Path

import duckdb
import narwhals as nw

from calibrate.errors import CalibrateError, DataError, shown
from calibrate.reading.addresses import has_secret, shown_address
from calibrate.reading.parquet import parquet_files
from calibrate.reading.rawtable import choose, first_line
from calibrate.remote.table import EngineTable, awaited, refuse_two

_AS_THEY_ARE = {"BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UBIGINT", "FLOAT", "DOUBLE", "VARCHAR", "DATE"}
_CAST = {
    "BIGINT": r"U(TINYINT|SMALLINT|INTEGER)",
    "DOUBLE": r"DECIMAL.*|U?HUGEINT",
    "VARCHAR": r"ENUM\(.*\)|UUID|TIME|TIME WITH TIME ZONE|BIT|JSON",
    "TIMESTAMP": r"TIMESTAMP(_S|_MS|_NS)?",
    "TIMESTAMPTZ": r"TIMESTAMP WITH TIME ZONE",
}
_TABLES = """
SELECT table_schema, table_name FROM information_schema.tables WHERE table_catalog = current_database()
ORDER BY table_schema <> 'main', table_schema, table_name
"""


def open_duckdb(place: str, table: str | None, *, writable: bool = False) -> EngineTable:
    """The leads of a DuckDB file, opened to read only, or of a Parquet file or a folder of them.

    What does not fit into memory goes to a temporary folder, which `close` removes. writable: allow what
    `writing` does.

    Raises:
        DataError: there is no such file or table, or it is neither.
    """
    if has_secret(place):
        raise DataError(
            f"{shown_address(f'duckdb:{place}')}: found a user or a key in the place, expected a file of this machine; "
            "name one"
        )
    path = Path(place)
    files = parquet_files(path) if path.exists() else ()
    if not files:
        found = "a folder without Parquet files" if path.is_dir() else "no such file"
        raise DataError(f"DuckDB {shown(place)}: found {found}, expected a DuckDB or Parquet file; name one")
    with files[0].open("rb") as file:
        is_parquet = file.read(4) == b"PAR1"
    if is_parquet and writable:
        raise DataError(
            f"DuckDB {path.name}: found Parquet, expected a DuckDB file to make a table in; name a file to write"
        )
    spill = Path(tempfile.mkdtemp(prefix="calibrate-"))
    connection: duckdb.DuckDBPyConnection | None = None
    try:
        connection = duckdb.connect(":memory:" if is_parquet else str(path), read_only=not (is_parquet or writable))
        connection.execute(f"SET temp_directory = {_literal(str(spill))}; SET TimeZone = 'UTC'")
        source, name = _parquet(path, files) if is_parquet else _table(connection, path, table)
        return _engine_table(connection, source, name, partial(_close, connection, spill))
    except BaseException as error:
        if connection is not None:
            _close(connection, spill)
        shutil.rmtree(spill, ignore_errors=True)
        if isinstance(error, duckdb.Error):
            raise DataError(
                f"DuckDB {path.name}: cannot be read ({first_line(error)}); expected a DuckDB or Parquet file that "
                "nothing else has open to write"
            ) from error
        raise


def _parquet(path: Path, files: tuple[Path, ...]) -> tuple[str, str]:
    """What to read from, in SQL, and how it is called."""
    listed = ", ".join(_literal(re.sub(r"([*?\[\]{}])", r"[\1]", str(file))) for file in files)
    folders = "hive_partitioning = true, hive_types_autocast = false" if path.is_dir() else "hive_partitioning = false"
    return f"read_parquet([{listed}], {folders})", f"DuckDB {path.name}"


def _table(connection: duckdb.DuckDBPyConnection, path: Path, table: str | None) -> tuple[str, str]:
    """The same of a table in a database."""
    found = connection.execute(_TABLES).fetchall()
    ledger = [(name if schema == "main" else f"{schema}.{name}", (schema, name)) for schema, name in found]
    labels = dict(ledger)
    chosen = choose(list(labels), table, path.name, "table")
    refuse_two([label for label, _ in ledger], chosen, path.name)
    return ".".join(map(_quoted, labels[chosen])), f"DuckDB {path.name} {chosen}"


def _engine_table(connection: duckdb.DuckDBPyConnection, source: str, name: str, close: partial[None]) -> EngineTable:
    kinds = [(str(row[0]), str(row[1])) for row in connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()]  # noqa: S608
    parts = {column: part for column, kind in kinds if (part := _cell(_quoted(column), kind)) is not None}
    if not parts:
        raise DataError(f"{name}: found no column that can be counted, expected one row a lead; name another table")
    frame = connection.sql(f"SELECT {', '.join(parts.values())} FROM {source}")  # noqa: S608
    left_out = {
        column: f"is of type {kind}, which cannot be counted by value" for column, kind in kinds if column not in parts
    }
    return EngineTable(
        name=name,
        engine="DuckDB",
        frame=nw.from_native(frame),
        close=close,
        cancel=connection.interrupt,
        fault=partial(_fault, name),
        left_out=left_out,
        waits=partial(awaited, connection.interrupt),
    )


def _cell(cell: str, kind: str) -> str | None:
    """A column as SQL in a type that every query knows; None where it has no such."""
    if kind in _AS_THEY_ARE:
        return cell
    if kind == "VARCHAR[]":
        return f"array_to_string({cell}, ';') AS {cell}"
    cast = next((known for known, pattern in _CAST.items() if re.fullmatch(pattern, kind)), None)
    return f"CAST({cell} AS {cast}) AS {cell}" if cast else None


def _close(connection: duckdb.DuckDBPyConnection, spill: Path) -> None:
    connection.close()
    shutil.rmtree(spill, ignore_errors=True)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _fault(name: str, error: Exception) -> CalibrateError:
    """What DuckDB says, as one of our errors."""
    return DataError(
        f"{name}: DuckDB cannot answer ({first_line(error)}); expected a file that stays as it is and room for the "
        "groups, leave a column out with --skip"
    )
