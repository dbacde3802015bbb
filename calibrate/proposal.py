"""The line to copy: what a run of a file, or of leads and deals, probably needs to be told."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from calibrate.leads.columns import ColumnProfile
from calibrate.leads.outcome import plain_texts, propose_outcome
from calibrate.listing import parse_outcome, quoted

_ARRIVAL = re.compile(
    r"creat|aangemaakt|aanmaak|oprettet|erstellt|angelegt|créé|cr[ée]ation|received|ontvangen|first", re.I
)


def proposed_line(file: str, profiles: Sequence[ColumnProfile], sample: pa.Table) -> str | None:
    """The `calibrate run` of one file; None where its outcome is not clear."""
    proposal = propose_outcome(profiles, sample) if sample.num_rows else None
    if proposal is None:
        return None
    outcome, lost = proposal
    options = [("--outcome", outcome), ("--lost", lost), ("--date", arrival_date(profiles, sample, outcome))]
    return _line(file, options)


def proposed_line_for_deals(
    file: str,
    leads: tuple[Sequence[ColumnProfile], pa.Table],
    deals_file: str,
    deals: tuple[Sequence[ColumnProfile], pa.Table],
) -> str | None:
    """The `calibrate run` of leads and deals in two files; None where no column can join them."""
    shared = [profile.name for profile in leads[0] if profile.name in deals[1].column_names]
    keys = [
        profile.name
        for profile in leads[0]
        if profile.name in shared and profile.distinct >= 0.95 * leads[1].num_rows * profile.filled > 0
    ]
    if len(keys) != 1:
        return None
    proposal = propose_outcome(*deals) if deals[1].num_rows else None
    dates = [profile.name for profile in deals[0] if profile.kind == "date"]
    options = [
        ("--deals", deals_file),
        ("--key", keys[0]),
        ("--outcome", proposal[0] if proposal else None),
        ("--won-date", dates[0] if len(dates) == 1 else None),
        ("--date", arrival_date(*leads, None)),
    ]
    return _line(file, options)


def arrival_date(profiles: Sequence[ColumnProfile], sample: pa.Table, outcome: str | None) -> str | None:
    """The date column that says when a lead came in: filled for nearly all, won or not; None where several may be."""
    dates = [profile for profile in profiles if profile.kind == "date" and profile.filled >= 0.9]
    if outcome is not None:
        column, values = parse_outcome(outcome)
        won = pc.is_in(plain_texts(sample[column]), value_set=pa.array(values, pa.string()))
        dates = [profile for profile in dates if not _follows(sample[profile.name], won)]
    named = [profile for profile in dates if _ARRIVAL.search(profile.name)]
    chosen = dates if len(dates) == 1 else named
    return chosen[0].name if len(chosen) == 1 else None


def _follows(dates: pa.ChunkedArray, won: pa.Array) -> bool:
    """Whether a date is filled in much more often for won leads."""
    filled = pc.cast(pc.is_valid(dates), pa.float64()).combine_chunks()
    for_won, for_others = (pc.mean(filled.filter(which)).as_py() for which in (won, pc.invert(won)))
    return for_won is not None and for_others is not None and for_won - for_others > 0.5


def _line(file: str, options: Sequence[tuple[str, str | None]]) -> str:
    words = [f"{name} {quoted(value)}" for name, value in options if value]
    return " ".join(["calibrate run", quoted(file), *words])
