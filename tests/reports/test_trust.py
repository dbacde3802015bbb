from __future__ import annotations

import math
from dataclasses import replace

import pytest

from calibrate.document.rules import Group, Score
from calibrate.proof.audit import Overlap
from calibrate.proof.shaping import Shaped
from calibrate.proof.validation import Comparison
from calibrate.settings import settings_from
from calibrate.statistics.overlap import SignFlip
from calibrate.statistics.ranking import Auc, AucDifference, ScoreCounts
from calibrate.statistics.sample_size import ModelSize, leads_to_see
from calibrate.words.language import language
from reports.page import columns_prose, trust_prose
from reports.page.trust import MOST_FLIPS, MOST_LEVELS, MOST_PAIRS, MOST_ROWS, MOST_SPANS, trust_sections
from reports.wording import results

ENGLISH = language("en")


def section(calibration, key):
    return next(item for item in trust_sections(calibration, ENGLISH) if item.key == key)


def cells(table):
    return [row for _, part in table.parts for row in part]


def scored(calibration, column, **score):
    """The calibration, its rules carrying this column."""
    rules = calibration.rules.model_copy(update={"score": Score(**score)})
    return replace(calibration, column=column, rules=rules)


def test_the_best_column_is_told_with_what_its_points_are_worth(calibration):
    found = section(calibration, "columns")
    assert found.texts[0] == (
        "To order leads, lift and cautious points do best here and equally well, adjusted worse beyond chance; where "
        "points are read as percentage points, none keeps its promise clearly best (lift 1.06, cautious 1.06, adjusted "
        "1.06); the best 40 leads hold 20 of the 78 customers by each kind."
    )
    assert found.texts[1].startswith("The lift points, which the rules carry, get the right order in ")
    # 1.06 of what they promise, see SLOPE.
    assert found.texts[2] == (
        "On the held-out leads ten lift points more went with about 11 percentage points more conversion; taken at "
        "their word they promise 10."
    )
    lift, cautious, adjusted = cells(found.tables[0])
    assert (lift[0], lift[2], lift[3]) == ("lift\n(in the rules)", "best", "1.06")
    assert cautious[2] == "0.0, may be chance\n−0.4 to 0.4"
    assert adjusted[2] == "1.2\n0.3 to 2.1"
    assert lift[5] == "20 of 78"  # the 40 leads of score 25


def with_slopes(calibration, **slopes):
    rankings = tuple(replace(item, slope=slopes[item.column]) for item in calibration.validation.rankings)
    return replace(calibration.validation, rankings=rankings)


def test_advice_weighs_ranking_promise_and_customers(calibration):
    validation = with_slopes(calibration, lift=0.43, cautious=0.5, adjusted=0.97)
    alike = tuple(replace(item, chance=True) for item in validation.comparisons)
    reached = replace(validation.rankings[2].reached, conversions=24, expected_conversions=24.0)
    rankings = (*validation.rankings[:2], replace(validation.rankings[2], reached=reached))
    said = columns_prose.advice(replace(validation, comparisons=alike, rankings=rankings), ENGLISH)
    assert said == (
        "To order leads, lift, cautious and adjusted points do equally well here, as far as these leads can tell; "
        "where points are read as percentage points, adjusted points keep their promise best (0.97 against 0.50 and "
        "0.43); the best 40 leads hold 20 by lift, 20 by cautious and 24 by adjusted of the 78 customers."
    )
    far = columns_prose.advice(with_slopes(calibration, lift=0.1, cautious=0.2, adjusted=0.6), ENGLISH)
    assert "adjusted points keep their promise best (0.60 against 0.20 and 0.10), though not closely;" in far
    assert "promise" not in columns_prose.advice(
        with_slopes(calibration, lift=None, cautious=None, adjusted=None), ENGLISH
    )


def test_with_caps_and_gates_promises_are_of_the_plain_sums(calibration):
    capped = calibration.rules.model_copy(update={"groups": {"fit": Group(label="fit", max=10)}})
    assert not section(calibration, "columns").notes[0].endswith(ENGLISH("kinds.promise_note_sums"))
    assert section(replace(calibration, rules=capped), "columns").notes[0].endswith(ENGLISH("kinds.promise_note_sums"))


def test_nothing_is_said_of_promises_that_are_not_known(calibration):
    result = replace(calibration, validation=with_slopes(calibration, lift=None, cautious=None, adjusted=None))
    found = section(result, "columns")
    assert not any("promise" in text for text in found.texts)
    assert [row[3] for row in cells(found.tables[0])] == ["", "", ""]


