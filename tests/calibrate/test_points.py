from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import duckdb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibrate.errors import SettingsError
from calibrate.statistics.points import (
    UNITS,
    cautious_points,
    lift_points,
    log_odds_points,
    round_half_away,
    rounded_points,
)

units = st.sampled_from([*UNITS, Fraction(3), Fraction(1, 3)])
strengths = st.floats(0, 1e6) | st.just(math.inf)


@st.composite
def parts(draw, most=60_000_000):
    """A level and its whole: conversions, leads, all conversions, all leads."""
    all_leads = draw(st.integers(1, most))
    leads = draw(st.integers(0, all_leads))
    conversions = draw(st.integers(0, leads))
    return conversions, leads, conversions + draw(st.integers(0, all_leads - leads)), all_leads


def nearest_whole(value: Fraction) -> int:
    """Halves away from zero by the definition: the whole part of |value| + 1/2, with its sign."""
    size = math.floor(abs(value) + Fraction(1, 2))
    return size if value >= 0 else -size


def exact_points(conversions, leads, all_conversions, all_leads, strength, unit):
    if leads == 0 or strength == math.inf:
        return 0
    lift = Fraction(conversions, leads) - Fraction(all_conversions, all_leads)
    return nearest_whole(lift * leads / (leads + Fraction(strength)) * 100 / unit)


@pytest.mark.parametrize("case", ["points_40_vs_15", "points_tie_up", "points_tie_float_low", "points_tie_down"])
def test_points_are_those_of_exact_arithmetic(oracle, case):
    row = oracle(case)
    level, whole = (row.inputs["k"], row.inputs["n"]), (row.inputs["K"], row.inputs["N"])
    assert lift_points(*level, *whole) == row.expected
    assert lift_points(*(np.array([part]) for part in level), *whole).tolist() == [row.expected]
    assert cautious_points(*level, *whole, strength=0.0) == row.expected
    assert cautious_points(*(np.array([part]) for part in level), *whole, strength=0.0).tolist() == [row.expected]


@given(st.integers(), st.integers(1))
def test_rounding_is_the_definition(numerator, denominator):
    assert round_half_away(numerator, denominator) == nearest_whole(Fraction(numerator, denominator))


