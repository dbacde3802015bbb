"""Sentences on how far to trust the points: kinds of points, overlap, stability, surprises, size of the history.

A reader without statistics understands each, and none says why leads became customers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from calibrate.calibration import Calibration
from calibrate.proof.audit import DOUBLE, Overlap, Span
from calibrate.proof.shaping import Shaped
from calibrate.proof.surprises import Surprises
from calibrate.proof.validation import Validation
from calibrate.statistics.overlap import Pair
from calibrate.statistics.sample_size import ModelSize
from reports.numbers import MINUS, count, pairs, plain
from reports.words import NUMBER, better_than_chance, may_be_chance, signed_points, unit

LEAST_COST = 0.001

COLUMNS_NOTE = (
    "Each kind was made and tested on the same leads; ranges are 95%. The best of several is picked on these leads "
    "too, which flatters it a little. Chances hold: 1 is honest. Below 1 the chances that the points promise are too "
    "extreme, high scores promising too much and low ones too little, as when attributes that go together are counted "
    "twice; above 1 they are too timid. Better than the overall rate: how much closer the promised chances come to the "
    "outcomes than giving every lead the overall rate (Brier skill); below 0 they are further off."
)
SPANS_NOTE = (
    "Points between the best and the worst level of an attribute. Hollow: alone (lift). Filled: beside all other "
    "attributes (adjusted)."
)
PAIRS_TITLE = "Attributes that go together"
PAIRS_NOTE = "How closely two attributes go together: 0 not at all, 1 when one tells the other (Cramér’s V)."
FLIPS_TITLE = "Levels that turn their sign"
FLIPS_NOTE = (
    "Lifts in percentage points. Such a level looks good alone and bad beside the others, or the reverse: what it "
    "shows alone goes with other attributes."
)
STABLE_TITLE = "The largest points that are not stable"
STABLE_NOTE = (
    "Points of the rules, and the range in which they lie in 80 of 100 redrawn histories. Filled: stable. Hollow: not "
    "stable. Grey: the range holds 0. The rules with the largest points."
)
DRAWN_NOTE = (
    "A redrawn history takes as many leads as there are from this one, each any number of times, and learns from them "
    "anew."
)
MORE_NOTE = "More leads needed: about how many more of the same kind, over all levels, would make the points stable."
ROWS_TITLE = "Leads to look at, the most surprising first"
ROWS_NOTE = "Row 1 is the first lead of the file, below its head."
ROWS_LOST, ROWS_WON = "lost with a high score", "won with a low score"
SEE_TITLE = "Leads a level needs so that its lift is seen in 80 of 100 histories like this"
SEE_NOTE = (
    "For levels that hold such a share of all leads. A level with fewer may well matter: this history would often not "
    "show it."
)
NEVER = "never"
IN_RULES = "\n(in the rules)"
BEST = "best"
MAY_BE_CHANCE = ", may be chance"


def best_sentence(calibration: Calibration, validation: Validation) -> str:
    """Which column ranks best, and how far the one that the rules carry is behind."""
    best, carried = validation.best, calibration.column
    if not better_than_chance(validation):
        return "No kind of points ranks held-out leads better than chance would: a coin gets 50 of 100 pairs right."
    area = validation.ranking(best).auc
    order = f"the right order in {pairs(area.auc)} of 100 won-lost pairs" if area else "the best order"
    if best == carried:
        behind = [item.other for item in validation.comparisons if not may_be_chance(item)]
        others = f"{_listed(behind)} points are behind beyond chance" if behind else "no other kind is clearly behind"
        return f"The {best} points, which the rules carry, rank held-out leads best: {order}; {others}."
    start = f"{best.capitalize()} points rank held-out leads best: {order}"
    found = next((item for item in validation.comparisons if item.other == carried), None)
    if found is None:
        return f"{start}."
    gap = found.difference
    if may_be_chance(found):
        if abs(gap.difference) < LEAST_COST / 2:
            return f"{start}; the {carried} points that the rules carry rank alike."
        return (
            f"{start}. Their lead over the {carried} points that the rules carry is {pairs(gap.difference)} pairs and "
            "may be chance: by the ranking alone there is no reason to change."
        )
    return (
        f"{start}, {pairs(gap.difference)} more than the {carried} points that the rules carry (95% range "
        f"{pairs(gap.low)} to {pairs(gap.high)}): --points {best} carries them instead."
    )


def worth_sentence(calibration: Calibration, slope: float) -> str:
    """What ten points were worth on held-out leads; slope: conversion rate a point, 0 to 1."""
    promised, found = 10 * unit(calibration), 1000 * slope
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
    if all(abs(loss) < LEAST_COST for _, loss in told):
        return f"Shaping the points cost nothing measurable in ranking ({', '.join(name for name, _ in told)})."
    return f"Shaping the points, in won-lost pairs of 100: {'; '.join(_cost(*item) for item in told)}."


def _cost(name: str, loss: float) -> str:
    if abs(loss) < LEAST_COST:
        return f"{name} cost nothing measurable"
    return f"{name} {'cost' if loss > 0 else 'gained'} {pairs(abs(loss))}"


def overlap_sentences(calibration: Calibration, overlap: Overlap) -> tuple[str, ...]:
    """How much of the lift points is counted twice, whether that is out already, and what is left."""
    if math.isinf(calibration.strength):
        return ("History shows no differences beyond chance, so there is nothing to count twice.",)
    if len(calibration.attributes) < 2:
        return ("Nothing: there is only one attribute.",)
    if overlap.factor is None or overlap.worth is None:
        return ()
    texts = [_double(calibration, overlap.factor, overlap.worth * unit(calibration))]
    if overlap.points is not None and overlap.left is not None and signed_points(calibration):
        texts.append(
            f"Of {count(overlap.points)} lift points, signs aside, {count(overlap.left)} are left when all attributes "
            "are looked at together."
        )
    return tuple(texts)


def _double(calibration: Calibration, factor: float, worth: float) -> str:
    kind = calibration.column
    points = f"ten {'' if kind in ('lift', 'cautious') else 'lift '}points"
    told, promised = f"{worth:.0f}" if worth >= 1 else f"{worth:.1g}", 10 * unit(calibration)
    instead = "" if promised == 10 else f", not {promised:.3g}"
    if factor < DOUBLE:
        return f"Hardly anything: attributes overlap little, and {points} are worth about {told} percentage points."
    start = (
        f"Attributes overlap, so summed lift points count {factor:.1f} times: {points} are worth only {told} "
        f"percentage points{instead}"
    )
    if kind in ("adjusted", "log-odds"):
        return f"{start}. This is already taken out of the {kind} points that the rules carry."
    return f"{start}. --points adjusted takes it out."


def spans_title(spans: Sequence[Span]) -> str:
    """The finding of the chart of spans: the attribute that loses most."""
    most = max(spans, key=lambda span: span.lift - span.adjusted)
    if most.lift <= most.adjusted:
        return "No attribute loses points beside the others"
    return (
        f"{plain(most.attribute)} loses most beside the others: {count(most.lift)} points from its best to its worst "
        f"level alone, {count(most.adjusted)} beside them"
    )


def widest_only(shown: int, number: int) -> tuple[str, ...]:
    """That a chart does not show all attributes."""
    return (f"The {count(shown)} widest of {count(number)} attributes.",) if number > shown else ()


def closeness(pair: Pair) -> str:
    """How closely a pair goes together, as a number and a word."""
    return f"{pair.v:.2f}" + (", almost the same" if pair.same else "")


def more_rows(number: int, what: str) -> str:
    """A further sentence where a table holds only the first rows."""
    return f" {count(number)} more {what} are not shown." if number > 0 else ""


def unstable(reason: str) -> str:
    """Why there is no stability."""
    return f"How stable these points are is not known: {plain(reason)}."


def about(leads: int) -> str:
    """A number of leads rounded to two digits."""
    digits = max(0, len(str(leads)) - 2)
    return f"about {count(round(leads, -digits))}"


def open_signs(number: int, rules: int) -> str:
    """How many rules may as well have points of the other sign."""
    if not number:
        return "The range of none of them holds 0: their signs are clear."
    whose = "its" if number == 1 else "their"
    return f"For {count(number)} of the {count(rules)} the range holds 0 points, so even {whose} sign is open."


def stable_title(rule: str, low: str, high: str) -> str:
    """The finding of the chart of stability: the range of the largest points."""
    return f"{rule}: {low} to {high} points in 80 of 100 redrawn histories"


def between(low: str, high: str) -> str:
    """Both ends of a range of points."""
    return f"{low} to {high}"


def surprise_sentences(found: Surprises) -> tuple[str, ...]:
    """Whether anything stands out among leads that went against their score, and how many there are."""
    number = len(found.levels)
    start = "Nothing stands out beyond chance among the leads that went against their score."
    if number:
        noun = "level stands" if number == 1 else "levels stand"
        some = NUMBER[number].capitalize() if number < len(NUMBER) else count(number)
        start = f"{some} {noun} out beyond chance among the leads that went against their score."
    return (
        start,
        f"Of the {count(found.high)} best-scored held-out leads (score {count(found.score_from)} and up) "
        f"{count(found.high_lost)} were lost, of the {count(found.low)} worst-scored ({count(found.score_to)} and "
        f"below) {count(found.low_won)} were won. Some are always to be expected: a score says how likely, not who.",
    )


def no_surprises(calibration: Calibration, fewest: int) -> str:
    """Why leads were not looked at against their score."""
    validation = calibration.validation
    start = "Leads were not looked at against their score: "
    if validation is None or validation.leads < fewest:
        return f"{start}there are too few that had no part in making the points."
    if len(validation.ranking(calibration.column).scores.scores) < 2:
        return f"{start}they all have the same one."
    return f"{start}some lost ones may still be won. --lost or --mature says which ones are lost for good."


def model_sentence(size: ModelSize, differences: int, leads: int) -> str:
    """Leads that a common rule asks for to learn all levels at once, and what there are."""
    enough = "there are more" if leads >= size.leads else "there are fewer"
    verdict = (
        "" if leads >= size.leads else " With fewer, points tend to be too extreme; the test on held-out leads tells."
    )
    told = "1 difference" if differences == 1 else f"{count(differences)} differences"
    return (
        f"To learn {told} between levels all at once, with points that rank as these do, a "
        f"common rule (Riley and others, 2019) asks for {about(size.leads)} leads; {enough}: {count(leads)}.{verdict}"
    )


def share_heading(share: float, here: int) -> str:
    """The head of a column: a level with this share of the leads, and how many it has here."""
    return f"{100 * share:.0f}% of leads\n{count(here)} here"


def lift_row(lift: int) -> str:
    """The head of a row: a lift of so many percentage points."""
    return f"{lift} percentage points"


def pair_range(low: float, high: float) -> str:
    """Both ends of a range of pairs of 100."""
    return between(pairs(low), pairs(high))


def slope(value: float) -> str:
    """The slope of chances, with a true minus."""
    return f"{value:.2f}".replace("-", MINUS)


def skill(share: float | None) -> str:
    """Brier skill in percent, with a true minus."""
    return "" if share is None else f"{100 * share:.1f}%".replace("-", MINUS)


def _listed(names: Sequence[str]) -> str:
    return " and ".join(names) if len(names) < 3 else f"{', '.join(names[:-1])} and {names[-1]}"
