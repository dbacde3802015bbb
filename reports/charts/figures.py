"""The charts, each on a sheet of its own.

Titles and subtitles are the page's: there they wrap, and every reader finds them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from calibrate.learning.evidence import AttributeEvidence, LevelEvidence
from calibrate.proof.stability import LevelStability
from calibrate.settings import PointColumn
from calibrate.statistics.bands import Band
from calibrate.words.language import Language
from reports.charts.sheet import (
    BLUE,
    CLEAR,
    GREY,
    INK,
    LINE,
    NORMAL,
    ORANGE,
    ORANGE_TEXT,
    SECONDARY,
    SMALL,
    drawn,
    put_bar,
    put_dot,
    put_line,
    put_text,
    scale,
    ticks,
)
from reports.wording.levels import UNSURE, between, clarity, of, side
from reports.wording.numbers import columns_wide, cut, percent_figure
from reports.wording.results import band_range

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, slots=True)
class Step:
    """One bar of a waterfall: points that a reason adds to the score so far."""

    label: str
    points: int


@dataclass(frozen=True, slots=True)
class Moving:
    """A rule with its points, those of the average, and how stable it is."""

    rule: str
    points: int
    average: int
    still: LevelStability


def forest(
    attributes: Sequence[AttributeEvidence],
    overall: float,
    top: float,
    column: PointColumn = "lift",
    *,
    say: Language,
    name: str,
    label: str,
) -> str:
    """Conversion rate of levels with its 95 % interval, against the overall rate; their points before it.

    attributes: from the top.  top: where the rate axis ends.  column: which points are printed.
    name: of the chart within its page.  label: the finding, for readers who do not see.
    """
    rows = sum(1 + len(attribute.levels) for attribute in attributes)
    draw = partial(_forest, attributes=attributes, overall=overall, top=top, column=column, say=say)
    return drawn(draw, 740, 72 + 20 * rows, name, label)


def rate_limit(levels: Sequence[LevelEvidence], overall: float) -> float:
    """Where the rate axis of a forest ends, 0 to 1: levels of too few leads do not squeeze the others."""
    ends = [level.rate_high for level in levels if level.evidence != "too few"]
    return min(1.0, 1.04 * max([overall * 1.5, *ends]))


def bands(items: Sequence[Band], overall: float, *, say: Language, name: str, label: str) -> str:
    """Conversion rate of score bands, best first; hatched where a band beats the one before it."""
    return drawn(partial(_bands, items=items, overall=overall, say=say), 740, 330, name, label)


def gains(
    points: Sequence[tuple[float, float]],
    overall: float,
    mark: tuple[float, float],
    *,
    say: Language,
    name: str,
    label: str,
) -> str:
    """Share of customers reached against share of leads, best score first.

    points: (share of leads, share of customers), 0 to 1, rising.  mark: the point to be put in words.
    """
    return drawn(partial(_gains, points=points, overall=overall, mark=mark, say=say), 566, 390, name, label)


def meaning(
    curve: Sequence[tuple[float, float]],
    seen: Sequence[tuple[float, Band]],
    histogram: Sequence[tuple[int, int]],
    *,
    say: Language,
    name: str,
    label: str,
) -> str:
    """Expected chance by score, what was seen, and how many leads have which score.

    curve: (score, chance).  seen: (mean score of the leads in a band, the band).  histogram: (score, leads).
    """
    draw = partial(_meaning, curve=curve, seen=seen, histogram=histogram, say=say)
    return drawn(draw, 640, 390, name, label)


def spans(rows: Sequence[tuple[str, int, int]], *, say: Language, name: str, label: str) -> str:
    """Points from the best to the worst level of attributes, alone and beside the others, from the top.

    rows: (attribute, span alone, span beside the others).
    """
    return drawn(partial(_spans, rows=rows, say=say), 740, 68 + 22 * len(rows), name, label)


def stability(rows: Sequence[Moving], *, say: Language, name: str, label: str) -> str:
    """Points of rules with their range in redrawn histories, from the top."""
    return drawn(partial(_stability, rows=rows, say=say), 740, 68 + 22 * len(rows), name, label)


def waterfall(steps: Sequence[Step], score: int, base: int = 0, *, say: Language, name: str, label: str) -> str:
    """How reasons add up to a score, from the top; base: where every lead starts, and the axis with it."""
    rows = len(steps) + (2 if base else 1)
    return drawn(partial(_waterfall, steps=steps, score=score, base=base, say=say), 700, 48 + 27 * rows, name, label)


def _forest(
    sheet: Axes,
    attributes: Sequence[AttributeEvidence],
    overall: float,
    top: float,
    column: PointColumn,
    say: Language,
) -> None:
    levels = [level for attribute in attributes for level in attribute.levels]
    across = scale(0.0, top, 356, 610)
    bottom = 34 + 20 * (len(attributes) + len(levels))
    for tick in ticks(0.0, top, 7):
        put_line(sheet, [across(tick)] * 2, [30, bottom], LINE, 1)
        put_text(sheet, across(tick), bottom + 13, percent_figure(tick, say), SMALL, SECONDARY, "center")
    put_text(sheet, 483, bottom + 29, say("charts.rate_axis"), SMALL, SECONDARY, "center")
    put_line(sheet, [across(overall)] * 2, [26, bottom], INK, 1.6)
    put_text(sheet, across(overall), 17, say("charts.all_leads", rate=overall), NORMAL, INK, "center")
    put_text(sheet, 286, 17, say("charts.won_of_leads"), SMALL, SECONDARY, "right")
    put_text(sheet, 336, 17, say("charts.points"), SMALL, SECONDARY, "right")
    largest = max(level.leads for level in levels)
    widest = max(len(of(level.conversions, level.leads, say)) for level in levels)
    y = 24
    for attribute in attributes:
        y += 20
        put_line(sheet, [0, 740], [y - 10, y - 10], LINE, 1)
        put_text(sheet, 0, y, cut(attribute.name, 44), NORMAL, INK, weight="bold")
        for level in attribute.levels:
            y += 20
            put_text(sheet, 14, y, cut(say.text(level.level.label), (262 - 7 * widest) // 7), NORMAL, INK)
            put_text(sheet, 286, y, of(level.conversions, level.leads, say), SMALL, SECONDARY, "right")
            word = clarity(attribute, level, column)
            color = SECONDARY if word in UNSURE else _dark(side(attribute, level))
            put_text(sheet, 336, y, say.signed(level.points), NORMAL, color, "right", weight="bold")
            put_text(sheet, 622, y, word and say(f"charts.clarity.{word}"), SMALL, SECONDARY)
            _rate(sheet, level, y, across, top, largest)


def _rate(
    sheet: Axes, level: LevelEvidence, y: float, across: Callable[[float], float], top: float, largest: int
) -> None:
    color = GREY if level.evidence in ("weak", "too few") else BLUE if level.lift >= 0 else ORANGE
    put_line(sheet, [across(level.rate_low), across(min(level.rate_high, top))], [y, y], color, 2.4)
    if level.rate_high > top:
        sheet.plot([across(top)], [y], ">", markersize=6, color=color, clip_on=False)
    if level.rate <= top:
        size = 6 + 6 * (level.leads / largest) ** 0.5
        put_dot(sheet, across(level.rate), y, size, color, filled=level.evidence == "strong")


def _dark(points: int) -> str:
    """The colour of printed points above, below or at the average."""
    return BLUE if points > 0 else ORANGE_TEXT if points < 0 else SECONDARY


def _bands(sheet: Axes, items: Sequence[Band], overall: float, say: Language) -> None:
    top = max([overall, *(band.rate_high for band in items)])
    up = scale(0.0, top, 246, 30)
    step = 650 / len(items)
    wide = min(0.72 * step, 60)
    long = max(columns_wide(band_range(band, say)) for band in items) > step / 7
    for index, band in enumerate(items):
        x = step * (index + 0.5)
        bad = index > 0 and band.rate > items[index - 1].rate
        color = BLUE if band.rate > overall else GREY
        put_bar(sheet, x - wide / 2, up(band.rate), wide, 246 - up(band.rate), color, hatched=bad)
        put_line(sheet, [x, x], [up(band.rate_low), up(band.rate_high)], INK, 1.6)
        put_text(
            sheet, x, up(band.rate_high) - 9, say.percent(band.rate), NORMAL, INK, "center", weight="bold", bbox=CLEAR
        )
        if bad:
            put_text(sheet, x, up(band.rate_high) - 25, say("charts.out_of_order"), SMALL, SECONDARY, "center")
        text = band_range(band, say)
        lines = [text.rpartition(" ")[0], text.rpartition(" ")[2]] if long else [text]
        lines += [say("charts.won", won=band.conversions), say("charts.of_leads", leads=band.leads)]
        for number, line in enumerate(lines):
            put_text(sheet, x, 259 + 15 * number, line, SMALL, INK if number < len(lines) - 2 else SECONDARY, "center")
    put_line(sheet, [0, 650], [246, 246], SECONDARY, 1)
    put_line(sheet, [0, 650], [up(overall)] * 2, INK, 1.4, dash=(4, 3))
    for number, line in enumerate(say("charts.all_held_out", rate=overall).split("\n")):
        put_text(sheet, 656, up(overall) - 7 + 14 * number, line, SMALL, INK)
    put_text(sheet, 325, 322, say("charts.band_axis"), SMALL, SECONDARY, "center")


def _gains(
    sheet: Axes, points: Sequence[tuple[float, float]], overall: float, mark: tuple[float, float], say: Language
) -> None:
    across, up = scale(0.0, 1.0, 64, 544), scale(0.0, 1.0, 340, 16)
    for tick in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0):
        put_line(sheet, [across(tick)] * 2, [16, 340], LINE, 1)
        put_line(sheet, [64, 544], [up(tick)] * 2, LINE, 1)
        put_text(sheet, across(tick), 354, percent_figure(tick, say), SMALL, SECONDARY, "center")
        put_text(sheet, 58, up(tick), percent_figure(tick, say), SMALL, SECONDARY, "right")
    put_text(sheet, 304, 376, say("charts.gains_across"), SMALL, SECONDARY, "center")
    put_text(sheet, 12, 178, say("charts.gains_up"), SMALL, SECONDARY, "center", rotation=90)
    put_line(sheet, [across(0), across(overall), across(1)], [up(0), up(1), up(1)], GREY, 1.2, dash=(1, 2))
    put_line(sheet, [across(0), across(1)], [up(0), up(1)], GREY, 1.2)
    put_line(sheet, [across(x) for x, _ in points], [up(y) for _, y in points], BLUE, 3)
    x, y = across(mark[0]), up(mark[1])
    put_line(sheet, [x, x], [340, y], INK, 1.2)
    put_dot(sheet, x, y, 9, BLUE, filled=True)
    put_text(sheet, across(overall) + 6, up(1) + 12, say("charts.perfect"), SMALL, SECONDARY)
    put_text(sheet, across(0.8) + 8, up(0.8) + 14, say("charts.random"), SMALL, SECONDARY)
    for number, line in enumerate(say("charts.mark", leads=mark[0], customers=mark[1]).split("\n")):
        put_text(sheet, across(0.46), up(0.3) + 17 * number, line, NORMAL, INK, weight="bold")
    put_line(sheet, [x + 6, across(0.45)], [y + 3, up(0.3)], SECONDARY, 1)


def _meaning(
    sheet: Axes,
    curve: Sequence[tuple[float, float]],
    seen: Sequence[tuple[float, Band]],
    histogram: Sequence[tuple[int, int]],
    say: Language,
) -> None:
    low, high = curve[0][0], curve[-1][0]
    top = max([chance for _, chance in curve] + [band.rate_high for _, band in seen])
    across, up = scale(low, high, 70, 610), scale(0.0, top, 250, 14)
    for tick in ticks(0.0, top, 6):
        put_line(sheet, [60, 620], [up(tick)] * 2, LINE, 1)
        put_text(sheet, 54, up(tick), percent_figure(tick, say), SMALL, SECONDARY, "right")
    for tick in ticks(low, high, 9):
        put_line(sheet, [across(tick)] * 2, [14, 250], LINE, 1)
        put_text(sheet, across(tick), 356, say.number(tick, 0), SMALL, SECONDARY, "center")
    put_text(sheet, 12, 132, say("charts.chance"), SMALL, SECONDARY, "center", rotation=90)
    put_text(sheet, 340, 378, say("charts.score"), SMALL, SECONDARY, "center")
    put_line(sheet, [across(x) for x, _ in curve], [up(y) for _, y in curve], BLUE, 3)
    for score, band in seen:
        put_line(sheet, [across(score)] * 2, [up(band.rate_low), up(band.rate_high)], INK, 1.6)
        put_dot(sheet, across(score), up(band.rate), 8, INK, filled=False)
    put_text(sheet, 72, 28, say("charts.expected"), NORMAL, BLUE, weight="bold")
    put_dot(sheet, 77, 48, 8, INK, filled=False)
    put_text(sheet, 86, 48, say("charts.seen"), SMALL, INK)
    tallest = max(leads for _, leads in histogram)
    wide = max(0.9 * (across(1) - across(0)), 0.5)
    for value, leads in histogram:
        tall = 66 * leads / tallest
        put_bar(sheet, across(value) - wide / 2, 344 - tall, wide, tall, GREY)
    put_line(sheet, [60, 620], [344, 344], SECONDARY, 1)
    put_text(sheet, 54, 311, say("charts.leads"), SMALL, SECONDARY, "right")


def _spans(sheet: Axes, rows: Sequence[tuple[str, int, int]], say: Language) -> None:
    top = max(max(alone, beside) for _, alone, beside in rows)
    across, bottom = scale(0.0, top, _beside([cut(row[0], 34) for row in rows]), 560), 30 + 22 * len(rows)
    _points_axis(sheet, across, (0.0, top), bottom, "span_axis", say)
    _text_pair(sheet, 17, say("charts.alone"), say("charts.beside"), SECONDARY)
    for number, (attribute, alone, beside) in enumerate(rows):
        y = 41 + 22 * number
        put_text(sheet, 0, y, cut(attribute, 34), NORMAL, INK)
        put_line(sheet, [across(alone), across(beside)], [y, y], GREY, 2.4)
        put_dot(sheet, across(alone), y, 9, GREY, filled=False)
        put_dot(sheet, across(beside), y, 9, BLUE, filled=True)
        _text_pair(sheet, y, say.count(alone), say.count(beside), INK)


def _text_pair(sheet: Axes, y: float, alone: str, beside: str, color: str) -> None:
    put_text(sheet, 616, y, alone, SMALL, SECONDARY, "right")
    put_text(sheet, 736, y, beside, SMALL, color, "right")


def _stability(sheet: Axes, rows: Sequence[Moving], say: Language) -> None:
    low = min(0, *(min(row.still.low, row.points) for row in rows))
    high = max(0, low + 1, *(max(row.still.high, row.points) for row in rows))
    across, bottom = scale(low, high, _beside([cut(row.rule, 40) for row in rows]), 590), 30 + 22 * len(rows)
    _points_axis(sheet, across, (low, high), bottom, "stable_axis", say)
    put_text(sheet, 646, 17, say("charts.points"), SMALL, SECONDARY, "right")
    put_text(sheet, 736, 17, say("charts.range"), SMALL, SECONDARY, "right")
    for number, row in enumerate(rows):
        y, still = 41 + 22 * number, row.still
        away = 0 if still.low <= row.average <= still.high else row.points - row.average
        color = BLUE if away > 0 else ORANGE if away < 0 else GREY
        put_text(sheet, 0, y, cut(row.rule, 40), NORMAL, INK)
        put_line(sheet, [across(still.low), across(still.high)], [y, y], color, 2.4)
        put_dot(sheet, across(row.points), y, 9, color, filled=still.stable)
        put_text(sheet, 646, y, say.signed(row.points), NORMAL, _dark(away), "right", weight="bold")
        put_text(sheet, 736, y, between(say.signed(still.low), say.signed(still.high), say), SMALL, SECONDARY, "right")


def _beside(labels: Sequence[str]) -> float:
    """Where there is room beside labels at the left edge."""
    return 24 + 7.2 * max(columns_wide(label) for label in labels)


def _points_axis(
    sheet: Axes, across: Callable[[float], float], ends: tuple[float, float], bottom: float, title: str, say: Language
) -> None:
    """Lines at round points, a darker one at 0, and what they are below: the chart's sentence of this key."""
    for tick in (tick for tick in ticks(*ends, 7) if tick == round(tick)):
        put_line(sheet, [across(tick)] * 2, [28, bottom], LINE, 1)
        put_text(sheet, across(tick), bottom + 13, say.count(round(tick)), SMALL, SECONDARY, "center")
    put_line(sheet, [across(0)] * 2, [28, bottom], INK, 1)
    put_text(
        sheet, (across(ends[0]) + across(ends[1])) / 2, bottom + 30, say(f"charts.{title}"), SMALL, SECONDARY, "center"
    )


