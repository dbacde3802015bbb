"""What PMML can say, what is refused by name, and what two engines make of it beyond the scores of the conformance."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import zipfile
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from cases import card, hostile
from drawn import drawn_cases
from engines import Engine, engines
from lxml import etree
from texts import HOSTILE

from calibrate.document.lead_score import score_lead
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
    Probability,
    Range,
    Rule,
    Rules,
    Score,
    ScoreBand,
)
from calibrate.document.worked import worked_leads
from calibrate.exports.target import ExportError, Options
from calibrate.exports.targets import pmml

NAMESPACE = {"p": "http://www.dmg.org/PMML-4_4"}
ENGINES = [engine for engine in engines() if engine.target == "pmml"]
MARKS = {";": "semi", "|": "bar", ",": "comma", "\t": "tab", " ": "space", "\\": "slash", "]": "bracket"}
MEMBERS = (
    "a",
    "a b",
    "[x]",
    ".*",
    "\\Q",
    "\\E",
    "$",
    "^",
    "é",
    "e\u0301",
    "🙂",
    "a\u00a0b",
    "(?i)a",
    "A",
    "{1}",
    "b\x85b",
)
# Python takes these from the ends of a text; Java's and PCRE's notion of a space is narrower.
BLANKS = " \t\n\r\x0b\x0c\x85\u00a0\u1680\u2003\u2028\u202f\u205f\u3000"
PRINTED = {
    "pypmml": "from pypmml import Model; of = Model.load(sys.argv[1]).predict",
    "jpmml-evaluator": "from jpmml_evaluator import make_evaluator; of = make_evaluator(sys.argv[1]).evaluate",
}


def made(rules: Rules, **names: str) -> bytes:
    assert faults(rules) == ()
    return pmml.export(rules, Options(fields=names)).files["rules.pmml"]


def tree(rules: Rules) -> Any:
    return etree.fromstring(made(rules))


def refusals(rules: Rules, **names: str) -> list[str]:
    with pytest.raises(ExportError) as caught:
        made(rules, **names)
    return str(caught.value).splitlines()


def verified(rules: Rules) -> Rules:
    return rules.model_copy(update={"tests": worked_leads(rules)})


def of_one(kind: Any, *whens: Any, group: str | None = None, separator: str | None = None, **more: Any) -> Rules:
    """A rule of one attribute, its n-th case worth n points."""
    cases = tuple(Case(when=when, points=number) for number, when in enumerate(whens, start=1))
    return Rules(
        id="x", version="1",
        attributes={"a": Attribute(type=kind, separator=separator)},
        groups={"g": Group(max=100_000)},
        rules=(Rule(id="r", attr="a", cases=cases, group=group, otherwise=-1, missing=-2),),
        **more,
    )  # fmt: skip


def sets() -> tuple[Rules, list[dict[str, str]]]:
    """Sets with all kinds of separators and values, as texts with blanks around their values."""
    chance = random.Random(7)
    names = {mark: f"set by {name}" for mark, name in MARKS.items()}
    fit = {mark: [text for text in MEMBERS if mark not in text] for mark in MARKS}
    rules = Rules(
        id="sets", version="1",
        attributes={name: Attribute(type="set", separator=mark) for mark, name in names.items()},
        groups={"g": Group(max=3)},
        rules=tuple(
            Rule(id=f"r{place}_{number}", attr=names[mark], group="g" if number == 2 else None, otherwise=7,
                 missing=3, cases=(Case(when=Has(has=text), points=2**number),))
            for place, mark in enumerate(MARKS) for number, text in enumerate(fit[mark])
        ),
    )  # fmt: skip

    def written(mark: str) -> str:
        parts = [
            "".join(chance.choices(BLANKS, k=chance.randrange(3))) + chance.choice([*fit[mark], "", "aa", "b;a", "."])
            + "".join(chance.choices(BLANKS, k=chance.randrange(3)))
            for _ in range(chance.randrange(4))
        ]  # fmt: skip
        return mark.join(parts)

    return rules, [{name: written(mark) for mark, name in names.items()} for _ in range(150)]


def numbers(group: str | None) -> tuple[Rules, list[dict[str, float]]]:
    edges = (-1e22, -0.1, 0.0, 1e-07, 0.1, 0.30000000000000004, 12345.678, 1e16, 1e300)
    bins = [Range(lt=edges[0]), *(Range(ge=low, lt=high) for low, high in pairwise(edges))]
    around = [edge * factor for edge in edges for factor in (1 - 2**-53, 1, 1 + 2**-52)]
    leads = [{"a": number} for number in (*around, -0.0, 0.3, 5e-324, -5e-324, -1e308, 1e308)]
    return of_one("number", *bins[:4], *bins[5:], group=group), leads


def texts(group: str | None) -> tuple[Rules, list[dict[str, str]]]:
    hard = (*HOSTILE, "cr\rx", "&amp;", "a]b", "\x85", "\u2028x", "''", "NA", "?", "x\r\n", "\ufeff")
    rules = of_one("text", *(In(in_=(text,)) for text in hard), In(in_=("b1", "b2")), group=group)
    return rules, [{"a": text} for text in (*hard, "b1", "b2", "b3", "", *(text + "\n" for text in hard))]


def big() -> tuple[Rules, list[dict[str, Any]]]:
    """500 cases of a text, 200 of a set and 300 rules, in groups with and without a cap, and a group without rules."""
    chance = random.Random(7)
    words = [In(in_=(f"w{number}",)) for number in range(500)]
    pages = [Has(has=f"p{number}") for number in range(200)]
    kinds = {"text": ("category", words), "pages": ("set", pages), **{f"n{at}": ("number", []) for at in range(300)}}
    rules = Rules(
        id="big", version="1", score=Score(base=3),
        attributes={name: Attribute(type=kind) for name, (kind, _) in kinds.items()},
        groups={"capped": Group(max=900, min=-900), "free": Group(), "empty": Group(min=11)},
        rules=tuple(
            Rule(id=f"{name}_{group}", attr=name, group=group, otherwise=-at, missing=-1, cases=tuple(
                Case(when=when, points=number) for number, when in enumerate(whens or [Range(lt=at), Range(ge=at)])))
            for at, (name, (_, whens)) in enumerate(kinds.items()) for group in ("capped", "free")
        ),
    )  # fmt: skip
    leads = [
        {
            "text": f"w{chance.randrange(510)}",
            "pages": ";".join(f"p{chance.randrange(210)}" for _ in range(3)),
            **{f"n{at}": chance.choice([None, at - 1, at, at + 1]) for at in range(300)},
        }
        for _ in range(8)
    ]
    return rules, leads


@pytest.fixture(params=ENGINES, ids=lambda engine: engine.name.split()[0], scope="module")
def engine(request: pytest.FixtureRequest) -> Engine:
    found: Engine = request.param
    if reason := found.lacks():
        pytest.skip(reason)
    return found


@pytest.fixture(scope="module")
def schema() -> etree.XMLSchema:
    """The schema of PMML 4.4, out of the engine that brings it."""
    if not ENGINES or (reason := ENGINES[0].lacks()):
        pytest.skip(reason)
    python = Path(os.environ["CALIBRATE_ENGINES"], "python", "bin", "python")
    where = "from importlib.util import find_spec as f; print(f('jpmml_evaluator').submodule_search_locations[0])"
    done = subprocess.run([python, "-c", where], capture_output=True, text=True, check=True)
    jar = next(Path(done.stdout.strip(), "dependencies").glob("pmml-model-[0-9]*.jar"))
    return etree.XMLSchema(etree.fromstring(zipfile.ZipFile(jar).read("pmml.xsd")))


def results(engine: Engine, file: Path, leads: Sequence[Any]) -> list[dict[str, Any]]:
    """Everything that an engine gives."""
    python = Path(os.environ["CALIBRATE_ENGINES"], "python", "bin", "python")
    made_of = PRINTED[engine.name.split()[0]]
    program = f"import json, sys; {made_of}; print(json.dumps([dict(of(lead)) for lead in json.load(sys.stdin)]))"
    given = json.dumps(leads)
    done = subprocess.run([python, "-c", program, file], input=given, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return found


DOCUMENTS = {
    "card": verified(card()),
    "hostile": verified(hostile()),
    "sets": verified(sets()[0]),
    "numbers": verified(numbers("g")[0]),
    "texts": verified(texts("g")[0]),
    "big": big()[0],
    "nothing": verified(Rules(id="x", version="1", attributes={}, rules=())),
    "one band": verified(of_one("boolean", Is(is_=True), bands=(ScoreBand(name="all"),))),
    "label": of_one("text").model_copy(update={"attributes": {"a": Attribute(type="text", label="<\n\t'\">&\r")}}),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_file_is_valid(schema: etree.XMLSchema, name: str) -> None:
    document = etree.fromstring(made(DOCUMENTS[name]), etree.XMLParser(huge_tree=False))
    assert schema.validate(document), schema.error_log


def test_drawn_files_are_valid(schema: etree.XMLSchema) -> None:
    for rules, _ in drawn_cases(25):
        assert schema.validate(tree(verified(rules))), schema.error_log


def test_texts_come_back_from_attributes_and_tables() -> None:
    values = tree(texts(None)[0]).xpath("//p:SimplePredicate/@value", namespaces=NAMESPACE)
    cells = tree(texts("g")[0]).xpath("//p:MapValues//p:text/text()", namespaces=NAMESPACE)
    expected = [text for case in texts(None)[0].rules[0].cases for text in case.when.in_]  # type: ignore[union-attr]
    assert values == expected
    assert cells == expected


@pytest.mark.parametrize("name", DOCUMENTS)
def test_no_text_stands_where_an_engine_reads_it_otherwise(name: str) -> None:
    document = tree(DOCUMENTS[name])
    assert not document.xpath("//p:Array", namespaces=NAMESPACE)
    constants = document.xpath("//p:Constant/text()", namespaces=NAMESPACE)
    assert all(re.fullmatch(r"-?[0-9.e+-]+|\(\?s\)[\\A-Za-z0-9(){}|?:!.*+]+", text) for text in constants)
    assert not document.xpath("//p:Discretize/@defaultValue", namespaces=NAMESPACE)


def test_every_rule_is_a_characteristic_and_a_cap_is_one_of_its_own() -> None:
    codes = tree(card()).xpath("//p:Characteristic/@reasonCode", namespaces=NAMESPACE)
    assert [code for code in codes if code != "cap of engagement"] == sorted(
        (rule.id for rule in card().rules), key=codes.index
    )
    assert codes.count("cap of engagement") == 1


def test_same_rules_same_bytes() -> None:
    assert made(DOCUMENTS["card"]) == made(DOCUMENTS["card"])


def test_what_the_reader_is_told() -> None:
    export = pmml.export(card(), Options())
    assert [(loss.feature, loss.how) for loss in export.losses] == [
        ("reasons", "approximated"),
        ("percentile", "refused"),
    ]
    (pages,) = (item for item in export.inputs if item.attribute == "Pages")
    assert (pages.kind, pages.separator) == ("delimited", ";")
    assert export.runs is None
    assert of_one("set").attributes["a"].separator is None
    assert pmml.export(of_one("set"), Options()).inputs[0].separator == ";"


def test_engines_score_what_is_hard_to_write(engine: Engine, tmp_path: Path) -> None:
    """Sets in one text, edges of numbers, awkward texts under a cap, many cases and rules; worked leads verified."""
    trials: dict[str, tuple[Rules, Sequence[Any]]] = {
        "sets": sets(), "numbers": numbers(None), "numbers-capped": numbers("g"),
        "texts": texts(None), "texts-capped": texts("g"), "big": big(),
    }  # fmt: skip
    for name, (rules, leads) in trials.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "rules.pmml").write_bytes(made(rules if name == "big" else verified(rules)))
        (tmp_path / name / "leads.jsonl").write_text("\n".join(map(json.dumps, leads)), "utf-8")
    for name in ("card", "hostile", "nothing", "one band"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "rules.pmml").write_bytes(made(DOCUMENTS[name]))
        (tmp_path / name / "leads.jsonl").write_text("{}", "utf-8")
    engine.run(sorted(tmp_path.iterdir()))
    for name, (rules, leads) in trials.items():
        found = [json.loads(line)[0] for line in (tmp_path / name / "scores.jsonl").read_text("utf-8").splitlines()]
        separators = {mark.attribute: mark.separator for mark in pmml.export(rules, Options()).inputs}
        split = rules.model_copy(update={"attributes": {
            key: item.model_copy(update={"separator": separators[key]}) for key, item in rules.attributes.items()
        }})  # fmt: skip
        wrong = [
            (name, lead, score)
            for lead, score in zip(leads, found, strict=True)
            if score != score_lead(split, lead).score
        ]
        assert wrong == []


def test_a_missing_value_is_missing_however_pypmml_is_given_it(tmp_path: Path) -> None:
    engine = next(item for item in ENGINES if item.name.startswith("pypmml"))
    if reason := engine.lacks():
        pytest.skip(reason)
    full = {
        "Country": "US",
        "Employees": 50,
        "Requested demo": True,
        "Competitor": False,
        "Pages": "docs",
        "Phone": "1",
    }
    leads = [full, *({**full, name: None} for name in full), dict.fromkeys(full)]
    (tmp_path / "rules.pmml").write_bytes(made(card()))
    one, table = PRINTED["pypmml"], "import pandas; frame = pandas.DataFrame(leads, dtype=object)"
    program = f"""
