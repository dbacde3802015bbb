"""Sheet Try a lead: choose a level for every rule, see the points, the sums, the score, the band, and what follows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from xlsxwriter import Workbook  # type: ignore[import-untyped] # it comes without types
from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped] # likewise

from calibrate.document.lead_score import bounded as bounded_points
from calibrate.document.lead_score import standing_of
from calibrate.exports.sheets.cells import Formula, readable, span
from calibrate.exports.sheets.formulas import bounded
from calibrate.exports.sheets.looks import new_sheet, put
from calibrate.words.language import Language
from reports.workbook.bands_sheet import part_name
from reports.workbook.looks import Looks, guarded
from reports.workbook.places import NAMED_FIRST, Places, points_column
from reports.workbook.sentences import quoted
from reports.workbook.sheets import sheet_called, sheet_name

_RESULTS, _GATE = 4, 9
_FIRST = _GATE + 3
_WIDTHS = (44, 34, 12)


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of the sheet: a rule with its chosen level, or a sum. choices: the cells to choose from."""

    name: str
    level: str
    points: Formula
    choices: str = ""


def write_lead(book: Workbook, looks: Looks, places: Places) -> None:
    """The sheet."""
    content, say = places.content, places.content.say
    sheet = new_sheet(book, sheet_name(say, "lead"), _WIDTHS)
    put(sheet, 1, 0, say("workbook.lead"), looks["title"])
    put(sheet, 2, 0, say("workbook.lead_note"), looks["note"])
    sums: list[tuple[str, int]] = []
    row = _FIRST
    for part, lines in _parts(places):
        for line in lines:
            _write_line(sheet, looks, row, line)
            row += 1
        first = row - len(lines)
        points = sum(int(str(line.points.value)) for line in lines)
        given = f"SUM($C${first}:$C${row - 1})" if lines else "0"
        low, high = content.parts[part].low, content.parts[part].high
        if content.parts[part].name is not None:
            given, points = bounded(given, places.bounds(part)), bounded_points(points, low, high)
        put(sheet, row, 0, part_name(content, content.parts[part].name), looks["sum text"])
        put(sheet, row, 1, _bounds_text(say, low, high), looks["sum text"])
        put(sheet, row, 2, Formula(f"={given}", points), looks["sum"])
        sums.append((f"$C${row}", points))
        row += 2
    for place, key in enumerate(("rule", "level", "points")):
        put(sheet, _FIRST - 1, place, say(f"workbook.{key}"), looks["heading" if place == 2 else "text heading"])
    _write_gate(sheet, looks, places)
    _write_results(sheet, looks, places, sums)
    sheet.freeze_panes(_FIRST - 1, 0)
    guarded(sheet)


def _parts(places: Places) -> Iterator[tuple[int, list[_Line]]]:
    """The rules of every sum, with the level that most leads have; a rule without a level worth points is left out."""
    content = places.content
    numbers = {rule.id: number for number, rule in enumerate(content.rules.rules)}
    for part, of in enumerate(content.parts):
        chosen = [numbers[rule.id] for rule in of.rules if content.rows[numbers[rule.id]]]
        yield part, [_line(places, number) for number in chosen]


def _line(places: Places, number: int) -> _Line:
    """A rule; texts are compared exactly, for MATCH takes `*` and `?` for others and knows no case."""
    content = places.content
    rows, start = content.rows[number], places.starts[number]
    place = max(range(len(rows)), key=lambda item: rows[item].leads)
    sheet = sheet_called(content.say, "rules")
    choices = span(sheet, "B", start, start + len(rows) - 1)
    points = span(sheet, points_column(content), start, start + len(rows) - 1)
    found = f"INDEX({points},MATCH(TRUE,INDEX(EXACT({choices},$B#),0),0))"
    formula = Formula(f'=IF($B#="",0,{found})', rows[place].points)
    return _Line(content.names[number], content.levels[number][place], formula, choices)


