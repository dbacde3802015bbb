"""Leads by address: what is opened, what is left out, what is never shown, and one line for all that goes wrong."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import quote

import duckdb
import narwhals as nw
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from calibrate.cli import main
from calibrate.errors import CalibrateError, DataError
from calibrate.reading.addresses import is_address, shown_address, without_secrets
from calibrate.reading.source import open_source
from calibrate.remote.opening import open_address

SECRET = "s3cr/et@w%rd"
LEADS = """
id bigint, won boolean, country text, created date, seen timestamptz, price numeric(10, 2), seats smallint,
code char(5), mood mood, name person, token uuid, address inet, tags text[], paid money,
answers json, more jsonb, photo bytea, place point, range int4range, numbers int[], wait interval
"""
LEFT_OUT = {"answers", "more", "photo", "place", "range", "numbers", "wait"}


def one_line(error):
    text = str(error.value)
    assert "\n" not in text
    assert "Traceback" not in text
    return text


@pytest.fixture(scope="module")
def server(postgres):
    """The server with leads, and a user who needs a password."""
    with postgres.connect() as admin:
        admin.execute("CREATE ROLE anna LOGIN")
        admin.execute(psycopg.sql.SQL("ALTER ROLE anna PASSWORD {}").format(SECRET))
        admin.execute("CREATE TYPE mood AS ENUM ('glad', 'sad')")
        admin.execute("CREATE DOMAIN person AS text")
        admin.execute("CREATE SCHEMA crm")
        admin.execute(f"CREATE TABLE crm.leads ({LEADS})")
        admin.execute(
            "INSERT INTO crm.leads (id, won, country, created, seen, price, code, mood, name, tags, paid) "
            "SELECT i, i % 3 = 0, 'NL', '2024-01-01', now(), i / 4.0, 'ab', 'glad', 'Jo', '{a,b}', 12.5 "
            "FROM generate_series(1, 100) i"
        )
        admin.execute("INSERT INTO crm.leads (id, created, seen, price) VALUES (101, 'infinity', '-infinity', 'NaN')")
        admin.execute("CREATE VIEW slow AS SELECT id, pg_sleep(0.2)::text AS nap FROM crm.leads")
        admin.execute("CREATE TABLE secrets (id int)")
        admin.execute("GRANT USAGE ON SCHEMA crm TO anna")
        admin.execute("GRANT SELECT ON crm.leads, slow TO anna")
        rules = Path(admin.execute("SHOW hba_file").fetchone()[0])
        rules.write_text(f"local all anna scram-sha-256\n{rules.read_text()}")
        admin.execute("SELECT pg_reload_conf()")
    yield postgres
    with postgres.connect() as admin:
        admin.execute("DROP SCHEMA crm CASCADE")  # with the view
        admin.execute("DROP TABLE secrets")
        admin.execute("DROP TYPE mood")
        admin.execute("DROP DOMAIN person")
        admin.execute("DROP ROLE anna")


def address(server, password=SECRET, database="postgres", user="anna", **options):
    more = "".join(f"&{name}={quote(value)}" for name, value in options.items())
    secret = f":{quote(password, safe='')}" if password is not None else ""
    return f"postgresql://{user}{secret}@/{database}?host={server.home}{more}"


def counted(table, column):
    found = table.fetched(table.frame.group_by(column).agg(nw.len().alias("leads")))
    return dict(zip(*(found[name].to_pylist() for name in (column, "leads")), strict=True))


def test_a_table_of_postgres_is_opened_without_the_columns_that_cannot_be_counted(server):
    with open_address(address(server), "crm.leads") as table:
        assert (table.name, table.engine) == ("localhost/postgres crm.leads", "PostgreSQL")
        assert set(table.left_out) == LEFT_OUT
        assert table.left_out["more"] == "is of type jsonb, which cannot be counted by value"
        assert counted(table, "country") == {"NL": 100, None: 1}
        assert counted(table, "tags") == {"a;b": 100, None: 1}
        assert counted(table, "paid") == {12.5: 100, None: 1}
        assert counted(table, "code") == {"ab": 100, None: 1}
        assert counted(table, "name") == {"Jo": 100, None: 1}
        assert len(counted(table, "created")) == 2
        for column in table.frame.collect_schema().names():
            assert sum(counted(table, column).values()) == 101


def test_two_tables_of_one_name_are_not_told_apart_by_chance(server, tmp_path):
    with server.connect() as admin:
        admin.execute('CREATE SCHEMA "crm.old"')
        admin.execute('CREATE TABLE "crm.old".x (id int)')
        admin.execute('CREATE TABLE crm."old.x" (id int)')
    try:
        with pytest.raises(DataError, match=r"found 2 tables that are called 'crm\.old\.x', expected one; make a view"):
            open_address(address(server, user="postgres", password=None), "crm.old.x")
    finally:
        with server.connect() as admin:
            admin.execute('DROP SCHEMA "crm.old" CASCADE')
            admin.execute('DROP TABLE crm."old.x"')
    path = tmp_path / "crm.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute('CREATE SCHEMA a; CREATE TABLE a.b AS SELECT 1 AS id; CREATE TABLE "a.b" AS SELECT 2 AS id')
    with pytest.raises(DataError, match=r"found 2 tables that are called 'a\.b'"):
        open_address(f"duckdb:{path}", "a.b")


def test_every_query_sees_the_leads_as_they_were_at_the_first(server):
    with open_address(address(server), "crm.leads") as table:
        before = counted(table, "won")
        with server.connect() as admin:
            admin.execute("INSERT INTO crm.leads (id, won) SELECT i, true FROM generate_series(1000, 1100) i")
        try:
            assert counted(table, "won") == before
        finally:
            with server.connect() as admin:
                admin.execute("DELETE FROM crm.leads WHERE id >= 1000")


@pytest.mark.parametrize("user", ["anna", "postgres"])
@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM crm.leads",
        "CREATE TABLE x (i int)",
        "CREATE TEMP TABLE x (i int)",
        "CREATE TEMP VIEW x AS SELECT 1",
    ],
)
def test_nothing_can_be_written_through_the_connection(server, user, statement):
    with open_address(address(server, user=user), "crm.leads") as table:
        connection = table.frame.to_native().get_backend().con
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            connection.execute(statement)


def test_a_server_that_lets_nobody_write_is_read(server):
    with server.connect() as admin:
        admin.execute("ALTER ROLE anna SET default_transaction_read_only = on")
    try:
        with open_address(address(server), "crm.leads") as table:
            assert counted(table, "country") == {"NL": 100, None: 1}
    finally:
        with server.connect() as admin:
            admin.execute("ALTER ROLE anna RESET default_transaction_read_only")


def test_the_password_comes_from_the_environment_a_file_or_a_service(server, monkeypatch, tmp_path):
    bare = address(server, password=None)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PGPASSWORD", SECRET)
    open_address(bare, "crm.leads").close()
    monkeypatch.delenv("PGPASSWORD")
    secrets = tmp_path / "pass"
    secrets.write_text(f"*:*:*:anna:{SECRET}\n")
    secrets.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(secrets))
    open_address(bare, "crm.leads").close()
    monkeypatch.delenv("PGPASSFILE")
    services = tmp_path / "services"
    services.write_text(f"[crm]\nhost={server.home}\nuser=anna\npassword={SECRET}\ndbname=postgres\n")
    monkeypatch.setenv("PGSERVICEFILE", str(services))
    with open_address("postgresql://?service=crm", "crm.leads") as table:
        assert table.name == "localhost/postgres crm.leads"


@pytest.mark.parametrize(
    ("changes", "table", "said"),
    [
        ({"password": "wr0ng"}, "crm.leads", "expected one it knows; set PGUSER and PGPASSWORD"),
        ({"password": None}, "crm.leads", "expected one it knows; set PGUSER and PGPASSWORD"),
        ({"user": "hanna", "password": None}, "crm.leads", "found no such user"),
        ({"user": "postgres", "database": "postgras"}, "crm.leads", "did you mean 'postgres'?"),
        ({}, "crm.leeds", "there is no table 'crm.leeds'; did you mean 'crm.leads'?"),
        ({}, None, "expected to be told which, say --table: "),
        ({"service": "nix"}, None, 'definition of service "nix" not found'),
        ({"nix": "1"}, None, "found an address that PostgreSQL cannot read"),
    ],
)
def test_what_is_wrong_with_an_address_is_said_in_one_line(server, changes, table, said):
    with pytest.raises(DataError) as error:
        open_address(address(server, **changes), table)
    text = one_line(error)
    assert said in text
    assert "wr0ng" not in text
    assert SECRET not in text


def test_a_host_that_is_not_there_is_named():
    with pytest.raises(DataError, match=r"^nohost\.invalid/crm: found no server that answers \("):
        open_address("postgresql://nohost.invalid/crm", "leads")
    with pytest.raises(DataError, match=r"^127\.0\.0\.1/crm: found no server that answers \('Connection refused'\)"):
        open_address("postgresql://127.0.0.1:1/crm", "leads")


@pytest.mark.parametrize(
    "middle", ["/", "@", "?", ":", "#", "%zz", "&", "?/", "/?", ":/", ":@", "@/", "1/", "=", "[", "]"]
)
@pytest.mark.parametrize("start", ["QJX", "1", ""])
@pytest.mark.parametrize("show", [shown_address, open_address])
def test_a_password_that_was_not_escaped_is_never_shown(start, middle, show):
    try:
        said = show(f"postgresql://anna:{start}{middle}ZVK@127.0.0.1:1/crm")
    except CalibrateError as error:
        said = str(error)
    assert "ZVK" not in said
    assert "QJX" not in said


def test_a_password_is_taken_out_wherever_an_address_holds_it():
    assert shown_address("postgresql://a:x@h/d?password=x&sslmode=require") == "postgresql://a@h/d?sslmode=require"
    assert shown_address("postgresql://h/d?password=x") == "postgresql://h/d"
    assert shown_address("mysql://a:x@h/d") == "mysql://…"


@pytest.mark.parametrize(
    "given",
    [
        "mysql://a:s3cret@h/d",
        "https://a:s3cret@h/leads.csv",
        "spark://a:s3cret@h",
        "spark:s3a://key:s3cret/x@lake/leads",
    ],
)
def test_an_address_of_something_else_is_refused_without_its_secrets(given):
    assert is_address(given)
    for opened in (open_address, open_source, lambda text: open_source(Path(text))):
        with pytest.raises(DataError) as error:
            opened(given)
        assert "s3cret" not in one_line(error)


ODD_ADDRESSES = [
    " postgresql://anna:ZVKQJX1@h/d",
    "'postgresql://anna:ZVKQJX1@h/d'",
    "jdbc:postgresql://anna:ZVKQJX1@h/d",
    "postgresql:anna:ZVKQJX1@h/d",
    "anna:ZVKQJX1@h/d",
    "postgresql://h/d?user=anna&%70assword=ZVKQJX1",
    "postgresql://h/d;user=anna;password=ZVKQJX1",
    "postgresql://h/d#ZVKQJX1",
    "postgresql://h/d?sslmode=disable;password=ZVKQJX1",
    "host=h user=anna password=ZVKQJX1 dbname=d",
    "host=h password = 'ZVKQJX1'",
    "odbc:Driver=x;UID=a;PWD=ZVKQJX1",
    "duckdb:md:crm?motherduck_token=ZVKQJX1",
    "duckdb:s3://key:ZVKQJX1@lake/leads.parquet",
    "spark:jdbc:postgresql://h/d?user=a&password=ZVKQJX1",
    "spark:abfss://c@a.example/leads?sig=ZVKQJX1",
]


@pytest.mark.parametrize("given", ODD_ADDRESSES)
def test_what_only_looks_like_an_address_keeps_its_secrets(given):
    assert is_address(given)
    for opened in (open_address, open_source, lambda text: open_source(Path(text)), shown_address):
        try:
            said = str(opened(given))
        except CalibrateError as error:
            said = str(error)
        assert "ZVK" not in said
        assert "\n" not in said


WORDS = [
    ["ADDRESS"],
    ["score", "ADDRESS", "leads.csv"],
    ["score", "rules.json", "leads.csv", "-o", "ADDRESS"],
    ["score", "rules.json", "leads.csv", "ADDRESS"],
    ["run", "leads.csv", "--outcome", "ADDRESS"],
    ["run", "leads.csv", "--outcome=ADDRESS"],
    ["inspect", "ADDRESS", "--tabel", "leads"],
    ["--config", "ADDRESS", "run", "leads.csv"],
]


@pytest.mark.parametrize("words", WORDS, ids=" ".join)
@pytest.mark.parametrize("given", ["postgresql://anna:ZVK%40QJX1@h/d", ODD_ADDRESSES[-7]])
def test_an_address_in_another_place_keeps_its_secrets(words, given, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "leads.csv").write_text("Status\nWon\nLost\n")
    monkeypatch.setattr(sys, "argv", ["calibrate", *(word.replace("ADDRESS", given) for word in words)])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code in (1, 2)
    said = "".join(capsys.readouterr())
    assert said
    for part in ("ZVK", "QJX"):
        assert part not in said


def test_what_holds_no_address_is_said_as_it_is():
    said = "leads.csv: there is no such file; expected a file with leads"
    assert without_secrets(said, ["run", "leads.csv", "C:/leads.csv", "--out=x"]) == said
    said = "localhost/crm: there is no table 'leeds'; did you mean 'leads'?"
    assert without_secrets(said, ["run", "postgresql://anna@localhost/crm", "--table", "leeds"]) == said


def test_leads_that_may_not_be_read_are_refused(server):
    with open_address(address(server), "secrets") as table, pytest.raises(DataError) as error:
        counted(table, "id")
    assert "permission denied for table secrets" in one_line(error)


def test_a_statement_time_out_is_said_with_what_to_do(server):
    with (
        open_address(address(server, options="-c statement_timeout=300"), "slow") as table,
        pytest.raises(DataError) as error,
    ):
        counted(table, "nap")
    assert "statement timeout" in one_line(error)
    assert "statement_timeout higher" in str(error.value)


def test_a_lost_connection_is_said(server):
    with open_address(address(server), "crm.leads") as table:
        pid = table.frame.to_native().get_backend().con.info.backend_pid
        with server.connect() as admin:
            admin.execute("SELECT pg_terminate_backend(%s)", (pid,))
            wait_until(lambda: not admin.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s", (pid,)).fetchone())
        with pytest.raises(DataError, match="the connection was lost"):
            counted(table, "won")


def wait_until(true, seconds=20):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "never came true"
        time.sleep(0.05)


def test_cancel_stops_the_query_on_the_server(server):
    with open_address(address(server), "slow") as table, server.connect() as admin:
        running = "SELECT 1 FROM pg_stat_activity WHERE usename = 'anna' AND state = 'active'"
        failed = []

        def ask():
            try:
                counted(table, "nap")
            except CalibrateError as error:
                failed.append(str(error))

        thread = threading.Thread(target=ask)
        thread.start()
        wait_until(lambda: admin.execute(running).fetchone())
        table.cancel()
        thread.join(10)
        assert not thread.is_alive()
        assert "the server stopped the query" in failed[0]
        assert admin.execute(running).fetchone() is None


def test_packages_that_are_not_installed_are_named_with_their_extra(monkeypatch):
    for module, where, extra in (("psycopg", "postgresql://h/d", "postgres"), ("pyspark.sql", "spark:leads", "spark")):
        monkeypatch.setitem(sys.modules, module, None)
        monkeypatch.delitem(sys.modules, f"calibrate.remote.{extra}", raising=False)
        with pytest.raises(DataError) as error:
            open_address(where)
        assert f'pip install "lead-calibrate[{extra}]"' in one_line(error)
        monkeypatch.undo()


def lake(folder):
    """A folder of Parquet files in folders named after a country, with columns that cannot be counted."""
    for country, first in (("NL", 0), ("DK", 10)):
        part = folder / f"country={country}"
        part.mkdir(parents=True)
        rows = range(first, first + 10)
        table = pa.table(
            {
                "id": list(rows),
                "won": [row % 2 == 0 for row in rows],
                "tags": [["a", "b"] for _ in rows],
                "place": [{"x": 1} for _ in rows],
                "price": pa.array([row / 4 for row in rows]).cast(pa.decimal128(10, 2)),
            }
        )
        pq.write_table(table, part / "part-0.parquet")
    (folder / "_SUCCESS").touch()
    return folder


def test_duckdb_counts_parquet_files_of_a_folder(tmp_path):
    with open_address(f"duckdb:{lake(tmp_path / 'le*ds')}") as table:
        assert (table.name, table.engine, set(table.left_out)) == ("DuckDB le*ds", "DuckDB", {"place"})
        assert counted(table, "country") == {"NL": 10, "DK": 10}
        assert counted(table, "tags") == {"a;b": 20}
        assert counted(table, "price")[2.25] == 1


def test_duckdb_counts_a_table_of_a_file_that_it_does_not_change(tmp_path):
    path = tmp_path / "crm.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE leads AS SELECT range AS id, 'NL' AS country FROM range(10)")
        connection.execute("CREATE SCHEMA old; CREATE TABLE old.leads AS SELECT 1 AS id")
    before = path.read_bytes()
    with open_address(f"duckdb:{path}", "leads") as table:
        assert counted(table, "country") == {"NL": 10}
    assert path.read_bytes() == before
    assert sorted(item.name for item in tmp_path.iterdir()) == ["crm.duckdb"]
    with pytest.raises(DataError, match=r"say --table: 'leads', 'old\.leads'"):
        open_address(f"duckdb:{path}")


@pytest.mark.parametrize(("name", "said"), [("nix", "no such file"), ("", "a folder without Parquet files")])
def test_duckdb_says_what_it_did_not_find(tmp_path, name, said):
    with pytest.raises(DataError) as error:
        open_address(f"duckdb:{tmp_path / name}")
    assert said in one_line(error)


def test_duckdb_says_what_is_no_database(tmp_path):
    (tmp_path / "leads.csv").write_text("a,b\n")
    with pytest.raises(DataError, match="expected a DuckDB or Parquet file"):
        open_address(f"duckdb:{tmp_path / 'leads.csv'}")


def test_duckdb_stops_when_it_is_told_to(tmp_path):
    path = tmp_path / "crm.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE VIEW leads AS SELECT hash(range) % 7 AS cell FROM range(1000000000000)")
    with open_address(f"duckdb:{path}", "leads") as table:
        timer = threading.Timer(0.5, table.cancel)
        timer.start()
        with pytest.raises(DataError, match="Interrupted"):
            counted(table, "cell")


def test_spark_counts_parquet_files_and_tables(spark, tmp_path):
    folder = lake(tmp_path / "leads")
    with open_address(f"spark:{folder}") as table:
        assert (table.name, table.engine, set(table.left_out)) == ("Spark leads", "Spark", {"place"})
        assert counted(table, "country") == {"NL": 10, "DK": 10}
        assert counted(table, "tags") == {"a;b": 20}
    spark.read.parquet(str(folder)).createOrReplaceTempView("leads")
    try:
        with open_address("spark:leads") as table:
            assert counted(table, "won") == {True: 10, False: 10}
        with pytest.raises(DataError, match="there is no table 'leeds'; did you mean 'leads'"):
            open_address("spark:leeds")
    finally:
        spark.catalog.dropTempView("leads")
    assert spark.range(3).count() == 3, "a session of somebody else goes on"


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("spark:/nix/leads", "PATH_NOT_FOUND"),
        ("spark:nix.leads", "there is none in 'nix'"),
        ("spark:", "names no leads"),
    ],
)
def test_spark_says_what_it_did_not_find(spark, where, said):
    with pytest.raises(DataError) as error:
        open_address(where)
    assert said in one_line(error)


def test_spark_stops_when_it_is_told_to(spark, tmp_path):
    pq.write_table(pa.table({"id": list(range(10))}), tmp_path / "leads.parquet")
    jobs = spark.sparkContext.statusTracker()
    with open_address(f"spark:{tmp_path}/leads.parquet") as table:
        # Not a number of seconds: Spark may first have to wait for others.
        long = table.frame.to_native().selectExpr("id", "explode(sequence(1, 1000000)) AS a")
        long = long.selectExpr("id", "explode(sequence(1, a)) AS b")
        failed = []

        def ask():
            try:
                table.fetched(nw.from_native(long).group_by("b").agg(nw.len().alias("leads")))
            except CalibrateError as error:
                failed.append(str(error))

        thread = threading.Thread(target=ask)
        thread.start()
        wait_until(jobs.getActiveJobsIds, 60)
        table.cancel()
        thread.join(60)
        assert not thread.is_alive()
        assert "cancel" in failed[0].lower()
        wait_until(lambda: not jobs.getActiveJobsIds())


def test_spark_without_java_says_so(tmp_path):
    program = (
        "from calibrate.errors import DataError\nfrom calibrate.remote.opening import open_address\n"
        "try:\n    open_address('spark:leads')\nexcept DataError as error:\n    print(error)\n"
    )
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("JAVA", "SPARK"))}
    for changes, said in (({"PATH": str(tmp_path)}, "on this machine"), ({"JAVA_HOME": "/nix"}, "in JAVA_HOME=/nix")):
        done = subprocess.run(
            [sys.executable, "-c", program], env=bare | changes, capture_output=True, text=True, timeout=60, check=True
        )
        assert (
            done.stdout
            == f"Spark: found no Java {said}, expected Java 17 or newer; install it, or set JAVA_HOME to it\n"
        )
        assert done.stderr == ""
