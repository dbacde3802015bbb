"""The command line on leads that stay where they are: nothing written there, no password shown, Ctrl-C stops all."""

from __future__ import annotations

import csv
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote

import duckdb
import ibis
import psycopg
import pytest
import sqlglot
from click.testing import CliRunner
from ibis.backends.sql import compilers

import calibrate as cal
from calibrate.calibration import run
from calibrate.cli import cli
from calibrate.document.rules_file import load_rules
from calibrate.document.scoring import COLUMNS
from calibrate.errors import DataError
from calibrate.remote.scoring import score_lazily
from calibrate.remote.table import EngineTable
from calibrate.settings import load_settings

DATA = Path(__file__).parents[2] / "data"
SECRET = "s3cr/et@w%rd"
ENDLESS = "SELECT i AS id, pg_sleep(0.1)::text AS status FROM generate_series(1, 100000) i"


@pytest.fixture(scope="module")
def server(postgres):
    """The server with the sample history, and a user who needs a password and may do what he likes."""
    with (DATA / "leads.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    postgres.load(
        "history", ", ".join(f'"{name}" text' for name in header), [[cell or None for cell in row] for row in rows]
    )
    with postgres.connect() as admin:
        admin.execute(psycopg.sql.SQL("CREATE ROLE berta SUPERUSER LOGIN PASSWORD {}").format(SECRET))
        admin.execute("CREATE VIEW moving AS SELECT * FROM history WHERE random() < 0.9")
        admin.execute(f"CREATE VIEW endless AS {ENDLESS}")
        rules = Path(admin.execute("SHOW hba_file").fetchone()[0])
        rules.write_text(f"local all berta scram-sha-256\n{rules.read_text()}")
        admin.execute("SELECT pg_reload_conf()")
    yield postgres
    with postgres.connect() as admin:
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'berta'")
        admin.execute("DROP TABLE history CASCADE")
        admin.execute("DROP VIEW endless")
        admin.execute("DROP ROLE berta")


def address(server, password=SECRET):
    return f"postgresql://berta:{quote(password, safe='')}@/postgres?host={server.home}"


def called(*words, code=0):
    """What the command line says, results and remarks, and that it ended with this code."""
    done = subprocess.run(
        [sys.executable, "-m", "calibrate", *map(str, words)], capture_output=True, text=True, timeout=300, check=False
    )
    assert SECRET not in done.stdout + done.stderr
    assert quote(SECRET, safe="") not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert done.returncode == code, done.stderr
    return done


def contents(server):
    """Every relation of the server and what was ever changed in it."""
    with server.connect() as admin:
        admin.execute("SELECT pg_stat_force_next_flush()")
        relations = admin.execute("SELECT oid, relname, relpersistence FROM pg_class ORDER BY oid").fetchall()
        changes = admin.execute(
            "SELECT relname, n_tup_ins, n_tup_upd, n_tup_del FROM pg_stat_user_tables ORDER BY relname"
        ).fetchall()
    return relations, changes


@pytest.fixture(scope="module")
def made(server, tmp_path_factory):
    """A run on the server: what the server held before, its output, and the folder."""
    folder = tmp_path_factory.mktemp("run") / "points"
    before = contents(server)
    done = called("--config", DATA / "leads.toml", "run", address(server), "--table", "history", "--out", folder)
    return before, done, folder


def test_a_run_on_a_server_writes_the_points_of_the_file(made, tmp_path):
    _, done, folder = made
    config = ["--config", str(DATA / "leads.toml")]
    local = CliRunner().invoke(cli, [*config, "run", str(DATA / "leads.csv"), "--out", str(tmp_path / "points")])
    assert local.exit_code == 0
    wanted = ("attribute", "level", "leads", "conversions", "points_lift")
    found = []
    for place in (folder, tmp_path / "points"):
        with (place / "levels.csv").open(encoding="utf-8", newline="") as file:
            found.append(sorted(tuple(row[name] for name in wanted) for row in csv.DictReader(file)))
    assert found[0] == found[1]
    there = json.loads((folder / "rules.json").read_text())
    assert there["made_by"]["source"] == "localhost/postgres history"
    assert "5,600 of 6,000 leads counted, 840 of them won" in done.stdout


