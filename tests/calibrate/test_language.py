"""Rules in another language are the same rules: they score, export, compare, change and come back like English ones."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import calibrate as cal
from calibrate.cli import cli
from calibrate.document.lead_score import _YES, condition_text, outcome_label, outcomes, words_of
from calibrate.document.lint import faults
from calibrate.document.rules import Case, Has, Is, Range, Rule, Rules
from calibrate.document.rules_file import rules_text
from calibrate.exports.functions.scoring_table import cap_words
from calibrate.meeting.comparing import compare
from calibrate.meeting.sticky import Kept
from calibrate.sample import sample_file
from calibrate.settings import settings_from
from calibrate.words.language import LANGUAGES, Message, language

ROOT = Path(cal.__file__).parent
OWN = ("levels", "reasons", "reading", "remarks")
WON = {"outcome": "Status=Won", "lost": "Lost", "date": "Created"}
CAPS = """
[groups.engagement]
max = 20
min = -5
[[gates]]
id = "competitor"
attr = "Company type"
in = ["Competitor"]
score = -50
"""


def run(*words):
    done = CliRunner().invoke(cli, list(map(str, words)), standalone_mode=False)
    if done.exception:
        raise done.exception
    return done


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """Runs of the sample in English and in Dutch, with a capped group and a gate."""
    place = tmp_path_factory.mktemp("language")
    (place / "caps.toml").write_text(CAPS, encoding="utf-8")
    options = ("--outcome", "Status=Won", "--lost", "Lost", "--date", "Created", "--config", place / "caps.toml")
    for code in ("en", "nl"):
        run("run", sample_file("leads.csv"), *options, "--language", code, "--out", place / code)
    return place


@pytest.fixture(scope="module")
def english(home) -> Rules:
    return cal.load_rules(home / "en" / "rules.json")


@pytest.fixture(scope="module")
def dutch(home) -> Rules:
    return cal.load_rules(home / "nl" / "rules.json")


def without_words(rules):
    """A document without what people read in it."""
    if isinstance(rules, dict):
        words = ("label", "action", "title", "language", "note", "population", "fitted_on", "tests", "made_by")
        return {key: without_words(item) for key, item in rules.items() if key not in words}
    return [without_words(item) for item in rules] if isinstance(rules, list) else rules


def test_only_words_differ(english, dutch):
    both = [json.loads(rules_text(rules)) for rules in (english, dutch)]
    assert without_words(both[0]) == without_words(both[1])
    assert (english.language, dutch.language) == (None, "nl")
    assert not faults(dutch)


def test_labels_actions_and_reasons_are_in_the_language(dutch):
    labels = [case.label for rule in dutch.rules for case in rule.cases]
    reasons = {reason for lead in dutch.tests for reason in lead.reasons or ()}
    assert dutch.bands[0].action == "als eerste bellen"
    assert {group.label for group in dutch.groups.values()} == {"Wie ze zijn", "Wat ze deden"}
    assert any(label.endswith(" en meer") for label in labels)
    assert any(re.fullmatch(r"-\d+ Wat ze deden begrensd op 20", reason) for reason in reasons)
    assert any(reason.endswith(" = ontbreekt") for reason in reasons)
    assert not any(re.search(r"and up|missing|\bto\b|capped|under", text) for text in [*labels, *reasons])


def test_levels_csv_has_the_labels_of_the_rules(home, dutch):
    lines = (home / "nl" / "levels.csv").read_text(encoding="utf-8")
    english = (home / "en" / "levels.csv").read_text(encoding="utf-8")
    assert ",(ontbreekt)," in lines
    assert ",overige waarden," in lines
    assert not re.search(r",\(missing\),|,other,|and up", lines)
    assert lines.count("\n") == english.count("\n")


def test_what_machines_and_the_terminal_read_stays_english(home):
    found = [json.loads((home / code / "diagnostics.json").read_text(encoding="utf-8")) for code in ("en", "nl")]
    for part in ("flags", "left_out", "excluded", "reading", "surprises"):
        assert found[0][part] == found[1][part], part


def test_a_decimal_mark_is_that_of_the_language():
    rule = Rule(id="a", attr="A", cases=(Case(when=Range(ge=0.5, lt=1234.25), points=2),))
    assert language("nl").text(outcome_label(rule, 0)) == "0,5 tot 1234,25"
    assert outcome_label(rule, 0) == "0.5 to under 1234.25"


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_opposite_of_a_yes_is_a_no_in_every_language(code):
    say = language(code)
    assert say("levels.yes") in _YES
    member = Rule(id="a", attr="A", cases=(Case(when=Has(has="x"), points=2, label=say("levels.yes")),))
    truth = Rule(id="b", attr="B", cases=(Case(when=Is(is_=True), points=2),))
    assert say.text(outcome_label(member, 1)) == say.text(outcome_label(truth, 1)) == say("levels.no")
    assert say.text(condition_text(Is(is_=True))) == say("levels.yes")


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_words_of_a_cap_stand_behind_its_group(code, english):
    rules = english.model_copy(update={"language": code})
    for key, words in zip(("levels.capped", "levels.held"), cap_words(rules, "20", "-5"), strict=True):
        bound = "20" if key == "levels.capped" else "-5"
        assert words_of(rules)(key, group="Fit", bound=bound) == f"Fit {words}"
        assert not set(words) & set("\"'`$\\"), "it stands in the code of a function"


def test_both_score_alike(home, english, dutch):
    for lead in english.tests:
        one, other = cal.score_lead(english, lead.lead), cal.score_lead(dutch, lead.lead)
        assert (one.score, one.band, one.percentile) == (other.score, other.band, other.percentile)
        assert [reason.points for reason in one.reasons] == [reason.points for reason in other.reasons]
    leads = sample_file("leads.csv")
    run("score", home / "nl" / "rules.json", leads, "--out", home / "scored.csv")
    text = (home / "scored.csv").read_text(encoding="utf-8-sig")
    assert " en meer" in text
    assert " and up" not in text


def test_no_rule_differs_from_its_english_twin(english, dutch):
    found = compare(english, dutch)
    assert found.moved == ()
    assert len(found.rules) > 100


def test_a_meeting_changes_it_and_the_next_run_keeps_that(home, dutch):
    rule = next(rule for rule in dutch.rules if rule.attr == "Role")
    way = len(rule.cases) + 1
    change = {"rule": rule.id, "way": way, "from": rule.missing, "to": rule.missing - 9, "reason": "zonder rol"}
    changes = {"format": "leadscore-changes/1.0", "rules": {"id": dutch.id, "version": dutch.version}}
    (home / "changes.json").write_text(json.dumps({**changes, "threshold": None, "changes": [change]}), "utf-8")
    given = (home / "nl" / "rules.json", home / "changes.json")
    run("apply", *given, "-o", home / "next.json", "--date", "2026-01-05")
    found = cal.load_rules(home / "next.json")
    assert found.language == "nl"
    assert found.changelog[-1].changes[0].label == "ontbreekt"
    assert any(f"{rule.missing - 9:+d} Role = ontbreekt" in lead.reasons for lead in found.tests)
    settings = settings_from({"points": {"previous": str(home / "next.json")}})
    kept = cal.calibrate(sample_file("leads.csv"), **WON, settings=settings)
    (said,) = [remark.said for remark in kept.remarks if "people decided" in remark.text]
    assert "'Role = missing'" in said
    assert "'Role = ontbreekt'" in language("nl").said(said)


def test_exports_say_the_same_of_it_and_come_back(home):
    for code in ("en", "nl"):
        out = home / f"{code}-exports"
        options = ("--to", "sql:duckdb,xlsx,python,javascript,csv", "--out", out, "--check", sample_file("leads.csv"))
        run("export", home / code / "rules.json", *options)
        run("import", out / "rules.csv", "--out", home / f"{code}.json")
    one, other = (json.loads((home / f"{code}-exports" / "fidelity.json").read_bytes()) for code in ("en", "nl"))
    assert one["targets"] == other["targets"]
    for code, program in (("nl", [sys.executable, "lead_score_check.py"]), ("nl", ["node", "lead_score_check.js"])):
        if shutil.which(program[0]):
            subprocess.run(program, cwd=home / f"{code}-exports", check=True, capture_output=True)
    found = compare(*(cal.load_rules(home / f"{code}.json") for code in ("en", "nl")))
    assert found.moved == ()


@pytest.fixture(scope="module")
def said() -> list[tuple[str, Message]]:
    """What a run of the sample says beside its figures."""
    found = cal.calibrate(sample_file("leads.csv"), **WON)
    texts = [
        *((remark.kind, remark.said) for remark in found.remarks),
        *(("excluded", item.reason) for item in found.excluded),
        *(("left out", item.reason) for item in found.left_out),
        *(("reading", line) for line in found.reading),
    ]
    return [(kind, text) for kind, text in texts if isinstance(text, Message)]


@pytest.mark.parametrize("code", LANGUAGES[1:])
def test_everything_a_run_says_is_said_in_the_language(code, said):
    assert len(said) > 12
    for kind, text in said:
        words = language(code).text(text)
        assert words != str(text), kind
        assert set(re.findall(r"--\w+|'[^']*'", words)) == set(re.findall(r"--\w+|'[^']*'", text)), kind


def keys_in_code() -> set[str]:
    """Keys of sentences, or what stands before the first place of one, in the modules of the package."""
    found = set()
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            first = node.values[0] if isinstance(node, ast.JoinedStr) else node
            texts = [first.value] if isinstance(first, ast.Constant) and isinstance(first.value, str) else []
            found |= {text for text in texts if text.partition(".")[0] in OWN and re.fullmatch(r"[\w.]+", text)}
    return found


def test_every_sentence_is_said_somewhere_and_every_key_has_one():
    words = {re.sub(r"\.(one|other)$", "", key) for key in language("en").words} | set(language("en").words)
    keys = {key for key in keys_in_code() if "." in key and not key.endswith(".csv")}
    unsaid = [
        key for key in language("en").words if key.partition(".")[0] in OWN and not any(map(key.startswith, keys))
    ]
    assert unsaid == []
    assert [key for key in keys if not any(word == key or word.startswith(key) for word in words)] == []


def test_outcomes_of_a_document_are_in_its_language(dutch):
    texts = [text for rule in dutch.rules for _, text in outcomes(dutch, rule)]
    assert all(" = " in text for text in texts)
    assert not any(text.endswith((" = missing", " = other")) for text in texts)


def test_a_kept_level_is_named_in_the_language():
    from calibrate.adopted import kept_lines

    kept = Kept("size", "Size", outcome_label(Rule(id="a", attr="A"), 1), "kept", 3, 5, 3)
    (line, carried) = kept_lines([kept, kept])
    assert line == (
        "2 levels keep the points adopted last, which history does not contradict: 'Size = missing' (+3, history +5), "
        "'Size = missing' (+3, history +5)."
    )
    assert "'Size = fehlt' (+3, Historie +5)" in language("de").text(line)
    assert carried.endswith("those of history.")
