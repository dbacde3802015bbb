"""Every kind of source gives the same typed cells, and says what it guessed."""

from __future__ import annotations

import csv
import datetime as dt
import errno
import gc
import gzip
import io
import os
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from calibrate.errors import DataError, SettingsError
from calibrate.reading import rawtable, tables
from calibrate.reading.source import Column, ReadingOptions, Source, open_source

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"

# The truth every file below holds: id, name, amount, day, customer.
TRUTH = [
    ("007", "Søren & Zn; BV", 1234.56, dt.date(2026, 1, 31), "ja"),
    ("008", 'Café "De Zon"', 12.5, dt.date(2026, 2, 1), "nee"),
    ("010", "line one\nline two", None, dt.date(2026, 12, 9), "nee"),
    ("011", "Ærø, Östlund €", 1234567.0, None, "ja"),
]
HEADER = ["leadnr", "Naam", "Waarde", "Aangemaakt", "Klant"]
KINDS = ["text", "text", "number", "date", "text"]


@pytest.fixture(autouse=True)
def _no_temporary_file_left(tmp_path, monkeypatch):
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield
    gc.collect()
    assert list(folder.iterdir()) == []


def amount(value, decimal, thousands, places=2):
    if value is None:
        return ""
    text = f"{value:,.{places}f}"
    return text.replace(",", "\0").replace(".", decimal).replace("\0", thousands)


def day(value, order):
    return "" if value is None else value.strftime(order)


def rows(decimal=",", thousands="", order="%d-%m-%Y", truth=TRUTH, empty="", places=2):
    found = []
    for number, name, value, date, won in truth:
        cells = [number, name, amount(value, decimal, thousands, places), day(date, order), won]
        found.append([cell or empty for cell in cells])
    return found


def text_of(body, delimiter=";", header=HEADER, newline="\r\n"):
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=newline).writerows([header, *body])
    return out.getvalue()


def typed_rows(source: Source):
    table = pa.Table.from_batches(list(source.batches()))
    return [tuple(row.values()) for row in table.to_pylist()]


def write(path, data):
    path.write_bytes(data)
    return path


def file_1(path):
    return write(path / "1.csv", text_of(rows()).encode("cp1252"))


def file_2(path):
    return write(path / "2.csv", text_of(rows(thousands=".", order="%d.%m.%Y")).encode("utf-8-sig"))


def file_3(path):
    body = [[*row[:2], row[2] and row[2] + " €", *row[3:]] for row in rows(thousands="\xa0", order="%d/%m/%Y")]
    return write(
        path / "3.csv", text_of(body, header=["n°", "Société", "Valeur prévue", "Créé", "Client"]).encode("cp1252")
    )


def file_4(path):
    return write(path / "4.txt", text_of(rows(thousands="."), "\t").encode("utf-16"))


def file_5(path):
    return write(path / "5.csv", ("sep=;\r\n" + text_of(rows())).encode("cp1252"))


def file_6(path):
    body = "Deals per kwartaal\r\nGemaakt door: Zoë\r\n\r\n" + text_of(rows()) + "Totaal;4;1235814,06;;\r\n"
    return write(path / "6.csv", body.encode("cp1252"))


EARLY = [(*row[:3], dt.date(2026, 3, 1 + at), row[4]) for at, row in enumerate(TRUTH)]
WHOLE = [(*row[:2], value, *row[3:]) for row, value in zip(TRUTH, [1234.0, 12345.0, None, 987000.0], strict=True)]


def file_7(path):
    return write(path / "7.csv", text_of(rows(".", "", "%d/%m/%Y", EARLY), ",", newline="\n").encode())


def file_8(path):
    body = rows(",", ".", "%d-%m-%Y", WHOLE, empty="n.v.t.", places=0)
    return write(path / "8.csv", text_of(body).encode())


def file_9(path):
    return write(path / "9.csv", text_of(rows(",", ".", "%Y-%m-%d", WHOLE, places=0)).encode())


SURE = [
    (file_1, ("Read as Windows-1252, columns split by ';', decimal comma, dates dmy.",)),
    (file_2, ("Read as UTF-8, columns split by ';', decimal comma, dates dmy.",)),
    (file_3, ("Read as Windows-1252, columns split by ';', decimal comma, dates dmy.",)),
    (file_4, ("Read as UTF-16, columns split by tabs, decimal comma, dates dmy.",)),
    (file_5, ("Read as Windows-1252, columns split by ';', decimal comma, dates dmy.",)),
    (
        file_6,
        (
            "Read as Windows-1252, columns split by ';', decimal comma, dates dmy.",
            "3 lines above the header and 1 line below the last row were left out.",
        ),
    ),
]


@pytest.mark.parametrize(("make", "sentences"), SURE, ids=[make.__name__ for make, _ in SURE])
def test_sure_files_are_read_right_and_said_so(make, sentences, tmp_path):
    with open_source(make(tmp_path)) as source:
        assert [column.type for column in source.columns] == KINDS
        assert [tuple(row) for row in typed_rows(source)] == [
            (*row[:1], row[1].replace("\n", "\n"), *row[2:]) for row in TRUTH
        ]
        assert source.reading == sentences
        assert source.rows == len(TRUTH)
        assert source.options.decimal == ","
        assert source.options.dates == "dmy"


