"""Outside numbers: tests/oracles/ranking.csv, each with its source and tolerance."""

from __future__ import annotations

import csv
import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2_contingency, hypergeom
from statsmodels.stats.contingency_tables import Table
from statsmodels.stats.proportion import proportion_confint

from calibrate.errors import SettingsError
from calibrate.statistics.bands import (
    band_trend,
    bands_at,
    best_share,
    capacity_cut,
    equal_bands,
    inversions,
    named_cuts,
    share_reached,
    ties,
)
from calibrate.statistics.ranking import ScoreCounts

ORACLES = Path(__file__).parents[1] / "oracles" / "ranking.csv"
with ORACLES.open(newline="", encoding="utf-8") as _file:
    ROWS = {row["id"]: row for row in csv.DictReader(_file)}

# Four bands of 1,000 leads, the inputs of most oracles.
FOUR = ScoreCounts(scores=(5, 10, 25, 50), leads=(400, 300, 200, 100), conversions=(16, 36, 44, 54))
NOBODY = ScoreCounts((), (), ())


def expected(name):
    """What the row says, within its tolerance."""
    return pytest.approx(json.loads(ROWS[name]["expected"]), abs=float(ROWS[name]["tolerance"]), rel=0)


@st.composite
def histograms(draw, most=300):
    """Scores with 1 to `most` leads each and any conversions."""
    scores = sorted(draw(st.sets(st.integers(-200, 200), min_size=1, max_size=25)))
    leads = [draw(st.integers(1, most)) for _ in scores]
    conversions = [draw(st.integers(0, number)) for number in leads]
    return ScoreCounts(tuple(scores), tuple(leads), tuple(conversions))


def between(counts, low, high):
    """Leads and conversions with low <= score <= high."""
    rows = [
        (leads, won)
        for score, leads, won in zip(counts.scores, counts.leads, counts.conversions, strict=True)
        if low <= score <= high
    ]
    return sum(leads for leads, _ in rows), sum(won for _, won in rows)


# --- bands


@given(histograms(), st.integers(1, 12), st.data())
def test_bands_part_the_leads_and_split_no_tie(counts, bands, data):
    cuts = data.draw(st.lists(st.integers(-210, 210), max_size=5))
    for found in (equal_bands(counts, bands), bands_at(counts, cuts)):
        assert sum(band.leads for band in found) == counts.total_leads
        assert sum(band.conversions for band in found) == counts.total_conversions
        assert all(upper.score_from > lower.score_to for upper, lower in pairwise(found))
        for band in found:
            assert (band.leads, band.conversions) == between(counts, band.score_from, band.score_to)
            assert {band.score_from, band.score_to} <= set(counts.scores)
        assert sum(band.share_of_leads for band in found) == pytest.approx(1)
        assert sum(band.leads * band.lift for band in found) == pytest.approx(0, abs=1e-6)
    assert len(equal_bands(counts, bands)) <= bands
    starts = [max((cut for cut in cuts if cut <= band.score_from), default=None) for band in found]
    assert len(set(starts)) == len(found)


@given(st.integers(1, 12), st.integers(1, 9), st.integers(1, 50))
def test_scores_as_common_as_each_other_give_equal_bands(bands, each, leads):
    size = bands * each
    counts = ScoreCounts(tuple(range(size)), (leads,) * size, (0,) * size)
    assert [band.leads for band in equal_bands(counts, bands)] == [leads * each] * bands


def test_fewer_bands_where_one_score_holds_most_leads():
    counts = ScoreCounts((1, 2, 3), (10, 80, 10), (1, 8, 5))
    found = equal_bands(counts, 10)
    assert [(band.score_from, band.leads) for band in found] == [(3, 10), (2, 80), (1, 10)]


def test_of_two_cuts_as_near_the_one_with_fewer_leads():
    counts = ScoreCounts((1, 2, 3), (25, 50, 25), (0, 0, 0))
    assert [band.leads for band in equal_bands(counts, 2)] == [25, 75]


def test_a_band_by_hand():
    best, rest = bands_at(FOUR, [25])
    assert (best.score_from, best.score_to, rest.score_from, rest.score_to) == (25, 50, 5, 10)
    assert (best.leads, best.conversions) == (300, 98)
    assert best.rate == pytest.approx(98 / 300)
    assert best.lift == pytest.approx(100 * (98 / 300 - 150 / 1000))
    assert (best.share_of_conversions, best.share_of_leads) == pytest.approx((98 / 150, 300 / 1000))
    interval = proportion_confint(98, 300, method="wilson")
    assert (best.rate_low, best.rate_high) == pytest.approx(interval, abs=1e-12)


def test_bands_without_leads_are_left_out():
    assert [band.score_from for band in bands_at(FOUR, [90, 50, 12, 11, -4])] == [50, 25, 5]
    assert bands_at(NOBODY, [3]) == equal_bands(NOBODY) == ()


