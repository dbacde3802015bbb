"""The embedded engine as an iterator of Arrow batches, and how to let go of it."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import suppress
from typing import Any
from weakref import WeakSet

import duckdb
import pyarrow as pa

MOST_ROWS, _FEWEST_ROWS, _MOST_CELLS = 131_072, 4_096, 1 << 22


def batch_rows(columns: int) -> int:
    """Rows of a batch: as many as stay small in memory with so many columns."""
    return max(_FEWEST_ROWS, min(MOST_ROWS, _MOST_CELLS // max(columns, 1)))


class Engine:
    """A DuckDB connection that nothing else refers to, with the reads that are under way.

    DuckDB complains on stderr of objects that outlive the interpreter, as those in the frames of an error do that ends
    a program. So `close` leaves none, whoever still holds the engine or a read.
    """

    __slots__ = ("_connection", "_reads")

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection: duckdb.DuckDBPyConnection | None = connection
        self._reads: WeakSet[Generator[pa.RecordBatch, None, None]] = WeakSet()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """All rows of a small result."""
        return self._open().sql(query).fetchall()

    def schema(self, query: str) -> pa.Schema:
        """The columns of a result."""
        return self._open().sql(query).to_arrow_reader(1).schema

    def batches(self, query: str, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """The result, streamed, under these names."""
        read = self._batches(query, names)
        self._reads.add(read)
        return read

    def close(self) -> None:
        """End the reads and the connection; may be called twice."""
        for read in list(self._reads):
            with suppress(ValueError):  # it is running: its own frame is calling
                read.close()
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _batches(self, query: str, names: Sequence[str]) -> Generator[pa.RecordBatch, None, None]:
        cursor = self._open().cursor()
        try:
            # sql() streams; execute() would hold the whole result in memory.
            for batch in cursor.sql(query).to_arrow_reader(batch_rows(len(names))):
                yield batch.rename_columns(list(names))
        finally:
            cursor.close()
            del cursor

    def _open(self) -> duckdb.DuckDBPyConnection:
        if self._connection is None:
            raise ValueError("the source is closed; read it before the end of its with block")
        return self._connection
