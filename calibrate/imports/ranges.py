"""Bins as other programs write them: with their upper end inside, one inside another, or in any order."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

from calibrate.document.lead_score import condition_text, plain_number
from calibrate.document.rules import Condition, Range

Ends = tuple[float, float]


def after(number: float) -> float:
    """The next number that a computer can tell: `<= 10` is below it, `> 10` begins with it."""
    return math.nextafter(number, math.inf)


def ends(bin_: Range) -> Ends:
    """Where a bin begins and what it is below, infinite where it is open."""
    return (-math.inf if bin_.ge is None else bin_.ge, math.inf if bin_.lt is None else bin_.lt)


def bin_of(low: float, high: float) -> Range:
    """The bin from low to below high; the lowest number of all stands for no end where both are infinite."""
    if math.isinf(low) and math.isinf(high):
        return Range(ge=-1e308)
    return Range(ge=None if math.isinf(low) else low, lt=None if math.isinf(high) else high)


def meet(one: Range, other: Range) -> bool:
    """Whether two bins hold a number in common."""
    return common([one, other]) is not None


def common(bins: Sequence[Range]) -> Range | None:
    """The numbers that all hold; None where there are none, or no bins."""
    low = max((ends(item)[0] for item in bins), default=0.0)
    high = min((ends(item)[1] for item in bins), default=0.0)
    return bin_of(low, high) if low < high else None


def without(whole: Range, taken: Iterable[Range]) -> Iterator[Range]:
    """What is left of a bin without others, rising."""
    low, high = ends(whole)
    for start, end in sorted(ends(item) for item in taken):
        if start > low and low < min(start, high):
            yield bin_of(low, min(start, high))
        low = max(low, end)
    if low < high:
        yield bin_of(low, high)


def label_of(when: Condition | str) -> str | None:
    """A bin in words where one of its ends is a number beside another; else None: its own words do.

    >>> label_of(Range(ge=10.0, lt=after(49.0))), label_of(Range(ge=after(0.5))), label_of(Range(ge=10.0, lt=50.0))
    ('10 to 49', 'over 0.5', None)
    """
    if not isinstance(when, Range):
        return None
    low, high = ends(when)
    beside_low, beside_high = _beside(low), _beside(high)
    if beside_low is None and beside_high is None:
        return None
    if beside_low is None and math.isinf(low):
        return f"at most {plain_number(beside_high or 0.0)}"
    start = plain_number(low) if beside_low is None else f"over {plain_number(beside_low)}"
    if math.isinf(high):
        return start
    return f"{start} to {'under ' + plain_number(high) if beside_high is None else plain_number(beside_high)}"


def exact_note(whens: Iterable[Condition | str]) -> tuple[str, ...]:
    """A sentence where an end is written as the next number that a computer can tell."""
    words = next((words for when in whens if (words := label_of(when))), None)
    if words is None:
        return ()
    return (
        f"Ends such as that of {words!r} are kept to the last digit a computer can tell, which spreadsheets and some "
        "targets refuse; compare by < and >= in the file where that matters.",
    )


def said(when: Condition | str) -> str:
    """What a claim is about, in words."""
    return when if isinstance(when, str) else label_of(when) or condition_text(when)


def _beside(end: float) -> float | None:
    """The number that an end stands right after, where that one is the plainer of the two."""
    before = math.nextafter(end, -math.inf)
    return before if math.isfinite(end) and len(plain_number(before)) < len(plain_number(end)) else None
