"""The page's own sentences: findings and explanations.

A reader without statistics understands each; the footnotes say to statisticians what was computed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from calibrate.calibration import Calibration
from calibrate.learning.evidence import AttributeEvidence, LevelEvidence
from calibrate.proof.validation import Validation
from calibrate.statistics.bands import Band, inversions
from reports.labels import CHART, HEADING
from reports.level_words import BESIDE
from reports.numbers import count, cut, day, percent, percent_range, signed, whole_percent
from reports.words import band_range, from_zero_sentence, signed_points, unit

FOREST_NOTE = (
    "Share of leads that became customers, with its 95% range, against all leads; a bigger dot has more leads. "
    "Filled: strong evidence of a difference. Hollow: some evidence. Hollow grey: could be chance (“unclear”), or too "
    "few leads to say. An arrow: the range goes on."
)
FOREST_AGAIN = "Share of leads that became customers, drawn as in the chart before and on the same scale."
FOREST_BESIDE = (
    "The dots show the rate alone, the points what is left of it beside the other attributes, so they may differ even "
    "in sign. “Open beside others”: alone there is evidence, beside the others the points may as well have the other "
    "sign. “Unclear alone”: the reverse."
)
FOREST_COLOURS = "Blue points are above the average of their attribute, orange ones below."
BANDS_NOTE = (
    "Conversion rate of held-out leads with its 95% range. Each bar holds about a tenth of the leads; leads with equal "
    "scores stay together. Hatched: out of order, this band converts better than the one before it."
)
MEANING_NOTE = (
    "Line: expected chance by score, fitted on the held-out leads. Circles: what was seen in the bands of these leads "
    "above, best at the right; bands with fewer than 30 leads are left out. Grey: how many held-out leads have which "
    "score."
)
NAMED_NOTE = (
    "Scores cut into named ranges. Share of leads: of all counted leads. Won and rate: of the held-out leads with such "
    "a score. Actions are proposals; change them in the rules file."
)
WHY_NOTE = "An example from the rules file. Its reasons, strongest first, add up to its score."
CLAMPED = "Limit of the score"
PAIR = (
    "A pair is one won and one lost lead; it is in the right order when the won one has the higher score, and a tie "
    "counts half."
)
UNTESTED = "There are too few leads to hold some back, so there is no fair picture of how the points rank."
_ADJUSTED = (
    "All attributes are looked at together: how much more often leads would be expected to become customers if all had "
    "this level and kept everything else about them, against the overall rate. It is learned from how leads differed, "
    "pulled towards zero, and no promise of what happens when a level is changed."
)
FOOTNOTES = (
    "Won-lost pairs in the right order: the area under the ROC curve (AUC), a tie counted as half; its range is "
    "DeLong’s (1988).",
    "Range of a rate: Wilson’s score interval (1927). Range of a lift: Newcombe’s hybrid score interval (1998) of the "
    "difference between the level and the other leads, times the other leads’ share. All ranges are 95%.",
    "Evidence: each level is tested against the other leads (Pearson’s score test; mid-P where counts are small), then "
    "Benjamini-Hochberg over all levels: strong q below 0.05, some below 0.20 and a range of the lift without 0. Where "
    "the outcome chose the cuts of a number, p is multiplied by the number of possible cuts, at most 70.",
    "Chance by score: logistic regression of the outcome on the score. Cautious points: empirical Bayes; the number of "
    "leads is a moment estimate over all attributes.",
    "Adjusted: ridge logistic regression on all levels, its penalty from the same estimate; the lift is the mean "
    "predicted rate with all leads at the level, minus the overall rate, its range by the delta method.",
    "Pairs behind the best: paired difference of AUCs (DeLong), chance from p 0.05 on newer leads, from p 0.001 where "
    "each lead is scored without it. Promise kept: least-squares slope of the outcome on the promised rate, for "
    "log-odds points on the promised log-odds (Cox, 1958). Counted twice: variance of the summed lifts over the sum of "
    "their variances. Stable: bootstrap of leads (accounts whole where they are named), 10th to 90th percentile. "
    "Surprises: Mantel-Haenszel test within strata of equal score, then Benjamini-Hochberg.",
)


def title(calibration: Calibration) -> str:
    """The page's title."""
    return calibration.settings.report.title or f"Lead-scoring points from {calibration.source_name}"


