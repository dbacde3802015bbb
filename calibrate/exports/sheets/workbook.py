"""The workbook: Read me, Leads, Rules, Bands, Check. The same bytes for the same rules."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from io import BytesIO

from xlsxwriter import Workbook  # type: ignore[import-untyped] # it comes without types
from xlsxwriter.format import Format  # type: ignore[import-untyped] # likewise
from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped] # likewise

from calibrate.exports.sheets import rule_lines, scale_tables
from calibrate.exports.sheets.cells import Formula, Plain, readable
from calibrate.exports.sheets.lead_columns import Column, Sheets, lead_columns
from calibrate.exports.sheets.lead_values import checked_leads, row_values
from calibrate.exports.sheets.looks import Styles, new_sheet, put, styles, width_of
from calibrate.exports.sheets.read_me import read_me
from calibrate.exports.sheets.rule_lines import POINTS, Line

_ROWS, _FORMULAS, _FEWEST, _PRINTED = 1_000, 30_000, 50, 40
_WRITTEN = datetime(2000, 1, 1)
_OF_LOOK: dict[str, str] = {
    "lead": "lead", "text": "text", "set": "text", "boolean": "truth", "score": "score", "band": "indented",
    "stated": "note", "agrees": "indented", "gate": "centred", "points": "points", "tidy": "note",
    "filled": "filled",
}  # fmt: skip
_TEXTS = ("text", "set")
_CHECK = "Worked leads of the rules: the score by formula against the score that the rules file states."
_RULES: tuple[tuple[str, float, str], ...] = (
    ("Rule", 24, ""), ("Column", 20, ""), ("Case", 26, ""), ("Is or holds", 26, "edited text"),
    ("From", 9, "edited number"), ("To under", 9, ""), ("Points", 8, "edited points"), ("Group", 16, "indented"),
    ("Leads", 8, ""), ("Conversions", 12, ""), ("Rate", 8, "rate"), ("Lift, % points", 9, "lift"),
    ("Strength", 10, "indented"), ("Note", 30, ""),
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
    _write_read_me(new_sheet(book, "Read me", (30, 80, 40)), looks, sheets, rows)
    leads = new_sheet(book, "Leads", _widths(columns), 1)
    _write_header(leads, looks, columns, 1)
    _write_leads(leads, looks, columns, 2, [()] * rows)
    leads.autofilter(0, 0, rows, len(columns) - 1)
    leads.print_area(0, 0, _PRINTED, len(columns) - 1)
    _write_rules(new_sheet(book, rule_lines.SHEET, [item[1] for item in _RULES], rule_lines.FIRST - 1), looks, sheets)
    _write_scale(new_sheet(book, scale_tables.SHEET, (30, 16, 30, 22, 16)), looks, sheets)
    _write_check(book, looks, sheets, rows)
    book.close()
    return file.getvalue()


def rows_for(columns: Sequence[Column]) -> int:
    """The leads that have formulas from the start: 1,000, fewer where many rules would make the file slow."""
    return max(_FEWEST, min(_ROWS, _FORMULAS // sum(column.formula is not None for column in columns)))


def _write_read_me(sheet: Worksheet, looks: Styles, sheets: Sheets, rows: int) -> None:
    for row, (style, texts) in enumerate(read_me(sheets, rows, _PRINTED), start=1):
        for place, text in enumerate(texts):
            put(sheet, row, place, readable(text), looks["" if len(texts) == 1 and style == "wrapped" else style])


def _write_header(sheet: Worksheet, looks: Styles, columns: Sequence[Column], row: int) -> None:
    for place, column in enumerate(columns):
        put(sheet, row, place, column.header, looks["heading" if column.formula else "input heading"])
    for place, width in enumerate(_widths(columns)):
        sheet.set_column(place, place, width, _look(looks, columns[place]))


def _widths(columns: Sequence[Column]) -> list[float]:
    return [width_of(column.header, column.look in _TEXTS) for column in columns]


def _look(looks: Styles, column: Column) -> Format:
    return looks[_OF_LOOK.get(column.look, "")]


def _write_leads(
    sheet: Worksheet, looks: Styles, columns: Sequence[Column], first: int, leads: Sequence[Sequence[Plain]]
) -> None:
    """Rows of leads; one without values has formulas that show nothing."""
    last = first + len(leads) - 1
    for row, lead in enumerate(leads, start=first):
        for place, column in enumerate(columns):
            value = lead[place] if lead else ""
            if column.formula is not None:
                formula = Formula("=" + column.formula.replace("#", str(row)), value)
                put(sheet, row, place, formula, _look(looks, column))
            elif lead:
                put(sheet, row, place, value, _look(looks, column))
    for column in columns:
        if column.wrong is not None:
            wrong = {"type": "formula", "criteria": "=" + column.wrong.replace("#", str(first)), "format": looks["red"]}
            sheet.conditional_format(f"{column.letters}{first}:{column.letters}{last}", wrong)
        if column.unnamed is not None:
            test = "=" + column.unnamed.replace("#", str(first))
            unnamed = {"type": "formula", "criteria": test, "format": looks["unnamed"]}
            sheet.conditional_format(f"{column.letters}{first}:{column.letters}{last}", unnamed)
    texts = [f"{column.letters}{first}:{column.letters}{last}" for column in columns if column.look in _TEXTS]
    if texts:
        sheet.ignore_errors({"number_stored_as_text": " ".join(texts)})


def _write_rules(sheet: Worksheet, looks: Styles, sheets: Sheets) -> None:
    put(sheet, 1, 0, "Rules", looks["title"])
    put(sheet, 2, 0, "Blue on yellow is read by the formulas and yours to change.", looks["note"])
    for place, (header, _, _) in enumerate(_RULES):
        put(sheet, rule_lines.FIRST - 1, place, header, looks["heading"])
    for row, line in enumerate(sheets.lines.lines, start=rule_lines.FIRST):
        for place, value in enumerate(_line_cells(line, sheets, row)):
            style = "edited truth" if isinstance(value, bool) else _RULES[place][2]
            plain = value is None or (isinstance(value, Formula) and style == "edited points")
            put(sheet, row, place, value, looks[style.removeprefix("edited ") if plain else style])
    first, last = rule_lines.FIRST, rule_lines.FIRST + len(sheets.lines.lines)
    another = {"type": "formula", "criteria": f"=$A{first}<>$A{first - 1}", "format": looks["first"]}
    sheet.conditional_format(f"A{first}:N{last}", another)


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
    for table in sheets.scale.tables:
        put(sheet, table.first - 2, 0, table.title, looks["note"])
        for place, header in enumerate(table.header):
            put(sheet, table.first - 1, place, header, looks["heading"])
        for row, cells in enumerate(table.rows, start=table.first):
            for place, value in enumerate(cells):
                put(sheet, row, place, value, looks["" if isinstance(value, Formula) else table.looks[place]])


def _write_check(book: Workbook, looks: Styles, sheets: Sheets, most: int) -> None:
    leads = checked_leads(sheets.rules, most)
    columns = lead_columns(sheets, checked=True)
    sheet = new_sheet(book, "Check", _widths(columns), 3)
    _write_header(sheet, looks, columns, 3)
    put(sheet, 2, 1, _CHECK, looks["note"])  # column A is printed on every page
    if not leads:
        put(sheet, 1, 1, "No worked leads", looks["title"])
        return
    agrees = next(column.letters for column in columns if column.look == "agrees")
    last = 3 + len(leads)
    right = f'SUMPRODUCT(--({agrees}4:{agrees}{last}="yes"))'
    text = f'=IF({right}={len(leads)},"All {len(leads)} agree",{len(leads)}-{right}&" of {len(leads)} differ")'
    put(sheet, 1, 1, Formula(text, f"All {len(leads)} agree"), looks["title"])
    values = [row_values(sheets, item, number) for number, item in enumerate(leads, start=1)]
    _write_leads(sheet, looks, columns, 4, values)
    wrong = {"type": "formula", "criteria": f'=${agrees}4="no"', "format": looks["red"]}
    sheet.conditional_format(f"{agrees}4:{agrees}{last}", wrong)
