from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import chi2, chi2_contingency, false_discovery_control, hypergeom
from statsmodels.stats.proportion import confint_proportions_2indep

from calibrate.errors import DataError
from calibrate.statistics import lift as module
from calibrate.statistics.lift import (
    adjusted_by_attribute,
    adjusted_p_values,
    evidence_word,
    level_lift,
    level_lifts,
    omnibus_p,
)


@st.composite
def tables(draw, levels=None, most=60):
    """Conversions and leads of the levels of one attribute; some leads converted and some did not."""
    size = levels or draw(st.integers(2, 6))
    leads = draw(st.lists(st.integers(1, most), min_size=size, max_size=size))
    conversions = [draw(st.integers(0, n)) for n in leads]
    assume(0 < sum(conversions) < sum(leads))
    return np.array(conversions), np.array(leads)


def against_rest(inputs):
    """Counts of two samples as a level and its whole."""
    k1, n1, k2, n2 = (inputs[key] for key in ("k1", "n1", "k2", "n2"))
    return np.array([float(k1)]), np.array([float(n1)]), k1 + k2, n1 + n2


@pytest.mark.parametrize(
    "case",
    [
        "56_70_48_80",
        "9_10_3_10",
        "6_7_2_7",
        "5_56_0_29",
        "0_10_0_20",
        "0_10_0_10",
        "10_10_0_20",
        "10_10_0_10",
        "7_34_1_34",
    ],
)
def test_interval_of_the_difference_from_the_rest_is_the_published_one(oracle, case):
    row = oracle(f"diff_newcombe_{case}")
    k, n, all_k, all_n = against_rest(row.inputs)
    ends = module._difference_interval(k, n, all_k, all_n, 0.95)
    share = 100 * (1 - n[0] / all_n)
    assert row.is_met_by([float(end[0]) / share for end in ends])


def test_interval_of_the_ratio_to_the_rest_is_the_published_one(oracle):
    row = oracle("ratio_mn_7_34_1_34")
    k, n, all_k, all_n = against_rest(row.inputs)
    share = n[0] / all_n
    ends = [float(end[0]) for end in module._index_interval(k, n, all_k, all_n, 0.95)]
    assert row.is_met_by([(1 - share) * end / (1 - share * end) for end in ends])


def test_forty_percent_against_fifteen(oracle):
    lift = level_lift(40, 100, 150, 1000)
    assert oracle("lift_overall_identity").is_met_by(lift.lift / 100)
    assert oracle("lift_vs_rest").is_met_by(lift.lift / 100 / (1 - 100 / 1000))
    assert oracle("lift_overall_ci_newcombe").is_met_by([lift.low / 100, lift.high / 100])
    assert oracle("index_overall_ci").is_met_by([lift.index, lift.index_low, lift.index_high])
    assert lift.p_value == pytest.approx(chi2.sf(oracle("lift_overall_z2").expected, 1), rel=1e-6)


@pytest.mark.parametrize("case", ["7_34_1_34", "5_20_80_980", "0_50_100_900", "4_25_146_975"])
def test_p_values_are_those_of_r(oracle, case):
    exact, pearson = oracle(f"test_midp_p_{case}"), oracle(f"test_pearson_p_{case}")
    k, n, all_k, all_n = against_rest(exact.inputs)
    assert exact.is_met_by(float(module._mid_p(k, n, all_k, all_n)[0]))
    rows = [int(n[0]), all_n - int(n[0])], [int(k[0]), all_k - int(k[0])]
    assert pearson.is_met_by(omnibus_p(*rows))
    fewest = min(rows[0]) * min(all_k, all_n - all_k) / all_n
    chosen = pearson if fewest >= 5 else exact
    assert chosen.is_met_by(level_lift(int(k[0]), int(n[0]), all_k, all_n).p_value)


def test_omnibus_is_the_published_one(oracle):
    row = oracle("prop_test_smokers")
    assert omnibus_p(row.inputs["n"], row.inputs["k"]) == pytest.approx(row.expected[1], abs=row.tolerance)


