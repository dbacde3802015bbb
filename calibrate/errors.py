"""Everything this package raises on purpose.

::

    CalibrateError
    ├── DataError       a file, table or column is not what it must be
    ├── SettingsError   an option or calibrate.toml is not
    └── RulesError      a rules file is not

A message is one line with four parts: where, what was found, what was expected, what to do.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class CalibrateError(Exception):
    """Root of the tree; the command line prints it as one line and ends with 1."""


class DataError(CalibrateError, ValueError):
    """A file, table or column is not what it must be."""


class SettingsError(CalibrateError, ValueError):
    """An option or a settings file is not what it must be."""


class RulesError(CalibrateError, ValueError):
    """A rules file is not what it must be; carries all its faults."""

    def __init__(self, where: str, faults: Iterable[str]) -> None:
        self.where = where
        self.faults = tuple(faults)
        super().__init__("\n".join(f"{where}: {fault}" for fault in self.faults))


def shown(text: object, limit: int = 60) -> str:
    r"""A value as it may stand in a message: one line, quoted, cut to `limit` characters.

    >>> shown("a\nb")
    "'a\\nb'"
    """
    quoted = repr(str(text))
    return quoted if len(quoted) <= limit else quoted[: limit - 2] + "…'"


def nearest(name: str, names: Iterable[str]) -> str:
    """The near names or, failing that, the first few, as the end of a message.

    >>> nearest("Statsu", ["Status", "Country"])
    "did you mean 'Status'?"
    """
    known = list(names)
    folded: dict[str, str] = {}
    for item in known:
        folded.setdefault(item.casefold(), item)
    close = get_close_matches(name.casefold(), list(folded), n=3, cutoff=0.6)
    if close:
        return "did you mean " + " or ".join(shown(folded[item]) for item in close) + "?"
    listed = ", ".join(shown(item) for item in known[:8]) + (", …" if len(known) > 8 else "")
    return f"there are: {listed}"
