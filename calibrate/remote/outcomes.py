"""Who is won, lost or not counted, worked out from the distinct values and asked for in the engine."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from calibrate.errors import DataError, SettingsError, nearest, shown
from calibrate.leads.codes import FIRST_DAY, LAST_DAY, NO_DAY, last_day, why_not_counted
from calibrate.leads.outcome import LOST, OPEN, UNKNOWN, WON, Outcome, compile_outcome, lead_days
from calibrate.learning.held_out import QUARTER, enough_newest
from calibrate.reading.source import ReadingOptions, Source, open_source
from calibrate.remote import marginals
from calibrate.remote.marginals import Marginal, sampled, tidy
from calibrate.remote.table import EngineTable
from calibrate.settings import OutcomeSettings
from calibrate.words.language import Message

_MOST_PAIRS = 2_000_000


@dataclass(frozen=True, slots=True)
class Counted:
    """The leads by state, and how the engine tells them apart.

    rows: all leads.  leads, won: the counted ones.  excluded: the others, by reason.  arrivals: as in the code store.
    state: 0 not counted, 1 lost, 2 won.  newest: 1 for the leads of an out-of-time test, else 0; it begins on
    newest_from, None where there is none.  found: marginals of the columns that say all this.
    days: ISO dates of the first and last counted lead, None without dates.
    """

    outcome: Outcome
    rows: int
    leads: int
    won: int
    excluded: tuple[tuple[int, Message], ...]
    arrivals: npt.NDArray[np.int64]
    state: nw.Expr
    newest: nw.Expr
    newest_from: int | None
    found: dict[str, Marginal]
    days: tuple[str | None, str | None]


def counted_by_outcome(table: EngineTable, settings: OutcomeSettings, options: ReadingOptions) -> Counted:
    """Leads by outcome and day, in one query.

    Raises:
        DataError: a column is not there or has too many values; what `compile_outcome` refuses.
        SettingsError: nothing says what won means; or deals stand in a second table.
    """
    joint = joint_outcomes(table, settings, options)
    return _counted(table, settings, joint)


def joint_outcomes(table: EngineTable, settings: OutcomeSettings, options: ReadingOptions) -> Joint:
    """Leads by value of the outcome and day, whether they count or not, in one query.

    Raises:
        DataError: a column is not there or has too many values; what `compile_outcome` refuses.
        SettingsError: nothing says what won means; or deals stand in a second table.
    """
    _check(table, settings)
    columns = {"value": settings.column or "", **({"day": settings.date} if settings.date else {})}
    query = table.frame.select(**{name: table.col(column) for name, column in columns.items()})
    found = tidy(table.fetched(query.group_by(*columns).agg(leads=nw.len()).head(_MOST_PAIRS + 1)))
    if found.num_rows > _MOST_PAIRS:
        raise DataError(
            f"{table.name}, column {shown(settings.column)}: has too many values, expected few that say what became of "
            "a lead; name another column with --outcome"
        )
    rows = int(found["leads"].to_numpy().sum())
    if not rows:
        raise DataError(f"{table.name}: there is no lead; expected one row a lead")
    whole = found.append_column("state", pa.array(np.full(found.num_rows, marginals.LOST)))
    held = {column: Marginal(whole.rename_columns(_renamed(whole, name))) for name, column in columns.items()}
    source = _small_source(table, held, rows, options)
    outcome = compile_outcome(settings, source, source.sample())
    return Joint.of(found, source, outcome, settings, held)


def _check(table: EngineTable, settings: OutcomeSettings) -> None:
    if settings.deals:
        raise SettingsError(
            f"{table.name}: found deals in {shown(settings.deals)}, expected leads and deals in one table of the "
            "engine; join them in a view there, and leave --deals out"
        )
    names = table.frame.collect_schema().names()
    for name in (settings.column, settings.date):
        if name is not None and name not in names:
            why = table.left_out.get(name)
            said = f"column {shown(name)} {why}" if why else f"there is no column {shown(name)}"
            raise DataError(f"{table.name}: {said}; {nearest(name, names)}")
    if not settings.column:
        raise SettingsError("which leads were won? Say it with --outcome COLUMN=VALUE")


def _renamed(table: pa.Table, name: str) -> list[str]:
    """The names of a table's columns, with one as the value and the other as nothing to look at."""
    return ["value" if own == name else f"not {own}" if own in ("value", "day") else own for own in table.column_names]


def _small_source(table: EngineTable, held: dict[str, Marginal], rows: int, options: ReadingOptions) -> Source:
    own = tuple(name for name in options.text_columns if name in held)
    sample = sampled(held, list(held), rows, counted=False)
    return replace(open_source(sample, replace(options, text_columns=own)), name=table.name)


