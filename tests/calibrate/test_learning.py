"""What a run learns: which columns it can have, where scores start and end, and the known truth of the sample."""

from __future__ import annotations

import csv
import importlib.util
import math
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from calibrate import calibration
from calibrate.calibration import run
from calibrate.errors import DataError
from calibrate.learning.held_out import all_scores
from calibrate.learning.learned import ENOUGH_TO_TEST
from calibrate.settings import load_settings, merged, settings_from
from calibrate.statistics.sample_size import ENOUGH_CONVERSIONS

DATA = Path(__file__).parents[2] / "data"
BANK = Path(__file__).resolve().parents[3] / "shared" / "data" / "bank" / "bank-full.csv.gz"
QUICK = {"draws": 0}


def history(rows=3000, seed=1, intercept=-2.2):
    random = np.random.default_rng(seed)
    source = random.choice(["Web", "Fair", "Mail", "List"], rows)
    demo = random.random(rows) < np.where(source == "Fair", 0.5, 0.1)
    size = random.gamma(2, 60, rows).round()
    odds = intercept + 0.8 * (source == "Fair") - 0.5 * (source == "List") + 1.1 * demo + 0.004 * np.minimum(size, 250)
    frame = pd.DataFrame(
        {"Source": source, "Demo": demo, "Size": size, "Region": random.integers(0, 9, rows).astype(str)}
    )
    return frame.assign(Won=random.random(rows) < 1 / (1 + np.exp(-odds)))


def with_wins(wins, rows=1500):
    frame = history(rows)
    won = np.random.default_rng(2).permutation(np.flatnonzero(frame["Source"] != "List"))[:wins]
    return frame.assign(Won=np.isin(np.arange(rows), won))


def asked(**points):
    return settings_from({"outcome": {"column": "Won"}, "points": {"min_conversions": 1, "unit": 1.0} | QUICK | points})


def caught(data, settings, monkeypatch, *, force=False):
    """The run, its trial and what it learned."""
    calls = []

    def catch(trial, *rest, **more):
        calls.append((trial, learn(trial, *rest, **more)))
        return calls[-1][1]

    learn = calibration.learn
    with monkeypatch.context() as patch:
        patch.setattr(calibration, "learn", catch)
        result = run(data, settings, force=force)
    return result, *calls[-1]


# which columns there are


@pytest.mark.parametrize("column", ["adjusted", "log-odds"])
def test_a_look_at_all_attributes_takes_a_hundred_conversions(column, monkeypatch):
    few, enough = with_wins(ENOUGH_CONVERSIONS - 1), with_wins(ENOUGH_CONVERSIONS)
    with pytest.raises(DataError, match=f"{ENOUGH_CONVERSIONS} conversions; found {ENOUGH_CONVERSIONS - 1}") as error:
        run(few, asked(column=column))
    assert "\n" not in str(error.value)
    for frame, force in ((few, True), (enough, False)):
        _, _, learned = caught(frame, asked(column=column), monkeypatch, force=force)
        assert column in learned.held.scores
        assert learned.card.intercept is not None


@pytest.mark.parametrize(
    ("wins", "column", "found"),
    [
        (99, "best", ["lift", "cautious"]),
        (99, "lift", ["lift", "cautious"]),
        (100, "best", ["lift", "cautious", "adjusted"]),
        (100, "cautious", ["lift", "cautious", "adjusted"]),
        (100, "log-odds", ["lift", "cautious", "adjusted", "log-odds"]),
    ],
)
def test_columns_that_are_compared(wins, column, found, monkeypatch):
    result, _, learned = caught(with_wins(wins), asked(column=column), monkeypatch)
    assert list(learned.held.scores) == found
    assert [item.column for item in result.validation.rankings] == found
    assert result.column in (found if column == "best" else [column])


@pytest.mark.parametrize(("wins", "tested"), [(ENOUGH_TO_TEST - 1, False), (ENOUGH_TO_TEST, True)])
def test_fewer_than_ten_conversions_hold_no_leads_back(wins, tested, monkeypatch):
    settings = asked(min_leads=1, min_expected=0.0)
    result, _, learned = caught(with_wins(wins), settings, monkeypatch)
    assert (learned.held is not None) == tested == bool(learned.cards) == (result.validation is not None)


