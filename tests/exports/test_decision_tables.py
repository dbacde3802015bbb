"""Large, odd and exact documents, run by the engines of the targets that write decision tables."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from engines import Engine, engines

from calibrate.document.lead_score import score_lead
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
    ScoreBand,
)
from calibrate.document.worked import worked_leads
from calibrate.exports.exporting import export_rules, write_exports

Lead = dict[str, Any]
TABLES = [engine for engine in engines() if engine.target in ("jdm", "dmn")]


def rules_of(**parts: Any) -> Rules:
    return Rules(id="x", version="1", **parts)


def long_rules() -> tuple[Rules, list[Lead]]:
    """500 cases in one rule, of each kind."""
    kinds = {"t": Attribute(type="category"), "s": Attribute(type="set"), "n": Attribute(type="number")}
    whens: dict[str, list[Any]] = {
        "t": [In(in_=(f"v{place}", f"w{place}")) for place in range(500)],
        "s": [Has(has=f"v{place}") for place in range(500)],
        "n": [Range(ge=place, lt=place + 1) for place in range(500)],
    }
    rules = tuple(
        Rule(id=name, attr=name, missing=-1, otherwise=7,
             cases=tuple(Case(when=when, points=place * worth) for place, when in enumerate(whens[name])))
        for name, worth in (("t", 1), ("s", 1000), ("n", -1))
    )  # fmt: skip
    leads = [{"t": f"w{place}", "s": ["v499", f"v{place}"], "n": place + 0.5} for place in (0, 1, 250, 499)]
    return rules_of(attributes=kinds, rules=rules), [*leads, {}, {"t": "", "s": [], "n": -0.5}, {"t": "x", "n": 500}]


def many_rules() -> tuple[Rules, list[Lead]]:
    """300 rules, in groups whose plain names are one."""
    names = [f"a{place}" for place in range(300)]
    groups = [None, "g", "h h", "h-h"]
    rules = tuple(
        Rule(id=f"r{place}", attr=name, group=groups[place % 4], cases=(Case(when=Range(ge=5), points=place),))
        for place, name in enumerate(names)
    )
    held = {"g": Group(max=5000), "h h": Group(), "h-h": Group(min=-5, max=6000)}
    leads = [{}, dict.fromkeys(names, 5), dict.fromkeys(names, 4.999), dict.fromkeys(names[::3], 9)]
    return rules_of(attributes={name: Attribute(type="number") for name in names}, groups=held, rules=rules), leads


def odd_names() -> tuple[Rules, list[Lead]]:
    """Attributes, rules and groups called like words and results of the languages."""
    words = ["in", "true", "null", "score", "if", "max", "sum", "list", "min", "date", "for", "a", "a_row_0", "not"]
    ids = [
        "true",
        "in",
        "null",
        "request",
        "gates",
        "score",
        "not",
        "points",
        "max",
        "false",
        "sum",
        "a",
        "a_row_0",
        "x_",
    ]
    groups = [None, "true", "sum"]
    rules = tuple(
        Rule(
            id=id_, attr=word, group=groups[place % 3], cases=(Case(when=Is(is_=True), points=1 << place),), missing=-3
        )
        for place, (id_, word) in enumerate(zip(ids, words, strict=True))
    )
    kinds = {word: Attribute(type="boolean") for word in words}
    leads = [{word: True} for word in words]
    return rules_of(attributes=kinds, groups={"true": Group(max=10**6), "sum": Group()}, rules=rules), leads


def exact_edges() -> tuple[Rules, list[Lead]]:
    """Edges of 15 digits, with leads on them and one unit of the last digit below."""
    chance = random.Random(11)
    found = {}
    for _ in range(120):
        digits, place = chance.randrange(10**14, 10**15), chance.randrange(0, 29)
        found[float(f"{digits}e-{place}")] = float(f"{digits - 1}e-{place}")
        found[-float(f"{digits}e-{place}")] = -float(f"{digits + 1}e-{place}")
    edges = sorted(found)
    bins = [Range(ge=low, lt=high) for low, high in pairwise(edges)]
    cases = tuple(Case(when=when, points=place) for place, when in enumerate([Range(lt=edges[0]), *bins]))
    rule = Rule(id="n", attr="n", cases=cases, otherwise=-1)
    return rules_of(attributes={"n": Attribute(type="number")}, rules=(rule,)), [
        {"n": number} for edge in edges for number in (edge, found[edge])
    ]


def bare() -> list[tuple[Rules, list[Lead]]]:
    """Documents without rules, without bands, without anything but gates."""
    gates = (
        Gate(id="g", when=GateWhen(attr="b", is_=False), then=GateThen(score=-7)),
        Gate(id="h", when=GateWhen(attr="t", in_=("x", "y")), then=GateThen(score=4, band="own")),
    )
    kinds = {"b": Attribute(type="boolean"), "t": Attribute(type="text")}
    leads: list[Lead] = [{}, {"b": True}, {"b": False, "t": "x"}, {"b": None, "t": "y"}, {"t": ""}]
    return [
        (rules_of(attributes={}, rules=(), bands=(ScoreBand(name="only"),)), [{}, {"score": 9, "gate": {"score": 3}}]),
        (rules_of(attributes={}, rules=(), groups={"empty": Group(min=3)}), [{}]),
        (rules_of(attributes=kinds, rules=(), gates=gates), leads),
        (
            rules_of(
                attributes=kinds, rules=(), gates=gates, bands=(ScoreBand(name="A", from_=0), ScoreBand(name="-"))
            ),
            leads,
        ),
    ]


def prepared(engine: Engine, folder: Path, rules: Rules, leads: Sequence[Lead]) -> list[list[Any]]:
    """The scores that the document gives; its export and the leads then stand in the folder."""
    made = export_rules(rules, engine.to)
    write_exports(rules, made, folder)
    fields = {given.attribute: given.field for given in made[0].export.inputs}
    lines = [json.dumps({fields.get(name, name): value for name, value in lead.items()}) for lead in leads]
    (folder / "leads.jsonl").write_text("\n".join(lines), encoding="utf-8")
    scored = [score_lead(rules, lead, reasons=0) for lead in leads]
    return [[item.score, item.band] for item in scored]


@pytest.mark.parametrize("engine", TABLES, ids=lambda engine: f"{engine.to}-{engine.name.split()[0]}")
def test_engines_agree_on_large_odd_and_exact_documents(engine: Engine, tmp_path: Path) -> None:
    if reason := engine.lacks():
        pytest.skip(reason)
    documents = [long_rules(), many_rules(), odd_names(), exact_edges(), *bare()]
    documents += [(odd, [dict(item.lead) for item in worked_leads(odd)]) for odd, _ in [odd_names()]]
    folders = [tmp_path / str(place) for place in range(len(documents))]
    expected = [prepared(engine, folder, *document) for folder, document in zip(folders, documents, strict=True)]
    engine.run(folders)
    found = [
        [json.loads(line) for line in (folder / "scores.jsonl").read_text(encoding="utf-8").split("\n")]
        for folder in folders
    ]
    assert found == expected
