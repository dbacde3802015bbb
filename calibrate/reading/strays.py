"""Columns that are numbers or dates but for a few values: a mistake somewhere, which nobody should learn from."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from calibrate.reading.values import days, is_placeholder, numbers
from calibrate.words.language import Message, message

_FEWEST, _SHARE = 10, 0.9


@dataclass(frozen=True, slots=True)
class Stray:
    """A text that is not what nearly all other values of its column are.

    expected: what the others are, in words.
    """

    text: str
    expected: Message


def find_stray(texts: list[str]) -> Stray | None:
    """The first stray of a column's distinct values; None where they are not numbers or dates for the most part.

    At least ten, and nine in ten, must be numbers with one decimal sign, or dates in one order or the other.
    Identifiers with leading zeros are no numbers, and placeholders are no strays.
    """
    words = [text for text in texts if not is_placeholder(text)]
    if len(words) < _FEWEST or any(len(word) > 1 and word[0] == "0" and word.isdigit() for word in words):
        return None
    values = pa.array(words, pa.string())
    readings = (
        ("number", [pc.is_valid(numbers(values, None)[0])]),
        ("number_comma", [pc.is_valid(numbers(values, ",")[0])]),
        ("number_point", [pc.is_valid(numbers(values, ".")[0])]),
        ("day_first", [pc.is_valid(days(values, "dmy")), pc.is_valid(days(values, "mdy"))]),
        ("month_first", [pc.is_valid(days(values, "mdy")), pc.is_valid(days(values, "dmy"))]),
    )
    found = []
    for expected, marks in readings:
        either = marks[0] if len(marks) == 1 else pc.or_(marks[0], marks[1])
        most, fit = int(pc.sum(either).as_py()), int(pc.sum(marks[0]).as_py())
        if most >= max(_FEWEST, _SHARE * len(words)) and fit < len(words):
            stray = Stray(words[pc.index(marks[0], False).as_py()], message(f"reasons.expected.{expected}"))
            found.append((fit, stray))
    return max(found, key=lambda pair: pair[0])[1] if found else None