@given(st.decimals(-(10**6), 10**6, places=2))
def test_rounding_agrees_with_decimal_and_duckdb(number):
    found = round_half_away(int(number * 100), 100)
    assert found == int(number.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def test_rounding_agrees_with_duckdb():
    halves = [-25, -15, -5, -4, 0, 4, 5, 15, 25, 35]
    rows = duckdb.sql(f"select round(unnest({halves}) / 10)").fetchall()
    assert [round_half_away(half, 10) for half in halves] == [int(row[0]) for row in rows]


@given(parts(), units)
def test_lift_points_of_one_level_and_of_a_table(part, unit):
    expected = exact_points(*part, 0, unit)
    assert lift_points(*part, unit=unit) == expected
    table = lift_points(np.array([part[0]]), np.array([part[1]]), *part[2:], unit=unit)
    assert table.dtype == np.int64
    assert table.tolist() == [expected]


@given(parts(most=10**12), units)
def test_lift_points_beyond_the_reach_of_int64(part, unit):
    table = lift_points(np.array([part[0]]), np.array([part[1]]), *part[2:], unit=unit)
    assert table.dtype == np.int64
    assert table.tolist() == [lift_points(*part, unit=unit)] == [exact_points(*part, 0, unit)]


def test_lift_points_at_the_edge_of_int64():
    for leads in (50_000_000, 60_000_000, 61_000_000, 600_000_000):
        half = leads // 2
        for unit in UNITS:
            assert lift_points(np.array([half]), np.array([half]), half, leads, unit=unit).tolist() == [50 / unit]
            assert lift_points(np.array([0]), np.array([half]), half, leads, unit=unit).tolist() == [-50 / unit]


@given(parts(), strengths, units)
def test_cautious_points_of_one_level_and_of_a_table(part, strength, unit):
    expected = exact_points(*part, strength, unit)
    assert cautious_points(*part, strength, unit=unit) == expected
    table = cautious_points(np.array([part[0]]), np.array([part[1]]), *part[2:], strength, unit=unit)
    assert table.dtype == np.int64
    assert table.tolist() == [expected]


@given(st.integers(1, 400), st.integers(1, 40), units)
def test_cautious_ties_go_away_from_zero_in_tables_too(leads, strength, unit):
    """Small whole strengths make exact halves common; signs come from both sides of one half."""
    k, n = np.arange(leads + 1), np.full(leads + 1, leads)
    table = cautious_points(k, n, leads, 2 * leads, float(strength), unit=unit)
    assert table.tolist() == [exact_points(int(won), leads, leads, 2 * leads, strength, unit) for won in k]
    assert table.tolist() == (-table[::-1]).tolist()


@given(parts(), units, st.integers(1, 100))
def test_repeated_leads_keep_the_raw_points(part, unit, times):
    assert lift_points(*(count * times for count in part), unit=unit) == lift_points(*part, unit=unit)


@given(parts(), st.floats(1, 1e6), units, st.integers(2, 100))
def test_repeated_leads_never_lower_cautious_points(part, strength, unit, times):
    one = cautious_points(*part, strength, unit=unit)
    many = cautious_points(*(count * times for count in part), strength, unit=unit)
    raw = lift_points(*part, unit=unit)
    assert abs(one) <= abs(many) <= abs(raw)
    assert one * raw >= 0


@given(parts(), units)
def test_swapping_the_outcome_negates_the_points(part, unit):
    conversions, leads, all_conversions, all_leads = part
    mirrored = lift_points(leads - conversions, leads, all_leads - all_conversions, all_leads, unit=unit)
    assert mirrored == -lift_points(*part, unit=unit)


def test_level_without_leads_and_level_with_all_have_no_points():
    assert lift_points(0, 0, 150, 1000) == cautious_points(0, 0, 150, 1000, 50.0) == 0
    assert lift_points(150, 1000, 150, 1000) == 0
    assert lift_points(0, 0, 0, 0) == cautious_points(0, 0, 0, 0, 2.0) == 0
    assert lift_points(np.array([0, 40]), np.array([0, 100]), 150, 1000).tolist() == [0, 25]
    assert cautious_points(np.array([0, 40]), np.array([0, 100]), 150, 1000, 50.0).tolist() == [0, 17]
    assert lift_points(np.array([], dtype=np.int64), np.array([], dtype=np.int64), 150, 1000).tolist() == []


def test_narrow_counts_do_not_overflow():
    k, n = np.array([40_000], dtype=np.int32), np.array([100_000], dtype=np.int32)
    whole = np.int64(15_000_000), np.int64(100_000_000)
    assert lift_points(k, n, *whole, unit=Fraction(1, 100)).tolist() == [2500]
    assert cautious_points(k, n, *whole, strength=math.inf).tolist() == [0]


def test_finer_units_split_a_point():
    assert [lift_points(4, 100, 20, 1000, unit=unit) for unit in UNITS] == [2, 4, 10, 20, 40, 200]


@pytest.mark.parametrize("unit", [Fraction(0), Fraction(-1, 2)])
def test_a_point_is_worth_something(unit):
    with pytest.raises(SettingsError, match="expected a number above 0"):
        lift_points(1, 2, 3, 10, unit=unit)


# points of estimates


@given(st.integers(-10_000, 10_000), st.sampled_from(UNITS))
def test_points_of_estimates_are_the_nearest_whole_number_halves_away(quarters, unit):
    """Lifts on quarters of a point: every fourth is a tie."""
    lift = float(Fraction(quarters, 4) * unit)
    assert rounded_points(np.array([lift]), unit).tolist() == [nearest_whole(Fraction(quarters, 4))]


@given(st.floats(-500, 500), st.sampled_from(UNITS))
def test_points_of_estimates_are_within_half_a_point(lift, unit):
    (point,) = rounded_points(np.array([lift]), unit)
    assert abs(point - lift / float(unit)) <= 0.5 + 2e-7
    assert rounded_points(np.array([-lift]), unit).tolist() == [-point]


@pytest.mark.parametrize("hair", [-1e-9, 0.0, 1e-9])
def test_the_last_digits_of_a_fit_do_not_decide(hair):
    assert rounded_points(np.array([2.5 + hair, -2.5 + hair, 0.5 + hair])).tolist() == [3, -3, 1]


def test_points_of_estimates_take_any_shape_and_type():
    assert rounded_points(np.array([], np.float64)).tolist() == []
    assert rounded_points([1.2, -0.4]).dtype == np.int64


# Siddiqi (2006), Credit Risk Scorecards: with 20 points to double the odds, factor = 20 / ln 2 = 28.8539.
def test_so_many_points_double_the_odds(oracle):
    factor, _ = oracle("pdo_factor_offset").expected
    log_odds = np.array([math.log(2), -math.log(2), math.log(4), 0.0, 1.0])
    assert log_odds_points(log_odds, 20).tolist() == [20, -20, 40, 0, round(factor)]


@given(st.floats(-9, 9), st.sampled_from([1.0, 5.0, 20.0, 50.0, 1000.0]))
def test_points_of_log_odds_give_the_odds_back(log_odds, pdo):
    (point,) = log_odds_points(np.array([log_odds]), pdo)
    assert abs(point * math.log(2) / pdo - log_odds) <= 0.5001 * math.log(2) / pdo
