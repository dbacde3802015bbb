"""Adjusted lifts and their errors against published numbers, direct means and simulated truth."""

from __future__ import annotations

import math

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from calibrate.statistics import adjusted as module
from calibrate.statistics.adjusted import Effect, condensed, effects_of
from calibrate.statistics.ridge import chance_of, ridge_logit, ridge_penalty
from calibrate.statistics.shrinkage import prior_strength

EVERY = slice(None)


def flat(effects, name="lift"):
    return np.concatenate([getattr(effect, name) for effect in effects])


def overlapping(rows, seed, sizes=(3, 4, 6), spread=0.6, intercept=-1.4):
    """Columns, won and the chance of every lead; effects are drawn from a normal law, attributes overlap."""
    random = np.random.default_rng(seed)
    common = random.normal(size=rows)
    effects = [random.normal(0, spread, size) for size in sizes]
    columns = [
        np.clip((common + random.normal(size=rows)) * size / 5 + size / 2, 0, size - 1).astype(int) for size in sizes
    ]
    chance = chance_of(intercept + sum(effect[column] for effect, column in zip(effects, columns, strict=True)))
    return columns, random.random(rows) < chance, effects, chance


def margins(intercept, coefficients, columns):
    """By attribute and level, the mean chance had all leads that level; and the mean chance."""
    total = intercept + sum(part[column] for part, column in zip(coefficients, columns, strict=True))
    every = [
        np.array([chance_of(total - part[column] + one).mean() for one in part])
        for part, column in zip(coefficients, columns, strict=True)
    ]
    return every, float(chance_of(total).mean())


@pytest.mark.parametrize("name", ["ucb_ridge_adjusted_lambda1", "ucb_ridge_adjusted_lambda3"])
def test_lifts_and_errors_of_a_published_table(oracle, berkeley, name):
    published = oracle(name)
    effects = effects_of(ridge_logit(berkeley, published.inputs["lam"]), berkeley, errors=True)
    lifts, errors = published.expected
    assert flat(effects) == pytest.approx(lifts, abs=published.tolerance)
    assert flat(effects, "error") == pytest.approx(errors, abs=published.tolerance)


def test_nearly_no_penalty_gives_the_unpenalised_lifts_and_errors(oracle, berkeley):
    effects = effects_of(ridge_logit(berkeley, 1e-6), berkeley, errors=True)
    assert oracle("ucb_adjusted_lift_pp").is_met_by(flat(effects))
    assert oracle("ucb_adjusted_lift_se_pp").is_met_by(flat(effects, "error"))
    department = effects[1].lift
    assert oracle("ucb_ame_vs_A_pp").is_met_by(department[1:] - department[0])


def test_lifts_are_those_of_statsmodels_predictions(pack):
    columns, won, _, _ = overlapping(4000, 5)
    leads = pack(columns, won)

    def design(held):
        return np.hstack([np.ones((len(won), 1)), *(np.eye(int(c.max()) + 1)[h][:, 1:] for c, h in held)])

    fit = sm.GLM(won.astype(float), design(zip(columns, columns, strict=True)), family=sm.families.Binomial())
    fit = fit.fit(tol=1e-12)
    wanted = []
    for place, column in enumerate(columns):
        for level in range(int(column.max()) + 1):
            held = [np.full(len(won), level) if at == place else other for at, other in enumerate(columns)]
            wanted.append(100 * (fit.predict(design(zip(columns, held, strict=True))).mean() - won.mean()))
    assert flat(effects_of(ridge_logit(leads, 1e-6), leads, errors=False)) == pytest.approx(wanted, abs=1e-4)


@settings(max_examples=20, deadline=None)
@given(st.integers(2, 8), st.integers(0, 2**32))
def test_one_attribute_without_penalty_has_its_raw_lift(pack, levels, seed):
    random = np.random.default_rng(seed)
    column = np.append(random.integers(0, levels, 600), np.arange(levels).repeat(2))
    won = np.append(random.random(600) < 0.3, np.arange(2 * levels) % 2 == 0)
    leads = pack([column], won)
    (effect,) = effects_of(ridge_logit(leads, 1e-7), leads, errors=False)
    n, k = np.bincount(column), np.bincount(column, weights=won)
    assert effect.lift == pytest.approx(100 * (k / n - won.mean()), abs=1e-6)


