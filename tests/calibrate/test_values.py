"""Numbers, dates and yes/no as people write them."""

from __future__ import annotations

import calendar
import datetime as dt

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibrate.reading.values import (
    NO,
    PLACEHOLDERS,
    YES,
    booleans,
    days,
    is_placeholder,
    is_yes_no,
    numbers,
    text_days,
    traits,
)

EPOCH = dt.date(1970, 1, 1)


@pytest.mark.parametrize(
    ("text", "comma", "point"),
    [
        ("12", 12, 12),
        ("-5", -5, -5),
        ("12,5", 12.5, None),
        ("12.5", None, 12.5),
        ("1.234,56", 1234.56, None),
        ("1,234.56", None, 1234.56),
        ("1.234", 1234, 1.234),
        ("1,234", 1.234, 1234),
        ("0.123", None, 0.123),
        ("1.234.567", 1234567, None),
        ("1234.567", None, 1234.567),
        ("12.34.56", None, None),
        ("1.2345", None, 1.2345),
        ("1 234,5", 1234.5, None),
        ("1\u202f234\u00a0567,5 €", 1234567.5, None),
        ("1'234.50", None, 1234.5),
        ("€ 12,50", 12.5, None),
        ("-€ 3", -3, -3),
        ("€ -3", -3, -3),
        ("$22,700.00", None, 22700),
        ("kr. 5", 5, 5),
        ("5 DKK", 5, 5),
        ("−3", -3, -3),
        ("12,5 %", 12.5, None),
        ("5%", 5, 5),
        (",5", 0.5, None),
        (".5", None, 0.5),
        ("1.5e+06", None, 1.5e6),
        ("1e-05", 1e-5, 1e-5),
        ("007", 7, 7),
        ("12 apples", None, None),
        ("1-2", None, None),
        ("+31612345678", None, None),
        ("0x1F", None, None),
        ("1,", None, None),
        ("10-50", None, None),
        ("12,50-", -12.5, None),
        ("12.50-", None, -12.5),
        ("1.234,56-", -1234.56, None),
        ("1,234.56 EUR", None, 1234.56),
        ("€ 3,5-", -3.5, None),
        ("3,5- €", -3.5, None),
        ("-3,5-", None, None),
        ("10-", None, None),  # a range of which the upper end is missing
        ("1.234-", None, None),  # a thousand, or one and a bit
        ("١٢", None, None),
        ("inf", None, None),
    ],
)
def test_numbers_as_they_are_written(text, comma, point):
    for decimal, expected in ((",", comma), (".", point)):
        for array in (pa.array([text, "1"]), pa.array([text, "1"]).dictionary_encode()):
            value, bad = numbers(array, decimal)
            assert value.to_pylist() == [expected, 1.0]
            assert bad == (None if expected is not None else text)


def test_without_a_decimal_sign_only_whole_numbers_are_read():
    value, bad = numbers(pa.array(["12", "1 234", "1.5", "2,5"]), None)
    assert value.to_pylist() == [12, 1234, None, None]
    assert bad == "1.5"


def test_blanks_and_placeholders_are_null_and_not_bad():
    texts = pa.array(["1", None, "", "  ", "n.v.t.", "N/A", "-", "(leeg)", "ikke angivet", "k.A.", "x9"])
    assert numbers(texts, ",") == (pa.array([1.0] + [None] * 10), "x9")
    assert numbers(texts, ",", ("x9",)) == (pa.array([1.0] + [None] * 10), None)
    assert numbers(pa.array([], pa.string()), ",") == (pa.array([], pa.float64()), None)
    assert numbers(pa.array([None], pa.string()), ",") == (pa.array([None], pa.float64()), None)
    assert numbers(pa.array(["1", "999"]), ",", ("999",))[0].to_pylist() == [1.0, None]


def test_a_bad_word_that_no_row_has_is_not_told():
    array = pa.DictionaryArray.from_arrays(pa.array([0, 0], pa.int32()), pa.array(["1", "x"]))
    assert numbers(array, ",") == (pa.array([1.0, 1.0]), None)


@given(st.floats(-1e9, 1e9, allow_nan=False).map(lambda value: round(value, 2)), st.sampled_from([",", "."]))
def test_every_amount_comes_back_from_every_spelling(value, decimal):
    plain, grouped = f"{value:.2f}", f"{value:,.2f}"
    other = "." if decimal == "," else ","
    swapped = grouped.replace(",", "\0").replace(".", decimal)
    spellings = [plain.replace(".", decimal)] + [
        swapped.replace("\0", mark) for mark in (other, "\u00a0", "\u202f", "'")
    ]
    assert numbers(pa.array(spellings), decimal)[0].to_pylist() == [float(plain)] * 5
    behind = [text.removeprefix("-") + "-" for text in spellings]
    assert numbers(pa.array(behind), decimal)[0].to_pylist() == [-abs(float(plain))] * 5
    assert numbers(pa.array(["n.v.t.", *spellings]), decimal)[1] is None


