"""Score tokens of Marketo, as its API lists them and in a table."""

from __future__ import annotations

import pytest

from calibrate.document.lead_score import score_lead

TOKENS = [
    {"name": "Requested demo", "type": "score", "value": "+25", "computedUrl": "https://app-abm.marketo.com/#MF1"},
    {"name": "{{my.Unsubscribed}}", "type": "score", "value": -10},
    {"name": "Season", "type": "date", "value": "2026-04-01"},
]
TABLE = "Name;Type;Value\nRequested demo;score;+25\n{{my.Unsubscribed}};Score;-10\nSeason;date;2026-04-01\n"


@pytest.mark.parametrize(
    "shape",
    [TOKENS, {"success": True, "result": [{"folder": {"type": "Folder", "value": 416}, "tokens": TOKENS}]}, TABLE],
    ids=["list", "answer", "table"],
)
def test_tokens_become_yes_and_no(shape, imported):
    found = imported(shape)
    assert [(rule.attr, rule.cases[0].points) for rule in found.rules.rules] == [
        ("Requested demo", 25), ("Unsubscribed", -10),
    ]  # fmt: skip
    assert score_lead(found.rules, {"Requested demo": True}).score == 25
    assert "'Season' is a token of type 'date' and was left out." in found.notes


def test_faults_come_together(faults):
    token = {"name": "a", "type": "score", "value": "1"}
    found = faults(
        {"result": [{"tokens": [token, token, {**token, "name": ""}, {**token, "name": "b", "value": "much"}]}]}
    )
    assert [fault.partition(":")[0] for fault in found] == [
        "result[0].tokens[2]", "result[0].tokens[3], value", "result[0].tokens[1]",
    ]  # fmt: skip
    assert "which result[0].tokens[0] has too" in found[2]
