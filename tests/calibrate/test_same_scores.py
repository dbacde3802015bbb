"""The rules of a run give its own leads the scores that the run counted, whatever shape the points have."""

from __future__ import annotations

from collections import Counter
from itertools import product

import numpy as np
import pandas as pd
import pytest

import calibrate as cal
from calibrate.calibration import Calibration
from calibrate.document.rules import Rule
from calibrate.settings import settings_from

LEADS = 1600
COLUMNS = ["lift", "cautious", "adjusted", "log-odds"]
SHAPES = list(product(COLUMNS, ["points", "0-100"], [True, False]))
BOUND = {
    "groups": {"fit": {"max": 12, "min": -6}, "engagement": {"max": 20}},
    "gates": [
        {"id": "rival", "attr": "Source", "in": ["Rival", "Press"], "score": 3},
        {"id": "partner", "attr": "Partner", "in": ["true"], "score": 77, "band": "partner"},
    ],
}


def history() -> pd.DataFrame:
    """Every kind of attribute with gaps, a column that only a gate reads, and leads that are still open."""
    random = np.random.default_rng(11)
    source = random.choice(["Web", "Fair", "Mail", "List", "Rival", "rare"], LEADS, p=[0.3, 0.25, 0.2, 0.14, 0.1, 0.01])
    size = random.gamma(2, 60, LEADS).round()
    demo = random.random(LEADS) < np.where(source == "Fair", 0.4, 0.1)
    tags = random.choice(["News", "Fair;News", "Demo", "Demo;News;", ""], LEADS)
    odds = -1.6 + 0.9 * (source == "Fair") - 0.7 * (source == "List") + demo + 0.004 * size - 0.4 * (tags == "Demo")
    frame = pd.DataFrame(
        {
            "Source": np.where(random.random(LEADS) < 0.1, None, source),
            "Size": np.where(random.random(LEADS) < 0.15, np.nan, size),
            "Demo visits": np.where(random.random(LEADS) < 0.05, None, demo),
            "Interests": tags,
            "Partner": random.random(LEADS) < 0.03,
            "Status": np.where(random.random(LEADS) < 1 / (1 + np.exp(-odds)), "Won", "Lost"),
        }
    )
    frame.loc[random.random(LEADS) < 0.1, "Status"] = "Open"
    return frame


FRAME = history()
COUNTED = FRAME[FRAME["Status"] != "Open"]


def learned(column, scale, negative, bound) -> Calibration:
    tables = {
        "outcome": {"column": "Status", "won": ["Won"], "lost": ["Lost"]},
        "columns": {"skip": ["Partner"]},
        "points": {"column": column, "scale": scale, "negative": negative, "draws": 0},
    }
    return cal.calibrate(FRAME, settings=settings_from(tables | (BOUND if bound else {})))


@pytest.fixture(scope="module")
def run_of():
    """A run of each shape, made when it is first asked for."""
    known: dict[tuple[str, str, bool, bool], Calibration] = {}

    def found(*shape) -> Calibration:
        if shape not in known:
            known[shape] = learned(*shape)
        return known[shape]

    return found


def every_points(rule: Rule) -> list[int]:
    return [rule.otherwise, rule.missing, *(case.points for case in rule.cases)]


def within(scores, ends) -> bool:
    low, high = ends.min, ends.max
    return all((low is None or low <= score) and (high is None or score <= high) for score in scores)


@pytest.mark.parametrize("bound", [False, True], ids=["free", "bound"])
@pytest.mark.parametrize(("column", "scale", "negative"), SHAPES)
def test_scores_of_the_counted_leads_are_the_reference(run_of, column, scale, negative, bound):
    result = run_of(column, scale, negative, bound)
    rules, scores = result.rules, cal.score_table(result.rules, COUNTED)["score"].tolist()
    assert rules.reference.leads == len(COUNTED) == result.overall.leads
    assert Counter(scores) == dict(zip(rules.reference.scores, rules.reference.counts, strict=True))
    assert len(rules.reference.scores) > 5
    lead = COUNTED.iloc[:20].to_dict("records")
    assert [cal.score_lead(rules, item).score for item in lead] == scores[:20]


