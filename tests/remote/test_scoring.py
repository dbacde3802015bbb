"""Leads get the same score, percentile, band and reasons from every engine as from Python."""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass
from typing import Any

import duckdb
import ibis
import narwhals as nw
import polars as pl
import psycopg
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from cases import AWKWARD, GATED, bank_trial, card, hostile, recombined, sample_trials, values_of_card
from click.testing import CliRunner
from drawn import drawn_cases
from texts import HOSTILE

import calibrate as cal
from calibrate.cli import cli
from calibrate.document.rules import Attribute, Case, Group, In, Is, Range, Reference, Rule, Rules, Score
from calibrate.document.rules_file import save_rules
from calibrate.document.score_table import score_table as score_here
from calibrate.document.scoring import COLUMNS
from calibrate.errors import CalibrateError, DataError, SettingsError
from calibrate.remote import writing
from calibrate.remote.opening import open_address
from calibrate.remote.score_answers import lead_key
from calibrate.remote.scoring import scored
from calibrate.remote.table import EngineTable, engine_table
from calibrate.remote.writing import write_scores
from calibrate.statistics.ranking import ScoreCounts

pytestmark = [
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning"),
    pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning"),  # of Ibis on DuckDB
]

POSTGRES = {"string": "text", "double": "double precision", "bool": "boolean", "int64": "bigint", "date32[day]": "date"}
ARROW = {"number": pa.float64(), "boolean": pa.bool_()}


@dataclass(frozen=True)
class Engine:
    """An engine, and a folder for what it reads from files."""

    name: str
    server: Any
    folder: Any

    def hold(self, table, name="leads"):
        """The table as that engine has one."""
        if self.name == "polars":
            return pl.from_arrow(table).lazy()
        if self.name == "duckdb":
            return loaded(table, name).table(name)
        if self.name == "ibis":
            connection = ibis.duckdb.connect()
            connection.con.register("given", table)
            connection.raw_sql(f"CREATE TABLE {name} AS SELECT * FROM given")
            return connection.table(name)
        if self.name == "postgres":
            columns = ", ".join(f"{quoted(field.name)} {POSTGRES[str(field.type)]}" for field in table.schema)
            self.server.load(name, columns, (tuple(row.values()) for row in table.to_pylist()))
            return self.server.ibis().table(name)
        path = self.folder / f"{name}.parquet"
        pq.write_table(table, path)
        return self.server.read.parquet(str(path))


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def loaded(table, name="leads", path=":memory:"):
    connection = duckdb.connect(str(path))
    connection.register("given", table)
    connection.execute(f"CREATE TABLE {name} AS SELECT * FROM given")
    connection.unregister("given")
    return connection


@pytest.fixture(params=["duckdb", "polars", "ibis", "postgres", "spark"])
def engine(request, tmp_path):
    name = request.param
    return Engine(name, request.getfixturevalue(name) if name in ("postgres", "spark") else None, tmp_path)


def answered(lazy):
    """The rows of a lazy table by their id."""
    return nw.from_native(lazy).collect(backend="pyarrow").to_native().sort_by("id")


def assert_same(rules, table, lazy, reasons=3):
    """The lazy table says of every lead what Python says."""
    expected, found = score_here(rules, table, reasons), answered(lazy)
    assert set(found.column_names) == {*table.column_names, *COLUMNS}
    for name in COLUMNS:
        pairs = zip(expected[name].to_pylist(), found[name].to_pylist(), table.to_pylist(), strict=True)
        assert not [pair for pair in pairs if pair[0] != pair[1]][:3], name


def as_table(trial_rules, leads, lists=False):
    """Leads as a table with an id: numbers and truths as such, all else as texts, a set in one text or a list."""
    columns = {"id": pa.array(range(len(leads)))}
    for name, attribute in trial_rules.attributes.items():
        values = [lead.get(name) for lead in leads]
        if attribute.type == "set" and lists:
            columns[name] = pa.array(values, pa.list_(pa.string()))
            continue
        if attribute.type == "set":
            mark = attribute.separator or ";"
            values = [
                value if value is None or isinstance(value, str) else mark.join(value) or mark for value in values
            ]
        columns[name] = pa.array(values, ARROW.get(attribute.type, pa.string()))
    return pa.table(columns)


