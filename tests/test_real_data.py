"""Counts, rates and points on real histories equal those that somebody else counted.

The truth files stand beside the data; they were made with pandas and scikit-learn, not with this package.
"""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from calibrate.calibration import run
from calibrate.document.scoring import TableScorer, score_lead
from calibrate.learning.evidence import AttributeEvidence, LevelEvidence
from calibrate.reading.source import open_source
from calibrate.settings import settings_from
from calibrate.statistics.ranking import ScoreCounts

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


def bounds(value: str) -> tuple[float | None, float | None]:
    """Low and high of a cell of the truth: `(33.0, 39.0]`, or `= -1` where quartiles collapse.

    Theirs are open below and closed above, ours the other way round.
    """
    if value.startswith("= "):
        number = float(value[2:])
        return number, math.nextafter(number, math.inf)
    ends = [float(end) for end in value.strip("(]").split(",")]
    low, high = (math.nextafter(end, math.inf) if math.isfinite(end) else None for end in ends)
    return low, high


def settings_for(name: str, outcome: dict[str, object], columns: set[str]):
    """Every value a level of its own; the cells of the truth as bins."""
    edges: dict[str, set[float]] = {}
    for row in truth(name, "values"):
        if row["kind"] == "quartile" and not row["value"].startswith("not "):
            edges.setdefault(row["attribute"], set()).update(end for end in bounds(row["value"]) if end is not None)
    allowed = [row["attribute"] for row in truth(name, "attributes") if row["attribute"] in columns]
    return settings_from(
        {
            "outcome": outcome,
            "attributes": {column: {"bins": sorted(ends)} for column, ends in edges.items() if column in columns},
            "columns": {"allow": allowed},
            "points": {"min_leads": 1, "min_expected": 0.0},
        }
    )


def level_of(item: AttributeEvidence, row: dict[str, str]) -> list[LevelEvidence]:
    """The levels that a row of the truth is about: one, or all but one."""
    if row["kind"] == "value":
        return [level for level in item.levels if level.level.label == row["value"]]
    if row["value"].startswith("not "):
        low, _ = bounds("= " + row["value"][4:])
        return [level for level in item.levels if level.level.low != low]
    return [level for level in item.levels if (level.level.low, level.level.high) == bounds(row["value"])]


@pytest.mark.parametrize("name", HISTORIES)
def test_every_level_is_counted_as_somebody_else_counted_it(name):
    file, outcome = HISTORIES[name]
    with open_source(DATA / file) as source:
        columns = {column.name for column in source.columns}
    result = run(DATA / file, settings_for(name, outcome, columns))
    summary = json.loads((DATA / name.split("_", 1)[0] / f"truth_{name}_summary.json").read_text())
    assert (result.rows, result.overall.conversions) == (summary["rows"], summary["conversions"])
    assert result.overall.rate == pytest.approx(summary["overall_rate"], abs=5e-7)

    ours = {item.column: item for item in result.attributes}
    compared = 0
    for row in truth(name, "values"):
        if row["attribute"] not in ours or row["kind"] not in ("quartile", "value"):
            continue
        compared += 1
        levels = level_of(ours[row["attribute"]], row)
        leads, conversions = sum(level.leads for level in levels), sum(level.conversions for level in levels)
        assert (leads, conversions) == (int(row["n"]), int(row["conversions"])), row
        if len(levels) == 1:
            assert levels[0].rate == pytest.approx(float(row["rate"]), abs=5e-7), row
            assert levels[0].index == pytest.approx(float(row["lift"]), abs=5.1e-5), row
            # The truth rounds halves to even, we away from zero.
            if abs(abs(levels[0].lift) % 1 - 0.5) > 1e-6:
                assert levels[0].points_lift == int(row["points"]), row
    assert compared > 10
    assert {row["attribute"] for row in truth(name, "attributes")} & columns == set(ours)


@pytest.mark.parametrize("spelling", ["dmy", "mdy"])
def test_dates_written_otherwise_give_the_same_counts(spelling):
    """The mdy deals hold 380 of the 842, so that the others stand in for them here."""
    folder = DATA / "olist"
    deals = "olist_closed_deals_dataset.csv" if spelling == "mdy" else "variant_dmy_closed_deals.csv"
    leads = f"variant_{spelling}_marketing_qualified_leads.csv"
    found = []
    for file, won in (
        ("olist_marketing_qualified_leads_dataset.csv", "olist_closed_deals_dataset.csv"),
        (leads, deals),
    ):
        outcome = {"deals": str(folder / won), "key": "mql_id", "won_date": "won_date", "date": "first_contact_date"}
        settings = settings_from({"outcome": outcome, "columns": {"use": ["origin"]}})
        result = run(folder / file, settings)
        found.append((result.attributes, result.overall, result.excluded, result.first_day, result.last_day))
    assert found[0] == found[1]
    assert found[0][3:] == ("2017-06-14", "2018-05-31")
    assert found[0][1].leads + sum(item.leads for item in found[0][2]) == 8000


def test_deals_with_month_first_are_read_as_such():
    folder = DATA / "olist"
    outcome = {"deals": str(folder / "variant_mdy_closed_deals.csv"), "key": "mql_id", "won_date": "won_date"}
    outcome["date"] = "first_contact_date"
    result = run(folder / "variant_mdy_marketing_qualified_leads.csv", settings_from({"outcome": outcome}))
    assert result.overall.conversions + sum(item.leads for item in result.excluded) == 380
    assert (result.first_day, result.last_day) == ("2017-06-14", "2018-05-31")


@pytest.mark.parametrize("name", HISTORIES)
def test_tables_single_leads_and_the_counted_history_score_alike(name):
    file, outcome = HISTORIES[name]
    rules = run(DATA / file, settings_from({"outcome": outcome})).rules
    types = {column: "number" if kind.type == "number" else "text" for column, kind in rules.attributes.items()}
    with open_source(DATA / file, types=types) as source:
        table = pa.Table.from_batches(list(source.batches(list(rules.attributes))))
    scored = TableScorer(rules).score(table)
    counted = ScoreCounts.from_arrays(scored.score.to_numpy(), np.zeros(len(table), dtype=np.int64))
    assert (counted.scores, counted.leads) == (rules.reference.scores, rules.reference.counts)
    for row, lead in enumerate(table.slice(0, 1000).to_pylist()):
        one = score_lead(rules, lead)
        found = (scored.score[row].as_py(), scored.band[row].as_py(), scored.reasons[row].as_py())
        assert found == (one.score, one.band, "; ".join(reason.text for reason in one.reasons))
