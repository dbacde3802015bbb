from __future__ import annotations

import math
import operator
from fractions import Fraction
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from calibrate.errors import DataError
from calibrate.leads import bins as module
from calibrate.leads.bins import Sentinels, best_bins, human_edges, sentinels

whole = st.integers(-(10**6), 10**6).map(float)
decimal = st.integers(-(10**6), 10**6).map(lambda hundredths: hundredths / 100)


def held(values, edges):
    return np.bincount(np.searchsorted(edges, values, side="right"), minlength=len(edges) + 1)


def heavy_tailed(size, seed=7):
    return np.floor(np.exp(np.random.default_rng(seed).normal(4, 1.8, size)))


def steps():
    """1000, 500, 200, 100, 50 ... : the order of roundness."""
    return (Fraction(10) ** power * digit for power in range(8, -4, -1) for digit in (5, 2, 1))


# human edges


def test_every_year_is_its_own_cell():
    assert human_edges(np.repeat(np.arange(2019.0, 2027.0), 3)).tolist() == [2020, 2021, 2022, 2023, 2024, 2025, 2026]


def test_edges_are_the_roundest_numbers_between_neighbours():
    values = [-30, -4, 3, 8, 23, 78, 99, 260, 4800, 4810.5]
    assert human_edges(values).tolist() == [-20, 0, 5, 20, 50, 80, 200, 4000, 4810]
    assert human_edges([0.1, 0.2, 0.30000000000000004]).tolist() == [0.2, 0.3]
    assert human_edges([0.28, 0.29]).tolist() == [0.29]


@given(st.lists(whole | decimal, min_size=2, max_size=40, unique=True))
def test_few_distinct_values_are_all_told_apart_by_the_roundest_number(values):
    assume(max(values) not in module.PLACEHOLDERS)
    edges = human_edges(values)
    assert held(values, edges).tolist() == [1] * len(values)
    ordered = sorted(values)
    for (low, high), edge in zip(pairwise(ordered), edges.tolist(), strict=True):
        assert low < edge <= high
        exact_low, exact_high = (Fraction(str(end)) for end in (low, high))
        step = next(step for step in steps() if math.floor(exact_high / step) * step > exact_low)
        assert Fraction(str(edge)) % step == 0


@given(st.lists(st.floats(allow_nan=False), min_size=1, max_size=60), st.integers(2, 20))
def test_any_numbers_get_ascending_finite_edges(values, cells):
    edges = human_edges(values, cells)
    assert len(edges) < cells
    assert np.isfinite(edges).all()
    assert (np.diff(edges) > 0).all()
    finite = [value for value in values if abs(value) < 1e300]
    if finite:
        assert (held(finite, edges) > 0).all()


@given(st.lists(whole, min_size=1, max_size=80), st.integers(2, 20))
def test_whole_numbers_get_whole_edges(values, cells):
    assert all(edge.is_integer() for edge in human_edges(values, cells).tolist())


@given(st.lists(whole | decimal, min_size=2, max_size=40), st.randoms(use_true_random=False))
def test_order_and_repetition_of_the_values_change_nothing(values, random):
    shuffled = values * 2
    random.shuffle(shuffled)
    assert human_edges(shuffled, 10).tolist() == human_edges(values, 10).tolist()


@pytest.mark.parametrize("cells", [20, 64, 200])
@pytest.mark.parametrize(
    "values",
    [
        np.random.default_rng(1).normal(0, 1, 20_000),
        np.exp(np.random.default_rng(2).normal(12, 2, 20_000)),
        np.random.default_rng(3).integers(1_600_000_000, 1_700_000_000, 20_000).astype(float),
    ],
    ids=["normal", "revenue", "timestamps"],
)
def test_cells_are_about_equally_full_and_never_equally_wide(values, cells):
    edges = human_edges(values, cells)
    share = len(values) / cells
    counts = held(values, edges)
    assert len(counts) == cells
    assert counts.min() >= share / 3 - 2
    assert counts.max() <= share * 5 / 3 + 2


