"""calibrate apply: a file of changes in, the next version of the rules out."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner

from calibrate.commands.meeting import apply_decisions
from calibrate.document.rules_file import load_rules, save_rules
from calibrate.errors import CalibrateError
from calibrate.meeting.combinations import combinations_of_leads
from calibrate.meeting.counts_file import counts_text, read_counts
from calibrate.voice import Voice

RULES = {
    "format": "leadscore-rules/1.0",
    "id": "inbound",
    "version": "3",
    "attributes": {"Industry": {"type": "category"}},
    "rules": [
        {
            "id": "industry",
            "attr": "Industry",
            "cases": [{"when": {"in": ["Software"]}, "points": 15}, {"when": {"in": ["Retail"]}, "points": -4}],
        }
    ],
    "bands": [{"name": "A", "from": 10}, {"name": "B"}],
}
CHANGES = {
    "format": "leadscore-changes/1.0",
    "rules": {"id": "inbound", "version": "3"},
    "threshold": 12,
    "changes": [
        {"rule": "industry", "way": 0, "label": "Software", "from": 15, "to": 20, "reason": "the fair of May"},
        {"rule": "industry", "way": 1, "label": "Retail", "from": -4, "to": -9, "reason": ""},
    ],
    "minutes": "Hand over from score 12 instead of 10.",
}


@pytest.fixture
def folder(tmp_path):
    rules = load_rules(json.dumps(RULES))
    save_rules(rules, tmp_path / "rules.json")
    (tmp_path / "changes.json").write_text(json.dumps(CHANGES), encoding="utf-8")
    leads = pa.RecordBatch.from_pylist([{"Industry": name} for name in ["Software", "Retail", "Mining"] * 20])
    counted = combinations_of_leads(rules, [(leads, np.arange(60) % 4 == 0)])
    (tmp_path / "counts.json").write_text(counts_text(counted, rules), encoding="utf-8")
    return tmp_path


def applied(folder, *words, changes="changes.json", rules="rules.json"):
    files = [str(folder / rules), str(folder / changes), "-o", str(folder / "new.json"), "--date", "2026-10-01"]
    done = CliRunner().invoke(apply_decisions, [*files, *words], obj=Voice(False, False, None))
    if isinstance(done.exception, CalibrateError):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done


def test_changes_become_the_next_version(folder):
    done = applied(folder, "--expires", "2027-01-01")
    found = load_rules(folder / "new.json")
    assert done.stdout.strip() == (
        f"Wrote {folder / 'new.json'}: version 4, 2 changes of points, handed over from score 12."
    )
    assert "1 of 2 changes have no reason: industry = Retail" in done.stderr
    assert "counted again on the 60 leads" in done.stderr
    assert [case.points for case in found.rules[0].cases] == [20, -9]
    assert found.rules[0].cases[0].override.expires == "2027-01-01"
    assert (found.reference.scores, found.reference.counts) == ((-9, 0, 20), (20, 20, 20))


def test_the_same_words_write_the_same_bytes(folder):
    applied(folder)
    first = (folder / "new.json").read_bytes()
    applied(folder, "--overwrite")
    assert (folder / "new.json").read_bytes() == first


def test_counts_go_along_to_the_next_meeting(folder):
    applied(folder)
    found = load_rules(folder / "new.json")
    counts = (folder / "new.counts.json").read_text(encoding="utf-8")
    assert read_counts(counts, found).total_leads == 60
    again = {**CHANGES, "rules": {"id": "inbound", "version": "4"}, "threshold": None}
    again["changes"] = [{"rule": "industry", "way": 0, "from": 20, "to": 15, "reason": "no fair this year"}]
    (folder / "again.json").write_text(json.dumps(again), encoding="utf-8")
    done = applied(folder, "--out", str(folder / "third.json"), changes="again.json", rules="new.json")
    third = load_rules(folder / "third.json")
    assert "1 change of points." in done.stdout
    assert [entry.version for entry in third.changelog] == ["4", "5"]
    assert third.reference.scores == (-9, 0, 15)


def test_without_counts_it_says_what_is_left_out(folder):
    (folder / "counts.json").unlink()
    done = applied(folder)
    assert "left out: no counted leads were at hand" in done.stderr
    assert load_rules(folder / "new.json").reference is None
    assert not (folder / "new.counts.json").exists()


def test_counts_of_other_rules_are_refused_when_named_and_told_when_found(folder):
    other = load_rules(json.dumps({**RULES, "version": "9"}))
    counted = combinations_of_leads(other, [(pa.RecordBatch.from_pylist([{"Industry": "a"}]), np.array([True]))])
    (folder / "counts.json").write_text(counts_text(counted, other), encoding="utf-8")
    with pytest.raises(CalibrateError, match="found counts of 'inbound' version '9'"):
        applied(folder, "--counts", str(folder / "counts.json"))
    assert "Not used: " in applied(folder).stderr
    with pytest.raises(CalibrateError, match="cannot be read"):
        applied(folder, "--overwrite", "--counts", str(folder / "no.json"))


def test_nothing_is_written_over_or_half(folder):
    applied(folder)
    with pytest.raises(CalibrateError, match="is there already"):
        applied(folder)
    (folder / "changes.json").write_text(json.dumps({**CHANGES, "threshold": 1.5}), encoding="utf-8")
    before = (folder / "new.json").read_bytes()
    with pytest.raises(CalibrateError, match=r"threshold: found 1\.5"):
        applied(folder, "--overwrite")
    assert (folder / "new.json").read_bytes() == before


@pytest.mark.parametrize(("name", "content"), [("gone.json", None), ("bad.json", b"\xff\xfe{}")])
def test_unreadable_changes_are_one_line(folder, name, content):
    if content:
        (folder / name).write_bytes(content)
    with pytest.raises(CalibrateError, match=f"{name}: .*expected a file of changes"):
        applied(folder, changes=name)


def test_as_json_the_document_is_the_result(folder):
    files = [str(folder / "rules.json"), str(folder / "changes.json"), "--date", "2026-10-01", "--json"]
    done = CliRunner().invoke(apply_decisions, files, obj=Voice(False, False, None))
    assert json.loads(done.stdout) == json.loads((folder / "rules-next.json").read_text(encoding="utf-8"))


def test_changes_that_change_nothing_are_named(folder):
    same = CHANGES | {"threshold": 10, "changes": [CHANGES["changes"][0] | {"to": 15}]}
    (folder / "same.json").write_text(json.dumps(same), encoding="utf-8")
    with pytest.raises(CalibrateError) as caught:
        applied(folder, changes="same.json")
    assert str(caught.value).startswith(f"{folder / 'same.json'}: found no number that differs from the rules")
    assert not (folder / "new.json").exists()
