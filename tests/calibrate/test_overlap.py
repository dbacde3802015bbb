"""The Berkeley admissions of 1973 and other outside numbers on attributes that go together."""

from __future__ import annotations

import math
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import linregress
from scipy.stats.contingency import association
from statsmodels.stats.proportion import test_proportions_2indep as proportions_test

from calibrate.errors import DataError
from calibrate.statistics.association import cramers_v
from calibrate.statistics.lift import level_lifts
from calibrate.statistics.overlap import (
    Pair,
    SignFlip,
    bias_corrected_v,
    double_counting,
    lift_standard_error,
    pairs_that_overlap,
    sign_flips,
    surviving,
)

floats = st.floats(-30, 30).map(lambda value: round(value, 2))
tables = st.integers(2, 5).flatmap(
    lambda width: st.lists(st.lists(st.integers(0, 20), min_size=width, max_size=width), min_size=2, max_size=5)
)


@pytest.fixture(scope="module")
def berkeley(oracle):
    """Gender, department and outcome of every applicant."""
    inputs = oracle("ucb_double_count").inputs
    genders, departments, won = [], [], []
    for gender, department in product(range(2), range(len(inputs["dept"]))):
        name = ("male", "female")[gender]
        admitted, rejected = (inputs[f"{name}_{end}"][department] for end in ("admit", "reject"))
        genders += [gender] * (admitted + rejected)
        departments += [department] * (admitted + rejected)
        won += [1] * admitted + [0] * rejected
    return np.array(genders), np.array(departments), np.array(won)


def lifts_of(codes, won):
    """Lift of every lead's level, from the definition; conversions and leads of the levels."""
    leads, conversions = np.bincount(codes), np.bincount(codes, weights=won)
    return (100 * (conversions / np.maximum(leads, 1) - won.mean()))[codes], conversions, leads


def berkeley_rows(oracle, berkeley, adjusted, errors):
    """Rows of gender and department with adjusted lifts and their errors from elsewhere."""
    *attributes, won = berkeley
    labels = [("gender", "male"), ("gender", "female"), *(("department", name) for name in "ABCDEF")]
    raw_errors = []
    for codes in attributes:
        _, conversions, leads = lifts_of(codes, won)
        raw_errors += lift_standard_error(conversions, leads, int(won.sum()), len(won)).tolist()
    raw = oracle("ucb_raw_lift_pp").expected
    return [(*label, *row) for label, *row in zip(labels, raw, raw_errors, adjusted, errors, strict=True)]


def test_double_counting_at_berkeley(oracle, berkeley):
    row = oracle("ucb_double_count")
    *attributes, won = berkeley
    lifts = [lifts_of(codes, won)[0] for codes in attributes]
    factor = double_counting(lifts)
    assert row.is_met_by([factor, 1 / factor])
    assert row.is_met_by([factor, linregress(sum(lifts) / 100, won).slope])


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), st.booleans()), min_size=4, max_size=80))
def test_slope_of_the_outcome_on_the_sum_of_lifts_is_the_inverse(leads):
    first, second, won = (np.array(column, dtype=int) for column in zip(*leads, strict=True))
    lifts = [lifts_of(codes, won)[0] for codes in (first, second)]
    total = sum(lifts) / 100
    assume(np.ptp(total) > 1e-6)
    factor = double_counting(lifts)
    assert linregress(total, won).slope == pytest.approx(1 / factor, rel=1e-6)
    assert 0 < factor <= 2 + 1e-9


@given(st.lists(st.lists(floats, min_size=2, max_size=4, unique=True), min_size=1, max_size=4), st.integers(1, 3))
def test_nothing_is_counted_twice_in_a_full_factorial(attributes, times):
    leads = np.array(list(product(*attributes)) * times)
    assert double_counting(leads.T) == pytest.approx(1, rel=1e-9)


@given(st.lists(floats, min_size=2, max_size=30).filter(lambda lifts: max(lifts) > min(lifts)), st.integers(1, 6))
def test_an_attribute_counts_as_often_as_it_is_entered(lifts, copies):
    column = np.array(lifts)
    assert double_counting([column] * copies) == pytest.approx(copies, rel=1e-9)
    assert double_counting([column, -column]) == pytest.approx(0, abs=1e-9)
    assert double_counting([3 * column + 1, np.full(len(lifts), 0.1)]) == pytest.approx(1, rel=1e-9)


def test_the_same_attribute_twice(oracle):
    row = oracle("double_count_duplicate")
    assert row.is_met_by(double_counting([np.array([25.0, -5.0, 0.0])] * row.inputs["copies"]))


