"""Sheet Counts, hidden: every combination of what the rules say, with its leads and the score that the points make.

A combination names, for each rule, the line of `points` that its leads get.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from xlsxwriter import Workbook  # type: ignore[import-untyped] # it comes without types
from xlsxwriter.utility import xl_col_to_name  # type: ignore[import-untyped] # likewise

from calibrate.exports.sheets.formulas import bounded
from calibrate.exports.sheets.looks import new_sheet, put
from calibrate.leads.levels import Ints
from calibrate.meeting.combinations import Combinations
from calibrate.meeting.figures import bands, points_by_way, scores
from reports.workbook.content import Content
from reports.workbook.looks import Looks
from reports.workbook.places import COUNTS_FIRST, GATE, RULES_FIRST, Places
from reports.workbook.sheets import sheet_name


def write_counts(book: Workbook, looks: Looks, places: Places) -> None:
    """The sheet."""
    content = places.content
    headers = [content.say(f"workbook.{key}") for key in ("gate", "band", "leads", "won", "score")]
    sheet = new_sheet(book, sheet_name(content.say, "counts"), [10] * len(headers), 1)
    headers += [_sum_name(content, part.name)[:200] for part in content.parts]
    for place, text in enumerate([*headers, *content.names]):
        put(sheet, 1, place, text, looks["heading"])
    fixed, formulas = _fixed(content), _formulas(places)
    columns = [*zip((0, 1, 2, 3), fixed, strict=True), *enumerate(_lines(places), start=places.way_columns)]
    for column, numbers in columns:
        for row, number in enumerate(numbers.tolist(), start=COUNTS_FIRST - 1):
            sheet.write_number(row, column, number)
    for column, (formula, values) in enumerate(formulas, start=4):
        for row, value in enumerate(values.tolist(), start=COUNTS_FIRST):
            sheet.write_formula(row - 1, column, formula.replace("#", str(row)), None, value)
    sheet.protect("")
    sheet.hide()


def _sum_name(content: Content, group: str | None) -> str:
    return content.say("workbook.sum", part=group or content.say("workbook.no_group"))


def gate_bands(content: Content) -> tuple[int, ...]:
    """For every gate the number of the band that it names, from 1; 0 where it names none."""
    names = [band.name for band in bands(content.rules, content.combinations)]
    return tuple(0 if gate.then.band is None else 1 + names.index(gate.then.band) for gate in content.rules.gates)


def _fixed(content: Content) -> tuple[Ints, ...]:
    """Gate and the band that it names, both from 1 and 0 for none; leads; customers."""
    counted = content.combinations
    named = np.array([*gate_bands(content), 0], np.int64)
    return counted.gates.astype(np.int64) + 1, named[counted.gates], counted.leads, counted.won


def _lines(places: Places) -> list[NDArray[np.int64]]:
    """For every rule the line of `points` that each combination gets."""
    content, found = places.content, []
    hidden = places.points_last - RULES_FIRST + 1
    for rule, rows, start, ways in zip(
        content.rules.rules, content.rows, places.starts, content.combinations.ways, strict=False
    ):
        line = np.full(len(rule.cases) + 3, hidden, np.int64)
        for place, row in enumerate(rows):
            line[row.way] = start + place - RULES_FIRST + 1
        found.append(line[ways])
    return found


def _formulas(places: Places) -> list[tuple[str, Ints]]:
    """Score, then the sum of every part: the formula with `#` for the row, and its values."""
    content, rules = places.content, places.content.rules
    letters = {rule.id: xl_col_to_name(places.way_columns + number) for number, rule in enumerate(rules.rules)}
    ways = {rule.id: found for rule, found in zip(rules.rules, content.combinations.ways, strict=True)}
    columns = [xl_col_to_name(5 + number) for number in range(len(content.parts))]
    total = "+".join([places.base, *(f"${letter}#" for letter in columns)])
    score = bounded(total, places.bounds())
    if rules.gates:
        score = f"IF(${GATE}#>0,INDEX(gate_scores,${GATE}#),{score})"
    found = [(f"={score}", scores(rules, content.combinations))]
    for number, part in enumerate(content.parts):
        given = "+".join(f"INDEX(points,${letters[rule.id]}#)" for rule in part.rules) or "0"
        values = sum((points_by_way(rule).take(ways[rule.id]) for rule in part.rules), _zeros(content.combinations))
        if part.name is not None:
            given, values = bounded(given, places.bounds(number)), np.clip(values, part.low, part.high)
        found.append((f"={given}", values))
    return found


def _zeros(combinations: Combinations) -> Ints:
    return np.zeros(len(combinations.leads), np.int64)