def referenced(rules):
    """The same document with percentiles."""
    scores = tuple(range(-3, 80, 4))
    counts = tuple(7 + place % 5 for place, _ in enumerate(scores))
    reference = Reference(population="made", leads=sum(counts), scores=scores, counts=counts)
    return rules.model_copy(update={"reference": reference})


@pytest.fixture(scope="module")
def card_leads():
    return recombined(card(), values_of_card(), 3000)


@pytest.mark.parametrize("reasons", [0, 5])
def test_the_card_scores_the_same_everywhere(engine, card_leads, reasons):
    rules = referenced(card())
    table = as_table(rules, card_leads)
    assert_same(rules, table, cal.score_table(rules, engine.hold(table), reasons), reasons)


def test_texts_of_numbers_and_truths_are_read_as_in_a_file(engine, card_leads):
    """Every column is text, as in a table that was loaded without types."""
    rules = card()
    words = {True: "ja", False: "nee"}

    def cell(value):
        if isinstance(value, bool):
            return words[value]
        return f"€ {value:.8f}".replace(".", ",") if isinstance(value, float | int) else value

    table = as_table(rules, card_leads)
    texts = pa.table({
        name: column if name == "id" else pa.array([cell(value) for value in column.to_pylist()], pa.string())
        for name, column in zip(table.column_names, table.columns, strict=True)
    })  # fmt: skip
    assert_same(rules, texts, cal.score_table(rules, engine.hold(texts)))


@pytest.fixture(scope="module")
def histories():
    """The sample twice, and the bank where it is at hand."""
    bank = bank_trial()
    return [*sample_trials(), *([bank] if bank else [])]


def test_the_sample_and_the_bank_score_the_same_everywhere(engine, histories):
    for place, trial in enumerate(histories):
        table = as_table(trial.rules, trial.leads)
        assert_same(trial.rules, table, cal.score_table(trial.rules, engine.hold(table, f"history_{place}")))
    if len(histories) < 3:
        pytest.skip("../shared/data/bank is not at hand; the sample was tried")


def test_hostile_texts_score_the_same_everywhere(engine):
    members = [text for text in HOSTILE if text.strip() == text and ";" not in text]
    leads = [{AWKWARD: text, "select": [member]} for text in (*HOSTILE, GATED, "", "x") for member in members[::4]]
    table = as_table(hostile(), leads)
    assert_same(hostile(), table, cal.score_table(hostile(), engine.hold(table)))


@pytest.mark.parametrize("name", ["duckdb", "polars", "ibis"])
def test_drawn_documents_score_the_same(name, tmp_path):
    for rules, leads in drawn_cases(40):
        table = as_table(rules, leads)
        assert_same(rules, table, cal.score_table(rules, Engine(name, None, tmp_path).hold(table)))


@pytest.mark.parametrize("name", ["postgres", "spark"])
def test_a_few_drawn_documents_score_the_same(name, request, tmp_path):
    engine = Engine(name, request.getfixturevalue(name), tmp_path)
    for place, (rules, leads) in enumerate(drawn_cases(40)[::8]):
        table = as_table(rules, leads)
        assert_same(rules, table, cal.score_table(rules, engine.hold(table, f"drawn_{place}")))


@pytest.mark.parametrize("name", ["duckdb", "polars", "spark"])
def test_a_set_may_be_a_list(name, request, tmp_path, card_leads):
    server = request.getfixturevalue(name) if name == "spark" else None
    table = as_table(card(), card_leads, lists=True)
    assert_same(card(), table, cal.score_table(card(), Engine(name, server, tmp_path).hold(table)))


def sizes(**more):
    rule = Rule(id="r", attr="Size", cases=(Case(when=Range(ge=0, lt=10), points=5), Case(when=Range(ge=10), points=9)))
    rule = rule.model_copy(update={"otherwise": 2, "missing": -3, **more})
    return Rules(id="x", version="1", attributes={"Size": Attribute(type="number")}, rules=(rule,))


def test_what_is_no_number_is_missing_everywhere(engine):
    """NaN, infinities and NULL are missing; -0.0 is 0."""
    values = [math.nan, math.inf, -math.inf, None, -0.0, 0.0, -1e-300, 9.999, 10.0, 1.7976931348623157e308]
    table = pa.table({"id": range(len(values)), "Size": pa.array(values, pa.float64(), from_pandas=False)})
    found = answered(cal.score_table(sizes(), engine.hold(table)))
    assert found["score"].to_pylist() == [-3, -3, -3, -3, 5, 5, 2, 5, 9, 9]
    assert_same(sizes(), table, cal.score_table(sizes(), engine.hold(table)))


