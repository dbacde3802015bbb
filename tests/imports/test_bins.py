"""Bins as people write them in a sheet, and what two of them hold together."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibrate.document.lead_score import score_lead
from calibrate.document.rules import Range
from calibrate.imports.bins import bins_of, read_bin
from calibrate.imports.ranges import after, bin_of, common, ends, label_of, without


def whens(rules, place=0):
    return [(case.when, case.points) for case in rules.rules[place].cases]


def points(rules, **lead):
    return score_lead(rules, lead).score


BINS = {
    "10-49": (10, 50), "10 to 49": (10, 50), "10 t/m 49": (10, 50), "10 bis 49": (10, 50), "10 to under 50": (10, 50),
    "50+": (50, None), "50 and up": (50, None), "<10": (None, 10), "under 10": (None, 10), "< 1,000": (None, 1000),
    ">= 50": (50, None), "≥50": (50, None), "vanaf 50": (50, None), "> 50": (51, None), "> 2.5": (2.6, None),
    "<= 9": (None, 10), "0.5 - 1.5": (0.5, 1.6), "-5 - -1": (-5, 0), "€ 1000 - € 2000": (1000, 2001),
    "0.50 - 1.50": (0.5, 1.51), "–5 – –1": (-5, 0), "−5": (-5, -4),
    # Dutch tot leaves its end out; t/m and tot en met hold it.
    "10 tot 50": (10, 50), "van 10 tot 50": (10, 50), "tot 10": (None, 10), "10 tot en met 49": (10, 50),
    "tot en met 9": (None, 10), "t/m 9": (None, 10), "9 of minder": (None, 10), "50 of meer": (50, None),
    "von 10 bis 49": (10, 50), "10 bis unter 50": (10, 50), "bis 9": (None, 10), "bis unter 10": (None, 10),
    "de 10 à 49": (10, 50), "10 à moins de 50": (10, 50), "jusqu'à 9": (None, 10), "jusqu’à 9": (None, 10),
    "10 til 49": (10, 50), "op til 9": (None, 10), "til og med 9": (None, 10), "50 og derover": (50, None),
    "from 10 to 49": (10, 50), "10 up to 49": (10, 50), "up to 9": (None, 10), "below 10": (None, 10),
}  # fmt: skip


@pytest.mark.parametrize("text", BINS)
def test_a_range_is_read_as_people_write_it(text):
    low, high = BINS[text]
    assert bins_of([read_bin(text)], ".") == [Range(ge=low, lt=high)]


@pytest.mark.parametrize(
    "text", ["Software", "", "10-", "-", "49-10-2026", "a-b", "10 - x", "1" * 70, "+31 6 12345678"]
)
def test_other_texts_are_no_range(text):
    assert read_bin(text) is None


def test_ranges_of_whole_numbers_meet(imported):
    rules = imported(
        "attribute,value,points\nEmployees,250+,4\nEmployees,0,1\nEmployees,1-9,2\nEmployees,10 to 249,3\n"
    ).rules
    edges = {-1: 0, 0: 1, 0.5: 1, 1: 2, 9: 2, 9.5: 2, 10: 3, 249.5: 3, 250: 4}
    assert {number: points(rules, Employees=number) for number in edges} == edges
    assert [case.label for case in rules.rules[0].cases] == ["0", "1-9", "10 to 249", "250+"]


def test_a_range_ends_where_an_inequality_begins(imported):
    rules = imported("attribute,value,points\nn,0-9,1\nn,>9,2\n").rules
    assert [points(rules, n=number) for number in (0, 9, 10)] == [1, 1, 2]
    rules = imported("attribute,value,points\nm,0-2,1\nm,>2,2\nm,-1.5 - -0.5,3\n").rules
    assert [points(rules, m=number) for number in (-0.5, 0, 2, 2.1)] == [3, 1, 1, 2]


MEETING = {
    ("0,5-2,4", "2,5 en meer"): [(0.5, 2.5), (2.5, None)],
    ("<= 2,40", "> 2,40"): [(None, 2.41), (2.41, None)],
    ("0-2", "2,5+"): [(0, 2.5), (2.5, None)],
    ("0 tot 10", "10 tot 50", "50 of meer"): [(0, 10), (10, 50), (50, None)],
    ("20 tot 50", "60+"): [(20, 50), (60, None)],
    ("bis 9", "10 bis 49", "50 bis unter 100", "über 99"): [(None, 10), (10, 50), (50, 100), (100, None)],
}


@pytest.mark.parametrize("values", MEETING)
def test_ranges_meet_where_the_next_number_of_as_many_decimals_is(values, imported):
    rows = "".join(f"Omzet;{value};{place}\n" for place, value in enumerate(values))
    rules = imported(f"attribuut;waarde;punten\n{rows}").rules
    assert [when for when, _ in whens(rules)] == [Range(ge=low, lt=high) for low, high in MEETING[values]]


decimals = st.integers(0, 4).flatmap(
    lambda places: st.tuples(
        st.just(places), st.lists(st.integers(-10_000, 10_000), min_size=2, max_size=8, unique=True)
    )
)


@given(decimals, st.sampled_from(".,"))
def test_ranges_of_any_decimals_leave_no_gap_and_have_short_ends(drawn, sign):
    """Written from each end up to the number before the next: together they hold what lies between, and once."""
    places, whole = drawn
    starts = sorted(whole)
    texts = [
        f"{start / 10**places:.{places}f} - {(end - 1) / 10**places:.{places}f}".replace(".", sign)
        for start, end in pairwise(starts)
    ]
    bins = bins_of([read_bin(text) for text in texts], sign)
    edges = [start / 10**places for start in starts]
    assert [(item.ge, item.lt) for item in bins] == list(pairwise(edges))


@pytest.mark.parametrize(("rows", "decimal"), [("n;0,5-1,5;2", ","), ("n;0.5-1.5;2", ".")])
def test_decimals_are_read_in_either_way(rows, decimal, imported):
    rules = imported(f"attribute;value;points\n{rows}\n").rules
    assert [points(rules, n=number) for number in (0.4, 0.5, 1.5, 1.6)] == [0, 2, 2, 0]


def test_a_number_that_may_be_thousands_is_asked_about(faults):
    (fault,) = faults("attribute;value;points\nn;1.000-5.000;2\n")
    assert "'1.000'" in fault
    assert "write '1000' if these are thousands" in fault


def test_how_ranges_were_read_is_told(imported):
    notes = imported("attribuut;waarde;punten\nOmzet;0,5-2,4;1\nOmzet;2,5 tot 10;2\nOmzet;20+;3\nLand;NL;1\n").notes
    assert "Ranges of 'Omzet': 0,5-2,4 is 0.5 to under 2.5; 2,5 tot 10 is 2.5 to under 10; 20+ is 20 and up." in notes
    assert "No range of 'Omzet' holds 10 to under 20: that counts as any other value." in notes
    assert not any("Land" in note for note in notes)


OVERLAPS = {
    ("0,5-2,5", "2,5 en meer"): "which overlaps '0,5-2,5' of row 2 at 2,5, expected each number once; end the lower "
    "one before it, as in '0,5 to under 2,5'",
    ("50+", "<60"): "which overlaps '50+' of row 2 at 50, expected each number once; end the lower one before it, as "
    "in 'under 50'",
    ("<10", "<20"): "which overlaps '<10' of row 2 at its start, expected each number once; correct the ends of one",
    ("10-20", "10-30"): "which overlaps '10-20' of row 2 at 10, expected each number once; correct the ends of one",
    ("10-20", "10 t/m 20"): "which row 2 has too, expected each value once; keep one of the two",
}


@pytest.mark.parametrize("values", OVERLAPS)
def test_ranges_that_overlap_are_told_where(values, faults):
    one, other = values
    (fault,) = faults(f"attribute;value;points\nOmzet;{one};1\nOmzet;{other};2\n")
    assert fault == f"row 3: found '{other}' of 'Omzet', {OVERLAPS[values]}"


numbers = st.integers(-8, 8).map(float)
bins = st.tuples(st.none() | numbers, st.none() | numbers).filter(
    lambda pair: pair != (None, None) and (None in pair or pair[0] < pair[1])
).map(lambda pair: Range(ge=pair[0], lt=pair[1]))  # fmt: skip


def held(bin_, number):
    low, high = ends(bin_)
    return low <= number < high


@given(bins, st.lists(bins, max_size=4), st.integers(-20, 20).map(lambda number: number / 2))
def test_a_bin_without_others_holds_the_rest(whole, taken, number):
    parts = list(without(whole, taken))
    expected = held(whole, number) and not any(held(item, number) for item in taken)
    assert sum(held(part, number) for part in parts) == expected


@given(bins, bins, st.integers(-20, 20).map(lambda number: number / 2))
def test_what_two_bins_hold_in_common(one, other, number):
    both = common([one, other])
    assert (both is not None and held(both, number)) == (held(one, number) and held(other, number))


def test_an_end_beside_a_number_is_said_by_that_number():
    assert label_of(bin_of(10, after(49))) == "10 to 49"
    assert label_of(bin_of(float("-inf"), after(9))) == "at most 9"
    assert label_of(bin_of(after(9), 20)) == "over 9 to under 20"
    assert label_of(bin_of(10, 50)) is None
