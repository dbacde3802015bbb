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
from calibrate.meeting.applying import apply_changes
from calibrate.meeting.changes import changes_to
from calibrate.sample import sample_file
from reports.workbook import read_meeting

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
    assert "1 level keeps the points that people decided: 'Role = Student'" in done.stderr
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


def apply_points(quarters, out, points, **threshold):
    """The rules of the first half with other points, by attribute and label, from 2026-01-05 on."""
    rules = cal.load_rules(quarters / "q1" / "rules.json")
    by_name = {(rule.attr, case.label): (rule.id, case.label) for rule in rules.rules for case in rule.cases}
    changes = changes_to(rules, {by_name[key]: to for key, to in points.items()}, **threshold)
    found = apply_changes(rules, changes, decided_on="2026-01-05", expires="2027-01-01")
    cal.save_rules(found, quarters / out)
    return quarters / out


def scores_of_counted(rules, path):
    """The scores of the leads with an outcome, by scoring them one by one."""
    leads = pd.read_csv(path, dtype=str, keep_default_na=False)
    counted = leads[leads["Status"].isin(["Won", "Lost"])]
    numbers = [name for name, attribute in rules.attributes.items() if attribute.type == "number"]
    counted = counted.assign(**{name: pd.to_numeric(counted[name]) for name in numbers})
    return sorted(cal.score_table(rules, counted)["score"].tolist())


def test_decisions_hold_where_history_cuts_otherwise(quarters):
    """Bins that would be cut elsewhere, and a campaign with six leads and with none."""
    points = {("Employees", "600 and up"): 25, ("Newsletter clicks", "2 to 3"): 9, ("Campaign", "Utrecht fair"): 25}
    previous = apply_points(quarters, "fair.json", points)
    leads = pd.read_csv(quarters / "second.csv", dtype=str, keep_default_na=False)
    fair = leads["Campaign"] == "Utrecht fair"
    for left in (6, 0):
        leads[~fair | (fair.cumsum() <= left)].to_csv(quarters / "few.csv", index=False)
        out = quarters / f"few{left}"
        done = run("run", quarters / "few.csv", *WON, "--out", out, "--previous", previous, "--draws", "0")
        rules = cal.load_rules(out / "rules.json")
        assert {key: points_of(rules, *key) for key in points} == points
        assert "3 levels keep the points that people decided: 'Campaign = Utrecht fair' (+25, history" in done.stderr
        assert "bins" not in (out / "calibrate.toml").read_text(encoding="utf-8")
        reference = [score for score, n in zip(rules.reference.scores, rules.reference.counts, strict=True)
                     for _ in range(n)]  # fmt: skip
        assert reference == scores_of_counted(rules, quarters / "few.csv")
    ended = leads.assign(Created=leads["Created"].str.replace("2026", "2027").str.replace("2025", "2026"))
    ended.to_csv(quarters / "ended.csv", index=False)
    done = run("run", quarters / "ended.csv", *WON, "--out", quarters / "e", "--previous", previous, "--draws", "0")
    assert "3 levels leave the points that people decided" in done.stderr
    assert not any(case.override for rule in cal.load_rules(quarters / "e" / "rules.json").rules for case in rule.cases)


def test_a_decision_about_a_column_that_is_not_read_is_told(quarters):
    previous = apply_points(quarters, "size.json", {("Employees", "600 and up"): 25, ("Role", "Student"): -25})
    asked = ("--skip", "Role", "--draws", "0", "--what-if", "off")
    done = run("run", quarters / "second.csv", *WON, *asked, "--out", quarters / "skipped", "--previous", previous)
    assert "Points that people decided for 1 level are not in these rules" in done.stderr
    assert "'Role = Student' (\N{MINUS SIGN}25)" in done.stderr
    leads = pd.read_csv(quarters / "second.csv", dtype=str, keep_default_na=False)
    leads.drop(columns=["Employees", "Role"]).to_csv(quarters / "narrow.csv", index=False)
    asked = ("--draws", "0", "--what-if", "off")
    done = run("run", quarters / "narrow.csv", *WON, *asked, "--out", quarters / "narrow", "--previous", previous)
    assert "Points that people decided for 2 levels are not in these rules" in done.stderr


def test_a_threshold_that_nobody_decided_follows_the_places_of_sales(quarters):
    asked = ("--draws", "0", "--capacity", "40/week")
    run("run", quarters / "first.csv", *WON, *asked, "--out", quarters / "forty")
    before = cal.load_rules(quarters / "forty" / "rules.json")
    asked = ("--draws", "0", "--capacity", "15 per week", "--previous", quarters / "forty" / "rules.json")
    done = run("run", quarters / "second.csv", *WON, *asked, "--out", quarters / "fifteen")
    rules = cal.load_rules(quarters / "fifteen" / "rules.json")
    start = rules.threshold.score
    assert start != before.threshold.score
    assert rules.threshold.reason.endswith("(15/week)")
    shown = str(start).replace("-", "\N{MINUS SIGN}")
    assert f"From score {shown} up by these rules are" in done.stdout
    assert f"Leads are handed over from score {shown}, which follows this run" in done.stderr
    page = (quarters / "fifteen" / "report.html").read_text(encoding="utf-8")
    assert f"Proposed: hand over from score {shown}." in page
    found = json.loads((quarters / "fifteen" / "diagnostics.json").read_text(encoding="utf-8"))["validation"]
    assert found["capacity"]["score_from"] == start
    assert read_meeting(quarters / "fifteen" / "meeting.xlsx", rules) == ([], None), "the workbook has that threshold"
    scores = scores_of_counted(rules, quarters / "second.csv")
    fitting = sum(score >= start for score in scores)
    following = max(score for score in scores if score < start)
    assert fitting <= found["capacity"]["places"] < sum(score >= following for score in scores)


def test_a_threshold_that_a_meeting_decided_stays_and_what_fits_is_told(quarters):
    points = {("Role", "Student"): -25}
    previous = apply_points(quarters, "twelve.json", points, threshold=12, threshold_reason="a team of five")
    asked = ("--draws", "0", "--capacity", "15/week", "--previous", previous)
    done = run("run", quarters / "second.csv", *WON, *asked, "--out", quarters / "decided")
    rules = cal.load_rules(quarters / "decided" / "rules.json")
    assert rules.threshold.model_dump() == {"score": 12, "reason": "a team of five"}
    assert "Leads are handed over from score 12, as people decided; what fits 15/week is score" in done.stderr
    page = (quarters / "decided" / "report.html").read_text(encoding="utf-8")
    assert "Proposed: hand over from score 12." in page
    assert "Decided on 5 Jan 2026: a team of five." in page


def test_a_previous_that_is_no_rules_file(quarters):
    with pytest.raises(RulesError, match=r"nowhere\.json: cannot be read"):
        run("run", quarters / "second.csv", *WON, "--out", quarters / "q9", "--previous", "nowhere.json")
    assert not (quarters / "q9").exists()
