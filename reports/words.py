"""What the evidence says, in sentences for the page and the command line.

English stands here, in labels.py, level_words.py, prose.py, columns_prose.py and trust_prose.py only.

Every figure in a sentence about ranking comes from held-out leads.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from calibrate.calibration import Calibration
from calibrate.proof.stability import Levels
from calibrate.proof.validation import Comparison, Ranking, Validation
from calibrate.statistics.bands import Band, best_share, share_reached
from calibrate.statistics.ranking import Auc, auc_in_words
from reports.level_words import average_points, average_score, rule_text, side, support, sure_sign
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


def from_zero_sentence(calibration: Calibration) -> str:
    """What 0 points say where none are below it, and where the average lead stands; empty where points have a sign."""
    if signed_points(calibration):
        return ""
    total = count(round(average_score(calibration)))
    return f"0 is the worst level of an attribute; points of an average lead add up to {total}."


def bound(calibration: Calibration) -> bool:
    """Whether there are caps or gates, so that a score is not always the sum of its points."""
    rules = calibration.rules
    capped = any(group.max is not None or group.min is not None for group in rules.groups.values())
    return capped or bool(rules.gates)


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
    """How the kinds of points rank held-out leads, and whether that may be chance; empty with nothing to compare."""
    validation = calibration.validation
    ranked = {item.column: pairs(item.auc.auc) for item in validation.rankings if item.auc} if validation else {}
    if validation is None or len(ranked) < 2:
        return ""
    kinds, best = f"{NUMBER[len(ranked)]} kinds of points", validation.best
    if not better_than_chance(validation):
        listed = ", ".join(f"{column} {area}" for column, area in ranked.items())
        return f"None of the {kinds} ranks better than chance would ({listed} pairs of 100)."
    leaders = [column for column, area in ranked.items() if area == ranked[best]]
    others = "".join(f", {column} {area}" for column, area in ranked.items() if column not in leaders)
    if len(leaders) == len(ranked):
        return f"The {kinds} rank alike ({ranked[best]} pairs of 100)."
    told = f"({ranked[best]} pairs of 100;{others[1:]})"
    behind = [item for item in validation.comparisons if item.other not in leaders]
    if any(item.other == calibration.column and not item.chance for item in behind):
        start = f"The {calibration.column} points that the rules carry rank behind {listed_names(leaders)} points"
        return f"{start} {told}, beyond chance."
    if len(leaders) > 1:
        return f"Of the {kinds} {listed_names(leaders)} rank alike {told}; {_sureness(behind)}"
    return f"Of the {kinds} {best} ranks best {told}; {_sureness(behind)}"


def better_than_chance(validation: Validation) -> bool:
    """Whether any column ranks better than a coin, beyond chance."""
    return any(item.auc is not None and item.auc.low > 0.5 for item in validation.rankings)


def _sureness(behind: Sequence[Comparison]) -> str:
    doubtful = [item.other for item in behind if item.chance]
    several = len(behind) > 1
    if not doubtful:
        return f"the {'differences are' if several else 'difference is'} beyond chance."
    if len(doubtful) == len(behind):
        return f"the {'differences' if several else 'difference'} may be chance."
    return f"the difference from {' and '.join(doubtful)} may be chance."


def listed_names(names: Sequence[str]) -> str:
    """Names with commas and a last `and`."""
    return " and ".join(names) if len(names) < 3 else f"{', '.join(names[:-1])} and {names[-1]}"


def level_stabilities(calibration: Calibration) -> tuple[Levels, ...] | None:
    """How stable the points of every level are, in the order of the attributes; None where that is not known."""
    return calibration.stability.columns.get(calibration.column) if calibration.stability else None


def stability_sentence(calibration: Calibration) -> str:
    """For how many rules the sign is sure and how many hardly move; empty where that is not known."""
    found = [
        (sure_sign(attribute, still), still.stable)
        for attribute, row in zip(calibration.attributes, level_stabilities(calibration) or (), strict=False)
        for level, still in zip(attribute.levels, row, strict=True)
        if still and side(attribute, level)
    ]
    if not found:
        return ""
    room, number = f"{tolerance(calibration):.2g}", count(len(found))
    sure, stable = (sum(part) for part in zip(*found, strict=True))
    what = "rules with points the sign is sure"
    if not signed_points(calibration):
        what = "rules away from the average it is sure on which side they are"
    return (
        f"For {count(sure)} of {number} {what}; {count(stable)} {'moves' if stable == 1 else 'move'} by {room} "
        f"{'point' if room == '1' else 'points'} at most in 80 of 100 redrawn histories (stable)."
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
    """How many held-out customers the best tenth holds, or that most leads tie; empty where it was not tested."""
    ranking = chosen_ranking(calibration)
    best = best_share(ranking.scores, 0.1) if ranking else None
    if ranking is None or best is None:
        return ""
    if best.share_of_leads > 0.5:
        return f"There is no best tenth: {whole_percent(best.share_of_leads)} of the leads share the best score."
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

    Where no points are below 0 those stand first that are furthest from the average of their attribute, and a last
    line says what 0 is.
    ascii: without `−`, `█`, `·` and `…`, for terminals that cannot print them; names stay as they are.
    """
    found = [(item, level) for item in calibration.attributes for level in item.levels if side(item, level)]
    zero = from_zero_sentence(calibration)
    found.sort(key=lambda pair: -abs(pair[1].points - (average_points(pair[0]) if zero else 0)))
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
    if zero:
        lines.append(f"  {zero}")
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