import json, sys; {one}; leads = json.load(sys.stdin); {table}
ways = [of(lead) for lead in leads], json.loads(of(json.dumps(leads))), of(frame).to_dict("records")
print(json.dumps([[lead["score"] for lead in way] for way in ways]))"""
    python = Path(os.environ["CALIBRATE_ENGINES"], "python", "bin", "python")
    done = subprocess.run(
        [python, "-c", program, tmp_path / "rules.pmml"],
        input=json.dumps(leads), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout.splitlines()[-1]) == [[score_lead(card(), lead).score for lead in leads]] * 3


def test_a_changed_worked_lead_fails_the_verification(tmp_path: Path) -> None:
    engine = next(item for item in ENGINES if item.name.startswith("jpmml"))
    if reason := engine.lacks():
        pytest.skip(reason)
    document = tree(DOCUMENTS["card"])
    scores = document.xpath("//p:ModelVerification//p:score", namespaces=NAMESPACE)
    assert len(scores) == len(DOCUMENTS["card"].tests)
    assert [int(item.text) for item in scores] == [test.score for test in DOCUMENTS["card"].tests]
    scores[-1].text = str(int(scores[-1].text) + 1)
    (tmp_path / "rules.pmml").write_bytes(etree.tostring(document))
    (tmp_path / "leads.jsonl").write_text("{}", "utf-8")
    with pytest.raises(AssertionError, match="do not match"):
        engine.run([tmp_path])


def test_engines_give_gate_probability_and_reasons(engine: Engine, tmp_path: Path) -> None:
    chance = Probability(fitted_on="x", intercept=-3.25, slope=0.071)
    rules = card().model_copy(update={"probability": chance})
    (tmp_path / "rules.pmml").write_bytes(made(rules))
    leads: list[dict[str, Any]] = [
        {
            "Industry": "software",
            "Country": "US",
            "Employees": 5,
            "Phone": "1",
            "Requested demo": True,
            "Pages": "docs",
        },
        {"Industry": "retail", "Requested demo": True, "Competitor": True},
        {"Company": "Us"},
    ]
    found = results(engine, tmp_path / "rules.pmml", leads)
    assert [item["gate"] for item in found] == [None, "competitor", "own"]
    assert [item["band"] for item in found] == ["B", "disqualified", "B"]
    expected = [score_lead(rules, lead).probability for lead in leads]
    assert [item["probability"] for item in found] == pytest.approx(expected, rel=1e-12)
    # Most points first: demo 20, software 15, US 10; Employees takes 10 away.
    ranks = ("reason1", "reason2", "reason3")
    assert [found[0][rank] for rank in ranks] == ["r_requested_demo_engagement", "r_industry_fit", "r_country_fit"]
    assert found[1]["reason1"] == "r_requested_demo_engagement"


def test_a_worked_lead_that_the_file_cannot_hold_is_left_out() -> None:
    rules = of_one("set", Has(has="x"), bands=(ScoreBand(name="all"),))
    kept = ({"a": ("x", "y")}, {"a": ()}, {})
    lost = ({"a": ("x;y",)}, {"a": (" x",)}, {"a": ("\x00",)})
    tests = tuple({"lead": lead, "score": score_lead(rules, lead).score, "band": "all"} for lead in (*kept, *lost))
    rows = tree(Rules.model_validate({**rules.model_dump(), "tests": tests})).xpath("//p:ModelVerification//p:row",
                                                                                     namespaces=NAMESPACE)  # fmt: skip
    assert [[cell.text for cell in row] for row in rows] == [["x;y", "1", "all"], [";", "-1", "all"], ["-2", "all"]]


def test_texts_that_xml_cannot_hold_are_refused() -> None:
    bad = "a\x00b"
    gate = Gate(id="h", when=GateWhen(attr="a", in_=(bad,)), then=GateThen(score=1, band="\ufffe"))
    rules = of_one("text", In(in_=("fine", bad)), title="\x1b", gates=(gate,), bands=(ScoreBand(name="\x08"),))
    found = refusals(rules.model_copy(update={"groups": {"\x0c": Group()}}))
    assert [line.split(": found ")[0] for line in found] == [
        "pmml: title", "pmml: group '\\x0c'", "pmml: band of gate h", "pmml: gate h", "pmml: rule r, case 0",
        "pmml: bands[0]",
    ]  # fmt: skip
    assert all("expected characters that XML can hold; " in line for line in found)


def test_a_name_that_xml_cannot_hold_is_refused_unless_it_is_given_another() -> None:
    rules = Rules(id="x", version="1", attributes={"a\x07": Attribute(type="text")},
                  rules=(Rule(id="r", attr="a\x07", missing=1),))  # fmt: skip
    assert "expected one that pmml can say" in refusals(rules)[0]
    assert b'name="b"' in made(rules, **{"a\x07": "b"})


@pytest.mark.parametrize("name", ["score", "band", "points of r", "deciding gate"])
def test_a_field_called_as_a_result_is_refused(name: str) -> None:
    rules = of_one("text")
    assert refusals(rules, a=name) == [
        f"pmml: attribute 'a': found the name of a result, '{name}', expected one of its own; "
        "name it in the file of --names"
    ]


def test_two_attributes_of_one_name_are_refused() -> None:
    assert "expected its own" in refusals(card(), Industry="x", Country="x")[0]


@pytest.mark.parametrize("text", ["x;y", ";", " x", "x\n", "\u3000x"])
def test_values_of_a_set_that_one_text_cannot_tell_are_refused(text: str) -> None:
    for separator in (";", None):
        (line,) = refusals(of_one("set", Has(has="x"), Has(has=text), separator=separator))
        assert line.startswith("pmml: rule r, case 1: found ")
        assert "without the separator ';'" in line


def test_a_long_separator_is_refused() -> None:
    (line,) = refusals(of_one("set", Has(has="x"), separator=";;"))
    assert line.startswith("pmml: attribute 'a': found the separator ';;', expected a single character")


def test_cases_that_would_nest_too_deep_are_refused() -> None:
    many = [Has(has=f"p{number}") for number in range(201)]
    (line,) = refusals(of_one("set", *many))
    assert line.startswith("pmml: rule r: found 201 cases, expected at most 200 ")
    bins = [Range(ge=number, lt=number + 1) for number in range(201)]
    assert len(refusals(of_one("number", *bins, group="g"))) == 1
    assert made(of_one("number", *bins))
    assert made(of_one("set", *many[:200]))


def test_every_fault_is_told_at_once() -> None:
    rules = of_one("set", Has(has=" x"), Has(has="y;z"), title="\x00")
    found = refusals(rules, a="score")
    assert len(found) == 4
    assert all(line.startswith("pmml: ") and ", expected " in line for line in found)
