"""Leads put into the workbook as a user would: values into the columns left of Score, formulas dragged down."""

import json

import openpyxl
from openpyxl.formula.translate import Translator
from openpyxl.utils import get_column_letter

FAR = 1_000_001


def filled(folder, path):
    """Write the workbook of the folder with its leads to path; the leads, and the columns of score and band."""
    book = openpyxl.load_workbook(folder / "rules.xlsx")
    sheet = book["Leads"]
    headers = [cell.value for cell in sheet[1]]
    score = headers.index("Score") + 1
    formulas = {}
    for column in range(score, len(headers) + 1):
        origin = f"{get_column_letter(column)}2"
        moved = Translator(sheet[origin].value, origin).translate_formula(f"{get_column_letter(column)}{FAR}")
        formulas[column] = moved.split(str(FAR))
    sheet.delete_rows(2, sheet.max_row)
    lines = [line for line in (folder / "leads.jsonl").read_text("utf-8").split("\n") if line]
    for row, line in enumerate(lines, start=2):
        lead = json.loads(line)
        sheet.cell(row, 1, row - 1)
        for column in range(2, score):
            value = lead.get(headers[column - 1])
            cell = sheet.cell(row, column, value)
            if isinstance(value, str):
                cell.data_type = "s"  # else openpyxl takes "=1+1" for a formula
        for column, parts in formulas.items():
            sheet.cell(row, column, str(row).join(parts))
    book.save(path)
    return len(lines), score, score + 1
