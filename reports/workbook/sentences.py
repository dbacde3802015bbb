"""Sentences that formulas write."""

from __future__ import annotations

import re
from collections.abc import Mapping

from calibrate.exports.sheets.cells import Formula, Plain
from calibrate.words.language import Language

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
            pieces.append(quoted(piece))
    values = {name: value for name, (_, value) in parts.items()}
    return Formula("=" + "&".join(pieces), words.format(**values))


def quoted(text: str) -> str:
    """A text as formulas write it.

    >>> quoted('a "hot" lead')
    '"a ""hot"" lead"'
    """
    doubled = text.replace('"', '""')
    return f'"{doubled}"'


def percent_format(say: Language, number: str = "0") -> str:
    """The number format of a share, such as 0%; with the space before the mark that the language has.

    >>> from calibrate.words.language import language
    >>> percent_format(language("en"), "0.0"), percent_format(language("nl"))
    ('0.0%', '0%')
    """
    space = say("marks.percent", value="").removesuffix("%")
    return f'{number}"{space}"%' if space else f"{number}%"


def percent_formula(say: Language, expression: str) -> str:
    """What writes a share of 0 to 1 in whole percent."""
    return f"TEXT({expression},{quoted(percent_format(say))})"


def percent_text(say: Language, share: float) -> str:
    """A share of 0 to 1 as `percent_formula` writes it, halves up.

    >>> from calibrate.words.language import language
    >>> percent_text(language("en"), 0.125), percent_text(language("en"), 0.2849)
    ('13%', '28%')
    """
    return say("marks.percent", value=str(int(100 * share + 0.5)))
