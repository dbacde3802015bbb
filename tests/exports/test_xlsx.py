"""What the workbook holds, what its formulas stay within, and what is refused by name."""

from __future__ import annotations

import re
import zipfile
from io import BytesIO
from itertools import pairwise

import pytest
from cases import card, hostile
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from python_calamine import CalamineWorkbook

from calibrate.document.lead_score import outcome, outcome_of, score_lead
from calibrate.document.rules import (
    Attribute,
    Case,
    Gate,
    GateThen,
    GateWhen,
    Group,
    Has,
    In,
    Range,
    Rule,
    Rules,
    ScoreBand,
    WorkedLead,
)
from calibrate.document.worked import worked_leads
from calibrate.exports.exporting import export_rules
from calibrate.exports.sheets.lead_columns import Column, Sheets, lead_columns
from calibrate.exports.sheets.rule_lines import rule_lines
from calibrate.exports.target import ExportError, Options

NAMES = {"s": "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"}
KNOWN = {"AND", "CHAR", "COUNTA", "EXACT", "FIND", "IF", "IFERROR", "INDEX", "ISNUMBER", "MATCH", "MAX", "MIN", "NA",
         "OR", "ROW", "ROWS", "SUBSTITUTE", "SUM", "SUMPRODUCT"}  # fmt: skip


def text_rule(*texts: str, kind: str = "text", separator: str | None = None) -> Rules:
    whens = [Has(has=text) if kind == "set" else In(in_=(text,)) for text in texts]
    rule = Rule(id="r", attr="a", cases=tuple(Case(when=when, points=1) for when in whens))
    return Rules(
        id="x",
        version="1",
        rules=(rule,),
        attributes={"a": Attribute.model_validate({"type": kind, "separator": separator})},
    )


def many_rules(count: int) -> Rules:
    rules = tuple(Rule(id=f"r{number}", attr="a", missing=1) for number in range(count))
    return Rules(id="x", version="1", attributes={"a": Attribute(type="text")}, rules=rules)


def booked(rules: Rules) -> bytes:
    return export_rules(rules, "xlsx")[0].export.files["rules.xlsx"]


def sheet_values(rules: Rules, name: str) -> list[list[object]]:
    book = CalamineWorkbook.from_filelike(BytesIO(booked(rules)))
    return [list(row) for row in book.get_sheet_by_name(name).to_python(skip_empty_area=False)]


def parts(rules: Rules) -> dict[str, bytes]:
    with zipfile.ZipFile(BytesIO(booked(rules))) as book:
        return {name: book.read(name) for name in book.namelist()}


def written_formulas(rules: Rules) -> list[str]:
    sheets = [etree.fromstring(text) for name, text in parts(rules).items() if name.startswith("xl/worksheets/sheet")]
    return [item.text or "" for sheet in sheets for item in sheet.iter(f"{NAMES['s']}f", f"{NAMES['s']}formula")]


def refusals(rules: Rules, **names: str) -> list[str]:
    with pytest.raises(ExportError) as caught:
        export_rules(rules, "xlsx", Options(fields=names))
    return str(caught.value).splitlines()


def test_the_same_rules_give_the_same_bytes() -> None:
    assert booked(card()) == booked(card())


def test_worked_leads_show_our_scores_before_anything_is_calculated() -> None:
    title, _, header, *rows = sheet_values(card(), "Check")
    leads = worked_leads(card())
    assert title[1] == f"All {len(leads)} agree"
    score, stated = header.index("Score"), header.index("Stated score")
    for row, item in zip(rows, leads, strict=True):
        expected = score_lead(card(), item.lead)
        assert row[score : score + 2] == row[stated : stated + 2] == [expected.score, expected.band]


