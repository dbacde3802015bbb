# engine: SQLite
# in: here
# leads: 20000
# variant: sqlite
import json
import sqlite3
import sys
from pathlib import Path

TYPES = {"text": "TEXT", "delimited": "TEXT", "number": "REAL", "boolean": "INTEGER"}
for folder in map(Path, sys.argv[1:]):
    inputs = json.loads((folder / "fidelity.json").read_text("utf-8"))["targets"]["sql"]["inputs"]
    rows = [json.loads(line) for line in (folder / "leads.jsonl").read_text("utf-8").split("\n") if line]
    engine = sqlite3.connect(":memory:")
    columns = ['"' + item["field"].replace('"', '""') + '" ' + TYPES[item["kind"]] for item in inputs]
    engine.execute(f"CREATE TABLE leads ({', '.join(['id INTEGER', *columns])})")
    values = [[place, *(row.get(item["field"]) for item in inputs)] for place, row in enumerate(rows)]
    engine.executemany(f"INSERT INTO leads VALUES ({', '.join('?' * (1 + len(columns)))})", values)
    query = (folder / "rules.sqlite.sql").read_text("utf-8").rstrip().rstrip(";")
    found = engine.execute(f"SELECT score, band FROM ({query}) ORDER BY id").fetchall()
    engine.close()
    (folder / "scores.jsonl").write_text("\n".join(map(json.dumps, found)), "utf-8")
