import csv
import errno
import gzip
import io
import json
import os
import sqlite3
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import calibrate.document.scored
from calibrate.document.rules import (
    Attribute,
    Case,
    Gate,
    GateThen,
    GateWhen,
    Group,
    Has,
    In,
    Is,
    Range,
    Reference,
    Rule,
    Rules,
    ScoreBand,
)
from calibrate.document.scored import check_target, score_file
from calibrate.document.scoring import score_lead
from calibrate.errors import DataError, SettingsError
from calibrate.reading.dialect import ReadingOptions

RULES = Rules(
    id="x",
    version="1",
    attributes={
        "Bron": Attribute(type="category"),
        "Omzet": Attribute(type="number"),
        "Demo": Attribute(type="boolean"),
    },
    gates=(Gate(id="g", label="=student", when=GateWhen(attr="Bron", in_=("uni",)), then=GateThen(score=0, band="-")),),
    groups={"fit": Group()},
    rules=(
        Rule(id="bron", attr="Bron", group="fit", cases=(Case(when=In(in_=("Søgning", "web")), points=10),)),
        Rule(
            id="omzet",
            attr="Omzet",
            group="fit",
            cases=(
                Case(when=Range(lt=12.5), points=-5, label="klein"),
                Case(when=Range(ge=12.5), points=7, label="groot"),
            ),
        ),
        Rule(id="demo", attr="Demo", group="fit", cases=(Case(when=Is(is_=True), points=20, label="ja"),)),
    ),
    bands=(ScoreBand(name="A", from_=15), ScoreBand(name="B")),
    reference=Reference(population="three leads", leads=3, scores=(0, 17, 37), counts=(1, 1, 1)),
)
LEADS = 'Naam;Bron;Omzet;Tel\r\nAnne;Søgning;12,5;+45 12\r\n"B; ""x""";new;1.000,75;=1+1\r\n;;;-\r\nUni;uni;0,5;007\r\n'
EXPECTED = [
    ["Naam", "Bron", "Omzet", "Tel", "score", "percentile", "band", "reasons"],
    ["Anne", "Søgning", "12,5", "+45 12", "17", "50,00", "A", "(+10) Bron = Søgning, web; (+7) Omzet = groot"],
    ['B; "x"', "new", "1.000,75", "=1+1", "7", "33,33", "B", "(+7) Omzet = groot"],
    ["", "", "", "-", "0", "16,67", "B", ""],
    ["Uni", "uni", "0,5", "007", "0", "16,67", "'-", "'=student"],
]


def rows_of(path, encoding="utf-8-sig", delimiter=";"):
    return list(csv.reader(io.StringIO(path.read_bytes().decode(encoding), newline=""), delimiter=delimiter))


@pytest.mark.parametrize(
    ("encoding", "written"),
    [
        ("utf-8", "Windows"),
        ("utf-8-sig", "BOM"),
        ("cp1252", "ANSI"),
        ("utf-16", "Unicode"),
    ],
)
def test_the_dialect_is_the_one_that_was_read(tmp_path, encoding, written):
    path, out = tmp_path / f"{written}.csv", tmp_path / "out.csv"
    path.write_bytes(LEADS.encode(encoding))
    done = score_file(RULES, path, out)
    assert rows_of(out, encoding) == EXPECTED
    assert out.read_bytes().decode(encoding).count("\r\n") == 5
    assert out.read_bytes().startswith("\ufeff".encode("utf-8")) == (encoding == "utf-8-sig")
    assert out.read_bytes()[:15] == path.read_bytes()[:15]
    assert done.rows == 4
    assert done.unseen == {"Bron": {"new": 1}}
    assert done.absent == ("Demo",)
    assert not done.unsayable


def test_cells_that_were_there_stay_to_the_letter(tmp_path):
    path, out = tmp_path / "leads.csv", tmp_path / "out.csv"
    path.write_text('Bron,Note,Omzet\nweb,"a\nb",1\n"w,""x""", pad ,-5\nuni,\'quoted,\n', encoding="utf-8", newline="")
    score_file(RULES, path, out)
    before, after = rows_of(path, delimiter=","), rows_of(out, delimiter=",")
    assert [row[:3] for row in after] == before
    assert out.read_bytes().startswith(b'Bron,Note,Omzet,score,percentile,band,reasons\nweb,"a\nb",1,5,')


@pytest.mark.parametrize(
    ("name", "delimiter", "text"),
    [("a.tsv", "\t", "Bron\tOmzet\nweb\t12.5\n"), ("a.txt", "|", "Bron|Omzet\nweb|12.5\n")],
)
def test_tabs_and_bars(tmp_path, name, delimiter, text):
    (tmp_path / name).write_text(text, encoding="utf-8")
    score_file(RULES, tmp_path / name, tmp_path / "out.txt", reasons=0)
    assert rows_of(tmp_path / "out.txt", delimiter=delimiter)[1] == ["web", "12.5", "17", "50.00", "A", ""]


