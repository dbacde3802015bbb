"""What is said of the points: each sentence where it belongs, its numbers, and silence everywhere else."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibrate import doubts
from calibrate.document.rules import Score
from calibrate.leads.levels import Level
from calibrate.learning.evidence import AttributeEvidence, LevelEvidence
from calibrate.proof.audit import Overlap
from calibrate.proof.shaping import Shaped
from calibrate.proof.validation import Comparison, Ranking, Validation
from calibrate.settings import Settings, settings_from
from calibrate.statistics.overlap import Pair, SignFlip
from calibrate.statistics.ranking import Auc, AucDifference, ScoreCounts
from calibrate.words.language import language

MINUS = "\N{MINUS SIGN}"
SUMMED = ["lift", "cautious"]
CLOSE = Pair("Title", "Seniority", 0.8, same=False)
TWINS = Pair("Source", "Channel", 0.97, same=True)


def said(remarks) -> str:
    """The one sentence there is."""
    (remark,) = remarks
    assert "\n" not in remark.text
    assert remark.text.endswith(".")
    return remark.text


# overlap


@pytest.mark.parametrize("column", SUMMED)
@pytest.mark.parametrize(
    ("factor", "unit", "times", "worth"),
    [(2.0, 1, "2.0", "5"), (1.25, 1, "1.2", "8"), (1.6, 0.5, "1.6", "3.1"), (4.0, 0.1, "4.0", "0.25")],
)
def test_ten_points_are_worth_what_the_unit_says(column, factor, unit, times, worth):
    """10 / D points of `unit` percentage points each."""
    text = said(doubts.overlaps(Overlap(factor, ()), column, unit))
    assert f"count {times} times" in text
    assert f"ten points are worth only {worth} percentage points." in text
    assert float(worth) == pytest.approx(10 / factor * unit, rel=0.02)
    assert "--points adjusted" in text


@pytest.mark.parametrize("column", [*SUMMED, "adjusted", "log-odds"])
@pytest.mark.parametrize("factor", [None, 0.4, 1.0, 1.24])
@pytest.mark.parametrize("pairs", [(), (Pair("One", "Other", 0.7, same=False),)])
def test_nothing_is_said_of_little_overlap(column, factor, pairs):
    assert doubts.overlaps(Overlap(factor, pairs), column, 1) == []


@pytest.mark.parametrize("column", SUMMED)
@pytest.mark.parametrize("factor", [None, 1.1])
def test_a_close_pair_is_told_though_sums_are_right(column, factor):
    remarks = doubts.overlaps(Overlap(factor, (TWINS, CLOSE)), column, 1)
    assert said(remarks) == (
        "Source and Channel (almost the same); Title and Seniority: they go together closely. Summed points count it "
        "twice; --points adjusted takes the overlap out."
    )
    assert remarks[0].kind == "overlap"


@pytest.mark.parametrize(("column", "word"), [("adjusted", "Adjusted"), ("log-odds", "Log-odds")])
def test_points_without_overlap_say_so_of_a_close_pair(column, word):
    remarks = doubts.overlaps(Overlap(3.0, (CLOSE,)), column, 1)
    assert f"{word} points take out what they have in common." in said(remarks)
    assert remarks[0].kind == "note"
    assert "worth" not in said(remarks)


def test_three_pairs_are_named_and_the_others_counted():
    pairs = tuple(Pair(f"A{place}", f"B{place}", 0.8, same=False) for place in range(5))
    text = said(doubts.overlaps(Overlap(2.0, pairs), "lift", 1))
    assert "A2 and B2; 2 more pairs: they" in text
    assert "A3" not in text


# signs


def flip(attribute="Gender", level="female", lift=-8.42, adjusted=1.13, sure=True):
    return SignFlip(attribute, level, lift, adjusted, sure)


def told(*flips) -> str:
    return said(doubts.flips(Overlap(1.5, (), flips)))


def test_a_sure_flip_is_told():
    assert told(flip()) == (
        f"Gender = female ({MINUS}8.4 alone, +1.1 beside the others) turns its sign when all attributes are looked at "
        "together: the lift, in percentage points, goes with another attribute."
    )


def test_only_sure_flips_are_told():
    assert doubts.flips(Overlap(1.5, ())) == []
    assert doubts.flips(Overlap(1.5, (), (flip(sure=False),))) == []
    text = told(flip(sure=False), flip(level="male", lift=5.7, adjusted=-0.7), flip("Other", sure=False))
    assert "male (+5.7 alone" in text
    assert "female" not in text
    assert "Other" not in text


def test_several_flips_and_more_than_are_named():
    assert "male (" in told(flip(), flip(level="male"))
    assert "turn their sign" in told(flip(), flip(level="male"))
    text = told(*(flip(level=f"level {place}") for place in range(5)))
    assert "and 2 more turn their sign" in text
    assert "level 3" not in text


@pytest.mark.parametrize("name", ["pre-sale", "-Select-", "under -5", "2024-01", "e-mail - cold", "-", "−"])
def test_minus_signs_are_for_numbers_and_hyphens_of_names_stay(name):
    text = told(flip(attribute=f"Lead-{name}", level=name))
    assert f"Lead-{name} = {name} ({MINUS}8.4 alone" in text


@given(st.floats(-99, 99), st.floats(-99, 99))
def test_numbers_of_a_flip_have_a_sign_and_no_hyphen(lift, adjusted):
    numbers = re.findall(r"\((.+?) alone, (.+?) beside", told(flip("A", "b", lift, adjusted)))[0]
    for number, value in zip(numbers, (lift, adjusted), strict=True):
        assert number[0] in f"+{MINUS}"
        assert float(number.replace(MINUS, "-")) == pytest.approx(value, abs=0.0501)


# shaping and scale


def test_costs_of_half_a_pair_and_more_are_told_in_order():
    steps = (
        Shaped("unrounded", 0.75),
        Shaped("whole points", 0.742),
        Shaped("no points below 0", 0.7418),
        Shaped("caps and gates", 0.70),
    )
    remarks = doubts.costs(steps)
    assert said(remarks) == "Of 100 won-lost pairs this many lose their order: by rounding 0.8, by caps and gates 4.2."
    assert remarks[0].kind == "note"
    assert said(doubts.costs((*steps[1:3], Shaped("caps and gates", 0.73)))).endswith("by caps and gates 1.2.")


@pytest.mark.parametrize("aucs", [(), (0.7,), (0.7, 0.7), (0.7, 0.6951), (0.7, 0.72), (0.7, 0.6960, 0.6920)])
def test_small_costs_and_gains_are_not_told(aucs):
    changes = ("unrounded", "whole points", "caps and gates")
    assert doubts.costs([Shaped(change, auc) for change, auc in zip(changes, aucs, strict=False)]) == []


@pytest.mark.parametrize(
    ("score", "each"),
    [
        (Score(min=0, max=100, unit=0.25), "one point is worth 0.25 percentage points"),
        (Score(min=0, max=100, unit=1, pdo=7.5), "7.5 points double the odds"),
    ],
)
def test_what_a_point_from_0_to_100_is_worth(score, each):
    asked = settings_from({"points": {"scale": "0-100"}})
    assert said(doubts.scale(asked, score)).endswith(f"no attribute goes below 0: {each}.")
    assert doubts.scale(Settings(), score) == []


def test_that_there_is_nothing_to_learn():
    assert "no differences beyond chance" in said(doubts.nothing(math.inf))
    assert doubts.nothing(1.0) == doubts.nothing(1e9) == []


# a better column

COUNTS = ScoreCounts.from_counts([1, 2], [50, 50], [10, 20])


def ranked(best="adjusted", *, difference=0.03, chance=False, low=0.6) -> Validation:
    """Validation with the best column that much ahead of all others."""
    columns = ("lift", "cautious", "adjusted")
    area = Auc(0.7, low, 0.8, 0.95, 100, 30)
    gap = AucDifference(difference, 0.0, 2 * difference, 0.5 if chance else 0.0)
    return Validation(
        kind="out-of-time",
        leads=100,
        conversions=30,
        learned_from=200,
        first_day=None,
        last_day=None,
        rankings=tuple(Ranking(column, COUNTS, area) for column in columns),
        bands=(),
        best=best,
        comparisons=tuple(Comparison(column, gap, chance) for column in columns if column != best),
    )


def test_a_better_column_is_told_with_its_lead():
    text = said(doubts.better_column(ranked(), Settings(), "lift"))
    assert text.startswith("On held-out leads the adjusted points rank better than the lift points: 3.0 more won-lost")
    assert "beyond chance" in text
    assert text.endswith("Use them with --points adjusted.")


@pytest.mark.parametrize(
    ("validation", "column"),
    [
        (None, "lift"),
        (ranked(), "adjusted"),
        (ranked(chance=True), "lift"),
        (ranked(difference=0.0019), "lift"),
        (ranked(low=0.49), "lift"),
        (replace(ranked(), rankings=tuple(Ranking(c, COUNTS, None) for c in ("lift", "adjusted"))), "lift"),
    ],
)
def test_no_better_column_is_told_where_none_is_for_sure(validation, column):
    assert doubts.better_column(validation, Settings(), column) == []


def test_what_was_taken_as_best_is_told():
    asked = settings_from({"points": {"column": "best"}})
    known = doubts.better_column(ranked(chance=True), asked, "adjusted")
    assert said(known) == "Best of the point columns on held-out leads: adjusted. The rules carry it."
    for unknown in (ranked(low=0.5), replace(ranked(), rankings=(Ranking("adjusted", COUNTS, None),))):
        assert "the rules carry the cautious ones" in said(doubts.better_column(unknown, asked, "cautious"))


# chance


def attribute(*words) -> AttributeEvidence:
    """An attribute whose levels have these words of evidence."""
    level = LevelEvidence(
        Level("value", "a", ("a",)), 100, 20, 0.2, 0.1, 0.3, 0.0, -5.0, 5.0, 1.0, 0.8, 1.2, 0.9, 0.9, "weak", 0, 0, 0, 0
    )
    levels = tuple(replace(level, evidence=word) for word in words)
    return AttributeEvidence("Source", "Source", "category", "fit", levels)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("weak", "strong"), "1 of 2 levels could be chance; it is marked weak, and keeps its points."),
        (("weak", "weak", "some"), "2 of 3 levels could be chance; they are marked weak, and keep their points."),
        (("weak", "weak", "too few"), "2 of 2 levels could be chance; they are marked weak, and keep their points."),
    ],
)
def test_how_many_levels_are_weak(words, text):
    assert said(doubts.chance([attribute(*words)])) == text
    assert said(doubts.chance([attribute(*words[:1]), attribute(*words[1:])])) == text


@pytest.mark.parametrize("words", [(), ("strong", "some"), ("too few", "too few")])
def test_no_level_is_weak(words):
    assert doubts.chance([attribute(*words)] if words else []) == []


@pytest.mark.parametrize(
    ("names", "text"),
    [
        (["a"], "a"),
        (["a", "b"], "a and b"),
        (["a", "b", "c"], "a, b and c"),
        (["a", "b", "c", "d"], "a, b, c and 1 more"),
        (list("abcdefg"), "a, b, c and 4 more"),
    ],
)
def test_names_are_listed_as_people_do(names, text):
    assert language("en").listed(names) == text
