"""The rules document and the files of a run say what its evidence says."""

from __future__ import annotations

import csv
import json
import math

import numpy as np
import pandas as pd
import pytest

from calibrate.calibration import run
from calibrate.document.lint import faults
from calibrate.document.rules import Has, In, Is, Range, json_schema
from calibrate.document.rules_file import load_rules, rules_text
from calibrate.document.scoring import score_lead
from calibrate.errors import SettingsError
from calibrate.output import BAND_COLUMNS, FILES, LEVEL_COLUMNS, check_folder, diagnostics, write_run
from calibrate.settings import load_settings, settings_from


@pytest.fixture(scope="module")
def result():
    random = np.random.default_rng(6)
    rows = 2500
    source = random.choice(
        ["Fair", "List", "Web", "Rare one", "Rare two", None], rows, p=[0.2, 0.3, 0.3, 0.01, 0.01, 0.18]
    )
    frame = pd.DataFrame(
        {
            "Company type": random.choice(["Customer", "Agency", "Competitor"], rows, p=[0.8, 0.15, 0.05]),
            "Source": source,
            "Pages": random.poisson(4, rows),
            "Worth": np.where(random.random(rows) < 0.1, np.nan, random.gamma(2, 900, rows).round(2)),
            "Demo": random.choice([True, False, None], rows, p=[0.2, 0.7, 0.1]),
            "Tags": random.choice(["a;b", "b", "a;c", "c", None], rows),
            "Created": pd.Timestamp("2025-07-01") + pd.to_timedelta(np.sort(random.integers(0, 360, rows)), unit="D"),
        }
    )
    odds = 0.08 + 0.2 * (source == "Fair") + 0.03 * frame["Pages"] + 0.1 * (frame["Worth"] > 2000)
    frame["Status"] = np.where(random.random(rows) < odds, "Won", "Lost")
    settings = settings_from(
        {
            "outcome": {"column": "Status", "won": ["Won"], "date": "Created"},
            "groups": {"engagement": {"label": "Did", "max": 9}},
            "gates": [{"id": "rival", "attr": "Company type", "in": ["Competitor"], "score": -99, "band": "out"}],
            "report": {"title": "Lead score of Q2", "capacity": "20/week"},
        }
    )
    return run(frame, settings)


def test_every_level_is_a_case_with_its_points_and_evidence(result):
    rules = {(rule.attr, rule.label): rule for rule in result.rules.rules}
    assert len(rules) == len(result.attributes)
    for item in result.attributes:
        rule = rules[item.column, item.name]
        cases = {case.label: case for case in rule.cases}
        for level in item.levels:
            if level.level.kind == "missing":
                points, evidence = rule.missing, rule.missing_evidence
            elif level.level.kind == "other" or (item.member is not None and not level.level.truth):
                points, evidence = rule.otherwise, rule.otherwise_evidence
            else:
                points, evidence = cases[level.level.label].points, cases[level.level.label].evidence
            assert points == level.points
            assert (evidence.leads, evidence.conversions) == (level.leads, level.conversions)
            assert evidence.rate == pytest.approx(level.rate, abs=5e-7)


def test_conditions_are_of_their_kind(result):
    kinds = {"category": In, "number": Range, "boolean": Is, "set": Has}
    named = {(item.column, item.name): item.kind for item in result.attributes}
    for rule in result.rules.rules:
        assert all(isinstance(case.when, kinds[named[rule.attr, rule.label]]) for case in rule.cases)


def test_the_document_is_without_fault_and_reads_back_as_it_was(result, tmp_path):
    import jsonschema

    text = rules_text(result.rules)
    jsonschema.validate(json.loads(text), json_schema())
    path = tmp_path / "rules.json"
    path.write_text(text, encoding="utf-8")
    assert load_rules(path) == result.rules
    assert faults(result.rules) == ()


def test_the_worked_leads_score_as_stated(result):
    assert len(result.rules.tests) >= 12
    for worked in result.rules.tests:
        found = score_lead(result.rules, worked.lead)
        assert (found.score, found.band) == (worked.score, worked.band)
    assert -99 in {worked.score for worked in result.rules.tests}


def test_reference_and_baseline_are_of_the_counted_leads(result):
    document, overall = result.rules, result.overall
    assert document.reference.leads == sum(document.reference.counts) == overall.leads == document.baseline.leads
    assert document.baseline.conversions == overall.conversions
    assert list(document.reference.scores) == sorted(set(document.reference.scores))
    assert document.title == "Lead score of Q2"
    assert document.groups["engagement"].max == 9


def test_bands_fall_and_hold_all_leads(result):
    bands = result.rules.bands
    starts = [band.from_ for band in bands]
    assert starts[-1] is None
    assert starts[:-1] == sorted(starts[:-1], reverse=True)
    assert math.isclose(sum(band.leads_share for band in bands), 1, abs_tol=1e-5)


def test_made_by_says_where_it_came_from(result):
    made = result.rules.made_by
    assert (made.source, made.sha256, made.rows, made.counted) == ("table", None, 2500, 2500)
    assert (made.from_, made.to) == (result.first_day, result.last_day)
    assert made.outcome == "Status = Won"


def rows_of(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_files_say_what_the_run_says(result, tmp_path):
    names = write_run(result, "<p>page</p>", tmp_path / "q2")
    assert (
        tuple(sorted(names)) == tuple(sorted(FILES)) == tuple(sorted(path.name for path in (tmp_path / "q2").iterdir()))
    )
    levels = rows_of(tmp_path / "q2/levels.csv")
    assert tuple(levels[0]) == LEVEL_COLUMNS
    assert len(levels) == sum(len(item.levels) for item in result.attributes)
    for row in levels:
        assert float(row["rate"]) == int(row["conversions"]) / int(row["leads"])
        assert float(row["lift"]) == pytest.approx(100 * (float(row["rate"]) - result.overall.rate), abs=1e-9)
    bands = rows_of(tmp_path / "q2/bands.csv")
    assert tuple(bands[0]) == BAND_COLUMNS
    assert sum(int(row["leads"]) for row in bands) == result.validation.leads
    assert sum(float(row["share_of_conversions"]) for row in bands) == pytest.approx(1)
    assert json.loads((tmp_path / "q2/diagnostics.json").read_text(encoding="utf-8")) == diagnostics(result)
    assert load_settings(tmp_path / "q2/calibrate.toml") == result.settings
    assert (tmp_path / "q2/report.html").read_text(encoding="utf-8") == "<p>page</p>"


def test_diagnostics_say_who_ranks_how(result):
    found = diagnostics(result)
    assert found["validation"]["kind"] == "out-of-time"
    assert found["validation"]["capacity"]["places"] == result.validation.capacity.places
    assert found["bands"][-1]["conversions_reached"] == pytest.approx(1)
    assert found["bands"][-1]["leads_reached"] == pytest.approx(1)
    for low, auc, high in (
        tuple(item[key] for key in ("low", "auc", "high")) for item in found["validation"]["auc"].values()
    ):
        assert 0 <= low <= auc <= high <= 1


def test_a_folder_with_something_in_it_is_left_alone(result, tmp_path):
    (tmp_path / "notes.txt").write_text("ours", encoding="utf-8")
    for place in (tmp_path, tmp_path / "notes.txt"):
        with pytest.raises(SettingsError, match="--out"):
            check_folder(place, overwrite=False)
        with pytest.raises(SettingsError, match="--out"):
            write_run(result, "", place)
    check_folder(tmp_path, overwrite=True)
    check_folder(tmp_path / "new", overwrite=False)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