def test_a_text_that_looks_like_a_formula_or_a_number_stays_a_text() -> None:
    lines = sheet_values(hostile(), "Rules")
    texts = [row[3] for row in lines]
    assert "=1+1" in texts
    assert "10" in texts
    assert "10.0" in texts
    assert not any(formula.startswith("1+1") for formula in written_formulas(hostile()))
    columns = etree.fromstring(parts(card())["xl/worksheets/sheet2.xml"])
    styles = etree.fromstring(parts(card())["xl/styles.xml"])
    formats = [item.get("numFmtId") for item in styles.find(f"{NAMES['s']}cellXfs")]
    shown = [formats[int(item.get("style", "0"))] for item in columns.iter(f"{NAMES['s']}col")]
    assert shown[1:4:2] == ["49", "49"], "Industry and Phone take texts, format @"


@pytest.mark.parametrize("rules", [card(), hostile(), text_rule(*map(str, range(500))), many_rules(300)])
def test_formulas_stay_within_what_excel_2010_and_libreoffice_run(rules: Rules) -> None:
    found = written_formulas(rules)
    assert found
    for formula in found:
        functions = set(re.findall(r"([A-Z0-9.]+)\(", formula))
        assert functions <= KNOWN | {"ISNA"}
        assert len(formula) <= 8_192
        assert deepest(formula) <= 64
        assert all(len(text) <= 255 for text in re.findall('"([^"]*)"', formula))


def deepest(formula: str) -> int:
    depth = most = 0
    for mark in re.sub('"[^"]*"', "", formula):
        depth += (mark == "(") - (mark == ")")
        most = max(most, depth)
    return most


def test_sheets_print_on_a4_across_keep_their_header_in_sight_and_merge_nothing() -> None:
    sheets = {name: text.decode() for name, text in parts(card()).items() if name.startswith("xl/worksheets/sheet")}
    assert len(sheets) == 5
    assert all('paperSize="9"' in text and 'orientation="landscape"' in text for text in sheets.values())
    assert all("mergeCell" not in text for text in sheets.values())
    assert sum('state="frozen"' in text for text in sheets.values()) == 3


def named_columns(rules: Rules) -> dict[str, Column]:
    return {
        column.header: column for column in lead_columns(Sheets.of(rules, {name: name for name in rules.attributes}))
    }


@pytest.mark.parametrize("rules", [card(), hostile()])
def test_no_two_columns_have_one_header(rules: Rules) -> None:
    columns = lead_columns(Sheets.of(rules, {name: name for name in rules.attributes}), checked=True)
    assert len({column.header for column in columns}) == len(columns)


def test_columns_that_are_put_in_may_change_places() -> None:
    """Where a column is moved, references to a cell follow it; a range that ends in it would take in others."""
    columns = lead_columns(Sheets.of(card(), {name: name for name in card().attributes}))
    inputs = {column.letters for column in columns if column.formula is None}
    ranges = [pair for column in columns for pair in re.findall(r"(?<!!)\$([A-Z]+)#:\$([A-Z]+)#", column.formula or "")]
    assert ranges
    assert not inputs & {letters for pair in ranges for letters in pair}
    assert (
        named_columns(card())["Cells filled"].formula == f"COUNTA({','.join(f'${item}#' for item in sorted(inputs))})"
    )


def test_a_text_that_no_line_names_is_marked() -> None:
    columns = named_columns(card())
    lines = sheet_values(card(), "Rules")
    country = [row for row, line in enumerate(lines, start=1) if line[1] == "Country" and line[3]]
    marked = columns["Country"].unnamed or ""
    spans = re.findall(r"EXACT\(\$[A-Z]+#,Rules!\$D\$(\d+):\$D\$(\d+)\)", marked)
    assert [row for first, last in spans for row in range(int(first), int(last) + 1)] == country
    assert columns["Phone"].unnamed is None, "no line names a phone"
    assert columns["Company"].unnamed is None, "gates alone name a company"
    assert columns["Pages"].unnamed is columns["Employees"].unnamed is None
    words = written_formulas(card())
    assert not any(re.search("TRUE|FALSE", test) for test in words if "=0,1,0" in test)


