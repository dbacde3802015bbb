"""One method in a process of its own: python runner.py METHOD OPTION TRAIN HOLD_OUT FOLDER.

METHOD is a module beside this file with three functions:

- `read(path)` gives the leads as the method takes them; its cost does not count.
- `fit(leads, option)` makes the points and gives them as `score`, and how many value or bin rows they have. Counted.
- `score(leads)` gives every lead its whole points, the likelier to convert the higher.

Writes FOLDER/train.npy, FOLDER/hold_out.npy and FOLDER/costs.json. CPU is user and system time with all threads and
processes that the method starts; what it imports first is told apart. Peak is the resident memory when the points are
made, with the leads that were read.
"""

from __future__ import annotations

import importlib
import json
import resource
import sys
import warnings
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

LIBRARIES = ("fastwoe", "lead-calibrate", "optbinning", "scorecardpy", "toad", "scikit-learn", "pandas", "numpy")


def cpu() -> float:
    """CPU seconds so far, of this process and of its children that ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(item.ru_utime + item.ru_stime for item in used)


def peak() -> float:
    """Most MB that this process held. Not ru_maxrss: that one starts from the process that started this one."""
    lines = Path("/proc/self/status").read_text().splitlines()
    held = next(line.split()[1] for line in lines if line.startswith("VmHWM"))
    return int(held) * 1024 / 1e6


def versions() -> dict[str, str]:
    """What is installed of LIBRARIES."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def whole(points: np.ndarray) -> np.ndarray:
    """The points as integers; a method that gives others has failed."""
    points = np.asarray(points, dtype=np.float64)
    if not np.array_equal(points, np.round(points)):
        raise ValueError("the points are not whole numbers")
    return points.astype(np.int64)


def main(method: str, option: str, train: str, hold_out: str, folder: str) -> None:
    warnings.simplefilter("ignore")
    start = cpu()
    module = importlib.import_module(method)
    imported = cpu()
    leads = module.read(train)
    read = cpu()
    score, rows = module.fit(leads, option)
    costs = {"imports": imported - start, "fit": cpu() - read, "peak": peak(), "rows": rows, "versions": versions()}
    np.save(f"{folder}/train.npy", whole(score(leads)))
    np.save(f"{folder}/hold_out.npy", whole(score(module.read(hold_out))))
    Path(folder, "costs.json").write_text(json.dumps(costs))


if __name__ == "__main__":
    main(*sys.argv[1:])
