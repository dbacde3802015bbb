"""HubSpot: the skeleton has the published part of the shape, and the caps."""

from __future__ import annotations

import pytest
from cases import card
from forms import INTEGER, TEXT, TRUTH, counted, payload, some, strict
from jsonschema import Draft202012Validator

from calibrate.document.rules import (
    Group,
)
from calibrate.exports.target import ExportError, Options
from calibrate.exports.targets.hubspot import TARGET as HUBSPOT

# HubSpot, "Create lead score", 2026-09-beta, without the conditions that it does not show.
HUBSPOT_SCHEMA = strict(
    ["request", "body"],
    request={"const": "POST /marketing/lead-scoring/2026-09-beta/scores"},
    body=strict(
        ["name", "objectTypeId", "allowedGroupTypes", "groupConfigs"],
        name=TEXT, objectTypeId={"const": "0-1"}, allowedGroupTypes={"type": "array"}, maxScore=INTEGER,
        groupConfigs=some(strict(
            ["groupName", "groupCategory", "minValue", "maxValue", "ruleConfigurations"],
            groupName=TEXT, groupCategory=TEXT, minValue=INTEGER, maxValue=INTEGER,
            ruleConfigurations={"minItems": 1, **some(strict(
                ["enabled", "minimumValue", "maximumValue", "configuration"],
                enabled=TRUTH, minimumValue=INTEGER, maximumValue=INTEGER,
                configuration=strict(["calculation"], calculation=strict(
                    ["type", "value"], type={"const": "CONSTANT"}, value=INTEGER)),
            ))},
        )),
    ),
)  # fmt: skip


def test_hubspot_keeps_caps_and_says_when_it_cannot():
    body = payload(HUBSPOT.export(card(), Options()), HUBSPOT)["body"]
    assert body["maxScore"] == 100
    ends = {group["groupName"]: (group["minValue"], group["maxValue"]) for group in body["groupConfigs"]}
    assert ends["engagement"] == (-4, 30)
    assert ends["base"] == (0, 10)
    assert ends["fit"] == (-20, 45)  # by hand: -5 -1 -10 -4 and 15 + 10 + 20 + 0
    odd = card().model_copy(update={"groups": {**card().groups, "fit": Group(min=5)}})
    with pytest.raises(ExportError, match=r"groups\.fit\.min: found 5, expected 0 or less"):
        HUBSPOT.export(odd, Options())


def test_the_payload_has_the_shape():
    for rules in (counted(), card()):
        Draft202012Validator(HUBSPOT_SCHEMA).validate(payload(HUBSPOT.export(rules, Options()), HUBSPOT))