def test_blank_texts_are_missing_and_all_others_are_told_apart(engine):
    rule = Rule(id="r", attr="City", cases=(Case(when=In(in_=("i", "us ")), points=7),), otherwise=2, missing=-3)
    rules = Rules(id="x", version="1", attributes={"City": Attribute(type="text")}, rules=(rule,))
    values = ["i", "I", "ı", "İ", "us", "us ", "US ", "", " ", "\t\n", "\u00a0\u2003", None, "\u200b", "n.v.t."]
    table = pa.table({"id": range(len(values)), "City": pa.array(values, pa.string())})
    found = answered(cal.score_table(rules, engine.hold(table)))
    assert found["score"].to_pylist() == [7, 2, 2, 2, 2, 7, 2, -3, -3, -3, -3, -3, 2, 2]
    assert_same(rules, table, cal.score_table(rules, engine.hold(table)))


def test_whole_numbers_are_read_for_other_kinds(engine):
    """A category and a truth value in a column of whole numbers, and one in a column of days."""

    def one(kind, when):
        return Rule(id=kind[:1] + kind[-1:], attr=kind, cases=(Case(when=when, points=7),), otherwise=2, missing=-3)

    rules = Rules(
        id="x", version="1",
        attributes={"category": Attribute(type="category"), "boolean": Attribute(type="boolean"),
                    "text": Attribute(type="text")},
        rules=(one("category", In(in_=("12", "-3"))), one("boolean", Is(is_=True)),
               one("text", In(in_=("2026-01-31",)))),
    )  # fmt: skip
    days = pc.strptime(pa.array(["2026-01-31", None, "2026-02-01", "2026-01-31"]), "%Y-%m-%d", "s").cast(pa.date32())
    numbers = pa.array([12, -3, None, 120], pa.int64()), pa.array([1, 0, None, 1], pa.int64())
    table = pa.table({"id": range(4), "category": numbers[0], "boolean": numbers[1], "text": days})
    assert_same(rules, table, cal.score_table(rules, engine.hold(table)))


def test_large_points_and_caps(engine):
    """Sums and reasons beyond four bytes."""
    rules = Rules(
        id="x", version="1", attributes={"Size": Attribute(type="number")},
        groups={"fit": Group(max=7), "free": Group(min=-1)}, score=Score(base=3),
        rules=tuple(
            Rule(id=f"r{place}", attr="Size", group=group, cases=(Case(when=Range(ge=1), points=sign * 1_000_000),))
            for place, (group, sign) in enumerate([("fit", 1)] * 40 + [("free", -1)] * 40)
        ),
    )  # fmt: skip
    table = pa.table({"id": [0, 1], "Size": [0.0, 5.0]})
    assert_same(rules, table, cal.score_table(rules, engine.hold(table), 4), 4)


def test_the_result_is_lazy_and_of_the_same_kind(engine):
    """Nothing is computed before it is asked for: a value that cannot be cast fails then."""
    held = engine.hold(pa.table({"id": [1], "Size": [1.0]}))
    found = cal.score_table(sizes(), held)
    assert type(found) is type(held)
    assert nw.from_native(found).collect_schema().names() == ["id", "Size", *COLUMNS]


def test_an_absent_column_is_missing_in_every_lead(engine):
    rules = card()
    table = pa.table({"id": [0, 1], "Country": ["US", None]})
    assert_same(rules, table, cal.score_table(rules, engine.hold(table)))


