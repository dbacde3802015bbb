"""Nearly all numbers, nearly all dates: the one that is not is named, never learned from."""

from __future__ import annotations

import pytest

from calibrate.calibration import run
from calibrate.errors import DataError
from calibrate.reading.strays import Stray, find_stray
from calibrate.settings import settings_from

WHOLE = [str(number) for number in range(1, 30)]


@pytest.mark.parametrize(
    ("texts", "stray"),
    [
        ([*WHOLE, "abc"], Stray("abc", "a number")),
        (["1,5", *[f"{n},25" for n in range(20)], "12.50"], Stray("12.50", "a number with a decimal comma")),
        ([*[f"{d:02}-03-2026" for d in range(1, 29)], "soon"], Stray("soon", "a date, day first")),
        ([*[f"{d:02}-03-2026" for d in range(1, 29)], "03-28-2026"], Stray("03-28-2026", "a date, day first")),
        ([*WHOLE, "unknown", "-"], None),
        ([*[f"0{n}" for n in range(10, 40)], "x"], None),
        (["1", "2", "3", "abc"], None),
        (["red", "green", "blue"] * 5, None),
        ([*WHOLE[:12], *"abcdefgh"], None),
        ([], None),
    ],
)
def test_a_stray_is_what_nearly_all_others_are_not(texts, stray):
    assert find_stray(texts) == stray


def history(tmp_path, stray: str):
    rows = [f"{1 + n % 40},{'yes' if n % 40 < 10 else 'no'}" for n in range(400)]
    rows[299] = f"{stray},no"
    path = tmp_path / "leads.csv"
    path.write_text("size,won\n" + "\n".join(rows) + "\n")
    return path


def test_a_run_stops_and_says_what_to_do(tmp_path):
    path = history(tmp_path, "abc")
    outcome = {"column": "won", "won": ["yes"]}
    with pytest.raises(DataError) as caught:
        run(path, settings_from({"outcome": outcome}))
    assert str(caught.value).startswith("leads.csv, column 'size', row 300: found 'abc', expected a number as")
    mended = settings_from({"outcome": outcome, "source": {"null": ["abc"]}, "columns": {"allow": ["size"]}})
    assert [item.kind for item in run(path, mended).attributes] == ["number"]
    as_text = settings_from({"outcome": outcome, "source": {"text_columns": ["size"]}, "points": {"min_leads": 1}})
    with pytest.raises(DataError, match="no column can be an attribute"):
        run(path, as_text)
