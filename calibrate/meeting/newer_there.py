"""Newer leads that another engine holds: who of them counts, and leads asked for by what they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from calibrate.document.rules import Rules
from calibrate.errors import DataError
from calibrate.exports.check import CheckLeads
from calibrate.leads.levels import Ints
from calibrate.leads.outcome import NO_DAY, lead_days
from calibrate.meeting.newer import LeadFile, LeadTally
from calibrate.reading.dialect import ReadingOptions
from calibrate.remote.marginals import LOST, OUT, WON, tidy
from calibrate.remote.outcomes import Joint, counted_state, joint_outcomes
from calibrate.remote.plain import plain_table
from calibrate.remote.table import EngineTable
from calibrate.settings import OutcomeSettings
from calibrate.words.language import message

MOST_ROWS = 2_000_000


@dataclass(frozen=True, slots=True)
class LeadsThere:
    """The leads.

    table: in plain types.  state: 0 for a lead that does not count, 1 lost, 2 won; 1 for all where that is not known.
    date: the column with dates, None without.  joint: leads by outcome and day, None where who was won is not known.
    """

    table: EngineTable
    options: ReadingOptions
    file: LeadFile
    state: nw.Expr
    date: str | None
    joint: Joint | None

    def counted(self, query: nw.LazyFrame[Any], by: Sequence[str]) -> Answer:
        """The leads that count by some columns of a query, in which `state` is another.

        Raises:
            DataError: there are too many different ones; or not as many leads as there were.
        """
        kept = query.filter(nw.col("state") > OUT).group_by(*by, "state").agg(leads=nw.len())
        found = tidy(self.table.fetched(kept.head(MOST_ROWS + 1)))
        if found.num_rows > MOST_ROWS:
            raise DataError(
                f"{self.table.name}: found more than {MOST_ROWS:,} different leads as the rules see them, expected "
                "fewer; round the points, or take some of the leads in a view"
            )
        leads = found["leads"].to_numpy()
        answer = Answer(found, leads, np.where(found["state"].to_numpy() == WON, leads, 0))
        held, known = (int(answer.leads.sum()), int(answer.won.sum())), (self.file.leads, self.file.won or 0)
        if held != known:
            raise DataError(
                f"{self.table.name}: found {held[0]:,} leads and {held[1]:,} won where there were {known[0]:,} and "
                f"{known[1]:,}, expected a table that does not change meanwhile; make a copy of it, or try again"
            )
        return answer

    def days(self, column: pa.ChunkedArray) -> npt.NDArray[np.int32]:
        """The days that cells of the column with dates mean, since 1970."""
        assert self.joint is not None and self.date is not None  # noqa: S101, PT018
        source = self.joint.source
        typed = source.typed(pa.record_batch([column.combine_chunks()], names=[self.date]))
        return lead_days(typed, self.date, source.options.dates)


@dataclass(frozen=True, slots=True)
class Answer:
    """What an engine counted: a row for what leads have in common, with the leads and the won ones among them."""

    table: pa.Table
    leads: Ints
    won: Ints

    def numbers(self, name: str) -> Ints:
        """A column of whole numbers."""
        found: Ints = self.table[name].to_numpy().astype(np.int64)
        return found


def leads_there(leads: CheckLeads, documents: Sequence[Rules]) -> LeadsThere:
    """The leads of a table that an engine holds, of which those that count are known.

    Raises:
        DataError: none counts, or their outcome cannot be told.
    """
    table, notes = plain_table(leads.data, lists=True)
    tally = LeadTally(leads.outcome, table.frame.collect_schema().names(), documents)
    notes = (*notes, message("remote.counted", engine=table.engine))
    if tally.told is None:
        rows = table.fetched(table.frame.select(leads=nw.len()))["leads"].to_numpy().astype(np.int64)
        tally.kept(None, None, None, rows)
        return LeadsThere(table, leads.reading, tally.file(table.name, notes, ()), nw.lit(LOST), None, None)
    return _of_outcome(table, leads.reading, tally, tally.told, notes)


def _of_outcome(
    table: EngineTable, options: ReadingOptions, tally: LeadTally, told: OutcomeSettings, notes: Sequence[str]
) -> LeadsThere:
    joint = joint_outcomes(table, told, options)
    limit = tally.limit(int(joint.day.max(initial=NO_DAY)))
    tally.kept(joint.state, joint.day if told.date else None, limit, joint.leads)
    file = tally.file(table.name, (*notes, *joint.source.reading), joint.outcome.doubtful)
    return LeadsThere(table, options, file, counted_state(table, told, joint, limit), told.date, joint)
