"""The two calls of the Python API: inspect a table, calibrate it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from calibrate.calibration import Calibration, run
from calibrate.columns import ColumnProfile, profile_columns
from calibrate.outcome import parse_outcome
from calibrate.settings import PointColumn, Settings, merged
from calibrate.source import ReadingOptions, open_source


def calibrate(
    data: Any,
    outcome: str | None = None,
    *,
    lost: str | Sequence[str] | None = None,
    date: str | None = None,
    mature: int | None = None,
    fields: Sequence[str] | None = None,
    skip: Sequence[str] | None = None,
    allow: Sequence[str] | None = None,
    points: PointColumn | None = None,
    deals: str | Path | None = None,
    key: str | None = None,
    won_date: str | None = None,
    account: str | None = None,
    capacity: str | None = None,
    settings: Settings | None = None,
    force: bool = False,
) -> Calibration:
    """Points learned from past leads, with their evidence.

    data: a file name, or a pandas, polars or Arrow table.  outcome: `"Status=Won"`.  Every option stands over
    the same one in `settings`; the options are those of `calibrate run`.

    Raises:
        DataError: the leads cannot be learned from.
        SettingsError: an option is not what it must be.
    """
    column, won = parse_outcome(outcome) if outcome else (None, None)
    changes: Mapping[str, Mapping[str, Any]] = {
        "outcome": {
            "column": column,
            "won": won,
            "lost": _listed(lost),
            "date": date,
            "mature_days": mature,
            "deals": None if deals is None else str(deals),
            "key": key,
            "won_date": won_date,
            "account": account,
        },
        "columns": {"use": _listed(fields), "skip": _listed(skip), "allow": _listed(allow)},
        "points": {"column": points},
        "report": {"capacity": capacity},
    }
    return run(data, merged(settings or Settings(), changes), force=force)


def inspect(data: Any) -> tuple[ColumnProfile, ...]:
    """What is in each column of a file or table, and whether it can be an attribute."""
    with open_source(data, ReadingOptions()) as source:
        return profile_columns(source.sample(), Settings())


def _listed(names: str | Sequence[str] | None) -> list[str] | None:
    if names is None:
        return None
    return [names] if isinstance(names, str) else list(names)
