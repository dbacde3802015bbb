from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace

import pytest

from calibrate.document.rules import Score
from calibrate.proof.validation import Comparison, Ranking
from calibrate.remarks import Remark
from calibrate.settings import settings_from
from calibrate.statistics.bands import capacity_cut
from calibrate.statistics.ranking import Auc, AucDifference, ScoreCounts, area_under_curve
from calibrate.words.language import language
from reports.page import prose
from reports.wording import results
from reports.wording.levels import average_score, clarity, rule_text, support
from reports.wording.numbers import columns_wide

ENGLISH = language("en")


def on_leads(calibration, scores: ScoreCounts, **changes):
    """The calibration, its points tested on these leads."""
    ranking = Ranking("lift", scores, area_under_curve(scores))
    validation = replace(
        calibration.validation,
        rankings=(ranking,),
        leads=scores.total_leads,
        conversions=scores.total_conversions,
        **changes,
    )
    return replace(calibration, validation=validation)


# By hand: of 78 won leads at 2 and 22 at 0 against 100 lost at 1, 78 of 100 pairs are in the right order.
SEVENTY_EIGHT = ScoreCounts((0, 1, 2), (22, 100, 78), (22, 0, 78))


def test_headline_says_pairs_and_share(calibration):
    # The best fifth of 200 leads is 40 of the 78 at score 2: 40 of 100 customers.
    assert results.headline(on_leads(calibration, SEVENTY_EIGHT), ENGLISH) == (
        "On 200 leads that had no part in them, points made this way got the right order in 78 of 100 won-lost pairs; "
        "the best fifth of leads brought 40% of the customers."
    )


def test_headline_without_a_test_claims_nothing(calibration):
    untested = replace(calibration, validation=None)
    assert "not known" in results.headline(untested, ENGLISH)
    assert "not known" in results.ranking_sentence(untested, ENGLISH)
    assert results.best_tenth_sentence(untested, ENGLISH) == ""
    one_class = on_leads(calibration, ScoreCounts((1, 2), (50, 50), (0, 0)))
    assert "not known" in results.headline(one_class, ENGLISH)


def test_headline_of_one_score_for_all(calibration):
    tied = on_leads(calibration, ScoreCounts((0,), (100,), (10,)))
    assert "same score" in results.headline(tied, ENGLISH)
    assert (
        results.best_tenth_sentence(tied, ENGLISH) == "There is no best tenth: 100% of the leads share the best score."
    )
    most = on_leads(calibration, ScoreCounts((0, 1), (40, 60), (1, 9)))
    assert (
        results.best_tenth_sentence(most, ENGLISH) == "There is no best tenth: 60% of the leads share the best score."
    )


@pytest.mark.parametrize(
    ("low", "high", "text"), [(0.7, 0.8, ""), (0.45, 0.6, "may be chance"), (0.3, 0.4, "do not use")]
)
def test_a_ranking_like_a_coin_is_called_so(low, high, text):
    said = results.doubt(Auc((low + high) / 2, low, high, 0.95, 100, 50), ENGLISH)
    assert text in said
    assert bool(said) == bool(text)


def test_noise_is_doubted(calibration, noise):
    assert "may be chance" in results.headline(on_leads(calibration, noise), ENGLISH)


def test_ranking_sentence_has_its_range(calibration):
    result = on_leads(calibration, SEVENTY_EIGHT)
    auc = result.validation.rankings[0].auc
    assert results.ranking_sentence(result, ENGLISH) == (
        "On the newest 200 leads the points put won before lost in 78 of 100 pairs "
        f"(95% range {round(100 * auc.low)} to {round(100 * auc.high)})."
    )
    crossed = on_leads(calibration, SEVENTY_EIGHT, kind="cross-fitted", learned_from=None)
    assert results.ranking_sentence(crossed, ENGLISH).startswith("On 200 leads, each scored without it,")


