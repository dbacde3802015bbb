"""Which kind a file is, what every import gives, and files that are none."""

from __future__ import annotations

import contextlib
import hashlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibrate.document.lint import faults as lint
from calibrate.document.worked import worked_leads
from calibrate.errors import CalibrateError, DataError, SettingsError
from calibrate.exports.targets.table import COLUMNS
from calibrate.imports import content
from calibrate.imports.importing import import_rules, kinds

SHEET = "attribute,value,points\nIndustry,Software,15\nDemo,yes,25\n"
EXAMPLES = {
    "csv": SHEET,
    "jsonlogic": {"+": [1, {"if": [{"===": [{"var": "demo"}, True]}, 25, 0]}]},
    "marketo": {"result": [{"tokens": [{"name": "Demo", "type": "score", "value": "25"}]}]},
    "mautic": {"points": [{"name": "Demo", "delta": 25}]},
    "odoo": [
        {"variable": "country_id", "value": value, "won_count": won + 0.1, "lost_count": lost + 0.1}
        for value, won, lost in (("1", 40, 60), ("2", 110, 790))
    ],
    "zoho": {
        "scoring_rules": [
            {
                "field_rules": [
                    {"score": 5, "criteria": {"field": {"api_name": "A"}, "comparator": "equal", "value": "x"}}
                ]
            }
        ]
    },
}


@pytest.mark.parametrize("kind", EXAMPLES)
def test_the_kind_is_known_by_the_content(kind, imported):
    guessed, given = imported(EXAMPLES[kind]), imported(EXAMPLES[kind], kind=kind)
    assert guessed == given
    assert set(kinds()) == set(EXAMPLES)


@pytest.mark.parametrize("kind", EXAMPLES)
def test_every_import_proves_itself(kind, imported, tmp_path):
    rules = imported(EXAMPLES[kind]).rules
    assert lint(rules) == ()
    assert rules.tests == worked_leads(rules)
    assert rules.bands == ()
    (path,) = tmp_path.iterdir()
    assert (rules.made_by.source, rules.made_by.sha256) == (path.name, hashlib.sha256(path.read_bytes()).hexdigest())


@pytest.mark.parametrize("kind", [kind for kind in EXAMPLES if kind != "odoo"])
def test_points_that_exist_have_no_evidence(kind, imported):
    rules = imported(EXAMPLES[kind]).rules
    assert rules.baseline is None
    assert all(case.evidence is None for rule in rules.rules for case in rule.cases)


def test_another_kind_than_it_is_refused(imported):
    with pytest.raises(DataError, match="expected a scoring rule of Zoho CRM"):
        imported(EXAMPLES["mautic"], kind="zoho")
    with pytest.raises(SettingsError, match="did you mean 'zoho'"):
        imported(SHEET, kind="zohoo")


def test_attributes_are_called_as_the_leads_have_them(imported):
    rules = imported(SHEET, attributes={"Demo": "Requested demo"}).rules
    assert list(rules.attributes) == ["Industry", "Requested demo"]
    assert {rule.attr for rule in rules.rules} == set(rules.attributes)
    assert all(set(test.lead) <= set(rules.attributes) for test in rules.tests)


@pytest.mark.parametrize("names", [{"Dem": "x"}, {"Demo": "Industry"}])
def test_names_that_do_not_fit_are_refused(names, imported):
    with pytest.raises(SettingsError, match=r"^attributes: found "):
        imported(SHEET, attributes=names)


