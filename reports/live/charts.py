"""The charts of the meeting's page as SVG. draw.js draws the same again after every change; a test holds both together.

Places are CSS pixels to a tenth, looks stand in part.css.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

from markupsafe import Markup, escape

from calibrate.statistics.bands import Band
from calibrate.statistics.ranking import Gain
from calibrate.words.language import Language

WIDE, HIGH, FOOT = 400, 200, 176
ROW_WIDE, ROW_HIGH = 150, 16
TICKS = (0, 0.25, 0.5, 0.75, 1)
LETTER, DIGIT, GAP, LINE = 6, 7, 3, 13


def row_chart(rate: float, low: float, high: float, overall: float, top: float) -> Markup:
    """A rate with its range beside the overall rate; filled where the range is on one side of it."""
    middle, start, end, everybody = (3 + share / top * (ROW_WIDE - 6) for share in (rate, low, high, overall))
    side = "above" if low > overall else "below" if high < overall else "open"
    parts = (
        _line("everybody", everybody, everybody, 0, ROW_HIGH),
        _line(side, start, end, 8, 8),
        _element("circle", {"class": side, "cx": middle, "cy": 8, "r": 4}),
    )
    return _drawing(parts, ROW_WIDE, ROW_HIGH, {"aria-hidden": "true"})


def tenths_chart(bands: Sequence[Band], handed: Sequence[float], overall: float, say: Language) -> Markup:
    """The rate of every band, best first; below, as many of their scores as stand apart.

    handed: the share of its leads that is handed over, 0 to 1.
    """
    if not bands:
        return Markup("")
    everybody = say("meeting.all_leads", rate=say.percent(overall)).split("\n")
    right = WIDE - 8 - LETTER * max(map(len, everybody))
    wide = (right - 8) / len(bands)
    top = max(overall, *(band.rate_high for band in bands)) * 1.12
    scores = [say.count(band.score_from) for band in bands]
    every = math.ceil((DIGIT * max(map(len, scores)) + GAP) / wide)
    parts = []
    for place, (band, share) in enumerate(zip(bands, handed, strict=True)):
        disordered = place > 0 and band.rate > bands[place - 1].rate
        left, middle, level = 4 + place * wide, 4 + (place + 0.5) * wide, _height(band.rate, top)
        high, low = _height(band.rate_high, top), _height(band.rate_low, top)
        box = {"x": left + 2, "y": level, "width": wide - 4, "height": FOOT - level}
        parts += [
            _element("rect", {"class": "bar disordered" if disordered else "bar", **box}),
            _element("rect", {"class": "handed", **box, "width": (wide - 4) * share}),
            _line("range", middle, middle, high, low),
            _text("value", middle, high - 4, "middle", say.whole_percent(band.rate)),
        ]
        if place % every == 0:
            parts.append(_text("quiet", middle, FOOT + 16, "middle", scores[place]))
    level = _height(overall, top)
    parts += [_line("overall", 0, right, level, level), *_lines("quiet", right + 4, level, "start", everybody)]
    items = (say("meeting.tenths_item", low=say.count(band.score_from), rate=say.percent(band.rate)) for band in bands)
    return _drawing(parts, WIDE, HIGH, _label(say("meeting.tenths_label", bands=", ".join(items))))


def gains_chart(gains: Sequence[Gain], other: Sequence[Gain], mark: tuple[float, float], say: Language) -> Markup:
    """Share of customers by share of leads called. other: points to compare with.  mark: what is handed over."""
    if not gains:
        return Markup("")
    parts = []
    for share in TICKS:
        parts += [
            _line("grid", _across(0), _across(1), _up(share), _up(share)),
            _text("quiet", _across(0) - 4, _up(share) + 4, "end", say.whole_percent(share)),
            _text("quiet", _across(share), FOOT + 16, "middle", say.whole_percent(share)),
        ]
    x, y = _across(mark[0]), _up(mark[1])
    texts = {"leads": say.whole_percent(mark[0]), "customers": say.whole_percent(mark[1])}
    aside, end = (-8, "end") if mark[0] > 0.6 else (8, "start")
    parts += [
        _element("polyline", {"class": "random", "points": f"{_points(0, 0)} {_points(1, 1)}"}),
        _element("polyline", {"class": "other", "points": _path(other)}),
        _element("polyline", {"class": "reached", "points": _path(gains)}),
        _line("range", x, x, _up(0), y),
        _element("circle", {"class": "above", "cx": x, "cy": y, "r": 4}),
        *_lines("value", x + aside, FOOT - 2 * LINE + 4, end, say("meeting.gains_mark", **texts).split("\n")),
    ]
    return _drawing(parts, WIDE, HIGH, _label(say("meeting.gains_label", **texts)))


def _path(gains: Sequence[Gain]) -> str:
    return " ".join([_points(0, 0), *(_points(gain.share_of_leads, gain.share_of_conversions) for gain in gains)])


def _points(leads: float, customers: float) -> str:
    return f"{_place(_across(leads))},{_place(_up(customers))}"


def _across(share: float) -> float:
    return 36 + share * (WIDE - 54)


def _up(share: float) -> float:
    return FOOT - share * (FOOT - 12)


def _height(rate: float, top: float) -> float:
    return FOOT - rate / top * (FOOT - 20)


def _line(look: str, x1: float, x2: float, y1: float, y2: float) -> Markup:
    return _element("line", {"class": look, "x1": x1, "x2": x2, "y1": y1, "y2": y2})


def _text(look: str, x: float, y: float, anchor: str, text: str) -> Markup:
    return _element("text", {"class": look, "x": x, "y": y, "text-anchor": anchor}, text)


def _lines(look: str, x: float, y: float, anchor: str, lines: Sequence[str]) -> Iterator[Markup]:
    return (_text(look, x, y + LINE * place, anchor, line) for place, line in enumerate(lines))


def _label(text: str) -> dict[str, str]:
    return {"role": "img", "aria-label": text}


def _drawing(parts: Iterable[Markup], wide: int, high: int, more: Mapping[str, str]) -> Markup:
    return _element("svg", {"viewBox": f"0 0 {wide} {high}", **more}, Markup("").join(parts))


def _element(name: str, attributes: Mapping[str, str | float], inside: str = "") -> Markup:
    written = Markup("").join(Markup(' {}="{}"').format(key, _place(value)) for key, value in attributes.items())
    return Markup("<{}{}>{}</{}>").format(Markup(name), written, escape(inside), Markup(name))  # noqa: S704


def _place(value: str | float) -> str:
    """A text as it is, a number to a tenth, halves up as in the script."""
    return value if isinstance(value, str) else f"{math.floor(value * 10 + 0.5) / 10:g}"
