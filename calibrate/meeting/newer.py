"""Leads to try rules on: which of them count, when they came in, and whether they made the rules."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from calibrate.document.rules import MadeBy, Rules
from calibrate.errors import DataError
from calibrate.exports.check import CheckLeads
from calibrate.leads.outcome import LOST, NO_DAY, OPEN, UNKNOWN, WON
from calibrate.listing import parse_outcome
from calibrate.meeting.combinations import months_between
from calibrate.reading.addresses import is_address
from calibrate.reading.dialect import ReadingOptions
from calibrate.remote.opening import open_address
from calibrate.remote.table import EngineTable, engine_table, is_remote
from calibrate.settings import OutcomeSettings, settings_from


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
    look as if the lead may still be won.  undated: the column with dates that the file lacks.  mature_days: the age
    from which leads count, None where at all ages.  reading: how it was read.  seen: a document each.
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
    mature_days: int | None
    reading: tuple[str, ...]
    seen: tuple[Seen, ...]


class LeadTally:
    """Which leads count, for one document or for several at once, and how many: batch by batch, or leads alike at once.

    Where it is known who was won, those count that are won or lost and old enough. The day that the rules were made
    (`as_of` of their outcome) says nothing of these leads: they are as old as the newest of them lets them be.
    """

    def __init__(self, outcome: OutcomeSettings | None, names: Collection[str], documents: Sequence[Rules]) -> None:
        self.undated = outcome.date if outcome and outcome.date and outcome.date not in names else None
        self.told = None if outcome is None else _told(outcome, dated=self.undated is None)
        self.documents = documents
        self.rows = self.leads = self.won = self.open = self.unknown = self.young = self.dated = 0
        self.ends: tuple[int, int] | None = None
        self.inside = [0] * len(documents)

    def limit(self, newest: int) -> int | None:
        """The last day on which a lead may have come in to count; None where none is said. newest: day of the last."""
        return None if self.told is None or self.told.mature_days is None else newest - self.told.mature_days

    def kept(
        self,
        states: npt.NDArray[np.uint8] | None,
        day: npt.NDArray[np.int32] | None,
        limit: int | None,
        leads: npt.NDArray[np.int64],
    ) -> npt.NDArray[np.bool_]:
        """Which rows count; they and the others are counted on the way. leads: that each row stands for."""
        keep = np.ones(len(leads), dtype=np.bool_) if states is None else np.isin(states, (WON, LOST))
        if states is not None:
            self.open += int(leads[states == OPEN].sum())
            self.unknown += int(leads[states == UNKNOWN].sum())
        if day is not None and limit is not None:
            self.young += int(leads[keep & (day > limit)].sum())
            keep &= day <= limit
        self.rows += int(leads.sum())
        self.leads += int(leads[keep].sum())
        self.won += 0 if states is None else int(leads[keep & (states == WON)].sum())
        if day is not None:
            dated = keep & (day != NO_DAY)
            self._date(day[dated], leads[dated])
        return keep

    def file(self, name: str, reading: Sequence[str], doubtful: tuple[str, ...], sha256: str | None = None) -> LeadFile:
        """What was read.

        Raises:
            DataError: no lead counts.
        """
        if not self.leads:
            raise DataError(
                f"{name}: found {self.rows:,} leads of which none counts ({self.open:,} open, {self.unknown:,} "
                f"without an outcome, {self.young:,} too young), expected some that are won or lost; check --outcome"
            )
        first, last = self.ends or (0, 0)
        return LeadFile(
            name=name,
            rows=self.rows,
            leads=self.leads,
            won=self.won if self.told else None,
            open=self.open,
            unknown=self.unknown,
            young=self.young,
            first_day=_iso(first) if self.ends else None,
            last_day=_iso(last) if self.ends else None,
            months=months_between(first, last) if self.ends else None,
            doubtful=doubtful,
            undated=self.undated,
            mature_days=self.told.mature_days if self.told else None,
            reading=tuple(reading),
            seen=tuple(self._seen(place, sha256) for place in range(len(self.documents))),
        )

    def _date(self, day: npt.NDArray[np.int32], leads: npt.NDArray[np.int64]) -> None:
        if not len(day):
            return
        first, last = int(day.min()), int(day.max())
        self.ends = (min(first, self.ends[0]), max(last, self.ends[1])) if self.ends else (first, last)
        self.dated += int(leads.sum())
        for place, rules in enumerate(self.documents):
            if ran := period(rules.made_by):
                self.inside[place] += int(leads[(day >= ran[0]) & (day <= ran[1])].sum())

    def _seen(self, place: int, sha256: str | None) -> Seen:
        made_by = self.documents[place].made_by
        known = self.dated > 0 and period(made_by) is not None
        share = self.inside[place] / self.dated if known else None
        if made_by.sha256 is not None and made_by.sha256 == sha256:
            return Seen("file", share)
        if share is None:
            return Seen("unknown")
        return Seen("period" if share else "no", share)


@contextmanager
def leads_for(
    documents: Sequence[Rules], data: Any, reading: ReadingOptions, outcome: str | None
) -> Iterator[CheckLeads]:
    """The leads of a file or table, here or in an engine; an address is open within the block.

    outcome: `COLUMN=VALUE[,VALUE]`; without it, won means what it meant to the first document that tells.

    Raises:
        DataError: they cannot be read, or have none of the columns that a document reads.
    """
    told = told_outcome(documents[0], *parse_outcome(outcome)) if outcome is not None else None
    if isinstance(data, str) and is_address(data):
        with open_address(data, reading.table) as table:
            yield _known_leads(documents, table, reading, told)
    elif is_remote(data):
        with engine_table(data) as table:
            yield _known_leads(documents, table, reading, told)
    else:
        yield _known_leads(documents, data, reading, told)


def _known_leads(
    documents: Sequence[Rules], data: Any, reading: ReadingOptions, told: OutcomeSettings | None
) -> CheckLeads:
    """The leads, for the first document that tells what won means."""
    found = [_one_of(document, data, reading, told) for document in documents]
    return next((leads for leads in found if leads.outcome is not None), found[0])


def _one_of(rules: Rules, data: Any, reading: ReadingOptions, told: OutcomeSettings | None) -> CheckLeads:
    if isinstance(data, EngineTable):
        names = data.frame.collect_schema().names()
        return CheckLeads(data, reading, told).among(rules, data.name, names)
    return CheckLeads.of(rules, data, reading, told)


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


def _told(outcome: OutcomeSettings, *, dated: bool) -> OutcomeSettings:
    """What won means of newer leads: without the day the rules were made, and without dates where there are none."""
    changes: dict[str, object] = {"as_of": None}
    return outcome.model_copy(update=changes if dated else changes | {"date": None, "mature_days": None})


def _iso(day: int) -> str:
    return str(np.datetime64(day, "D"))
