"""An Excel workbook with live formulas: paste leads, see score, band and the points of every rule.

What stands in which cell is in exports/sheets/.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from calibrate.document.lead_score import used
from calibrate.document.lint import path_to
from calibrate.document.rules import Has, In, Range, Rules
from calibrate.errors import shown
from calibrate.exports.naming import fields, inputs_of, named
from calibrate.exports.sheets.cells import MOST_COLUMNS, MOST_ROWS, number_fault, readable, text_fault
from calibrate.exports.sheets.formulas import CHAIN
from calibrate.exports.sheets.lead_columns import RESULTS, Sheets
from calibrate.exports.sheets.rule_lines import rule_lines
from calibrate.exports.sheets.scale_tables import separators
from calibrate.exports.sheets.workbook import workbook
from calibrate.exports.target import Export, ExportError, Loss, Options, Target

FILE = "rules.xlsx"
_LONGEST_HEADER = 255


def export(rules: Rules, options: Options) -> Export:
    """The document as a workbook."""
    faults = list(_faults(rules))
    found: dict[str, str] = {}
    try:
        found = fields(rules, options, "xlsx", clean=_clean, allowed=_allowed, taken=RESULTS)
    except ExportError as error:
        faults = [*error.faults, *faults]
    if faults:
        raise ExportError(faults)
    between = separators(rules)
    inputs = tuple(
        replace(item, separator=between.get(item.attribute)) for item in inputs_of(rules, found, "delimited")
    )
    why = "the workbook gives a score and a band"
    return Export(
        files={FILE: workbook(Sheets.of(rules, found))},
        inputs=inputs,
        losses=(
            Loss(
                "reasons", "approximated", "a column shows the points of every rule, instead of the strongest in words"
            ),
            Loss("percentile", "refused", f"{why}; look it up by score in rules.json"),
            Loss("probability", "refused", f"{why}; look it up by score in rules.json"),
        ),
        notes=(
            "Paste leads into sheet Leads as values; sheet Read me says what each column takes.",
            "Numbers are compared by their first 15 digits, as spreadsheets do.",
            *_array_note(rules),
            *named(found),
        ),
    )


TARGET = Target(
    name="xlsx",
    writes="an Excel workbook that scores pasted leads with formulas",
    proof="calculated by LibreOffice, and by formualizer where no rule or gate names more than 40 texts; Excel itself "
    "was not run",
    export=export,
)


def _array_note(rules: Rules) -> tuple[str, ...]:
    """What to know where a rule or gate has more lines than a chain of IF."""
    lines = rule_lines(rules)
    text_rules = [rules.attributes[rule.attr].type != "number" for rule in rules.rules]
    blocks = [*lines.gates, *(block for block, kept in zip(lines.rules, text_rules, strict=True) if kept)]
    most = max((len(block.rows) for block in blocks), default=0)
    if most <= CHAIN:
        return ()
    return (
        f"A rule or gate names {most:,} texts; more than {CHAIN} take a program that computes arrays, as Excel and "
        "LibreOffice do. One that does not, such as formualizer, shows #N/A for its scores.",
    )


def _clean(name: str) -> str:
    return readable(name) or "_"


def _allowed(field: str) -> bool:
    return 0 < len(field) <= _LONGEST_HEADER and text_fault(field) is None


def _faults(rules: Rules) -> Iterator[str]:
    """What the workbook cannot say, names of columns apart."""
    for place, text in _texts(rules):
        if fault := text_fault(text):
            yield f"xlsx: {place}: {fault}"
    for number, rule in enumerate(rules.rules):
        for item, case in enumerate(rule.cases):
            where = f"xlsx: rules[{number}].cases[{item}].when"
            if isinstance(case.when, Has):
                yield from (
                    f"{where}.has: {fault}" for fault in _member_faults(case.when.has, separators(rules)[rule.attr])
                )
            elif isinstance(case.when, Range):
                for key, edge in (("ge", case.when.ge), ("lt", case.when.lt)):
                    if edge is not None and (unsaid := number_fault(edge)):
                        yield f"{where}.{key}: {unsaid}"
    for name, separator in separators(rules).items():
        if fault := _separator_fault(separator):
            yield f"xlsx: {path_to('attributes', name)}.separator: {fault}"
    yield from (f"xlsx: {fault}" for fault in _size_faults(rules))


def _texts(rules: Rules) -> Iterator[tuple[str, str]]:
    """Every text that a formula reads, with its place."""
    for place, rule in enumerate(rules.rules):
        for number, case in enumerate(rule.cases):
            if isinstance(case.when, In):
                where = f"rules[{place}].cases[{number}].when.in"
                yield from ((f"{where}[{item}]", text) for item, text in enumerate(case.when.in_))
    for place, gate in enumerate(rules.gates):
        yield from ((f"gates[{place}].when.in[{item}]", text) for item, text in enumerate(gate.when.in_ or ()))
        yield f"gates[{place}].then.band", gate.then.band or ""
    yield from ((f"bands[{place}].name", band.name) for place, band in enumerate(rules.bands))


def _member_faults(text: str, separator: str) -> Iterator[str]:
    if separator in text:
        yield f"found {shown(text)}, expected a text without the separator {shown(separator)}; choose another separator"
    elif text.strip() != text:
        yield f"found {shown(text)}, expected no space at its ends, which does not count in a set; remove it"
    elif "\t" in text and "\n" in text:
        yield f"found {shown(text)}, expected no tab beside a new line, which LibreOffice reads otherwise; clean it"
    elif fault := text_fault(text + 2 * separator):
        yield fault


def _separator_fault(separator: str) -> str | None:
    """Why the values of a set cannot be told apart by searching for them between separators."""
    if not separator.strip(" "):
        return f"found {shown(separator)}, expected more than spaces, which do not count beside a value; choose another"
    if separator != separator.strip(" "):
        kept = separator.strip(" ")
        return f"found {shown(separator)}, expected no space at its ends, for none counts there; write {shown(kept)}"
    if any(separator.startswith(separator[place:]) for place in range(1, len(separator))):
        return f"found {shown(separator)}, expected one that does not end as it begins; choose another"
    return text_fault(separator)


def _size_faults(rules: Rules) -> Iterator[str]:
    columns = 9 + 2 * len(used(rules)) + len(rules.gates) + len(rules.groups) + len(rules.rules)
    if columns > MOST_COLUMNS:
        found = f"{columns:,} columns for {len(rules.rules):,} rules"
        yield f"rules: found {found}, expected at most {MOST_COLUMNS:,}; use fewer"
    rows = sum(len(case.when.in_) if isinstance(case.when, In) else 2 for rule in rules.rules for case in rule.cases)
    rows += 4 * len(rules.rules) + sum(len(gate.when.in_ or "1") for gate in rules.gates)
    if rows > MOST_ROWS - 10:
        yield f"rules: found {rows:,} lines of texts and ranges, expected at most {MOST_ROWS - 10:,}; use fewer"
