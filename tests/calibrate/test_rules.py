import errno
import json
import os
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibrate.document.rules import (
    Attribute,
    Case,
    Evidence,
    Group,
    In,
    MadeBy,
    Range,
    Rule,
    Rules,
    ScoreBand,
    WorkedLead,
    json_schema,
)
from calibrate.document.rules import main as write_schema
from calibrate.document.rules_file import load_rules, rules_text, save_rules
from calibrate.errors import DataError, RulesError

SCHEMA = Path(__file__).parents[2] / "data" / "rules.schema.json"


def card():
    """The hand-written card that the format was designed on, as plain data."""
    return {
        "format": "leadscore-rules/1.0",
        "id": "acme-inbound",
        "version": "3",
        "score": {"base": 10, "min": 0, "max": 100, "unit": 1},
        "attributes": {
            "industry": {"type": "category"},
            "country": {"type": "category"},
            "employees": {"type": "number", "unit": "people"},
            "phone": {"type": "text"},
            "requested_demo": {"type": "boolean"},
            "pages": {"type": "set", "separator": ";"},
            "is_competitor": {"type": "boolean"},
        },
        "gates": [
            {
                "id": "competitor",
                "label": "Known competitor",
                "when": {"attr": "is_competitor", "is": True},
                "then": {"score": 0, "band": "disqualified"},
            }
        ],
        "groups": {"fit": {"label": "Who they are"}, "engagement": {"label": "What they did", "max": 30}},
        "rules": [
            {
                "id": "industry",
                "group": "fit",
                "attr": "industry",
                "cases": [
                    {"when": {"in": ["software"]}, "points": 15, "evidence": {"leads": 412, "conversions": 71}},
                    {"when": {"in": ["manufacturing"]}, "points": 8},
                    {"when": {"in": ["retail"]}, "points": -5},
                ],
                "otherwise": 0,
                "missing": 0,
            },
            {
                "id": "country",
                "group": "fit",
                "attr": "country",
                "cases": [
                    {"when": {"in": ["US", "CA"]}, "points": 10},
                    {"when": {"in": ["DE", "GB"]}, "points": 6},
                ],
            },
            {
                "id": "employees",
                "group": "fit",
                "attr": "employees",
                "cases": [
                    {"when": {"lt": 10}, "points": -10},
                    {"when": {"ge": 10, "lt": 100}, "points": 5},
                    {"when": {"ge": 100, "lt": 1000}, "points": 15},
                    {"when": {"ge": 1000}, "points": 20},
                ],
                "missing": -3,
            },
            {"id": "phone", "group": "fit", "attr": "phone", "cases": [], "missing": -4},
            {
                "id": "demo",
                "group": "engagement",
                "attr": "requested_demo",
                "cases": [{"when": {"is": True}, "points": 20}],
            },
            {
                "id": "pricing",
                "group": "engagement",
                "attr": "pages",
                "cases": [{"when": {"has": "pricing"}, "points": 15}],
            },
            {"id": "docs", "group": "engagement", "attr": "pages", "cases": [{"when": {"has": "docs"}, "points": 8}]},
        ],
        "bands": [
            {"name": "A", "from": 60, "action": "call today"},
            {"name": "B", "from": 40},
            {"name": "C", "from": 20},
            {"name": "D"},
        ],
        "reference": {"population": "five leads", "leads": 5, "scores": [0, 10, 60], "counts": [2, 2, 1]},
        "tests": [
            {
                "lead": {
                    "industry": "software",
                    "country": "US",
                    "employees": 250,
                    "phone": "+1 555 0100",
                    "requested_demo": True,
                    "pages": ["pricing", "docs"],
                    "is_competitor": False,
                },
                "score": 80,
                "band": "A",
            },
            {"lead": {}, "score": 3, "band": "D"},
            {"lead": {"is_competitor": True, "employees": 5000}, "score": 0, "band": "disqualified"},
        ],
        "made_by": {"tool": "x", "rows": 18250, "from": "2024-01-01", "to": "2026-10-31"},
    }


def faults_of(document):
    with pytest.raises(RulesError) as caught:
        load_rules(document if isinstance(document, str) else json.dumps(document))
    assert all("\n" not in fault for fault in caught.value.faults)
    return caught.value.faults


