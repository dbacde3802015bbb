"""Newer leads that are read here, from a file or a table in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from calibrate.document.rules import Rules
from calibrate.document.scoring import typed_leads, types_read
from calibrate.exports.check import CheckLeads
from calibrate.leads.outcome import NO_DAY, WON, Outcome, compile_outcome, lead_days
from calibrate.meeting.newer import LeadFile, LeadTally
from calibrate.reading.source import Source, open_source
from calibrate.settings import OutcomeSettings


@dataclass(frozen=True, slots=True)
class CountedBatch:
    """Some of the leads that count.

    tables: typed for each of the documents.  won: None where it is not known.  day: since 1970, None without a date.
    """

    tables: tuple[pa.RecordBatch, ...]
    won: npt.NDArray[np.bool_] | None
    day: npt.NDArray[np.int32] | None


class NewerLeads:
    """Reads the leads that count, for one document or for several at once; `file` is known when they have been read."""

    def __init__(self, leads: CheckLeads, documents: Sequence[Rules]) -> None:
        self.given, self.documents = leads, documents
        self.file: LeadFile

    def batches(self) -> Iterator[CountedBatch]:
        """The leads that count, in the order of the file.

        Raises:
            DataError: a cell cannot be read, or no lead counts.
        """
        with ExitStack() as stack:
            sources = [stack.enter_context(self._opened(rules)) for rules in self.documents]
            source = sources[0]
            tally = LeadTally(self.given.outcome, [column.name for column in source.columns], self.documents)
            outcome = compile_outcome(tally.told, source, source.sample()) if tally.told else None
            limit = _limit(source, tally)
            for raw in source.raw_batches():
                states, day = _states(outcome, source, raw), _days(tally.told, source, raw)
                keep = tally.kept(states, day, limit, np.ones(raw.num_rows, np.int64))
                mask = pa.array(keep)
                tables = tuple(
                    _typed(rules, each, raw).filter(mask) for rules, each in zip(self.documents, sources, strict=True)
                )
                won = None if states is None else states[keep] == WON
                yield CountedBatch(tables, won, None if day is None else day[keep])
            doubtful = outcome.doubtful if outcome else ()
            self.file = tally.file(source.name, source.reading, doubtful, source.sha256())

    def _opened(self, rules: Rules) -> Source:
        types = dict(types_read(rules))
        if self.given.outcome is not None and self.given.outcome.column:
            types[self.given.outcome.column] = "text"
        return open_source(self.given.data, self.given.reading, types=types)


def _limit(source: Source, tally: LeadTally) -> int | None:
    """The last day on which a lead may have come in to count; the dates are read for it alone."""
    told = tally.told
    if told is None or told.mature_days is None or told.date is None:
        return None
    days = (lead_days(batch, told.date, source.options.dates) for batch in source.batches([told.date]))
    return tally.limit(max((int(day.max(initial=NO_DAY)) for day in days), default=NO_DAY))


def _states(outcome: Outcome | None, source: Source, raw: pa.RecordBatch) -> npt.NDArray[np.uint8] | None:
    if outcome is None or not (name := outcome.key if outcome.deal_keys is not None else outcome.column):
        return None
    return outcome.states(source.typed(raw.select([name])))


def _days(told: OutcomeSettings | None, source: Source, raw: pa.RecordBatch) -> npt.NDArray[np.int32] | None:
    if told is None or not told.date:
        return None
    return lead_days(source.typed(raw.select([told.date])), told.date, source.options.dates)


def _typed(rules: Rules, source: Source, raw: pa.RecordBatch) -> pa.RecordBatch:
    return typed_leads(rules, source, raw.select([name for name in raw.schema.names if name in types_read(rules)]))
