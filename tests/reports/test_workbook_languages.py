"""The meeting's workbook in every language: its words, its way back to the rules, what it prints in its country."""

from __future__ import annotations

import csv
import json
import re
import shutil
import zipfile
from dataclasses import replace

import pytest
from cases import card, recombined, values_of_card
from click.testing import CliRunner
from lxml import etree
from meetings import combinations_of, converted, filled_in, sheet_of

from calibrate.cli import cli
from calibrate.document.rules import Attribute, Case, Evidence, Gate, In, Rule, Rules, ScoreBand
from calibrate.document.rules_file import save_rules
from calibrate.errors import RulesError
from calibrate.meeting.counts_file import counts_text
from calibrate.meeting.edited import with_points
from calibrate.meeting.figures import figures, tenths
from calibrate.words.language import LANGUAGES, language
from reports.workbook import content as limits
from reports.workbook import meeting_workbook, read_meeting
from reports.workbook.content import Content
from reports.workbook.places import rule_columns
from reports.workbook.sheets import sheet_name

ENGLISH = language("en")
SHEETS = ("overview", "rules", "bands", "scores", "lead", "counts")
EDITS = {("r_industry_fit", 0): 30, ("r_phone_fit", 1): 0}
AS_SHOWN = "csv:Text - txt - csv (StarCalc):59,34,76,1,,0,false,true,true,false,false,-1"
NS = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


@pytest.fixture(scope="module")
def counted():
    leads = recombined(card(), values_of_card(), 1500)
    return combinations_of(card(), leads, [place % 4 == 0 for place in range(1500)], 3.0)


@pytest.fixture(scope="module", params=LANGUAGES)
def say(request):
    return language(request.param)


def decided(path, say):
    """Two points, a reason and the threshold, filled in where the words of the language are."""
    rules = sheet_name(say, "rules")
    lines = sheet_of(path, rules)
    header = next(line for line in lines if say("workbook.rule_id") in line)
    names = ("rule_id", "way", "meeting_points", "why")
    rule, way, points, why = (header.index(say(f"workbook.{name}")) for name in names)
    rows = {(line[rule], line[way]): number for number, line in enumerate(lines, start=1) if line[rule]}
    cells = {f"{chr(65 + points)}{rows[key]}": value for key, value in EDITS.items()}
    cells[f"{chr(65 + why)}{rows['r_industry_fit', 0]}"] = "Messe à Århus"
    filled_in(path, {rules: cells, sheet_name(say, "overview"): {"B6": 45}})


def test_notes_of_the_sheet_of_scores_stay_on_its_paper(say):
    # columns A to H are 116 digits wide, and letters of a sentence take less than a digit each
    assert max(len(say(f"workbook.scores_{key}")) for key in ("note", "live")) <= 116


def test_a_workbook_of_any_language_is_applied_as_changes_are(counted, say, tmp_path):
    rules = card().model_copy(update={"language": say.code})
    save_rules(rules, tmp_path / "rules.json")
    (tmp_path / "counts.json").write_text(counts_text(counted, rules), encoding="utf-8")
    (tmp_path / "meeting.xlsx").write_bytes(meeting_workbook(rules, counted))
    decided(tmp_path / "meeting.xlsx", say)
    reasons = {"r_industry_fit": "Messe à Århus"}
    points = {("r_industry_fit", 0): 15, ("r_phone_fit", 1): -4}
    changes = [
        {"rule": rule, "way": way, "from": points[rule, way], "to": to, "reason": reasons.get(rule, "")}
        for (rule, way), to in EDITS.items()
    ]
    saved = {"format": "leadscore-changes/1.0", "rules": {"id": "card", "version": "1"}, "threshold": 45,
             "changes": changes}  # fmt: skip
    (tmp_path / "changes.json").write_text(json.dumps(saved), encoding="utf-8")
    for name in ("meeting.xlsx", "changes.json"):
        words = ["apply", str(tmp_path / "rules.json"), str(tmp_path / name), "--date", "2026-10-01"]
        done = CliRunner().invoke(cli, [*words, "--out", str(tmp_path / f"{name}.rules")])
        assert done.exit_code == 0, done.output
    assert (tmp_path / "meeting.xlsx.rules").read_bytes() == (tmp_path / "changes.json.rules").read_bytes()


