from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize, minimize_scalar
from scipy.stats import betabinom, chi2_contingency

from calibrate.errors import DataError
from calibrate.statistics.points import cautious_points
from calibrate.statistics.shrinkage import prior_strength, shrunk_lift


@st.composite
def histories(draw):
    """Conversions and leads of levels, two levels or more."""
    leads = draw(st.lists(st.integers(1, 300), min_size=2, max_size=8))
    return np.array([draw(st.integers(0, n)) for n in leads]), np.array(leads)


@pytest.mark.parametrize("case", ["eb_example_M", "eb_rat_moment71"])
def test_strength_is_the_independently_computed_one(oracle, case):
    row = oracle(case)
    found = prior_strength([(row.inputs["n"], row.inputs["k"])])
    assert found == pytest.approx(row.expected[2], abs=row.tolerance)


@pytest.mark.parametrize("case", ["eb_example_M", "eb_rat_moment71"])
def test_pieces_of_the_estimate_agree_with_scipy(oracle, case):
    row = oracle(case)
    k, n = np.array(row.inputs["k"]), np.array(row.inputs["n"])
    chi_square = chi2_contingency(np.array([k, n - k]), correction=False).statistic
    spread = (chi_square - len(n) + 1) / ((n - 1) * (1 - n / n.sum())).sum()
    assert [chi_square, spread * k.sum() * (n - k).sum() / n.sum() ** 2] == pytest.approx(row.expected[:2], abs=1e-6)
    assert prior_strength([(n, k)]) == pytest.approx(1 / spread - 1)


def test_strength_is_near_the_likeliest_one(oracle):
    """A beta-binomial likelihood, maximised by scipy, in place of the moments."""
    example = oracle("eb_example_M_ml")
    k, n = np.array(example.inputs["k"]), np.array(example.inputs["n"])
    rate = k.sum() / n.sum()
    law = minimize_scalar(
        lambda log: -betabinom.logpmf(k, n, math.exp(log) * rate, math.exp(log) * (1 - rate)).sum(),
        bounds=(0, 10),
        method="bounded",
    )
    assert example.is_met_by(math.exp(law.x))
    assert 0.5 < prior_strength([(n, k)]) / math.exp(law.x) < 2

    rats = oracle("eb_rat_ml71")
    k, n = np.array(rats.inputs["k"]), np.array(rats.inputs["n"])
    law = minimize(lambda logs: -betabinom.logpmf(k, n, *np.exp(logs)).sum(), [0.5, 2.5], method="Nelder-Mead")
    assert rats.is_met_by([float(end) for end in np.exp(law.x)])
    assert 0.5 < prior_strength([(n, k)]) / float(np.exp(law.x).sum()) < 2


def test_shrunk_lifts_and_points_are_the_independently_computed_ones(oracle):
    lifts, points = oracle("eb_example_shrunk_lift_pp"), oracle("eb_example_points")
    k, n, strength = (lifts.inputs[key] for key in ("k", "n", "M"))
    raw = 100 * (np.array(k) / n - 0.15)
    assert lifts.is_met_by(shrunk_lift(raw, n, strength).tolist())
    assert cautious_points(np.array(k), np.array(n), 150, 1000, strength).tolist() == points.expected


def test_chance_alone_leaves_no_points(oracle):
    row = oracle("eb_no_signal")
    k, n = np.array(row.inputs["k"]), np.array(row.inputs["n"])
    strength = prior_strength([(n, k)])
    assert strength == math.inf
    assert cautious_points(k, n, int(k.sum()), int(n.sum()), strength).tolist() == row.expected


def test_credibility_and_posterior_mean(oracle):
    row = oracle("eb_credibility_25")
    assert row.is_met_by(float(shrunk_lift(row.inputs["raw_pp"], row.inputs["n"], row.inputs["M"])))
    row = oracle("eb_rat_postmean_4_14")
    k, n, a, b = (row.inputs[key] for key in ("k", "n", "a", "b"))
    centre = a / (a + b)
    assert row.is_met_by(centre + float(shrunk_lift(k / n - centre, n, a + b)))


@given(histories())
def test_strength_never_falls_below_one_lead(history):
    k, n = history
    assert prior_strength([(n, k)]) >= 1


def test_fully_separated_levels_have_the_floor():
    assert prior_strength([([50, 50], [50, 0])]) == 1.0


@pytest.mark.parametrize(
    "tables", [[], [([100], [15])], [([50, 50], [0, 0])], [([50, 50], [50, 50])], [([1, 1, 1], [0, 1, 0])]]
)
def test_nothing_to_compare_means_nothing_to_believe(tables):
    assert prior_strength(tables) == math.inf


@given(histories())
def test_levels_without_leads_and_lone_levels_say_nothing(history):
    k, n = history
    padded = [(np.append(n, 0), np.append(k, 0)), ([n.sum()], [k.sum()])]
    assert prior_strength(padded) == prior_strength([(n, k)])


@given(histories(), st.randoms(use_true_random=False))
def test_order_of_levels_and_attributes_changes_nothing(history, random):
    k, n = history
    order = list(range(len(k)))
    random.shuffle(order)
    halves = ([n[0], n[1:].sum()], [k[0], k[1:].sum()])
    one, other = prior_strength([(n, k), halves]), prior_strength([halves, (n[order], k[order])])
    assert one == pytest.approx(other, rel=1e-6)


@given(histories(), st.integers(2, 20))
def test_same_attribute_twice_tells_nothing_new(history, times):
    k, n = history
    assert prior_strength([(n, k)] * times) == pytest.approx(prior_strength([(n, k)]), rel=1e-9)


@given(st.floats(-100, 100), st.integers(0, 10**6), st.floats(1, 1e6))
def test_more_leads_bring_the_lift_nearer_to_the_raw_one(lift, leads, strength):
    less, more = (abs(float(shrunk_lift(lift, n, strength))) for n in (leads, leads + 1))
    assert less <= more <= abs(lift)


def test_infinite_strength_leaves_nothing():
    assert shrunk_lift([25.0, -3.0, 1.0], [100, 10**9, 0], math.inf).tolist() == [0, 0, 0]


def test_attributes_of_different_leads_are_refused():
    with pytest.raises(DataError, match="expected the same leads in all"):
        prior_strength([([50, 50], [5, 10]), ([50, 40], [5, 10])])