@given(st.lists(st.tuples(floats, floats), min_size=2, max_size=30), st.randoms(use_true_random=False))
def test_order_of_leads_and_attributes_changes_nothing(leads, random):
    found = double_counting(np.array(leads).T)
    random.shuffle(leads)
    other = double_counting(np.array(leads).T[::-1])
    assert (found is None) == (other is None)
    assert found is None or other == pytest.approx(found, rel=1e-9, abs=1e-12)


def test_nothing_varies():
    assert double_counting([]) is None
    assert double_counting([np.full(7, 0.1), np.zeros(7)]) is None
    assert double_counting([np.array([])]) is None


def test_cramers_v_of_hair_and_eyes(oracle):
    row = oracle("cramers_v_haireye")
    table = np.array(row.inputs["table"])
    pairs = np.repeat(np.argwhere(table >= 0), table.ravel(), axis=0)
    assert row.is_met_by([cramers_v(pairs[:, 0], pairs[:, 1]), bias_corrected_v(table)])


@given(tables)
def test_correction_is_bergsmas_and_never_adds(table):
    counts = np.array(table)
    held = counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0]
    assume(min(held.shape) > 1)
    leads, (height, width) = held.sum(), held.shape
    plain = association(held, method="cramer")
    beyond = max(0, plain**2 * (min(held.shape) - 1) - (height - 1) * (width - 1) / (leads - 1))
    sizes = [size - (size - 1) ** 2 / (leads - 1) for size in held.shape]
    found = bias_corrected_v(counts)
    if min(sizes) > 1 + 1e-9:
        assert found == pytest.approx(math.sqrt(beyond / (min(sizes) - 1)), abs=1e-6)
    assert 0 <= found <= plain + 1e-9
    assert bias_corrected_v(counts.T) == pytest.approx(found, abs=1e-9)
    assert bias_corrected_v(counts[::-1]) == pytest.approx(found, abs=1e-9)


@given(st.lists(st.integers(1, 9), min_size=2, max_size=5), st.lists(st.integers(1, 9), min_size=2, max_size=5))
def test_independent_tables_have_no_v(rows, columns):
    assert bias_corrected_v(np.outer(rows, columns)) == 0


@given(st.lists(st.integers(2, 30), min_size=2, max_size=6))
def test_recodings_have_all_of_it(leads):
    assert bias_corrected_v(np.diag(leads)) == pytest.approx(1)


def test_many_levels_look_alike_only_by_chance():
    rng = np.random.default_rng(3)
    first, second = rng.integers(0, 40, 1000), rng.integers(0, 30, 1000)
    assert cramers_v(first, second) > 0.15
    assert bias_corrected_v(np.histogram2d(first, second, bins=(40, 30))[0]) < 0.08


def test_tables_that_tell_nothing():
    assert bias_corrected_v([[3, 4]]) == 0
    assert bias_corrected_v([[3, 0], [4, 0]]) == 0
    assert bias_corrected_v([[0, 0], [0, 0]]) == 0
    assert bias_corrected_v([[1, 0], [0, 1]]) == 0  # each lead its own level


def test_pairs_at_berkeley(berkeley, oracle):
    gender, department, won = berkeley
    found = pairs_that_overlap({"gender": gender, "department": department, "outcome": won})
    assert [(pair.first, pair.second) for pair in found] == [("gender", "department"), ("department", "outcome")]
    assert found[0].v == pytest.approx(oracle("ucb_cramers_v").expected, abs=0.003)
    assert not any(pair.same for pair in found)


def test_the_strongest_pair_first_and_equals_as_given():
    rng = np.random.default_rng(7)
    title = rng.integers(0, 4, 2000)
    seniority = np.where(rng.random(2000) < 0.3, rng.integers(0, 4, 2000), title)
    codes = {"Title": title, "Seniority": seniority, "Copy": 3 - title, "Noise": rng.integers(0, 4, 2000)}
    found = pairs_that_overlap(codes)
    assert found[0] == Pair("Title", "Copy", pytest.approx(1), same=True)
    assert [(pair.first, pair.second) for pair in found] == [
        ("Title", "Copy"),
        ("Title", "Seniority"),
        ("Seniority", "Copy"),
    ]
    assert all(one.v >= other.v for one, other in pairwise(found))
    assert [pair.same for pair in found] == [True, False, False]
    assert pairs_that_overlap(codes, at_least=0.99) == found[:1]
    assert pairs_that_overlap({}) == pairs_that_overlap({"Title": title}) == ()


def test_only_the_first_sixty_are_compared():
    codes = {f"a{place}": np.arange(200) % (2 if place in (0, 59, 60) else 1) for place in range(61)}
    assert [(pair.first, pair.second) for pair in pairs_that_overlap(codes)] == [("a0", "a59")]


