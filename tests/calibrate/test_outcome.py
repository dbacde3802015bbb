"""Won, lost, open or not known: who is counted, who is not and why, and what is proposed."""

from __future__ import annotations

import shlex
from datetime import date

import pandas as pd
import pyarrow as pa
import pytest

from calibrate.errors import DataError, SettingsError
from calibrate.leads.codes import encode
from calibrate.leads.columns import profile_columns
from calibrate.leads.outcome import compile_outcome, propose_outcome
from calibrate.listing import parse_outcome
from calibrate.reading.source import open_source
from calibrate.settings import OutcomeSettings, Settings


def counted(data, **outcome):
    """Leads, conversions and the leads left out by reason."""
    settings = OutcomeSettings(**outcome)
    with open_source(data) as source:
        store = encode(source, [], compile_outcome(settings, source, source.sample()), settings)
    return store.leads, int(store.won.sum()), {reason.split(":")[0]: leads for leads, reason in store.excluded}


def written(folder, name, text):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


STATUS = pa.table({"Status": ["Won", "Lost", "Open", None, "Won", "Stalled", "Lost"]})


def test_every_other_value_is_lost_when_lost_is_not_said():
    assert counted(STATUS, column="Status", won=["Won"]) == (6, 2, {"without an outcome": 1})


def test_every_other_value_is_open_when_lost_is_said():
    left_out = {"still open": 2, "without an outcome": 1}
    assert counted(STATUS, column="Status", won=["Won"], lost=["Lost"]) == (4, 2, left_out)


def test_several_won_values():
    assert counted(STATUS, column="Status", won=["Won", "Stalled"]) == (6, 3, {"without an outcome": 1})


@pytest.mark.parametrize(
    ("values", "won", "conversions"),
    [
        (["ja", "nee", "JA", " ja "], [], 3),
        (["ja", "nee", "JA", " ja "], ["yes"], 3),
        (["oui", "non", "non", "oui"], ["1"], 2),
        (["Won", "WON", "lost", "won "], ["won"], 3),
        ([1, 0, 0, None], [], 1),
        ([1.0, 0.0, 0.0, None], ["1"], 1),
        ([1.0, 0.0, 2.5, None], ["1"], 1),
        ([True, False, None, True], [], 2),
        ([True, False, None, True], ["yes"], 2),
        ([True, False, None, True], ["true"], 2),
        (["1", "0", "1", "1"], ["1"], 3),
    ],
)
def test_words_for_won_are_understood(values, won, conversions):
    leads, found, _ = counted(pa.table({"Klant": values}), column="Klant", won=won)
    assert (leads, found) == (4 - values.count(None), conversions)


def test_a_value_in_another_case_must_be_named_won_or_lost():
    with pytest.raises(DataError, match=r"found 'Won' beside 'won', expected one spelling.*--outcome Status=won,Won"):
        compiled("Status", ["won", "Won", "no"], ["won"])
    assert set(compiled("Status", ["won", "Won"], ["WON"]).won) == {"won", "Won"}
    assert compiled("Status", ["won", "Won"], ["won"], lost=["Won"]).won == ("won",)


def compiled(name, values, won, **more):
    with open_source(pa.table({name: values})) as source:
        return compile_outcome(OutcomeSettings(column=name, won=won, **more), source, source.sample())


@pytest.mark.parametrize(
    ("outcome", "kind", "words"),
    [
        ({"column": "Statsu", "won": ["Won"]}, DataError, "did you mean 'Status'?"),
        ({"column": "Status", "won": ["Wonn"]}, DataError, "did you mean 'Won'?"),
        ({"column": "Status", "won": ["Won"], "lost": ["Loste"]}, DataError, "did you mean 'Lost'?"),
        ({"column": "Status"}, DataError, "yes/no"),
        ({}, SettingsError, "--outcome COLUMN=VALUE"),
        ({"column": "Status", "won": ["Won"], "date": "Status"}, DataError, "date"),
        ({"column": "Status", "won": ["Won"], "date": "Day", "as_of": "2026-02-31"}, SettingsError, "2026-02-31"),
        ({"column": "Status", "won": ["Won"], "lost": ["Won"]}, SettingsError, "both"),
    ],
)
def test_what_is_not_there_is_one_line_with_near_names(outcome, kind, words):
    data = STATUS.append_column("Day", pa.array([date(2026, 1, 1)] * 7))
    with pytest.raises(kind, match=words.replace("?", r"\?")) as caught:
        counted(data, **outcome)
    assert "\n" not in str(caught.value)


