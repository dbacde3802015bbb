"""What the analyst must know and did not ask for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from calibrate.words.language import Message

RemarkKind = Literal[
    "leak",
    "few",
    "immature",
    "drift",
    "adopted",
    "overlap",
    "duplicates",
    "spelling",
    "placeholder",
    "missing",
    "note",
]
_HARM: tuple[str, ...] = get_args(RemarkKind)


@dataclass(frozen=True, slots=True)
class Remark:
    """One line for the reader: what was found and what to do about it.

    kind: its place in the order of harm.  column: the column it is about, None when about the whole.
    """

    kind: RemarkKind
    said: Message
    column: str | None = None

    @property
    def text(self) -> str:
        """The line in English."""
        return str(self.said)


def by_harm(remarks: list[Remark]) -> tuple[Remark, ...]:
    """The remarks, most harmful first, otherwise as they came."""
    return tuple(sorted(remarks, key=lambda remark: _HARM.index(remark.kind)))