def test_best_tenth(calibration):
    # 40 of the 400 leads have the score 25, and 20 of the 78 customers.
    assert results.best_tenth_sentence(calibration, ENGLISH) == (
        "The best tenth (score 25 and up, 40 leads) holds 20 of the 78 customers."
    )


def test_capacity(calibration, scores):
    # 90 places: the two best scores hold 80 leads and 36 customers, the third does not fit.
    validation = replace(calibration.validation, capacity=capacity_cut(scores, 90))
    asked = settings_from({"report": {"capacity": "7/week"}, "outcome": {"date": "Created"}})
    said = results.capacity_sentence(replace(calibration, validation=validation, settings=asked), ENGLISH)
    assert said.startswith(
        "Sales has 7/week: beside the leads that are not counted, 90 of the held-out ones fit. Call from score 20 up, "
        "80 leads with 36 customers (45.0%,"
    )
    few = replace(calibration.validation, capacity=capacity_cut(scores, 10))
    assert "do not all fit" in results.capacity_sentence(replace(calibration, validation=few, settings=asked), ENGLISH)
    assert results.capacity_sentence(calibration, ENGLISH) == ""


def test_counted_lines(calibration):
    counted, left_out, learning = results.counted_lines(calibration, ENGLISH)
    assert counted.startswith("1,000 of 1,100 leads counted, 150 of them won (Status = Won): 15.0%, 95% range ")
    assert left_out == "Not counted: 80 open and younger than 90 days; 20 without an outcome."
    assert learning == "Points from all 1,000 counted leads; tested on the newest 400 with points from the 800 before."


def test_tested_says_which_leads_and_which_points(calibration):
    assert results.tested(calibration, calibration.validation, ENGLISH) == (
        "Tested on the newest 400 leads with 78 customers (1 Jul 2026 to 30 Sep 2026), with points made in the same "
        "way from the 800 older leads. The points in the rules file come from all 1,000 counted leads."
    )
    crossed = replace(calibration.validation, kind="cross-fitted", learned_from=None)
    assert "from the other parts only" in results.tested(calibration, crossed, ENGLISH)
    assert "without it" in results.counted_lines(replace(calibration, validation=crossed), ENGLISH)[-1]
    assert "too few" in results.counted_lines(replace(calibration, validation=None), ENGLISH)[-1]


