"""Folds and samples by the end of a key: cut off alike everywhere, even, and whole for an account."""

from __future__ import annotations

import zlib

import duckdb
import narwhals as nw
import numpy as np
import pyarrow as pa
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from calibrate.errors import DataError, SettingsError
from calibrate.leads.codes import FOLDS
from calibrate.remote.ends import Ends, alike_within, shuffled
from calibrate.remote.keys import MOST_ALIKE, MOST_IN_FOLD, buckets_of, chosen, end_of, settle_key
from calibrate.remote.table import engine_table

QUICK = ("polars", "Arrow", "DuckDB", "Ibis on DuckDB", "PostgreSQL")
ODD = ["", "a", "ab", "İstanbul", "straße", "日本語テキスト", "e\u0301e\u0301e\u0301", "x" * 40, None, "trailing  "]


def held(values, dtype):
    return pa.table({"key": pa.array(values, dtype)})


def same_ends(table, length, whole, expected):
    found = table.fetched(table.frame.select("key", end=end_of(nw.col("key"), whole, length)))
    pairs = zip(found["key"].to_pylist(), found["end"].to_pylist(), strict=True)
    assert all(end == (None if value is None else expected(value)) for value, end in pairs)


@pytest.mark.parametrize("length", [1, 3, 12])
def test_every_engine_cuts_off_the_same_end(engine, holding, length):
    same_ends(engine_table(holding(engine, held(ODD, pa.string()))), length, False, lambda text: text[-length:])
    numbers = [0, 7, -7, 10**12 + 123, -(2**62), 2**62, None]
    table = engine_table(holding(engine, held(numbers, pa.int64())))
    if engine != "pandas":  # which holds whole numbers with gaps as floats: they are refused as keys
        same_ends(table, length, True, lambda number: number % 10**length)


letters = st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00")


@pytest.mark.parametrize("name", QUICK)
def test_ends_of_any_text(name, holding):
    @settings(max_examples=30)
    @given(st.lists(st.one_of(st.none(), st.text(letters, max_size=8)), min_size=1), st.integers(1, 6))
    def check(values, length):
        same_ends(engine_table(holding(name, held(values, pa.string()))), length, False, lambda text: text[-length:])

    check()


KEYS = {
    "whole numbers": pa.array(range(20_000), pa.int64()),
    "numbers in tens": pa.array(range(0, 200_000, 10), pa.int64()),
    "numbered texts": pa.array([f"L-{number:06}" for number in range(20_000)]),
    "hex": pa.array([f"{zlib.crc32(str(number).encode()):08x}" for number in range(20_000)]),
    "names": pa.array(
        [f"{'ABCDEFGHIJ'[n % 10]}{n % 97} {('BV', 'GmbH', 'Inc.', 'Ltd')[n % 4]}" for n in range(20_000)]
    ),
}


@pytest.mark.parametrize("name", KEYS)
def test_folds_are_even_and_whole(name):
    table = engine_table(pa.table({"key": KEYS[name]}))
    key = settle_key(table, 20_000, "key", None)
    folds = key.folds_of(table.fetched(table.frame.select(mark=key.mark()))["mark"].to_pylist())
    assert np.bincount(folds, minlength=FOLDS).max() <= MOST_IN_FOLD * 20_000 + 1
    by_value = {}
    for value, fold in zip(KEYS[name].to_pylist(), folds.tolist(), strict=True):
        assert by_value.setdefault(value, fold) == fold


@pytest.mark.parametrize("most", [1_000, 7_000])
@pytest.mark.parametrize("name", sorted(KEYS.keys() - {"names"}))
def test_a_sample_holds_every_fold_in_its_share(name, most):
    table = engine_table(pa.table({"key": KEYS[name]}))
    key = settle_key(table, 20_000, None, "key")
    some = chosen(table, key, 20_000, most)
    taken = table.fetched(table.frame.filter(some.leads).select(mark=key.mark()))
    held_in = np.bincount(key.folds_of(taken["mark"].to_pylist()), minlength=FOLDS)
    assert 0.9 * most <= held_in.sum() <= most
    assert held_in.min() >= 0.7 * most / FOLDS
    assert (some.alike, some.too_large) == (1, 0)


