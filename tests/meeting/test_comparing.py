"""Two versions of the rules, and what both make of the same leads."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from click.testing import CliRunner
from sklearn.metrics import cohen_kappa_score, roc_auc_score

import calibrate as cal
from calibrate.commands.checking import compare as command
from calibrate.document.decisions import Override
from calibrate.document.rules import (
    Attribute,
    Baseline,
    Case,
    Evidence,
    Gate,
    GateThen,
    GateWhen,
    Has,
    In,
    MadeBy,
    Range,
    Rule,
    Rules,
    ScoreBand,
)
from calibrate.errors import DataError, SettingsError
from calibrate.exports.check import CheckLeads
from calibrate.meeting.backtest import backtest
from calibrate.meeting.comparing import compare
from calibrate.meeting.matching import PartChange
from calibrate.meeting.newer import told_outcome
from calibrate.reading.dialect import ReadingOptions
from calibrate.settings import OutcomeSettings
from calibrate.voice import Voice
from reports.commands.compare import compare_lines, verdict_sentence

WON = OutcomeSettings(column="Status", won=["Won"], lost=["Lost"], date="Created")
Q1 = ("2026-01-01", "2026-03-31")
Q2 = ("2026-04-01", "2026-06-30")


def base(won, leads):
    return Baseline(leads=leads, conversions=won, rate=won / leads, low=0, high=1)


def rules_of(points, ran=None, counts=None, overall=(150, 1000), edge=10, **more):
    """Rules on one attribute: value -> points; counts: value -> (won, leads)."""
    cases = tuple(
        Case(
            when=In(in_=(value,)),
            points=number,
            evidence=Evidence(conversions=counts[value][0], leads=counts[value][1]) if counts else None,
        )
        for value, number in points.items()
    )
    given = {
        "id": "x",
        "version": "1",
        "baseline": base(*overall) if counts else None,
        "attributes": {"Source": Attribute(type="category")},
        "rules": (Rule(id="source", attr="Source", cases=cases),),
        "bands": (ScoreBand(name="hot", from_=edge), ScoreBand(name="warm", from_=0), ScoreBand(name="cold")),
        "made_by": MadeBy(from_=ran[0], to=ran[1]) if ran else MadeBy(),
    }
    return Rules(**(given | more))


def causes(comparison):
    return {item.pair.label: item.cause for item in comparison.rules if item.pair.label not in ("other", "missing")}


def write(path, rows, header=("Source", "Status", "Created")):
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def leads_of(rules, path, outcome=WON):
    return CheckLeads.of(rules, path, ReadingOptions(), outcome)


def test_a_document_is_like_itself():
    rules = rules_of({"Fair": 20, "Web": -5}, Q1, {"Fair": (40, 100), "Web": (110, 900)})
    found = compare(rules, rules)
    assert (found.moved, found.parts, found.backtest) == ((), (), None)
    assert "the same for all 4 outcomes" in "\n".join(compare_lines(found))


def test_what_moved_a_level():
    """Fair: 40 % against 15 % and then 27.5 % against 16.5 %, whose z is -2.37 (oracle lift_change)."""
    old = rules_of({"Fair": 25, "Web": -3}, Q1, {"Fair": (40, 100), "Web": (110, 900)})
    new = rules_of({"Fair": 11, "Web": -1}, Q2, {"Fair": (33, 120), "Web": (165, 1080)}, (198, 1200))
    found = compare(old, new)
    (fair, web) = (item for item in found.rules if item.change)
    assert fair.change.z == pytest.approx(-2.372058892, abs=1e-8)
    assert fair.q_value == pytest.approx(0.01768927094, abs=1e-7)  # two levels that hold all leads are one test
    assert fair.q_value == web.q_value
    assert causes(found) == {"Fair": "level", "Web": "level"}
    assert found.base_rate.difference == pytest.approx(1.5)


def test_the_overall_rate_moves_every_lift():
    shares = {"Fair": (4000, 10_000), "Web": (1000, 10_000), "Mail": (1500, 10_000)}
    old = rules_of({"Fair": 25, "Web": -5, "Mail": 0}, Q1, shares, (15_000, 100_000))
    # odds of everybody halved
    halved = {name: (round(n / (2 * (n - k) / k + 1)), n) for name, (k, n) in shares.items()}
    new = rules_of({"Fair": 16, "Web": -3, "Mail": 0}, Q2, halved, (8_108, 100_000))
    found = compare(old, new)
    assert causes(found)["Web"] == "base rate"
    assert causes(found)["Mail"] == "chance"
    assert found.common_factor.low < found.common_factor.value < 1
    assert found.base_rate.spread == pytest.approx(0.08108 * 0.91892 / (0.15 * 0.85))


@pytest.mark.parametrize(
    ("first", "second", "kind"),
    [(Q1, Q2, "apart"), (Q2, Q1, "apart"), (Q1, ("2026-03-31", "2026-07-01"), "overlap"), (Q1, None, "undated")],
)
def test_only_histories_apart_are_tested(first, second, kind):
    counts = {"Fair": (40, 100), "Web": (30, 200)}
    found = compare(rules_of({"Fair": 25, "Web": 0}, first, counts), rules_of({"Fair": 20, "Web": 0}, second, counts))
    assert found.histories.kind == kind
    assert (causes(found)["Fair"] == "untested") == (kind != "apart")
    assert (found.base_rate is None) == (kind != "apart")
    said = "\n".join(compare_lines(found))
    assert ("cannot be tested" in said) == (kind != "apart")


def test_same_leads_and_decisions():
    counts = {"Fair": (40, 100), "Web": (30, 200)}
    made = MadeBy(sha256="a" * 64, from_=Q1[0], to=Q1[1])
    old, new = (
        rules_of(points, None, counts, made_by=made) for points in ({"Fair": 25, "Web": 0}, {"Fair": 5, "Web": 0})
    )
    assert causes(compare(old, new))["Fair"] == "same history"
    decided = Override(points_before=25, decided_on="2026-07-01")
    case = new.rules[0].cases[0].model_copy(update={"override": decided})
    rule = new.rules[0].model_copy(update={"cases": (case, *new.rules[0].cases[1:])})
    assert causes(compare(old, new.model_copy(update={"rules": (rule,)})))["Fair"] == "decision"


def test_without_counts_nothing_is_tested():
    found = compare(rules_of({"Fair": 25}), rules_of({"Fair": 20, "Web": 3}))
    assert found.histories.kind == "unknown"
    assert [(item.pair.label, item.cause) for item in found.moved] == [("Fair", "untested"), ("Web", "untested")]


def test_new_and_vanished_cases_tell_what_their_leads_get():
    old, new = rules_of({"Fair": 25, "Web": 7}), rules_of({"Fair": 25, "Mail": 3})
    rule = old.rules[0].model_copy(update={"otherwise": -2})
    old = old.model_copy(update={"rules": (rule,)})
    found = {item.pair.label: item.pair for item in compare(old, new).moved}
    assert (found["Mail"].old, found["Mail"].new.points, found["Mail"].elsewhere) == (None, 3, (-2,))
    assert (found["Web"].new, found["Web"].old.points, found["Web"].elsewhere) == (None, 7, (0,))
    assert not found["other"].alike
    said = "\n".join(compare_lines(compare(old, new)))
    assert "new; its leads had −2 before" in said
    assert "gone; its leads get 0 now" in said


def number_rules(*edges, points):
    ends = [None, *edges, None]
    cases = tuple(
        Case(when=Range(ge=low, lt=high), points=number)
        for low, high, number in zip(ends, ends[1:], points, strict=False)
    )
    attributes = {"Size": Attribute(type="number")}
    return Rules(id="x", version="1", attributes=attributes, rules=(Rule(id="size", attr="Size", cases=cases),))


def test_bins_are_matched_by_their_edges():
    old, new = number_rules(10, 50, points=(1, 2, 3)), number_rules(10, 30, points=(1, 5, 6))
    found = {item.pair.label: item.pair for item in compare(old, new).rules}
    assert found["under 10"].old.points == found["under 10"].new.points == 1
    assert found["10 to under 50"].elsewhere == (5, 6)
    assert found["30 and up"].elsewhere == (2, 3)


def test_members_of_a_set_are_rules_of_their_own():
    def rules(**points):
        made = tuple(
            Rule(id=name.casefold(), attr="Interests", cases=(Case(when=Has(has=name), points=number),))
            for name, number in points.items()
        )
        return Rules(id="x", version="1", attributes={"Interests": Attribute(type="set", separator=";")}, rules=made)

    found = compare(rules(Prices=3, Training=1), rules(Training=4, Security=2))
    told = {item.pair.label: item.pair for item in found.moved}
    assert (told["Training"].old.points, told["Training"].new.points) == (1, 4)
    assert told["Security"].elsewhere == told["Prices"].elsewhere == ()


def test_parts_that_differ():
    gate = Gate(id="student", when=GateWhen(attr="Source", in_=("Fair",)), then=GateThen(score=0))
    found = compare(rules_of({"Fair": 1}, edge=10), rules_of({"Fair": 1}, edge=12, gates=(gate,)))
    assert {(item.part, item.name) for item in found.parts} == {
        ("gate", "student"), ("band", "hot"), ("threshold", None)
    }  # fmt: skip
    assert "band hot: from 10, now 12" in "\n".join(compare_lines(found))
    one_more = replace(found, parts=(
        PartChange("attribute", "Postcode", {"type": "category", "label": "Postcode"}, None),
        PartChange("band", "A", None, {"from": -3, "action": "call"}),
        PartChange("threshold", None, None, 6),
    ))  # fmt: skip
    assert compare_lines(one_more)[-3:] == (
        "  attribute Postcode: gone", "  band A: new, from −3, action call", "  threshold: none, now 6"
    )  # fmt: skip


HISTORY = [(source, status, "2026-04-05") for source, status, times in [
    ("Fair", "Won", 30), ("Fair", "Lost", 20), ("Web", "Won", 10), ("Web", "Lost", 60), ("Mail", "Won", 20),
    ("Mail", "Lost", 15), ("Fair", "Open", 7), ("", "Lost", 5),
] for _ in range(times)]  # fmt: skip
KNOWN = [(source, status == "Won") for source, status, _ in HISTORY if status != "Open"]


def test_both_on_the_same_leads(tmp_path):
    path = write(tmp_path / "leads.csv", HISTORY)
    points = [{"Fair": 20, "Web": 5, "Mail": -3}, {"Fair": 11, "Web": -4, "Mail": 11}]
    old, new = (rules_of(item) for item in points)
    found = backtest(old, new, leads_of(new, path))
    scores = [[item.get(source, 0) for source, _ in KNOWN] for item in points]
    won = [win for _, win in KNOWN]
    assert (found.file.leads, found.file.rows, found.file.won, found.file.open) == (160, 167, 60, 7)
    for auc, given in zip(found.auc, scores, strict=True):
        assert auc.auc == pytest.approx(roc_auc_score(won, given))
    assert found.difference.difference == pytest.approx(found.auc[1].auc - found.auc[0].auc)
    bands = [["hot" if score >= 10 else "warm" if score >= 0 else "cold" for score in given] for given in scores]
    order = ["hot", "warm", "cold"]
    expected = [
        [sum(pair == both for pair in zip(*bands, strict=True)) for both in product([one], order)] for one in order
    ]
    assert [list(row) for row in found.migration.leads] == expected
    assert found.migration.kappa == pytest.approx(cohen_kappa_score(*bands, labels=order, weights="linear"))
    assert found.migration.moved_far == 35 / 160
    old_side, new_side = found.handed
    assert (old_side.leads, old_side.rate.conversions, new_side.leads, new_side.rate.conversions) == (50, 30, 85, 50)
    assert new_side.reached == 50 / 60
    assert (found.swap.into, found.swap.into_rate.rate, found.swap.out) == (35, 20 / 35, 0)
    assert (found.verdict.word, found.verdict.why) == ("adopt", "not worse")
    assert verdict_sentence(found).startswith("Adopt the new rules")
    assert backtest(new, old, leads_of(new, path)).verdict.word == "keep"


def test_a_given_threshold_counts_for_both(tmp_path):
    rules = rules_of({"Fair": 20})
    found = backtest(rules, rules_of({"Fair": 15}), leads_of(rules, write(tmp_path / "leads.csv", HISTORY)), 16)
    assert [item.leads for item in found.handed] == [50, 0]
    assert found.handed[1].rate is None


def test_rules_that_have_seen_the_leads_are_not_adopted_for_it(tmp_path):
    path = write(tmp_path / "leads.csv", HISTORY)
    old, new = rules_of({"Web": 20}, Q1), rules_of({"Fair": 20, "Mail": 20}, Q2)
    found = backtest(old, new, leads_of(new, path))
    assert [item.how for item in found.file.seen] == ["no", "period"]
    assert (found.verdict.word, found.verdict.why) == ("cannot tell", "seen")
    assert backtest(new, old, leads_of(new, path)).verdict.why == "seen"
    both = backtest(rules_of({"Web": 20}, Q2), new, leads_of(new, path))
    assert both.verdict.word == "adopt"  # both are flattered alike


def test_few_leads_tell_nothing(tmp_path):
    path = write(tmp_path / "leads.csv", [HISTORY[0], HISTORY[49], HISTORY[55], HISTORY[90]] * 2)
    old, new = rules_of({"Fair": 20}), rules_of({"Web": 20})
    assert backtest(old, new, leads_of(new, path)).verdict.word == "cannot tell"


def test_without_an_outcome_leads_are_counted_alone(tmp_path):
    rules = rules_of({"Fair": 20, "Web": 5})
    found = compare(rules, rules_of({"Fair": 5, "Web": 20}), leads_of(rules, write(tmp_path / "x.csv", HISTORY), None))
    test = found.backtest
    assert (test.file.leads, test.file.won, test.auc, test.swap.into_rate) == (167, None, (None, None), None)
    assert test.verdict.why == "outcomes"
    assert "Cannot tell" in compare_lines(found)[-1]


def test_bands_of_other_names_find_an_order_or_none(tmp_path):
    path = write(tmp_path / "x.csv", HISTORY)
    old = rules_of({"Fair": 20})
    fewer = rules_of({"Fair": 20}, bands=(ScoreBand(name="hot", from_=5), ScoreBand(name="cold")))
    assert backtest(old, fewer, leads_of(old, path)).migration.kappa is not None
    turned = rules_of({"Fair": 20}, bands=(ScoreBand(name="cold", from_=5), ScoreBand(name="hot")))
    assert backtest(old, turned, leads_of(old, path)).migration.kappa is None


def test_leads_too_young_do_not_count(tmp_path):
    rows = [("Fair", "Won", "2026-04-01"), ("Web", "Lost", "2026-04-02"), ("Web", "Lost", "2026-06-30")]
    path = write(tmp_path / "x.csv", rows)
    rules = rules_of({"Fair": 20})
    young = WON.model_copy(update={"mature_days": 60, "as_of": "2026-01-01"})  # of the history, which was older
    file = backtest(rules, rules, leads_of(rules, path, young)).file
    assert (file.leads, file.young, file.first_day, file.last_day) == (2, 1, "2026-04-01", "2026-04-02")
    undated = write(tmp_path / "y.csv", [row[:2] for row in rows], ("Source", "Status"))
    file = backtest(rules, rules, leads_of(rules, undated, young)).file
    assert (file.leads, file.young, file.undated, file.months) == (3, 0, "Created", None)


def test_the_ages_at_which_leads_count_are_those_of_the_new_rules_and_told(tmp_path):
    rows = [("Fair", "Won", "2026-04-01"), ("Web", "Lost", "2026-04-02"), ("Web", "Open", "2026-04-02")]
    path = write(tmp_path / "x.csv", [*rows, ("Web", "Lost", "2026-06-30")])
    told = {"column": "Status", "won": ["Won"], "lost": ["Lost"], "date": "Created"}
    old, new = (
        rules.model_copy(update={"made_by": MadeBy(settings={"outcome": told | ages})})
        for rules, ages in ((rules_of({"Fair": 20}), {}), (rules_of({"Fair": 20}), {"mature_days": 60}))
    )
    assert cal.compare(old, new, path).backtest.file.leads == cal.check(new, path).file.leads == 2
    assert cal.compare(new, old, path).backtest.file.leads == cal.check(old, path).file.leads == 3
    lines = compare_lines(cal.compare(old, new, path))
    assert any(line.endswith("2026. Left out: 1 open, 1 too young.") for line in lines)
    assert "  Here leads count from an age of 60 days, by the old rules at all ages." in lines
    assert "  Here leads count at all ages, by the old rules from an age of 60 days." in compare_lines(
        cal.compare(new, old, path)
    )
    assert not [line for line in compare_lines(cal.compare(new, new, path)) if "Here leads count" in line]


def test_no_lead_that_counts_is_told(tmp_path):
    rules = rules_of({"Fair": 20})
    path = write(tmp_path / "x.csv", [("Fair", "Won", "2026-04-01"), ("Fair", "Lost", "2026-04-01")])
    far = WON.model_copy(update={"mature_days": 1})
    with pytest.raises(DataError, match="none counts"):
        backtest(rules, rules, leads_of(rules, path, far))


def test_what_won_means_can_be_said_anew():
    said = {"outcome": {"column": "Status", "won": ["Won"], "lost": ["Lost"], "date": "Created", "mature_days": 30}}
    rules = rules_of({"Fair": 20}, made_by=MadeBy(settings=said))
    same, other = told_outcome(rules, "Status", ["Closed"]), told_outcome(rules, "Stage", ["Won"])
    assert (same.won, same.lost, same.date, same.mature_days) == (["Closed"], ["Lost"], "Created", 30)
    assert (other.lost, other.date) == ([], "Created")


def test_order_of_leads_does_not_matter(tmp_path):
    shuffled = [HISTORY[place] for place in np.random.default_rng(3).permutation(len(HISTORY))]
    old, new = rules_of({"Fair": 20, "Web": 5}), rules_of({"Fair": 5, "Web": 20})
    found = [
        backtest(old, new, leads_of(old, write(tmp_path / name / "x.csv", rows)))
        for name, rows in (("a", HISTORY), ("b", shuffled))
        if not (tmp_path / name).mkdir()
    ]
    assert found[0] == found[1]


def run(*words):
    return CliRunner().invoke(command, list(map(str, words)), obj=Voice(False, False, None), standalone_mode=False)


def test_the_command(tmp_path):
    path = write(tmp_path / "leads.csv", HISTORY)
    for name, rules in (("old", rules_of({"Fair": 20, "Web": 5})), ("new", rules_of({"Fair": 20, "Mail": 20}))):
        cal.save_rules(rules, tmp_path / f"{name}.json")
    files = tmp_path / "old.json", tmp_path / "new.json"
    told = run(*files, path, "--outcome", "Status=Won", "--json")
    found = json.loads(told.stdout)
    assert found["backtest"]["verdict"]["word"] in ("adopt", "keep", "cannot tell")
    assert found["backtest"]["file"]["leads"] == 167  # nobody said what is lost, so an open lead is
    said = run(*files, path, "--outcome", "Status=Won")
    assert "These outcomes count as lost, though such leads may still be won: Open." in said.stderr
    assert "Leads by band" in said.stdout
    assert "Leads by band" not in run(*files).stdout
    assert isinstance(run(*files, "--threshold", "3").exception, SettingsError)
