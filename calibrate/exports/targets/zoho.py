"""Zoho CRM: a body for its Scoring Rules API, version 8, and a build sheet.

A scoring rule of Zoho adds the points of every criterion that holds; what Zoho's criteria are is in `_condition`.
Zoho refuses a criterion that stands in a scoring rule twice, so points of equal criteria are added up here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from calibrate.document.rules import Is, Rules
from calibrate.exports.naming import fields, identifier, inputs_of, named
from calibrate.exports.products.build_sheet import (
    band_lines,
    criteria_table,
    gate_lines,
    number_text,
    sheet,
    signed,
    value_teller,
    worked_table,
)
from calibrate.exports.products.criteria import (
    SCORE_ONLY,
    Criterion,
    Outcome,
    Test,
    doubts,
    points_of,
    shows_part_of,
    text_faults,
    with_base,
    with_points,
)
from calibrate.exports.products.degraded import left_of
from calibrate.exports.target import Export, ExportError, Loss, Options, Target

API = "POST /crm/v8/settings/automation/scoring_rules"
EDITIONS = (("Standard", 1, 10), ("Professional", 1, 20), ("Enterprise", 5, 30), ("Ultimate or CRM Plus", 5, 50))
"""Edition, scoring rules active on one layout, criteria in each."""
_EMPTY = "${EMPTY}"
_FORBIDDEN = re.compile(r"[`~#%^&*()+=\";<>\[\]{}|\\\s]+")
_COMPARATORS = {"in": "equal", "not in": "not_equal", "has": "contains", "has not": "not_contains", "is": "equal",
                "at least": "greater_equal", "under": "less_than"}  # fmt: skip
_LOSSES = (
    Loss("missing", "approximated", "a checkbox of Zoho is never empty, so a missing yes or no scores as no; a "
         "multi-select with nothing chosen is empty, so an empty list scores as missing"),
    Loss("gates", "refused", "scoring rules only add; keep such leads out by a view, or by a workflow on the field"),
    Loss("caps", "refused", "scoring rules limit how many criteria there are, not the points of a group"),
    Loss("limits", "refused", "a score of Zoho has no lowest and no highest value"),
    Loss("bands", "approximated", "a score of Zoho has no bands; make a workflow or a view for each edge"),
    *SCORE_ONLY,
)  # fmt: skip


def export(rules: Rules, options: Options) -> Export:
    """The scoring rules as Zoho takes them, as few as the lowest edition that holds them allows."""
    found = fields(rules, options, "zoho", clean=identifier, allowed=lambda field: field == identifier(field))
    if faults := [f"zoho: {fault}" for fault in text_faults(rules, 255, ("${",))]:
        raise ExportError(faults)
    rules_here = without_empty_truth(rules)
    added = _merged(with_base(rules_here, "zoho"), found)
    edition, parts = _split(added)
    body = {"scoring_rules": [_scoring_rule(rules, found, part, n, len(parts)) for n, part in enumerate(parts, 1)]}
    notes = (*_notes(added, edition, len(parts)), *named(found), *doubts(rules))
    runs = left_of(rules, ("gates", "caps", "limits"), rules=rules_here.rules)
    return Export(
        files={
            "rules.zoho.json": (json.dumps(body, ensure_ascii=False, indent=1) + "\n").encode(),
            "rules.zoho.md": _sheet(rules, runs or rules, found, added, edition, len(parts), notes),
        },
        inputs=inputs_of(rules, found),
        losses=_LOSSES,
        runs=runs,
        notes=notes,
    )


TARGET = Target(
    name="zoho",
    writes="scoring rules for the API of Zoho CRM, version 8, and a build sheet",
    proof="not executed: Zoho CRM cannot be run here; the body is checked against the published shape of its API",
    export=export,
)


def without_empty_truth(rules: Rules) -> Rules:
    """The rules where a missing yes or no scores as no, which is all that a checkbox can say."""
    changed = []
    for rule in rules.rules:
        points = points_of(rule)
        if rules.attributes[rule.attr].type == "boolean":
            no = next((case.points for case in rule.cases if case.when == Is(is_=False)), rule.otherwise)
            points = (*points[:-1], no)
        changed.append(with_points(rule, points) if points != points_of(rule) else rule)
    return rules.model_copy(update={"rules": tuple(changed)})


def _merged(criteria: Sequence[Criterion], found: dict[str, str]) -> tuple[Criterion, ...]:
    """Criteria that Zoho can tell apart, with the points of equal ones added up.

    Raises:
        ExportError: none is left that gives points.
    """
    first: dict[str, Criterion] = {}
    for item in criteria:
        key = json.dumps(_criteria(found[item.rule.attr], item.outcome))
        first[key] = replace(first[key], points=first[key].points + item.points) if key in first else item
    if merged := tuple(item for item in first.values() if item.points):
        return merged
    fault = "rules: found criteria whose points add up to 0, expected one that gives points; leave such rules out"
    raise ExportError([f"zoho: {fault}"])


def _split(criteria: Sequence[Criterion]) -> tuple[str, list[Sequence[Criterion]]]:
    """The lowest edition that holds the criteria, and how they are dealt to its scoring rules.

    Raises:
        ExportError: they are more than any edition holds.
    """
    for edition, active, most in EDITIONS:
        if len(criteria) <= active * most:
            return edition, [criteria[start : start + most] for start in range(0, len(criteria), most)]
    edition, active, most = EDITIONS[-1]
    fault = (
        f"rules: found {len(criteria)} criteria with points, expected at most {active * most}, which is {active} "
        f"scoring rules of {most} in {edition}; give fewer attributes, or the same points to more values"
    )
    raise ExportError([f"zoho: {fault}"])


def _scoring_rule(rules: Rules, found: dict[str, str], part: Sequence[Criterion], number: int, parts: int) -> Any:
    mark = f" {number}" if parts > 1 else ""
    name = _FORBIDDEN.sub(" ", rules.id).strip()[: 25 - len(mark)].strip() or "Lead score"
    words = f"For {API}. Made from {rules.id}, version {rules.version}, part {number} of {parts}."
    return {
        "name": name + mark,
        "description": " ".join(words.split())[:500],
        "module": {"api_name": "Leads"},
        "active": False,
        "field_rules": [
            {"score": item.points, "criteria": _criteria(found[item.rule.attr], item.outcome)} for item in part
        ],
    }


def _criteria(field: str, outcome: Outcome) -> Any:
    return _group("or", [_group("and", [_condition(field, test) for test in tests]) for tests in outcome])


def _condition(field: str, test: Test) -> Any:
    """A test as Zoho writes it. A list of texts is a comparison each, for `in` is not known for every kind of field."""
    match test:
        case Test(op=("empty" | "not empty") as op):
            return _compared(field, "equal" if op == "empty" else "not_equal", _EMPTY)
        case Test(op="in", value=tuple() as texts):
            return _group("or", [_compared(field, "equal", text) for text in texts])
        case Test(op="not in", value=tuple() as texts):
            return _group("and", [_compared(field, "not_equal", text) for text in texts])
        case Test(op=("at least" | "under") as op, value=float() as number):
            return _compared(field, _COMPARATORS[op], number_text(number))
        case _:
            return _compared(field, _COMPARATORS[test.op], test.value)


def _compared(field: str, comparator: str, value: object) -> Any:
    return {"field": {"api_name": field}, "comparator": comparator, "value": value, "type": "value"}


def _group(operator: str, parts: list[Any]) -> Any:
    """Parts joined by an operator; parts of the same operator inside become its own."""
    flat: list[Any] = []
    for part in parts:
        flat += part["group"] if part.get("group_operator") == operator else [part]
    return flat[0] if len(flat) == 1 else {"group_operator": operator, "group": flat}


def _notes(criteria: Sequence[Criterion], edition: str, parts: int) -> tuple[str, ...]:
    notes = [
        f"{len(criteria)} criteria in {parts} scoring rule{'s' * (parts > 1)}: Zoho CRM {edition} or higher.",
        f"For {API}. Comparators equal, not_equal and contains and the value {_EMPTY} stand in Zoho's own examples; "
        "greater_equal, less_than, not_contains and true or false as a value are from memory: try one lead of each.",
        "Zoho scores records that were made or active in the last 6 months.",
        "Bins are greater_equal and less_than, for between includes both ends.",
    ]
    if parts > 1:
        notes.append(
            "Each scoring rule has a score field of its own: add them up in a formula field; that is the score."
        )
    if wide := [item for item in criteria if not -10 <= item.points <= 10]:
        notes.append(
            f"{len(wide)} criteria give more than 10 points or fewer than -10. The pages of the API up to version 6 "
            "state -10 to 10; that of version 8 was not seen. If Zoho refuses them, divide all points by one number."
        )
    if any(shows_part_of(item) for item in criteria):
        notes.append("contains may also find a value inside a longer one; use a multi-select picklist, not a text.")
    return tuple(notes)


def _sheet(
    rules: Rules,
    runs: Rules,
    found: dict[str, str],
    criteria: Sequence[Criterion],
    edition: str,
    parts: int,
    notes: Sequence[str],
) -> bytes:
    most = next(most for name, _, most in EDITIONS if name == edition)
    steps = [
        "Make the fields named below, if the module has them not, and fill them.",
        "Setup, Automation, Scoring Rules: choose the module Leads and its layout, and make a new rule"
        + (f"; {parts} rules in all, the first with criteria 1 to {most}, and so on." if parts > 1 else "."),
        "For each row below add a field criterion with its points.",
        *(["Make a formula field that adds up the scores of the rules."] if parts > 1 else []),
        "Make the worked leads below and check their scores; then activate.",
        f"Or send rules.zoho.json: {API}, then PUT .../{{id}}/actions/activate.",
    ]
    rows = criteria_table(found, criteria, {"points": lambda item: signed(item.points)})
    sections = {
        "Criteria": rows,
        "Worked leads": worked_table(runs, value_teller(found)),
        "Bands": band_lines(rules),
        "Gates, to be done outside": gate_lines(rules, found),
    }
    return sheet(rules, f"Zoho CRM ({edition})", steps, sections, _LOSSES, notes)