def test_early_days_are_taken_day_first_and_said(tmp_path):
    with open_source(file_7(tmp_path)) as source:
        assert typed_rows(source) == EARLY
        assert source.reading == (
            "Read as UTF-8, columns split by ',', decimal point, dates dmy.",
            "No day above 12 in 'Aangemaakt': '01/03/2026' was read day first; the other way is --dates mdy.",
        )
        assert source.doubtful_dates == ("Aangemaakt",)
    with open_source(file_7(tmp_path), ReadingOptions(dates="mdy")) as source:
        assert [row[3] for row in typed_rows(source)] == [dt.date(2026, 1 + at, 3) for at in range(4)]
        assert source.reading == (
            "Read as UTF-8, columns split by ',', decimal point, dates mdy.",
            "No day above 12 in 'Aangemaakt': '01/03/2026' was read month first; the other way is --dates dmy.",
        )
        assert source.doubtful_dates == ()


def test_dates_are_in_doubt_only_where_nothing_in_the_file_shows_their_order(tmp_path):
    header = "when;then;iso\n"
    path = write(tmp_path / "a.csv", (header + "01/03/2026;04-05-2026;2026-01-31\n").encode())
    with open_source(path) as source:
        assert source.doubtful_dates == ("when", "then")
        assert [column.type for column in source.columns] == ["date"] * 3
    with open_source(path, ReadingOptions(text_columns=("when",))) as source:
        assert source.doubtful_dates == ("then",)
    body = "01/03/2026;04-05-2026;2026-01-31\n" * 150_000
    path = write(tmp_path / "b.csv", (header + body + "31/03/2026;04-05-2026;2026-01-31\n").encode())
    with open_source(path) as source:
        assert source.doubtful_dates == ()
        assert source.options.dates == "dmy"


@pytest.mark.parametrize("make", [file_8, file_9])
def test_thousands_marks_alone_are_asked_about(make, tmp_path):
    path = make(tmp_path)
    with pytest.raises(DataError) as error:
        open_source(path)
    assert str(error.value) == (
        f"{path.name}, column Waarde: '1.234' can be 1234 or 1.234. Say which: --decimal , or --decimal ."
    )
    with open_source(path, ReadingOptions(decimal=",")) as source:
        assert [row[2] for row in typed_rows(source)] == [row[2] for row in WHOLE]
        assert "decimal comma" in source.reading[0]
    with open_source(path, ReadingOptions(decimal=".")) as source:
        assert [row[2] for row in typed_rows(source)] == [1.234, 12.345, None, 987.0]


def test_an_empty_word_is_null_in_dates_and_numbers_and_a_value_in_texts(tmp_path):
    with open_source(file_8(tmp_path), ReadingOptions(decimal=",")) as source:
        assert [row[3] for row in typed_rows(source)] == [row[3] for row in TRUTH]
    path = write(tmp_path / "a.csv", b"a,b\n,\nx,1\nn.v.t.,n.v.t.\n")
    with open_source(path) as source:
        assert typed_rows(source) == [(None, None), ("x", 1.0), ("n.v.t.", None)]
    with open_source(path, ReadingOptions(null=("n.v.t.", "x"))) as source:
        assert typed_rows(source) == [(None, None), (None, 1.0), (None, None)]


def as_gzip(path):
    return write(path / "1.csv.gz", gzip.compress(file_1(path).read_bytes()))


def as_workbook(path):
    book = xlsxwriter.Workbook(str(path / "deals.xlsx"))
    sheet = book.add_worksheet("Deals")
    sheet.write_row(0, 0, ["Deals per kwartaal"])
    sheet.write_row(2, 0, HEADER)
    for at, (number, name, value, date, won) in enumerate(TRUTH, start=3):
        sheet.write_row(at, 0, [number, name])
        sheet.write(at, 2, "n.v.t." if value is None else value)
        if date:
            sheet.write_datetime(at, 3, date, book.add_format({"num_format": "dd-mm-yyyy"}))
        sheet.write(at, 4, won)
    sheet.write_row(len(TRUTH) + 3, 0, ["Totaal", "", 1235814.06])
    book.add_worksheet("Notes").write(0, 0, "x")
    book.close()
    return path / "deals.xlsx"


def arrow_table():
    return pa.table(
        {
            name: pa.array([row[at] for row in TRUTH], dtype)
            for at, (name, dtype) in enumerate(
                zip(HEADER, [pa.string(), pa.large_string(), pa.float64(), pa.date32(), pa.string()], strict=True)
            )
        }
    )


def as_parquet(path):
    pq.write_table(arrow_table(), path / "deals.parquet")
    return path / "deals.parquet"


def as_sqlite(path):
    with sqlite3.connect(path / "deals.db") as connection:
        connection.execute('CREATE TABLE "de""al\'s" (leadnr, Naam, Waarde REAL, Aangemaakt, Klant)')
        body = [(*row[:3], row[3] and row[3].isoformat(), row[4]) for row in TRUTH]
        connection.executemany('INSERT INTO "de""al\'s" VALUES (?, ?, ?, ?, ?)', body)
    connection.close()
    return path / "deals.db"


def as_duckdb(path):
    with duckdb.connect(str(path / "deals.duckdb")) as connection:
        connection.register("found", arrow_table())
        connection.execute('CREATE TABLE "de""al\'s" AS SELECT * FROM found')
    return path / "deals.duckdb"