DATED = pd.DataFrame(
    {
        "Status": ["Won", "Lost", "Lost", "Won", "Open", "Lost"],
        "Created": pd.to_datetime(["2026-01-01", "2026-01-20", "2026-02-10", "2026-03-01", "2026-03-31", None]),
    }
)


@pytest.mark.parametrize(
    ("mature", "as_of", "leads", "young"),
    [
        (None, None, 5, 0),
        (30, None, 4, 1),  # the open lead of 31 March is the newest: 1 March is 30 days old and stays, 10 February too
        (31, None, 4, 1),
        (29, None, 5, 0),
        (30, "2026-03-31", 5, 0),
        (60, "2026-03-01", 3, 2),
        (0, "2026-02-28", 4, 1),
    ],
)
def test_leads_younger_than_the_mature_days_are_left_out(mature, as_of, leads, young):
    outcome = {"column": "Status", "won": ["Won"], "lost": ["Lost"], "date": "Created"}
    found, _, left_out = counted(DATED, **outcome, mature_days=mature, as_of=as_of)
    newest = pd.Timestamp(as_of) if as_of else DATED["Created"].max()
    known = DATED[DATED["Status"] != "Open"]
    too_young = 0 if mature is None else int(((newest - known["Created"]).dt.days < mature).sum())
    assert found == len(known) - too_young
    assert left_out.get(f"younger than {mature} days", 0) == too_young


LEADS = """id,Created,Source
007,2026-01-05,Web
7,2026-01-06,Fair
008,2026-02-01,Web
9,2026-02-03,Web
,2026-02-04,Web
"""
DEALS = """id,Stage,Won on
007,Closed won,2026-01-20
008,Lost,2026-02-20
007,Closed won,2026-03-01
9,closed won,2026-01-15
,Closed won,2026-01-01
"""


@pytest.fixture
def won_deals(tmp_path):
    rows = [line.split(",") for line in DEALS.splitlines()]
    return written(tmp_path, "won.csv", "\n".join(",".join((row[0], row[2])) for row in rows) + "\n")


@pytest.fixture
def files(tmp_path):
    return written(tmp_path, "leads.csv", LEADS), written(tmp_path, "deals.csv", DEALS)


def test_a_lead_with_a_row_among_the_deals_is_won(files, won_deals):
    assert counted(files[0], deals=won_deals, key="id") == (5, 3, {})


def test_lost_deals_are_never_counted_as_won_unasked(files):
    leads, deals = files
    with pytest.raises(DataError, match=r"deals.csv, column 'Stage': found 'Lost' beside.*say --outcome"):
        counted(leads, deals=deals, key="id")
    every = ["Closed won", "closed won", "Lost"]
    assert counted(leads, deals=deals, key="id", column="Stage", won=every)[1] == 3


def test_keys_with_leading_zeros_are_texts_and_a_key_twice_counts_once(files):
    leads, deals = files
    assert counted(leads, deals=deals, key="id", column="Stage", won=["Closed won"])[1] == 1


def test_the_stage_of_a_deal_may_be_said_in_another_case(files):
    leads, deals = files
    assert counted(leads, deals=deals, key="id", column="Stage", won=["CLOSED WON"])[1] == 2


def test_a_lead_won_before_it_came_in_is_left_out(files, won_deals):
    found = counted(files[0], deals=won_deals, key="id", date="Created", won_date="Won on")
    assert found == (4, 2, {"won before they came in": 1})


def test_a_lead_won_twice_was_won_on_the_first_day(files, tmp_path):
    leads, _ = files
    deals = written(tmp_path, "twice.csv", "id,Won on\n008,2026-03-01\n008,\n008,2026-01-01\n7,\n7,2026-01-07\n")
    found = counted(leads, deals=deals, key="id", date="Created", won_date="Won on")
    assert found == (4, 1, {"won before they came in": 1})


def test_numbers_as_keys_meet_texts_as_keys(tmp_path):
    leads = pa.table({"id": [1.0, 2.0, None, 40.0]})
    deals = written(tmp_path, "deals.csv", "id\n1\n40\nx\n")
    assert counted(leads, deals=deals, key="id")[:2] == (4, 2)