def test_the_first_leads_are_printed_and_no_empty_pages() -> None:
    names = etree.fromstring(parts(card())["xl/workbook.xml"]).findall(f"{NAMES['s']}definedNames/*")
    areas = {item.get("name"): item.text for item in names if item.get("localSheetId") == "1"}
    assert re.fullmatch(r"Leads!\$A\$1:\$[A-Z]+\$41", areas["_xlnm.Print_Area"])
    assert "The first 40 leads are printed." in str(sheet_values(card(), "Read me"))


def test_read_me_has_no_marks_of_another_language() -> None:
    assert "`" not in str(sheet_values(card(), "Read me"))


def test_a_file_of_many_rules_has_fewer_rows_with_formulas() -> None:
    said = [str(sheet_values(rules, "Read me")) for rules in (card(), many_rules(300))]
    assert "in the first 1,000 rows" in said[0]
    assert re.search(r"in the first \d\d rows", said[1])


def test_evidence_and_labels_are_there_to_be_read() -> None:
    rule = Rule(id="r", attr="a", label="Sector\x01", cases=(Case(when=In(in_=("x",)), points=3, label="=label"),))
    rules = Rules(id="x", version="1", attributes={"a": Attribute(type="text")}, rules=(rule,))
    assert sheet_values(rules, "Rules")[3][:7] == ["Sector ", "a", "=label", "x", "", "", 3]


edges = st.lists(st.integers(-20, 20), min_size=2, max_size=8, unique=True).map(sorted)


@given(edges, st.sets(st.integers(0, 6)), st.booleans(), st.booleans(), st.integers(-25, 25))
def test_lines_of_ranges_give_the_points_of_the_rule(
    ends: list[int], gaps: set[int], low: bool, high: bool, value: int
) -> None:
    """The line after as many lines as start at the value or below, as the formula counts them."""
    bins = pairwise([*([None] if low else []), *ends, *([None] if high else [])])
    whens = [Range(ge=start, lt=end) for place, (start, end) in enumerate(bins) if place not in gaps]
    cases = tuple(Case(when=when, points=place + 1) for place, when in enumerate(whens))
    rule = Rule(id="r", attr="n", cases=cases, otherwise=-1)
    rules = Rules(id="x", version="1", attributes={"n": Attribute(type="number")}, rules=(rule,))
    lines = rule_lines(rules)
    found = [lines.lines[row - 4] for row in lines.rules[0].rows]
    expected = outcome(rules, rule, outcome_of(rule, float(value)))[0]
    if not cases:
        assert not found
    else:
        assert found[sum(line.start is not None and value >= line.start for line in found)].points == expected
        assert [line.end for line in found[:-1]] == [line.start for line in found[1:]]


def test_an_attribute_may_be_called_as_a_spreadsheet_may_not() -> None:
    rules = text_rule("x").model_copy(update={"attributes": {"a\x01": Attribute(type="text")}})
    rules = rules.model_copy(update={"rules": (Rule(id="r", attr="a\x01", missing=1),)})
    made = export_rules(rules, "xlsx")[0].export
    assert made.inputs[0].field == "a "
    assert any("is called 'a '" in note for note in made.notes)


def test_a_rule_of_many_texts_takes_a_program_with_arrays_and_the_export_says_so() -> None:
    few, many = (export_rules(text_rule(*map(str, range(count))), "xlsx")[0].export.notes for count in (40, 41))
    assert not any("arrays" in note for note in few)
    assert any("names 41 texts" in note and "#N/A" in note for note in many)


def test_names_that_cannot_be_columns_are_refused() -> None:
    rules = Rules(
        id="x",
        version="1",
        attributes={name: Attribute(type="text") for name in ("a\x01", "a\x02", "Score", "b")},
        rules=tuple(Rule(id=f"r{n}", attr=name, missing=1) for n, name in enumerate(("a\x01", "a\x02", "Score", "b"))),
    )
    found = refusals(rules, b="n" * 256)
    assert [line for line in found if "found the field 'a '" in line]
    assert [line for line in found if "found the name of a result, 'Score'" in line]
    assert [line for line in found if "attribute 'b'" in line and "expected one that xlsx can say" in line]