def test_another_best_column_is_proposed_only_beyond_chance(calibration):
    gap = AucDifference(0.012, 0.003, 0.021, 0.01)
    validation = replace(calibration.validation, best="adjusted", comparisons=(Comparison("lift", gap, chance=False),))
    said = columns_prose.best_sentence(calibration, validation, ENGLISH)
    assert said.startswith(
        "The lift points that the rules carry put 1.2 pairs of 100 fewer in order than adjusted points (95% range 0.3 "
        "to 2.1)"
    )
    assert "--points adjusted" in said
    best = replace(validation.rankings[0].auc, auc=0.8)
    rankings = (*validation.rankings[:2], replace(validation.rankings[2], auc=best))
    doubtful = replace(validation, rankings=rankings, comparisons=(Comparison("lift", gap, chance=True),))
    said = columns_prose.best_sentence(calibration, doubtful, ENGLISH)
    assert "1.2 pairs and may be chance" in said
    assert "--points" not in said


def test_no_column_ranks_better_than_a_coin(calibration):
    coin = Auc(0.52, 0.47, 0.57, 0.95, 400, 78)
    rankings = tuple(replace(item, auc=coin) for item in calibration.validation.rankings)
    validation = replace(calibration.validation, rankings=rankings)
    assert "better than chance" in columns_prose.best_sentence(calibration, validation, ENGLISH)
    assert columns_prose.advice(validation, ENGLISH) == ""
    said = results.best_column_sentence(replace(calibration, validation=validation), ENGLISH)
    assert said == (
        "Of the three kinds of points none ranks better than chance would "
        "(lift 52.0, cautious 52.0, adjusted 52.0 pairs of 100)."
    )


def test_another_column_that_ranks_alike(calibration):
    validation = replace(calibration.validation, best="cautious")
    validation = replace(
        validation, comparisons=(Comparison("lift", AucDifference(0.0, -0.01, 0.01, 1.0), chance=True),)
    )
    said = columns_prose.best_sentence(calibration, validation, ENGLISH)
    assert said.startswith("The lift points that the rules carry and the cautious points rank alike: ")


def test_log_odds_points_are_told_by_the_odds(calibration):
    ranking = replace(calibration.validation.rankings[0], column="log-odds")
    validation = replace(calibration.validation, rankings=(*calibration.validation.rankings, ranking))
    result = replace(scored(calibration, "log-odds", pdo=20), validation=validation)
    slope = ranking.slope
    assert section(result, "columns").texts[2] == (
        "20 points are meant to double the odds of becoming a customer; on the held-out leads they went with "
        f"{2**slope:.2g} times the odds."
    )


def test_finer_points_promise_less(calibration):
    said = columns_prose.worth_sentence(scored(calibration, "lift", unit=0.1), -0.5, ENGLISH)
    assert said.endswith("0.5 percentage points less conversion; taken at their word they promise 1.")


@pytest.mark.parametrize(
    ("steps", "text"),
    [
        ((0.7, 0.6995, 0.6991), "cost nothing measurable in ranking (rounding them, caps and gates)."),
        ((0.7, 0.695, 0.6978), "rounding them cost 0.5; caps and gates cost nothing measurable."),
        ((0.7, 0.706, 0.7), "rounding them cost nothing measurable; caps and gates cost 0.6."),
        ((0.7,), ""),
        ((), ""),
    ],
)
def test_what_shaping_costs(steps, text):
    names = ("unrounded", "whole points", "caps and gates")
    said = columns_prose.shaping_sentence(
        [Shaped(name, area) for name, area in zip(names, steps, strict=False)], ENGLISH
    )
    assert said.endswith(text)
    assert bool(said) == bool(text)


def test_no_columns_to_compare(calibration):
    assert section(replace(calibration, validation=None), "columns").empty


def test_what_is_counted_twice(calibration):
    found = section(calibration, "twice")
    assert found.texts == (
        "Attributes overlap: summed lift points count 1.2 times, so that in these leads ten points are worth only 8 "
        "percentage points. --points adjusted takes it out.",
        "Of 60 lift points, signs aside, 30 are left when all attributes are looked at together.",
    )
    # Yes +25 against no -3 is a span of 28, of which the fixture leaves half.
    assert found.charts[0].title == (
        "Asked for a demo loses most beside the others: 28 points from its best to its worst level alone, 14 beside "
        "them"
    )
    pairs, flips = found.tables
    assert cells(pairs)[0] == ("Asked for a demo", "Source", "0.95, almost the same")
    assert flips.parts == (("May be chance", (("Asked for a demo = yes", "+3.0", "−2.5"),)),)