def as_pandas(path):
    frame = pd.DataFrame(TRUTH, columns=HEADER)
    return frame.astype({"Klant": "category"})


def as_polars(path):
    return pl.DataFrame(TRUTH, schema=HEADER, orient="row")


def as_arrow(path):
    return arrow_table()


@pytest.mark.parametrize(
    "make", [as_gzip, as_workbook, as_parquet, as_sqlite, as_duckdb, as_pandas, as_polars, as_arrow]
)
def test_every_kind_of_source_gives_the_same_typed_cells(make, tmp_path):
    with open_source(make(tmp_path)) as source:
        assert [column.name for column in source.columns] == HEADER
        assert [column.type for column in source.columns] == KINDS
        assert typed_rows(source) == TRUTH
        assert source.rows == len(TRUTH)
        table = source.sample()
        assert [tuple(row.values()) for row in table.to_pylist()] == TRUTH
        text = pa.dictionary(pa.int32(), pa.string())
        assert table.schema.types == [text, text, pa.float64(), pa.date32(), text]
        part = pa.Table.from_batches(list(source.batches(["Klant", "leadnr"])))
        assert part.column_names == ["Klant", "leadnr"]
        assert part["leadnr"].to_pylist() == [row[0] for row in TRUTH]


def test_a_workbook_says_which_sheet_and_what_was_left_out(tmp_path):
    path = as_workbook(tmp_path)
    with open_source(path) as source:
        assert source.reading == (
            "Sheet 'Deals' was read; the workbook also has 'Notes'.",
            "2 lines above the header and 1 line below the last row were left out.",
        )
        assert source.options.sheet == "Deals"
    with pytest.raises(DataError, match=r"deals\.xlsx: there is no sheet 'deal'; did you mean 'Deals'\?"):
        open_source(path, ReadingOptions(sheet="deal"))


@pytest.mark.parametrize("make", [as_sqlite, as_duckdb])
def test_a_database_with_several_tables_is_asked_about(make, tmp_path):
    path = make(tmp_path)
    connect = sqlite3.connect if make is as_sqlite else duckdb.connect
    connection = connect(str(path))
    connection.execute("CREATE TABLE notes (a INTEGER)")
    connection.commit()
    connection.close()
    with pytest.raises(DataError, match=r"holds 2 tables; expected to be told which, say --table: "):
        open_source(path)
    with pytest.raises(DataError, match=r"there is no table 'note'; did you mean 'notes'\?"):
        open_source(path, ReadingOptions(table="note"))
    with open_source(path, ReadingOptions(table="notes")) as source:
        assert source.columns == (Column("a", "number" if make is as_duckdb else "text"),)
        assert source.rows == 0
        assert list(source.batches()) == []
        assert source.sample().num_rows == 0
        assert source.reading == ("Table 'notes' was read, one of 2.",)


def test_names_with_quotes_and_marks_neither_break_nor_inject(tmp_path):
    folder = tmp_path / "it's [a] *folder*?"
    folder.mkdir()
    path = write(folder / "'); DROP TABLE x; --.csv", b'"a\'""b",c\'); --\n1,x\n')
    with open_source(path) as source:
        assert [column.name for column in source.columns] == ["a'\"b", "c'); --"]
        assert typed_rows(source) == [(1.0, "x")]
    write(tmp_path / "leads1.csv", b"a\n2\n")
    with open_source(write(tmp_path / "leads[1].csv", b"a\n1\n")) as source:
        assert typed_rows(source) == [(1.0,)]
    table = pa.table({"a'\"b.c": ["x", "y"], "d.e": [1, 2]})
    pq.write_table(table, tmp_path / "x'y.parquet")
    with open_source(tmp_path / "x'y.parquet") as source:
        assert typed_rows(source) == [("x", 1), ("y", 2)]
        assert pa.Table.from_batches(list(source.batches(["d.e"]))).to_pydict() == {"d.e": [1, 2]}


def test_forced_types_hold_whatever_is_in_the_column(tmp_path):
    path = write(tmp_path / "a.csv", b"a,b,c,d\n,,,\n1,007,ja,2\n2,008,nee,3\n")
    types = {"a": "text", "b": "number", "c": "boolean", "absent": "number"}
    with open_source(path, ReadingOptions(text_columns=("d",)), types=types) as source:
        assert [column.type for column in source.columns] == ["text", "number", "boolean", "text"]
        assert typed_rows(source) == [(None,) * 4, ("1", 7.0, True, "2"), ("2", 8.0, False, "3")]
    table = pa.table({"a": [1.0, 2.5, None], "b": [1, 0, None], "c": [True, False, None], "d": [1, 2, 3]})
    with open_source(table, types={"a": "text", "b": "boolean", "c": "number"}) as source:
        assert typed_rows(source) == [("1", True, 1, 1), ("2.5", False, 0, 2), (None, None, None, 3)]


