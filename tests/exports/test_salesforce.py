"""Salesforce formula fields: their text, their limits and what is refused. Engines run them in tests/conformance."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from cases import AWKWARD, GATED, Trial, card, hostile
from drawn import Lead
from engines import Engine, engines
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from test_conformance import exported, scored
from texts import HOSTILE

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
from calibrate.exports.exporting import export_rules, write_exports
from calibrate.exports.target import Export, ExportError, Options

XMLNS = "{http://soap.sforce.com/2006/04/metadata}"
ENGINES = [engine for engine in engines() if engine.target == "salesforce"]
LITERAL = re.compile(r'"((?:\\["\'\\nrt]|[^"\\\n\r])*)"')  # as in the published grammar, FormulaGrammar.g


def export(rules: Rules, **names: str) -> Export:
    return export_rules(rules, "salesforce", Options(names))[0].export


def field(made: Export, name: str) -> dict[str, str]:
    root = etree.fromstring(made.files[f"{name}.field-meta.xml"])
    assert root.tag == f"{XMLNS}CustomField"
    return {str(part.tag).removeprefix(XMLNS): part.text or "" for part in root}


def formula(rules: Rules, name: str = "Lead_Score__c") -> str:
    return field(export(rules), name)["formula"]


def one(kind: Any, *cases: tuple[Any, int], otherwise: int = 0, missing: int = 0, **more: Any) -> Rules:
    rule = Rule(
        id="r", attr="a", otherwise=otherwise, missing=missing,
        cases=tuple(Case(when=when, points=points) for when, points in cases),
    )  # fmt: skip
    separator = ";" if kind == "set" else None
    return Rules(
        id="one", version="1", attributes={"a": Attribute(type=kind, separator=separator)}, rules=(rule,), **more
    )


def faults(rules: Rules, options: Options | None = None) -> list[str]:
    with pytest.raises(ExportError) as caught:
        export_rules(rules, "salesforce", options or Options())
    return list(caught.value.faults)


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (one("category", (In(in_=("x", "y")), 5), otherwise=-1, missing=-1), 'CASE(a__c, "x", 5, "y", 5, -1)'),
        (one("text", (In(in_=("x",)), 5), otherwise=-1, missing=2), 'IF(ISBLANK(a__c), 2, CASE(a__c, "x", 5, -1))'),
        (one("category", (In(in_=("x",)), 5), missing=2), 'IF(ISBLANK(TEXT(a__c)), 2, CASE(a__c, "x", 5, 0))'),
        (one("text", missing=-4), "IF(ISBLANK(a__c), -4, 0)"),
        (one("category", missing=-4), "IF(ISBLANK(TEXT(a__c)), -4, 0)"),
        (one("category", otherwise=2, missing=2), "2"),
        (one("number", (Range(lt=0.1), 1), (Range(ge=0.1, lt=1e6), 2), missing=3),
         "IF(ISBLANK(a__c), 3, IF(a__c < 0.1, 1, IF(a__c < 1000000, 2, 0)))"),
        (one("number", (Range(ge=-1e308), 1), missing=3), "IF(ISBLANK(a__c), 3, 1)"),
        (one("number", (Range(lt=1), 1), (Range(ge=1), 4), missing=3),
         "IF(ISBLANK(a__c), 3, IF(a__c < 1, 1, 4))"),
        (one("number", (Range(ge=1, lt=2), 1), (Range(ge=2, lt=3), 4), missing=3),
         "IF(ISBLANK(a__c), 3, IF(AND(a__c >= 1, a__c < 2), 1, IF(AND(a__c >= 2, a__c < 3), 4, 0)))"),
        (one("number", missing=-3), "IF(ISBLANK(a__c), -3, 0)"),
        (one("number", otherwise=2, missing=2), "2"),
        (one("number", (Range(ge=1e-5), 1)), "IF(ISBLANK(a__c), 0, IF(a__c >= 0.00001, 1, 0))"),
        (one("boolean", (Is(is_=True), 7), otherwise=-2, missing=-2), "IF(a__c, 7, -2)"),
        (one("boolean", (Is(is_=True), 7), otherwise=-2), 'CASE(a__c, "true", 7, "false", -2, 0)'),
        (one("set", (Has(has="x"), 7), (Has(has="y"), 3)), 'IF(INCLUDES(a__c, "x"), 7, IF(INCLUDES(a__c, "y"), 3, 0))'),
        (one("set", (Has(has="x"), 7), missing=1), 'IF(ISBLANK(a__c), 1, IF(INCLUDES(a__c, "x"), 7, 0))'),
    ],
)  # fmt: skip
def test_a_rule_is_one_expression(rules: Rules, expected: str) -> None:
    assert formula(rules) == f"0\n+ {expected}"


def test_gates_come_first_and_give_their_band() -> None:
    gates = (
        Gate(id="g", when=GateWhen(attr="a", in_=("x",)), then=GateThen(score=3)),
        Gate(id="h", when=GateWhen(attr="b", is_=True), then=GateThen(score=0, band="out")),
    )
    rules = Rules(
        id="gated", version="1", gates=gates, rules=(), score=Score(base=5, min=1, max=9),
        attributes={"a": Attribute(type="category"), "b": Attribute(type="boolean")},
        bands=(ScoreBand(name="A", from_=3), ScoreBand(name='B"')),
    )  # fmt: skip
    gate = 'CASE(a__c, "x", 1, 0) = 1'
    assert formula(rules) == f"IF({gate}, 3,\nIF(b__c, 0,\nMIN(9, MAX(1, 5))))"
    bands = 'IF(Lead_Score__c >= 3, "A",\n"B\\"")'
    assert formula(rules, "Lead_Band__c") == f'IF({gate}, "A",\nIF(b__c, "out",\n{bands}))'


def test_a_checkbox_is_read_where_missing_is_no() -> None:
    said = {given.attribute: given.kind for given in export(card()).inputs}
    assert said["Competitor"] == "boolean"
    assert said["Requested demo"] == "text"
    assert said["Pages"] == "delimited"
    notes = " ".join(export(card()).notes)
    assert "Competitor__c is a checkbox." in notes
    assert "Requested_demo__c is a text or picklist field with true and false" in notes
    gates = (Gate(id="g", when=GateWhen(attr="a", is_=False), then=GateThen(score=3)),)
    told = one("boolean", (Is(is_=True), 7)).model_copy(update={"gates": gates})
    assert formula(told).startswith('IF(CASE(a__c, "false", 1, 0) = 1, 3,')


def test_a_file_is_a_custom_field() -> None:
    made = export(card())
    assert list(made.files) == ["Lead_Score__c.field-meta.xml", "Lead_Band__c.field-meta.xml"]
    score, band = field(made, "Lead_Score__c"), field(made, "Lead_Band__c")
    assert (score["fullName"], score["type"], score["scale"]) == ("Lead_Score__c", "Number", "0")
    assert (band["fullName"], band["type"]) == ("Lead_Band__c", "Text")
    assert "precision" not in band
    assert {score["formulaTreatBlanksAs"], band["formulaTreatBlanksAs"]} == {"BlankAsBlank"}
    assert made.runs is None
    assert {loss.feature for loss in made.losses} == {"reasons", "percentile", "probability"}


def test_without_bands_there_is_the_score_alone() -> None:
    assert list(export(one("text", missing=1)).files) == ["Lead_Score__c.field-meta.xml"]


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"), min_size=1))
def test_a_text_is_read_back_as_the_grammar_reads_it(text: str) -> None:
    found = LITERAL.search(formula(one("text", (In(in_=(text,)), 1))))
    assert found is not None
    assert re.sub(r"\\([\"\\])", r"\1", found.group(1)) == text


@given(st.floats(-1e12, 1e12).filter(lambda number: number != 0))
def test_a_number_is_exact_or_refused(number: float) -> None:
    rules = one("number", (Range(ge=number), 1))
    digits = f"{Decimal(repr(number)):f}".removesuffix(".0").strip("-").replace(".", "")
    if len(digits) > 18:
        assert "expected a number of at most 18 digits" in faults(rules)[0]
    else:
        found = re.search(r">= (-?[0-9]+(\.[0-9]+)?),", formula(rules))
        assert found is not None
        assert float(found.group(1)) == number


def test_every_fault_is_told() -> None:
    rules = one(
        "set", (Has(has="a;b"), 1), (Has(has="two\nlines"), 1),
        gates=(Gate(id="g", when=GateWhen(attr="t", in_=("bell\x07",)), then=GateThen(score=1, band="x\ry")),),
        bands=(ScoreBand(name="one\u0085two"),),
    )  # fmt: skip
    rules = rules.model_copy(update={"attributes": {**rules.attributes, "t": Attribute(type="text")}})
    found = faults(rules, Options({"t": "not a name"}))
    wheres = [re.split(r": found ", fault)[0] for fault in found]
    assert wheres == [
        "salesforce: attribute 't'", "salesforce: gate 'g'", "salesforce: gate 'g'", "salesforce: rule 'r'",
        "salesforce: rule 'r'", "salesforce: band 'one\\x85two'",
    ]  # fmt: skip
    assert "found 'a;b', expected a value without ;" in found[3]
    assert "found 'two\\nlines', expected a text without line breaks and control characters" in found[4]
    assert all(": found " in fault and ", expected " in fault and "; " in fault for fault in found)


def test_a_tab_is_kept() -> None:
    assert '"a\tb"' in formula(one("text", (In(in_=("a\tb",)), 1)))


def test_names_are_those_of_custom_fields() -> None:
    names = ["Lead source", "Größe (m²)", "1st", "Score__c", "x" * 60, "if"]
    rules = Rules(
        id="n", version="1", attributes={name: Attribute(type="text") for name in names},
        rules=tuple(Rule(id=f"r{place}", attr=name, missing=1) for place, name in enumerate(names)),
    )  # fmt: skip
    given = {item.attribute: item.field for item in export_rules(rules, "salesforce")[0].export.inputs}
    assert list(given.values()) == ["Lead_source__c", "Grosse_m2__c", "x1st__c", "Score__c", f"{'x' * 40}__c", "if__c"]
    made = export_rules(rules, "salesforce", Options({"Lead source": "LeadSource", "if": "Account.Type"}))[0].export
    assert {"LeadSource", "Account.Type"} <= {item.field for item in made.inputs}
    assert "'Lead source' is called 'LeadSource'." in made.notes


def test_names_that_fall_together_are_refused() -> None:
    names = ["Lead source", "lead-SOURCE", "Lead Score", "Lead Score part 1"]
    rules = Rules(
        id="n", version="1", attributes={name: Attribute(type="text") for name in names},
        rules=tuple(Rule(id=f"r{place}", attr=name, missing=1) for place, name in enumerate(names)),
    )  # fmt: skip
    found = faults(rules)
    assert "found the field 'lead_SOURCE__c' of 'Lead source', expected its own" in found[0]
    assert "found the name of a result, 'Lead_Score__c'" in found[1]
    assert "found the name of a result, 'Lead_Score_part_1__c'" in found[2]


def long(groups: int, each: int, word: str = "level") -> Rules:
    """Rules of ten levels each, spread over groups with caps."""
    names = [f"a{place}" for place in range(groups * each)]
    cases = {
        name: tuple(Case(when=In(in_=(f"{word} {number} of {name}",)), points=number - 4) for number in range(10))
        for name in names
    }
    rules = tuple(
        Rule(id=name, attr=name, group=f"g{place % groups}" if place % groups else None, cases=cases[name], missing=2)
        for place, name in enumerate(names)
    )
    return Rules(
        id="long", version="1", rules=rules, attributes={name: Attribute(type="category") for name in names},
        groups={f"g{number}": Group(max=5 * number, min=-number) for number in range(1, groups)},
        bands=(ScoreBand(name="A", from_=10), ScoreBand(name="B")), score=Score(max=30),
    )  # fmt: skip


def test_a_long_score_gets_a_field_for_each_group() -> None:
    made = export(long(3, 8))
    names = [f"Lead_Score_Part_{number}__c" for number in (1, 2, 3)]
    assert list(made.files) == [f"{name}.field-meta.xml" for name in (*names, "Lead_Score__c", "Lead_Band__c")]
    assert field(made, "Lead_Score__c")["formula"] == f"MIN(30, 0\n+ {names[0]}\n+ {names[1]}\n+ {names[2]})"
    assert field(made, names[1])["formula"].startswith("MIN(5, MAX(-1, IF(ISBLANK(TEXT(a1__c)), 2, CASE(a1__c,")
    assert "the points of group 'g1'" in field(made, names[1])["description"]
    assert all(len(field(made, name)["formula"]) <= 3900 for name in names)
    assert any("deploy to a sandbox first" in note for note in made.notes)
    assert not any("sandbox" in note for note in export(card()).notes)


@pytest.mark.parametrize(
    "rules",
    [
        one("text", *((In(in_=(f"level {number}",)), 1 + number) for number in range(500))),
        long(3, 100),
        long(1, 7, word="é" * 30),
    ],
    ids=["500 cases", "300 rules", "bytes"],
)
def test_what_is_too_long_even_so_is_refused(rules: Rules) -> None:
    found = faults(rules)
    assert all("expected at most 3,900 and 4,000; join levels" in fault for fault in found)
    assert found[0].startswith(
        "salesforce: field Lead_Score_Part_1__c, the points without a group: found a formula of "
    )


def one_line() -> Rules:
    """The hostile document without the text that has a line break."""
    rules = hostile()
    kept = [case for case in rules.rules[0].cases if "\n" not in str(case.label)]
    text = rules.rules[0].model_copy(update={"cases": tuple(kept)})
    sets = [rule for rule in rules.rules[1:] if rule.cases[0].when != Has(has="two\nlines")]
    return rules.model_copy(update={"rules": (text, *sets)})


def test_no_case_asks_for_a_blank_which_gets_its_last_result() -> None:
    """Salesforce's help on CASE: "If the field in your CASE function is blank, it returns your else_result value"."""
    for rules in (card(), one_line(), long(3, 8)):
        made = export(rules)
        formulas = [field(made, name.split(".")[0])["formula"] for name in made.files]
        assert not any(re.search(r'[(,] ?""', formula) for formula in formulas if "CASE" in formula)