def test_the_error_of_one_attribute_is_that_of_a_part_of_the_whole(pack):
    """Variance of k/n - K/N with the leads of every level given: (1 - n/N)^2 v + the rest's share of theirs."""
    column, won = np.arange(3000) % 3, np.arange(3000) // 3 % 10 < np.array([1, 3, 6])[np.arange(3000) % 3]
    leads = pack([column], won)
    (effect,) = effects_of(ridge_logit(leads, 1e-7), leads, errors=True)
    rates = np.array([won[column == level].mean() for level in range(3)])
    variances = rates * (1 - rates) / 1000
    wanted = [(2 / 3) ** 2 * own + (variances.sum() - own) / 9 for own in variances]
    assert effect.error == pytest.approx(100 * np.sqrt(wanted), rel=1e-5)


@pytest.mark.parametrize("penalty", [0.3, 5.0])
def test_errors_are_those_of_a_numeric_delta_method(pack, penalty):
    columns, won, _, _ = overlapping(1500, 6)
    leads = pack(columns, won)
    fit = ridge_logit(leads, penalty)
    effects = effects_of(fit, leads, errors=True)
    member = np.hstack([np.ones((1500, 1)), *(np.eye(size)[c] for size, c in zip(leads.sizes, columns, strict=True))])
    chance = chance_of(fit.log_odds(leads, EVERY))
    bent = (member.T * (chance * (1 - chance))) @ member + np.diag([0, *[penalty] * sum(leads.sizes)])
    cuts = np.cumsum([1, *leads.sizes])[:-1]
    at = np.concatenate([[fit.intercept], *fit.coefficients])

    def lifts(beta):
        every, overall = margins(beta[0], np.split(beta, cuts)[1:], columns)
        return 100 * (np.concatenate(every) - overall)

    steps = 1e-4 * np.eye(len(at))
    slopes = np.array([(lifts(at + step) - lifts(at - step)) / 2e-4 for step in steps]).T
    spread = np.linalg.inv(bent)
    assert flat(effects, "error") == pytest.approx(np.sqrt((slopes @ spread * slopes).sum(axis=1)), rel=1e-5)
    assert flat(effects) == pytest.approx(lifts(at), abs=1e-9)
    shares = [np.bincount(c, minlength=size) / 1500 for size, c in zip(leads.sizes, columns, strict=True)]
    centred = np.zeros((sum(leads.sizes), len(at)))
    for start, share in zip(cuts, shares, strict=True):
        own = slice(start, start + len(share))
        centred[start - 1 : start - 1 + len(share), own] = np.eye(len(share)) - share
    assert flat(effects, "log_odds") == pytest.approx(centred @ at, abs=1e-9)
    wanted = np.sqrt((centred @ spread * centred).sum(axis=1))
    assert flat(effects, "log_odds_error") == pytest.approx(wanted, rel=1e-6)


def test_more_columns_than_are_solved_at_once(pack, monkeypatch):
    columns, won, _, _ = overlapping(800, 7)
    leads = pack(columns, won)
    fit = ridge_logit(leads, 1.0)
    once = effects_of(fit, leads, errors=True)
    monkeypatch.setattr(module, "_COLUMNS", 2)
    split = effects_of(fit, leads, errors=True)
    for name in ("error", "log_odds_error"):
        assert flat(split, name) == pytest.approx(flat(once, name), rel=1e-12)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.floats(0.05, 4), st.floats(-6, 3), st.integers(8193, 30_000))
def test_a_fine_grid_keeps_the_mean_chance(seed, spread, middle, rows):
    random = np.random.default_rng(seed)
    values = random.normal(middle, spread, rows) + random.integers(0, 2, rows)
    grid, weights = condensed(values)
    assert len(grid) < rows
    assert weights.sum() == pytest.approx(1, abs=1e-12)
    for shift in (-2.0, 0.0, 1.3):
        assert weights @ chance_of(grid + shift) == pytest.approx(chance_of(values + shift).mean(), abs=1e-6)


