"""How many leads sales can take in a period, as people write it."""

from __future__ import annotations

import re
from typing import NamedTuple

from calibrate.errors import SettingsError, nearest, shown

_DAYS = {"day": 1.0, "week": 7.0, "month": 30.44, "quarter": 91.31, "year": 365.25}
_WORDS = {
    "day": "d day days dag dagen jour jours tag tage",
    "week": "w wk week weeks weken uge ugen semaine semaines woche wochen",
    "month": "m mo month months mnd maand maanden md måned måneden mois monat monate",
    "quarter": "q quarter quarters kwartaal kwartalen kvartal kvartalet trimestre trimestres quartal quartale",
    "year": "y yr year years jaar jaren år året an ans année années jahr jahre",
}
_PERIODS = {word: period for period, words in _WORDS.items() for word in words.split()}
_BETWEEN = frozenset(("", "lead", "leads", "a", "an", "each", "every", "per", "pr", "om", "i", "par", "pro", "im"))


class Pace(NamedTuple):
    """Places that sales has in a period.

    period: day, week, month, quarter or year; of 1, 7, 30.44, 91.31 and 365.25 days.
    """

    places: int
    period: str

    @property
    def days(self) -> float:
        """Length of the period."""
        return _DAYS[self.period]

    @property
    def text(self) -> str:
        """The pace as settings have it: `40/week`."""
        return f"{self.places}/{self.period}"


def parse_pace(text: str) -> Pace:
    """The pace that a text says in any of the five languages: `40/week`, `40 a week`, `40 leads pro Woche`.

    Raises:
        SettingsError: it says none, or there are no places; where it stands is for the caller to say.

    >>> parse_pace("40 per week"), parse_pace("40/w").text
    (Pace(places=40, period='week'), '40/week')
    """
    parts = re.fullmatch(r"\s*([0-9]{1,9})\s*/?((?:[^\W\d_]|[\s.])*)", text.casefold()[:200])
    *between, period = re.split(r"[\s.]+", parts[2].strip(" .")) if parts else [""]
    *first, last = _DAYS
    expected = f"expected places a {', '.join(first)} or {last}"
    if parts is None or int(parts[1]) == 0 or not period or not _BETWEEN.issuperset(between):
        raise SettingsError(f"found {shown(text)}; {expected}, write 40/week or 40 per week")
    if period not in _PERIODS:
        raise SettingsError(f"found {shown(text)}; {expected}; {nearest(period, _DAYS)}")
    return Pace(int(parts[1]), _PERIODS[period])