def test_nothing_that_is_no_number_comes_through_as_one():
    table = pa.table(
        {
            "float": [1.5, float("nan"), float("inf"), -float("inf"), None],
            "flag": pa.array([True, None, False, True, None]),
            "text": ["a", " ", "", None, "b"],
            "when": pa.array([dt.datetime(2026, 1, 2, 3), None, None, None, None], pa.timestamp("ns")),
            "tags": [["x", "y"], [], None, ["z"], None],
            "whole": pa.array([1, 2, 3, 4, None], pa.uint8()),
            "exact": pa.array([1, 2, 3, 4, None], pa.decimal128(10, 2)),
        }
    )
    with open_source(table) as source:
        columns = pa.Table.from_batches(list(source.batches())).to_pydict()
        assert [column.type for column in source.columns] == [
            "number", "boolean", "text", "date", "text", "number", "number",
        ]  # fmt: skip
    assert columns["float"] == [1.5, None, None, None, None]
    assert columns["flag"] == [True, None, False, True, None]
    assert columns["text"] == ["a", None, None, None, "b"]
    assert columns["tags"] == ["x;y", None, None, "z", None]
    assert columns["whole"] == [1, 2, 3, 4, None]
    assert columns["exact"] == [1.0, 2.0, 3.0, 4.0, None]


def test_mixed_pandas_columns_become_texts():
    frame = pd.DataFrame({"mixed": [1, "10-50", 2.5, None, True], 5: [1, 2, 3, 4, 5], "flag": [True] * 5})
    with open_source(frame) as source:
        assert [column.type for column in source.columns] == ["text", "number", "boolean"]
        assert [row[0] for row in typed_rows(source)] == ["1", "10-50", "2.5", None, "true"]
        assert source.name == "table"
        assert source.sha256() is None
        assert source.dialect is None


def test_raw_cells_are_as_written_and_type_to_the_same(tmp_path):
    with open_source(file_2(tmp_path)) as source:
        raw = list(source.raw_batches())
        assert [row["Waarde"] for row in raw[0].to_pylist()] == ["1.234,56", "12,50", None, "1.234.567,00"]
        assert [tuple(row.values()) for row in source.typed(raw[0]).to_pylist()] == TRUTH


def test_a_cell_that_does_not_fit_is_named_with_its_row(tmp_path):
    body = "".join(f"{at},x\n" for at in range(1, 150_001))
    path = write(tmp_path / "long.csv", b"n,t\n" + body.encode() + b"12 apples,y\n")
    with open_source(path) as source:
        assert source.rows is None
        with pytest.raises(DataError) as error:
            list(source.batches())
    assert str(error.value) == (
        "long.csv, row 150,001, column 'n': '12 apples' cannot be read; expected a whole number "
        "(or say --decimal , or --decimal .) as in the rows before, repair it, name it in null when it means missing, "
        "or name the column in text_columns"
    )
    with open_source(path, ReadingOptions(text_columns=("n",))) as source:
        assert sum(batch.num_rows for batch in source.batches()) == 150_001
    with open_source(path, ReadingOptions(null=("12 apples",))) as source:
        assert sum(batch.column(0).null_count for batch in source.batches()) == 1


def test_a_doubt_is_settled_by_the_rest_of_a_long_file(tmp_path):
    body = "1.234;01-02-2026\n" * 150_000
    path = write(tmp_path / "long.csv", f"n;d\n{body}1.234,5;31-12-2026\n".encode())
    with open_source(path) as source:
        assert source.reading == ("Read as UTF-8, columns split by ';', decimal comma, dates dmy.",)
        *_, last = source.batches()
        assert list(last.to_pylist()[-1].values()) == [1234.5, dt.date(2026, 12, 31)]


def test_columns_that_contradict_each_other_are_both_named(tmp_path):
    path = write(tmp_path / "a.csv", b"a;b\n31-12-2026;12-31-2026\n")
    with pytest.raises(DataError, match=r"column 'a' has '31-12-2026', day first, and column 'b' has '12-31-2026'"):
        open_source(path)
    with open_source(path, ReadingOptions(dates="dmy")) as source:
        assert [column.type for column in source.columns] == ["date", "text"]
        assert source.reading[1] == "'b' stays text: '12-31-2026' is no date in the order dmy."
    path = write(tmp_path / "b.csv", b"a;b\n1,5;2.25\n")
    with pytest.raises(DataError, match=r"column 'a' has '1,5' and column 'b' has '2\.25'; expected one decimal sign"):
        open_source(path)
    with open_source(path, ReadingOptions(decimal=",")) as source:
        assert [column.type for column in source.columns] == ["number", "text"]
        assert source.reading[1] == "'b' stays text: '2.25' is no number with a decimal comma."


def test_numbers_in_two_ways_of_writing_are_told(tmp_path):
    path = tmp_path / "amounts.csv"
    path.write_text("Bedrag;Versie\n1.234,50 €;2.1\n1234.5;twee\n12;3,0\n", encoding="utf-8")
    with open_source(path) as source:
        assert [column.type for column in source.columns] == ["text", "text"]
        assert source.reading[1:] == (
            "'Bedrag' stays text: '1.234,50 €' is written with a decimal comma and '1234.5' with a decimal point.",
            "'Versie' stays text: '3,0' is written with a decimal comma and '2.1' with a decimal point.",
        )


def test_days_whose_year_has_two_digits_are_told_and_not_guessed(tmp_path):
    path = tmp_path / "days.csv"
    path.write_text(
        "Aangemaakt;Tijd;Versie;Code\n23/03/25;1-2-25 13:05;1.10.25;12-34-56\n01/10/24;31-12-24 09:00;2.0;11-22-33\n",
        encoding="utf-8",
    )
    with open_source(path) as source:
        assert [column.type for column in source.columns] == ["text"] * 4
        assert source.reading[1:] == (
            "'Aangemaakt' stays text: '23/03/25' has a year of two digits; write it with four to use it as a date.",
            "'Tijd' stays text: '1-2-25 13:05' has a year of two digits; write it with four to use it as a date.",
        )


