"""Sentences, numbers and days as the readers of a language write them.

A sentence is named `list.key`; its values are written as its {place:way} says, so that word lists alone decide what
stands where:

    count           1,234                   signed          +16, with a true minus below zero
    percent         29.7%                   whole_percent   30%
    pairs           71.8, of 100            lift            +24.9 percentage points
    day             3 Oct 2026              listed          a, b and c
    short           2.5, two digits at most tenths          1,234.5
    pace            15/week, so many in a period
    change          +0.5, always a sign
    plain           1234.56, all its digits joined          a, b, c
    text            a name, or a Message, as it stands

A place without a way is text.  A sentence with the forms `one` and `other` takes its form from the value n.
"""

from __future__ import annotations

import string
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, reduce
from importlib.resources import files
from typing import Any, Literal, get_args

LanguageCode = Literal["en", "nl", "da", "fr", "de"]
LANGUAGES: tuple[LanguageCode, ...] = get_args(LanguageCode)
MINUS = "\u2212"
_MOST_NAMED = 3


class Message(str):
    """A sentence in English that can be said in another language: which one, and the values in it."""

    __slots__ = ("key", "values")
    key: str
    values: Mapping[str, Any]

    def __new__(cls, key: str, values: Mapping[str, Any]) -> Message:
        """The sentence of this key with its values."""
        found = super().__new__(cls, language("en")(key, **values))
        found.key, found.values = key, values
        return found

    def __getnewargs__(self) -> tuple[str, Mapping[str, Any]]:  # type: ignore[override]
        """What a copy is made from."""
        return self.key, self.values


def message(key: str, /, **values: Any) -> Message:
    """The sentence of this key with its values."""
    return Message(key, values)


class _Places(string.Formatter):
    """Fills {place:way} by the methods of a language."""

    def __init__(self, language: Language) -> None:
        self._language = language

    def format_field(self, value: Any, format_spec: str) -> Any:
        return str(getattr(self._language, format_spec or "text")(value))


@dataclass(frozen=True)
class Language:
    """One language: its sentences by key, and how it writes numbers and days."""

    code: LanguageCode
    words: Mapping[str, str]
    months: tuple[str, ...]

    def __call__(self, key: str, /, **values: Any) -> str:
        """The sentence of this key with its values.

        Raises:
            KeyError: there is no such sentence, or a place has no value.
        """
        if "n" in values and f"{key}.one" in self.words:
            key = f"{key}.{'one' if self._is_one(values['n']) else 'other'}"
        text = self.words[key]
        return _Places(self).vformat(text, (), values) if "{" in text else text

    def said(self, found: Message) -> str:
        """A message in this language."""
        return self(found.key, **found.values)

    def text(self, value: str | Message) -> str:
        """A name as it stands, or a message in this language."""
        return self.said(value) if isinstance(value, Message) else str(value)

    def count(self, number: int) -> str:
        """A whole number with its marks between thousands."""
        return self._marked(f"{number:,}")

    def signed(self, points: int) -> str:
        """Points with their sign."""
        return f"+{self.count(points)}" if points > 0 else self.count(points)

    def percent(self, share: float) -> str:
        """A share of 0 to 1 in percent; more decimals next to 0 and to 1, so that few never reads as none."""
        value = 100 * share
        room = min(abs(value), abs(100 - value))
        digits = 0 if room == 0 else 1 if room >= 1 else 2 if room >= 0.01 else 4
        return self._percent(value, digits)

    def whole_percent(self, share: float) -> str:
        """A share of 0 to 1 in whole percent; as `percent` where that would round to 0 or 100."""
        return self._percent(100 * share, 0) if 0.01 <= share <= 0.99 else self.percent(share)

    def pairs(self, share: float) -> str:
        """A share of won-lost pairs, or a difference of two, as pairs of 100."""
        return self.number(100 * share, 1)

    def lift(self, lift: float, digits: int = 1) -> str:
        """A lift in percentage points with its sign; no sign where it rounds to 0."""
        size = f"{abs(lift):,.{digits}f}"
        sign = "" if float(size.replace(",", "")) == 0 else "+" if lift > 0 else MINUS
        return sign + self._marked(size)

    def number(self, value: float, digits: int) -> str:
        """A number with so many decimals; 0 has no sign."""
        size = f"{value:,.{digits}f}"
        return self._marked(size if float(size.replace(",", "")) else size.removeprefix("-"))

    def change(self, value: float) -> str:
        """A number with one decimal and always a sign."""
        return self._marked(f"{value:+.1f}")

    def tenths(self, value: float) -> str:
        """A number with one decimal."""
        return self.number(value, 1)

    def plain(self, value: float) -> str:
        """A number with all its digits and no marks between thousands, as in the name of a range."""
        whole = isinstance(value, int) or (value.is_integer() and abs(value) < 1e15)
        return str(int(value)) if whole else repr(value).replace(".", self.words["marks.decimal"])

    def short(self, value: float) -> str:
        """A number in two digits, or the whole number that it is."""
        return self._marked(f"{value:.2g}") if abs(value) < 100 and value != round(value) else self.number(value, 0)

    def pace(self, capacity: str) -> str:
        """So many in a period, given as `15/week`."""
        number, period = capacity.split("/")
        return self(f"marks.pace.{period}", number=self.count(int(number)))

    def day(self, iso: object) -> str:
        """An ISO date with its month spelled, so that nobody takes it for the other order; what is none as it is."""
        parts = str(iso)[:10].split("-")
        if len(parts) != 3:
            return str(iso)
        year, month, number = parts
        return self("marks.day", day=str(int(number)), month=self.months[int(month) - 1], year=year)

    def listed(self, names: Sequence[str | Message]) -> str:
        """The first names, and how many more there are."""
        shown = [self.text(name) for name in names[:_MOST_NAMED]]
        more = len(names) - len(shown)
        if more:
            return self("marks.and_more", names=", ".join(shown), more=more)
        return self("marks.and", first=", ".join(shown[:-1]), last=shown[-1]) if len(shown) > 1 else "".join(shown)

    def joined(self, names: Sequence[str | Message]) -> str:
        """All names, with commas between them."""
        return ", ".join(self.text(name) for name in names)

    def _percent(self, value: float, digits: int) -> str:
        return self("marks.percent", value=self.number(value, digits))

    def _marked(self, english: str) -> str:
        marks = {",": self.words["marks.thousands"], ".": self.words["marks.decimal"], "-": MINUS}
        return "".join(marks.get(char, char) for char in english)

    def _is_one(self, number: float) -> bool:
        return number < 2 if self.code == "fr" else number == 1


@cache
def language(code: LanguageCode) -> Language:
    """The language of this code."""
    words: dict[str, str] = {}
    months: tuple[str, ...] = ()
    for file in sorted(files("calibrate.words").joinpath(code).iterdir(), key=lambda file: file.name):
        name, _, kind = file.name.rpartition(".")
        if kind == "toml":
            found = tomllib.loads(file.read_text(encoding="utf-8"))
            months = tuple(found.pop("months", months))
            words.update(_flat(found, name))
    return Language(code, words, months)


def chained(key: str, parts: Sequence[str]) -> str:
    """All parts, each two by the sentence of this key, which has the places first and then."""
    return reduce(lambda first, then: message(key, first=first, then=then), parts)


def _flat(found: Mapping[str, Any], name: str) -> dict[str, str]:
    flat: dict[str, str] = {}
    for key, value in found.items():
        place = f"{name}.{key}"
        flat.update(_flat(value, place) if isinstance(value, Mapping) else {place: value})
    return flat
