"""Leads counted by what the rules say of them, from tables and from the code store."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from drawn import documents
from drawn import leads as drawn_leads
from hypothesis import given, settings
from hypothesis import strategies as st

import calibrate as cal
from calibrate.document.lead_score import holds, outcome_of, read_value, score_lead
from calibrate.document.rules import (
    Attribute,
    Case,
    Evidence,
    Gate,
    GateThen,
    GateWhen,
    Has,
    In,
    Is,
    Range,
    Rule,
    Rules,
    Score,
)
from calibrate.document.scoring import typed_leads, types_read
from calibrate.errors import DataError
from calibrate.leads.outcome import WON, compile_outcome
from calibrate.meeting.combinations import combinations_of_leads, combinations_of_store, months_between
from calibrate.meeting.figures import scores
from calibrate.meeting.outcome_keys import digits_of, missing_is_otherwise
from calibrate.reading.source import ReadingOptions, open_source
from calibrate.settings import settings_from

TYPES = {"text": pa.string(), "category": pa.string(), "number": pa.float64(), "boolean": pa.bool_(),
         "set": pa.list_(pa.string())}  # fmt: skip


def batch_of(rules, leads):
    columns = {
        name: pa.array([lead.get(name) for lead in leads], TYPES[attribute.type])
        for name, attribute in rules.attributes.items()
    }
    return pa.record_batch({"": pa.nulls(len(leads)), **columns})


def rows_of(combinations):
    """Gate and outcomes with leads and conversions."""
    columns = zip(combinations.gates, *combinations.ways, strict=True)
    counts = zip(combinations.leads.tolist(), combinations.won.tolist(), strict=True)
    return {tuple(map(int, row)): count for row, count in zip(columns, counts, strict=True)}


def said_of(rules, lead):
    """Gate and outcomes of one lead, as lead_score has them."""
    values = {name: read_value(attribute, lead.get(name), lambda: "") for name, attribute in rules.attributes.items()}
    caught = (
        number
        for number, gate in enumerate(rules.gates)
        if (value := values[gate.when.attr]) is not None and holds(gate.when.condition, value)
    )
    return (next(caught, -1), *(outcome_of(rule, values[rule.attr]) for rule in rules.rules))


@settings(max_examples=80)
@given(documents(), drawn_leads(), st.data())
def test_every_lead_is_counted_where_the_rules_put_it(rules, leads, data):
    won = np.array(data.draw(st.lists(st.booleans(), min_size=len(leads), max_size=len(leads))))
    cut = data.draw(st.integers(0, len(leads)))
    parts = [(batch_of(rules, leads[part]), won[part]) for part in (slice(cut), slice(cut, None))]
    found = combinations_of_leads(rules, parts)
    said = [said_of(rules, lead) for lead in leads]
    all_of, won_of = Counter(said), Counter(row for row, yes in zip(said, won, strict=True) if yes)
    assert rows_of(found) == {row: (count, won_of[row]) for row, count in all_of.items()}
    assert list(rows_of(found)) == sorted(rows_of(found))
    assert (found.total_leads, found.total_won) == (len(leads), won.sum())
    assert found.alone == sum(count == 1 for count in all_of.values())
    weighted = Counter()
    for score, count in zip(scores(rules, found).tolist(), found.leads.tolist(), strict=True):
        weighted[score] += count
    assert weighted == Counter(score_lead(rules, lead).score for lead in leads)


def test_more_outcomes_than_one_number_holds_are_told_apart():
    names = [f"a{i}" for i in range(50)]
    rules = Rules(
        id="x",
        version="1",
        attributes={name: Attribute(type="boolean") for name in names},
        rules=tuple(Rule(id=name, attr=name, cases=(Case(when=Is(is_=True), points=1),)) for name in names),
    )
    assert {digit.key for digit in digits_of(rules)} == {0, 1}
    random = np.random.default_rng(5)
    table = random.random((400, 50)) < 0.01
    batch = pa.record_batch({name: pa.array(column) for name, column in zip(names, table.T, strict=True)})
    found = combinations_of_leads(rules, [(batch, table[:, 0])])
    distinct, counts = np.unique(1 - table.astype(int), axis=0, return_counts=True)
    assert np.array(found.ways).T.tolist() == distinct.tolist()
    assert found.leads.tolist() == counts.tolist()
    assert scores(rules, found).tolist() == (50 - distinct.sum(axis=1)).tolist()


def test_corners():
    plain = Rules(id="x", version="1", attributes={}, rules=(), score=Score(base=7))
    batch = pa.record_batch({"": pa.nulls(3)})
    found = combinations_of_leads(plain, [(batch, [1, 0, 0]), (batch.slice(0, 0), [])], months=2.0)
    assert rows_of(found) == {(-1,): (3, 1)}
    assert scores(plain, found).tolist() == [7]
    assert (found.months, found.hidden) == (2.0, 0.0)
    with pytest.raises(DataError, match="found none, expected leads"):
        combinations_of_leads(plain, [])


def test_too_many_cases_are_refused():
    rule = Rule(id="a", attr="a", cases=(Case(when=In(in_=("x",)), points=1),) * 60_001)
    rules = Rules(id="x", version="1", attributes={"a": Attribute(type="category")}, rules=(rule,))
    with pytest.raises(DataError, match=r"up to 60,001 cases of a rule, expected at most 254 and 60,000"):
        digits_of(rules)


@pytest.mark.parametrize(("first", "last", "months"), [(0, 0, 1.0), (0, 30, 31 / 30.4375), (10, 374, 365 / 30.4375)])
def test_months(first, last, months):
    assert months_between(first, last) == max(1, months)


# A history with every kind of attribute, gaps, open leads and a column that only a gate reads.
LEADS = 900
SAID = {
    "outcome": {"column": "Status", "won": ["Won"], "lost": ["Lost"], "date": "Created"},
    "points": {"draws": 0, "min_leads": 10, "min_expected": 2.0},
    "columns": {"skip": ["Partner"]},
    "gates": [
        {"id": "rival", "attr": "Source", "in": ["Rival", "Press"], "score": 3},
        {"id": "partner", "attr": "Partner", "in": ["true"], "score": 77, "band": "partner"},
    ],
}


def history():
    random = np.random.default_rng(23)
    source = random.choice(["Web", "Fair", "Mail", "List", "Rival", "rare"], LEADS, p=[0.3, 0.25, 0.2, 0.14, 0.1, 0.01])
    size = random.gamma(2, 60, LEADS).round() - 20
    demo = random.random(LEADS) < np.where(source == "Fair", 0.4, 0.1)
    tags = random.choice(["News", "Fair;News", "Demo", "Demo;News;", "Rare", ""], LEADS)
    odds = -1.6 + 0.9 * (source == "Fair") + demo + 0.008 * size - 0.6 * (tags == "Demo")
    days = random.integers(0, 700, LEADS)
    status = np.where(random.random(LEADS) < 1 / (1 + np.exp(-odds)), "Won", "Lost")
    return pd.DataFrame(
        {
            "Created": (np.datetime64("2024-01-01") + days).astype(str),
            "Source": np.where(random.random(LEADS) < 0.1, None, source),
            "Size": np.where(random.random(LEADS) < 0.15, np.nan, size),
            "Demo visits": np.where(random.random(LEADS) < 0.05, None, demo),
            "Interests": tags,
            "Partner": random.random(LEADS) < 0.03,
            "Status": np.where(random.random(LEADS) < 0.05, "Open", status),
        }
    )


FRAME = history()
COUNTED = FRAME[FRAME["Status"] != "Open"]


def of_the_table(rules, frame=COUNTED):
    with open_source(frame, ReadingOptions(), types={**types_read(rules), "Status": "text"}) as source:
        outcome = compile_outcome(settings_from(SAID).outcome, source, source.sample())
        names = [column.name for column in source.columns if column.name in rules.attributes]
        batches = [
            (typed_leads(rules, source, raw.select(names)), outcome.states(source.typed(raw.select(["Status"]))) == WON)
            for raw in source.raw_batches()
        ]
    return combinations_of_leads(rules, batches)


@pytest.fixture(scope="module")
def run_of():
    """Runs of the history by settings, each with its code store."""
    known = {}

    def found(**points):
        key = tuple(sorted(points.items()))
        if key not in known:
            result = cal.calibrate(FRAME, settings=settings_from(SAID | {"points": SAID["points"] | points}))
            known[key] = result.rules, result.store
        return known[key]

    return found


@pytest.mark.parametrize(
    "points", [{}, {"column": "cautious", "negative": False}, {"column": "adjusted", "scale": "0-100"}], ids=str
)
def test_the_store_gives_what_the_leads_give(run_of, points):
    rules, store = run_of(**points)
    found, expected = combinations_of_store(store, rules), of_the_table(rules)
    assert {rule.attr for rule in rules.rules} == {"Source", "Size", "Demo visits", "Interests"}
    assert rows_of(found) == rows_of(expected)
    assert {-1, 0, 1} == set(found.gates.tolist())
    days = pd.to_datetime(COUNTED["Created"])
    assert found.months == pytest.approx(((days.max() - days.min()).days + 1) / 30.4375)
    tally = Counter()
    for score, count in zip(scores(rules, found).tolist(), found.leads.tolist(), strict=True):
        tally[score] += count
    assert tally == dict(zip(rules.reference.scores, rules.reference.counts, strict=True))


def test_missing_of_a_set_is_otherwise(run_of):
    rules, store = run_of()
    found = combinations_of_store(store, rules)
    sets = [place for place, rule in enumerate(rules.rules) if rule.attr == "Interests"]
    assert sets
    for place in sets:
        assert missing_is_otherwise(rules, rules.rules[place])
        assert set(found.ways[place].tolist()) == {0, 1}
    others = [place for place in range(len(rules.rules)) if place not in sets]
    assert all(found.ways[place].max() == len(rules.rules[place].cases) + 1 for place in others)


@st.composite
def documents_on(draw, store):
    """Documents whose conditions are unions of the store's cells, with any points."""
    points = st.integers(-30, 30)
    same = Evidence(leads=1, conversions=0)
    rules = []
    for number, cells in enumerate(store.cells):
        if cells.column == "Partner" or not draw(st.booleans()):
            continue
        whens, given, evidence = [], {}, {}
        if cells.kind == "category":
            texts = draw(st.lists(st.sampled_from([*cells.texts, "unheard of"]), max_size=5, unique=True))
            cut = draw(st.integers(0, len(texts)))
            whens = [In(in_=tuple(part)) for part in (texts[:cut], texts[cut:]) if part]
        elif cells.kind == "number":
            edges = draw(st.lists(st.sampled_from(cells.edges), unique=True).map(sorted))
            bins = list(zip([None, *edges], [*edges, None], strict=True)) if edges else [(-1e308, None)]
            whens = [Range(ge=low, lt=high) for low, high in bins if draw(st.booleans())]
        elif cells.kind == "boolean":
            whens = [Is(is_=truth) for truth in (True, False) if draw(st.booleans())]
        else:
            whens = [Has(has=cells.member)]
            other = draw(points)
            given = {"otherwise": other, "missing": other}
            evidence = {"otherwise_evidence": same, "missing_evidence": same}
        given = given or {"otherwise": draw(points), "missing": draw(points)}
        cases = tuple(Case(when=when, points=draw(points)) for when in whens)
        rules.append(Rule(id=f"r{number}", attr=cells.column, cases=cases, **given, **evidence))
    texts = tuple(draw(st.lists(st.sampled_from(["Web", "Fair", "none"]), min_size=1, unique=True)))
    gates = (
        Gate(id="a", when=GateWhen(attr="Source", in_=texts), then=GateThen(score=draw(points))),
        Gate(id="b", when=GateWhen(attr="Demo visits", is_=draw(st.booleans())), then=GateThen(score=draw(points))),
    )
    kinds = {cells.column: Attribute(type=cells.kind, separator=cells.separator) for cells in store.cells}
    chosen = draw(st.sampled_from([(), gates, gates[::-1]]))
    return Rules(id="x", version="1", attributes=kinds, gates=chosen, rules=tuple(rules))