def test_a_sample_is_spread_evenly_and_always_the_same(tmp_path):
    table = pa.table({"n": np.arange(300_000), "t": [f"t{at % 1000}" for at in range(300_000)]})
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=70_000)
    csv_path = tmp_path / "a.csv"
    pd.DataFrame(table.to_pydict()).to_csv(csv_path, index=False)
    with open_source(tmp_path / "a.parquet") as one, open_source(csv_path) as other:
        first, again, text = one.sample(10_000), one.sample(10_000), other.sample(10_000)
        assert first.equals(again)
        assert first["n"].to_pylist() == [int(value) for value in text["n"].to_pylist()]
        picked = np.array(first["n"])
        assert len(picked) == 10_000
        assert np.all(np.diff(picked) > 0)
        assert np.allclose(np.histogram(picked, bins=10, range=(0, 300_000))[0], 1000, atol=5)
        assert first["t"].to_pylist() == [f"t{at % 1000}" for at in picked]
        assert one.sample().num_rows == 200_000
        assert one.sample(300_000)["n"].to_pylist() == list(range(300_000))


def test_a_wide_table_is_read_in_short_batches_and_a_small_sample():
    rows, columns = 21_000, 1_000
    table = pa.table({f"c{place}": pa.array(np.zeros(rows, np.int8)) for place in range(columns)})
    with open_source(table) as source:
        assert {batch.num_rows for batch in source.batches()} <= {4_194, rows % 4_194}
        assert {batch.num_rows for batch in source.batches(["c1"])} == {rows}
        assert source.sample().num_rows == source.sample_rows == 20_000


def test_a_header_alone_is_no_error(tmp_path):
    for name, data in (("a.csv", b"a,b\n"), ("b.csv", b"a,b"), ("c.csv", b"\xef\xbb\xbfa,b\r\n")):
        with open_source(write(tmp_path / name, data)) as source:
            assert source.columns == (Column("a", "text"), Column("b", "text"))
            assert source.rows == 0
            assert source.sample().num_rows == 0
            assert source.sample().column_names == ["a", "b"]


def test_blank_column_names_are_named_and_said(tmp_path):
    with open_source(write(tmp_path / "a.csv", b"a;b; ;\n1;2;3;\n")) as source:
        assert [column.name for column in source.columns] == ["a", "b", "column 3", "column 4"]
        assert source.reading[1:] == (
            "A column without a name is called 'column 3'.",
            "A column without a name is called 'column 4'.",
        )
    with open_source(write(tmp_path / "b.csv", b"a,,column 2,column 2 (2)\n1,2,3,4\n")) as source:
        assert [column.name for column in source.columns] == ["a", "column 2 (3)", "column 2", "column 2 (2)"]
        assert source.reading[1:] == ("A column without a name is called 'column 2 (3)'.",)


def test_names_are_the_same_from_every_kind_of_source(tmp_path):
    table = pa.table({" lead ": ["x", "y"], "": [1, 2], "a.b": [3, 4]})
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=1)
    with duckdb.connect(str(tmp_path / "a.duckdb")) as connection:
        connection.register("found", table.rename_columns([" lead ", " ", "a.b"]))
        connection.execute("CREATE TABLE leads AS SELECT * FROM found")
    with sqlite3.connect(tmp_path / "a.db") as connection:
        connection.execute('CREATE TABLE leads (" lead ", "", "a.b" INTEGER)')
        connection.executemany("INSERT INTO leads VALUES (?, ?, ?)", zip(*table.to_pydict().values(), strict=True))
    connection.close()
    for data in (*(tmp_path / f"a.{end}" for end in ("parquet", "duckdb", "db")), table, table.to_pandas()):
        with open_source(data, ReadingOptions(text_columns=("lead",))) as source:
            assert [column.name for column in source.columns] == ["lead", "column 2", "a.b"]
            assert source.reading == ("A column without a name is called 'column 2'.",)
            assert typed_rows(source) == [("x", 1, 3), ("y", 2, 4)]
            part = pa.Table.from_batches(list(source.batches(["column 2", "lead"])))
            assert part.to_pydict() == {"column 2": [1, 2], "lead": ["x", "y"]}
            assert source.sample().column_names == ["lead", "column 2", "a.b"]
    pq.write_table(pa.table({" n ": np.arange(64)}), tmp_path / "b.parquet", row_group_size=1)
    with open_source(tmp_path / "b.parquet") as source:
        assert source.sample(4)["n"].to_pylist()
    with pytest.raises(DataError, match=r"table: columns 1 and 2 are both called 'a'"):
        open_source(pd.DataFrame([[1, 2]], columns=["a", " a"]))


def test_wide_files_and_long_cells_are_read(tmp_path):
    header = ",".join(f"c{at}" for at in range(2000))
    with open_source(write(tmp_path / "w.csv", f"{header}\n{',' * 1999}\n{'1,' * 1999}1\n".encode())) as source:
        assert source.sample()["c1999"].to_pylist() == [None, 1.0]
    with open_source(write(tmp_path / "l.csv", b"a,b\n1,x\n2," + b"y" * 10_000_000 + b"\n")) as source:
        assert [len(row[1]) for row in typed_rows(source)] == [1, 10_000_000]
    with pytest.raises(DataError, match=r"h\.csv: a row holds more than 16,777,216 bytes; expected shorter rows"):
        open_source(write(tmp_path / "h.csv", b"a,b\n1,x\n2," + b"y" * 20_000_000 + b"\n"))