@given(st.lists(st.text(max_size=6) | st.from_regex(r"[-0-9.,€% ]{1,8}", fullmatch=True), max_size=6))
def test_the_quick_way_and_the_sure_way_agree(texts):
    for decimal in (",", ".", None):
        quick, bad = numbers(pa.array(texts, pa.string()), decimal)
        sure, also_bad = numbers(pa.array(texts, pa.string()).dictionary_encode(), decimal)
        assert quick.to_pylist() == sure.to_pylist()
        assert bad == also_bad


@given(st.dates(dt.date(1800, 1, 1), dt.date(2199, 12, 31)), st.sampled_from("-./"), st.booleans())
def test_every_day_comes_back_from_every_spelling(date, mark, padded):
    day, month = (f"{date.day:02}", f"{date.month:02}") if padded else (str(date.day), str(date.month))
    expected = (date - EPOCH).days
    dmy, mdy = f"{day}{mark}{month}{mark}{date.year}", f"{month}{mark}{day}{mark}{date.year}"
    iso = f"{date.year}{mark}{month}{mark}{day}"
    for time in ("", " 9:05", " 23:59:59", "T23:59:59.123456Z", " 11:05 PM", "T01:02:03+02:00", " 01:02:03 UTC"):
        assert days(pa.array([dmy + time, iso + time, None]), "dmy").to_pylist() == [expected, expected, None]
        assert days(pa.array([mdy + time, iso + time, ""]), "mdy").to_pylist() == [expected, expected, None]
        assert days(pa.array([iso + time]), "ymd").to_pylist() == [expected]


# The wide names of months in Unicode's locale data (CLDR), and what exports shorten them to.
MONTHS = {
    "en": "January February March April May June July August September October November December",
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
    "da": "januar februar marts april maj juni juli august september oktober november december",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
}
SHORT = {
    "en": "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
    "nl": "jan. feb. mrt. apr. mei jun. jul. aug. sep. okt. nov. dec.",
    "da": "jan. feb. mar. apr. maj jun. jul. aug. sep. okt. nov. dec.",
    "fr": "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.",
    "de": "Jan. Feb. Mär. Apr. Mai Jun. Jul. Aug. Sept. Okt. Nov. Dez.",
}


@given(st.dates(dt.date(1800, 1, 1), dt.date(2199, 12, 31)), st.sampled_from(sorted(MONTHS)), st.booleans())
def test_every_day_comes_back_from_the_names_of_months(date, code, shouted):
    expected = (date - EPOCH).days
    texts = []
    for names in (MONTHS, SHORT):
        name = names[code].split()[date.month - 1]
        dots = (f"{date.day}{dot}{gap}{name}{gap}{date.year}" for dot in ("", ".") for gap in " -")
        texts += [*dots, f"{date.day:02} {name} {date.year} 23:59", f"{name} {date.day}, {date.year}"]
    texts = [text.upper() if shouted else text for text in texts]
    for order in ("dmy", "mdy", "ymd", None):
        assert days(pa.array(texts), order).to_pylist() == [expected] * len(texts)
    found = traits(pa.array(texts))
    assert (found.date, found.number, found.two_dates, found.dmy.only, found.mdy.only) == (
        True,
        False,
        None,
        None,
        None,
    )


def test_no_two_months_share_a_name():
    for names in (MONTHS, SHORT):
        for text in names.values():
            for number, name in enumerate(text.split(), start=1):
                assert days(pa.array([f"1 {name} 2025"])).to_pylist() == [(dt.date(2025, number, 1) - EPOCH).days]


@pytest.mark.parametrize(
    "text", ["31 feb 2025", "0 mei 2025", "jun 2025", "mardi 2025", "15 decem 2025", "5 sales 2025"]
)
def test_what_is_no_named_day_is_none(text):
    assert text_days(pa.array([text, "1 jan 2025"]), None)[1] == text


def test_a_named_month_with_a_year_of_two_digits_is_told():
    assert traits(pa.array(["15-dec-25", "3 jan. 26"])).short_year.all


