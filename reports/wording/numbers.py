"""Numbers and names as the report and the command line print them, whatever the language."""

from __future__ import annotations

import unicodedata

from calibrate.words.language import Language

_DIRECTIONS = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufffe\uffff")


def figure(value: float, say: Language, most: int = 6) -> str:
    """A number in as many decimals as it has, in at most so many digits.

    >>> from calibrate.words.language import language
    >>> figure(0.05, language("nl")), figure(20.0, language("en"))
    ('0,05', '20')
    """
    return say.number(value, len(f"{value:.{most}g}".partition(".")[2]))


def percent_figure(share: float, say: Language) -> str:
    """A share of 0 to 1 in percent, in as many decimals as it has, for the ticks of an axis."""
    return say("marks.percent", value=figure(100 * share, say))


def plain(text: str) -> str:
    r"""A name from the data on one line: without the control and direction marks that XML and charts refuse.

    >>> plain("a\nb\x00\u202ec")
    'a b c'
    """
    spaced = "".join(" " if _refused(char) else char for char in text)
    # Only plain spaces run together: a no-break space is part of how a language writes.
    return " ".join(part for part in spaced.split(" ") if part) if spaced.strip() else "(blank)"


def _refused(char: str) -> bool:
    return unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") or char in _DIRECTIONS


def columns_wide(text: str) -> int:
    """Columns of a terminal that a text takes: two for a wide East Asian character, none for a combining one."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def cut(text: str, columns: int) -> str:
    """The plain text in at most so many columns, an ellipsis where something is missing.

    >>> cut("Manufacturing", 8)
    'Manufac…'
    """
    text = plain(text)
    if columns_wide(text) <= columns:
        return text
    text = text[: 4 * columns]
    while columns_wide(text) > columns - 1:
        text = text[:-1]
    return text.rstrip() + "…"


def filled(text: str, columns: int, *, right: bool = False) -> str:
    """The text with spaces up to so many columns, before it when `right`."""
    space = " " * max(0, columns - columns_wide(text))
    return space + text if right else text + space