@given(tables())
def test_intervals_agree_with_statsmodels(table):
    k, n = table
    all_k, all_n = int(k.sum()), int(n.sum())
    for level, lift in enumerate(level_lifts(k, n, all_k, all_n)):
        rest_n = all_n - n[level]
        counts = k[level], n[level], all_k - k[level], rest_n
        low, high = confint_proportions_2indep(*counts, method="newcomb", compare="diff")
        # at 0 and n the library's Wilson ends miss 0 and 1 by a rounding error
        scaled = [100 * rest_n / all_n * end for end in (low, high)]
        assert (lift.low, lift.high) == pytest.approx(scaled, abs=1e-5)
        assert lift.low <= lift.lift <= lift.high
        assert lift.index_low <= lift.index + 1e-9
        assert lift.index <= lift.index_high + 1e-9


@pytest.mark.parametrize(("k", "n", "all_k", "all_n"), [(12, 60, 40, 300), (3, 41, 60, 500), (45, 90, 100, 240)])
def test_index_agrees_with_statsmodels(k, n, all_k, all_n):
    lift, share = level_lift(k, n, all_k, all_n), n / all_n
    low, high = confint_proportions_2indep(k, n, all_k - k, all_n - n, method="score", compare="ratio", correction=True)
    mapped = [1 / (share + (1 - share) / ratio) for ratio in (low, high)]
    assert (lift.index_low, lift.index_high) == pytest.approx(mapped, rel=1e-6)


@given(tables(most=200))
def test_p_values_agree_with_scipy(table):
    k, n = table
    all_k, all_n = int(k.sum()), int(n.sum())
    for level, lift in enumerate(level_lifts(k, n, all_k, all_n)):
        won, leads = int(k[level]), int(n[level])
        cells = [[won, leads - won], [all_k - won, all_n - all_k - leads + won]]
        if min(leads, all_n - leads) * min(all_k, all_n - all_k) / all_n >= 5:
            expected = chi2_contingency(cells, correction=False).pvalue
        else:
            law = hypergeom(all_n, all_k, leads)
            half = law.pmf(won) / 2
            expected = min(1, 2 * min(law.cdf(won - 1) + half, law.sf(won) + half))
        assert lift.p_value == pytest.approx(expected, rel=1e-8, abs=1e-13)


def test_exact_test_keeps_its_digits_among_fifty_million_leads():
    law = hypergeom(50_000_000, 3_000_000, 12)
    found = module._mid_p(np.array([9.0]), np.array([12.0]), 3_000_000, 50_000_000)
    assert float(found[0]) == pytest.approx(2 * (law.sf(9) + law.pmf(9) / 2), rel=1e-5)


@given(tables())
def test_lifts_weighted_by_leads_add_up_to_nothing(table):
    k, n = table
    overall = Fraction(int(k.sum()), int(n.sum()))
    exact = [Fraction(int(a), int(b)) - overall for a, b in zip(k, n, strict=True)]
    assert sum(int(b) * lift for b, lift in zip(n, exact, strict=True)) == 0
    found = [lift.lift for lift in level_lifts(k, n, int(k.sum()), int(n.sum()))]
    assert found == pytest.approx([float(100 * lift) for lift in exact], rel=1e-12, abs=1e-12)


@given(tables(), st.randoms(use_true_random=False))
def test_order_of_the_levels_changes_nothing(table, random):
    k, n = table
    order = list(range(len(k)))
    random.shuffle(order)
    all_k, all_n = int(k.sum()), int(n.sum())
    one, other = level_lifts(k, n, all_k, all_n), level_lifts(k[order], n[order], all_k, all_n)
    assert other == tuple(one[place] for place in order)
    assert omnibus_p(n[order], k[order]) == pytest.approx(omnibus_p(n, k), rel=1e-9)


@given(tables(), st.integers(2, 50))
def test_repeated_leads_keep_the_lift_and_narrow_its_interval(table, times):
    k, n = table
    all_k, all_n = int(k.sum()), int(n.sum())
    for one, many in zip(
        level_lifts(k, n, all_k, all_n), level_lifts(k * times, n * times, all_k * times, all_n * times), strict=True
    ):
        assert many.lift == pytest.approx(one.lift, rel=1e-12, abs=1e-12)
        assert many.high - many.low < one.high - one.low


