"""The Python and JavaScript functions: what they give is what `score_lead` gives, reasons included."""

from __future__ import annotations

import ast
import datetime
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from cases import card, hostile, values_of_card
from drawn import documents, drawn_cases, leads
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calibrate.document.lead_score import score_lead
from calibrate.document.rules import Attribute, Case, Has, In, Is, Range, Rule, Rules
from calibrate.document.worked import worked_leads
from calibrate.errors import DataError
from calibrate.exports.exporting import export_rules
from calibrate.exports.target import ExportError, Options

Lead = Mapping[str, Any]
slow = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
node = shutil.which("node")
needs_node = pytest.mark.skipif(node is None, reason="Node is not installed")


def python_file(rules: Rules, **fields: str) -> str:
    return export_rules(rules, "python", Options(fields))[0].export.files["lead_score.py"].decode()


def python_function(rules: Rules) -> Callable[[Lead], Any]:
    names: dict[str, Any] = {}
    exec(compile(python_file(rules), "lead_score.py", "exec"), names)
    found: Callable[[Lead], Any] = names["lead_score"]
    return found


def expected(rules: Rules, lead: Lead) -> tuple[Any, ...] | str:
    try:
        found = score_lead(rules, lead)
    except DataError as error:
        return str(error)
    return found.score, found.band, [reason.text for reason in found.reasons]


def got(function: Callable[[Lead], Any], lead: Lead) -> tuple[Any, ...] | str:
    try:
        return tuple(function(lead))
    except ValueError as error:
        return str(error)


