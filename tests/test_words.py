"""The word lists: every language has the same sentences with the same places, and writes numbers its own way."""

from __future__ import annotations

import re
import string

import pytest

from calibrate.words.language import LANGUAGES, Language, language, message

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


def test_a_message_may_hold_messages():
    inner = message("marks.and", first="a", last="b")
    assert language("nl").said(message("marks.and", first=inner, last="c")) == "a en b en c"


def test_every_list_stands_in_every_language():
    names = {re.match(r"[a-z_]+", key).group() for key in ENGLISH.words}
    assert "marks" in names
