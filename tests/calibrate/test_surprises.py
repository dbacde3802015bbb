from __future__ import annotations

from dataclasses import astuple
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2, hypergeom, norm
from statsmodels.stats.contingency_tables import StratifiedTable

from calibrate.errors import DataError, SettingsError
from calibrate.proof import surprises as module
from calibrate.proof.surprises import find_surprises, suggestion
from calibrate.statistics.lift import level_lift

# Agresti (1990), Categorical Data Analysis, pages 231-237: cured and died with penicillin at once, then cured and died
# with it 1.5 hours later, at five doses. R's help page of mantelhaen.test: p = 0.040 exact and two-sided (all outcomes
# that are no likelier), p = 0.020 exact and one-sided.
RABBITS = [(0, 6, 0, 5), (3, 3, 0, 6), (6, 0, 2, 4), (5, 1, 6, 0), (2, 0, 5, 0)]
# Bickel, Hammel & O'Connell (1975), Science 187:398: admitted and rejected men, then women, by department.
# R's mantelhaen.test(UCBAdmissions, correct = FALSE): chi-square 1.5246.
BERKELEY = [
    (512, 313, 89, 19),
    (353, 207, 17, 8),
    (120, 205, 202, 391),
    (138, 279, 131, 244),
    (53, 138, 94, 299),
    (22, 351, 24, 317),
]


def margins(tables):
    """Seen in all, then by stratum: leads of the level, surprising leads, leads."""
    a, b, c, d = np.array(tables).T
    return int(a.sum()), a + b, a + c, a + b + c + d


@st.composite
def strata(draw):
    """Few leads in one to four 2 x 2 tables, none with an empty margin."""
    cell = st.integers(0, 4)
    table = st.tuples(cell, cell, cell, cell).filter(
        lambda t: min(t[0] + t[1], t[2] + t[3], t[0] + t[2], t[1] + t[3]) > 0
    )
    return draw(st.lists(table, min_size=1, max_size=4))


def test_exact_test_is_the_published_one():
    seen, *given_margins = margins(RABBITS)
    law = module._law(*given_margins)
    a, b, c = given_margins
    at = seen - int(np.maximum(0, a + b - c).sum())
    assert law[at:].sum() == pytest.approx(0.020, abs=5e-4)
    assert law[law <= law[at] * (1 + 1e-7)].sum() == pytest.approx(0.040, abs=5e-4)
    above = law[at + 1 :].sum() + law[at] / 2
    assert module._p_value(seen, *given_margins) == pytest.approx(2 * above)


def test_score_test_is_the_published_one():
    assert module._p_value(*margins(BERKELEY)) == pytest.approx(chi2.sf(1.5246067, 1), abs=1e-7)


@given(strata())
def test_score_test_agrees_with_statsmodels(tables):
    larger = [np.array(table).reshape(2, 2) * 20 for table in tables]
    seen, of_level, surprising, everybody = margins([table.ravel() for table in larger])
    least, most = np.maximum(0, of_level + surprising - everybody), np.minimum(of_level, surprising)
    middle = of_level * surprising / everybody
    if min((middle - least).sum(), (most - middle).sum()) >= 5:
        other = StratifiedTable(larger).test_null_odds(correction=False).pvalue
        assert module._p_value(seen, of_level, surprising, everybody) == pytest.approx(other, rel=1e-6, abs=1e-12)


@given(strata())
def test_exact_law_is_every_way_counted(tables):
    _, of_level, surprising, everybody = margins(tables)
    laws = [hypergeom(total, n, m) for n, m, total in zip(of_level, surprising, everybody, strict=True)]
    supports = [range(int(law.support()[0]), int(law.support()[1]) + 1) for law in laws]
    counted = np.zeros(1 + sum(len(part) - 1 for part in supports))
    for way in product(*supports):
        counted[sum(way) - sum(part[0] for part in supports)] += np.prod(
            [law.pmf(seen) for law, seen in zip(laws, way, strict=True)]
        )
    assert module._law(of_level, surprising, everybody) == pytest.approx(counted, abs=1e-12)


@pytest.mark.parametrize("table", [(1, 11, 7, 41), (0, 12, 9, 79), (4, 6, 2, 88)])
def test_one_stratum_is_the_exact_test_of_a_lift(table):
    a, b, c, d = table
    other = level_lift(a, a + b, a + c, a + b + c + d).p_value
    assert module._p_value(*margins([table])) == pytest.approx(other, rel=1e-9)