@pytest.mark.parametrize("code", ["en", "nl", "da", "fr", "de"])
def test_a_sample_made_what_takes_the_overlap_out_and_all_leads_the_lift(calibration, code):
    say, counted = language(code), calibration.overall.leads
    some = replace(calibration, store=SimpleNamespace(leads=counted // 2), column="adjusted")
    sample = say("ranking.made_sample", sample=counted // 2, counted=counted)
    every = say("ranking.made_all", counted=counted)
    for told in (results.counted_lines(some, say)[-1], results.tested(some, some.validation, say)):
        assert sample in told
        assert every not in told.replace(sample, "")
    for whole in (calibration, replace(some, column="cautious"), replace(some, store=SimpleNamespace(leads=counted))):
        for told in (results.counted_lines(whole, say)[-1], results.tested(whole, whole.validation, say)):
            assert every in told


def test_points_table_strongest_first(calibration):
    head, first, second, *_ = results.points_table(calibration, ENGLISH)
    assert head.split() == ["points", "rule", "won", "of", "leads", "rate", "data", "support"]
    # 40 of 100 against 15 % is 25 points; its range is Newcombe's, 16.6 to 34.0 (METHODS, lift_overall_ci_newcombe).
    assert first.split() == [
        "+25", "Asked", "for", "a", "demo", "=", "yes", "40", "of", "100", "40.0%", "+17", "to", "+34", "█" * 12,
    ]  # fmt: skip
    assert second.split()[:4] == ["+15", "Source", "=", "Referral"]
    assert second.endswith("█" * 9 + "·" * 3)  # 30 % of a full bar of 40 %


def test_points_from_zero_are_listed_by_their_distance_from_the_average(make):
    # 40 of 100 and 110 of 900 are 25 above and 3 below: 28 and 0 from 0 up, 3 in the middle; 0 is as far as from -3.
    result = make(
        {"Asked": [("yes", 40, 100), ("no", 110, 900)]}, settings=settings_from({"points": {"scale": "0-100"}})
    )
    item = result.attributes[0]
    levels = tuple(replace(level, points=level.points + 3) for level in item.levels)
    wide = replace(item, name="Wide", levels=levels, unknown=3)
    both = replace(item, name="Both", unknown=3, levels=tuple(replace(level, points=2) for level in item.levels))
    lines = results.points_table(replace(result, attributes=(both, wide)), ENGLISH)
    assert [line.split()[0] for line in lines[1:-1]] == ["+28", "0", "+2", "+2"]
    # 28 of 100 leads' points and 0 of 900: 2.8 on average, and 2 of the other.
    assert lines[-1] == "  0 is the worst level of an attribute; points of an average lead add up to 5."
    assert average_score(replace(result, attributes=(both, wide))) == pytest.approx(4.8)


@pytest.mark.parametrize(
    ("evidence", "low", "high", "column", "word"),
    [
        ("strong", -1, 3, "lift", ""),
        ("weak", 1, 3, "lift", "unclear"),
        ("strong", 1, 3, "adjusted", ""),
        ("strong", -1, 3, "adjusted", "open beside others"),
        ("some", -1, 3, "log-odds", "open beside others"),
        ("some", -3, -1, "adjusted", "some evidence"),
        ("weak", -1, 3, "adjusted", "unclear"),
        ("weak", 1, 3, "adjusted", "unclear alone"),
        ("too few", 1, 3, "adjusted", "too few"),
        ("strong", math.nan, math.nan, "adjusted", "open beside others"),
    ],
)
def test_the_word_beside_points(calibration, evidence, low, high, column, word):
    item = calibration.attributes[0]
    level = replace(item.levels[0], evidence=evidence, support_low=low, support_high=high)
    assert clarity(item, level, column) == word


def test_points_table_is_cut_and_says_so(calibration):
    lines = results.points_table(calibration, ENGLISH, 2)
    assert len(lines) == 4
    shown = sum(bool(level.points) for item in calibration.attributes for level in item.levels)
    assert lines[-1].strip() == f"… {shown - 2} more in levels.csv"


def test_points_table_in_plain_signs(calibration):
    lines = results.points_table(calibration, ENGLISH, 3, ascii=True)
    assert "\n".join(lines).isascii()
    assert len(lines[1]) == len(results.points_table(calibration, ENGLISH, 3)[1])
    assert any(line.strip().startswith("-8") for line in lines)


def test_points_table_columns_line_up_whatever_the_names(hostile):
    lines = results.points_table(hostile, ENGLISH)
    assert len({columns_wide(line) for line in lines[1:-1]}) == 1


def test_points_table_without_points(make):
    flat = make({"a": [("x", 75, 500), ("y", 75, 500)]})
    assert results.points_table(flat, ENGLISH) == [
        "  No level gets points: history shows no difference that makes a whole point."
    ]


def test_missing_is_said_without_an_equals_sign(calibration):
    source = next(item for item in calibration.attributes if item.name == "Source")
    missing = next(level for level in source.levels if level.level.kind == "missing")
    assert rule_text(source, missing, ENGLISH) == "Source missing"


def test_support_is_in_points(calibration):
    # Newcombe's range of 40 of 100 against 150 of 1,000: 16.6 to 34.0 percentage points.
    level = calibration.attributes[0].levels[0]
    assert support(level, ENGLISH) == "+17 to +34"


def test_seven_remarks_at_most(calibration):
    nine = replace(calibration, remarks=tuple(Remark("note", f"remark {i}") for i in range(9)))
    assert results.remark_lines(nine, ENGLISH) == [*(f"remark {i}" for i in range(7)), "… 2 more in report.html"]
    assert results.remark_lines(nine, ENGLISH, ascii=True)[-1] == "... 2 more in report.html"
    assert results.remark_lines(calibration, ENGLISH) == []


def test_method_without_differences(calibration):
    text = dict(prose.method(replace(calibration, strength=math.inf), ENGLISH))["Cautious points"]
    assert "all cautious points are 0" in text
    assert "inf" not in text


def test_method_counts_leads_of_the_shrinkage(calibration):
    # n / (n + M) is one half at n = M and nine tenths at n = 9 M.
    text = dict(prose.method(calibration, ENGLISH))["Cautious points"]
    assert "37 leads keeps half" in text
    assert "333 leads nine tenths" in text


def test_method_says_what_a_finer_point_is_worth(calibration):
    finer = calibration.rules.model_copy(update={"score": Score(unit=0.5)})
    text = dict(prose.method(replace(calibration, rules=finer), ENGLISH))["Points"]
    assert "one point is worth 0.5 percentage points" in text
    assert "+50 points" in text


@pytest.mark.parametrize(
    ("column", "text"),
    [
        ("lift", "A lift of 25 gives +25 points."),
        ("cautious", "pulled towards zero"),
        ("adjusted", "beside the other attributes"),
        ("log-odds", "30 points double them."),
    ],
)
def test_method_tells_of_the_points_that_the_rules_carry(calibration, column, text):
    score = Score(pdo=30) if column == "log-odds" else Score()
    rules = calibration.rules.model_copy(update={"score": score})
    result = replace(calibration, column=column, rules=rules)
    assert text in dict(prose.method(result, ENGLISH))["Points"]
    assert ("counted once" in dict(prose.method(result, ENGLISH))["What points do not say"]) == (
        column in ("adjusted", "log-odds")
    )
    facts = dict(prose.rules_facts(result, ENGLISH))
    assert facts.get("The odds double with") == ("30 points" if column == "log-odds" else None)
    assert ("One point" in facts) == (column != "log-odds")


@pytest.mark.parametrize("points", [{"scale": "0-100"}, {"negative": False}])
def test_method_of_points_that_start_at_zero(calibration, points):
    result = replace(calibration, settings=settings_from({"points": points}))
    assert "no points are below 0" in dict(prose.method(result, ENGLISH))["Points"]
    assert "no points are below 0" not in dict(prose.method(calibration, ENGLISH))["Points"]


def ranked(calibration, best, areas, gaps, column="lift"):
    """The calibration with points that rank like this; gaps: whether being behind the best may be chance."""
    rankings = tuple(
        replace(calibration.validation.rankings[0], column=name, auc=Auc(area, area - 0.03, area + 0.03, 0.95, 400, 78))
        for name, area in areas.items()
    )
    comparisons = tuple(
        Comparison(name, AucDifference(areas[best] - areas[name], 0.0, 0.0, 0.5), chance=chance)
        for name, chance in gaps.items()
    )
    validation = replace(calibration.validation, rankings=rankings, best=best, comparisons=comparisons)
    return replace(calibration, validation=validation, column=column)


AREAS = {"lift": 0.718, "cautious": 0.721, "adjusted": 0.715}


@pytest.mark.parametrize(
    ("gaps", "column", "text"),
    [
        (
            {"lift": True, "adjusted": True},
            "lift",
            "Of the three kinds of points cautious ranks best (72.1 pairs of 100; lift 71.8, adjusted 71.5); the "
            "differences may be chance.",
        ),
        (
            {"lift": False, "adjusted": False},
            "lift",
            "The lift points that the rules carry rank behind cautious points (72.1 pairs of 100; lift 71.8, adjusted "
            "71.5), beyond chance.",
        ),
        ({"lift": False, "adjusted": False}, "cautious", "the differences are beyond chance."),
        ({"lift": False, "adjusted": True}, "cautious", "the difference from adjusted may be chance."),
    ],
)
def test_which_column_ranks_best_and_how_sure(calibration, gaps, column, text):
    said = results.best_column_sentence(ranked(calibration, "cautious", AREAS, gaps, column), ENGLISH)
    assert said.endswith(text)
    assert said.isascii()


def test_no_winner_among_columns_that_read_the_same(calibration):
    areas = {"lift": 0.7181, "cautious": 0.7184, "adjusted": 0.715}
    said = results.best_column_sentence(
        ranked(calibration, "cautious", areas, {"lift": False, "adjusted": True}), ENGLISH
    )
    assert said == (
        "Of the three kinds of points lift and cautious rank alike (71.8 pairs of 100; adjusted 71.5); the difference "
        "may be chance."
    )


def test_columns_that_rank_alike_or_alone(calibration):
    assert results.best_column_sentence(calibration, ENGLISH) == (
        f"The three kinds of points rank alike ({100 * calibration.validation.rankings[0].auc.auc:.1f} pairs of 100)."
    )
    alone = replace(calibration.validation, rankings=calibration.validation.rankings[:1], comparisons=())
    assert results.best_column_sentence(replace(calibration, validation=alone), ENGLISH) == ""
    assert results.best_column_sentence(replace(calibration, validation=None), ENGLISH) == ""


def test_history_without_differences_is_said_first(calibration):
    noise = replace(calibration, strength=math.inf)
    assert results.headline(noise, ENGLISH).startswith("History shows no differences beyond chance")
    assert "lift points that the rules carry" in results.headline(noise, ENGLISH)
    assert results.headline(calibration, ENGLISH) == results.achieved(calibration, ENGLISH)


def test_how_many_rules_are_stable(calibration):
    # By the fixture: +25 moves by 8 points, all other points by 2, which leaves the sign of -1 open.
    given = [level for item in calibration.attributes for level in item.levels if level.points]
    but_one = len(given) - 1
    assert results.stability_sentence(calibration, ENGLISH) == (
        f"For {but_one} of {len(given)} rules with points the sign is sure; {but_one} stay within about 3 points of "
        "where they are in 80 of 100 redrawn histories, which is called stable."
    )
    finer = calibration.rules.model_copy(update={"score": Score(unit=1.04)})
    assert "about 3 points" in results.stability_sentence(replace(calibration, rules=finer), ENGLISH)  # 3 / 1.04 is 2.9
    assert results.stability_sentence(replace(calibration, column="adjusted"), ENGLISH) == ""
    assert results.stability_sentence(replace(calibration, stability=None), ENGLISH) == ""


def test_stable_is_told_in_points_of_any_worth(calibration):
    finer = calibration.rules.model_copy(update={"score": Score(unit=0.5)})
    assert results.tolerance(replace(calibration, rules=finer)) == 6
    # Around 15 % a percentage point is 1 / (100 x .15 x .85) of log-odds, and 20 points are ln 2.
    odds = calibration.rules.model_copy(update={"score": Score(pdo=20)})
    assert results.tolerance(replace(calibration, rules=odds)) == pytest.approx(3 / 12.75 * 20 / math.log(2))


def test_bands_out_of_order_are_named(calibration):
    # 10 of 40 at score 5 after 9 of 40 at score 10.
    assert prose.out_of_order(calibration.validation.bands, ENGLISH) == (
        "Score 5 converts better (25.0%) than 10 (22.5%): that may be chance.",
    )


@pytest.mark.parametrize(
    ("start", "above", "text"),
    [(20, None, "20 and up"), (0, 20, "0 to 19"), (None, 0, "below 0"), (None, None, "all"), (5, 6, "5")],
)
def test_scores_of_a_named_band(start, above, text):
    assert prose.score_range(start, above, ENGLISH) == text


def test_titles_say_the_finding(calibration):
    assert prose.forest_title(calibration.attributes, ENGLISH, first=True) == (
        "Asked for a demo moves the score most: yes +25, no −3"
    )
    assert prose.bands_title(calibration.validation.bands, 0.195, ENGLISH) == (
        "Leads with a score of 25 convert at 50.0%, all held-out leads at 19.5%"
    )
