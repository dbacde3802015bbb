"""What a run would do, said without doing it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from calibrate.plan import BYTES_BESIDE_CODES, OWN_BYTES_A_LEAD, plan_of
from calibrate.reading.source import open_source
from calibrate.remote.opening import open_address
from calibrate.settings import ColumnSettings, OutcomeSettings, Settings

SETTINGS = Settings(outcome=OutcomeSettings(column="won", won=["yes"], date="came_in"))


def leads(rows, **columns):
    base = {"won": ["yes", "no"] * (rows // 2), "came_in": pa.array([0] * rows, pa.date32()), "size": range(rows)}
    return pa.table({**base, "role": ["a", "b"] * (rows // 2), **columns})


def test_outcome_and_dates_become_no_attributes():
    with open_source(leads(10)) as source:
        plan = plan_of(source, SETTINGS)
    assert (plan.leads, plan.columns, plan.attributes, plan.way) == (10, 4, 2, "local")
    assert plan.passes[0].startswith("All leads, ")
    assert "in 4 columns" in plan.passes[1]


@pytest.mark.parametrize(
    ("columns", "attributes"),
    [(ColumnSettings(skip=["size"]), 1), (ColumnSettings(use=["role"]), 1), (ColumnSettings(use=["role", "size"]), 2)],
)
def test_columns_that_are_not_to_be_used_cost_nothing(columns, attributes):
    with open_source(leads(10)) as source:
        assert plan_of(source, SETTINGS.model_copy(update={"columns": columns})).attributes == attributes


def test_room_work_and_memory_grow_with_leads():
    with open_source(leads(1_000)) as few, open_source(leads(10_000)) as many:
        small, large = plan_of(few, SETTINGS), plan_of(many, SETTINGS)
    assert large.disk_mb == pytest.approx(10 * small.disk_mb)
    assert small.disk_mb == pytest.approx(1_000 * (2 + BYTES_BESIDE_CODES) / 1e6)
    assert large.own_mb - small.own_mb == pytest.approx(9_000 * OWN_BYTES_A_LEAD / 1e6)
    assert large.cpu_seconds > small.cpu_seconds


def test_a_text_file_is_planned_without_its_number_of_leads(tmp_path):
    file = tmp_path / "leads.csv"
    file.write_text("won,role\n" + "yes,a\nno,b\n" * 60_000, encoding="utf-8")
    with open_source(file) as source:
        plan = plan_of(source, SETTINGS)
    assert plan.leads is None
    assert plan.disk_mb is None
    assert any("bytes a lead" in line for line in plan.lines())


def test_a_sample_of_a_large_file_comes_from_some_of_its_row_groups(tmp_path):
    pq.write_table(leads(2_400_000), tmp_path / "leads.parquet", row_group_size=50_000)
    with open_source(tmp_path / "leads.parquet") as source:
        assert "from 1,200,000 of them" in plan_of(source, SETTINGS).passes[0]


def test_an_engine_counts_what_it_holds(tmp_path):
    import duckdb

    with duckdb.connect(str(tmp_path / "crm.duckdb")) as database:
        database.execute("CREATE TABLE leads AS SELECT 'yes' AS won, 'a' AS role")
    with open_address(f"duckdb:{tmp_path / 'crm.duckdb'}", "leads") as table:
        plan = plan_of(table, SETTINGS)
    assert (plan.way, plan.leads, plan.attributes) == ("engine", None, 1)
    assert "engine" in " ".join(plan.lines())


def test_the_command_says_the_plan_and_writes_nothing(tmp_path):
    pq.write_table(leads(100), tmp_path / "leads.parquet")
    words = [sys.executable, "-m", "calibrate", "run", "leads.parquet", "--outcome", "won=yes", "--explain"]
    told = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert told.stdout.startswith("leads.parquet: 100 leads; ")
    assert [path.name for path in Path(tmp_path).iterdir()] == ["leads.parquet"]
    plan = json.loads(subprocess.run([*words, "--json"], cwd=tmp_path, capture_output=True, check=True).stdout)
    assert plan["leads"] == 100