def history(rng, leads, missing=0.0):
    """Scores that are the whole truth but for a hidden level, which a quarter has and which costs `missing`.

    One level is worth 25 points and so sits at the top of the best band.
    """
    attributes, total = [], np.zeros(leads, np.int64)
    for number in range(6):
        points = np.rint(rng.normal(0, 8, 4)).astype(np.int64)
        level = rng.integers(0, 4, leads)
        total += points[level]
        attributes.append((f"a{number}", level, ["p", "q", "r", "s"]))
    big = rng.choice(3, leads, p=[0.06, 0.84, 0.1])
    total += np.array([25, 0, -12])[big]
    hidden = (rng.random(leads) < 0.25).astype(np.intp)
    attributes += [("big", big, ["up", "no", "down"]), ("hidden", hidden, ["no", "yes"])]
    chances = np.clip(0.25 + total / 100, 0.01, 0.99)
    won = rng.random(leads) < np.clip(chances - missing * hidden, 0.01, 0.99)
    return total, won.astype(np.uint8), chances, attributes


@pytest.mark.parametrize("leads", [800, 4000])
def test_right_points_raise_no_more_alarms_than_they_may(leads):
    rng = np.random.default_rng(20)
    runs = 200
    alarms = sum(bool(find_surprises(*history(rng, leads)).levels) for _ in range(runs))
    # q < .05 with nothing to find is at most .05 of the runs: 10, and 2.33 standard errors (99 %).
    assert alarms <= runs * 0.05 + 2.33 * (runs * 0.05 * 0.95) ** 0.5


def test_a_level_with_many_points_is_not_blamed_for_sitting_at_the_top_of_the_band():
    """Compared with the whole band it is far too often among the won, and the other levels among the lost."""
    rng = np.random.default_rng(21)
    by_score, pooled = [], []
    for _ in range(60):
        scores, won, _, attributes = history(rng, 20_000)
        top = scores >= np.sort(scores)[-2000]
        _, level, labels = attributes[-2]
        lost = (won[top] == 0).astype(bool)
        for strata, kept in ((module._strata(scores[top]), by_score), (np.zeros(top.sum(), np.intp), pooled)):
            found = module._tables(strata, level[top], lost, len(labels)).test(0)
            kept.append(found is not None and found[1] < 0.05)
    assert sum(pooled) > 30
    assert sum(by_score) <= 3 + 2.33 * (60 * 0.05 * 0.95) ** 0.5


def test_a_level_whose_effect_the_score_lacks_is_found():
    rng = np.random.default_rng(22)
    high = low = 0
    for _ in range(40):
        lacking = find_surprises(*history(rng, 5000, missing=0.25))
        high += [(item.attribute, item.level) for item in lacking.levels if item.kind == "high"] == [("hidden", "yes")]
        better = find_surprises(*history(rng, 5000, missing=-0.15))
        low += ("low", "hidden", "yes") in [(item.kind, item.attribute, item.level) for item in better.levels]
    assert min(high, low) >= 32


def by_hand():
    """Thirty leads at 30: of ten from France nine were lost, of twenty from Spain six; 170 at 10; 100 at -5."""
    scores = np.repeat([30, 10, -5], [30, 170, 100])
    won = np.zeros(300, np.uint8)
    won[[0, *range(10, 24)]] = 1
    won[[30, 299]] = 1
    country = np.ones(300, np.intp)
    country[:10] = 0
    return scores, won, [("Country", country, ["France", "Spain"])]


def test_counts_are_those_worked_by_hand():
    scores, won, attributes = by_hand()
    found = find_surprises(scores, won, None, attributes)
    assert (found.score_from, found.high, found.high_lost) == (30, 30, 15)
    assert (found.score_to, found.low, found.low_won) == (-5, 100, 1)
    assert found.hardest_high is found.hardest_low is None
    (level,) = found.levels
    assert (level.attribute, level.level, level.kind) == ("Country", "France", "high")
    assert (level.leads, level.of, level.expected) == (9, 15, 10 * 15 / 30)
    assert (level.band_leads, level.leads_in_band, level.conversions_in_band) == (30, 10, 1)
    # Two rows are one test, so q is p. The variance is that of the hypergeometric law.
    variance = 10 * 20 * 15 * 15 / (30**2 * 29)
    assert level.p_value == level.q_value == pytest.approx(2 * norm.sf((9 - 5) / variance**0.5))


def test_suggestion_is_a_sentence():
    scores, won, attributes = by_hand()
    (level,) = find_surprises(scores, won, None, attributes).levels
    assert suggestion(level) == (
        "Among the 30 best-scored leads, Country = France lost more often than its score says (9 of 10 lost where "
        "5.0 were expected): its points may be too high, or something else about these leads is missing."
    )
    (low,) = find_surprises(-scores, 1 - won, None, attributes).levels
    assert low.kind == "low"
    assert suggestion(low) == (
        "Among the 30 worst-scored leads, Country = France won more often than its score says (9 of 10 won where "
        "5.0 were expected): its points may be too low, or something else about these leads is missing."
    )