def test_line_ends_of_two_kinds_are_read(tmp_path):
    for data in (b"a;b\r\n1;x\n2;y\r\n", b"a;b\n1;x\r\n2;y\n", b"a;b\r1;x\r2;y\r"):
        with open_source(write(tmp_path / "a.csv", data)) as source:
            assert typed_rows(source) == [(1.0, "x"), (2.0, "y")]


def protected_workbook(path):
    # The first bytes of a compound file, which is what Excel wraps a protected workbook in.
    return write(path / "p.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600)


def damaged_workbook(path):
    return write(path / "d.xlsx", as_workbook(path).read_bytes()[:2000])


def renamed_workbook(path):
    return as_workbook(path).rename(path / "deals.csv")


def cut_gzip(path):
    return write(
        path / "c.csv.gz", gzip.compress(b"a,b\n" + np.random.default_rng(1).bytes(50_000).hex().encode())[:9000]
    )


def cut_parquet(path):
    return write(path / "c.parquet", as_parquet(path).read_bytes()[:-200])


def damaged_sqlite(path):
    return write(path / "s.db", as_sqlite(path).read_bytes()[:3000])


def damaged_duckdb(path):
    return write(path / "d.db", as_duckdb(path).read_bytes()[:3000])


def folder(path):
    return path


def missing(path):
    file_1(path)
    return path / "2.csv"


def csv_file(data, name="a.csv"):
    def make(path):
        return write(path / name, data)

    return make


BAD = [
    (csv_file(b""), r"a\.csv: the file is empty; expected a header"),
    (csv_file(b" \n\n"), r"a\.csv: the file holds nothing but blanks"),
    (csv_file(b"a,b,a\n1,2,3\n"), r"a\.csv: columns 1 and 3 are both called 'a'; expected .*, rename one"),
    (csv_file(b"a,b\n1,\x002\n"), r"a\.csv: byte 6 is NUL; expected text"),
    (csv_file(b"a,b\n1,2\n3\n4,5\n"), r"a\.csv, row 2: 1 cells where the header has 2; expected as many"),
    (csv_file(b"a,b\n1,2\n\n3,4,5\n4,5\n"), r"a\.csv, row 2: 3 cells where the header has 2"),
    (csv_file(b'a,b\n1,"2\n3,4\n'), r"a\.csv: the rows cannot be told apart \(a quote that is not closed\)"),
    (csv_file(b"<html><table><tr><td>a</td></tr></table>", "a.xls"), r"a\.xls: is a web page \(HTML or XML\)"),
    (csv_file(b"a,b\n", "a.parquet"), r"a\.parquet: is not what its name says, or damaged"),
    (renamed_workbook, r"deals\.csv: is an Excel workbook or a zip archive and not text; expected CSV, rename"),
    (protected_workbook, r"p\.xlsx: is not a whole workbook \(or it is protected by a password\)"),
    (damaged_workbook, r"d\.xlsx: is not a whole workbook; expected \.xlsx"),
    (cut_gzip, r"c\.csv\.gz: the gzip file is cut off or damaged; expected a whole one"),
    (cut_parquet, r"c\.parquet: cannot be read as Parquet"),
    (damaged_sqlite, r"s\.db: cannot be read as SQLite"),
    (damaged_duckdb, r"d\.db: cannot be opened as a DuckDB database"),
    (folder, r": is a folder; expected a file with leads"),
    (missing, r"2\.csv: there is no such file; expected a file with leads, did you mean '1\.csv'\?"),
]


@pytest.mark.parametrize(("make", "message"), BAD, ids=[message[:30] for _, message in BAD])
def test_bad_input_is_one_clear_line(make, message, tmp_path):
    with pytest.raises(DataError, match=message) as error:
        open_source(make(tmp_path))
    assert len(str(error.value).splitlines()) == 1


def test_a_missing_file_is_near_to_files_that_may_hold_leads(tmp_path):
    for name in ("load.py", "leads.html", "leads.json", "report.md"):
        (tmp_path / name).write_text("x", encoding="utf-8")
    with pytest.raises(DataError, match=r"leads\.csv: there is no such file; expected .*, there is none in"):
        open_source(tmp_path / "leads.csv")
    (tmp_path / "Leads_Q1.XLSX").write_bytes(b"x")
    with pytest.raises(DataError, match=r"expected a file with leads, did you mean 'Leads_Q1\.XLSX'\?"):
        open_source(tmp_path / "leads.csv")
    with pytest.raises(DataError, match=r"did you mean 'report\.md'\?"):
        open_source(tmp_path / "reports.md")


def test_what_can_be_read_only_once_is_refused_before_it_is_opened(tmp_path):
    os.mkfifo(tmp_path / "leads.csv")
    with pytest.raises(DataError, match=r"leads\.csv: is a pipe or a device, .* expected a file, save it to one first"):
        open_source(tmp_path / "leads.csv")


@pytest.mark.parametrize(("name", "message"), [("", "'': is no file name"), ("a" * 300, r"'a+…': cannot be opened \(")])
def test_a_name_that_is_none_is_one_clear_line(name, message):
    with pytest.raises(DataError, match=message):
        open_source(name)


def test_no_room_for_a_copy_is_said(tmp_path, monkeypatch):
    def full(path, target, *_):
        target.write_bytes(b"a")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    path = file_1(tmp_path)
    monkeypatch.setattr(rawtable, "clean_copy", full)
    with pytest.raises(DataError, match=r"1\.csv: .* temporary folder '.*temporary' \(No space left.*TMPDIR"):
        open_source(path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "absent"))
    with pytest.raises(DataError, match=r"1\.csv: a copy in UTF-8 cannot be written to a temporary folder \(No such"):
        open_source(path)


