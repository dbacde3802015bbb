"""Settings: what a person may write, and what they are told when they write something else."""

from __future__ import annotations

import pytest

from calibrate.errors import SettingsError
from calibrate.settings import Settings, dump_settings, load_settings, merged, settings_from

TEXT = """\
[source]
decimal = "komma"

[outcome]
won = "ja"

[points]
min_lead = 30
unit = 3

[report]
capacity = "40 a fortnight"
"""


def test_all_faults_are_told_at_once_each_with_its_line(tmp_path):
    path = tmp_path / "calibrate.toml"
    path.write_text(TEXT)
    with pytest.raises(SettingsError) as caught:
        load_settings(path)
    lines = str(caught.value).splitlines()
    assert lines[0] == "calibrate.toml, line 2: source.decimal = 'komma' must be one of ',' or '.'"
    assert lines[1] == """calibrate.toml, line 5: outcome.won = 'ja' must be a list, like ["ja"]"""
    assert any(line.startswith("calibrate.toml, line 9: points.unit: 3") for line in lines)
    assert any("line 8: points.min_lead is not a setting; did you mean 'min_leads'" in line for line in lines)
    assert any("line 12: report.capacity" in line for line in lines)
    assert len(lines) == 5


@pytest.mark.parametrize(
    "values",
    [
        {"outcome": {"column": "Status", "won": ["Won"], "date": "Created", "mature_days": 90}},
        {"attributes": {'a "b" [c]\n.d': {"levels": {"Google": ["google", "Google"]}, "bins": [1.0, 5.5]}}},
        {"gates": [{"id": "student", "attr": "Role", "in": ["Student"]}], "groups": {"fit": {"max": 30}}},
        {"points": {"unit": 0.5, "column": "cautious"}, "columns": {"skip": ["x;y", "ø"]}},
    ],
)
def test_what_is_written_reads_back_the_same(tmp_path, values):
    settings = settings_from(values)
    path = tmp_path / "calibrate.toml"
    path.write_text(dump_settings(settings), encoding="utf-8")
    assert load_settings(path) == settings
    assert dump_settings(load_settings(path)) == dump_settings(settings)


@pytest.mark.parametrize("said", ["15/week", "15 per week", "15 leads a week", "15/w", " 15 pro Woche", "15 om ugen"])
def test_a_capacity_is_kept_in_one_form(said):
    settings = settings_from({"report": {"capacity": said}, "outcome": {"date": "Created"}})
    assert settings.report.capacity == "15/week"


def test_options_stand_over_the_file_and_none_changes_nothing():
    base = settings_from({"outcome": {"column": "Status", "won": ["Won"]}, "points": {"min_leads": 50}})
    changed = merged(base, {"outcome": {"column": None, "won": ["Gewonnen"]}, "points": {"column": "cautious"}})
    assert (changed.outcome.column, changed.outcome.won) == ("Status", ["Gewonnen"])
    assert (changed.points.min_leads, changed.points.column) == (50, "cautious")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"outcome": {"deals": "deals.csv"}}, "deals needs key"),
        ({"outcome": {"mature_days": 90}}, "mature_days needs date"),
        ({"attributes": {"x": {"bins": [5, 1]}}}, "bins must rise"),
        ({"attributes": {"x": {"levels": {"a": ["1"], "b": ["1"]}}}}, "one level only"),
        ({"gates": [{"id": "Bad Id", "attr": "x", "in": ["y"]}]}, "gates.0.id"),
        ({"sources": {}}, "did you mean 'source'"),
        ({"gates": [{"id": "a", "attr": "x", "in": ["y"]}] * 2}, "gates: more than one has the id 'a'"),
        ({"gates": [{"id": "a", "attr": "x", "in": [""]}]}, "gates.0.in.0 = ''"),
        ({"gates": [{"id": "a", "attr": "x", "in": ["y"], "score": 1_000_001}]}, "gates.0.score"),
        ({"groups": {"fit": {"min": 5, "max": -5}}}, "groups.fit: min 5 is above max -5"),
        ({"groups": {"fit": {"max": -1_000_001}}}, "groups.fit.max"),
        ({"attributes": {"x": {"bins": [1, float("inf")]}}}, "attributes.x.bins.1 = 'inf'"),
        ({"attributes": {"x": {"bins": [float("nan")]}}}, "attributes.x.bins.0 = 'nan'"),
        ({"attributes": {"x": {"levels": {"": ["a"]}}}}, "attributes.x.levels."),
        ({"points": {"min_leads": 10**30}}, "points.min_leads"),
        ({"report": {"capacity": "0/week"}, "outcome": {"date": "Created"}}, "report.capacity: found '0/week'"),
        ({"outcome": {"as_of": "31-1-2026"}}, "outcome.as_of = '31-1-2026': expected a day such as 2026-01-31"),
        ({"groups": {"Fit": {}}}, "groups.Fit = 'Fit': expected small letters, digits and _, a letter first"),
        ({"report": {"capacity": "40/week"}}, "capacity needs outcome.date"),
    ],
)
def test_what_does_not_fit_together_is_said(values, said):
    with pytest.raises(SettingsError, match=said.replace(".", r"\.")):
        settings_from(values)


@pytest.mark.parametrize(
    "content",
    [b"[source\n", b"\xff\xfe\x00", b"x = 1\nx = 2\n", b"x = " + b"[" * 20_000, b"x = 1" + b"0" * 5_000],
    ids=["bracket", "encoding", "twice", "depth", "digits"],
)
def test_a_broken_file_is_one_line(tmp_path, content):
    path = tmp_path / "calibrate.toml"
    path.write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        load_settings(path)
    assert str(caught.value).startswith("calibrate.toml: ")
    assert "\n" not in str(caught.value)


def test_no_settings_are_the_defaults(tmp_path):
    path = tmp_path / "calibrate.toml"
    path.write_text("")
    assert load_settings(path) == Settings()


def test_a_mark_of_byte_order_does_not_count(tmp_path):
    path = tmp_path / "calibrate.toml"
    path.write_text("[points]\nmin_leads = 40\n", encoding="utf-8-sig")
    assert load_settings(path).points.min_leads == 40


def test_an_option_may_give_what_the_file_lacks(tmp_path):
    path = tmp_path / "calibrate.toml"
    path.write_text('[outcome]\nwon = ["Won"]\n[report]\ncapacity = "5/week"\n', encoding="utf-8")
    with pytest.raises(SettingsError, match=r"calibrate\.toml, line 3: report: capacity needs outcome\.date"):
        load_settings(path, {"outcome": {"date": None}})
    assert load_settings(path, {"outcome": {"date": "Created"}}).outcome.date == "Created"
    with pytest.raises(SettingsError, match=r"options: points\.min_leads"):
        load_settings(path, {"outcome": {"date": "Created"}, "points": {"min_leads": 0}})
