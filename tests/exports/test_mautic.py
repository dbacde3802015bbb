"""Mautic: the bodies have the shape that its own tests send, and score as the export says."""

from __future__ import annotations

from forms import INTEGER, TEXT, TRUTH, drawn, payload, record_of, some, strict
from jsonschema import Draft202012Validator

from calibrate.document.lead_score import is_missing, score_lead
from calibrate.exports.products.criteria import points_of
from calibrate.exports.target import Options
from calibrate.exports.targets.mautic import TARGET as MAUTIC

# What the tests of Mautic itself send to /api/segments/new, /api/campaigns/new and /api/points/groups/new.
MAUTIC_SCHEMA = strict(
    ["made_for", "made_from", "paths", "groups", "segments", "campaigns", "triggers", "points"],
    made_for={"const": "Mautic 5 REST API"}, made_from={"type": "object"}, paths={"type": "object"},
    groups=some(strict(["name"], name=TEXT, description=TEXT)),
    segments=some(strict(["name", "filters"], name=TEXT, isPublished=TRUTH, filters={"minItems": 1, **some(strict(
        ["glue", "object", "field", "type", "operator"],
        glue={"enum": ["and", "or"]}, object={"const": "lead"}, field=TEXT,
        type={"enum": ["text", "number", "boolean", "multiselect"]},
        operator={"enum": ["=", "!=", "gte", "lt", "empty", "!empty", "in", "!in"]}, properties={"type": "object"},
    ))})),
    campaigns=some({
        "type": "object", "required": ["name", "events", "lists", "forms", "canvasSettings"],
        "properties": {"events": {"minItems": 1, "maxItems": 1, **some({
            "type": "object", "required": ["id", "name", "type", "eventType", "order", "properties", "triggerMode"],
            "properties": {
                "type": {"const": "lead.changepoints"},
                "properties": {"type": "object", "required": ["points"], "properties": {"points": INTEGER}},
            },
        })}},
    }),
    triggers=some(strict(["name", "points"], name=TEXT, description=TEXT, points=INTEGER, color=TEXT,
                         triggerExistingLeads=TRUTH, isPublished={"const": False})),
    points=some(strict(["name", "type", "delta", "properties"], name=TEXT, type={"const": "url.hit"}, delta=INTEGER,
                       isPublished={"const": False}, repeatable=TRUTH, properties={"type": "object"})),
)  # fmt: skip


def mautic_holds(filters, contact):
    alternatives = []
    for item in filters:
        if item["glue"] == "or" or not alternatives:
            alternatives.append([])
        alternatives[-1].append(item)
    return any(all(mautic_filter(item, contact) for item in group) for group in alternatives)


def mautic_filter(item, contact):
    value, operator = contact.get(item["field"]), item["operator"]
    asked = item.get("properties", {}).get("filter")
    if operator in ("empty", "!empty"):
        return is_missing(value) is (operator == "empty")
    if operator == "!=":
        return value != asked
    if operator == "!in":
        return not set(asked) & set(value or [])
    if is_missing(value):
        return False
    if operator == "in":
        return bool(set(asked) & set(value))
    if operator == "=":
        return (("1" if value else "0") if isinstance(value, bool) else value) == asked
    return value >= float(asked) if operator == "gte" else value < float(asked)


def mautic_score(body, contact):
    inside = {item["name"] for item in body["segments"] if mautic_holds(item["filters"], contact)}
    return sum(
        item["events"][0]["properties"]["points"]
        for item in body["campaigns"]
        if item["lists"][0]["id"].removeprefix("id of segment ") in inside
    )


def test_the_payload_scores_as_the_export_says():
    read = 0
    for rules, leads in drawn():
        if not any(any(points_of(rule)) for rule in rules.rules):
            continue
        export = MAUTIC.export(rules, Options())
        body = payload(export, MAUTIC)
        Draft202012Validator(MAUTIC_SCHEMA).validate(body)
        for lead in leads:
            assert mautic_score(body, record_of(lead, export)) == score_lead(export.runs or rules, lead).score
            read += 1
    assert read > 100