def test_columns_with_nothing_to_say_are_left_out_with_the_reason(monkeypatch):
    frame = history()
    frame["Constant but for a few"] = np.where(np.arange(3000) < 5, "rare", "usual")
    result, _, learned = caught(frame, asked(), monkeypatch)
    # The few join "other", which is too small to be trusted, but the usual one is not.
    assert {item.column for item in result.attributes} | set(learned.empty) >= {"Source", "Demo", "Size", "Region"}
    with pytest.raises(DataError, match="no value of any attribute has enough leads"):
        run(frame, asked(min_leads=4000))


# where scores start and end


@pytest.mark.parametrize("negative", [True, False])
@pytest.mark.parametrize(("offset", "pdo"), [("600@50", 20.0), ("0@1", 20.0), ("-40@0.25", 50.0)])
def test_anchored_log_odds_points_are_the_log_odds_of_every_lead(offset, pdo, negative, monkeypatch):
    """Score = anchor + pdo x log2(odds / odds of the anchor), but for the rounding of every attribute."""
    settings = asked(column="log-odds", offset=offset, pdo=pdo, negative=negative)
    result, trial, learned = caught(history(), settings, monkeypatch)
    anchor, odds = map(float, offset.split("@"))
    card, store = learned.card, trial.store
    log_odds, scores = np.full(store.leads, card.intercept), np.full(store.leads, learned.base["log-odds"])
    for place, item in zip(learned.places, card.attributes, strict=True):
        levels = item.levels.of_cell[store.codes[place]]
        log_odds += np.where(np.array(item.levels.muted)[levels], 0, item.effect.log_odds[levels])
        scores += item.cell_points("log-odds")[store.codes[place]]
    wanted = anchor + pdo / math.log(2) * (log_odds - math.log(odds))
    assert np.abs(scores - wanted).max() <= 0.51 * (1 + len(card.attributes))
    assert result.rules.score.base == learned.base["log-odds"]
    population = all_scores(store, card, "log-odds", settings, learned.base["log-odds"])
    assert population.scores[0] == scores.min()
    assert population.scores[-1] == scores.max()


@pytest.mark.parametrize("column", ["lift", "cautious", "adjusted", "log-odds"])
def test_scores_from_0_to_100(column, monkeypatch):
    result, trial, learned = caught(history(), asked(column=column, scale="0-100", unit=None), monkeypatch)
    assert 90 <= learned.card.highest(column) <= 100
    assert all(min(item.level_points(column).min(), item.unknown[column]) == 0 for item in learned.card.attributes)
    population = all_scores(trial.store, learned.card, column, result.settings, learned.base[column])
    assert population.scores[0] >= 0
    assert population.scores[-1] <= 100
    assert (result.rules.score.min, result.rules.score.max) == (0, 100)
    plain = caught(history(), asked(column=column), monkeypatch)[0].validation.ranking(column).auc.auc
    assert result.validation.ranking(column).auc.auc == pytest.approx(plain, abs=0.01)


@pytest.mark.parametrize("column", ["cautious", "adjusted", "log-odds"])
def test_scores_from_0_to_100_without_any_difference(column, monkeypatch):
    """Every level of Source and Region converts alike, so that nothing is believed and all scores are 0."""
    frame = history()[["Source", "Region"]].sort_values(["Source", "Region"])
    frame = frame.assign(Won=np.arange(len(frame)) % 10 == 0)
    result, _, learned = caught(frame, asked(column=column, scale="0-100", unit=None), monkeypatch)
    assert math.isinf(result.strength)
    assert learned.card.highest(column) == 0
    assert result.rules.reference.scores == (0,)
    assert float(learned.worths["cautious"].unit) >= 0.01


def test_a_column_that_was_not_asked_for_has_no_place_to_start(monkeypatch):
    _, _, learned = caught(history(), asked(column="lift"), monkeypatch)
    assert learned.base == {"lift": 0, "cautious": 0, "adjusted": 0}


