"""What follows from points and a threshold, against the same worked out lead by lead."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from drawn import documents
from drawn import leads as drawn_leads
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score
from statsmodels.stats.proportion import proportion_confint

from calibrate.document.lead_score import score_lead
from calibrate.document.rules import (
    Attribute,
    Case,
    Evidence,
    Gate,
    GateThen,
    GateWhen,
    Group,
    Has,
    In,
    Is,
    Range,
    Rule,
    Rules,
    Score,
    ScoreBand,
)
from calibrate.errors import SettingsError
from calibrate.meeting.combinations import Combinations, combinations_of_leads
from calibrate.meeting.edited import with_points
from calibrate.meeting.figures import (
    Change,
    bands,
    difference,
    figures,
    gains,
    score_counts,
    scores,
    tenths,
    threshold_for,
    worth_of_rules,
)
from calibrate.statistics.ranking import auc_difference

TYPES = {"text": pa.string(), "category": pa.string(), "number": pa.float64(), "boolean": pa.bool_(),
         "set": pa.list_(pa.string())}  # fmt: skip


def counted(rules, leads, won, months=None):
    columns = {
        name: pa.array([lead.get(name) for lead in leads], TYPES[attribute.type])
        for name, attribute in rules.attributes.items()
    }
    return combinations_of_leads(rules, [(pa.record_batch({"": pa.nulls(len(leads)), **columns}), won)], months)


def frame_of(rules, leads, won):
    """A row a lead: score and band as score_lead gives them, and the outcome."""
    scored = [score_lead(rules, lead, reasons=0) for lead in leads]
    return pd.DataFrame({"score": [one.score for one in scored], "band": [one.band for one in scored], "won": won})


def right_order(frame):
    return None if frame["won"].nunique() < 2 else pytest.approx(roc_auc_score(frame["won"], frame["score"]))


@st.composite
def histories(draw):
    rules, leads = draw(documents()), draw(drawn_leads())
    won = np.array(draw(st.lists(st.booleans(), min_size=len(leads), max_size=len(leads))))
    return rules, leads, won


@settings(max_examples=80)
@given(histories(), st.integers(-60, 60), st.none() | st.floats(1, 50))
def test_figures_are_those_of_the_leads(history, threshold, months):
    rules, leads, won = history
    found = figures(rules, counted(rules, leads, won, months), threshold)
    frame = frame_of(rules, leads, won)
    handed = frame[frame["score"] >= threshold]
    assert (found.threshold, found.leads, found.won) == (threshold, len(handed), handed["won"].sum())
    assert found.leads_a_month == (None if months is None else len(handed) / months)
    assert found.rate == (pytest.approx(handed["won"].mean()) if len(handed) else None)
    assert found.reached == (pytest.approx(handed["won"].sum() / won.sum()) if won.any() else None)
    assert found.right_order == right_order(frame)


@settings(max_examples=60)
@given(histories())
def test_bands_are_those_of_the_leads(history):
    rules, leads, won = history
    frame = frame_of(rules, leads, won)
    found = bands(rules, counted(rules, leads, won))
    by_band = frame.dropna(subset="band").groupby("band")["won"].agg(["size", "sum"])
    assert {band.name: (band.leads, band.won) for band in found if band.leads} == {
        name: (row["size"], row["sum"]) for name, row in by_band.iterrows()
    }
    assert [band.name for band in found][: len(rules.bands)] == [band.name for band in rules.bands]
    for band in found:
        if band.leads:
            ends = proportion_confint(band.won, band.leads, method="wilson")
            assert (band.rate, band.rate_low, band.rate_high) == pytest.approx((band.won / band.leads, *ends))
        else:
            assert (band.rate, band.rate_low, band.rate_high) == (None, None, None)


@settings(max_examples=60)
@given(histories(), st.floats(0, 15), st.none() | st.floats(1, 5))
def test_a_capacity_is_filled_and_never_exceeded(history, capacity, months):
    rules, leads, won = history
    combinations = counted(rules, leads, won, months)
    threshold = threshold_for(rules, combinations, capacity)
    frame = frame_of(rules, leads, won)
    length = months or 1
    assert (frame["score"] >= threshold).sum() / length <= capacity
    lower = frame["score"][frame["score"] < threshold]
    if len(lower):
        assert (frame["score"] >= lower.max()).sum() / length > capacity
    assert threshold in set(frame["score"]) | {frame["score"].max() + 1}


@settings(max_examples=40)
@given(histories())
def test_a_rule_is_worth_what_the_order_loses_without_its_points(history):
    rules, leads, won = history
    whole = right_order(frame_of(rules, leads, won))
    found = worth_of_rules(rules, counted(rules, leads, won))
    assert len(found) == len(rules.rules)
    for place, (rule, worth) in enumerate(zip(rules.rules, found, strict=True)):
        nothing = rule.model_copy(
            update={
                "cases": tuple(case.model_copy(update={"points": 0}) for case in rule.cases),
                "otherwise": 0,
                "missing": 0,
            }
        )
        without = rules.model_copy(update={"rules": (*rules.rules[:place], nothing, *rules.rules[place + 1 :])})
        rest = right_order(frame_of(without, leads, won))
        assert worth == (None if whole is None else pytest.approx(whole.expected - rest.expected, abs=1e-12))


@settings(max_examples=40)
@given(histories())
def test_tenths_and_gains_hold_every_lead_once(history):
    rules, leads, won = history
    combinations = counted(rules, leads, won)
    frame = frame_of(rules, leads, won)
    for band in tenths(rules, combinations):
        inside = frame[frame["score"].between(band.score_from, band.score_to)]
        assert (band.leads, band.conversions) == (len(inside), inside["won"].sum())
    assert sum(band.leads for band in tenths(rules, combinations)) == len(frame)
    reached = gains(rules, combinations)
    assert len(reached) == (frame["score"].nunique() if won.any() else 0)
    for point in reached:
        above = frame[frame["score"] >= point.score]
        assert point.share_of_leads == pytest.approx(len(above) / len(frame))
        assert point.share_of_conversions == pytest.approx(above["won"].sum() / won.sum())


# A card with all parts: groups with caps, a clamp, a gate with a band of its own.
CARD = Rules(
    id="x",
    version="1",
    score=Score(base=5, min=-20, max=40),
    attributes={
        "industry": Attribute(type="category"),
        "size": Attribute(type="number"),
        "demo": Attribute(type="boolean"),
    },
    gates=(Gate(id="student", when=GateWhen(attr="industry", in_=("School",)), then=GateThen(score=-50, band="out")),),
    groups={"fit": Group(max=18, min=-10)},
    rules=(
        Rule(
            id="industry",
            attr="industry",
            group="fit",
            cases=(Case(when=In(in_=("Software",)), points=12), Case(when=In(in_=("Retail",)), points=-8)),
            otherwise=-1,
        ),
        Rule(
            id="size", attr="size", group="fit", cases=(Case(when=Range(ge=100), points=9),), otherwise=-4, missing=-6
        ),
        Rule(id="demo", attr="demo", cases=(Case(when=Is(is_=True), points=20),)),
    ),
    bands=(ScoreBand(name="A", from_=20), ScoreBand(name="B")),
)


def made(leads, seed):
    random = np.random.default_rng(seed)
    rows = [
        {
            "industry": str(random.choice(["Software", "Retail", "Trade", "School"])),
            "size": None if random.random() < 0.1 else float(random.integers(1, 200)),
            "demo": bool(random.random() < 0.2),
        }
        for _ in range(leads)
    ]
    chance = [0.05 + 0.15 * (row["industry"] == "Software") + 0.3 * row["demo"] for row in rows]
    return rows, random.random(leads) < chance


def test_edited_points_are_those_that_leads_get():
    leads, won = made(300, 1)
    combinations = counted(CARD, leads, won, months=3)
    edited = with_points(CARD, {("industry", 0): 30, ("size", 2): 4, ("size", 1): 0, ("demo", 1): -7})
    assert [rule.points for rule in edited.rules[0].cases] == [30, -8]
    assert (edited.rules[1].otherwise, edited.rules[1].missing, edited.rules[2].otherwise) == (0, 4, -7)
    frame = frame_of(edited, leads, won)
    tally = Counter()
    for score, count in zip(scores(edited, combinations).tolist(), combinations.leads.tolist(), strict=True):
        tally[score] += count
    assert tally == Counter(frame["score"].tolist())
    assert {band.name: band.leads for band in bands(edited, combinations)} == frame["band"].value_counts().to_dict()
    assert with_points(CARD, {}).rules == CARD.rules


def test_points_of_a_set_without_values_go_with_its_otherwise():
    same = Evidence(leads=10, conversions=1)
    rule = Rule(
        id="tags",
        attr="tags",
        cases=(Case(when=Has(has="News"), points=4),),
        otherwise=-1,
        missing=-1,
        otherwise_evidence=same,
        missing_evidence=same,
    )
    rules = Rules(id="x", version="1", attributes={"tags": Attribute(type="set")}, rules=(rule,))
    assert with_points(rules, {("tags", 1): -6}).rules[0].missing == -6
    with pytest.raises(SettingsError, match="outcome 2 of rule 'tags', expected 0 to 1"):
        with_points(rules, {("tags", 2): -6})


@pytest.mark.parametrize(
    ("edit", "fault"),
    [
        (("indstry", 0), "edits: found rule 'indstry', expected one of the rules; did you mean 'industry'"),
        (("industry", 4), "edits: found outcome 4 of rule 'industry', expected 0 to 3; correct it"),
        (("demo", -1), "edits: found outcome -1 of rule 'demo', expected 0 to 2; correct it"),
    ],
)
def test_edits_of_what_is_not_there_are_refused(edit, fault):
    with pytest.raises(SettingsError, match=fault):
        with_points(CARD, {edit: 1})


def test_no_change_changes_nothing():
    combinations = counted(CARD, *made(200, 2), months=2)
    found = difference(CARD, CARD, combinations, 10, 10)
    nothing = Change(0.0, 0.0, 0.0)
    assert [found.leads, found.leads_a_month, found.rate, found.reached, found.right_order] == [nothing] * 5
    assert nothing.could_be_chance


def test_differences_are_those_of_the_figures_with_ranges_as_theory_has_them():
    """Ranges against DeLong's paired one, and against the variance of a difference of Poisson counts."""
    leads, won = made(4000, 3)
    combinations = counted(CARD, leads, won, months=4)
    after = with_points(CARD, {("industry", 0): 0, ("industry", 1): 6, ("demo", 0): 11})
    found = difference(CARD, after, combinations, 10, 8, draws=2000)
    old, new = figures(CARD, combinations, 10), figures(after, combinations, 8)
    for name in ("leads", "leads_a_month", "rate", "reached", "right_order"):
        change = getattr(found, name)
        assert change.change == pytest.approx(getattr(new, name) - getattr(old, name), abs=1e-12)
        assert change.low < change.change < change.high
    one, other = (frame_of(rules, leads, won)["score"].to_numpy() for rules in (CARD, after))
    paired = auc_difference(other, one, won)
    assert (found.right_order.low, found.right_order.high) == pytest.approx((paired.low, paired.high), abs=0.003)
    moved = np.count_nonzero((one >= 10) != (other >= 8))
    half = 1.96 * math.sqrt(moved)
    assert found.leads.low == pytest.approx(found.leads.change - half, abs=0.15 * half)
    assert found.leads.high == pytest.approx(found.leads.change + half, abs=0.15 * half)
    assert found.leads_a_month.low == pytest.approx(found.leads.low / 4)
    assert not found.right_order.could_be_chance