def test_a_fault_is_told_where_the_workbook_has_it(counted, say, tmp_path):
    path = tmp_path / "meeting.xlsx"
    path.write_bytes(meeting_workbook(card(), counted, say=say))
    filled_in(path, {sheet_name(say, "rules"): {"I5": "x"}})
    place = f"{sheet_name(say, 'rules')}, row 5, {say('workbook.meeting_points')}: found 'x', expected a whole number"
    with pytest.raises(RulesError, match=re.escape(place)):
        read_meeting(path, card())


def test_what_is_looked_for_stands_once(counted, say):
    content = Content.of(card(), counted, card(), None, say)
    headings = [say(f"workbook.{name}") for name in rule_columns(content)]
    for name in ("rule_id", "way", "proposed_points", "meeting_points", "why"):
        assert headings.count(say(f"workbook.{name}")) == 1, name
    beside = ("threshold", "capacity", "capacity_a_month", "in_use", "period", "rules_id", "rules_version",
              "threshold_proposed")  # fmt: skip
    labels = [say(f"workbook.{name}") for name in beside]
    labels += [say(f"meeting.{name}") for name in ("leads", "leads_a_month", "rate", "reached", "right_order")]
    assert len(set(labels)) == len(labels)


def test_sheets_can_be_called_so(say):
    names = [sheet_name(say, sheet) for sheet in SHEETS]
    assert len({name.lower() for name in names}) == len(names)
    assert all(len(name) <= 31 and not set(name) & set("[]:*?/\\'") for name in names)
    others = [language(code) for code in LANGUAGES if code != say.code]
    filled_in_here = {sheet_name(say, sheet) for sheet in ("overview", "rules")}
    assert all(filled_in_here != {sheet_name(other, sheet) for sheet in ("overview", "rules")} for other in others)


def test_formulas_differ_in_words_alone(counted, say, tmp_path):
    """The same functions of the same cells, whatever sheets are called and sentences say."""
    assert list(formulas(counted, say, tmp_path)) == list(formulas(counted, ENGLISH, tmp_path))


def formulas(counted, say, folder):
    path = folder / f"{say.code}.xlsx"
    path.write_bytes(meeting_workbook(card(), counted, card(), None, say))
    called = {name if name.isascii() else f"'{name}'": sheet for sheet in SHEETS for name in (sheet_name(say, sheet),)}
    with zipfile.ZipFile(path) as book:
        for name in sorted(book.namelist()):
            if name.startswith("xl/worksheets/sheet"):
                for cell in etree.fromstring(book.read(name)).iter(f"{NS}f"):
                    text = re.sub(r'"(?:[^"]|"")*"', '""', cell.text)
                    if "TEXT(" not in text:
                        yield re.sub(r"('[^']+'|\w+)(?=!)", lambda found: called[found.group()], text)


@pytest.mark.parametrize("limit", ["MOST_COMBINATIONS", "MOST_ADDED", "MOST_LOOKED_AT"])
def test_figures_without_formulas_say_why(counted, say, limit, tmp_path, monkeypatch):
    monkeypatch.setattr(limits, limit, 0)
    path = tmp_path / "meeting.xlsx"
    path.write_bytes(meeting_workbook(card(), counted, say=say))
    told = sheet_of(path, sheet_name(say, "overview"))[2][0]
    before, after = say.words["workbook.change_threshold"].split("{why}")
    assert told.startswith(before)
    assert told.endswith(after)
    assert "{" not in told


MARKED = replace(
    ENGLISH, words={key: text if key.startswith("marks.") else f"⟦{text}⟧" for key, text in ENGLISH.words.items()}
)


def foreign():
    """Rules in whose names no Latin letter stands."""
    evidence = Evidence(leads=50, conversions=20, lift=10.0, lift_low=5.0, lift_high=15.0, points_lift=10)
    cases = tuple(Case(when=In(in_=(text,)), points=10, label=label, evidence=evidence)
                  for text, label in (("a", "甲"), ("b", "乙")))  # fmt: skip
    gate = {"id": "own", "when": {"attr": "Size", "in": ("c",)}, "then": {"score": 0}, "label": "门"}
    return Rules(
        id="1", version="1", title="标题", attributes={"Size": Attribute(type="text", label="大小")},
        gates=(Gate.model_validate(gate),), rules=(Rule(id="size", attr="Size", cases=cases, missing=-2),),
        bands=(ScoreBand(name="丙", from_=5, action="做"), ScoreBand(name="丁")),
    )  # fmt: skip


