"""Outside numbers: tests/oracles/ranking.csv, each with its source and tolerance."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, mannwhitneyu
from sklearn.metrics import brier_score_loss, roc_auc_score, roc_curve
from statsmodels.api import Logit, add_constant

from calibrate.errors import DataError, SettingsError
from calibrate.statistics.probability import ScoreProbability, probability_check, score_to_probability
from calibrate.statistics.ranking import (
    Auc,
    ScoreCounts,
    area_under_curve,
    auc_difference,
    auc_difference_from_counts,
    cross_fitted_auc,
    gains,
    pairs_in_order,
)

ORACLES = Path(__file__).parents[1] / "oracles" / "ranking.csv"
with ORACLES.open(newline="", encoding="utf-8") as _file:
    ROWS = {row["id"]: row for row in csv.DictReader(_file)}

# Four bands of 1,000 leads, the inputs of most oracles; their chances as whole scores.
CHANCES = [0.05, 0.10, 0.25, 0.50]
BANDS = ScoreCounts(scores=(5, 10, 25, 50), leads=(400, 300, 200, 100), conversions=(16, 36, 44, 54))


def expected(name):
    """What the row says, within its tolerance."""
    return pytest.approx(json.loads(ROWS[name]["expected"]), abs=float(ROWS[name]["tolerance"]), rel=0)


def delong_data():
    """Albumin, total protein and the Krebs-Goplerud score in tenths, and the outcome."""
    data = json.loads(ROWS["delong_auc"]["inputs"])
    return [np.rint(np.array(data[name]) * 10).astype(int) for name in ("alb", "tp", "kg")], np.array(data["y"])


def standard_error(low, high):
    return (high - low) / 2 / 1.959963984540054


@st.composite
def leads(draw, least=1, spread=12):
    """A whole score and an outcome a lead."""
    size = draw(st.integers(least, 60))
    score = st.integers(-spread, spread)
    scores = draw(st.lists(score, min_size=size, max_size=size))
    outcomes = draw(st.lists(st.booleans(), min_size=size, max_size=size))
    return np.array(scores), np.array(outcomes)


@st.composite
def leads_of_both(draw, least=2):
    """The same with at least `least` won and `least` lost leads."""
    scores, outcomes = draw(leads(least=2 * least))
    outcomes[:least], outcomes[least : 2 * least] = True, False
    return scores, outcomes


# --- the histogram


@given(leads())
def test_histogram_counts_every_lead_once(data):
    scores, outcomes = data
    counts = ScoreCounts.from_arrays(scores, outcomes)
    for score, number, won in zip(counts.scores, counts.leads, counts.conversions, strict=True):
        assert number == np.count_nonzero(scores == score)
        assert won == np.count_nonzero(outcomes[scores == score])
    assert counts.total_leads == len(scores)
    assert counts.total_conversions == outcomes.sum()


@given(leads(), st.permutations(range(60)), st.integers(-(2**40), 2**40))
def test_row_order_and_spread_change_nothing(data, order, shift):
    scores, outcomes = data
    counts = ScoreCounts.from_arrays(scores, outcomes)
    places = np.array([place for place in order if place < len(scores)])
    assert ScoreCounts.from_arrays(scores[places], outcomes[places].astype(int)) == counts
    wide = ScoreCounts.from_arrays(scores * 2**40 + shift, outcomes)
    assert wide.scores == tuple(score * 2**40 + shift for score in counts.scores)
    assert (wide.leads, wide.conversions) == (counts.leads, counts.conversions)


@given(leads(), st.integers(0, 60))
def test_two_halves_add_up(data, cut):
    scores, outcomes = data
    halves = [ScoreCounts.from_arrays(scores[part], outcomes[part]) for part in (slice(cut), slice(cut, None))]
    assert ScoreCounts.merged(halves) == ScoreCounts.from_arrays(scores, outcomes)


def test_counted_rows_are_sorted_added_up_and_emptied_of_nothing():
    counts = ScoreCounts.from_counts([7, -1, 7, 3], [2, 5, 1, 0], [1, 0, 1, 0])
    assert counts == ScoreCounts(scores=(-1, 7), leads=(5, 3), conversions=(0, 2))


def test_no_lead_at_all():
    none = ScoreCounts((), (), ())
    assert ScoreCounts.from_arrays([], []) == none
    assert ScoreCounts.merged([]) == ScoreCounts.merged([none]) == none
    assert area_under_curve(none) is None
    assert cross_fitted_auc([]) is None
    assert auc_difference([], [], []) is None
    assert gains(none) == ()
    assert score_to_probability(none) is None
    assert probability_check([], [], []) is None


@pytest.mark.parametrize(
    "call",
    [
        lambda: ScoreCounts((2, 1), (1, 1), (0, 0)),
        lambda: ScoreCounts((1, 1), (1, 1), (0, 0)),
        lambda: ScoreCounts((1,), (0,), (0,)),
        lambda: ScoreCounts((1,), (1,), (2,)),
        lambda: ScoreCounts.from_counts([1], [1], [2]),
        lambda: ScoreCounts.from_counts([1, 2], [1], [1]),
        lambda: ScoreCounts.from_arrays([1.5], [True]),
        lambda: ScoreCounts.from_arrays([1, 2], [True]),
        lambda: ScoreCounts.from_arrays([1, 2], [0, 2]),
        lambda: ScoreCounts.from_arrays([1], [math.nan]),
        lambda: auc_difference_from_counts([1], [1], [1], [2]),
        lambda: probability_check([1.2], [1], [1]),
        lambda: probability_check([math.nan], [1], [1]),
    ],
)
def test_wrong_counts_are_refused_in_one_line(call):
    with pytest.raises(DataError, match="expected") as caught:
        call()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("confidence", [0, 1, 95, math.nan])
def test_confidence_is_a_share(confidence):
    with pytest.raises(SettingsError, match="confidence"):
        area_under_curve(BANDS, confidence)


# --- area under the curve


def test_auc_and_its_interval_are_those_of_proc():
    found = area_under_curve(BANDS)
    assert [found.auc, found.low, found.high] == expected("auc_bands")
    assert 2 * found.auc - 1 == expected("gini_bands")


def test_delong_of_three_scores_is_the_published_one():
    scores, outcomes = delong_data()
    found = [area_under_curve(ScoreCounts.from_arrays(score, outcomes)) for score in scores]
    assert [item.auc for item in found] == expected("delong_auc")
    assert [standard_error(item.low, item.high) for item in found] == expected("delong_se")


@given(leads_of_both())
def test_auc_equals_scikit_learn_and_mann_whitney(data):
    scores, outcomes = data
    found = area_under_curve(ScoreCounts.from_arrays(scores, outcomes))
    assert found.auc == pytest.approx(roc_auc_score(outcomes, scores), abs=1e-12)
    u = mannwhitneyu(scores[outcomes], scores[~outcomes], method="asymptotic").statistic
    assert found.auc == pytest.approx(u / (outcomes.sum() * (~outcomes).sum()), abs=1e-12)


@given(leads_of_both())
def test_variance_equals_the_structural_components_of_every_lead(data):
    scores, outcomes = data
    found = area_under_curve(ScoreCounts.from_arrays(scores, outcomes))
    order = np.sign(scores[outcomes][:, None] - scores[~outcomes][None, :]) / 2 + 0.5
    of_won, of_lost = order.mean(axis=1), order.mean(axis=0)
    error = math.sqrt(np.var(of_won, ddof=1) / len(of_won) + np.var(of_lost, ddof=1) / len(of_lost))
    if 0.05 <= found.auc <= 0.95:
        low, high = found.auc - 1.959963984540054 * error, found.auc + 1.959963984540054 * error
        assert (found.low, found.high) == pytest.approx((max(0, low), min(1, high)), abs=1e-9)
    elif 0 < found.auc < 1:
        width = math.log(found.high / (1 - found.high)) - math.log(found.low / (1 - found.low))
        half = 1.959963984540054 * error / (found.auc * (1 - found.auc))
        assert width == pytest.approx(2 * half, rel=1e-6, abs=1e-6)


@given(leads_of_both(), st.integers(1, 9), st.integers(-1000, 1000))
def test_increasing_maps_change_nothing(data, scale, shift):
    scores, outcomes = data
    found = area_under_curve(ScoreCounts.from_arrays(scores, outcomes))
    assert found == area_under_curve(ScoreCounts.from_arrays(scale * scores + shift, outcomes))
    assert found == area_under_curve(ScoreCounts.from_arrays(scores**3, outcomes))


@given(leads_of_both(least=1))
def test_mirrored_labels_mirror_the_auc_and_its_interval(data):
    scores, outcomes = data
    found = area_under_curve(ScoreCounts.from_arrays(scores, outcomes))
    mirrored = area_under_curve(ScoreCounts.from_arrays(scores, ~outcomes))
    assert mirrored.auc == pytest.approx(1 - found.auc, abs=1e-12)
    assert (mirrored.low, mirrored.high) == pytest.approx((1 - found.high, 1 - found.low), abs=1e-9)
    assert 0 <= found.low <= found.auc <= found.high <= 1


@given(leads_of_both(), st.integers(2, 50))
def test_more_of_the_same_narrows_the_interval(data, times):
    scores, outcomes = data
    once = area_under_curve(ScoreCounts.from_arrays(scores, outcomes))
    often = area_under_curve(ScoreCounts.from_arrays(np.tile(scores, times), np.tile(outcomes, times)))
    assert often.auc == pytest.approx(once.auc, abs=1e-12)
    assert often.high - often.low <= once.high - once.low + 1e-12


@pytest.mark.parametrize(("won", "lost"), [(1, 1), (1, 900), (8, 20), (500, 500)])
def test_a_perfect_order_is_as_sure_as_its_smaller_class(won, lost):
    counts = ScoreCounts.from_counts([1, 2], [lost, won], [0, won])
    few = min(won, lost)
    exact = binomtest(few, few).proportion_ci(0.95, method="exact")
    found = area_under_curve(counts)
    assert (found.auc, found.high) == (1, 1)
    assert found.low == pytest.approx(exact.low, abs=1e-12)


def test_one_score_for_all_is_a_coin_for_sure():
    found = area_under_curve(ScoreCounts((7,), (50,), (20,)))
    assert (found.auc, found.low, found.high) == (0.5, 0.5, 0.5)


def test_a_single_won_lead_says_nothing_about_the_next():
    found = area_under_curve(ScoreCounts((1, 2, 3), (10, 1, 10), (0, 1, 0)))
    assert (found.auc, found.low, found.high) == (0.5, 0, 1)


@pytest.mark.parametrize("won", [0, 9])
def test_one_class_has_no_auc(won):
    counts = ScoreCounts((1, 2), (9, 9), (won, won))
    assert area_under_curve(counts) is None
    assert cross_fitted_auc([counts, counts]) is None
    assert auc_difference_from_counts([1], [1], [9], [won]) is None


# --- cross-fitted


@given(st.lists(leads(), min_size=1, max_size=5))
def test_cross_fitted_auc_is_the_share_of_pairs_within_folds(parts):
    folds = [ScoreCounts.from_arrays(*part) for part in parts]
    found = cross_fitted_auc(folds)
    order = [np.sign(s[y][:, None] - s[~y][None, :]).ravel() / 2 + 0.5 for s, y in parts]
    pairs = np.concatenate(order)
    if not pairs.size:
        assert found is None
        return
    assert found.auc == pytest.approx(pairs.mean(), abs=1e-12)
    assert 0 <= found.low <= found.auc <= found.high <= 1
    assert found.leads == sum(len(scores) for scores, _ in parts)


@given(leads_of_both())
def test_one_fold_is_the_plain_auc(data):
    counts = ScoreCounts.from_arrays(*data)
    assert cross_fitted_auc([counts]) == area_under_curve(counts)


def test_folds_on_other_scales_are_not_compared():
    fold = BANDS
    lifted = ScoreCounts(tuple(score + 1000 for score in fold.scores), fold.leads, fold.conversions)
    assert cross_fitted_auc([fold, lifted]).auc == pytest.approx(area_under_curve(fold).auc, abs=1e-12)


@pytest.mark.parametrize(("auc", "pairs"), [(1.0, 100), (0.9999, 99), (0.784, 78), (0.5, 50), (0.0001, 1), (0.0, 0)])
def test_pairs_never_round_up_to_perfect(auc, pairs):
    assert pairs_in_order(Auc(auc, 0, 1, 0.95, 10, 5)) == pairs


# --- the paired difference


def test_paired_difference_is_the_published_one():
    (alb, _, kg), outcomes = delong_data()
    found = auc_difference(alb, kg, outcomes)
    error = standard_error(found.low, found.high)
    assert [found.difference, error, found.difference / error, found.p_value] == expected("delong_paired")


@given(leads_of_both(), st.integers(1, 5))
def test_same_order_differs_by_nothing_for_sure(data, scale):
    scores, outcomes = data
    for other in (scores, scale * scores - 3, scores**3):
        found = auc_difference(scores, other, outcomes)
        assert (found.difference, found.low, found.high, found.p_value) == (0, 0, 0, 1)


@given(leads_of_both(), st.randoms(use_true_random=False))
def test_difference_is_that_of_the_two_and_turns_with_them(data, random):
    scores, outcomes = data
    other = np.array([random.randint(-9, 9) for _ in scores])
    found, turned = auc_difference(scores, other, outcomes), auc_difference(other, scores, outcomes)
    first, second = (area_under_curve(ScoreCounts.from_arrays(each, outcomes)) for each in (scores, other))
    assert found.difference == pytest.approx(first.auc - second.auc, abs=1e-12)
    assert turned.difference == pytest.approx(-found.difference, abs=1e-12)
    assert (turned.low, turned.high) == pytest.approx((-found.high, -found.low), abs=1e-9)
    assert turned.p_value == pytest.approx(found.p_value, abs=1e-9)
    assert -1 <= found.low <= found.difference <= found.high <= 1


@given(leads_of_both(), st.randoms(use_true_random=False))
def test_joint_counts_say_the_same_as_leads(data, random):
    scores, outcomes = data
    other = np.array([random.randint(-2, 2) for _ in scores])
    pairs, place = np.unique(np.column_stack([scores, other]), axis=0, return_inverse=True)
    place = place.ravel()
    number, won = np.bincount(place), np.bincount(place[outcomes], minlength=len(pairs))
    found = auc_difference_from_counts(pairs[:, 0], pairs[:, 1], number, won)
    assert found == auc_difference(scores, other, outcomes)


def test_paired_variance_equals_the_covariances_of_every_lead():
    (alb, tp, _), y = delong_data()
    won, lost = y == 1, y == 0
    parts = [np.sign(each[won][:, None] - each[lost][None, :]) / 2 + 0.5 for each in (alb, tp)]
    covariance = sum(np.cov([part.mean(axis=axis) for part in parts]) / parts[0].shape[1 - axis] for axis in (0, 1))
    found = auc_difference(alb, tp, y)
    assert standard_error(found.low, found.high) ** 2 == pytest.approx(
        covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1], rel=1e-9
    )


@pytest.mark.parametrize(("won", "lost"), [(1, 30), (30, 1), (3, 3)])
def test_a_difference_without_spread_claims_nothing(won, lost):
    perfect = np.array([2] * won + [1] * lost)
    found = auc_difference(perfect, np.zeros(won + lost, int), perfect == 2)
    assert (found.difference, found.low, found.high, found.p_value) == (0.5, -1, 1, 1)


def test_scores_far_apart_need_no_wide_table():
    scores, outcomes = np.array([5, -(2**60), 2**60, 0]), np.array([1, 0, 1, 0])
    assert auc_difference(scores, -scores, outcomes).difference == 1


# --- percentiles and gains


@given(leads_of_both(least=1))
def test_gains_are_the_roc_curve_of_scikit_learn(data):
    scores, outcomes = data
    points = gains(ScoreCounts.from_arrays(scores, outcomes))
    _, hit, at = roc_curve(outcomes, scores, drop_intermediate=False)
    assert [point.score for point in points] == at[1:].tolist()
    assert [point.share_of_conversions for point in points] == pytest.approx(hit[1:].tolist(), abs=1e-12)
    assert [point.leads for point in points] == [int((scores >= score).sum()) for score in at[1:]]
    assert (points[-1].share_of_leads, points[-1].share_of_conversions) == (1, 1)


def test_gains_hold_the_ks_distance():
    points = gains(BANDS)
    lost = BANDS.total_leads - BANDS.total_conversions
    apart = [point.share_of_conversions - (point.leads - point.conversions) / lost for point in points]
    assert max(apart) == expected("ks_bands")


def test_no_conversion_has_no_gains():
    assert gains(ScoreCounts((1, 2), (5, 5), (0, 0))) == ()


# --- chances


def test_cox_recalibration_is_that_of_rms():
    check = probability_check(CHANCES, BANDS.leads, BANDS.conversions)
    assert [check.intercept, check.slope] == expected("calibration_cox")


def test_brier_parts_are_those_of_murphy():
    check = probability_check(CHANCES, BANDS.leads, BANDS.conversions)
    assert [check.brier, check.reliability, check.resolution, check.uncertainty] == expected("brier_parts")
    assert check.skill == expected("brier_skill")
    assert (check.leads, check.conversions) == (1000, 150)


@given(leads(), st.integers(0, 3))
def test_brier_score_equals_scikit_learn_however_leads_are_grouped(data, digits):
    scores, outcomes = data
    chances = np.round((scores + 12) / 24, digits)
    check = probability_check(chances, np.ones(len(scores), int), outcomes.astype(int))
    loss = brier_score_loss(outcomes, chances, pos_label=True)
    assert check.brier == pytest.approx(loss, abs=1e-12)
    kinds, place = np.unique(chances, return_inverse=True)
    grouped = probability_check(kinds, np.bincount(place), np.bincount(place[outcomes], minlength=len(kinds)))
    assert check == grouped
    assert (check.skill is None) == (outcomes.all() or not outcomes.any())


def test_a_certain_chance_has_a_brier_score_and_no_curve():
    check = probability_check([0.0, 0.5, 1.0], [10, 10, 10], [1, 5, 9])
    assert (check.intercept, check.slope) == (None, None)
    assert check.brier == pytest.approx((1 + 10 / 4 + 1) / 30)


def test_two_scores_are_fitted_exactly():
    curve = score_to_probability(ScoreCounts((10, 30), (40, 80), (10, 60)))
    assert curve.probability(10) == pytest.approx(10 / 40, abs=1e-9)
    assert curve.probability(30) == pytest.approx(60 / 80, abs=1e-9)
    assert curve.slope == pytest.approx(2 * math.log(3) / 20, abs=1e-9)


def test_curve_equals_a_logit_of_every_lead():
    scores = np.repeat(BANDS.scores, BANDS.leads)
    outcomes = np.concatenate([np.arange(n) < k for n, k in zip(BANDS.leads, BANDS.conversions, strict=True)])
    fit = Logit(outcomes.astype(float), add_constant(scores.astype(float))).fit(disp=0, tol=1e-12)
    curve = score_to_probability(BANDS)
    assert (curve.intercept, curve.slope) == pytest.approx(tuple(fit.params), rel=1e-6)


@settings(max_examples=60)
@given(leads(), st.sampled_from([1, 1000]), st.sampled_from([0, 10**6]))
def test_curve_keeps_the_overall_rate_or_there_is_none(data, scale, shift):
    scores, outcomes = data
    counts = ScoreCounts.from_arrays(scale * scores + shift, outcomes)
    curve = score_to_probability(counts)
    won, lost = scores[outcomes], scores[~outcomes]
    if not won.size or not lost.size or won.min() >= lost.max() or lost.min() >= won.max():
        assert curve is None
        return
    chances = np.array([curve.probability(score) for score in counts.scores])
    assert np.dot(chances, counts.leads) == pytest.approx(counts.total_conversions, abs=1e-5)
    assert ((chances > 0) & (chances < 1)).all()


@pytest.mark.parametrize(
    "counts",
    [
        ScoreCounts((5,), (10,), (4,)),
        ScoreCounts((1, 2), (10, 10), (0, 10)),
        ScoreCounts((1, 2, 3), (10, 10, 10), (0, 5, 10)),
        ScoreCounts((1, 2, 3), (10, 10, 10), (10, 5, 0)),
        ScoreCounts((1, 2), (10, 10), (0, 0)),
    ],
)
def test_separated_scores_have_no_curve(counts):
    assert score_to_probability(counts) is None


@pytest.mark.parametrize(("score", "chance"), [(-(10**6), 0), (0, 0.5), (10**6, 1)])
def test_chance_of_extreme_scores_does_not_overflow(score, chance):
    assert ScoreProbability(0.0, 1.0).probability(score) == chance
