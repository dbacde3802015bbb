"""An array that grows at its end, in memory while it is small and in a file beyond.

The file has no name: it is gone with the last who holds the array, however the program ends. What is read of it again
and again stays in the system's cache as long as there is room.
"""

from __future__ import annotations

import shutil
import tempfile
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from calibrate.errors import DataError, shown

_IN_MEMORY = 1 << 26  # bytes of all arrays that grow side by side
_CHUNK = 1 << 20


class Grown:
    """Whole numbers of a kind, or of a wider one where a part has that.

    beside: how many arrays grow side by side; many are small in memory each.
    """

    def __init__(self, kind: npt.DTypeLike, beside: int = 16) -> None:
        self._kind, self._beside = np.dtype(kind), max(beside, 1)
        self._parts: list[npt.NDArray[Any]] = []
        self._held = self._size = 0
        self._file: IO[bytes] | None = None

    def append(self, part: npt.NDArray[Any]) -> None:
        """Put numbers at the end; they are copied.

        Raises:
            DataError: there is no room for them on disk.
        """
        if part.dtype.itemsize > self._kind.itemsize:
            self._widen(part.dtype)
        self._size += len(part)
        self._parts.append(part.astype(self._kind))
        self._held += len(part) * self._kind.itemsize
        if self._held * self._beside > _IN_MEMORY:
            self._spill()

    def array(self) -> Any:
        """All of it, not to be written to; nothing can be put behind it afterwards."""
        if self._file is None:
            return np.concatenate([np.zeros(0, self._kind), *self._parts])
        self._spill()
        with self._file:
            return np.asarray(np.memmap(self._file, self._kind, "r", shape=(self._size,)))

    def _spill(self) -> None:
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile()  # noqa: SIM115
            for part in self._parts:
                self._file.write(part.data)
            self._file.flush()
        except OSError as error:
            raise DataError(
                f"the temporary folder {shown(tempfile.gettempdir(), 300)}: the codes of the leads cannot be written "
                f"there ({error.strerror}); expected room for about 50 bytes a lead, make room or set TMPDIR to a "
                "folder that has it"
            ) from error
        self._parts, self._held = [], 0

    def _widen(self, kind: np.dtype[Any]) -> None:
        wider = Grown(kind, self._beside)
        held = self.array()
        for start in range(0, len(held), _CHUNK):
            wider.append(held[start : start + _CHUNK].astype(kind))
        self.__dict__.update(wider.__dict__)


def check_room(size: int, what: str) -> None:
    """Nothing, where the temporary folder has room for so many bytes, or they stay in memory.

    Raises:
        DataError: it has not.
    """
    free = shutil.disk_usage(tempfile.gettempdir()).free
    if size > max(free, _IN_MEMORY):
        raise DataError(
            f"the temporary folder {shown(tempfile.gettempdir(), 300)}: found room for {free / 1e9:,.1f} GB, expected "
            f"{size / 1e9:,.1f} GB for {what}; make room, set TMPDIR to a folder that has it, or name fewer columns "
            "with --fields"
        )


def kept_of(array: npt.NDArray[Any], keep: npt.NDArray[np.bool_]) -> Any:
    """The elements to be kept, in a `Grown` array."""
    left = Grown(array.dtype)
    for start in range(0, len(array), _CHUNK):
        left.append(array[start : start + _CHUNK][keep[start : start + _CHUNK]])
    return left.array()
