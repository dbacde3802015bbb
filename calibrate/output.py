"""The files of a run: all of them, or none."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calibrate.carried import carried_points
from calibrate.document.lint import faults
from calibrate.document.rules_file import rules_text
from calibrate.document.scored import CONTROLS
from calibrate.errors import DataError, RulesError, SettingsError
from calibrate.proof.audit import Overlap
from calibrate.proof.stability import LevelStability
from calibrate.proof.surprises import Surprises, suggestion
from calibrate.settings import PointColumn, dump_settings
from calibrate.statistics.bands import band_trend, ties
from calibrate.statistics.woe import information_value
from calibrate.whole import write_whole
from calibrate.words.language import language

if TYPE_CHECKING:
    from calibrate.calibration import Calibration
    from calibrate.proof.validation import Validation

LEVEL_COLUMNS = (
    "attribute", "level", "leads", "conversions", "rate", "rate_low", "rate_high", "lift", "lift_low", "lift_high",
    "index", "p_value", "q_value", "evidence", "points_lift", "points_cautious", "points_adjusted", "points", "note",
    "adjusted_lift", "adjusted_low", "adjusted_high", "points_log_odds", "support_low", "support_high", "woe",
    "points_low_80", "points_high_80", "same_sign", "rank_low", "rank_high", "stable",
)  # fmt: skip
BAND_COLUMNS = (
    "score_from", "score_to", "leads", "conversions", "rate", "rate_low", "rate_high", "share_of_conversions",
)  # fmt: skip
FILES = ("rules.json", "report.html", "levels.csv", "bands.csv", "diagnostics.json", "calibrate.toml")
MEETING_FILES = ("meeting.xlsx", "counts.json")
_FORMER = "meeting.html"  # report.html holds it now


def write_run(
    calibration: Calibration,
    page: str,
    folder: str | Path,
    *,
    overwrite: bool = False,
    beside: Mapping[str, str | bytes] | None = None,
) -> tuple[str, ...]:
    """Names of the files written into the folder, which appears whole or not at all.

    beside: further files, name and content. Files for a meeting that a run before wrote and this one does not are taken
    away: they are of other points.

    Raises:
        SettingsError: the folder holds something and `overwrite` is not set.
        DataError: the disk is full or the folder cannot be written to.
        RulesError: the rules have faults, so that no one could load them.
    """
    folder = Path(folder)
    check_folder(folder, overwrite=overwrite)
    if found := faults(calibration.rules):
        raise RulesError("rules.json", found)
    contents: dict[str, str | bytes] = {
        "rules.json": rules_text(calibration.rules),
        "report.html": page,
        "levels.csv": _csv(level_columns(calibration), level_rows(calibration)),
        "bands.csv": _csv(BAND_COLUMNS, band_rows(calibration.validation)),
        "diagnostics.json": json.dumps(diagnostics(calibration), indent=2, ensure_ascii=False, allow_nan=False) + "\n",
        "calibrate.toml": dump_settings(calibration.settings),
        **(beside or {}),
    }
    try:
        write_whole(folder, {name: _bytes(content) for name, content in contents.items()})
        for name in {*MEETING_FILES, _FORMER} - set(contents):
            (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise DataError(
            f"{folder}: cannot be written ({error.strerror or error}); nothing was changed, choose another --out"
        ) from None
    return tuple(contents)


def _bytes(content: str | bytes) -> bytes:
    return content.encode("utf-8") if isinstance(content, str) else content


def check_folder(folder: Path, *, overwrite: bool) -> None:
    """Nothing, when a run may write there.

    Raises:
        SettingsError: it is no folder and cannot become one, may not be written to, or holds something and
            `overwrite` is not set.
    """
    try:
        fault = _folder_fault(folder, Path(os.path.realpath(folder)), overwrite)
    except (OSError, ValueError) as error:
        fault = f"{folder} cannot be looked into ({getattr(error, 'strerror', None) or error}); choose another --out"
    if fault:
        raise SettingsError(fault)


def _folder_fault(folder: Path, place: Path, overwrite: bool) -> str | None:
    with suppress(FileNotFoundError, NotADirectoryError):
        place.lstat()  # a name that is too long, a folder that no one may look into
    standing = next(path for path in (place, *place.parents) if os.path.lexists(path))
    if loose := [path for path in (folder, *folder.parents) if path.is_symlink() and not path.exists()]:
        return f"{loose[-1]} is a link to nothing; expected a folder to write into, choose another with --out"
    if not standing.is_dir():
        where = folder if standing == place else f"{standing}, above {folder},"
        return f"{where} is a file; expected a folder to write into, choose another with --out"
    if not os.access(standing, os.W_OK | os.X_OK):
        return f"{folder} cannot be written ({standing} is read-only); expected a folder of yours, choose another --out"
    if standing != place:
        return None
    if not overwrite and any(folder.iterdir()):
        return f"{folder} is there and not empty; write over it with --overwrite, or choose another --out"
    if folders := [name for name in (*FILES, *MEETING_FILES) if (folder / name).is_dir()]:
        return f"{folder} holds a folder {folders[0]}, where a file must go; move it, or choose another --out"
    return None


def level_columns(calibration: Calibration) -> tuple[str, ...]:
    """The columns of levels.csv. points_kept stands there only where rules adopted before were named.

    These are the points that the rules carry; `points` are those that this history gives.
    """
    return (*LEVEL_COLUMNS, "points_kept") if calibration.settings.points.previous else LEVEL_COLUMNS


def level_rows(calibration: Calibration) -> Iterator[tuple[Any, ...]]:
    """Rows of levels.csv, in the order of `level_columns`; labels and notes in the language of the report."""
    if not calibration.settings.points.previous:
        yield from _level_rows(calibration)
        return
    kept = chain.from_iterable(carried_points(calibration.rules, calibration.attributes))
    for row, points in zip(_level_rows(calibration), kept, strict=True):
        yield (*row, points)


def _level_rows(calibration: Calibration) -> Iterator[tuple[Any, ...]]:
    say = language(calibration.settings.report.language)
    for item, found in zip(calibration.attributes, _stabilities(calibration), strict=True):
        for row, still in zip(item.levels, found, strict=True):
            yield (
                item.name, say.text(row.level.label), row.leads, row.conversions, row.rate, row.rate_low, row.rate_high,
                row.lift, row.lift_low, row.lift_high, row.index, row.p_value, row.q_value, row.evidence,
                row.points_lift, row.points_cautious, row.points_adjusted, row.points, say.text(row.note),
                row.adjusted_lift, row.adjusted_low, row.adjusted_high, row.points_log_odds,
                row.support_low, row.support_high, row.woe, *_stability(still),
            )  # fmt: skip


def _stabilities(calibration: Calibration) -> Sequence[Sequence[LevelStability | None]]:
    """How stable each level is in the column that the rules carry; None where that is not known."""
    found = calibration.stability.columns.get(calibration.column) if calibration.stability else None
    return found or [[None] * len(item.levels) for item in calibration.attributes]


def _stability(still: LevelStability | None) -> tuple[Any, ...]:
    if still is None:
        return (None,) * 6
    word = "stable" if still.stable else "not stable"
    return (still.low, still.high, still.same_sign, still.rank_low, still.rank_high, word)


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
        "trend": _trend(calibration.validation),
        "ties": _ties(calibration.validation, calibration.column),
        "thresholds": [
            {"band": band.name, "from": band.from_, "share_of_leads": band.leads_share, "rate": band.rate}
            for band in calibration.rules.bands
        ],
        "score_to_probability": _probability(calibration),
        "column": calibration.column,
        "stability": _drawn(calibration),
        "shaping": [_fields(step) for step in calibration.shaping],
        "overlap": _overlap(calibration.overlap),
        "surprises": _surprises(calibration.surprises),
        "readiness": _fields(calibration.readiness) | {"text": calibration.readiness.sentence},
        "information_value": {
            item.name: information_value([row.conversions for row in item.levels], [row.leads for row in item.levels])
            for item in calibration.attributes
        },
        "reading": list(calibration.reading),
    }


def _validation(validation: Validation | None) -> dict[str, Any] | None:
    if validation is None:
        return None
    capacity = validation.capacity
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
        "best": validation.best,
        "best_minus": {item.other: _fields(item.difference) for item in validation.comparisons},
        "promised_chance": {
            item.column: None if item.check is None else _fields(item.check) for item in validation.rankings
        },
        "reached": {
            item.column: None if item.reached is None else _fields(item.reached) for item in validation.rankings
        },
        "capacity": None if capacity is None else _fields(capacity),
    }


def _drawn(calibration: Calibration) -> dict[str, Any] | None:
    found = calibration.stability
    if found is None:
        return None
    held = [still for row in _stabilities(calibration) for still in row if still is not None]
    counted = {"levels": len(held), "stable": sum(still.stable for still in held)}
    return {"draws": found.draws, "tolerance": found.tolerance, **counted, "missing": found.missing}


def _overlap(overlap: Overlap) -> dict[str, Any]:
    return {
        "factor": overlap.factor,
        "ten_points_are_worth": overlap.worth,
        "pairs": [_fields(pair) for pair in overlap.pairs],
        "sign_flips": [_fields(flip) for flip in overlap.flips],
        "lift_points": overlap.points,
        "left_beside_the_others": overlap.left,
        "spans": [_fields(span) for span in overlap.spans],
    }


def _surprises(found: Surprises | None) -> dict[str, Any] | None:
    if found is None:
        return None
    rows = {
        name: [{"row": row, "score": score} for row, score in pairs]
        for name, pairs in (("rows_high", found.rows_high), ("rows_low", found.rows_low))
    }
    told = [_fields(level) | {"text": suggestion(level)} for level in found.levels]
    kept = ("high", "high_lost", "low", "low_won", "score_from", "score_to")
    return {name: getattr(found, name) for name in kept} | {"levels": told} | rows


def _bands(validation: Validation | None) -> list[dict[str, Any]]:
    """The bands with what bands.csv has no room for; cumulative shares run from the best band down."""
    bands, reached, called = [], 0.0, 0.0
    for band in validation.bands if validation else ():
        reached += band.share_of_conversions or 0.0
        called += band.share_of_leads
        row = {"score_from": band.score_from, "score_to": band.score_to, "lift": band.lift}
        bands.append(row | {"leads_reached": called, "conversions_reached": reached})
    return bands


def _trend(validation: Validation | None) -> dict[str, Any] | None:
    """Whether conversion falls from band to band (Cochran-Armitage)."""
    found = band_trend(validation.bands) if validation else None
    return None if found is None else _fields(found)


def _ties(validation: Validation | None, column: PointColumn) -> dict[str, Any] | None:
    found = ties(validation.ranking(column).scores) if validation else None
    return None if found is None else _fields(found)


def _probability(calibration: Calibration) -> dict[str, Any] | None:
    found = calibration.rules.probability
    return None if found is None else found.model_dump(mode="json", by_alias=True)


def _fields(record: Any) -> dict[str, Any]:
    return {name: getattr(record, name) for name in record.__slots__}


def _csv(columns: tuple[str, ...], rows: Iterator[tuple[Any, ...]]) -> str:
    """Comma-separated, floats with all their digits; texts are safe in spreadsheet and terminal.

    One that a spreadsheet would run is led by an apostrophe; controls become U+FFFD.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(value) for value in row])
    return text.getvalue()


def _cell(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    text = re.sub(CONTROLS, "\ufffd", value)
    return "'" + text if text.startswith(("=", "+", "-", "@")) else text
