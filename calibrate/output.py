"""The files of a run: all of them, or none."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calibrate.bands import ties
from calibrate.errors import DataError, SettingsError
from calibrate.rules import rules_text
from calibrate.settings import PointColumn, dump_settings

if TYPE_CHECKING:
    from calibrate.calibration import Calibration
    from calibrate.validation import Validation

LEVEL_COLUMNS = (
    "attribute", "level", "leads", "conversions", "rate", "rate_low", "rate_high", "lift", "lift_low", "lift_high",
    "index", "p_value", "q_value", "evidence", "points_lift", "points_cautious", "points_adjusted", "points", "note",
)  # fmt: skip
BAND_COLUMNS = (
    "score_from", "score_to", "leads", "conversions", "rate", "rate_low", "rate_high", "share_of_conversions",
)  # fmt: skip
FILES = ("rules.json", "report.html", "levels.csv", "bands.csv", "diagnostics.json", "calibrate.toml")


def write_run(
    calibration: Calibration,
    page: str,
    folder: str | Path,
    *,
    overwrite: bool = False,
    beside: Mapping[str, str] | None = None,
) -> tuple[str, ...]:
    """Names of the files written into the folder, which appears whole or not at all.

    beside: further files, name and text.

    Raises:
        SettingsError: the folder holds something and `overwrite` is not set.
        DataError: the disk is full or the folder cannot be written to.
    """
    folder = Path(folder)
    check_folder(folder, overwrite=overwrite)
    contents = {
        "rules.json": rules_text(calibration.rules),
        "report.html": page,
        "levels.csv": _csv(LEVEL_COLUMNS, level_rows(calibration)),
        "bands.csv": _csv(BAND_COLUMNS, band_rows(calibration.validation)),
        "diagnostics.json": json.dumps(diagnostics(calibration), indent=2, ensure_ascii=False) + "\n",
        "calibrate.toml": dump_settings(calibration.settings),
        **(beside or {}),
    }
    place = folder.resolve()
    aside = place.with_name(f".{place.name}.{os.getpid()}.part")
    try:
        aside.mkdir(parents=True)
        for name, text in contents.items():
            (aside / name).write_bytes(text.encode("utf-8"))
        if place.exists():
            for name in contents:
                (aside / name).replace(place / name)
        else:
            aside.rename(place)
    except OSError as error:
        raise DataError(
            f"{folder}: cannot be written ({error.strerror or error}); nothing was changed, choose another --out"
        ) from None
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return tuple(contents)


def check_folder(folder: Path, *, overwrite: bool) -> None:
    """Nothing, when a run may write there.

    Raises:
        SettingsError: it is a file, or holds something and `overwrite` is not set.
    """
    if folder.is_file():
        raise SettingsError(f"{folder} is a file; expected a folder to write into, choose another with --out")
    if not overwrite and folder.is_dir() and any(folder.iterdir()):
        raise SettingsError(f"{folder} is there and not empty; write over it with --overwrite, or choose another --out")


def level_rows(calibration: Calibration) -> Iterator[tuple[Any, ...]]:
    """Rows of levels.csv, in the order of LEVEL_COLUMNS."""
    for item in calibration.attributes:
        for row in item.levels:
            yield (
                item.name, row.level.label, row.leads, row.conversions, row.rate, row.rate_low, row.rate_high,
                row.lift, row.lift_low, row.lift_high, row.index, row.p_value, row.q_value, row.evidence,
                row.points_lift, row.points_cautious, row.points_adjusted, row.points, row.note,
            )  # fmt: skip


def band_rows(validation: Validation | None) -> Iterator[tuple[Any, ...]]:
    """Rows of bands.csv, in the order of BAND_COLUMNS; none where nothing could be held out."""
    for band in validation.bands if validation else ():
        yield tuple(getattr(band, name) for name in BAND_COLUMNS)


def diagnostics(calibration: Calibration) -> dict[str, Any]:
    """diagnostics.json: what is known about the run beside its levels and bands."""
    overall = calibration.overall
    return {
        "source": calibration.source_name,
        "outcome": calibration.outcome,
        "from": calibration.first_day,
        "to": calibration.last_day,
        "overall": {
            "leads": overall.leads,
            "conversions": overall.conversions,
            "rate": overall.rate,
            "low": overall.low,
            "high": overall.high,
        },
        "rows": calibration.rows,
        "excluded": [{"leads": item.leads, "reason": item.reason} for item in calibration.excluded],
        "left_out": [{"column": item.column, "reason": item.reason} for item in calibration.left_out],
        "flags": [{"kind": item.kind, "column": item.column, "text": item.text} for item in calibration.remarks],
        "strength": None if calibration.strength == float("inf") else calibration.strength,
        "validation": _validation(calibration.validation),
        "bands": _bands(calibration.validation),
        "ties": _ties(calibration.validation, calibration.settings.points.column),
        "thresholds": [
            {"band": band.name, "from": band.from_, "share_of_leads": band.leads_share, "rate": band.rate}
            for band in calibration.rules.bands
        ],
        "score_to_probability": _probability(calibration),
        "reading": list(calibration.reading),
    }


def _validation(validation: Validation | None) -> dict[str, Any] | None:
    if validation is None:
        return None
    gap, capacity = validation.difference, validation.capacity
    return {
        "kind": validation.kind,
        "leads": validation.leads,
        "conversions": validation.conversions,
        "learned_from": validation.learned_from,
        "from": validation.first_day,
        "to": validation.last_day,
        "auc": {
            item.column: None if item.auc is None else {"auc": item.auc.auc, "low": item.auc.low, "high": item.auc.high}
            for item in validation.rankings
        },
        "cautious_minus_lift": None
        if gap is None
        else {"difference": gap.difference, "low": gap.low, "high": gap.high, "p_value": gap.p_value},
        "capacity": None if capacity is None else _fields(capacity),
        "overall_rate_plus_score": None if validation.check is None else _fields(validation.check),
    }


def _bands(validation: Validation | None) -> list[dict[str, Any]]:
    """The bands with what bands.csv has no room for; cumulative shares run from the best band down."""
    bands, reached, called = [], 0.0, 0.0
    for band in validation.bands if validation else ():
        reached += band.share_of_conversions or 0.0
        called += band.share_of_leads
        row = {"score_from": band.score_from, "score_to": band.score_to, "lift": band.lift}
        bands.append(row | {"leads_reached": called, "conversions_reached": reached})
    return bands


def _ties(validation: Validation | None, column: PointColumn) -> dict[str, Any] | None:
    found = ties(validation.ranking(column).scores) if validation else None
    return None if found is None else dict(_fields(found))


def _probability(calibration: Calibration) -> dict[str, Any] | None:
    found = calibration.rules.probability
    return None if found is None else found.model_dump(mode="json", by_alias=True)


def _fields(record: Any) -> Mapping[str, Any]:
    return {name: getattr(record, name) for name in record.__slots__}


def _csv(columns: tuple[str, ...], rows: Iterator[tuple[Any, ...]]) -> str:
    """Comma-separated, floats with all their digits; texts that a spreadsheet would run are led by an apostrophe."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(value) for value in row])
    return text.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return "'" + value
    return value