def test_a_sample_is_the_same_from_every_engine(quick_engine, holding):
    keys = pa.table({"key": KEYS["hex"]})

    def taken(data):
        table = engine_table(data)
        key = settle_key(table, 20_000, None, "key")
        return sorted(table.fetched(table.frame.filter(chosen(table, key, 20_000, 2_000).leads))["key"].to_pylist())

    assert taken(holding(quick_engine, keys)) == taken(keys)


def test_the_order_of_ends_says_nothing_about_them():
    """Of numbers in a row the first tenth holds every digit at every place, as a draw of so many would."""
    first = shuffled(f"{number:03}" for number in range(1_000))[:100]
    for place in range(3):
        held = np.bincount([int(end[place]) for end in first], minlength=10)
        assert ((held - 10) ** 2 / 10).sum() < 27.9  # chi-square of 9, one in a thousand
    assert shuffled(["b", "", "a"]) == shuffled(["a", "b"])


def test_a_blank_key_is_no_key():
    keys = pa.array([None if n % 200 == 0 else "" if n % 20 == 0 else f"A{n}" for n in range(5_000)])
    table = engine_table(pa.table({"account": keys}))
    key = settle_key(table, 5_000, "account", None)
    assert key.missing == 0.05
    with pytest.raises(DataError, match=r"column 'account': 250 of 5,000 leads have none, expected .*; fill it with"):
        chosen(table, key, 5_000, 1_000)


def alike_leads(name, leads=60_000, accounts=None):
    """Leads whose key ends with what says how they convert, and the effect of each: a table, its state."""
    draw = np.random.default_rng(7)
    effect = draw.normal(0, 0.05, 100)
    group = draw.integers(0, 100, leads)
    number = np.arange(leads)
    keys = {
        "a country": [f"{n:06}-{chr(65 + g % 20)}{chr(65 + g % 4)}" for n, g in zip(number, group, strict=True)],
        "an agent": [f"{n:06}-{g:03}" for n, g in zip(number, group, strict=True)],
        "turns": (number * 100 + number % 7 * 10 + group % 10).tolist(),
        "chance": number.tolist(),
    }[name]
    told = {"a country": effect[group % 20], "an agent": effect[group], "turns": effect[group % 10], "chance": 0.0}
    won = draw.random(leads) < 0.2 + told[name]
    table = engine_table(duckdb.from_arrow(pa.table({"key": pa.array(keys), "state": pa.array(won + 1, pa.int64())})))
    return table, nw.col("state")


@pytest.mark.parametrize("name", ["a country", "an agent", "turns", "chance"])
def test_ends_that_tell_of_the_outcome_are_made_longer_until_they_do_not(name):
    table, state = alike_leads(name)
    blind, key = settle_key(table, 60_000, None, "key"), settle_key(table, 60_000, None, "key", state)
    assert key.alike < 2  # as few as 2,000 ends can say
    assert (key.length > blind.length) == (name != "chance")
    found = table.fetched(table.frame.select("state", mark=key.mark()))
    folds, won = key.folds_of(found["mark"].to_pylist()), found["state"].to_numpy() - 1
    rate = won.mean()
    assert {round(size, 2) for size in np.bincount(folds) / 60_000} == {0.2}
    for fold in range(FOLDS):
        assert abs(won[folds == fold].mean() - rate) < 4 * (rate * (1 - rate) / 12_000) ** 0.5
    some = chosen(table, key, 60_000, 6_000, state)
    taken = table.fetched(table.frame.filter(some.leads))["state"].to_numpy() - 1
    assert 5_700 <= len(taken) <= 6_000
    assert abs(taken.mean() - rate) < 4 * (rate * (1 - rate) / 6_000) ** 0.5
    assert some.alike <= MOST_ALIKE


