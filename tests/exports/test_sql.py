"""The SQL that rules become: names, tables, arrays, and what a dialect makes of texts."""

from __future__ import annotations

import sqlite3

import duckdb
import pytest
from cases import card, hostile, recombined, values_of_card

from calibrate.document.rules import Attribute, Case, Has, In, Range, Rule, Rules
from calibrate.errors import DataError, SettingsError
from calibrate.exports import CheckLeads, ExportError, Options, export_rules
from calibrate.exports.check import expected_scores, prepared
from calibrate.exports.targets import sql

OTHERS = tuple(name for name in sql.DIALECTS if name != "duckdb")


def text_of(rules, dialect, **options):
    (made,) = export_rules(rules, f"sql:{dialect}", Options(**options))
    return made.export.files[f"rules.{dialect}.sql"].decode()


def one(attribute="Country", kind="category", when=None, **more):
    rule = Rule(id="r", attr=attribute, cases=(Case(when=when or In(in_=("US",)), points=1),), **more)
    separator = ";" if kind == "set" else None
    return Rules(id="x", version="1", attributes={attribute: Attribute(type=kind, separator=separator)}, rules=(rule,))


@pytest.mark.parametrize("lists", [False, True], ids=["texts", "arrays"])
def test_sets_as_arrays_and_tables_in_schemas(lists):
    options = Options(table='crm."deals 2026".leads', key="Lead ID", lists=lists)
    (made,) = export_rules(card(), "sql:duckdb", options)
    leads = recombined(card(), values_of_card(), 400)
    run = sql.run(made.export, options, [prepared(lead, made.export.inputs) for lead in leads])
    assert run is not None
    assert list(run.scores) == expected_scores(card(), leads)
    assert {item.kind for item in made.export.inputs if item.attribute == "Pages"} == {"list" if lists else "delimited"}