def test_a_stray_cell_far_out_is_refused_before_the_sheet_is_read(tmp_path):
    book = xlsxwriter.Workbook(str(tmp_path / "far.xlsx"))
    for name in ("Deals", "Far & out"):
        sheet = book.add_worksheet(name)
        sheet.write_column(0, 0, ["Status", "Won"])
    sheet.write(1_048_575, 16_383, "stray")
    book.close()
    with open_source(tmp_path / "far.xlsx") as source:
        assert typed_rows(source) == [("Won",)]
    with pytest.raises(
        DataError, match=r"'Far & out': its cells reach to row 1,048,576 and column XFD, 17,179,869,184"
    ):
        open_source(tmp_path / "far.xlsx", ReadingOptions(sheet="Far & out"))


def test_a_long_narrow_sheet_is_within_bounds(tmp_path):
    book = xlsxwriter.Workbook(str(tmp_path / "long.xlsx"))
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["Status", "Size"])
    sheet.write_row(1_048_575, 0, ["Won", 5])
    book.close()
    assert tables.MOST_CELLS > 1_048_576 * 26
    with open_source(tmp_path / "long.xlsx") as source:
        assert typed_rows(source) == [("Won", 5.0)]


@pytest.mark.parametrize("values", [pl.Series([1, 2], dtype=pl.Int128), pl.Series([object(), object()])])
def test_a_column_that_arrow_cannot_hold_is_named(values):
    with pytest.raises(
        DataError, match=r"table, column 'b': holds (Int128|Object), which Arrow cannot; expected texts"
    ):
        open_source(pl.DataFrame({"a": ["x", "y"], "b": values}))


def test_a_lazy_frame_that_cannot_be_computed_is_one_line():
    lazy = pl.LazyFrame({"a": ["x"]}).select(pl.col("a").cast(pl.Int64))
    with pytest.raises(DataError, match=r"table: cannot be computed \(.*\); collect it"):
        open_source(lazy)


def test_a_database_cannot_make_us_read_other_files(tmp_path):
    other = write(tmp_path / "secret.csv", b"a,b\n1,2\n")
    with duckdb.connect(str(tmp_path / "a.duckdb")) as connection:
        connection.execute(f"CREATE VIEW leads AS SELECT * FROM read_csv('{other}')")
    with pytest.raises(DataError, match=r"a\.duckdb, table 'leads': is a view of a file outside this database \("):
        open_source(tmp_path / "a.duckdb")


def test_a_view_without_its_table_is_said_to_be_that(tmp_path):
    for connection in (sqlite3.connect(tmp_path / "a.db"), duckdb.connect(str(tmp_path / "a.duckdb"))):
        connection.execute("CREATE TABLE base (a INTEGER)")
        connection.execute("CREATE VIEW leads AS SELECT * FROM base")
        connection.execute("DROP TABLE base")
        connection.commit()
        connection.close()
    for name in ("a.db", "a.duckdb"):
        with pytest.raises(DataError, match=rf"{name}, table 'leads': cannot be read \(.*base.*repair"):
            open_source(tmp_path / name, ReadingOptions(table="leads"))


def test_texts_in_sqlite_that_are_not_utf_8_are_said_to_be_that(tmp_path):
    with sqlite3.connect(tmp_path / "a.db") as connection:
        connection.execute("CREATE TABLE leads (a)")
        connection.execute("INSERT INTO leads VALUES (CAST(x'636166E9' AS TEXT))")
    connection.close()
    with pytest.raises(DataError, match=r"a\.db, table 'leads': .*expected texts in UTF-8, export the table as CSV"):
        open_source(tmp_path / "a.db")


def test_a_broken_row_far_down_is_named_when_it_is_reached(tmp_path):
    path = write(tmp_path / "a.csv", b"a,b\n" + b"1,2\n" * 400_000 + b"1,2,3\n" + b"1,2\n" * 10)
    # The engine reads ahead: on a busy machine it meets the row while the columns are still looked at.
    with pytest.raises(DataError, match=r"a\.csv, row 400,001: 3 cells"), open_source(path) as source:
        list(source.batches())