def facts(calibration: Calibration) -> tuple[tuple[str, str, str], ...]:
    """The four facts: name, value, a word on it."""
    overall = calibration.overall
    period = ("Period", "not known", "no date column was named")
    if calibration.first_day and calibration.last_day:
        period = ("Period", f"{day(calibration.first_day)} to {day(calibration.last_day)}", "days the leads came in")
    return (
        ("Leads counted", count(overall.leads), f"of {count(calibration.rows)} in the file"),
        ("Customers", count(overall.conversions), f"won leads: {calibration.outcome}"),
        ("Overall rate", percent(overall.rate), f"95% range {percent_range(overall.low, overall.high)}"),
        period,
    )


def forest_title(attributes: Sequence[AttributeEvidence], *, first: bool) -> str:
    """The finding of a chart of levels: its attribute with the widest span."""
    widest = max(attributes, key=lambda item: item.span)
    if not widest.span:
        return "No difference here is worth a whole point"
    best = max(widest.levels, key=lambda level: level.points)
    worst = min(widest.levels, key=lambda level: level.points)
    start = "" if first else "Of these, "
    return (
        f"{start}{cut(widest.name, 60)} moves the score most: {_label(best)} {signed(best.points)}, "
        f"{_label(worst)} {signed(worst.points)}"
    )


def forest_note(calibration: Calibration) -> str:
    """What the first chart of levels plots, and what its points mean where that is not plain."""
    beside = FOREST_BESIDE if calibration.column in BESIDE else ""
    zero = from_zero_sentence(calibration)
    return " ".join(filter(None, (FOREST_NOTE, beside, zero, FOREST_COLOURS if zero else "")))


def bands_title(bands: Sequence[Band], overall: float) -> str:
    """The finding of the band chart: its best band against all held-out leads."""
    best = bands[0]
    start = f"Leads with a score of {band_range(best)} convert at {percent(best.rate)}"
    return f"{start}, all held-out leads at {percent(overall)}"


def gains_title(share_of_leads: float, share_of_customers: float) -> str:
    """The finding of the gains chart at one point."""
    return (
        f"Calling the best {whole_percent(share_of_leads)} of leads reaches {whole_percent(share_of_customers)} of the "
        "customers"
    )


def gains_note(validation: Validation) -> str:
    """What the gains chart plots."""
    return (
        f"Share of the {count(validation.conversions)} held-out customers reached when the {count(validation.leads)} "
        "held-out leads are called best score first. Equal scores are taken in any order."
    )


def meaning_title(score: int, chance: float) -> str:
    """The finding of the chart of chances at one score."""
    return f"A lead with a score of {count(score)} has a chance of about {whole_percent(chance)} to become a customer"


def out_of_order(bands: Sequence[Band]) -> tuple[str, ...]:
    """A sentence for every band that converts better than the one before it."""
    return tuple(
        f"Score {band_range(found.lower)} converts better ({percent(found.lower.rate)}) than {band_range(found.upper)} "
        f"({percent(found.upper.rate)}): {'that may be chance' if found.p_value >= 0.05 else 'hardly by chance'}."
        for found in inversions(bands)
    )


def score_range(start: int | None, above: int | None) -> str:
    """The scores of a named band, from `start` to below `above`; None is an open end."""
    if start is None:
        return "all" if above is None else f"below {count(above)}"
    if above is None:
        return f"{count(start)} and up"
    return count(start) if above - start == 1 else f"{count(start)} to {count(above - 1)}"


def of(part: int, whole: int) -> str:
    """A part and its whole, as counts."""
    return CHART["of"].format(part=count(part), whole=count(whole))


def why_title(score: int, band: str | None) -> str:
    """The finding of the waterfall."""
    return f"This lead scores {count(score)}" + (f": band {band}" if band else "")


def others(number: int) -> str:
    """The last step of a waterfall with too many reasons."""
    return f"{count(number)} others"


def charts_left_out(attributes: int) -> str:
    """That not every attribute is drawn."""
    return f"{count(attributes)} more attributes, with smaller differences, are in the table of all levels."


def more_remarks(number: int) -> str:
    """The summary of the remarks that do not stand open."""
    return f"{count(number)} more"


def method(calibration: Calibration) -> tuple[tuple[str, str], ...]:
    """The method in plain words: term, explanation."""
    adjusted = any(level.adjusted_lift is not None for item in calibration.attributes for level in item.levels)
    return (
        (
            "Lift",
            "The rate of a level minus the overall rate, in percentage points. If 40% of a level’s leads became "
            "customers and 15% of all leads did, the lift is 25 percentage points.",
        ),
        ("Points", _points(calibration)),
        ("Cautious points", _cautious(calibration)),
        *((("Adjusted points", _ADJUSTED),) if adjusted else ()),
        (
            "95% range",
            "History is a sample: with other leads the rate would have come out a little differently. Ranges made this "
            "way hold the true rate about 95 times in 100. Few leads give a wide range.",
        ),
        (
            "Evidence",
            "With many levels some differ by luck alone. Of all levels called strong, about one in twenty at most is "
            "expected to be luck; of those called strong or some, about one in five at most. The rest are weak, "
            "“unclear” in the charts: the difference may be real or chance. They keep their points.",
        ),
        ("What points do not say", _unsaid(calibration)),
    )


