"""What a text file says about itself, and the bytes of its table."""

from __future__ import annotations

import csv
import gzip
import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calibrate.errors import DataError
from calibrate.reading.dialect import Dialect, ReadingOptions, header_at, is_footer, left_out_sentence, sniff
from calibrate.reading.textfile import clean_copy


def sniffed(path, data, **options):
    path.write_bytes(data)
    return sniff(path, ReadingOptions(**options))


@pytest.mark.parametrize(
    ("data", "encoding", "bom"),
    [
        (b"a;b\n1;2\n", "utf-8", False),
        ("a;b\n1;ø\n".encode(), "utf-8", False),
        ("a;b\n1;ø\n".encode("utf-8-sig"), "utf-8", True),
        ("a;b\n1;€\n".encode("cp1252"), "cp1252", False),
        (b"a;b\n1;caf\xe9", "cp1252", False),
        ("a;b\n1;ø\n".encode("utf-16"), "utf-16-le", True),
        (b"\xfe\xff" + "a;b\n1;ø\n".encode("utf-16-be"), "utf-16-be", True),
        (b"\xff\xfe\0\0" + "a;b\n1;ø\n".encode("utf-32-le"), "utf-32-le", True),
        (b"\0\0\xfe\xff" + "a;b\n1;ø\n".encode("utf-32-be"), "utf-32-be", True),
    ],
)
def test_the_encoding_is_by_mark_then_utf_8_then_windows(data, encoding, bom, tmp_path):
    dialect = sniffed(tmp_path / "a.csv", data)
    assert (dialect.encoding, dialect.bom, dialect.header) == (encoding, bom, ("a", "b"))
    assert dialect.clean == (encoding == "utf-8")


def test_one_odd_byte_at_the_end_of_a_large_file_settles_the_encoding(tmp_path):
    dialect = sniffed(tmp_path / "a.csv", b"a;b\n" + b"1;2\n" * 600_000 + b"1;\xe9\n")
    assert dialect.encoding == "cp1252"


def test_a_character_across_two_chunks_is_no_fault(tmp_path):
    data = b"a;b\n1;" + b"x" * ((1 << 20) - 7) + "ø\n".encode()
    assert data[(1 << 20) - 1 : (1 << 20) + 1] == "ø".encode()
    assert sniffed(tmp_path / "a.csv", data).encoding == "utf-8"


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("a;b;c\n1,5;2,5;x\n", ";"),
        ("a,b,c\n1.5,2.5,x\n", ","),
        ("a\tb\n1,5\t2;3\n", "\t"),
        ("a|b\n1|x\n", "|"),
        ("id,tags\n1,a;b;c\n2,x;y;z\n", ","),
        ("naam;bedrag\nx;1,5\ny;2,5\n", ";"),
        ('a,b\n"x;y",1\n"p;q;r",2\n', ","),
        ("Report\nof June, 2026\n\na;b;c\n1;2,5;x\n2;3,5;y\n", ";"),
        ("sep=|\na;b|c;d\n1|2\n", "|"),
        ("leads\nx\ny\n", ","),
    ],
)
def test_the_delimiter_parts_rows_alike(text, delimiter, tmp_path):
    assert sniffed(tmp_path / "a.csv", text.encode()).delimiter == delimiter


def test_lines_above_and_below_are_found_and_counted(tmp_path):
    text = 'Deals\nBy: "Zoë"\n\nid;name;n\n1;x;2\n2;Total Energies;3\nTotaal;;5\n\nAll rights reserved\n\n'
    dialect = sniffed(tmp_path / "a.csv", text.encode())
    assert (dialect.header, dialect.skip_rows, dialect.footer_rows) == (("id", "name", "n"), 3, 2)
    assert text.encode()[dialect.start : dialect.end] == b"id;name;n\n1;x;2\n2;Total Energies;3\n"
    assert dialect.sentences() == (
        "Read as UTF-8, columns split by ';'.",
        "3 lines above the header and 2 lines below the last row were left out.",
    )
    again = sniffed(tmp_path / "a.csv", text.encode(), skip_rows=3)
    assert (again.header, again.start, again.end) == (dialect.header, dialect.start, dialect.end)