# the known truth of the sample


@pytest.fixture(scope="module")
def make_leads():
    spec = importlib.util.spec_from_file_location("make_leads_of_learning", DATA / "make_leads.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def truth_of(make_leads, item, leads):
    """By lead, the log-odds that its cell of the attribute was given."""
    name = item.cells.column
    if name not in make_leads.effects:
        return np.zeros(len(leads))
    if item.cells.member is not None:
        own = make_leads.effect(name, item.cells.member)
        return np.array([own * (item.cells.member in lead[name].split(";")) for lead in leads])
    values = [int(lead[name]) if item.cells.kind == "number" and lead[name] else lead[name] or None for lead in leads]
    return np.array([make_leads.effect(name, value) for value in values])


def test_the_effects_of_the_sample_are_found_again(make_leads, monkeypatch):
    settings = merged(load_settings(DATA / "leads.toml"), {"points": {"column": "log-odds"} | QUICK})
    _, trial, learned = caught(DATA / "leads.csv", settings, monkeypatch)
    with (DATA / "leads.csv").open(newline="", encoding="utf-8") as file:
        leads = [lead for lead in csv.DictReader(file) if lead["Status"] != "Open"]
    found, wanted, weights, noise = [], [], [], {}
    for place, item in zip(learned.places, learned.card.attributes, strict=True):
        truth = truth_of(make_leads, item, leads)
        level = item.levels.of_cell[trial.store.codes[place]]
        truths = np.bincount(level, weights=truth - truth.mean()) / item.leads
        if not truth.any():
            noise[item.cells.name] = np.abs(item.effect.log_odds)[~np.array(item.levels.muted)].max()
        # No competitor was won; no finite number is their log-odds.
        kept = (np.bincount(level, weights=truth != 0) > 0) & (item.conversions > 0)
        found += item.effect.log_odds[kept].tolist()
        wanted += truths[kept].tolist()
        weights += item.leads[kept].tolist()
    assert len(found) > 30
    spread = np.cov(found, wanted, aweights=weights)
    assert spread[0, 1] / math.sqrt(spread[0, 0] * spread[1, 1]) > 0.85
    assert noise["Preferred contact day"] < 0.15 < 0.4 * np.std(wanted)
    slope = np.average(np.multiply(found, wanted), weights=weights) / np.average(np.square(wanted), weights=weights)
    assert 0.7 < slope < 1.1


# both ways of taking the overlap out


def test_both_fits_rank_leads_alike(monkeypatch):
    """Whole adjusted points, cross-fitted; with few held-out leads their rounding alone would move more."""
    sample = {"outcome": {"column": "Status", "won": ["Won"], "lost": ["Lost"]}, "columns": {"skip": ["Created"]}}
    agree(DATA / "leads.csv", settings_from(sample | {"points": {"unit": 1.0}}))
    agree(history(20_000), asked())


@pytest.mark.skipif(not BANK.is_file(), reason="../shared/data is absent")
def test_both_fits_rank_the_leads_of_a_bank_alike():
    agree(BANK, settings_from({"outcome": {"column": "y", "won": ["yes"]}, "columns": {"skip": ["duration"]}}))


def agree(data, settings):
    logit, linear = (
        run(data, merged(settings, {"points": {"fit": fit} | QUICK})).validation.ranking("adjusted").auc.auc
        for fit in ("logit", "linear")
    )
    assert logit > 0.65
    assert logit == pytest.approx(linear, abs=0.002)


def test_attributes_without_effect_could_be_chance(make_leads):
    settings = merged(load_settings(DATA / "leads.toml"), {"points": QUICK})
    result = calibration.run(DATA / "leads.csv", settings)
    noise = {"Reporting", "Training", "Mobile app"}
    assert "Preferred contact day" not in make_leads.effects
    assert noise.isdisjoint(make_leads.effects["Interests"])
    found = [item for item in result.attributes if item.column == "Preferred contact day" or item.member in noise]
    assert len(found) == 4
    assert {level.evidence for item in found for level in item.levels} == {"weak"}
