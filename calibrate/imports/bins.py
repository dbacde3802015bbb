"""Bins as people write them: 10-49, 10 to 49, 50+, <10, >= 50."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

from calibrate.document.rules import Range
from calibrate.errors import shown
from calibrate.imports.ranges import after
from calibrate.reading.values import Decimal, numbers, traits

_LONGEST = 60
_DIGITS = r"(?:[-−]\s?)?(?:[€$£]\s?)?\d[\d.,'’\u00a0\u202f ]*(?:[%€]\s?)?"
_TO = r"(?:-|–|—|\.\.|to|until|through|tot|tot en met|t/m|bis|à|a|til)"
_UNDER = r"(?:<|under|below|less than|onder|minder dan|unter|weniger als|moins de|mindre end)"
_SIGNS: dict[str, str] = {
    "under": _UNDER,
    "most": r"(?:<=|=<|≤|up to|at most|tot en met|t/m|hoogstens|bis|höchstens|jusqu'à|højst)",
    "over": r"(?:>|over|above|more than|boven|meer dan|über|mehr als|plus de|mere end)",
    "least": r"(?:>=|=>|≥|from|at least|vanaf|minstens|ab|mindestens|à partir de|dès|fra|mindst)",
}
_AND_UP = r"(?:\+|and up|and more|or more|en meer|of meer|en hoger|und mehr|oder mehr|et plus|ou plus|og derover|og op)"
_PATTERNS = (
    ("between", re.compile(rf"(?P<low>{_DIGITS})\s*{_TO}\s*(?P<open>{_UNDER}\s*)?(?P<high>{_DIGITS})")),
    ("least", re.compile(rf"(?P<low>{_DIGITS})\s*{_AND_UP}")),
    *((sign, re.compile(rf"{words}\s*(?P<low>{_DIGITS})")) for sign, words in _SIGNS.items()),
    ("exactly", re.compile(rf"(?P<low>{_DIGITS})")),
)
Sign = Literal["between", "least", "under", "most", "over", "exactly"]


@dataclass(frozen=True, slots=True)
class Bin:
    """A bin as it is written. low, high: its ends as texts; below: whether its upper end is outside."""

    sign: str
    low: str
    high: str | None = None
    below: bool = False

    @property
    def ends(self) -> tuple[str, ...]:
        """Both, or the one there is."""
        return (self.low,) if self.high is None else (self.low, self.high)


def read_bin(text: str) -> Bin | None:
    """The bin that a text writes; None when it is none.

    >>> read_bin("10 – 49"), read_bin("Software")
    (Bin(sign='between', low='10', high='49', below=False), None)
    """
    word = text.strip().casefold()
    if len(word) > _LONGEST:
        return None
    for sign, pattern in _PATTERNS:
        if found := pattern.fullmatch(word):
            parts = found.groupdict()
            high = parts.get("high")
            return Bin(sign, parts["low"].strip(), high and high.strip(), bool(parts.get("open")))
    return None


def is_number(text: str) -> bool:
    """Whether a text is one number, which may as well be the name of something."""
    found = read_bin(text)
    return found is not None and found.sign == "exactly"


def decimal_sign(texts: Sequence[str]) -> tuple[Decimal | None, str | None]:
    """The decimal sign of numbers, and the fault where they do not tell it."""
    if not texts:
        return None, None
    found = traits(pa.array(texts, pa.string()))
    if found.comma.all and found.point.all:
        if found.two_numbers is not None:
            plain = shown(re.sub("[.,]", "", found.two_numbers))
            return ".", (
                f"found {shown(found.two_numbers)} in a range, expected one reading; write {plain} if these are "
                "thousands, or give some range two decimals"
            )
        return ".", None
    if not found.comma.all and not found.point.all:
        odd = shown(found.comma.only or found.point.only or texts[0])
        return ".", f"found {odd} in a range, expected numbers with one decimal sign; write all in one way"
    return ("," if found.comma.all else "."), None


def bins_of(bins: Sequence[Bin | None], decimal: str | None) -> list[Range | None]:
    """The bins of one attribute as ranges; None where there is none, or its ends fall.

    `10-49` reaches to the next bin, at most to 50, as whole numbers do; a number alone is that whole number.
    """
    read = [None if item is None else _ends(item, decimal) for item in bins]
    pairs = list(zip(bins, read, strict=True))
    starts = sorted(after(ends[0]) if item.sign == "over" else ends[0] for item, ends in pairs if item and ends)
    return [_range(item, ends, starts) if item and ends else None for item, ends in pairs]


def _ends(bin_: Bin, decimal: str | None) -> list[float] | None:
    """The numbers that the ends of a bin are; None where one is none."""
    found = [_number(end, decimal) for end in bin_.ends]
    ends = [end for end in found if end is not None]
    return ends if len(ends) == len(found) else None


def _range(bin_: Bin, ends: Sequence[float], starts: Sequence[float]) -> Range | None:
    low, high = ends[0], ends[-1]
    match bin_.sign:
        case "under":
            return Range(lt=low)
        case "most":
            return Range(lt=after(low))
        case "over":
            return Range(ge=after(low))
        case "least":
            return Range(ge=low)
    if high < low or (bin_.below and high == low):
        return None
    whole = low.is_integer() and high.is_integer()
    following = next((start for start in starts if start > high), math.inf)
    below = high if bin_.below else min(high + 1, following) if whole else after(high)
    return Range(ge=low, lt=below)


def _number(text: str, decimal: str | None) -> float | None:
    sign: Decimal | None = "," if decimal == "," else "." if decimal == "." else None
    number = numbers(pa.array([text], pa.string()), sign)[0][0].as_py()
    return None if number is None or abs(number) > 1e15 else float(number)
