"""A look at a file before anything is learned from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from calibrate.calibration import reading_options
from calibrate.errors import SettingsError, shown
from calibrate.leads.columns import ColumnProfile, profile_columns
from calibrate.leads.outcome import plain_texts, propose_outcome
from calibrate.listing import parse_outcome, quoted
from calibrate.proposal import proposed_line, proposed_line_for_deals
from calibrate.reading.addresses import is_address, shown_address
from calibrate.reading.source import open_source
from calibrate.reading.values import is_yes_no
from calibrate.remote.looking import look_at
from calibrate.remote.opening import open_address
from calibrate.remote.table import EngineTable, engine_table, is_remote
from calibrate.settings import Settings
from calibrate.showing import Shown
from calibrate.statistics.sample_size import leads_to_see, readiness


@dataclass(frozen=True, slots=True, repr=False)
class Inspection(Shown):
    """How a file is read, what is in its columns, and what could be the outcome.

    leads: rows in the file, or the rows looked at where the file was too long to read whole.
    outcome: what is probably the outcome, in words; next_line: the command to copy. None where it is not clear.
    enough: what so many won leads are enough for, in sentences; none where the outcome is not clear.
    address: what a run is to be given, where that is not the name.
    """

    name: str
    leads: int
    whole: bool
    reading: tuple[str, ...]
    columns: tuple[ColumnProfile, ...]
    outcome: str | None
    next_line: str | None
    enough: tuple[str, ...] = ()
    address: str | None = None

    def lines(self, *, with_next: bool = True) -> Iterator[str]:
        """The inspection as lines for a terminal; with_next: and what to do with it."""
        seen = "" if self.whole else " looked at, spread over the file"
        many = "" if len(self.columns) == 1 else "s"
        yield f"{self.name}: {self.leads:,} leads{seen}, {len(self.columns):,} column{many}"
        yield from self.reading
        yield ""
        width = min(28, max([6, *(len(column.name) for column in self.columns)]))
        yield f"  {'column':<{width}}  {'kind':<10}  filled  values  most frequent"
        for column in self.columns:
            frequent = ", ".join(_cut(value, 20) for value in column.frequent)
            told = f"left out: {column.verdict}" if column.verdict else frequent
            counted = f"{column.filled:6.0%}  {column.distinct:6,}"
            yield f"  {_cut(column.name, width):<{width}}  {_word(column):<10}  {counted}  {told}"
        if not with_next:
            return
        yield ""
        yield f"Outcome: {self.outcome or _unclear(self.columns)}"
        for sentence in self.enough:
            yield f"         {sentence}"
        where = self.address or quoted(self.name)
        yield f"Next:    {self.next_line or f'calibrate run {where} --outcome COLUMN=VALUE'}"


def inspect_file(data: Any, settings: Settings, deals: Any = None) -> Inspection:
    """The inspection of a file or table, here or behind an address.

    deals: a second file; the line to copy is then of the two together.

    Raises:
        DataError: it cannot be read.
        SettingsError: deals to leads that another engine holds.
    """
    if isinstance(data, str) and is_address(data):
        with open_address(data, settings.source.table) as table:
            return _inspected_there(table, shown_address(data), settings, deals)
    if is_remote(data):
        return _inspected_there(engine_table(data), "TABLE", settings, deals)
    with open_source(data, reading_options(settings.source)) as source:
        name = str(data) if isinstance(data, str | Path) else source.name
        sample = source.sample()
        profiles = profile_columns(sample, settings)
        outcome, next_line, enough = _proposed(name, profiles, sample, sample.num_rows)
        if deals is not None:
            with open_source(deals) as second:
                held = second.sample()
                beside = (profile_columns(held, Settings()), held)
                next_line = proposed_line_for_deals(name, (profiles, sample), str(deals), beside)
                outcome, enough = f"a row in {second.name} with the same key" if next_line else None, ()
        rows = sample.num_rows
        whole = rows < source.sample_rows or source.rows == rows
        return Inspection(source.name, rows, whole, source.reading, profiles, outcome, next_line, enough)


def _inspected_there(table: EngineTable, address: str, settings: Settings, deals: Any) -> Inspection:
    """The inspection of leads that another engine holds."""
    if deals is not None:
        raise SettingsError(
            f"{table.name}: found deals in a second table, expected leads and deals in one; join them in a view, and "
            "leave --deals out"
        )
    source, profiles = look_at(table, reading_options(settings.source), settings)
    leads = source.rows or 0
    outcome, next_line, enough = _proposed(address, profiles, source.sample(), leads)
    option = f" --table {quoted(settings.source.table)}" if settings.source.table else ""
    next_line = next_line and next_line + option
    address = quoted(address) + option
    return Inspection(source.name, leads, True, source.reading, profiles, outcome, next_line, enough, address)


def _proposed(
    name: str, profiles: Sequence[ColumnProfile], sample: pa.Table, leads: int
) -> tuple[str | None, str | None, tuple[str, ...]]:
    """The probable outcome in words, the line to copy, and what the won leads are enough for; of so many leads."""
    proposal = propose_outcome(profiles, sample) if sample.num_rows else None
    if proposal is None:
        return None, None, ()
    column, values = parse_outcome(proposal[0])
    won = round(_won_rows(sample, column, values) * leads / sample.num_rows)
    meant = " or ".join(map(repr, values))
    outcome = f"probably {column}, where {meant} means won ({won:,} of {leads:,}, {won / leads:.1%})."
    return outcome, proposed_line(name, profiles, sample), _enough(won, leads)


def _enough(won: int, leads: int) -> tuple[str, ...]:
    """What so many won leads are enough for, and the leads that a level needs to show a difference."""
    if not 0 < won < leads:
        return ()
    seen = [(lift, leads_to_see(lift, won / leads, 0.1)) for lift in (5, 10)]
    needed = [f"{lift} points about {found:,} leads" for lift, found in seen if found is not None]
    level = [f"A level needs, to show a lift of {', of '.join(needed)}."] if needed else []
    return (readiness(won, leads).sentence, *level)


def _won_rows(sample: pa.Table, column: str, values: list[str]) -> int:
    won = pc.is_in(plain_texts(sample[column]), value_set=pa.array(values, pa.string()))
    return int(pc.sum(won).as_py() or 0)


def _unclear(columns: Sequence[ColumnProfile]) -> str:
    """That the outcome is not clear, and the columns of yes and no, one of which it may be."""
    names = [shown(column.name) for column in columns if _word(column) == "yes/no" and not column.verdict]
    known = f" (yes/no: {', '.join(names)})" if names else ""
    return f"not clear. Say which column and value mean won{known}:"


def _word(column: ColumnProfile) -> str:
    return "yes/no" if column.kind == "boolean" or is_yes_no(column.values) else column.kind


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
