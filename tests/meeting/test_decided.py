"""Decisions of people have a place in rules learned anew, whatever became of their levels."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibrate.document.decisions import Decision, Override, Threshold, ThresholdDecision
from calibrate.document.lead_score import outcome_of, outcome_points
from calibrate.document.lint import faults
from calibrate.document.rules import Attribute, Case, Evidence, Has, In, Is, MadeBy, Range, Rule, Rules
from calibrate.meeting.decided import threshold_decided, with_cuts, with_places
from calibrate.meeting.sticky import keep_adopted
from calibrate.settings import settings_from

DECIDED = Override(points_before=1, reason="the new product", decided_on="2026-10-01", expires="2027-04-01")
SEEN = Evidence(leads=100, conversions=20, lift=0.0, lift_low=-1.0, lift_high=1.0, points_lift=3, strength="some")


def document(kind, *cases, attr="Size", otherwise=0, **parts):
    rule = Rule(id="size", attr=attr, cases=cases, otherwise=otherwise, **parts)
    return Rules(id="q", version="1", attributes={attr: Attribute(type=kind)}, rules=(rule,))


def decided(when, points=25):
    return Case(when=when, points=points, override=DECIDED)


def learned(when, points=3):
    return Case(when=when, points=points, evidence=SEEN)


def cases_of(rules):
    return [(case.when, case.points) for case in rules.rules[0].cases]


def points(rules, value):
    (rule,) = rules.rules
    return outcome_points(rule, outcome_of(rule, value))


# --- cuts

BINS = document(
    "number", learned(Range(lt=2.0)), learned(Range(ge=2.0, lt=6.0)), decided(Range(ge=6.0)), learned(Range(ge=-1e308))
)


@pytest.mark.parametrize(
    ("said", "columns", "bins"),
    [
        ({}, ["Size"], [2.0, 6.0]),
        ({"Size": {"bins": [4.0]}}, ["Size"], [4.0, 6.0]),  # a person's own bins, cut where the decision ends
        ({}, ["Employees"], []),
    ],
)
def test_numbers_are_cut_as_a_decision_needs(said, columns, bins):
    asked = settings_from({"attributes": said})
    found = with_cuts(asked, BINS, columns)
    assert found.attribute("Size").bins == bins
    assert found.model_copy(update={"attributes": asked.attributes}) == asked


def test_without_a_decision_nothing_is_cut():
    free = document("number", learned(Range(lt=2.0)), learned(Range(ge=2.0)))
    texts = document("category", decided(In(in_=("Fair",))))
    for rules in (free, texts):
        assert with_cuts(settings_from({}), rules, ["Size"]) == settings_from({})


# --- places


@pytest.mark.parametrize(
    ("kind", "wanted", "now", "placed"),
    [
        ("category", In(in_=("Fair",)), [In(in_=("Web",))], [In(in_=("Web",)), In(in_=("Fair",))]),
        ("category", In(in_=("Fair", "Expo")), [In(in_=("Fair",))], [In(in_=("Fair",)), In(in_=("Expo",))]),
        ("category", In(in_=("Fair",)), [In(in_=("Fair", "Expo"))], [In(in_=("Expo",)), In(in_=("Fair",))]),
        ("number", Range(ge=6.0), [Range(lt=6.0)], [Range(lt=6.0), Range(ge=6.0)]),
        ("number", Range(lt=6.0), [Range(ge=6.0)], [Range(lt=6.0), Range(ge=6.0)]),
        (
            "number",
            Range(ge=2.0, lt=6.0),
            [Range(lt=2.0), Range(ge=3.0, lt=4.0), Range(ge=6.0)],
            [Range(lt=2.0), Range(ge=2.0, lt=3.0), Range(ge=3.0, lt=4.0), Range(ge=4.0, lt=6.0), Range(ge=6.0)],
        ),
        ("number", Range(lt=6.0), [Range(ge=-1e308)], [Range(ge=-1e308)]),
        ("boolean", Is(is_=True), [Is(is_=False)], [Is(is_=False), Is(is_=True)]),
    ],
)
def test_what_no_level_holds_gets_a_case(kind, wanted, now, placed):
    before, new = document(kind, decided(wanted)), document(kind, *map(learned, now), otherwise=7)
    found = with_places(new, before)
    assert [when for when, _ in cases_of(found)] == placed
    assert all(given == 7 for when, given in cases_of(found) if when not in now and when != In(in_=("Expo",)))
    assert faults(found) == ()
    assert with_places(found, before) == found


@pytest.mark.parametrize(
    ("kind", "case", "attr"),
    [("boolean", Is(is_=True), "Size"), ("number", Range(ge=6.0), "Other")],
    ids=["another kind", "another column"],
)
def test_what_is_not_read_has_no_place_and_is_told(kind, case, attr):
    before = document("category", decided(In(in_=("Fair",))))
    new = document(kind, learned(case), attr=attr)
    assert with_places(new, before) == new
    found, told = keep_adopted(before, new)
    assert [(item.why, item.adopted, item.override) for item in told if item.override] == [("lost", 25, DECIDED)]
    _, later = keep_adopted(before, new, day="2027-04-01")
    assert [item.why for item in later if item.override] == ["expired"]
    assert found.rules == new.rules


def test_a_decision_that_ended_needs_no_place():
    before, new = document("category", decided(In(in_=("Fair",)))), document("category", learned(In(in_=("Web",))))
    assert with_places(new, before, "2027-04-01") == new
    assert with_places(new, before, "2027-03-31") != new


def test_a_decision_about_the_rest_stays_without_evidence_for_it():
    before = document("category", learned(In(in_=("Web",))), otherwise=9, otherwise_override=DECIDED, missing=-9,
                      missing_override=DECIDED)  # fmt: skip
    found, told = keep_adopted(before, document("category", learned(In(in_=("Web",)))))
    assert (found.rules[0].otherwise, found.rules[0].missing) == (9, -9)
    assert (found.rules[0].otherwise_override, found.rules[0].missing_override) == (DECIDED, DECIDED)
    assert [item.why for item in told] == ["override", "override"]


def test_of_a_set_a_member_that_is_read_keeps_its_decision():
    before = document("set", decided(Has(has="pricing")))
    found, _ = keep_adopted(before, document("set", learned(Has(has="pricing"))))
    assert (found.rules[0].cases[0].points, found.rules[0].cases[0].override) == (25, DECIDED)


ENDS = st.lists(st.integers(0, 30), unique=True, min_size=2, max_size=8).map(sorted)


@settings(max_examples=80, deadline=None)
@given(ENDS, st.data())
def test_every_number_in_a_decided_range_keeps_its_points(ends, data):
    """However a range is cut finer, and whichever of its bins have no leads any more."""
    low, high = sorted(data.draw(st.lists(st.sampled_from(ends), min_size=2, max_size=2, unique=True)))
    edges = [None, *map(float, ends), None]
    bins = [Range(ge=a, lt=b) for a, b in pairwise(edges)]
    held = [item for item in bins if data.draw(st.booleans())]
    before = document("number", decided(Range(ge=float(low), lt=float(high))))
    new = document("number", *(learned(item, place) for place, item in enumerate(held, start=1)), otherwise=-4)
    placed = with_places(new, before)
    found, told = keep_adopted(before, placed)
    assert faults(found) == ()
    for number in range(-1, 32):
        assert points(placed, float(number)) == points(new, float(number))
        assert points(found, float(number)) == (25 if low <= number < high else points(new, float(number)))
    assert all(item.why != "lost" for item in told)


@settings(max_examples=80, deadline=None)
@given(
    st.sets(st.sampled_from("abcdef"), min_size=1), st.lists(st.sampled_from([None, 0, 1, 2]), min_size=6, max_size=6)
)
def test_every_text_of_a_decided_case_keeps_its_points(wanted, merged):
    """Whether its value is left out, alone, or joined with others."""
    of_case = {place: tuple(v for v, at in zip("abcdef", merged, strict=True) if at == place) for place in (0, 1, 2)}
    before = document("category", decided(In(in_=tuple(sorted(wanted)))))
    new = document("category", *(learned(In(in_=v), 5 + at) for at, v in of_case.items() if v), otherwise=-4)
    found, told = keep_adopted(before, with_places(new, before))
    assert faults(found) == ()
    for value in "abcdefg":
        assert points(found, value) == (25 if value in wanted else points(new, value))
    assert {item.why for item in told} & {"lost", "vanished"} == set()


# --- threshold

FOLLOWS = MadeBy(settings={"report": {"capacity": "15/week"}})
OF_POINTS = (Decision(version="2", decided_on="2026-10-01"),)
BY_MEETING = (Decision(version="2", decided_on="2026-10-01", threshold=ThresholdDecision(to=12)),)


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({}, False),
        ({"threshold": Threshold(score=12)}, True),  # written by hand
        ({"threshold": Threshold(score=12), "made_by": FOLLOWS}, False),
        ({"threshold": Threshold(score=12), "made_by": FOLLOWS, "changelog": BY_MEETING}, True),
        ({"threshold": Threshold(score=12), "made_by": FOLLOWS, "changelog": OF_POINTS}, False),
    ],
)  # fmt: skip
def test_a_threshold_is_decided_by_people_or_follows_the_places_of_sales(parts, said):
    rules = document("category").model_copy(update=parts)
    assert threshold_decided(rules) is said
    new = document("category").model_copy(update={"threshold": Threshold(score=4, reason="fits"), "made_by": FOLLOWS})
    found, _ = keep_adopted(rules, new)
    assert found.threshold == (rules.threshold if said else new.threshold)
