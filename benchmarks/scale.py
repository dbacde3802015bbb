"""Measures the toolkit beside a bare scan of the same file: python benchmarks/scale.py [--rows N ...] [--repeat N].

Every step runs in a process of its own, and the steps take turns, so that all meet the same machine. CPU is user and
system time of that process with its threads, imports included (compiled before, as pip does); peak is its largest
resident memory, own the part of it that is not a file's (RssAnon, looked at every 10 ms; Linux).
"""

from __future__ import annotations

import argparse
import compileall
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
MEGA = 1_000_000
OUTCOME, DATE = "won=true", "created"


@dataclass(frozen=True)
class Cost:
    """CPU seconds, wall seconds, peak MB and peak MB of its own, of a process."""

    cpu: float
    wall: float
    peak: float
    own: float


def touch(file: str, _: str) -> None:
    """One DuckDB query that decodes the twenty attributes and the outcome; no statistic of the file answers it."""
    import duckdb

    table = duckdb.read_parquet(file)
    forms = {"VARCHAR": "sum(strlen({}))", "BOOLEAN": "sum({}::INT)"}
    wanted = [
        forms.get(str(kind), "max({})").format(name)
        for name, kind in zip(table.columns, table.types, strict=True)
        if name not in ("lead_id", DATE)
    ]
    table.aggregate(", ".join(wanted)).fetchall()


class Counted(Exception):
    """The run has come as far as the counts."""


def counting(file: str, _: str) -> None:
    """The run up to leads and conversions by cell, fold by fold."""
    from calibrate import calibration
    from calibrate.leads.counts import count_cells
    from calibrate.learning import held_out

    def count_and_stop(*store_and_parts) -> None:
        count_cells(*store_and_parts)
        raise Counted

    held_out.count_cells = count_and_stop
    with suppress(Counted):
        calibration.run(file, _settings())


def learning(file: str, _: str) -> None:
    """The whole calibration in Python: points, evidence and the test on the newest quarter; no file is written."""
    from calibrate.calibration import run

    run(file, _settings())


def without_draws(file: str, _: str) -> None:
    """The same without the 500 redrawn histories, so without ranges from history to history."""
    from calibrate.calibration import run

    run(file, _settings(draws=0))


def by_lift(file: str, _: str) -> None:
    """The same with points by lift; those beside the overlap are learned all the same, to be told apart."""
    from calibrate.calibration import run

    run(file, _settings(draws=0, column="lift"))


def reporting(file: str, folder: str) -> None:
    """The same from the command line, with all its files."""
    _calibrate("run", file, "--outcome", OUTCOME, "--date", DATE, "--out", f"{folder}/points", "--overwrite")


def scores(file: str, folder: str) -> None:
    """The score, percentile and band of every lead, without reasons; nothing is written."""
    from calibrate.document.rules_file import load_rules
    from calibrate.document.scoring import TableScorer
    from calibrate.reading.source import open_source

    rules = load_rules(Path(folder) / "points" / "rules.json")
    scorer = TableScorer(rules, reasons=0)
    with open_source(file) as source:
        for batch in source.batches(list(rules.attributes)):
            scorer.score(batch)


def scoring_parquet(file: str, folder: str) -> None:
    """Score, percentile, band and reasons of every lead, beside its columns."""
    _calibrate("score", f"{folder}/points/rules.json", file, "--out", f"{folder}/scored.parquet", "--overwrite")


def scoring_csv(file: str, folder: str) -> None:
    """The same as text."""
    _calibrate("score", f"{folder}/points/rules.json", file, "--out", f"{folder}/scored.csv", "--overwrite")


STEPS: dict[str, Callable[[str, str], None]] = {
    "touch": touch,
    "counting": counting,
    "run": learning,
    "run, no draws": without_draws,
    "run, lift": by_lift,
    "run, report": reporting,
    "scores": scores,
    "score, parquet": scoring_parquet,
    "score, csv": scoring_csv,
}


def _settings(**points):
    from calibrate.settings import OutcomeSettings, PointSettings, Settings

    column, value = OUTCOME.split("=")
    outcome = OutcomeSettings(column=column, won=[value], date=DATE)
    return Settings(outcome=outcome, points=PointSettings(**points))


def _calibrate(*words: str) -> None:
    from calibrate.cli import main

    sys.argv = ["calibrate", "--quiet", *words]
    main()


Others = dict[str, tuple[str, Path]]


