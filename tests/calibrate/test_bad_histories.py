"""Bad and extreme histories from the front: what a run makes of them, and what it says of those it cannot use."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

import calibrate as cal
from calibrate.calibration import Calibration
from calibrate.learning.learned import MOST_BESIDE
from calibrate.settings import settings_from
from calibrate.words.language import language
from reports.page.trust_prose import overlap_sentences

TOLD = "History shows no differences beyond chance"


def learned(frame, *, force=False, outcome=None, allow=(), **points) -> Calibration:
    tables = {
        "outcome": {"column": "Won"} | (outcome or {}),
        "columns": {"allow": list(allow)},
        "points": {"draws": 0} | points,
    }
    return cal.calibrate(frame, settings=settings_from(tables), force=force)


def plain(rows=2000, base=0.15, seed=5) -> pd.DataFrame:
    """Two attributes that matter: source b converts twice as often, size l half as often again."""
    random = np.random.default_rng(seed)
    source, size = random.choice(list("abcd"), rows), random.choice(["s", "m", "l"], rows)
    rate = base * np.where(source == "b", 2, 1) * np.where(size == "l", 1.5, 1)
    return pd.DataFrame({"Source": source, "Size": size, "Won": random.random(rows) < rate})


def said(result, kind=None) -> str:
    return "\n".join(remark.text for remark in result.remarks if kind in (None, remark.kind))


def reasons(result) -> dict[str, str]:
    return {item.column: item.reason for item in result.left_out}


def levels(result, name) -> dict:
    (item,) = (item for item in result.attributes if item.name == name)
    return {level.level.label: level for level in item.levels}


def every_level(result) -> list:
    return [level for item in result.attributes for level in item.levels]


def refused(frame, **more) -> str:
    with pytest.raises(cal.DataError) as caught:
        learned(frame, **more)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# separation


def separated() -> pd.DataFrame:
    frame = plain()
    frame["Won"] = (frame["Won"] | (frame["Source"] == "a")) & (frame["Source"] != "c")
    return frame


@pytest.mark.parametrize(
    ("column", "fit"),
    [("lift", "logit"), ("cautious", "linear"), ("adjusted", "logit"), ("adjusted", "linear"), ("log-odds", "logit")],
)
def test_levels_where_all_or_none_convert_have_finite_points_in_order(column, fit):
    result = learned(separated(), allow=["Source"], column=column, fit=fit)
    source = levels(result, "Source")
    assert source["a"].rate == 1
    assert source["c"].rate == 0
    points = {label: level.points for label, level in source.items()}
    assert sorted(points, key=points.get) == ["c", "d", "b", "a"]
    for level in every_level(result):
        numbers = (level.lift_low, level.lift_high, level.support_low, level.support_high, level.woe)
        assert all(map(math.isfinite, (*numbers, level.adjusted_lift)))
        assert abs(level.adjusted_lift) <= 100
    assert result.validation.ranking(column).auc.auc > 0.85
    assert "was known before the deal closed" in said(result, "leak")


def test_such_levels_are_a_leak_until_they_are_allowed():
    result = learned(separated())
    assert [item.name for item in result.attributes] == ["Size"]
    assert reasons(result)["Source"].startswith("tells the outcome almost by itself")


def test_an_attribute_that_is_the_outcome_itself():
    frame = plain().assign(Copy=lambda leads: np.where(leads["Won"], "yes it was", "no"))
    for column in ("adjusted", "log-odds"):
        result = learned(frame, allow=["Copy"], column=column)
        assert result.validation.ranking(column).auc.auc == 1
        assert all(math.isfinite(level.adjusted_lift) for level in every_level(result))


# attributes that say the same, or nothing


def test_an_alias_is_left_out_and_shares_its_points_when_it_is_brought_back():
    frame = plain()
    frame.insert(1, "Code", frame["Source"].str.upper() * 2)
    alone = learned(frame, column="adjusted")
    assert reasons(alone)["Code"] == "the same as Source: each value of one goes with one value of the other"
    both = learned(frame, allow=["Code"], column="adjusted")
    whole, first, second = levels(alone, "Source"), levels(both, "Source"), levels(both, "Code")
    for label, level in whole.items():
        one, other = first[label], second[label.upper() * 2]
        assert one.points_lift == other.points_lift == level.points_lift
        assert one.points_adjusted == other.points_adjusted
        assert one.adjusted_lift == pytest.approx(other.adjusted_lift, abs=0.01)
        assert one.adjusted_lift + other.adjusted_lift == pytest.approx(level.adjusted_lift, abs=1)
    assert both.overlap.factor > 1.5
    assert [{pair.first, pair.second} for pair in both.overlap.pairs if pair.same] == [{"Source", "Code"}]
    assert "(almost the same): they go together closely. Adjusted points take out" in said(both)
    assert "ten points are worth only" in said(learned(frame, allow=["Code"]), "overlap")


@pytest.mark.parametrize("fit", ["logit", "linear"])
def test_one_attribute_alone_has_nothing_to_overlap_with(fit):
    result = learned(plain()[["Source", "Won"]], column="adjusted", fit=fit)
    for level in every_level(result):
        believed = level.leads / (level.leads + result.strength)
        assert level.adjusted_lift == pytest.approx(level.lift * believed, abs=0.6)
        assert abs(level.points_adjusted - level.points_cautious) <= 1
    assert result.overlap.factor == pytest.approx(1)
    assert (result.overlap.pairs, result.overlap.flips) == ((), ())
    assert overlap_sentences(result, result.overlap, language("en")) == ("Nothing: there is only one attribute.",)
    assert said(result, "overlap") == ""


def one_level(rows=5000) -> pd.DataFrame:
    """A number that makes no difference, so no cut of it is beyond chance."""
    random = np.random.default_rng(1)
    return pd.DataFrame({"Number": random.integers(0, 100, rows), "Won": random.random(rows) < 0.3})


def test_one_level_is_left_out_with_its_reason():
    beside = one_level().assign(Source=lambda leads: np.where(leads["Won"] ^ (np.arange(5000) % 3 == 0), "a", "b"))
    result = learned(beside)
    assert [item.name for item in result.attributes] == ["Source"]
    assert reasons(result)["Number"] == "one level holds every lead: no difference between its values is beyond chance"
    constant = learned(plain().assign(Country="NL"))
    assert reasons(constant)["Country"] == "the same in every lead (NL)"


def test_one_level_alone_is_nothing_to_learn_from():
    text = refused(one_level())
    assert text.startswith("table: nothing tells leads apart; 'Number': one level holds every lead")
    assert "expected two levels or more" in text
    assert "no column can be an attribute" in refused(plain()[["Won"]].assign(Country="NL"))


def test_values_of_which_none_has_enough_leads():
    frame = plain()[["Won"]].assign(Name=[f"name {place // 10}" for place in range(2000)])
    assert "no value of any attribute has enough leads, expected 30 leads" in refused(frame)
    beside = learned(frame.assign(Source=plain()["Source"]))
    assert reasons(beside)["Name"] == "no value has enough leads to say anything"


# nothing but chance


def no_difference() -> pd.DataFrame:
    """Every fifth lead of each level is won: less different than luck would have it."""
    frame = plain()[["Source", "Size"]].sort_values(["Source", "Size"])
    return frame.assign(Won=np.arange(len(frame)) % 5 == 0)


@pytest.mark.parametrize("column", ["lift", "cautious", "adjusted", "best"])
def test_noise_gets_no_points_but_lift(column):
    result = learned(no_difference(), column=column)
    assert math.isinf(result.strength)
    assert TOLD in said(result, "few")
    assert {level.points_cautious for level in every_level(result)} == {0}
    assert {level.points_adjusted for level in every_level(result)} == {0}
    assert result.column == ("cautious" if column == "best" else column)
    if column == "best":
        assert "the rules carry the cautious ones" in said(result)
    if column != "lift":
        assert result.rules.reference.scores == (0,)


def test_of_random_histories_the_infinite_ones_carry_nothing():
    """Without a signal about half of the histories differ less than luck would have it; the others win nothing."""
    infinite = 0
    for seed in range(12):
        random = np.random.default_rng(seed)
        frame = pd.DataFrame({"A": random.choice(list("abc"), 1500), "B": random.choice(list("xyz"), 1500)})
        result = learned(frame.assign(Won=random.random(1500) < 0.2), column="best")
        known = result.validation.ranking(result.validation.best).auc.low > 0.5
        assert result.column == (result.validation.best if known else "cautious")
        assert math.isinf(result.strength) == (TOLD in said(result))
        assert max(abs(level.points_cautious) for level in every_level(result)) <= 4
        infinite += math.isinf(result.strength)
    assert 2 <= infinite <= 10


# base rates


def rare(rows, base) -> pd.DataFrame:
    """Three attributes whose levels convert at 0.5 to 1.5 times the base rate."""
    random = np.random.default_rng(9)
    codes = {name: random.integers(0, 5, rows) for name in ("Source", "Size", "Role")}
    rate = base * np.prod([0.5 + 0.25 * code for code in codes.values()], axis=0)
    frame = pd.DataFrame({name: np.array(list("abcde"))[code] for name, code in codes.items()})
    return frame.assign(Won=random.random(rows) < rate)


@pytest.mark.parametrize(("rows", "base"), [(40_000, 0.02), (300_000, 0.002)])
def test_a_low_base_rate_gets_finer_points(rows, base):
    """At 2 % and 0.2 % won whole percentage points would tie most leads."""
    frame = rare(rows, base)
    result = learned(frame, column="adjusted")
    assert result.rules.score.unit < 1
    assert f"One point is worth {result.rules.score.unit:g} percentage points here" in said(result)
    whole = learned(frame, column="adjusted", unit=1.0)
    assert result.validation.ranking("adjusted").auc.auc > whole.validation.ranking("adjusted").auc.auc + 0.005
    source = levels(result, "Source")
    assert source["e"].points == max(level.points_adjusted for level in source.values()) > 0
    assert source["a"].points == min(level.points_adjusted for level in source.values()) < 0
    for level in every_level(result):
        assert level.points_adjusted == pytest.approx(level.adjusted_lift / result.rules.score.unit, abs=0.51)


def test_a_rate_of_98_percent_is_that_of_2_percent_turned_round():
    frame = rare(40_000, 0.02)
    low, high = learned(frame, column="adjusted"), learned(frame.assign(Won=~frame["Won"]), column="adjusted")
    assert high.overall.rate == pytest.approx(1 - low.overall.rate)
    assert high.rules.score.unit == low.rules.score.unit < 1
    for name in ("Source", "Size", "Role"):
        for label, level in levels(low, name).items():
            other = levels(high, name)[label]
            assert (other.points_lift, other.points_cautious) == (-level.points_lift, -level.points_cautious)
            assert other.adjusted_lift == pytest.approx(-level.adjusted_lift, abs=1e-6)
    assert high.validation.ranking("adjusted").auc.auc == pytest.approx(low.validation.ranking("adjusted").auc.auc)


# many levels


def test_five_thousand_levels():
    random = np.random.default_rng(3)
    rows = 200_000
    town = random.integers(0, 5000, rows)
    truth = np.clip(0.2 + 0.1 * random.standard_normal(5000), 0.01, 0.9)
    frame = pd.DataFrame({"Town": np.char.add("town ", town.astype(str)), "Source": random.choice(list("ab"), rows)})
    frame["Won"] = random.random(rows) < truth[town]
    result = learned(frame, min_leads=1, min_expected=0.0, column="cautious")
    found = levels(result, "Town")
    assert len(found) == 5000
    assert sum(level.leads for level in found.values()) == rows
    points = np.array([found[f"town {place}"].points for place in range(5000)])
    # 40 leads a town: what is believed, strength s, is 40 / (40 + s) of a lift whose spread is 10 points.
    assert np.corrcoef(points, truth)[0, 1] > 0.8
    assert np.abs(points - 100 * (truth - 0.2)).mean() < 5
    assert result.validation.ranking("adjusted").auc.low > 0.6


def test_too_many_levels_beside_the_widest():
    random = np.random.default_rng(2)
    count = MOST_BESIDE + 50
    frame = pd.DataFrame({name: random.permutation([f"{name} {place}" for place in range(count)] * 2) for name in "AB"})
    frame["Won"] = random.random(2 * count) < 0.2
    few = {"min_leads": 1, "min_expected": 0.0}
    result = learned(frame, **few)
    assert [len(item.levels) for item in result.attributes] == [count, count]
    assert f"A and B have {count:,} and {count:,} levels" in said(result, "note")
    assert "too many to look at together, so there are no adjusted points" in said(result, "note")
    assert {level.points_adjusted for level in every_level(result)} == {None}
    assert [item.column for item in result.validation.rankings] == ["lift", "cautious"]
    assert result.overlap.points is None
    for column in ("adjusted", "log-odds"):
        text = refused(frame, column=column, **few)
        assert f"{column} points look at all pairs of levels; A and B have {count:,} and {count:,} levels" in text
        assert f"expected at most {MOST_BESIDE:,} beside those of the widest attribute" in text
        assert text.endswith("Raise --min-leads, or --skip a column")
    # The widest may be as wide as it likes.
    assert learned(frame.assign(B=plain(2 * count)["Source"]), **few).overlap.points is not None


# few conversions


def test_fewer_than_a_hundred_conversions():
    frame = plain(600, 0.08)
    won = int(frame["Won"].sum())
    assert 30 <= won < 100
    assert f"takes 100 conversions; found {won}. Take --points cautious, or a draft with --force" in refused(
        frame, column="adjusted"
    )
    draft = learned(frame, column="adjusted", force=True)
    assert draft.column == "adjusted"
    assert all(level.points == level.points_adjusted for level in every_level(draft))
    assert f"Only {won} won leads" in said(draft, "few")
    best = learned(frame, column="best")
    assert [item.column for item in best.validation.rankings] == ["lift", "cautious"]
    assert {level.points_adjusted for level in every_level(best)} == {None}


def test_few_conversions_prefer_the_cautious_points_unless_the_rules_carry_them():
    frame = no_difference().assign(Won=np.arange(2000) % 40 == 0)
    assert "Prefer the cautious points" in said(learned(frame), "few")
    for column in ("cautious", "best"):
        result = learned(frame, column=column)
        assert result.column == "cautious"
        assert "Prefer" not in said(result, "few")


def test_fewer_than_thirty_conversions():
    frame = plain(200, 0.08)
    won = int(frame["Won"].sum())
    assert won < 30
    assert f"only {won} of 200 counted leads were won; expected at least 30" in refused(frame)
    assert learned(frame, force=True, column="best").column in ("lift", "cautious")


# accounts


@pytest.mark.parametrize("draws", [0, 100])
@pytest.mark.parametrize("column", ["lift", "adjusted", "best"])
@pytest.mark.parametrize("accounts", ["one for all", "won in one and lost in the other"])
def test_accounts_that_cannot_be_held_back(accounts, column, draws):
    """Every test has to keep accounts whole: there is none, and no history to redraw."""
    frame = plain()
    frame["Firm"] = "one" if accounts == "one for all" else np.where(frame["Won"], "winner", "loser")
    result = learned(frame, outcome={"account": "Firm"}, column=column, draws=draws)
    assert result.validation is None
    assert result.shaping == ()
    assert result.surprises is None
    assert result.stability is None
    assert result.column == ("cautious" if column == "best" else column)
    assert "so few values no history is redrawn" in said(result)
    plainly = learned(frame.drop(columns="Firm"), column=column)
    assert [level.points_lift for level in every_level(result)] == [
        level.points_lift for item in result.attributes for level in levels(plainly, item.name).values()
    ]


def test_accounts_of_five_leads():
    frame = plain().assign(Firm=[f"firm {place // 5}" for place in range(2000)])
    result = learned(frame, outcome={"account": "Firm"}, draws=100)
    assert "Firm has 5.0 leads to a value on average" in said(result)
    assert "only the test and the redrawn histories keep accounts whole" in said(result)
    assert result.surprises is None
    assert result.stability is not None
    assert result.validation.kind == "cross-fitted"
    single = learned(frame.assign(Firm=[f"firm {place}" for place in range(2000)]), outcome={"account": "Firm"})
    assert single.surprises is not None
    assert "leads to a value" not in said(single)


# columns that recur


@pytest.mark.parametrize("people", [2, 5])
def test_a_round_robin_is_learned_like_a_shuffled_file(people):
    """Parts of many leads are looked at: every second lead, or every fifth, must not be all of one owner."""
    random = np.random.default_rng(people)
    rows = 250_000
    owner = np.arange(rows) % people
    fair = random.random(rows) < 0.2 + 0.4 * (owner == 0)
    frame = pd.DataFrame({"Owner": np.array(list("ABCDE"))[owner], "Source": np.where(fair, "Fair", "Web")})
    frame["Won"] = random.random(rows) < 0.1 + 0.08 * fair + 0.03 * (owner == 1)
    shuffled = frame.iloc[random.permutation(rows)].reset_index(drop=True)
    turns, mixed = (learned(each, column="adjusted") for each in (frame, shuffled))
    for name in ("Owner", "Source"):
        for label, level in levels(turns, name).items():
            other = levels(mixed, name)[label]
            assert level.points_lift == other.points_lift
            assert level.adjusted_lift == pytest.approx(other.adjusted_lift, abs=0.2)
    assert turns.overlap.factor == pytest.approx(mixed.overlap.factor, abs=0.02)
    assert turns.validation.ranking("adjusted").auc.auc == pytest.approx(
        mixed.validation.ranking("adjusted").auc.auc, abs=0.01
    )
