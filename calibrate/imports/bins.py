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
from calibrate.reading.values import Decimal, numbers, traits

_LONGEST = 60
_DIGITS = r"(?:[-−–]\s?)?(?:[€$£]\s?)?\d[\d.,'’\u00a0\u202f ]*(?:[%€]\s?)?"
_FROM = r"(?:(?:from|van|vanaf|von|ab|de|fra)\s+)?"
_TO = r"(?:-|–|—|\.\.|to|up to|until|through|tot en met|t/m|bis|bis zu|à|a|jusqu['’]à|til|til og med|op til)"
_UNDER = (
    r"(?:<|under|below|less than|fewer than|onder|minder dan|kleiner dan|lager dan|unter|weniger als|moins de"
    r"|mindre end)"
)
_TO_UNDER = rf"(?:tot|tot aan|{_TO}\s*{_UNDER})"
_SIGNS: dict[str, str] = {
    "under": rf"(?:{_UNDER}|tot|tot aan|bis unter)",
    "most": r"(?:<=|=<|≤|up to|at most|no more than|tot en met|t/m|hoogstens|bis|bis zu|höchstens|jusqu['’]à|au plus"
    r"|højst|til og med|op til)",
    "over": r"(?:>|over|above|more than|boven|meer dan|über|mehr als|plus de|mere end)",
    "least": r"(?:>=|=>|≥|from|at least|vanaf|minstens|ab|mindestens|à partir de|dès|fra|mindst)",
}
_AND_UP = (
    r"(?:\+|and up|and over|and more|or more|en meer|of meer|en hoger|of hoger|und mehr|oder mehr|et plus|ou plus"
    r"|og derover|og op|eller mere)"
)
_AND_DOWN = r"(?:or less|or fewer|of minder|en minder|oder weniger|und weniger|ou moins|et moins|eller mindre)"
_PATTERNS = (
    ("between", re.compile(rf"{_FROM}(?P<low>{_DIGITS})\s*(?:{_TO}|(?P<under>{_TO_UNDER}))\s*(?P<high>{_DIGITS})")),
    ("least", re.compile(rf"(?P<low>{_DIGITS})\s*{_AND_UP}")),
    ("most", re.compile(rf"(?P<low>{_DIGITS})\s*{_AND_DOWN}")),
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
            return Bin(sign, _plain(parts["low"]), high and _plain(high), bool(parts.get("under")))
    return None


def _plain(number: str) -> str:
    """A number with the minus of a keyboard; a dash of any length stands for it in sheets."""
    return re.sub("^[−–]", "-", number.strip())


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
                "thousands, or say the decimal sign with --decimal"
            )
        return ".", None
    if not found.comma.all and not found.point.all:
        odd = shown(found.comma.only or found.point.only or texts[0])
        return ".", f"found {odd} in a range, expected numbers with one decimal sign; write all in one way"
    return ("," if found.comma.all else "."), None


def bins_of(bins: Sequence[Bin | None], decimal: Decimal | None) -> list[Range | None]:
    """The bins of one attribute as ranges; None where there is none, or its ends fall.

    An end that is inside, written with some decimals, reaches to the next number of as many, at most to the next bin:
    `10-49` to below 50, `0.5-2.4` to below 2.5. What is over a number begins with the next one that has as many
    decimals as the finest end of the attribute. A number alone is a bin of that number.
    """
    found = [_ends(item, decimal) if item else None for item in bins]
    finest = max((end.decimals for ends in found for end in ends or ()), default=0)
    starts = sorted(_start(item, ends[0], finest) for item, ends in zip(bins, found, strict=True) if item and ends)
    return [
        _range(item, ends, finest, starts) if item and ends else None for item, ends in zip(bins, found, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class _End:
    """An end of a bin, with the decimals that it is written with."""

    number: float
    decimals: int

    def after(self, decimals: int) -> float:
        """The next number of so many decimals."""
        return round(self.number + 10.0**-decimals, decimals)


def _ends(bin_: Bin, decimal: Decimal | None) -> list[_End] | None:
    """The numbers that the ends of a bin are; None where one is none."""
    found = [(number(end, decimal), end) for end in bin_.ends]
    ends = [_End(value, _decimals(end, decimal)) for value, end in found if value is not None]
    return ends if len(ends) == len(found) else None


def _decimals(text: str, decimal: Decimal | None) -> int:
    fraction = re.search(rf"\{decimal or '.'}(\d+)", text)
    return len(fraction[1]) if fraction else 0


def _start(bin_: Bin, low: _End, finest: int) -> float:
    """Where a bin begins, of which low is the lower end or the only one."""
    if bin_.sign in ("under", "most"):
        return -math.inf
    return low.after(finest) if bin_.sign == "over" else low.number


def _range(bin_: Bin, ends: Sequence[_End], finest: int, starts: Sequence[float]) -> Range | None:
    low, high = _start(bin_, ends[0], finest), ends[-1]
    if bin_.sign in ("over", "least"):
        return Range(ge=low)
    following = next((start for start in starts if start > high.number), math.inf)
    inside = not bin_.below and bin_.sign != "under"
    below = min(high.after(high.decimals), following) if inside else high.number
    if math.isinf(low):
        return Range(lt=below)
    return Range(ge=low, lt=below) if low <= high.number and low < below else None


def number(text: str, decimal: Decimal | None) -> float | None:
    """The number that a text writes; None where it is none, or beyond a million thousand million."""
    found = numbers(pa.array([text], pa.string()), decimal)[0][0].as_py()
    return None if found is None or abs(found) > 1e15 else float(found)