def test_human_edges_have_few_digits():
    revenue = np.exp(np.random.default_rng(2).normal(12, 2, 20_000))
    digits = [len(f"{edge:.15g}".rstrip("0").replace(".", "")) for edge in human_edges(revenue, 64).tolist()]
    assert max(digits) <= 3
    assert np.mean(digits) < 2


def test_a_value_of_many_leads_keeps_a_cell_of_its_own():
    values = np.concatenate([np.full(4000, 50.0), heavy_tailed(10_000)])
    edges = human_edges(values, 64)
    cell = np.searchsorted(edges, 50.0, side="right")
    assert edges[cell - 1] == 50
    assert edges[cell] == 51


@pytest.mark.parametrize("values", [[], [7.0], [7.0] * 5, [math.inf, -math.inf, 3.0]])
def test_nothing_to_tell_apart_gives_no_edges(values):
    assert human_edges(values).tolist() == []


# sentinels


def test_placeholders_at_both_ends_and_the_zero_of_many_counts():
    visits = np.random.default_rng(5).negative_binomial(0.4, 0.1, 10_000).astype(float)
    values = np.concatenate([visits, np.full(900, 9999.0), np.full(900, -1.0)])
    edges = human_edges(values)
    last = len(edges)
    assert edges[-1] == 9999
    assert sentinels(values, edges) == Sentinels(alone=(0, 1, last), placeholders=(0, last))
    assert sentinels(visits, human_edges(visits)) == Sentinels(alone=(0,), placeholders=())


def test_the_upper_placeholder_starts_its_own_cell():
    values = np.concatenate([heavy_tailed(9_000), np.full(1000, 99_999_999.0)])
    for cells in (64, 200, 5000):
        edges = human_edges(values, cells)
        assert edges[-1] == 99_999_999
        assert sentinels(values, edges).placeholders == (len(edges),)


@pytest.mark.parametrize(
    ("rest", "value", "seen"),
    [
        (np.arange(0.0, 50.0), 999.0, True),
        (np.arange(0.0, 50.0), -1.0, True),
        (np.arange(-50.0, 50.0), -999.0, True),
        (np.arange(-50.0, 50.0), 2147483647.0, True),
        (np.arange(0.0, 98.0), 99.0, False),  # next to the rest
        (np.arange(-50.0, 50.0), -1.0, False),  # within the rest
        (np.arange(0.0, 50.0), 1000.0, False),  # an honest number
    ],
)
def test_placeholders_are_odd_numbers_far_from_the_rest(rest, value, seen):
    values = np.concatenate([rest, np.full(20, value)])
    assert bool(sentinels(values, human_edges(values)).placeholders) is seen


def test_a_rare_number_is_no_placeholder():
    values = np.concatenate([np.arange(0.0, 100.0), np.full(5, 9999.0)])
    assert sentinels(values, human_edges(values)) == Sentinels((), ())


def test_zeros_that_a_poisson_law_explains_are_not_alone():
    values = np.random.default_rng(3).poisson(0.8, 5000).astype(float)
    assert sentinels(values, human_edges(values)) == Sentinels((), ())


@given(st.lists(st.sampled_from([-999.0, -1.0, 0.0, 1.0, 2.5, 99.0, 9999.0, math.inf]), max_size=40))
def test_sentinels_hold_one_value_each(values):
    edges = human_edges(values)
    found = sentinels(values, edges)
    assert set(found.placeholders) <= set(found.alone)
    cells = np.searchsorted(edges, values, side="right")
    for cell in found.alone:
        inside = {value for value, place in zip(values, cells, strict=True) if place == cell}
        assert len({value for value in inside if math.isfinite(value)}) == 1


# best bins


@st.composite
def cell_counts(draw, size=9, most=40):
    leads = draw(st.lists(st.integers(0, most), min_size=size, max_size=size))
    return np.array(leads), np.array([draw(st.integers(0, n)) for n in leads])


def log_likelihood(k, n):
    return sum(part * math.log(part / n) for part in (k, n - k) if part)


