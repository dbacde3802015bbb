"""What DMN can say: valid XML, FEEL texts, names."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
from cases import card, hostile
from drawn import drawn_cases
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from calibrate.document.rules import Attribute, Case, Has, In, Is, Range, Rule, Rules, ScoreBand
from calibrate.exports.exporting import export_rules
from calibrate.exports.target import ExportError, Options
from calibrate.exports.targets import dmn

NAMES = {"dmn": "https://www.omg.org/spec/DMN/20191111/MODEL/", "dmndi": "https://www.omg.org/spec/DMN/20191111/DMNDI/"}
_FEEL = {'"': '"', "\\": "\\", "n": "\n", "r": "\r", "t": "\t"}


def written(rules: Rules) -> etree._Element:
    return etree.fromstring(dmn.export(rules, Options()).files["rules.dmn"])


def one(when: In | Is | Has | Range, kind: str, **more: str) -> Rules:
    rule = Rule(id="r", attr="a", cases=(Case(when=when, points=1, **more),))
    attributes = {"a": Attribute.model_validate({"type": kind})}
    return Rules(id="x", version="1", attributes=attributes, rules=(rule,))


def named(*names: str) -> Rules:
    rules = tuple(Rule(id=f"r{place}", attr=name, missing=1) for place, name in enumerate(names))
    attributes = {name: Attribute(type="boolean") for name in names}
    return Rules(id="x", version="1", attributes=attributes, rules=rules)


def cells(root: etree._Element, decision: str) -> list[list[str | None]]:
    """The texts of a table, row by row."""
    rows = root.findall(f"dmn:decision[@id='{decision}']/dmn:decisionTable/dmn:rule", NAMES)
    return [[cell.findtext("dmn:text", None, NAMES) for cell in row if cell.tag.endswith("Entry")] for row in rows]


@pytest.fixture(scope="module")
def schema() -> etree.XMLSchema:
    """The XML Schema of DMN 1.3, as it comes with SpiffWorkflow."""
    home = os.environ.get("CALIBRATE_ENGINES")
    python = Path(home, "python", "bin", "python") if home else None
    if python is None or not python.is_file():
        pytest.skip("the XML Schema of DMN comes with SpiffWorkflow: tests/conformance/install.sh puts it there")
    ask = "import SpiffWorkflow.dmn.parser as parser; print(parser.__path__[0])"
    found = subprocess.run([python, "-c", ask], capture_output=True, text=True, check=True).stdout.strip()
    return etree.XMLSchema(etree.parse(Path(found, "schema", "DMN13.xsd")))


def test_it_is_valid_dmn_1_3(schema: etree.XMLSchema) -> None:
    bare = Rules(id="x", version="1", attributes={}, rules=())
    for rules in (card(), hostile(), bare, *(rules for rules, _ in drawn_cases(30))):
        try:
            root = written(rules)
        except ExportError:
            continue
        schema.assertValid(root)
    for table in root.iter(f"{{{NAMES['dmn']}}}definitions"):
        del table.attrib["namespace"]
    assert not schema.validate(root)


def test_every_table_takes_its_first_true_row_and_a_rule_its_missing_value_first() -> None:
    root = written(card())
    tables = root.findall(".//dmn:decisionTable", NAMES)
    assert {table.get("hitPolicy") for table in tables} == {"FIRST"}
    assert cells(root, "points_r_pages_engagement") == [
        ["null", "-2"], ['list contains(?, "pricing")', "15"], ['list contains(?, "docs")', "8"], ["-", "1"],
    ]  # fmt: skip
    assert cells(root, "points_r_phone_fit") == [['null, ""', "-4"], ["-", "0"]]
    assert cells(root, "points_r_employees_fit")[2] == ["[10..100)", "5"]
    assert all(output.get("name") is None for output in root.iter(f"{{{NAMES['dmn']}}}output"))


def test_the_diagram_shows_every_part_and_every_need_once() -> None:
    root = written(card())
    parts = [item.get("id") for item in root if item.tag.endswith(("}decision", "}inputData"))]
    needs = [item.get("id") for item in root.iter(f"{{{NAMES['dmn']}}}informationRequirement")]
    for name, ids in (("DMNShape", parts), ("DMNEdge", needs)):
        assert [item.get("dmnElementRef") for item in root.iter(f"{{{NAMES['dmndi']}}}{name}")] == ids
    corners = [tuple(item.attrib.values()) for item in root.iter("{http://www.omg.org/spec/DMN/20180521/DC/}Bounds")]
    assert len(set(corners)) == len(parts)


@given(st.text(min_size=1) | st.text('"\\\n\r\tuU01\x00\x1f\ufffe', min_size=1, max_size=6))
def test_any_text_can_be_said(text: str) -> None:
    root = written(one(In(in_=(text,)), "text", label=text))
    cell = cells(root, "points_r")[1][0] or ""
    inside = cell[1:-1]
    assert cell[0] == cell[-1] == '"'
    assert not re.search(r"[\n\r]", inside)
    said = re.sub(
        r"\\(?:U([0-9A-F]{6})|(.))", lambda mark: chr(int(mark[1], 16)) if mark[1] else _FEEL[mark[2]], inside
    )
    assert said == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_an_edge_is_written_without_an_exponent(edge: float) -> None:
    sign, text = (cells(written(one(Range(lt=edge), "number")), "points_r")[1][0] or "").split(" ")
    assert sign == "<"
    assert float(text) == edge
    assert "e" not in text.lower()


def test_names_that_collide_or_that_feel_cannot_say_are_refused() -> None:
    def refusals(rules: Rules, **names: str) -> list[str]:
        with pytest.raises(ExportError) as caught:
            export_rules(rules, "dmn", Options(fields=names))
        return str(caught.value).splitlines()

    [fault] = refusals(named("x.y", "x y"))
    assert fault.startswith("dmn: attribute 'x y': found the field 'x_y' of 'x.y', expected its own; ")
    assert len(refusals(named("a", "b", "c", "d"), a="two words", b="null", c="band", d="points_r0")) == 4
    made = dmn.export(named("max", "points_r0", "1st"), Options())
    assert [item.field for item in made.inputs] == ["max_", "points_r0_", "x1st"]


def test_there_is_no_band_without_bands_and_gates() -> None:
    assert "band" not in [item.get("id") for item in written(named("a"))]
    banded = named("a").model_copy(update={"bands": (ScoreBand(name="-"),)})
    assert cells(written(banded), "band") == [["-", '"-"']]


def test_it_is_written_the_same_every_time() -> None:
    assert dmn.export(card(), Options()).files == dmn.export(card(), Options()).files
