"""Each remark has a history that raises it and one that does not."""

from __future__ import annotations

import tomllib

import numpy as np
import pandas as pd
import pytest

from calibrate.calibration import run
from calibrate.remarks import Remark, by_harm
from calibrate.settings import settings_from


def history(rows=2000, seed=3):
    random = np.random.default_rng(seed)
    source = random.choice(["Fair", "List", "Web", "Mail"], rows)
    return pd.DataFrame(
        {
            "Lead": [f"L{number}" for number in range(rows)],
            "Source": source,
            "Created": pd.Timestamp("2025-06-01") + pd.to_timedelta(np.arange(rows) * 365 // rows, unit="D"),
            "Won": random.random(rows) < 0.1 + 0.2 * (source == "Fair"),
        }
    )


def remarks(frame, kind, **tables):
    found = run(frame, settings_from({"outcome": {"column": "Won"}} | tables), force=True)
    return [item.text for item in found.remarks if item.kind == kind]


DATED = {"outcome": {"column": "Won", "date": "Created"}}


def test_few_won_leads():
    won = np.arange(2000) % 20 == 0
    assert "Only 99 won leads" in remarks(history().assign(Won=won & (np.arange(2000) < 1980)), "few")[0]
    assert not [text for text in remarks(history().assign(Won=won), "few") if "won leads" in text]
    assert remarks(history(), "few") == []


def test_levels_that_differ_no_more_than_by_luck():
    # Every tenth lead of every source: less different than chance would have it.
    frame = history().sort_values("Source").assign(Won=np.arange(2000) % 10 == 0)
    (text,) = remarks(frame, "few")
    assert "no differences beyond chance" in text


def test_young_leads_that_had_no_time():
    frame = history()
    young = frame["Created"] > frame["Created"].max() - pd.Timedelta(91, "D")
    frame["Won"] &= ~young | (np.arange(2000) % 3 == 0)
    (text,) = remarks(frame, "immature", **DATED)
    assert f"convert at {frame['Won'][young].mean():.1%}" in text
    assert "--mature DAYS" in text
    assert remarks(frame, "immature", outcome=DATED["outcome"] | {"mature_days": 91}) == []
    assert remarks(history(), "immature", **DATED) == []


def test_a_rate_that_changes_along_the_file():
    assert remarks(history(), "drift") == []
    (text,) = remarks(history().sort_values("Won"), "drift")
    assert "--date" in text


def test_two_attributes_that_say_the_same():
    frame, random = history(), np.random.default_rng(5)
    other = random.choice(["Fair", "List", "Web", "Mail"], len(frame))
    close = frame.assign(Channel=frame["Source"].where(random.random(len(frame)) < 0.97, other).str.upper())
    (text,) = remarks(close, "overlap")
    assert "Source and Channel (almost the same)" in text
    assert "--points adjusted" in text
    half = frame.assign(Channel=frame["Source"].where(random.random(len(frame)) < 0.5, other).str.upper())
    found = remarks(half, "overlap")
    assert "summed lift points count" in found[0]
    assert not [text for text in found if "almost the same" in text]
    apart = frame.assign(Channel=np.char.upper(other))
    assert remarks(apart, "overlap") == []


def test_leads_that_were_entered_twice():
    frame = history(400)
    assert remarks(frame, "duplicates") == []
    assert "20 of 420 leads" in remarks(pd.concat([frame, frame.iloc[:20]]), "duplicates")[0]
    assert remarks(pd.concat([frame, frame.iloc[:1]]), "duplicates") == []


def test_lead_numbers_that_come_again():
    frame = history(2000).rename(columns={"Lead": "Lead ID"})
    again = frame.iloc[:60].assign(Source="Mail", Won=~frame["Won"].iloc[:60].where(frame.index[:60] < 45, True))
    rows = pd.concat([frame, again])
    differ = sum(first != second for first, second in zip(frame["Won"].iloc[:60], again["Won"], strict=True))
    (text,) = remarks(rows, "duplicates")
    assert "60 leads stand in 120 rows, by Lead ID" in text
    assert f"lost in another: {differ}." in text
    same = pd.concat([frame, frame.iloc[:60].assign(Source="Mail")])
    (text,) = remarks(same, "duplicates")
    assert "60 leads stand in 120 rows" in text
    assert "another" not in text
    assert remarks(frame, "duplicates") == []
    # Ten leads more are too few to matter; empty and placeholder numbers are no numbers.
    assert remarks(pd.concat([frame, again.iloc[:9]]), "duplicates") == []
    blanks = frame["Lead ID"].where(np.arange(2000) % 10 > 1, "onbekend").where(np.arange(2000) % 10 > 0)
    assert remarks(frame.assign(**{"Lead ID": blanks}), "duplicates") == []


@pytest.mark.parametrize("numbers", [np.arange(2000) * 1e300, np.arange(2000) / 7, np.arange(2000) + 10**15])
def test_lead_numbers_of_any_size_are_counted(numbers):
    frame = history().drop(columns="Lead").assign(ID=numbers)
    assert remarks(frame, "duplicates") == []
    rows = pd.concat([frame, frame.iloc[:60].assign(Source="Mail")])
    assert "60 leads stand in 120 rows" in remarks(rows, "duplicates")[0]


@pytest.mark.parametrize("name", ["Account ID", "Klantnummer", "Company", "E-mail", "Campaign ID"])
def test_accounts_with_more_leads_are_no_lead_that_comes_again(name):
    frame = history().rename(columns={"Lead": name})
    rows = pd.concat([frame, frame.iloc[:200].assign(Won=True, Source="Mail")])
    assert remarks(rows, "duplicates") == []
    named = rows.rename(columns={name: "ID"})
    assert remarks(named, "duplicates", outcome={"column": "Won", "account": "ID"}) == []
    assert len(remarks(named, "duplicates")) == 1


def test_a_quarter_without_leads():
    frame = history()
    assert remarks(frame, "drift", **DATED) == []
    quarter = frame["Created"].between("2025-10-01", "2025-12-31")
    (text,) = remarks(frame[~quarter], "drift", **DATED)
    assert text.startswith("No lead came in from 1 Oct 2025 to 31 Dec 2025 (92 days)")
    month = frame["Created"].between("2025-10-01", "2025-10-31")
    assert remarks(frame[~month], "drift", **DATED) == []
    # Leads that are entered a quarter at a time, and a date that stands alone, are no hole.
    batches = frame.assign(Created=pd.to_datetime(frame["Created"].dt.to_period("Q").dt.start_time))
    assert remarks(batches, "drift", **DATED) == []
    slip = frame.assign(Created=frame["Created"].where(frame.index > 0, pd.Timestamp("2019-01-01")))
    assert not [text for text in remarks(slip, "drift", **DATED) if "No lead came in" in text]


@pytest.mark.parametrize("odd", ["fair", 'the "Fair"', "Fair\\", "Fair "])
def test_what_a_spelling_remark_says_to_write_works(odd):
    frame = history()
    twin = odd.swapcase() if odd != "Fair " else "Fair"
    texts = np.where(np.arange(len(frame)) % 2 == 0, odd, twin)
    frame["Source"] = frame["Source"].where(frame["Source"] != "Fair", texts)
    (text,) = remarks(frame, "spelling")
    line = text.partition("put ")[2].partition(" under ")[0]
    table = text.partition(" under ")[2].partition(" in calibrate.toml")[0]
    settings = tomllib.loads(f"{table}\n{line}\n")
    assert remarks(frame, "spelling", **settings) == []


def test_what_is_often_empty():
    frame = history()
    assert remarks(frame, "missing") == []
    frame["Source"] = frame["Source"].where(np.arange(2000) % 3 != 0)
    assert "Source (33%)" in remarks(frame, "missing")[0]


def test_placeholders():
    frame = history()
    frame["Source"] = frame["Source"].where(frame["Source"] != "Web", "-Select-")
    assert "Source = -Select- looks like a placeholder" in remarks(frame, "placeholder")[0]


def test_the_most_harmful_comes_first():
    mixed = [Remark("note", "a"), Remark("leak", "b"), Remark("few", "c"), Remark("leak", "d")]
    assert [remark.text for remark in by_harm(mixed)] == ["b", "d", "c", "a"]
