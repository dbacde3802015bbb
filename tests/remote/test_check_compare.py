"""Rules checked and compared where the leads are: every figure is that of the same leads in a file."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import date, timedelta

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import calibrate as cal
from calibrate.calibration import reading_options, run
from calibrate.document.rules import (
    Attribute,
    Baseline,
    Case,
    Evidence,
    Gate,
    Group,
    Has,
    In,
    MadeBy,
    Probability,
    Range,
    Reference,
    Rule,
    Rules,
    Score,
    ScoreBand,
)
from calibrate.errors import DataError
from calibrate.meeting import newer_there
from calibrate.reading.source import open_source
from calibrate.remote.table import EngineTable
from calibrate.sample import sample_file
from calibrate.settings import load_settings, merged

HOLDING_LEADS = ("DuckDB", "Ibis on DuckDB", "PostgreSQL", "Spark")
QUICK = {"points": {"draws": 0}, "report": {"what_if": "off"}, "outcome": {"mature_days": 45}}
SPLIT = "2025-10-01"


@pytest.fixture(scope="module")
def quarters(tmp_path_factory):
    """The rules of the older leads, those of all, a file of the newer leads, and the same as a table of texts."""
    folder = tmp_path_factory.mktemp("quarters")
    with sample_file("leads.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    created = header.index("Created")
    parts = {
        "old": [row for row in rows if row[created] < SPLIT], "new": [row for row in rows if row[created] >= SPLIT]
    }  # fmt: skip
    for name, part in parts.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([header, *part])
    settings = merged(load_settings(sample_file("leads.toml")), QUICK)
    old, new = (run(path, settings, force=True).rules for path in (folder / "old.csv", sample_file("leads.csv")))
    with open_source(folder / "new.csv", reading_options(settings.source)) as source:
        table = pa.Table.from_batches(list(source.raw_batches())).combine_chunks()
    return gated(old), new, folder / "new.csv", table


def gated(rules):
    """The rules with a gate that decides for some leads, and a band that only it gives."""
    when = {"attr": "Country", "in": ("Belgium", "Belgium ")}
    shut = Gate.model_validate({"id": "abroad", "when": when, "then": {"score": -100, "band": "not for sales"}})
    return rules.model_copy(update={"gates": (shut,)})


def answers(check):
    """A check but for how its leads are called and were read."""
    return replace(check, file=replace(check.file, name="", reading=()))


def outcome_of(comparison):
    """A backtest but for the same."""
    return replace(comparison.backtest, file=replace(comparison.backtest.file, name="", reading=()))


@pytest.mark.parametrize("name", HOLDING_LEADS)
def test_every_figure_is_that_of_the_file(holding, quarters, name):
    old, new, path, table = quarters
    held = holding(name, table)
    here = cal.check(old, path)
    assert here.file.young > 0
    assert {finding.kind for finding in here.findings} >= {"levels", "score mix", "score inflation", "band order"}
    assert answers(cal.check(old, held)) == answers(here)
    assert outcome_of(cal.compare(old, new, held)) == outcome_of(cal.compare(old, new, path))


STATES = ("Won", "Lost", "Open", None)
DAY = date(2026, 1, 1)
LEADS = st.lists(
    st.fixed_dictionaries(
        {
            "Source": st.sampled_from(["Fair", "Web", "Mail", " ", "", "Call", "call", "Fair ", None]),
            "Size": st.sampled_from([0.0, 9.5, 10.0, 250.0, -3.0, float("nan"), float("inf"), None]),
            "Demo": st.sampled_from([True, False, None]),
            "Likes": st.sampled_from([[], ["a"], ["a", "b"], ["c"], None]),
            "Status": st.sampled_from(STATES),
            "Created": st.sampled_from([DAY + timedelta(days) for days in range(0, 130, 13)] + [None]),
            "score": st.integers(0, 3),
            "State": st.sampled_from(["x", "y"]),
        }
    ),
    min_size=1,
    max_size=60,
)
SCHEMA = pa.schema(
    [
        ("Source", pa.string()), ("Size", pa.float64()), ("Demo", pa.bool_()), ("Likes", pa.list_(pa.string())),
        ("Status", pa.string()), ("Created", pa.date32()), ("score", pa.int64()), ("State", pa.string()),
    ]
)  # fmt: skip


def told(won, leads):
    return Evidence(conversions=won, leads=leads)


def case(when, points, won=5, leads=20):
    return Case(when=when, points=points, evidence=told(won, leads))


def document(**more):
    """Rules that read a text, a number, a truth value and a list, with a group, a gate and a column called score."""
    given = {
        "id": "x",
        "version": "1",
        "baseline": Baseline(leads=100, conversions=20, rate=0.2, low=0.1, high=0.3),
        "attributes": {
            "Source": Attribute(type="category"),
            "Size": Attribute(type="number"),
            "Demo": Attribute(type="boolean"),
            "Likes": Attribute(type="set"),
            "score": Attribute(type="number"),
            "Absent": Attribute(type="category"),
        },
        "groups": {"who": Group(max=12)},
        "score": Score(base=3, min=-5, max=40),
        "rules": (
            Rule(
                id="source",
                attr="Source",
                cases=(case(In(in_=("Fair", "Fair ")), 20, 9, 30), case(In(in_=("Web",)), -4, 2, 30)),
                otherwise=1,
                otherwise_evidence=told(5, 20),
                missing=-2,
                missing_evidence=told(4, 20),
                group="who",
            ),
            Rule(
                id="size",
                attr="Size",
                cases=(case(Range(lt=10), 2), case(Range(ge=10, lt=250), 8)),
                missing=-1,
                missing_evidence=told(1, 9),
                group="who",
            ),
            Rule(id="likes", attr="Likes", cases=(case(Has(has="b"), 6), case(Has(has="a"), 3)), missing=-6),
            Rule(id="score", attr="score", cases=(case(Range(ge=2), 5),), otherwise_evidence=told(3, 30)),
            Rule(id="absent", attr="Absent", cases=(case(In(in_=("x",)), 5),), missing=2),
        ),
        "gates": (
            Gate.model_validate(
                {"id": "demo", "when": {"attr": "Demo", "is": False}, "then": {"score": 7, "band": "stop"}}
            ),
        ),
        "bands": (ScoreBand(name="hot", from_=15), ScoreBand(name="warm", from_=5), ScoreBand(name="cold")),
        "reference": Reference(population="x", leads=100, scores=(0, 5, 10, 20), counts=(40, 30, 20, 10)),
        "probability": Probability(fitted_on="x", intercept=-2.0, slope=0.05),
        "made_by": MadeBy(
            from_="2026-01-10",
            to="2026-02-20",
            settings={
                "outcome": {"column": "Status", "won": ["Won"], "lost": ["Lost"], "date": "Created", "mature_days": 30}
            },
        ),
    }
    return Rules(**(given | more))


def leads_of(*states):
    """A lead a month of these outcomes, old enough but for the last."""
    return pa.Table.from_pylist(
        [{"Source": "Web", "Status": state, "Created": DAY + timedelta(30 * at)} for at, state in enumerate(states)],
        SCHEMA,
    )


@settings(max_examples=40, deadline=None)
@given(LEADS)
def test_any_leads_are_counted_as_those_in_memory(rows):
    table = pa.concat_tables([leads_of("Won", "Lost", "Open"), pa.Table.from_pylist(rows, SCHEMA)])
    rules = document()
    others = document(rules=document().rules[:3], gates=(), score=Score(), bands=())
    with duckdb.connect() as connection:
        held = connection.from_arrow(table)
        for call, of in (
            (lambda leads: cal.check(rules, leads), answers),
            (lambda leads: cal.compare(rules, others, leads, threshold=9), outcome_of),
        ):
            assert of(call(held)) == of(call(table))


@pytest.mark.parametrize(
    ("table", "more"),
    [
        (leads_of("Won", "Lost", "Lost").drop_columns(["Status"]), {}),
        (leads_of("Won", "Lost", "Lost").drop_columns(["Created"]), {}),
        (leads_of("Won", "Lost", "Lost"), {"made_by": MadeBy()}),
        (leads_of("Won", "Won", "Lost"), {"bands": ()}),
        (leads_of("Won", "Lost", "Open", "Won"), {"reference": None, "probability": None, "baseline": None}),
    ],
    ids=["no outcome", "no date", "nothing told", "only won", "bare"],
)
def test_what_cannot_be_asked_is_the_same(table, more):
    rules = document(**more)
    with duckdb.connect() as connection:
        held = connection.from_arrow(table)
        assert answers(cal.check(rules, held)) == answers(cal.check(rules, table))
        there, here = (cal.compare(rules, document(), leads) for leads in (held, table))
        assert outcome_of(there) == outcome_of(here)


def test_what_travels_tells_of_no_lead(holding, quarters, monkeypatch):
    old, new, _, table = quarters
    answered = []
    answer = EngineTable.fetched

    def fetched(self, query):
        answered.append(answer(self, query))
        return answered[-1]

    monkeypatch.setattr(EngineTable, "fetched", fetched)
    held = holding("DuckDB", table)
    cal.check(old, held)
    cal.compare(old, new, held)
    texts = {cell for found in answered for column in found.columns for cell in column.to_pylist()}
    for name in ("Lead ID", "E-mail"):
        assert texts.isdisjoint(set(table[name].to_pylist()) - {None})
    assert all("leads" in found.column_names or found.num_columns == 1 for found in answered)


def test_too_many_pairs_of_scores_are_refused(holding, quarters, monkeypatch):
    old, new, _, table = quarters
    monkeypatch.setattr(newer_there, "MOST_ROWS", 20)
    with pytest.raises(DataError, match="more than 20 different leads as the rules see them") as error:
        cal.compare(old, new, holding("DuckDB", table))
    assert "\n" not in str(error.value)


def test_a_table_that_changes_meanwhile_is_refused():
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE leads AS SELECT 'Web' AS Source, unnest(['Won', 'Lost']) AS Status FROM range(5000)"
        )
        moving = connection.sql("SELECT * FROM leads WHERE random() < 0.5")
        with pytest.raises(DataError, match="expected a table that does not change meanwhile"):
            cal.check(document(), moving)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ("'x' AS Sauce, 'Won' AS Status", "none of the columns that the rules read"),
        ("{'a': 1} AS Source, 1 AS Size, unnest(['Won', 'Lost']) AS Status", "column 'Source' is of type"),
        ("'Web' AS Source, 'Open' AS Status", "no row has 'Won'"),
        (
            "'Web' AS Source, unnest(['Won', 'Lost', 'Open']) AS Status, "
            "unnest([DATE '2026-03-01', DATE '2026-03-01', DATE '2026-03-02']) AS Created",
            r"found 15 leads of which none counts \(5 open, 0 without an outcome, 10 too young\)",
        ),
    ],
)
def test_leads_that_cannot_be_checked_are_refused_in_a_line(columns, said):
    with duckdb.connect() as connection, pytest.raises(DataError, match=said) as error:
        cal.check(document(), connection.sql(f"SELECT {columns} FROM range(5)"))
    assert "\n" not in str(error.value)