@pytest.mark.parametrize("words", [["check"], ["compare", "RULES"]], ids=["check", "compare"])
def test_rules_are_tried_on_a_server_as_on_the_file(made, server, words):
    before, _, folder = made
    words = [str(folder / "rules.json") if word == "RULES" else word for word in (*words, "RULES")]
    there = called(*words, address(server), "--table", "history")
    here = called(*words, DATA / "leads.csv")
    assert there.stdout == here.stdout.replace("leads.csv", "localhost/postgres history")
    assert "PostgreSQL counted the leads where they are" in there.stderr
    assert contents(server) == before
    found, wanted = (
        json.loads(called(*words, *leads, "--json").stdout)
        for leads in ([address(server), "--table", "history"], [DATA / "leads.csv"])
    )
    for answer in (found, wanted):
        file = answer["file"] if "file" in answer else answer["backtest"]["file"]
        del file["name"], file["reading"]
    assert found == wanted


def test_no_file_of_a_run_holds_the_password_or_the_user(made):
    *_, folder = made
    written = sorted(folder.iterdir())
    assert len(written) >= 6
    for path in written:
        held = path.read_bytes()
        for secret in (SECRET, quote(SECRET, safe=""), "berta"):
            assert secret.encode() not in held, path.name


def test_a_run_leaves_the_server_as_it_was_and_no_connection(made, server):
    before, *_ = made
    assert contents(server) == before
    with server.connect() as admin:
        assert admin.execute("SELECT 1 FROM pg_stat_activity WHERE usename = 'berta'").fetchall() == []


def test_steps_are_told_with_leads_a_second(made):
    _, done, _ = made
    assert "counting leads in PostgreSQL …" in done.stderr
    assert any("of 6,000 leads" in line and line.endswith("leads a second") for line in done.stderr.splitlines())


def test_inspect_proposes_a_line_without_the_password(server):
    done = called("inspect", address(server), "--table", "history")
    assert done.stdout.startswith("localhost/postgres history: 6,000 leads, 20 columns\n")
    assert f'Next:    calibrate run "postgresql://berta@/postgres?host={server.home}"' in done.stdout
    assert "--outcome Status=Won --lost Lost --date Created --table history" in done.stdout
    found = json.loads(called("inspect", address(server), "--table", "history", "--json").stdout)
    assert found[0]["leads"] == 6000