@dataclass(frozen=True, slots=True)
class Joint:
    """Leads by value of the outcome and day.

    source: reads these two columns.  held: their marginals.  values, days: raw ones, each once.  state_of, day_of: of
    these; NULL comes last.  state, day: of each pair.
    """

    source: Source
    outcome: Outcome
    held: dict[str, Marginal]
    values: pa.Array
    days: pa.Array | None
    state_of: npt.NDArray[np.uint8]
    day_of: npt.NDArray[np.int32]
    state: npt.NDArray[np.uint8]
    day: npt.NDArray[np.int32]
    leads: npt.NDArray[np.int64]

    @staticmethod
    def of(
        found: pa.Table, source: Source, outcome: Outcome, settings: OutcomeSettings, held: dict[str, Marginal]
    ) -> Joint:
        """The joint counts in an answer, read as `source` reads."""
        values, value_at = _places(found["value"])
        state_of = outcome.states(_typed(source, settings.column, values))
        leads, days = found["leads"].to_numpy(), None
        day_of, day_at = np.full(1, NO_DAY, dtype=np.int32), np.zeros(found.num_rows, dtype=np.intp)
        if settings.date:
            days, day_at = _places(found["day"])
            day_of = lead_days(_typed(source, settings.date, days), settings.date, source.options.dates)
        return Joint(
            source, outcome, held, values, days, state_of, day_of, state_of[value_at], day_of[day_at], leads
        )  # fmt: skip

    def total(self, mask: npt.NDArray[np.bool_]) -> int:
        """Leads of some pairs."""
        return int(self.leads[mask].sum())


def _places(column: pa.ChunkedArray) -> tuple[pa.Array, npt.NDArray[np.intp]]:
    """The distinct values of a column with NULL at the end, and the place of each cell's value among them."""
    encoded = column.combine_chunks().dictionary_encode()
    values = pa.concat_arrays([encoded.dictionary, pa.nulls(1, encoded.dictionary.type)])
    return values, encoded.indices.fill_null(len(values) - 1).to_numpy(zero_copy_only=False).astype(np.intp)


def _typed(source: Source, name: str | None, values: pa.Array) -> pa.RecordBatch:
    return source.typed(pa.record_batch([values], names=[name]))


def counted_state(table: EngineTable, settings: OutcomeSettings, joint: Joint, limit: int | None) -> nw.Expr:
    """0 for a lead that does not count, 1 lost, 2 won.

    limit: the last day on which one that counts came in.
    """
    state = _among(table, settings.column, joint.values, joint.state_of == WON, marginals.WON)
    state += _among(table, settings.column, joint.values, joint.state_of == LOST, marginals.LOST)
    if limit is None or not (late := joint.day_of > limit).any() or joint.days is None:
        return state
    return state * (1 - _since(table, settings.date, joint.days, late, 1))


def _counted(table: EngineTable, settings: OutcomeSettings, joint: Joint) -> Counted:
    arrivals = np.zeros(LAST_DAY - FIRST_DAY + 1 if settings.date else 0, dtype=np.int64)
    cut = None
    keep = joint.state < OPEN
    out = 0
    as_of = NO_DAY
    if settings.date:
        inside = (joint.day >= FIRST_DAY) & (joint.day <= LAST_DAY)
        np.add.at(arrivals, joint.day[inside] - FIRST_DAY, joint.leads[inside])
        as_of = last_day(arrivals, int(joint.day.max()), settings)
        cut = as_of - (settings.mature_days or 0)
        out = joint.total(keep & (joint.day > cut))
        keep &= joint.day <= cut
    left = (joint.total(joint.state == OPEN), joint.total(joint.state == UNKNOWN), 0, out)
    newest_from = None if settings.account else _newest_from(joint, keep)
    days = joint.day[keep & (joint.day > NO_DAY)]
    newest = joint.day_of >= newest_from if newest_from is not None else None
    return Counted(
        outcome=joint.outcome,
        rows=int(joint.leads.sum()),
        leads=joint.total(keep),
        won=joint.total(keep & (joint.state == WON)),
        excluded=why_not_counted(left, settings, as_of),
        arrivals=arrivals,
        state=counted_state(table, settings, joint, cut),
        newest=nw.lit(0) if newest is None else _since(table, settings.date, joint.days, newest, 1),
        newest_from=newest_from,
        found=joint.held,
        days=(_iso(days.min()), _iso(days.max())) if len(days) else (None, None),
    )


def _iso(day: int) -> str:
    return str(np.datetime64(int(day), "D"))


def _newest_from(joint: Joint, keep: npt.NDArray[np.bool_]) -> int | None:
    """First day of the newest quarter, if an out-of-time test is possible."""
    if joint.days is None or not keep.any():
        return None
    first = int(joint.day[keep].max()) - QUARTER + 1
    newest, won = keep & (joint.day >= first), joint.state == WON
    enough = enough_newest(joint.total(newest), joint.total(newest & won), joint.total(keep & ~newest & won))
    return first if enough else None


def _among(table: EngineTable, column: str | None, values: pa.Array, wanted: npt.NDArray[Any], number: int) -> nw.Expr:
    """The number where the column has one of the wanted values, else 0."""
    listed = values.filter(pa.array(wanted)).drop_null().to_pylist()
    return nw.when(table.col(str(column)).is_in(listed)).then(nw.lit(number)).otherwise(nw.lit(0))


def _since(table: EngineTable, column: str | None, values: pa.Array, wanted: npt.NDArray[Any], number: int) -> nw.Expr:
    """The number where the day is wanted, as all days from a first one on are, else 0."""
    listed = values.filter(pa.array(wanted)).drop_null()
    if not isinstance(table.frame.collect_schema()[str(column)], nw.Date):
        return nw.when(table.col(str(column)).is_in(listed.to_pylist())).then(nw.lit(number)).otherwise(nw.lit(0))
    first: dt.date = min(listed.to_pylist())
    return nw.when(table.col(str(column)) >= first).then(nw.lit(number)).otherwise(nw.lit(0))
