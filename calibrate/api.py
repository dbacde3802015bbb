"""The two calls of the Python API: inspect a table, calibrate it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from calibrate.calibration import Calibration, run
from calibrate.errors import SettingsError, shown
from calibrate.leads.columns import ColumnProfile, profile_columns
from calibrate.listing import parse_outcome
from calibrate.reading.source import ReadingOptions, open_source
from calibrate.settings import PointChoice, Settings, merged


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
    points: PointChoice | None = None,
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
    _check_kinds(outcome, deals, settings)
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


def _check_kinds(outcome: object, deals: object, settings: object) -> None:
    """Nothing, when the options that `Settings` does not hold as they come are of their kind.

    Raises:
        SettingsError: one is not.
    """
    kinds = (
        ("outcome", outcome, str, 'a text, like "Status=Won,Signed"'),
        ("deals", deals, str | Path, "the name of a file"),
        ("settings", settings, Settings, "Settings, as load_settings gives them"),
    )
    for name, value, kind, expected in kinds:
        if value is not None and not isinstance(value, kind):
            found = f"{type(value).__name__} {shown(value)}"
            raise SettingsError(f"{name}: found {found}, expected {expected}; pass it so")


def _listed(names: str | Sequence[str] | None) -> Any:
    """A list of names; what is none is left to the settings to refuse."""
    if isinstance(names, str):
        return [names]
    return list(names) if isinstance(names, Iterable) and not isinstance(names, Mapping | bytes) else names