def test_differences_are_the_same_every_time():
    combinations = counted(CARD, *made(150, 4))
    after = with_points(CARD, {("demo", 0): 0})
    first = difference(CARD, after, combinations, 10, 10)
    assert first == difference(CARD, after, combinations, 10, 10)
    assert first.leads_a_month is None


@pytest.mark.parametrize("outcome", [True, False])
def test_without_won_or_lost_leads_nothing_is_claimed(outcome):
    leads, _ = made(50, 5)
    combinations = counted(CARD, leads, np.full(50, outcome))
    found = figures(CARD, combinations, 1000)
    assert (found.leads, found.rate, found.right_order) == (0, None, None)
    assert found.reached == (0.0 if outcome else None)
    assert worth_of_rules(CARD, combinations) == (None, None, None)
    change = difference(CARD, CARD, combinations, 1000, 1000, draws=10)
    assert (change.rate, change.right_order) == (None, None)


def test_what_is_hidden_has_no_points():
    combinations = Combinations(
        ways=tuple(np.array([2 + len(rule.cases), 0], np.uint16) for rule in CARD.rules),
        gates=np.array([-1, -1], np.int16),
        leads=np.array([5, 9]),
        won=np.array([1, 3]),
    )
    assert scores(CARD, combinations).tolist() == [5, 40]  # the base alone; 18 capped + 20 + 5, at most 40
    assert score_counts(CARD, combinations).leads == (5, 9)
