"""Sentences that formulas write."""

from __future__ import annotations

import re
from collections.abc import Mapping

from calibrate.exports.sheets.cells import Formula, Plain

_PLACE = re.compile(r"\{(\w+)\}")


def sentence(words: str, parts: Mapping[str, tuple[str, Plain]]) -> Formula:
    """The words as a formula, with an expression and its value in every {place}.

    >>> sentence("from {score} up", {"score": ("$A$1", 5)})
    Formula(text='="from "&$A$1&" up"', value='from 5 up')
    """
    pieces: list[str] = []
    for number, piece in enumerate(_PLACE.split(words)):
        if number % 2:
            pieces.append(parts[piece][0])
        elif piece:
            doubled = piece.replace('"', '""')
            pieces.append(f'"{doubled}"')
    values = {name: value for name, (_, value) in parts.items()}
    return Formula("=" + "&".join(pieces), words.format(**values))


def percent_text(share: float) -> str:
    """A share of 0 to 1 as TEXT writes it with the format 0%, which reads the same in every country.

    >>> percent_text(0.125), percent_text(0.2849)
    ('13%', '28%')
    """
    return f"{int(100 * share + 0.5)}%"
