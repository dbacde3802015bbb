"""The two charts of sheet Overview: conversion by score band, and customers reached."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xlsxwriter import Workbook  # type: ignore[import-untyped] # it comes without types
from xlsxwriter.chart import Chart  # type: ignore[import-untyped] # likewise

from calibrate.exports.sheets.cells import span
from calibrate.meeting.figures import tenths
from calibrate.words.language import Language
from reports.charts.sheet import BLUE, GREY, INK, LINE, ORANGE, SECONDARY
from reports.workbook.content import Content
from reports.workbook.looks import PALE
from reports.workbook.places import SCORES_FIRST, TENTHS, TENTHS_FIRST
from reports.workbook.scores_sheet import other_curve
from reports.workbook.sentences import percent_format
from reports.workbook.sheets import sheet_called

_SMALL = {"name_font": {"size": 9, "bold": False, "color": SECONDARY}, "num_font": {"size": 9, "color": INK}}


def tenths_chart(book: Workbook, content: Content, size: tuple[int, int]) -> Chart:
    """Rates of the tenths, the part that is handed over in dark, with their ranges."""
    chart, say = book.add_chart({"type": "column", "subtype": "stacked"}), content.say
    found = tenths(content.rules, content.combinations)
    blank = [0.0] * (TENTHS - len(found))
    below = [*(band.rate - band.rate_low for band in found), *blank]
    above = [*(band.rate_high - band.rate for band in found), *blank]
    chart.add_series(_tenths_series(say, "S", "handed", BLUE))
    chart.add_series(_tenths_series(say, "T", "not_handed", PALE) | {"y_error_bars": _ranges(say, below, above)})
    axis = {"name": say("workbook.chart_tenths_axis"), "line": {"color": LINE}, "major_tick_mark": "none"}
    chart.set_x_axis({**axis, **_SMALL})
    chart.set_y_axis({**_shares(say), **_SMALL, "min": 0})
    chart.set_legend({"position": "top", "font": {"size": 9, "color": INK}})
    return _finished(chart, say("workbook.chart_tenths"), size)


def gains_chart(book: Workbook, content: Content, size: tuple[int, int]) -> Chart:
    """Customers reached by share of leads called, with what it is compared with and the score in use."""
    chart = book.add_chart({"type": "scatter", "subtype": "straight"})
    last = SCORES_FIRST + content.score_rows
    other = SCORES_FIRST + len(other_curve(content)) - 1
    say, scores = content.say, sheet_called(content.say, "scores")
    name = say("workbook.last_quarter" if content.last else "workbook.proposal")
    curves: tuple[tuple[str, str, str, int, dict[str, Any]], ...] = (
        (name, "J", "K", other, {"line": {"color": GREY, "width": 1.25, "dash_type": "dash"}}),
        (say("workbook.curve"), "G", "H", last, {"line": {"color": BLUE, "width": 2.5}}),
        (say("workbook.mark"), "L", "M", SCORES_FIRST, {"line": {"none": True}, "marker": _mark()}),
    )
    for title, across, up, end, look in curves:
        series = {"name": title, "marker": {"type": "none"}, **look}
        series |= {key: f"={span(scores, letter, SCORES_FIRST, end)}"
                   for key, letter in (("categories", across), ("values", up))}  # fmt: skip
        chart.add_series(series)
    axis = {**_shares(say), **_SMALL, "min": 0, "max": 1, "major_unit": 0.2}
    chart.set_x_axis(axis | {"name": say("workbook.chart_gains_across")})
    chart.set_y_axis(axis)
    chart.set_legend({"position": "top", "font": {"size": 9, "color": INK}})
    return _finished(chart, say("workbook.chart_gains"), size)


def _shares(say: Language) -> dict[str, Any]:
    grid = {"visible": True, "line": {"color": LINE}}
    return {"num_format": percent_format(say), "major_gridlines": grid, "line": {"none": True}}


def _tenths_series(say: Language, column: str, name: str, color: str) -> dict[str, Any]:
    bands, last = sheet_called(say, "bands"), TENTHS_FIRST + TENTHS - 1
    return {
        "name": say(f"workbook.{name}"),
        "categories": f"={span(bands, 'R', TENTHS_FIRST, last)}",
        "values": f"={span(bands, column, TENTHS_FIRST, last)}",
        "fill": {"color": color},
        "gap": 40,
    }


def _ranges(say: Language, below: Sequence[float], above: Sequence[float]) -> dict[str, Any]:
    bands, last = sheet_called(say, "bands"), TENTHS_FIRST + TENTHS - 1
    return {
        "type": "custom",
        "minus_values": f"={span(bands, 'U', TENTHS_FIRST, last)}",
        "plus_values": f"={span(bands, 'V', TENTHS_FIRST, last)}",
        "minus_data": list(below),
        "plus_data": list(above),
        "line": {"color": INK},
    }


def _mark() -> dict[str, Any]:
    return {"type": "circle", "size": 9, "fill": {"color": ORANGE}, "border": {"color": ORANGE}}


def _finished(chart: Chart, title: str, size: tuple[int, int]) -> Chart:
    font = {"size": 11, "bold": True, "color": INK}
    chart.set_title({"name": title, "name_font": font, "overlay": False})
    chart.set_size({"width": size[0], "height": size[1]})
    chart.set_chartarea({"border": {"color": LINE}})
    return chart