def test_signs_that_surely_turn_stand_first(calibration):
    flips = [SignFlip("a", f"level {place}", 3.0, -2.5, sure=place == 11) for place in range(12)]
    found = section(replace(calibration, overlap=replace(calibration.overlap, flips=tuple(flips))), "twice").tables[1]
    (first, sure), (second, unsure) = found.parts
    assert (first, sure) == ("Beyond chance", (("a = level 11", "+3.0", "−2.5"),))
    assert (second, len(unsure)) == ("May be chance", MOST_FLIPS - 1)
    assert found.note.endswith("2 more levels are not shown.")


@pytest.mark.parametrize("column", ["adjusted", "log-odds"])
def test_overlap_is_said_to_be_out_where_it_is(calibration, column):
    said = trust_prose.overlap_sentences(scored(calibration, column), calibration.overlap, ENGLISH)[0]
    assert f"already taken out of the {column} points" in said
    assert "--points" not in said


def test_little_overlap_and_none(calibration):
    little = replace(calibration.overlap, factor=1.1, points=None, left=None)
    assert trust_prose.overlap_sentences(calibration, little, ENGLISH) == (
        "Attributes overlap little: summed lift points count 1.1 times.",
    )
    assert section(replace(calibration, overlap=Overlap(None, ())), "twice").empty


def test_finer_points_are_worth_less(calibration):
    said = trust_prose.overlap_sentences(scored(calibration, "lift", unit=0.1), calibration.overlap, ENGLISH)[0]
    assert "worth only 0.8 percentage points, not 1." in said


def test_chart_and_tables_of_overlap_are_cut_and_say_so(make):
    many = make({f"attribute {i}": [("yes", 31 + i, 200), ("no", 119 - i, 800)] for i in range(30)})
    found = section(many, "twice")
    assert found.charts[0].below == (f"The {MOST_SPANS} widest of 30 attributes.",)
    assert len(cells(found.tables[0])) == MOST_PAIRS
    assert found.tables[0].note.endswith(f"{29 - MOST_PAIRS} more pairs are not shown.")


def test_rules_that_are_not_stable_with_the_leads_they_need(calibration):
    found = section(calibration, "stable")
    assert found.charts[0].title == "Asked for a demo = yes: +17 to +33 points in 80 of 100 redrawn histories"
    # Of +25, -3, +15, -1 and -8 only -1, which moves by 2, has a range that holds 0.
    assert found.texts == (
        "For 4 of 5 rules with points the sign is sure; 4 stay within about 3 points of where they are in 80 of "
        "100 redrawn histories, which is called stable.",
    )
    assert found.notes[0].endswith(ENGLISH("trust.small_note"))
    # 8 points to 3: (8/3)^2 = 7.11 times 1,000 leads, so 6,111 more, in two digits 6,100.
    assert cells(found.tables[0]) == [("Asked for a demo = yes", "+25", "+17 to +33", "about 6,100")]


def test_where_no_points_are_below_zero_the_average_takes_the_place_of_zero(calibration):
    settings = settings_from({"points": {"negative": False}})
    # As if the level of an unknown value had 15 points: Referral, with 15, is no rule to tell of.
    moved = tuple(replace(item, unknown=15) for item in calibration.attributes)
    found = section(replace(calibration, settings=settings, attributes=moved), "stable")
    assert found.texts[0].startswith("For 6 of 6 rules away from the average it is sure on which side they are; ")
    assert len(section(replace(calibration, settings=settings), "twice").texts) == 1


def test_stability_that_is_not_known(calibration):
    assert section(replace(calibration, stability=None), "stable").empty
    unasked = replace(calibration, stability=None, settings=settings_from({"points": {"draws": 0}}))
    assert section(unasked, "stable").texts == ("Stability was not asked for (--draws).",)
    assert section(replace(calibration, column="adjusted"), "stable").texts == (
        "How stable these points are is not known: 7,000 levels are too many.",
    )


@pytest.mark.parametrize(
    ("leads", "text"), [(7, "about 7"), (99, "about 99"), (2351, "about 2,400"), (996, "about 1,000")]
)
def test_leads_are_told_in_two_digits(leads, text):
    assert ENGLISH("trust.about", leads=trust_prose.about(leads)) == text


def test_surprises_with_their_levels_and_rows(calibration):
    found = section(calibration, "surprises")
    assert found.texts[0] == "One level stands out beyond chance among the leads that went against their score."
    assert "Of the 40 best-scored held-out leads (score 25 and up) 20 were lost" in found.texts[1]
    assert "Source = Web lost more often than its score says (12 of 14 lost where 4.5 were expected)" in found.items[0]
    lost, won = cells(found.tables[0])
    assert lost[1].count("(25)") == MOST_ROWS
    assert won == ("won with a low score", "1,007 (−20)")
    assert "(−20 and below) 1 was won." in found.texts[1]
    assert found.tables[0].note.endswith("lead 100: row 101 of a file with one head row.")


