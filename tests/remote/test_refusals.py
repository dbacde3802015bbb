"""What is refused of a table that another engine holds, in one line each; and that nothing is written to it."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest

from calibrate import CalibrateError, DataError, SettingsError, calibrate
from calibrate.reading.source import ReadingOptions
from calibrate.remote.history import remote_history
from calibrate.remote.table import engine_table, is_remote
from calibrate.settings import Settings, merged


def unheard(_):
    """Nobody listens."""


def leads(count=1_200, **more):
    """Leads with an outcome; more: columns beside it, by a function of the lead's number."""
    made = {
        "id": pa.array(range(count), pa.int64()),
        "won": pa.array(["yes" if number * 7 % 10 < 3 else "no" for number in range(count)]),
        "colour": pa.array([("red", "green", "blue", "white")[number * 13 % 17 % 4] for number in range(count)]),
    }
    return pa.table({**made, **{name: pa.array([of(number) for number in range(count)]) for name, of in more.items()}})


def said(data, **outcome):
    """What a run ends with."""
    more = outcome.pop("more", {})
    settings = merged(Settings(), {"outcome": {"column": "won", **outcome}, **more})
    with pytest.raises(CalibrateError) as caught:
        remote_history(engine_table(data), ReadingOptions(), settings, unheard)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_deals_in_a_second_table(quick_engine, holding):
    found = said(holding(quick_engine, leads()), deals="deals.csv", key="id")
    assert found.startswith(
        "table: found deals in 'deals.csv', expected leads and deals in one table of the engine; join"
    )


def test_a_column_that_is_not_there(quick_engine, holding):
    assert said(holding(quick_engine, leads()), column="wonn") == (
        "table: there is no column 'wonn'; did you mean 'won'?"
    )
    assert "there is no column 'day'" in said(holding(quick_engine, leads()), date="day")


def test_no_outcome(quick_engine, holding):
    with pytest.raises(SettingsError, match="which leads were won"):
        calibrate(holding(quick_engine, leads()), counting="engine")


def test_a_value_that_no_lead_has(quick_engine, holding):
    assert "no row has 'Signed'; there are: 'no', 'yes'" in said(holding(quick_engine, leads()), won=["Signed"])


def test_no_lead_at_all(quick_engine, holding):
    found = said(holding(quick_engine, leads().slice(0, 0)))
    assert found == "table: there is no lead; expected one row a lead"


def test_nobody_won(quick_engine, holding):
    table = leads().set_column(1, "won", pa.array(["no"] * 1_200))
    with pytest.raises(DataError, match="no row has 'yes'; there are: 'no'"):
        calibrate(holding(quick_engine, table), "won=yes", counting="engine")


def test_a_column_that_cannot_be_counted_is_left_out_and_said_so():
    table = leads().append_column("tags", pa.array([["a", "b"]] * 1_200))
    found = calibrate(table, "won=yes", counting="engine")
    (reason,) = (item.reason for item in found.left_out if item.column == "tags")
    assert "cannot be counted by value" in reason
    assert "column 'tags' is of type" in said(table, column="tags")


def test_too_many_leads_without_a_key(quick_engine, holding):
    table = leads().drop_columns(["id"])
    found = said(holding(quick_engine, table), more={"source": {"sample_leads": 1000}})
    assert found == (
        "table: no column names each of the 1,200 leads, expected a key to deal them by; name one with --lead-key, or "
        "fetch them all with source.sample_leads = 1200"
    )


def test_weights(quick_engine, holding):
    table = leads(weight=lambda number: 1.0 if number * 7 % 10 < 3 else 10.0)
    assert "found 1 for every won lead and 10 for every lost one" in said(holding(quick_engine, table))


def test_a_mistyped_year(quick_engine, holding):
    table = leads(
        day=lambda number: dt.date(2025, 1, 1) + dt.timedelta(number % 300) if number else dt.date(2052, 1, 1)
    )
    assert "found 2052-01-01, expected no date so long after 2025-10-" in said(holding(quick_engine, table), date="day")


def test_rows_of_no_file_are_not_named(quick_engine, holding):
    table = leads(day=lambda number: "2025-01-31" if number % 50 else "soon")
    found = said(holding(quick_engine, table), date="day")
    assert "'soon'" in found
    assert " row " not in found


def test_a_table_that_changes_under_the_run(postgres):
    server = postgres
    server.load("growing", "id bigint, won text, colour text", zip(*leads().to_pydict().values(), strict=True))
    with server.connect() as connection:
        connection.execute("DROP VIEW IF EXISTS flickering")
        connection.execute("CREATE VIEW flickering AS SELECT * FROM growing WHERE random() < 0.9")
    found = said(server.ibis().table("flickering"))
    assert "expected a table that does not change under the run" in found


def test_nothing_is_written(postgres):
    server = postgres
    server.load("reading", "id bigint, won text, colour text", zip(*leads().to_pydict().values(), strict=True))
    objects = "SELECT count(*), count(*) FILTER (WHERE relpersistence = 't') FROM pg_class"
    with server.connect() as connection:
        before = connection.execute(objects).fetchone()
        connection.execute("ALTER DATABASE postgres SET default_transaction_read_only = on")
        try:
            found = calibrate(server.ibis().table("reading"), "won=yes")
        finally:
            connection.execute("SET default_transaction_read_only = off")
            connection.execute("ALTER DATABASE postgres RESET default_transaction_read_only")
        assert connection.execute(objects).fetchone() == before
    assert found.rows == 1_200


def test_what_stays_where_it_is(holding, engine):
    assert is_remote(holding(engine, leads(5))) == (engine in ("DuckDB", "Ibis on DuckDB", "PostgreSQL", "Spark"))
    assert is_remote(engine_table(leads(5)))
    assert not is_remote("leads.csv")


def test_what_is_no_table():
    with pytest.raises(DataError, match="'list': is no table; expected a DuckDB relation, a Spark data frame"):
        calibrate([1, 2], "won=yes", counting="engine")
