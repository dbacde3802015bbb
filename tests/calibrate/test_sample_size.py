"""R, statsmodels and scikit-learn as second opinions on how many leads it takes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score
from statsmodels.api import Logit, add_constant
from statsmodels.stats.proportion import (
    power_proportions_2indep,
    samplesize_confint_proportion,
    samplesize_proportions_2indep_onetail,
)

from calibrate.errors import DataError, SettingsError
from calibrate.statistics import sample_size as module
from calibrate.statistics.rates import conversion_rate
from calibrate.statistics.sample_size import cox_snell_r2, leads_to_see, more_leads, readiness, riley_criteria

# statsmodels 0.15.0: power_proportions_2indep(diff, p_rest, n, ratio=(1 - share) / share) solved for 80 % power at an
# overall rate of 15 %, rounded up. share -> lift in points -> leads in the level.
LIFTS = (2, 3, 5, 10, 15, 25)
TABLE = {
    0.02: (2528, 1139, 421, 111, 52, 20),
    0.10: (2315, 1042, 384, 101, 47, 18),
    0.30: (1783, 799, 292, 76, 35, 13),
}
CELLS = [(share, lift, leads) for share, row in TABLE.items() for lift, leads in zip(LIFTS, row, strict=True)]
inside = st.floats(0.01, 0.99)


def against_rest(lift, rate, share):
    """Difference from the rest, the rest's rate and how many times as large the rest is."""
    apart = lift / 100 / (1 - share)
    return apart, rate - share * apart, (1 - share) / share


@pytest.mark.parametrize(("share", "lift", "leads"), CELLS)
def test_leads_to_see_are_the_printed_ones_and_have_the_power(share, lift, leads):
    assert leads_to_see(lift, 0.15, share) == leads
    apart, rest, times = against_rest(lift, 0.15, share)
    powers = [power_proportions_2indep(apart, rest, n, ratio=times, return_results=False) for n in (leads - 1, leads)]
    assert powers[0] < 0.8 <= powers[1]


@pytest.mark.parametrize("case", ["15_20_80", "15_25_80", "50_75_90"])
def test_equal_groups_are_those_of_r(oracle, case):
    row = oracle(f"n_per_group_{case}")
    p1, p2, power, alpha = (row.inputs[key] for key in ("p1", "p2", "power", "alpha"))
    assert row.is_met_by(module._leads_in_first(p1, p2, 1, power, 1 - alpha))
    # a level of half the leads stands against a rest of the same size, its lift half the difference
    assert leads_to_see(50 * (p1 - p2), (p1 + p2) / 2, 0.5, power, 1 - alpha) == math.ceil(row.expected)


@given(st.floats(-60, 60), inside, inside, st.sampled_from([0.5, 0.8, 0.95]), st.sampled_from([0.8, 0.95, 0.99]))
def test_leads_to_see_agree_with_statsmodels(lift, rate, share, power, confidence):
    apart, rest, times = against_rest(lift, rate, share)
    assume(abs(lift) > 0.01 and 0 < rest < 1 and 0 < rest + apart < 1)
    expected = samplesize_proportions_2indep_onetail(apart, rest, power, ratio=times, alpha=1 - confidence)
    found = module._leads_in_first(rest + apart, rest, times, power, confidence)
    assert found == pytest.approx(expected, rel=1e-9)
    assert 0 <= leads_to_see(lift, rate, share, power, confidence) - found * (1 - 1e-9) < 1.001 + found * 2e-9


@given(st.floats(0.1, 40), inside, inside)
def test_more_power_and_more_certainty_need_more_leads(lift, rate, share):
    leads = leads_to_see(lift, rate, share)
    assume(leads is not None)
    assert leads >= 1
    assert leads_to_see(lift, rate, share, power=0.9) >= leads
    assert leads_to_see(lift, rate, share, confidence=0.99) >= leads
    mirrored = leads_to_see(-lift, 1 - rate, share)
    assert mirrored is None or abs(mirrored - leads) <= 1


