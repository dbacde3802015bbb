"""Do the rules still hold on newer leads: what was asked, what was found, how much it matters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from calibrate.document.rules import Rules
from calibrate.document.scoring import TableScorer
from calibrate.exports.check import CheckLeads
from calibrate.meeting.combinations import Combinations, combinations_of_leads
from calibrate.meeting.figures import scores
from calibrate.meeting.grades import GRADES, Finding, Grade, Kind, NotChecked
from calibrate.meeting.mixes import UnnamedValues, mix_findings
from calibrate.meeting.newer import CountedBatch, LeadFile, NewerLeads
from calibrate.meeting.promises import MonthCounts, band_findings, base_rate_finding, inflation_finding, levels_finding
from calibrate.showing import Shown
from calibrate.statistics.change import rate_change

_OF_OUTCOMES: tuple[Kind, ...] = ("base rate", "levels", "band order", "promised chances", "score inflation")


@dataclass(frozen=True, slots=True)
class Check(Shown):
    """The answers. id, version: of the rules.  file: the leads that were asked."""

    id: str
    version: str
    file: LeadFile
    findings: tuple[Finding, ...]
    not_checked: tuple[NotChecked, ...]

    @property
    def grade(self) -> Grade:
        """The worst of the findings."""
        return max((item.grade for item in self.findings), key=GRADES.index, default="ok")

    def of_grade(self, grade: Grade) -> tuple[Finding, ...]:
        """The findings of a grade."""
        return tuple(item for item in self.findings if item.grade == grade)


def check(rules: Rules, leads: CheckLeads) -> Check:
    """Whether the rules still hold on the leads of a file that count.

    Raises:
        DataError: the leads cannot be read as the rules want them, or none counts.
    """
    reader, tallies = NewerLeads(leads, (rules,)), _Tallies(rules)
    combinations = combinations_of_leads(rules, tallies.counted(reader.batches()))
    file, found = reader.file, scores(rules, combinations)
    answers = [
        *_outcome_findings(rules, combinations, found, file, tallies.months),
        *mix_findings(rules, combinations, found, tallies.unnamed, tallies.columns),
    ]
    return Check(
        id=rules.id,
        version=rules.version,
        file=file,
        findings=tuple(item for item in answers if isinstance(item, Finding)),
        not_checked=tuple(item for item in answers if isinstance(item, NotChecked)),
    )


class _Tallies:
    """What is counted while combinations are, so that the leads are read once."""

    def __init__(self, rules: Rules) -> None:
        self.scorer, self.unnamed = TableScorer(rules, reasons=0), UnnamedValues(rules)
        self.columns: tuple[str, ...] = ()
        self.months = None if rules.handover_score is None else MonthCounts(rules.handover_score)

    def counted(self, batches: Iterator[CountedBatch]) -> Iterator[tuple[pa.RecordBatch, npt.NDArray[np.bool_]]]:
        """The batches, each with who was won: nobody where that is not known."""
        for batch in batches:
            (table,) = batch.tables
            self.columns = tuple(table.schema.names)
            self.unnamed.add(table)
            if self.months is not None and batch.day is not None and batch.won is not None:
                self.months.add(batch.day, self.scorer.score(table).score.to_numpy(), batch.won)
            yield table, np.zeros(table.num_rows, np.bool_) if batch.won is None else batch.won


def _outcome_findings(
    rules: Rules,
    combinations: Combinations,
    found: npt.NDArray[np.int64],
    file: LeadFile,
    months: MonthCounts | None,
) -> Iterator[Finding | NotChecked]:
    """What who was won says of the rules."""
    if file.won is None:
        yield from (NotChecked(kind, None, "outcomes") for kind in _OF_OUTCOMES)
        return
    base = rules.baseline
    change = rate_change((base.conversions, base.leads), (file.won, file.leads)) if base else None
    if file.seen[0].how == "file":
        yield from (NotChecked(kind, None, "same leads") for kind in _OF_OUTCOMES[:-1])
    else:
        if change is None:
            yield from (NotChecked(kind, None, "evidence") for kind in _OF_OUTCOMES[:2])
        else:
            yield base_rate_finding(change)
            yield levels_finding(rules, combinations, change)
        yield from band_findings(rules, combinations, found)
    if months is None or file.months is None:
        yield NotChecked("score inflation", None, "threshold" if months is None else "dates")
    else:
        yield inflation_finding(months)
