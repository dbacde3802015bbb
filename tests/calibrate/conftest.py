"""Outside numbers: tests/oracles/oracles.csv, each with its source and tolerance."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ORACLES = Path(__file__).parents[1] / "oracles" / "oracles.csv"


@dataclass(frozen=True, slots=True)
class Oracle:
    """A published or independently computed result: what goes in, what must come out and how nearly."""

    inputs: dict[str, Any]
    expected: Any
    tolerance: float

    def is_met_by(self, found: Any) -> bool:
        return found == pytest.approx(self.expected, abs=self.tolerance, rel=0)


@pytest.fixture(scope="session")
def oracle() -> Callable[[str], Oracle]:
    with ORACLES.open(encoding="utf-8", newline="") as file:
        rows = {row["id"]: row for row in csv.DictReader(file)}

    def found(name: str) -> Oracle:
        row = rows[name]
        return Oracle(json.loads(row["inputs"]), json.loads(row["expected"]), float(row["tolerance"]))

    return found
