"""Points of redrawn histories: against full refits, standard errors, and histories whose truth is known."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as how
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from calibrate import calibration
from calibrate.leads.codes import BUCKETS, CodeStore, mixed
from calibrate.leads.levels import Cells
from calibrate.learning.held_out import make_trial
from calibrate.learning.scorecard import with_points
from calibrate.proof import stability
from calibrate.proof.buckets import atoms_of, bucket_of, bucket_sums, drawn_weights, packed_atoms
from calibrate.proof.onestep import one_step
from calibrate.proof.redrawn import redrawn
from calibrate.proof.stability import stability_of
from calibrate.settings import PointSettings, load_settings
from calibrate.statistics.points import Worth

DATA = Path(__file__).parents[2] / "data"
FINE = Worth(Fraction(1, 100))
UNCUT = Cells("Size", "Size", "number", "fit", edges=tuple(float(edge) for edge in range(1, 60)))


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    with threadpool_limits(1, "blas"):
        yield


def category(name, levels):
    return Cells(name, name, "category", "fit", texts=tuple(f"{name} {level}" for level in range(levels)))


def stored(cells, codes, won, bucket=None):
    """A store of leads that are at hand as codes."""
    leads = len(won)
    return CodeStore(
        cells=tuple(cells),
        codes=tuple(np.asarray(part, dtype=np.uint16) for part in codes),
        won=np.asarray(won, dtype=np.uint8),
        fold=(mixed(np.arange(leads, dtype=np.uint64)) % np.uint64(5)).astype(np.uint8),
        day=None,
        rows=leads,
        excluded=(),
        arrivals=np.zeros(0, np.int64),
        kept=np.ones(leads, bool),
        bucket=bucket,
    )


def learned(store, *, joint=True, worth=FINE, **points):
    """Trial, places, card with points and the settings that made it."""
    trial = make_trial(store, by_account=store.bucket is not None)
    places = range(len(store.cells))
    settings = PointSettings(**points)
    card = with_points(trial.learn(places, settings, joint=joint, errors=joint), worth)
    return trial, places, card, settings


CHANCES = {"Source": [0.0, -0.9, 0.7, 0.2], "Role": [0.4, 0.0, -0.6], "Day": [0.0] * 5}


def leads(number, seed):
    """Codes of three categories (one without effect, two that overlap) and a number; the chance of every lead."""
    random = np.random.default_rng(seed)
    source = random.integers(0, 4, number)
    role = np.where(random.random(number) < 0.4, source % 3, random.integers(0, 3, number))
    day, size = random.integers(0, 5, number), random.integers(0, 60, number)
    odds = -1.6 + np.take(CHANCES["Source"], source) + np.take(CHANCES["Role"], role) + 0.5 * (size > 20)
    return [source + 1, role + 1, day + 1, size + 1], 1 / (1 + np.exp(-odds))


def history(number=3000, seed=1):
    codes, chance = leads(number, seed)
    won = np.random.default_rng([seed, 1]).random(number) < chance
    return stored([category("Source", 4), category("Role", 3), category("Day", 5), UNCUT], codes, won)


@cache
def sample():
    """The sample history as a run learns it: trial, places, card and what a point is worth."""
    found = []

    def caught(trial, places, *rest, **options):
        found.append((trial, real(trial, places, *rest, **options)))
        raise StopIteration

    real, calibration.learn = calibration.learn, caught
    try:
        with pytest.raises(StopIteration):
            calibration.run(DATA / "leads.csv", load_settings(DATA / "leads.toml"))
    finally:
        calibration.learn = real
    trial, result = found[0]
    return trial, result.places, result.card, result.worths["lift"]


def drawn_values(monkeypatch, *wanted):
    """By column, the lift or log-odds of every level in every draw, attributes side by side."""
    found = []

    def caught(*parts):
        found.append(real(*parts))
        return found[-1]

    real = stability._by_level
    with monkeypatch.context() as patch:
        patch.setattr(stability, "_by_level", caught)
        result = stability_of(*wanted)
    return {column: np.concatenate(part, axis=1) for column, part in zip(result.columns, found, strict=True)}


def by_level(card, of_attribute):
    return np.concatenate([np.asarray(of_attribute(item), float) for item in card.attributes])


def of_category(card):
    return by_level(card, lambda item: np.full(len(item.leads), item.cells.kind != "number")).astype(bool)


def card_values(card):
    """Lift, shrunk lift, adjusted lift and log-odds of every level of a card."""
    n, k = by_level(card, lambda item: item.leads), by_level(card, lambda item: item.conversions)
    lift = np.where(n > 0, 100 * (k / np.maximum(n, 1) - card.rate), 0)
    return {
        "lift": lift,
        "cautious": lift * n / (n + card.strength),
        "adjusted": by_level(card, lambda item: item.effect.lift),
        "log-odds": by_level(card, lambda item: item.effect.log_odds),
    }


@pytest.mark.parametrize("fit", ["logit", "linear"])
def test_a_draw_of_every_bucket_once_is_the_card(fit):
    trial, places, card, settings = learned(history(), fit=fit)
    atoms = atoms_of(card.attributes, [n for n, _ in trial.totals(places)])
    known = stability._fit_of(card, atoms, linear=fit == "linear")
    sums = bucket_sums(trial.store, places, atoms, known)
    once = np.ones((1, sums.buckets))
    draws = redrawn(sums, atoms, once, settings)
    some = packed_atoms(trial.store, places, atoms, slice(0, card.leads))
    step = one_step(some, known, atoms, sums, once, draws)
    assert draws.strength == pytest.approx(card.strength)
    assert draws.rate == pytest.approx(card.rate)
    assert step.intercept == pytest.approx(0, abs=1e-8)
    found = {
        "lift": draws.lifts(shrunk=False),
        "cautious": draws.lifts(shrunk=True),
        "adjusted": step.lifts(some, stability._adjusted_lifts(card, atoms)),
        "log-odds": step.log_odds(),
    }
    for column, expected in card_values(card).items():
        values = np.concatenate(stability._by_level(card, atoms, found[column]), axis=1)[0]
        assert values == pytest.approx(expected, abs=1e-6), column


def test_the_fit_misses_by_its_penalty():
    # At the maximum of the penalised likelihood the conversions missed at a level are lambda times its coefficient.
    trial, places, card, _ = learned(history())
    atoms = atoms_of(card.attributes, [n for n, _ in trial.totals(places)])
    fit = stability._fit_of(card, atoms, linear=False)
    sums = bucket_sums(trial.store, places, atoms, fit)
    for item, missed, own in zip(card.attributes[:3], sums.missed[:3], fit.coefficients[:3], strict=True):
        penalty = card.rate * (1 - card.rate) * (item.strength + 1)
        assert missed.sum(axis=0) == pytest.approx(penalty * own, abs=1e-6)


def refits(trial, places, settings, draws):
    """The same draws learned in full from repeated leads: by column, a row a draw, by level of the card of all."""
    store, lead = trial.store, np.arange(trial.store.leads)
    count = min(BUCKETS, store.leads)
    bucket = bucket_of(store, slice(0, store.leads), count)
    base = trial.learn(places, settings, joint=False)
    found = {"lift": [], "cautious": [], "adjusted": [], "log-odds": []}
    for weights in drawn_weights(draws, count).astype(int):
        again = np.repeat(lead, weights[bucket])
        codes = tuple(part[again] for part in store.codes)
        drawn = replace(store, codes=codes, won=store.won[again], fold=store.fold[again], day=None)
        card = make_trial(drawn, by_account=True).learn(places, settings, joint=True)
        ends = np.cumsum([len(item.leads) for item in card.attributes])[:-1]
        for column, values in card_values(card).items():
            rows = []
            for own, item, old, (n, _) in zip(
                np.split(values, ends), card.attributes, base.attributes, trial.totals(places), strict=True
            ):
                known = old.levels.of_cell >= 0
                cell = (np.append(own, 0)[item.levels.of_cell] * n)[known]
                rows.append(np.bincount(old.levels.of_cell[known], weights=cell) / old.leads)
            found[column].append(np.concatenate(rows))
    return {column: np.array(rows) for column, rows in found.items()}


def test_draws_are_what_a_full_refit_of_the_same_leads_gives(monkeypatch):
    trial, places, card, worth = sample()
    settings = PointSettings(draws=60)
    quick = drawn_values(monkeypatch, trial, places, card, worth, settings)
    full = refits(trial, places, settings, 60)
    many = by_level(card, lambda item: item.leads) >= 100
    for column in quick:
        mine, theirs = quick[column][:, many], full[column][:, many]
        ratio = mine.std(axis=0) / theirs.std(axis=0)
        alike = np.array([np.corrcoef(pair)[0, 1] for pair in zip(mine.T, theirs.T, strict=True)])
        ends = [np.quantile(part, [0.1, 0.9], axis=0) for part in (mine, theirs)]
        point = 1 if column != "log-odds" else np.log(2) / 20
        assert np.median(ratio) == pytest.approx(1, abs=0.03), column
        assert np.quantile(ratio, [0.05, 0.95]) == pytest.approx([1, 1], abs=0.15), column
        assert np.median(alike) > 0.97, column
        assert np.median(np.abs(ends[0] - ends[1])) < 0.2 * point, column


def standard_errors(card):
    """Of every lift, percentage points: (1 - w) sqrt(p1 q1 / n + p0 q0 / (N - n)), 0 standing for all other leads.

    The Wald error whose recentred form is Newcombe (1998), Stat. Med. 17:873.
    """
    n, k = by_level(card, lambda item: item.leads), by_level(card, lambda item: item.conversions)
    rest, its = card.leads - n, card.conversions - k
    own, other = k / n, its / rest
    return 100 * (1 - n / card.leads) * np.sqrt(own * (1 - own) / n + other * (1 - other) / rest)


def test_draws_spread_like_the_standard_errors(monkeypatch):
    trial, places, card, worth = sample()
    drawn = drawn_values(monkeypatch, trial, places, card, worth, PointSettings())
    solid = of_category(card) & (by_level(card, lambda item: item.conversions) >= 20)
    lift = drawn["lift"].std(axis=0) / standard_errors(card)
    assert np.quantile(lift[solid], [0, 1]) == pytest.approx([1, 1], abs=0.15)
    # The error of an effect is that of its posterior, variance 1 / (h + lambda); an estimate pulled towards 0 moves
    # less from history to history, h / (h + lambda)^2, where h / (h + lambda) = n / (n + M + 1). Sources and their
    # campaigns overlap: how an effect is shared out between them is uncertain, but hardly moves. Where an attribute
    # shows next to nothing, draws differ mostly in how much they believe of it, which the error takes as known.
    n = by_level(card, lambda item: item.leads)
    strength = by_level(card, lambda item: [item.strength] * len(item.leads))
    moves = by_level(card, lambda item: item.effect.error) * np.sqrt(n / (n + strength + 1))
    adjusted = drawn["adjusted"].std(axis=0) / moves
    overlap = ("Lead source", "Campaign")
    alone = solid & (by_level(card, lambda item: [item.cells.column not in overlap] * len(item.leads)) > 0)
    alone &= strength < 2 * card.strength
    assert solid.sum() > alone.sum() > 10
    assert np.quantile(adjusted[alone], [0, 1]) == pytest.approx([1, 1], abs=0.25)
    assert np.median(adjusted[alone]) == pytest.approx(1, abs=0.05)


@cache
def many_histories():
    """Sixty histories of 2,000 leads: the levels of each, and what became of their lifts in 200 draws."""
    found = []
    for seed in range(60):
        trial, places, card, settings = learned(history(2000, seed), joint=False, draws=200)
        found.append((card, stability_of(trial, places, card, FINE, settings).columns["lift"]))
    return found


def test_intervals_hold_the_lift_of_the_whole_population():
    codes, chance = leads(400_000, seed=99)
    inside = []
    for card, attributes in many_histories():
        for item, levels, own in zip(card.attributes, attributes, codes, strict=True):
            level = item.levels.of_cell[own]
            truth = np.bincount(level, weights=chance) / np.bincount(level) - chance.mean()
            inside += [one.low <= 1e4 * true <= one.high for one, true in zip(levels, truth, strict=True)]
    assert 0.7 <= np.mean(inside) <= 0.9


def test_noise_has_no_sign():
    # Where nothing is true, the share of draws on the side of the points runs evenly from a half to 1.
    shares = np.array([one.same_sign for _, attributes in many_histories() for one in attributes[2]])
    assert np.mean(shares) == pytest.approx(0.75, abs=0.05)
    assert np.mean(shares > 0.95) < 0.2


def test_the_sample_history_knows_its_strongest_level_and_not_its_noise():
    trial, places, card, worth = sample()
    found = stability_of(trial, places, card, worth, PointSettings())
    named = {item.cells.column: place for place, item in enumerate(card.attributes)}
    for column in found.columns:
        demo = found.columns[column][named["Requested demo"]][-1]
        assert (demo.same_sign, demo.rank_low, demo.rank_high, demo.top) == pytest.approx((1, 1, 1, 1), abs=0.01)
        noise = found.columns[column][named["Preferred contact day"]]
        assert np.mean([one.same_sign for one in noise]) < 0.85
        assert all(one.rank_high - one.rank_low > 15 for one in noise)


def test_the_same_leads_give_the_same_draws():
    first, again = (repr(stability_of(*sample(), PointSettings(draws=50))) for _ in range(2))
    assert first == again


def test_leads_of_an_account_are_drawn_together():
    # Five copies of every lead in one account each say no more than one of them: five times the variance.
    codes, chance = leads(600, 3)
    won = np.random.default_rng(4).random(600) < chance
    cells = [category("Source", 4), category("Role", 3), category("Day", 5)]
    many = [np.repeat(part, 5) for part in (*codes[:3], won)]
    bucket = np.repeat(np.arange(600, dtype=np.uint16), 5)
    wide, narrow = (
        stability_of(*learned(stored(cells, many[:3], many[3], own), joint=False)[:3], FINE, PointSettings())
        for own in (bucket, None)
    )
    far, near = ([one.high - one.low for own in item.columns["lift"] for one in own] for item in (wide, narrow))
    assert np.median(np.divide(far, near)) == pytest.approx(5**0.5, rel=0.15)


@st.composite
def small_histories(draw):
    """Two categories and a yes/no of 60 to 400 leads, some of them won."""
    number = draw(st.integers(60, 400))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    codes = [random.integers(0, 4, number), random.integers(1, 7, number), random.integers(1, 3, number)]
    won = random.random(number) < draw(st.floats(0.05, 0.95))
    won[:2] = True, False
    return [category("A", 3), category("B", 6), Cells("C", "C", "boolean", "fit")], codes, won


@given(small_histories(), st.booleans(), st.sampled_from(["logit", "linear"]))
@how(max_examples=25)
def test_shares_ranks_and_ends_are_in_order(parts, negative, fit):
    worth = Worth(negative=negative)
    trial, places, card, settings = learned(stored(*parts), worth=worth, fit=fit, draws=25)
    found = stability_of(trial, places, card, worth, settings)
    assert list(found.columns) == list(card.attributes[0].points)
    for column, attributes in found.columns.items():
        given_points = [
            (points, one)
            for item, levels in zip(card.attributes, attributes, strict=True)
            for points, muted, one in zip(item.level_points(column), item.levels.muted, levels, strict=True)
            if muted == (one is None) and one
        ]
        assert len(given_points) == sum(not muted for item in card.attributes for muted in item.levels.muted)
        for points, one in given_points:
            assert one.low <= one.high
            assert 1 <= one.rank_low <= one.rank_high <= len(given_points)
            assert 0 <= one.same_sign <= 1
            point = 1 if column != "log-odds" else 100 * card.rate * (1 - card.rate) * np.log(2) / worth.pdo
            assert one.stable == (one.reach * point <= found.tolerance)
            # Points and both ends are rounded, each by half a point at most.
            assert abs(max(points - one.low, one.high - points, 0) - one.reach) <= 1
        assert not given_points or sum(one.top for _, one in given_points) == pytest.approx(1)


@given(small_histories())
@how(max_examples=15)
def test_swapping_won_and_lost_turns_the_lift_around(parts):
    cells, codes, won = parts
    sides = []
    for outcome in (won, ~won):
        trial, places, card, settings = learned(stored(cells, codes, outcome), joint=False, draws=25)
        sides.append(stability_of(trial, places, card, FINE, settings))
    ahead, turned = sides
    assert ahead.tolerance == pytest.approx(turned.tolerance)
    for levels, others in zip(ahead.columns["lift"], turned.columns["lift"], strict=True):
        for one, other in zip(levels, others, strict=True):
            if one and other:
                assert (one.low, one.high) == pytest.approx((-other.high, -other.low), abs=1)
                assert one.same_sign == other.same_sign


@pytest.mark.parametrize(("rate", "tolerance"), [(0.15, 3), (0.5, 3), (0.01, 0.2), (0.99, 0.2)])
def test_the_tolerance_is_a_fifth_of_a_low_rate(rate, tolerance):
    lead = np.arange(20_000)
    made = stored([category("A", 2)], [lead % 2 + 1], lead < 20_000 * rate)
    trial, places, card, settings = learned(made, joint=False, draws=10)
    assert stability_of(trial, places, card, FINE, settings).tolerance == pytest.approx(tolerance)


def test_nothing_is_drawn_where_nothing_can_be_told():
    trial, places, card, settings = learned(history(300))
    assert stability_of(trial, places, card, FINE, PointSettings(draws=0)) is None
    assert stability_of(trial, places, replace(card, conversions=0), FINE, settings) is None


def test_columns_without_a_fit_are_left_out_with_the_reason(monkeypatch):
    trial, places, card, settings = learned(history(600), draws=20)
    monkeypatch.setattr(stability, "_MOST_LEVELS", 3)
    found = stability_of(trial, places, card, FINE, settings)
    assert list(found.columns) == ["lift", "cautious"]
    assert found.missing == dict.fromkeys(
        ("adjusted", "log-odds"), "12 levels are too many to fit together in every draw"
    )


def test_many_numbers_share_the_cutting():
    random = np.random.default_rng(8)
    codes, chance = leads(2500, 8)
    cells = [replace(UNCUT, column=f"Size {number}") for number in range(25)]
    parts = [codes[3], *(random.integers(1, 61, 2500) for _ in range(24))]
    trial, places, card, settings = learned(stored(cells, parts, random.random(2500) < chance), joint=False, draws=100)
    atoms = atoms_of(card.attributes, [n for n, _ in trial.totals(places)])
    assert all(item.size < 35 for item in atoms)
    draws = redrawn(bucket_sums(trial.store, places, atoms, None), atoms, drawn_weights(100, BUCKETS), settings)
    for level in draws.level:
        assert (level[0::2] == level[1::2]).all()
    assert stability_of(trial, places, card, FINE, settings).columns["lift"][0][0].same_sign > 0.9
