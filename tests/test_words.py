"""The word lists: every language has the same sentences with the same places, and writes numbers its own way."""

from __future__ import annotations

import copy
import pickle
import re
import string

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibrate.words.language import LANGUAGES, MINUS, Language, chained, language, message

ENGLISH = language("en")
WAYS = {name for name in vars(Language) if not name.startswith("_")}


def places(text):
    return sorted((name, way) for _, name, way, _ in string.Formatter().parse(text) if name is not None)


@pytest.mark.parametrize("code", LANGUAGES[1:])
def test_a_language_has_the_sentences_of_english_with_the_same_places(code):
    found = language(code)
    assert set(found.words) == set(ENGLISH.words)
    assert {key: set(places(text)) for key, text in found.words.items()} == {
        key: set(places(text)) for key, text in ENGLISH.words.items()
    }
    assert len(found.months) == 12


@pytest.mark.parametrize("code", LANGUAGES)
def test_no_sentence_is_empty_and_every_way_is_known(code):
    for key, text in language(code).words.items():
        assert isinstance(text, str), key
        assert text.strip() or key == "marks.thousands", key
        assert {way for _, way in places(text)} <= WAYS | {""}, key


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_sentence_with_one_has_other(code):
    words = language(code).words
    assert all(f"{key.removesuffix('.one')}.other" in words for key in words if key.endswith(".one"))


# Marks as in Unicode's locale data (CLDR), which browsers follow.
@pytest.mark.parametrize(
    ("code", "share", "thousands"),
    [
        ("en", "32.8%", "1,234,567.5"),
        ("nl", "32,8%", "1.234.567,5"),
        ("da", "32,8\u00a0%", "1.234.567,5"),
        ("fr", "32,8\u00a0%", "1\u202f234\u202f567,5"),
        ("de", "32,8\u00a0%", "1.234.567,5"),
    ],
)
def test_numbers_are_written_as_browsers_do(code, share, thousands):
    assert language(code).percent(0.3284) == share
    assert language(code).number(1234567.5, 1) == thousands


def test_numbers_and_names_in_english():
    assert ENGLISH.signed(-12) == "\u221212"
    assert ENGLISH.signed(1600) == "+1,600"
    assert ENGLISH.lift(-0.04) == "0.0"
    assert ENGLISH.day("2026-10-03") == "3 Oct 2026"
    assert ENGLISH.listed(["a"]) == "a"
    assert ENGLISH.listed(["a", "b", "c"]) == "a, b and c"
    assert ENGLISH.listed(list("abcde")) == "a, b, c and 2 more"
    assert ENGLISH.short(2.46) == "2.5"


@pytest.mark.parametrize(
    ("code", "weekly", "yearly"),
    [
        ("en", "1,200/week", "40/year"),
        ("nl", "1.200 per week", "40 per jaar"),
        ("da", "1.200 om ugen", "40 om året"),
        ("fr", "1\u202f200 par semaine", "40 par an"),
        ("de", "1.200 pro Woche", "40 pro Jahr"),
    ],
)
def test_what_sales_can_take_is_said_in_words(code, weekly, yearly):
    assert (language(code).pace("1200/week"), language(code).pace("40/year")) == (weekly, yearly)


def test_a_day_is_spelled_whatever_holds_it():
    assert language("nl").day(np.datetime64("2025-12-31")) == "31 dec 2025"
    assert ENGLISH.day(None) == "None"


def test_a_message_may_hold_messages():
    inner = message("marks.and", first="a", last="b")
    assert language("nl").said(message("marks.and", first=inner, last="c")) == "a en b en c"


def test_a_message_is_its_english_sentence_and_keeps_what_it_is_made_of():
    said = message("marks.and", first="a", last="b")
    assert said == "a and b"
    assert f"{said}!" == "a and b!"
    assert {said: 1}["a and b"] == 1
    assert language("de").text(pickle.loads(pickle.dumps(copy.deepcopy(said)))) == "a und b"
    assert language("de").text("a and b") == "a and b"
    assert chained("reasons.or", ["a"]) == "a"
    assert language("fr").text(chained("reasons.or", ["a", "b", said])) == "a ou b ou a et b"


@given(
    number=st.integers(-(10**12), 10**12) | st.floats(allow_nan=False, allow_infinity=False),
    code=st.sampled_from(LANGUAGES),
)
def test_a_plain_number_has_all_its_digits_and_no_thousands(number, code):
    found = language(code)
    written = found.plain(number)
    assert float(written.replace(found.words["marks.decimal"], ".")) == number
    assert not set(written) & {found.words["marks.thousands"], MINUS, " "}