def test_a_compressed_file_is_read(tmp_path):
    path = tmp_path / "leads.csv.gz"
    path.write_bytes(gzip.compress(LEADS.encode()))
    score_file(RULES, path, tmp_path / "out.csv")
    assert rows_of(tmp_path / "out.csv") == EXPECTED


def test_reasons_that_the_encoding_cannot_say_are_told(tmp_path):
    rules = RULES.model_copy(
        update={"rules": (RULES.rules[0].model_copy(update={"label": "Źródło"}), *RULES.rules[1:])}
    )
    path = tmp_path / "leads.csv"
    path.write_bytes(LEADS.encode("cp1252"))
    done = score_file(rules, path, tmp_path / "out.csv")
    assert rows_of(tmp_path / "out.csv", "cp1252")[1][-1].startswith("(+10) ?ród?o = Søgning")
    assert done.unsayable
    assert "question marks" in done.lines()[-1]


def test_parquet_keeps_its_types(tmp_path):
    table = pa.table(
        {
            "Bron": pa.array(["web", None, "uni"]).dictionary_encode(),
            "Omzet": pa.array([12.5, None, 1.0]),
            "Demo": [True, None, False],
            "when": pa.array([1, 2, None], pa.date32()),
            "list": [[1], [], None],
        }
    )
    pq.write_table(table, tmp_path / "leads.parquet", row_group_size=2)
    score_file(RULES, tmp_path / "leads.parquet", tmp_path / "out.parquet")
    scored = pq.read_table(tmp_path / "out.parquet")
    assert scored.select(table.column_names).cast(table.schema).to_pylist() == table.to_pylist()
    assert scored.schema.names[-4:] == ["score", "percentile", "band", "reasons"]
    assert [scored.schema.field(name).type for name in table.column_names] == table.schema.types
    assert scored["score"].to_pylist() == [37, 0, 0]
    assert scored["percentile"].to_pylist() == pytest.approx([500 / 6, 100 / 6, 100 / 6])
    assert scored["reasons"].to_pylist()[0] == "+20 Demo = ja; +10 Bron = Søgning, web; +7 Omzet = groot"
    with pytest.raises(DataError, match=r"'list': found list.*write to \.parquet"):
        score_file(RULES, tmp_path / "leads.parquet", tmp_path / "out.csv")
    score_file(RULES, tmp_path / "leads.parquet", tmp_path / "a.parquet")
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "out.parquet").read_bytes()


def test_lists_in_a_file_are_sets_whatever_the_separator(tmp_path):
    rule = Rule(id="pages", attr="Pages", cases=(Case(when=Has(has="pricing"), points=5),))
    rules = Rules(id="x", version="1", attributes={"Pages": Attribute(type="set", separator=",")}, rules=(rule,))
    pq.write_table(pa.table({"Pages": [["docs", "pricing"], ["docs"], None]}), tmp_path / "leads.parquet")
    score_file(rules, tmp_path / "leads.parquet", tmp_path / "out.parquet")
    assert pq.read_table(tmp_path / "out.parquet")["score"].to_pylist() == [5, 0, 0]


def test_the_name_of_a_rules_file_is_no_rules(tmp_path):
    with pytest.raises(DataError, match=r"^rules: found str 'rules\.json', expected Rules; .*load_rules$"):
        score_file("rules.json", tmp_path / "leads.csv", tmp_path / "out.csv")


def test_parquet_to_csv_and_back(tmp_path):
    table = pa.table({"Bron": ["web", 'a,"b"', None], "Omzet": [12.5, 3, None], "n": [1, None, 3]})
    pq.write_table(table, tmp_path / "leads.parquet")
    score_file(RULES, tmp_path / "leads.parquet", tmp_path / "out.csv", reasons=1)
    assert (tmp_path / "out.csv").read_text(encoding="utf-8") == (
        "\ufeffBron,Omzet,n,score,percentile,band,reasons\n"
        'web,12.5,1,17,50.00,A,"(+10) Bron = Søgning, web"\n'
        '"a,""b""",3,,-5,0.00,B,(-5) Omzet = klein\n'
        ",,3,0,16.67,B,\n"
    )
    (tmp_path / "leads.csv").write_text("Bron,Omzet\nweb,12.5\n", encoding="utf-8")
    score_file(RULES, tmp_path / "leads.csv", tmp_path / "out.parquet")
    assert pq.read_table(tmp_path / "out.parquet").select(["Bron", "Omzet", "score"]).to_pylist() == [
        {"Bron": "web", "Omzet": "12.5", "score": 17}
    ]


