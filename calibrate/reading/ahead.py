"""Reading on while what was read is worked at."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Batch = TypeVar("Batch")


def ahead(batches: Iterator[Batch]) -> Iterator[Batch]:
    """The same batches in the same order; a second thread makes the next one meanwhile."""
    with ThreadPoolExecutor(1, "calibrate-read") as reader:
        coming = reader.submit(next, batches, None)
        while (batch := coming.result()) is not None:
            coming = reader.submit(next, batches, None)
            yield batch
