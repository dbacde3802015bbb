# engine: DuckDB
# in: here
# leads: 20000
# variant: duckdb
import json
import sys
from pathlib import Path

import duckdb
import pyarrow as pa

TYPES = {"text": pa.string(), "delimited": pa.string(), "number": pa.float64(), "boolean": pa.bool_()}
for folder in map(Path, sys.argv[1:]):
    inputs = json.loads((folder / "fidelity.json").read_text("utf-8"))["targets"]["sql"]["inputs"]
    rows = [json.loads(line) for line in (folder / "leads.jsonl").read_text("utf-8").split("\n") if line]
    engine = duckdb.connect()
    columns = {
        item["field"]: pa.array([row.get(item["field"]) for row in rows], TYPES[item["kind"]]) for item in inputs
    }
    engine.register("given", pa.table({"id": range(len(rows)), **columns}))
    engine.execute("CREATE TABLE leads AS SELECT * FROM given")
    query = (folder / "rules.duckdb.sql").read_text("utf-8").rstrip().rstrip(";")
    found = engine.execute(f"SELECT score, band FROM ({query}) ORDER BY id").fetchall()
    (folder / "scores.jsonl").write_text("\n".join(map(json.dumps, found)), "utf-8")