def test_what_no_number_of_leads_shows():
    assert leads_to_see(0, 0.15, 0.1) is None
    assert leads_to_see(-15.5, 0.15, 0.1) is None
    assert leads_to_see(86, 0.15, 0.01) is None
    assert leads_to_see(20, 0.15, 0.5) is None  # the rest would convert at -5 %
    # Everybody against nobody: z^2 x .1 x .9 x (1 + 1/9) = .38.
    assert leads_to_see(90, 0.1, 0.1) == 1
    assert leads_to_see(-30, 0.3, 0.1) is not None


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ((5, 0.0, 0.1), DataError, "rate 0"),
        ((5, 15, 0.1), DataError, "rate 15"),
        ((5, 0.15, 1.0), DataError, "share 1"),
        ((5, 0.15, 0.1, 1.0), SettingsError, "power: found 1.0"),
        ((5, 0.15, 0.1, 0.2), SettingsError, "write 0.8"),
        ((5, 0.15, 0.1, 0.8, 95), SettingsError, "write 0.95"),
    ],
)
def test_what_is_no_share_is_refused(arguments, error, words):
    with pytest.raises(error, match=words):
        leads_to_see(*arguments)


def test_leads_for_an_interval_are_the_published_ones(oracle):
    row = oracle("n_halfwidth")
    found = module._leads_for_half_width(row.inputs["p"], row.inputs["half"], 1 - row.inputs["alpha"])
    assert row.is_met_by(found)
    assert found == pytest.approx(samplesize_confint_proportion(0.15, 0.05), rel=1e-12)


@pytest.mark.parametrize("case", ["chagas", "24_25", "lead"])
def test_riley_criteria_are_those_of_pmsampsize(oracle, case):
    row = oracle(f"pmsampsize_{case}")
    size = riley_criteria(row.inputs["parameters"], row.inputs["prevalence"], row.inputs["r2cs"])
    assert row.is_met_by([size.shrinkage, size.optimism, size.overall, size.leads])


@given(st.integers(1, 200), inside, st.floats(0.01, 0.9))
def test_more_parameters_need_more_leads_and_a_better_fit_fewer(parameters, rate, part):
    most = 1 - (rate**rate * (1 - rate) ** (1 - rate)) ** 2
    size = riley_criteria(parameters, rate, part * most)
    more, better = (
        riley_criteria(parameters + 1, rate, part * most),
        riley_criteria(parameters, rate, part * most * 1.1),
    )
    assert more.shrinkage >= size.shrinkage >= better.shrinkage
    assert more.optimism >= size.optimism
    assert more.overall == size.overall == better.overall
    with pytest.raises(DataError, match="the most at a rate"):
        riley_criteria(parameters, rate, most * 1.001)


def test_cox_snell_r2_is_near_the_simulated_one(oracle):
    # R pmsampsize draws a million scores; its error is about 2 (1 - R2) / 1000 times the spread of the log-likelihoods.
    simulated = oracle("pmsampsize_lead").inputs["r2cs"]
    assert cox_snell_r2(0.75, 0.15) == pytest.approx(simulated, abs=0.0012)


@pytest.mark.parametrize(("auc", "rate"), [(0.6, 0.5), (0.75, 0.15), (0.9, 0.05)])
def test_cox_snell_r2_is_that_of_a_fitted_score(auc, rate):
    rng = np.random.default_rng(11)
    size = 200_000
    won = np.arange(size) < rate * size
    score = rng.normal(size=size) + won * math.sqrt(2) * module.NormalDist().inv_cdf(auc)
    assert roc_auc_score(won, score) == pytest.approx(auc, abs=0.004)
    fit = Logit(won.astype(float), add_constant(score)).fit(disp=0)
    assert cox_snell_r2(auc, rate) == pytest.approx(-math.expm1(2 * (fit.llnull - fit.llf) / size), abs=0.005)


