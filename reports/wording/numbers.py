"""Numbers, days and names as the report and the command line print them."""

from __future__ import annotations

import unicodedata

from calibrate.words.language import Language

MINUS = "\u2212"
# Spelled here: strftime would follow the reader's locale.
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DIRECTIONS = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufffe\uffff")


def count(number: int) -> str:
    """A count with commas between thousands.

    >>> count(4213)
    '4,213'
    """
    return f"{number:,}".replace("-", MINUS)


def percent(share: float) -> str:
    """A share of 0 to 1 in percent; more decimals next to 0 and to 1, so that few never reads as none.

    >>> percent(0.297), percent(0.0035), percent(0.0), percent(0.9996)
    ('29.7%', '0.35%', '0%', '99.96%')
    """
    value = 100 * share
    room = min(abs(value), abs(100 - value))
    if room == 0:
        return f"{value:.0f}%"
    digits = 1 if room >= 1 else 2 if room >= 0.01 else 4
    return f"{value:.{digits}f}%"


def whole_percent(share: float) -> str:
    """A share of 0 to 1 in whole percent, for headlines; as `percent` where that would round to 0 or 100.

    >>> whole_percent(0.554), whole_percent(0.003)
    ('55%', '0.30%')
    """
    return f"{100 * share:.0f}%" if 0.01 <= share <= 0.99 else percent(share)


def pairs(share: float) -> str:
    """A share of won-lost pairs, or a difference of two, as pairs of 100.

    >>> pairs(0.7178), pairs(-0.0024)
    ('71.8', '−0.2')
    """
    return f"{100 * share:.1f}".replace("-0.0", "0.0").replace("-", MINUS)


def percent_range(low: float, high: float) -> str:
    """Both ends of an interval of shares.

    >>> percent_range(0.25, 0.305)
    '25.0% to 30.5%'
    """
    return f"{percent(low)} to {percent(high)}"


def signed(points: int) -> str:
    """Points with their sign, a true minus (U+2212) below zero.

    >>> signed(16), signed(0)
    ('+16', '0')
    """
    return f"+{points:,}" if points > 0 else count(points)


def signed_lift(lift: float, digits: int = 1) -> str:
    """A lift in percentage points with its sign.

    >>> signed_lift(24.96), signed_lift(-0.04), signed_lift(-0.04, 2)
    ('+25.0', '0.0', '−0.04')
    """
    text = f"{abs(lift):.{digits}f}"
    sign = "" if float(text) == 0 else "+" if lift > 0 else MINUS
    return sign + text


def day(iso: str) -> str:
    """An ISO date with its month spelled, so that nobody takes it for the other order.

    >>> day("2026-10-03")
    '3 Oct 2026'
    """
    year, month, number = iso[:10].split("-")
    return f"{int(number)} {_MONTHS[int(month) - 1]} {year}"


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
