from __future__ import annotations

import xml.etree.ElementTree as ET
from html import escape

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from calibrate.words.language import language
from reports.wording.numbers import columns_wide, cut, filled, plain

ENGLISH = language("en")


@given(st.text(st.characters(exclude_categories=())))
@example("\ud800\ufffe\x00\u202e")
def test_plain_names_are_sound_xml_on_one_line(text):
    shown = plain(text)
    assert ET.fromstring(f"<a>{escape(shown)}</a>").text == shown
    assert shown.encode()
    assert len(shown.splitlines()) == 1
    assert plain(shown) == shown


@given(st.text(max_size=80), st.integers(1, 30))
def test_cut_names_fit(text, columns):
    assert columns_wide(cut(text, columns)) <= columns


def test_wide_letters_take_two_columns():
    assert columns_wide("中文e\u0301") == 5
    assert filled("中", 4, right=True) == "  中"


@given(st.integers(0, 10**6), st.integers(1, 10**6))
def test_few_never_reads_as_none_nor_most_as_all(part, whole):
    share = min(part, whole) / whole
    for text in (ENGLISH.percent(share), ENGLISH.whole_percent(share)):
        assert (text in ("0%", "100%")) == (share in (0, 1))
        assert not text.startswith("0.0000")


@pytest.mark.parametrize(("points", "text"), [(16, "+16"), (-8, "\u22128"), (0, "0"), (-1234, "\u22121,234")])
def test_points_carry_their_sign(points, text):
    assert ENGLISH.signed(points) == text


def test_days_spell_the_month():
    assert ENGLISH.day("2026-03-01T10:00") == "1 Mar 2026"