@settings(max_examples=40)
@given(st.data())
def test_the_store_gives_what_the_leads_give_by_any_rules_of_its_cells(run_of, data):
    _, store = run_of()
    rules = data.draw(documents_on(store))
    assert rows_of(combinations_of_store(store, rules)) == rows_of(of_the_table(rules))


@pytest.mark.parametrize(
    ("attr", "kind", "when"),
    [
        ("Size", "number", Range(ge=0.123)),
        ("Nothing", "category", In(in_=("x",))),
        ("Interests", "set", Has(has="unheard of")),
        ("Interests", "set", Has(has="News")),  # its empty sets cannot be told from the others
    ],
)
def test_rules_of_another_run_are_refused(run_of, attr, kind, when):
    _, store = run_of()
    rule = Rule(id="a", attr=attr, cases=(Case(when=when, points=1),), missing=5)
    rules = Rules(id="x", version="1", attributes={attr: Attribute(type=kind)}, rules=(rule,))
    with pytest.raises(DataError, match=f"'{attr}': the rules tell leads apart .* expected the rules of the same run"):
        combinations_of_store(store, rules)


def test_a_gate_on_a_column_that_the_store_lacks_is_refused(run_of):
    _, store = run_of()
    gate = Gate(id="a", when=GateWhen(attr="Nothing", in_=("x",)), then=GateThen(score=0))
    rules = Rules(id="x", version="1", attributes={"Nothing": Attribute(type="category")}, gates=(gate,), rules=())
    with pytest.raises(DataError, match="'Nothing': the rules"):
        combinations_of_store(store, rules)