def test_unknown_levels_and_small_ones_are_not_tested():
    scores, won, [(name, country, labels)] = by_hand()
    country[9] = -1
    assert find_surprises(scores, won, None, [(name, country, labels)]).levels == ()
    country[:30] = 0
    assert find_surprises(scores, won, None, [(name, country, labels)]).levels == ()
    country[:] = -1
    assert find_surprises(scores, won, None, [(name, country, labels)]).levels == ()


def test_hardest_are_those_with_the_largest_deviance_residual():
    rng = np.random.default_rng(23)
    scores, won, chances, attributes = history(rng, 1000)
    found = find_surprises(scores, won, chances, attributes)
    deviance = np.sqrt(-2 * np.log(np.where(won == 1, chances, 1 - chances)))
    for places, band in (
        (found.hardest_high, (scores >= found.score_from) & (won == 0)),
        (found.hardest_low, (scores <= found.score_to) & (won == 1)),
    ):
        assert len(places) == len(set(places)) == min(20, band.sum())
        assert band[list(places)].all()
        assert deviance[list(places)] == pytest.approx(np.sort(deviance[band])[::-1][: len(places)])
    assert found == find_surprises(scores, won, chances, attributes)


@given(st.lists(st.integers(-5, 5), min_size=50, max_size=90), st.sampled_from([0.1, 0.25, 0.5]))
def test_bands_never_split_a_tie_and_never_overlap(scores, share):
    found = find_surprises(scores, [0, 1] * (len(scores) // 2) + [0] * (len(scores) % 2), None, [], share)
    if len(set(scores)) == 1:
        assert found is None
        return
    assert found.score_to < found.score_from
    assert (found.high, found.low) == (
        sum(score >= found.score_from for score in scores),
        sum(score <= found.score_to for score in scores),
    )
    sizes = [sum(score >= cut for score in scores) for cut in set(scores)]
    assert abs(found.high - share * len(scores)) == pytest.approx(min(abs(n - share * len(scores)) for n in sizes))


@settings(max_examples=25)
@given(st.integers(0, 1000))
def test_order_of_leads_and_names_of_levels_do_not_matter(seed):
    rng = np.random.default_rng(seed)
    scores, won, _, attributes = history(rng, 400, missing=0.4)
    order = rng.permutation(400)
    shuffled = [(name, level[order], labels) for name, level, labels in attributes]
    turned = [(name, len(labels) - 1 - level, labels[::-1]) for name, level, labels in attributes]
    found = find_surprises(scores, won, None, attributes)
    assert found == find_surprises(scores[order], won[order], None, shuffled)
    # The two rows of a yes/no attribute have the same p-value but for the last bits.
    others = {
        (item.kind, item.attribute, item.level): item for item in find_surprises(scores, won, None, turned).levels
    }
    assert len(others) == len(found.levels)
    for item in found.levels:
        assert astuple(item)[3:] == pytest.approx(astuple(others[item.kind, item.attribute, item.level])[3:], rel=1e-9)


def test_strata_hold_close_scores_only():
    scores = np.array([25] * 30 + [26] * 8 + [27] * 9 + [28] * 8 + [31] + [45] * 3 + [60])
    strata = module._strata(scores)
    groups = [sorted(set(scores[strata == place].tolist())) for place in range(strata.max() + 1)]
    assert groups == [[25], [26, 27, 28], [31], [45], [60]]  # 25 leads from 26 to 28; a fifth of the range is 7


def test_nothing_to_say():
    assert find_surprises(np.arange(49), np.arange(49) % 2, None, []) is None
    assert find_surprises(np.zeros(80, np.int64), np.arange(80) % 2, None, []) is None
    found = find_surprises(np.arange(80), np.ones(80, np.uint8), np.full(80, 0.5), [])
    assert (found.high_lost, found.low_won, found.levels, found.hardest_high) == (0, 8, (), ())


def test_what_does_not_belong_together_is_told():
    scores, won = np.arange(60), np.arange(60) % 2
    level = np.zeros(60, np.intp)
    with pytest.raises(SettingsError, match="outer tenths"):
        find_surprises(scores, won, None, [], share=0.7)
    with pytest.raises(DataError, match="chances: found 3 beside 60"):
        find_surprises(scores, won, np.ones(3), [])
    with pytest.raises(DataError, match="chances: found nan"):
        find_surprises(scores, won, np.full(60, np.nan), [])
    with pytest.raises(DataError, match="Country: found 59 levels beside 60"):
        find_surprises(scores, won, None, [("Country", level[1:], ["France"])])
    with pytest.raises(DataError, match="expected -1"):
        find_surprises(scores, won, None, [("Country", level + 1, ["France"])])
