"""The flat table: everything that changes a score comes back as it was."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
import xlsxwriter
from cases import card, hostile, sample_trials
from drawn import documents
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from texts import HOSTILE

from calibrate.document.rules import Attribute, Case, Group, In, Rule, Rules, Score
from calibrate.document.worked import worked_leads
from calibrate.exports.exporting import export_rules
from calibrate.exports.target import ExportError, Options
from calibrate.exports.targets.table import guarded, unguarded
from calibrate.imports.importing import import_rules


def table(rules, **options):
    return export_rules(rules, "csv", Options(**options))[0].export.files["rules.csv"]


def read_back(rules, folder, **options):
    path = folder / "rules.csv"
    path.write_bytes(table(rules, **options))
    return import_rules(path).rules


def bare(rules):
    """What the table holds: all but the evidence and what is made of it."""
    none = {"evidence": None}
    return rules.model_copy(
        update={
            "threshold": None,
            "schema_": None, "baseline": None, "reference": None, "probability": None, "made_by": None, "tests": (),
            "rules": tuple(
                rule.model_copy(
                    update={
                        "cases": tuple(case.model_copy(update=none) for case in rule.cases),
                        "otherwise_evidence": None, "missing_evidence": None,
                    }
                )
                for rule in rules.rules
            ),
            "bands": tuple(band.model_copy(update={"leads_share": None, "rate": None}) for band in rules.bands),
        }
    )  # fmt: skip


def with_texts(texts, count=1):
    rules = tuple(
        Rule(id=f"r{place}", attr="a", cases=tuple(Case(when=In(in_=(text,)), points=1) for text in texts))
        for place in range(count)
    )
    return Rules(id="x", version="1", attributes={"a": Attribute(type="text")}, rules=rules)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("table")


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(documents())
def test_a_drawn_document_comes_back(folder, rules):
    back = read_back(rules, folder)
    assert bare(back) == bare(rules)
    assert back.tests == worked_leads(rules)  # scores, bands and reasons


@pytest.mark.parametrize("rules", [card(), hostile()], ids=lambda rules: rules.id)
def test_a_document_comes_back(folder, rules):
    assert bare(read_back(rules, folder)) == bare(rules)


def test_learned_rules_come_back(folder):
    for trial in sample_trials():
        assert bare(read_back(trial.rules, folder)) == bare(trial.rules)


def test_scale_and_labels_come_back(folder):
    rules = card().model_copy(
        update={
            "score": Score(base=-5, min=-1, max=7, pdo=20.5, unit=0.1),
            "groups": card().groups | {"x": Group(max=0)},
        }
    )
    assert bare(read_back(rules, folder)) == bare(rules)


@given(st.text() | st.sampled_from(HOSTILE))
def test_the_guard_comes_off_exactly(text):
    assert unguarded(guarded(text)) == text
    assert not guarded(text).startswith(("=", "+", "-", "@", "\t"))


def test_no_cell_of_text_is_a_formula():
    rules = with_texts(("=1+1", "+31", "-x", "@SUM(A1)", "'quoted", "\t=1"))
    rows = list(csv.DictReader(io.StringIO(table(rules).decode(), newline="")))
    values = [row["value"] for row in rows if row["part"] == "case"]
    assert values == ["'=1+1", "'+31", "'-x", "'@SUM(A1)", "''quoted", "'\t=1"]


def test_numbers_are_not_guarded():
    rules = with_texts(("a",)).model_copy(update={"score": Score(base=-3, min=-10)})
    (row,) = (row for row in csv.DictReader(io.StringIO(table(rules).decode())) if row["part"] == "score")
    assert (row["points"], row["min"]) == ("-3", "-10")


def test_an_edge_is_the_shortest_text_of_its_double(folder):
    rules = card()
    edges = (0.1 + 0.2, 1e16, 5e-324, -1e308)
    cases = tuple(Case(when={"ge": edge}, points=1) for edge in edges)
    attributes = rules.attributes | {f"n{place}": Attribute(type="number") for place in range(4)}
    more = tuple(Rule(id=f"n{i}", attr=f"n{i}", cases=(case,)) for i, case in enumerate(cases))
    changed = rules.model_copy(update={"attributes": attributes, "rules": (*rules.rules, *more)})
    text = table(changed).decode()
    assert all(repr(edge) in text for edge in edges)
    assert bare(read_back(changed, folder)) == bare(changed)


def test_it_opens_again_from_a_european_spreadsheet(folder):
    """Saved anew with semicolons, Windows line ends and a mark at the front."""
    rows = csv.reader(io.StringIO(table(card()).decode(), newline=""))
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=";", lineterminator="\r\n").writerows(rows)
    path = folder / "again.csv"
    path.write_bytes(file.getvalue().encode("utf-8-sig"))
    assert bare(import_rules(path).rules) == bare(card())


def test_it_opens_again_from_a_workbook(folder):
    """Where a spreadsheet has made numbers of what looks like them."""
    path = folder / "again.xlsx"
    with xlsxwriter.Workbook(path, {"strings_to_numbers": True}) as book:
        sheet = book.add_worksheet()
        for place, row in enumerate(csv.reader(io.StringIO(table(card()).decode(), newline=""))):
            sheet.write_row(place, 0, row)
    assert bare(import_rules(path).rules) == bare(card())


def test_there_is_no_limit_of_cases_and_rules(folder):
    many = with_texts([f"v{place}" for place in range(500)], count=3)
    assert bare(read_back(many, folder)) == bare(many)
    rules = with_texts(("a",), count=300)
    assert bare(read_back(rules, folder)) == bare(rules)


def refused(rules, **options):
    with pytest.raises(ExportError) as caught:
        export_rules(rules, "csv", Options(**options))
    return caught.value.faults


def test_what_it_cannot_hold_is_refused_all_at_once():
    rules = with_texts(("a\rb", "ok", "nul\0")).model_copy(update={"title": "bell\a", "groups": {"": Group()}})
    faults = refused(rules)
    assert len(faults) == 4
    assert all(fault.startswith("csv: ") and ", expected " in fault for fault in faults)
    assert any("case r0, value: found '\\r' in 'a\\rb'" in fault for fault in faults)


def test_names_that_collide_are_refused():
    attributes = {"a": Attribute(type="text"), "b": Attribute(type="text"), "c": Attribute(type="text")}
    rules = Rules(id="x", version="1", attributes=attributes, rules=tuple(Rule(id=name, attr=name) for name in "ab"))
    assert "found the field 'b'" in refused(rules, fields={"a": "b"})[0]
    assert "another attribute" in refused(rules, fields={"a": "c"})[0]
    assert "one that csv can say" in refused(rules, fields={"a": ""})[0]


def test_another_name_is_the_name_in_the_table(folder):
    back = read_back(card(), folder, fields={"Industry": "industry__c"})
    assert "industry__c" in back.attributes
    assert "Industry" not in back.attributes
