"""What each column is taken for, with the near misses on the other side of every line."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibrate.leads.columns import can_be_attribute, profile_columns, spelling_variants
from calibrate.settings import Settings, settings_from

LEADS = 300
PLAIN = Settings()
RANDOM = np.random.default_rng(11)


def profile(values, name="Column", settings=PLAIN):
    (found,) = profile_columns(pa.table({name: values}), settings)
    return found


def repeated(*values, leads=LEADS):
    return [values[i % len(values)] for i in range(leads)]


NAMES = ["Jansen, Vries & Co", "Smith, Inc", "Møller, ApS", "Dupont, SA", "Schmidt, GmbH"]
NOTES = ["called back on Monday and", "wants a price for next year", "asked who else uses this", "met him at the fair"]
KINDS = {
    "empty": (pa.nulls(LEADS, pa.string()), "empty"),
    "constant text": (["Lead"] * LEADS, "constant"),
    "constant number": ([7] * LEADS, "constant"),
    "one value, sometimes missing": (repeated("yes", None), "category"),
    "two values": (repeated("new", "known"), "category"),
    "truth values": (repeated(True, False, None), "boolean"),
    "days": ([date(2026, 1, 1) + timedelta(days=i % 90) for i in range(LEADS)], "date"),
    "text that names the lead": ([f"L-{i:05}" for i in range(LEADS)], "identifier"),
    "text that half names the lead": ([f"C-{i // 2:05}" for i in range(LEADS)], "category"),
    "numbered leads": (list(range(1000, 1000 + LEADS)), "identifier"),
    "e-mail": ([f"person{i}@firm{i % 90}.example" for i in range(LEADS)], "e-mail"),
    "a few shared addresses": (repeated("info@a.example", "sales@b.example"), "category"),
    "notes": ([f"{NOTES[i % 4]} {i}" for i in range(LEADS)], "free text"),
    "long repeated texts": (repeated("please " * 15, "thanks " * 15), "free text"),
    "set": (repeated("Mail;Fair", "Fair", "Mail;Web", "Web;Fair;Mail", None), "set"),
    "set with bars": (repeated("a|b", "b|c", "c", "a|c"), "set"),
    "set with commas": (repeated("Mail, Fair", "Fair", "Mail, Web", "Web, Fair"), "set"),
    "company names with a comma": (
        [f"{NAMES[i % 5].split(',')[0]} {i},{NAMES[i % 5].split(',')[1]}" for i in range(LEADS)],
        "identifier",
    ),
    "five names with a comma": (repeated(*NAMES), "category"),
    "zip codes as text": ([f"{code:04}" for code in RANDOM.integers(1000, 1090, LEADS)], "category"),
    "zip codes as numbers": (RANDOM.integers(1000, 9999, LEADS).tolist(), "number"),
    "small counts": (RANDOM.poisson(2, LEADS).tolist(), "number"),
    "two numbers": (repeated(0, 1), "number"),
    "nearly distinct sizes": ([round(1.06**i * 3) + i for i in range(LEADS)], "number"),
    "amounts": ((RANDOM.random(LEADS) * 1e5).round(2).tolist(), "number"),
}


@pytest.mark.parametrize("case", KINDS)
def test_kind_of_a_column(case):
    values, kind = KINDS[case]
    found = profile(values)
    assert found.kind == kind
    assert can_be_attribute(found) == (kind in ("category", "number", "boolean", "set"))
    assert (found.verdict is None) == can_be_attribute(found)


@pytest.mark.parametrize(
    ("name", "kind"), [("Phone number", "identifier"), ("Lead ID", "identifier"), ("Employees", "number")]
)
def test_distinct_whole_numbers_far_apart_are_identifiers_by_name_only(name, kind):
    values = RANDOM.choice(10**9, LEADS, replace=False).tolist()
    assert profile(values, name).kind == kind


def test_twenty_leads_with_a_number_each_are_no_identifier():
    assert profile(list(range(20))).kind == "number"
    assert profile(list(range(21))).kind == "identifier"


def test_ten_texts_are_a_category_though_every_lead_has_its_own():
    assert profile([f"firm {i}" for i in range(10)]).kind == "category"
    assert profile([f"firm {i}" for i in range(11)]).kind == "identifier"


def test_what_is_filled_counted_and_most_frequent():
    found = profile(["b", "a", "a", None, "b", "a", "c", "d"])
    assert (found.filled, found.distinct, found.frequent) == (7 / 8, 4, ("a", "b", "c"))
    assert found.values == ("a", "b", "c", "d")


def test_members_of_a_set_commonest_first_without_blanks():
    found = profile(repeated("b; a", "a;", "a;b;c", "c;a"))
    assert (found.separator, found.values) == (";", ("a", "b", "c"))


def test_a_dictionary_column_is_its_texts():
    texts = repeated("new", "known", None)
    assert profile(pa.array(texts).dictionary_encode()) == profile(texts)


@pytest.mark.parametrize(
    ("values", "chosen", "kind"),
    [
        (RANDOM.integers(1000, 9999, LEADS).tolist(), {"kind": "category"}, "category"),
        ([f"{i % 7}" for i in range(LEADS)], {"kind": "category"}, "category"),
        ([f"a{i}/b" for i in range(LEADS)], {"kind": "set", "separator": "/"}, "set"),
        ([f"firm {i}" for i in range(LEADS)], {"kind": "category"}, "category"),
    ],
)
def test_a_person_may_say_what_a_column_is(values, chosen, kind):
    settings = settings_from({"attributes": {"Column": chosen}})
    found = profile(values, settings=settings)
    assert (found.kind, found.verdict) == (kind, None)


def test_a_date_stays_a_date_whatever_a_person_says():
    settings = settings_from({"attributes": {"Column": {"kind": "category"}}})
    assert profile([date(2026, 1, 1 + i % 9) for i in range(LEADS)], settings=settings).kind == "date"


def test_spelling_variants_differ_in_case_and_spaces_only():
    texts = ["Google", "google ", "GOOGLE", "Go ogle", "Paid  search", "paid search", "Straße", "STRASSE"]
    found = spelling_variants(texts)
    assert found == (("Google", "google ", "GOOGLE"), ("Paid  search", "paid search"), ("Straße", "STRASSE"))


@given(st.lists(st.one_of(st.none(), st.text(max_size=8)), max_size=40))
def test_any_texts_have_a_profile_that_shuffling_does_not_change(texts):
    found = profile(pa.array(texts, pa.string()))
    assert found == profile(pa.array(texts[::-1], pa.string()))
    assert found.distinct == len(set(texts) - {None})
    assert 0 <= found.filled <= 1