def in_parquet(frame, path):
    frame.to_parquet(path, index=False)


def in_a_workbook(frame, path):
    frame.to_excel(path, index=False, engine="xlsxwriter")


def in_sqlite(frame, path):
    with closing(sqlite3.connect(path)) as connection:
        frame.to_sql("leads", connection, index=False)


def in_duckdb(frame, path):
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE leads AS SELECT * FROM frame")


@pytest.mark.parametrize(
    ("source", "written"),
    [
        ("leads.parquet", in_parquet),
        ("leads.xlsx", in_a_workbook),
        ("leads.sqlite", in_sqlite),
        ("leads.duckdb", in_duckdb),
    ],
)
@pytest.mark.parametrize(("out", "delimiter"), [("out.csv", ","), ("out.tsv", "\t")])
def test_a_file_that_is_no_text_becomes_text_that_a_spreadsheet_knows(tmp_path, source, written, out, delimiter):
    written(pd.DataFrame({"Bron": ["Søgning", "uni"], "Omzet": [12.5, None]}), tmp_path / source)
    score_file(RULES, tmp_path / source, tmp_path / out, reasons=0)
    assert (tmp_path / out).read_bytes().startswith("\ufeffBron".encode())
    read = pd.read_csv(tmp_path / out, sep=delimiter)
    assert read["Bron"].tolist() == ["Søgning", "uni"]
    assert read["score"].tolist() == [17, 0]


def test_a_workbook_becomes_csv(tmp_path):
    in_a_workbook(pd.DataFrame({"Bron": ["web", "uni"], "Omzet": [12.5, None]}), tmp_path / "leads.xlsx")
    score_file(RULES, tmp_path / "leads.xlsx", tmp_path / "out.csv", reasons=0)
    assert [row[2:] for row in rows_of(tmp_path / "out.csv", delimiter=",")] == [
        ["score", "percentile", "band", "reasons"],
        ["17", "50.00", "A", ""],
        ["0", "16.67", "'-", ""],
    ]


@pytest.mark.parametrize("out", ["out.csv", "out.parquet"])
def test_a_file_without_leads_has_its_columns(tmp_path, out):
    (tmp_path / "leads.csv").write_text("Bron,Omzet\n", encoding="utf-8")
    assert score_file(RULES, tmp_path / "leads.csv", tmp_path / out).rows == 0
    columns = (
        pq.read_schema(tmp_path / out).names if out == "out.parquet" else rows_of(tmp_path / out, delimiter=",")[0]
    )
    assert columns == ["Bron", "Omzet", "score", "percentile", "band", "reasons"]


def test_what_stands_out_is_told(tmp_path):
    (tmp_path / "leads.csv").write_text("Bron,Omzetten\n" + "new,1\n" * 3 + "other,1\n", encoding="utf-8")
    done = score_file(RULES, tmp_path / "leads.csv", tmp_path / "out.csv")
    lines = done.lines()
    assert any("'Bron': 4 leads have a value without points: 'new' (3), 'other' (1)" in line for line in lines)
    assert any("No column 'Omzet'" in line and "did you mean 'Omzetten'?" in line for line in lines)
    assert json.loads(json.dumps(asdict(done)))["unseen_leads"] == {"Bron": 4}


def test_many_unseen_values_stay_few(tmp_path, monkeypatch):
    monkeypatch.setattr(calibrate.document.scored, "_MOST_UNSEEN", 5)
    (tmp_path / "leads.csv").write_text("Bron\n" + "".join(f"v{i}\n" for i in range(50)), encoding="utf-8")
    done = score_file(RULES, tmp_path / "leads.csv", tmp_path / "out.csv")
    assert done.unseen_leads == {"Bron": 50}
    assert len(done.unseen["Bron"]) == 5


def refused(tmp_path, text, out="out.csv", options=None):
    path = tmp_path / "leads.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        score_file(RULES, path, tmp_path / out, options)
    assert [item.name for item in tmp_path.iterdir()] == ["leads.csv"]
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_bad_input_is_refused_and_nothing_is_written(tmp_path):
    assert "has 'score', 'band' already" in refused(tmp_path, "Bron,score,band\nweb,1,A\n")
    assert "none of the columns that the rules read" in refused(tmp_path, "Source\nweb\n")
    assert "expected one of .csv, .tsv, .txt, .parquet" in refused(tmp_path, "Bron\nweb\n", "out.xlsx")
    assert "found the file that is read" in refused(tmp_path, "Bron\nweb\n", "leads.csv")
    assert "expected a folder" in refused(tmp_path, "Bron\nweb\n", "no/out.csv")
    assert "'veel'" in refused(tmp_path, "Bron,Omzet\nweb,1\nweb,veel\n")