def test_surprising_levels_beyond_some_are_folded(calibration):
    level = calibration.surprises.levels[0]
    many = replace(calibration.surprises, levels=(level,) * (MOST_LEVELS + 2))
    found = section(replace(calibration, surprises=many), "surprises")
    assert (len(found.items), len(found.more)) == (MOST_LEVELS, 2)
    assert found.texts[0].startswith(f"{MOST_LEVELS + 2} levels stand out")


def test_nothing_surprising_and_why_nothing_was_looked_at(calibration):
    calm = replace(calibration.surprises, levels=(), rows_high=(), rows_low=())
    found = section(replace(calibration, surprises=calm), "surprises")
    assert found.texts[0].startswith("Nothing stands out beyond chance")
    assert (found.items, found.tables) == ((), ())
    unknown = replace(calibration, surprises=None)
    assert "--lost or --mature" in section(unknown, "surprises").texts[0]
    settings = settings_from({"outcome": {"account": "Company"}})
    assert "one account" in section(replace(unknown, settings=settings), "surprises").texts[0]
    assert "too few" in section(replace(unknown, validation=None), "surprises").texts[0]
    tied = replace(calibration.validation.rankings[0], scores=ScoreCounts((0,), (400,), (78,)))
    validation = replace(calibration.validation, rankings=(tied,))
    assert "all have the same one" in section(replace(unknown, validation=validation), "surprises").texts[0]


def test_what_the_history_is_enough_for(calibration):
    first, rule = section(calibration, "enough").texts
    assert first == calibration.readiness.sentence
    # 2 + 4 + 2 levels of three attributes are 5 differences.
    assert rule.startswith("To learn 5 differences between levels all at once without pulling them towards zero")
    table = section(calibration, "enough").tables[0]
    assert table.columns[2][0] == "10% of leads\n100 here"
    five = next(row for row in cells(table) if row[0] == "5 percentage points")
    assert five == ("5 percentage points", *(f"{leads_to_see(5, 0.15, share):,}" for share in (0.02, 0.1, 0.3)))
    # A level needs 5 expected conversions to get points: 5 / .15 is 33.3 leads.
    assert cells(table)[-1] == ("25 percentage points", "34", "34", "34")
    assert "fewer than 34 leads" in table.note


def test_one_verdict_on_a_history_that_is_small(calibration):
    size = ModelSize(shrinkage=2_340, optimism=900, overall=400)
    said = trust_prose.model_sentence(size, 5, 1_000, ENGLISH)
    assert said.endswith(
        "about 2,300 leads; there are 1,000. Cautious and adjusted points are pulled, so fewer may do."
    )
    assert trust_prose.model_sentence(size, 5, 3_000, ENGLISH).endswith("there are more: 3,000.")


def test_lifts_that_no_number_of_leads_can_show(make):
    # From 80 % no level is 25 points better.
    high = make({"a": [("x", 450, 500), ("y", 350, 500)]})
    assert cells(section(high, "enough").tables[0])[-1] == ("25 percentage points", "never", "never", "never")


def test_no_rule_for_points_that_do_not_rank(calibration):
    assert len(section(replace(calibration, validation=None), "enough").texts) == 1


@pytest.mark.parametrize("column", ["lift", "cautious", "adjusted"])
def test_sections_without_differences(make, column):
    flat = make({"a": [("x", 75, 500), ("y", 75, 500)]}, strength=math.inf, column=column, surprises=None)
    tied = ScoreCounts((0,), (400,), (78,))
    rankings = tuple(replace(item, scores=tied, check=None, reached=None) for item in flat.validation.rankings)
    found = trust_sections(replace(flat, validation=replace(flat.validation, rankings=rankings)), ENGLISH)
    twice = next(item for item in found if item.key == "twice")
    assert (twice.texts, twice.charts, twice.tables) == (
        ("History shows no differences beyond chance, so there is nothing to count twice.",),
        (),
        (),
    )


def test_hostile_names_reach_no_cell_or_sentence_raw(hostile):
    for item in trust_sections(hostile, ENGLISH):
        for table in item.tables:
            assert not any("\x00" in cell or "\u202e" in cell for row in cells(table) for cell in row)
        assert not any("\x00" in text for text in (*item.texts, *item.items))


def test_scores_from_0_to_100(calibration):
    settings = settings_from({"points": {"scale": "0-100"}})
    result = replace(scored(calibration, "lift", min=0, max=100, unit=0.62), settings=settings)
    assert "they promise 6.2" in section(result, "columns").texts[2]
