"""Do rules still hold: each question on leads made to answer it, and all of them on the sample."""

from __future__ import annotations

import csv
import json
import math

import pytest
from click.testing import CliRunner
from lxml import etree

import calibrate as cal
from calibrate.commands.checking import RULES_DO_NOT_HOLD
from calibrate.commands.checking import check as command
from calibrate.document.lead_score import score_lead
from calibrate.document.rules import (
    Attribute,
    Baseline,
    Case,
    Evidence,
    Has,
    In,
    MadeBy,
    Probability,
    Reference,
    Rule,
    Rules,
    ScoreBand,
)
from calibrate.exports.check import CheckLeads
from calibrate.meeting.checking import check
from calibrate.reading.dialect import ReadingOptions
from calibrate.sample import sample_file
from calibrate.settings import OutcomeSettings, load_settings
from calibrate.voice import Voice
from reports.commands.check import check_lines, sentence
from reports.commands.check_xml import check_xml

KNOWN = OutcomeSettings(column="Status", won=["Won"], lost=["Lost"], date="Created")
# won, leads by source in a history of 1,000 leads of which 200 were won: 40 %, 20 %, 10 %
HISTORY = {"Fair": (80, 200), "Web": (100, 500), "Mail": (20, 200), None: (0, 100)}
POINTS = {"Fair": 20, "Web": 0, "Mail": -10}


def evidence(value):
    return Evidence(conversions=HISTORY[value][0], leads=HISTORY[value][1])


def rules_of(**more):
    cases = tuple(Case(when=In(in_=(name,)), points=points, evidence=evidence(name)) for name, points in POINTS.items())
    given = {
        "id": "x",
        "version": "3",
        "baseline": Baseline(leads=1000, conversions=200, rate=0.2, low=0.17, high=0.23),
        "attributes": {"Source": Attribute(type="category")},
        "rules": (Rule(id="source", attr="Source", cases=cases, missing=-20, missing_evidence=evidence(None)),),
        "bands": (ScoreBand(name="hot", from_=10), ScoreBand(name="warm", from_=0), ScoreBand(name="cold")),
        "reference": Reference(population="x", leads=1000, scores=(-20, -10, 0, 20), counts=(100, 200, 500, 200)),
        "made_by": MadeBy(from_="2026-01-01", to="2026-03-31"),
    }
    return Rules(**(given | more))


def rows_of(counts, month="2026-04"):
    """Leads of (source, won, lost): the won ones first."""
    return [
        (source or "", status, f"{month}-10")
        for source, won, lost in counts
        for status, times in (("Won", won), ("Lost", lost))
        for _ in range(times)
    ]


AS_BEFORE = [(name, won, leads - won) for name, (won, leads) in HISTORY.items()]


def check_of(tmp_path, rows, rules=None, outcome=KNOWN, header=("Source", "Status", "Created")):
    path = tmp_path / "leads.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    rules = rules or rules_of()
    return check(rules, CheckLeads.of(rules, path, ReadingOptions(), outcome))


def found(result, kind):
    return next(item for item in result.findings if item.kind == kind)


def why_not(result):
    return {(item.kind, item.why) for item in result.not_checked}


def test_leads_as_they_were_hold(tmp_path):
    result = check_of(tmp_path, rows_of(AS_BEFORE))
    assert result.grade == "ok"
    assert {item.kind for item in result.findings} == {
        "base rate", "levels", "band order", "score mix", "attribute mix", "missing values", "new values",
    }  # fmt: skip
    assert found(result, "score mix").figures.index.value == 0
    assert found(result, "attribute mix").figures.index.value == 0
    assert why_not(result) == {("promised chances", "chances"), ("score inflation", "months")}
    assert check_lines(result)[-1].startswith("The rules hold")


