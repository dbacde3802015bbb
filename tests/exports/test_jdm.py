"""What GoRules JDM can say, and what is refused by name."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cases import card
from hypothesis import given
from hypothesis import strategies as st

from calibrate.document.rules import Attribute, Case, Gate, GateThen, GateWhen, Has, In, Range, Rule, Rules, ScoreBand
from calibrate.exports.exporting import export_rules
from calibrate.exports.target import ExportError, Options
from calibrate.exports.targets import jdm

ALL_QUOTES = "\"'`"
COMPUTED = "\"'${y}"
BANDS = (ScoreBand(name="A", from_=20), ScoreBand(name="D"))


def numbers(*edges: float) -> Rules:
    cases = tuple(Case(when=Range(lt=edge), points=1) for edge in edges[:1])
    cases += tuple(Case(when=Range(ge=edge), points=2) for edge in edges[1:])
    rule = Rule(id="n", attr="n", cases=cases)
    return Rules(id="x", version="1", attributes={"n": Attribute(type="number")}, rules=(rule,))


def named(*names: str) -> Rules:
    rules = tuple(Rule(id=f"r{place}", attr=name, missing=1) for place, name in enumerate(names))
    attributes = {name: Attribute(type="boolean") for name in names}
    return Rules(id="x", version="1", attributes=attributes, rules=rules)


def graph(rules: Rules) -> dict[str, Any]:
    made = jdm.export(rules, Options()).files["rules.jdm.json"]
    found: dict[str, Any] = json.loads(made)
    return found


def refusals(rules: Rules, **names: str) -> list[str]:
    with pytest.raises(ExportError) as caught:
        export_rules(rules, "jdm", Options(fields=names))
    return str(caught.value).splitlines()


def test_a_rule_is_a_table_whose_first_true_row_counts() -> None:
    tables = {node["id"]: node["content"] for node in graph(card())["nodes"] if node["type"] == "decisionTableNode"}
    pages = tables["node_rule_r_pages_engagement"]
    assert pages["hitPolicy"] == "first"
    assert [(row["in_0"], row["out_0"]) for row in pages["rules"]] == [
        ("null", "-2"), ('"pricing" in $', "15"), ('"docs" in $', "8"), ("", "1"),
    ]  # fmt: skip
    phone = tables["node_rule_r_phone_fit"]["rules"]
    assert [(row["in_0"], row["out_0"]) for row in phone] == [('null, ""', "-4"), ("", "0")]
    assert len(tables) == len(card().rules) + 2


def test_every_edge_of_the_graph_joins_two_of_its_nodes() -> None:
    found = graph(card())
    nodes = [node["id"] for node in found["nodes"]]
    assert len(set(nodes)) == len(nodes)
    assert all({edge["sourceId"], edge["targetId"]} <= set(nodes) for edge in found["edges"])
    assert {edge["sourceId"] for edge in found["edges"]} == set(nodes) - {"node_response"}


@given(st.text(min_size=1) | st.text("\"'`${}\\\n", min_size=1, max_size=6))
def test_a_text_stands_as_it_is_between_quotes_that_it_lacks_or_is_refused(text: str) -> None:
    rule = Rule(id="t", attr="t", cases=(Case(when=In(in_=(text,)), points=1),))
    rules = Rules(id="x", version="1", attributes={"t": Attribute(type="text")}, rules=(rule,))
    if '"' in text and "'" in text and ("`" in text or "${" in text):
        with pytest.raises(ExportError, match="zen has no escapes"):
            jdm.export(rules, Options())
        return
    [table] = [node for node in graph(rules)["nodes"] if node["type"] == "decisionTableNode"]
    cell = table["content"]["rules"][1]["in_0"]
    assert cell[1:-1] == text
    assert cell[0] == cell[-1] in ALL_QUOTES
    assert cell[0] not in text
    assert not (cell[0] == "`" and "${" in text)


def test_every_text_without_quotes_is_named_at_once() -> None:
    texts = Rule(id="t", attr="t", cases=(Case(when=In(in_=("plain", ALL_QUOTES)), points=1),))
    sets = Rule(id="s", attr="s", cases=(Case(when=Has(has="plain"), points=1), Case(when=Has(has=COMPUTED), points=1)))
    rules = Rules(
        id="x",
        version="1",
        attributes={"t": Attribute(type="text"), "s": Attribute(type="set")},
        gates=(Gate(id="g", when=GateWhen(attr="t", in_=(COMPUTED,)), then=GateThen(score=0, band=ALL_QUOTES)),),
        rules=(texts, sets),
        bands=(ScoreBand(name=COMPUTED),),
    )
    places = [
        "gates[0].when.in",
        "gates[0].then.band",
        "rules[0].cases[0].when",
        "rules[1].cases[1].when",
        "bands[0].name",
    ]
    faults = refusals(rules)
    assert [line.split(": ")[1] for line in faults] == places
    assert all(
        line.startswith("jdm: ") and ": found " in line and ", expected " in line and "; " in line for line in faults
    )


@pytest.mark.parametrize("edge", [0.1, -1.0, 0.0, 1e6, 999999.9, 123456789012345.0, 1e-28, 1.23e-10])
def test_an_edge_is_written_without_an_exponent(edge: float) -> None:
    [table] = [node for node in graph(numbers(edge))["nodes"] if node["type"] == "decisionTableNode"]
    sign, text = table["content"]["rules"][1]["in_0"].split(" ")
    assert sign == "<"
    assert float(text) == edge
    assert "e" not in text.lower()


@pytest.mark.parametrize("edge", [0.1 + 0.2, 1 / 3, 1e15, 1e300, 1e-29, 5e-324, 1234567890123456.0])
def test_an_edge_that_zen_reads_otherwise_is_refused(edge: float) -> None:
    [fault] = refusals(numbers(edge))
    assert fault.startswith(f"jdm: rules[0].cases[0].when: found {edge!r}, expected a number of at most 15 digits")


def test_names_that_collide_or_that_zen_cannot_say_are_refused() -> None:
    [fault] = refusals(named("x.y", "x y"))
    assert "found the field 'x_y' of 'x.y', expected its own" in fault
    assert len(refusals(named("a", "b", "c"), a="two words", b="in", c="score")) == 3
    made = jdm.export(named("in", "score", "Größe"), Options())
    assert [item.field for item in made.inputs] == ["in_", "score_", "Grosse"]
    assert made.notes[:3] == ("'in' is called 'in_'.", "'score' is called 'score_'.", "'Größe' is called 'Grosse'.")


def test_it_is_written_the_same_every_time() -> None:
    assert jdm.export(card(), Options()).files == jdm.export(card(), Options()).files
