"""What a kind of file with points is, and what an import gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from calibrate.document.rules import Rules
from calibrate.imports.content import Content


@dataclass(frozen=True, slots=True)
class Imported:
    """Rules made of a file, and what the reader must know of how it was read, a sentence each."""

    rules: Rules
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file that rules can be made of.

    name: as the command line calls it.  reads: what, in a few words.  spots: whether a content is of this kind.
    read: raises RulesError with every fault of the file.
    """

    name: str
    reads: str
    spots: Callable[[Content], bool]
    read: Callable[[Content], Imported]