def test_card_is_read_and_written_back_the_same(tmp_path):
    rules = load_rules(json.dumps(card()))
    save_rules(rules, tmp_path / "rules.json")
    text = (tmp_path / "rules.json").read_bytes()
    assert load_rules(tmp_path / "rules.json") == rules == load_rules(str(tmp_path / "rules.json"))
    save_rules(load_rules(tmp_path / "rules.json"), tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == text
    assert text.endswith(b"}\n")
    assert b"\r" not in text
    assert b'{"when": {"ge": 10, "lt": 100}, "points": 5}' in text
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["again.json", "rules.json"]


def test_order_of_keys_in_the_file_does_not_matter():
    backwards = json.dumps(dict(reversed(card().items())))
    assert rules_text(load_rules(backwards)) == rules_text(load_rules(json.dumps(card())))


def test_a_byte_order_mark_is_no_fault(tmp_path):
    (tmp_path / "rules.json").write_text(json.dumps(card()), encoding="utf-8-sig")
    assert load_rules(tmp_path / "rules.json").id == "acme-inbound"


anything = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)
points = st.integers(-50, 50)


@st.composite
def documents(draw):
    """Any document of one category and one number, with names and values of any text."""
    category, number = draw(st.lists(anything, min_size=2, max_size=2, unique=True))
    values = draw(st.lists(anything, max_size=4, unique=True))
    edges = sorted(draw(st.sets(st.floats(-1e9, 1e9), min_size=1, max_size=3)))
    evidence = draw(st.none() | st.builds(Evidence, leads=st.just(9), conversions=st.integers(0, 9), note=anything))
    cases = tuple(Case(when=In(in_=(value,)), points=draw(points), evidence=evidence) for value in values)
    bins = zip([None, *edges], [*edges, None], strict=True)
    ranges = tuple(Case(when=Range(ge=low, lt=high), points=draw(points)) for low, high in bins)
    return Rules(
        id=draw(anything),
        version="1",
        attributes={category: Attribute(type="category", label=draw(anything)), number: Attribute(type="number")},
        groups={draw(anything): Group(max=3)},
        rules=(
            Rule(id="a", attr=category, cases=cases, otherwise=draw(points)),
            Rule(id="b", attr=number, cases=ranges, missing=draw(points)),
        ),
        bands=(ScoreBand(name="x", from_=draw(points)), ScoreBand(name="y")),
        made_by=MadeBy(settings={draw(anything): [1, None, {"a": 0.5}]}),
    )


@settings(max_examples=60, deadline=None)
@given(documents())
def test_load_undoes_save(rules):
    text = rules_text(rules)
    assert load_rules(text) == rules
    assert rules_text(load_rules(text)) == text
    jsonschema.validate(json.loads(text), json_schema())


def test_schema_file_is_current(tmp_path):
    write_schema(str(tmp_path / "schema.json"))
    assert SCHEMA.read_bytes() == (tmp_path / "schema.json").read_bytes()


def test_schema_accepts_the_card_and_refuses_a_misspelt_key():
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    document = card()
    jsonschema.validate(document, schema)
    document["rules"][0]["cases"][0]["pionts"] = 3
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, schema)


def test_all_faults_come_at_once_each_with_its_place():
    document = card()
    document["rules"][0]["cases"][0]["pionts"] = 3
    document["rules"][1]["cases"][0]["points"] = 1.5
    document["rules"][1]["attr"] = "contry"
    document["rules"][2]["attr"] = "employes"
    document["rules"][2]["cases"][1]["when"]["ge"] = 5
    document["rules"][4]["cases"][0]["when"] = {"on": True}
    document["rules"][5]["cases"][0]["when"] = {"has": ""}
    document["rules"][6]["group"] = "engagment"
    document["attributes"]['Größe "x"'] = {"type": "nummer"}
    document["bands"][1]["from"] = 70
    document["gates"][0]["when"]["in"] = ["a"]
    document["tests"][0]["lead"]["x"] = {"a": 1}
    del document["tests"][2]["score"]
    found = faults_of(document)
    assert {fault.partition(": ")[0]: fault.rpartition("; ")[2] for fault in found} == {
        "attributes['Größe \"x\"'].type": "correct it",
        "gates[0].when": "keep one",
        "rules[0].cases[0].pionts": "did you mean 'points'?",
        "rules[1].cases[0].points": "round it, or let score.unit be the finer step",
        "rules[1].attr": "did you mean 'country'?",
        "rules[2].attr": "did you mean 'employees'?",
        "rules[2].cases[1].when": "let ge be the lt before it",
        "rules[4].cases[0].when": 'write {"in": [...]}, {"is": true}, {"has": "..."} or {"ge": 1, "lt": 2}',
        "rules[5].cases[0].when.has": "blank says nothing, leave it out",
        "rules[6].group": "did you mean 'engagement'?",
        "bands[1].from": "put the best band first",
        "tests[0].lead.x": "correct it",
        "tests[2].score": "add it",
    }
    assert len(found) == 13


