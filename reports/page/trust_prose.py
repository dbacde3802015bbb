"""Sentences on how far to trust the points: overlap, stability, surprises, size of the history.

A reader without statistics understands each, and none says why leads became customers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from calibrate.calibration import Calibration
from calibrate.proof.audit import DOUBLE, Overlap, Span
from calibrate.proof.surprises import Surprises
from calibrate.statistics.overlap import Pair
from calibrate.statistics.sample_size import ModelSize, Readiness
from calibrate.words.language import Language
from reports.wording.levels import BESIDE
from reports.wording.numbers import figure, plain
from reports.wording.results import signed_points, spelled, unit


def overlap_sentences(calibration: Calibration, overlap: Overlap, say: Language) -> tuple[str, ...]:
    """How much of the lift points is counted twice, whether that is out already, and what is left."""
    if math.isinf(calibration.strength):
        return (say("trust.nothing_twice"),)
    if len(calibration.attributes) < 2:
        return (say("trust.nothing_twice_alone"),)
    if overlap.factor is None or overlap.worth is None:
        return ()
    texts = [_double(calibration, overlap.factor, overlap.worth * unit(calibration), say)]
    if overlap.points is not None and overlap.left is not None and signed_points(calibration):
        texts.append(say("trust.points_left", points=overlap.points, left=overlap.left))
    return tuple(texts)


def _double(calibration: Calibration, factor: float, worth: float, say: Language) -> str:
    column, promised, times = calibration.column, 10 * unit(calibration), say.number(factor, 1)
    if factor < DOUBLE:
        return say("trust.little", times=times)
    key = ("trust.twice_out" if column in BESIDE else "trust.twice") + ("" if promised == 10 else "_finer")
    values = {"worth": worth, "promised": figure(promised, say, 3), "carried": say(f"kinds.the.{column}")}
    return say(key, times=times, **values)


def spans_title(spans: Sequence[Span], say: Language) -> str:
    """The finding of the chart of spans: the attribute that loses most."""
    most = max(spans, key=lambda span: span.lift - span.adjusted)
    if most.lift <= most.adjusted:
        return say("charts.spans_title_none")
    return say("charts.spans_title", attribute=plain(most.attribute), alone=most.lift, beside=most.adjusted)


def widest_only(shown: int, number: int, say: Language) -> tuple[str, ...]:
    """That a chart does not show all attributes."""
    return (say("charts.widest_only", shown=shown, n=number),) if number > shown else ()


def closeness(pair: Pair, say: Language) -> str:
    """How closely a pair goes together, as a number and a word."""
    v = say.number(pair.v, 2)
    return say("trust.same", v=v) if pair.same else v


def noted(what: str, hidden: int, say: Language) -> str:
    """The note of a table, and how many rows it does not show: of pairs, flips or unstable."""
    note = say(f"trust.{what}_note")
    return f"{note} {say(f'trust.{what}_more', n=hidden)}" if hidden > 0 else note


def about(leads: int) -> int:
    """A number of leads rounded to two digits."""
    return round(leads, -max(0, len(str(leads)) - 2))


def surprise_sentences(found: Surprises, say: Language) -> tuple[str, ...]:
    """Whether anything stands out among leads that went against their score, and how many there are."""
    number = len(found.levels)
    some = spelled(number, say)
    start = say("trust.surprising", n=number, number=some[:1].upper() + some[1:]) if number else say("trust.calm")
    against = say(
        "trust.against",
        high=found.high,
        score_from=found.score_from,
        lost=say("trust.lost", n=found.high_lost),
        low=found.low,
        score_to=found.score_to,
        won=say("trust.won", n=found.low_won),
    )
    return start, against


def no_surprises(calibration: Calibration, fewest: int, say: Language) -> str:
    """Why leads were not looked at against their score."""
    validation = calibration.validation
    if validation is None or validation.leads < fewest:
        return say("trust.not_looked_few")
    if len(validation.ranking(calibration.column).scores.scores) < 2:
        return say("trust.not_looked_tied")
    return say("trust.not_looked_account" if calibration.settings.outcome.account else "trust.not_looked_open")


def enough_sentence(found: Readiness, say: Language) -> str:
    """What the history is enough for, and what is missing for more."""
    have = {"won": found.conversions, "leads": found.leads}
    if found.allows == "adjusted":
        return say("trust.enough", **have)
    return say(f"trust.enough_{found.allows}", **have, n=found.missing, more=found.leads_missing or 0)


def model_sentence(size: ModelSize, differences: int, leads: int, say: Language) -> str:
    """Leads that a common rule asks for to learn all levels at once, and what there are."""
    key = "trust.model_met" if leads >= size.leads else "trust.model_short"
    return say(key, n=differences, needed=about(size.leads), leads=leads)