def _points(calibration: Calibration) -> str:
    worth, column = unit(calibration), calibration.column
    each = "" if worth == 1 else f" Here one point is worth {worth:g} percentage points."
    told = {
        "lift": f"The lift as a whole number.{each} A lift of 25 gives {signed(round(25 / worth))} points.",
        "cautious": f"The lift, pulled towards zero as told below, as a whole number.{each}",
        "adjusted": f"What is left of the lift beside the other attributes, told below, as a whole number.{each}",
        "log-odds": "Steps of the odds of becoming a customer, beside the other attributes: "
        f"{calibration.rules.score.pdo or 0:g} points double them.",
    }
    lowest = " The worst level of every attribute has 0 points, so no points are below 0."
    raised = "" if signed_points(calibration) else lowest
    return (
        f"{told[column]}{raised} A lead’s score is the sum of the points of its levels, within the limits that the "
        "rules file sets."
    )


def _unsaid(calibration: Calibration) -> str:
    said = "They say which leads became customers more often, not why."
    if calibration.column in BESIDE:
        return f"{said} What attributes have in common is counted once, as far as history can tell them apart."
    return f"{said} Attributes that go together count the same thing twice; the test on held-out leads includes that."


def table_note(calibration: Calibration) -> str:
    """What the columns of the table of levels hold."""
    note = (
        "Lift: rate minus overall rate, in percentage points. Beside the others: what is left of it when the other "
        "attributes are held. Data support: the points that the data bear out, 95%. q: the share of false alarms to "
        "expect when every level with a q this small or smaller is called a difference. levels.csv holds every kind of "
        "points."
    )
    if calibration.column in BESIDE:
        note += (
            " Evidence is that of the lift alone; open beside: the data support points on both sides of the average."
        )
    return note if calibration.stability is None else f"{note} Stable: see {HEADING['stable']}."


def setting_rows(value: object, name: str) -> list[tuple[str, str]]:
    """Every setting with the place it has in calibrate.toml."""
    if isinstance(value, dict):
        return [row for key, item in value.items() for row in setting_rows(item, f"{name}.{key}" if name else key)]
    return [] if value is None else [(name, _value(value))]


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(_value(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{key} {_value(item)}" for key, item in value.items() if item is not None)
    return str(value)


def aria(title: str, note: str) -> str:
    """What a chart is called for readers who do not see it; the tables hold its numbers."""
    return f"{title}. {note}"


def rules_facts(calibration: Calibration) -> tuple[tuple[str, str], ...]:
    """What identifies the rules file and the run that made it: name, value."""
    rules, made_by = calibration.rules, calibration.rules.made_by
    column = {
        "lift": "lift: the rate as it was seen",
        "cautious": "cautious: pulled towards zero",
        "adjusted": "adjusted: without what attributes have in common, pulled towards zero",
        "log-odds": "log-odds: without what attributes have in common, in steps of the odds",
    }
    pairs = [
        ("Rules", f"{rules.title or rules.id}, version {rules.version}"),
        ("Format", rules.format),
        ("Made by", " ".join(filter(None, (made_by.tool, made_by.version)))),
        ("Source", made_by.source or ""),
        ("SHA-256 of the source", made_by.sha256 or ""),
        ("Points", column[calibration.column]),
        ("One point", f"{unit(calibration):g} percentage points" if rules.score.pdo is None else ""),
        ("The odds double with", "" if rules.score.pdo is None else f"{rules.score.pdo:g} points"),
    ]
    pairs += setting_rows(made_by.settings or {}, "")
    return tuple(pair for pair in pairs if pair[1])


def _cautious(calibration: Calibration) -> str:
    if math.isinf(calibration.strength):
        return (
            "Small levels look more extreme than they are, so cautious points pull every lift towards zero. Here "
            "history shows no differences beyond chance: all cautious points are 0."
        )
    half = max(1, round(calibration.strength))
    return (
        "Small levels look more extreme than they are, so cautious points pull every lift towards zero: the fewer "
        f"leads, the more. Here a level of {count(half)} leads keeps half its lift, one of {count(9 * half)} leads "
        "nine tenths."
    )


def _label(level: LevelEvidence) -> str:
    return cut(level.level.label, 40)