def test_what_is_no_day_is_null_and_named():
    texts = ["31-02-2026", "0-1-2026", "1-13-2026", "29-02-2025", "1-1-26", "06-12-3456", "1.234.567", "today"]
    for text in texts:
        assert text_days(pa.array(["1-1-2026", text]), "dmy") == (pa.array([20454, None], pa.int32()), text)
    assert text_days(pa.array(["0000-00-00", "n.v.t.", "9999-12-31"]), "ymd")[1] is None
    assert text_days(pa.array(["1-2-2026"]), "ymd")[1] == "1-2-2026"
    assert calendar.isleap(2024)
    assert days(pa.array(["29-2-2024"]), "dmy").to_pylist() == [(dt.date(2024, 2, 29) - EPOCH).days]


def test_days_of_dates_and_timestamps():
    day = dt.date(2026, 3, 4)
    expected = [(day - EPOCH).days, None]
    assert days(pa.array([day, None])).to_pylist() == expected
    assert days(pa.array([day, None], pa.date64())).to_pylist() == expected
    for unit in ("s", "ms", "us", "ns"):
        late = pa.array([dt.datetime(2026, 3, 4, 23, 59, 59), None], pa.timestamp(unit))
        assert days(late).to_pylist() == expected
    before = pa.array([dt.datetime(1969, 12, 31, 23), None], pa.timestamp("us"))
    assert days(before).to_pylist() == [-1, None]
    # 23:30 UTC on 3 March is half past midnight on the 4th in Amsterdam.
    utc = pa.array([dt.datetime(2026, 3, 3, 23, 30, tzinfo=dt.UTC), None], pa.timestamp("us", "Europe/Amsterdam"))
    assert days(utc).to_pylist() == expected


def test_yes_and_no_in_five_languages():
    assert not YES & NO
    for yes, no in (("Yes", "No"), ("ja", "nee"), ("Ja", "Nej"), ("Oui", "Non"), ("Ja", "Nein"), ("TRUE", "false")):
        assert is_yes_no([yes, no, None, ""])
        assert booleans(pa.array([yes, no, None, " ", "n/a"])) == (pa.array([True, False, None, None, None]), None)
    assert not is_yes_no([])
    assert not is_yes_no([None, ""])
    assert not is_yes_no(["ja", "misschien"])
    assert booleans(pa.array(["ja", "misschien"])) == (pa.array([True, None]), "misschien")


def test_placeholders_are_known_whatever_their_case():
    for text in (
        "Select", "-Select-", "unknown", "Onbekend", "UKENDT", "unbekannt", "inconnu", "n/a", "NA", "none", "null",
        "-", "--", "?", "tbd", "not set", "(blank)", "(leeg)", "n.v.t.", "k.A.", " Unknown ", "ikke angivet",
    ):  # fmt: skip
        assert is_placeholder(text), text
    for text in ("Software", "0", "no", "nee", "", "Other"):
        assert not is_placeholder(text), text
    assert "" not in PLACEHOLDERS
    assert all(word == word.strip().casefold() for word in PLACEHOLDERS)


@pytest.mark.parametrize(
    ("texts", "number", "date"),
    [
        (["1", "2"], True, False),
        (["007", "8"], False, False),
        (["00"], False, False),
        (["0", "0,5"], True, False),
        (["1,5", "2.5"], False, False),
        (["12345678901234567890"], False, False),
        (["1", "n.v.t.", None, ""], True, False),
        (["n.v.t.", None, ""], False, False),
        ([], False, False),
        (["2026-01-02", "3-4-2026"], False, True),
        (["13-1-2026", "1-13-2026"], False, False),
        (["1-2-26"], False, False),
        (["Software", "1"], False, False),
    ],
)
def test_traits_tell_what_all_texts_can_be(texts, number, date):
    found = traits(pa.array(texts, pa.string()))
    assert (found.number, found.date) == (number, date)


@given(st.lists(st.sampled_from(["1", "1,5", "1.5", "1.234", "007", "x", "", "1-2-2026", "13-2-2026", "2-13-2026"])))
def test_traits_of_parts_join_to_those_of_the_whole(texts):
    half = len(texts) // 2
    parts = [traits(pa.array(part, pa.string())) for part in (texts[:half], texts[half:])]
    assert parts[0].joined(parts[1]) == traits(pa.array(texts, pa.string()))


def test_witnesses_are_the_first_that_read_one_way_only():
    found = traits(pa.array(["1.234", "12", "12,5", "1,25"]))
    assert (found.comma.only, found.point.only, found.two_numbers) == ("12,5", None, "1.234")
    found = traits(pa.array(["1-2-2026", "2026-05-05", "13-2-2026"]))
    assert (found.dmy.only, found.mdy.only, found.two_dates) == ("13-2-2026", None, "1-2-2026")
