"""Outside numbers: tests/oracles/oracles.csv, each with its source and tolerance. Leads to fit models to."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from calibrate.statistics.packed import PackedLeads, pack_leads

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


@pytest.fixture(scope="session")
def pack() -> Callable[..., PackedLeads]:
    """Leads from an array of levels an attribute and the outcomes."""

    def packed(columns: Sequence[Any], won: Any, sizes: Sequence[int] | None = None) -> PackedLeads:
        sizes = sizes or [int(max(column)) + 1 for column in columns]
        codes = [np.asarray(column, np.uint16) for column in columns]
        outcomes = np.asarray(won, np.uint8)
        return pack_leads(
            codes, [np.arange(size) for size in sizes], sizes, outcomes, [slice(0, len(outcomes))], len(outcomes)
        )

    return packed


@pytest.fixture(scope="session")
def berkeley(oracle: Callable[[str], Oracle], pack: Callable[..., PackedLeads]) -> PackedLeads:
    """Admissions to Berkeley, a row a person: gender (male, female) and department (A to F)."""
    inputs = oracle("ucb_ridge_adjusted_lambda1").inputs
    cells = [
        (gender, dept, won, inputs[f"{word}_{('reject', 'admit')[won]}"][dept])
        for gender, word in enumerate(("male", "female"))
        for dept in range(6)
        for won in (0, 1)
    ]
    genders, depts, won, people = zip(*cells, strict=True)
    return pack([np.repeat(genders, people), np.repeat(depts, people)], np.repeat(won, people))