@given(st.floats(0.5, 0.98), inside)
def test_cox_snell_r2_grows_with_the_auc_and_takes_either_outcome(auc, rate):
    found = cox_snell_r2(auc, rate)
    assert 0 <= found < cox_snell_r2(auc + 0.01, rate) < 1 - (rate**rate * (1 - rate) ** (1 - rate)) ** 2
    assert found == pytest.approx(cox_snell_r2(auc, 1 - rate), rel=1e-6, abs=1e-12)
    assert cox_snell_r2(0.5, rate) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: cox_snell_r2(0.4, 0.15), "turn the score around"),
        (lambda: cox_snell_r2(1.0, 0.15), "auc 1"),
        (lambda: cox_snell_r2(0.75, 0), "rate 0"),
        (lambda: riley_criteria(0, 0.15, 0.1), "0 parameters"),
        (lambda: riley_criteria(20, 0.15, 0), "between 0 and 0.5706"),
        (lambda: riley_criteria(20, 1.5, 0.1), "rate 1.5"),
    ],
)
def test_impossible_models_are_refused(call, words):
    with pytest.raises(DataError, match=words):
        call()


@pytest.mark.parametrize(
    ("conversions", "leads", "allows", "missing", "leads_missing"),
    [
        (0, 0, "nothing", 30, None),
        (0, 80, "nothing", 30, None),
        (29, 290, "nothing", 1, 10),
        (30, 200, "cautious", 70, 467),
        (99, 99, "cautious", 1, 1),
        (100, 700, "adjusted", 0, 0),
        (90_000, 1_000_000, "adjusted", 0, 0),
    ],
)
def test_readiness_changes_at_30_and_100_won_leads(conversions, leads, allows, missing, leads_missing):
    found = readiness(conversions, leads)
    assert (found.allows, found.missing, found.leads_missing) == (allows, missing, leads_missing)
    assert found.sentence.startswith(f"{conversions:,} won of {leads:,} leads: ")
    assert found.sentence.endswith(".")


def test_readiness_in_words():
    assert readiness(0, 80).sentence == (
        "0 won of 80 leads: too few won leads to learn points from; 30 more won leads allow cautious points."
    )
    assert readiness(99, 990).sentence == (
        "99 won of 990 leads: enough for cautious points, each attribute on its own; "
        "1 more won lead (about 10 more leads at this rate) allows adjusted points."
    )
    assert "also those adjusted for attributes that overlap" in readiness(100, 990).sentence


@pytest.mark.parametrize(("conversions", "leads"), [(3, 2), (-1, 10), (0, -1)])
def test_impossible_histories_are_refused(conversions, leads):
    with pytest.raises(DataError, match="swapped"):
        readiness(conversions, leads)


@given(st.integers(2, 40), st.integers(1, 1000), st.floats(0.1, 20))
def test_an_interval_narrows_with_the_square_root_of_the_leads(times, leads, wanted):
    assert more_leads(times * wanted, wanted, leads) == pytest.approx((times**2 - 1) * leads, abs=1)
    assert more_leads(wanted, wanted, leads) == more_leads(wanted / 2, wanted, leads) == 0


@pytest.mark.parametrize(("half", "wanted"), [(0.3, 0.1), (0.6, 0.2), (0.9, 0.3), (0.07, 0.01), (1.1, 0.1)])
def test_a_rounding_error_asks_for_no_further_lead(half, wanted):
    assert more_leads(half, wanted, 100) == 100 * (round(half / wanted) ** 2 - 1)


@given(st.integers(40, 400), st.integers(2, 6))
def test_as_many_leads_again_make_wilsons_interval_as_narrow(leads, parts):
    now = conversion_rate(leads // 4, leads)
    half = (now.high - now.low) / 2
    needed = leads + more_leads(half, half / parts, leads)
    then = conversion_rate(round(now.rate * needed), needed)
    assert (then.high - then.low) / 2 == pytest.approx(half / parts, rel=0.06)


@pytest.mark.parametrize(
    ("half", "wanted", "leads"), [(5, 2, 0), (5, 0, 10), (-1, 2, 10), (math.nan, 2, 10), (5, math.nan, 10)]
)
def test_what_is_no_interval_is_refused(half, wanted, leads):
    with pytest.raises(DataError, match="at least 1 lead"):
        more_leads(half, wanted, leads)
