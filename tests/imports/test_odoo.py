"""Counts of Odoo's lead scoring, read as evidence."""

from __future__ import annotations

import pytest

from calibrate.document.rules import Has, In


def row(variable, value, won, lost, team=None):
    return {
        "variable": variable, "value": value, "won_count": won + 0.1, "lost_count": lost + 0.1,
        "team_id": [team, "Sales"] if team else False,
    }  # fmt: skip


# 1,000 leads of which 150 were won: 40 of 100 is 25 points above 15 %, 10 of 200 is 10 below.
ROWS = [
    row("country_id", "20", 40, 60), row("country_id", "57", 10, 190), row("country_id", "3", 100, 600),
    row("stage_id", "1", 150, 850), row("stage_id", "2", 150, 700),
    row("tag_id", "7", 12, 38), row("phone_state", "correct", 50, 150), row("phone_state", "incorrect", 0, 0),
]  # fmt: skip


def test_counts_become_points_with_their_evidence(imported):
    rules = imported(ROWS).rules
    assert (rules.baseline.leads, rules.baseline.conversions, rules.baseline.rate) == (1000, 150, 0.15)
    country = rules.rules[0]
    assert [(case.when, case.points) for case in country.cases] == [
        (In(in_=("20",)), 25), (In(in_=("57",)), -10), (In(in_=("3",)), -1),
    ]  # fmt: skip
    evidence = country.cases[0].evidence
    assert (evidence.leads, evidence.conversions, evidence.rate, evidence.lift, evidence.points_lift) == (
        100,
        40,
        0.4,
        25,
        25,
    )
    assert evidence.rate_low < 0.4 < evidence.rate_high
    assert evidence.lift_low < 25 < evidence.lift_high


def test_stages_are_left_out_and_tags_are_a_set(imported):
    found = imported(ROWS)
    assert list(found.rules.attributes) == ["country_id", "tag_id", "phone_state"]
    tag = next(rule for rule in found.rules.rules if rule.attr == "tag_id")
    assert (tag.cases[0].when, tag.cases[0].points) == (Has(has="7"), 9)
    assert any("'stage_id' was left out" in note for note in found.notes)
    assert any("1,000 leads counted by 'country_id'" in note for note in found.notes)


def test_a_value_without_leads_has_no_case(imported):
    phone = next(rule for rule in imported(ROWS).rules.rules if rule.attr == "phone_state")
    assert [case.when for case in phone.cases] == [In(in_=("correct",))]


def test_teams_are_added_up_and_each_has_its_start(imported):
    teams = [row("country_id", "20", 15, 35, team=1), row("country_id", "20", 25, 25, team=2), *ROWS[1:]]
    assert imported(teams).rules.rules == imported(ROWS).rules.rules


@pytest.mark.parametrize(
    "wrapped", [{"records": ROWS}, {"jsonrpc": "2.0", "result": {"records": ROWS}}, {"result": ROWS}]
)
def test_answers_of_its_interfaces_are_read(wrapped, imported):
    assert imported(wrapped).rules.rules == imported(ROWS).rules.rules


@pytest.mark.parametrize("comma", [".", ","])
def test_a_table_is_read(comma, imported):
    lines = ["Variable;Value;Won Count;Lost Count;Sales Team"]
    lines += [f"{item['variable']};{item['value']};{item['won_count']};{item['lost_count']};Sales" for item in ROWS]
    text = "\n".join(line.replace(".", comma) for line in lines) + "\n"
    assert imported(text).rules.rules == imported(ROWS).rules.rules


def test_counts_without_starts_are_read(imported):
    bare = [{**item, "won_count": item["won_count"] - 0.1, "lost_count": item["lost_count"] - 0.1} for item in ROWS]
    assert imported(bare).rules.rules == imported(ROWS).rules.rules


def test_faults_come_together(faults):
    found = faults([{**ROWS[0], "won_count": 3.5}, {**ROWS[1], "lost_count": -1}, {**ROWS[2], "value": ""}])
    assert [fault.partition(":")[0] for fault in found] == ["[0], won_count", "[1], lost_count", "[2]"]


def test_a_value_with_more_leads_than_all_is_told(faults):
    (fault,) = faults([*ROWS, row("source_id", "1", 300, 100)])
    assert fault.startswith("[8]: found a value of 'source_id' with more leads than the 150 won and 850 lost in all")


def test_nothing_won_and_nothing_but_stages_are_told(faults):
    assert faults([row("country_id", "1", 0, 10)])[0].startswith("found 0 won of 10 leads")
    assert faults(ROWS[3:6])[0].startswith("found 0 won of 0 leads")
