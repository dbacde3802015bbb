"""What the evidence says, in sentences for the page and the command line.

English stands here, in labels.py, prose.py and trust_prose.py only.

Every figure in a sentence about ranking comes from held-out leads.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from calibrate.calibration import Calibration
from calibrate.learning.evidence import AttributeEvidence, LevelEvidence
from calibrate.proof.stability import Levels
from calibrate.proof.validation import Comparison, Ranking, Validation
from calibrate.statistics.bands import Band, best_share, share_reached
from calibrate.statistics.ranking import Auc, auc_in_words
from reports.numbers import (
    MINUS,
    columns_wide,
    count,
    cut,
    day,
    filled,
    pairs,
    percent,
    percent_range,
    signed,
    whole_percent,
)

MOST_REMARKS = 7
NUMBER = ("no", "one", "two", "three", "four")

Clarity = Literal["", "some evidence", "unclear", "too few"]


def clarity(level: LevelEvidence) -> Clarity:
    """The word beside a level's points; empty for strong evidence."""
    words: dict[str, Clarity] = {
        "strong": "",
        "some": "some evidence",
        "weak": "unclear",
        "too few": "too few",
    }
    return words[level.evidence]


def chosen_ranking(calibration: Calibration) -> Ranking | None:
    """The held-out ranking of the point column that the rules carry; None where it was not tested."""
    if calibration.validation is None:
        return None
    return next((item for item in calibration.validation.rankings if item.column == calibration.column), None)


def unit(calibration: Calibration) -> float:
    """Percentage points that one point is worth."""
    return calibration.rules.score.unit


def signed_points(calibration: Calibration) -> bool:
    """Whether points may be below 0; else the worst level of every attribute has 0."""
    return calibration.settings.points.negative and calibration.settings.points.scale != "0-100"


def rule_text(attribute: AttributeEvidence, level: LevelEvidence) -> str:
    """An attribute and its level as one reads a rule: `Source = Referral`, `Job role missing`."""
    if level.level.kind == "missing":
        return f"{attribute.name} missing"
    return f"{attribute.name} = {level.level.label}"


def support(level: LevelEvidence) -> str:
    """The points that the data support: the 95 % range of what they estimate, in points."""
    return f"{signed(round(level.support_low))} to {signed(round(level.support_high))}"


def band_range(band: Band) -> str:
    """The scores of a band: `15 to 48`, or the one score it has."""
    if band.score_from == band.score_to:
        return count(band.score_from)
    return f"{count(band.score_from)} to {count(band.score_to)}"


def headline(calibration: Calibration) -> str:
    """What the points achieve on leads that did not make them, or that history shows no differences at all."""
    return no_differences(calibration) or achieved(calibration)


def no_differences(calibration: Calibration) -> str:
    """That history shows no differences beyond chance; empty where it does."""
    if not math.isinf(calibration.strength):
        return ""
    start = "History shows no differences beyond chance: "
    if all(level.points == 0 for attribute in calibration.attributes for level in attribute.levels):
        return f"{start}all points are 0."
    return (
        f"{start}points that allow for chance are all 0, and the {calibration.column} points that the rules carry may "
        "be nothing else."
    )


def achieved(calibration: Calibration) -> str:
    """What the points achieve on leads that did not make them, or why that is not known."""
    ranking, validation = chosen_ranking(calibration), calibration.validation
    if ranking is None or ranking.auc is None or validation is None:
        return "How well these points rank is not known: there are too few leads to test them on."
    if len(ranking.scores.scores) == 1:
        return f"The points do not tell leads apart: all {count(validation.leads)} held-out leads have the same score."
    share = share_reached(ranking.scores, 0.2)
    order = auc_in_words(ranking.auc)
    sentence = f"On {count(validation.leads)} leads that had no part in them, points made this way got the {order}"
    if share is not None:
        sentence += f"; the best fifth of leads brought {whole_percent(share)} of the customers"
    return f"{sentence}.{doubt(ranking.auc)}"


def doubt(auc: Auc) -> str:
    """A further sentence where the ranking may be no better than a coin, else nothing."""
    if auc.low > 0.5:
        return ""
    if auc.high < 0.5:
        return " That is worse than tossing a coin (50 of 100): do not use these points."
    return " That may be chance: tossing a coin gets 50 of 100."


def tested(calibration: Calibration, validation: Validation) -> str:
    """Which leads tested which points, and where the points of the rules file come from."""
    leads = f"{count(validation.leads)} leads with {count(validation.conversions)} customers"
    every = f"The points in the rules file come from all {count(calibration.overall.leads)} counted leads."
    if validation.learned_from is None:
        return (
            f"Tested on {leads}: they were split into parts, and each part was scored with points made in the same way "
            f"from the other parts only. {every}"
        )
    period = ""
    if validation.first_day and validation.last_day:
        period = f" ({day(validation.first_day)} to {day(validation.last_day)})"
    older = f"{count(validation.learned_from)} older leads"
    return f"Tested on the newest {leads}{period}, with points made in the same way from the {older}. {every}"


