"""The Python API says what the command line says, for every kind of table."""

from __future__ import annotations

import re
import subprocess
import sys

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import calibrate as cal
from calibrate.errors import DataError, SettingsError
from calibrate.inspecting import inspect_file
from calibrate.leads.columns import ColumnProfile
from calibrate.settings import Settings


@pytest.fixture(scope="module")
def frame():
    random = np.random.default_rng(9)
    source = random.choice(["Fair", "List", "Web"], 900)
    return pd.DataFrame(
        {
            "Source": source,
            "Pages": random.poisson(3, 900),
            "Created": pd.Timestamp("2026-01-01") + pd.to_timedelta(np.arange(900) // 10, unit="D"),
            "Status": np.where(random.random(900) < 0.1 + 0.3 * (source == "Fair"), "Won", "Lost"),
        }
    )


def test_every_kind_of_table_gives_the_same_points(frame, tmp_path):
    frame.to_csv(tmp_path / "deals.csv", index=False)
    frame.to_parquet(tmp_path / "deals.parquet")
    tables = [
        frame,
        pl.from_pandas(frame),
        pa.Table.from_pandas(frame),
        tmp_path / "deals.csv",
        str(tmp_path / "deals.parquet"),
    ]
    found = [cal.calibrate(table, "Status=Won", date="Created") for table in tables]
    for each in found[1:]:
        assert each.attributes == found[0].attributes
        assert each.rules.rules == found[0].rules.rules
        assert each.validation == found[0].validation


def test_options_stand_over_settings(frame):
    base = Settings.model_validate({"outcome": {"column": "Source", "won": ["Fair"]}, "points": {"column": "cautious"}})
    found = cal.calibrate(frame, "Status=Won", lost="Lost", skip=["Pages"], settings=base)
    assert found.outcome == "Status = Won"
    assert found.settings.outcome.lost == ["Lost"]
    assert found.settings.points.column == "cautious"
    assert "Pages" not in {item.column for item in found.attributes}
    assert cal.calibrate(frame, "Status=Won", points="lift", settings=base).settings.points.column == "lift"
    assert base.outcome.column == "Source"


def test_fields_and_force(frame):
    few = frame.iloc[:120]
    with pytest.raises(DataError, match="--force"):
        cal.calibrate(few, "Status=Won")
    assert {item.column for item in cal.calibrate(few, "Status=Won", fields=["Source"], force=True).attributes} <= {
        "Source"
    }


def test_without_an_outcome_it_says_so(frame):
    with pytest.raises(SettingsError, match="which leads were won"):
        cal.calibrate(frame)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"outcome": 5}, "outcome: found int '5', expected a text"),
        ({"outcome": ["Status", "Won"]}, "outcome: found list"),
        ({"outcome": b"Status=Won"}, "outcome: found bytes"),
        ({"lost": 5}, "outcome.lost = '5' must be a list"),
        ({"fields": 5}, "columns.use = '5' must be a list"),
        ({"skip": [5]}, "columns.skip.0 = '5'"),
        ({"allow": {"Source": 1}}, "columns.allow"),
        ({"date": 5}, "outcome.date"),
        ({"mature": "x", "date": "Created"}, "outcome.mature_days"),
        ({"capacity": "5/week"}, "capacity needs outcome.date"),
        ({"deals": 5, "key": "Source"}, "deals: found int"),
        ({"settings": {"points": {}}}, "settings: found dict"),
    ],
)
def test_an_option_of_another_kind_is_refused(frame, options, said):
    with pytest.raises(SettingsError, match=re.escape(said)):
        cal.calibrate(frame, **{"outcome": "Status=Won"} | options)


def test_a_table_is_not_changed(frame):
    before = frame.copy(deep=True)
    cal.calibrate(frame, "Status=Won", date="Created")
    pd.testing.assert_frame_equal(frame, before)


def test_inspect_gives_a_profile_of_every_column(frame):
    profiles = cal.inspect(frame).columns
    assert all(isinstance(item, ColumnProfile) for item in profiles)
    assert [item.name for item in profiles] == list(frame.columns)
    assert [item.kind for item in profiles] == ["category", "number", "date", "category"]


def test_an_inspection_proposes_and_counts(frame, tmp_path):
    frame.to_csv(tmp_path / "my deals.csv", index=False)
    found = inspect_file(tmp_path / "my deals.csv", Settings())
    won = (frame["Status"] == "Won").sum()
    assert found.outcome == f"probably Status, where 'Won' means won ({won} of 900, {won / 900:.1%})."
    assert found.next_line == f'calibrate run "{tmp_path}/my deals.csv" --outcome Status=Won --date Created'
    assert (found.leads, found.whole) == (900, True)
    lines = list(found.lines())
    assert lines[0] == "my deals.csv: 900 leads, 4 columns"
    assert all("\n" not in line for line in lines)


def test_an_inspection_of_nothing_but_a_header(tmp_path):
    (tmp_path / "deals.csv").write_text("Source,Status\n", encoding="utf-8")
    found = inspect_file(tmp_path / "deals.csv", Settings())
    assert (found.leads, found.outcome, found.next_line) == (0, None, None)
    assert "Outcome: not clear" in "\n".join(found.lines())


def test_the_public_names_are_there():
    for name in cal.__all__:
        assert getattr(cal, name) is not None
    assert set(cal.__all__) <= set(dir(cal))
    with pytest.raises(AttributeError, match="no attribute 'calibrat'"):
        cal.calibrat  # noqa: B018


@pytest.mark.parametrize(
    "statement", ["import calibrate", "from calibrate.cli import cli; cli(['--help'], standalone_mode=False)"]
)
def test_import_and_help_need_no_heavy_library(statement):
    heavy = {"pandas", "scipy", "statsmodels", "matplotlib", "duckdb", "pyarrow", "numpy"}
    code = f"{statement}\nimport sys\nfound = {heavy!r} & set(sys.modules)\nassert not found, found"
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, timeout=60)
