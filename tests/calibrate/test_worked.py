import json

import pytest

from calibrate.document.lint import faults
from calibrate.document.rules import (
    Attribute,
    Case,
    Gate,
    GateThen,
    GateWhen,
    Group,
    Has,
    In,
    Is,
    Range,
    Rule,
    Rules,
    Score,
    ScoreBand,
)
from calibrate.document.rules_file import load_rules, rules_text
from calibrate.document.scoring import score_lead
from calibrate.document.worked import worked_leads


def card(**changes):
    values = {
        "id": "card",
        "version": "1",
        "score": Score(base=0, min=-20, max=60),
        "attributes": {
            "industry": Attribute(type="category"),
            "employees": Attribute(type="number"),
            "demo": Attribute(type="boolean"),
            "pages": Attribute(type="set", separator=";"),
            "phone": Attribute(type="text"),
            "unused": Attribute(type="text"),
        },
        "gates": (
            Gate(
                id="student",
                when=GateWhen(attr="industry", in_=("student", "pupil")),
                then=GateThen(score=-99, band="out"),
            ),
            Gate(id="no_demo", when=GateWhen(attr="demo", is_=False), then=GateThen(score=1)),
        ),
        "groups": {"fit": Group(), "engagement": Group(label="engagement", max=30, min=-10)},
        "rules": (
            Rule(
                id="industry",
                attr="industry",
                group="fit",
                cases=(
                    Case(when=In(in_=("software", "something else")), points=40),
                    Case(when=In(in_=("retail",)), points=-15),
                ),
            ),
            Rule(
                id="employees",
                attr="employees",
                group="fit",
                cases=(
                    Case(when=Range(lt=0.5), points=-10),
                    Case(when=Range(ge=10, lt=50), points=5),
                    Case(when=Range(ge=50), points=9),
                ),
                otherwise=1,
            ),
            Rule(id="phone", attr="phone", group="fit", missing=-4),
            Rule(
                id="demo",
                attr="demo",
                group="engagement",
                cases=(Case(when=Is(is_=True), points=25),),
                missing=-8,
            ),
            Rule(
                id="pages",
                attr="pages",
                group="engagement",
                cases=(Case(when=Has(has="pricing"), points=20), Case(when=Has(has="jobs"), points=-20)),
                otherwise=-3,
            ),
        ),
        "bands": (ScoreBand(name="A", from_=40), ScoreBand(name="B")),
    }
    return Rules(**{**values, **changes})


def leads_of(rules):
    return [worked.lead for worked in worked_leads(rules)]


def test_worked_leads_prove_the_document():
    rules = card()
    rules = rules.model_copy(update={"tests": worked_leads(rules)})
    assert len(rules.tests) >= 12
    assert faults(rules) == ()
    assert load_rules(rules_text(rules)) == rules
    assert worked_leads(rules) == rules.tests


def test_nothing_and_null_come_first():
    first, second = leads_of(card())[:2]
    assert first == {}
    assert second == dict.fromkeys(("industry", "employees", "demo", "pages", "phone"))


def test_every_case_and_edge_is_there():
    values = {(name, json.dumps(value)) for lead in leads_of(card()) for name, value in lead.items()}
    for number in (-0.5, 0.5, 9, 10, 49, 50):
        assert ("employees", json.dumps(number)) in values
    for text in ("software", "retail", "student", "something else again"):
        assert ("industry", json.dumps(text)) in values
    for pages in (["pricing"], ["jobs"], ["pricing", "jobs"], [], ["something else"]):
        assert ("pages", json.dumps(pages)) in values
    assert {("demo", "true"), ("demo", "false"), ("phone", '"something else"')} <= values


def test_with_many_rules_every_case_is_there_once(monkeypatch):
    full = leads_of(card())
    monkeypatch.setattr("calibrate.document.worked._MOST_VALUES", 1)
    few = leads_of(card())
    named = [{(name, json.dumps(value)) for lead in leads for name, value in lead.items()} for leads in (full, few)]
    assert named[0] == named[1]
    assert sum(map(len, few)) < sum(map(len, full))


def test_every_gate_cap_and_clamp_is_there():
    rules = card()
    found = [score_lead(rules, lead, reasons=9) for lead in leads_of(rules)]
    assert {item.gate for item in found} == {None, "student", "no_demo"}
    texts = {reason.text for item in found for reason in item.reasons}
    assert "-15 engagement capped at 30" in texts
    assert "+18 engagement held at -10" in texts
    scores = {item.score for item in found if item.gate is None}
    assert {min(scores), max(scores)} == {-20, 60}


def test_gates_are_true_in_their_own_leads_only():
    gated = [lead for lead in leads_of(card()) if score_lead(card(), lead).gate]
    assert [lead["industry"] for lead in gated] == ["student", "software"]


@pytest.mark.parametrize("kind", ["category", "text", "set", "number", "boolean"])
def test_small_documents_have_as_many_leads_as_they_can_tell_apart(kind):
    when = {"number": Range(ge=1), "boolean": Is(is_=True), "set": Has(has="a")}.get(kind, In(in_=("a",)))
    rules = card(
        attributes={"x": Attribute(type=kind)},
        gates=(),
        groups={},
        rules=(Rule(id="x", attr="x", cases=(Case(when=when, points=1),)),),
    )
    leads = leads_of(rules)
    assert 4 <= len(leads) == len({json.dumps(lead) for lead in leads})
    assert {score_lead(rules, lead).score for lead in leads} == {0, 1}


def test_a_document_without_rules_has_the_empty_lead():
    rules = card(attributes={}, gates=(), groups={}, rules=())
    assert [(worked.lead, worked.score) for worked in worked_leads(rules)] == [({}, 0)]