def _waterfall(sheet: Axes, steps: Sequence[Step], score: int, base: int, say: Language) -> None:
    totals = [base]
    for step in steps:
        totals.append(totals[-1] + step.points)
    low, high = min([*totals, score, base]), max([*totals, score, base])
    high = max(high, low + 1)
    across = scale(low, high, 292, 640)
    bottom = 8 + 27 * (len(steps) + (2 if base else 1))
    for tick in ticks(low, high, 8):
        put_line(sheet, [across(tick)] * 2, [4, bottom], LINE, 1)
        put_text(sheet, across(tick), bottom + 13, say.number(tick, 0), SMALL, SECONDARY, "center")
    put_text(sheet, 466, bottom + 31, say("charts.waterfall_axis"), SMALL, SECONDARY, "center")
    put_line(sheet, [across(base)] * 2, [4, bottom], INK, 1)
    y = 8
    if base:
        put_text(sheet, 282, y + 10, say("charts.base"), NORMAL, INK, "right")
        put_text(sheet, across(base) + 7, y + 10, say.count(base), NORMAL, INK, weight="bold")
        y += 27
    for index, step in enumerate(steps):
        left, right = sorted((across(totals[index]), across(totals[index + 1])))
        put_text(sheet, 282, y + 10, cut(step.label, 40), NORMAL, INK, "right")
        put_bar(sheet, left, y, max(right - left, 1), 20, BLUE if step.points >= 0 else ORANGE)
        put_text(sheet, right + 7, y + 10, say.signed(step.points), NORMAL, _dark(step.points or 1), weight="bold")
        put_line(sheet, [across(totals[index + 1])] * 2, [y + 20, y + 27], INK, 1)
        y += 27
    left, right = sorted((across(base), across(score)))
    put_text(sheet, 282, y + 10, say("charts.score"), NORMAL, INK, "right", weight="bold")
    put_bar(sheet, left, y, max(right - left, 1), 20, INK)
    put_text(sheet, right + 7, y + 10, say.count(score), NORMAL, INK, weight="bold")
