"""Values with their leads, column by column, and what is made of them."""

from __future__ import annotations

from collections import Counter

import narwhals as nw
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibrate.reading.source import ReadingOptions
from calibrate.remote import history, marginals
from calibrate.remote.counting import number_cell
from calibrate.remote.history import remote_history
from calibrate.remote.marginals import Look, Marginal, looks
from calibrate.remote.table import EngineTable, engine_table
from calibrate.settings import Settings, merged

COUNTED = merged(Settings(), {"outcome": {"column": "won"}, "source": {"sample_leads": 1000}})


def unheard(_):
    """Nobody listens."""


def marginal(counts):
    """A marginal of values with their leads, all lost."""
    pairs = list(counts.items())
    columns = {"value": [value for value, _ in pairs], "state": [1] * len(pairs), "leads": [held for _, held in pairs]}
    return Marginal(pa.table(columns))


values = st.dictionaries(st.one_of(st.none(), st.text(max_size=3)), st.integers(1, 50), min_size=1, max_size=12)


@given(values, st.integers(0, 9))
def test_a_sample_of_all_leads_is_exactly_the_values(counts, seed):
    leads = sum(counts.values())
    assert Counter(marginal(counts).sample(leads, seed, counted=False).to_pylist()) == counts


@given(values, st.integers(0, 9))
def test_a_smaller_sample_holds_every_value_in_its_share(counts, seed):
    counts = {value: 1000 * leads for value, leads in counts.items()}
    leads, rows = sum(counts.values()), 500
    held = Counter(marginal(counts).sample(rows, seed, counted=False).to_pylist())
    assert all(abs(held[value] - rows * own / leads) <= 1 for value, own in counts.items())


def test_columns_of_a_sample_do_not_belong_together():
    counts = {str(number): 10 for number in range(100)}
    first, second = (marginal(counts).sample(1000, seed, counted=False).to_pylist() for seed in (0, 1))
    pairs = [(int(one), int(other)) for one, other in zip(first, second, strict=True)]
    assert abs(np.corrcoef(np.array(pairs).T)[0, 1]) < 0.1
    assert abs(np.corrcoef(np.array(first, dtype=int), np.arange(1000))[0, 1]) < 0.1


def test_a_look_counts_values_without_fetching_them(engine, holding):
    table = pa.table(
        {
            "text": pa.array(["a", "b", None, "a"]),
            "number": pa.array([1.5, None, None, 2.5]),
            "whole": pa.array([1, 1, 1, 1], pa.int64()),
            "yes": pa.array([True, False, None, True]),
        }
    )
    found = looks(engine_table(holding(engine, table)), None)
    assert {name: (look.leads, look.filled) for name, look in found.items()} == {
        "text": (4, 3),
        "number": (4, 2),
        "whole": (4, 4),
    }
    assert all(exact <= found[name].values <= exact + 1 for name, exact in (("text", 2), ("number", 2), ("whole", 1)))


@pytest.mark.parametrize(
    ("look", "expected"),
    [(Look(10_000, 10_000, 9_000), True), (Look(10_000, 3_000, 2_000), True), (Look(900, 900, 900), False)],
)
def test_a_column_that_differs_in_most_leads(look, expected):
    assert look.names_leads is expected


EDGES = st.lists(st.floats(allow_nan=False, allow_infinity=False, width=32), max_size=40, unique=True).map(sorted)


@pytest.mark.parametrize("name", ["polars", "Arrow", "DuckDB", "Ibis on DuckDB", "PostgreSQL"])
def test_the_cell_of_a_number_is_where_it_stands_among_the_edges(name, holding):
    @settings(max_examples=25)
    @given(EDGES, st.lists(st.one_of(st.none(), st.floats(width=32)), min_size=1, max_size=30))
    def check(edges, numbers):
        numbers = [*numbers, *edges]
        table = engine_table(holding(name, pa.table({"x": pa.array(numbers, pa.float64())})))
        found = table.fetched(table.frame.select("x", cell=number_cell(nw.col("x"), edges)))
        for number, cell in zip(found["x"].to_pylist(), found["cell"].to_pylist(), strict=True):
            known = number is not None and np.isfinite(number)
            assert cell == (1 + int(np.searchsorted(edges, number, side="right")) if known else 0)

    check()


def many(leads=6_000):
    """Leads with a number and a text that differ in all of them."""
    marks = np.arange(leads)
    made = np.random.default_rng(5)
    return pa.table(
        {
            "id": pa.array(marks, pa.int64()),
            "won": pa.array(made.random(leads) < 0.3),
            "amount": pa.array(np.round(made.normal(100, 30, leads), 6)),
            "mail": pa.array([f"somebody{mark}@example.org" for mark in marks]),
            "colour": pa.array(made.choice(["red", "green", "blue"], leads)),
        }
    )


@pytest.fixture
def little_room(monkeypatch):
    """Samples of 1,500 leads, and columns of more than 300 values have too many."""
    for module, name, value in (
        (marginals, "SAMPLE", 1_500),
        (history, "SAMPLE", 1_500),
        (marginals, "FEW_VALUES", 300),
        (marginals, "MOST_VALUES", 1_000),
    ):
        monkeypatch.setattr(module, name, value)


def test_numbers_of_many_values_are_counted_in_full(quick_engine, holding, little_room):
    table = many()
    found = remote_history(engine_table(holding(quick_engine, table)), ReadingOptions(), COUNTED, unheard)[1]
    assert set(found.left_out) == {"won", "id", "mail"}
    assert found.store.leads <= 1_000
    for cells, counts in zip(found.store.cells, found.exact.counts, strict=True):
        column = table[cells.column]
        if cells.kind == "number":
            cell = 1 + np.searchsorted(cells.edges, column.to_numpy(), side="right")
        else:
            cell = np.array([1 + cells.texts.index(text) for text in column.to_pylist()])
        won = table["won"].to_numpy(zero_copy_only=False)
        assert counts.leads.sum(axis=0).tolist() == np.bincount(cell, minlength=cells.size).tolist()
        assert counts.conversions.sum(axis=0).tolist() == np.bincount(cell[won], minlength=cells.size).tolist()
    assert {cells.column for cells in found.store.cells} == {"amount", "colour"}


def test_values_that_name_leads_do_not_travel(quick_engine, holding, little_room, monkeypatch):
    seen = []
    fetched = EngineTable.fetched
    monkeypatch.setattr(EngineTable, "fetched", lambda table, query: seen.append(fetched(table, query)) or seen[-1])
    remote_history(engine_table(holding(quick_engine, many())), ReadingOptions(), COUNTED, unheard)
    texts = {str(cell) for table in seen for column in table.columns for cell in column.to_pylist()}
    assert "red" in texts
    assert not [text for text in texts if "@" in text]
    assert max(table.num_rows for table in seen) < many().num_rows
