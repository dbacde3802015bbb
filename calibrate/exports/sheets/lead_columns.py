"""The columns of a sheet with leads: what is put in, the score and the band, and what they are made of.

From left to right: lead, attributes, score, band; on the sheet Check what was stated; then gates, sums of points,
points of every rule, sets in their tidy form, and how many cells are filled. In a formula, `#` is the row. Formulas
read each cell that is put in by itself, never a range of them, so that these columns may change places.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Literal

from xlsxwriter.utility import xl_col_to_name  # type: ignore[import-untyped] # it comes without types

from calibrate.document.lead_score import gate_text, used
from calibrate.document.rules import Rule, Rules
from calibrate.exports.sheets.cells import readable
from calibrate.exports.sheets.formulas import bounded, gate_holds, named_times, rule_points, tidy_set
from calibrate.exports.sheets.rule_lines import RuleLines, rule_lines
from calibrate.exports.sheets.scale_tables import Scale, scale_of, separators
from calibrate.exports.target import Sum, sums

RESULTS = ("Lead", "Score", "Band")
STATED = ("Stated score", "Stated band", "Agrees")
Look = Literal[
    "lead", "text", "number", "boolean", "set", "score", "band", "stated", "agrees", "gate", "points", "tidy", "filled"
]
_MOST_PARTS = 255
"""Of what a function is given."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column.

    formula: without the leading `=`; None where something is put in.  wrong: the condition under which a cell does not
    hold what the column takes.  unnamed: that under which no line of a rule names its text; 0 or 1.
    """

    letters: str
    header: str
    look: Look
    formula: str | None = None
    wrong: str | None = None
    unnamed: str | None = None

    @property
    def cell(self) -> str:
        """Its cell in the row of the formula."""
        return f"${self.letters}#"


@dataclass(frozen=True, slots=True)
class Sheets:
    """What the sheets hold: the rules, what their attributes are called, and where everything stands."""

    rules: Rules
    fields: Mapping[str, str]
    lines: RuleLines
    scale: Scale

    @classmethod
    def of(cls, rules: Rules, fields: Mapping[str, str]) -> Sheets:
        """The sheets of a document."""
        return cls(rules, fields, rule_lines(rules), scale_of(rules, fields))

    @property
    def parts(self) -> tuple[Sum, ...]:
        """The sums that have a column: those of groups, and that of the other rules where there are any."""
        return tuple(part for part in sums(self.rules) if part.rules or part.name is not None)


@dataclass(frozen=True, slots=True)
class Places:
    """The letters of the columns."""

    inputs: Mapping[str, Column]
    score: str
    band: str
    stated: tuple[str, ...]
    gates: tuple[str, ...]
    sums: tuple[str, ...]
    rules: tuple[tuple[str, ...], ...]
    sets: Mapping[str, str]
    filled: str

    @classmethod
    def of(cls, sheets: Sheets, checked: bool) -> Places:
        """Where the columns stand, from left to right."""
        rules = sheets.rules
        letters: Iterator[str] = map(xl_col_to_name, count(1))
        return cls(
            inputs={name: Column(next(letters), sheets.fields[name], _look(rules, name)) for name in used(rules)},
            score=next(letters),
            band=next(letters),
            stated=tuple(next(letters) for _ in STATED) if checked else (),
            gates=tuple(next(letters) for _ in rules.gates),
            sums=tuple(next(letters) for _ in sheets.parts),
            rules=tuple(tuple(next(letters) for _ in part.rules) for part in sheets.parts),
            sets={name: next(letters) for name in separators(rules)},
            filled=next(letters),
        )


def lead_columns(sheets: Sheets, checked: bool = False) -> tuple[Column, ...]:
    """Every column. checked: with those of what was stated."""
    places = Places.of(sheets, checked)
    inputs = (Column("A", RESULTS[0], "lead"), *_inputs(sheets, places))
    stated: list[Column] = []
    if checked:
        score, band, agrees = places.stated
        same = f"AND(${places.score}#=${score}#,EXACT(${places.band}#,${band}#))"
        stated += [Column(score, STATED[0], "stated"), Column(band, STATED[1], "stated")]
        stated += [Column(agrees, STATED[2], "agrees", f'IFERROR(IF({same},"yes","no"),"no")')]
    made = [*_results(sheets, places), *_gates(sheets, places), *_sums(sheets, places)]
    made += [*_rules(sheets, places), *_sets(sheets, places)]
    blank = f"${places.filled}#=0"
    live = [Column(item.letters, item.header, item.look, f'IF({blank},"",{item.formula})') for item in made]
    return (*inputs, *live[:2], *stated, *live[2:], Column(places.filled, "Cells filled", "filled", _filled(inputs)))


def _inputs(sheets: Sheets, places: Places) -> Iterator[Column]:
    """The columns of the attributes; those that read one have an error where it does not hold what it takes."""
    readers = {gate.when.attr: letters for gate, letters in zip(sheets.rules.gates, places.gates, strict=True)}
    for part, of in zip(sheets.parts, places.rules, strict=True):
        readers |= {rule.attr: letters for rule, letters in zip(part.rules, of, strict=True)}
    for name, column in places.inputs.items():
        wrong, unnamed = f"ISNA(${readers[name]}#)", _unnamed(sheets, name, column)
        yield Column(column.letters, column.header, column.look, wrong=wrong, unnamed=unnamed)


def _unnamed(sheets: Sheets, name: str, column: Column) -> str | None:
    """The condition under which neither a rule nor a gate names the text of a cell; None where no rule names any."""
    rules, lines = sheets.rules, sheets.lines
    of_rules = [block for rule, block in zip(rules.rules, lines.rules, strict=True) if rule.attr == name and block.rows]
    of_gates = [block for gate, block in zip(rules.gates, lines.gates, strict=True) if gate.when.attr == name]
    if column.look != "text" or not of_rules:
        return None
    return f'IF({column.cell}="",0,IF({named_times(column.cell, [*of_rules, *of_gates])}=0,1,0))'


def _filled(inputs: Sequence[Column]) -> str:
    """The expression for how many cells of a row are filled."""
    if len(inputs) > _MOST_PARTS:
        return f"COUNTA({inputs[0].cell}:{inputs[-1].cell})"
    return f"COUNTA({','.join(column.cell for column in inputs)})"


def _look(rules: Rules, name: str) -> Look:
    kind = rules.attributes[name].type
    return "text" if kind == "category" else kind


def _across(letters: tuple[str, ...]) -> str:
    """The cells of neighbouring columns."""
    return f"${letters[0]}#:${letters[-1]}#"


def _results(sheets: Sheets, places: Places) -> Iterator[Column]:
    scale = sheets.scale
    total = f"{scale.base}+SUM({_across(places.sums)})" if places.sums else scale.base
    score, band = bounded(total, scale.bounds), scale.band(f"${places.score}#")
    if places.gates:
        gates = _across(places.gates)
        first = f"MATCH(1,{gates},0)"
        score = f"IF(SUM({gates})>0,INDEX({scale.gate_scores},{first}),{score})"
        band = f"IF(SUM({gates})>0,INDEX({scale.gate_bands},{first}),{band})"
    yield Column(places.score, RESULTS[1], "score", score)
    yield Column(places.band, RESULTS[2], "band", band)


def _gates(sheets: Sheets, places: Places) -> Iterator[Column]:
    for letters, gate, block in zip(places.gates, sheets.rules.gates, sheets.lines.gates, strict=True):
        read = places.inputs[gate.when.attr]
        yield Column(letters, readable(f"Gate: {gate_text(gate)}"), "gate", gate_holds(read.look, block, read.cell))


def _sums(sheets: Sheets, places: Places) -> Iterator[Column]:
    groups = {name: number for number, name in enumerate(sheets.rules.groups)}
    for letters, part, of in zip(places.sums, sheets.parts, places.rules, strict=True):
        total = f"SUM({_across(of)})" if of else "0"
        if part.name is None:
            yield Column(letters, "Sum: no group", "points", total)
        else:
            name = readable(f"Sum: {sheets.rules.groups[part.name].label or part.name}")
            yield Column(letters, name, "points", bounded(total, sheets.scale.group_bounds(groups[part.name])))


def _rules(sheets: Sheets, places: Places) -> Iterator[Column]:
    blocks = {rule.id: block for rule, block in zip(sheets.rules.rules, sheets.lines.rules, strict=True)}
    between = _separator_cells(sheets)
    named = Counter(_name(sheets.rules, rule) for rule in sheets.rules.rules)
    for part, of in zip(sheets.parts, places.rules, strict=True):
        for rule, letters in zip(part.rules, of, strict=True):
            read = places.inputs[rule.attr]
            tidy = (f"${places.sets[rule.attr]}#", between[rule.attr]) if rule.attr in between else ("", "")
            points = rule_points(read.look, rule, blocks[rule.id], read.cell, tidy)
            name = _name(sheets.rules, rule)
            yield Column(letters, f"Points: {name}" + f" ({rule.id})" * (named[name] > 1), "points", points)


def _sets(sheets: Sheets, places: Places) -> Iterator[Column]:
    for name, between in _separator_cells(sheets).items():
        read = places.inputs[name]
        yield Column(places.sets[name], f"{read.header}, as read", "tidy", tidy_set(read.cell, between))


def _separator_cells(sheets: Sheets) -> dict[str, str]:
    return {name: sheets.scale.separator(number) for number, name in enumerate(separators(sheets.rules))}


def _name(rules: Rules, rule: Rule) -> str:
    return readable(rule.label or rules.attributes[rule.attr].label or rule.attr)
