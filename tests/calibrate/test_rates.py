from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from calibrate.errors import DataError, SettingsError
from calibrate.statistics.rates import Rate, conversion_rate, wilson_interval

counts = st.integers(1, 10**6).flatmap(lambda leads: st.tuples(st.integers(0, leads), st.just(leads)))


@pytest.mark.parametrize("case", ["81_263", "15_148", "0_20", "1_29", "150_1000"])
def test_interval_is_the_published_one(oracle, case):
    row = oracle(f"rate_wilson_{case}")
    rate = conversion_rate(row.inputs["k"], row.inputs["n"], 1 - row.inputs["alpha"])
    assert row.is_met_by([rate.low, rate.high])


@given(counts, st.sampled_from([0.8, 0.95, 0.999]))
def test_interval_holds_the_rate_and_agrees_with_statsmodels(count, confidence):
    rate = conversion_rate(*count, confidence)
    assert 0 <= rate.low <= rate.rate <= rate.high <= 1
    other = proportion_confint(*count, method="wilson", alpha=1 - confidence)
    assert (rate.low, rate.high) == pytest.approx(other, rel=1e-8, abs=1e-12)


@given(counts, st.integers(2, 1000))
def test_more_leads_of_the_same_rate_narrow_the_interval(count, times):
    one, many = conversion_rate(*count), conversion_rate(*(part * times for part in count))
    assert many.high - many.low < one.high - one.low
    assert many.rate == one.rate


@given(counts)
def test_the_leads_that_did_not_convert_have_the_mirrored_interval(count):
    conversions, leads = count
    rate, mirrored = conversion_rate(conversions, leads), conversion_rate(leads - conversions, leads)
    assert (mirrored.low, mirrored.high) == pytest.approx((1 - rate.high, 1 - rate.low), abs=1e-12)


def test_ends_are_exact_at_none_and_all():
    assert conversion_rate(0, 20).low == 0.0
    assert conversion_rate(20, 20).high == 1.0


def test_without_leads_there_is_no_rate_and_nothing_is_known():
    assert conversion_rate(0, 0) is None
    assert [float(end) for end in wilson_interval(0, 0)] == [0.0, 1.0]


def test_arrays_give_what_single_counts_give():
    conversions, leads = np.array([0, 3, 40, 100, 0]), np.array([10, 7, 100, 100, 0])
    low, high = wilson_interval(conversions, leads)
    for place in range(4):
        rate = conversion_rate(int(conversions[place]), int(leads[place]))
        assert (rate.low, rate.high) == (low[place], high[place])
    assert conversion_rate(1, 4) == Rate(4, 1, 1 / 4, *(float(end) for end in wilson_interval(1, 4)), 0.95)


@pytest.mark.parametrize(("conversions", "leads"), [(5, 3), (-1, 3), (0, -1), ([0, 5], [1, 3])])
def test_impossible_counts_are_refused(conversions, leads):
    with pytest.raises(DataError, match="expected 0 to"):
        wilson_interval(conversions, leads)


@pytest.mark.parametrize("confidence", [0, 1, 95, float("nan")])
def test_confidence_is_a_share(confidence):
    with pytest.raises(SettingsError, match=r"write 0\.95"):
        conversion_rate(1, 2, confidence)
