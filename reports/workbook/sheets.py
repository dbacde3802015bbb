"""What the sheets of the workbook are called, in its language."""

from __future__ import annotations

import re
from typing import Literal

from calibrate.words.language import Language

Sheet = Literal["overview", "rules", "bands", "scores", "lead", "counts"]


def sheet_name(say: Language, sheet: Sheet) -> str:
    """The name on the sheet's tab."""
    return say(f"workbook.sheets.{sheet}")


def sheet_called(say: Language, sheet: Sheet) -> str:
    """The name as formulas write it: in quotes where it holds more than plain letters.

    >>> from calibrate.words.language import language
    >>> sheet_called(language("en"), "rules"), sheet_called(language("fr"), "rules")
    ('Rules', "'Règles'")
    """
    name = sheet_name(say, sheet)
    return name if re.fullmatch("[A-Za-z]+", name) else f"'{name}'"