def test_the_histogram_is_that_of_python(engine, histories):
    trial = histories[0]
    won = [place % 7 == 0 for place in range(len(trial.leads))]
    state = ["Won" if one else "Lost" if place % 3 else "Open" for place, one in enumerate(won)]
    table = as_table(trial.rules, trial.leads).append_column("Fate", pa.array(state))
    found = cal.score_counts(trial.rules, engine.hold(table), "Fate=Won", lost="Lost")
    known = [place for place, word in enumerate(state) if word != "Open"]
    scores = [trial.expected[place][0] for place in known]
    assert found == ScoreCounts.from_arrays(scores, [won[place] for place in known])
    assert found.total_conversions == sum(won)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"id": [1], "Sise": [2.0]}, "table: has none of the columns that the rules read, expected 'Size'; did"),
        ({"id": [1], "Size": [2.0], "score": [1]}, "table: has 'score' already"),
        ({"id": [1], "Size": ["many"]}, "'many' cannot be read; expected a whole number"),
        ({"id": [1], "Size": [[2.0]]}, "column 'Size': found List(Float64), expected single values for a number;"),
        ({"id": range(30_000), "Size": [str(number) for number in range(30_000)]},
         "table, column 'Size': found more than 20,000 different values of type string"),
    ],
)  # fmt: skip
def test_what_cannot_be_scored_is_refused_in_one_line(columns, said):
    relation = loaded(pa.table(columns)).table("leads")
    with pytest.raises(DataError) as error:
        cal.score_table(sizes(), relation)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_names_without_case_are_taken_too():
    relation = loaded(pa.table({"Size": [2.0], "SCORE": [1]})).table("leads")
    with pytest.raises(DataError, match="has 'score' already"):
        cal.score_table(sizes(), relation)


def test_a_column_that_was_left_out_is_named():
    table = engine_table(loaded(pa.table({"id": [1]})).table("leads"), "crm leads")
    left = EngineTable(table.name, table.engine, table.frame, left_out={"Size": "is of type json"})
    with pytest.raises(DataError, match="crm leads: column 'Size' is of type json, expected a type"):
        scored(sizes(), left)


def test_an_engine_that_passes_over_case_is_refused():
    held = EngineTable("crm leads", "mysql", nw.from_native(pl.LazyFrame({"Size": [1.0]})))
    with pytest.raises(DataError, match="crm leads: is in mysql, which passes over the case of texts"):
        scored(sizes(), held)


def test_the_key_is_the_first_column_different_in_every_lead():
    table = pa.table({"Size": [1.5, 2.5], "Country": ["NL", "NL"], "Lead": ["a", "b"], "other": [1, 2]})
    held = engine_table(loaded(table).table("leads"), "crm")
    assert lead_key(held, None) == "Lead"
    assert lead_key(held, "Country") == "Country"
    with pytest.raises(SettingsError, match=r"crm: there is no column 'Led' \(--lead-key\); did you mean 'Lead'"):
        lead_key(held, "Led")
    alike = engine_table(loaded(table.select(["Size", "Country"])).table("leads"), "crm")
    with pytest.raises(SettingsError, match=r"no column that is different in every lead.*--lead-key"):
        lead_key(alike, None)


def run(*arguments):
    """The command's exit code and what it prints."""
    done = CliRunner().invoke(cli, ["score", *map(str, arguments)])
    if isinstance(done.exception, CalibrateError):
        return 1, f"{done.exception}\n"
    if done.exception is not None:
        raise done.exception
    return done.exit_code, done.output


@pytest.fixture
def rules_file(tmp_path):
    save_rules(card(), tmp_path / "rules.json")
    return tmp_path / "rules.json"


@pytest.fixture
def server(postgres, card_leads):
    """A server with leads, and where they are."""
    Engine("postgres", postgres, None).hold(as_table(card(), card_leads), "crm_leads")
    with postgres.connect() as connection:
        connection.execute("DROP TABLE IF EXISTS crm_scores")
    yield postgres
    with postgres.connect() as connection:
        connection.execute("DROP TABLE IF EXISTS crm_scores")
        connection.execute("DROP TABLE IF EXISTS crm_leads CASCADE")


def address(server, **options):
    more = "".join(f"&{name}={value}" for name, value in options.items())
    return f"postgresql://postgres@/postgres?host={server.home}{more}"


def tables(server):
    with server.connect() as connection:
        return {name for (name,) in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}


def scores_in(server, table="crm_scores"):
    with server.connect() as connection:
        return connection.execute(f"SELECT id, score, percentile, band, reasons FROM {table} ORDER BY id").fetchall()


def expected_rows(card_leads):
    table = score_here(card(), as_table(card(), card_leads))
    return [tuple(row.values()) for row in table.select(["id", *COLUMNS]).to_pylist()]