@pytest.mark.parametrize("code", LANGUAGES)
def test_numbers_of_one_decimal_and_lists_without_an_and(code):
    found = language(code)
    assert found.tenths(1234.56) == found.number(1234.56, 1)
    assert found.change(0.04) == "+0" + found.words["marks.decimal"] + "0"
    assert found.change(-2.5) == MINUS + found.number(2.5, 1)
    assert found.joined(["a", "b", "c", "d", message("levels.no")]) == f"a, b, c, d, {found('levels.no')}"


def test_every_list_stands_in_every_language():
    names = {re.match(r"[a-z_]+", key).group() for key in ENGLISH.words}
    assert "marks" in names


# What stands in a sentence but is not of its language: places, names in marks, options, calls and names of files.
CODE = re.compile(
    r"'\{[^']*\}'|\{[^{}]*\}|--[a-z-]+(?: \"[^\"]*\")?|calibrate\.\w+\(\S*\)|\w+\.(?:csv|html|json|toml|xlsx)"
)
QUOTES = {"nl": "“”", "da": "»«", "fr": "«»", "de": "„“"}
SAME_AS_ENGLISH = {
    "nl": {"lead", "leads", "lift", "log", "odds", "pp", "q", "score", "scores", "tabs", "was"},
    "da": {"format", "leads", "lift", "log", "odds", "point", "q", "score", "sum", "under", "version"},
    "fr": {"action", "conversion", "dates", "format", "leads", "lift", "log", "odds", "point", "points", "q", "score"}
    | {"scores", "source", "stable", "version"},
    "de": {"conversion", "format", "leads", "lift", "q", "score", "scores", "version"},
}


def prose(code):
    """Every sentence of a language with x for what is code in it."""
    return {key: CODE.sub("x", text) for key, text in language(code).words.items() if not key.startswith("marks.")}


def end_mark(text):
    return text[-1] if text[-1] in ".?!:;," else ""


def test_french_marks_have_their_no_break_spaces():
    for key, text in prose("fr").items():
        assert not re.search(r"(?<![\u00a0\u202f])(?:[;?!%»]|:(?!\w))", text), key
        assert not re.search(r"«(?!\u00a0)", text), key


@pytest.mark.parametrize(
    ("code", "percent"), [("nl", r"\d%"), ("da", r"\d\u00a0%"), ("fr", r"\d\u00a0%"), ("de", r"\d(?:\u00a0%|-%-)")]
)
def test_percent_and_decimals_are_written_as_in_numbers(code, percent):
    for key, text in prose(code).items():
        assert len(re.findall(r"\d\W{0,2}%", text)) == len(re.findall(percent, text)), key
        assert not re.search(r"\d\.\d", text), key


@pytest.mark.parametrize("code", LANGUAGES[1:])
def test_quotes_and_apostrophes_are_those_of_the_language(code):
    first, last = QUOTES[code]
    for key, text in prose(code).items():
        assert not set(text) & (set("\"'`´‘") | set("“”„«»") - {first, last}), key
        assert re.sub(f"[^{first}{last}]", "", text) in {(first + last) * n for n in range(4)}, key


@pytest.mark.parametrize("code", LANGUAGES)
def test_no_sentence_has_two_spaces_on_end_but_before_a_command(code):
    for key, text in language(code).words.items():
        assert not re.search(r"\s\s(?!calibrate )", text), key


@pytest.mark.parametrize("code", LANGUAGES[1:])
def test_what_reads_as_in_english_is_said_the_same_in_the_language(code):
    english = prose("en")
    same = {key: text for key, text in prose(code).items() if text == english[key]}
    words = {key: set(re.findall(r"[^\W\d_]+", text.lower())) - {"x"} for key, text in same.items()}
    assert {key: found for key, found in words.items() if found - SAME_AS_ENGLISH[code]} == {}


@pytest.mark.parametrize("code", LANGUAGES[1:])
def test_a_sentence_ends_as_in_english(code):
    short = {"charts.won", "tables.head.skill"}  # heads that are cut short end in the point of it
    english = prose("en")
    assert [
        key for key, text in prose(code).items() if end_mark(text) != end_mark(english[key]) and key not in short
    ] == []
