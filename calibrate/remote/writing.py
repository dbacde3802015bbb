"""Scores put into a table of the engine that holds the leads: the only thing here that writes.

One statement in one transaction makes the table, so that it is there whole or not at all. A table that is there is
replaced when that was asked for, and only if it holds scores: leads never do.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import narwhals as nw

from calibrate.document.scoring import COLUMNS
from calibrate.errors import CalibrateError, DataError, SettingsError, shown
from calibrate.reading.rawtable import first_line
from calibrate.remote.table import EngineTable

# What PostgreSQL calls a right that is not given, and a transaction that may only read.
_FORBIDDEN = ("42501", "25006")
_SCORES = "scores to write"
_LONGEST = 63
_LEDGER = """
SELECT schema_name, table_name, list(column_name) FROM duckdb_columns() WHERE database_name = current_database()
GROUP BY schema_name, table_name
"""


def write_scores(table: EngineTable, scores: nw.LazyFrame[Any], target: str, *, overwrite: bool = False) -> int:
    """Leads written, once a table of their scores stands where the leads are.

    scores: a query on the table.  target: such as `scores` or `crm.scores`; with a slash a folder of Parquet files that
    Spark writes.

    Raises:
        SettingsError: the target is there already, or is no name of a table; or `table` cannot be written beside.
        DataError: it may not be written, or the engine fails; nothing is changed then.
    """
    writers = {"PostgreSQL": _in_postgres, "DuckDB": _in_duckdb, "Spark": _in_spark}
    if table.engine not in writers or (table.engine != "PostgreSQL" and scores.implementation.is_ibis()):
        raise SettingsError(
            f"--to-table: found leads in {table.engine}, expected them in PostgreSQL, DuckDB or Spark; write a file"
        )
    try:
        return writers[table.engine](table, scores.to_native(), target, overwrite)
    except CalibrateError:
        raise
    except Exception as error:
        raise _fault(table, target, error) from error


def _fault(table: EngineTable, target: str, error: Exception) -> CalibrateError:
    """What the engine says, as one of our errors.

    Raises:
        KeyboardInterrupt: it was stopped by Ctrl-C, which DuckDB says in an error of its own.
    """
    said = first_line(error)
    if getattr(error, "sqlstate", None) in _FORBIDDEN or "read-only" in said:
        return DataError(
            f"{table.name}: {shown(target)} may not be written ({said}), expected the right to make a table; have it "
            "granted, or choose another --to-table"
        )
    lost = any(kind.__name__ == "OperationalError" for kind in type(error).__mro__)
    if table.fault is not None and (lost or isinstance(error, RuntimeError)):
        return DataError(f"{table.fault(error)}; nothing was written to {shown(target)}")
    return DataError(
        f"{table.name}: {shown(target)} cannot be made ({said}), expected a schema that is there and columns that can "
        "be scored; nothing was written, correct --to-table"
    )


def _check(table: EngineTable, target: str, columns: Sequence[str] | None, overwrite: bool) -> bool:
    """Whether a table is there to be replaced.

    columns: of the target; None where there is none.

    Raises:
        SettingsError: it is there and may not be.
    """
    if columns is None:
        return False
    if not overwrite:
        raise SettingsError(
            f"{table.name}: {shown(target)} is there already; replace it with --overwrite, or choose another --to-table"
        )
    # More columns may be somebody's leads.
    if not set(COLUMNS) <= set(columns) or len(columns) != len(COLUMNS) + 1:
        raise SettingsError(
            f"{table.name}: {shown(target)} is there and holds no scores, expected one that this command made; choose "
            "another --to-table"
        )
    return True


def _in_postgres(table: EngineTable, scores: Any, target: str, overwrite: bool) -> int:
    from psycopg.sql import Identifier

    backend = scores.get_backend()
    connection = backend.con
    parts = _parts(target)
    if any(len(part.encode()) > _LONGEST for part in parts):
        raise SettingsError(
            f"--to-table: found {shown(target)}, expected a name of at most {_LONGEST} bytes, since PostgreSQL takes "
            "no more of it and another table may be called so; shorten it"
        )
    if len(parts) > 1 and parts[-2].startswith("pg_"):
        raise SettingsError(
            f"--to-table: found {shown(target)}, expected a schema that lasts and is not PostgreSQL's own; name another"
        )
    name = Identifier(*parts).as_string(connection)
    with connection.transaction():
        columns = connection.execute(
            "SELECT coalesce(array_agg(attname::text), '{}') FROM pg_catalog.pg_attribute WHERE attrelid = "
            "to_regclass(%s) AND attnum > 0 AND NOT attisdropped HAVING to_regclass(%s) IS NOT NULL",
            [name, name],
        ).fetchone()
        if _check(table, target, columns and columns[0], overwrite):
            connection.execute(f"DROP TABLE {name}")
        made = connection.execute(f"CREATE TABLE {name} AS {backend.compile(scores)}")
    connection.commit()
    return int(made.rowcount)


def _in_duckdb(table: EngineTable, scores: Any, target: str, overwrite: bool) -> int:
    """Through the relation itself, for it knows its connection; names in DuckDB have no case."""
    schema, own = ["main", *_parts(target)][-2:]
    name = ".".join('"' + part.replace('"', '""') + '"' for part in _parts(target))
    there = {
        (schema.lower(), own.lower()): columns for schema, own, columns in scores.query(_SCORES, _LEDGER).fetchall()
    }
    replaces = _check(table, target, there.get((schema.lower(), own.lower())), overwrite)
    made = "CREATE OR REPLACE" if replaces else "CREATE"
    scores.query(_SCORES, f'{made} TABLE {name} AS SELECT * FROM "{_SCORES}"')  # noqa: S608
    return int(scores.query(_SCORES, f"SELECT count(*) FROM {name}").fetchall()[0][0])  # noqa: S608


def _in_spark(table: EngineTable, scores: Any, target: str, overwrite: bool) -> int:
    if "/" in target:
        return _in_spark_folder(table, scores, target, overwrite)
    session, parts = scores.sparkSession, _parts(target)
    # Spark finds out after it wrote the files.
    if not re.fullmatch("[A-Za-z0-9_]+", parts[-1]):
        raise SettingsError(
            f"--to-table: found {shown(target)}, expected letters of English, digits and _ in the name of a table in "
            "Spark; correct it"
        )
    name = _marked(parts)
    there = session.catalog.tableExists(name)
    if not _check(table, target, session.table(name).columns if there else None, overwrite):
        _saved(session, scores, name)
        return int(session.table(name).count())
    new, old = ([*parts[:-1], f"{parts[-1]}_{end}"] for end in ("new", "old"))
    for aside in (new, old):
        if session.catalog.tableExists(_marked(aside)):  # somebody else's: what fails here is dropped
            raise SettingsError(
                f"{table.name}: {shown('.'.join(aside))} is there already, expected to make it and rename it; rename "
                "it, or choose another --to-table"
            )
    _saved(session, scores, _marked(new))
    try:
        _rename(session, parts, old)
        _rename(session, new, parts)
    except BaseException:
        with suppress(Exception):
            _rename(session, old, parts)
        with suppress(Exception):
            session.sql(f"DROP TABLE IF EXISTS {_marked(new)}")
        raise
    session.sql(f"DROP TABLE {_marked(old)}")
    return int(session.table(name).count())


def _marked(parts: Sequence[str]) -> str:
    return ".".join("`" + part.replace("`", "``") + "`" for part in parts)


def _rename(session: Any, parts: Sequence[str], into: Sequence[str]) -> None:
    """Another name in the same catalog, which Spark wants to be without it."""
    session.sql(f"ALTER TABLE {_marked(parts)} RENAME TO {_marked(into[-2:])}")


def _saved(session: Any, scores: Any, name: str) -> None:
    """The table, or nothing of it."""
    try:
        scores.write.mode("error").saveAsTable(name)
    except BaseException as error:
        if "ALREADY_EXISTS" not in str(error):  # made by somebody else in the meantime
            with suppress(Exception):
                session.sql(f"DROP TABLE IF EXISTS {name}")
        raise


def _in_spark_folder(table: EngineTable, scores: Any, target: str, overwrite: bool) -> int:
    session = scores.sparkSession
    if overwrite:
        raise SettingsError(
            f"--overwrite: found the folder {shown(target)}, which Spark cannot replace at once, expected a table; "
            "choose another folder"
        )
    folder = session._jvm.org.apache.hadoop.fs.Path(target)  # nobody but Spark may reach it
    files = folder.getFileSystem(session._jsc.hadoopConfiguration())
    _check(table, target, COLUMNS if files.exists(folder) else None, overwrite)
    try:
        scores.write.mode("error").parquet(target)
    except BaseException as error:
        if "ALREADY_EXISTS" not in str(error):
            with suppress(Exception):
                files.delete(folder, True)
        raise
    return int(session.read.parquet(target).count())


def _parts(target: str) -> list[str]:
    """Schema and table of a name such as `crm.scores`; marks that would end a name are part of it.

    Raises:
        SettingsError: it is no name of a table.
    """
    parts = target.split(".")
    if not 1 <= len(parts) <= 3 or not all(parts) or "\0" in target:
        raise SettingsError(
            f"--to-table: found {shown(target)}, expected the name of a table such as crm.lead_scores; correct it"
        )
    return parts
