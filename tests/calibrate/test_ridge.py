"""The ridge logit against other programs, and where other programs fail."""

from __future__ import annotations

import math
import tracemalloc

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from calibrate.spread import spread
from calibrate.statistics import ridge as module
from calibrate.statistics.packed import PackedLeads
from calibrate.statistics.ridge import Normal, chance_of, ridge_logit, ridge_penalty

EVERY = slice(None)


def history(rows, sizes, seed=1, intercept=-1.5, spread=0.6):
    """Attributes that overlap, with effects from a normal law; the levels of an attribute are not equally many."""
    random = np.random.default_rng(seed)
    common = random.normal(size=rows)
    columns, total = [], np.full(rows, intercept)
    for size in sizes:
        rank = np.argsort(np.argsort(common + 1.5 * random.normal(size=rows))) / rows
        columns.append(np.minimum((rank**1.6 * size).astype(int), size - 1))
        total += random.normal(0, spread, size)[columns[-1]]
    return columns, random.random(rows) < 1 / (1 + np.exp(-total))


def one_hot(columns):
    return np.hstack([np.eye(int(column.max()) + 1)[column] for column in columns])


def flat(fit):
    return np.concatenate([[fit.intercept], *fit.coefficients])


def mean_chance(fit, leads):
    return float(chance_of(fit.log_odds(leads, EVERY)).mean())


@pytest.mark.parametrize("penalty", [0.05, 1.0, 3.0, 250.0])
def test_coefficients_are_those_of_scikit_learn(pack, penalty):
    columns, won = history(5000, [2, 3, 7, 12])
    fit = ridge_logit(pack(columns, won), penalty)
    other = LogisticRegression(C=1 / penalty, solver="newton-cholesky", tol=1e-10, max_iter=200)
    other.fit(one_hot(columns), won)
    assert flat(fit) == pytest.approx([*other.intercept_, *other.coef_[0]], abs=1e-6)


def test_nearly_no_penalty_is_the_unpenalised_fit_of_statsmodels(pack):
    columns, won = history(50_000, [2, 5, 9])
    leads = pack(columns, won)
    fit = ridge_logit(leads, 1e-6)
    dropped = np.hstack([np.ones((len(won), 1)), *(one_hot([column])[:, 1:] for column in columns)])
    profiles, back, leads_there = np.unique(dropped, axis=0, return_inverse=True, return_counts=True)
    won_there = np.bincount(back, weights=won)
    answers = np.column_stack([won_there, leads_there - won_there])
    other = sm.GLM(answers, profiles, family=sm.families.Binomial()).fit(tol=1e-12)
    assert fit.log_odds(leads, EVERY) == pytest.approx(dropped @ other.params, abs=1e-6)
    # Differences between levels are identified, and so are their errors.
    first, second = fit.coefficients[1][:2]
    assert second - first == pytest.approx(other.params[2], abs=1e-6)
    gap = np.zeros((1 + sum(leads.sizes), 1))
    start = 1 + sum(leads.sizes[place] for place in fit.information.order[: fit.information.order.index(1)])
    gap[start : start + 2, 0] = -1, 1
    error = math.sqrt((gap * fit.information.solve(gap)).sum())
    assert error == pytest.approx(other.bse[2], rel=1e-4)


@settings(max_examples=30, deadline=None)
@given(
    st.integers(2, 300), st.lists(st.integers(1, 6), min_size=1, max_size=4), st.integers(0, 2**32),
    st.floats(0.01, 1e4), st.sampled_from([0.02, 0.3, 0.95]),
)  # fmt: skip
def test_the_mean_chance_is_the_overall_rate_and_no_slope_is_left(pack, rows, sizes, seed, penalty, rate):
    random = np.random.default_rng(seed)
    columns = [random.integers(0, size, rows) for size in sizes]
    won = random.random(rows) < rate
    assume(0 < won.sum() < rows)
    leads = pack(columns, won, sizes)
    fit = ridge_logit(leads, penalty)
    assert mean_chance(fit, leads) == pytest.approx(won.mean(), abs=1e-10)
    missed = won - chance_of(fit.log_odds(leads, EVERY))
    for place, own in enumerate(fit.coefficients):
        pull = np.bincount(columns[place], weights=missed, minlength=sizes[place])
        assert own == pytest.approx(pull / penalty, abs=1e-6)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32))