def test_options_that_cannot_be_are_settings_errors(tmp_path):
    for options, message in (
        ({"decimal": "komma"}, "decimal: 'komma' is no decimal sign; say ',' or '.'"),
        ({"dates": "ydm"}, "dates: 'ydm' is no order of dates; say dmy, mdy or ymd"),
        ({"delimiter": ";;"}, "delimiter: ';;' cannot part columns; say one character, as ';'"),
        ({"skip_rows": -1}, "skip_rows: -1 is below zero; say how many lines stand above the header"),
        ({"encoding": "klingon"}, "encoding: 'klingon' is no encoding of text that Python knows; there are: "),
        ({"encoding": "utf-7"}, "encoding: 'utf-7' is no encoding of text that Python knows; did you mean 'utf-8'"),
        *(
            ({"encoding": name}, f"encoding: {name!r} is no encoding of text that Python knows; there are: ")
            for name in ("base64", "rot13", "hex", "idna", "punycode", "unicode_escape", "raw-unicode-escape", "a\0")
        ),
        ({"encoding": "undefined"}, "encoding: 'undefined' is no encoding of text that Python knows; "),
    ):
        with pytest.raises(SettingsError) as error:
            ReadingOptions(**options)
        assert str(error.value).startswith(message)
    with pytest.raises(DataError, match=r"1\.csv, line 2: byte 0xf8 is not UTF-8; expected text in UTF-8"):
        open_source(file_1(tmp_path), ReadingOptions(encoding="utf-8"))
    with pytest.raises(
        DataError, match=r"1\.csv: there is no column 'leadnrs' to keep as text; did you mean 'leadnr'\?"
    ):
        open_source(file_1(tmp_path), ReadingOptions(text_columns=("leadnrs",)))
    with pytest.raises(DataError, match=r"int: is no table; expected a file name or a pandas, polars or pyarrow table"):
        open_source(5)


def test_settled_options_read_the_file_the_same_way_again(tmp_path):
    for make in (file_1, file_2, file_3, file_4, file_5, file_6, file_7, as_workbook, as_sqlite, as_duckdb):
        path = make(tmp_path)
        with open_source(path) as first, open_source(path, first.options) as second:
            assert second.options == first.options
            assert second.columns == first.columns
            assert typed_rows(second) == typed_rows(first)


def test_the_hash_is_of_the_file(tmp_path):
    # printf 'a\n1\n' | sha256sum
    with open_source(write(tmp_path / "a.csv", b"a\n1\n")) as source:
        assert source.sha256() == "309b0e45a73d3fc5325e2b6ed0a01ef8b9cde6b05a5633c1f893f970d52bfddc"


def test_importing_the_source_imports_none_of_the_heavy_ones():
    code = (
        "import sys, calibrate.reading.source; "
        "print([name for name in ('pandas', 'scipy', 'statsmodels', 'matplotlib', 'polars') if name in sys.modules])"
    )
    root = Path(__file__).resolve().parents[2]
    found = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


# An error that outlives the interpreter, with the frames that were reading.
STOPPED = """
import ctypes, sys
from calibrate.reading.source import open_source
try:
    with open_source(sys.argv[1]) as source:
        for batch in source.batches():
            raise KeyError(batch.num_rows)
except KeyError as error:
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(error))
"""


@pytest.mark.parametrize("make", [file_1, as_duckdb])
def test_a_stopped_read_leaves_no_word_of_the_engine(make, tmp_path):
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-c", STOPPED, str(make(tmp_path))]
    found = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    assert found.stdout + found.stderr == ""


def test_a_closed_source_ends_its_reads(tmp_path):
    with open_source(file_1(tmp_path)) as source:
        half, fresh = source.batches(), source.batches()
        next(half)
    assert list(half) == []
    with pytest.raises(ValueError, match="the source is closed"):
        next(fresh)


@pytest.mark.skipif(not DATA.exists(), reason="the shared reference data are not here")
@pytest.mark.parametrize("table", ["marketing_qualified_leads", "closed_deals"])
def test_three_spellings_of_the_same_dates_are_the_same_days(table):
    folder = DATA / "olist"
    column = "first_contact_date" if table == "marketing_qualified_leads" else "won_date"
    found = {}
    for name, order in (
        (f"olist_{table}_dataset.csv", "ymd"),
        (f"variant_dmy_{table}.csv", "dmy"),
        (f"variant_mdy_{table}.csv", "mdy"),
    ):
        with open_source(folder / name) as source:
            assert source.options.dates == order
            part = pa.Table.from_batches(list(source.batches(["mql_id", column])))
            found[order] = dict(zip(part["mql_id"].to_pylist(), part[column].to_pylist(), strict=True))
    assert found["dmy"] == found["ymd"]
    assert found["mdy"].items() <= found["ymd"].items()
    assert len(found["ymd"]) == (8000 if table == "marketing_qualified_leads" else 842)


@pytest.mark.skipif(not DATA.exists(), reason="the shared reference data are not here")
def test_real_exports_are_read_without_a_question():
    paths = [*DATA.glob("crm_layouts/*/*.csv"), *DATA.glob("bank/*.csv.gz"), *DATA.glob("salvirt/*.csv")]
    assert len(paths) > 20
    for path in paths:
        with open_source(path) as source:
            assert source.sample().num_rows == source.rows
            assert not source.columns[0].name.startswith("\ufeff")


def test_with_forced_types_doubts_about_other_columns_stop_nothing(tmp_path):
    path = tmp_path / "leads.csv"
    path.write_text("size,amount,when,then\n12,1.234,01-13-2026,13-01-2026\n", encoding="utf-8")
    with pytest.raises(DataError):
        open_source(path)
    with open_source(path, types={"size": "number"}) as source:
        batch = next(source.batches(["size"]))
        assert batch.column(0).to_pylist() == [12.0]
    with pytest.raises(DataError, match=r"1234 or 1\.234"):
        open_source(path, types={"amount": "number"})
