"""Draws how the work of a run grows with leads, attributes and levels: python benchmarks/growth.py FIGURE [--most N].

Every run is a process of its own; its CPU seconds are told apart by the steps that it names. Tables are those of
make_scale.py for the leads, and categories of equal size for attributes and levels.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

HERE = Path(__file__).resolve().parent
LEADS = (100_000, 300_000, 1_000_000, 3_000_000, 10_000_000)
ATTRIBUTES, ROWS = (5, 10, 20, 40, 80), 300_000
LEVELS = (10, 30, 100, 300, 1_000)
STEPS = ("look", "code", "count", "learn", "test", "redraw and write rules")


def measured(file: str, date: str | None) -> None:
    """Print the CPU seconds of each step of a run as JSON."""
    sys.path.insert(0, str(HERE.parent))
    from calibrate.calibration import run
    from calibrate.settings import OutcomeSettings, Settings

    marks = [time.process_time()]
    outcome = OutcomeSettings(column="won", won=["true"], date=date)
    run(file, Settings(outcome=outcome), progress=lambda _: marks.append(time.process_time()))
    marks.append(time.process_time())
    print(json.dumps(np.diff([0.0, *marks[2:]]).tolist()))


def cost(file: Path, date: str | None = None) -> list[float]:
    """CPU seconds of each step of a run in a fresh process, imports in the first."""
    words = [sys.executable, str(HERE / "growth.py"), "--run", str(file), date or ""]
    found = json.loads(subprocess.run(words, capture_output=True, check=True, text=True).stdout)
    return [float(seconds) for seconds in found]


def square_table(file: Path, attributes: int, levels: int) -> Path:
    """Leads with so many categories of so many values, the first three of them telling."""
    random = np.random.default_rng(11)
    odds, made = np.full(ROWS, -3.0), {}
    for place in range(attributes):
        codes = random.integers(0, levels, ROWS).astype(np.int32)
        made[f"attribute {place}"] = pa.DictionaryArray.from_arrays(
            pa.array(codes), pa.array([f"value {code}" for code in range(levels)])
        )
        odds += np.cos(codes) if place < 3 else 0
    made["won"] = pa.array(random.random(ROWS) < 1 / (1 + np.exp(-odds)))
    pq.write_table(pa.table(made), file)
    return file


def draw(figure: Path, panels: list[tuple[str, tuple[int, ...], list[list[float]]]]) -> None:
    """The panels side by side, each a stack of steps."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams.update({"svg.hashsalt": "growth", "font.size": 9})
    import matplotlib.pyplot as plt

    picture, places = plt.subplots(1, len(panels), figsize=(10, 3.2), layout="constrained")
    for place, (label, sizes, costs) in zip(places, panels, strict=True):
        place.stackplot(sizes, np.array(costs).T, labels=STEPS)
        place.set_xlabel(label)
        place.set_ylim(0)
        place.spines[["top", "right"]].set_visible(False)
    places[0].set_ylabel("CPU seconds")
    places[0].legend(loc="upper left", frameon=False, reverse=True)
    picture.savefig(figure, metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("figure", nargs="?", type=Path, default=HERE.parent / "docs" / "performance.svg")
    parser.add_argument("--data", type=Path, default=Path(tempfile.gettempdir()) / "calibrate-scale")
    parser.add_argument("--most", type=int, default=LEADS[-1], help="Most leads of the first panel.")
    parser.add_argument("--run", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.run:
        measured(given.run[0], given.run[1] or None)
        return
    given.data.mkdir(parents=True, exist_ok=True)
    sizes = tuple(size for size in LEADS if size <= given.most)
    leads = []
    for size in sizes:
        file = given.data / f"leads-{size}.parquet"
        if not file.exists():
            subprocess.run([sys.executable, str(HERE / "make_scale.py"), str(size), str(file)], check=True)
        leads.append(cost(file, "created"))
    with tempfile.TemporaryDirectory(dir=given.data) as folder:
        wide = [cost(square_table(Path(folder) / "leads.parquet", many, 8)) for many in ATTRIBUTES]
        deep = [cost(square_table(Path(folder) / "leads.parquet", 20, many)) for many in LEVELS]
    panels = [
        ("million leads, 20 attributes", tuple(size / 1e6 for size in sizes), leads),
        (f"attributes of 8 levels, {ROWS:,} leads", ATTRIBUTES, wide),
        (f"levels of 20 attributes, {ROWS:,} leads", LEVELS, deep),
    ]
    for label, counts, costs in panels:
        for count, each in zip(counts, costs, strict=True):
            told = ", ".join(f"{name} {seconds:.1f}" for name, seconds in zip(STEPS, each, strict=True))
            print(f"{count} {label}: {sum(each):.1f} CPU s ({told})", flush=True)
    draw(given.figure, panels)


if __name__ == "__main__":
    main()
