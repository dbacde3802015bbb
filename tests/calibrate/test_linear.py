"""The linear twin: published lifts, a dense solve of the same equations, and how alike the two models rank."""

from __future__ import annotations

import math

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from calibrate.statistics.adjusted import effects_of
from calibrate.statistics.linear import linear_effects, pair_counts
from calibrate.statistics.ridge import ridge_logit, ridge_penalty


def flat(effects, name="lift"):
    return np.concatenate([getattr(effect, name) for effect in effects])


def drawn(rows, sizes, seed):
    random = np.random.default_rng(seed)
    common = random.random(rows)
    columns = [((common + random.random(rows)) / 2 * size).astype(int) for size in sizes]
    return columns, random.random(rows) < 0.1 + 0.5 * common


def shares(columns, sizes):
    return [np.bincount(column, minlength=size) / len(column) for column, size in zip(columns, sizes, strict=True)]


def by_dense_solve(columns, sizes, won, strength):
    """Lifts and their errors by the whole matrix: an intercept, ones for levels, penalty strength + 1 on the levels."""
    member = np.hstack(
        [np.ones((len(won), 1)), *(np.eye(size)[column] for size, column in zip(sizes, columns, strict=True))]
    )
    bent = member.T @ member + (strength + 1) * np.diag([0, *[1] * sum(sizes)])
    beta = np.linalg.solve(bent, member.T @ won)
    centred = np.zeros((sum(sizes), len(beta)))
    start = 0
    for share in shares(columns, sizes):
        rows = slice(start, start + len(share))
        centred[rows, start + 1 : start + 1 + len(share)] = np.eye(len(share)) - share
        start += len(share)
    variance = won.mean() * (1 - won.mean())
    errors = np.sqrt((centred @ np.linalg.inv(bent) * centred).sum(axis=1) * variance)
    return 100 * centred @ beta, 100 * errors, variance


def test_lifts_of_a_published_table(oracle, berkeley):
    # A strength of a millionth above -1 is a penalty of a millionth.
    assert oracle("ucb_lpm_lift_pp").is_met_by(flat(linear_effects(pair_counts(berkeley), -1 + 1e-6)))


def test_without_penalty_lifts_are_those_of_least_squares(pack):
    columns, won = drawn(3000, (2, 4, 5), 3)
    effects = linear_effects(pair_counts(pack(columns, won)), -1 + 1e-7)
    design = np.hstack([np.ones((3000, 1)), *(np.eye(s)[c][:, 1:] for s, c in zip((2, 4, 5), columns, strict=True))])
    fitted = sm.OLS(won.astype(float), design).fit().fittedvalues
    found = won.mean() + sum(effect.lift[column] for effect, column in zip(effects, columns, strict=True)) / 100
    assert found == pytest.approx(fitted, abs=1e-8)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.integers(1, 9), min_size=1, max_size=4),
    st.integers(20, 400),
    st.floats(1, 500),
    st.integers(0, 2**32),
)
def test_lifts_and_errors_are_those_of_a_dense_solve(pack, sizes, rows, strength, seed):
    random = np.random.default_rng(seed)
    columns = [random.integers(0, size, rows) for size in sizes]
    won = np.append(random.random(rows - 2) < 0.3, [True, False])
    effects = linear_effects(pair_counts(pack(columns, won, sizes)), strength)
    lifts, errors, variance = by_dense_solve(columns, sizes, won, strength)
    np.testing.assert_allclose(flat(effects), lifts, atol=1e-8)
    np.testing.assert_allclose(flat(effects, "error"), errors, atol=1e-8)
    np.testing.assert_allclose(flat(effects, "log_odds"), lifts / 100 / variance, atol=1e-8)
    np.testing.assert_allclose(flat(effects, "log_odds_error"), errors / 100 / variance, atol=1e-8)


@settings(max_examples=25, deadline=None)
@given(st.floats(1, 1000), st.integers(0, 2**32))
def test_leads_times_lift_add_up_to_nothing(pack, strength, seed):
    columns, won = drawn(500, (3, 6), seed)
    for effect, share in zip(
        linear_effects(pair_counts(pack(columns, won, [3, 6])), strength), shares(columns, (3, 6)), strict=True
    ):
        assert share @ effect.lift == pytest.approx(0, abs=1e-9)


def test_one_attribute_is_its_shrunk_raw_lift_and_that_alone(pack):
    """Levels of equal size n: each raw lift times n / (n + M + 1)."""
    column, won = np.arange(1200) % 4, (np.arange(1200) // 4 % 10) < np.array([1, 2, 4, 7])[np.arange(1200) % 4]
    (effect,) = linear_effects(pair_counts(pack([column], won)), 49.0)
    raw = np.array([won[column == level].mean() for level in range(4)]) - won.mean()
    assert effect.lift == pytest.approx(100 * raw * 300 / 350, abs=1e-9)


@pytest.mark.parametrize("strength", [math.inf, 10.0])
def test_nothing_to_tell_apart(pack, strength):
    columns, won = drawn(100, (2, 3), 1)
    counts = pair_counts(pack(columns, won if math.isinf(strength) else won | True, [2, 3]))
    assert flat(linear_effects(counts, strength)).tolist() == [0.0] * 5


def test_the_same_attribute_twice_is_shared_equally(pack):
    columns, won = drawn(900, (5,), 4)
    first, second = linear_effects(pair_counts(pack([columns[0], columns[0]], won)), 20.0)
    assert first.lift == pytest.approx(second.lift, abs=1e-9)


def test_pair_counts_are_counts(pack):
    columns, won = drawn(700, (2, 3), 6)
    counts = pair_counts(pack(columns, won))
    assert (counts.all_leads, counts.all_conversions) == (700, won.sum())
    for column, leads, conversions in zip(columns, counts.leads, counts.conversions, strict=True):
        assert leads.tolist() == np.bincount(column).tolist()
        assert conversions.tolist() == np.bincount(column, weights=won).tolist()
    assert counts.pairs.beside.tolist() == [
        [((columns[0] == a) & (columns[1] == b)).sum() for b in range(3)] for a in range(2)
    ]


def test_more_attributes_than_needed_take_no_square_of_the_largest(pack):
    random = np.random.default_rng(3)
    place, other = random.integers(0, 5000, 60_000), random.integers(0, 5, 60_000)
    won = random.random(60_000) < 0.1 + 0.05 * other
    effects = linear_effects(pair_counts(pack([place, other], won, [5000, 5])), 30.0)
    assert np.all(np.diff(effects[1].lift) > 0)
    assert np.isfinite(flat(effects, "error")).all()


def test_both_models_see_the_same_small_effects(pack):
    """Where rates move little around the overall rate a logistic curve is straight."""
    random = np.random.default_rng(9)
    columns = [random.integers(0, size, 40_000) for size in (3, 5)]
    won = random.random(40_000) < 0.3 + 0.01 * columns[0] + 0.005 * columns[1]
    leads = pack(columns, won)
    logit = effects_of(ridge_logit(leads, ridge_penalty(won.mean(), 50.0)), leads, errors=True)
    linear = linear_effects(pair_counts(leads), 50.0)
    assert flat(linear) == pytest.approx(flat(logit), abs=0.02)
    assert flat(linear, "error") == pytest.approx(flat(logit, "error"), rel=0.03)
    assert flat(linear, "log_odds") == pytest.approx(flat(logit, "log_odds"), abs=0.01)
    assert flat(linear, "log_odds_error") == pytest.approx(flat(logit, "log_odds_error"), rel=0.03)
