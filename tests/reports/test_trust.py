from __future__ import annotations

import math
from dataclasses import replace

import pytest

from calibrate.document.rules import Score
from calibrate.proof.audit import Overlap
from calibrate.proof.shaping import Shaped
from calibrate.proof.validation import Comparison
from calibrate.settings import settings_from
from calibrate.statistics.ranking import Auc, AucDifference, ScoreCounts
from calibrate.statistics.sample_size import leads_to_see
from reports import trust_prose, words
from reports.trust import MOST_LEVELS, MOST_PAIRS, MOST_ROWS, MOST_SPANS, trust_sections


def section(calibration, key):
    return next(item for item in trust_sections(calibration) if item.key == key)


def cells(table):
    return [row for _, part in table.parts for row in part]


def scored(calibration, column, **score):
    """The calibration, its rules carrying this column."""
    rules = calibration.rules.model_copy(update={"score": Score(**score)})
    return replace(calibration, column=column, rules=rules)


def test_the_best_column_is_told_with_what_its_points_are_worth(calibration):
    found = section(calibration, "columns")
    assert found.texts[0].startswith("The lift points, which the rules carry, rank held-out leads best:")
    assert found.texts[0].endswith("pairs; adjusted points are behind beyond chance.")
    # Least squares by hand: sum of (score - 2.5) x won is 875, of 40 x (score - 2.5)^2 is 82,500: 0.0106 a point.
    assert found.texts[1] == (
        "On the held-out leads ten lift points more went with about 11 percentage points more conversion; taken at "
        "their word they promise 10."
    )
    lift, cautious, adjusted = cells(found.tables[0])
    assert (lift[0], lift[2]) == ("lift\n(in the rules)", "best")
    assert cautious[2] == "0.0, may be chance\n−0.4 to 0.4"
    assert adjusted[2] == "1.2\n0.3 to 2.1"
    assert lift[5] == "20 of 78"  # the 40 leads of score 25


def test_another_best_column_is_proposed_only_beyond_chance(calibration):
    validation = replace(
        calibration.validation,
        best="adjusted",
        comparisons=(Comparison("lift", AucDifference(0.012, 0.003, 0.021, 0.01)),),
    )
    said = trust_prose.best_sentence(calibration, validation)
    assert "1.2 more than the lift points that the rules carry (95% range 0.3 to 2.1)" in said
    assert "--points adjusted" in said
    doubtful = replace(validation, comparisons=(Comparison("lift", AucDifference(0.012, -0.003, 0.027, 0.1)),))
    said = trust_prose.best_sentence(calibration, doubtful)
    assert "1.2 pairs and may be chance" in said
    assert "--points" not in said


def test_no_column_ranks_better_than_a_coin(calibration):
    coin = Auc(0.52, 0.47, 0.57, 0.95, 400, 78)
    rankings = tuple(replace(item, auc=coin) for item in calibration.validation.rankings)
    validation = replace(calibration.validation, rankings=rankings)
    assert "better than chance" in trust_prose.best_sentence(calibration, validation)
    said = words.best_column_sentence(replace(calibration, validation=validation))
    assert said == (
        "None of the three kinds of points ranks better than chance would "
        "(lift 52.0, cautious 52.0, adjusted 52.0 pairs of 100)."
    )


def test_another_column_that_ranks_alike(calibration):
    validation = replace(calibration.validation, best="cautious")
    validation = replace(validation, comparisons=(Comparison("lift", AucDifference(0.0, -0.01, 0.01, 1.0)),))
    said = trust_prose.best_sentence(calibration, validation)
    assert said.endswith("the lift points that the rules carry rank alike.")


def test_log_odds_points_are_told_by_the_odds(calibration):
    ranking = replace(calibration.validation.rankings[0], column="log-odds")
    validation = replace(calibration.validation, rankings=(*calibration.validation.rankings, ranking))
    result = replace(scored(calibration, "log-odds", pdo=20), validation=validation)
    slope = ranking.check.slope
    assert section(result, "columns").texts[1] == (
        "20 points are meant to double the odds of becoming a customer; on the held-out leads they went with "
        f"{2**slope:.2g} times the odds."
    )


def test_finer_points_promise_less(calibration):
    said = trust_prose.worth_sentence(scored(calibration, "lift", unit=0.1), -0.0005)
    assert said.endswith("0.5 percentage points less conversion; taken at their word they promise 1.")


@pytest.mark.parametrize(
    ("steps", "text"),
    [
        ((0.7, 0.6995, 0.6991), "cost nothing measurable in ranking (rounding them, caps and gates)."),
        ((0.7, 0.698, 0.6978), "rounding them cost 0.2; caps and gates cost nothing measurable."),
        ((0.7, 0.703, 0.7), "rounding them gained 0.3; caps and gates cost 0.3."),
        ((0.7,), ""),
        ((), ""),
    ],
)
def test_what_shaping_costs(steps, text):
    names = ("unrounded", "whole points", "caps and gates")
    said = trust_prose.shaping_sentence([Shaped(name, area) for name, area in zip(names, steps, strict=False)])
    assert said.endswith(text)
    assert bool(said) == bool(text)


def test_no_columns_to_compare(calibration):
    assert section(replace(calibration, validation=None), "columns").empty


