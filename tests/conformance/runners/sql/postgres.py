# engine: PostgreSQL 15
# in: python
# leads: 20000
# programs: su
# variant: postgres
import json
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg

PROGRAMS = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)
TYPES = {"text": "text", "delimited": "text", "number": "double precision", "boolean": "boolean"}


@contextmanager
def server():
    """A server on a socket of its own; it does not run for root."""
    home = Path(tempfile.mkdtemp())
    home.chmod(0o777)
    subprocess.run(
        ["su", "postgres", "-c", f"{PROGRAMS}/initdb -D {home}/data -A trust -E UTF8 --locale=C"],
        check=True, capture_output=True,
    )  # fmt: skip
    start = f"exec {PROGRAMS}/postgres -D {home}/data -k {home} -c listen_addresses='' -c fsync=off"
    running = subprocess.Popen(["su", "postgres", "-c", start], stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            with suppress(psycopg.OperationalError):
                yield psycopg.connect(host=str(home), user="postgres", dbname="postgres", autocommit=True)
                return
            time.sleep(0.1)
        raise SystemExit("PostgreSQL did not start")
    finally:
        pid = (home / "data" / "postmaster.pid").read_text().split("\n", 1)[0]
        subprocess.run(["su", "postgres", "-c", f"kill -INT {pid}"], check=False)
        running.wait(30)
        shutil.rmtree(home, ignore_errors=True)


with server() as engine:
    for folder in map(Path, sys.argv[1:]):
        inputs = json.loads((folder / "fidelity.json").read_text("utf-8"))["targets"]["sql"]["inputs"]
        rows = [json.loads(line) for line in (folder / "leads.jsonl").read_text("utf-8").split("\n") if line]
        names = ['"' + item["field"].replace('"', '""') + '" ' + TYPES[item["kind"]] for item in inputs]
        engine.execute("DROP TABLE IF EXISTS leads")
        engine.execute(f"CREATE TABLE leads ({', '.join(['id bigint', *names])})")
        with engine.cursor() as cursor, cursor.copy("COPY leads FROM STDIN") as copy:
            for place, row in enumerate(rows):
                copy.write_row([place, *(row.get(item["field"]) for item in inputs)])
        query = (folder / "rules.postgres.sql").read_text("utf-8").rstrip().rstrip(";")
        found = engine.execute(f"SELECT score, band FROM ({query}) scored ORDER BY id").fetchall()
        (folder / "scores.jsonl").write_text("\n".join(map(json.dumps, found)), "utf-8")