def measured(step: str, file: Path, folder: Path, python: str = sys.executable, script: Path = Path(__file__)) -> Cost:
    """What a step of a script costs in a fresh process."""
    command = [python, str(script.resolve()), "--step", step, str(file), str(folder)]
    paths = os.pathsep.join([str(HERE.parent), str(HERE)])
    started = time.perf_counter()
    given = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    child = subprocess.Popen(command, cwd=folder, env={**given, "PYTHONPATH": paths}, stdout=subprocess.DEVNULL)
    own, ended = 0.0, 0
    while not ended:
        own = max(own, _own_memory(child.pid))
        time.sleep(0.01)
        ended, status, usage = os.wait4(child.pid, os.WNOHANG)
    wall = time.perf_counter() - started
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{step} of {file.name} ended with {child.returncode}")
    return Cost(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1000, own)


def _own_memory(process: int) -> float:
    """MB of the process that are not a file's; 0 where the system does not say."""
    with suppress(OSError):
        for line in Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) * 1024 / 1e6
    return 0.0


def verdicts(step: str, rows: int, cost: Cost, scan: Cost) -> str:
    """The bars of the design that a step has to meet, each met or not."""
    ratio, memory = cost.cpu / scan.cpu, 400 + 40 * rows / MEGA
    bars: list[tuple[str, bool]] = []
    if step == "run" and rows == MEGA:
        bars = [("5 CPU s", cost.cpu <= 5), ("600 MB", cost.peak <= 600)]
    elif rows >= 10 * MEGA:
        most = {"counting": 4, "run": 7, "scores": 3}.get(step)
        if most:
            bars = [(f"{most} scans", ratio <= most), (f"{memory:,.0f} MB", cost.peak <= memory)]
            bars.append(("500 MB own", cost.own <= 500))
        if step == "run" and rows == 10 * MEGA:
            bars.insert(1, ("8 s", cost.wall <= 8))
    return ", ".join(f"{bar}: {'met' if met else '**not met**'}" for bar, met in bars)


def table(rows: int, costs: dict[str, list[Cost]]) -> str:
    """Medians as a markdown table."""
    middle = {
        step: Cost(*(statistics.median(getattr(run, name) for run in runs) for name in ("cpu", "wall", "peak", "own")))
        for step, runs in costs.items()
    }
    lines = [
        f"| {rows:,} leads | CPU s | wall s | peak MB | own MB | x touch scan | bars |",
        "|---|---:|---:|---:|---:|---:|---|",
    ]
    for step, cost in middle.items():
        ratio = cost.cpu / middle["touch"].cpu
        verdict = verdicts(step, rows, cost, middle["touch"])
        figures = f"{cost.cpu:.2f} | {cost.wall:.2f} | {cost.peak:,.0f} | {cost.own:,.0f} | {ratio:.1f}"
        lines.append(f"| {step} | {figures} | {verdict} |")
    return "\n".join(lines)


def measure(rows: int, data: Path, repeat: int, steps: list[str], others: Others | None = None) -> str:
    """The table of one size; others: steps of another script, with the Python and the script that run them."""
    file = data / f"leads-{rows}.parquet"
    if not file.exists():
        subprocess.run([sys.executable, str(HERE / "make_scale.py"), str(rows), str(file)], check=True)
    own = (sys.executable, Path(__file__))
    all_steps: Others = dict.fromkeys(steps, own) | (others or {})
    costs: dict[str, list[Cost]] = {step: [] for step in all_steps}
    with tempfile.TemporaryDirectory(dir=data) as folder:
        for _ in range(repeat):
            for step, (python, script) in all_steps.items():
                costs[step].append(measured(step, file, Path(folder), python, script))
    return table(rows, costs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[MEGA, 10 * MEGA])
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--steps", nargs="+", choices=list(STEPS), default=list(STEPS))
    parser.add_argument("--data", type=Path, default=Path(tempfile.gettempdir()) / "calibrate-scale")
    parser.add_argument("--step", nargs=3, metavar=("STEP", "FILE", "FOLDER"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.step:
        step, file, folder = given.step
        STEPS[step](file, folder)
        return
    given.data.mkdir(parents=True, exist_ok=True)
    for package in ("calibrate", "reports"):
        compileall.compile_dir(HERE.parent / package, quiet=1)
    wanted = {"touch", *given.steps}
    if any(step.startswith("score") for step in wanted):
        wanted.add("run, report")  # it makes the rules
    steps = [step for step in STEPS if step in wanted]
    for rows in given.rows:
        print(measure(rows, given.data.resolve(), given.repeat, steps), end="\n\n", flush=True)


if __name__ == "__main__":
    main()
