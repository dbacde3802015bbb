"""Newer leads that are read here, counted for a check: they are read once."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from calibrate.document.rules import Rules
from calibrate.document.scoring import TableScorer
from calibrate.exports.check import CheckLeads
from calibrate.meeting.combinations import combinations_of_leads
from calibrate.meeting.newer_counts import MonthCounts, NewerCounts, UnnamedValues
from calibrate.meeting.newer_here import CountedBatch, NewerLeads
from calibrate.meeting.rule_counts import rule_counts


def counted_here(rules: Rules, leads: CheckLeads) -> NewerCounts:
    """The counts of the leads of a file or table in memory.

    Raises:
        DataError: the leads cannot be read as the rules want them, or none counts.
    """
    reader, tallies = NewerLeads(leads, (rules,)), _Tallies(rules)
    combinations = combinations_of_leads(rules, tallies.counted(reader.batches()))
    return NewerCounts(
        reader.file, rule_counts(rules, combinations), tallies.unnamed, tallies.months, tallies.columns
    )  # fmt: skip


class _Tallies:
    """What is counted while combinations are."""

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
            won = np.zeros(table.num_rows, np.bool_) if batch.won is None else batch.won
            if self.months is not None and batch.day is not None and batch.won is not None:
                above = self.scorer.score(table).score.to_numpy() >= self.months.threshold
                self.months.add(batch.day, above, np.ones(table.num_rows, np.int64), won.astype(np.int64))
            yield table, won
