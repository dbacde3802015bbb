"""Work in a second thread: reading on while what was read is worked at, and what can be done beside."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from typing import TypeVar

Batch = TypeVar("Batch")
Found = TypeVar("Found")


def ahead(batches: Iterator[Batch]) -> Iterator[Batch]:
    """The same batches in the same order; a second thread makes the next one meanwhile."""
    with ThreadPoolExecutor(1, "calibrate-read") as reader:
        coming = reader.submit(next, batches, None)
        while (batch := coming.result()) is not None:
            coming = reader.submit(next, batches, None)
            yield batch


@contextmanager
def beside(work: Callable[[Callable[[], bool]], Found]) -> Iterator[Callable[[], Found]]:
    """A call that waits for what the work comes to, done beside the block.

    work: is given what says whether to stop, as where the block fails.
    """
    stop = Event()
    with ThreadPoolExecutor(1, "calibrate-beside") as other:
        coming = other.submit(work, stop.is_set)
        try:
            yield coming.result
        finally:
            stop.set()