def test_what_is_counted_twice(calibration):
    found = section(calibration, "twice")
    assert found.texts == (
        "Attributes overlap, so summed lift points count 1.2 times: ten points are worth only 8 percentage points. "
        "--points adjusted takes it out.",
        "Of 60 lift points, signs aside, 30 are left when all attributes are looked at together.",
    )
    # Yes +25 against no -3 is a span of 28, of which the fixture leaves half.
    assert found.charts[0].title == (
        "Asked for a demo loses most beside the others: 28 points from its best to its worst level alone, 14 beside "
        "them"
    )
    pairs, flips = found.tables
    assert cells(pairs)[0] == ("Asked for a demo", "Source", "0.95, almost the same")
    assert cells(flips) == [("Asked for a demo = yes", "+3.0", "−2.5")]


@pytest.mark.parametrize("column", ["adjusted", "log-odds"])
def test_overlap_is_said_to_be_out_where_it_is(calibration, column):
    said = trust_prose.overlap_sentences(scored(calibration, column), calibration.overlap)[0]
    assert f"already taken out of the {column} points" in said
    assert "--points" not in said


def test_little_overlap_and_none(calibration):
    little = replace(calibration.overlap, factor=1.1, points=None, left=None)
    assert trust_prose.overlap_sentences(calibration, little) == (
        "Hardly anything: attributes overlap little, and ten points are worth about 9 percentage points.",
    )
    assert section(replace(calibration, overlap=Overlap(None, ())), "twice").empty


def test_finer_points_are_worth_less(calibration):
    said = trust_prose.overlap_sentences(scored(calibration, "lift", unit=0.1), calibration.overlap)[0]
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
    assert found.texts[1] == "For 1 of the 5 the range holds 0 points, so even its sign is open."
    # 8 points to 3: (8/3)^2 = 7.11 times 1,000 leads, so 6,111 more, in two digits 6,100.
    assert cells(found.tables[0]) == [("Asked for a demo = yes", "+25", "+17 to +33", "about 6,100")]


def test_signs_are_not_told_where_no_points_are_below_zero(calibration):
    settings = settings_from({"points": {"negative": False}})
    from_zero = replace(calibration, settings=settings)
    assert len(section(from_zero, "stable").texts) == len(section(from_zero, "twice").texts) == 1


def test_stability_that_is_not_known(calibration):
    assert section(replace(calibration, stability=None), "stable").empty
    assert section(replace(calibration, column="adjusted"), "stable").texts == (
        "How stable these points are is not known: 7,000 levels are too many.",
    )


@pytest.mark.parametrize(
    ("leads", "text"), [(7, "about 7"), (99, "about 99"), (2351, "about 2,400"), (996, "about 1,000")]
)
def test_leads_are_told_in_two_digits(leads, text):
    assert trust_prose.about(leads) == text


def test_surprises_with_their_levels_and_rows(calibration):
    found = section(calibration, "surprises")
    assert found.texts[0] == "One level stands out beyond chance among the leads that went against their score."
    assert "Of the 40 best-scored held-out leads (score 25 and up) 20 were lost" in found.texts[1]
    assert "Source = Web lost more often than its score says (12 of 14 lost where 4.5 were expected)" in found.items[0]
    lost, won = cells(found.tables[0])
    assert lost[1].count("(25)") == MOST_ROWS
    assert won == ("won with a low score", "1,007 (−20)")


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
    assert "too few" in section(replace(unknown, validation=None), "surprises").texts[0]
    tied = replace(calibration.validation.rankings[0], scores=ScoreCounts((0,), (400,), (78,)))
    validation = replace(calibration.validation, rankings=(tied,))
    assert "all have the same one" in section(replace(unknown, validation=validation), "surprises").texts[0]


def test_what_the_history_is_enough_for(calibration):
    first, rule = section(calibration, "enough").texts
    assert first == calibration.readiness.sentence
    # 2 + 4 + 2 levels of three attributes are 5 differences.
    assert rule.startswith("To learn 5 differences between levels all at once")
    table = section(calibration, "enough").tables[0]
    assert table.columns[2][0] == "10% of leads\n100 here"
    five = next(row for row in cells(table) if row[0] == "5 percentage points")
    assert five == ("5 percentage points", *(f"{leads_to_see(5, 0.15, share):,}" for share in (0.02, 0.1, 0.3)))


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
    found = trust_sections(replace(flat, validation=replace(flat.validation, rankings=rankings)))
    twice = next(item for item in found if item.key == "twice")
    assert (twice.texts, twice.charts, twice.tables) == (
        ("History shows no differences beyond chance, so there is nothing to count twice.",),
        (),
        (),
    )


def test_hostile_names_reach_no_cell_or_sentence_raw(hostile):
    for item in trust_sections(hostile):
        for table in item.tables:
            assert not any("\x00" in cell or "\u202e" in cell for row in cells(table) for cell in row)
        assert not any("\x00" in text for text in (*item.texts, *item.items))


def test_scores_from_0_to_100(calibration):
    settings = settings_from({"points": {"scale": "0-100"}})
    result = replace(scored(calibration, "lift", min=0, max=100, unit=0.62), settings=settings)
    assert "they promise 6.2" in section(result, "columns").texts[1]
