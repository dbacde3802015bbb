"""How many leads sales can take, as people write it in five languages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibrate.errors import SettingsError
from calibrate.pace import Pace, parse_pace
from calibrate.words.language import LANGUAGES, language

PERIODS = ("day", "week", "month", "quarter", "year")


@pytest.mark.parametrize(
    ("text", "places", "period", "days"),
    [
        ("40/week", 40, "week", 7),
        ("3/day", 3, "day", 1),
        (" 12 / Month ", 12, "month", 30.44),
        ("9 per quarter", 9, "quarter", 91.31),
        ("1000/year", 1000, "year", 365.25),
        ("15/w", 15, "week", 7),
        ("15 leads a week", 15, "week", 7),
        ("15 per maand", 15, "month", 30.44),
        ("15 per kwartaal", 15, "quarter", 91.31),
        ("15 pr. uge", 15, "week", 7),
        ("15 leads par trimestre", 15, "quarter", 91.31),
        ("15 par année", 15, "year", 365.25),
        ("15 PRO JAHR", 15, "year", 365.25),
    ],
)
def test_texts_of_a_pace(text, places, period, days):
    found = parse_pace(text)
    assert (found, found.days) == (Pace(places, period), days)


@given(st.integers(1, 999), st.sampled_from(PERIODS), st.sampled_from(LANGUAGES))
def test_a_pace_as_a_report_writes_it_is_read_back(places, period, code):
    pace = Pace(places, period)
    assert parse_pace(pace.text) == pace
    assert parse_pace(language(code).pace(pace.text)) == pace


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("40", "expected places a day, week, month, quarter or year, write 40/week or 40 per week"),
        ("0/week", "expected places a day"),
        ("-4/week", "expected places a day"),
        ("4.5/week", "expected places a day"),
        ("1,500/week", "expected places a day"),
        ("", "expected places a day"),
        ("week", "expected places a day"),
        ("40/week/day", "expected places a day"),
        ("40 a week or month", "expected places a day"),
        ("40/weak", "did you mean 'week'?"),
        ("40/fortnight", "there are: 'day', 'week'"),
        ("9" * 5000 + "/week", "expected places a day"),
        ("9 " + "a " * 5000 + "!", "expected places a day"),
    ],
)
def test_wrong_texts_say_what_to_write(text, said):
    with pytest.raises(SettingsError) as caught:
        parse_pace(text)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200
