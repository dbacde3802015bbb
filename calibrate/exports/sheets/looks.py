"""How the sheets look: formats, widths, and what a printer does with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xlsxwriter import Workbook  # type: ignore[import-untyped] # it comes without types
from xlsxwriter.format import Format  # type: ignore[import-untyped] # likewise
from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped] # likewise

from calibrate.exports.sheets.cells import Formula, Plain

Styles = Mapping[str, Format]
_A4, _PAGE, _HEADER_HEIGHT = 9, 170.0, 46.0
_TRUTH = '"TRUE";;"FALSE"'  # LibreOffice would show 1 and 0
_TEXT = 49  # the format @ that comes with every spreadsheet
_HEADING = {"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"}
_EDITED = {"font_color": "#1F4E9E", "bg_color": "#FFF9E0"}
_STYLES: dict[str, dict[str, object]] = {
    "": {},
    "indented": {"indent": 1},
    "title": {"bold": True, "font_size": 14},
    "note": {"font_color": "#595959", "align": "left"},
    "heading": {**_HEADING, "bg_color": "#EDEDED"},
    "input heading": {**_HEADING, "bg_color": "#DCE9F5"},
    "wrapped": {"text_wrap": True, "valign": "top"},
    "lead": {"align": "left"},
    "centred": {"align": "center"},
    "text": {"num_format": _TEXT, "indent": 1},
    "truth": {"num_format": _TRUTH, "align": "center"},
    "score": {"bold": True, "num_format": "0"},
    "points": {"num_format": "+0;-0;0"},
    "number": {"num_format": "General"},
    "edited points": {"num_format": "+0;-0;0", **_EDITED},
    "edited number": {"num_format": "General", **_EDITED},
    "edited truth": {"num_format": _TRUTH, "align": "left", **_EDITED},
    "edited text": {"num_format": _TEXT, **_EDITED},
    "indented edited text": {"num_format": _TEXT, "indent": 1, **_EDITED},
    "rate": {"num_format": "0.0%"},
    "lift": {"num_format": "+0.0;-0.0;0.0"},
    "first": {"top": 4, "top_color": "#A6A6A6"},
    "filled": {"font_color": "#595959", "num_format": "0;;"},
    "unnamed": {"font_color": "#9C5700", "italic": True},
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


def new_sheet(book: Workbook, name: str, widths: Sequence[float], header: int | None = None) -> Worksheet:
    """An empty sheet that prints on A4 across, on as few pages beside each other as can be read.

    widths: of its columns, in characters.  header: the row that stays in sight, as column A does, and is printed on
    every page.
    """
    sheet: Worksheet = book.add_worksheet(name, Sheet)
    for place, width in enumerate(widths):
        sheet.set_column(place, place, width)
    sheet.set_landscape()
    sheet.set_paper(_A4)
    sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
    sheet.fit_to_pages(max(1, round(sum(widths) / _PAGE)), 0)
    sheet.set_footer("&L&A&R&P / &N")
    if header is not None:
        sheet.freeze_panes(header, 1)
        sheet.repeat_rows(header - 1)
        sheet.repeat_columns(0)
        sheet.set_row(header - 1, _HEADER_HEIGHT)
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


def width_of(header: str, texts: bool) -> float:
    """A width at which a header of a few words needs three lines at most, and most texts have room."""
    return min(30.0, max(18.0 if texts else 10.0, len(header) / 2 + 3))
