"""Sentences on the kinds of points: which to take, how they rank, whether they keep their promise, what shaping costs.

A reader without statistics understands each; every figure comes from held-out leads.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from calibrate.calibration import Calibration
from calibrate.proof.shaping import Shaped
from calibrate.proof.validation import Ranking, Validation
from reports.numbers import MINUS, count, pairs
from reports.words import better_than_chance, listed_names, unit

LEAST_COST = 0.003
CLEARLY_CLOSER = 0.1
CLOSELY = 0.2

COLUMNS_NOTE = (
    "Each kind was made and tested on the same leads; ranges are 95%. The best of several is picked on these leads "
    "too, which flatters it a little. Better than the overall rate: how much closer the chances that the points "
    "promise come to the outcomes than giving every lead the overall rate (Brier skill); below 0 they are further off."
)
PROMISE_NOTE = (
    "Promise kept is 1 where ten points brought as much more conversion as they say; below 1: less, as when attributes "
    "are counted twice; above 1: more."
)
PROMISE_FREE = " It is measured on the plain sums of the points, before caps and gates."
LISTED_NOTE = (
    "Log-odds points are listed only when asked for (--points log-odds); --points best chooses among lift, cautious "
    "and adjusted."
)
IN_RULES = "\n(in the rules)"
BEST = "best"
MAY_BE_CHANCE = ", may be chance"


def advice(validation: Validation) -> str:
    """Which kind to take for what: by ranking, by promise kept, by customers reached; empty where none ranks."""
    ranked = [item for item in validation.rankings if item.auc]
    if len(ranked) < 2 or not better_than_chance(validation):
        return ""
    parts = (_to_order(ranked, validation), _to_read(ranked), _to_reach(ranked, validation))
    return "; ".join(part for part in parts if part) + "."


def _to_order(ranked: Sequence[Ranking], validation: Validation) -> str:
    behind = [item.other for item in validation.comparisons if not item.chance]
    equal = [item.column for item in ranked if item.column not in behind]
    if not behind:
        return f"To order leads, {listed_names(equal)} points do equally well here, as far as these leads can tell"
    verb = "do best here and equally well" if len(equal) > 1 else "do best here"
    return f"To order leads, {listed_names(equal)} points {verb}, {listed_names(behind)} worse beyond chance"


def _to_read(ranked: Sequence[Ranking]) -> str:
    """Which kind keeps its promise best, among those that promise percentage points."""
    kept = [(item.column, item.slope) for item in ranked if item.slope is not None and item.column != "log-odds"]
    if len(kept) < 2:
        return ""
    kept.sort(key=lambda pair: abs(pair[1] - 1))
    start, (best, slope), others = "where points are read as percentage points", kept[0], kept[1:]
    if abs(others[0][1] - 1) - abs(slope - 1) < CLEARLY_CLOSER:
        told = ", ".join(f"{column} {promise(value)}" for column, value in kept)
        return f"{start}, none keeps its promise clearly best ({told})"
    against = f"({promise(slope)} against {' and '.join(promise(value) for _, value in others)})"
    poor = "" if abs(slope - 1) <= CLOSELY else ", though not closely"
    return f"{start}, {best} points keep their promise best {against}{poor}"


def _to_reach(ranked: Sequence[Ranking], validation: Validation) -> str:
    """What the places hold by kind, where every kind was asked for the same places."""
    reached = {item.column: round(item.reached.expected_conversions) for item in ranked if item.reached}
    places = next((item.reached.places for item in ranked if item.reached), 0)
    if len(reached) < len(ranked):
        return ""
    start, of = f"the best {count(places)} leads hold", f"of the {count(validation.conversions)} customers"
    if len(set(reached.values())) == 1:
        return f"{start} {count(next(iter(reached.values())))} {of} by each kind"
    by = (f"{count(number)} by {column}" for column, number in reached.items())
    return f"{start} {listed_names(list(by))} {of}"


def best_sentence(calibration: Calibration, validation: Validation) -> str:
    """Which column ranks best, and how far the one that the rules carry is behind."""
    best, carried = validation.best, calibration.column
    if not better_than_chance(validation):
        return "No kind of points ranks held-out leads better than chance would: a coin gets 50 of 100 pairs right."
    area, own = validation.ranking(best).auc, validation.ranking(carried).auc
    order = f"the right order in {pairs(area.auc)} of 100 won-lost pairs" if area else "the best order"
    found = validation.against(carried)
    if best == carried:
        return f"The {best} points, which the rules carry, get {order}."
    if found is None:
        return f"{best.capitalize()} points rank held-out leads best: {order}."
    gap = found.difference
    if not found.chance:
        return (
            f"The {carried} points that the rules carry put {pairs(gap.difference)} pairs of 100 fewer in order than "
            f"{best} points (95% range {pairs(gap.low)} to {pairs(gap.high)}), which get {order}: --points {best} "
            "carries these instead."
        )
    if area and own and pairs(area.auc) == pairs(own.auc):
        return f"The {carried} points that the rules carry and the {best} points rank alike: {order}."
    return (
        f"{best.capitalize()} points get {order}. Their lead over the {carried} points that the rules carry is "
        f"{pairs(gap.difference)} pairs and may be chance: by the ranking alone there is no reason to change."
    )


def worth_sentence(calibration: Calibration, slope: float) -> str:
    """What ten points were worth on held-out leads; slope: of what they promise, 1 all of it."""
    promised = 10 * unit(calibration)
    found = promised * slope
    way = "more" if found >= 0 else "less"
    return (
        f"On the held-out leads ten {calibration.column} points more went with about {abs(found):.2g} percentage "
        f"points {way} conversion; taken at their word they promise {promised:.3g}."
    )


def odds_sentence(pdo: float, slope: float) -> str:
    """What log-odds points were worth on held-out leads; slope: of the outcome on the promised log-odds."""
    return (
        f"{pdo:g} points are meant to double the odds of becoming a customer; on the held-out leads they went with "
        f"{2**slope:.2g} times the odds."
    )


def reached_note(places: int) -> str:
    """What the column of customers reached counts."""
    return (
        f"Customers reached: among the {count(places)} held-out leads with the best scores, equal scores taken in any "
        "order."
    )


def shaping_sentence(steps: Sequence[Shaped]) -> str:
    """What each change of the points cost the ranking; empty with no change to tell of."""
    names = {
        "whole points": "rounding them",
        "no points below 0": "no points below 0",
        "caps and gates": "caps and gates",
    }
    told = [(names[step.change], before.auc - step.auc) for before, step in pairwise(steps) if step.change in names]
    if not told:
        return ""
    if all(loss < LEAST_COST for _, loss in told):
        return f"Shaping the points cost nothing measurable in ranking ({', '.join(name for name, _ in told)})."
    return f"Shaping the points, in won-lost pairs of 100: {'; '.join(_cost(*item) for item in told)}."


def _cost(name: str, loss: float) -> str:
    return f"{name} cost nothing measurable" if loss < LEAST_COST else f"{name} cost {pairs(loss)}"


def pair_range(low: float, high: float) -> str:
    """Both ends of a range of pairs of 100."""
    return f"{pairs(low)} to {pairs(high)}"


def promise(slope: float | None) -> str:
    """How much of a promise was kept, with a true minus; nothing where that cannot be said."""
    return "" if slope is None else f"{slope:.2f}".replace("-", MINUS)


def skill(share: float | None) -> str:
    """Brier skill in percent, with a true minus."""
    return "" if share is None else f"{100 * share:.1f}%".replace("-", MINUS)
