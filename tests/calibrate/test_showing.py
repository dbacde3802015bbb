"""Results show themselves: every name escaped, no script, and the pages and files of the command line."""

from __future__ import annotations

import json
from pathlib import Path

import lxml.html
import numpy as np
import pandas as pd
import pytest

import calibrate as cal
from calibrate.cli import cli
from calibrate.exports.fidelity import Fidelity
from calibrate.showing import Shown
from calibrate.words.language import LANGUAGES, language
from reports.notebook.card import card

HOSTILE = "<img src=x onerror=\"window.hurt=1\"> 'b' & {{ value }} </script><script>window.hurt=1</script>"


def history(source_name="Source", first="Fair"):
    random = np.random.default_rng(9)
    source = random.choice([first, "List", "Web"], 900)
    return pd.DataFrame(
        {
            source_name: source,
            "Pages": random.poisson(3, 900),
            "Created": pd.Timestamp("2026-01-01") + pd.to_timedelta(np.arange(900) // 10, unit="D"),
            "Status": np.where(random.random(900) < 0.1 + 0.3 * (source == first), "Won", "Lost"),
        }
    )


def learned(frame, **report):
    settings = cal.Settings.model_validate({"points": {"draws": 100}, "report": report})
    return cal.calibrate(frame, "Status=Won", lost="Lost", date="Created", settings=settings)


@pytest.fixture(scope="module")
def frame():
    return history()


@pytest.fixture(scope="module")
def result(frame):
    return learned(frame)


def rows(html):
    """The cells of every row of a card."""
    return [
        tuple(cell.text_content() for cell in row.xpath("th|td")) for row in lxml.html.fromstring(html).xpath(".//tr")
    ]


def test_names_are_escaped_wherever_a_result_shows_them():
    frame = history(HOSTILE, HOSTILE)
    result = learned(frame, title=HOSTILE)
    counts = result.combinations()
    (rule,) = [rule for rule in result.rules.rules if rule.attr == HOSTILE]
    edits = {(rule.id, 0): rule.cases[0].points + 3}
    decided = cal.changes_to(result.rules, edits, reasons=dict.fromkeys(edits, HOSTILE))
    adopted = cal.apply(result.rules, decided, date="2026-10-01", counts=counts)
    shown: list[Shown] = [
        cal.inspect(frame),
        result,
        adopted,
        cal.compare(result.rules, adopted, frame),
        cal.check(adopted, frame),
        cal.score_lead(adopted, {HOSTILE: HOSTILE}),
        *cal.export_rules(adopted, "pipedrive"),
    ]
    for found in shown:
        page = lxml.html.fromstring(card(found))
        assert not page.xpath("//script|//img|//*[@onerror]"), type(found).__name__
        assert "onerror" in page.text_content() or isinstance(found, cal.Check | Fidelity)


def test_printed_a_result_is_a_few_lines_that_say_what_it_is(result, frame):
    adopted = cal.with_points(result.rules, {(result.rules.rules[0].id, 0): 3})
    (fidelity,) = cal.export_rules(result.rules, "sql:duckdb")
    shown = {
        "Calibration of table: 900 of 900 leads": result,
        f"Rules {result.rules.id} version 1": result.rules,
        "Comparison of": cal.compare(result.rules, adopted, frame),
        f"Check of {result.rules.id} version 1 on table: 900": cal.check(result.rules, frame),
        "sql: rules.duckdb.sql": fidelity,
        "Inspection of table: 900 leads, 4 columns": cal.inspect(frame),
    }
    for start, found in shown.items():
        assert str(found) == repr(found)
        assert str(found).startswith(start)
        assert len(str(found).splitlines()) <= 5
        assert len(str(found)) < 800
    assert f"{result.column} points" in str(result)
    assert len(repr(cal.meeting_page(result.rules, result.combinations()))) < 100
    # Small ones print all they hold.
    assert repr(cal.score_lead(result.rules, {"Source": "Fair"})).startswith("LeadScore(score=")


def test_a_calibration_shows_its_strongest_levels_and_the_way_to_the_report(result):
    heads, *found = rows(card(result))
    assert heads == ("points", "rule", "won of leads", "rate", "data support")
    levels = result.to_frame()
    points = levels[levels["points"] != 0]["points"].abs().sort_values(ascending=False)
    shown = [int(row[0].replace("\u2212", "-")) for row in found]
    assert [abs(number) for number in shown] == points.head(12).tolist()
    assert "calibrate.report(result)" in card(result)


def test_rules_show_every_level_with_its_points(result):
    found = [row for row in rows(card(result.rules)) if len(row) > 1][1:]
    of_cases = sum(len(rule.cases) for rule in result.rules.rules)
    assert of_cases + len(result.rules.rules) <= len(found) <= of_cases + 2 * len(result.rules.rules)
    pairs = {(row[0], row[1].replace("\u2212", "-").removeprefix("+")) for row in found}
    assert pairs >= {(case.label, str(case.points)) for rule in result.rules.rules for case in rule.cases}


def test_points_that_people_chose_are_shown_with_their_reason(result):
    rule = result.rules.rules[0]
    edits = {(rule.id, rule.cases[0].label): rule.cases[0].points + 3}
    decided = cal.changes_to(result.rules, edits, reasons=dict.fromkeys(edits, "Sales knows them"))
    adopted = cal.apply(result.rules, decided, date="2026-10-01")
    told = [row[4] for row in rows(card(adopted)) if len(row) == 5 and row[4]]
    assert told[1:] == [f"was {language('en').signed(rule.cases[0].points)}. Sales knows them"]


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_calibration_and_its_rules_speak_the_language_of_the_report(frame, code):
    found, say = learned(frame, language=code), language(code)
    assert say("notebook.report") in lxml.html.fromstring(card(found)).text_content()
    assert rows(card(found.rules))[0][:2] == (say("notebook.level"), say("notebook.points"))


def test_figures_show_what_they_hold(result):
    found = cal.figures(result.rules, result.combinations(), 0)
    shown = dict(rows(card(found)))
    assert shown["Hand over from score"] == "0"
    assert shown["Right order, of 100 won-lost pairs"] == f"{100 * found.right_order:.1f}"
    assert list(shown.values())[2:4] == [language("en").percent(share) for share in (found.rate, found.reached)]


def test_a_difference_says_which_change_could_be_chance(result):
    counts = result.combinations()
    same = cal.difference(result.rules, result.rules, counts, 0, 0)
    assert [row[3] for row in rows(card(same))[1:]] == ["could be chance"] * 4
    fewer = cal.difference(result.rules, result.rules, counts, -100, 100)
    assert rows(card(fewer))[1][3] == "beyond chance"


def test_a_run_is_saved_as_the_command_line_writes_it(frame, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    frame.to_csv("deals.csv", index=False)
    options = ["--outcome", "Status=Won", "--lost", "Lost", "--date", "Created", "--draws", "100"]
    cli.main(["run", "deals.csv", *options, "--out", "told", "--quiet"], standalone_mode=False)
    names = cal.save_run(learned("deals.csv"), "called")
    assert {path.name for path in Path("told").iterdir()} == set(names)
    assert all(Path("told", name).read_bytes() == Path("called", name).read_bytes() for name in names)
    with pytest.raises(cal.SettingsError, match="there and not empty"):
        cal.save_run(learned("deals.csv"), "called")


def test_a_report_and_a_meeting_page_are_those_of_the_files(result, tmp_path):
    cal.save_run(result, tmp_path / "run")
    cal.report(result).save(tmp_path / "report.html")
    assert (tmp_path / "report.html").read_bytes() == (tmp_path / "run" / "report.html").read_bytes()
    counts = cal.load_counts(tmp_path / "run" / "counts.json", result.rules)
    page = cal.meeting_page(result.rules, counts)
    page.save(tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == page.html
    (frame,) = lxml.html.fragments_fromstring(page._repr_html_())
    assert frame.get("srcdoc") == page.html
    assert "allow-same-origin" not in frame.get("sandbox")
    dutch = lxml.html.fromstring(cal.meeting_page(result.rules, counts, language="nl").html)
    assert dutch.get("lang") == "nl"


def test_decisions_come_from_calls_and_files_alike(result, tmp_path):
    rule = result.rules.rules[0]
    edits = {(rule.id, rule.cases[0].label): rule.cases[0].points + 2}
    decided = cal.changes_to(result.rules, edits, threshold=1, threshold_reason="Room for more")
    path = tmp_path / "changes.json"
    path.write_text(json.dumps(decided.model_dump(mode="json", by_alias=True, exclude_none=True)), encoding="utf-8")
    by_call = cal.apply(result.rules, decided, date="2026-10-01", counts=result.combinations())
    assert cal.apply(result.rules, path, date="2026-10-01", counts=result.combinations()) == by_call
    assert by_call.handover_score == 1
    assert by_call.rules == cal.apply(result.rules, decided, date="2026-10-01").rules
    with pytest.raises(cal.SettingsError, match="no number that differs"):
        cal.apply(result.rules, cal.changes_to(result.rules, {}), date="2026-10-01")
