"""R, SciPy and statsmodels as second opinions on log-odds points."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import logit, rel_entr
from statsmodels.api import GLM, families

from calibrate.errors import DataError, SettingsError
from calibrate.statistics.woe import information_value, pdo_factor, pdo_offset, weight_of_evidence

cells = st.lists(st.tuples(st.integers(1, 500), st.integers(1, 500)), min_size=1, max_size=8)
sparse = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)).filter(any), min_size=2, max_size=8).filter(
    lambda rows: all(map(sum, zip(*rows, strict=True)))
)


def counts(rows):
    """Conversions and leads from pairs of won and other leads."""
    won, other = np.array(rows).T
    return won, won + other


def test_german_credit(oracle):
    woe, iv = oracle("woe_checking"), oracle("iv_checking")
    won, leads = counts(list(zip(woe.inputs["pos"], woe.inputs["neg"], strict=True)))
    assert woe.is_met_by(weight_of_evidence(won, leads).tolist())
    assert iv.is_met_by(information_value(won, leads))


def test_points_to_double_the_odds(oracle):
    row = oracle("pdo_factor_offset")
    pdo, score, odds = (row.inputs[key] for key in ("pdo", "score", "odds"))
    assert row.is_met_by([pdo_factor(pdo), pdo_offset(score, odds, pdo)])


@given(cells)
def test_weights_are_log_odds_against_overall_and_their_value_the_divergence(rows):
    won, leads = counts(rows)
    expected = logit(won / leads) - logit(won.sum() / leads.sum())
    assert weight_of_evidence(won, leads) == pytest.approx(expected, abs=1e-9)
    shares = won / won.sum(), (leads - won) / (leads - won).sum()
    divergence = (rel_entr(*shares) + rel_entr(*shares[::-1])).sum()
    assert information_value(won, leads) == pytest.approx(divergence, abs=1e-9)


def test_weights_are_the_coefficients_of_a_logistic_regression():
    won, leads = np.array([30, 12, 5]), np.array([100, 90, 70])
    rows = np.repeat(np.eye(3), 2, axis=0)
    weights = np.column_stack([won, leads - won]).ravel()
    fit = GLM([1, 0] * 3, rows, family=families.Binomial(), freq_weights=weights).fit()
    assert weight_of_evidence(won, leads) == pytest.approx(fit.params - logit(won.sum() / leads.sum()), abs=1e-8)


@given(sparse)
def test_swapping_the_outcome_negates_the_weights_and_keeps_their_value(rows):
    won, leads = counts(rows)
    weights = weight_of_evidence(won, leads)
    assert np.isfinite(weights).all()
    assert weight_of_evidence(leads - won, leads) == pytest.approx(-weights, abs=1e-12)
    value = information_value(won, leads)
    assert value >= 0
    assert information_value(leads - won, leads) == pytest.approx(value, abs=1e-12)
    assert information_value(won[::-1], leads[::-1]) == pytest.approx(value, abs=1e-12)


@given(cells, st.integers(2, 50))
def test_repeated_leads_change_nothing(rows, times):
    won, leads = counts(rows)
    assert weight_of_evidence(won * times, leads * times) == pytest.approx(weight_of_evidence(won, leads), abs=1e-9)


def test_one_half_is_added_where_a_count_is_zero():
    # 4 won and 8 other leads: none won of 2, all won of 1, 3 won of 9.
    weights = weight_of_evidence([0, 1, 3], [2, 1, 9])
    by_hand = [(0.5 / 4) / (2.5 / 8), (1.5 / 4) / (0.5 / 8), (3 / 4) / (6 / 8)]
    assert weights == pytest.approx(np.log(by_hand))
    assert weight_of_evidence([5], [20]).tolist() == [0]
    assert information_value([5], [20]) == 0


@pytest.mark.parametrize(
    ("won", "leads", "words"),
    [
        ([0, 0], [5, 5], "which outcomes count as won"),
        ([5, 5], [5, 5], "which outcomes count as won"),
        ([], [], "which outcomes count as won"),
        ([1, 0], [5, 0], "leave levels without leads out"),
        ([6, 0], [5, 5], "swapped"),
    ],
)
def test_what_has_no_weight_is_refused(won, leads, words):
    for answer in (weight_of_evidence, information_value):
        with pytest.raises(DataError, match=words):
            answer(won, leads)


@given(st.floats(-1000, 1000), st.floats(0.001, 1000), st.floats(0.1, 200))
def test_twice_the_odds_are_pdo_points_more(score, odds, pdo):
    factor, offset = pdo_factor(pdo), pdo_offset(score, odds, pdo)
    assert offset + factor * math.log(odds) == pytest.approx(score, abs=1e-9)
    assert offset + factor * math.log(2 * odds) == pytest.approx(score + pdo, abs=1e-9)


@pytest.mark.parametrize("wrong", [0, -20, math.inf, math.nan])
def test_no_points_and_no_odds_are_refused(wrong):
    with pytest.raises(SettingsError, match="pdo: found"):
        pdo_factor(wrong)
    with pytest.raises(SettingsError, match="pdo: found"):
        pdo_offset(600, 50, wrong)
    with pytest.raises(SettingsError, match="odds: found"):
        pdo_offset(600, wrong, 20)