def test_the_same_file_from_every_engine(server, rules_file, tmp_path, card_leads):
    loaded(as_table(card(), card_leads), path=tmp_path / "crm.duckdb").close()
    one, other = tmp_path / "one.csv", tmp_path / "other.csv"
    assert run(rules_file, address(server), "--table", "crm_leads", "-o", one, "--quiet")[0] == 0
    assert run(rules_file, f"duckdb:{tmp_path / 'crm.duckdb'}", "-o", other, "--quiet")[0] == 0
    assert one.read_bytes() == other.read_bytes()
    code, said = run(rules_file, address(server), "--table", "crm_leads", "-o", tmp_path / "three.parquet")
    assert code == 0
    assert "'id' names the lead; --lead-key names another." in said
    assert f"{len(card_leads):,} leads with score" in said
    found = pq.read_table(tmp_path / "three.parquet")
    assert [tuple(row.values()) for row in found.to_pylist()] == expected_rows(card_leads)


def test_scores_go_into_a_table_once(server, rules_file, card_leads):
    place = address(server), "--table", "crm_leads", "--to-table"
    assert run(rules_file, *place, "crm_scores")[0] == 0
    assert scores_in(server) == expected_rows(card_leads)
    before = tables(server)
    found = (
        "localhost/postgres crm_leads: 'crm_scores' is there already; replace it with --overwrite, or choose another"
    )
    assert run(rules_file, *place, "crm_scores") == (1, f"{found} --to-table\n")
    with server.connect() as connection:
        connection.execute("DELETE FROM crm_scores WHERE id > 10")
    assert run(rules_file, *place, "crm_scores", "--overwrite")[0] == 0
    assert scores_in(server) == expected_rows(card_leads)
    code, said = run(rules_file, *place, "crm_leads", "--overwrite")
    assert code == 1
    assert "'crm_leads' is there and holds no scores" in said
    assert tables(server) == before


@pytest.mark.parametrize(
    "name", ['sc"q', "sc'q", "sc;drop table crm_leads", "Crm_Scores", "select", "%s", "{}", "Ü ç", "n" * 63]
)
def test_the_name_of_a_table_is_no_more_than_that(server, rules_file, card_leads, name):
    place = address(server), "--table", "crm_leads", "--to-table", name, "--quiet"
    before = tables(server)
    marked = psycopg.sql.Identifier(name).as_string()
    try:
        assert run(rules_file, *place)[0] == 0
        assert run(rules_file, *place, "--overwrite")[0] == 0
        assert tables(server) == before | {name}
        assert scores_in(server, marked) == expected_rows(card_leads)
    finally:
        with server.connect() as admin:
            admin.execute(f"DROP TABLE IF EXISTS {marked}")


def test_names_that_postgres_would_not_keep_are_refused(server, rules_file):
    place = address(server), "--table", "crm_leads", "--to-table"
    for name in ("n" * 64, "é" * 32):
        code, said = run(rules_file, *place, name)
        assert (code, "expected a name of at most 63 bytes" in said) == (1, True)
    code, said = run(rules_file, *place, "pg_temp.scores")
    assert (code, "expected a schema that lasts" in said) == (1, True)


def test_leads_with_their_scores_are_never_replaced(server, rules_file):
    place = address(server), "--table", "crm_leads", "--to-table"
    assert run(rules_file, *place, "crm_scores")[0] == 0
    with server.connect() as admin:
        admin.execute("ALTER TABLE crm_scores ADD COLUMN gone int")
        admin.execute("ALTER TABLE crm_scores DROP COLUMN gone")
        assert run(rules_file, *place, "crm_scores", "--overwrite")[0] == 0
        admin.execute("ALTER TABLE crm_scores ADD COLUMN note text")
    code, said = run(rules_file, *place, "crm_scores", "--overwrite")
    assert (code, "'crm_scores' is there and holds no scores" in said) == (1, True)


def test_where_nothing_may_be_written(server, rules_file):
    place = "--table", "crm_leads", "--to-table"
    with server.connect() as admin:
        admin.execute("CREATE ROLE reader LOGIN")
        admin.execute("GRANT SELECT ON crm_leads TO reader")
    try:
        reader = address(server).replace("postgres@", "reader@")
        code, said = run(rules_file, reader, *place, "crm_scores")
        assert code == 1
        assert "'crm_scores' may not be written ('permission denied for schema public'), expected the right" in said
    finally:
        with server.connect() as admin:
            admin.execute("DROP OWNED BY reader")
            admin.execute("DROP ROLE reader")
    only_read = address(server, options="-c%20default_transaction_read_only%3Don")
    code, said = run(rules_file, only_read, *place, "crm_scores")
    assert code == 1
    assert "'crm_scores' may not be written ('cannot execute CREATE TABLE AS in a read-only transaction')" in said
    code, said = run(rules_file, address(server), *place, "nowhere.scores")
    assert code == 1
    assert "'nowhere.scores' cannot be made ('schema \"nowhere\" does not exist')" in said
    code, said = run(rules_file, address(server), *place, "a..b")
    assert code == 1
    assert "--to-table: found 'a..b', expected the name of a table such as" in said
    assert "crm_scores" not in tables(server)


