"""A folder of Parquet files is one source: the files in the order of their names, the folders' names as columns."""

from __future__ import annotations

import hashlib

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from calibrate.errors import DataError
from calibrate.reading.source import open_source


def part(path, first, rows=4, **columns):
    path.parent.mkdir(parents=True, exist_ok=True)
    numbers = range(first, first + rows)
    table = {"id": list(numbers), "size": [number / 2 for number in numbers], "country": ["NL", "BE"] * (rows // 2)}
    pq.write_table(pa.table({**table, **columns}), path, row_group_size=2)
    return path


def rows_of(source, columns=None):
    return [row for batch in source.batches(columns) for row in batch.to_pylist()]


def test_files_are_read_in_the_order_of_their_names(tmp_path):
    folder = tmp_path / "leads"
    for name, first in (("b.parquet", 4), ("a.parquet", 0), ("deep/c.parquet", 8)):
        part(folder / name, first)
    (folder / "_SUCCESS").touch()
    part(folder / "_temporary" / "x.parquet", 100)
    with open_source(folder) as source:
        assert (source.name, source.rows) == ("leads", 12)
        assert [row["id"] for row in rows_of(source)] == list(range(12))
        assert rows_of(source, ["country"])[:3] == [{"country": "NL"}, {"country": "BE"}, {"country": "NL"}]
        assert source.reading[0] == "3 Parquet files of the folder were read, in the order of their names."
        whole = b"".join((folder / name).read_bytes() for name in ("a.parquet", "b.parquet", "deep/c.parquet"))
        assert source.sha256() == hashlib.sha256(whole).hexdigest()


def test_a_folder_gives_what_one_file_gives(tmp_path):
    whole = part(tmp_path / "whole.parquet", 0, 100)
    for place in range(10):
        part(tmp_path / "leads" / f"{place}.parquet", 10 * place, 10)
    with open_source(whole) as one, open_source(tmp_path / "leads") as many:
        assert rows_of(one) == rows_of(many)
        for rows in (7, 50, 1000):
            assert one.sample(rows).to_pylist() == many.sample(rows).to_pylist()
        assert one.columns == many.columns


def test_folders_named_after_a_value_are_columns(tmp_path):
    for name in ("year=2024/region=N%2FW", "year=2025/region=__HIVE_DEFAULT_PARTITION__"):
        part(tmp_path / "leads" / name / "part-0.parquet", 0)
    with open_source(tmp_path / "leads") as source:
        kinds = {column.name: column.type for column in source.columns}
        assert (kinds["year"], kinds["region"]) == ("number", "text")
        rows = rows_of(source)
        assert {(row["year"], row["region"]) for row in rows} == {(2024, "N/W"), (2025, None)}
        assert len(rows_of(source, ["year"])) == 8


def test_a_column_that_is_empty_in_one_file_is_what_it_is_in_the_others(tmp_path):
    for name, city in (
        ("a", pa.nulls(4)),
        ("b", pa.array(["Gent"] * 4)),
        ("c", pa.array(["Lier"] * 4).dictionary_encode()),
    ):
        part(tmp_path / "leads" / f"{name}.parquet", 0, city=city)
    with open_source(tmp_path / "leads") as source:
        assert [row["city"] for row in rows_of(source)] == [None] * 4 + ["Gent"] * 4 + ["Lier"] * 4


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"id": ["x"] * 4}, "leads/b.parquet: found string in column 'id', where leads/a.parquet has int64"),
        ({"more": [1] * 4}, "leads/a.parquet: found no column 'more', where leads/b.parquet has one"),
    ],
)
def test_files_that_differ_are_named(tmp_path, columns, said):
    part(tmp_path / "leads" / "a.parquet", 0)
    part(tmp_path / "leads" / "b.parquet", 0, **columns)
    with pytest.raises(DataError) as error:
        open_source(tmp_path / "leads")
    assert str(error.value).startswith(said)
    assert "\n" not in str(error.value)


def test_files_in_folders_of_different_kinds_are_refused(tmp_path):
    part(tmp_path / "leads" / "year=2024" / "a.parquet", 0)
    part(tmp_path / "leads" / "b.parquet", 0)
    with pytest.raises(DataError, match="other folders such as"):
        open_source(tmp_path / "leads")


def test_a_damaged_file_of_a_folder_is_named(tmp_path):
    part(tmp_path / "leads" / "a.parquet", 0)
    (tmp_path / "leads" / "b.parquet").write_bytes(b"PAR1 and nothing else")
    with pytest.raises(DataError, match=r"^leads/b\.parquet: cannot be read as Parquet"):
        open_source(tmp_path / "leads")


def test_a_folder_without_parquet_files_is_refused(tmp_path):
    (tmp_path / "leads.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match="is a folder; expected a file with leads"):
        open_source(tmp_path)
