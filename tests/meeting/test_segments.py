"""Figures of the leads of one level, against the same leads filtered one by one."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibrate.document.lead_score import score_lead
from calibrate.document.rules import Rules, WorkedLead
from calibrate.meeting.combinations import Combinations, combinations_of_leads
from calibrate.meeting.edited import with_points
from calibrate.meeting.figures import figures, scores, tenths
from calibrate.meeting.segments import only
from calibrate.meeting.sides import changed_sides, lead_outcomes

LEADS = st.fixed_dictionaries(
    {},
    optional={
        "industry": st.sampled_from(["Software", "Retail", "Mining", "Rival", ""]),
        "employees": st.integers(0, 400),
        "interests": st.sampled_from(["prices", "news", "news;prices", ""]),
    },
)


@pytest.fixture(scope="module")
def rules() -> Rules:
    """Caps, a clamp, a gate, and a set whose missing and otherwise are one level."""
    found = {"leads": 900, "conversions": 90, "lift": -2.0, "lift_low": -3.0, "lift_high": -1.0}
    return Rules.model_validate_json(
        json.dumps({
            "format": "leadscore-rules/1.0",
            "id": "deals",
            "version": "1",
            "score": {"base": 3, "min": -10, "max": 40},
            "attributes": {
                "industry": {"type": "category"},
                "employees": {"type": "number"},
                "interests": {"type": "set", "separator": ";"},
            },
            "gates": [{"id": "rival", "when": {"attr": "industry", "in": ["Rival"]}, "then": {"score": 0}}],
            "groups": {"fit": {"max": 20}},
            "rules": [
                {"id": "industry", "attr": "industry", "group": "fit", "otherwise": 1, "missing": -4, "cases": [
                    {"when": {"in": ["Software"]}, "points": 12}, {"when": {"in": ["Retail"]}, "points": -6}]},
                {"id": "employees", "attr": "employees", "group": "fit", "cases": [
                    {"when": {"lt": 50}, "points": -5}, {"when": {"ge": 50}, "points": 14}]},
                {"id": "prices", "attr": "interests", "otherwise": -2, "missing": -2, "otherwise_evidence": found,
                 "missing_evidence": found, "cases": [{"when": {"has": "prices"}, "points": 11}]},
            ],
        })
    )  # fmt: skip


def history(rules: Rules) -> tuple[Combinations, list[dict[str, object]], list[bool]]:
    """600 made leads, seed 5."""
    draw = np.random.default_rng(5)
    leads = [
        {"industry": draw.choice(["Software", "Retail", "Mining", "Rival"]).item(),
         "employees": float(draw.integers(400)),
         "interests": draw.choice(["prices", "news", ""]).item() or None}
        for _ in range(600)
    ]  # fmt: skip
    won = (draw.random(600) < 0.3).tolist()
    return counted(rules, leads, won), leads, won


def counted(rules: Rules, leads: list[dict[str, object]], won: list[bool]) -> Combinations:
    names = list(rules.attributes)
    batch = pa.record_batch({name: pa.array([lead[name] for lead in leads]) for name in names})
    return combinations_of_leads(rules, [(batch, np.array(won))], 6.0)


def test_one_level_is_its_leads_counted_alone(rules):
    combinations, leads, won = history(rules)
    software = [place for place, lead in enumerate(leads) if lead["industry"] == "Software"]
    alone = counted(rules, [leads[place] for place in software], [won[place] for place in software])
    found = only(combinations, 0, 0)
    assert found.total_leads == len(software)
    assert figures(rules, found, 10) == figures(rules, alone, 10)
    assert tenths(rules, found) == tenths(rules, alone)


def test_levels_of_a_rule_add_up_to_all_leads(rules):
    combinations, _, _ = history(rules)
    for number, rule in enumerate(rules.rules):
        parts = [only(combinations, number, way) for way in range(len(rule.cases) + 2)]
        assert sum(part.total_leads for part in parts) == combinations.total_leads
        assert sum(part.total_won for part in parts) == combinations.total_won


def test_a_level_that_no_lead_has_is_empty(rules):
    combinations, _, _ = history(rules)
    found = figures(rules, only(combinations, 0, 9), 10)
    assert (found.leads, found.rate, found.reached, found.right_order) == (0, None, None, None)


@given(lead=LEADS, points=st.lists(st.integers(-30, 40), min_size=4, max_size=4))
def test_outcomes_of_a_worked_lead_give_its_score_under_any_points(rules, lead, points):
    places = [("industry", 0), ("industry", 3), ("employees", 1), ("prices", 1)]
    edited = with_points(rules, dict(zip(places, points, strict=True)))
    gate, ways = lead_outcomes(rules, WorkedLead(lead=lead, score=0))
    one = Combinations(
        ways=tuple(np.array([way], np.uint16) for way in ways), gates=np.array([gate], np.int16),
        leads=np.array([1]), won=np.array([0]),
    )  # fmt: skip
    assert scores(edited, one).tolist() == [score_lead(edited, lead).score]


def test_worked_leads_that_change_side_with_their_reasons(rules):
    leads = ({"industry": "Software"}, {"industry": "Rival"}, {"industry": "Retail", "employees": 60}, {})
    worked = rules.model_copy(update={"tests": tuple(WorkedLead(lead=lead, score=0) for lead in leads)})
    # Software: 3 + 12 + 0 - 2 = 13, with 18 instead of 12 it is 19; the rival stays at 0; Retail 3 - 6 + 14 - 2 = 9.
    edited = with_points(worked, {("industry", 0): 18})
    (side,) = changed_sides(worked, edited, 15, 15)
    assert (side.lead, side.before, side.after, side.handed, side.reasons) == (0, 13, 19, True, ((0, 0),))
    # The rival is handed over from score 0, without a reason in the points; so are none of the others below 10.
    low = changed_sides(worked, edited, 15, 0)
    assert [(side.lead, side.handed, side.reasons) for side in low] == [
        (0, True, ((0, 0),)),
        (1, True, ()),
        (2, True, ()),
    ]
    assert changed_sides(worked, worked, 15, 15) == ()
