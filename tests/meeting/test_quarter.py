"""A quarter from end to end: a run, decisions of a meeting, and the next run that keeps what was adopted."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

import calibrate as cal
from calibrate.cli import cli
from calibrate.errors import RulesError
from calibrate.sample import sample_file

WON = ("--outcome", "Status=Won", "--lost", "Lost", "--date", "Created")


def run(*words):
    done = CliRunner().invoke(cli, list(map(str, words)), standalone_mode=False)
    if done.exception:
        raise done.exception
    return done


@pytest.fixture(scope="module")
def quarters(tmp_path_factory) -> Path:
    """The sample history cut in two by date, and points of the first half."""
    home = tmp_path_factory.mktemp("quarters")
    leads = pd.read_csv(sample_file("leads.csv"), dtype=str, keep_default_na=False)
    days = leads["Created"].sort_values().reset_index(drop=True)
    middle = days[len(days) // 2]
    leads[leads["Created"] < middle].to_csv(home / "first.csv", index=False)
    leads[leads["Created"] >= middle].to_csv(home / "second.csv", index=False)
    run("run", home / "first.csv", *WON, "--out", home / "q1")
    return home


@pytest.fixture(scope="module")
def decided(quarters) -> Path:
    """The rules of the first half after a meeting gave students -20 instead of what history says."""
    rules = cal.load_rules(quarters / "q1" / "rules.json")
    rule = next(rule for rule in rules.rules if rule.attr == "Role")
    way, student = next((way, case) for way, case in enumerate(rule.cases) if case.label == "Student")
    change = {"rule": rule.id, "way": way, "label": "Student", "from": student.points, "to": -20, "reason": "no budget"}
    changes = {
        "format": "leadscore-changes/1.0", "rules": {"id": rules.id, "version": rules.version},
        "threshold": None, "changes": [change], "minutes": "",
    }  # fmt: skip
    (quarters / "changes.json").write_text(json.dumps(changes), encoding="utf-8")
    run(
        "apply",
        quarters / "q1" / "rules.json",
        quarters / "changes.json",
        "-o",
        quarters / "q1.json",
        "--date",
        "2026-01-05",
    )
    return quarters / "q1.json"


def points_of(rules, attr, label):
    rule = next(rule for rule in rules.rules if rule.attr == attr)
    return next(case.points for case in rule.cases if case.label == label)


def points_otherwise(rules, attr):
    return next(rule.otherwise for rule in rules.rules if rule.attr == attr)


def test_a_decision_is_in_the_next_version(decided):
    rules = cal.load_rules(decided)
    assert rules.version == "2"
    assert points_of(rules, "Role", "Student") == -20
    assert rules.changelog[-1].changes[0].reason == "no budget"
    student, other = cal.score_lead(rules, {"Role": "Student"}), cal.score_lead(rules, {"Role": "Nobody"})
    assert student.score == other.score - points_otherwise(rules, "Role") - 20


def test_the_next_run_keeps_what_was_adopted(quarters, decided):
    done = run("run", quarters / "second.csv", *WON, "--out", quarters / "q2", "--previous", decided)
    before, after = cal.load_rules(decided), cal.load_rules(quarters / "q2" / "rules.json")
    assert after.version == "3"
    assert points_of(after, "Role", "Student") == -20
    assert "1 level keeps the points that people decided: 'role = Student'" in done.stderr
    kept = [
        rule
        for rule in after.rules
        for case in rule.cases
        if case.evidence and case.evidence.points_lift != case.points
    ]
    assert len(kept) > 5, "points adopted last are kept though history gives others"
    rows = list(csv.DictReader((quarters / "q2" / "levels.csv").read_text(encoding="utf-8").splitlines()))
    of_rules = {(rule.label, case.label): case.points for rule in after.rules for case in rule.cases}
    told = {(row["attribute"], row["level"]): int(row["points_kept"]) for row in rows}
    assert {place: told[place] for place in of_rules if place in told} == {
        p: of_rules[p] for p in of_rules if p in told
    }
    assert len(set(of_rules) & set(told)) > 20
    assert any(row["points"] != row["points_kept"] for row in rows)
    page = (quarters / "q2" / "report.html").read_text(encoding="utf-8")
    assert page.count('<td class="kept">') == len(rows)
    first = (quarters / "q1" / "levels.csv").read_text(encoding="utf-8")
    assert "points_kept" not in first.partition("\n")[0]
    free = cal.calibrate(str(quarters / "second.csv"), outcome="Status=Won", lost="Lost", date="Created").rules
    moved = sum(
        case.points != points_of(before, rule.attr, case.label)
        for rules in (free,) for rule in rules.rules for case in rule.cases
        if any(other.attr == rule.attr and case.label in [item.label for item in other.cases] for other in before.rules)
    )  # fmt: skip
    moved_after = sum(
        case.points != points_of(before, rule.attr, case.label)
        for rule in after.rules for case in rule.cases
        if any(other.attr == rule.attr and case.label in [item.label for item in other.cases] for other in before.rules)
    )  # fmt: skip
    assert moved_after < moved / 2


def test_the_same_settings_give_the_same_bytes(quarters, decided):
    first = quarters / "q2"
    if not first.exists():
        run("run", quarters / "second.csv", *WON, "--out", first, "--previous", decided)
    run("run", quarters / "second.csv", "--config", first / "calibrate.toml", "--out", quarters / "again")
    for path in first.iterdir():
        assert (quarters / "again" / path.name).read_bytes() == path.read_bytes(), path.name


def test_the_versions_are_compared_on_new_leads(quarters, decided):
    done = run("compare", quarters / "q1" / "rules.json", decided, quarters / "second.csv")
    assert "Role = Student" in done.stdout
    assert any(word in done.stdout for word in ("Adopt the new rules", "Keep the old rules", "Cannot tell"))
    checked = run("check", decided, quarters / "second.csv", "--json")
    assert json.loads(checked.stdout)["grade"] in ("ok", "look", "act")


def test_a_previous_that_is_no_rules_file(quarters):
    with pytest.raises(RulesError, match=r"nowhere\.json: cannot be read"):
        run("run", quarters / "second.csv", *WON, "--out", quarters / "q9", "--previous", "nowhere.json")
    assert not (quarters / "q9").exists()
