# engine: DuckDB on the text of seven other dialects, read back by sqlglot
# in: here
# leads: 2000
import json
import re
import sys
from pathlib import Path

import duckdb
import sqlglot
from sqlglot import exp

OTHERS = ("bigquery", "databricks", "mysql", "redshift", "snowflake", "trino", "tsql")
TYPES = {"text": "VARCHAR", "delimited": "VARCHAR", "number": "DOUBLE", "boolean": "BOOLEAN"}


def uncollated(node):
    """Without the collations that DuckDB has not."""
    return uncollated(node.this) if isinstance(node, exp.Collate) else node


def plain(node):
    """Without national texts and VARCHAR(MAX); FLOAT is a double in SQL Server."""
    if isinstance(node, exp.DataType):
        return exp.DataType.build("double" if node.this.name in ("FLOAT", "DOUBLE") else "text")
    return exp.Literal.string(node.this) if isinstance(node, exp.National) else node


def joined(node):
    """`||` where SQL Server adds texts up."""
    if isinstance(node, exp.Add) and any(leaf.is_string for leaf in node.find_all(exp.Literal)):
        return exp.DPipe(this=joined(node.this), expression=joined(node.expression))
    return node


for folder in map(Path, sys.argv[1:]):
    inputs = json.loads((folder / "fidelity.json").read_text("utf-8"))["targets"]["sql"]["inputs"]
    rows = [json.loads(line) for line in (folder / "leads.jsonl").read_text("utf-8").split("\n") if line]
    engine = duckdb.connect()
    columns = ['"' + item["field"].replace('"', '""') + '" ' + TYPES[item["kind"]] for item in inputs]
    engine.execute(f"CREATE TABLE leads ({', '.join(['id BIGINT', *columns])})")
    values = [[place, *(row.get(item["field"]) for item in inputs)] for place, row in enumerate(rows)]
    for row in values:
        engine.execute(f"INSERT INTO leads VALUES ({', '.join('?' * (1 + len(columns)))})", row)
    answers = []
    for dialect in OTHERS:
        text = (folder / f"rules.{dialect}.sql").read_text("utf-8")
        read = sqlglot.parse_one(text, read=dialect).transform(uncollated).transform(plain).transform(joined)
        query = read.sql(dialect="duckdb")
        if dialect == "bigquery":
            for item in inputs:
                name = re.sub(r'[!"$()*,./;?@\[\\\]^`{}~]', "_", item["field"])
                if name != item["field"]:
                    quoted = item["field"].replace('"', '""')
                    engine.execute(f'ALTER TABLE leads ADD COLUMN "{name}" {TYPES[item["kind"]]}')
                    engine.execute(f'UPDATE leads SET "{name}" = "{quoted}"')
        answers.append(engine.execute(f"SELECT score, band FROM ({query}) ORDER BY id").fetchall())
    for dialect, answer in zip(OTHERS, answers, strict=True):
        if answer != answers[0]:
            raise SystemExit(f"{dialect} and {OTHERS[0]} differ in {folder.name}")
    (folder / "scores.jsonl").write_text("\n".join(map(json.dumps, answers[0])), "utf-8")
