"""A table of a PostgreSQL server, opened to read only, in one transaction that sees one state of it."""

from __future__ import annotations

import re
from contextlib import suppress
from functools import partial
from typing import Any

import narwhals as nw
import psycopg
import pyarrow as pa
from ibis.backends.postgres import Backend
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.sql import Identifier

from calibrate.errors import CalibrateError, DataError, nearest, shown
from calibrate.reading.addresses import ESCAPES, postgres_parts
from calibrate.reading.engine import MOST_ROWS
from calibrate.reading.rawtable import choose, first_line
from calibrate.remote.table import EngineTable, refuse_two

Connection = psycopg.Connection[tuple[Any, ...]]
_INTEGERS = {"int2": "int16", "int4": "int32", "int8": "int64"}
_FLOATS = {"float4": "float32", "float8": "float64"}
_AS_TEXT = {"uuid", "macaddr", "macaddr8", "time", "timetz", "bit", "varbit"}
# Categories of pg_type: numbers, texts, enumerated, network addresses, days and times.
_NUMBERS, _TEXTS, _DAYS = "N", "SEI", "D"
_LEDGER = """
SELECT c.oid, n.nspname, c.relname, pg_catalog.pg_table_is_visible(c.oid)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
ORDER BY n.nspname, c.relname
"""
_COLUMNS = """
SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), t.typcategory, coalesce(b.typname, t.typname)
FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_catalog.pg_type b ON b.oid = t.typbasetype AND t.typtype = 'd'
WHERE a.attrelid = %s AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""
_DATABASES = "SELECT datname FROM pg_catalog.pg_database WHERE datallowconn AND NOT datistemplate ORDER BY datname"


class _Backend(Backend):  # type: ignore[misc]
    """Ibis' connection, whose answers do not come through a cursor of the server: for one it makes no parallel plan."""

    def to_pyarrow_batches(
        self, expr: Any, /, *, params: Any = None, limit: Any = None, chunk_size: int = MOST_ROWS, **_: Any
    ) -> pa.ipc.RecordBatchReader:
        """The answer, all of it on this machine before the first batch."""
        schema = expr.as_table().schema()
        kind = schema.as_struct().to_pyarrow()
        answer = self.con.execute(self.compile(expr, params=params, limit=limit))
        batches = (
            pa.RecordBatch.from_struct_array(pa.array(rows, type=kind))
            for rows in iter(lambda: answer.fetchmany(chunk_size), [])
        )
        return pa.RecordBatchReader.from_batches(schema.to_pyarrow(), batches)


def open_postgres(address: str, table: str | None, *, writable: bool = False) -> EngineTable:
    """The table, view or materialized view behind an address such as `postgresql://host/database`.

    What the address does not say comes from the environment, a service file or ~/.pgpass, as with every program of
    PostgreSQL. Every query sees the server as it was at the first. writable: allow what `writing` does.

    Raises:
        DataError: the address, the server, its answer or the table is not what it must be.
    """
    connection = _connected(address, writable=writable)
    try:
        return _table(connection, table)
    except BaseException:
        connection.close()
        raise


def _connected(address: str, *, writable: bool) -> Connection:
    """A connection whose first statement begins the one transaction."""
    postgres_parts(address)
    try:
        wanted = make_conninfo(address, fallback_application_name="lead-calibrate")
    except psycopg.Error:  # its words may hold a part of the password
        raise DataError(
            "postgresql://…: found an address that PostgreSQL cannot read, expected "
            f"postgresql://host:5432/database?sslmode=require; {ESCAPES}"
        ) from None
    try:
        connection = psycopg.connect(wanted)
    except psycopg.Error as error:
        raise _no_connection(wanted, error) from None
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    connection.read_only = None if writable else True  # None: as the server has it for this user
    return connection


def _no_connection(wanted: str, error: Exception) -> DataError:
    """Why there is no connection, in one line."""
    said = str(error).split("\n")[0]
    reason = shown(re.sub(r"^.*failed: (FATAL: *)?", "", said), 120)
    parts = conninfo_to_dict(wanted)
    database = str(parts.get("dbname") or "")
    where = f"{parts.get('host') or 'PostgreSQL'}/{database}"
    if "password" in said:
        return DataError(
            f"{where}: found a user or password that the server refuses ({reason}), expected one it knows; set "
            "PGUSER and PGPASSWORD, write ~/.pgpass, or name them in the address"
        )
    if "database" in said and "does not exist" in said:
        return DataError(
            f"{where}: found no such database, expected one of the server's; {nearest(database, _databases(wanted))}"
        )
    if "role" in said and "does not exist" in said:
        return DataError(f"{where}: found no such user ({reason}), expected one the server knows; set PGUSER")
    return DataError(
        f"{where}: found no server that answers ({reason}), expected PostgreSQL there; correct host and port, or ask "
        "whether this machine may reach it"
    )


