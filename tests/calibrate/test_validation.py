"""No lead is scored by points that it made."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from calibrate import calibration
from calibrate.calibration import run
from calibrate.leads.codes import FOLDS
from calibrate.learning.code_scores import code_scorer
from calibrate.learning.held_out import QUARTER, newest_quarter
from calibrate.settings import settings_from


def history(rows=3000, days=400, seed=1, signal=True):
    random = np.random.default_rng(seed)
    source = random.choice(["Web", "Fair", "Mail", "List"], rows)
    size = random.gamma(2, 60, rows).round()
    odds = 0.15 + signal * (0.2 * (source == "Fair") + 0.1 * (size > 150) - 0.05)
    return pd.DataFrame(
        {
            "Created": pd.Timestamp("2025-01-01") + pd.to_timedelta(np.sort(random.integers(0, days, rows)), unit="D"),
            "Source": source,
            "Size": size,
            "Region": random.choice([f"region {number}" for number in range(25)], rows),
            "Account": random.choice([f"account {number}" for number in range(400)], rows),
            "Status": np.where(random.random(rows) < odds, "Won", "Lost"),
        }
    )


def asked(date="Created", **outcome):
    given = {"column": "Status", "won": ["Won"], "date": date} | outcome
    skip = ["Account"] if "account" not in outcome else []
    return settings_from({"outcome": given, "columns": {"skip": skip}, "points": {"unit": 1.0, "draws": 0}})


def caught(frame, settings, monkeypatch):
    """The run, its trial and what it learned."""
    calls = []

    def catch(trial, *rest, **more):
        calls.append((trial, learn(trial, *rest, **more)))
        return calls[-1][1]

    learn = calibration.learn
    with monkeypatch.context() as patch:
        patch.setattr(calibration, "learn", catch)
        result = run(frame, settings)
    return result, *calls[-1]


def newest(frame):
    return frame["Created"] > frame["Created"].max() - pd.Timedelta(QUARTER, "D")


def test_out_of_time_learns_before_the_newest_quarter_and_tests_on_it(monkeypatch):
    frame = history()
    result, _, learned = caught(frame, asked(), monkeypatch)
    found, held = result.validation, newest(frame)
    assert found.kind == "out-of-time"
    assert (found.leads, found.learned_from) == (held.sum(), (~held).sum())
    assert found.conversions == (frame["Status"][held] == "Won").sum()
    assert found.first_day == str(frame["Created"][held].min().date())
    assert found.last_day == str(frame["Created"].max().date())
    (card,) = learned.cards
    assert (card.leads, card.conversions) == ((~held).sum(), (frame["Status"][~held] == "Won").sum())
    assert (learned.held.lead == np.flatnonzero(held)).all()


def test_the_outcome_of_the_newest_leads_changes_nothing_in_the_scorecard(monkeypatch):
    frame = history()
    turned = frame.copy()
    held = newest(frame)
    turned.loc[held, "Status"] = np.random.default_rng(8).permutation(frame["Status"][held].to_numpy())
    cards = [caught(table, asked(), monkeypatch)[2].cards[0] for table in (frame, turned)]
    assert cards[0].strength == cards[1].strength
    for first, second in zip(cards[0].attributes, cards[1].attributes, strict=True):
        assert first.levels.levels == second.levels.levels
        for column in ("lift", "cautious", "adjusted"):
            assert (first.cell_points(column) == second.cell_points(column)).all()


@pytest.mark.parametrize("column", ["lift", "cautious", "adjusted"])
def test_every_fold_is_scored_by_a_card_of_the_others(monkeypatch, column):
    result, trial, learned = caught(history(rows=1200), asked(date=None), monkeypatch)
    store, held = trial.store, learned.held
    assert result.validation.kind == "cross-fitted"
    assert len(learned.cards) == FOLDS
    assert sorted(held.lead) == list(range(store.leads))
    areas, pairs = [], []
    for test, card in enumerate(learned.cards):
        own = slice(held.tests[test].start, held.tests[test].stop)
        kept = held.lead[own]
        assert (store.fold[kept] == test).all()
        others = np.delete(store.won, kept)
        assert (card.leads, card.conversions) == (len(others), others.sum())
        scores = code_scorer(card, column, store, asked(date=None)).scores(store, kept)
        assert (held.scores[column][own] == scores).all()
        areas.append(roc_auc_score(store.won[kept], scores))
        pairs.append(int(store.won[kept].sum()) * int((1 - store.won[kept]).sum()))
    assert (held.won == store.won[held.lead]).all()
    assert result.validation.ranking(column).auc.auc == pytest.approx(np.average(areas, weights=pairs), abs=1e-12)


def test_leads_of_an_account_are_tested_together(monkeypatch):
    frame = history(rows=1200)
    _, _, learned = caught(frame, asked(date=None, account="Account"), monkeypatch)
    for test in range(FOLDS):
        keep = np.isin(np.arange(1200), learned.held.lead[learned.held.tests[test]])
        assert not set(frame["Account"][keep]) & set(frame["Account"][~keep])


@pytest.mark.parametrize(("late", "kind"), [(50, "out-of-time"), (49, "cross-fitted")])
def test_out_of_time_needs_fifty_conversions_in_the_newest_quarter(late, kind):
    frame = history(signal=True)
    held = np.flatnonzero(newest(frame))
    frame.loc[held, "Status"] = "Lost"
    frame.loc[held[np.linspace(0, len(held) - 1, late).astype(int)], "Status"] = "Won"
    assert run(frame, asked()).validation.kind == kind


def test_without_a_date_or_without_days_leads_are_cross_fitted():
    frame = history(rows=800)
    assert run(frame, asked(date=None)).validation.kind == "cross-fitted"
    result = run(frame.assign(Created=pd.NaT), asked())
    assert (result.validation.kind, result.first_day, result.last_day) == ("cross-fitted", None, None)


def test_permuted_outcomes_rank_like_chance():
    """Over 30 seeds the mean of the cross-fitted AUC lies within 2 standard errors of one half.

    Half the time, or a little more, the levels differ less than chance alone lets expect; then nothing is believed.
    """
    areas, believed = {"lift": [], "cautious": [], "adjusted": []}, []
    for seed in range(30):
        frame = history(rows=700, seed=100 + seed)
        frame["Status"] = np.random.default_rng(seed).permutation(frame["Status"].to_numpy())
        settings = settings_from(
            {
                "outcome": {"column": "Status", "won": ["Won"]},
                "columns": {"use": ["Source", "Size", "Region"]},
                "points": {"min_leads": 5, "min_expected": 1.0, "draws": 0},
            }
        )
        result = run(frame, settings)
        for column, found in areas.items():
            found.append(result.validation.ranking(column).auc.auc)
        believed.append(math.isfinite(result.strength))
    for found in areas.values():
        error = np.std(found, ddof=1) / math.sqrt(len(found))
        assert abs(np.mean(found) - 0.5) <= 2 * error
    assert 7 <= sum(believed) <= 20


def test_fewer_than_ten_of_a_class_are_not_tested():
    frame = history(rows=600)
    frame["Status"] = np.where(np.arange(600) % 67 == 0, "Lost", "Won")
    settings = asked()
    points = settings.points.model_copy(update={"min_expected": 0.0})
    assert run(frame, settings.model_copy(update={"points": points})).validation is None


def test_no_quarter_without_leads(monkeypatch):
    _, trial, _ = caught(history(rows=600), asked(date=None), monkeypatch)
    assert newest_quarter(trial.store) is None


def test_capacity_takes_the_best_of_the_held_out_leads():
    frame = history()
    settings = asked().model_copy(update={"report": asked().report.model_copy(update={"capacity": "10/week"})})
    result = run(frame, settings)
    span = (frame["Created"][newest(frame)].max() - frame["Created"][newest(frame)].min()).days + 1
    assert result.validation.capacity.places == int(10 * span / 7)
