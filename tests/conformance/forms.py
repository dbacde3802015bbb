"""Documents for products that are given forms, and what their payloads are checked with."""

from __future__ import annotations

import json
from functools import cache

from drawn import drawn_cases

from calibrate.document.rules import (
    Attribute,
    Case,
    Evidence,
    Has,
    In,
    Is,
    Range,
    Reference,
    Rule,
    Rules,
    Score,
    ScoreBand,
)


def strict(required, **properties):
    return {"type": "object", "required": required, "properties": properties, "additionalProperties": False}


def some(items):
    return {"type": "array", "items": items}


INTEGER, TEXT, TRUTH = {"type": "integer"}, {"type": "string"}, {"type": "boolean"}


def payload(export, target):
    return json.loads(export.files[f"rules.{target.name}.json"])


def record_of(lead, export):
    return {given.field: lead[given.attribute] for given in export.inputs if given.attribute in lead}


def plain(rules, leads):
    """The document and its leads with a harmless word for every text, so that no form refuses it."""
    known = {}

    def word(text):
        return known.setdefault(text, f"v{len(known)}") if text else text

    def value(found):
        if isinstance(found, list):
            return [word(item) for item in found]
        return word(found) if isinstance(found, str) else found

    dump = rules.model_dump(by_alias=True, exclude_none=True)
    conditions = [case["when"] for rule in dump["rules"] for case in rule["cases"]]
    for condition in conditions + [gate["when"] for gate in dump["gates"]]:
        if "in" in condition:
            condition["in"] = tuple(word(text) for text in condition["in"])
        if "has" in condition:
            condition["has"] = word(condition["has"])
    # A product has no empty set: nothing chosen is no value.
    kept = [{name: value(item) for name, item in lead.items() if item != []} for lead in leads]
    return Rules.model_validate(dump), kept


@cache
def drawn():
    return [plain(rules, leads) for rules, leads in drawn_cases(60)]


def counted():
    """A document as a run writes one, with counts that add up to 1,000 leads."""

    def case(when, points, leads, won):
        return Case(when=when, points=points, evidence=Evidence(leads=leads, conversions=won))

    texts = [("web", 8, 300, 60), ("fair", 3, 200, 30), ("list", -9, 100, 2)]
    bins = [(None, 10.0, -4, 400, 40), (10.0, None, 5, 500, 110)]
    return Rules(
        id="counted", version="1", score=Score(base=2),
        attributes={"Source": Attribute(type="category"), "Size": Attribute(type="number"),
                    "Pages": Attribute(type="set", separator=";")},
        rules=(
            Rule(id="source", attr="Source", otherwise=1, missing=-2,
                 cases=tuple(case(In(in_=(name,)), *rest) for name, *rest in texts),
                 otherwise_evidence=Evidence(leads=150, conversions=20),
                 missing_evidence=Evidence(leads=250, conversions=40)),
            Rule(id="size", attr="Size", missing=-1,
                 cases=tuple(case(Range(ge=low, lt=high), *rest) for low, high, *rest in bins),
                 missing_evidence=Evidence(leads=100, conversions=2)),
            Rule(id="docs", attr="Pages", otherwise=-1, missing=-1, cases=(case(Has(has="docs"), 12, 60, 30),),
                 otherwise_evidence=Evidence(leads=940, conversions=122)),
            Rule(id="jobs", attr="Pages", cases=(case(Has(has="jobs"), -3, 40, 1),),
                 otherwise_evidence=Evidence(leads=960, conversions=151)),
        ),
        bands=(ScoreBand(name="A", from_=10), ScoreBand(name="B", from_=0), ScoreBand(name="C")),
        reference=Reference(population="made", leads=1000, scores=(-5, 0, 10), counts=(500, 300, 200)),
    )  # fmt: skip


def wide(count, points, text=str):
    """One rule of so many cases."""
    cases = tuple(Case(when=In(in_=(text(n),)), points=points(n)) for n in range(count))
    rule = Rule(id="a", attr="A", cases=cases)
    return Rules(id="w", version="1", attributes={"A": Attribute(type="text")}, rules=(rule,))


def many(count):
    """So many rules of one case."""
    attributes = {f"A{n}": Attribute(type="boolean") for n in range(count)}
    rules = tuple(Rule(id=f"r{n}", attr=f"A{n}", cases=(Case(when=Is(is_=True), points=n + 1),)) for n in range(count))
    return Rules(id="m", version="1", attributes=attributes, rules=rules)