def counted_lines(calibration: Calibration) -> list[str]:
    """Which leads count, which do not and why, and which ones test the points."""
    overall = calibration.overall
    lines = [
        f"{count(overall.leads)} of {count(calibration.rows)} leads counted, {count(overall.conversions)} of them won "
        f"({calibration.outcome}): {percent(overall.rate)}, 95% range {percent_range(overall.low, overall.high)}."
    ]
    left_out = [f"{count(item.leads)} {item.reason}" for item in calibration.excluded if item.leads]
    if left_out:
        lines.append(f"Not counted: {'; '.join(left_out)}.")
    return [*lines, _learning_sentence(calibration)]


def _learning_sentence(calibration: Calibration) -> str:
    validation = calibration.validation
    start = f"Points from all {count(calibration.overall.leads)} counted leads; "
    if validation is None:
        return start + "too few to test them."
    if validation.learned_from is None:
        return start + "tested by scoring each lead with points made without it."
    older = count(validation.learned_from)
    return start + f"tested on the newest {count(validation.leads)} with points from the {older} before."


def ranking_sentence(calibration: Calibration) -> str:
    """How many of 100 won-lost pairs the points put in order on held-out leads, with the range."""
    ranking, validation = chosen_ranking(calibration), calibration.validation
    if ranking is None or ranking.auc is None or validation is None:
        return "How well the points rank is not known: there are too few leads to test them on."
    leads = f"{count(validation.leads)} leads"
    which = f"On the newest {leads}" if validation.kind == "out-of-time" else f"On {leads}, each scored without it,"
    middle, low, high = (round(100 * share) for share in (ranking.auc.auc, ranking.auc.low, ranking.auc.high))
    sentence = f"{which} the points put won before lost in {middle} of 100 pairs (95% range {low} to {high})."
    return sentence + doubt(ranking.auc)


def best_column_sentence(calibration: Calibration) -> str:
    """Which kind of points ranks held-out leads best, and whether that may be chance; empty with nothing to compare."""
    validation = calibration.validation
    ranked = [(item.column, item.auc.auc) for item in validation.rankings if item.auc] if validation else []
    if validation is None or len(ranked) < 2:
        return ""
    kinds, best = f"{NUMBER[len(ranked)]} kinds of points", validation.best
    shown = {column: pairs(area) for column, area in ranked}
    if not better_than_chance(validation):
        listed = ", ".join(f"{column} {area}" for column, area in shown.items())
        return f"None of the {kinds} ranks better than chance would ({listed} pairs of 100)."
    if len(set(shown.values())) == 1:
        return f"The {kinds} rank alike ({shown[best]} pairs of 100)."
    others = ", ".join(f"{column} {shown[column]}" for column, _ in ranked if column != best)
    sentence = f"Of the {kinds} {best} ranks best ({shown[best]} pairs of 100; {others}); "
    return sentence + _sureness(validation.comparisons) + _carried(calibration, validation)


def better_than_chance(validation: Validation) -> bool:
    """Whether any column ranks better than a coin, beyond chance."""
    return any(item.auc is not None and item.auc.low > 0.5 for item in validation.rankings)


def may_be_chance(comparison: Comparison) -> bool:
    """Whether the best column is ahead of the other by no more than chance could bring."""
    return comparison.difference.low <= 0 <= comparison.difference.high


def _sureness(comparisons: Sequence[Comparison]) -> str:
    doubtful = [item.other for item in comparisons if may_be_chance(item)]
    several = len(comparisons) > 1
    if not doubtful:
        return f"the {'differences are' if several else 'difference is'} beyond chance."
    if len(doubtful) == len(comparisons):
        return f"the {'differences' if several else 'difference'} may be chance."
    return f"the difference from {' and '.join(doubtful)} may be chance."


def _carried(calibration: Calibration, validation: Validation) -> str:
    """That the rules carry other points than the best, where that is no chance."""
    beyond = any(item.other == calibration.column and not may_be_chance(item) for item in validation.comparisons)
    return f" The rules carry {calibration.column} points." if beyond else ""


def level_stabilities(calibration: Calibration) -> tuple[Levels, ...] | None:
    """How stable the points of every level are, in the order of the attributes; None where that is not known."""
    return calibration.stability.columns.get(calibration.column) if calibration.stability else None


def stability_sentence(calibration: Calibration) -> str:
    """How many rules with points are stable; empty where that is not known."""
    found = [
        still.stable
        for attribute, row in zip(calibration.attributes, level_stabilities(calibration) or (), strict=False)
        for level, still in zip(attribute.levels, row, strict=True)
        if still and level.points
    ]
    if not found:
        return ""
    room = f"{tolerance(calibration):.2g}"
    return (
        f"{count(sum(found))} of {count(len(found))} rules with points are stable: in 80 of 100 redrawn histories "
        f"they move by {room} {'point' if room == '1' else 'points'} at most."
    )


