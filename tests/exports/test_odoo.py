"""Odoo: the table has its shape, and its formula gives the probability that the export says."""

from __future__ import annotations

import math

import pytest
from forms import TEXT, counted, payload, some, strict
from jsonschema import Draft202012Validator

from calibrate.document.lead_score import score_lead
from calibrate.exports.target import Options
from calibrate.exports.targets.odoo import TARGET as ODOO

# crm.lead.scoring.frequency: two texts, two numbers with one digit, a sales team.
COUNT = {"type": "number", "exclusiveMinimum": 0}


ODOO_SCHEMA = strict(
    ["made_for", "made_from", "settings", "records"],
    made_for=TEXT, made_from={"type": "object"},
    settings=strict(["crm.pls_fields", "crm.pls_start_date"],
                    **{"crm.pls_fields": TEXT, "crm.pls_start_date": {"type": ["string", "null"]}}),
    records={"minItems": 2, **some(strict(
        ["variable", "value", "won_count", "lost_count", "team_id"],
        variable=TEXT, value=TEXT, won_count=COUNT, lost_count=COUNT, team_id={"const": False},
    ))},
)  # fmt: skip


def odoo_probability(records, values):
    """Odoo's formula, from its source: shares of won and lost, multiplied; tags of few leads are passed over."""
    found = [r for r in records if r["variable"] != "tag_id" or r["won_count"] + r["lost_count"] >= 50]
    stage = next(r for r in records if r["variable"] == "stage_id")
    won, lost = stage["won_count"], stage["lost_count"]
    s_won, s_lost = won / (won + lost), lost / (won + lost)
    for variable, value in values:
        rows = [r for r in found if r["variable"] == variable]
        for row in (r for r in rows if r["value"] == value):
            s_won *= row["won_count"] / sum(r["won_count"] for r in rows)
            s_lost *= row["lost_count"] / sum(r["lost_count"] for r in rows)
    return s_won / (s_won + s_lost)


@pytest.mark.parametrize(
    ("lead", "values"),
    [
        ({}, []),
        ({"Source": "web", "Size": 12}, [("source", "web"), ("size", "10 and up")]),
        ({"Source": "list", "Size": 3, "Pages": ["docs"]},
         [("source", "list"), ("size", "under 10"), ("tag_id", "docs")]),
        ({"Source": "new", "Pages": ["jobs", "docs"]}, [("source", "new"), ("tag_id", "jobs"), ("tag_id", "docs")]),
    ],
)  # fmt: skip
def test_odoo_gives_the_probability_that_the_export_says(lead, values):
    export = ODOO.export(counted(), Options())
    records = payload(export, ODOO)["records"]
    expected = odoo_probability(records, values)
    assert export.runs is not None
    found = score_lead(export.runs, lead).probability
    assert found is not None
    # Each of at most five points is rounded to a hundredth of log-odds.
    assert math.log(found / (1 - found)) == pytest.approx(math.log(expected / (1 - expected)), abs=0.025)


def test_odoo_starts_every_count_at_a_tenth():
    records = payload(ODOO.export(counted(), Options()), ODOO)["records"]
    assert records[1] == {
        "variable": "source",
        "value": "web",
        "won_count": 60.1,
        "lost_count": 240.1,
        "team_id": False,
    }
    assert {r["value"] for r in records if r["variable"] == "tag_id"} == {"docs", "jobs"}


def test_the_payload_has_the_shape():
    for rules in (counted(),):
        Draft202012Validator(ODOO_SCHEMA).validate(payload(ODOO.export(rules, Options()), ODOO))