def test_how_much_ends_are_alike_is_a_chi_square():
    """Against the contingency table of scipy."""
    leads, won = {"1": 400, "2": 500, "3": 300, "": 70}, {"1": 90, "2": 50, "3": 60, "": 70}
    table = np.array([[won[end], leads[end] - won[end]] for end in "123"])
    expected = scipy.stats.chi2_contingency(table, correction=False).statistic / 2
    assert Ends(leads, leads, won).alike() == pytest.approx(expected)
    assert Ends(leads, leads, {end: number // 5 for end, number in leads.items()}).alike() == 1
    assert Ends(leads, leads, won).alike(within=expected) == 1


def test_accounts_whose_leads_convert_alike_are_no_reason_for_longer_ends():
    """The design effect of accounts is that of their sums, and is known to be there."""
    draw = np.random.default_rng(3)
    account = draw.integers(0, 6_000, 60_000)
    won = draw.random(60_000) < draw.beta(0.5, 2, 6_000)[account]
    data = pa.table({"key": pa.array(account), "state": pa.array(won + 1, pa.int64())})
    table, state = engine_table(duckdb.from_arrow(data)), nw.col("state")
    n, k = np.bincount(account, minlength=6_000), np.bincount(account, won, minlength=6_000)
    expected = ((k - n * won.mean()) ** 2).sum() / (won.mean() * (1 - won.mean()) * 60_000)
    assert alike_within(table, "key", state) == pytest.approx(expected)
    key = settle_key(table, 60_000, "key", None, state)
    assert (key.length, key.alike) == (1, 1)
    assert chosen(table, key, 60_000, 6_000, state).alike == 1


def test_an_account_that_fits_no_sample_is_told():
    keys = pa.array(["ACME-55" if n % 20 == 0 else f"A{n % 4_000:05}" for n in range(20_000)])
    table = engine_table(pa.table({"key": keys}))
    key = settle_key(table, 20_000, "key", None)
    some = chosen(table, key, 20_000, 1_000)
    assert 0.04 < some.too_large < 0.2
    taken = table.fetched(table.frame.filter(some.leads))["key"].to_pylist()
    assert 900 <= len(taken) <= 1_000
    assert "ACME-55" not in taken


def test_a_key_that_ends_alike_is_refused():
    table = engine_table(pa.table({"mail": [f"contact{number}@example.com" for number in range(5_000)]}))
    with pytest.raises(DataError, match=r"column 'mail': 100% of the leads end alike, expected .*; name another"):
        settle_key(table, 5_000, None, "mail")


def test_a_key_that_few_leads_have_is_refused():
    table = engine_table(pa.table({"account": [f"A{n}" if n % 2 else None for n in range(1_000)]}))
    with pytest.raises(DataError, match=r"column 'account': 50% of the leads have none, expected .*; fill it with"):
        settle_key(table, 1_000, "account", None)


def test_no_sample_leaves_out_the_leads_without_a_key():
    keys = pa.array([f"A{n}" if n % 20 else None for n in range(5_000)])
    table = engine_table(pa.table({"account": keys}))
    key = settle_key(table, 5_000, "account", None)
    with pytest.raises(DataError, match=r"column 'account': 250 of 5,000 leads have none, expected .*; fill it with"):
        chosen(table, key, 5_000, 1_000)


def test_a_key_of_another_kind_is_refused():
    table = engine_table(pa.table({"price": [1.5, 2.5]}))
    with pytest.raises(DataError, match="'price': is of type Float64, expected whole numbers or texts"):
        settle_key(table, 2, None, "price")


@pytest.mark.parametrize(
    ("account", "named", "option"), [("Acount", None, "--account"), (None, "Acount", "--lead-key")]
)
def test_a_key_that_is_not_there(account, named, option):
    table = engine_table(pa.table({"Account": ["a"]}))
    with pytest.raises(SettingsError, match=rf"'Acount' \({option}\); did you mean 'Account'"):
        settle_key(table, 1, account, named)


@pytest.mark.parametrize("name", ["id", "Lead ID", "lead_id", "leadId", "uuid", "Nr.", "customer number"])
def test_a_column_that_names_every_lead_is_found(name):
    table = engine_table(pa.table({"colour": [str(n % 3) for n in range(200)], name: [str(n) for n in range(200)]}))
    key = settle_key(table, 200, None, None)
    assert (key.column, key.guessed) == (name, True)


@pytest.mark.parametrize("columns", [{"id": [1, 1, 2]}, {"colour": ["a", "b", "c"]}, {"paid": ["1", "2", "3"]}])
def test_no_key_is_guessed_where_none_names_every_lead(columns):
    assert settle_key(engine_table(pa.table(columns)), 3, None, None) is None


def test_leads_of_an_account_share_a_bucket_and_others_are_spread():
    ends = pa.chunked_array([[f"account {n % 300}" for n in range(3_000)] + [None] * 3_000], pa.string())
    buckets = buckets_of(ends)
    by_account = {}
    for end, bucket in zip(ends.to_pylist()[:3_000], buckets.tolist(), strict=False):
        assert by_account.setdefault(end, bucket) == bucket
    assert len(set(by_account.values())) > 200
    assert len(set(buckets[3_000:].tolist())) > 900