def kinds_of_fields(kind: Any) -> Options:
    return Options({"a": "A__c"}, kinds={"a": kind})


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name.split()[0])
@pytest.mark.parametrize("kind", ["text", "picklist"])
@pytest.mark.parametrize("type_", ["text", "category"])
def test_a_blank_gets_the_points_of_missing_from_either_kind_of_field(
    engine: Engine, kind: str, type_: str, tmp_path: Path
) -> None:
    """The engines tell the kinds apart: sformula takes no TEXT of a text field, formulon no ISBLANK of a picklist."""
    if reason := engine.lacks():
        pytest.skip(reason)
    gate = Gate(id="g", when=GateWhen(attr="a", in_=("out",)), then=GateThen(score=-9))
    rules = one(type_, (In(in_=("x",)), 5), otherwise=-1, missing=2, gates=(gate,))
    write_exports(rules, export_rules(rules, "salesforce", kinds_of_fields(kind)), tmp_path)
    leads = [{"A__c": None}, {}, {"A__c": ""}, {"A__c": "x"}, {"A__c": "y"}, {"A__c": "out"}]
    (tmp_path / "leads.jsonl").write_text("\n".join(map(json.dumps, leads)), encoding="utf-8")
    engine.run([tmp_path])
    assert [score for score, _ in scored(tmp_path)] == [2, 2, 2, 5, -1, -9]


