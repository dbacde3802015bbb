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
from calibrate.words.language import Language
from reports.wording.levels import BESIDE
from reports.wording.numbers import cut, figure
from reports.wording.results import band_range, from_zero_sentence, signed_points, unit

FOOTNOTES = ("pairs", "ranges", "evidence", "chances", "adjusted", "tests")


def title(calibration: Calibration, say: Language) -> str:
    """The page's title."""
    return calibration.settings.report.title or say("report.title", source=calibration.source_name)


def facts(calibration: Calibration, say: Language) -> tuple[tuple[str, str, str], ...]:
    """The four facts: name, value, a word on it."""
    overall, first, last = calibration.overall, calibration.first_day, calibration.last_day
    period = (say("report.fact.period_unknown"), say("report.fact.period_unknown_note"))
    if first and last:
        period = (say("report.fact.period_days", first=first, last=last), say("report.fact.period_note"))
    return (
        (
            say("report.fact.counted"),
            say.count(overall.leads),
            say("report.fact.counted_note", rows=calibration.rows),
        ),
        (
            say("report.fact.customers"),
            say.count(overall.conversions),
            say("report.fact.customers_note", outcome=calibration.outcome),
        ),
        (
            say("report.fact.rate"),
            say.percent(overall.rate),
            say("report.fact.rate_note", low=overall.low, high=overall.high),
        ),
        (say("report.fact.period"), *period),
    )


def forest_title(attributes: Sequence[AttributeEvidence], say: Language, *, first: bool) -> str:
    """The finding of a chart of levels: its attribute with the widest span."""
    widest = max(attributes, key=lambda item: item.span)
    if not widest.span:
        return say("charts.levels_title_none")
    best = max(widest.levels, key=lambda level: level.points)
    worst = min(widest.levels, key=lambda level: level.points)
    return say(
        "charts.levels_title" if first else "charts.levels_title_again",
        attribute=cut(widest.name, 60),
        best=_label(best, say),
        most=best.points,
        worst=_label(worst, say),
        least=worst.points,
    )


def forest_note(calibration: Calibration, say: Language) -> str:
    """What the first chart of levels plots, and what its points mean where that is not plain."""
    beside = say("charts.levels_note_beside") if calibration.column in BESIDE else ""
    zero = from_zero_sentence(calibration, say)
    colours = say("charts.levels_note_colours") if zero else ""
    return " ".join(filter(None, (say("charts.levels_note"), beside, zero, colours)))


def bands_title(bands: Sequence[Band], overall: float, say: Language) -> str:
    """The finding of the band chart: its best band against all held-out leads."""
    best = bands[0]
    return say("charts.bands_title", scores=band_range(best, say), rate=best.rate, overall=overall)


def gains_note(validation: Validation, say: Language) -> str:
    """What the gains chart plots."""
    return say("charts.gains_note", customers=validation.conversions, leads=validation.leads)


def out_of_order(bands: Sequence[Band], say: Language) -> tuple[str, ...]:
    """A sentence for every band that converts better than the one before it."""
    return tuple(
        say(
            "charts.inverted_maybe" if found.p_value >= 0.05 else "charts.inverted",
            lower=band_range(found.lower, say),
            lower_rate=found.lower.rate,
            upper=band_range(found.upper, say),
            upper_rate=found.upper.rate,
        )
        for found in inversions(bands)
    )


def score_range(start: int | None, above: int | None, say: Language) -> str:
    """The scores of a named band, from `start` to below `above`; None is an open end."""
    if start is None:
        return say("tables.all_scores") if above is None else say("tables.scores_below", above=above)
    if above is None:
        return say("tables.scores_from", start=start)
    low, high = say.count(start), say.count(above - 1)
    return low if above - start == 1 else say("ranking.scores", low=low, high=high)


def why_title(score: int, band: str | None, say: Language) -> str:
    """The finding of the waterfall."""
    return say("charts.why_title_band", score=score, band=band) if band else say("charts.why_title", score=score)


