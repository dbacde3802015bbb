"""Last quarter's points on today's outcomes: what a value got then, asked of the old rules themselves."""

from __future__ import annotations

import json

import pytest

from calibrate.document.lead_score import score_lead
from calibrate.document.rules import Rules
from calibrate.words.language import language
from reports.meeting.last import LastPoints, last_quarter
from reports.meeting.rows import level_name, rule_name

ENGLISH = language("en")


def document(*rules: dict, **parts) -> Rules:
    types = {"source": "category", "size": "number", "demo": "boolean", "tags": "set"}
    attributes = {name: {"type": kind} for name, kind in types.items()}
    made = {"format": "leadscore-rules/1.0", "id": "deals", "version": "1", "attributes": attributes, "rules": rules}
    return Rules.model_validate_json(json.dumps(made | parts))


def rule(name: str, attr: str, *cases: tuple[dict, int], **more) -> dict:
    return {"id": name, "attr": attr, "cases": [{"when": when, "points": points} for when, points in cases], **more}


def test_texts_and_truths_get_what_they_had():
    then = document(rule("a", "source", ({"in": ["web"]}, 3), ({"in": ["fair"]}, -4), otherwise=1, missing=2))
    now = document(
        rule("b", "source", ({"in": ["web"]}, 0), ({"in": ["fair", "radio"]}, 0), ({"in": ["web", "fair"]}, 0))
    )
    found = last_quarter(now, then, ENGLISH).points[0]
    assert found[0] == LastPoints(3, 3, 3)
    assert found[1] == LastPoints(-4, 1, -2)  # -1.5, halves away from 0
    assert found[2] == LastPoints(-4, 3, -1)
    assert found[3:] == (LastPoints(1, 1, 1), LastPoints(2, 2, 2))


@pytest.mark.parametrize(("low", "high"), [(None, 5), (5, 20), (10, 20), (12, None), (0, 100)])
def test_numbers_get_what_every_number_in_the_bin_had(low, high):
    then = document(rule("a", "size", ({"lt": 10}, 1), ({"ge": 10, "lt": 50}, 2), ({"ge": 50}, 9)))
    when = {key: end for key, end in (("ge", low), ("lt", high)) if end is not None}
    found = last_quarter(document(rule("b", "size", (when, 0))), then, ENGLISH).points[0][0]
    inside = range(-20 if low is None else low, 200 if high is None else high)
    scores = {score_lead(then, {"size": number}).score for number in inside}
    assert found is not None
    assert (found.low, found.high) == (min(scores), max(scores))


def test_a_set_finds_the_rule_that_asks_for_the_same_value():
    then = document(
        rule("a", "tags", ({"has": "x"}, 5)), rule("b", "tags", ({"has": "y"}, 6)), rule("c", "demo", ({"is": True}, 7))
    )
    now = document(rule("b", "tags", ({"has": "x"}, 0)), rule("n", "tags", ({"has": "z"}, 0)))
    found = last_quarter(now, then, ENGLISH)
    assert [part[0] for part in found.points] == [LastPoints(5, 5, 5), None]
    assert found.lost == ("tags: y", "demo")
    assert [item.cases[0].points for item in found.rules.rules] == [5, 0]


def test_base_bounds_and_caps_are_those_of_then():
    groups = {"groups": {"fit": {"max": 9}}, "score": {"base": 2, "max": 50}}
    now = document(rule("a", "demo", group="fit"), groups={"fit": {"max": 3}, "new": {"max": 1}}, score={"base": 7})
    found = last_quarter(now, document(rule("a", "demo", group="fit"), **groups), ENGLISH).rules
    assert (found.groups["fit"].max, found.groups["new"].max) == (9, 1)
    assert (found.score.base, found.score.max) == (2, 50)
    assert found.rules[0].group == "fit"


def test_rules_without_change_are_their_own_last_quarter():
    now = document(
        rule("a", "source", ({"in": ["web"]}, 3), otherwise=-1), rule("b", "size", ({"lt": 1.5}, 4), missing=2)
    )
    assert last_quarter(now, now, ENGLISH).rules == now
    assert last_quarter(now, now, ENGLISH).lost == ()


def test_rows_are_named_as_people_call_them():
    rules = document(
        rule("a", "demo", ({"is": True}, 1)), rule("b", "source", ({"in": ["web", "fair"]}, 1), label="Came by")
    )
    assert [rule_name(rules, item, ENGLISH) for item in rules.rules] == ["demo", "Came by"]
    assert [level_name(rules.rules[0], way, ENGLISH) for way in range(3)] == ["yes", "no", "missing"]
    assert [level_name(rules.rules[1], way, ENGLISH) for way in range(3)] == ["web, fair", "other values", "missing"]
