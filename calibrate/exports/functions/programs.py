"""A written program run on leads, as its user would: in a process of its own."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from calibrate.errors import DataError
from calibrate.exports.target import Export, Run

_MOST_SECONDS = 600


def run_program(engine: str, command: Sequence[str], export: Export, leads: Sequence[Mapping[str, Any]]) -> Run | None:
    """Scores and bands that a program prints as a JSON list for the JSON list of leads it is given; None on failure.

    command: run in a folder with the files of the export.
    """
    with tempfile.TemporaryDirectory() as folder:
        for name, content in export.files.items():
            Path(folder, name).write_bytes(content)
        done = subprocess.run(  # noqa: S603
            command, input=json.dumps(leads), capture_output=True, text=True, encoding="utf-8", cwd=folder,
            check=False, timeout=_MOST_SECONDS,
        )  # fmt: skip
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["without a word"])[-1]
        raise DataError(f"{engine}: could not run the written file ({last}), expected scores; check the engine")
    return Run(engine, [tuple(pair) for pair in json.loads(done.stdout)])
