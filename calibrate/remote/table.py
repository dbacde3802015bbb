"""A table of leads in the engine that holds it, and how its answers are fetched."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any

import narwhals as nw
import pyarrow as pa

from calibrate.errors import CalibrateError, DataError, shown
from calibrate.reading.rawtable import first_line
from calibrate.reading.tables import frame_table

_ENGINES = {
    nw.Implementation.DUCKDB: "DuckDB",
    nw.Implementation.PYSPARK: "Spark",
    nw.Implementation.PYSPARK_CONNECT: "Spark",
    nw.Implementation.SQLFRAME: "Spark",
    nw.Implementation.POLARS: "polars",
    nw.Implementation.PANDAS: "pandas",
    nw.Implementation.PYARROW: "Arrow",
}
_IBIS_ENGINES = {
    "bigquery": "BigQuery",
    "databricks": "Databricks",
    "duckdb": "DuckDB",
    "postgres": "PostgreSQL",
    "pyspark": "Spark",
    "snowflake": "Snowflake",
    "trino": "Trino",
}


def _nothing() -> None:
    """Nothing is held open, or can be stopped."""


def _called(query: Callable[[], pa.Table]) -> pa.Table:
    """The answer to a query."""
    return query()


@dataclass(frozen=True, slots=True)
class EngineTable:
    """Leads that stay where they are.

    name: as it is shown, without a user or a password.  engine: as people call it, such as `PostgreSQL`.
    frame: the leads; a query is an expression on it.  close: lets go of the connection; may be called twice.
    cancel: stops the query that runs, from another thread or a signal.  fault: an error of the engine's library as
    one of ours; by default its first line with the name before it.
    left_out: columns of the table that the frame has not, with why in words.  waits: calls a query and waits for its
    answer, where an engine does that so that Ctrl-C is not heard.
    """

    name: str
    engine: str
    frame: nw.LazyFrame[Any]
    close: Callable[[], None] = _nothing
    cancel: Callable[[], None] = _nothing
    fault: Callable[[Exception], CalibrateError] | None = None
    left_out: Mapping[str, str] = field(default_factory=dict)
    waits: Callable[[Callable[[], pa.Table]], pa.Table] = _called

    def col(self, name: str) -> nw.Expr:
        """A column, whatever marks are in its name."""
        return nw.col(self.called(name))

    def called(self, name: str) -> str:
        """What narwhals must call a column: for Spark it does not quote names, and a point would part them."""
        return "`" + name.replace("`", "``") + "`" if self.engine == "Spark" else name

    def fetched(self, query: nw.LazyFrame[Any]) -> pa.Table:
        """The answer to a query, in no particular order of rows.

        Raises:
            CalibrateError: the engine refuses the query or fails at it.
        """
        try:
            return self.waits(lambda: query.collect(backend="pyarrow").to_native())
        except CalibrateError:
            raise
        except Exception as error:
            if self.fault is not None:
                raise self.fault(error) from error
            raise DataError(
                f"{self.name}: {self.engine} cannot answer ({first_line(error)}); expected a table whose columns can "
                "be counted, leave the column out with a view"
            ) from error

    def __enter__(self) -> EngineTable:
        """The table; its connection is closed at the end of the block, and on Ctrl-C its query stopped before."""
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Close it."""
        if kind is KeyboardInterrupt:
            self.cancel()
        self.close()


def awaited(cancel: Callable[[], None], query: Callable[[], pa.Table]) -> pa.Table:
    """The answer to a query, asked in a thread, for an engine that does not hear Ctrl-C while it works.

    Raises:
        KeyboardInterrupt: it was pressed; the query has ended.
    """
    with ThreadPoolExecutor(1) as thread:
        answer = thread.submit(query)
        try:
            return answer.result()
        except KeyboardInterrupt:
            while not answer.done():  # it may not have begun
                cancel()
                wait([answer], 0.1)
            raise


def refuse_two(labels: Sequence[str], chosen: str, where: str) -> None:
    """Nothing, when one table is called so.

    Raises:
        DataError: there are more, as with a point in the name of a table or of its schema.
    """
    if labels.count(chosen) > 1:
        raise DataError(
            f"{where}: found {labels.count(chosen)} tables that are called {shown(chosen)}, expected one; make a view "
            "of it with another name"
        )


def is_remote(data: object) -> bool:
    """Whether another engine holds the leads: an EngineTable, DuckDB relation, Spark data frame or Ibis table."""
    known = nw.dependencies
    return (
        isinstance(data, EngineTable)
        or known.is_duckdb_relation(data)
        or known.is_pyspark_dataframe(data)
        or known.is_pyspark_connect_dataframe(data)
        or known.is_ibis_table(data)
    )


def engine_table(data: Any, name: str = "table") -> EngineTable:
    """A table that narwhals knows, eager or lazy, as one whose engine counts it; an EngineTable is handed back.

    Raises:
        DataError: it is no table.
    """
    if isinstance(data, EngineTable):
        return data
    try:
        # Columns of pandas may hold things of several kinds.
        frame = nw.from_native(frame_table(data) if nw.dependencies.is_pandas_dataframe(data) else data).lazy()
    except TypeError as error:
        raise DataError(
            f"{shown(type(data).__name__)}: is no table; expected a DuckDB relation, a Spark data frame, an Ibis table "
            "or a pandas, polars or Arrow table"
        ) from error
    return EngineTable(name, _engine(frame), frame)


def _engine(frame: nw.LazyFrame[Any]) -> str:
    if frame.implementation is nw.Implementation.IBIS:
        try:
            held = str(frame.to_native().get_backend().name)
        except Exception as error:
            raise DataError(
                f"table: is an Ibis table of no engine ({first_line(error)}); expected one of a connection, take it "
                "with table() of what ibis.postgres.connect() or another gave"
            ) from error
        return _IBIS_ENGINES.get(held, held)
    return _ENGINES.get(frame.implementation, str(frame.implementation))