@pytest.mark.parametrize(
    ("rules", "part"),
    [
        (text_rule("a\x00b"), "rules[0].cases[0].when.in[0]: found 'a\\x00b', expected a text without control"),
        (text_rule("x" * 32_768), "rules[0].cases[0].when.in[0]: found a text of 32,768 characters"),
        (text_rule("🙂" * 16_384), "found a text of 32,768 characters, expected at most 32,767"),
        (text_rule("a;b", kind="set"), "when.has: found 'a;b', expected a text without the separator ';'"),
        (text_rule("a,b", kind="set", separator=","), "expected a text without the separator ','"),
        (text_rule(" a", kind="set"), "when.has: found ' a', expected no space at its ends"),
        (text_rule("a\t\nb", kind="set"), "expected no tab beside a new line"),
        (text_rule("x" * 32_766, kind="set"), "found a text of 32,768 characters"),
        (text_rule("a", kind="set", separator="::"), "attributes.a.separator: found '::'"),
        (text_rule("a", kind="set", separator=" "), "attributes.a.separator: found ' ', expected more than spaces"),
        (text_rule("a", kind="set", separator="; "), "separator: found '; ', expected no space at its ends, for none"),
        (many_rules(16_380), "rules: found 16,391 columns for 16,380 rules, expected at most 16,384"),
    ],
)
def test_what_cells_cannot_hold_is_refused_by_name(rules: Rules, part: str) -> None:
    found = refusals(rules)
    assert len(found) == 1
    assert found[0].startswith("xlsx: ")
    assert part in found[0]


@pytest.mark.parametrize("edge", [0.1 + 0.2, 12345678901234567.0, 1.5e308, 1e-310])
def test_numbers_that_a_spreadsheet_does_not_tell_apart_are_refused(edge: float) -> None:
    rule = Rule(id="r", attr="n", cases=(Case(when=Range(lt=edge), points=1), Case(when=Range(ge=edge), points=2)))
    rules = Rules(id="x", version="1", attributes={"n": Attribute(type="number")}, rules=(rule,))
    found = refusals(rules)
    assert [line.split(": ")[1] for line in found] == ["rules[0].cases[0].when.lt", "rules[0].cases[1].when.ge"]
    assert all(repr(edge) in line for line in found)


def test_every_fault_is_told_at_once() -> None:
    rules = text_rule("a\x00b", "c\x01").model_copy(
        update={
            "bands": (ScoreBand(name="\x02"),),
            "gates": (Gate(id="g", when=GateWhen(attr="a", in_=("\x03",)), then=GateThen(score=1, band="\x04")),),
        }
    )
    places = [line.split(": ")[1] for line in refusals(rules, a="Band")]
    assert places == [
        "attribute 'a'", "rules[0].cases[0].when.in[0]", "rules[0].cases[1].when.in[0]", "gates[0].when.in[0]",
        "gates[0].then.band", "bands[0].name",
    ]  # fmt: skip


def test_a_worked_lead_that_cells_cannot_hold_is_left_out_of_the_check() -> None:
    rules = text_rule("x").model_copy(
        update={"tests": (WorkedLead(lead={"a": "x"}, score=1), WorkedLead(lead={"a": "\x01"}, score=0))}
    )
    assert sheet_values(rules, "Check")[0][1] == "All 1 agree"
    none = rules.model_copy(update={"tests": rules.tests[1:]})
    assert sheet_values(none, "Check")[0][1] == "No worked leads"


def test_a_group_without_bounds_or_rules_has_its_cells_all_the_same() -> None:
    rules = text_rule("x").model_copy(update={"groups": {"fit": Group(), "calls": Group(min=5)}})
    headers = [column.header for column in lead_columns(Sheets.of(rules, {"a": "a"}))]
    assert headers == [
        "Lead", "a", "Score", "Band", "Sum: no group", "Sum: fit", "Sum: calls", "Points: a", "Cells filled",
    ]  # fmt: skip
    assert [row[:3] for row in sheet_values(rules, "Bands") if row[0] in ("fit", "calls")] == [
        ["fit", "", ""], ["calls", 5, ""],
    ]  # fmt: skip
