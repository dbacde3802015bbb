"""Cells, levels and the code store: every lead in one cell, every cell in at most one level."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibrate.leads.codes import encode, mixed
from calibrate.leads.counts import ALL, OLDER, count_cells, parts_of
from calibrate.leads.levels import Cells, bin_label, enough, learn_levels, number_label
from calibrate.leads.outcome import compile_outcome
from calibrate.learning.scorecard import learn_scorecard, with_points
from calibrate.reading.source import open_source
from calibrate.settings import OutcomeSettings, PointSettings
from calibrate.statistics.points import Worth

APART = PointSettings(min_leads=1, min_expected=0.0)


def category(*texts, **changes):
    return Cells("Source", "Source", "category", "fit", texts=texts, **changes)


def ints(*values):
    return np.array(values, dtype=np.int64)


def labels(levels):
    return [level.label for level in levels.levels]


def test_a_rare_value_joins_other_by_what_is_expected_of_it_not_by_what_it_did():
    settings = PointSettings(min_leads=30, min_expected=5.0)
    cells = category("Fair", "List", "Mail", "Web")
    # 100 of 1,000 won: 50 leads expect 5 conversions, 49 expect 4.9, however many they have.
    levels = learn_levels(cells, ints(0, 50, 49, 30, 871), ints(0, 0, 40, 30, 30), settings)
    assert labels(levels) == ["Fair", "Web", "other"]
    assert levels.levels[2].values == ("List", "Mail")
    assert levels.too_few == (False, False, False)
    assert levels.of_cell.tolist() == [-1, 0, 2, 2, 1]
    assert levels.totals(ints(0, 50, 49, 30, 871)).tolist() == [50, 871, 79]


@pytest.mark.parametrize(
    ("leads", "rate", "alone"),
    [
        (30, 0.2, True),
        (29, 0.2, False),
        (50, 0.1, True),
        (49, 0.1, False),
        (50, 0.9, True),
        (49, 0.9, False),
        (30, 0.5, True),
    ],
)
def test_the_evidence_to_stand_alone(leads, rate, alone):
    assert enough(leads, rate, PointSettings()) is alone


def test_an_other_that_is_still_too_small_says_so():
    levels = learn_levels(category("Fair", "Web"), ints(3, 10, 987), ints(1, 1, 98), PointSettings())
    assert labels(levels) == ["Web", "other", "(missing)"]
    assert levels.too_few == (False, True, True)


def test_a_value_called_other_is_not_the_others():
    levels = learn_levels(category("Other", "Rare", "Web"), ints(0, 300, 5, 700), ints(0, 30, 1, 70), PointSettings())
    assert labels(levels) == ["Other", "Web", "all others"]


def test_merged_values_stay_together_however_few():
    cells = category("Bing", "Google", "Web", together=(("Search", (1, 2)),))
    levels = learn_levels(cells, ints(0, 2, 3, 995), ints(0, 1, 0, 99), PointSettings())
    assert labels(levels) == ["Search", "Web"]
    assert levels.levels[0].values == ("Bing", "Google")
    assert levels.too_few == (True, False)


def test_values_without_leads_have_no_level():
    levels = learn_levels(category("Fair", "Gone", "Web"), ints(0, 500, 0, 500), ints(0, 50, 0, 60), PointSettings())
    assert labels(levels) == ["Fair", "Web"]
    assert levels.of_cell.tolist() == [-1, 0, -1, 1]


@given(
    st.lists(st.integers(0, 60), min_size=2, max_size=12),
    st.integers(0, 2**32),
    st.sampled_from(["category", "number", "boolean"]),
    st.sampled_from([APART, PointSettings()]),
)
def test_levels_part_the_leads(leads, seed, kind, settings):
    leads = leads[:3] if kind == "boolean" else leads
    leads += [1] * (3 - len(leads))
    n = ints(*leads)
    k = np.random.default_rng(seed).binomial(n, 0.4)
    texts = tuple(f"v{place}" for place in range(len(leads) - 1)) if kind == "category" else ()
    edges = tuple(float(place) for place in range(len(leads) - 2)) if kind == "number" else ()
    levels = learn_levels(Cells("x", "x", kind, "fit", texts=texts, edges=edges), n, k, settings)
    assert levels.totals(n).sum() == n.sum()
    assert levels.totals(k).sum() == k.sum()
    assert (levels.totals(n) > 0).all()
    assert (levels.of_cell[n > 0] >= 0).all()
    assert len(set(labels(levels))) == len(levels.levels)


def visits(conversions, **changes):
    """Fifty cells of 100 leads each, the first missing, and conversions that rise from cell to cell."""
    leads = np.full(51, 100, dtype=np.int64)
    won = np.linspace(0, 2, 51)
    won = np.minimum(np.floor(won * conversions / won.sum()).astype(np.int64), 100)
    won[-1] += conversions - won.sum()
    cells = Cells("x", "x", "number", "fit", edges=tuple(float(edge) for edge in range(1, 50)), **changes)
    return cells, leads, won


@pytest.mark.parametrize(("conversions", "bins"), [(30, 2), (75, 3), (124, 4), (125, 5), (499, 5)])
def test_few_conversions_cut_a_number_into_bins_of_equally_many_leads(conversions, bins):
    cells, leads, won = visits(conversions)
    levels = learn_levels(cells, leads, won, PointSettings(min_leads=1, min_expected=0.0))
    held = levels.totals(leads)[:-1]
    assert len(held) == bins
    assert max(held) - min(held) <= 100
    assert not levels.cut_by_outcome
    assert levels.trend == "none"


def test_the_cuts_of_few_conversions_do_not_look_at_them():
    cells, leads, won = visits(300)
    turned = np.append(won[:1], won[:0:-1])
    first, second = (learn_levels(cells, leads, outcome, PointSettings()) for outcome in (won, turned))
    assert first.levels == second.levels


@pytest.mark.parametrize(
    ("conversions", "changes", "chosen"),
    [(499, {}, False), (500, {}, True), (300, {"trend": "up"}, True), (900, {"fixed": True}, False)],
)
def test_outcomes_choose_the_cuts_where_there_are_five_hundred_or_a_person_said_how_they_run(
    conversions, changes, chosen
):
    levels = learn_levels(*visits(conversions, **changes), PointSettings())
    assert levels.cut_by_outcome is chosen
    assert (levels.trend == "up") is chosen


def test_lost_leads_are_the_few_where_most_are_won():
    cells, leads, won = visits(300)
    assert not learn_levels(cells, leads, leads - won, PointSettings()).cut_by_outcome


def test_a_placeholder_stays_apart_from_bins_of_equally_many_leads():
    cells = Cells("x", "x", "number", "fit", edges=(0.0, 10.0, 20.0, 30.0), alone=(0,), sentinels=frozenset({0}))
    leads = ints(0, 300, 200, 200, 200, 200)
    levels = learn_levels(cells, leads, ints(0, 30, 10, 20, 20, 20), PointSettings())
    assert [level.kind for level in levels.levels] == ["placeholder", "bin", "bin", "bin", "bin"]
    assert levels.totals(leads).tolist() == [300, 200, 200, 200, 200]


@pytest.mark.parametrize(
    ("low", "high", "whole", "smallest", "label"),
    [
        (None, None, True, 0, "any number"),
        (None, 1, True, 0, "0"),
        (None, 1, True, -1, "up to 0"),
        (None, 0, True, None, "up to -1"),
        (5, 6, True, None, "5"),
        (5, 10, True, None, "5 to 9"),
        (5, None, True, None, "5 and up"),
        (None, 0.5, False, None, "under 0.5"),
        (0.5, 2, False, None, "0.5 to under 2"),
        (1e300, None, False, None, "1e+300 and up"),
    ],
)
def test_bins_as_people_read_them(low, high, whole, smallest, label):
    assert bin_label(low, high, whole, smallest) == label


def test_an_open_end_that_holds_one_number_is_that_number():
    cells = Cells("x", "x", "number", "fit", edges=(1.0, 9999.0), whole=True, smallest=0.0, largest=9999.0)
    assert number_label(cells, 9999.0, None) == "9999"
    assert number_label(cells, 1.0, None) == "1 and up"


def store_of(table, *cells, **outcome):
    settings = OutcomeSettings(column="Won", **outcome)
    with open_source(table) as source:
        return encode(source, cells, compile_outcome(settings, source, source.sample()), settings)


@given(st.lists(st.one_of(st.none(), st.floats(allow_nan=True)), min_size=3, max_size=60), st.data())
def test_a_number_falls_in_the_cell_between_its_edges(numbers, data):
    finite = st.floats(allow_nan=False, allow_infinity=False)
    drawn = st.one_of(finite, st.sampled_from([number for number in numbers if number is not None] or [0.0]))
    edges = sorted({float(edge) + 0.0 for edge in data.draw(st.lists(drawn, max_size=9)) if np.isfinite(edge)})
    cells = Cells("x", "x", "number", "fit", edges=tuple(edges))
    table = pa.table(
        {"x": pa.array(numbers, pa.float64()), "Won": [True, False] * (len(numbers) // 2) + [True] * (len(numbers) % 2)}
    )
    store = store_of(table, cells)
    known = [None if number is None or not np.isfinite(number) else number for number in numbers]
    assert store.codes[0].tolist() == [
        0 if number is None else 1 + sum(edge <= number for edge in edges) for number in known
    ]


def test_counts_by_cell_and_fold_add_up():
    random = np.random.default_rng(0)
    rows = 4000
    table = pa.table(
        {
            "Source": random.choice(["Web", "Fair", "Mail"], rows),
            "Day": np.datetime64("2026-01-01") + random.integers(0, 200, rows).astype("timedelta64[D]"),
            "Won": random.random(rows) < 0.3,
        }
    )
    store = store_of(table, category("Web"), date="Day")
    parts = parts_of(store, int(np.median(store.day)))
    (counts,) = count_cells(store, parts)
    texts = (None, *store.cells[0].texts)
    source, won = np.array(table["Source"]), np.array(table["Won"])
    for cell, text in enumerate(texts):
        for part in range(10):
            held = (source == text) & (parts == part)
            assert (counts.leads[part, cell], counts.conversions[part, cell]) == (held.sum(), won[held].sum())
    whole, older = counts.of(ALL), counts.of(OLDER)
    newer = counts.of(~OLDER)
    assert (whole[0] == older[0] + newer[0]).all()
    assert (parts >= 5).tolist() == (store.day >= int(np.median(store.day))).tolist()


def test_folds_are_even_and_the_same_every_time():
    store = store_of(pa.table({"Source": ["a", "b"] * 5000, "Won": [True, False] * 5000}), category("a", "b"))
    shares = np.bincount(store.fold, minlength=5) / 10_000
    assert abs(shares - 0.2).max() < 0.02
    # SplitMix64 with seed 1234567 as printed by Vigna's reference program (rosettacode.org, Pseudo-random numbers).
    state = (1234567 + 0x9E3779B97F4A7C15 * np.arange(5, dtype=object)) % 2**64
    printed = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821]
    assert mixed(state.astype(np.uint64)).tolist() == printed


def test_a_scorecard_gives_a_level_with_too_few_leads_no_points():
    counts = ints(0, 20, 480, 500), ints(0, 20, 40, 40)
    card = with_points(learn_scorecard([category("Few", "Fair", "Web")], [counts], PointSettings()), Worth())
    (item,) = card.attributes
    points = item.cell_points("lift").tolist()
    assert points[1] == 0
    assert item.points["lift"].tolist()[item.levels.of_cell[1]] == 90
    assert (card.leads, card.conversions) == (1000, 100)