def test_files_are_called_after_the_table(server, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = [
        "--config",
        str(DATA / "leads.toml"),
        "run",
        address(server),
        "--table",
        "public.history",
        "--what-if",
        "off",
    ]
    done = CliRunner().invoke(cli, words)
    assert done.exit_code == 0, done.output
    assert [path.name for path in tmp_path.iterdir()] == ["history-points"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "ADDRESS", "--table", "histery", "--outcome", "Status=Won"], "did you mean 'history'"),
        (["run", "ADDRESS", "--table", "history", "--outcome", "Statsu=Won"], "did you mean 'Status'?"),
        (
            ["run", "ADDRESS", "--table", "history", "--outcome", "Status=Wonn"],
            "no row has 'Wonn'; did you mean 'Won'?",
        ),
        (["run", "ADDRESS", "--table", "history"], "which leads were won?"),
        (
            ["run", "ADDRESS", "--table", "history", "--outcome", "Status=Won", "--lead-key", "Id"],
            "no column 'Id' (--lead-key)",
        ),
        (["run", "ADDRESS", "--table", "history", "--deals", "d.csv", "--key", "Lead ID"], "join them in a view"),
        (
            ["run", "leads.csv", "--deals", "ADDRESS", "--key", "Lead ID"],
            "an address of leads that another engine holds",
        ),
        (["run", "ADDRESS", "--table", "moving", "--outcome", "Status=Won"], "does not change under the run"),
        (["inspect", "ADDRESS", "--table", "history", "--deals", "d.csv"], "join them in a view"),
        (["check", "RULES", "ADDRESS", "--table", "moving"], "does not change meanwhile"),
        (["check", "RULES", "ADDRESS", "--table", "history", "--outcome", "Statsu=Won"], "did you mean 'Status'?"),
        (["compare", "RULES", "RULES", "ADDRESS", "--table", "histery"], "did you mean 'history'"),
        (["check", "RULES", "WRONG", "--table", "history"], "a user or password that the server refuses"),
        (["export", "RULES", "--to", "sql", "--check", "ADDRESS"], "an address of leads that another engine holds"),
        (
            ["run", "WRONG", "--table", "history", "--outcome", "Status=Won"],
            "a user or password that the server refuses",
        ),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(server, made, tmp_path, monkeypatch, words, said):
    *_, folder = made
    monkeypatch.chdir(tmp_path)
    (tmp_path / "leads.csv").write_bytes((DATA / "leads.csv").read_bytes())
    there = {
        "ADDRESS": address(server), "RULES": str(folder / "rules.json"), "WRONG": address(server, SECRET[::-1])
    }  # fmt: skip
    done = CliRunner().invoke(cli, [there.get(word, word) for word in words])
    text = str(done.exception)
    assert said in text
    if "which leads" not in said:
        assert "\n" not in text
    for secret in (SECRET, SECRET[::-1]):
        assert secret not in text + done.output
        assert quote(secret, safe="") not in text + done.output
    assert [path.name for path in tmp_path.iterdir()] == ["leads.csv"]


def stopped(words, is_running, tmp_path):
    """What a command says that Ctrl-C stops once its query runs; is_running is told what it said so far."""
    folder, log = tmp_path / "points", tmp_path / "said"
    with (
        log.open("w") as file,
        subprocess.Popen(
            [sys.executable, "-m", "calibrate", *words, "--out", str(folder)], stdout=subprocess.PIPE, stderr=file
        ) as process,
    ):
        try:
            end = time.monotonic() + 200
            while not is_running(log.read_text()):
                assert time.monotonic() < end
                assert process.poll() is None, log.read_text()
                time.sleep(0.1)
            process.send_signal(signal.SIGINT)
            out, _ = process.communicate(timeout=60)
        finally:
            process.kill()
    said = log.read_text()
    assert process.returncode == 130, said
    assert said.endswith("Stopped. Nothing was written.\n")
    assert "Traceback" not in said
    assert out == b""
    assert not folder.exists()


def test_ctrl_c_stops_the_query_on_the_server(server, tmp_path):
    def is_running(_=""):
        with server.connect() as admin:
            query = (
                "SELECT 1 FROM pg_stat_activity WHERE usename = 'berta' AND state = 'active' AND query LIKE '%endless%'"
            )
            return admin.execute(query).fetchone() is not None

    stopped(["run", address(server), "--table", "endless", "--outcome", "status=won"], is_running, tmp_path)
    assert not is_running()


def test_ctrl_c_stops_duckdb(tmp_path):
    path = tmp_path / "crm.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE VIEW leads AS SELECT hash(range) % 7 AS status FROM range(1000000000000)")
    began = time.monotonic()
    stopped(["run", f"duckdb:{path}", "--outcome", "status=1"], lambda _: time.monotonic() > began + 5, tmp_path)


def test_spark_starts_without_a_word_of_java(tmp_path, monkeypatch):
    with duckdb.connect() as connection:
        connection.execute(
            "COPY (SELECT range AS id, range % 5 < 2 AS won, range % 3 AS arm FROM range(300)) "
            f"TO '{tmp_path}/leads.parquet'"
        )
    done = called("inspect", f"spark:{tmp_path}/leads.parquet")
    assert done.stdout.startswith("Spark leads.parquet: 300 leads, 3 columns\n")
    assert done.stderr == ""
    (tmp_path / "spark-defaults.conf").write_text("spark.driver.memory 1x\n")
    monkeypatch.setenv("SPARK_CONF_DIR", str(tmp_path))
    done = called("inspect", f"spark:{tmp_path}/leads.parquet", code=1)
    assert done.stderr == (
        "Spark: does not start ('Invalid maximum heap size: -Xmx1x'); expected a Spark that spark-submit can use, "
        "look at spark-defaults.conf and JAVA_HOME\n"
    )


