"""Leads to try rules on: which of them count, when they came in, and whether they made the rules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from calibrate.document.rules import MadeBy, Rules
from calibrate.document.scoring import typed_leads, types_read
from calibrate.errors import DataError
from calibrate.exports.check import CheckLeads
from calibrate.leads.outcome import LOST, NO_DAY, OPEN, UNKNOWN, WON, Outcome, compile_outcome, lead_days
from calibrate.listing import parse_outcome
from calibrate.meeting.combinations import months_between
from calibrate.reading.dialect import ReadingOptions
from calibrate.reading.source import Source, open_source
from calibrate.settings import OutcomeSettings, settings_from


@dataclass(frozen=True, slots=True)
class CountedBatch:
    """Some of the leads that count.

    tables: typed for each of the documents.  won: None where it is not known.  day: since 1970, None without a date.
    """

    tables: tuple[pa.RecordBatch, ...]
    won: npt.NDArray[np.bool_] | None
    day: npt.NDArray[np.int32] | None


@dataclass(frozen=True, slots=True)
class Seen:
    """Whether leads had a part in making the rules.

    how: file, it is the very file; period, some came in while the history ran; no, none did; unknown, dates are
    missing.
    share: of the leads, 0 to 1, that came in while the history ran; None where dates are missing.
    """

    how: Literal["file", "period", "no", "unknown"]
    share: float | None = None


@dataclass(frozen=True, slots=True)
class LeadFile:
    """What was read.

    leads: those that count.  won: None where it is not known.  open, unknown, young: rows left out, that are not
    decided, have no outcome, or are too young to have converted.  first_day, last_day: ISO, of the leads that count.
    months: that they came in, at least 1; None without dates.  doubtful: outcomes that count as lost, though they
    look as if the lead may still be won.  undated: the column with dates that the file lacks.  reading: how it was
    read.  seen: a document each.
    """

    name: str
    rows: int
    leads: int
    won: int | None
    open: int
    unknown: int
    young: int
    first_day: str | None
    last_day: str | None
    months: float | None
    doubtful: tuple[str, ...]
    undated: str | None
    reading: tuple[str, ...]
    seen: tuple[Seen, ...]


class NewerLeads:
    """Reads the leads of a file that count, for one document or for several at once.

    Where it is known who was won, those count that are won or lost and old enough. The day that the rules were made
    (`as_of` of their outcome) says nothing of these leads: they are as old as the newest of them lets them be.
    """

    def __init__(self, leads: CheckLeads, documents: Sequence[Rules]) -> None:
        self.given, self.documents = leads, documents
        self.rows = self.leads = self.won = self.open = self.unknown = self.young = 0
        self.ends: tuple[int, int] | None = None
        self.inside = [0] * len(documents)
        self.dated = 0
        self.doubtful: tuple[str, ...] = ()
        self.undated: str | None = None
        self.source: Source | None = None
        self.sha256: str | None = None

    def batches(self) -> Iterator[CountedBatch]:
        """The leads that count, in the order of the file; `file` is known when they have been read.

        Raises:
            DataError: a cell cannot be read, or no lead counts.
        """
        with ExitStack() as stack:
            sources = [stack.enter_context(self._opened(rules)) for rules in self.documents]
            source = self.source = sources[0]
            told = self._told(source)
            outcome = compile_outcome(told, source, source.sample()) if told else None
            self.doubtful = outcome.doubtful if outcome else ()
            self.sha256 = source.sha256()
            limit = self._limit(source, told)
            for raw in source.raw_batches():
                states, day = _states(outcome, source, raw), _days(told, source, raw)
                keep = self._kept(states, day, limit, raw.num_rows)
                mask = pa.array(keep)
                tables = tuple(
                    _typed(rules, each, raw).filter(mask) for rules, each in zip(self.documents, sources, strict=True)
                )
                won = None if states is None else states[keep] == WON
                self.won += 0 if won is None else int(won.sum())
                yield CountedBatch(tables, won, None if day is None else day[keep])
        if not self.leads:
            raise DataError(
                f"{source.name}: found {self.rows:,} leads of which none counts ({self.open:,} open, {self.unknown:,} "
                f"without an outcome, {self.young:,} too young), expected some that are won or lost; check --outcome"
            )

    @property
    def file(self) -> LeadFile:
        """What was read; complete once the batches are."""
        source, (first, last) = self.source, self.ends or (0, 0)
        return LeadFile(
            name=source.name if source else "",
            rows=self.rows,
            leads=self.leads,
            won=self.won if self.given.outcome else None,
            open=self.open,
            unknown=self.unknown,
            young=self.young,
            first_day=_iso(first) if self.ends else None,
            last_day=_iso(last) if self.ends else None,
            months=months_between(first, last) if self.ends else None,
            doubtful=self.doubtful,
            undated=self.undated,
            reading=source.reading if source else (),
            seen=tuple(map(self._seen, range(len(self.documents)))),
        )

    def _opened(self, rules: Rules) -> Source:
        types = dict(types_read(rules))
        if self.given.outcome is not None and self.given.outcome.column:
            types[self.given.outcome.column] = "text"
        return open_source(self.given.data, self.given.reading, types=types)

    def _told(self, source: Source) -> OutcomeSettings | None:
        """What won means here: without the day the rules were made, and without dates where the file has none."""
        told = self.given.outcome
        if told is None:
            return None
        changes: dict[str, object] = {"as_of": None}
        if told.date and told.date not in [column.name for column in source.columns]:
            self.undated = told.date
            changes |= {"date": None, "mature_days": None}
        return told.model_copy(update=changes)

    def _limit(self, source: Source, told: OutcomeSettings | None) -> int | None:
        """The last day on which a lead may have come in to count; None where none is said."""
        if told is None or told.mature_days is None or told.date is None:
            return None
        days = (lead_days(batch, told.date, source.options.dates) for batch in source.batches([told.date]))
        return max((int(day.max(initial=NO_DAY)) for day in days), default=NO_DAY) - told.mature_days

    def _kept(
        self, states: npt.NDArray[np.uint8] | None, day: npt.NDArray[np.int32] | None, limit: int | None, rows: int
    ) -> npt.NDArray[np.bool_]:
        """Which leads count; they and the others are counted on the way."""
        keep = np.ones(rows, dtype=np.bool_) if states is None else np.isin(states, (WON, LOST))
        if states is not None:
            self.open += int((states == OPEN).sum())
            self.unknown += int((states == UNKNOWN).sum())
        if day is not None and limit is not None:
            self.young += int((keep & (day > limit)).sum())
            keep &= day <= limit
        self.rows += rows
        self.leads += int(keep.sum())
        if day is not None:
            self._date(day[keep & (day != NO_DAY)])
        return keep

    def _date(self, day: npt.NDArray[np.int32]) -> None:
        if not len(day):
            return
        first, last = int(day.min()), int(day.max())
        self.ends = (min(first, self.ends[0]), max(last, self.ends[1])) if self.ends else (first, last)
        self.dated += len(day)
        for place, rules in enumerate(self.documents):
            if ran := period(rules.made_by):
                self.inside[place] += int(((day >= ran[0]) & (day <= ran[1])).sum())

    def _seen(self, place: int) -> Seen:
        made_by = self.documents[place].made_by
        known = self.dated > 0 and period(made_by) is not None
        share = self.inside[place] / self.dated if known else None
        if made_by.sha256 is not None and made_by.sha256 == self.sha256:
            return Seen("file", share)
        if share is None:
            return Seen("unknown")
        return Seen("period" if share else "no", share)


def leads_for(documents: Sequence[Rules], data: Any, reading: ReadingOptions, outcome: str | None) -> CheckLeads:
    """The leads of a file or table; won means what was said, else what it meant to the first document that tells.

    outcome: `COLUMN=VALUE[,VALUE]`.

    Raises:
        DataError: they cannot be read, or have none of the columns that a document reads.
    """
    told = told_outcome(documents[0], *parse_outcome(outcome)) if outcome is not None else None
    found = [CheckLeads.of(document, data, reading, told) for document in documents]
    return next((leads for leads in found if leads.outcome is not None), found[0])


def told_outcome(rules: Rules, column: str, won: Sequence[str]) -> OutcomeSettings:
    """What won means, as said, with the rest as it was to the history of the rules: dates, maturity, what is lost."""
    tables = rules.made_by.settings or {}
    said = tables.get("outcome")
    known = settings_from({"outcome": said}).outcome if isinstance(said, dict) else OutcomeSettings()
    changes: dict[str, object] = {"column": column, "won": list(won), "deals": None, "key": None, "won_date": None}
    if column != known.column:
        changes["lost"] = []
    return known.model_copy(update=changes)


def period(made_by: MadeBy) -> tuple[int, int] | None:
    """First and last day of the history, since 1970; None where the rules do not say both."""
    try:
        first, last = (np.datetime64(day or "", "D").astype(np.int64) for day in (made_by.from_, made_by.to))
    except ValueError:
        return None
    return (int(first), int(last)) if made_by.from_ and made_by.to else None


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


def _iso(day: int) -> str:
    return str(np.datetime64(day, "D"))
