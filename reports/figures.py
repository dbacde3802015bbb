"""The charts, as SVG that is the same bytes each time, searchable and safe inside a page.

Every chart is drawn on a sheet measured in CSS pixels, y downwards, so that text sizes are what the reader gets.
Titles and subtitles are the page's: there they wrap, and every reader finds them.
"""

from __future__ import annotations

import io
import re
import warnings
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from calibrate.bands import Band
from calibrate.evidence import LevelEvidence
from reports.numbers import columns_wide, count, cut, percent, signed, whole_percent
from reports.prose import CHART, of
from reports.words import band_range, clarity

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, ORANGE, ORANGE_TEXT = "#0b6e99", "#c4511a", "#b8460f"
INK, SECONDARY, GREY, LINE = "#1d2430", "#5b6472", "#8a8f98", "#e3e6ea"
SMALL, NORMAL = 11, 12
_CLEAR = {"facecolor": "white", "edgecolor": "none", "pad": 3}  # a dashed line beside a number reads as a minus
_SVG = "http://www.w3.org/2000/svg"
_RC: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "lead-calibrate",
    "font.family": ["DejaVu Sans"],
    "text.parse_math": False,
    "text.usetex": False,
    "hatch.linewidth": 2.0,
    "figure.dpi": 72,
    "savefig.dpi": 72,
}


@dataclass(frozen=True, slots=True)
class Step:
    """One bar of a waterfall: points that a reason adds to the score so far."""

    label: str
    points: int


def forest(
    parts: Sequence[tuple[str, Sequence[LevelEvidence]]], overall: float, top: float, *, name: str, label: str
) -> str:
    """Conversion rate of levels with its 95 % interval, against the overall rate.

    parts: an attribute's name with its levels, from the top.  top: where the rate axis ends.
    name: of the chart within its page.  label: the finding, for readers who do not see.
    """
    rows = sum(1 + len(levels) for _, levels in parts)
    draw = partial(_forest, parts=parts, overall=overall, top=top)
    return _drawn(draw, 740, 72 + 20 * rows, name, label)


def rate_limit(levels: Sequence[LevelEvidence], overall: float) -> float:
    """Where the rate axis of a forest ends, 0 to 1: levels of too few leads do not squeeze the others."""
    ends = [level.rate_high for level in levels if level.evidence != "too few"]
    return min(1.0, 1.04 * max([overall * 1.5, *ends]))


def bands(items: Sequence[Band], overall: float, *, name: str, label: str) -> str:
    """Conversion rate of score bands, best first; hatched where a band beats the one before it."""
    return _drawn(partial(_bands, items=items, overall=overall), 740, 330, name, label)


def gains(
    points: Sequence[tuple[float, float]], overall: float, mark: tuple[float, float], *, name: str, label: str
) -> str:
    """Share of customers reached against share of leads, best score first.

    points: (share of leads, share of customers), 0 to 1, rising.  mark: the point to be put in words.
    """
    return _drawn(partial(_gains, points=points, overall=overall, mark=mark), 560, 390, name, label)


def meaning(
    curve: Sequence[tuple[float, float]],
    seen: Sequence[tuple[float, Band]],
    histogram: Sequence[tuple[int, int]],
    *,
    name: str,
    label: str,
) -> str:
    """Expected chance by score, what was seen, and how many leads have which score.

    curve: (score, chance).  seen: (mean score of the leads in a band, the band).  histogram: (score, leads).
    """
    draw = partial(_meaning, curve=curve, seen=seen, histogram=histogram)
    return _drawn(draw, 640, 390, name, label)


def waterfall(steps: Sequence[Step], score: int, *, name: str, label: str) -> str:
    """How reasons add up to a score, from the top."""
    return _drawn(partial(_waterfall, steps=steps, score=score), 700, 48 + 27 * (len(steps) + 1), name, label)