@pytest.mark.parametrize(
    ("text", "outcome", "words"),
    [
        ("ident\n7\n", {}, "'id'"),
        ("id,Won on\n", {}, "no won deal"),
        ("id\n\n", {}, "no won deal"),
        ("id,Stage\n7,Lost\n", {"column": "Stage", "won": ["Won"]}, "there are: 'Lost'"),
        ("id,Stage\n7,Lost\n", {"column": "Stagee", "won": ["Won"]}, "did you mean 'Stage'"),
        ("id,Stage\n7,Lost\n", {"column": "Stage"}, "yes/no"),
        ("id,Won on\n7,soon\n", {"won_date": "Won on", "date": "Created"}, "date"),
    ],
)
def test_deals_that_say_nothing_are_one_line(files, tmp_path, text, outcome, words):
    deals = written(tmp_path, "bad.csv", text)
    with pytest.raises(DataError, match=words) as caught:
        counted(files[0], deals=deals, key="id", **outcome)
    assert "\n" not in str(caught.value)


def test_the_definition_in_words(files, won_deals):
    leads, deals = files
    with open_source(leads) as source:
        plain = compile_outcome(OutcomeSettings(deals=won_deals, key="id"), source, source.sample())
        staged = OutcomeSettings(deals=deals, key="id", column="Stage", won=["Closed won"])
        assert plain.words == "a row in won.csv with the same id"
        assert compile_outcome(staged, source, source.sample()).words == (
            "a row in deals.csv with the same id with Stage = Closed won"
        )


def proposal(**columns):
    table = pa.table(columns)
    return propose_outcome(profile_columns(table, Settings()), table)


YES_NO = ["ja", "nee"] * 50
STAGES = ["Open", "Won", "Lost", "Lost"] * 25


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"Klant": YES_NO}, ("Klant=ja", None)),
        ({"Klant": YES_NO, "Nieuwsbrief": YES_NO}, ("Klant=ja", None)),
        ({"Converted": [1, 0] * 50}, ("Converted=1", None)),
        ({"Converted": [True, False] * 50}, ("Converted=true", None)),
        ({"Stage": STAGES}, ("Stage=Won", "Lost")),
        ({"Stage": ["Won", "Lost"] * 50}, ("Stage=Won", None)),
        (
            {"Stage": ["Closed won", "Closed lost", "Demo", "Disqualified"] * 25},
            ("Stage=Closed won", "Closed lost,Disqualified"),
        ),
        ({"Fase": ["gewonnen", "verloren", "offerte"] * 30}, ("Fase=gewonnen", "verloren")),
        ({"Stage": STAGES, "Status": STAGES}, None),
        ({"Customer": YES_NO, "Klant": YES_NO}, None),
        ({"Stage": STAGES, "Klant": YES_NO}, None),
        ({"Source": ["Web", "Fair"] * 50}, None),
        ({"Newsletter": YES_NO}, None),
    ],
)
def test_a_unique_winner_is_proposed(columns, expected):
    assert proposal(**columns) == expected


@pytest.mark.parametrize(
    "columns",
    [
        {"Stage": ["Won, signed", "Lost, price", "Open"] * 30},
        {"Won = yes?": YES_NO},
        {'"Won" = yes, no?': YES_NO},
    ],
)
def test_a_proposal_says_what_it_means_when_it_is_copied(columns):
    option, lost = proposal(**columns)
    (name,) = columns
    (copied,) = shlex.split(shlex.quote(option))
    column, won = parse_outcome(copied)
    assert column == name
    assert set(won) <= set(columns[name])
    if lost:
        assert parse_outcome(f"x={lost}")[1] == ["Lost, price"]
    assert counted(pa.table(columns), column=column, won=won)[1] == columns[name].count(won[0])


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ("Status=Won", ("Status", ["Won"])),
        ("Status = Won , Closed won", ("Status", ["Won", "Closed won"])),
        ("Klant", ("Klant", [])),
        ('Stage="Won, signed",Won', ("Stage", ["Won, signed", "Won"])),
        ('"a=b"=c', ("a=b", ["c"])),
        ("Status=a=b", ("Status", ["a=b"])),
    ],
)
def test_an_outcome_option(option, expected):
    assert parse_outcome(option) == expected


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (
            ["31-01-26", "28-02-26"],
            "found '31-01-26', a year of two digits, expected dates such as 2026-01-31, 31-01-2026",
        ),
        (["1/2/26 09:30", "3/2/26 10:00"], "a year of two digits"),
        (["Buyer", "User"], "found 'Buyer', expected dates such as 2026-01-31, 31-01-2026 or 31/01/2026; name another"),
    ],
)
def test_a_column_that_holds_no_dates_says_in_which_forms_they_are_read(texts, said):
    leads = pa.table({"Status": ["Won", "Lost"], "Created": texts})
    with pytest.raises(DataError) as caught:
        counted(leads, column="Status", won=["Won"], date="Created")
    assert said in str(caught.value)
