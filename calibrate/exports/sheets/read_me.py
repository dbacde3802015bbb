"""What the first sheet says: how leads are pasted, and what each column takes."""

from __future__ import annotations

from collections.abc import Iterator

from calibrate.document.lead_score import used
from calibrate.document.rules import Condition, Has, In, Range, Rules
from calibrate.exports.sheets.lead_columns import Sheets
from calibrate.exports.sheets.scale_tables import separators

Row = tuple[str, tuple[str, ...]]
"""The style of a row, and its cells from left to right."""
_TAKES = {
    "category": "a text exactly as in sheet Rules: capitals, spaces and accents count",
    "text": "a text exactly as in sheet Rules: capitals, spaces and accents count",
    "number": "a number, not a text that looks like one",
    "boolean": "TRUE or FALSE; 1 and 0 mean the same",
}


def read_me(sheets: Sheets, rows: int, printed: int) -> Iterator[Row]:
    """The rows of the sheet. rows: with formulas, on sheet Leads.  printed: the leads of them on paper."""
    rules = sheets.rules
    yield "title", (rules.title or rules.id,)
    yield "note", (f"Rules {rules.id}, version {rules.version}{_history(rules)}",)
    yield "", ()
    yield "heading", ("Scoring leads",)
    steps = (
        "Paste your leads into sheet Leads, below the header, a row a lead, as values only (Paste Special, Values). "
        "A column that you do not have stays empty.",
        "Columns with a blue header may change places, to stand as in your file: cut one and choose Insert Cut Cells "
        "where it belongs, before Score.",
        "Column Lead is for a name or a number. Nothing is computed from it, but a row with nothing else in it is "
        "scored too; a row that is empty throughout is not.",
        f"Score, band and the points of every rule appear beside each lead, in the first {rows:,} rows. For more "
        "leads, mark the last of these rows from Score to the right and drag its corner down.",
        'An empty cell is a missing value and gets the points of the line "missing".',
        "#N/A means that a cell of the row does not hold what its column takes; the cell is red. Correct or empty it.",
        'A text in brown italics stands in no line of its column in sheet Rules and gets the points of "other": see '
        "whether it is spelt as there. Cells with several values are not marked.",
        "The points in sheet Rules and the numbers in sheet Bands are yours to change: the formulas read them. Sheet "
        "Check then shows which worked leads score otherwise than the rules file says.",
        "Of sheet Rules, formulas read the columns Is or holds, From and Points; the rest is there to be read.",
        "Numbers are compared by their first 15 digits, as spreadsheets do.",
        f"The first {printed} leads are printed. For more, or fewer, mark them and set the print area (Page Layout, "
        "Print Area; in LibreOffice Format, Print Ranges).",
    )
    yield from (("wrapped", (text,)) for text in steps)
    yield "", ()
    yield "heading", ("Column", "Takes", "For example")
    for name in used(rules):
        yield "wrapped", (sheets.fields[name], _takes(rules, name), _example(rules, name))
    yield "", ()
    yield "heading", ("How a lead is scored",)
    order = (
        "Gates come first: the first that is true gives its score and band, and no points count.",
        'Each rule gives the points of its first line that is true; "missing" for an empty cell, "other" for any other '
        "value.",
        "The points of a group are added up and kept within its bounds, the sums are added to where the score starts, "
        "and the score is kept within its bounds.",
        "The band is the first that starts at the score or below.",
    )
    yield from (("wrapped", (text,)) for text in order)


def _history(rules: Rules) -> str:
    base = rules.baseline
    if base is None:
        return ""
    return f"; from {base.leads:,} past leads, {base.conversions:,} of them won ({100 * base.rate:.1f} %)"


def _takes(rules: Rules, name: str) -> str:
    if (separator := separators(rules).get(name)) is None:
        return _TAKES[rules.attributes[name].type]
    return (
        f'texts as in sheet Rules with "{separator}" between them; "{separator}" alone is none of them, yet not missing'
    )


def _example(rules: Rules, name: str) -> str:
    conditions = [case.when for rule in rules.rules if rule.attr == name for case in rule.cases]
    conditions += [gate.when.condition for gate in rules.gates if gate.when.attr == name]
    if name in separators(rules):
        members = [item.has for item in conditions if isinstance(item, Has)]
        return separators(rules)[name].join(members[:2])
    return next(map(_text, conditions), "")


def _text(condition: Condition) -> str:
    match condition:
        case In(in_=texts):
            return texts[0]
        case Range(ge=ge, lt=lt):
            return f"{lt - 1 if ge is None and lt is not None else ge:g}"
    return "TRUE"