def each_missing(attributes: dict[str, str], same: Sequence[str] = ()) -> Rules:
    """A rule an attribute, of which a blank has a point of its own, or the same as any value."""
    return Rules(
        id="k", version="1",
        attributes={name: Attribute.model_validate({"type": kind}) for name, kind in attributes.items()},
        rules=tuple(
            Rule(id=f"r{place}", attr=name, missing=1, otherwise=int(name in same))
            for place, name in enumerate(attributes)
        ),
    )  # fmt: skip


def test_a_field_is_of_the_kind_told_else_that_of_the_standard_field_else_by_type() -> None:
    attributes = {"Industry": "category", "Country": "category", "Title": "text", "Source": "text", "City": "category"}
    rules = each_missing(attributes, same=["City"])
    names = {"Country": "Country", "Source": "leadsource"}
    made = export_rules(rules, "salesforce", Options(names, kinds={"Title": "picklist"}))[0].export
    asked = re.findall(r"ISBLANK\((.*?)\)+,", field(made, "Lead_Score__c")["formula"])
    assert asked == ["TEXT(Industry__c", "Country", "TEXT(Title__c", "TEXT(leadsource"]
    assert "Read as picklists: Industry__c, Title__c, leadsource." in made.notes
    assert "Read as text fields: Country." in made.notes
    assert "Read alike as picklists or text fields: City__c." in made.notes
    assert [note for note in made.notes if "a third column, kind, with text or picklist" in note]
    said = next(note for note in made.notes if note.startswith("Leads have standard fields"))
    assert "Industry for 'Industry', Title for 'Title', City for 'City'; to read one" in said


