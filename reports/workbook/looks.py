"""How the workbook looks: yellow is to be filled in, blue is handed over or better, grey explains."""

from __future__ import annotations

from collections.abc import Mapping

from xlsxwriter import Workbook  # type: ignore[import-untyped] # it comes without types
from xlsxwriter.format import Format  # type: ignore[import-untyped] # likewise
from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped] # likewise

from calibrate.words.language import Language
from reports.charts.sheet import INK, ORANGE_TEXT, SECONDARY
from reports.workbook.sentences import percent_format

Looks = Mapping[str, Format]
FIRST = " first"
PALE = "#BCD7E3"
_TEXT = 49  # the format @ that comes with every spreadsheet
_WHOLE, _RATE, _POINTS, _PAIRS = "#,##0", "0.0%", "+#,##0;-#,##0;0", "0.0"
_EDITED = {"bg_color": "#FFF6D6", "border": 1, "border_color": "#D9B64A", "locked": False}
_HEADING = {"bold": True, "font_color": SECONDARY, "text_wrap": True, "valign": "bottom", "bottom": 1}
_BIG = {"bold": True, "font_size": 15}
_MOVED = {"font_color": SECONDARY, "font_size": 12}
_STYLES: dict[str, dict[str, object]] = {
    "": {},
    "title": {"bold": True, "font_size": 16, "font_color": INK},
    "heading two": {"bold": True, "font_size": 13, "font_color": INK},
    "note": {"font_color": SECONDARY, "align": "left"},
    "wrapped note": {"font_color": SECONDARY, "align": "left", "valign": "top", "text_wrap": True},
    "wrapped reason": {"font_color": SECONDARY, "align": "left", "valign": "top", "text_wrap": True, "indent": 1},
    "finding": {"bold": True, "font_color": INK},
    "heading": {**_HEADING, "align": "right"},
    "text heading": {**_HEADING, "align": "left"},
    "indented heading": {**_HEADING, "align": "left", "indent": 1},
    "text": {"num_format": _TEXT},
    "indented": {"indent": 1},
    "whole": {"num_format": _WHOLE},
    "plain": {"num_format": "0"},
    "left": {"num_format": "0", "align": "left"},
    "decimal": {"num_format": "#,##0.0"},
    "rate": {"num_format": _RATE},
    "points": {"num_format": _POINTS},
    "right": {"align": "right"},
    "support": {"num_format": _POINTS, "font_color": SECONDARY},
    "moved points": {"num_format": '"▲ "+#,##0;"▼ "-#,##0;""', "align": "right"},
    "remark": {"font_color": ORANGE_TEXT, "indent": 1},
    "edited points": {**_EDITED, "num_format": _POINTS, "bold": True},
    "edited score": {**_EDITED, "num_format": "0", "bold": True},
    "edited places": {**_EDITED, "num_format": "#,##0.##", "bold": True},
    "edited text": {**_EDITED, "num_format": _TEXT},
    "changed": {"bg_color": "#FBD9C5"},
    "in use": {"bold": True, "num_format": "0", "font_size": 12},
    "big whole": {**_BIG, "num_format": _WHOLE, "align": "right"},
    "big rate": {**_BIG, "num_format": _RATE, "align": "right"},
    "big pairs": {**_BIG, "num_format": _PAIRS, "align": "right"},
    "big left": {**_BIG, "num_format": "0", "align": "left"},
    "label": {"font_size": 12},
    "then whole": {**_MOVED, "num_format": _WHOLE, "align": "right"},
    "then rate": {**_MOVED, "num_format": _RATE, "align": "right"},
    "then pairs": {**_MOVED, "num_format": _PAIRS, "align": "right"},
    "moved whole": {**_MOVED, "num_format": '"▲ "#,##0.0;"▼ "#,##0.0;"–"', "align": "right"},
    "moved rate": {**_MOVED, "num_format": '"▲ "0.0" pp";"▼ "0.0" pp";"–"', "align": "right"},
    "moved pairs": {**_MOVED, "num_format": '"▲ "0.0;"▼ "0.0;"–"', "align": "right"},
    "sum": {"num_format": _POINTS, "bold": True, "top": 1},
    "sum text": {"bold": True, "top": 1, "indent": 1},
    "result": {**_BIG, "num_format": "0", "align": "left"},
    "result rate": {**_BIG, "num_format": _RATE, "align": "left"},
    "unseen": {"font_color": "#FFFFFF"},
    "never shown": {"num_format": ";;;"},
    "helper": {"font_color": SECONDARY, "font_size": 8},
}


def looks_of(book: Workbook, say: Language) -> Looks:
    """The formats by name; with ` first` at the end, the same under a thin line."""
    line = {"top": 1, "top_color": "#B9BEC6"}
    styles = {name: _said(style, say) for name, style in _STYLES.items()}
    plain = {name: book.add_format(style) for name, style in styles.items()}
    return plain | {f"{name}{FIRST}": book.add_format({**style, **line}) for name, style in styles.items()}


def _said(style: Mapping[str, object], say: Language) -> dict[str, object]:
    """A style with the marks of percent in its number format as the language has them."""
    written = style.get("num_format")
    if not isinstance(written, str):
        return dict(style)
    marked = written.replace("%", percent_format(say, "")).replace(" pp", f" {say('workbook.points_of_percent')}")
    return {**style, "num_format": marked}


def bars() -> dict[str, object]:
    """Bars in cells, from 0, pale enough to read the number on them."""
    return {"type": "data_bar", "bar_color": PALE, "bar_solid": True, "min_type": "num", "min_value": 0}


def guarded(sheet: Worksheet) -> None:
    """Let only yellow cells be changed, without a password; widths and heights are anybody's."""
    sheet.hide_gridlines(2)
    sheet.protect("", {"format_columns": True, "format_rows": True})
