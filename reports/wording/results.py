"""What the evidence says, in sentences for the page and the command line.

Every figure in a sentence about ranking comes from held-out leads.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import reduce

from calibrate.calibration import Calibration
from calibrate.proof.stability import Levels
from calibrate.proof.validation import Comparison, Ranking, Validation
from calibrate.settings import PointColumn
from calibrate.statistics.bands import Band, best_share, share_reached
from calibrate.statistics.ranking import Auc, pairs_in_order
from calibrate.words.language import MINUS, Language
from reports.wording.levels import average_points, average_score, of, rule_text, side, support, sure_sign
from reports.wording.numbers import columns_wide, cut, filled

MOST_REMARKS = 7
MOST_SPELLED = 4


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


def from_zero_sentence(calibration: Calibration, say: Language) -> str:
    """What 0 points say where none are below it, and where the average lead stands; empty where points have a sign."""
    if signed_points(calibration):
        return ""
    return say("ranking.from_zero", total=round(average_score(calibration)))


def bound(calibration: Calibration) -> bool:
    """Whether there are caps or gates, so that a score is not always the sum of its points."""
    rules = calibration.rules
    capped = any(group.max is not None or group.min is not None for group in rules.groups.values())
    return capped or bool(rules.gates)


def band_range(band: Band, say: Language) -> str:
    """The scores of a band: `15 to 48`, or the one score it has."""
    low, high = say.count(band.score_from), say.count(band.score_to)
    return low if low == high else say("ranking.scores", low=low, high=high)


def headline(calibration: Calibration, say: Language) -> str:
    """What the points achieve on leads that did not make them, or that history shows no differences at all."""
    return no_differences(calibration, say) or achieved(calibration, say)


def no_differences(calibration: Calibration, say: Language) -> str:
    """That history shows no differences beyond chance; empty where it does."""
    if not math.isinf(calibration.strength):
        return ""
    if all(level.points == 0 for attribute in calibration.attributes for level in attribute.levels):
        return say("ranking.no_differences")
    return say("ranking.no_differences_beside", carried=say(f"kinds.the.{calibration.column}"))


def achieved(calibration: Calibration, say: Language) -> str:
    """What the points achieve on leads that did not make them, or why that is not known."""
    ranking, validation = chosen_ranking(calibration), calibration.validation
    if ranking is None or ranking.auc is None or validation is None:
        return say("ranking.not_known")
    if len(ranking.scores.scores) == 1:
        return say("ranking.one_score", leads=validation.leads)
    share, pairs = share_reached(ranking.scores, 0.2), pairs_in_order(ranking.auc)
    if share is None:
        told = say("ranking.achieved", leads=validation.leads, pairs=pairs)
    else:
        told = say("ranking.achieved_fifth", leads=validation.leads, pairs=pairs, share=share)
    return f"{told} {doubt(ranking.auc, say)}".strip()


def doubt(auc: Auc, say: Language) -> str:
    """A further sentence where the ranking may be no better than a coin, else nothing."""
    if auc.low > 0.5:
        return ""
    return say("ranking.worse_than_a_coin" if auc.high < 0.5 else "ranking.like_a_coin")


def tested(calibration: Calibration, validation: Validation, say: Language) -> str:
    """Which leads tested which points, and where the points of the rules file come from."""
    found = {"leads": validation.leads, "customers": validation.conversions, "made": _made(calibration, say)}
    older, first, last = validation.learned_from, validation.first_day, validation.last_day
    if older is None:
        return say("ranking.tested_parts", **found)
    if first and last:
        return say("ranking.tested_newest_days", **found, older=older, first=first, last=last)
    return say("ranking.tested_newest", **found, older=older)


def counted_lines(calibration: Calibration, say: Language) -> list[str]:
    """Which leads count, which do not and why, and which ones test the points."""
    overall = calibration.overall
    lines = [
        say(
            "ranking.counted",
            counted=overall.leads,
            rows=calibration.rows,
            won=overall.conversions,
            outcome=calibration.outcome,
            rate=overall.rate,
            low=overall.low,
            high=overall.high,
        )
    ]
    left_out = [
        say("ranking.not_counted_one", leads=item.leads, reason=item.reason)
        for item in calibration.excluded
        if item.leads
    ]
    if left_out:
        lines.append(say("ranking.not_counted", reasons=clauses(left_out, say)))
    return [*lines, _learned(calibration, say)]


def clauses(told: Sequence[str], say: Language) -> str:
    """Clauses in one sentence, each standing for itself."""
    return reduce(lambda first, then: say("ranking.clauses", first=first, then=then), told)


def _learned(calibration: Calibration, say: Language) -> str:
    validation, made = calibration.validation, _made(calibration, say)
    if validation is None:
        return say("ranking.learned_untested", made=made)
    if validation.learned_from is None:
        return say("ranking.learned_without", made=made)
    return say("ranking.learned_newest", made=made, leads=validation.leads, older=validation.learned_from)


def _made(calibration: Calibration, say: Language) -> str:
    """Which leads made the points: where an engine counts, lift is of all leads and what takes overlap out of some."""
    store, counted = calibration.store, calibration.overall.leads
    if store is None or store.leads == counted or calibration.column in ("lift", "cautious"):
        return say("ranking.made_all", counted=counted)
    return say("ranking.made_sample", sample=store.leads, counted=counted)


def ranking_sentence(calibration: Calibration, say: Language) -> str:
    """How many of 100 won-lost pairs the points put in order on held-out leads, with the range."""
    ranking, validation = chosen_ranking(calibration), calibration.validation
    if ranking is None or ranking.auc is None or validation is None:
        return say("ranking.unknown")
    middle, low, high = (round(100 * share) for share in (ranking.auc.auc, ranking.auc.low, ranking.auc.high))
    which = "newest" if validation.kind == "out-of-time" else "without"
    told = say(f"ranking.order_{which}", leads=validation.leads, pairs=middle, low=low, high=high)
    return f"{told} {doubt(ranking.auc, say)}".strip()


def best_column_sentence(calibration: Calibration, say: Language) -> str:
    """How the kinds of points rank held-out leads, and whether that may be chance; empty with nothing to compare."""
    validation = calibration.validation
    ranked = {item.column: say.pairs(item.auc.auc) for item in validation.rankings if item.auc} if validation else {}
    if validation is None or len(ranked) < 2:
        return ""
    number, area = spelled(len(ranked), say), ranked[validation.best]
    if not better_than_chance(validation):
        return say("ranking.none_ranks", number=number, areas=_areas(ranked, say))
    leaders = [column for column, found in ranked.items() if found == area]
    if len(leaders) == len(ranked):
        return say("ranking.all_alike", number=number, area=area)
    others = _areas({column: found for column, found in ranked.items() if column not in leaders}, say)
    told = {"leaders": kinds(leaders, say), "area": area, "others": others}
    behind = [item for item in validation.comparisons if item.other not in leaders]
    if any(item.other == calibration.column and not item.chance for item in behind):
        return say("ranking.carried_behind", **told, carried=say(f"kinds.the.{calibration.column}"))
    key = "ranking.leaders_alike" if len(leaders) > 1 else "ranking.leader"
    return say(key, **told, number=number, sureness=_sureness(behind, say))


def _areas(ranked: dict[PointColumn, str], say: Language) -> str:
    return ", ".join(with_number(column, area, say) for column, area in ranked.items())


def with_number(column: PointColumn, number: str, say: Language) -> str:
    """A kind of points and a number that is its."""
    return say("kinds.with_number", kind=say(f"kinds.name.{column}"), number=number)


def kinds(columns: Sequence[PointColumn], say: Language) -> str:
    """Kinds of points, listed."""
    return listed_names([say(f"kinds.points.{column}") for column in columns], say)


def spelled(number: int, say: Language) -> str:
    """A small number as a word, others as they are."""
    return say(f"ranking.number.{number}") if 1 <= number <= MOST_SPELLED else say.count(number)


def better_than_chance(validation: Validation) -> bool:
    """Whether any column ranks better than a coin, beyond chance."""
    return any(item.auc is not None and item.auc.low > 0.5 for item in validation.rankings)


def _sureness(behind: Sequence[Comparison], say: Language) -> str:
    doubtful = [item.other for item in behind if item.chance]
    several = 2 if len(behind) > 1 else 1
    if not doubtful:
        return say("ranking.sure", n=several)
    if len(doubtful) == len(behind):
        return say("ranking.doubtful", n=several)
    return say("ranking.doubtful_from", kinds=kinds(doubtful, say))


def listed_names(names: Sequence[str], say: Language) -> str:
    """All names, a last `and` between them."""
    return say("marks.and", first=", ".join(names[:-1]), last=names[-1]) if len(names) > 1 else "".join(names)


def level_stabilities(calibration: Calibration) -> tuple[Levels, ...] | None:
    """How stable the points of every level are, in the order of the attributes; None where that is not known."""
    return calibration.stability.columns.get(calibration.column) if calibration.stability else None


def stability_sentence(calibration: Calibration, say: Language) -> str:
    """For how many rules the sign is sure and how many hardly move; empty where that is not known."""
    found = [
        (sure_sign(attribute, still), still.stable)
        for attribute, row in zip(calibration.attributes, level_stabilities(calibration) or (), strict=False)
        for level, still in zip(attribute.levels, row, strict=True)
        if still and side(attribute, level)
    ]
    if not found:
        return ""
    # Points are whole: a room of 2.9 reads as 3, one that reads as 1 is one.
    moves = tolerance(calibration)
    room = say("ranking.room", n=float(round(moves) if moves >= 1 else f"{moves:.1g}"))
    sure, stable = (sum(part) for part in zip(*found, strict=True))
    key = "ranking.signs_sure" if signed_points(calibration) else "ranking.sides_sure"
    return say(key, n=stable, sure=sure, rules=len(found), room=room)


def tolerance(calibration: Calibration) -> float:
    """Points that a stable rule may move by; 0 where none was tested."""
    stability, score, rate = calibration.stability, calibration.rules.score, calibration.overall.rate
    if stability is None:
        return 0.0
    if score.pdo is None:
        return stability.tolerance / score.unit
    return stability.tolerance / (100 * rate * (1 - rate)) * score.pdo / math.log(2)


def best_tenth_sentence(calibration: Calibration, say: Language) -> str:
    """How many held-out customers the best tenth holds, or that most leads tie; empty where it was not tested."""
    ranking = chosen_ranking(calibration)
    best = best_share(ranking.scores, 0.1) if ranking else None
    if ranking is None or best is None:
        return ""
    share, customers = best.share_of_leads, ranking.scores.total_conversions
    if share > 0.5:
        return say("ranking.no_best_tenth", share=share)
    told = {"score": best.score, "leads": best.leads, "won": best.conversions, "customers": customers}
    if abs(share - 0.1) < 0.025:
        return say("ranking.best_tenth", **told)
    return say("ranking.best_share", **told, share=share)


def capacity_sentence(calibration: Calibration, say: Language) -> str:
    """What the leads bring that fit into the places sales has; empty where nobody said how many.

    They are held-out leads, or all counted ones where points adopted before were kept.
    """
    validation = calibration.validation
    found = validation.capacity if validation else None
    if validation is None or found is None:
        return ""
    said, of_all = calibration.settings.report.capacity, validation.capacity_of_all
    if found.score_from is None or found.rate is None or found.rate_low is None or found.rate_high is None:
        return say(f"ranking.places_for_none{'_of_all' if of_all else ''}", capacity=said, places=found.places)
    if found.tied_score is None:
        return say("ranking.places_for_all", capacity=said)
    rates = {"rate": found.rate, "low": found.rate_low, "high": found.rate_high}
    counts = {"places": found.places, "score": found.score_from, "leads": found.leads, "won": found.conversions}
    return say(f"ranking.places_for_some{'_of_all' if of_all else ''}", capacity=said, **counts, **rates)


def result_lines(calibration: Calibration, say: Language) -> list[str]:
    """How the points rank, which kind ranks best, what the best leads bring and how stable the points are."""
    found = (
        ranking_sentence(calibration, say),
        best_column_sentence(calibration, say),
        best_tenth_sentence(calibration, say),
        capacity_sentence(calibration, say),
        stability_sentence(calibration, say),
    )
    return [line for line in found if line]


def points_table(calibration: Calibration, say: Language, top: int = 12, *, ascii: bool = False) -> list[str]:
    """The strongest rules as lines: points, rule, won of leads, rate, data support, a bar of the rate from 0.

    Where no points are below 0 those stand first that are furthest from the average of their attribute, and a last
    line says what 0 is.
    ascii: without `−`, `█`, `·` and `…`, for terminals that cannot print them; names stay as they are.
    """
    found = [(item, level) for item in calibration.attributes for level in item.levels if side(item, level)]
    zero = from_zero_sentence(calibration, say)
    found.sort(key=lambda pair: -abs(pair[1].points - (average_points(pair[0]) if zero else 0)))
    shown = found[:top]
    if not shown:
        return [f"  {say('ranking.no_points')}"]
    full = max(level.rate for _, level in shown) or 1.0
    rows = [(*(say(f"ranking.head.{name}") for name in ("points", "rule", "won", "rate", "support")), "")]
    for attribute, level in shown:
        ticks = round(12 * level.rate / full)
        rule, won = cut(rule_text(attribute, level, say), 40), of(level.conversions, level.leads, say)
        bar = "█" * ticks + "·" * (12 - ticks)
        rows.append((say.signed(level.points), rule, won, say.percent(level.rate), support(level, say), bar))
    widths = [max(columns_wide(row[place]) for row in rows) for place in range(5)]
    lines = [_table_line(row, widths) for row in rows]
    if len(found) > top:
        lines.append(f"{'':>{widths[0] + 2}}  {say('ranking.more_rules', n=len(found) - top)}")
    if zero:
        lines.append(f"  {zero}")
    return [_ascii(line) for line in lines] if ascii else lines


def remark_lines(calibration: Calibration, say: Language, *, ascii: bool = False) -> list[str]:
    """A line a remark, most harmful first, at most seven and how many more there are."""
    texts = [say.text(remark.said) for remark in calibration.remarks]
    lines = texts[:MOST_REMARKS]
    if len(texts) > MOST_REMARKS:
        lines.append(say("ranking.more_remarks", n=len(texts) - MOST_REMARKS))
    return [_ascii(line) for line in lines] if ascii else lines


def _table_line(row: tuple[str, ...], widths: list[int]) -> str:
    right = (True, False, True, True, True)
    cells = [filled(cell, width, right=side) for cell, width, side in zip(row, widths, right, strict=False)]
    return ("  " + "  ".join([*cells, row[5]])).rstrip()


def _ascii(line: str) -> str:
    for mark, plain in ((MINUS, "-"), ("█", "#"), ("·", "."), ("…", "...")):
        line = line.replace(mark, plain)
    return line