def run_node(tmp_path: Any, script: str) -> str:
    assert node is not None
    (tmp_path / "run.js").write_text(script, encoding="utf-8")
    done = subprocess.run([node, "run.js"], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def javascript_scores(tmp_path: Any, cases: list[tuple[Rules, list[Lead]]]) -> list[list[Any]]:
    for place, (rules, _) in enumerate(cases):
        text = export_rules(rules, "javascript")[0].export.files["lead_score.js"]
        (tmp_path / f"s{place}.js").write_bytes(text)
    (tmp_path / "leads.json").write_text(json.dumps([made for _, made in cases]), encoding="utf-8")
    script = """
      const all = JSON.parse(require("fs").readFileSync("leads.json", "utf8"));
      const scored = all.map((leads, place) => {
        const { leadScore } = require(`./s${place}.js`);
        return leads.map((lead) => {
          try { const found = leadScore(lead); return [found.score, found.band, found.reasons]; }
          catch (error) { if (!(error instanceof TypeError)) throw error; return error.message; }
        });
      });
      console.log(JSON.stringify(scored));
    """
    found: list[list[Any]] = json.loads(run_node(tmp_path, script))
    return found


def told(answer: tuple[Any, ...] | str) -> Any:
    """An answer as JSON has it; of an error, only that it is one and where."""
    return answer.partition(": found")[0].replace("'", '"') if isinstance(answer, str) else list(answer)


loose = (
    st.none()
    | st.booleans()
    | st.integers(-(10**6), 10**6)
    | st.floats(allow_nan=False, allow_infinity=False, width=32)
    | st.sampled_from(["", " ", "true", "FALSE", "1", " 12.5 ", "1e3", ".5", "5.", "+7", "0x10", "1_0", "nan", "١"])
    | st.sampled_from([10.0, 1e-5, 1e-7, -0.0, 0.1, "10", "a;b", " a ; ;b\u3000", "\ufeffa", "é\u0085", "a,b"])
    | st.lists(st.none() | st.booleans() | st.sampled_from(["a", "b", "", "é", 10.0, 1e-7]), max_size=3)
)


def readable() -> Rules:
    """A rule for every type, with cases that loosely typed values can meet."""
    texts = ("10", "true", "false", "1e-07", "1e-05", "0.1", "0", " ", "a;b", "1")
    types = {"c": "category", "t": "text", "n": "number", "b": "boolean", "s": "set", "u": "set"}
    cases: dict[str, list[Any]] = {
        "c": [In(in_=texts[:5])],
        "t": [In(in_=texts[5:])],
        "n": [Range(lt=0), Range(ge=0, lt=0.5), Range(ge=0.5, lt=12.5), Range(ge=12.5)],
        "b": [Is(is_=True)],
        "s": [Has(has=text) for text in ("a", "\ufeffa", "é", "10", "1e-07", "true")],
        "u": [Has(has=text) for text in ("a;b", " a ; ;b\u3000", "12.5")],
    }
    return Rules(
        id="loose",
        version="1",
        attributes={
            name: Attribute(type=kind, separator=";" if name == "s" else None) for name, kind in types.items()
        },
        rules=tuple(
            Rule(
                id=f"r_{name}", attr=name, otherwise=2**place, missing=-(2**place),
                cases=tuple(Case(when=when, points=100 * 2**place + number) for number, when in enumerate(cases[name])),
            )
            for place, name in enumerate(types)
        ),
    )  # fmt: skip


@slow
@given(documents(), leads())
def test_python_gives_score_band_and_reasons(rules: Rules, made: list[Lead]) -> None:
    function = python_function(rules)
    assert [got(function, lead) for lead in made] == [expected(rules, lead) for lead in made]


@settings(max_examples=300, deadline=None)
@given(st.fixed_dictionaries({}, optional=dict.fromkeys("ctnbsu", loose)))
def test_python_reads_values_as_score_lead_does(lead: Lead) -> None:
    answer = expected(READABLE, lead)
    found = got(READ, lead)
    assert told(found) == told(answer)


READABLE = readable()
READ = python_function(READABLE)


@pytest.mark.parametrize(
    "lead",
    [
        {"n": Decimal("12.5"), "c": Decimal("10.0"), "t": Decimal("0.10")},
        {"n": np.float32(0.25), "b": np.bool_(True), "c": np.int64(10), "t": np.float64(0.0)},
        {"n": float("nan"), "c": pd.NA, "t": pd.NaT, "b": None},
        {"c": datetime.date(2026, 1, 31), "s": ("a", "é"), "u": frozenset({"12.5"})},
        {"n": True}, {"n": "twelve"}, {"n": 10**400}, {"b": 2}, {"b": [1]}, {"c": ["a"]}, {"s": {"a": 1}},
        {"s": [["a"]]}, {"s": b"a"}, {"s": 5}, {"n": float("inf")}, {"c": object()}, {"n": b"1"},
    ],
)  # fmt: skip
def test_python_reads_what_programs_hand_over(lead: Lead) -> None:
    assert told(got(READ, lead)) == told(expected(READABLE, lead))


def test_a_value_that_cannot_be_read_is_told() -> None:
    with pytest.raises(ValueError, match=r"^lead, 'n': found 'twelve', expected a number, like "):
        READ({"n": "twelve"})


def test_python_file_is_of_python_3_8_and_needs_only_the_standard_library() -> None:
    text = python_file(hostile())
    tree = ast.parse(text, feature_version=(3, 8))
    imported = {item.name for node in ast.walk(tree) if isinstance(node, ast.Import) for item in node.names}
    imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported <= sys.stdlib_module_names
    assert not {"eval", "exec"} & {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


@needs_node
def test_javascript_gives_score_band_and_reasons(tmp_path: Any) -> None:
    cases = [*drawn_cases(60), (card(), values_of_card()), (hostile(), [])]
    found = javascript_scores(tmp_path, cases)
    assert found == [[list(expected(rules, lead)) for lead in made] for rules, made in cases]


@needs_node
def test_javascript_reads_values_as_score_lead_does(tmp_path: Any) -> None:
    made: list[Lead] = []

    @settings(max_examples=300, database=None)
    @given(st.fixed_dictionaries({}, optional=dict.fromkeys("ctnbsu", loose)))
    def collect(lead: Lead) -> None:
        made.append(lead)

    collect()
    found = javascript_scores(tmp_path, [(READABLE, made)])[0]
    assert [told(answer) for answer in found] == [told(expected(READABLE, lead)) for lead in made]


def own_names() -> Rules:
    names = ["__proto__", "constructor", "toString", "hasOwnProperty", "</script>", "\u2028", 'a"b\\', "\U000e0001"]
    rules = tuple(
        Rule(id=f"r{place}", attr=name, cases=(Case(when=In(in_=(name,)), points=2**place),), missing=1000)
        for place, name in enumerate(names)
    )
    return Rules(
        id="*/ \n own", version="'''", rules=rules, attributes={name: Attribute(type="category") for name in names}
    )


@needs_node
def test_names_of_javascript_itself_are_safe(tmp_path: Any) -> None:
    rules = own_names()
    made: list[Lead] = [{}, {name: name for name in rules.attributes}, *({name: name} for name in rules.attributes)]
    assert javascript_scores(tmp_path, [(rules, made)])[0] == [list(expected(rules, lead)) for lead in made]
    assert [got(python_function(rules), lead) for lead in made] == [expected(rules, lead) for lead in made]


def test_nothing_unseen_stands_in_the_files() -> None:
    for name in ("python", "javascript"):
        for text in export_rules(own_names(), name)[0].export.files.values():
            assert all(mark.isprintable() or mark == "\n" for mark in text.decode())


@pytest.mark.parametrize("rules", [card(), own_names()], ids=["card", "own names"])
def test_worked_leads_check_the_file(tmp_path: Any, rules: Rules) -> None:
    worked = rules.model_copy(update={"tests": tuple(worked_leads(rules))})
    assert worked.tests
    programs = {"python": [sys.executable, "lead_score_check.py"], "javascript": [node, "lead_score_check.js"]}
    for name, command in programs.items():
        if command[0] is None:
            continue
        for path, text in export_rules(worked, name)[0].export.files.items():
            (tmp_path / path).write_bytes(text)
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.stdout == f"{len(worked.tests)} worked leads score as they must.\n", done.stderr
        path = tmp_path / command[1].replace("_check", "")
        path.write_text(path.read_text("utf-8").replace('"points": ', '"points": 1 + '), "utf-8")
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert "worked lead 1, score: found " in done.stderr


def test_without_worked_leads_there_is_one_file() -> None:
    assert list(export_rules(card(), "python")[0].export.files) == ["lead_score.py"]


def test_long_documents_are_written() -> None:
    words = [f"level {number}" for number in range(500)]
    cases = tuple(Case(when=In(in_=(word,)), points=number) for number, word in enumerate(words))
    numbers = tuple(
        Rule(id=f"r{place}", attr="n", cases=(Case(when=Range(ge=place), points=1),)) for place in range(300)
    )
    rules = Rules(
        id="long", version="1", rules=(Rule(id="c", attr="c", cases=cases), *numbers),
        attributes={"c": Attribute(type="category"), "n": Attribute(type="number")},
    )  # fmt: skip
    for lead in ({"c": "level 321", "n": 122.5}, {"n": 1e9}, {}):
        assert got(python_function(rules), lead) == expected(rules, lead)


@pytest.mark.parametrize("name", ["python", "javascript"])
def test_fields_are_called_as_asked(name: str) -> None:
    made = export_rules(card(), name, Options({"Industry": "industry", "Pages": "x"}))[0]
    assert {given.attribute: given.field for given in made.export.inputs}["Industry"] == "industry"
    assert "'Industry' is called 'industry'." in made.export.notes
    with pytest.raises(ExportError, match=f"^{name}: attribute 'Country': found the field 'Country' of 'Industry'"):
        export_rules(card(), name, Options({"Industry": "Country"}))
    lost = {loss.feature: loss.how for loss in made.losses}
    assert "reasons" in made.kept
    assert set(lost.values()) <= {"refused"}