@pytest.mark.parametrize("bound", [False, True], ids=["free", "bound"])
@pytest.mark.parametrize(("column", "scale", "negative"), SHAPES)
def test_scores_stay_on_their_scale(run_of, column, scale, negative, bound):
    """Those of all leads, of the open ones and of leads held out, whose points come from other leads."""
    result = run_of(column, scale, negative, bound)
    ends = result.rules.score
    assert (ends.min, ends.max) == ((0, 100) if scale == "0-100" else (None, None))
    assert within(cal.score_table(result.rules, FRAME)["score"], ends)
    assert within((lead.score for lead in result.rules.tests), ends)
    held = result.validation.bands
    assert within([end for band in held for end in (band.score_from, band.score_to)], ends)
    assert sum(band.leads for band in held) == result.validation.leads
    for ranking in result.validation.rankings:
        assert within(ranking.scores.scores, ends)


@pytest.mark.parametrize("negative", [True, False])
@pytest.mark.parametrize("column", COLUMNS)
def test_from_0_to_100_the_best_of_every_rule_come_to_at_most_100(run_of, column, negative):
    rules = run_of(column, "0-100", negative, False).rules
    best = sum(max(every_points(rule)) for rule in rules.rules)
    # One point more in each rule would be too much: the scale is used.
    assert 100 - len(rules.rules) <= rules.score.base + best <= 100
    assert all(min(every_points(rule)) == 0 for rule in rules.rules)


@pytest.mark.parametrize("bound", [False, True], ids=["free", "bound"])
@pytest.mark.parametrize("column", COLUMNS)
def test_from_0_to_100_there_are_no_points_below_0_to_leave_out(run_of, column, bound):
    with_, without = (run_of(column, "0-100", negative, bound).rules for negative in (True, False))
    assert with_.rules == without.rules
    assert with_.reference == without.reference


@pytest.mark.parametrize("bound", [False, True], ids=["free", "bound"])
@pytest.mark.parametrize("column", COLUMNS)
def test_starting_at_0_moves_every_lead_alike(run_of, column, bound):
    """Rules that start at 0 order leads as before: caps move with their points, and only a gate stays where it is."""
    signed, positive = (run_of(column, "points", negative, bound).rules for negative in (True, False))
    assert all(min(every_points(rule)) == 0 for rule in positive.rules)
    lifted = sum(-min(0, *every_points(rule)) for rule in signed.rules)
    before, after = (cal.score_table(rules, COUNTED) for rules in (signed, positive))
    gated = COUNTED["Source"].isin(["Rival", "Press"]) | COUNTED["Partner"] if bound else COUNTED["Partner"] & False
    assert (after["score"] - before["score"] == np.where(gated, 0, lifted)).all()


@pytest.mark.parametrize(("column", "scale", "negative"), SHAPES)
def test_gates_decide_and_caps_hold(run_of, column, scale, negative):
    rules = run_of(column, scale, negative, True).rules
    scored = cal.score_table(rules, COUNTED)
    rival = COUNTED["Source"].isin(["Rival", "Press"])
    assert (scored["score"][rival] == 3).all()
    assert (scored["score"][COUNTED["Partner"] & ~rival] == 77).all()
    assert (scored["band"][COUNTED["Partner"] & ~rival] == "partner").all()
    most = rules.score.base + sum(
        group.max
        if group.max is not None
        else sum(max(every_points(rule)) for rule in rules.rules if rule.group == name)
        for name, group in rules.groups.items()
    )
    free = ~rival & ~COUNTED["Partner"]
    assert scored["score"][free].max() <= most


def test_percentiles_are_the_mid_ranks_of_the_scores(run_of):
    scored = cal.score_table(run_of("adjusted", "points", True, False).rules, COUNTED)
    ranks = scored["score"].rank(method="average") - 0.5
    assert scored["percentile"].to_numpy() == pytest.approx((100 * ranks / len(COUNTED)).to_numpy())