def test_without_conversions_there_is_no_share_of_them():
    (band,) = equal_bands(ScoreCounts((4,), (9,), (0,)), 10)
    assert (band.share_of_conversions, band.rate, band.rate_low, band.lift) == (None, 0, 0, 0)


def test_no_band_is_no_answer():
    with pytest.raises(SettingsError, match="bands: found 0; expected at least 1"):
        equal_bands(FOUR, 0)


# --- cuts and shares


@given(histograms(), st.lists(st.sampled_from([0.0, 0.05, 0.1, 1 / 3, 0.5, 0.9, 1.0]), max_size=4))
def test_named_cuts_come_nearest_and_leave_no_name_empty(counts, shares):
    cuts = named_cuts(counts, shares)
    assert list(cuts) == sorted(set(cuts), reverse=True)
    assert set(cuts) <= set(counts.scores[1:])
    assert len(bands_at(counts, cuts)) == len(cuts) + 1
    total = counts.total_leads
    possible = [between(counts, score, 1000)[0] for score in (*counts.scores, 1000)]
    taken = {between(counts, cut, 1000)[0] for cut in cuts} | {0, total}
    for share in shares:
        nearest = min(abs(leads - share * total) for leads in possible)
        assert min(abs(leads - share * total) for leads in taken) == pytest.approx(nearest, abs=1e-3)


def test_named_cuts_by_hand():
    tenths = ScoreCounts(tuple(range(1, 11)), (10,) * 10, (1,) * 10)
    assert named_cuts(tenths) == (10, 8, 5)
    assert named_cuts(FOUR) == (50, 25, 10)
    assert named_cuts(ScoreCounts((1, 2), (10, 90), (0, 0))) == (2,)
    assert named_cuts(ScoreCounts((1, 2), (80, 20), (0, 0)), (0.05,)) == named_cuts(ScoreCounts((1,), (9,), (0,))) == ()
    assert named_cuts(NOBODY) == ()


def test_a_third_is_a_third():
    assert named_cuts(ScoreCounts((1, 2, 3), (10**9,) * 3, (0,) * 3), (1 / 3, 2 / 3)) == (3, 2)


@pytest.mark.parametrize("share", [-0.1, 1.1, 30])
def test_shares_run_from_0_to_1(share):
    for call in (
        lambda: named_cuts(FOUR, [share]),
        lambda: best_share(FOUR, share),
        lambda: share_reached(FOUR, share),
    ):
        with pytest.raises(SettingsError, match=r"share of leads: found .*; expected 0 to 1"):
            call()


def test_best_share_by_hand():
    best = best_share(FOUR, 0.15)
    assert (best.score, best.leads, best.conversions) == (50, 100, 54)
    assert best_share(FOUR, 0.21).score == 25
    assert best_share(FOUR, 0.0).score == 50
    assert best_share(ScoreCounts((1,), (5,), (0,))) is None


def test_share_reached_is_straight_inside_a_tie():
    assert share_reached(FOUR, 0) == 0
    assert share_reached(FOUR, 0.1) == pytest.approx(54 / 150)
    assert share_reached(FOUR, 0.15) == pytest.approx((54 + 50 * 44 / 200) / 150)
    assert share_reached(FOUR, 1) == 1
    assert share_reached(ScoreCounts((1,), (5,), (0,)), 0.5) is None


@given(histograms(most=8))
def test_ties_count_the_pairs_of_leads(counts):
    scores = np.repeat(counts.scores, counts.leads)
    found = ties(counts)
    first, second = np.triu_indices(len(scores), 1)
    assert found.distinct == len(np.unique(scores))
    assert found.share == pytest.approx(max(np.mean(scores == score) for score in counts.scores))
    assert found.share == pytest.approx(np.mean(scores == found.commonest))
    if len(scores) > 1:
        assert found.pair_share == pytest.approx(np.mean(scores[first] == scores[second]))
    else:
        assert found.pair_share is None
    assert ties(NOBODY) is None


# --- order of the bands


def test_bands_in_order_have_no_inversion():
    assert inversions(equal_bands(FOUR)) == ()


def test_inversion_of_many_leads_has_pearsons_p():
    counts = ScoreCounts((1, 2, 3), (100, 200, 100), (20, 60, 10))
    (found,) = inversions(equal_bands(counts, 3))
    assert (found.upper.score_from, found.lower.score_from) == (3, 2)
    p = chi2_contingency([[10, 90], [60, 140]], correction=False).pvalue
    assert found.p_value == pytest.approx(p, rel=1e-9)


def test_inversion_of_few_leads_has_the_mid_p():
    (found,) = inversions(bands_at(ScoreCounts((1, 2), (10, 8), (4, 1)), [2]))
    law = hypergeom(18, 5, 8)
    assert found.p_value == pytest.approx(2 * (law.pmf(0) + law.pmf(1) / 2), rel=1e-9)


