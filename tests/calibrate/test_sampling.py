"""A history of weighted leads is refused, and no other."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import calibrate as cal
from calibrate.settings import settings_from

LEADS = 800
ON = settings_from({"outcome": {"column": "Won"}, "points": {"draws": 0}})
NAMES = [
    "weight", "weights", "Weight", "WT", "Gewicht", "Gewichtung", "Vægt", "SampleWeight", "sampling_weight",
    "Sample weight", "case-weight", "lead_wt", "poids", "Poids",
]  # fmt: skip


def history():
    random = np.random.default_rng(1)
    source = random.choice(["Web", "Fair", "Mail"], LEADS)
    return pd.DataFrame({"Source": source, "Won": random.random(LEADS) < np.where(source == "Fair", 0.6, 0.4)})


def tenths(won, of_won=1.0, of_lost=10.0):
    return np.where(won, of_won, of_lost)


@pytest.mark.parametrize("name", NAMES)
def test_a_tenth_of_the_lost_leads_is_refused_under_any_name(name):
    frame = history()
    frame[name] = tenths(frame["Won"])
    with pytest.raises(cal.DataError, match="1 for every won lead and 10 for every lost one") as caught:
        cal.calibrate(frame, settings=ON)
    said = str(caught.value)
    assert said.startswith(f"column '{name}': found")
    assert "\n" not in said
    assert "expected every lead once" in said
    assert "--skip" in said
    assert "--allow" in said


@pytest.mark.parametrize(("of_won", "of_lost"), [(1, 10), (10, 1), (0.1, 1.0), (2.5, 7.5)])
def test_any_two_weights_one_a_kind_of_leads(of_won, of_lost):
    frame = history()
    frame["weight"] = tenths(frame["Won"], of_won, of_lost)
    with pytest.raises(cal.DataError, match=f"found {of_won:g} for every won lead and {of_lost:g} for every lost one"):
        cal.calibrate(frame, settings=ON)


@pytest.mark.parametrize(
    ("of_won", "of_lost", "said"),
    [
        (np.nan, 10.0, "nothing for every won lead and 10 for every lost one"),
        (0.1, np.nan, "0.1 for every won lead and nothing for every lost one"),
    ],
)
def test_a_kind_of_leads_without_weights_was_taken_in_full(of_won, of_lost, said):
    frame = history()
    frame["weight"] = tenths(frame["Won"], of_won, of_lost)
    with pytest.raises(cal.DataError, match=said):
        cal.calibrate(frame, settings=ON)


@pytest.mark.parametrize("of_won", [1.0, np.nan])
def test_a_weight_of_one_is_no_weight(of_won):
    frame = history()
    frame["weight"] = tenths(frame["Won"], of_won, 1.0 if np.isnan(of_won) else np.nan)
    result = cal.calibrate(frame, settings=ON)
    assert [item.column for item in result.attributes] == ["Source"]


@pytest.mark.parametrize("rows", [[0], [0, 1, 2, 3], list(range(0, LEADS, 3))])
def test_gaps_hide_no_weights(rows):
    frame = history()
    frame["weight"] = tenths(frame["Won"])
    frame.loc[rows, "weight"] = np.nan
    with pytest.raises(cal.DataError, match="1 for every won lead and 10 for every lost one"):
        cal.calibrate(frame, settings=ON)


@pytest.mark.parametrize(
    "name", ["case_weight", "SampleWeight", "row weight", "survey_weight", "freq.wt", "inverse wt"]
)
def test_weights_of_rows_that_vary_within_a_kind(name):
    frame = history()
    frame[name] = np.random.default_rng(2).choice([1.0, 2.0, 3.5], LEADS)
    with pytest.raises(cal.DataError, match=r"weights from 1 to 3\.5"):
        cal.calibrate(frame, settings=ON)
    # The same numbers under a name that does not say what a row stands for are a property of the lead.
    frame = frame.rename(columns={name: "Weight"})
    assert "Weight" in {item.column for item in cal.calibrate(frame, settings=ON).attributes}


def test_one_weight_for_all_is_a_constant():
    result = cal.calibrate(history().assign(case_weight=2.0), settings=ON)
    assert {item.column: item.reason for item in result.left_out}["case_weight"] == "the same in every lead (2)"


def test_what_is_shipped_has_a_weight_and_passes():
    frame = history()
    frame["Weight"] = np.random.default_rng(3).gamma(3, 20, LEADS).round(1)  # kg
    assert {item.column for item in cal.calibrate(frame, settings=ON).attributes} == {"Source", "Weight"}


def test_a_name_without_weight_in_it_is_not_looked_at():
    frame = history()
    frame["Wanted"] = tenths(frame["Won"])
    result = cal.calibrate(frame, settings=ON)
    assert "tells the outcome" in {item.column: item.reason for item in result.left_out}["Wanted"]


def test_skip_leaves_the_column_out_and_allow_keeps_it():
    frame = history()
    frame["weight"] = tenths(frame["Won"])
    skipped = cal.calibrate(frame, settings=ON, skip="weight")
    assert [item.column for item in skipped.attributes] == ["Source"]
    kept = cal.calibrate(frame, settings=ON, allow="weight")
    assert [item.column for item in kept.attributes] == ["weight", "Source"]
    assert {level.level.label: level.rate for level in kept.attributes[0].levels} == {"up to 9": 1.0, "10": 0.0}


def test_open_leads_do_not_count_as_lost():
    frame = history().assign(Status=lambda d: np.where(d["Won"], "Won", "Lost")).drop(columns="Won")
    frame["weight"] = tenths(frame["Status"] == "Won")
    still = frame.iloc[:100].assign(Status="Open", weight=3.0)
    asked = settings_from({"outcome": {"column": "Status", "won": ["Won"], "lost": ["Lost"]}, "points": {"draws": 0}})
    with pytest.raises(cal.DataError, match="1 for every won lead and 10 for every lost one"):
        cal.calibrate(pd.concat([frame, still], ignore_index=True), settings=asked)
