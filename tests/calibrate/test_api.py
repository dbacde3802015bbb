"""The Python API says what the command line says, for every kind of table."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import calibrate as cal
from calibrate.cli import cli
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
        ({"settings": ["points"]}, "settings: found list"),
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


@pytest.fixture(scope="module")
def rules(frame):
    settings = Settings.model_validate({"points": {"draws": 0}})
    return cal.calibrate(frame, "Status=Won", date="Created", settings=settings).rules


def test_a_level_is_named_by_its_label_or_its_number(rules):
    rule = next(rule for rule in rules.rules if rule.attr == "Source")
    for way, case in enumerate(rule.cases):
        named, numbered = (cal.with_points(rules, {(rule.id, level): 7}) for level in (case.label, way))
        assert named == numbered
        assert cal.changes_to(rules, {(rule.id, case.label): 7}) == cal.changes_to(rules, {(rule.id, way): 7})
        (changed,) = [other for other in named.rules if other.id == rule.id]
        assert [other.points for other in changed.cases] == [
            7 if other is case else other.points for other in rule.cases
        ]


@pytest.mark.parametrize(
    ("edits", "said"),
    [
        ({("sorce", "Fair"): 1}, "edits: found rule 'sorce', expected one of the rules; did you mean 'source'?"),
        ({("source", "Fairs"): 1}, "level 'Fairs' of rule 'source', expected one of its levels; did you mean 'Fair'?"),
        ({("source", 99): 1}, "edits: found outcome 99 of rule 'source', expected 0 to"),
    ],
)
def test_a_level_that_is_not_there_is_refused(rules, edits, said):
    for call in (cal.with_points, cal.changes_to):
        with pytest.raises(SettingsError, match=re.escape(said)):
            call(rules, edits)


def test_a_reason_needs_its_points(rules):
    with pytest.raises(SettingsError, match="expected it among the points; add its points"):
        cal.changes_to(rules, {}, reasons={("source", "Fair"): "why"})


def test_tables_and_files_are_compared_and_checked_alike(frame, rules, tmp_path):
    frame.to_csv(tmp_path / "table", index=False)
    other = cal.with_points(rules, {("source", "Fair"): 3})
    for leads in (pl.from_pandas(frame), pa.Table.from_pandas(frame)):
        assert cal.compare(rules, other, leads) == cal.compare(rules, other, frame)
        assert cal.check(rules, leads) == cal.check(rules, frame)
    file, table = (cal.compare(rules, other, leads).backtest for leads in (tmp_path / "table", frame))
    assert (file.migration, file.handed, file.swap, file.auc) == (
        table.migration,
        table.handed,
        table.swap,
        table.auc,
    )
    assert cal.check(rules, tmp_path / "table").findings == cal.check(rules, frame).findings
    assert cal.check(rules, frame, "Source=Fair").file.won == (frame["Source"] == "Fair").sum()


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (
            lambda rules: cal.compare(rules, rules, outcome="Status=Won"),
            "outcome: found 'Status=Won', expected it with",
        ),
        (lambda rules: cal.compare(rules, rules, threshold=3), "threshold: found '3', expected it with leads"),
        (lambda rules: cal.export(rules, "pmml", "out", outcome="Status=Won"), "expected it with leads to check on"),
        (lambda rules: cal.load_counts("absent.json", rules), "absent.json: cannot be read (No such file"),
    ],
)
def test_a_step_without_what_it_needs_says_so(rules, call, said):
    with pytest.raises(cal.CalibrateError, match=re.escape(said)):
        call(rules)


def test_an_export_writes_what_the_command_writes(frame, rules, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    frame.to_csv("deals.csv", index=False)
    cal.save_rules(rules, "rules.json")
    made = cal.export(rules, "jsonlogic,pipedrive", "called", check="deals.csv")
    arguments = ["export", "rules.json", "--to", "jsonlogic,pipedrive", "-o", "told", "--check", "deals.csv", "--quiet"]
    cli.main(arguments, standalone_mode=False)
    files = {name for item in made for name in item.export.files} | {"fidelity.json"}
    assert {path.name for path in Path("called").iterdir()} == files
    assert all(Path("called", name).read_bytes() == Path("told", name).read_bytes() for name in files)
    assert all(item.cost.leads == len(frame) for item in made if item.cost)
    with pytest.raises(SettingsError, match="already"):
        cal.export(rules, "jsonlogic", "called")


def test_an_inspected_table_has_no_file_to_name(frame):
    assert cal.inspect(frame).next_line == "calibrate run table --outcome Status=Won --date Created"


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


def test_settings_may_be_plain_tables_and_the_options_stand_over_them(frame):
    tables = {"outcome": {"won": ["Fair"]}, "points": {"column": "cautious"}, "report": {"capacity": "10/week"}}
    # The date that a capacity needs comes as an option.
    found = cal.calibrate(frame, "Status=Won", lost="Lost", date="Created", language="nl", settings=tables)
    assert (found.settings.points.column, found.settings.report.language) == ("cautious", "nl")
    assert found.settings.outcome.won == ["Won"]
    assert found.rules.language == "nl"
    assert tables["outcome"] == {"won": ["Fair"]}
    assert cal.inspect(frame, settings={"source": {"decimal": ","}}).leads == 900


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"report": {"languag": "nl"}}, "languag"),
        ({"report": {"language": "xx"}}, "language"),
        ({"points": 5}, "points"),
        ({"source": {"decimal": "komma"}}, "decimal"),
        ({5: {}}, "5"),
        ("calibrate.toml", r"settings: found str 'calibrate\.toml', expected Settings"),
    ],
)
def test_wrong_settings_are_one_line_from_every_call(frame, settings, said):
    rules = cal.calibrate(frame, "Status=Won", settings={"points": {"draws": 0}}).rules
    calls = [
        lambda: cal.calibrate(frame, "Status=Won", settings=settings),
        lambda: cal.inspect(frame, settings=settings),
        lambda: cal.check(rules, frame, settings=settings),
        lambda: cal.compare(rules, rules, frame, settings=settings),
        lambda: cal.score_counts(rules, frame, "Status=Won", settings=settings),
    ]
    for call in calls:
        with pytest.raises(SettingsError, match=said) as caught:
            call()
        assert "\n" not in str(caught.value)
        assert "pydantic" not in str(caught.value)
    with pytest.raises(SettingsError, match="language"):
        cal.calibrate(frame, "Status=Won", language="xx")