def _write_line(sheet: Worksheet, looks: Looks, row: int, line: _Line) -> None:
    put(sheet, row, 0, line.name, looks["text"])
    put(sheet, row, 1, line.level, looks["edited text"])
    formula = Formula(line.points.text.replace("#", str(row)), line.points.value)
    put(sheet, row, 2, formula, looks["points"])
    sheet.data_validation(f"B{row}", {"validate": "list", "source": f"={line.choices}"})
    sheet.ignore_errors({"number_stored_as_text": f"B{_FIRST}:B{row}"})


def _bounds_text(say: Language, low: int | None, high: int | None) -> str:
    match low, high:
        case None, None:
            return ""
        case low, None:
            return say("workbook.bound_low", low=low)
        case None, high:
            return say("workbook.bound_high", high=high)
        case _:
            return say("workbook.bound_both", low=low, high=high)


def _write_gate(sheet: Worksheet, looks: Looks, places: Places) -> None:
    if not places.content.rules.gates:
        return
    say = places.content.say
    choices = span(sheet_called(say, "bands"), "A", places.gates, places.gates + len(places.content.gates))
    put(sheet, _GATE, 0, say("workbook.gates_chosen"), looks["text"])
    put(sheet, _GATE, 1, say("workbook.no_gate"), looks["edited text"])
    sheet.data_validation(f"B{_GATE}", {"validate": "list", "source": f"={choices}"})
    number = f"MATCH(TRUE,INDEX(EXACT({choices},$B${_GATE}),0),0)-1"
    put(sheet, _GATE, 2, Formula(f'=IF($B${_GATE}="",0,{number})', 0), looks["never shown"])


def _write_results(sheet: Worksheet, looks: Looks, places: Places, sums: list[tuple[str, int]]) -> None:
    content, score_cell, gate = places.content, f"$B${_RESULTS}", f"$C${_GATE}"
    score = content.rules.score
    total = bounded_points(score.base + sum(points for _, points in sums), score.min, score.max)
    formula = bounded("+".join([places.base, *(cell for cell, _ in sums)]), places.bounds())
    counts = zip(content.counts.scores, content.counts.leads, content.counts.conversions, strict=True)
    up = [(leads, won) for points, leads, won in counts if points >= total]
    leads, won = sum(leads for leads, _ in up), sum(won for _, won in up)
    from_here = [f'SUMIFS({name},scores,">="&{score_cell})' for name in ("score_won", "score_leads")]
    band = _band(places, score_cell)
    if content.rules.gates:
        formula = f"IF({gate}>0,INDEX(gate_scores,{gate}),{formula})"
        band = f'IF({gate}>0,INDEX(gate_bands,{gate})&"",{band})'
    yes, no = content.say("workbook.yes"), content.say("workbook.no")
    lines: tuple[tuple[str, Formula, str], ...] = (
        ("score", Formula(f"={formula}", total), "result"),
        ("band", Formula(f"={band}", readable(standing_of(content.rules, total).band or "")), "result"),
        ("to_sales", Formula(f'=IF({score_cell}>=threshold,{quoted(yes)},{quoted(no)})',
                             yes if total >= content.threshold else no), "result"),
        ("this_or_more", Formula(f'=IF({from_here[1]}=0,"",{from_here[0]}/{from_here[1]})',
                                 won / leads if leads else ""), "result rate"),
    )  # fmt: skip
    for place, (key, value, style) in enumerate(lines):
        put(sheet, _RESULTS + place, 0, content.say(f"workbook.{key}"), looks["label"])
        put(sheet, _RESULTS + place, 1, value, looks[style])


def _band(places: Places, score: str) -> str:
    """The first band whose lower end the score reaches; those with one stand above those without."""
    of = places.content.rules.bands
    named, starts = len(of), sum(band.from_ is not None for band in of)
    if not named:
        return '""'
    first, last = NAMED_FIRST, NAMED_FIRST + named - 1
    sheet = sheet_called(places.content.say, "bands")
    names = span(sheet, "A", first, last)
    if not starts:
        return f"INDEX({names},1)"
    above = f"SUMPRODUCT(--({span(sheet, 'B', first, first + starts - 1)}>{score}))"
    return f"INDEX({names},1+{above})"
