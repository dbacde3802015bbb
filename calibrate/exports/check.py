"""Leads to check an export on: what they get from the rules, from the file of the target, and what a loss costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from calibrate.document.lead_score import read_value, score_lead, used
from calibrate.document.rules import Rules
from calibrate.document.scoring import TableScorer, absent_lines, typed_leads, types_read
from calibrate.errors import DataError, nearest, shown
from calibrate.exports.fidelity import BandCount, Cost, Ranking
from calibrate.exports.target import Input
from calibrate.leads.outcome import LOST, WON, Outcome, compile_outcome
from calibrate.reading.dialect import ReadingOptions
from calibrate.reading.source import Source, open_source
from calibrate.settings import OutcomeSettings, settings_from
from calibrate.statistics.ranking import ScoreCounts, area_under_curve

NO_BAND = "no band"
MOST_RUN = 20_000
Lead = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CheckLeads:
    """A file or table of leads, and what won means in it; None where that is not known.

    remarks: how it was read, and columns that the rules read and it has not, in sentences.
    """

    data: Any
    reading: ReadingOptions
    outcome: OutcomeSettings | None
    remarks: tuple[str, ...] = ()

    @classmethod
    def of(cls, rules: Rules, data: Any, reading: ReadingOptions, outcome: OutcomeSettings | None) -> CheckLeads:
        """The leads of a file or table; where nothing is said, won means what it meant to the history of the rules."""
        with open_source(data, reading, types=types_read(rules)) as source:
            names = [column.name for column in source.columns]
            return cls(data, reading, outcome, source.reading).among(rules, source.name, names)

    def among(self, rules: Rules, where: str, names: Sequence[str]) -> CheckLeads:
        """These leads, of which the names of all columns are known; an outcome that was said is kept.

        Raises:
            DataError: none of the columns is one that the rules read.
        """
        if used(rules) and not set(used(rules)) & set(names):
            wanted = ", ".join(map(shown, used(rules)[:8]))
            raise DataError(
                f"{where}: has none of the columns that the rules read, expected {wanted}; "
                f"{nearest(used(rules)[0], names)}"
            )
        absent = absent_lines((name for name in used(rules) if name not in names), names)
        remarks, told = [*self.remarks, *absent], self.outcome or outcome_of_history(rules)
        known = told is not None and not told.deals and told.column in names
        if told is not None and not known and self.outcome is None:
            meant = f"a file of deals, {told.deals}" if told.deals else f"column {shown(told.column or '')}"
            remarks.append(f"Who was won is not measured: history had it in {meant}; say it with --outcome")
        return replace(self, outcome=told if known or self.outcome is not None else None, remarks=tuple(remarks))

    def cost(self, rules: Rules, runs: Rules) -> Cost:
        """What these leads get from the rules and from what a target makes of them.

        Where it is known who was won, only leads won or lost count.
        """
        tallies = _Tally(rules), _Tally(runs)
        other_score = other_band = 0
        for states, batch in self._batches(rules):
            known = np.isin(states, (WON, LOST)) if states is not None else np.ones(batch.num_rows, dtype=bool)
            first, second = (tally.add(batch, known, states) for tally in tallies)
            other_score += int(np.sum(first.scores != second.scores))
            other_band += sum(one != other for one, other in zip(first.bands, second.bands, strict=True))
        mine, theirs = (tally.ranking() for tally in tallies)
        leads, won = tallies[0].leads, tallies[0].won
        return Cost(leads, won if self.outcome else None, mine, theirs, other_score, other_band)

    def leads(self, rules: Rules) -> list[Lead]:
        """The first 20,000 leads as the rules read them; a set in one text stays as it is written."""
        found = (
            {name: None if value is None else _plain(rules, name, value) for name, value in row.items()}
            for _, batch in self._batches(rules, outcome=False)
            for row in batch.to_pylist()
        )
        return list(islice(found, MOST_RUN))

    def _batches(
        self, rules: Rules, *, outcome: bool = True
    ) -> Iterator[tuple[npt.NDArray[np.uint8] | None, pa.RecordBatch]]:
        told = self.outcome if outcome else None
        types = dict(types_read(rules))
        if told is not None and told.column:
            types[told.column] = "text"
        with open_source(self.data, self.reading, types=types) as source:
            compiled = None if told is None else compile_outcome(told, source, source.sample())
            names = [column.name for column in source.columns if column.name in used(rules)]
            for raw in source.raw_batches():
                yield _states(compiled, source, raw), typed_leads(rules, source, raw.select(names))


def prepared(lead: Lead, inputs: Sequence[Input]) -> dict[str, Any]:
    """A lead as a target wants it: by the names of its fields, a set in one text where that is how it comes.

    The empty set in one text is a separator alone, for a blank text is a missing one. Absent keys stay absent.
    """

    def value(given: Input) -> Any:
        found = lead[given.attribute]
        if given.kind == "delimited" and isinstance(found, list | tuple):
            return (given.separator or ";").join(found) or given.separator
        if given.kind == "list" and given.separator and isinstance(found, str):
            return [part.strip() for part in found.split(given.separator) if part.strip()] if found else None
        return found

    return {given.field: value(given) for given in inputs if given.attribute in lead}


def expected_scores(rules: Rules, leads: Sequence[Lead]) -> list[tuple[int, str | None]]:
    """Score and band of each lead by the rules themselves."""
    return [(found.score, found.band) for found in (score_lead(rules, lead, reasons=0) for lead in leads)]


@dataclass(frozen=True, slots=True)
class _Batch:
    scores: npt.NDArray[np.int64]
    bands: list[str | None]


class _Tally:
    """Scores and bands of one version of the rules, batch by batch."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.scorer = TableScorer(rules, reasons=0)
        self.leads = self.won = 0
        self.in_band: Counter[str] = Counter()
        self.won_in_band: Counter[str] = Counter()
        self.counts: list[ScoreCounts] = []

    def add(self, batch: pa.RecordBatch, known: npt.NDArray[np.bool_], states: npt.NDArray[np.uint8] | None) -> _Batch:
        scored = self.scorer.score(batch)
        scores = scored.score.to_numpy()[known]
        bands = [band for band, counts in zip(scored.band.to_pylist(), known.tolist(), strict=True) if counts]
        self.leads += len(scores)
        self.in_band.update(band or NO_BAND for band in bands)
        if states is not None:
            won = states[known] == WON
            self.won += int(won.sum())
            self.won_in_band.update(band or NO_BAND for band, is_won in zip(bands, won.tolist(), strict=True) if is_won)
            self.counts.append(ScoreCounts.from_arrays(scores, won))
        return _Batch(scores, bands)

    def ranking(self) -> Ranking:
        auc = area_under_curve(ScoreCounts.merged(self.counts)) if self.counts else None
        names = [band.name for band in self.rules.bands]
        order = [*names, *sorted(set(self.in_band) - set(names))]
        bands = tuple(
            BandCount(name, self.in_band[name], self.won_in_band[name] if self.counts else None)
            for name in order
            if self.in_band[name]
        )
        return Ranking(auc.auc, auc.low, auc.high, bands) if auc else Ranking(None, None, None, bands)


def _states(outcome: Outcome | None, source: Source, raw: pa.RecordBatch) -> npt.NDArray[np.uint8] | None:
    if outcome is None or outcome.column is None:
        return None
    return outcome.states(source.typed(raw.select([outcome.column])))


def _plain(rules: Rules, name: str, value: object) -> Any:
    if isinstance(value, str) and rules.attributes[name].type == "set":
        return value
    read = read_value(rules.attributes[name], value, lambda: name)
    return sorted(read) if isinstance(read, frozenset) else read


def outcome_of_history(rules: Rules) -> OutcomeSettings | None:
    """What won meant to the history of the rules; None where they do not tell, or it had no column of outcomes."""
    tables = rules.made_by.settings or {}
    said = tables.get("outcome")
    return settings_from({"outcome": said}).outcome if isinstance(said, dict) and said.get("column") else None
