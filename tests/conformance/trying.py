"""A document exported into a folder with leads, and what an engine makes of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from cases import Trial, as_line
from engines import Engine

from calibrate.exports import ExportError, export_rules, write_exports
from calibrate.exports.check import prepared

MOST = 20_000
SLOW = 2_000


def exported(trial: Trial, engine: Engine, folder: Path) -> bool:
    """Whether the target says what the document says; then its files and the leads stand in the folder."""
    try:
        made = export_rules(trial.rules, engine.to)
    except ExportError as error:
        faults = str(error).splitlines()
        if not all(line.startswith(f"{engine.target}: ") and ", expected " in line for line in faults):
            raise
        return False
    write_exports(trial.rules, made, folder)
    lines = [as_line(prepared(lead, made[0].export.inputs)) for lead in trial.leads]
    (folder / "leads.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return True


def scored(folder: Path) -> list[tuple[int, str | None]]:
    """What the engine wrote for the leads of a folder."""
    lines = (folder / "scores.jsonl").read_text(encoding="utf-8").split("\n")
    return [tuple(json.loads(line)) for line in lines if line]


def sized(every: Sequence[Trial], engine: Engine) -> Iterator[Trial]:
    """The trials, with as many of their leads as the engine has time for."""
    share = min(1.0, engine.leads / MOST)
    for trial in every:
        yield trial.first(max(12, round(len(trial.leads) * share)))


def differing(trial: Trial, folder: Path) -> list[tuple[str, object, object, object]]:
    """The leads that the engine scored otherwise than the rules: trial, lead, expected and found."""
    found = scored(folder)
    return [
        (trial.name, trial.leads[place], one, other)
        for place, (one, other) in enumerate(zip(trial.expected, found, strict=True))
        if one != other
    ]
