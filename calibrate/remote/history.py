"""The history in a table that another engine holds: what is asked of it, in what order."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

import narwhals as nw
import numpy as np
import pyarrow as pa

from calibrate.errors import DataError, shown
from calibrate.leads.attributes import gate_cells, plan_attributes
from calibrate.leads.codes import CodeStore
from calibrate.leads.columns import ColumnProfile, profile_columns
from calibrate.leads.history import ExactCounts, History
from calibrate.leads.levels import Cells
from calibrate.leads.sampling import refuse_sampled, weight_columns
from calibrate.reading.source import ReadingOptions, Source, open_source
from calibrate.remote.counting import exact_counts
from calibrate.remote.keys import MOST_ALIKE, MOST_LEFT_OUT, Chosen, Key, chosen, settle_key
from calibrate.remote.marginals import (
    SAMPLE,
    Look,
    Marginal,
    check_leads,
    looks,
    marginals,
    names_the_lead,
    sampled,
    tidy,
)
from calibrate.remote.outcomes import Counted, counted_by_outcome
from calibrate.remote.plain import plain_table
from calibrate.remote.pulling import Leads, coded_column, pulled_store
from calibrate.remote.table import EngineTable
from calibrate.settings import Settings
from calibrate.words.language import Message, message

SAMPLE_LEADS = 1_000_000


def remote_history(
    table: EngineTable, options: ReadingOptions, settings: Settings, progress: Callable[[str], None]
) -> tuple[Source, History]:
    """The history in a table, counted by its engine, and a source that says how its values are read.

    Raises:
        DataError: the leads cannot be learned from, or the engine cannot answer.
        SettingsError: a setting does not fit the leads.
    """
    table, notes = plain_table(table)
    with without_rows():
        progress(f"counting leads in {table.engine}")
        counted = counted_by_outcome(table, settings.outcome, options)
        most = settings.source.sample_leads or SAMPLE_LEADS
        key = settle_key(table, counted.rows, settings.outcome.account, settings.source.key, counted.state)
        if key is None and counted.rows > most:
            raise DataError(
                f"{table.name}: no column names each of the {counted.rows:,} leads, expected a key to deal them by; "
                f"name one with --lead-key, or fetch them all with source.sample_leads = {counted.rows}"
            )
        columns = _looked_at(table, counted, key, most, settings, progress)
        plan = _planned(table, columns, counted, options, settings)
        progress(f"fetching {plan.attributes} attributes of {min(counted.leads, most):,} leads")
        some = chosen(table, key, counted.rows, most, counted.state) if key and counted.rows > most else None
        leads = Leads(table, plan.source, counted, key, some.leads if some else None, settings.outcome)
        store = pulled_store(leads, plan.cells, columns.found)
        exact = None
        if some is not None:
            progress(f"counting {plan.attributes} attributes of {counted.leads:,} leads")
            counts = exact_counts(leads, store.cells, columns.found, columns.apart)
            exact = ExactCounts(counted.newest_from, counts, counted.days)
    said = _said(leads, some, store.leads)
    source = replace(plan.source, reading=(*notes, *plan.source.reading, *said))
    an_account = _an_account(table, settings.outcome.account)
    return source, plan.history(store, counted, an_account, exact)


@contextmanager
def without_rows() -> Iterator[None]:
    """Messages without a row number: the rows here are of no file."""
    try:
        yield
    except DataError as error:
        raise DataError(re.sub(r", row [\d,]+", "", str(error))) from error


@dataclass(frozen=True, slots=True)
class _Columns:
    """What was found out about the columns.

    found: their marginals.  seen: the looks before them.  left_out: columns without, and why.  apart: what leads are
    told apart by in the marginals.
    """

    found: dict[str, Marginal]
    seen: dict[str, Look]
    left_out: dict[str, str]
    apart: dict[str, nw.Expr]


def _looked_at(
    table: EngineTable,
    counted: Counted,
    key: Key | None,
    most: int,
    settings: Settings,
    progress: Callable[[str], None],
) -> _Columns:
    some = chosen(table, key, counted.rows, SAMPLE).leads if key and counted.rows > SAMPLE else None
    progress("looking at every column")
    seen = looks(table, some)
    apart = {"state": counted.state}
    if key is not None and counted.rows > most:
        apart |= {"newest": counted.newest, "end": key.mark()}
    known = {*counted.found, *([key.column] if key else [])}
    columns = _wanted(table.frame.collect_schema().names(), known, settings)
    progress(f"counting {len(columns)} columns of {counted.rows:,} leads")
    found, left_out = marginals(table, columns, apart, seen, some)
    for name, marginal in found.items():
        check_leads(table, name, marginal, counted.rows)
    return _Columns({**counted.found, **found}, seen, {**left_out, **table.left_out}, apart)


def _wanted(names: Iterable[str], known: Collection[str], settings: Settings) -> list[str]:
    """Columns whose values are asked for: those that may be attributes, and those of gates."""
    skip, use = settings.columns.skip, settings.columns.use
    gates = [gate.attr for gate in settings.gates]
    return [name for name in names if name in gates or not (name in known or name in skip or (use and name not in use))]


@dataclass(frozen=True, slots=True)
class _Plan:
    """Which columns become attributes; `attributes` of the cells, the others are of gates."""

    source: Source
    profiles: tuple[ColumnProfile, ...]
    cells: list[Cells]
    attributes: int
    gates: tuple[Cells, ...]
    left_out: dict[str, str]

    def history(
        self, store: CodeStore, counted: Counted, an_account: float | None, exact: ExactCounts | None
    ) -> History:
        """The history that came of the plan."""
        return History(
            sample=self.source.sample(),
            outcome=counted.outcome,
            profiles=self.profiles,
            store=store,
            attributes=self.attributes,
            gates=self.gates,
            left_out=self.left_out,
            leads=counted.leads,
            won=counted.won,
            together=False,
            an_account=an_account,
            exact=exact,
        )


def _planned(
    table: EngineTable, columns: _Columns, counted: Counted, options: ReadingOptions, settings: Settings
) -> _Plan:
    names = table.frame.collect_schema().names()
    sample = sampled(columns.found, names, counted.rows, counted=False)
    source = replace(open_source(sample, _options(options, sample)), name=table.name, rows=counted.rows)
    profiles = _profiles(source, names, columns, settings)
    _refuse_sampled(table, source, profiles, counted, settings)
    of_counted = _typed(source, sampled(columns.found, names, counted.leads, counted=True))
    planned, left_out = plan_attributes(profiles, source.sample(), of_counted, settings, table.name)
    gates = gate_cells(profiles, settings, planned)
    cells = _settled(source, [*planned, *gates], columns.found)
    return _Plan(source, profiles, cells, len(planned), gates, left_out)


def _options(options: ReadingOptions, sample: pa.Table) -> ReadingOptions:
    """The options without texts to keep in columns that were not fetched."""
    return replace(options, text_columns=tuple(name for name in options.text_columns if name in sample.column_names))


def _typed(source: Source, sample: pa.Table) -> pa.Table:
    batches = sample.combine_chunks().to_batches()
    return pa.Table.from_batches([source.typed(batch) for batch in batches]) if batches else source.sample().slice(0, 0)


def _profiles(source: Source, names: list[str], columns: _Columns, settings: Settings) -> tuple[ColumnProfile, ...]:
    """Profiles in the order of the table, those of columns that were not fetched among them."""
    known = {profile.name: profile for profile in profile_columns(source.sample(), settings)}
    reason = message("remote.names")
    return tuple(
        known[name]
        if name in known
        else names_the_lead(name, columns.seen.get(name), columns.left_out.get(name, reason))
        for name in dict.fromkeys([*names, *columns.left_out])
    )


def _refuse_sampled(
    table: EngineTable, source: Source, profiles: tuple[ColumnProfile, ...], counted: Counted, settings: Settings
) -> None:
    """Nothing, unless a column of weights says that the leads are a sample; asked for together with the outcome."""
    outcome = counted.outcome.column or ""
    for profile in weight_columns(profiles, settings):
        pairs = table.frame.select(weight=table.col(profile.name), outcome=table.col(outcome))
        query = pairs.group_by("weight", "outcome")
        found = tidy(table.fetched(query.agg(leads=nw.len()).head(SAMPLE))).select(["weight", "outcome"])
        refuse_sampled(
            (profile,), _typed(source, found.rename_columns([profile.name, outcome])), counted.outcome, settings
        )


def _settled(source: Source, cells: list[Cells], found: Mapping[str, Marginal]) -> list[Cells]:
    """The cells with all texts that the columns hold."""
    settled: list[Cells] = []
    for column in dict.fromkeys(item.column for item in cells):
        items = [item for item in cells if item.column == column]
        at = np.zeros(0, dtype=np.intp)
        settled += [item for item, _ in coded_column(source, items, found[column].values(), at)]
    return settled


def _an_account(table: EngineTable, account: str | None) -> float | None:
    """Mean leads of an account that has a name."""
    if account is None:
        return None
    by_account = table.frame.select(value=table.col(account)).drop_nulls().group_by("value").agg(leads=nw.len())
    found = tidy(table.fetched(by_account.select(accounts=nw.len(), leads=nw.col("leads").sum()))).to_pylist()[0]
    return found["leads"] / found["accounts"] if found["accounts"] else 1.0


def _said(leads: Leads, some: Chosen | None, taken: int) -> list[Message]:
    """What the reader of a report must know of where the leads were counted."""
    key = leads.key
    said = [message("remote.counted", engine=leads.table.engine)]
    if key is None:
        return said
    column = shown(key.column)
    if key.guessed:
        said.append(message("remote.key", column=column))
    if key.missing > MOST_LEFT_OUT:
        said.append(message("remote.missing", share=key.missing, column=column))
    if some is not None:
        said.append(message("remote.some", leads=leads.counted.leads, taken=taken, column=column))
        if some.too_large > MOST_LEFT_OUT:
            said.append(message("remote.too_large", share=some.too_large, column=column))
        if some.alike > MOST_ALIKE:
            said.append(message("remote.alike", column=column))
    return said