@pytest.mark.parametrize(
    ("change", "place", "words"),
    [
        (lambda d: d["rules"].append(d["rules"][0]), "rules[7].id", "'industry' as in rules[0].id"),
        (lambda d: d["gates"].append(d["gates"][0]), "gates[1].id", "as in gates[0].id"),
        (lambda d: d["bands"][1].update(name="A"), "bands[1].name", "as in bands[0].name"),
        (lambda d: d["rules"][0]["cases"][1]["when"].update({"in": ["software"]}), "rules[0].cases[1].when", "'soft"),
        (lambda d: d["rules"][0]["cases"][1]["when"].update({"in": ["a", "a"]}), "rules[0].cases[1].when.in", "twice"),
        (lambda d: d["rules"][5]["cases"].append(d["rules"][5]["cases"][0]), "rules[5].cases[1].when", "'pricing'"),
        (lambda d: d["rules"][4]["cases"].append(d["rules"][4]["cases"][0]), "rules[4].cases[1].when", "true"),
        (lambda d: d["rules"][2]["cases"].reverse(), "rules[2].cases[1].when", "100 to under 1000 after 1000 and up"),
        (lambda d: d["rules"][2]["cases"][1]["when"].update(ge=100), "rules[2].cases[1].when", "ge below lt"),
        (lambda d: d["rules"][2]["cases"][0].update(when={"in": ["9"]}), "rules[2].cases[0].when", "ge and lt"),
        (lambda d: d["gates"][0]["when"].update(attr="industry"), "gates[0].when", "expected in since"),
        (lambda d: d["gates"][0]["when"].update(attr="competitor"), "gates[0].when.attr", "'is_competitor'"),
        (lambda d: d["groups"]["engagement"].update(min=40), "groups.engagement", "min 40 above max 30"),
        (lambda d: d["score"].update(min=101), "score", "min 101 above max 100"),
        (lambda d: d["attributes"]["phone"].update(separator=";"), "attributes.phone.separator", "a set only"),
        (lambda d: d["bands"][3].update({"from": 1}), "bands[3].from", "expected none"),
        (lambda d: d["bands"][1].pop("from"), "bands[1].from", "only the last"),
        (lambda d: d["reference"].update(scores=[0, 0, 60]), "reference.scores[1]", "scores that rise"),
        (lambda d: d["reference"].update(counts=[2, 3]), "reference.counts", "2 counts for 3 scores"),
        (lambda d: d["reference"].update(leads=6), "reference.leads", "sum of the counts, 5"),
        (lambda d: d["tests"][0].update(score=81), "tests[0].score", "found 81, expected 80"),
        (lambda d: d["tests"][0].update(band="B"), "tests[0].band", "found 'B', expected 'A'"),
        (lambda d: d["tests"][1].update(reasons=[]), "tests[1].reasons", "-4 phone = missing"),
        (lambda d: d["tests"][1]["lead"].update(contry="US"), "tests[1].lead.contry", "'country'"),
        (lambda d: d["tests"][1]["lead"].update(employees="many"), "tests[1].lead", "'many'"),
        (lambda d: d["rules"][0]["cases"][0]["evidence"].update(conversions=413), "rules[0].cases[0].evidence", "swap"),
        (lambda d: d["rules"][0]["cases"][0].update(points=10**7), "rules[0].cases[0].points", "1000000 or less"),
        (lambda d: d["rules"][0]["cases"][0].update(points=True), "rules[0].cases[0].points", "whole number"),
        (lambda d: d["rules"][0].update(id="Industry 1"), "rules[0].id", "^[a-z]"),
        (lambda d: d.update(rules={}), "rules", "a list"),
        (lambda d: d.update(attributes=[]), "attributes", "an object"),
        (lambda d: d.pop("version"), "version", "found nothing"),
        (lambda d: d.update(ruels=[]), "ruels", "did you mean 'rules'?"),
    ],
)  # fmt: skip
def test_one_fault_is_named_at_its_place(change, place, words):
    document = card()
    change(document)
    found = faults_of(document)
    assert any(fault.startswith(f"{place}: ") and words in fault for fault in found), found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "the file ends in the middle"),
        (json.dumps(card())[:500], "the file ends in the middle"),
        (json.dumps(card()) + "}", "not JSON (Extra data)"),
        ("{'a': 1}", "line 1, column 2: found"),
        ("id,score\n1,2\n", "not JSON"),
        ("\n", "empty file"),
        ("[1]", "found a list, expected an object with format"),
        ('{"rules": []}', "format: found nothing, expected 'leadscore-rules/1.0'"),
        ('{"format": "leadscore-rules/2.0"}', "found 'leadscore-rules/2.0', expected 'leadscore-rules/1.0'"),
        ("[" * 100_000, "nested too deep"),
        ('{"a":' * 100_000, "nested too deep"),
        (
            '{"format": "leadscore-rules/1.0", "made_by": {"settings": ' + "[" * 700 + "]" * 700 + "}}",
            "nested too deep",
        ),
        ('{"a": ' + "9" * 5000 + "}", "thousands of digits"),
    ],
)
def test_what_is_no_document_is_one_clear_line(text, words):
    (fault,) = faults_of(text)
    assert words in fault


