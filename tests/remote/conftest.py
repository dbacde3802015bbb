"""Engines that hold leads: a PostgreSQL server that is thrown away, and Spark on this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ENGINES = ("pandas", "polars", "Arrow", "DuckDB", "Ibis on DuckDB", "PostgreSQL", "Spark")
PROGRAMS = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)


NOT_OURS = (
    "ignore:PySpark does not yet fully support pandas:FutureWarning",
    "ignore:fetch_arrow_table:DeprecationWarning:ibis",
)


def pytest_collection_modifyitems(items):
    """Warnings that one engine's library raises about another are no faults here."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            for warning in NOT_OURS:
                item.add_marker(pytest.mark.filterwarnings(warning))


@dataclass(frozen=True)
class Server:
    """A PostgreSQL server on a socket in a folder of its own, with a user `postgres` who needs no password."""

    home: Path
    opened: list = field(default_factory=list)

    def connect(self, **options):
        """A psycopg connection, autocommit unless told otherwise."""
        import psycopg

        where = {"host": str(self.home), "user": "postgres", "dbname": "postgres", "autocommit": True}
        return psycopg.connect(**{**where, **options})

    def ibis(self):
        """An Ibis connection, closed with the server at the latest."""
        import ibis

        self.opened.append(ibis.postgres.connect(host=str(self.home), user="postgres", database="postgres"))
        return self.opened[-1]

    def load(self, name, columns, rows):
        """Make a table anew: columns as SQL (`id bigint, name text`), rows as tuples."""
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute(f'DROP TABLE IF EXISTS "{name}" CASCADE')
            cursor.execute(f'CREATE TABLE "{name}" ({columns})')
            with cursor.copy(f'COPY "{name}" FROM STDIN') as copy:
                for row in rows:
                    copy.write_row(row)


def as_postgres(command):
    """A command as a user who may run a server: root may not."""
    return ["su", "postgres", "-c", command] if os.geteuid() == 0 else ["sh", "-c", command]


@pytest.fixture(scope="session")
def postgres():
    if PROGRAMS is None:
        pytest.fail("PostgreSQL is not installed; expected Debian's package postgresql")
    home = Path(tempfile.mkdtemp(prefix="calibrate-postgres-"))
    home.chmod(0o777)
    begin = f"{PROGRAMS}/initdb -D {home}/data -U postgres -A trust -E UTF8 --locale=C"
    subprocess.run(as_postgres(begin), check=True, capture_output=True)
    start = f"exec {PROGRAMS}/postgres -D {home}/data -k {home} -c listen_addresses='' -c fsync=off"
    running = subprocess.Popen(as_postgres(start), stderr=subprocess.DEVNULL)
    server = Server(home)
    try:
        _wait_for(server)
        yield server
    finally:
        for connection in server.opened:
            connection.disconnect()
        pid = (home / "data" / "postmaster.pid").read_text().split("\n", 1)[0]
        subprocess.run(as_postgres(f"kill -INT {pid}"), check=False)
        running.wait(30)
        shutil.rmtree(home, ignore_errors=True)


def _wait_for(server):
    import psycopg

    for _ in range(300):
        with suppress(psycopg.OperationalError):
            server.connect().close()
            return
        time.sleep(0.1)
    pytest.fail("PostgreSQL did not start in 30 seconds")


@pytest.fixture(scope="session")
def spark():
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    from pyspark.sql import SparkSession

    session = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.log.level", "ERROR")
        .getOrCreate()
    )
    yield session
    session.stop()


@pytest.fixture(params=ENGINES, scope="session")
def engine(request):
    """Every engine."""
    return request.param


@pytest.fixture(params=ENGINES[:-1], scope="session")
def quick_engine(request):
    """Every engine but Spark, which takes seconds a query however few the leads."""
    return request.param


@pytest.fixture(scope="session")
def holding(request):
    """holding(engine, table): an Arrow table as that engine holds it, its moments read in UTC."""
    connections = {}
    makers = {
        "pandas": lambda table: table.to_pandas(),
        "polars": _in_polars,
        "Arrow": lambda table: table,
        "DuckDB": lambda table: _in_duckdb(connections, table),
        "Ibis on DuckDB": lambda table: _in_ibis_duckdb(connections, table),
        "PostgreSQL": lambda table: _in_postgres(connections, request.getfixturevalue("postgres"), table),
        "Spark": lambda table: request.getfixturevalue("spark").createDataFrame(table),
    }
    yield lambda engine, table: makers[engine](table)
    for name in connections.keys() & {"DuckDB", "Ibis on DuckDB"}:
        connections[name].close()


def _in_polars(table):
    import polars as pl

    return pl.from_arrow(table)


def _in_duckdb(connections, table):
    import duckdb

    connection = connections.setdefault("DuckDB", duckdb.connect())
    connection.execute("SET TimeZone = 'UTC'").fetchall()
    return connection.table(_copied(connection, table))


def _in_ibis_duckdb(connections, table):
    import ibis

    connection = connections.setdefault("Ibis on DuckDB", ibis.duckdb.connect().con)
    connection.execute("SET TimeZone = 'UTC'").fetchall()
    return ibis.duckdb.from_connection(connection).table(_copied(connection, table))


def _copied(connection, table):
    """The name of a new table in DuckDB."""
    name = f"leads{connection.execute('SELECT count(*) FROM duckdb_tables()').fetchall()[0][0]}"
    connection.register("held", table)
    connection.execute(f"CREATE TABLE {name} AS SELECT * FROM held").fetchall()
    connection.unregister("held")
    return name


POSTGRES_TYPES = {
    "string": "text",
    "int64": "bigint",
    "int32": "integer",
    "double": "double precision",
    "bool": "boolean",
    "date32[day]": "date",
    "timestamp[us]": "timestamp",
    "timestamp[us, tz=UTC]": "timestamptz",
    "decimal128(12, 2)": "numeric(12, 2)",
}


def _in_postgres(connections, server, table):
    if "PostgreSQL" not in connections:
        connections["PostgreSQL"] = server.ibis()
        connections["PostgreSQL"].con.execute("SET TIME ZONE 'UTC'")
    name = f"leads{len(connections['PostgreSQL'].list_tables())}"
    marked = [field.name.replace('"', '""') for field in table.schema]
    columns = ", ".join(
        f'"{name}" {POSTGRES_TYPES[str(field.type)]}' for name, field in zip(marked, table.schema, strict=True)
    )
    server.load(name, columns, zip(*(column.to_pylist() for column in table.columns), strict=True))
    return connections["PostgreSQL"].table(name)