def worth(leads, conversions, starts):
    """Binomial log-likelihood of the bins, minus (ln N)/2 for each."""
    ends = [*starts[1:], len(leads)]
    totals = [(int(conversions[a:b].sum()), int(leads[a:b].sum())) for a, b in zip(starts, ends, strict=True)]
    price = math.log(max(int(leads.sum()), 1)) / 2
    return sum(log_likelihood(k, n) for k, n in totals) - price * len(totals), totals


def brute_force(leads, conversions, max_bins, keeps):
    """The worth of the best of all splits that keep a rule about (conversions, leads) of their bins."""
    splits = ((0, *cuts) for count in range(max_bins) for cuts in combinations(range(1, len(leads)), count))
    judged = (worth(leads, conversions, starts) for starts in splits)
    return max(value for value, totals in judged if len(totals) == 1 or keeps(totals))


@given(cell_counts(), st.integers(1, 6), st.sampled_from([0, 0.05, 0.2]), st.sampled_from([0, 1, 5]))
@settings(max_examples=40)
def test_bins_are_the_best_of_all_splits(counts, max_bins, min_share, min_expected):
    leads, conversions = counts
    total, won = int(leads.sum()), int(conversions.sum())
    rate = min(won, total - won) / max(total, 1)

    def keeps(totals):
        return all(n > 0 and n >= min_share * total and n * rate >= min_expected for _, n in totals)

    starts, _ = best_bins(
        leads, conversions, trend="none", max_bins=max_bins, min_share=min_share, min_expected=min_expected
    )
    value, totals = worth(leads, conversions, starts)
    assert len(totals) == 1 or keeps(totals)
    assert len(totals) <= max_bins
    assert value == pytest.approx(brute_force(leads, conversions, max_bins, keeps), abs=1e-4)


@given(cell_counts(), st.integers(1, 4), st.sampled_from(["up", "down"]))
@settings(max_examples=40)
def test_monotone_bins_are_the_best_of_all_monotone_splits(counts, max_bins, trend):
    leads, conversions = counts

    def keeps(totals):
        rates = [Fraction(k, n) for k, n in totals if n]
        follows = operator.le if trend == "up" else operator.ge
        return len(rates) == len(totals) and all(follows(*pair) for pair in pairwise(rates))

    starts, found = best_bins(leads, conversions, trend=trend, max_bins=max_bins, min_share=0, min_expected=0)
    value, totals = worth(leads, conversions, starts)
    assert len(totals) == 1 or keeps(totals)
    assert found == (trend if len(totals) > 1 else "none")
    assert value == pytest.approx(brute_force(leads, conversions, max_bins, keeps), abs=1e-4)


def blocks(k, n, rising=True):
    history = module._History(np.array(k, dtype=float), np.array(n, dtype=float), frozenset(), 6, 0, 0)
    return np.concatenate(history.joined(rising=rising))


def test_pooled_violators_are_the_published_ones(oracle):
    row = oracle("pava_isoreg")
    y = row.inputs["y"]
    starts = blocks(y, [max(y)] * len(y))
    sizes = np.diff(np.append(starts, len(y)))
    assert row.is_met_by(np.repeat(np.add.reduceat(y, starts) / sizes, sizes).tolist())

    row = oracle("pava_weighted")
    k, n = row.inputs["k"], row.inputs["n"]
    starts = blocks(k, n)
    rates = np.add.reduceat(k, starts) / np.add.reduceat(n, starts)
    assert row.is_met_by(np.repeat(rates, np.diff(np.append(starts, len(k)))).tolist())


@given(cell_counts(), st.booleans())
def test_pooling_twice_is_pooling_once(counts, rising):
    leads, conversions = counts
    starts = blocks(conversions, leads, rising)
    k, n = (np.add.reduceat(part, starts) for part in (conversions, leads))
    assert blocks(k, n, rising).tolist() == list(range(len(starts)))


LEADS = np.full(60, 200)
RISING = np.repeat([20, 40, 80], 20)
HUMP = np.repeat([20, 80, 20], 20)