def _forest(sheet: Axes, parts: Sequence[tuple[str, Sequence[LevelEvidence]]], overall: float, top: float) -> None:
    levels = [level for _, part in parts for level in part]
    across = _scale(0.0, top, 318, 592)
    bottom = 34 + 20 * sum(1 + len(part) for _, part in parts)
    for tick in _ticks(0.0, top, 7):
        _line(sheet, [across(tick)] * 2, [30, bottom], LINE, 1)
        _text(sheet, across(tick), bottom + 13, f"{100 * tick:g}%", SMALL, SECONDARY, "center")
    _text(sheet, 455, bottom + 29, CHART["rate_axis"], SMALL, SECONDARY, "center")
    _line(sheet, [across(overall)] * 2, [26, bottom], INK, 1.6)
    _text(sheet, across(overall), 17, CHART["all_leads"].format(rate=percent(overall)), NORMAL, INK, "center")
    _text(sheet, 304, 17, CHART["won_of_leads"], SMALL, SECONDARY, "right")
    _text(sheet, 646, 17, CHART["points"], SMALL, SECONDARY, "right")
    largest = max(level.leads for level in levels)
    widest = max(len(of(level.conversions, level.leads)) for level in levels)
    y = 24
    for heading, part in parts:
        y += 20
        _line(sheet, [0, 740], [y - 10, y - 10], LINE, 1)
        _text(sheet, 0, y, cut(heading, 44), NORMAL, INK, weight="bold")
        for level in part:
            y += 20
            _text(sheet, 14, y, cut(level.level.label, (280 - 7 * widest) // 7), NORMAL, INK)
            _text(sheet, 304, y, of(level.conversions, level.leads), SMALL, SECONDARY, "right")
            _level(sheet, level, y, across, top, largest)


def _level(
    sheet: Axes, level: LevelEvidence, y: float, across: Callable[[float], float], top: float, largest: int
) -> None:
    word = clarity(level)
    better = level.lift >= 0
    color = GREY if word in ("unclear", "too few") else BLUE if better else ORANGE
    dark = SECONDARY if color == GREY else BLUE if better else ORANGE_TEXT
    _line(sheet, [across(level.rate_low), across(min(level.rate_high, top))], [y, y], color, 2.4)
    if level.rate_high > top:
        sheet.plot([across(top)], [y], ">", markersize=6, color=color, clip_on=False)
    if level.rate <= top:
        size = 6 + 6 * (level.leads / largest) ** 0.5
        _dot(sheet, across(level.rate), y, size, color, filled=not word)
    _text(sheet, 646, y, signed(level.points), NORMAL, dark, "right", weight="bold")
    _text(sheet, 654, y, word, SMALL, SECONDARY)


def _bands(sheet: Axes, items: Sequence[Band], overall: float) -> None:
    top = max([overall, *(band.rate_high for band in items)])
    up = _scale(0.0, top, 246, 30)
    step = 650 / len(items)
    wide = min(0.72 * step, 60)
    long = max(columns_wide(band_range(band)) for band in items) > step / 7
    for index, band in enumerate(items):
        x = step * (index + 0.5)
        bad = index > 0 and band.rate > items[index - 1].rate
        color = BLUE if band.rate > overall else GREY
        _bar(sheet, x - wide / 2, up(band.rate), wide, 246 - up(band.rate), color, hatched=bad)
        _line(sheet, [x, x], [up(band.rate_low), up(band.rate_high)], INK, 1.6)
        _text(sheet, x, up(band.rate_high) - 9, percent(band.rate), NORMAL, INK, "center", weight="bold", bbox=_CLEAR)
        if bad:
            _text(sheet, x, up(band.rate_high) - 25, CHART["out_of_order"], SMALL, SECONDARY, "center")
        text = band_range(band)
        lines = [text.rpartition(" ")[0], text.rpartition(" ")[2]] if long else [text]
        lines += [CHART["won"].format(won=count(band.conversions)), CHART["of_leads"].format(leads=count(band.leads))]
        for number, line in enumerate(lines):
            _text(sheet, x, 259 + 15 * number, line, SMALL, INK if number < len(lines) - 2 else SECONDARY, "center")
    _line(sheet, [0, 650], [246, 246], SECONDARY, 1)
    _line(sheet, [0, 650], [up(overall)] * 2, INK, 1.4, dash=(4, 3))
    for number, line in enumerate(CHART["all_held_out"].format(rate=percent(overall)).split("\n")):
        _text(sheet, 656, up(overall) - 7 + 14 * number, line, SMALL, INK)
    _text(sheet, 325, 322, CHART["band_axis"], SMALL, SECONDARY, "center")


def _gains(sheet: Axes, points: Sequence[tuple[float, float]], overall: float, mark: tuple[float, float]) -> None:
    across, up = _scale(0.0, 1.0, 64, 544), _scale(0.0, 1.0, 340, 16)
    for tick in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0):
        _line(sheet, [across(tick)] * 2, [16, 340], LINE, 1)
        _line(sheet, [64, 544], [up(tick)] * 2, LINE, 1)
        _text(sheet, across(tick), 354, f"{100 * tick:.0f}%", SMALL, SECONDARY, "center")
        _text(sheet, 58, up(tick), f"{100 * tick:.0f}%", SMALL, SECONDARY, "right")
    _text(sheet, 304, 376, CHART["gains_across"], SMALL, SECONDARY, "center")
    _text(sheet, 12, 178, CHART["gains_up"], SMALL, SECONDARY, "center", rotation=90)
    _line(sheet, [across(0), across(overall), across(1)], [up(0), up(1), up(1)], GREY, 1.2, dash=(1, 2))
    _line(sheet, [across(0), across(1)], [up(0), up(1)], GREY, 1.2)
    _line(sheet, [across(x) for x, _ in points], [up(y) for _, y in points], BLUE, 3)
    x, y = across(mark[0]), up(mark[1])
    _line(sheet, [x, x], [340, y], INK, 1.2)
    _dot(sheet, x, y, 9, BLUE, filled=True)
    _text(sheet, across(overall) + 6, up(1) + 12, CHART["perfect"], SMALL, SECONDARY)
    _text(sheet, across(0.8) + 8, up(0.8) + 14, CHART["random"], SMALL, SECONDARY)
    for number, line in enumerate(CHART["mark"].split("\n")):
        shares = {"leads": whole_percent(mark[0]), "customers": whole_percent(mark[1])}
        _text(sheet, across(0.46), up(0.3) + 17 * number, line.format(**shares), NORMAL, INK, weight="bold")
    _line(sheet, [x + 6, across(0.45)], [y + 3, up(0.3)], SECONDARY, 1)


def _meaning(
    sheet: Axes,
    curve: Sequence[tuple[float, float]],
    seen: Sequence[tuple[float, Band]],
    histogram: Sequence[tuple[int, int]],
) -> None:
    low, high = curve[0][0], curve[-1][0]
    top = max([chance for _, chance in curve] + [band.rate_high for _, band in seen])
    across, up = _scale(low, high, 70, 610), _scale(0.0, top, 250, 14)
    for tick in _ticks(0.0, top, 6):
        _line(sheet, [60, 620], [up(tick)] * 2, LINE, 1)
        _text(sheet, 54, up(tick), f"{100 * tick:g}%", SMALL, SECONDARY, "right")
    for tick in _ticks(low, high, 9):
        _line(sheet, [across(tick)] * 2, [14, 250], LINE, 1)
        _text(sheet, across(tick), 356, f"{tick:,.0f}".replace("-", "\u2212"), SMALL, SECONDARY, "center")
    _text(sheet, 12, 132, CHART["chance"], SMALL, SECONDARY, "center", rotation=90)
    _text(sheet, 340, 378, CHART["score"], SMALL, SECONDARY, "center")
    _line(sheet, [across(x) for x, _ in curve], [up(y) for _, y in curve], BLUE, 3)
    for score, band in seen:
        _line(sheet, [across(score)] * 2, [up(band.rate_low), up(band.rate_high)], INK, 1.6)
        _dot(sheet, across(score), up(band.rate), 8, INK, filled=False)
    _text(sheet, 72, 28, CHART["expected"], NORMAL, BLUE, weight="bold")
    _dot(sheet, 77, 48, 8, INK, filled=False)
    _text(sheet, 86, 48, CHART["seen"], SMALL, INK)
    tallest = max(leads for _, leads in histogram)
    wide = max(0.9 * (across(1) - across(0)), 0.5)
    for value, leads in histogram:
        tall = 66 * leads / tallest
        _bar(sheet, across(value) - wide / 2, 344 - tall, wide, tall, GREY)
    _line(sheet, [60, 620], [344, 344], SECONDARY, 1)
    _text(sheet, 54, 311, CHART["leads"], SMALL, SECONDARY, "right")


def _waterfall(sheet: Axes, steps: Sequence[Step], score: int) -> None:
    totals = [0]
    for step in steps:
        totals.append(totals[-1] + step.points)
    low, high = min([*totals, score, 0]), max([*totals, score, 0])
    across = _scale(low, high if high > low else low + 1, 292, 640)
    bottom = 8 + 27 * (len(steps) + 1)
    for tick in _ticks(low, high if high > low else low + 1, 8):
        _line(sheet, [across(tick)] * 2, [4, bottom], LINE, 1)
        _text(sheet, across(tick), bottom + 13, f"{tick:,.0f}".replace("-", "\u2212"), SMALL, SECONDARY, "center")
    _text(sheet, 466, bottom + 31, CHART["waterfall_axis"], SMALL, SECONDARY, "center")
    _line(sheet, [across(0)] * 2, [4, bottom], INK, 1)
    for index, step in enumerate(steps):
        y = 8 + 27 * index
        left, right = sorted((across(totals[index]), across(totals[index + 1])))
        color = BLUE if step.points >= 0 else ORANGE
        _text(sheet, 282, y + 10, cut(step.label, 40), NORMAL, INK, "right")
        _bar(sheet, left, y, max(right - left, 1), 20, color)
        dark = BLUE if step.points >= 0 else ORANGE_TEXT
        _text(sheet, right + 7, y + 10, signed(step.points), NORMAL, dark, weight="bold")
        _line(sheet, [across(totals[index + 1])] * 2, [y + 20, y + 27], INK, 1)
    y = 8 + 27 * len(steps)
    left, right = sorted((across(0), across(score)))
    _text(sheet, 282, y + 10, CHART["score"], NORMAL, INK, "right", weight="bold")
    _bar(sheet, left, y, max(right - left, 1), 20, INK)
    _text(sheet, right + 7, y + 10, count(score), NORMAL, INK, weight="bold")


def _ticks(low: float, high: float, most: int) -> list[float]:
    from matplotlib.ticker import MaxNLocator

    values = MaxNLocator(nbins=most, steps=[1, 2, 5, 10]).tick_values(low, high)
    return [float(value) for value in values if low <= value <= high]


def _scale(low: float, high: float, start: float, end: float) -> Callable[[float], float]:
    return lambda value: start + (end - start) * (value - low) / (high - low)


def _text(
    sheet: Axes, x: float, y: float, text: str, size: int, color: str, align: str = "left", **options: Any
) -> None:
    if text:
        sheet.text(
            x, y, text, size=size, color=color, ha=align, va="center_baseline", parse_math=False, zorder=3, **options
        )


def _line(
    sheet: Axes, x: Sequence[float], y: Sequence[float], color: str, width: float, dash: tuple[int, int] | None = None
) -> None:
    style: Any = (0, dash) if dash else "-"
    sheet.plot(x, y, color=color, linewidth=width, linestyle=style, clip_on=False, solid_capstyle="butt")


def _dot(sheet: Axes, x: float, y: float, size: float, color: str, *, filled: bool) -> None:
    face = color if filled else "white"
    look: dict[str, Any] = {"markerfacecolor": face, "markeredgecolor": color, "markeredgewidth": 1.8}
    sheet.plot([x], [y], "o", markersize=size, clip_on=False, **look)


def _bar(sheet: Axes, x: float, y: float, wide: float, tall: float, color: str, *, hatched: bool = False) -> None:
    from matplotlib.patches import Rectangle

    look: dict[str, Any] = {"facecolor": color, "linewidth": 0, "zorder": 2}
    if hatched:
        look |= {"facecolor": "white", "edgecolor": color, "hatch": "///", "linewidth": 1.5}
    sheet.add_patch(Rectangle((x, y), wide, tall, clip_on=False, **look))


def _drawn(draw: Callable[[Axes], None], width: int, height: int, name: str, label: str) -> str:
    """The SVG of a drawing on an empty sheet; nothing of the reader's own matplotlib settings comes in."""
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with mpl.rc_context(), warnings.catch_warnings():
        # Letters that DejaVu lacks are drawn by the browser: the SVG holds the text itself.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        mpl.rcdefaults()
        mpl.rcParams.update(_RC)
        figure: Figure = Figure(figsize=(width / 72, height / 72))
        FigureCanvasSVG(figure)
        sheet = figure.add_axes((0, 0, 1, 1))
        sheet.set_axis_off()
        draw(sheet)
        sheet.set_xlim(0, width)
        sheet.set_ylim(height, 0)
        target = io.StringIO()
        figure.savefig(target, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return _embedded(target.getvalue(), width, height, name, label)


def _embedded(document: str, width: int, height: int, name: str, label: str) -> str:
    """A whole SVG document as an element of a page: its ids are unique there, and it says what it shows."""
    root = ET.fromstring(document)  # noqa: S314 - written a line above, by matplotlib
    root.attrib.clear()
    for parent in list(root.iter()):
        for child in [child for child in parent if child.tag in (f"{{{_SVG}}}metadata", f"{{{_SVG}}}style")]:
            parent.remove(child)  # the style is meant for a document of its own; the page has it
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]  # HTML knows svg without its namespace
        for key in [key for key in element.attrib if key.endswith("}href")]:
            element.set("href", element.attrib.pop(key))
    used = re.findall(r"""(?:url\(|href=")#([^)"]+)""", ET.tostring(root, encoding="unicode"))
    ids = {old: f"{name}-{number}" for number, old in enumerate(dict.fromkeys(used))}
    for element in root.iter():
        old = element.attrib.pop("id", "")
        if old in ids:
            element.set("id", ids[old])
        for key, value in element.attrib.items():
            element.set(key, re.sub(r"#(\w+)", lambda found: "#" + ids.get(found[1], found[1]), value))
    root.attrib.update(
        {"viewBox": f"0 0 {width} {height}", "width": str(width), "height": str(height)}
        | {"role": "img", "aria-label": label}
    )
    return ET.tostring(root, encoding="unicode", short_empty_elements=True)