def test_ctrl_c_stops_spark(tmp_path, monkeypatch):
    # Who has settings of its log hears what Java says.
    (tmp_path / "log4j2.properties").write_text("rootLogger.level = warn\n")
    monkeypatch.setenv("SPARK_CONF_DIR", str(tmp_path))
    folder = tmp_path / "leads"
    folder.mkdir()
    with duckdb.connect() as connection:
        connection.execute(f"COPY (SELECT range % 2 AS status FROM range(1000)) TO '{tmp_path}/one.parquet'")
    for number in range(5000):  # a task each
        os.link(tmp_path / "one.parquet", folder / f"{number}.parquet")
    began = []

    def is_running(said):
        if "log level" in said:
            began.append(time.monotonic())
        return bool(began) and time.monotonic() > began[0] + 5

    stopped(["run", f"spark:{folder}", "--outcome", "status=1"], is_running, tmp_path)


WAREHOUSES = ("BigQuery", "Snowflake", "Databricks", "Trino")


@pytest.fixture(scope="module")
def asked():
    """Every query of a run, its scores, a check and a comparison, without the engine that answered them."""
    leads = ibis.duckdb.connect().read_csv(DATA / "leads.csv", table_name="leads")
    queries = []
    answer = EngineTable.fetched

    def fetched(self, query):
        queries.append(query.to_native())
        return answer(self, query)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(EngineTable, "fetched", fetched)
        settings = load_settings(DATA / "leads.toml", {"source": {"sample_leads": 2000}})
        result = run(leads, settings)
        queries.append(score_lazily(result.rules, leads))
        cal.check(result.rules, leads)
        cal.compare(result.rules, result.rules, leads)
    assert len(queries) > 20
    return [query.unbind() for query in queries]


@pytest.mark.parametrize("name", WAREHOUSES)
def test_every_query_compiles_for_a_warehouse_and_is_read_back(asked, name):
    compiler = getattr(compilers, f"{name}Compiler")()
    for query in asked:
        text = compiler.to_sqlglot(query).sql(dialect=compiler.dialect)
        assert sqlglot.parse_one(text, read=compiler.dialect) is not None


def test_a_table_of_no_engine_is_refused():
    with pytest.raises(DataError) as error:
        run(ibis.table({"Status": "string", "Country": "string"}, name="leads"), load_settings(DATA / "leads.toml"))
    assert "\n" not in str(error.value)


def test_the_page_shows_what_scores_into_a_table_print(tmp_path):
    page = (DATA.parent / "docs" / "beyond-one-machine.md").read_text(encoding="utf-8")
    (session,) = re.findall(r"^```sh-session\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    called("--config", DATA / "leads.toml", "run", DATA / "leads.csv", "--out", tmp_path / "q4", "--what-if", "off")
    with duckdb.connect(str(tmp_path / "crm.duckdb")) as connection:
        connection.execute(f"CREATE TABLE leads AS FROM read_csv('{DATA}/leads.csv', all_varchar = true)")
    for part in re.split(r"^\$ ", session, flags=re.MULTILINE)[1:]:
        command, _, shown = part.partition("\n")
        done = subprocess.run(
            [sys.executable, "-m", *shlex.split(command)], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert (done.stdout or done.stderr) == shown
    with duckdb.connect(str(tmp_path / "crm.duckdb")) as connection:
        found = connection.execute('SELECT count(DISTINCT "Lead ID"), count(score) FROM lead_scores').fetchall()
        assert found == [(6000, 6000)]
        assert [row[0] for row in connection.execute("DESCRIBE lead_scores").fetchall()] == ["Lead ID", *COLUMNS]


def test_rules_of_a_server_load(made):
    *_, folder = made
    assert load_rules(folder / "rules.json").id == "postgres_history"
