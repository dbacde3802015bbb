"""Numbers and days in English, which is what commands answer in."""

from __future__ import annotations

from calibrate.words.language import language
from reports.wording.levels import percent_between

ENGLISH = language("en")
count = ENGLISH.count
signed = ENGLISH.signed
percent = ENGLISH.percent
pairs = ENGLISH.pairs
lift = ENGLISH.lift
day = ENGLISH.day


def percent_range(low: float, high: float) -> str:
    """Both ends of an interval of shares.

    >>> percent_range(0.25, 0.305)
    '25.0% to 30.5%'
    """
    return percent_between(low, high, ENGLISH)
