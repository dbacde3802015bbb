"""Sentences on the kinds of points: which to take, how they rank, whether they keep their promise, what shaping costs.

A reader without statistics understands each; every figure comes from held-out leads.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from calibrate.calibration import Calibration
from calibrate.proof.shaping import Shaped
from calibrate.proof.validation import Ranking, Validation
from calibrate.words.language import Language
from reports.wording.levels import between
from reports.wording.numbers import figure
from reports.wording.results import better_than_chance, clauses, kinds, listed_names, unit, with_number

LEAST_COST = 0.003
CLEARLY_CLOSER = 0.1
CLOSELY = 0.2
CHANGES = ("whole points", "no points below 0", "caps and gates")


def advice(validation: Validation, say: Language) -> str:
    """Which kind to take for what: by ranking, by promise kept, by customers reached; empty where none ranks."""
    ranked = [item for item in validation.rankings if item.auc]
    if len(ranked) < 2 or not better_than_chance(validation):
        return ""
    parts = (_to_order(ranked, validation, say), _to_read(ranked, say), _to_reach(ranked, validation, say))
    return clauses([part for part in parts if part], say) + "."


def _to_order(ranked: Sequence[Ranking], validation: Validation, say: Language) -> str:
    behind = [item.other for item in validation.comparisons if not item.chance]
    equal = [item.column for item in ranked if item.column not in behind]
    if not behind:
        return say("kinds.order_equal", equal=kinds(equal, say))
    return say("kinds.order_best", n=len(equal), equal=kinds(equal, say), behind=kinds(behind, say))


def _to_read(ranked: Sequence[Ranking], say: Language) -> str:
    """Which kind keeps its promise best, among those that promise percentage points."""
    kept = [(item.column, item.slope) for item in ranked if item.slope is not None and item.column != "log-odds"]
    if len(kept) < 2:
        return ""
    kept.sort(key=lambda pair: abs(pair[1] - 1))
    (best, slope), others = kept[0], kept[1:]
    if abs(others[0][1] - 1) - abs(slope - 1) < CLEARLY_CLOSER:
        told = ", ".join(with_number(column, promise(value, say), say) for column, value in kept)
        return say("kinds.read_alike", kept=told)
    key = "kinds.read_best" if abs(slope - 1) <= CLOSELY else "kinds.read_best_loosely"
    against = listed_names([promise(value, say) for _, value in others], say)
    return say(key, best=kinds([best], say), slope=promise(slope, say), others=against)


def _to_reach(ranked: Sequence[Ranking], validation: Validation, say: Language) -> str:
    """What the places hold by kind, where every kind was asked for the same places."""
    reached = {item.column: round(item.reached.expected_conversions) for item in ranked if item.reached}
    if len(reached) < len(ranked):
        return ""
    places = next((item.reached.places for item in ranked if item.reached), 0)
    told = {"places": places, "customers": validation.conversions}
    if len(set(reached.values())) == 1:
        return say("kinds.reach_alike", **told, reached=next(iter(reached.values())))
    by = [
        say("kinds.reached_by", reached=number, kind=say(f"kinds.name.{column}")) for column, number in reached.items()
    ]
    return say("kinds.reach", **told, reached=listed_names(by, say))


def best_sentence(calibration: Calibration, validation: Validation, say: Language) -> str:
    """Which column ranks best, and how far the one that the rules carry is behind."""
    best, column = validation.best, calibration.column
    area, own = validation.ranking(best).auc, validation.ranking(column).auc
    if area is None or not better_than_chance(validation):
        return say("kinds.none_ranks")
    found, carried, named = validation.against(column), say(f"kinds.the.{column}"), kinds([best], say)
    if best == column:
        return say("kinds.carried_best", carried=carried, area=area.auc)
    if found is None:
        return say("kinds.best_untold", best=_capital(named), area=area.auc)
    gap = found.difference
    if not found.chance:
        gaps = {"gap": gap.difference, "low": gap.low, "high": gap.high}
        return say("kinds.carried_behind", carried=carried, best=named, option=best, area=area.auc, **gaps)
    if own and say.pairs(area.auc) == say.pairs(own.auc):
        return say("kinds.carried_alike", carried=carried, best=say(f"kinds.the.{best}"), area=area.auc)
    return say("kinds.best_maybe", best=_capital(named), carried=carried, area=area.auc, gap=gap.difference)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def worth_sentence(calibration: Calibration, slope: float, say: Language) -> str:
    """What ten points were worth on held-out leads; slope: of what they promise, 1 all of it."""
    promised = 10 * unit(calibration)
    return say(
        "kinds.worth_more" if slope >= 0 else "kinds.worth_less",
        carried=kinds([calibration.column], say),
        found=abs(promised * slope),
        promised=figure(promised, say, 3),
    )


def odds_sentence(pdo: float, slope: float, say: Language) -> str:
    """What log-odds points were worth on held-out leads; slope: of the outcome on the promised log-odds."""
    return say("kinds.worth_odds", pdo=figure(pdo, say), found=2**slope)


def shaping_sentence(steps: Sequence[Shaped], say: Language) -> str:
    """What each change of the points cost the ranking; empty with no change to tell of."""
    told = [
        (say(f"kinds.change.{step.change}"), before.auc - step.auc)
        for before, step in pairwise(steps)
        if step.change in CHANGES
    ]
    if not told:
        return ""
    if all(loss < LEAST_COST for _, loss in told):
        return say("kinds.shaping_free", changes=", ".join(change for change, _ in told))
    return say("kinds.shaping_cost", told=clauses([_cost(*item, say) for item in told], say))


def _cost(change: str, loss: float, say: Language) -> str:
    if loss < LEAST_COST:
        return say("kinds.change_free", change=change)
    return say("kinds.change_cost", change=change, loss=loss)


def pair_range(low: float, high: float, say: Language) -> str:
    """Both ends of a range of pairs of 100."""
    return between(say.pairs(low), say.pairs(high), say)


def promise(slope: float | None, say: Language) -> str:
    """How much of a promise was kept, with a true minus; nothing where that cannot be said."""
    return "" if slope is None else say.number(slope, 2)


def skill(share: float | None, say: Language) -> str:
    """Brier skill in percent, with a true minus."""
    return "" if share is None else say("marks.percent", value=say.number(100 * share, 1))