def test_fewer_are_won(tmp_path):
    halved = [(name, won // 2, leads - won // 2) for name, (won, leads) in HISTORY.items()]
    finding = found(check_of(tmp_path, rows_of(halved)), "base rate")
    assert finding.grade == "act"
    assert finding.figures.change.difference == pytest.approx(-10)
    little = [("Fair", 70, 130), ("Web", 90, 410), ("Mail", 18, 182), (None, 0, 100)]
    assert found(check_of(tmp_path, rows_of(little)), "base rate").grade == "ok"  # 17.8 of 20: may be chance


def test_a_level_turns(tmp_path):
    turned = [("Fair", 20, 180), ("Web", 100, 400), ("Mail", 80, 120), (None, 0, 100)]
    finding = found(check_of(tmp_path, rows_of(turned)), "levels")
    assert finding.grade == "act"
    assert {(item.label, item.points, item.reversed) for item in finding.figures.changed} == {
        ("Fair", 20, True), ("Mail", -10, True)
    }  # fmt: skip
    assert "Source = Fair (+20 points) had a lift of +20.0, now −10.0, on the other side" in sentence(finding)


def test_bands_out_of_order(tmp_path):
    turned = [("Fair", 20, 180), ("Web", 100, 400), ("Mail", 80, 120), (None, 0, 100)]
    result = check_of(tmp_path, rows_of(turned))
    finding = found(result, "band order")
    assert finding.grade == "act"
    assert [(band.band, band.won, band.leads) for band in finding.figures.bands] == [
        ("hot", 20, 200), ("warm", 100, 500), ("cold", 80, 300)
    ]  # fmt: skip
    assert [item[:2] for item in finding.figures.inverted] == [("hot", "warm"), ("warm", "cold")]
    assert "hot less than warm (beyond chance) and warm less than cold" in sentence(finding)
    little = [("Fair", 4, 16), ("Web", 11, 39)]
    assert found(check_of(tmp_path, rows_of(little)), "band order").grade == "look"


def test_promised_chances(tmp_path):
    # 50 % at a score of 20, 27 % at 0
    rules = rules_of(probability=Probability(fitted_on="x", intercept=-1.0, slope=0.05))
    result = check_of(tmp_path, rows_of([("Fair", 100, 100), ("Web", 134, 366), ("Mail", 37, 163)]), rules)
    finding = found(result, "promised chances")
    assert finding.grade == "ok"
    assert [band.promised for band in finding.figures.bands] == pytest.approx(
        [1 / (1 + math.exp(-odds)) for odds in (0, -1, -1.5)]
    )
    broken = found(check_of(tmp_path, rows_of(AS_BEFORE), rules), "promised chances")
    assert broken.grade == "act"
    assert "hot promised 50.0%, 40.0% came" in sentence(broken)


def test_without_chances_bands_promise_their_rates(tmp_path):
    bands = tuple(
        band.model_copy(update={"rate": rate}) for band, rate in zip(rules_of().bands, (0.4, 0.2, 0.07), strict=True)
    )
    finding = found(check_of(tmp_path, rows_of(AS_BEFORE), rules_of(bands=bands)), "promised chances")
    assert finding.grade == "ok"
    assert finding.figures.all.promised == pytest.approx(0.08 + 0.1 + 0.021)


def test_mixes_that_moved(tmp_path):
    now = [("Fair", 200, 300), ("Web", 40, 160), ("Mail", 20, 180), (None, 0, 100)]
    result = check_of(tmp_path, rows_of(now))
    shares = [(0.2, 0.5), (0.5, 0.2), (0.2, 0.2), (0.1, 0.1)]
    index = sum((b - a) * math.log(b / a) for a, b in shares)
    for kind in ("score mix", "attribute mix"):
        finding = found(result, kind)
        assert finding.figures.index.value == pytest.approx(index)
        assert finding.grade == "act"
    few = check_of(tmp_path, rows_of([("Fair", 3, 3), ("Web", 1, 3)]))
    assert found(few, "score mix").grade == "ok"  # chance does so to ten leads


def test_missing_and_new_values_and_vanished_cases(tmp_path):
    now = [("TikTok", 30, 170), ("Web", 100, 400), (None, 10, 290), ("Agency", 1, 2)]
    result = check_of(tmp_path, rows_of(now))
    missing, new, gone = (found(result, kind) for kind in ("missing values", "new values", "vanished cases"))
    assert (missing.grade, missing.figures.then, missing.figures.now) == ("look", 0.1, 300 / 1003)
    assert (new.grade, new.figures.leads, new.figures.values) == ("act", 203, (("TikTok", 200), ("Agency", 3)))
    assert dict(gone.figures.cases) == pytest.approx({"Fair": 200.6, "Mail": 200.6})
    assert "TikTok (200), Agency (3)" in sentence(new)


def test_pooled_values_are_new_only_beyond_what_history_had(tmp_path):
    (rule,) = rules_of().rules
    pooled = rule.model_copy(update={"missing_evidence": None, "otherwise_evidence": evidence(None)})
    rules = rules_of(rules=(pooled,))
    rare = [*AS_BEFORE[:3], *((name, 0, 20) for name in "abcde")]
    assert found(check_of(tmp_path, rows_of(rare), rules), "new values").grade == "ok"
    many = [*AS_BEFORE[:3], ("TikTok", 0, 400)]
    assert found(check_of(tmp_path, rows_of(many), rules), "new values").grade == "act"


def test_a_column_that_is_gone(tmp_path):
    attributes = {name: Attribute(type="category") for name in ("Source", "Role")}
    role = Rule(id="role", attr="Role", cases=(Case(when=In(in_=("Owner",)), points=3),))
    rules = rules_of(attributes=attributes, rules=(*rules_of().rules, role))
    result = check_of(tmp_path, rows_of(AS_BEFORE), rules)
    absent = [item for item in result.findings if item.kind == "missing values" and item.grade == "act"]
    assert [(item.subject, item.figures.absent) for item in absent] == [("Role", True)]


def test_a_set_has_its_missing_with_its_others(tmp_path):
    held, rest = Evidence(conversions=80, leads=400), Evidence(conversions=120, leads=600)
    rule = Rule(
        id="prices", attr="Source", cases=(Case(when=Has(has="a"), points=3, evidence=held),),
        otherwise_evidence=rest, missing_evidence=rest,
    )  # fmt: skip
    rules = rules_of(attributes={"Source": Attribute(type="set", separator=";")}, rules=(rule,), reference=None)
    result = check_of(tmp_path, rows_of([("a;b", 80, 320), ("b", 60, 240), (None, 60, 240)]), rules)
    assert found(result, "attribute mix").figures.index.value == 0
    assert "missing values" not in {item.kind for item in result.findings}


def test_ever_more_pass_and_ever_fewer_of_them_are_won(tmp_path):
    rows = [
        row
        for month, passed, won in (("2026-04", 40, 20), ("2026-05", 60, 20), ("2026-06", 90, 15), ("2026-07", 120, 12))
        for row in rows_of([("Fair", won, passed - won), ("Web", 20, 180 - passed)], month)
    ]
    finding = found(check_of(tmp_path, rows), "score inflation")
    assert finding.grade == "act"
    assert [(item.month, item.leads, item.above, item.won) for item in finding.figures.months] == [
        ("2026-04", 200, 40, 20), ("2026-05", 200, 60, 20), ("2026-06", 200, 90, 15), ("2026-07", 200, 120, 12),
    ]  # fmt: skip
    more = [
        row
        for month, passed in (("2026-04", 40), ("2026-05", 60), ("2026-06", 90))
        for row in rows_of([("Fair", passed // 2, passed // 2), ("Web", 20, 180 - passed)], month)
    ]
    assert found(check_of(tmp_path, more), "score inflation").grade == "look"


def test_without_outcomes_only_mixes_are_asked(tmp_path):
    result = check_of(tmp_path, rows_of(AS_BEFORE), outcome=None)
    assert {why for _, why in why_not(result)} == {"outcomes"}
    assert {item.kind for item in result.findings} == {"score mix", "attribute mix", "missing values", "new values"}


def test_points_brought_in_from_elsewhere_have_no_history(tmp_path):
    cases = tuple(Case(when=In(in_=(name,)), points=points) for name, points in POINTS.items())
    rules = Rules(
        id="x", version="1", attributes={"Source": Attribute(type="category")},
        rules=(Rule(id="source", attr="Source", cases=cases),),
    )  # fmt: skip
    result = check_of(tmp_path, rows_of(AS_BEFORE), rules)
    assert result.findings == ()
    assert {why for _, why in why_not(result)} == {"evidence", "reference", "bands", "threshold"}
    assert check_lines(result)[-1] == "Nothing was asked."


@pytest.fixture(scope="module")
def sample() -> Rules:
    settings = load_settings(sample_file("leads.toml"))
    settings = settings.model_copy(update={"points": settings.points.model_copy(update={"draws": 0})})
    return cal.calibrate(str(sample_file("leads.csv")), settings=settings).rules


def test_the_leads_that_made_the_rules_are_known_again(sample):
    """Every mix is the same to the last lead, and outcomes are not asked."""
    result = check(sample, CheckLeads.of(sample, sample_file("leads.csv"), ReadingOptions(), None))
    mixes = [item for item in result.findings if item.kind in ("score mix", "attribute mix")]
    assert len(mixes) == 1 + len(sample.rules)
    assert all(item.figures.index.value == 0 for item in mixes)
    assert result.file.seen[0].how == "file"
    assert {item.why for item in result.not_checked} == {"same leads"}
    assert "These very leads made the rules" in check_lines(result)[1]


def test_months_are_those_of_leads_scored_one_by_one(sample):
    result = check(sample, CheckLeads.of(sample, sample_file("leads.csv"), ReadingOptions(), None))
    months = {item.month: item for item in found(result, "score inflation").figures.months}
    with sample_file("leads.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["Created"].startswith("2025-03")]
    known = [row for row in rows if row["Status"] in ("Won", "Lost")]
    above = [row for row in known if score_lead(sample, row, reasons=0).score >= sample.handover_score]
    month = months["2025-03"]
    assert (month.leads, month.above, month.won) == (len(known), len(above), sum(r["Status"] == "Won" for r in above))


def run(*words):
    return CliRunner().invoke(command, list(map(str, words)), obj=Voice(False, False, None), standalone_mode=False)


def test_the_command(tmp_path):
    cal.save_rules(rules_of(), tmp_path / "rules.json")
    turned = [("Fair", 20, 180), ("Web", 100, 400), ("Mail", 80, 120), (None, 0, 100)]
    check_of(tmp_path, rows_of(turned))
    files = tmp_path / "rules.json", tmp_path / "leads.csv"
    done = run(*files, "--outcome", "Status=Won", "--fail", "--junit", tmp_path / "check.xml")
    assert done.return_value == RULES_DO_NOT_HOLD
    assert "Act: 2 of 4 levels" in done.stdout
    suite = etree.parse(tmp_path / "check.xml").getroot()[0]
    assert suite.get("failures") == str(len(suite.findall("testcase/failure"))) == "2"
    assert suite.get("tests") == str(len(suite.findall("testcase")))
    assert suite.get("skipped") == str(len(suite.findall("testcase/skipped")))
    told = run(*files, "--outcome", "Status=Won", "--json")
    assert told.return_value is None
    assert json.loads(told.stdout)["grade"] == "act"


def test_hostile_names_stand_in_the_test_report(tmp_path):
    rules = rules_of(id='a"<b>\x01&', attributes={"Source": Attribute(type="category", label="S\x00<\ud7ff>")})
    text = check_xml(check_of(tmp_path, rows_of(AS_BEFORE), rules))
    assert etree.fromstring(text)[0].get("name") == 'a"<b> & version 3 on leads.csv'
    assert text == check_xml(check_of(tmp_path, rows_of(AS_BEFORE), rules))
