"""The counted leads of a source as codes, with what was found out about its columns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from calibrate.errors import DataError
from calibrate.leads.attributes import LeftOutReasons, gate_cells, plan_attributes
from calibrate.leads.codes import CodeStore, encode
from calibrate.leads.columns import ColumnProfile, profile_columns
from calibrate.leads.counts import CellCounts
from calibrate.leads.levels import Cells
from calibrate.leads.outcome import Outcome, compile_outcome, counted_leads
from calibrate.leads.sampling import refuse_sampled
from calibrate.reading.source import Source
from calibrate.settings import Settings


@dataclass(frozen=True, slots=True)
class ExactCounts:
    """Counts of all leads, where the code store holds some of them.

    newest_from: as in a trial.  counts: one an attribute of the store.  days: ISO dates of the first and last lead.
    """

    newest_from: int | None
    counts: tuple[CellCounts, ...]
    days: tuple[str | None, str | None]


@dataclass(frozen=True, slots=True)
class History:
    """What a run learns from.

    sample: typed.  together: whether a row of it is a lead; where an engine counted, each column stands for itself.
    attributes: the first so many of the store may get points, the others are only for gates.  left_out: columns that
    may not, and why.  leads, won: all counted ones.  an_account: mean leads of an account, None where the sample tells.
    exact: None where the store holds every counted lead.
    """

    sample: pa.Table
    outcome: Outcome
    profiles: tuple[ColumnProfile, ...]
    store: CodeStore
    attributes: int
    gates: tuple[Cells, ...]
    left_out: LeftOutReasons
    leads: int
    won: int
    together: bool = True
    an_account: float | None = None
    exact: ExactCounts | None = None


def read_history(source: Source, settings: Settings, progress: Callable[[str], None]) -> History:
    """The history in a source, read to its end.

    Raises:
        DataError: the leads cannot be learned from.
        SettingsError: a setting does not fit the leads.
    """
    progress("reading a sample")
    sample = source.sample()
    if not sample.num_rows:
        raise DataError(f"{source.name}: there is a header but no lead; expected one row a lead")
    outcome = compile_outcome(settings.outcome, source, sample)
    profiles = profile_columns(sample, settings)
    refuse_sampled(profiles, sample, outcome, settings)
    counted = counted_leads(sample, outcome, settings.outcome, source.options.dates)
    cells, left_out = plan_attributes(profiles, sample, counted, settings, source.name)
    only_gates = gate_cells(profiles, settings, cells)
    progress(f"reading {len(cells)} attributes of every lead")
    store = encode(source, [*cells, *only_gates], outcome, settings.outcome)
    won = int(store.won.sum(dtype=np.int64))
    return History(sample, outcome, profiles, store, len(cells), only_gates, left_out, store.leads, won)
