"""What a value means does not depend on the engine: missing ones, zeros, letters, days."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from calibrate.errors import CalibrateError
from calibrate.leads.counts import count_cells
from calibrate.leads.history import read_history
from calibrate.reading.source import ReadingOptions, open_source
from calibrate.remote.history import remote_history
from calibrate.remote.table import engine_table
from calibrate.settings import Settings, merged

OUTCOME = merged(Settings(), {"outcome": {"column": "won"}})
DATED = merged(Settings(), {"outcome": {"column": "won", "date": "moment"}})
SPELLINGS = ["a", "A", "a ", " a", "i", "İ", "ı", "I", "\u00e9", "e\u0301", "ß", "ss", "", "  ", "n.v.t.", "null", None]
NUMBERS = [0.0, -0.0, 1.5, -3.0, math.nan, math.inf, -math.inf, 1e300, None]
MOMENTS = [dt.datetime(2026, 3, 29, hour, 30, tzinfo=dt.UTC) for hour in (0, 1, 2, 22, 23)] + [None]


def unheard(_):
    """Nobody listens."""


def rows(count=480):
    """Leads with every odd value in turn, each among won and lost leads."""
    marks = range(count)
    return pa.table(
        {
            "lead": pa.array(marks, pa.int64()),
            "won": pa.array([mark * 7 % 11 < 3 for mark in marks]),
            "spelling": pa.array([SPELLINGS[mark % len(SPELLINGS)] for mark in marks], pa.string()),
            "number": pa.array([NUMBERS[mark % len(NUMBERS)] for mark in marks], pa.float64()),
            "count": pa.array([None if mark % 13 == 0 else mark % 5 - 1 for mark in marks], pa.int32()),
            "yes": pa.array([(True, False, None)[mark % 3] for mark in marks]),
            "moment": pa.array([MOMENTS[mark % len(MOMENTS)] for mark in marks], pa.timestamp("us", "UTC")),
            "price": pa.array([mark % 4 + 0.25 for mark in marks], pa.float64()).cast(pa.decimal128(12, 2)),
            "texts": pa.array([("1", "2", "10", "", "n.v.t.")[mark % 5] for mark in marks], pa.string()),
            "several": pa.array([("x;y", "y", "", "x;z", None)[mark % 5] for mark in marks], pa.string()),
        }
    )


def counted(history):
    """Leads and conversions by attribute and cell, a category's by its text."""
    parts = np.zeros(history.store.leads, dtype=np.uint8)
    found = {}
    for cells, counts in zip(history.store.cells, count_cells(history.store, parts), strict=True):
        labels = [None, *cells.texts] if cells.kind == "category" else range(cells.size)
        pairs = zip(counts.leads[0].tolist(), counts.conversions[0].tolist(), strict=True)
        found[cells.name] = {label: pair for label, pair in zip(labels, pairs, strict=True) if pair[0]}
    return found


@pytest.fixture(scope="module")
def odd(engine, holding):
    """The history of the odd leads as the engine counts them."""
    return remote_history(engine_table(holding(engine, rows())), ReadingOptions(), OUTCOME, unheard)[1]


@pytest.fixture(scope="module")
def here():
    """The same read here."""
    with open_source(rows()) as source:
        return read_history(source, OUTCOME, unheard)


def leads_with(column, wanted):
    """Leads and won leads for which a value of the column is wanted, counted from the rows themselves."""
    pairs = list(zip(rows()[column].to_pylist(), rows()["won"].to_pylist(), strict=True))
    held = [won for value, won in pairs if wanted(value)]
    return len(held), sum(held)


def test_counts_are_those_of_the_leads_read_here(odd, here):
    assert counted(odd) == counted(here)
    assert set(odd.left_out) == set(here.left_out)


def test_not_a_number_and_infinities_are_missing(odd):
    missing = leads_with("number", lambda value: value is None or not math.isfinite(value))
    assert counted(odd)["number"][0] == missing


def test_zero_has_no_sign(odd):
    cells = next(item for item in odd.store.cells if item.name == "number")
    cell = int(np.searchsorted(cells.edges, 0.0, side="right")) + 1
    assert counted(odd)["number"][cell] == leads_with("number", lambda value: value == 0)


