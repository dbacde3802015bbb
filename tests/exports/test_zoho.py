"""Zoho CRM: the body has the shape of the API, keeps its limits, and scores as the export says."""

from __future__ import annotations

import pytest
from forms import INTEGER, TEXT, TRUTH, drawn, many, payload, record_of, some, strict, wide
from jsonschema import Draft202012Validator

from calibrate.document.lead_score import is_missing, score_lead
from calibrate.document.rules import (
    Attribute,
    Case,
    In,
    Rule,
    Rules,
)
from calibrate.exports.products.criteria import points_of
from calibrate.exports.target import ExportError, Options
from calibrate.exports.targets.zoho import TARGET as ZOHO

# Zoho CRM API v8, "Create Scoring Rules": keys, lengths, and the characters that a name must not have.
ZOHO_SCHEMA = {
    **strict(["scoring_rules"], scoring_rules={"minItems": 1, **some({"$ref": "#/$defs/rule"})}),
    "$defs": {
        "rule": strict(
            ["name", "module", "field_rules"],
            name={"type": "string", "maxLength": 25, "pattern": r'^[^`~#%^&*()+=";<>\[\]{}|\\]+$'},
            description={"type": "string", "maxLength": 500},
            module=strict(["api_name"], api_name=TEXT),
            active=TRUTH,
            field_rules={
                "minItems": 1, "maxItems": 50, "uniqueItems": True,
                **some(strict(["score", "criteria"], score=INTEGER, criteria={"$ref": "#/$defs/criteria"})),
            },
        ),
        "criteria": {"oneOf": [
            strict(
                ["field", "comparator", "value"],
                field=strict(["api_name"], api_name={"type": "string", "pattern": "^[A-Za-z][A-Za-z0-9_]*$"}),
                comparator={"enum": ["equal", "not_equal", "contains", "not_contains", "greater_equal", "less_than"]},
                value={"type": ["string", "boolean"]},
                type={"const": "value"},
            ),
            strict(
                ["group_operator", "group"],
                group_operator={"enum": ["and", "or"]},
                group={"minItems": 2, **some({"$ref": "#/$defs/criteria"})},
            ),
        ]},
    },
}  # fmt: skip


def zoho_holds(criteria, record):
    if "group" in criteria:
        join = all if criteria["group_operator"] == "and" else any
        return join(zoho_holds(part, record) for part in criteria["group"])
    value, asked, comparator = record.get(criteria["field"]["api_name"]), criteria["value"], criteria["comparator"]
    if asked == "${EMPTY}":
        return is_missing(value) is (comparator == "equal")
    if comparator == "not_equal":
        return value != asked
    if comparator == "not_contains":
        return asked not in (value or [])
    if is_missing(value):
        return False
    if comparator == "contains":
        return asked in value
    if comparator == "equal":
        return value == asked
    return value >= float(asked) if comparator == "greater_equal" else value < float(asked)


def zoho_score(body, record):
    return sum(
        item["score"]
        for rule in body["scoring_rules"]
        for item in rule["field_rules"]
        if zoho_holds(item["criteria"], record)
    )


@pytest.mark.parametrize(
    ("count", "edition", "sizes"),
    [(10, "Standard", [10]), (11, "Professional", [11]), (20, "Professional", [20]), (21, "Enterprise", [21]),
     (31, "Enterprise", [30, 1]), (150, "Enterprise", [30] * 5), (151, "Ultimate", [50, 50, 50, 1])],
)  # fmt: skip
def test_zoho_says_which_edition_holds_the_criteria(count, edition, sizes):
    export = ZOHO.export(many(count), Options())
    assert [len(rule["field_rules"]) for rule in payload(export, ZOHO)["scoring_rules"]] == sizes
    assert f"Zoho CRM {edition}" in export.notes[0]


def test_zoho_adds_up_criteria_that_are_equal():
    rules = (Rule(id=f"r{n}", attr="A", cases=(Case(when=In(in_=("x",)), points=n),)) for n in (2, 3))
    document = Rules(id="x", version="1", attributes={"A": Attribute(type="text")}, rules=tuple(rules))
    assert [
        item["score"] for item in payload(ZOHO.export(document, Options()), ZOHO)["scoring_rules"][0]["field_rules"]
    ] == [5]


def test_texts_that_differ_in_case_are_told():
    notes = ZOHO.export(wide(2, lambda n: n + 1, lambda n: ["Google", "google"][n]), Options()).notes
    assert any("'Google' and 'google' differ in case alone" in note for note in notes)


def as_zoho(lead, export):
    """A record: a checkbox is yes or no."""
    record = record_of(lead, export)
    return record | {item.field: bool(record.get(item.field)) for item in export.inputs if item.kind == "boolean"}


def test_the_payload_scores_as_the_export_says():
    read = 0
    for rules, leads in drawn():
        if not any(any(points_of(rule)) for rule in rules.rules):
            continue
        export = ZOHO.export(rules, Options())
        body = payload(export, ZOHO)
        Draft202012Validator(ZOHO_SCHEMA).validate(body)
        for lead in leads:
            assert zoho_score(body, as_zoho(lead, export)) == score_lead(export.runs or rules, lead).score
            read += 1
    assert read > 100


def test_zoho_refuses_criteria_that_add_up_to_nothing():
    rules = (
        Rule(id=name, attr="A", cases=(Case(when=In(in_=("x",)), points=points),))
        for name, points in (("a", 3), ("b", -3))
    )
    document = Rules(id="x", version="1", attributes={"A": Attribute(type="text")}, rules=tuple(rules))
    with pytest.raises(ExportError, match="zoho: rules: found criteria whose points add up to 0, expected one"):
        ZOHO.export(document, Options())
