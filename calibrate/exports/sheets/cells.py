"""Cells: how a formula names them, and what they can hold."""

from __future__ import annotations

import re
from dataclasses import dataclass

from calibrate.errors import shown

MOST_TEXT = 32_767
MOST_COLUMNS = 16_384
MOST_ROWS = 1_048_576
_LARGEST, _SMALLEST = 9.99999999999999e307, 2.2251e-308
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]")

Plain = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula with the value that a viewer shows before anything is calculated."""

    text: str
    value: Plain


def at(sheet: str, column: str, row: int) -> str:
    """A cell of another sheet, the same from wherever it is read.

    >>> at("Rules", "G", 4)
    'Rules!$G$4'
    """
    return f"{sheet}!${column}${row}"


def span(sheet: str, column: str, first: int, last: int) -> str:
    """Cells of another sheet that stand below each other.

    >>> span("Rules", "G", 4, 6)
    'Rules!$G$4:$G$6'
    """
    return f"{at(sheet, column, first)}:${column}${last}"


def text_fault(text: str) -> str | None:
    """Why a cell cannot hold a text exactly, as `found X, expected Y; what to do`; None when it can.

    A cell holds 32,767 units of UTF-16, of the control characters only tab and new line.
    """
    if _CONTROL.search(text):
        return f"found {shown(text)}, expected a text without control characters; clean it where it is read"
    if _units(text) > MOST_TEXT:
        return f"found a text of {_units(text):,} characters, expected at most {MOST_TEXT:,}; shorten it"
    return None


def number_fault(number: float) -> str | None:
    """Why a sheet cannot compare with a number exactly; None when it can.

    A spreadsheet keeps and compares 15 digits of a number, and knows none beyond 10^308 or nearer to 0 than 10^-308.
    """
    if float(f"{number:.15g}") != number:
        return f"found {number!r}, expected at most 15 digits; round it"
    if number and not _SMALLEST <= abs(number) <= _LARGEST:
        return f"found {number!r}, expected a number between 1e-307 and 9e307; let the bin end nearer"
    return None


def readable(text: str) -> str:
    """A text that no formula reads, as a cell can show it."""
    clean = _CONTROL.sub(" ", text)
    return clean if _units(clean) <= 2_000 else clean[:999] + "…"


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