def test_without_to_table_nothing_can_be_written(server):
    with open_address(address(server), "crm_leads") as table:
        scores = scored(card(), table).select("id", *COLUMNS)
        with pytest.raises(DataError, match="read-only transaction"):
            write_scores(table, scores, "crm_scores")
    assert "crm_scores" not in tables(server)


def test_a_connection_that_is_lost_leaves_the_old_scores(server, rules_file, card_leads):
    assert run(rules_file, address(server), "--table", "crm_leads", "--to-table", "crm_scores")[0] == 0
    with server.connect() as admin:
        admin.execute("CREATE OR REPLACE VIEW slow_leads AS SELECT *, pg_sleep(0.01) IS NULL AS nap FROM crm_leads")
    before, others = scores_in(server), tables(server)

    def kill():
        with server.connect() as admin:
            for _ in range(600):
                found = admin.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'CREATE TABLE%'"
                ).fetchall()
                if found:
                    return
                time.sleep(0.05)

    # A column that sleeps is asked for only where the rules read it.
    rules = card().model_copy(update={"attributes": {**card().attributes, "nap": Attribute(type="boolean")}})
    nap = Rule(id="nap", attr="nap", cases=(Case(when=Is(is_=True), points=1),))
    save_rules(rules.model_copy(update={"rules": (*rules.rules, nap)}), rules_file)
    killer = threading.Thread(target=kill)
    killer.start()
    into = "--lead-key", "id", "--to-table", "crm_scores", "--overwrite", "--quiet"
    code, said = run(rules_file, address(server), "--table", "slow_leads", *into)
    killer.join()
    assert code == 1
    assert said.count("\n") == 1
    assert "the connection was lost" in said
    assert "nothing was written to 'crm_scores'" in said
    assert scores_in(server) == before
    assert tables(server) == others
    with server.connect() as admin:
        admin.execute("DROP VIEW slow_leads")


def test_a_table_in_a_duckdb_file(rules_file, tmp_path, card_leads):
    path = tmp_path / "crm.duckdb"
    loaded(as_table(card(), card_leads), path=path).close()
    place = f"duckdb:{path}", "--table", "leads", "--to-table"
    assert run(rules_file, *place, "scores")[0] == 0
    with duckdb.connect(str(path)) as connection:
        found = connection.execute("FROM scores ORDER BY id").fetchall()
        connection.execute("DELETE FROM scores")
    assert found == expected_rows(card_leads)
    code, said = run(rules_file, *place, "Scores")
    assert (code, "'Scores' is there already" in said) == (1, True)
    assert "'LEADS' is there and holds no scores" in run(rules_file, *place, "LEADS", "--overwrite")[1]
    assert run(rules_file, *place, "scores", "--overwrite")[0] == 0
    with duckdb.connect(str(path), read_only=True) as connection:
        assert connection.execute("FROM scores ORDER BY id").fetchall() == found
    pq.write_table(as_table(card(), card_leads[:5]), tmp_path / "leads.parquet")
    code, said = run(rules_file, f"duckdb:{tmp_path / 'leads.parquet'}", "--to-table", "scores")
    assert (code, "found Parquet, expected a DuckDB file" in said) == (1, True)


def test_a_table_in_spark(spark, tmp_path, card_leads):
    name = "scores_of_leads"
    held = engine_table(Engine("spark", spark, tmp_path).hold(as_table(card(), card_leads[:200])), "crm")
    scores = scored(card(), held).select("id", *COLUMNS)
    try:
        assert write_scores(held, scores, name) == 200
        with pytest.raises(SettingsError, match="'scores_of_leads' is there already"):
            write_scores(held, scores, name)
        assert write_scores(held, scores, name, overwrite=True) == 200
        rows = [tuple(row) for row in spark.table(name).orderBy("id").collect()]
        assert rows == expected_rows(card_leads[:200])
        spark.range(3).write.saveAsTable(f"{name}_new")
        with pytest.raises(SettingsError, match="'scores_of_leads_new' is there already"):
            write_scores(held, scores, name, overwrite=True)
        assert (spark.table(f"{name}_new").count(), spark.table(name).count()) == (3, 200)
        spark.sql(f"DROP TABLE {name}_new")
        failing = scores.with_columns(id=nw.col("reasons").cast(nw.Int64))
        with pytest.raises(DataError, match="nothing was written"):
            write_scores(held, failing, name, overwrite=True)
        assert spark.table(name).count() == 200
        with pytest.raises(DataError, match="nothing was written"):
            write_scores(held, failing, "other_scores")
        assert not spark.catalog.tableExists("other_scores")
        assert write_scores(held, scores, "other_scores") == 200
    finally:
        for made in (name, "other_scores", f"{name}_new"):
            spark.sql(f"DROP TABLE IF EXISTS {made}")