def test_a_grid_of_one_value():
    values, weights = condensed(np.full(10_000, 0.3))
    assert (values.tolist(), weights.tolist()) == ([0.3], [1.0])


def test_many_leads_have_the_lifts_of_a_direct_mean(pack):
    columns, won, _, _ = overlapping(30_000, 8)
    leads = pack(columns, won)
    fit = ridge_logit(leads, 2.0)
    every, overall = margins(fit.intercept, fit.coefficients, columns)
    wanted = 100 * (np.concatenate(every) - overall)
    assert flat(effects_of(fit, leads, errors=False)) == pytest.approx(wanted, abs=1e-4)


def test_a_part_of_the_leads_stands_for_all(pack, monkeypatch):
    columns, won, _, _ = overlapping(60_000, 8)
    leads = pack(columns, won)
    fit = ridge_logit(leads, 2.0)
    monkeypatch.setattr(module, "_FOR_ERRORS", 60_000)
    whole = effects_of(fit, leads, errors=True)
    monkeypatch.setattr(module, "_FOR_ERRORS", 6000)
    monkeypatch.setattr(module, "_FOR_MARGINS", 6000)
    some = effects_of(fit, leads, errors=True)
    assert flat(some) == pytest.approx(flat(whole), abs=0.3)
    assert flat(some, "error") == pytest.approx(flat(whole, "error"), rel=0.03)


def test_errors_that_were_not_asked_for_are_not_numbers(pack):
    columns, won, _, _ = overlapping(300, 1)
    leads = pack(columns, won)
    effects = effects_of(ridge_logit(leads, 1.0), leads, errors=False)
    assert np.isnan(flat(effects, "error")).all()
    assert np.isnan(flat(effects, "log_odds_error")).all()


def test_no_fit_has_no_effects(pack):
    columns, won, _, _ = overlapping(300, 1)
    leads = pack(columns, won)
    for effect, size in zip(effects_of(ridge_logit(leads, math.inf), leads, errors=True), leads.sizes, strict=True):
        assert [part.tolist() for part in (effect.lift, effect.error, effect.log_odds)] == [[0.0] * size] * 3
    assert Effect.none(2).log_odds_error.tolist() == [0.0, 0.0]


def test_the_same_attribute_twice_counts_once(pack):
    """Each copy has half the log-odds, so that together they say about what one alone says."""
    columns, won, _, _ = overlapping(3000, 2, sizes=(4,))
    once = pack(columns, won)
    twice = pack([columns[0], columns[0]], won)
    (alone,) = effects_of(ridge_logit(once, 1.0), once, errors=False)
    first, second = effects_of(ridge_logit(twice, 2.0), twice, errors=False)
    assert first.lift == pytest.approx(second.lift, abs=1e-9)
    assert 2 * first.log_odds == pytest.approx(alone.log_odds, abs=1e-6)


def test_ranges_of_95_percent_hold_the_truth(pack):
    """Forty histories; the truth is the margin of the model that made them over 100,000 other leads."""
    inside = []
    for seed in range(40):
        columns, won, effects, _ = overlapping(1500, 100 + seed, spread=0.5)
        others = overlapping(100_000, 1000 + seed)[0]
        every, overall = margins(-1.4, effects, others)
        leads = pack(columns, won, [3, 4, 6])
        counts = [
            (np.bincount(column, minlength=size), np.bincount(column, weights=won, minlength=size))
            for column, size in zip(columns, leads.sizes, strict=True)
        ]
        fit = ridge_logit(leads, ridge_penalty(won.mean(), prior_strength(counts)))
        found = effects_of(fit, leads, errors=True)
        gap = np.abs(flat(found) - 100 * (np.concatenate(every) - overall))
        inside.append(gap <= 1.96 * flat(found, "error"))
    assert 0.90 <= np.mean(inside) <= 0.98