def as_loaded(value):
    """A cell as it lies in a table that was loaded from a text file without types."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return ";".join(value) or ";" if isinstance(value, list) else str(value)


@pytest.mark.parametrize("engine", ["duckdb", "sqlite"])
def test_columns_of_texts_with_blanks_score_the_same(engine):
    """As the shells of these engines load a CSV file."""
    rules, leads = card(), recombined(card(), values_of_card(), 600)
    names = list(rules.attributes)
    query = text_of(rules, engine).rstrip().rstrip(";")
    rows = [[place, *(as_loaded(lead.get(name)) for name in names)] for place, lead in enumerate(leads)]
    columns = ", ".join(["id INTEGER", *(f'"{name}" VARCHAR' for name in names)])
    connection = duckdb.connect() if engine == "duckdb" else sqlite3.connect(":memory:")
    connection.execute(f"CREATE TABLE leads ({columns})")
    connection.executemany(f"INSERT INTO leads VALUES ({', '.join('?' * (1 + len(names)))})", rows)
    found = connection.execute(f"SELECT score, band FROM ({query}) ORDER BY id").fetchall()
    connection.close()
    assert found == expected_scores(rules, leads)


def test_nan_is_missing():
    sizes = Rules(
        id="x", version="1", attributes={"Size": Attribute(type="number")},
        rules=(Rule(id="r", attr="Size", cases=(Case(when=Range(ge=1), points=5),), otherwise=2, missing=-3),),
    )  # fmt: skip
    (made,) = export_rules(sizes, "sql:duckdb")
    run = sql.run(made.export, Options(), [{"Size": value} for value in (float("nan"), None, 0.5, 1.0, float("inf"))])
    assert run is not None
    assert [score for score, _ in run.scores] == [-3, -3, 2, 5, 5]


def test_the_text_says_what_it_reads():
    text = text_of(card(), "postgres", table="crm.leads", key="Lead ID")
    assert "-- Reads 'crm.leads' with the columns 'Lead ID' and" in text
    assert "--   'Employees': number" in text
    assert "--   'Pages': text such as a;b" in text


def test_only_texts_for_duckdb_are_run():
    (made,) = export_rules(card(), "sql:postgres")
    assert sql.run(made.export, Options(), []) is None


@pytest.mark.parametrize("name", ["", "leads -- x", "read_csv('/etc/passwd')", "a.b.c.d.e"])
def test_what_is_no_table_is_refused(name):
    with pytest.raises(SettingsError, match="--sql-table: found"):
        export_rules(card(), "sql:duckdb", Options(table=name))


def test_what_would_end_the_name_of_a_table_is_quoted():
    assert 'FROM "leads; DROP TABLE x" AS leads' in text_of(card(), "postgres", table="leads; DROP TABLE x")


def test_an_unquoted_table_keeps_the_case_of_its_engine():
    assert "FROM crm.leads AS leads" in text_of(card(), "snowflake", table="crm.leads")


@pytest.mark.parametrize("dialect", sql.DIALECTS)
def test_no_dialect_searches_texts_by_like(dialect):
    assert "LIKE" not in text_of(hostile(), dialect).upper()


@pytest.mark.parametrize(("dialect", "said"), [("mysql", "COLLATE utf8mb4_0900_bin"), ("tsql", "BIN2")])
def test_dialects_that_pass_over_case_are_told_not_to(dialect, said):
    text = text_of(one(), dialect)
    assert text.count(said) >= 1
    assert all(said not in text_of(one(), other) for other in OTHERS if other != dialect)


def test_sql_server_sees_spaces_at_the_end():
    text = text_of(one(), "tsql")
    assert "+ '|'" in text
    assert "N'US|'" in text


@pytest.mark.parametrize("dialect", ["spark", "databricks"])
def test_spark_finds_no_variable_in_a_text(dialect):
    text = text_of(one(when=In(in_=("{{x}} ${y} ${z}",))), dialect)
    assert "${" not in text
    assert "CONCAT('{{x}} $', '{y} $', '{z}')" in text


def test_bigquery_has_names_of_its_own():
    text = text_of(one("Size (m²) / site"), "bigquery")
    assert "`leads`.`Size _m²_ _ site`" in text


@pytest.mark.parametrize(
    ("names", "found"),
    [
        ({"Country": "score"}, "the name of a result"),
        ({"Country": "ID"}, "the name of a result"),
        ({"Country": ""}, "the field name ''"),
    ],
)
def test_names_that_are_taken_are_refused(names, found):
    with pytest.raises(ExportError, match=f"^sql: attribute 'Country': found {found}"):
        export_rules(one(), "sql", Options(fields=names))


def test_names_that_differ_in_case_only_are_refused():
    with pytest.raises(ExportError, match="attribute 'Country': found the field 'Country' of 'Industry'"):
        export_rules(card(), "sql:duckdb", Options(fields={"Industry": "COUNTRY"}))


def test_postgres_sees_no_more_than_63_bytes_of_a_name():
    names = {"Industry": "x" * 63 + "1", "Country": "x" * 63 + "2"}
    with pytest.raises(ExportError, match="of 'Industry', expected its own"):
        export_rules(card(), "sql:postgres", Options(fields=names))


def test_a_value_that_holds_the_separator_needs_arrays():
    rules = one("Pages", "set", Has(has="a;b"))
    with pytest.raises(
        ExportError, match=r"sql: rules\[0\].cases\[0\].when: found 'a;b', expected a value without ';'"
    ):
        export_rules(rules, "sql:duckdb")
    assert "'a;b'" in text_of(rules, "duckdb", lists=True)


def test_nul_is_refused():
    with pytest.raises(ExportError, match="found a NUL"):
        export_rules(one(when=In(in_=("a\0b",))), "sql")


def test_many_cases_and_rules():
    cases = tuple(Case(when=In(in_=(f"v{number}",)), points=number % 90) for number in range(500))
    rule = Rule(id="long", attr="Country", cases=cases)
    short = tuple(
        Rule(id=f"r{number}", attr="Size", cases=(Case(when=Range(ge=number), points=1),)) for number in range(300)
    )
    attributes = {"Country": Attribute(type="category"), "Size": Attribute(type="number")}
    rules = Rules(id="x", version="1", attributes=attributes, rules=(rule, *short))
    (made,) = export_rules(rules, "sql:duckdb")
    leads = [{"Country": "v499", "Size": 298.5}, {"Country": "v7"}, {"Size": 1e9}, {}]
    run = sql.run(made.export, Options(), leads)
    assert run is not None
    assert [score for score, _ in run.scores] == [499 % 90 + 299, 7, 300, 0]
    more = tuple(short[0].model_copy(update={"id": f"s{number}"}) for number in range(901))
    long = rules.model_copy(update={"rules": more})
    with pytest.raises(ExportError, match="found 901, expected at most 900"):
        export_rules(long, "sql:sqlite")


def test_a_long_rule_id_is_no_name():
    rules = one()
    rules = rules.model_copy(update={"rules": (rules.rules[0].model_copy(update={"id": "r" * 80}),)})
    assert "AS points_0" in text_of(rules, "postgres")


def test_check_leads_is_public():
    assert CheckLeads.__module__ == "calibrate.exports.check"


@pytest.mark.parametrize("key", ["total", "GATE", "score", "group_1", "points_far", "", "a\0b"])
def test_a_key_that_is_a_result_is_refused(key):
    with pytest.raises(ExportError, match="--sql-key: found"):
        export_rules(card(), "sql:duckdb", Options(key=key))


@pytest.mark.parametrize("table", ["points", "Scored"])
def test_a_table_called_as_a_step_is_refused(table):
    with pytest.raises(ExportError, match="the name of a step"):
        export_rules(card(), "sql:sqlite", Options(table=table))


def test_a_broken_quote_in_the_name_of_a_table_is_refused():
    with pytest.raises(SettingsError, match="--sql-table"):
        export_rules(card(), "sql:duckdb", Options(table="x'y"))


def test_arrays_are_refused_for_dialects_without_them():
    with pytest.raises(ExportError, match="--sql-lists: found sqlite, mysql"):
        export_rules(card(), "sql", Options(lists=True))


def test_spark_would_replace_a_variable_in_a_name():
    with pytest.raises(ExportError, match="which Spark replaces"):
        export_rules(one("a ${b}"), "sql:spark")
    assert export_rules(one("a ${b}"), "sql:duckdb")


@pytest.mark.parametrize("engine", ["duckdb", "sqlite"])
def test_a_space_beside_a_separator_does_not_count(engine):
    query = text_of(one("Pages", "set", Has(has="docs"), otherwise=-1), engine).rstrip().rstrip(";")
    texts = ["docs", "pricing; docs", " docs ;pricing", "docs; ", "doc s", "pricing;docs;x", ""]
    connection = duckdb.connect() if engine == "duckdb" else sqlite3.connect(":memory:")
    connection.execute('CREATE TABLE leads (id INTEGER, "Pages" VARCHAR)')
    connection.executemany("INSERT INTO leads VALUES (?, ?)", list(enumerate(texts)))
    found = connection.execute(f"SELECT score FROM ({query}) ORDER BY id").fetchall()
    connection.close()
    assert [score for (score,) in found] == [1, 1, 1, 1, -1, 1, 0]


@pytest.mark.parametrize("table", ["main.leads", "memory.main.leads"])
def test_schemas_that_duckdb_has_of_its_own(table):
    options = Options(table=table)
    (made,) = export_rules(card(), "sql:duckdb", options)
    run = sql.run(made.export, options, [{"Country": "US"}])
    assert run is not None
    assert list(run.scores) == expected_scores(card(), [{"Country": "US"}])


def test_a_schema_that_nobody_can_make_is_told():
    options = Options(table="system.leads")
    (made,) = export_rules(card(), "sql:duckdb", options)
    with pytest.raises(DataError, match="--check: DuckDB could not run"):
        sql.run(made.export, options, [{"Country": "US"}])