def test_order_of_leads_attributes_and_levels_changes_nothing(pack, seed):
    random = np.random.default_rng(seed)
    columns, won = history(600, [3, 4, 5], seed)
    fit = ridge_logit(pack(columns, won, [3, 4, 5]), 2.0)
    rows, names = random.permutation(600), [random.permutation(size) for size in (3, 4, 5)]
    moved = [names[place][columns[place]][rows] for place in (2, 0, 1)]
    other = ridge_logit(pack(moved, won[rows], [5, 3, 4]), 2.0)
    assert other.intercept == pytest.approx(fit.intercept, abs=1e-8)
    for at, place in enumerate((2, 0, 1)):
        assert other.coefficients[at][names[place]] == pytest.approx(fit.coefficients[place], abs=1e-8)


def test_every_lead_so_many_times_with_as_many_times_the_penalty_is_the_same_fit(pack):
    columns, won = history(800, [3, 6])
    once = ridge_logit(pack(columns, won), 2.0)
    thrice = ridge_logit(pack([np.repeat(column, 3) for column in columns], np.repeat(won, 3)), 6.0)
    assert flat(thrice) == pytest.approx(flat(once), abs=1e-8)


def test_won_and_lost_swapped_turns_every_sign(pack):
    columns, won = history(800, [3, 6])
    assert flat(ridge_logit(pack(columns, ~won), 2.0)) == pytest.approx(-flat(ridge_logit(pack(columns, won), 2.0)))


def test_the_same_attribute_twice_shares_its_coefficient_equally(pack):
    columns, won = history(3000, [2, 4])
    alone = ridge_logit(pack(columns, won), 0.7)
    twice = ridge_logit(pack([*columns, columns[1]], won), 1.4)
    assert twice.coefficients[1] == pytest.approx(twice.coefficients[2], abs=1e-9)
    # Two coefficients of half the size cost half as much: with twice the penalty their sum is the single one.
    joint = ridge_logit(pack([columns[1]], won), 0.7)
    doubled = ridge_logit(pack([columns[1], columns[1]], won), 1.4)
    assert doubled.coefficients[0] + doubled.coefficients[1] == pytest.approx(joint.coefficients[0], abs=1e-8)
    assert np.isfinite(flat(alone)).all()


@pytest.mark.parametrize("penalty", [1e-4, 1.0])
def test_levels_that_all_won_or_all_lost_stay_finite(pack, penalty):
    columns, won = history(2000, [4, 5])
    won = np.where(columns[0] == 1, True, np.where(columns[0] == 2, False, won))
    leads = pack(columns, won)
    fit = ridge_logit(leads, penalty)
    assert np.isfinite(flat(fit)).all()
    assert fit.coefficients[0].argmax() == 1
    assert fit.coefficients[0].argmin() == 2
    assert mean_chance(fit, leads) == pytest.approx(won.mean(), abs=1e-10)


def test_complete_separation_stays_finite(pack):
    won = np.arange(400) % 4 == 0
    leads = pack([won.astype(int), won.astype(int)], won)
    fit = ridge_logit(leads, 0.5)
    assert np.isfinite(flat(fit)).all()
    assert fit.coefficients[0] == pytest.approx(fit.coefficients[1])


def test_one_attribute_has_an_equation_a_level(pack):
    """Score equations of one factor: conversions = leads x chance + penalty x coefficient."""
    columns, won = history(1000, [5])
    leads = pack(columns, won)
    fit = ridge_logit(leads, 2.5)
    n, k = np.bincount(columns[0]), np.bincount(columns[0], weights=won)
    assert n * chance_of(fit.intercept + fit.coefficients[0]) + 2.5 * fit.coefficients[0] == pytest.approx(k, abs=1e-7)


