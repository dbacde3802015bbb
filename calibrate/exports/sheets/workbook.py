"""The workbook: Read me, Leads, Rules, Bands, Check. The same bytes for the same rules."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from io import BytesIO

from xlsxwriter import Workbook  # type: ignore[import-untyped] # it comes without types
from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped] # likewise

from calibrate.exports.sheets import rule_lines, scale_tables
from calibrate.exports.sheets.cells import Formula, Plain, readable
from calibrate.exports.sheets.lead_columns import Column, Sheets, lead_columns
from calibrate.exports.sheets.lead_values import checked_leads, row_values
from calibrate.exports.sheets.looks import Styles, new_sheet, put, styles, width_of
from calibrate.exports.sheets.read_me import read_me
from calibrate.exports.sheets.rule_lines import POINTS, Line

_ROWS, _FORMULAS, _FEWEST = 1_000, 30_000, 50
_WRITTEN = datetime(2000, 1, 1)
_OF_LOOK = {"text": "text", "set": "text", "score": "score", "points": "points", "stated": "note", "tidy": "note"}
_RULES: tuple[tuple[str, float, str], ...] = (
    ("Rule", 24, ""), ("Column", 20, ""), ("Case", 26, ""), ("Is or holds", 26, "edited text"),
    ("From", 9, "edited number"), ("To under", 9, ""), ("Points", 8, "edited points"), ("Group", 16, ""),
    ("Leads", 8, ""), ("Conversions", 12, ""), ("Rate", 8, "rate"), ("Lift, % points", 9, "lift"),
    ("Strength", 9, ""), ("Note", 30, ""),
)  # fmt: skip


def workbook(sheets: Sheets) -> bytes:
    """The file."""
    file = BytesIO()
    book = Workbook(file, {"in_memory": True})
    title = readable(sheets.rules.title or sheets.rules.id)[:200]
    book.set_properties({"title": title, "created": _WRITTEN})
    looks = styles(book)
    columns = lead_columns(sheets)
    rows = rows_for(columns)
    _write_read_me(new_sheet(book, "Read me"), looks, sheets, rows)
    leads = new_sheet(book, "Leads", 1, 1)
    _write_header(leads, looks, columns, 1)
    _write_leads(leads, looks, columns, 2, [()] * rows)
    leads.autofilter(0, 0, rows, len(columns) - 1)
    _write_rules(new_sheet(book, rule_lines.SHEET, rule_lines.FIRST - 1, 1), looks, sheets)
    _write_scale(new_sheet(book, scale_tables.SHEET), looks, sheets)
    _write_check(new_sheet(book, "Check", 3, 1), looks, sheets, rows)
    book.close()
    return file.getvalue()


def rows_for(columns: Sequence[Column]) -> int:
    """The leads that have formulas from the start: 1,000, fewer where many rules would make the file slow."""
    return max(_FEWEST, min(_ROWS, _FORMULAS // sum(column.formula is not None for column in columns)))


def _write_read_me(sheet: Worksheet, looks: Styles, sheets: Sheets, rows: int) -> None:
    for place, width in enumerate((30, 60, 40)):
        sheet.set_column(place, place, width)
    for row, (style, texts) in enumerate(read_me(sheets, rows), start=1):
        for place, text in enumerate(texts):
            put(sheet, row, place, readable(text), looks["" if len(texts) == 1 and style == "wrapped" else style])


def _write_header(sheet: Worksheet, looks: Styles, columns: Sequence[Column], row: int) -> None:
    for place, column in enumerate(columns):
        put(sheet, row, place, column.header, looks["heading" if column.formula else "input heading"])
        look = looks[_OF_LOOK.get(column.look, "")]
        sheet.set_column(place, place, width_of(column.header), look)


def _write_leads(
    sheet: Worksheet, looks: Styles, columns: Sequence[Column], first: int, leads: Sequence[Sequence[Plain]]
) -> None:
    """Rows of leads; one without values has formulas that show nothing."""
    last = first + len(leads) - 1
    for row, lead in enumerate(leads, start=first):
        for place, column in enumerate(columns):
            value = lead[place] if lead else ""
            look = looks[_OF_LOOK.get(column.look, "")]
            if column.formula is not None:
                put(sheet, row, place, Formula("=" + column.formula.replace("#", str(row)), value), look)
            elif lead:
                put(sheet, row, place, value, look)
    for column in columns:
        cells = f"{column.letters}{first}:{column.letters}{last}"
        if column.look in ("text", "set"):
            sheet.ignore_errors({"number_stored_as_text": cells})
        if column.wrong is not None:
            wrong = "=" + column.wrong.replace("#", str(first))
            sheet.conditional_format(cells, {"type": "formula", "criteria": wrong, "format": looks["red"]})


def _write_rules(sheet: Worksheet, looks: Styles, sheets: Sheets) -> None:
    put(sheet, 1, 0, "Rules", looks["title"])
    put(sheet, 2, 0, "Blue on yellow is read by the formulas and yours to change.", looks["note"])
    for place, (header, width, _) in enumerate(_RULES):
        put(sheet, rule_lines.FIRST - 1, place, header, looks["heading"])
        sheet.set_column(place, place, width)
    for row, line in enumerate(sheets.lines.lines, start=rule_lines.FIRST):
        for place, value in enumerate(_line_cells(line, sheets, row)):
            style = _RULES[place][2]
            plain = value is None or (isinstance(value, Formula) and style == "edited points")
            put(sheet, row, place, value, looks[style.removeprefix("edited ") if plain else style])


def _line_cells(line: Line, sheets: Sheets, row: int) -> tuple[Plain | Formula, ...]:
    points: Plain | Formula = line.points
    if line.same is not None:
        points = Formula(f"={POINTS}{line.same}", line.points)
    end = None if line.end is None else Formula(f"={rule_lines.FROM}{row + 1}", line.end)
    known = line.evidence
    evidence: tuple[Plain, ...] = (None,) * 6
    if known is not None:
        evidence = (known.leads, known.conversions, known.rate, known.lift, known.strength, readable(known.note))
    about = (readable(line.rule), sheets.fields[line.attribute], readable(line.case))
    return (*about, line.value, line.start, end, points, readable(line.group), *evidence)


def _write_scale(sheet: Worksheet, looks: Styles, sheets: Sheets) -> None:
    put(sheet, 1, 0, "Bands", looks["title"])
    for place, width in enumerate((30, 16, 30, 22, 16)):
        sheet.set_column(place, place, width)
    for table in sheets.scale.tables:
        put(sheet, table.first - 2, 0, table.title, looks["note"])
        for place, header in enumerate(table.header):
            put(sheet, table.first - 1, place, header, looks["heading"])
        for row, cells in enumerate(table.rows, start=table.first):
            for place, value in enumerate(cells):
                put(sheet, row, place, value, looks["" if isinstance(value, Formula) else table.looks[place]])


def _write_check(sheet: Worksheet, looks: Styles, sheets: Sheets, most: int) -> None:
    leads = checked_leads(sheets.rules, most)
    columns = lead_columns(sheets, checked=True)
    _write_header(sheet, looks, columns, 3)
    agrees = next(column.letters for column in columns if column.look == "agrees")
    last = 3 + len(leads)
    right = f"SUMPRODUCT(--({agrees}4:{agrees}{last}=TRUE))"
    text = f'=IF({right}={len(leads)},"All {len(leads)} agree",{len(leads)}-{right}&" of {len(leads)} differ")'
    put(sheet, 1, 0, Formula(text, f"All {len(leads)} agree") if leads else "No worked leads", looks["title"])
    put(
        sheet,
        2,
        0,
        "Worked leads of the rules: the score by formula against the score that the rules file states.",
        looks["note"],
    )
    values = [row_values(sheets, item, number) for number, item in enumerate(leads, start=1)]
    _write_leads(sheet, looks, columns, 4, values)
    sheet.conditional_format(
        f"{agrees}4:{agrees}{last}", {"type": "cell", "criteria": "==", "value": "FALSE", "format": looks["red"]}
    )