@pytest.mark.parametrize(
    ("cells", "footer"),
    [
        (["Totaal", "", "5"], True),
        (["Total:", "3", "5"], False),
        (["Total: 4 deals", "", ""], True),
        (["Gesamtsumme", "4", "5"], True),
        (["", "", ""], True),
        (["Confidential"], True),
        (["Total Energies", "4", ""], False),
        (["Totalia BV", "", ""], False),
        (["Som", "1", "2"], True),
        (["Sommer", "1", "2"], False),
        (["7", "", ""], False),
    ],
)
def test_a_footer_is_blank_alone_or_a_total(cells, footer):
    assert is_footer(cells, 3) is footer


def test_a_total_inside_quotes_or_between_rows_is_a_lead(tmp_path):
    dialect = sniffed(tmp_path / "a.csv", b'id;name;n\nTotaal;;1\n1;"x\nTotaal";2\n')
    assert (dialect.footer_rows, dialect.end) == (0, None)


def test_the_header_is_the_first_row_that_is_filled_enough():
    assert header_at([["Report"], [], ["a", "b", "c"], ["1", "2", "3"]], None) == 2
    assert header_at([["Report", "", ""], ["a", "b", ""], ["1", "2", "3"]], None) == 1
    assert header_at([["a", "b"], ["1", "2"]], 1) == 1
    assert header_at([], None) is None
    assert header_at([["a", "b"]], 5) is None


def test_sentences_say_the_same_of_what_was_guessed_and_given():
    dialect = Dialect("utf-16-le", "\t", ("a",), decimal=",", dates="dmy")
    assert dialect.sentences() == ("Read as UTF-16, columns split by tabs, decimal comma, dates dmy.",)
    assert left_out_sentence(0, 0) is None
    assert left_out_sentence(1, 0) == "1 line above the header was left out."
    assert left_out_sentence(0, 2) == "2 lines below the last row were left out."


def test_numbers_are_no_column_names(tmp_path):
    with pytest.raises(DataError, match=r"a\.csv, line 1: '1;2,5' holds only numbers; expected column names there"):
        sniffed(tmp_path / "a.csv", b"1;2,5\n3;4,5\n")
    with pytest.raises(DataError, match=r"a\.csv: no header row found"):
        sniffed(tmp_path / "a.csv", b"a;b\n3;4,5\n", skip_rows=7)


def test_bytes_in_no_known_encoding_are_named(tmp_path):
    with pytest.raises(DataError, match=r"a\.csv, line 2: byte 0x81 is not Windows-1252; expected .*--encoding"):
        sniffed(tmp_path / "a.csv", b"a;b\n1;\x81\n")
    path = tmp_path / "a.csv"
    dialect = sniffed(path, b"a;b\n" + b"1;2\n" * 600_000 + b"1;\x81\n")
    with pytest.raises(DataError, match=r"a\.csv, line 600,002: byte 0x81"):
        clean_copy(path, tmp_path / "copy", dialect.encoding)


CELLS = st.text(st.sampled_from("abcæøé€ \n\",;|\t1'"), max_size=8)
NAMES = st.lists(st.text(st.sampled_from("abcdefghijé"), min_size=1, max_size=6), min_size=2, max_size=5, unique=True)


@st.composite
def files(draw):
    header = draw(NAMES)
    rows = draw(st.lists(st.tuples(*[CELLS] * len(header)).map(list), min_size=3, max_size=8))
    for row in rows:
        row[0] = f"id {row[0]}"
    return header, rows


@given(
    files(),
    st.sampled_from([";", ",", "\t", "|"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
    st.integers(0, 3),
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_clean_copy_holds_the_table_and_nothing_else(tmp_path, table, delimiter, encoding, newline, packed, above):
    header, rows = table
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=newline, quoting=csv.QUOTE_ALL).writerows([header, *rows])
    body = out.getvalue()
    text = f"title{newline}" * above + body + f"Total: {len(rows)}{newline}"
    data = text.encode(encoding)
    path, copy = tmp_path / "a.csv", tmp_path / "copy.csv"
    path.write_bytes(gzip.compress(data) if packed else data)
    dialect = sniff(path, ReadingOptions(delimiter=delimiter))
    clean_copy(path, copy, dialect.encoding, dialect.start, dialect.end)
    assert dialect.skip_rows == above
    assert dialect.footer_rows == 1
    assert copy.read_bytes().decode() == body
