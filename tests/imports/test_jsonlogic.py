"""JsonLogic: what the export wrote, and what people write."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from cases import as_line, card, hostile, recombined, sample_trials, values_of_card
from drawn import documents, leads
from hypothesis import HealthCheck, given, settings

from calibrate.document.lead_score import score_lead
from calibrate.document.rules import In, Range
from calibrate.document.worked import worked_leads
from calibrate.exports.exporting import export_rules
from calibrate.exports.target import ExportError
from calibrate.imports.importing import import_rules

# The card of EXPORTS, written by hand: bins inside one another, bounds in either order.
CARD = json.loads("""
{"if": [{"===": [{"var": "is_competitor"}, true]}, 0,
 {"max": [0, {"min": [100, {"+": [10,
  {"if": [{"===": [{"var": "industry"}, "software"]}, 15, {"===": [{"var": "industry"}, "manufacturing"]}, 8,
          {"===": [{"var": "industry"}, "retail"]}, -5, 0]},
  {"if": [{"in": [{"var": "country"}, ["US", "CA"]]}, 10, {"in": [{"var": "country"}, ["DE", "GB"]]}, 6, 0]},
  {"if": [{"===": [{"var": "employees"}, null]}, -3, {"<": [{"var": "employees"}, 10]}, -10,
          {"<": [{"var": "employees"}, 100]}, 5, {"<": [{"var": "employees"}, 1000]}, 15, 20]},
  {"if": [{"===": [{"var": "phone"}, null]}, -4, 0]},
  {"min": [30, {"+": [
    {"if": [{"===": [{"var": "requested_demo"}, true]}, 20, 0]},
    {"if": [{"===": [{"var": "pages"}, null]}, 0, {"in": ["pricing", {"var": "pages"}]}, 15, 0]},
    {"if": [{"===": [{"var": "pages"}, null]}, 0, {"in": ["docs", {"var": "pages"}]}, 8, 0]}]}]}]}]}]}]}