def tolerance(calibration: Calibration) -> float:
    """Points that a stable rule may move by; 0 where none was tested."""
    stability, score, rate = calibration.stability, calibration.rules.score, calibration.overall.rate
    if stability is None:
        return 0.0
    if score.pdo is None:
        return stability.tolerance / score.unit
    return stability.tolerance / (100 * rate * (1 - rate)) * score.pdo / math.log(2)


def best_tenth_sentence(calibration: Calibration) -> str:
    """How many held-out customers the best tenth holds; empty where it was not tested or most leads tie."""
    ranking = chosen_ranking(calibration)
    best = best_share(ranking.scores, 0.1) if ranking else None
    if ranking is None or best is None or best.share_of_leads > 0.5:
        return ""
    named = "best tenth" if abs(best.share_of_leads - 0.1) < 0.025 else f"best {whole_percent(best.share_of_leads)}"
    return (
        f"The {named} (score {count(best.score)} and up, {count(best.leads)} leads) holds {count(best.conversions)} "
        f"of the {count(ranking.scores.total_conversions)} customers."
    )


def capacity_sentence(calibration: Calibration) -> str:
    """What the held-out leads bring that fit into the places sales has; empty where nobody said how many."""
    found = calibration.validation.capacity if calibration.validation else None
    if found is None:
        return ""
    said = calibration.settings.report.capacity
    places = f"Sales has {said}: beside the leads that are not counted, {count(found.places)} of the held-out ones fit"
    if found.score_from is None or found.rate is None or found.rate_low is None or found.rate_high is None:
        return f"{places}. Even the leads with the best score do not all fit; take these in any order."
    if calibration.validation and found.leads == calibration.validation.leads:
        return f"Sales has {said}: room for every lead, so the score decides only who is called first."
    return (
        f"{places}. Call from score {count(found.score_from)} up, {count(found.leads)} leads with "
        f"{count(found.conversions)} customers ({percent(found.rate)}, 95% range "
        f"{percent_range(found.rate_low, found.rate_high)})."
    )


def result_lines(calibration: Calibration) -> list[str]:
    """How the points rank, which kind ranks best, what the best leads bring and how stable the points are."""
    found = (
        ranking_sentence(calibration),
        best_column_sentence(calibration),
        best_tenth_sentence(calibration),
        capacity_sentence(calibration),
        stability_sentence(calibration),
    )
    return [line for line in found if line]


def points_table(calibration: Calibration, top: int = 12, *, ascii: bool = False) -> list[str]:
    """The strongest rules as lines: points, rule, won of leads, rate, data support, a bar of the rate from 0.

    ascii: without `−`, `█`, `·` and `…`, for terminals that cannot print them; names stay as they are.
    """
    found = [(attribute, level) for attribute in calibration.attributes for level in attribute.levels if level.points]
    found.sort(key=lambda pair: -abs(pair[1].points))
    shown = found[:top]
    if not shown:
        return ["  No level gets points: history shows no difference that makes a whole point."]
    full = max(level.rate for _, level in shown) or 1.0
    rows = [("points", "rule", "won of leads", "rate", "data support", "")]
    for attribute, level in shown:
        ticks = round(12 * level.rate / full)
        won = f"{count(level.conversions)} of {count(level.leads)}"
        rule = cut(rule_text(attribute, level), 40)
        range_ = support(level)
        rows.append((signed(level.points), rule, won, percent(level.rate), range_, "█" * ticks + "·" * (12 - ticks)))
    widths = [max(columns_wide(row[place]) for row in rows) for place in range(5)]
    lines = [_table_line(row, widths) for row in rows]
    if len(found) > top:
        lines.append(f"{'':>{widths[0] + 2}}  … {len(found) - top:,} more in levels.csv")
    return [_ascii(line) for line in lines] if ascii else lines


def remark_lines(calibration: Calibration, *, ascii: bool = False) -> list[str]:
    """A line a remark, most harmful first, at most seven and how many more there are."""
    texts = [remark.text for remark in calibration.remarks]
    lines = texts[:MOST_REMARKS]
    if len(texts) > MOST_REMARKS:
        lines.append(f"… {len(texts) - MOST_REMARKS} more in report.html")
    return [_ascii(line) for line in lines] if ascii else lines


def _table_line(row: tuple[str, ...], widths: list[int]) -> str:
    right = (True, False, True, True, True)
    cells = [filled(cell, width, right=side) for cell, width, side in zip(row, widths, right, strict=False)]
    return ("  " + "  ".join([*cells, row[5]])).rstrip()


def _ascii(line: str) -> str:
    for mark, plain in ((MINUS, "-"), ("█", "#"), ("·", "."), ("…", "...")):
        line = line.replace(mark, plain)
    return line
