# engine: Spark 4.3
# in: spark
# leads: 20000
# programs: java
# variant: spark
import json
import os
import sys
from pathlib import Path

os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
from pyspark.sql import SparkSession

TYPES = {"text": "STRING", "delimited": "STRING", "number": "DOUBLE", "boolean": "BOOLEAN"}
engine = (
    SparkSession.builder.master("local[2]")
    .config("spark.ui.enabled", "false")
    .config("spark.sql.shuffle.partitions", "1")
    .config("spark.sql.codegen.wholeStage", "false")
    .config("spark.log.level", "ERROR")
    .getOrCreate()
)
for folder in map(Path, sys.argv[1:]):
    inputs = json.loads((folder / "fidelity.json").read_text("utf-8"))["targets"]["sql"]["inputs"]
    rows = [json.loads(line) for line in (folder / "leads.jsonl").read_text("utf-8").split("\n") if line]
    names = ["`" + item["field"].replace("`", "``") + "` " + TYPES[item["kind"]] for item in inputs]
    readers = {item["field"]: float if item["kind"] == "number" else lambda cell: cell for item in inputs}
    cells = [
        [place, *(None if row.get(name) is None else read(row[name]) for name, read in readers.items())]
        for place, row in enumerate(rows)
    ]
    engine.createDataFrame(cells, ", ".join(["id BIGINT", *names])).createOrReplaceTempView("leads")
    query = (folder / "rules.spark.sql").read_text("utf-8").rstrip().rstrip(";")
    found = engine.sql(f"SELECT score, band FROM ({query}) ORDER BY id").collect()
    (folder / "scores.jsonl").write_text("\n".join(json.dumps(list(row)) for row in found), "utf-8")
engine.stop()
