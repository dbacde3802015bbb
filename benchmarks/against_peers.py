"""Measures the toolkit beside other makers of points, on the same leads: python benchmarks/against_peers.py.

Every method runs in a process of its own, a peer in an environment of its own outside the repository; one at a time,
in turns. What peers/runner.py writes is judged here. The tables are printed; with the table that this benchmark makes
itself they are written to docs/against-peers.md too.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

HERE = Path(__file__).resolve().parent
PEERS, PAGE = HERE / "peers", HERE.parent / "docs" / "against-peers.md"
GIVEN = HERE.parent.parent / "shared" / "benchmark" / "synthetic_leads.py"
SMALL = (1_000, 3_000, 10_000)
ROWS = (100_000, 1_000_000)
SEED = 20270202
NO_ATTRIBUTE = ("lead_id", "created_at", "p_true", "holdout")
OURS = "ours"
REFERENCES = ("adjusted", "lift")
THREADS = ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "NUMBA", "POLARS", "RAYON")

Scores = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Method:
    """How a kind of points is made. home: its environment, with a text of requirements of that name.

    most: leads that it is asked to learn from, unless --slow.
    """

    home: str
    module: str
    option: str = ""
    most: float = float("inf")


METHODS = {
    "lift": Method(OURS, "lead_calibrate", "lift"),
    "cautious": Method(OURS, "lead_calibrate", "cautious"),
    "adjusted": Method(OURS, "lead_calibrate", "adjusted"),
    "log-odds": Method(OURS, "lead_calibrate", "log-odds"),
    "optbinning": Method("optbinning", "optbinning_scorecard"),
    "fastwoe + regression": Method("fastwoe", "fastwoe_points"),
    "scorecardpy": Method("scorecardpy", "scorecardpy_card", most=200_000),
    "toad": Method("toad", "toad_scorecard", most=200_000),
    "one-hot regression": Method("scikit-learn", "one_hot_regression", "1"),
    "one-hot regression, C = 0.1": Method("scikit-learn", "one_hot_regression", "0.1"),
}


@dataclass(frozen=True)
class Quality:
    """Of a ranking of leads that made no points. brier, log_loss: after one logistic curve through the totals."""

    auc: float
    log_loss: float
    brier: float


@dataclass(frozen=True)
class Result:
    """What a method reached and cost. imports, fit: CPU seconds.  peak: MB.  rows: values and bins with points."""

    quality: Quality
    imports: float
    fit: float
    peak: float
    rows: float
    versions: dict[str, str]


@dataclass(frozen=True)
class Trial:
    """The leads to learn from, in one or more draws, and those to be ranked. truth: what they were drawn with."""

    leads: int
    draws: tuple[Path, ...]
    hold_out: Path
    truth: Quality | None
    base: Quality


class Failed(Exception):
    """A method gave no points; the text says why."""


def interpreter(home: str, folder: Path) -> Path:
    """The Python of an environment, made where it is absent or its requirements have changed."""
    if home == OURS:
        return Path(sys.executable)
    wanted, place = PEERS / f"{home}.txt", folder / home
    made, python = place / "requirements.txt", place / "bin" / "python"
    if not made.exists() or made.read_text() != wanted.read_text():
        print(f"installing {home}", file=sys.stderr)
        shutil.rmtree(place, ignore_errors=True)
        called([sys.executable, "-m", "venv", str(place)], folder)
        install = [str(python), "-m", "pip", "install", "--quiet", "--prefer-binary", "-r", str(wanted)]
        called(install, folder)
        shutil.copy(wanted, made)
    return python


def called(command: Sequence[str], folder: Path, limit: float | None = None) -> None:
    """Nothing, when the command ends well.

    Raises:
        Failed: with the last line that it wrote, without the folders of this machine.
    """
    environment = {name: text for name, text in os.environ.items() if not name.startswith("PYTHON")}
    environment |= {f"{name}_NUM_THREADS": "1" for name in THREADS} | {"PYTHONHASHSEED": "0", "MPLBACKEND": "agg"}
    if command[0] == sys.executable:
        environment["PYTHONPATH"] = str(HERE.parent)
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=limit,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Failed(f"not done after {limit:,.0f} s") from None
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip() and not line.startswith("[notice]")]
        last = lines[-1] if lines else f"ended with {done.returncode}"
        raise Failed(last.replace(str(folder), "").replace(str(HERE.parent), "")[:160].replace("|", "/"))


def measured(method: Method, train: Path, trial: Trial, environments: Path, limit: float) -> Result:
    """What a method reaches and costs with one draw."""
    python = interpreter(method.home, environments)
    with tempfile.TemporaryDirectory() as folder:
        words = [str(PEERS / "runner.py"), method.module, method.option, str(train), str(trial.hold_out), folder]
        called([str(python), *words], Path(folder), limit)
        costs = json.loads(Path(folder, "costs.json").read_text())
        totals = [np.load(f"{folder}/{name}.npy") for name in ("train", "hold_out")]
    return Result(points_quality(totals[0], won_in(train), totals[1], won_in(trial.hold_out)), **costs)


def won_in(file: Path) -> Flags:
    return np.asarray(pq.read_table(file, columns=["converted"])["converted"])


def points_quality(learned: Scores, won: Flags, totals: Scores, truly_won: Flags) -> Quality:
    """How well whole points rank and foretell; the curve from points to chance is learned with the points."""
    from sklearn.linear_model import LogisticRegression

    middle, width = learned.mean(), learned.std() or 1.0
    curve = LogisticRegression(C=np.inf).fit((learned[:, None] - middle) / width, won)
    chance = curve.predict_proba((totals[:, None] - middle) / width)[:, 1]
    return quality(totals, chance, truly_won)


def quality(ranks: npt.NDArray[np.generic], chance: npt.NDArray[np.float64], won: Flags) -> Quality:
    from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

    return Quality(float(roc_auc_score(won, ranks)), float(log_loss(won, chance)), float(brier_score_loss(won, chance)))


def trials(table: Path, sizes: Sequence[int], draws: int, repeat: int, folder: Path) -> list[Trial]:
    """A trial for each size, and one with all leads of the table that are not held out, the same in each repeat."""
    leads = pq.read_table(table)
    leads = leads.set_column(
        leads.column_names.index("converted"), "converted", pc.cast(leads["converted"], pa.bool_())
    )
    held = leads.filter(leads["holdout"])
    rest = leads.filter(pc.invert(leads["holdout"]))
    won = np.asarray(held["converted"])
    truth = np.asarray(held["p_true"]) if "p_true" in leads.column_names else None
    known = None if truth is None else quality(truth, truth, won)
    rate = np.full(len(won), pc.mean(rest["converted"]).as_py())
    hold_out = written(held, folder / f"{table.stem}-hold-out.parquet")
    made = []
    for size in [*(size for size in sizes if size < rest.num_rows), rest.num_rows]:
        files = [
            written(drawn(rest, size, draw), folder / f"{table.stem}-{size}-{draw}.parquet")
            for draw in range(draws if size < rest.num_rows else 1)
        ]
        files *= repeat if size == rest.num_rows else 1
        made.append(Trial(size, tuple(files), hold_out, known, quality(rate, rate, won)))
    return made


def drawn(leads: pa.Table, size: int, draw: int) -> pa.Table:
    """So many leads, in the order of the table."""
    if size == leads.num_rows:
        return leads
    return leads.take(np.sort(np.random.default_rng([SEED, size, draw]).permutation(leads.num_rows)[:size]))


def written(leads: pa.Table, file: Path) -> Path:
    pq.write_table(leads.drop_columns([name for name in NO_ATTRIBUTE if name in leads.column_names]), file)
    return file


Measured = dict[str, list[Result] | str]


def run_trial(trial: Trial, names: Sequence[str], given: argparse.Namespace) -> Measured:
    """The results of each method by draw, or why there are none."""
    found: Measured = {name: [] for name in names}
    for number, train in enumerate(trial.draws, start=1):
        for name in names:
            results, method = found[name], METHODS[name]
            if isinstance(results, str):
                continue
            if trial.leads > method.most and not given.slow:
                found[name] = "left out, it takes long; --slow brings it in"
                continue
            print(f"{trial.leads:,} leads, {number} of {len(trial.draws)}: {name}", file=sys.stderr)
            try:
                results.append(measured(method, train, trial, given.environments, given.limit))
            except Failed as failure:
                found[name] = str(failure)
    return found


def mean(results: Sequence[Result], field: str) -> float:
    return statistics.fmean(getattr(result.quality, field) for result in results)


def middle(results: Sequence[Result], field: str) -> float:
    return statistics.median(getattr(result, field) for result in results)


def fraction(share: float, places: int = 4) -> str:
    return f"{share:.{places}f}".removeprefix("0")


def auc_text(results: Sequence[Result] | str) -> str:
    """Mean over the draws, with their standard deviation."""
    if isinstance(results, str):
        return "–"
    areas = [result.quality.auc for result in results]
    varied = len(set(areas)) > 1
    return fraction(statistics.fmean(areas)) + (f" ± {fraction(statistics.stdev(areas), 3)}" if varied else "")


def summary(measured_trials: Sequence[tuple[Trial, Measured]]) -> str:
    """Held-out AUC by method and leads."""
    head = " | ".join(f"{trial.leads:,} leads" for trial, _ in measured_trials)
    lines = [f"| held-out AUC | {head} |", "|---|" + "---:|" * len(measured_trials)]
    for name in measured_trials[0][1]:
        lines.append(f"| {name} | " + " | ".join(auc_text(found[name]) for _, found in measured_trials) + " |")
    truths = [fraction(trial.truth.auc) if trial.truth else "–" for trial, _ in measured_trials]
    lines.append("| *the chances that the leads were drawn with* | " + " | ".join(truths) + " |")
    return "\n".join(lines)


def table(trial: Trial, found: Measured) -> str:
    """All that was measured with so many leads."""
    reference = next((name for name in REFERENCES if isinstance(found.get(name), list)), None)
    unit = middle(found[reference], "fit") if reference else float("nan")
    draws = f", {len(trial.draws)} draws" if len(set(trial.draws)) > 1 else ""
    head = f"{trial.leads:,} leads{draws} | AUC | log-loss | Brier | CPU s | x {reference or OURS} | imports, CPU s"
    lines = [
        f"| {head} | peak MB | rows |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for name, results in found.items():
        if isinstance(results, str):
            lines.append(f"| {name} | – | – | – | – | – | – | – | – |")
            continue
        fit, imports, peak = (middle(results, field) for field in ("fit", "imports", "peak"))
        scores = f"{auc_text(results)} | {fraction(mean(results, 'log_loss'))} | {fraction(mean(results, 'brier'))}"
        costs = f"{fit:.2f} | {fit / unit:.2f} | {imports:.1f} | {peak:,.0f} | {middle(results, 'rows'):.0f}"
        lines.append(f"| {name} | {scores} | {costs} |")
    for words, known in (("the chances of the truth", trial.truth), ("the overall rate alone", trial.base)):
        if known:
            values = " | ".join(fraction(value) for value in (known.auc, known.log_loss, known.brier))
            lines.append(f"| *{words}* | {values} | | | | | |")
    return "\n".join(lines)


def failures(measured_trials: Sequence[tuple[Trial, Measured]]) -> str:
    """What has no figures, and why."""
    lines = [
        f"- {name}, {trial.leads:,} leads: {why}"
        for trial, found in measured_trials
        for name, why in found.items()
        if isinstance(why, str)
    ]
    return "\n".join(lines) or "Nothing."


def versions(measured_trials: Sequence[tuple[Trial, Measured]]) -> str:
    """What each environment holds."""
    homes: dict[str, dict[str, str]] = {}
    for _, found in measured_trials:
        for name, results in found.items():
            if isinstance(results, list):
                homes[METHODS[name].home] = results[0].versions
    return "\n".join(
        f"- {home}: " + ", ".join(f"{name} {number}" for name, number in held.items()) for home, held in homes.items()
    )


def machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    python = ".".join(map(str, sys.version_info[:2]))
    return f"{os.cpu_count()} cores, {memory:.0f} GiB of memory, {sys.platform.capitalize()}, Python {python}"


def page(measured_trials: Sequence[tuple[Trial, Measured]]) -> str:
    """docs/against-peers.md."""
    return Template((PEERS / "page.md").read_text(encoding="utf-8")).substitute(
        summary=summary(measured_trials),
        tables="\n\n".join(table(*item) for item in measured_trials),
        failures=failures(measured_trials),
        versions=versions(measured_trials),
        machine=machine(),
        draws=len(measured_trials[0][0].draws),
        repeat=len(measured_trials[-1][0].draws),
    )


def tables_of(given: argparse.Namespace) -> list[Path]:
    """The tables of leads, made anew: it takes seconds, and none is left from another truth."""
    if given.table:
        return [given.table.resolve()]
    folder = given.data.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    if given.given:
        python = interpreter("scikit-learn", given.environments)
        called([str(python), str(GIVEN), str(given.rows[0]), str(folder), "given"], folder)
        return [folder / "leads_given.parquet"]
    for rows in given.rows:
        called([sys.executable, str(HERE / "make_peers_table.py"), str(rows), str(folder)], folder)
    return [folder / f"leads-{rows}.parquet" for rows in given.rows]


def main() -> None:
    temporary = Path(tempfile.gettempdir()) / "calibrate-peers"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--methods", nargs="+", choices=list(METHODS), default=list(METHODS), metavar="METHOD")
    parser.add_argument("--sizes", type=int, nargs="*", default=list(SMALL), help="leads drawn from the first table")
    parser.add_argument("--rows", type=int, nargs="+", default=list(ROWS), help="of the tables; 30 %% are held out")
    parser.add_argument("--draws", type=int, default=5, help="of each size")
    parser.add_argument("--repeat", type=int, default=3, help="of what learns from a whole table")
    parser.add_argument("--slow", action="store_true", help="toad and scorecardpy with the largest table too")
    parser.add_argument("--limit", type=float, default=3_600, help="seconds that a method may take")
    parser.add_argument("--table", type=Path, help="another table, with converted and holdout")
    parser.add_argument("--given", action="store_true", help=f"the table that {GIVEN.name} makes, where it is there")
    parser.add_argument("--page", type=Path, help=f"where the page goes; {PAGE.name} for the tables made here")
    parser.add_argument("--data", type=Path, default=temporary / "data")
    parser.add_argument("--environments", type=Path, default=temporary / "environments")
    given = parser.parse_args()
    if given.given and not GIVEN.exists():
        parser.error(f"--given: {GIVEN.name} is not beside the repository; take --table with a table of your own")
    given.environments = given.environments.resolve()
    given.environments.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        found = []
        for number, file in enumerate(tables_of(given)):
            for trial in trials(file, () if number else given.sizes, given.draws, given.repeat, Path(folder)):
                found.append((trial, run_trial(trial, given.methods, given)))
                print(table(*found[-1]), end="\n\n", flush=True)
    print(summary(found), failures(found), sep="\n\n")
    out = given.page or (None if given.table or given.given else PAGE)
    if out:
        out.write_text(page(found), encoding="utf-8")


if __name__ == "__main__":
    main()
