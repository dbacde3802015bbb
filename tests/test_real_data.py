"""Counts, rates and points on real histories equal those that somebody else counted.

The truth files stand beside the data; they were made with pandas and scikit-learn, not with this package.
"""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path

import pytest

from calibrate.calibration import run
from calibrate.settings import settings_from

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="../shared/data is absent")

HISTORIES = {
    "bank_full": ("bank/bank-full.csv.gz", {"column": "y", "won": ["yes"]}),
    "bank_additional": ("bank/bank-additional-full.csv.gz", {"column": "y", "won": ["yes"]}),
    "salvirt": ("salvirt/Salvirt_B2B_ML_dataset.csv", {"column": "Status", "won": ["Won"]}),
    "olist": (
        "olist/olist_marketing_qualified_leads_dataset.csv",
        {"deals": str(DATA / "olist/olist_closed_deals_dataset.csv"), "key": "mql_id"},
    ),
}


def truth(name: str, kind: str) -> list[dict[str, str]]:
    folder = name.split("_", 1)[0]
    with (DATA / folder / f"truth_{name}_{kind}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def upper_end(value: str) -> float:
    return float(value.rpartition(",")[2].strip(" ]"))


def settings_for(name: str, outcome: dict[str, object]):
    """Every value a level of its own; the quartiles of the truth as bins (theirs are closed above, ours below)."""
    attributes: dict[str, dict[str, list[float]]] = {}
    for row in truth(name, "values"):
        if row["kind"] == "quartile" and math.isfinite(upper_end(row["value"])):
            bins = attributes.setdefault(row["attribute"], {"bins": []})["bins"]
            bins.append(math.nextafter(upper_end(row["value"]), math.inf))
    for chosen in attributes.values():
        chosen["bins"].sort()
    leaks = [row["attribute"] for row in truth(name, "attributes")]
    return settings_from(
        {
            "outcome": outcome,
            "attributes": attributes,
            "columns": {"allow": leaks},
            "points": {"min_leads": 1, "min_expected": 0.0},
        }
    )


@pytest.mark.parametrize("name", HISTORIES)
def test_every_level_is_counted_as_somebody_else_counted_it(name):
    file, outcome = HISTORIES[name]
    result = run(DATA / file, settings_for(name, outcome))
    summary = json.loads((DATA / name.split("_", 1)[0] / f"truth_{name}_summary.json").read_text())
    assert (result.rows, result.overall.conversions) == (summary["rows"], summary["conversions"])
    assert result.overall.rate == pytest.approx(summary["overall_rate"], abs=5e-7)

    ours = {}
    for item in result.attributes:
        for row in item.levels:
            key = (item.column, row.level.high if item.kind == "number" else row.level.label)
            ours[key] = row
    compared = 0
    for row in truth(name, "values"):
        if row["kind"] == "quartile":
            end = upper_end(row["value"])
            key = (row["attribute"], math.nextafter(end, math.inf) if math.isfinite(end) else None)
        else:
            key = (row["attribute"], row["value"])
        level = ours.get(key)
        if level is None:
            continue
        compared += 1
        assert (level.leads, level.conversions) == (int(row["n"]), int(row["conversions"])), key
        assert level.rate == pytest.approx(float(row["rate"]), abs=5e-7), key
        assert level.index == pytest.approx(float(row["lift"]), abs=5.1e-5), key
        if abs(abs(level.lift) % 1 - 0.5) > 1e-6:
            assert level.points_lift == int(row["points"]), key
    values = [row for row in truth(name, "values") if row["kind"] in ("quartile", "value")]
    columns = {item.column for item in result.attributes}
    expected = sum(row["attribute"] in columns for row in values)
    assert compared == expected > 30