@pytest.mark.parametrize(
    ("conversions", "trend", "expected"),
    [
        (RISING, "auto", ((0, 20, 40), "up")),
        (RISING, "up", ((0, 20, 40), "up")),
        (RISING, "none", ((0, 20, 40), "up")),
        (RISING, "down", ((0,), "none")),
        (RISING[::-1], "auto", ((0, 20, 40), "down")),
        (RISING[::-1], "down", ((0, 20, 40), "down")),
        (HUMP, "auto", ((0, 20, 40), "none")),
        (HUMP, "none", ((0, 20, 40), "none")),
        (HUMP, "up", ((0, 20), "up")),
        (HUMP, "down", ((0, 40), "down")),
        (np.full(60, 30), "auto", ((0,), "none")),
    ],
)
def test_trends(conversions, trend, expected):
    assert best_bins(LEADS, conversions, trend=trend) == expected


def test_auto_prefers_a_trend_to_a_turn_that_hardly_pays():
    # the dip gains 5.5 over the rising fit, a turn costs (ln 1200)/2 = 3.5 beside the bins it needs
    leads = np.array([400, 400, 400])
    slight, clear = np.array([40, 100, 80]), np.array([40, 100, 40])
    assert best_bins(leads, clear)[1] == "none"
    assert best_bins(leads, slight) == ((0, 1), "up")


def test_cells_that_stand_alone_stay_so_and_outside_the_trend():
    conversions = RISING.copy()
    conversions[[0, 59]] = [190, 1]
    starts, trend = best_bins(LEADS, conversions, alone=(0, 59))
    assert starts == (0, 1, 20, 40, 59)
    assert trend == "up"


@given(cell_counts(), st.sets(st.integers(0, 8)), st.sampled_from(["auto", "up", "down", "none"]))
def test_bins_cover_the_cells_in_order_around_those_alone(counts, alone, trend):
    leads, conversions = counts
    starts, _ = best_bins(leads, conversions, trend=trend, alone=tuple(alone), max_bins=3)
    assert starts[0] == 0
    assert list(starts) == sorted(set(starts))
    for cell in alone:
        assert cell in starts
        assert cell == 8 or cell + 1 in starts
    stretches = len({0, *alone, *(cell + 1 for cell in alone if cell < 8)})
    assert stretches <= len(starts) <= max(3, stretches)


@pytest.mark.parametrize(
    ("leads", "conversions"),
    [
        ([], []),
        ([0, 0], [0, 0]),
        ([9, 9], [0, 9]),
        ([500, 500], [0, 0]),
        ([500, 500], [500, 500]),
        ([5000, 40], [500, 40]),
    ],
)
def test_too_little_for_two_bins_gives_one(leads, conversions):
    assert best_bins(leads, conversions) == ((0,), "none")


def test_cells_without_leads_join_the_one_before():
    starts, trend = best_bins([0, 0, 500, 0, 0, 500, 0], [0, 0, 20, 0, 0, 200, 0])
    assert (starts, trend) == ((0, 5), "up")


@given(cell_counts(), st.integers(2, 5))
def test_finer_cells_never_fit_worse(counts, times):
    fine = [np.repeat(part, times) for part in counts]
    coarse = [part * times for part in counts]
    fits = [worth(*part, best_bins(*part, trend="none")[0])[0] for part in (fine, coarse)]
    assert fits[0] >= fits[1] - 1e-4


def test_ties_take_fewest_bins_and_earliest_cuts():
    leads, conversions = np.array([100, 0, 100]), np.array([10, 0, 60])
    assert best_bins(leads, conversions)[0] == (0, 2)
    # rates .4, .5, .6: either cut is the other one with the outcomes swapped
    assert best_bins(np.full(3, 900), np.array([360, 450, 540]), max_bins=2)[0] == (0, 1)


def test_impossible_counts_are_refused():
    with pytest.raises(DataError, match="swapped"):
        best_bins([3, 5], [1, 6])
