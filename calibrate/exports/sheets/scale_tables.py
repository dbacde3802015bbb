"""The sheet Bands: bands, bounds of the score and of the groups, what gates decide, separators of sets.

Every number here is read by the formulas, so that changing it changes the scores.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from calibrate.document.lead_score import gate_text, used
from calibrate.document.rules import Rules
from calibrate.exports.sheets.cells import Formula, Plain, at, readable, span
from calibrate.exports.target import band_of

SHEET = "Bands"
_TOP = 4


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the sheet: its title in row `first` - 2, its header below, its rows from row `first` on.

    looks: of its columns.
    """

    title: str
    header: tuple[str, ...]
    looks: tuple[str, ...]
    rows: tuple[tuple[Plain | Formula, ...], ...]
    first: int

    @property
    def last(self) -> int:
        """Its last row."""
        return self.first + len(self.rows) - 1


@dataclass(frozen=True, slots=True)
class Scale:
    """The tables of the sheet."""

    bands: Table
    score: Table
    groups: Table
    gates: Table
    sets: Table

    @property
    def tables(self) -> tuple[Table, ...]:
        """Those that have rows, from top to bottom."""
        every = (self.bands, self.score, self.groups, self.gates, self.sets)
        return tuple(table for table in every if table.rows)

    @property
    def base(self) -> str:
        """The cell that holds where the score starts."""
        return at(SHEET, "B", self.score.first)

    @property
    def bounds(self) -> tuple[str, str]:
        """The cells of the lowest and the highest score; empty ones bound nothing."""
        return at(SHEET, "B", self.score.first + 1), at(SHEET, "B", self.score.first + 2)

    def group_bounds(self, number: int) -> tuple[str, str]:
        """The cells of the lowest and the highest sum of a group."""
        row = self.groups.first + number
        return at(SHEET, "B", row), at(SHEET, "C", row)

    @property
    def gate_scores(self) -> str:
        """The cells of the scores that gates give."""
        return span(SHEET, "C", self.gates.first, self.gates.last)

    @property
    def gate_bands(self) -> str:
        """The cells of the bands that gates give."""
        return span(SHEET, "D", self.gates.first, self.gates.last)

    def separator(self, number: int) -> str:
        """The cell of the separator of a set."""
        return at(SHEET, "B", self.sets.first + number)

    def band(self, score: str) -> str:
        """The expression for the band of a score."""
        return _band(self.bands, score)


def separators(rules: Rules) -> dict[str, str]:
    """What stands between the values of every set that the rules read; where the document does not say, `;`."""
    return {
        name: rules.attributes[name].separator or ";" for name in used(rules) if rules.attributes[name].type == "set"
    }


def scale_of(rules: Rules, fields: Mapping[str, str]) -> Scale:
    """The tables that the sheet holds."""
    bands = Table(
        "Bands, best first",
        ("Band", "From score", "Action", "Share of leads", "Conversion rate"),
        ("edited text", "edited number", "indented", "rate", "rate"),
        tuple(
            (band.name, band.from_, readable(band.action or ""), band.leads_share, band.rate) for band in rules.bands
        ),
        _TOP,
    )
    limits = (("starts at", rules.score.base), ("never under", rules.score.min), ("never over", rules.score.max))
    score = Table("Score", ("Score", "Points"), ("", "edited number"), limits, _below(bands))
    groups = Table(
        "Groups of rules",
        ("Group", "Never under", "Never over"),
        ("", "edited number", "edited number"),
        tuple((readable(group.label or name), group.min, group.max) for name, group in rules.groups.items()),
        _below(score),
    )
    first = _below(groups)
    gates = Table(
        "Gates: decided before any point counts, the first that is true; the lines are in sheet Rules",
        ("Gate", "Reads", "Score", "Band"),
        ("", "", "edited number", "indented edited text"),
        tuple(
            (readable(gate_text(gate)), fields[gate.when.attr], gate.then.score,
             gate.then.band or Formula("=" + _band(bands, f"$C${row}"), band_of(rules, gate) or ""))
            for row, gate in enumerate(rules.gates, start=first)
        ),
        first,
    )  # fmt: skip
    between = tuple((fields[name], separator) for name, separator in separators(rules).items())
    sets = Table("Several values in one cell", ("Column", "Separator"), ("", "edited text"), between, _below(gates))
    return Scale(bands, score, groups, gates, sets)


def _below(table: Table) -> int:
    """The first row of the table after this one."""
    return table.last + 4 if table.rows else table.first


def _band(bands: Table, score: str) -> str:
    """The last band that starts above the score, and one more."""
    if len(bands.rows) < 2:
        return at(SHEET, "A", bands.first) if bands.rows else '""'
    above = f"SUMPRODUCT(--({span(SHEET, 'B', bands.first, bands.last - 1)}>{score}))"
    return f"INDEX({span(SHEET, 'A', bands.first, bands.last)},1+{above})"