def test_tables_too_large_to_tell_are_no_pair():
    many = np.repeat(np.arange(300), 10)
    assert pairs_that_overlap({"one": many, "other": many}) == ()


def test_change_of_a_lift_is_the_published_one(oracle):
    row = oracle("lift_change")
    errors = []
    for period in (row.inputs["old"], row.inputs["new"]):
        k, n, all_k, all_n = (period[key] for key in ("k", "n", "K", "N"))
        errors.append(float(lift_standard_error(k, n, all_k, all_n)) / 100)
    assert errors == pytest.approx([row.expected[1], row.expected[3]], abs=row.tolerance)


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 60)), min_size=2, max_size=5))
def test_standard_errors_agree_with_statsmodels(levels):
    won, leads = np.array([(min(pair), pair[1]) for pair in levels]).T
    all_won, all_leads = int(won.sum()), int(leads.sum())
    for k, n, found in zip(won, leads, lift_standard_error(won, leads, all_won, all_leads), strict=True):
        p1, p0 = k / n, (all_won - k) / (all_leads - n)
        assert found == pytest.approx(
            100 * (1 - n / all_leads) * math.sqrt(p1 * (1 - p1) / n + p0 * (1 - p0) / (all_leads - n)), abs=1e-9
        )
        if 0 < k < n and 0 < all_won - k < all_leads - n:  # elsewhere the library divides by zero on its way
            wald = proportions_test(k, n, all_won - k, all_leads - n, method="wald", correction=False)
            assert found == pytest.approx(100 * (1 - n / all_leads) * math.sqrt(wald.variance), rel=1e-9)


def test_standard_errors_and_intervals_are_of_one_size():
    won, leads = np.array([120, 300, 580]), np.array([1000, 3000, 4000])
    errors = lift_standard_error(won, leads, 1000, 8000)
    widths = [lift.high - lift.low for lift in level_lifts(won, leads, 1000, 8000)]
    assert errors * 2 * 1.959964 == pytest.approx(widths, rel=0.01)
    assert lift_standard_error([150], [1000], 150, 1000).tolist() == [0]


@pytest.mark.parametrize(("k", "n", "words"), [(0, 0, "without leads"), (11, 20, "swapped"), (3, 2, "swapped")])
def test_what_is_no_part_of_the_whole_is_refused(k, n, words):
    with pytest.raises(DataError, match=words):
        lift_standard_error(k, n, 10, 100)


def test_gender_turns_its_sign_at_berkeley(oracle, berkeley):
    adjusted, errors = oracle("ucb_adjusted_lift_pp").expected, oracle("ucb_adjusted_lift_se_pp").expected
    flips = sign_flips(berkeley_rows(oracle, berkeley, adjusted, errors))
    assert [(flip.attribute, flip.level) for flip in flips] == [("gender", "male"), ("gender", "female")]
    # The oracle rows, rounded: applicants of Bickel, Hammel & O'Connell (1975), Science 187:398, fitted in R.
    rounded = [(round(flip.lift, 1), round(flip.adjusted, 1)) for flip in flips]
    assert rounded == [(5.7, -0.8), (-8.4, 1.2)]


@pytest.mark.parametrize(("strength", "flips"), [(1, 2), (3, 0)])
def test_a_firmer_hand_leaves_gender_within_one_standard_error(oracle, berkeley, strength, flips):
    adjusted, errors = oracle(f"ucb_ridge_adjusted_lambda{strength}").expected
    assert len(sign_flips(berkeley_rows(oracle, berkeley, adjusted, errors))) == flips


def test_a_flip_needs_both_beyond_their_own_error():
    rows = [
        ("A", "both", 5.0, 5.0, -2.0, 2.0),
        ("A", "lift unsure", 5.0, 5.1, -2.0, 1.0),
        ("A", "adjusted unsure", 5.0, 1.0, -2.0, 2.1),
        ("A", "same sign", 5.0, 1.0, 2.0, 1.0),
        ("A", "nothing left", 5.0, 1.0, 0.0, 0.0),
    ]
    assert sign_flips(rows) == (SignFlip("A", "both", 5.0, -2.0),)


@given(st.lists(st.tuples(st.integers(-40, 40), st.integers(-40, 40)), max_size=20))
def test_no_more_points_survive_than_there_were(levels):
    lift, adjusted = ([row[place] for row in levels] for place in (0, 1))
    had, kept = surviving(lift, adjusted)
    assert 0 <= kept <= had == sum(abs(points) for points in lift)
    assert surviving(lift, lift) == (had, had)
    assert surviving(lift, [-points for points in lift]) == (had, 0)
    assert surviving(lift, [2 * points for points in lift]) == (had, had)
