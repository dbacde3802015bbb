"""Leads by their address, opened to be counted where they are."""

from __future__ import annotations

from calibrate.errors import DataError
from calibrate.reading.addresses import POSTGRES, shown_address
from calibrate.reading.rawtable import first_line
from calibrate.remote.table import EngineTable

_KNOWN = "postgresql://host/database, spark:TABLE, spark:./FOLDER or duckdb:FILE"


def open_address(address: str, table: str | None = None, *, writable: bool = False) -> EngineTable:
    """The leads behind an address; nothing is written there.

    table: of a database.  writable: let queries write, which only scoring into a table does.

    Raises:
        DataError: there is no such server, file or table, or the package that reads it is not installed.
    """
    scheme, _, rest = address.partition(":")
    if address.lower().startswith(POSTGRES):
        try:
            from calibrate.remote.postgres import open_postgres
        except ImportError as error:
            raise _not_installed("PostgreSQL", "postgres", error) from error
        return open_postgres(address, table, writable=writable)
    if scheme.lower() == "spark" and not rest.startswith("//"):
        try:
            from calibrate.remote.spark import open_spark
        except ImportError as error:
            raise _not_installed("Spark", "spark", error) from error
        return open_spark(rest or table or "")
    if scheme.lower() == "duckdb" and not rest.startswith("//"):
        from calibrate.remote.embedded import open_duckdb

        return open_duckdb(rest, table, writable=writable)
    # The rest may hold a password.
    raise DataError(
        f"{shown_address(address)}: found an address that nothing here opens, expected {_KNOWN}; of BigQuery, "
        "Snowflake, Databricks or Trino hand an Ibis table to calibrate.calibrate() in Python"
    )


def _not_installed(engine: str, extra: str, error: ImportError) -> DataError:
    return DataError(
        f"{engine}: a package is not installed ({first_line(error)}); expected those that reach it, install them with "
        f'pip install "lead-calibrate[{extra}]"'
    )
