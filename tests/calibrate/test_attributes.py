"""Which columns become attributes, and what a person may decide about each."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from calibrate.calibration import run
from calibrate.document.scoring import score_lead
from calibrate.errors import SettingsError
from calibrate.settings import settings_from

ROWS = 1200


@pytest.fixture(scope="module")
def frame():
    random = np.random.default_rng(2)
    source = random.choice(["Google", "google", "Fair", "List", "-Select-"], ROWS, p=[0.3, 0.1, 0.2, 0.3, 0.1])
    visits = random.poisson(3, ROWS)
    employees = random.choice([-1, 5, 20, 80, 400], ROWS)
    odds = 0.1 + 0.2 * (source == "Fair") + 0.03 * visits + 0.1 * (employees == 80)
    return pd.DataFrame(
        {
            "Lead ID": [f"L-{number:05}" for number in range(ROWS)],
            "Source": source,
            "Pricing page visits": visits,
            "Employees": employees,
            "Zip": random.choice([1000, 2000, 3000, 4000], ROWS),
            "Tags": random.choice(["a/b", "b", "c/a", "c"], ROWS),
            "Type": "Lead",
            "Created": pd.Timestamp("2026-01-01") + pd.to_timedelta(np.arange(ROWS) % 90, unit="D"),
            "Demo": random.choice([True, False], ROWS),
            "Won": random.random(ROWS) < odds,
        }
    )


def result(frame, **tables):
    return run(frame, settings_from({"outcome": {"column": "Won"}} | tables))


def attribute(found, column, member=None):
    return next(item for item in found.attributes if (item.column, item.member) == (column, member))


def labels(item):
    return [level.level.label for level in item.levels]


def left_out(found):
    return {item.column: item.reason for item in found.left_out}


def test_every_column_is_an_attribute_or_left_out_with_a_reason(frame):
    found = result(frame)
    named = {item.column for item in found.attributes}
    assert named.isdisjoint(left_out(found))
    assert named | set(left_out(found)) == set(frame.columns)
    assert left_out(found)["Won"] == "the outcome itself"
    assert left_out(found)["Type"] == "the same in every lead (Lead)"
    assert left_out(found)["Created"].startswith("a date")
    assert all(left_out(found).values())


def test_what_they_did_is_engagement_and_who_they_are_is_fit(frame):
    groups = {item.column: item.group for item in result(frame).attributes}
    assert groups["Pricing page visits"] == groups["Demo"] == "engagement"
    assert groups["Source"] == groups["Employees"] == "fit"
    chosen = result(frame, attributes={"Source": {"group": "channel", "name": "Where from"}})
    assert attribute(chosen, "Source").group == "channel"
    assert attribute(chosen, "Source").name == "Where from"
    assert "channel" in chosen.rules.groups


def test_roles_are_reserved(frame):
    asked = {"column": "Won", "date": "Created", "account": "Zip"}
    reasons = left_out(result(frame, outcome=asked))
    assert reasons["Created"] == "says when the lead came in"
    assert reasons["Zip"] == "names the account"


def test_skip_and_use(frame):
    assert left_out(result(frame, columns={"skip": ["Source"]}))["Source"] == "skipped by the settings"
    only = result(frame, columns={"use": ["Source", "Demo"]})
    assert {item.column for item in only.attributes} <= {"Source", "Demo"}
    assert left_out(only)["Employees"] == "not among the columns to use"


def test_an_identifier_may_be_used_by_name(frame):
    customers = frame.assign(Customer=[f"customer {number // 2}" for number in range(ROWS)])
    unique = customers.assign(Customer=lambda table: table["Customer"].where(table.index % 40 != 0, "Big") + "")
    unique["Customer"] = [f"c{number}" if number % 20 else "Big" for number in range(ROWS)]
    assert "only names the lead" in left_out(result(unique))["Customer"]
    used = result(unique, columns={"use": ["Customer", "Source"]})
    assert sorted(labels(attribute(used, "Customer"))) == ["Big", "other"]


def test_levels_merged_by_hand(frame):
    levels = {"Paid search": ["Google", "google"]}
    item = attribute(result(frame, attributes={"Source": {"levels": levels}}), "Source")
    merged = next(level for level in item.levels if level.level.label == "Paid search")
    both = frame["Source"].isin(["Google", "google"])
    assert set(merged.level.values) == {"Google", "google"}
    assert (merged.leads, merged.conversions) == (both.sum(), frame["Won"][both].sum())
    assert sorted(labels(item)) == ["-Select-", "Fair", "List", "Paid search"]


def test_merged_levels_score_alike(frame):
    found = result(frame, attributes={"Source": {"levels": {"Paid search": ["Google", "google"]}}})
    scores = [score_lead(found.rules, {"Source": text}).score for text in ("Google", "google", "Fair")]
    assert scores[0] == scores[1] != scores[2]


def test_bins_by_hand(frame):
    item = attribute(result(frame, attributes={"Employees": {"bins": [0, 20, 100]}}), "Employees")
    assert [(level.level.low, level.level.high) for level in item.levels] == [
        (None, 0),
        (0, 20),
        (20, 100),
        (100, None),
    ]
    cut = pd.cut(frame["Employees"], [-np.inf, 0, 20, 100, np.inf], right=False)
    assert [level.leads for level in item.levels] == cut.value_counts(sort=False).tolist()
    assert labels(item)[1:3] == ["0 to 19", "20 to 99"]


@pytest.mark.parametrize(("trend", "sign"), [("up", 1), ("down", -1)])
def test_a_trend_by_hand(frame, trend, sign):
    found = result(frame, attributes={"Pricing page visits": {"trend": trend}})
    items = [item for item in found.attributes if item.column == "Pricing page visits"]
    rates = [level.rate for item in items for level in item.levels if level.level.kind == "bin"]
    assert all(sign * (after - before) >= 0 for before, after in pairwise(rates))
    assert len(rates) > 1 or trend == "down"


def test_numbers_that_are_names_may_be_texts(frame):
    item = attribute(result(frame, attributes={"Zip": {"kind": "category"}}, points={"min_leads": 1}), "Zip")
    assert item.kind == "category"
    assert sorted(labels(item)) == ["1000", "2000", "3000", "4000"]
    found = result(frame.assign(Zip=frame["Zip"].astype(float)), attributes={"Zip": {"kind": "category"}})
    assert sorted(labels(attribute(found, "Zip"))) == ["1000", "2000", "3000", "4000"]
    scored = score_lead(found.rules, {"Zip": 1000.0}).score, score_lead(found.rules, {"Zip": "1000"}).score
    assert scored[0] == scored[1]


def test_a_set_with_a_separator_by_hand(frame):
    found = result(frame, attributes={"Tags": {"kind": "set", "separator": "/"}})
    members = {item.member for item in found.attributes if item.column == "Tags"}
    assert members == {"a", "b", "c"}
    item = attribute(found, "Tags", "a")
    assert item.name == "Tags: a"
    assert sum(level.leads for level in item.levels) == ROWS


def test_texts_cannot_be_numbers(frame):
    with pytest.raises(SettingsError, match=r"Source.*number") as caught:
        result(frame, attributes={"Source": {"kind": "number"}})
    assert "\n" not in str(caught.value)


def test_placeholders_stand_apart_from_missing(frame):
    gaps = frame.assign(Source=frame["Source"].where(np.arange(ROWS) % 4 != 0, None))
    item = attribute(result(gaps), "Source")
    kinds = {level.level.label: level.level.kind for level in item.levels}
    assert (kinds["-Select-"], kinds["(missing)"], kinds["Fair"]) == ("placeholder", "missing", "value")
    employees = attribute(result(frame), "Employees")
    assert [level.level.kind for level in employees.levels if level.level.label == "-1"] == ["placeholder"]


def test_spelling_variants_are_told_with_what_to_write(frame):
    (remark,) = [item for item in result(frame).remarks if item.kind == "spelling"]
    assert (remark.column, "'Google' / 'google'" in remark.text) == ("Source", True)


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        (
            {"columns": {"use": ["Sorce"]}},
            "columns.use names a column that is not there: 'Sorce'; did you mean 'Source'?",
        ),
        ({"columns": {"skip": ["employees"]}}, "did you mean 'Employees'?"),
        ({"columns": {"allow": ["Demos"]}}, "did you mean 'Demo'?"),
        ({"attributes": {"Tag": {"group": "x"}}}, "did you mean 'Tags'?"),
        ({"attributes": {"Source": {"levels": {"Paid": ["Gogle"]}}}}, "no lead has 'Gogle'; did you mean 'Google'?"),
        ({"gates": [{"id": "g", "attr": "Sorce", "in": ["x"]}]}, "did you mean 'Source'?"),
        ({"outcome": {"column": "Won", "account": "Zipp"}}, "did you mean 'Zip'?"),
    ],
)
def test_unknown_names_are_one_line_with_near_names(frame, tables, words):
    with pytest.raises(SettingsError) as caught:
        result(frame, **tables)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("column", ["Employees", "Tags", "Created"])
def test_a_gate_on_what_is_no_text_is_refused(frame, column):
    gates = [{"id": "out", "attr": column, "in": ["-1"]}]
    with pytest.raises(SettingsError, match=r"gates\.out"):
        result(frame, gates=gates, attributes={"Tags": {"kind": "set", "separator": "/"}})


@pytest.mark.parametrize(
    ("column", "value"), [("Demo", "true"), ("Type", "Lead"), ("Lead ID", "L-00003"), ("Source", "List")]
)
def test_a_gate_may_read_any_text_or_truth_value(frame, column, value):
    """Also one that gets no points."""
    gate = {"id": "out", "attr": column, "in": [value], "score": -77}
    found = result(frame, gates=[gate])
    caught = frame[column].map(lambda cell: {True: "true", False: "false"}.get(cell, cell)) == value
    counts = dict(zip(found.rules.reference.scores, found.rules.reference.counts, strict=True))
    assert counts[-77] == caught.sum()
    lead = frame[caught].iloc[0].to_dict()
    assert score_lead(found.rules, lead).score == -77