def _databases(wanted: str) -> list[str]:
    """The names of the server's databases; none where nobody may ask."""
    with suppress(psycopg.Error), psycopg.connect(make_conninfo(wanted, dbname="postgres")) as connection:
        return [name for (name,) in connection.execute(_DATABASES)]
    return []


def _place(connection: Connection) -> str:
    """Server and database, without the user."""
    host = connection.info.host
    return f"{'localhost' if not host or host.startswith(('/', '@')) else host}/{connection.info.dbname}"


def _table(connection: Connection, table: str | None) -> EngineTable:
    place = _place(connection)
    backend = _Backend.from_connection(connection)  # which sets the time zone of the session: UTC
    ledger = [
        (relation if seen else f"{schema}.{relation}", (oid, schema, relation))
        for oid, schema, relation, seen in connection.execute(_LEDGER)
    ]
    tables = dict(ledger)
    also = {f"{schema}.{relation}": label for label, (_, schema, relation) in tables.items()}
    chosen = choose(list(tables), also.get(table or "", table), place, "table")
    refuse_two([label for label, _ in ledger], chosen, place)
    oid, schema, relation = tables[chosen]
    name = f"{place} {chosen}"
    parts, kinds, left_out = _door(connection, oid)
    if not parts:
        raise DataError(f"{name}: found no column that can be counted, expected one row a lead; name another --table")
    source = Identifier(schema, relation).as_string(connection)
    frame = backend.sql(f"SELECT {', '.join(parts)} FROM {source}", schema=kinds)  # noqa: S608

    return EngineTable(
        name,
        "PostgreSQL",
        nw.from_native(frame).lazy(),
        connection.close,
        partial(_cancel, connection),
        partial(_fault, name),
        left_out,
    )


def _cancel(connection: Connection) -> None:
    """Ask the server to stop the query; where it cannot be asked, it notices by itself that nobody listens."""
    with suppress(psycopg.Error):
        connection.cancel_safe(timeout=5)


def _door(connection: Connection, oid: int) -> tuple[list[str], dict[str, str], dict[str, str]]:
    """The columns as SQL in types that every query knows, these types, and why others are left out."""
    parts: list[str] = []
    kinds: dict[str, str] = {}
    left_out: dict[str, str] = {}
    for name, written, category, base in connection.execute(_COLUMNS, (oid,)):
        cell = Identifier(name).as_string(connection)
        found = _cell(cell, category, base)
        if found is None:
            left_out[name] = f"is of type {written}, which cannot be counted by value"
            continue
        parts.append(f"{found[0]} AS {cell}")
        kinds[name] = found[1]
    return parts, kinds, left_out


def _cell(cell: str, category: str, base: str) -> tuple[str, str] | None:
    """A column in a type that queries know and that type in Ibis' words; None where it has no such.

    Days and moments beyond the years 1 to 9999 are NULL: `infinity` above all.
    """
    if known := {**_INTEGERS, **_FLOATS, "bool": "boolean"}.get(base):
        return cell, known
    if base == "money":
        return f"{cell}::numeric::float8", "float64"
    if base in ("numeric", "oid"):
        return (f"{cell}::float8", "float64") if base == "numeric" else (f"{cell}::int8", "int64")
    if kind := {"date": "date", "timestamp": "timestamp(6)", "timestamptz": "timestamp('UTC', 6)"}.get(base):
        return f"CASE WHEN {cell} >= '0001-01-01' AND {cell} < '9999-12-31' THEN {cell} END", kind
    if category in _TEXTS or base in _AS_TEXT:
        return f"{cell}::text", "string"
    return (f"array_to_string({cell}, ';')", "string") if base in ("_text", "_varchar") else None


def _fault(name: str, error: Exception) -> CalibrateError:
    """What the server or its library says, as one of our errors."""
    said = first_line(error)
    if isinstance(error, errors.QueryCanceled):
        return DataError(
            f"{name}: the server stopped the query ({said}), expected time for it to end; set "
            "statement_timeout higher, as with PGOPTIONS='-c statement_timeout=0', or read fewer columns with --fields"
        )
    if isinstance(error, errors.InsufficientPrivilege):
        return DataError(
            f"{name}: the server refuses ({said}), expected the right to read it; have it granted, or set PGUSER to "
            "one who may"
        )
    if isinstance(error, psycopg.OperationalError):
        return DataError(
            f"{name}: the connection was lost ({said}), expected the server to answer to the end; run again"
        )
    return DataError(
        f"{name}: PostgreSQL cannot answer ({said}), expected columns that can be counted by value; leave the column "
        "out with --skip or a view"
    )