@given(tables(levels=2))
def test_two_levels_have_one_test(table):
    k, n = table
    first, second = level_lifts(k, n, int(k.sum()), int(n.sum()))
    assert first.p_value == pytest.approx(second.p_value, rel=1e-9)
    assert (
        first.p_value == pytest.approx(omnibus_p(n, k), rel=1e-9) or min(n) * min(k.sum(), (n - k).sum()) < 5 * n.sum()
    )


@given(tables())
def test_swapping_the_outcome_negates_the_lift(table):
    k, n = table
    all_k, all_n = int(k.sum()), int(n.sum())
    mirrored = level_lifts(n - k, n, all_n - all_k, all_n)
    for one, other in zip(level_lifts(k, n, all_k, all_n), mirrored, strict=True):
        assert (other.lift, other.low, other.high) == pytest.approx((-one.lift, -one.high, -one.low), abs=1e-9)
        assert other.p_value == pytest.approx(one.p_value, rel=1e-8)


def test_level_with_everybody_has_no_lift_and_no_test():
    lift = level_lift(150, 1000, 150, 1000)
    assert (lift.lift, lift.low, lift.high) == (0, 0, 0)
    assert (lift.index, lift.index_low, lift.index_high) == (1, 1, 1)
    assert lift.p_value is None
    assert str(lift.low) == "0.0"


def test_corners_of_the_index():
    none, all_of_them = level_lifts([0, 20], [50, 50], 20, 100)
    assert (none.index, none.index_low) == (0, 0)
    assert 0 < none.index_high < 1
    assert (all_of_them.index, all_of_them.index_high) == (2, 2)
    assert 1 < all_of_them.index_low < 2


@pytest.mark.parametrize(
    ("k", "n", "all_k", "all_n", "words"),
    [
        (0, 0, 10, 100, "leave levels without leads out"),
        (11, 20, 10, 100, "counts within the whole"),
        (0, 95, 10, 100, "counts within the whole"),
        (3, 2, 10, 100, "swapped"),
        (0, 10, 0, 100, "which outcomes count as won"),
        (10, 10, 100, 100, "which outcomes count as won"),
    ],
)
def test_what_is_no_part_of_a_whole_is_refused(k, n, all_k, all_n, words):
    with pytest.raises(DataError, match=words):
        level_lift(k, n, all_k, all_n)


def test_omnibus_needs_two_levels_and_two_outcomes():
    assert omnibus_p([10], [3]) is None
    assert omnibus_p([10, 0], [3, 0]) is None
    assert omnibus_p([10, 5], [0, 0]) is None
    assert omnibus_p([10, 5], [10, 5]) is None
    assert omnibus_p([], []) is None


def test_q_values_are_the_published_ones(oracle):
    adjusted, count = oracle("fdr_bh_adjusted"), oracle("fdr_bh_count")
    q_values = adjusted_p_values(adjusted.inputs["p"])
    assert adjusted.is_met_by(list(q_values))
    assert sum(q <= count.inputs["q"] for q in q_values) == count.expected


@given(st.lists(st.none() | st.floats(0, 1)))
def test_q_values_agree_with_scipy_and_skip_what_is_no_test(p_values):
    found = adjusted_p_values(p_values)
    tests = [p for p in p_values if p is not None]
    expected = iter(false_discovery_control(tests) if tests else ())
    assert [q is None for q in found] == [p is None for p in p_values]
    assert [q for q in found if q is not None] == pytest.approx(list(expected), abs=1e-12)


def test_two_rows_of_a_pair_count_as_one_test():
    found = adjusted_by_attribute([[0.01, 0.01], [0.02, 0.5, 0.9], [None], [None, None], []])
    q_values = adjusted_p_values([0.01, 0.02, 0.5, 0.9])
    assert found == (q_values[:1] * 2, q_values[1:], (None,), (None, None), ())


def test_evidence_in_words():
    words = [evidence_word(q) for q in (0.0, 0.049, 0.05, 0.199, 0.20, 1.0, None)]
    assert words == ["strong", "strong", "some", "some", "weak", "weak", "weak"]
