"""Points stay as adopted until history contradicts them; what people decided stays until it ends."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibrate.document.decisions import Decision, Override, Threshold
from calibrate.document.lint import faults
from calibrate.document.rules import (
    Attribute,
    Case,
    Evidence,
    Has,
    In,
    MadeBy,
    Range,
    Rule,
    Rules,
    Score,
    ScoreBand,
)
from calibrate.document.scoring import score_lead
from calibrate.errors import SettingsError
from calibrate.meeting.combinations import combinations_of_leads
from calibrate.meeting.point_range import point_range
from calibrate.meeting.sticky import keep_adopted
from calibrate.statistics.lift import level_lifts


def evidence(points, side=10.0, **parts):
    """Evidence of a level whose lift is its points, with a range of `side` percentage points at 95 %."""
    seen = {
        "leads": 100,
        "conversions": 20,
        "lift": float(points),
        "lift_low": points - side,
        "lift_high": points + side,
    }
    return Evidence(**{**seen, "points_lift": points, "strength": "some", **parts})


def document(points, side=10.0, *, version="1", overrides=None, more=(), **parts):
    """Rules with one attribute; points: of each of its values, as history gives them."""
    cases = [
        Case(when=In(in_=(value,)), points=of, evidence=evidence(of, side), override=(overrides or {}).get(value))
        for value, of in points.items()
    ]
    rule = Rule(id="source", attr="Source", cases=(*cases, *more))
    found = {
        "id": "q3",
        "attributes": {"Source": Attribute(type="category")},
        "rules": (rule,),
        "bands": (ScoreBand(name="A", from_=10), ScoreBand(name="B")),
        "made_by": MadeBy(points="lift"),
    }
    return Rules(version=version, **{**found, **parts})


def points_of(rules):
    return {case.when.in_[0]: case.points for case in rules.rules[0].cases}


# 80 % of a normal law lies within 1.2816 standard deviations, 95 % within 1.9600: a side of 10 becomes 6.54.
@pytest.mark.parametrize(
    ("adopted", "learned", "side", "result", "why"),
    [
        (20, 20, 10.0, 20, None),  # nothing to tell
        (20, 14, 10.0, 20, "kept"),  # 6 off, within 6.54
        (20, 13, 10.0, 13, "changed"),  # 7 off
        (14, 20, 10.0, 14, "kept"),
        (13, 20, 10.0, 20, "changed"),
        (20, 18, 1.0, 20, "kept"),  # outside, and only 2 off
        (20, 17, 1.0, 17, "changed"),  # outside, and 3 off
        (-3, 3, 30.0, -3, "kept"),
    ],
)
def test_points_stay_within_the_range_or_within_two(adopted, learned, side, result, why):
    found, told = keep_adopted(document({"Fair": adopted}), document({"Fair": learned}, side))
    assert points_of(found) == {"Fair": result}
    assert [(item.why, item.adopted, item.learned, item.points) for item in told] == (
        [(why, adopted, learned, result)] if why else []
    )
    assert faults(found) == ()


def test_slow_drift_does_not_creep():
    """Two points a quarter: held against what was adopted, and followed once that is out of range."""
    adopted, seen = document({"Fair": 10}), []
    for quarter in range(1, 6):
        adopted, _ = keep_adopted(adopted, document({"Fair": 10 + 2 * quarter}, 8.0))  # 5.23 at 80 %
        seen.append(points_of(adopted)["Fair"])
    assert seen == [10, 10, 16, 16, 16]
    assert adopted.version == "6"


def test_new_and_vanished_levels_are_told_and_not_compared():
    bins = [Case(when=Range(ge=low, lt=high), points=5, evidence=evidence(5)) for low, high in ((0, 9), (9, 50))]
    moved = [Case(when=Range(ge=low, lt=high), points=5, evidence=evidence(5)) for low, high in ((0, 10), (10, 50))]
    parts = {"attributes": {"Source": Attribute(type="category"), "Size": Attribute(type="number")}}
    before, after = document({"Fair": 20, "Web": 3}), document({"Fair": 20, "Mail": -8})
    before = before.model_copy(
        update={**parts, "rules": (*before.rules, Rule(id="size", attr="Size", cases=tuple(bins)))}
    )
    after = after.model_copy(
        update={**parts, "rules": (*after.rules, Rule(id="size", attr="Size", cases=tuple(moved)))}
    )
    found, told = keep_adopted(before, after)
    assert found.rules == after.rules
    assert [(item.why, item.label, item.adopted, item.learned) for item in told] == [
        ("new", "Mail", None, -8),
        ("new", "0 to under 10", None, 5),
        ("new", "10 to under 50", None, 5),
        ("vanished", "Web", 3, None),
        ("vanished", "0 to under 9", 5, None),
        ("vanished", "9 to under 50", 5, None),
    ]


def test_values_of_a_level_in_another_order_are_the_same_level():
    cases = [Case(when=In(in_=values), points=9, evidence=evidence(9)) for values in (("a", "b"), ("b", "a"))]
    documents = [document({}, more=(case,)) for case in cases]
    assert keep_adopted(*documents)[1] == ()


def test_what_no_case_names_and_no_value_stick_too():
    def made(points):
        rest = {"otherwise": points, "missing": -points}
        rule = Rule(id="source", attr="Source", otherwise_evidence=evidence(points), missing_evidence=evidence(-points),
                    **rest)  # fmt: skip
        return document({}).model_copy(update={"rules": (rule,)})

    found, told = keep_adopted(made(10), made(6))
    assert (found.rules[0].otherwise, found.rules[0].missing) == (10, -10)
    assert [item.label for item in told] == ["given", "missing"]


def test_missing_of_a_set_goes_with_otherwise():
    def made(points):
        seen = evidence(-points)
        rule = Rule(
            id="pages", attr="Pages", cases=(Case(when=Has(has="pricing"), points=points, evidence=evidence(points)),),
            otherwise=-points, missing=-points, otherwise_evidence=seen, missing_evidence=seen,
        )  # fmt: skip
        return document({}, attributes={"Pages": Attribute(type="set")}).model_copy(update={"rules": (rule,)})

    found, told = keep_adopted(made(10), made(6))
    assert (found.rules[0].otherwise, found.rules[0].missing) == (-10, -10)
    assert [item.label for item in told] == ["pricing", "not pricing"]


def test_points_that_the_new_rules_deny_are_not_kept():
    """A value that may be filled in because of the outcome gets none; one with too few leads says nothing."""
    muted = Case(when=In(in_=("Fair",)), points=0, evidence=evidence(18))
    few = Case(when=In(in_=("Web",)), points=0, evidence=evidence(5, strength="too few"))
    found, told = keep_adopted(document({"Fair": 20, "Web": 7}), document({}, more=(muted, few)))
    assert points_of(found) == {"Fair": 0, "Web": 7}
    assert [item.why for item in told] == ["muted", "kept"]


DECIDED = Override(points_before=4, reason="the fair of May", decided_on="2026-10-01", expires="2027-04-01")


@pytest.mark.parametrize(
    ("day", "points", "why"),
    [
        (None, 15, "override"),
        ("2027-03-31", 15, "override"),
        ("2027-04-01", 3, "expired"),
        ("2028-01-01", 3, "expired"),
    ],
)
def test_what_people_decided_holds_until_it_ends(day, points, why):
    before = document({"Fair": 15, "Web": 1}, overrides={"Fair": DECIDED})
    found, (told,) = keep_adopted(before, document({"Fair": 3, "Web": 1}), day=day)
    assert points_of(found) == {"Fair": points, "Web": 1}
    assert found.rules[0].cases[0].override == (DECIDED if why == "override" else None)
    assert (told.why, told.adopted, told.learned, told.override) == (why, 15, 3, DECIDED)
    assert told.supported is False  # 15 is beyond 3 + 6.54
    assert found.rules[0].cases[0].evidence == evidence(3)


def test_an_override_of_a_level_that_is_gone_is_told():
    before = document({"Fair": 15}, overrides={"Fair": DECIDED})
    found, told = keep_adopted(before, document({"Web": 1}))
    assert [(item.why, item.override) for item in told] == [("new", None), ("lost", DECIDED)]
    assert all(case.override is None for case in found.rules[0].cases)


def test_the_result_follows_the_previous_rules():
    log = (Decision(version="7", decided_on="2026-10-01"),)
    before = document({"Fair": 15}, version="7", threshold=Threshold(score=12), changelog=log)
    found, _ = keep_adopted(before, document({"Fair": 15}, id="q4"))
    assert (found.id, found.version, found.threshold, found.changelog) == ("q3", "8", Threshold(score=12), log)


def test_figures_are_counted_again_only_where_points_differ():
    leads = [{"Source": "Fair"}] * 6 + [{"Source": "Web"}] * 4
    won = np.array([True, False] * 5)
    figures = {"bands": (ScoreBand(name="A", from_=10, leads_share=0.1), ScoreBand(name="B"))}
    new = document({"Fair": 14, "Web": 1}, **figures)
    combinations = combinations_of_leads(new, [(pa.RecordBatch.from_pylist(leads), won)])
    same, _ = keep_adopted(document({"Fair": 14, "Web": 1}), new, combinations=combinations)
    assert (same.bands, same.reference) == (new.bands, new.reference)
    found, _ = keep_adopted(document({"Fair": 18, "Web": 1}), new, combinations=combinations)
    assert (found.reference.scores, found.reference.counts) == ((1, 18), (4, 6))
    assert [band.leads_share for band in found.bands] == [0.6, 0.4]
    assert score_lead(found, leads[0]).percentile == 70  # 4 below and half of 6 level
    without, _ = keep_adopted(document({"Fair": 18, "Web": 1}), new)
    assert without.bands[0].leads_share is None


@pytest.mark.parametrize("score", [Score(unit=0.5), Score(pdo=20.0)])
def test_points_of_another_worth_cannot_be_kept(score):
    with pytest.raises(SettingsError, match=r"score\.(unit|pdo): found .*, expected .* as in the previous"):
        keep_adopted(document({"Fair": 15}), document({"Fair": 15}, score=score))


drawn = st.dictionaries(st.sampled_from("abcdef"), st.integers(-40, 40), max_size=6)


@settings(max_examples=80, deadline=None)
@given(drawn, drawn, st.floats(0, 40))
def test_every_level_has_adopted_or_learned_points_and_a_second_time_changes_nothing(before, after, side):
    new = document(after, side)
    found, told = keep_adopted(document(before), new)
    reach = side * 1.2815515655446004 / 1.959963984540054  # scipy.stats.norm.ppf([.9, .975])
    for value, points in points_of(found).items():
        adopted, learned = before.get(value), after[value]
        moves = adopted is None or (abs(adopted - learned) > reach and abs(adopted - learned) >= 3)
        assert points == (learned if moves else adopted)
    assert {item.label for item in told if item.why == "vanished"} == before.keys() - after.keys()
    again, once_more = keep_adopted(found, new)
    assert again.rules == found.rules
    assert all(item.why == "kept" for item in once_more)


@pytest.mark.parametrize(("won", "leads"), [(40, 100), (15, 100), (12, 40), (150, 700), (4, 60)])
def test_the_range_is_nearly_that_of_newcombe_at_80(won, leads):
    """Newcombe's interval at 80 %, counted directly, against the 95 % one narrowed by the normal ratio."""
    wide, narrow = (level_lifts([won], [leads], 150, 1000, share)[0] for share in (0.95, 0.80))
    seen = evidence(0, lift=wide.lift, lift_low=wide.low, lift_high=wide.high)
    low, high = point_range(document({}), seen)
    assert (low + wide.lift, high + wide.lift) == pytest.approx((narrow.low, narrow.high), abs=0.8)


def test_ranges_lie_around_the_points_of_their_column():
    seen = evidence(20, points_adjusted=8, adjusted_lift=8.2, adjusted_low=4.2, adjusted_high=12.2, points_cautious=15,
                    points_log_odds=11)  # fmt: skip
    narrower = 1.2815515655446004 / 1.959963984540054
    centres = {"lift": (20, 10), "cautious": (15, 10), "adjusted": (8, 4)}
    for column, (centre, side) in centres.items():
        made_by = MadeBy(points=column)
        found = point_range(document({}, made_by=made_by, score=Score(unit=0.5)), seen)
        assert found == pytest.approx((centre - 2 * side * narrower, centre + 2 * side * narrower))
    error = math.sqrt(1 / 20.5 + 1 / 80.5) * 20 / math.log(2)
    low, high = point_range(document({}, score=Score(pdo=20.0)), seen)
    assert (low, high) == pytest.approx((11 - 1.2815515655446004 * error, 11 + 1.2815515655446004 * error))
    assert point_range(document({}), None) is None
    assert point_range(document({}), Evidence(leads=1, conversions=1, points_lift=4)) is None
