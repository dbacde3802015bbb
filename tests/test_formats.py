"""The same leads give the same points, whatever they were kept in."""

from __future__ import annotations

import gzip
import sqlite3
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pytest

import calibrate as cal
from calibrate.sample import sample_file
from calibrate.settings import load_settings

LEADS = sample_file("leads.csv")
SETTINGS = load_settings(sample_file("leads.toml"))


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return pd.read_csv(LEADS)


@pytest.fixture(scope="module")
def expected() -> pd.DataFrame:
    return cal.calibrate(LEADS, settings=SETTINGS).to_frame()


def semicolons(frame: pd.DataFrame, folder: Path) -> Path:
    path = folder / "leads.csv"
    text = frame.assign(Created=frame["Created"].str.replace(r"(\d+)-(\d+)-(\d+)", r"\3.\2.\1", regex=True))
    text.to_csv(path, sep=";", decimal=",", index=False, encoding="cp1252", lineterminator="\r\n", float_format="%.0f")
    return path


def gzipped(frame: pd.DataFrame, folder: Path) -> Path:
    path = folder / "leads.csv.gz"
    path.write_bytes(gzip.compress(LEADS.read_bytes()))
    return path


def parquet(frame: pd.DataFrame, folder: Path) -> Path:
    path = folder / "leads.parquet"
    frame.assign(Created=pd.to_datetime(frame["Created"])).to_parquet(path, index=False)
    return path


def workbook(frame: pd.DataFrame, folder: Path) -> Path:
    path = folder / "leads.xlsx"
    frame.assign(Created=pd.to_datetime(frame["Created"])).to_excel(path, index=False, engine="xlsxwriter")
    return path


def sqlite_file(frame: pd.DataFrame, folder: Path) -> Path:
    path = folder / "leads.sqlite"
    connection = sqlite3.connect(path)
    frame.to_sql("leads", connection, index=False)
    connection.close()
    return path


def duckdb_file(frame: pd.DataFrame, folder: Path) -> Path:
    path = folder / "leads.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create table leads as select * from frame")
    return path


def pandas_frame(frame: pd.DataFrame, folder: Path) -> pd.DataFrame:
    return frame


def polars_frame(frame: pd.DataFrame, folder: Path) -> pl.DataFrame:
    return pl.read_csv(LEADS, try_parse_dates=True)


def arrow_table(frame: pd.DataFrame, folder: Path) -> object:
    return pl.read_csv(LEADS).to_arrow()


KEPT_IN = (
    semicolons,
    gzipped,
    parquet,
    workbook,
    sqlite_file,
    duckdb_file,
    pandas_frame,
    polars_frame,
    arrow_table,
)


@pytest.mark.parametrize("kept_in", KEPT_IN, ids=lambda made: made.__name__)
def test_points_do_not_depend_on_the_form_of_the_file(kept_in, frame, expected, tmp_path):
    found = cal.calibrate(kept_in(frame, tmp_path), settings=SETTINGS).to_frame()
    pd.testing.assert_frame_equal(found, expected)