""")


def rule(*parts):
    return {"+": [0, {"if": list(parts)}]}


def compared(operator, name, value):
    return {operator: [{"var": name}, value]}


def score(rules, **lead):
    return score_lead(rules, lead).score


def read_back(rules, path):
    path.write_bytes(export_rules(rules, "jsonlogic")[0].export.files["rules.jsonlogic.json"])
    return import_rules(path).rules


def same_scores(rules, back, rows):
    for lead in rows:
        renamed = {name.replace(".", "_"): value for name, value in lead.items()}
        one, other = score_lead(rules, lead), score_lead(back, renamed)
        assert (one.score, one.band) == (other.score, other.band), lead


def test_what_the_export_wrote_scores_the_same(tmp_path):
    for rules, rows in ((card(), recombined(card(), values_of_card(), 300)), (hostile(), [])):
        back = read_back(rules, tmp_path / "rules.json")
        same_scores(rules, back, [*rows, *(item.lead for item in worked_leads(rules))])
        assert back.id == rules.id


def test_what_the_export_wrote_of_learned_rules_scores_the_same(tmp_path):
    trial = next(sample_trials())
    same_scores(trial.rules, read_back(trial.rules, tmp_path / "rules.json"), trial.leads[:1000])


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("logic")


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(documents(), leads())
def test_a_drawn_document_scores_the_same(folder, rules, made):
    told = {item.attr for item in rules.rules if item.cases} | {gate.when.attr for gate in rules.gates}
    untold = {item.attr for item in rules.rules if item.attr not in told}
    try:
        back = read_back(rules, folder / "rules.json") if rules.rules else rules
    except ExportError:
        return
    # Nothing in the file says what an attribute is that is only asked for being there.
    same_scores(rules, back, [lead for lead in made if not any(isinstance(lead.get(name), list) for name in untold)])


def test_the_card_of_hand_is_read(imported):
    rules = imported(CARD).rules
    assert rules.score.model_dump(include={"base", "min", "max"}) == {"base": 10, "min": 0, "max": 100}
    assert [group.max for group in rules.groups.values()] == [30]
    employees = next(item for item in rules.rules if item.attr == "employees")
    assert [case.when for case in employees.cases] == [Range(lt=10), Range(ge=10, lt=100), Range(ge=100, lt=1000)]
    assert (employees.otherwise, employees.missing) == (20, -3)
    assert score(rules, is_competitor=True, industry="software") == 0
    assert score(rules, industry="software", employees=100, phone="1", requested_demo=True, pages=["pricing"]) == 70


WRITTEN = [
    CARD,
    rule(compared(">=", "n", 50), 10, 0),
    rule(compared("<", "n", 10), -5, compared("<=", "n", 49), 5, compared(">", "n", 100), 8, 1),
    rule({"<=": [10, {"var": "n"}, 49]}, 5, 0),
    rule({"<": [10, {"var": "n"}]}, 5, 0),
    rule({"and": [compared(">=", "n", 10), compared("<", "n", 100)]}, 5, compared("<", "n", 1000), 2, 0),
    rule({"or": [compared("===", "c", "a"), compared("===", "c", "b")]}, 5, compared("in", "c", ["b", "d"]), 2, 0),
    rule(compared("===", "n", 0), 5, compared("===", "n", 0.1), 3, 0),
    rule({"===": [True, {"var": "yes"}]}, 5, {"if": [compared("===", "yes", False), 2, 1]}),
    {"if": [compared("===", "yes", True), 5, 1]},
    {
        "+": [
            {"if": [compared("===", "yes", True), 5, 1]},
            {"+": [3, {"max": [{"if": [compared("<", "n", 5), 9, -9]}, 0]}]},
        ]
    },
    {
        "if": [
            compared("===", "c", "out"),
            -1,
            compared("in", "c", ["x", "y"]),
            3,
            rule(compared("===", "c", "a"), 5, 0),
        ]
    },
]
LEADS = [
    {}, {"n": None, "c": None}, {"n": 100}, {"n": 101}, {"n": 1000}, {"n": 2e9},
    *({"n": number} for number in (-1, 0, 0.1, 4.9, 9, 10, 11, 49, 50, 99)),
    *({"c": text} for text in ("a", "b", "d", "out", "x", "A", "")), {"yes": True}, {"yes": False}, {"yes": None},
    {"is_competitor": True}, {"industry": "software", "employees": 50, "pages": ["docs", "pricing"], "phone": "1"},
    {"pages": [], "country": "CA"}, {"employees": 1e6, "requested_demo": True, "pages": ["docs", "pricing"]},
]  # fmt: skip
PROGRAM = """
const { createRequire } = require("node:module");
const jsonLogic = createRequire(`${process.env.CALIBRATE_ENGINES}/node/`)("json-logic-js");
const [logics, leads] = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
console.log(JSON.stringify(logics.map((logic) => leads.map((lead) => jsonLogic.apply(logic, lead)))));
"""


def test_what_people_write_scores_as_json_logic_js_does(imported):
    home = os.environ.get("CALIBRATE_ENGINES")
    if not home or not Path(home, "node", "node_modules", "json-logic-js").is_dir() or shutil.which("node") is None:
        pytest.skip("json-logic-js is not there; set CALIBRATE_ENGINES to a folder with the engines")
    given_ = f"[{json.dumps(WRITTEN)}, [{', '.join(as_line(lead) for lead in LEADS)}]]"
    done = subprocess.run(["node", "-e", PROGRAM], input=given_, capture_output=True, text=True, check=True)
    for logic, expected in zip(WRITTEN, json.loads(done.stdout), strict=True):
        rules = imported(logic).rules
        assert [score_lead(rules, lead).score for lead in LEADS] == expected, logic


def test_no_value_is_as_0_where_the_file_does_not_ask_for_it(imported):
    found = imported(rule(compared("<", "n", 10), -5, 1))
    assert (score(found.rules), score(found.rules, n=5), score(found.rules, n=10)) == (-5, -5, 1)
    assert any("'n' without a value scores as 0 does" in note for note in found.notes)


def test_blank_text_is_told_where_the_file_has_it_otherwise(imported):
    found = imported(rule(compared("===", "c", None), -5, compared("===", "c", "a"), 2, 1))
    assert "'c' as \"\" scores -5 like no value, not 1 as in the file." in found.notes


def test_a_value_that_an_earlier_case_has_is_not_repeated(imported):
    cases = (
        imported(rule(compared("in", "c", ["a", "b"]), 1, compared("in", "c", ["b", "d"]), 2, 0)).rules.rules[0].cases
    )
    assert [case.when for case in cases] == [In(in_=("a", "b")), In(in_=("d",))]


def test_bands_are_those_of_the_file(imported):
    logic = {
        "format": "JsonLogic",
        "score": rule(compared("===", "yes", True), 5, 0),
        "band": {"if": [compared(">=", "score", 5), "A", "B"]},
    }
    rules = imported(logic).rules
    assert [(band.name, band.from_) for band in rules.bands] == [("A", 5), ("B", None)]


def test_everything_that_cannot_be_said_is_told_at_its_place(faults):
    parts = [
        {"if": [compared("==", "a", "x"), 1, 0]},
        {"if": [{"and": [compared("===", "a", "x"), compared("===", "b", "y")]}, 1, 0]},
        {"if": [compared("===", "a", "x"), 1, compared("===", "b", "y"), 2, 0]},
        {"if": [compared("===", "a", "x"), 1]},
        {"if": [compared("===", "a", "x"), 2.5, 0]},
        {"*": [2, {"var": "n"}]},
        {"if": [compared("<", "n", "x"), 1, 0]},
        {"if": [{"===": [{"var": ["a", 1]}, "x"]}, 1, 0]},
        {"if": [compared("===", "a", "x"), 1, compared("<", "a", 5), 2, 0]},
        {"max": [{"var": "n"}, {"var": "m"}]},
        {"if": [{"!": {"var": "a"}}, 1, 0]},
        {"max": [0, {"+": [3, {"min": [1, {"if": [compared("===", "a", "x"), 1, 0]}]}]}]},
        {"if": [{"and": [compared("<", "n", 1), compared(">", "n", 2)]}, 1, 0]},
    ]
    found = faults({"+": parts})
    places = [int(fault.partition("[")[2].partition("]")[0]) for fault in found]
    assert list(dict.fromkeys(places)) == list(range(len(parts)))
    assert found[0] == (
        "+[0].if[0]: found the operator '==', expected ===, which means the same in every engine; write that"
    )
    assert "found 'a' and 'b', expected one attribute; make a yes/no attribute of both" in found[1]
    assert "expected condition, points, ..., and the points of every other value at the end" in found[3]
    assert "expected whole points; multiply all points of the file by ten" in found[4]


def test_an_attribute_compared_in_two_ways_is_told(faults):
    parts = [{"if": [compared("===", "a", "x"), 1, 0]}, {"if": [compared("<", "a", 5), 1, 0]}]
    assert faults({"+": parts}) == (
        "variable 'a': found a number, expected a category as elsewhere; compare it in one way",
    )


@pytest.mark.parametrize("logic", [{"+": []}, {"if": []}, {"+": [1, 2]}, {"max": [1, 2]}, {"min": [5, {"+": []}]}])
def test_an_expression_without_rules_is_told(logic, faults):
    assert faults(logic)


def test_a_band_that_is_not_one_of_the_score_is_told(faults):
    logic = {"format": "JsonLogic", "score": rule(compared("===", "yes", True), 5, 0)}
    for band in ("A", {"if": [compared("<", "score", 5), "B", "A"]}, {"if": [compared(">=", "score", 5), 1, "B"]},
                 {"if": [compared(">=", "score", 5), "A", None]}):  # fmt: skip
        assert faults({**logic, "band": band})[0].startswith("band")


def test_bounds_the_wrong_way_round_are_told(faults):
    logic = {"max": [10, {"min": [0, rule(compared("===", "yes", True), 5, 0)]}]}
    assert "found min 10 above max 0" in faults(logic)[0]