HOSTILE = {
    "not json": (b'{"+": [1, ', "is not JSON"),
    "no text": (b'{"+": [\xff\xfe]}', "not UTF-8"),
    "utf-16": ('{"+": [1]}'.encode("utf-16"), "not UTF-8"),
    "half a character": (b'{"a": "\\ud800"}', "holds what no JSON may"),
    "nan": (b'{"+": [NaN]}', "holds what no JSON may"),
    "thousands of digits": (b'{"+": [' + b"1" * 10_000 + b"]}", "holds what no JSON may"),
    "deep": (b'{"+":[' * 100_000 + b"1" + b"]}" * 100_000, "nested too deep"),
    "number": (b"12", "expected an object or a list"),
    "empty": (b"", "is not JSON"),
    "nothing": (b"{}", "nothing named"),
    "leads": (b'[{"id": 1, "name": "Ann"}]', "with 'id', 'name'"),
    "rules": (b'{"format": "leadscore-rules/1.0"}', "with 'format'"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_that_is_no_points_is_refused_in_a_line(name, imported):
    data, fault = HOSTILE[name]
    with pytest.raises(DataError) as caught:
        imported(data, name="points.json")
    assert fault in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("depth", [100, 300, 800, 3000])
def test_depth_ends_in_an_error_or_in_rules(depth, imported):
    logic = {"if": [{"===": [{"var": "a"}, True]}, 1, 0]}
    text = json.dumps(logic)
    with pytest.raises(CalibrateError):
        imported('{"+":[' * depth + "{}" + "]}" * depth, name="deep.json")
    with contextlib.suppress(DataError):  # too deep
        assert len(imported('{"+":[' * depth + text + "]}" * depth, name="deep.json").rules.rules) == 1


KEYS = (
    "if", "+", "max", "min", "and", "or", "===", "in", "<", ">=", "var", "score", "band", "format", "points", "point",
    "name", "delta", "type", "value", "tokens", "result", "records", "variable", "won_count", "lost_count",
    "scoring_rules", "field_rules", "signal_rules", "signal", "namespace", "criteria", "field", "api_name",
    "comparator", "group", "group_operator", "repeatable", "isPublished", "made_from", "id",
)  # fmt: skip
WORDS = st.sampled_from(
    ("", "x", "score", "equal", "between", "JsonLogic", "${EMPTY}", "10", "2.5", "1e400", "or", "and")
)
leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | WORDS
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=25,
)
seeds = st.sampled_from([json.loads(json.dumps(value)) for kind, value in EXAMPLES.items() if kind != "csv"])


@st.composite
def spoiled(draw):
    """A good file in which something else stands somewhere."""
    value = json.loads(json.dumps(draw(seeds)))
    at = value
    while True:
        places = list(at) if isinstance(at, dict) else range(len(at))
        if not places:
            return value
        place = draw(st.sampled_from(list(places)))
        if not isinstance(at[place], dict | list) or draw(st.booleans()):
            at[place] = draw(values)
            return value
        at = at[place]


@settings(max_examples=300)
@given(values.filter(lambda value: isinstance(value, dict | list)) | spoiled())
def test_whatever_stands_in_json_is_read_or_refused(value):
    content_ = content.Content("points.json", json=value)
    for kind in kinds().values():
        if kind.spots(content_):
            with contextlib.suppress(CalibrateError):
                rules = kind.read(content_).rules
                worked_leads(rules)


cells = st.text(max_size=6) | st.sampled_from(
    ("10-49", "50+", "1.000", "yes", "5", "2.5", "case", "range", "in", "-1e999")
)


@settings(max_examples=200)
@given(
    st.sampled_from([
        ("attribute", "value", "points"), ("name", "type", "value"), ("variable", "value", "won_count", "lost_count"),
        COLUMNS,
    ]).flatmap(
        lambda columns: st.lists(
            st.lists(cells, min_size=len(columns), max_size=len(columns)).map(
                lambda row: dict(zip(columns, row, strict=True))
            ),
            max_size=6,
        ).map(lambda rows: content.Table(columns, tuple(rows)))
    )
)  # fmt: skip
def test_whatever_stands_in_a_table_is_read_or_refused(table):
    content_ = content.Content("points.csv", table)
    for kind in kinds().values():
        if kind.spots(content_):
            with contextlib.suppress(CalibrateError):
                worked_leads(kind.read(content_).rules)


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        import_rules(tmp_path / "points.json")
    with pytest.raises(DataError, match="is a folder"):
        import_rules(tmp_path)


def test_a_huge_file_is_not_read(imported, monkeypatch):
    monkeypatch.setattr(content, "MOST_BYTES", 40)
    with pytest.raises(DataError, match="is this a file of leads"):
        imported(SHEET)


def test_a_table_of_very_many_rows_is_not_read(imported, monkeypatch):
    monkeypatch.setattr(content, "MOST_ROWS", 10)
    with pytest.raises(DataError, match="found more than 10 rows"):
        imported("attribute,value,points\n" + "a,b,1\n" * 11)


def test_a_history_of_leads_is_not_taken_for_points(faults):
    rows = "".join(f"a{place},x,1\n" for place in range(5001))
    assert faults("attribute,value,points\n" + rows) == (
        "found 5,001 points, expected at most 5,000; is this a file of leads?",
    )


def test_an_empty_table_is_told(faults):
    assert faults("attribute,value,points\n") == ("found no points, expected a few; check what wrote it",)