def test_one_level_says_nothing(pack):
    columns, won = history(500, [3])
    alone = ridge_logit(pack([np.zeros(500, int)], won), 1.0)
    assert alone.coefficients[0] == pytest.approx([0], abs=1e-9)
    assert alone.intercept == pytest.approx(math.log(won.mean() / (1 - won.mean())), abs=1e-9)
    beside = ridge_logit(pack([columns[0], np.zeros(500, int)], won), 1.0)
    assert flat(beside)[:-1] == pytest.approx(flat(ridge_logit(pack(columns, won), 1.0)), abs=1e-8)
    assert beside.coefficients[1] == pytest.approx([0], abs=1e-9)


def test_an_infinite_strength_and_a_single_outcome_give_no_effects(pack):
    columns, won = history(500, [2, 3])
    for outcomes, penalty in ((won, ridge_penalty(0.2, math.inf)), (won | True, 1.0), (won & False, 1.0)):
        fit = ridge_logit(pack(columns, outcomes), penalty)
        assert fit.information is None
        assert not np.concatenate(fit.coefficients).any()
        assert chance_of(np.array([fit.intercept])) == pytest.approx([outcomes.mean()], abs=1e-9)


def test_the_penalty_is_the_prior_of_the_rates_on_the_log_odds():
    # A Beta prior with M leads of evidence has variance p q / (M + 1); a log-odds moves by 1 / (p q) of a rate.
    variance = 0.15 * 0.85 / (20 + 1)
    assert ridge_penalty(0.15, 20) == pytest.approx(1 / (variance / (0.15 * 0.85) ** 2))


def test_two_in_a_thousand_won(pack):
    columns, won = history(60_000, [2, 6, 15], intercept=-6.0)
    assert 0.001 < won.mean() < 0.004
    leads = pack(columns, won)
    fit = ridge_logit(leads, ridge_penalty(won.mean(), 40.0))
    other = LogisticRegression(
        C=1 / ridge_penalty(won.mean(), 40.0), solver="newton-cholesky", tol=1e-10, max_iter=200
    ).fit(one_hot(columns), won)
    assert flat(fit) == pytest.approx([*other.intercept_, *other.coef_[0]], abs=1e-5)


# beyond the sample


@pytest.mark.parametrize("intercept", [-1.5, -5.0])
def test_many_leads_come_to_the_same_fit_as_few(pack, monkeypatch, intercept):
    columns, won = history(40_000, [2, 5, 9, 30], intercept=intercept)
    leads = pack(columns, won)
    whole = ridge_logit(leads, 2.0)
    monkeypatch.setattr(module, "_SAMPLE", 2000)
    passes = ridge_logit(leads, 2.0)
    assert flat(passes) == pytest.approx(flat(whole), abs=1e-4)
    assert mean_chance(passes, leads) == pytest.approx(won.mean(), abs=1e-6)
    monkeypatch.setattr(module, "_SAMPLE", 20_000)
    right = np.eye(1 + sum(leads.sizes))[:, 1:]
    errors = [np.sqrt((right * f.information.solve(right)).sum(axis=0)) for f in (whole, ridge_logit(leads, 2.0))]
    assert errors[1] == pytest.approx(errors[0], rel=0.1)


def test_passes_over_all_leads_need_no_pairs_of_them(pack, monkeypatch):
    leads = pack(*history(60_000, [2, 5, 9, 30]))
    monkeypatch.setattr(module, "_SAMPLE", 20_000)
    summed, pair_sums = [], PackedLeads.pair_sums
    monkeypatch.setattr(PackedLeads, "pair_sums", lambda own, parts: summed.append(own.leads) or pair_sums(own, parts))
    assert ridge_logit(leads, 2.0).information is not None
    assert set(summed) == {20_000}


