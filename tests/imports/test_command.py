"""`calibrate import`: the options that say how a file is read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import xlsxwriter
from click.testing import CliRunner

from calibrate.cli import cli


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with xlsxwriter.Workbook("points.xlsx") as book:
        book.add_worksheet("Uitleg").write_row(0, 0, ("wie", "wat"))
        sheet = book.add_worksheet("Punten")
        for place, row in enumerate([("kenmerk", "waarde", "punten"), ("Omzet", "0 tot 10", 5)]):
            sheet.write_row(place, 0, row)


def run(*words):
    return CliRunner().invoke(cli, ["import", *words], prog_name="calibrate")


@pytest.mark.usefixtures("here")
def test_the_sheet_is_named_and_its_ranges_are_told():
    assert run("points.xlsx").exit_code == 1
    done = run("points.xlsx", "--sheet", "Punten", "-o", "rules.json")
    assert done.exit_code == 0, done.output
    assert "Ranges of 'Omzet': 0 tot 10 is 0 to under 10." in done.output
    (rule,) = json.loads(Path("rules.json").read_text(encoding="utf-8"))["rules"]
    assert rule["cases"][0]["when"] == {"ge": 0, "lt": 10}


@pytest.mark.usefixtures("here")
def test_the_settings_of_the_history_do_not_say_how_points_are_read():
    Path("calibrate.toml").write_text("[source]\nsheet = 'Deals'\n", encoding="utf-8")
    assert run("points.xlsx", "--sheet", "Punten").exit_code == 0


@pytest.mark.usefixtures("here")
def test_text_is_read_by_the_encoding_and_delimiter_that_are_said():
    Path("points.csv").write_bytes("kenmerk#waarde#punten\nBeløb#1.000 tot 5.000#5\n".encode("cp850"))
    done = run("points.csv", "--encoding", "cp850", "--delimiter", "#", "--decimal", ",", "-o", "rules.json")
    assert done.exit_code == 0, done.output
    (rule,) = json.loads(Path("rules.json").read_text(encoding="utf-8"))["rules"]
    assert (rule["attr"], rule["cases"][0]["when"]) == ("Beløb", {"ge": 1000, "lt": 5000})
