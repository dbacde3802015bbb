"""The sample history that comes with the package."""

from __future__ import annotations

from pathlib import Path

from calibrate.errors import DataError


def sample_file(name: str) -> Path:
    """Where a file of the sample is: in the installed package, else in the checkout's data folder."""
    here = Path(__file__).resolve().parent
    for folder in (here / "_data", here.parent / "data"):
        if (folder / name).is_file():
            return folder / name
    raise DataError(f"{name}: not found in the installed package; expected it there, install lead-calibrate again")
