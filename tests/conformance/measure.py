"""The table of docs/exports.md: python tests/conformance/measure.py, with CALIBRATE_ENGINES set as for the tests.

Leads a second are those of the sample rules, without the time that the engine takes to start.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from cases import trials
from engines import Engine, engines
from trying import differing, exported, sized

from calibrate.exports import export_rules


def main() -> None:
    """Print a row for every engine that is here."""
    every = trials(80)
    sample = next(trial for trial in every if trial.name == "sample")
    print("| target | engine | documents | refused | leads | differ | leads/s | file, kB |")
    print("|---|---|---:|---:|---:|---:|---:|---:|")
    for engine in engines():
        if engine.lacks() is None:
            with tempfile.TemporaryDirectory() as folder:
                row = [
                    *_proof(engine, every, Path(folder)),
                    _speed(engine, sample, Path(folder)),
                    _size(engine, sample),
                ]
            print(f"| {engine.target} | {engine.name} | " + " | ".join(f"{cell:,}" for cell in row) + " |", flush=True)


def _proof(engine: Engine, every: list, home: Path) -> list[int]:
    tried = list(sized(every, engine))
    said = [trial for trial in tried if exported(trial, engine, home / trial.name)]
    engine.run([home / trial.name for trial in said])
    wrong = sum(len(differing(trial, home / trial.name)) for trial in said)
    return [len(tried), len(tried) - len(said), sum(len(trial.leads) for trial in said), wrong]


def _speed(engine: Engine, sample: object, home: Path) -> int:
    (long,) = sized([sample], engine)
    few, all_of_them = home / "few", home / "all"
    exported(sample.first(12), engine, few)
    exported(long, engine, all_of_them)
    seconds = []
    for folder in (few, all_of_them):
        start = time.perf_counter()
        engine.run([folder])
        seconds.append(time.perf_counter() - start)
    rate = (len(long.leads) - 12) / max(seconds[1] - seconds[0], 1e-3)
    return int(float(f"{rate:.2g}"))


def _size(engine: Engine, sample: object) -> int:
    (made,) = export_rules(sample.rules, engine.to)
    return max(1, round(max(map(len, made.export.files.values())) / 1000))


if __name__ == "__main__":
    main()