def test_a_folder_that_spark_writes(spark, tmp_path, card_leads):
    held = engine_table(Engine("spark", spark, tmp_path).hold(as_table(card(), card_leads[:50])), "crm")
    scores, place = scored(card(), held).select("id", *COLUMNS), f"{tmp_path}/scored"
    assert write_scores(held, scores, place) == 50
    assert pq.read_table(place).num_rows == 50
    with pytest.raises(SettingsError, match="is there already"):
        write_scores(held, scores, place)
    with pytest.raises(DataError, match="nothing was written"):
        write_scores(held, scores.with_columns(id=nw.col("reasons").cast(nw.Int64)), f"{tmp_path}/failed")
    assert not (tmp_path / "failed").exists()


def test_a_folder_that_was_there_stays_on_ctrl_c(spark, tmp_path, card_leads, monkeypatch):
    held = engine_table(Engine("spark", spark, tmp_path).hold(as_table(card(), card_leads[:5])), "crm")
    scores, place = scored(card(), held).select("id", *COLUMNS), tmp_path / "leads of somebody"
    place.mkdir()
    (place / "leads.csv").write_text("id\n1\n")

    def pressed(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("pyspark.sql.classic.dataframe.DataFrameWriter.parquet", pressed)
    with pytest.raises(SettingsError, match="is there already"):
        write_scores(held, scores, str(place))
    assert (place / "leads.csv").exists()
    with pytest.raises(KeyboardInterrupt):
        write_scores(held, scores, f"{tmp_path}/begun")


def test_scores_in_spark_are_there_whatever_fails(spark, tmp_path, card_leads, monkeypatch):
    held = engine_table(Engine("spark", spark, tmp_path).hold(as_table(card(), card_leads[:20])), "crm")
    scores = scored(card(), held).select("id", *COLUMNS)
    name = "spark_catalog.default.kept_scores"
    try:
        assert write_scores(held, scores, name) == 20
        assert write_scores(held, scores, name, overwrite=True) == 20
        renamed, asked = writing._rename, []

        def fails_at_second(session, parts, into):
            asked.append(into)
            if len(asked) == 2:
                raise OSError("no room")
            renamed(session, parts, into)

        monkeypatch.setattr(writing, "_rename", fails_at_second)
        with pytest.raises(DataError, match="nothing was written"):
            write_scores(held, scores, name, overwrite=True)
        assert len(asked) == 3
        assert spark.table(name).count() == 20
        assert {item.name for item in spark.catalog.listTables()} & {"kept_scores_new", "kept_scores_old"} == set()
        for odd in ("sc q", "scé", "sc`q", "default.s-c"):
            with pytest.raises(SettingsError, match="letters of English, digits and _"):
                write_scores(held, scores, odd)
    finally:
        for end in ("", "_new", "_old"):
            spark.sql(f"DROP TABLE IF EXISTS kept_scores{end}")


def test_other_engines_are_not_written_to():
    held = engine_table(pl.LazyFrame({"Size": [1.0]}))
    with pytest.raises(SettingsError, match="--to-table: found leads in polars, expected them in PostgreSQL, DuckDB"):
        write_scores(held, held.frame, "scores")


def test_options_that_belong_to_addresses(rules_file, tmp_path):
    leads = tmp_path / "leads.csv"
    leads.write_text("Country\nUS\n")
    assert run(rules_file, leads, "--to-table", "x")[1].startswith("--to-table: found 'x', expected it with an address")
    code, said = run(rules_file, "duckdb:x", "--to-table", "x", "-o", tmp_path / "y.csv")
    assert (code, "as --out beside it, expected one of them" in said) == (1, True)