@given(histograms(), st.integers(2, 10))
def test_inversions_are_the_falls_of_the_rate(counts, bands):
    found = equal_bands(counts, bands)
    falls = [(upper, lower) for upper, lower in pairwise(found) if upper.rate < lower.rate]
    assert [(item.upper, item.lower) for item in inversions(found)] == falls
    assert all(0 <= item.p_value <= 1 for item in inversions(found))


def test_trend_of_four_bands_is_that_of_r():
    found = band_trend(bands_at(FOUR, FOUR.scores))
    assert found.chi_square == expected("trend_bands")
    assert found.correlation > 0


def test_trend_of_smokers_is_that_of_r():
    case = json.loads(ROWS["trend_smokers"]["inputs"])
    counts = ScoreCounts((1, 2, 3, 4), tuple(case["n"]), tuple(case["k"]))
    found = band_trend(bands_at(counts, counts.scores))
    assert [found.chi_square, found.p_value] == expected("trend_smokers")
    assert found.correlation < 0


def test_trend_is_statsmodels_but_for_one_lead():
    lost = np.subtract(FOUR.leads, FOUR.conversions)
    table = Table(np.column_stack([FOUR.conversions, lost]), shift_zeros=False)
    z = table.test_ordinal_association(np.arange(4), np.array([1, 0])).zscore
    assert band_trend(bands_at(FOUR, FOUR.scores)).chi_square == pytest.approx(z**2 * 1000 / 999, rel=1e-9)


def test_no_trend_in_one_band_or_class():
    assert band_trend(()) is None
    assert band_trend(bands_at(FOUR, [])) is None
    assert band_trend(bands_at(ScoreCounts((1, 2), (5, 5), (0, 0)), [2])) is None


# --- capacity


def test_precision_and_lift_of_the_top_150():
    case = json.loads(ROWS["precision_top150"]["inputs"])
    found = capacity_cut(FOUR, case["capacity"])
    assert found.expected_rate == expected("precision_top150")
    assert found.expected_index == expected("lift_top150")
    assert (found.score_from, found.leads, found.conversions) == (50, 100, 54)
    assert (found.tied_score, found.tied_leads, found.tied_conversions) == (25, 200, 44)
    assert (found.rate, found.share_of_conversions) == (54 / 100, 54 / 150)
    assert (found.rate_low, found.rate_high) == pytest.approx(proportion_confint(54, 100, method="wilson"))
    interval = proportion_confint(65, 150, method="wilson")
    assert (found.expected_low, found.expected_high) == pytest.approx(interval)


@given(histograms(), st.integers(1, 9000))
def test_capacity_is_never_exceeded_and_no_more_scores_would_fit(counts, places):
    found = capacity_cut(counts, places)
    assert found.leads <= places
    if found.score_from is not None:
        assert (found.leads, found.conversions) == between(counts, found.score_from, 1000)
    else:
        assert (found.leads, found.conversions, found.rate) == (0, 0, None)
    if found.tied_score is not None:
        assert found.leads + found.tied_leads > places
        assert (found.tied_leads, found.tied_conversions) == between(counts, found.tied_score, found.tied_score)
        assert between(counts, found.tied_score, 1000)[0] == found.leads + found.tied_leads
        assert found.conversions <= found.expected_conversions <= found.conversions + found.tied_conversions
    else:
        assert found.leads == counts.total_leads
        assert found.expected_conversions == found.conversions == counts.total_conversions
    assert found.expected_low <= found.expected_rate <= found.expected_high


@given(histograms(most=20), st.integers(1, 500))
def test_expected_conversions_are_those_of_the_gains(counts, places):
    found = capacity_cut(counts, places)
    share = share_reached(counts, min(places / counts.total_leads, 1))
    if share is not None:
        won = share * counts.total_conversions
        assert found.expected_conversions == pytest.approx(won, abs=1e-6)


def test_best_score_alone_may_be_too_common():
    found = capacity_cut(FOUR, 40)
    assert (found.score_from, found.leads, found.rate) == (None, 0, None)
    assert (found.tied_score, found.expected_conversions) == (50, pytest.approx(40 * 54 / 100))


def test_nobody_to_place():
    found = capacity_cut(NOBODY, 5)
    assert (found.score_from, found.tied_score, found.leads, found.expected_conversions) == (None, None, 0, 0)
    assert (found.rate, found.expected_rate, found.expected_index, found.share_of_conversions) == (None,) * 4


def test_no_conversions_to_share():
    found = capacity_cut(ScoreCounts((1, 2), (5, 5), (0, 0)), 5)
    assert (found.rate, found.share_of_conversions, found.expected_index) == (0, None, None)


def test_no_places_is_no_question():
    with pytest.raises(SettingsError, match="capacity: found 0 places; expected at least 1"):
        capacity_cut(FOUR, 0)
