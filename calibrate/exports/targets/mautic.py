"""Mautic: groups, point actions, segments, campaigns and triggers for its REST API, and a build sheet.

A point action of Mautic answers to an event, not to the value of a field. So every criterion becomes a segment and a
campaign that adds the points to who comes into it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from calibrate.document.rules import Is, Rules
from calibrate.exports.naming import fields, identifier, inputs_of, named
from calibrate.exports.products.build_sheet import (
    band_lines,
    criteria_table,
    gate_lines,
    number_text,
    quoted,
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
    case_notes,
    doubts,
    text_faults,
    with_base,
)
from calibrate.exports.products.degraded import left_of
from calibrate.exports.target import Export, ExportError, Loss, Options, Target

PATHS = {
    "groups": "POST /api/points/groups/new",
    "segments": "POST /api/segments/new",
    "campaigns": "POST /api/campaigns/new",
    "triggers": "POST /api/points/triggers/new",
    "points": "POST /api/points/new",
}
_TYPES = {"number": "number", "boolean": "boolean", "set": "multiselect"}
_OPERATORS = {"in": "=", "not in": "!=", "has": "in", "has not": "!in", "at least": "gte", "under": "lt", "is": "=",
              "empty": "empty", "not empty": "!empty"}  # fmt: skip
_LOSSES = (
    Loss("points", "approximated", "a campaign adds its points once, when a contact comes into the segment, and does "
         "not take them back when a value changes"),
    Loss("gates", "refused", "points of Mautic only add; keep such contacts out by a segment of their own"),
    Loss("caps", "refused", "point groups of Mautic have no caps"),
    Loss("limits", "refused", "points of Mautic have no lowest and no highest value"),
    Loss("bands", "approximated", "a point trigger fires once when points reach its edge; nothing marks a way back"),
    *SCORE_ONLY,
)  # fmt: skip


def export(rules: Rules, options: Options) -> Export:
    """The bodies of the calls that build the rules, each list in the order in which to send it."""
    found = fields(
        rules,
        options,
        "mautic",
        clean=lambda name: identifier(name).lower(),
        allowed=lambda field: field == identifier(field).lower(),
        taken=["points"],
    )
    if faults := [f"mautic: {fault}" for fault in text_faults(rules, 191, ("|",))]:
        raise ExportError(faults)
    added = with_base(rules, "mautic")
    names = [f"{item.rule.id} {number:03}" for number, item in enumerate(added, start=1)]
    body = {
        "made_for": "Mautic 5 REST API",
        "made_from": {"id": rules.id, "version": rules.version},
        "paths": PATHS,
        "groups": [{"name": name, "description": group.label or name} for name, group in rules.groups.items()],
        "segments": [_segment(rules, name, found, item) for name, item in zip(names, added, strict=True)],
        "campaigns": [_campaign(name, item) for name, item in zip(names, added, strict=True)],
        "triggers": [_trigger(band.name, band.action, band.from_) for band in rules.bands if band.from_ is not None],
        "points": _points(rules),
    }
    notes = (*_notes(rules), *case_notes(rules, "Mautic on MySQL"), *named(found), *doubts(rules))
    runs = left_of(rules, ("gates", "caps", "limits"))
    return Export(
        files={
            "rules.mautic.json": (json.dumps(body, ensure_ascii=False, indent=1) + "\n").encode(),
            "rules.mautic.md": _sheet(rules, runs or rules, found, added, names, notes),
        },
        inputs=inputs_of(rules, found),
        losses=_LOSSES,
        runs=runs,
        notes=notes,
    )


TARGET = Target(
    name="mautic",
    writes="groups, segments, campaigns, triggers and point actions for the API of Mautic 5, and a build sheet",
    proof="not executed: Mautic cannot be run here; the bodies are checked against the shape that its own tests send",
    export=export,
)


def _segment(rules: Rules, name: str, found: dict[str, str], item: Criterion) -> Any:
    kind = _TYPES.get(rules.attributes[item.rule.attr].type, "text")
    filters: list[dict[str, object]] = []
    for alternative in _alternatives(item.outcome):
        for place, (operator, value) in enumerate(alternative):
            glue = "or" if filters and not place else "and"
            asked = {} if value is None else {"properties": {"filter": value}}
            filters.append({"glue": glue, "object": "lead", "field": found[item.rule.attr], "type": kind,
                            "operator": operator, **asked})  # fmt: skip
    return {"name": name, "isPublished": False, "filters": filters}


def _alternatives(outcome: Outcome) -> Iterator[list[tuple[str, object]]]:
    """Filters that must all hold, for each alternative; a list of texts is as many alternatives."""
    for tests in outcome:
        match tests:
            case (Test(op="in") as test,):
                yield from ([one] for one in _filters(test))
            case _:
                yield [one for test in tests for one in _filters(test)]


def _filters(test: Test) -> list[tuple[str, object]]:
    operator = _OPERATORS[test.op]
    match test:
        case Test(op=("in" | "not in"), value=tuple() as texts):
            return [(operator, text) for text in texts]
        case Test(op=("has" | "has not"), value=text):
            return [(operator, [text])]
        case Test(op=("at least" | "under"), value=float() as number):
            return [(operator, number_text(number))]
        case Test(op="is", value=truth):
            return [(operator, "1" if truth else "0")]
        case _:
            return [(operator, None)]


def _campaign(name: str, item: Criterion) -> Any:
    group = {"group": f"id of group {item.rule.group}"} if item.rule.group else {}
    event = {"id": "new_1", "name": f"{signed(item.points)} {name}", "type": "lead.changepoints", "eventType": "action",
             "order": 1, "properties": {"points": item.points, **group}, "triggerMode": "immediate",
             "triggerInterval": 0, "triggerIntervalUnit": None, "children": [], "parent": None,
             "decisionPath": None}  # fmt: skip
    places = (("new_1", "400", "150"), ("lists", "400", "50"))
    ends = {"sourceId": "lists", "targetId": "new_1", "anchors": {"source": "leadsource", "target": "top"}}
    return {
        "name": name,
        "isPublished": False,
        "events": [event],
        "forms": [],
        "lists": [{"id": f"id of segment {name}"}],
        "canvasSettings": {
            "nodes": [{"id": node, "positionX": x, "positionY": y} for node, x, y in places],
            "connections": [ends],
        },
    }


def _trigger(name: str, action: str | None, edge: int) -> Any:
    return {"name": name, "description": action or "", "points": edge, "color": "a0acb8", "triggerExistingLeads": False,
            "isPublished": False}  # fmt: skip


def _points(rules: Rules) -> list[Any]:
    """Point actions, switched off, for every yes that an event could say in place of a field."""
    return [
        {"name": rule.label or rule.attr, "type": "url.hit", "delta": case.points, "isPublished": False,
         "repeatable": False, "properties": {"page_url": "address of the page"}}
        for rule in rules.rules
        for case in rule.cases
        if case.when == Is(is_=True) and case.points
    ]  # fmt: skip


def _notes(rules: Rules) -> tuple[str, ...]:
    notes = [
        "Everything is switched off. Where a body says “id of”, put the id that Mautic gave on making it.",
        "Groups are there since Mautic 5. Asked for points, Mautic does not say their group: check it in the form.",
        "The type of a filter follows the attribute; where the field of Mautic is of another type, change it.",
        "A campaign does not see contacts again: after a change of points, set all points back and start anew.",
    ]
    if _points(rules):
        notes.append(
            "The point actions say again what a campaign says, for a yes that is an event, such as a visit of a page: "
            "switch on one of the two, never both. Their properties are from memory."
        )
    if any(band.from_ is not None and band.from_ <= 0 for band in rules.bands):
        notes.append("Contacts begin at 0 points: a trigger at 0 or less says nothing.")
    return tuple(notes)


def _sheet(
    rules: Rules,
    runs: Rules,
    found: dict[str, str],
    criteria: Sequence[Criterion],
    names: Sequence[str],
    notes: Sequence[str],
) -> bytes:
    called = {id(item): name for item, name in zip(criteria, names, strict=True)}
    steps = [
        "Make the contact fields below, if Mautic has them not, and fill them.",
        "Make the point groups: " + (", ".join(map(quoted, rules.groups)) or "none") + ".",
        "For each row make a segment of that name with the condition as its filters.",
        "For each row make a campaign of that name: from the segment, action “Adjust contact points” by the points.",
        "For each band make a point trigger at its edge, with what the band asks for as its event.",
        "Publish segments, campaigns and triggers, in this order; make the worked leads below and check their points.",
    ]
    columns = {
        "segment and campaign": lambda item: f"`{called[id(item)]}`",
        "points": lambda item: signed(item.points),
    }
    sections = {
        "Criteria": criteria_table(found, criteria, columns),
        "Worked leads": worked_table(runs, value_teller(found)),
        "Bands": band_lines(rules),
        "Gates, to be done outside": gate_lines(rules, found),
    }
    return sheet(rules, "Mautic 5", steps, sections, _LOSSES, notes)
