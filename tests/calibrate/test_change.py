"""Changes of rates and lifts between two histories, drift of mixes, agreement of bands."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta, chi2_contingency
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.proportion import confint_proportions_2indep

from calibrate.errors import DataError
from calibrate.statistics.agreement import linear_kappa, moved
from calibrate.statistics.change import LevelCount, LiftChange, common_factor, lift_change, rate_change
from calibrate.statistics.drift import stability_index


def level(values):
    return LevelCount(values["k"], values["n"], values["K"], values["N"])


def test_change_of_a_lift(oracle):
    published = oracle("lift_change")
    found = lift_change(level(published.inputs["old"]), level(published.inputs["new"]))
    fractions = [found.old / 100, found.old_error / 100, found.new / 100, found.new_error / 100]
    assert published.is_met_by([*fractions, found.z, found.p_value])


def test_small_levels_are_judged_by_their_posteriors():
    """P(new < old) of the lifts by integration over a grid, beside 10,000 draws."""
    old, new = LevelCount(4, 12, 150, 1000), LevelCount(0, 20, 150, 1000)
    found = lift_change(old, new)
    grid = (np.arange(20_000) + 0.5) / 20_000
    # the rests are large, so they are taken as known
    lifts = [
        (1 - item.leads / 1000) * (beta.ppf(grid, item.conversions + 0.5, item.leads - item.conversions + 0.5) - rest)
        for item, rest in ((old, 146 / 988), (new, 150 / 980))
    ]
    above = np.searchsorted(np.sort(lifts[0]), lifts[1]) / len(grid)
    tail = float(np.mean(above))
    assert found.z is None
    assert found.p_value == pytest.approx(2 * min(tail, 1 - tail), abs=0.015)
    assert found == lift_change(old, new)


@pytest.mark.parametrize("old", [(0, 0, 10, 100), (10, 100, 10, 100)])
def test_levels_of_nobody_or_everybody_are_not_tested(old):
    assert lift_change(LevelCount(*old), LevelCount(20, 100, 100, 1000)) is None
    assert lift_change(LevelCount(20, 100, 100, 1000), LevelCount(*old)) is None


def test_what_all_lifts_have_in_common_is_no_change():
    old, new = LevelCount(400, 1000, 1500, 10_000), LevelCount(240, 1000, 900, 10_000)
    assert lift_change(old, new).p_value < 0.01
    assert lift_change(old, new, scale=0.6).p_value == pytest.approx(1)


def test_common_factor_is_found_in_spite_of_errors():
    generator = np.random.default_rng(1)
    truth = generator.normal(0, 4, 2_000)
    error = np.full(2_000, 3.0)
    old, new = truth + generator.normal(0, error), 0.7 * truth + generator.normal(0, error)
    changes = [LiftChange(a, 3.0, b, 3.0, None, 1.0) for a, b in zip(old.tolist(), new.tolist(), strict=True)]
    found = common_factor(changes)
    assert found.low < 0.7 < found.high
    assert found.value == pytest.approx(0.7, abs=0.06)
    assert common_factor([]) is None
    assert common_factor([LiftChange(0.0, 1.0, 5.0, 1.0, None, 1.0)]) is None


@pytest.mark.parametrize("name", ["56_70_48_80", "9_10_3_10", "6_7_2_7", "5_56_0_29", "0_10_0_20", "10_10_0_20"])
def test_interval_of_a_rate_change(oracle, name):
    published = oracle(f"diff_newcombe_{name}")
    new, old = ((published.inputs[f"k{i}"], published.inputs[f"n{i}"]) for i in (1, 2))
    found = rate_change(old, new)
    assert published.is_met_by([found.low / 100, found.high / 100])


def test_rate_change_agrees_with_other_programs():
    found = rate_change((150, 1000), (198, 1200))
    test = chi2_contingency([[150, 850], [198, 1002]], correction=False)
    assert found.p_value == pytest.approx(test.pvalue)
    ends = confint_proportions_2indep(198, 1200, 150, 1000, method="newcomb", compare="diff")
    assert (found.low, found.high) == pytest.approx(tuple(100 * end for end in ends))
    assert found.spread == pytest.approx(0.165 * 0.835 / (0.15 * 0.85))


@pytest.mark.parametrize(("old", "new"), [((0, 0), (1, 2)), ((1, 2), (0, 0))])
def test_rate_change_needs_leads(old, new):
    assert rate_change(old, new) is None


def test_nobody_twice_is_no_change():
    found = rate_change((0, 50), (0, 80))
    assert (found.difference, found.p_value, found.spread) == (0, 1, None)


def test_stability_index(oracle):
    published = oracle("psi_grades")
    found = stability_index(published.inputs["base"], published.inputs["current"])
    assert published.is_met_by([found.value, found.chance_point, found.p_value])


def test_empty_cells_hold_half_a_lead():
    found = stability_index([10, 10, 0, 0], [10, 0, 10, 0])
    half = 0.5 / 20.5
    ten = 10 / 20.5
    assert found.value == pytest.approx(2 * (ten - half) * math.log(ten / half))
    assert found.cells == 3


@pytest.mark.parametrize(("then", "now"), [([], []), ([3], [5]), ([3, 0], [0, 0]), ([3, 0], [4, 0])])
def test_no_index_of_a_single_cell(then, now):
    assert stability_index(then, now) is None


def test_counts_below_zero_are_refused():
    with pytest.raises(DataError, match="count below 0"):
        stability_index([1, -1], [1, 1])


counts = st.lists(st.tuples(st.integers(1, 1000), st.integers(1, 1000)), min_size=2, max_size=8)


@given(counts)
def test_index_is_symmetric_and_zero_for_equal_shares(cells):
    then, now = zip(*cells, strict=True)
    assert stability_index(then, now).value == pytest.approx(stability_index(now, then).value)
    assert stability_index(then, [7 * leads for leads in then]).value == pytest.approx(0, abs=1e-12)


def test_kappa(oracle):
    published = oracle("kappa_migration")
    assert linear_kappa(published.inputs["table"]) == pytest.approx(published.expected[1], abs=published.tolerance)


@given(st.lists(st.integers(0, 50), min_size=9, max_size=9))
def test_kappa_agrees_with_statsmodels(cells):
    table = np.array(cells).reshape(3, 3)
    found = linear_kappa(table)
    sides = set(np.flatnonzero(table.sum(axis=0))) | set(np.flatnonzero(table.sum(axis=1)))
    if len(sides) < 2:
        assert found is None
    else:
        assert found == pytest.approx(cohens_kappa(table, wt="linear", return_results=False))


def test_leads_that_move_far():
    assert moved([[5, 1, 2], [0, 5, 0], [3, 0, 4]], 2) == 5 / 20
    assert moved([[0, 0], [0, 0]], 2) is None
