"""What a scorecard learns, and the points it gives, against the parts it is made of."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibrate.leads.levels import Cells
from calibrate.learning.scorecard import learn_scorecard, with_points
from calibrate.settings import PointSettings
from calibrate.statistics.adjusted import effects_of
from calibrate.statistics.linear import linear_effects, pair_counts
from calibrate.statistics.packed import pack_leads
from calibrate.statistics.points import UNITS, Worth, rounded_points
from calibrate.statistics.ridge import ridge_logit, ridge_penalty
from calibrate.statistics.shrinkage import prior_strength

APART = PointSettings(min_leads=1, min_expected=0.0)
COLUMNS = ("lift", "cautious", "adjusted", "log-odds")


def drawn(rows=4000, sizes=(3, 5), seed=1):
    random = np.random.default_rng(seed)
    common = random.random(rows)
    columns = [((common + random.random(rows)) / 2 * size).astype(int) for size in sizes]
    return columns, random.random(rows) < 0.05 + 0.4 * common


def learned(columns, won, points=APART, *, joint=True, errors=False, near=None, sizes=(), **changes):
    """The card of categories, a text a value."""
    sizes = sizes or [int(column.max()) + 1 for column in columns]
    cells = [
        Cells(f"a{place}", f"a{place}", "category", "fit", texts=tuple(f"v{level}" for level in range(size)), **changes)
        for place, size in enumerate(sizes)
    ]
    codes = [(column + 1).astype(np.uint16) for column in columns]
    counts = [
        (np.bincount(code, minlength=size + 1), np.bincount(code[won], minlength=size + 1))
        for code, size in zip(codes, sizes, strict=True)
    ]

    def packing(levels):
        of_cell, sizes = [item.of_cell for item in levels], [len(item.levels) for item in levels]
        return pack_leads(codes, of_cell, sizes, won.astype(np.uint8), [slice(None)], len(won))

    return learn_scorecard(cells, counts, points, packing if joint else None, errors=errors, near=near)


def test_the_card_of_other_leads_makes_no_other_card():
    columns, won = drawn()
    half, sizes = [column[:2000] for column in columns], [3, 5]
    half[0] = np.where(half[0] == 2, 0, half[0])  # a level less
    cold = learned(half, won[:2000], sizes=sizes)
    warm = learned(half, won[:2000], sizes=sizes, near=learned(columns, won))
    assert warm.intercept == pytest.approx(cold.intercept, abs=1e-9)
    for one, other in zip(warm.attributes, cold.attributes, strict=True):
        assert one.effect.log_odds == pytest.approx(other.effect.log_odds, abs=1e-9)


def scores_of(card, column, columns):
    points = zip(card.attributes, columns, strict=True)
    return sum(item.cell_points(column)[values + 1] for item, values in points)


def test_a_card_holds_its_counts_strength_and_effects(pack):
    columns, won = drawn()
    card = learned(columns, won, errors=True)
    assert (card.leads, card.conversions, card.rate) == (4000, won.sum(), won.mean())
    counts = [(item.leads, item.conversions) for item in card.attributes]
    for column, (leads, conversions) in zip(columns, counts, strict=True):
        assert leads.tolist() == np.bincount(column).tolist()
        assert conversions.tolist() == np.bincount(column[won], minlength=len(leads)).tolist()
    assert card.strength == prior_strength(counts)
    leads = pack(columns, won)
    fit = ridge_logit(leads, [ridge_penalty(won.mean(), item.strength) for item in card.attributes])
    for item, effect in zip(card.attributes, effects_of(fit, leads, errors=True), strict=True):
        assert item.effect.lift == pytest.approx(effect.lift, abs=1e-9)
        assert item.effect.error == pytest.approx(effect.error, abs=1e-9)
    total = card.intercept + sum(
        item.effect.log_odds[column] for item, column in zip(card.attributes, columns, strict=True)
    )
    assert total == pytest.approx(fit.log_odds(leads, slice(None)), abs=1e-9)


def test_the_linear_card_has_the_linear_effects(pack):
    columns, won = drawn()
    card = learned(columns, won, APART.model_copy(update={"fit": "linear"}))
    effects = linear_effects(pair_counts(pack(columns, won)), [item.strength for item in card.attributes])
    for item, effect in zip(card.attributes, effects, strict=True):
        assert item.effect.lift == pytest.approx(effect.lift, abs=1e-9)
    assert card.intercept == pytest.approx(math.log(won.mean() / (1 - won.mean())))


def test_without_a_look_at_all_attributes_there_are_no_effects():
    card = with_points(learned(*drawn(), joint=False), Worth())
    assert card.intercept is None
    assert all(item.effect is None and set(item.points) == {"lift", "cautious"} for item in card.attributes)
    columns, won = drawn(200)
    assert learned(columns, won | True).intercept is None


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(UNITS), st.sampled_from([5.0, 20.0, 50.0]), st.integers(0, 2**32))
def test_points_are_estimates_in_units(unit, pdo, seed):
    card = with_points(learned(*drawn(800, seed=seed)), Worth(unit, pdo))
    for item in card.attributes:
        raw = 100 * (item.conversions / item.leads - card.rate)
        believed = raw * item.leads / (item.leads + card.strength)
        for column, lifts in (("lift", raw), ("cautious", believed), ("adjusted", item.effect.lift)):
            assert item.level_points(column) == pytest.approx(lifts / float(unit), abs=0.500001)
        assert item.level_points("log-odds") == pytest.approx(item.effect.log_odds * pdo / math.log(2), abs=0.500001)
        assert set(item.unknown.values()) == {0}


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(UNITS), st.sampled_from([0.0, 25.0]))
def test_points_from_zero_rank_leads_as_before(seed, unit, expected):
    columns, won = drawn(900, (2, 4, 7), seed)
    card = learned(columns, won, PointSettings(min_leads=1, min_expected=expected))
    below, above = (with_points(card, Worth(unit, negative=negative)) for negative in (True, False))
    for column in COLUMNS:
        assert min(int(item.level_points(column).min()) for item in above.attributes) >= 0
        assert all(min(item.unknown[column], *item.level_points(column)) == 0 for item in above.attributes) or expected
        gaps = set((scores_of(above, column, columns) - scores_of(below, column, columns)).tolist())
        assert gaps == {above.shift(column)}
        assert below.shift(column) == 0
        assert above.highest(column) >= scores_of(above, column, columns).max()


def test_a_level_with_too_few_leads_and_an_unknown_value_get_the_points_of_no_evidence():
    columns, won = [np.repeat([0, 1, 2], [15, 500, 485])], np.zeros(1000, bool)
    won[:12] = won[100:130] = won[600:700] = True
    together = (("Few", (1,)),)
    for negative in (True, False):
        card = with_points(learned(columns, won, PointSettings(), together=together), Worth(negative=negative))
        (item,) = card.attributes
        assert item.levels.too_few == (True, False, False)
        for column in COLUMNS:
            few, middle, most = item.level_points(column).tolist()
            assert item.cell_points(column).tolist() == [few, few, middle, most]
            assert few == item.unknown[column]
            assert few == 0 if negative else middle == 0
            assert (middle - few) == item.points[column][1] - item.unknown[column]
            assert middle < few < most


def test_missing_that_may_follow_the_outcome_gets_no_points():
    columns, won = drawn(600, (3,))
    cells = Cells("x", "x", "category", "fit", texts=("v1", "v2"))
    counts = np.bincount(columns[0]), np.bincount(columns[0][won], minlength=3)
    for muted in (False, True):
        (item,) = with_points(
            learn_scorecard([replace(cells, mute_missing=muted)], [counts], APART), Worth()
        ).attributes
        assert (item.cell_points("lift")[0] != 0) == (not muted)


# properties


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32), st.integers(2, 4))
def test_every_lead_so_many_times_keeps_raw_points_and_narrows_errors(seed, times):
    columns, won = drawn(700, (3, 4), seed)
    once = with_points(learned(columns, won, errors=True), Worth())
    often = with_points(learned([np.repeat(c, times) for c in columns], np.repeat(won, times), errors=True), Worth())
    assert often.strength <= once.strength * times
    for item, again in zip(once.attributes, often.attributes, strict=True):
        assert (again.points["lift"] == item.points["lift"]).all()
        assert (np.abs(again.points["cautious"]) >= np.abs(item.points["cautious"])).all()
        if not math.isinf(once.strength):
            assert (again.effect.error < item.effect.error).all()


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32))
def test_order_of_rows_and_of_attributes_changes_no_points(seed):
    columns, won = drawn(700, (3, 4, 2), seed)
    order = np.random.default_rng(seed).permutation(700)
    card = with_points(learned(columns, won), Worth(Fraction(1, 100)))
    other = with_points(learned([column[order] for column in columns[::-1]], won[order]), Worth(Fraction(1, 100)))
    for item, again in zip(card.attributes, other.attributes[::-1], strict=True):
        for column in COLUMNS:
            assert (item.points[column] == again.points[column]).all()


def test_one_level_has_no_points():
    columns, won = drawn(500, (3,))
    card = with_points(learned([*columns, np.zeros(500, int)], won), Worth(Fraction(1, 100)))
    assert [card.attributes[1].points[column].tolist() for column in COLUMNS] == [[0]] * 4


@pytest.mark.parametrize("fit", ["logit", "linear"])
def test_a_proxy_loses_its_points_beside_what_it_stands_for(fit):
    """A channel that follows the source in 85 of 100 leads and has no effect of its own."""
    random = np.random.default_rng(17)
    source = random.choice(6, 50_000, p=[0.3, 0.25, 0.2, 0.12, 0.08, 0.05])
    channel = np.where(random.random(50_000) < 0.85, source, random.integers(0, 6, 50_000))
    size = random.integers(0, 4, 50_000)
    odds = -2 + np.array([-0.8, -0.3, 0.1, 0.5, 0.9, 1.3])[source] + np.array([-0.3, 0, 0.2, 0.3])[size]
    won = random.random(50_000) < 1 / (1 + np.exp(-odds))
    card = learned([source, channel, size], won, APART.model_copy(update={"fit": fit}))
    card = with_points(card, Worth(Fraction(1, 100)))
    spans = {column: [int(np.ptp(item.points[column])) for item in card.attributes] for column in ("lift", "adjusted")}
    assert spans["lift"][1] >= 5 * spans["adjusted"][1]
    assert spans["adjusted"][0] >= 0.75 * spans["lift"][0]
    raw = rounded_points(100 * (card.attributes[2].conversions / card.attributes[2].leads - card.rate))
    assert rounded_points(card.attributes[2].effect.lift) == pytest.approx(raw, abs=1)
