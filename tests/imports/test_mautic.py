"""Point actions of Mautic, in the shapes of its API."""

from __future__ import annotations

import pytest

from calibrate.document.lead_score import score_lead

ACTIONS = [
    {"id": 1, "name": "Visited pricing page", "type": "url.hit", "delta": 15, "isPublished": True, "repeatable": False,
     "properties": {"page_url": "https://example.org/pricing*"}},
    {"id": 2, "name": "Unsubscribed", "type": "form.submit", "delta": -10, "isPublished": True, "repeatable": True},
    {"id": 3, "name": "Old", "type": "email.open", "delta": 99, "isPublished": False},
]  # fmt: skip


@pytest.mark.parametrize(
    "shape",
    [
        ACTIONS,
        {"total": 3, "points": ACTIONS},
        {"total": 3, "points": {str(action["id"]): action for action in ACTIONS}},
    ],
    ids=["list", "points", "by number"],
)
def test_actions_become_yes_and_no(shape, imported):
    found = imported(shape)
    assert {name: item.type for name, item in found.rules.attributes.items()} == {
        "Visited pricing page": "boolean", "Unsubscribed": "boolean",
    }  # fmt: skip
    assert score_lead(found.rules, {"Visited pricing page": True, "Unsubscribed": True}).score == 5
    assert score_lead(found.rules, {"Visited pricing page": False}).score == 0
    assert "'Old' is not published and was left out." in found.notes
    assert "'Unsubscribed' counts every time in Mautic, and once here." in found.notes


def test_one_action_is_read(imported):
    assert len(imported({"point": ACTIONS[0]}).rules.rules) == 1


def test_two_actions_of_one_name_are_added_up(imported):
    rules = imported([ACTIONS[0], ACTIONS[0]]).rules
    assert score_lead(rules, {"Visited pricing page": True}).score == 30


def test_faults_come_together(faults):
    found = faults({"points": [{"delta": 1}, {"name": "a", "delta": 1.5}, {"name": "b", "delta": None}]})
    assert [fault.partition(":")[0] for fault in found] == ["points[0].name", "points[1].delta", "points[2].delta"]
