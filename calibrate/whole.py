"""Files that appear whole or not at all."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator, Mapping
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


def write_whole(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Write files into a folder, by name: all of them or none. What else stands in the folder stays.

    They are written aside, in the folder or, where there is none, beside it, and renamed. Links are followed.

    Raises:
        OSError: none was written, and the files that were there are as they were.
    """
    place = Path(os.path.realpath(folder))
    there = place.is_dir()
    made = [] if there else [parent for parent in place.parents if not parent.exists()]
    aside = (place if there else place.parent) / f".{place.name}.{os.getpid()}.part"
    new, old = aside / "new", aside / "old"
    try:
        new.mkdir(parents=True)
        for name, content in contents.items():
            (new / name).write_bytes(content)
        if there:
            _exchange(new, old, place, tuple(contents))
        else:
            new.rename(place)
    except BaseException:
        shutil.rmtree(new, ignore_errors=True)
        for left in (old, aside, *made):  # the old ones stay where they could not be put back
            with suppress(OSError):
                left.rmdir()
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _exchange(new: Path, old: Path, place: Path, names: tuple[str, ...]) -> None:
    """Move files from `new` to `place`, and those of these names that were there to `old`; back again on failure."""
    if folders := [name for name in names if (place / name).is_dir()]:
        raise IsADirectoryError(errno.EISDIR, f"{folders[0]} is a folder")
    old.mkdir()
    try:
        for name in names:
            if os.path.lexists(place / name):
                (place / name).rename(old / name)
            (new / name).rename(place / name)
    except BaseException:
        for name in names:
            if os.path.lexists(old / name):
                (old / name).replace(place / name)
            elif not (new / name).exists():
                (place / name).unlink(missing_ok=True)
        raise


def _unwritable(path: str | Path, error: OSError) -> DataError:
    return DataError(
        f"{path}: cannot be written ({error.strerror}), expected a folder with room that you may write to; "
        "choose another place"
    )
