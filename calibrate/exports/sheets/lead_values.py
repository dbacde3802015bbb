"""What the columns of a worked lead hold, formulas included, as our own scoring has it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from calibrate.document.lead_score import Value, bounded, holds, outcome, outcome_of, read_value, score_lead, used
from calibrate.document.rules import Rules, WorkedLead
from calibrate.document.worked import worked_leads
from calibrate.exports.sheets.cells import Plain, number_fault, text_fault
from calibrate.exports.sheets.lead_columns import Sheets
from calibrate.exports.sheets.scale_tables import separators

Lead = dict[str, Value | None]


def checked_leads(rules: Rules, most: int) -> tuple[WorkedLead, ...]:
    """The worked leads of the document, or those it calls for, that cells can hold; the first `most` of them."""
    found = [item for item in rules.tests or worked_leads(rules) if _fits(rules, _read(rules, item))]
    return tuple(found[:most])


def row_values(sheets: Sheets, worked: WorkedLead, number: int) -> tuple[Plain, ...]:
    """What stands in each column of sheet Check, from left to right."""
    rules = sheets.rules
    lead = _read(rules, worked)
    between = separators(rules)
    scored = score_lead(rules, worked.lead, reasons=0)
    points = {rule.id: outcome(rules, rule, outcome_of(rule, lead[rule.attr]))[0] for rule in rules.rules}
    inputs = [_written(value, between.get(name, "")) for name, value in lead.items()]
    given = [(lead[gate.when.attr], gate.when.condition) for gate in rules.gates]
    gates = [int(value is not None and holds(condition, value)) for value, condition in given]
    totals = [bounded(sum(points[rule.id] for rule in part.rules), part.low, part.high) for part in sheets.parts]
    of_rules = [points[rule.id] for part in sheets.parts for rule in part.rules]
    sets = [_tidy(lead[name], separator) for name, separator in between.items()]
    result = (scored.score, scored.band or "", worked.score, scored.band, "yes")
    filled = 1 + sum(value is not None for value in inputs)
    return (number, *inputs, *result, *gates, *totals, *of_rules, *sets, filled)


def _read(rules: Rules, worked: WorkedLead) -> Lead:
    return {name: read_value(rules.attributes[name], worked.lead.get(name), partial(str, name)) for name in used(rules)}


def _fits(rules: Rules, lead: Lead) -> bool:
    between = separators(rules)

    def fits(name: str, value: Value | None) -> bool:
        if isinstance(value, frozenset):
            texts: Sequence[str] = [*value, str(_written(value, between[name])) + 2 * between[name]]
            return all(text.strip() == text and between[name] not in text for text in value) and not any(
                map(text_fault, texts)
            )
        if isinstance(value, str):
            return text_fault(value) is None
        return not isinstance(value, float) or number_fault(value) is None

    return all(fits(name, value) for name, value in lead.items())


def _written(value: Value | None, separator: str) -> Plain:
    """A value as it is put in a cell; an empty set is a separator alone."""
    if isinstance(value, frozenset):
        return separator.join(sorted(value)) or separator
    return value


def _tidy(value: Value | None, separator: str) -> str:
    return "" if value is None else f"{separator}{_written(value, separator)}{separator}"