@pytest.mark.parametrize("penalty", [0.01, 2.0])
def test_levels_that_the_sample_never_saw(pack, monkeypatch, penalty):
    """Thirty leads a level, one in twenty looked at: their rates are far from what the sample makes of them."""
    random = np.random.default_rng(2)
    rare = np.where(random.random(40_000) < 0.3, random.integers(1, 400, 40_000), 0)
    other = random.integers(0, 4, 40_000)
    won = random.random(40_000) < 1 / (1 + np.exp(2.5 - random.normal(0, 2, 400)[rare] - 0.4 * other))
    leads = pack([rare, other], won)
    whole = ridge_logit(leads, penalty)
    monkeypatch.setattr(module, "_SAMPLE", 2000)
    assert flat(ridge_logit(leads, penalty)) == pytest.approx(flat(whole), abs=1e-4)


@pytest.mark.parametrize("lost", [False, True])
def test_a_sample_of_one_outcome(pack, monkeypatch, lost):
    columns, won = history(20_000, [3, 4])
    won[spread(20_000, 2000)] = False
    won = ~won if lost else won
    leads = pack(columns, won)
    whole = ridge_logit(leads, 1.0)
    monkeypatch.setattr(module, "_SAMPLE", 2000)
    assert leads.some(2000).won.min() == leads.some(2000).won.max()
    assert flat(ridge_logit(leads, 1.0)) == pytest.approx(flat(whole), abs=1e-4)


@pytest.mark.parametrize("far", [0.01, 3.0])
@pytest.mark.parametrize("sample", [100_000, 2000])
def test_where_a_fit_starts_says_nothing_of_where_it_ends(pack, monkeypatch, far, sample):
    leads = pack(*history(40_000, [2, 5, 9, 30]))
    whole = ridge_logit(leads, 2.0)
    monkeypatch.setattr(module, "_SAMPLE", sample)
    random = np.random.default_rng(5)
    start = whole.intercept + far, [own + random.normal(0, far, len(own)) for own in whole.coefficients]
    near = ridge_logit(leads, 2.0, start)
    assert flat(near) == pytest.approx(flat(whole), abs=1e-4 if sample < leads.leads else 1e-8)


def test_thousands_of_levels_take_no_square_of_them(pack):
    """A square of 20,000 levels would be 3.2 GB."""
    random = np.random.default_rng(3)
    place = random.integers(0, 20_000, 100_000)
    other = random.integers(0, 5, 100_000)
    won = random.random(100_000) < 0.1 + 0.05 * other
    leads = pack([place, other], won, [20_000, 5])
    tracemalloc.start()
    fit = ridge_logit(leads, 3.0)
    assert tracemalloc.get_traced_memory()[1] < 100e6
    tracemalloc.stop()
    assert np.isfinite(flat(fit)).all()
    assert np.all(np.diff(fit.coefficients[1]) > 0)


# the matrix


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=4), st.integers(0, 2**32))
def test_taking_out_the_largest_attribute_solves_the_whole_matrix(pack, sizes, seed):
    random = np.random.default_rng(seed)
    columns = [random.integers(0, size, 80) for size in sizes]
    weight = random.random(80) + 0.1
    leads = pack(columns, np.zeros(80), sizes)
    sums = leads.pair_sums([(EVERY, weight)])
    normal = Normal.of(sums, float(weight.sum()), 0.7)
    member = np.hstack([np.ones((80, 1)), *(np.eye(sizes[place])[columns[place]] for place in sums.order)])
    whole = (member.T * weight) @ member + np.diag([0, *[0.7] * sum(sizes)])
    right = random.normal(size=(len(whole), 3))
    np.testing.assert_allclose(normal.solve(right), np.linalg.solve(whole, right), atol=1e-9)
    np.testing.assert_allclose(normal.solve(right[:, 0]), np.linalg.solve(whole, right[:, 0]), atol=1e-9)


def test_chances_of_far_log_odds():
    assert chance_of(np.array([-800.0, 0.0, 800.0])).tolist() == [0.0, 0.5, 1.0]
    assert chance_of(np.array([-2.0])) == pytest.approx([1 / (1 + math.exp(2))])
