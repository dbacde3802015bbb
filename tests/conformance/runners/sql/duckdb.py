# engine: DuckDB
# in: here
# leads: 20000
# variant: duckdb
import json
import sys
from pathlib import Path

import duckdb

TYPES = {"text": "VARCHAR", "delimited": "VARCHAR", "number": "DOUBLE", "boolean": "BOOLEAN", "list": "VARCHAR[]"}
for folder in map(Path, sys.argv[1:]):
    inputs = json.loads((folder / "fidelity.json").read_text("utf-8"))["targets"]["sql"]["inputs"]
    rows = [json.loads(line) for line in (folder / "leads.jsonl").read_text("utf-8").split("\n") if line]
    engine = duckdb.connect()
    columns = ['"' + item["field"].replace('"', '""') + '" ' + TYPES[item["kind"]] for item in inputs]
    engine.execute(f"CREATE TABLE leads ({', '.join(['id BIGINT', *columns])})")
    marks = ", ".join("?" * (1 + len(columns)))
    values = [[place, *(row.get(item["field"]) for item in inputs)] for place, row in enumerate(rows)]
    for start in range(0, len(values), 500):
        part = values[start : start + 500]
        every = ", ".join([f"({marks})"] * len(part))
        engine.execute(f"INSERT INTO leads VALUES {every}", [cell for row in part for cell in row])
    query = (folder / "rules.duckdb.sql").read_text("utf-8").rstrip().rstrip(";")
    found = engine.execute(f"SELECT score, band FROM ({query}) ORDER BY id").fetchall()
    (folder / "scores.jsonl").write_text("\n".join(map(json.dumps, found)), "utf-8")