@pytest.mark.parametrize("live", [True, False])
def test_every_word_of_the_workbook_is_from_the_lists(tmp_path, monkeypatch, live):
    if not live:
        monkeypatch.setattr(limits, "MOST_COMBINATIONS", 0)
    rules, path = foreign(), tmp_path / "meeting.xlsx"
    leads = [{"Size": text} for text in ("a", "b", "c", "d", "")] * 10
    counted = combinations_of(rules, leads, [place % 3 == 0 for place in range(50)], 2.5 if live else None)
    path.write_bytes(meeting_workbook(rules, replace(counted, hidden=0.05), rules, None, MARKED))
    with zipfile.ZipFile(path) as book:
        names = book.namelist()
        texts = re.findall(r"<t[^>]*>([^<]*)</t>", book.read("xl/sharedStrings.xml").decode())
        texts += [item.get("name") for item in etree.fromstring(book.read("xl/workbook.xml")).iter(f"{NS}sheet")]
        for name in names:
            if name.startswith("xl/worksheets/sheet"):
                root = etree.fromstring(book.read(name))
                found = [cell.text for cell in root.iter(f"{NS}f")]
                texts += ["".join(re.findall(r'"((?:[^"]|"")*)"', text)) for text in found]
                checks = list(root.iter(f"{NS}dataValidation"))
                texts += [check.get(key) or "" for check in checks for key in ("error", "errorTitle")]
            elif name.startswith("xl/charts/chart"):
                texts += [item.text for item in etree.fromstring(book.read(name)).iter("{*}t")]
                texts += re.findall(r"<c:tx><c:v>([^<]*)", book.read(name).decode())
    assert len(texts) > 80
    assert [text for text in texts if re.search("[A-Za-z]", outside_marks(text)) and text != "size"] == []


def outside_marks(text):
    """What is left of a text without what stands between marks, which may hold others."""
    while (rest := re.sub("⟦[^⟦⟧]*⟧", "", text)) != text:
        text = rest
    return text


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_a_german_workbook_prints_pythons_figures(counted, tmp_path):
    say, path = language("de"), tmp_path / "meeting.xlsx"
    path.write_bytes(meeting_workbook(card(), counted, say=say))
    decided(path, say)
    converted([path], AS_SHOWN, tmp_path, "de-DE")
    rules = with_points(card(), EDITS)
    now, before = figures(rules, counted, 45), figures(card(), counted, 60)
    best = tenths(rules, counted)
    overview, bands = (printed(tmp_path, sheet_name(say, sheet)) for sheet in ("overview", "bands"))
    shown = [[say.count(round(found.leads_a_month)), one_place(say, found.rate), one_place(say, found.reached),
              say.pairs(found.right_order)] for found in (now, before)]  # fmt: skip
    assert [[line[place] for line in overview[11:15]] for place in (1, 2)] == shown
    assert [[line[4], line[5], line[6]] for line in bands[5 : 5 + len(best)]] == [
        [one_place(say, share) for share in (band.rate, band.rate_low, band.rate_high)] for band in best
    ]
    first = {"leads": say.whole_percent(best[0].share_of_leads), "score": best[0].score_from,
             "customers": say.whole_percent(best[0].share_of_conversions)}  # fmt: skip
    assert overview[17][0] == say("workbook.best", **first)
    called = say.whole_percent(now.leads / counted.total_leads)
    assert overview[17][3] == say("workbook.gains", leads=called, customers=say.whole_percent(now.reached))


def one_place(say, share):
    return say("marks.percent", value=say.number(100 * share, 1))


def printed(folder, sheet):
    """The cells of a sheet as LibreOffice shows them."""
    text = (folder / "out" / f"meeting-{sheet}.csv").read_text(encoding="utf-8")
    return list(csv.reader(text.splitlines(), delimiter=";"))


def test_the_page_is_in_the_language_of_its_rules_or_the_one_asked_for(counted, tmp_path):
    rules = card().model_copy(update={"language": "nl"})
    save_rules(rules, tmp_path / "rules.json")
    (tmp_path / "counts.json").write_text(counts_text(counted, rules), encoding="utf-8")
    for asked, code in (((), "nl"), (("--language", "fr"), "fr"), (("--language", "en"), "en")):
        words = ["report", str(tmp_path / "rules.json"), "--out", str(tmp_path / f"{code}.html"), *asked]
        assert CliRunner().invoke(cli, words).exit_code == 0
        page = (tmp_path / f"{code}.html").read_text(encoding="utf-8")
        assert f'<html lang="{code}">' in page
        assert language(code)("meeting.minutes") in page