def test_standard_fields_are_proposed_for_what_they_hold() -> None:
    attributes = {"Employees": "number", "Annual revenue": "category", "Lead source": "category", "Phone": "boolean"}
    rules = each_missing(attributes)
    said = next(note for note in export(rules).notes if note.startswith("Leads have standard fields"))
    assert "fields: NumberOfEmployees for 'Employees', LeadSource for 'Lead source'; to read" in said


def test_a_kind_of_what_is_no_text_is_refused() -> None:
    found = faults(one("number", missing=1), Options(kinds={"a": "picklist", "b": "text"}))
    assert "--names: found 'b', expected an attribute of the rules" in found[0]
    assert "attribute 'a': found the kind 'picklist', expected none of a number; leave it empty" in found[1]
    checkbox = one("boolean", (Is(is_=True), 7))
    assert "expected none of a checkbox" in faults(checkbox, Options(kinds={"a": "text"}))[0]
    words = one("boolean", (Is(is_=True), 7), otherwise=-2)
    assert (
        "CASE(a__c"
        in field(export_rules(words, "salesforce", Options(kinds={"a": "picklist"}))[0].export, "Lead_Score__c")[
            "formula"
        ]
    )


def test_a_band_with_spaces_at_its_ends_is_refused() -> None:
    assert (
        "found ' A', expected no space at its ends" in faults(one("text", missing=1, bands=(ScoreBand(name=" A"),)))[0]
    )


def hostile_leads() -> list[Lead]:
    texts = [text for text in HOSTILE if text.strip() == text and ";" not in text]
    return [{AWKWARD: text, "select": [texts[place % len(texts)]]} for place, text in enumerate((*HOSTILE, GATED, ""))]


def long_leads() -> list[Lead]:
    chance = random.Random(5)

    def value(name: str) -> str | None:
        return chance.choice([None, "", "other", f"level {chance.randrange(10)} of {name}"])

    return [{name: value(name) for name in long(3, 8).attributes} for _ in range(200)]


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name.split()[0])
@pytest.mark.parametrize(("rules", "leads"), [(long(3, 8), long_leads()), (one_line(), hostile_leads())])
def test_engines_score_the_same(engine: Engine, rules: Rules, leads: list[Lead], tmp_path: Path) -> None:
    if reason := engine.lacks():
        pytest.skip(reason)
    trial = Trial.of("more", rules, leads)
    assert exported(trial, engine, tmp_path)
    engine.run([tmp_path])
    assert scored(tmp_path) == trial.expected
    assert len(set(trial.expected)) > 10
