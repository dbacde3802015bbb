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
from calibrate.statistics.sample_size import ModelSize
from reports.level_words import BESIDE
from reports.numbers import count, plain
from reports.words import NUMBER, signed_points, unit

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
FLIPS_SURE = {True: "Beyond chance", False: "May be chance"}
STABLE_TITLE = "The largest points that are not stable"
STABLE_NOTE = (
    "Points of the rules, and the range in which they lie in 80 of 100 redrawn histories. Filled: stable. Hollow: not "
    "stable. Grey: the range holds the average, so the sign is open. The rules that move the score most."
)
DRAWN_NOTE = (
    "A redrawn history takes as many leads as there are from this one, each any number of times, and learns from them "
    "anew."
)
SMALL_NOTE = "Small points are stable easily: they have little room to move."
SIGN_NOTE = "A sign is sure where the range of 80 in 100 histories lies on one side of the average."
NOT_ASKED = "Stability was not asked for (--draws)."
MORE_NOTE = "More leads needed: about how many more of the same kind, over all levels, would make the points stable."
ROWS_TITLE = "Leads to look at, the most surprising first"
ROWS_LOST, ROWS_WON = "lost with a high score", "won with a low score"
SEE_TITLE = "Leads a level needs so that its lift is seen in a single test, 80 of 100 times"
NEVER = "never"


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
    kind, times = calibration.column, f"summed lift points count {factor:.1f} times"
    if factor < DOUBLE:
        return f"Attributes overlap little: {times}."
    points = f"ten {'' if kind in ('lift', 'cautious') else 'lift '}points"
    told, promised = f"{worth:.2g}", 10 * unit(calibration)
    instead = "" if promised == 10 else f", not {promised:.3g}"
    only = f"in these leads {points} are worth only {told} percentage points{instead}"
    start = f"Attributes overlap: {times}, so that {only}"
    if kind in BESIDE:
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
        f"{_were(found.high_lost)} lost, of the {count(found.low)} worst-scored ({count(found.score_to)} and below) "
        f"{_were(found.low_won)} won. Some are always to be expected: a score says how likely, not who.",
    )


def _were(number: int) -> str:
    return f"{count(number)} {'was' if number == 1 else 'were'}"


def no_surprises(calibration: Calibration, fewest: int) -> str:
    """Why leads were not looked at against their score."""
    validation = calibration.validation
    start = "Leads were not looked at against their score: "
    if validation is None or validation.leads < fewest:
        return f"{start}there are too few that had no part in making the points."
    if len(validation.ranking(calibration.column).scores.scores) < 2:
        return f"{start}they all have the same one."
    if calibration.settings.outcome.account:
        start += "those of one account may not stand for themselves, or "
    return f"{start}some lost ones may still be won. --lost or --mature says which ones are lost for good."


def model_sentence(size: ModelSize, differences: int, leads: int) -> str:
    """Leads that a common rule asks for to learn all levels at once, and what there are."""
    told = "1 difference" if differences == 1 else f"{count(differences)} differences"
    start = (
        f"To learn {told} between levels all at once without pulling them towards zero, a common rule (Riley and "
        f"others, 2019) asks for {about(size.leads)} leads"
    )
    if leads >= size.leads:
        return f"{start}; there are more: {count(leads)}."
    return f"{start}; there are {count(leads)}. Cautious and adjusted points are pulled, so fewer may do."


def see_note(fewest: int) -> str:
    """What the table of leads needed holds; fewest: leads that a level needs to get points at all."""
    return (
        "For levels that hold such a share of all leads. A level with fewer may well matter: this history would often "
        f"not show it. No level gets points with fewer than {count(fewest)} leads; rarer values join “other”."
    )


def rows_note(row: int) -> str:
    """How the numbers of leads are found in a spreadsheet."""
    return (
        f"Leads are counted from the first one below the head; lead {count(row)}: row {count(row + 1)} of a file with "
        "one head row."
    )


def share_heading(share: float, here: int) -> str:
    """The head of a column: a level with this share of the leads, and how many it has here."""
    return f"{100 * share:.0f}% of leads\n{count(here)} here"


def lift_row(lift: int) -> str:
    """The head of a row: a lift of so many percentage points."""
    return f"{lift} percentage points"
