"""How the sheets look: formats, widths, and what a printer does with them."""

from __future__ import annotations

from collections.abc import Mapping

from xlsxwriter import Workbook  # type: ignore[import-untyped] # it comes without types
from xlsxwriter.format import Format  # type: ignore[import-untyped] # likewise
from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped] # likewise

from calibrate.exports.sheets.cells import Formula, Plain

Styles = Mapping[str, Format]
_A4 = 9
_HEADING = {"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"}
_EDITED = {"font_color": "#1F4E9E", "bg_color": "#FFF9E0"}
_STYLES: dict[str, dict[str, object]] = {
    "": {},
    "title": {"bold": True, "font_size": 14},
    "note": {"font_color": "#595959"},
    "heading": {**_HEADING, "bg_color": "#EDEDED"},
    "input heading": {**_HEADING, "bg_color": "#DCE9F5"},
    "wrapped": {"text_wrap": True, "valign": "top"},
    "text": {"num_format": "@"},
    "score": {"bold": True, "num_format": "0"},
    "points": {"num_format": "+0;-0;0"},
    "number": {"num_format": "General"},
    "edited points": {"num_format": "+0;-0;0", **_EDITED},
    "edited number": {"num_format": "General", **_EDITED},
    "edited text": {"num_format": "@", **_EDITED},
    "rate": {"num_format": "0.0%"},
    "lift": {"num_format": "+0.0;-0.0;0.0"},
    "red": {"bg_color": "#F8CFCB", "font_color": "#8C1D18"},
}


class Sheet(Worksheet):  # type: ignore[misc] # the library has no types
    """A sheet that writes formulas as they are given.

    Looking through each for functions newer than 2010, of which there are none, takes six sevenths of the time.
    """

    def _prepare_formula(self, formula: str, expand_future_functions: bool = False) -> str:  # noqa: ARG002
        return formula.removeprefix("=")


def styles(book: Workbook) -> Styles:
    """The formats by name."""
    return {name: book.add_format(style) for name, style in _STYLES.items()}


def new_sheet(book: Workbook, name: str, header: int | None = None, left: int = 0) -> Worksheet:
    """An empty sheet that prints on A4 across. header: the row that stays in sight and is printed on every page."""
    sheet: Worksheet = book.add_worksheet(name, Sheet)
    sheet.set_landscape()
    sheet.set_paper(_A4)
    sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
    sheet.fit_to_pages(1, 0)
    sheet.set_footer("&L&A&R&P / &N")
    if header is not None:
        sheet.freeze_panes(header, left)
        sheet.repeat_rows(header - 1)
    return sheet


def put(sheet: Worksheet, row: int, column: int, value: Plain | Formula, style: Format | None = None) -> None:
    """Write a value into a cell, rows counted from 1; a text stays a text, whatever it begins with."""
    match value:
        case Formula(text=text, value=shown):
            sheet.write_formula(row - 1, column, text, style, "" if shown is None else shown)
        case None | "":
            sheet.write_blank(row - 1, column, None, style)
        case bool():
            sheet.write_boolean(row - 1, column, value, style)
        case str():
            sheet.write_string(row - 1, column, value, style)
        case _:
            sheet.write_number(row - 1, column, value, style)


def width_of(text: str) -> float:
    """A width at which a header needs three lines at most."""
    return min(30.0, max(9.0, len(text) / 2 + 3))