def test_blank_is_null(odd):
    blank = leads_with("spelling", lambda value: value is None or not value.strip())
    assert counted(odd)["spelling"][None] == blank


def test_case_accents_dots_and_spaces_tell_values_apart(odd):
    expected = Counter(rows()["spelling"].to_pylist())
    kept = {text: pair[0] for text, pair in counted(odd)["spelling"].items() if text is not None}
    assert kept == {text: leads for text, leads in expected.items() if text is not None and text.strip()}


def test_yes_and_no_are_the_same_everywhere(odd):
    assert counted(odd)["yes"] == {
        cell: leads_with("yes", lambda value, own=own: value is own) for cell, own in ((0, None), (1, False), (2, True))
    }


def test_texts_that_are_numbers_are_numbers(odd):
    cells = {item.name: item.kind for item in odd.store.cells}
    assert (cells["texts"], cells["price"], cells["count"]) == ("number", "number", "number")
    assert counted(odd)["texts"][0] == leads_with("texts", lambda value: value in ("", "n.v.t."))


def test_a_moment_is_the_day_of_its_zone(engine, holding):
    history = remote_history(engine_table(holding(engine, rows())), ReadingOptions(), DATED, unheard)[1]
    days = Counter(history.store.day.tolist())
    day = (dt.date(2026, 3, 29) - dt.date(1970, 1, 1)).days
    dated = leads_with("moment", lambda value: value is not None)[0]
    assert days == {day: dated, -(2**31): rows().num_rows - dated}


texts = st.one_of(
    st.none(), st.sampled_from(["", " ", "a", "A", "a ", "ja", "nee", "1", "1,5", "2026-01-31", "n.v.t."])
)
numbers = st.one_of(st.none(), st.floats(width=32), st.integers(-3, 3).map(float))


@st.composite
def histories(draw):
    """Small tables with an outcome and columns of every kind."""
    count = draw(st.integers(20, 60))

    def column(values, dtype):
        return pa.array(draw(st.lists(values, min_size=count, max_size=count)), dtype)

    columns = {
        "won": column(st.sampled_from(["yes", "no", "no"]), pa.string()),
        "text": column(texts, pa.string()),
        "number": column(numbers, pa.float64()),
        "whole": column(st.one_of(st.none(), st.integers(-(2**40), 2**40)), pa.int64()),
        "flag": column(st.one_of(st.none(), st.booleans()), pa.bool_()),
        "day": column(st.one_of(st.none(), st.dates(dt.date(2020, 1, 1), dt.date(2026, 1, 1))), pa.date32()),
    }
    return pa.table(columns)


def outcome_of(read):
    """What a reader finds, or the kind of error it ends with."""
    try:
        history = read()
    except CalibrateError as error:
        return type(error)
    return counted(history), history.store.excluded, history.leads, history.won


@pytest.mark.parametrize("name", ["polars", "Arrow", "DuckDB", "Ibis on DuckDB", "PostgreSQL"])
def test_any_small_table_counts_as_it_does_here(name, holding):
    @settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
    @given(histories())
    def check(table):
        assume(len(set(table["won"].to_pylist())) == 2)
        same_as_here(table, holding(name, table))

    check()


def test_small_tables_count_in_spark_as_they_do_here(holding):
    for seed in range(2):
        made = np.random.default_rng(seed)
        table = pa.table(
            {
                "won": pa.array(made.choice(["yes", "no"], 50)),
                "text": pa.array(made.choice(["", "a", "A ", "a", "1"], 50)),
                "number": pa.array(made.choice([0.5, -0.0, math.nan, math.inf, 7.0], 50)),
            }
        )
        same_as_here(table, holding("Spark", table))


def same_as_here(table, held):
    with open_source(table) as source:
        local = outcome_of(lambda: read_history(source, OUTCOME, unheard))
    remote = outcome_of(lambda: remote_history(engine_table(held), ReadingOptions(), OUTCOME, unheard)[1])
    assert remote == local
