"""Files that appear whole or not at all."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from calibrate.errors import DataError

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def whole_file(path: str | Path) -> Iterator[BinaryIO]:
    """A binary file that takes the place of `path` once the block ends well; else `path` stays as it was.

    It is written beside `path`, under its name and `.part`, and renamed. A link is followed.

    Raises:
        DataError: the folder is not there or cannot be written to, or the disk is full.
    """
    target = Path(os.path.realpath(path))
    aside = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        file = aside.open("wb")
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        with file:
            yield file
        aside.replace(target)
    except OSError as error:
        if error.errno in _FULL:
            raise _unwritable(path, error) from error
        raise
    finally:
        with suppress(OSError):
            aside.unlink(missing_ok=True)


def _unwritable(path: str | Path, error: OSError) -> DataError:
    return DataError(
        f"{path}: cannot be written ({error.strerror}), expected a folder with room that you may write to; "
        "choose another place"
    )