def test_what_json_readers_pass_over_is_a_fault():
    text = json.dumps(card())
    text = text.replace('"base": 10', '"base": 10, "base": 11').replace('"employees": 250', '"employees": NaN')
    text = text.replace('"id": "acme-inbound"', '"id": "\\ud800"')
    found = {fault.partition(": ")[0]: fault for fault in faults_of(text)}
    assert "twice" in found["score.base"]
    assert "NaN" in found["tests[0].lead.employees"]
    assert "half a character" in found["id"]


@pytest.mark.parametrize("content", [None, b"\xff\xfe{}", b""])
def test_unreadable_file_is_named(tmp_path, content):
    path = tmp_path / "rules.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RulesError, match="expected a rules") as caught:
        load_rules(path)
    assert caught.value.where == str(path)


def test_a_document_with_faults_is_not_saved(tmp_path):
    rules = load_rules(json.dumps(card()))
    with pytest.raises(RulesError, match=r"tests\[0\]\.score"):
        save_rules(rules.model_copy(update={"tests": (WorkedLead(lead={}, score=4),)}), tmp_path / "rules.json")
    with pytest.raises(RulesError, match="finite numbers"):
        save_rules(rules.model_copy(update={"made_by": MadeBy(settings={"a": float("nan")})}), tmp_path / "rules.json")
    assert list(tmp_path.iterdir()) == []


def test_nothing_half_written_stays(tmp_path, monkeypatch):
    rules, path = load_rules(json.dumps(card())), tmp_path / "rules.json"
    path.write_text("before")

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(DataError, match="No space left"):
        save_rules(rules, path)
    assert [item.name for item in tmp_path.iterdir()] == ["rules.json"]
    assert path.read_text() == "before"
    with pytest.raises(DataError, match="expected a folder"):
        save_rules(rules, tmp_path / "no" / "rules.json")
    with pytest.raises(DataError, match="Is a directory"):
        save_rules(rules, tmp_path)


def decided():
    """The card after a meeting."""
    document = card()
    override = {"points_before": 12, "reason": "the fair", "decided_on": "2026-10-01", "expires": "2027-04-01"}
    document["rules"][0]["cases"][0]["override"] = override
    document["rules"][0]["missing_override"] = {"points_before": 0, "decided_on": "2026-10-01"}
    document["threshold"] = {"score": 25, "reason": "two more people"}
    change = {"rule": "industry", "label": "software", "from": 12, "to": 15, "reason": "the fair"}
    threshold = {"from": 70, "to": 25}
    document["changelog"] = [
        {
            "version": "3",
            "decided_on": "2026-10-01",
            "threshold": threshold,
            "changes": [change],
            "note": "counted again",
        }
    ]
    return document


def test_what_people_decided_is_read_and_written_back():
    rules = load_rules(json.dumps(decided()))
    assert load_rules(rules_text(rules)) == rules
    jsonschema.validate(json.loads(rules_text(rules)), json_schema())
    assert rules.handover_score == 25
    assert load_rules(json.dumps(card())).handover_score == card()["bands"][0]["from"]
    assert "changelog" not in rules_text(load_rules(json.dumps(card())))


@pytest.mark.parametrize("day", ["2026-02-30", "1.10.2026", "20261001", "2026-W40-4", ""])
def test_days_are_real_and_written_one_way(day):
    document = decided()
    document["rules"][0]["cases"][0]["override"]["expires"] = day
    (fault,) = faults_of(document)
    assert fault.startswith("rules[0].cases[0].override.expires: found ")
    assert fault.endswith("expected a day such as 2026-10-01; correct it")
