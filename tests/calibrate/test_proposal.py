"""The line to copy is right for the files that CRMs make, and works when it is copied."""

from __future__ import annotations

import shlex

import numpy as np
import pandas as pd
import pytest

from calibrate.calibration import run
from calibrate.errors import DataError
from calibrate.inspecting import inspect_file
from calibrate.listing import quoted
from calibrate.settings import Settings, settings_from


@pytest.fixture
def export() -> pd.DataFrame:
    rng = np.random.default_rng(11)
    size = 1200
    source = rng.choice(["Web", "Beurs"], size)
    chance = rng.random(size)
    status = np.where(
        chance < np.where(source == "Web", 0.3, 0.15), "Gewonnen", np.where(chance < 0.9, "Verloren", "Open")
    )
    came = pd.Timestamp("2025-01-15") + pd.to_timedelta(np.sort(rng.integers(0, 400, size)), "D")
    won_on = pd.Series((came + pd.Timedelta(days=30)).strftime("%d-%m-%Y")).where(status == "Gewonnen", "")
    return pd.DataFrame(
        {
            "Lead ID": [f"L{row:05d}" for row in range(size)],
            "Aangemaakt op": came.strftime("%d-%m-%Y"),
            "Gewonnen op": won_on,
            "Bron": source,
            "Status": status,
        }
    )


def kept(frame: pd.DataFrame, path) -> str:
    frame.to_csv(path, sep=";", index=False)
    return str(path)


def test_columns_of_yes_and_no_are_named_where_the_outcome_is_not_clear(tmp_path):
    frame = pd.DataFrame({"Rekening geopend": ["Ja", "Nee"] * 50, "Beroep": ["monteur", "docent"] * 50})
    lines = list(inspect_file(kept(frame, tmp_path / "bank.csv"), Settings()).lines())
    assert "Outcome: not clear. Say which column and value mean won (yes/no: 'Rekening geopend'):" in lines


def test_one_column_is_one(tmp_path):
    frame = pd.DataFrame({"Beroep": ["monteur", "docent"] * 50})
    lines = list(inspect_file(kept(frame, tmp_path / "bank.csv"), Settings()).lines())
    assert lines[0] == "bank.csv: 100 leads, 1 column"
    assert "Outcome: not clear. Say which column and value mean won:" in lines


def test_a_won_date_is_not_proposed_as_the_day_a_lead_came_in(export, tmp_path):
    line = inspect_file(kept(export, tmp_path / "export.csv"), Settings()).next_line
    assert shlex.split(line)[3:] == [
        "--outcome", "Status=Gewonnen", "--lost", "Verloren", "--date", "Aangemaakt op",
    ]  # fmt: skip


def test_a_won_date_is_refused_as_the_day_a_lead_came_in(export, tmp_path):
    path = kept(export, tmp_path / "export.csv")
    outcome = {"column": "Status", "won": ["Gewonnen"], "lost": ["Verloren"], "date": "Gewonnen op"}
    with pytest.raises(DataError, match=r"'Gewonnen op': filled in for 100% of won leads and 0% of others"):
        run(path, settings_from({"outcome": outcome}))


def test_leads_and_deals_in_two_files_get_one_line(export, tmp_path):
    closed = export["Status"] != "Open"
    deals = export.loc[closed, ["Lead ID", "Status", "Gewonnen op"]].rename(columns={"Status": "Fase"})
    leads = kept(export[["Lead ID", "Aangemaakt op", "Bron"]], tmp_path / "leads.csv")
    deals_file = kept(deals, tmp_path / "deals.csv")
    line = inspect_file(leads, Settings(), deals_file).next_line
    assert shlex.split(line)[2:] == [
        leads, "--deals", deals_file, "--key", "Lead ID", "--outcome", "Fase=Gewonnen", "--won-date", "Gewonnen op",
        "--date", "Aangemaakt op",
    ]  # fmt: skip


def test_open_leads_that_count_as_lost_are_told_first(export, tmp_path):
    path = kept(export, tmp_path / "export.csv")
    result = run(path, settings_from({"outcome": {"column": "Status", "won": ["Gewonnen"], "date": "Aangemaakt op"}}))
    told = [remark.text for remark in result.remarks if remark.column == "Status"]
    open_leads = (export["Status"] == "Open").sum()
    assert told == [
        f"Status is 'Open' for {open_leads} leads, which count as not won. If they may still be won, leave them out: "
        "--lost Verloren."
    ]
    closed = settings_from({"outcome": {"column": "Status", "won": ["Gewonnen"], "lost": ["Verloren"]}})
    assert not [remark for remark in run(path, closed).remarks if remark.column == "Status"]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("plain", "plain"),
        ("Lead Status=Vundet", '"Lead Status=Vundet"'),
        ("$(rm -rf x)", "'$(rm -rf x)'"),
        ('say "hi"', "'say \"hi\"'"),
        ("a`b c`", "'a`b c`'"),
    ],
)
def test_a_word_of_the_command_line_is_read_back_whole(text, word):
    assert quoted(text) == word
    assert shlex.split(word) == [text]