def test_a_result_is_written_over_only_when_told(tmp_path):
    path, out = tmp_path / "leads.csv", tmp_path / "out.csv"
    path.write_text("Bron\n")
    check_target(path, out, overwrite=False)
    out.symlink_to(tmp_path / "nowhere.csv")
    with pytest.raises(SettingsError, match=r"out\.csv: is there already; .* --overwrite, or choose another --out$"):
        check_target(path, out, overwrite=False)
    check_target(path, out, overwrite=True)
    for own in (path, tmp_path / "." / "leads.csv"):
        with pytest.raises(DataError, match="found the file that is read"):
            check_target(path, own, overwrite=True)
    with pytest.raises(DataError, match="expected one of"):
        check_target(path, tmp_path / "out.json", overwrite=True)
    with pytest.raises(DataError, match="cannot be written"):
        score_file(RULES, path, tmp_path / ("n" * 300 + ".csv"))


def test_a_scored_file_is_not_scored_twice(tmp_path):
    (tmp_path / "leads.csv").write_text("Bron,Omzet\nweb,1\n", encoding="utf-8")
    score_file(RULES, tmp_path / "leads.csv", tmp_path / "once.csv")
    with pytest.raises(DataError, match=r"^once\.csv: has 'score', 'percentile', 'band', 'reasons' already"):
        score_file(RULES, tmp_path / "once.csv", tmp_path / "twice.csv")


@pytest.mark.parametrize("out", ["out.csv", "out.parquet"])
@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))])
def test_no_half_file_stays(tmp_path, monkeypatch, out, error):
    path, target = tmp_path / "leads.csv", tmp_path / out
    path.write_text("Bron\n" + "web\n" * 10, encoding="utf-8")
    target.write_text("before")

    def stopped(self, table):
        raise error

    monkeypatch.setattr(calibrate.document.scored.TableScorer, "score", stopped)
    with pytest.raises(KeyboardInterrupt if isinstance(error, KeyboardInterrupt) else DataError):
        score_file(RULES, path, target)
    assert sorted(item.name for item in tmp_path.iterdir()) == sorted(["leads.csv", out])
    assert target.read_text() == "before"


@pytest.mark.parametrize("out", ["out.csv", "out.parquet"])
def test_a_full_disk_leaves_nothing(tmp_path, out):
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full on this system")
    (tmp_path / "leads.csv").write_text("Bron\nweb\n", encoding="utf-8")
    aside = tmp_path / f"{out}.{os.getpid()}.part"
    aside.symlink_to("/dev/full")
    with pytest.raises(DataError, match="No space left on device"):
        score_file(RULES, tmp_path / "leads.csv", tmp_path / out)
    assert [item.name for item in tmp_path.iterdir()] == ["leads.csv"]


cells = st.text(st.characters(codec="utf-8", exclude_characters="\x00\ufeff", exclude_categories=["Cs"]), max_size=4)


def one_kind(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["web", "uni", "new", ""]), cells), min_size=1, max_size=6),
    st.sampled_from(",;\t|"),
)
def test_any_cells_come_back_and_score_as_one_lead_does(tmp_path_factory, rows, delimiter):
    folder = tmp_path_factory.mktemp("scored")
    with (folder / "leads.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=delimiter, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(
            [("Bron", "Note"), *rows]
        )
    options = ReadingOptions(delimiter=delimiter, encoding="utf-8", text_columns=("Note",))
    score_file(RULES, folder / "leads.csv", folder / "out.csv", options)
    after = rows_of(folder / "out.csv", delimiter=delimiter)[1:]
    # In a file with line ends of two kinds, cells among them, they become one.
    assert [(row[0], one_kind(row[1])) for row in after] == [(source, one_kind(note)) for source, note in rows][
        : len(after)
    ]
    for row in after:
        assert int(row[2]) == score_lead(RULES, {"Bron": row[0]}).score


def test_control_marks_of_labels_reach_no_reason_and_cells_keep_theirs(tmp_path):
    label = "a\x1b[31m\nb\x00\x85\u202ec\u2069"
    rule = Rule(id="bron", attr="Bron", cases=(Case(when=In(in_=("we\x1bb",)), points=10, label=label),))
    rules = Rules(
        id="x",
        version="1",
        attributes={"Bron": Attribute(type="category")},
        rules=(rule,),
        bands=(ScoreBand(name="\t=A"),),
    )
    (tmp_path / "in.csv").write_text("Bron,Note\nwe\x1bb,\u202ehi\x07\n", encoding="utf-8")
    score_file(rules, tmp_path / "in.csv", tmp_path / "out.csv")
    _, row = rows_of(tmp_path / "out.csv", delimiter=",")
    assert row == ["we\x1bb", "\u202ehi\x07", "10", "", "�=A", "(+10) Bron = a�[31m�b���c�"]
