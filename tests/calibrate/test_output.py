"""The files of a run: all of them or none, and rules that can be loaded."""

from __future__ import annotations

import csv
import random
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from calibrate.api import calibrate
from calibrate.document.rules import Group
from calibrate.document.rules_file import load_rules
from calibrate.errors import DataError, RulesError
from calibrate.output import FILES, write_run


@pytest.fixture(scope="module")
def result():
    draw = random.Random(5)
    rows = []
    for _ in range(600):
        source = draw.choice(["Web", "Fair\x1b[31m", "List\n\u202eevil"])
        won = draw.random() < (0.6 if source.startswith("Fair") else 0.1)
        rows.append({"Source": source, "Status": "Won" if won else "Lost"})
    return calibrate(pd.DataFrame(rows), "Status=Won")


def contents(folder):
    return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


def test_what_is_written_can_be_loaded(result, tmp_path):
    assert write_run(result, "page", tmp_path / "q4") == FILES
    assert load_rules(tmp_path / "q4" / "rules.json") == result.rules


def test_rules_that_no_one_could_load_are_not_written(result, tmp_path):
    rules = result.rules.model_copy(update={"groups": {**result.rules.groups, "odd": Group(min=5, max=-5)}})
    with pytest.raises(RulesError, match="min 5 above max -5"):
        write_run(replace(result, rules=rules), "page", tmp_path / "q4")
    assert not (tmp_path / "q4").exists()


@pytest.mark.parametrize("number", range(2 * len(FILES)))
def test_a_rename_that_fails_leaves_everything_as_it_was(result, tmp_path, monkeypatch, number):
    write_run(result, "old", tmp_path)
    (tmp_path / "notes.txt").write_text("ours", encoding="utf-8")
    (tmp_path / "bands.csv").unlink()
    before, rename, calls = contents(tmp_path), Path.rename, []

    def failing(path, target):
        calls.append(path)
        if len(calls) == number + 1:
            raise OSError(5, "Input/output error")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", failing)
    if number < 2 * len(FILES) - 1:  # one file was not there, so one rename less
        with pytest.raises(DataError, match="nothing was changed"):
            write_run(result, "new", tmp_path, overwrite=True)
        assert contents(tmp_path) == before
    else:
        write_run(result, "new", tmp_path, overwrite=True)
        assert contents(tmp_path)["report.html"] == b"new"


def test_a_folder_that_could_not_be_made_leaves_no_parents(result, tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "write_bytes", lambda path, data: (_ for _ in ()).throw(OSError(28, "No space left")))
    with pytest.raises(DataError, match="No space left"):
        write_run(result, "page", tmp_path / "deep" / "er")
    assert not list(tmp_path.iterdir())


def test_texts_in_levels_csv_hold_no_control_characters(result, tmp_path):
    write_run(result, "page", tmp_path)
    text = (tmp_path / "levels.csv").read_text(encoding="utf-8")
    assert all(mark.isprintable() or mark == "\n" for mark in text)
    rows = list(csv.DictReader(text.splitlines()))
    assert {row["level"] for row in rows} >= {"Fair\ufffd[31m"}
