"""Scores made where the leads are: the rules as expressions, the same on every engine.

The steps are those of document/scoring.py: points of every rule, sums of the groups, caps, base, limits, gates; what
follows from a score; the strongest reasons. A step is columns over those of the step before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any

import narwhals as nw

from calibrate.document.lead_score import (
    Standing,
    Value,
    cap_text,
    check_rules,
    gate_text,
    holds,
    outcome_of,
    outcomes,
    standing_of,
    used,
)
from calibrate.document.rules import Gate, Has, Reference, Rule, Rules
from calibrate.document.scoring import COLUMNS, refuse_taken
from calibrate.errors import DataError, nearest, shown
from calibrate.reading.dialect import ReadingOptions
from calibrate.remote.lead_columns import LeadColumn, Result, lead_columns, stepped
from calibrate.remote.table import EngineTable, engine_table

Step = dict[str, nw.Expr]
_GUESSED = ReadingOptions()
# Texts that differ in case alone, or in spaces at their end, are the same to them.
_UNEXACT = ("mysql", "mssql", "singlestoredb")
_EVERY = 2**63 - 1
# They pass over the case of names.
_FOLDING = ("BigQuery", "Databricks", "DuckDB", "Spark", "Trino")


def score_lazily(rules: Rules, frame: Any, reasons: int = 3, options: ReadingOptions = _GUESSED) -> Any:
    """A lazy table with the columns score, percentile, band and reasons added; the same kind as it came.

    Raises:
        DataError: as `scored` does.
    """
    return scored(rules, engine_table(frame), reasons, options).to_native()


def scored(rules: Rules, table: EngineTable, reasons: int = 3, options: ReadingOptions = _GUESSED) -> nw.LazyFrame[Any]:
    """The leads of a table with score, percentile, band and reasons; the engine computes them when they are asked for.

    Only of a column that is of another type than the rules read are the distinct values fetched now.

    Raises:
        DataError: the rules are no `Rules`; the engine cannot tell texts apart; the table has one of these columns
            already, or none that the rules read; a column cannot be read as its attribute.
    """
    names = table.frame.collect_schema().names()
    folded = [name.lower() for name in names] if table.engine in _FOLDING else names
    refuse_taken(folded, table.name)
    columns = columns_read(rules, table, options)
    before = "lead_"
    while any(name.lower().startswith(before) for name in names):
        before += "_"
    frame = table.frame
    for step in Steps(rules, columns, reasons, before).all():
        frame = stepped_to(table, frame.with_columns(**step))
    return frame.select(*(table.called(name) for name in names), *COLUMNS)


def columns_read(rules: Rules, table: EngineTable, options: ReadingOptions) -> dict[str, LeadColumn]:
    """What the rules read in a table, by attribute.

    Raises:
        DataError: the rules are no `Rules`; the engine cannot tell texts apart; the table has no column that the rules
            read; a column cannot be read as its attribute.
    """
    check_rules(rules)
    if table.engine in _UNEXACT:
        raise DataError(
            f"{table.name}: is in {table.engine}, which passes over the case of texts, expected an engine that tells "
            "it apart; write SQL for it with calibrate export"
        )
    names = table.frame.collect_schema().names()
    for name in used(rules):
        if name in table.left_out:
            said = f"column {shown(name)} {table.left_out[name]}"
            raise DataError(f"{table.name}: {said}, expected a type that the rules can read; cast it in a view")
    if used(rules) and not set(used(rules)) & set(names):
        wanted = ", ".join(map(shown, used(rules)[:8]))
        raise DataError(
            f"{table.name}: has none of the columns that the rules read, expected {wanted}; "
            f"{nearest(used(rules)[0], names)}"
        )
    return lead_columns(rules, table, options)


def stepped_to(table: EngineTable, frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """A query whose columns the next step may name.

    PostgreSQL would put the expressions of a step wherever the next one names them, unless something stops it.
    """
    return frame.head(_EVERY) if table.engine == "PostgreSQL" else frame


@dataclass(frozen=True, slots=True)
class Steps:
    """The columns that are added step by step.

    before: what the names begin with of those that are not kept.
    """

    rules: Rules
    columns: Mapping[str, LeadColumn]
    reasons: int
    before: str

    def all(self) -> Iterator[Step]:
        """The steps in order."""
        strong = _Reasons(self.rules, self.columns, self.before) if self.reasons else None
        yield {**self._sums(), self.gate: self._gates(), **(strong.of_rules() if strong else {})}
        yield {"score": self._score(), **(strong.of_caps() if strong else {})}
        yield self._standing()
        if strong is None:
            yield {"reasons": nw.lit("")}
            return
        for place in range(self.reasons):
            yield strong.next(place)
        yield {"reasons": self._gated([gate_text(gate) for gate in self.rules.gates], strong.joined(self.reasons))}

    @property
    def gate(self) -> str:
        """The column of the first gate that is true, from 1; else 0."""
        return f"{self.before}gate"

    def _sums(self) -> Step:
        """The points of the rules without a group and of every group, before caps."""
        groups: dict[str | None, list[nw.Expr]] = {name: [] for name in (None, *self.rules.groups)}
        for rule in self.rules.rules:
            points = [worth for worth, _ in outcomes(self.rules, rule)]
            groups[rule.group].append(chosen(rule, self.columns, points))
        return {
            sum_name(self.rules, self.before, name): reduce(add, each, nw.lit(0, nw.Int64()))
            for name, each in groups.items()
        }

    def _gates(self) -> nw.Expr:
        """The number of the first gate that is true, from 1; else 0."""
        found = nw.lit(0)
        for number, gate in reversed(list(enumerate(self.rules.gates, start=1))):
            shut = self.columns[gate.when.attr].chosen(_shuts(gate), ())
            found = nw.when(shut == 1).then(nw.lit(number)).otherwise(found)
        return found

    def _gated(self, results: Sequence[str | int | None], otherwise: nw.Expr) -> nw.Expr:
        """What the gate says that is true, else the other; None says nothing."""
        found = otherwise
        for number, result in enumerate(results, start=1):
            if result is not None:
                found = nw.when(nw.col(self.gate) == number).then(nw.lit(result)).otherwise(found)
        return found

    def _score(self) -> nw.Expr:
        limits = self.rules.score
        sums = [capped(self.rules, self.before, name) for name in self.rules.groups]
        total = reduce(add, sums, nw.col(sum_name(self.rules, self.before, None)) + limits.base)
        return self._gated([gate.then.score for gate in self.rules.gates], _within(total, limits.min, limits.max))

    def _standing(self) -> Step:
        """Band and percentile, by the scores from which another one begins."""
        edges = sorted({band.from_ for band in self.rules.bands if band.from_ is not None})
        band = self._follows(edges, lambda standing: standing.band, lambda name: nw.lit(name, nw.String()))
        return {
            "percentile": self._percentile(self.rules.reference)
            if self.rules.reference
            else nw.lit(None, nw.Float64()),
            "band": self._gated([gate.then.band for gate in self.rules.gates], band),
        }

    def _percentile(self, reference: Reference) -> nw.Expr:
        edges = sorted({edge for score in reference.scores for edge in (score, score + 1)})
        return self._follows(edges, lambda standing: repr(standing.percentile), nw.lit).cast(nw.Float64())

    def _follows(
        self, edges: Sequence[int], part: Callable[[Standing], Result], literal: Callable[[Result], nw.Expr]
    ) -> nw.Expr:
        lowest = edges[0] - 1 if edges else 0
        results = [part(standing_of(self.rules, score)) for score in (lowest, *edges)]
        return stepped(nw.col("score"), edges, results, literal)


class _Reasons:
    """Reasons as numbers that sort: their points without a sign, then their place from the end; 0 is none."""

    def __init__(self, rules: Rules, columns: Mapping[str, LeadColumn], before: str) -> None:
        self.rules, self.columns, self.before = rules, columns, before
        self.outcomes = [outcomes(rules, rule) for rule in rules.rules]
        self.caps = [name for name, group in rules.groups.items() if (group.min, group.max) != (None, None)]
        self.places = sum(map(len, self.outcomes)) + len(self.caps)
        self.texts: dict[int, str] = {}
        self.names = [f"{before}reason_{place}" for place in range(len(rules.rules) + len(self.caps))]

    def of_rules(self) -> Step:
        """The reason that each rule is."""
        found: Step = {}
        first = 0
        for name, rule, ways in zip(self.names, self.rules.rules, self.outcomes, strict=False):
            strengths = [self._strength(points, first + way) for way, (points, _) in enumerate(ways)]
            self.texts |= {strength: text for strength, (_, text) in zip(strengths, ways, strict=True) if strength}
            found[name] = chosen(rule, self.columns, strengths)
            first += len(ways)
        return found

    def of_caps(self) -> Step:
        """The reason that each cap is."""
        found: Step = {}
        place = self.places - len(self.caps)
        for name, group in zip(self.names[len(self.rules.rules) :], self.caps, strict=True):
            change = self._change(group)
            # Too large for the whole numbers of some engines, and exact all the same.
            size = change.abs().cast(nw.Float64()) * (self.places + 1)
            found[name] = nw.when(change != 0).then(size + (self.places - place)).otherwise(nw.lit(0.0))
            place += 1
        return found

    def next(self, place: int) -> Step:
        """The strongest reason but for those before it."""
        each = [nw.col(name) for name in self.names] or [nw.lit(0)]
        if place:
            each = [nw.when(one < nw.col(self._top(place - 1))).then(one).otherwise(nw.lit(0)) for one in each]
        return {self._top(place): nw.max_horizontal(nw.lit(0), *each)}

    def joined(self, reasons: int) -> nw.Expr:
        """The texts of the strongest reasons, strongest first."""
        return nw.concat_str(*(self._text(nw.col(self._top(place)), "; " if place else "") for place in range(reasons)))

    def _top(self, place: int) -> str:
        return f"{self.before}top_{place}"

    def _strength(self, points: int, place: int) -> int:
        return points and abs(points) * (self.places + 1) + self.places - place

    def _change(self, group: str) -> nw.Expr:
        return capped(self.rules, self.before, group) - nw.col(sum_name(self.rules, self.before, group))

    def _text(self, strength: nw.Expr, before: str) -> nw.Expr:
        known = sorted(self.texts)
        found = stepped(strength, known, ["", *(before + self.texts[item] for item in known)], nw.lit)
        for name, group in zip(self.names[len(self.rules.rules) :], self.caps, strict=True):
            limits = self.rules.groups[group]
            for sign, bound in ((-1, limits.max), (1, limits.min)):
                if bound is None:
                    continue
                worded = cap_text(self.rules, group, sign).removeprefix(f"{sign:+d}")
                amount = self._change(group).abs().cast(nw.String())
                text = nw.concat_str(nw.lit(before + f"{sign:+d}"[0]), amount, nw.lit(worded))
                meant = (strength == nw.col(name)) & (self._change(group) * sign > 0)
                found = nw.when(meant).then(text).otherwise(found)
        return found


def chosen(rule: Rule, columns: Mapping[str, LeadColumn], numbers: Sequence[int]) -> nw.Expr:
    """For each lead the number of the outcome that a rule has for it."""
    members = [case.when.has for case in rule.cases if isinstance(case.when, Has)]
    return columns[rule.attr].chosen(lambda value: numbers[outcome_of(rule, value)], members)


def capped(rules: Rules, before: str, group: str) -> nw.Expr:
    """The sum of a group within its caps."""
    limits = rules.groups[group]
    return _within(nw.col(sum_name(rules, before, group)), limits.min, limits.max)


def sum_name(rules: Rules, before: str, group: str | None) -> str:
    """The column of the sum of a group; of the rules without one for None."""
    return f"{before}sum_{(None, *rules.groups).index(group)}"


def _shuts(gate: Gate) -> Callable[[Value | None], int]:
    return lambda value: int(value is not None and holds(gate.when.condition, value))


def _within(value: nw.Expr, low: int | None, high: int | None) -> nw.Expr:
    if low is not None:
        value = nw.max_horizontal(value, nw.lit(low))
    return value if high is None else nw.min_horizontal(value, nw.lit(high))