def method(calibration: Calibration, say: Language) -> tuple[tuple[str, str], ...]:
    """The method in plain words: term, explanation."""
    adjusted = any(level.adjusted_lift is not None for item in calibration.attributes for level in item.levels)
    explained = {
        "lift": say("report.method.lift"),
        "points": _points(calibration, say),
        "cautious": _cautious(calibration, say),
        "adjusted": say("report.method.adjusted") if adjusted else "",
        "range": say("report.method.range"),
        "evidence": say("report.method.evidence"),
        "unsaid": say(f"report.method.unsaid_{'once' if calibration.column in BESIDE else 'twice'}"),
    }
    return tuple((say(f"report.term.{term}"), told) for term, told in explained.items() if told)


def footnotes(say: Language) -> tuple[str, ...]:
    """What was computed, in the words of statisticians."""
    return tuple(say(f"report.footnote.{key}") for key in FOOTNOTES)


def _points(calibration: Calibration, say: Language) -> str:
    worth, column = unit(calibration), calibration.column
    if column == "log-odds":
        told = say("report.points.log-odds", pdo=figure(calibration.rules.score.pdo or 0, say))
    else:
        values = {"points": round(25 / worth), "worth": figure(worth, say)}
        told = say(f"report.points.{column}" if worth == 1 else f"report.points.{column}_finer", **values)
    raised = "" if signed_points(calibration) else say("report.method.points_from_zero")
    return " ".join(filter(None, (told, raised, say("report.method.points_sum"))))


def table_note(calibration: Calibration, say: Language) -> str:
    """What the columns of the table of levels hold."""
    beside = say("tables.levels_note_beside") if calibration.column in BESIDE else ""
    stable = say("tables.levels_note_stable", heading=say("report.heading.stable")) if calibration.stability else ""
    kept = say("tables.levels_note_kept") if calibration.settings.points.previous else ""
    return " ".join(filter(None, (say("tables.levels_note"), beside, stable, kept)))


def setting_rows(value: object, name: str, say: Language) -> list[tuple[str, str]]:
    """Every setting with the place it has in calibrate.toml."""
    if isinstance(value, dict):
        return [row for key, item in value.items() for row in setting_rows(item, f"{name}.{key}" if name else key, say)]
    return [] if value is None else [(name, _value(value, say))]


def _value(value: object, say: Language) -> str:
    if isinstance(value, bool):
        return say("report.rules.yes" if value else "report.rules.no")
    if isinstance(value, list | tuple):
        return ", ".join(_value(item, say) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{key} {_value(item, say)}" for key, item in value.items() if item is not None)
    return str(value)


def aria(title: str, note: str) -> str:
    """What a chart is called for readers who do not see it; the tables hold its numbers."""
    return f"{title}. {note}"


def rules_facts(calibration: Calibration, say: Language) -> tuple[tuple[str, str], ...]:
    """What identifies the rules file and the run that made it: name, value."""
    rules, made_by, pdo = calibration.rules, calibration.rules.made_by, calibration.rules.score.pdo
    found = {
        "title": say("report.rules.version", title=rules.title or rules.id, version=rules.version),
        "format": rules.format,
        "made_by": " ".join(filter(None, (made_by.tool, made_by.version))),
        "source": made_by.source or "",
        "sha256": made_by.sha256 or "",
        "points": say(f"report.carried.{calibration.column}"),
        "unit": say("report.rules.unit_worth", worth=figure(unit(calibration), say)) if pdo is None else "",
        "pdo": "" if pdo is None else say("report.rules.pdo_points", pdo=figure(pdo, say)),
    }
    pairs = [(say(f"report.rules.{key}"), value) for key, value in found.items()]
    pairs += setting_rows(made_by.settings or {}, "", say)
    return tuple(pair for pair in pairs if pair[1])


def _cautious(calibration: Calibration, say: Language) -> str:
    if math.isinf(calibration.strength):
        return say("report.method.cautious_none")
    half = max(1, round(calibration.strength))
    return say("report.method.cautious", half=half, most=9 * half)


def _label(level: LevelEvidence, say: Language) -> str:
    return cut(say.text(level.level.label), 40)
