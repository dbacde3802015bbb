import json
import math
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from scipy.stats import percentileofscore

from calibrate.document.lead_score import standing_of
from calibrate.document.rules import (
    Attribute,
    Case,
    Evidence,
    Gate,
    GateThen,
    GateWhen,
    Group,
    Has,
    In,
    Is,
    Probability,
    Range,
    Reference,
    Rule,
    Rules,
    Score,
    ScoreBand,
)
from calibrate.document.rules_file import rules_text
from calibrate.document.score_table import score_table
from calibrate.document.scoring import Reason, TableScorer, score_lead
from calibrate.document.worked import worked_leads
from calibrate.errors import DataError
from calibrate.reading.dialect import ReadingOptions

HOSTILE = (
    'O\'Brien & "Co" <x>',
    "a\\b",
    "two\nlines",
    "🙂",
    "{{x}} ${y}",
    "%_",
    "é",
    "e\u0301",
    "TRUE",
    "true",
    "10",
    " ",
)
EDGES = (-1.0, 0.0, 10.0, 99.5)


def text_of(value):
    """A category's value as S7 of the format has it; the second implementation below uses it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def plain_score(document, lead):
    """The format's semantics over its JSON, written down a second time and without sharing code."""

    def value_of(attr):
        value = lead.get(attr)
        if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
            return None
        kind = document["attributes"][attr]["type"]
        if kind == "set" and isinstance(value, str):
            return [part.strip() for part in value.split(document["attributes"][attr]["separator"])]
        return text_of(value) if kind in ("category", "text") else value

    def true(when, value):
        if "in" in when:
            return value in when["in"]
        if "is" in when:
            return value is when["is"]
        if "has" in when:
            return when["has"] in value
        return when.get("ge", -math.inf) <= value < when.get("lt", math.inf) or (value == math.inf and "lt" not in when)

    bands = document.get("bands", [])
    for gate in document.get("gates", []):
        value = value_of(gate["when"]["attr"])
        if value is not None and true(gate["when"], value):
            return gate["then"]["score"], gate["then"].get("band", "?")
    sums = {}
    for rule in document["rules"]:
        value = value_of(rule["attr"])
        if value is None:
            points = rule["missing"]
        else:
            points = next((case["points"] for case in rule["cases"] if true(case["when"], value)), rule["otherwise"])
        sums[rule.get("group")] = sums.get(rule.get("group"), 0) + points
    for name, group in document["groups"].items():
        sums[name] = max(min(sums.get(name, 0), group.get("max", 10**9)), group.get("min", -(10**9)))
    score = document["score"]
    total = max(min(score["base"] + sum(sums.values()), score.get("max", 10**9)), score.get("min", -(10**9)))
    return total, next((band["name"] for band in bands if total >= band.get("from", -(10**9))), None)


small = st.integers(-30, 30)
words = st.sampled_from(HOSTILE) | st.text(st.characters(codec="utf-8"), min_size=1, max_size=3)
evidence = st.none() | st.just(Evidence(leads=9, conversions=1))


@st.composite
def rule(draw, number, attr, kind):
    if kind in ("category", "text"):
        values = draw(st.lists(words, max_size=5, unique=True))
        cut = draw(st.integers(0, len(values)))
        whens = [In(in_=tuple(part)) for part in (values[:cut], values[cut:]) if part]
    elif kind == "number":
        edges = sorted(draw(st.sets(st.sampled_from(EDGES), min_size=1)))
        bins = list(zip([None, *edges], [*edges, None], strict=True))
        whens = [Range(ge=low, lt=high) for low, high in bins if draw(st.integers(0, 4))]
    elif kind == "boolean":
        whens = [Is(is_=truth) for truth in draw(st.sampled_from([(), (True,), (False,), (False, True)]))]
    else:
        whens = [Has(has=member) for member in draw(st.lists(words.filter(str.strip), max_size=2, unique=True))]
    return Rule(
        id=f"r{number}",
        attr=attr,
        group=draw(st.sampled_from([None, "fit", "engagement"])),
        label=draw(st.none() | words),
        cases=tuple(Case(when=when, points=draw(small), label=draw(st.none() | words)) for when in whens),
        otherwise=draw(small),
        missing=draw(small),
        otherwise_evidence=draw(evidence),
    )


@st.composite
def rules_documents(draw):
    kinds = {"a": "category", "b 'x' \"y\"": "number", "c": "boolean", "d": "set", "e": "text"}
    attributes = {name: Attribute(type=kind, separator=";" if kind == "set" else None) for name, kind in kinds.items()}
    named = draw(st.lists(st.sampled_from(list(kinds)), min_size=1, max_size=6))
    low, high = sorted(draw(st.tuples(small, small)))
    gate_on_text = Gate(
        id="g", label="Out", when=GateWhen(attr="a", in_=("TRUE", "é")), then=GateThen(score=-3, band="out")
    )
    gate_on_truth = Gate(id="h", when=GateWhen(attr="c", is_=draw(st.booleans())), then=GateThen(score=draw(small)))
    return Rules(
        id="x",
        version="1",
        score=Score(base=draw(small), min=draw(st.none() | st.just(-40)), max=draw(st.none() | st.just(40))),
        attributes=attributes,
        gates=draw(st.sampled_from([(), (gate_on_text,), (gate_on_truth, gate_on_text)])),
        groups={"fit": Group(label="Who", max=high), "engagement": Group(min=low, max=draw(st.none() | st.just(high)))},
        rules=tuple(draw(rule(number, name, kinds[name])) for number, name in enumerate(named)),
        bands=draw(st.sampled_from([(), (ScoreBand(name="A", from_=20), ScoreBand(name="B"))])),
        reference=draw(st.none() | st.just(Reference(population="p", leads=6, scores=(-5, 0, 7), counts=(1, 2, 3)))),
        probability=draw(st.none() | st.just(Probability(fitted_on="p", intercept=-2, slope=0.05))),
    )


members = st.lists(words.filter(lambda text: text.strip() == text and ";" not in text), max_size=3)
numbers = st.sampled_from([*EDGES, -1.5, 9.999999, 10.000001, math.nan, math.inf]) | st.floats(allow_infinity=False)
leads = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "a": st.none() | st.just("") | words,
            "b 'x' \"y\"": st.none() | numbers,
            "c": st.none() | st.booleans(),
            "d": st.none() | members.map(";".join) | st.just(""),
            "e": st.none() | words,
            "not an attribute": words,
        },
    ),
    max_size=8,
)  # fmt: skip
TYPES = {"a": pa.string(), "b 'x' \"y\"": pa.float64(), "c": pa.bool_(), "d": pa.string(), "e": pa.large_string()}


def arrow(rows, encoded):
    arrays = {}
    for name, of in TYPES.items():
        if not rows or any(name in lead for lead in rows):
            array = pa.array([lead.get(name) for lead in rows], of)
            arrays[name] = array.dictionary_encode() if encoded and not pa.types.is_floating(of) else array
    return pa.table(arrays) if arrays else pa.table({"other": pa.nulls(len(rows))})


@settings(max_examples=250, deadline=None)
@given(rules_documents(), leads, st.booleans(), st.integers(0, 4))
def test_tables_and_leads_score_the_same(rules, rows, encoded, reasons):
    scored = TableScorer(rules, reasons).score(arrow(rows, encoded))
    for number, lead in enumerate(rows):
        one = score_lead(rules, lead, reasons)
        assert scored.score[number].as_py() == one.score
        assert scored.band[number].as_py() == one.band
        assert scored.percentile[number].as_py() == one.percentile
        assert scored.probability[number].as_py() == one.probability
        assert scored.reasons[number].as_py() == "; ".join(reason.text for reason in one.reasons)
    assert len(scored.score) == len(scored.reasons) == len(rows)


@settings(max_examples=250, deadline=None)
@given(rules_documents(), leads)
def test_one_lead_scores_as_the_semantics_say(rules, rows):
    document = json.loads(rules_text(rules))
    for lead in rows:
        one = score_lead(rules, lead)
        score, band = plain_score(document, lead)
        assert one.score == score
        assert band in (one.band, "?")


@settings(max_examples=100, deadline=None)
@given(rules_documents(), leads)
def test_all_reasons_add_up_to_the_score(rules, rows):
    for lead in rows:
        one = score_lead(rules, lead, reasons=99)
        assert [abs(item.points) for item in one.reasons] == sorted((abs(r.points) for r in one.reasons), reverse=True)
        if one.gate is None:
            total = rules.score.base + sum(reason.points for reason in one.reasons)
            low, high = rules.score.min, rules.score.max
            assert one.score == min(max(total, -(10**9) if low is None else low), 10**9 if high is None else high)
            assert all(reason.points and reason.text.startswith(f"{reason.points:+d} ") for reason in one.reasons)


def card():
    """The worked example of the format: twelve points of fit, thirty at most for what they did."""
    return Rules(
        id="card",
        version="1",
        score=Score(base=10, min=0, max=100),
        attributes={
            "industry": Attribute(type="category", label="Industry"),
            "employees": Attribute(type="number"),
            "demo": Attribute(type="boolean", label="requested demo"),
            "pages": Attribute(type="set", separator=";"),
            "competitor": Attribute(type="boolean"),
        },
        gates=(
            Gate(
                id="competitor",
                label="Known competitor",
                when=GateWhen(attr="competitor", is_=True),
                then=GateThen(score=0, band="disqualified"),
            ),
        ),
        groups={"fit": Group(), "engagement": Group(label="engagement", max=30)},
        rules=(
            Rule(id="industry", attr="industry", group="fit", cases=(Case(when=In(in_=("10", "true")), points=12),)),
            Rule(
                id="employees",
                attr="employees",
                group="fit",
                cases=(
                    Case(when=Range(lt=10), points=-10),
                    Case(when=Range(ge=10, lt=100), points=5, label="10 to 99"),
                ),
                missing=-3,
            ),
            Rule(id="demo", attr="demo", group="engagement", cases=(Case(when=Is(is_=True), points=25),)),
            Rule(id="pricing", attr="pages", group="engagement", cases=(Case(when=Has(has="pricing"), points=20),)),
        ),
        bands=(ScoreBand(name="A", from_=40), ScoreBand(name="B")),
        reference=Reference(population="six leads", leads=6, scores=(0, 10, 40), counts=(1, 2, 3)),
        probability=Probability(fitted_on="six leads", intercept=-3, slope=0.04),
    )


def test_reasons_in_words():
    lead = {"industry": 10, "employees": 99.5, "demo": True, "pages": "docs; pricing"}
    scored = score_lead(card(), lead, reasons=9)
    assert scored.score == 10 + 12 + 5 + 30
    assert scored.reasons == (
        Reason(25, "+25 requested demo = yes"),
        Reason(20, "+20 pages = pricing"),
        Reason(-15, "-15 engagement capped at 30"),
        Reason(12, "+12 Industry = 10, true"),
        Reason(5, "+5 employees = 10 to 99"),
    )
    assert scored.band == "A"
    assert score_lead(card(), lead).reasons == scored.reasons[:3]


def test_a_gate_decides_alone():
    scored = score_lead(card(), {"competitor": True, "industry": "10", "demo": True})
    assert (scored.score, scored.band, scored.gate) == (0, "disqualified", "competitor")
    assert scored.reasons == (Reason(0, "Known competitor"),)


def test_percentile_and_probability_agree_with_scipy():
    leads_of_reference = [0, 10, 10, 40, 40, 40]
    for lead in ({}, {"demo": True}, {"industry": "10"}, {"employees": 1}, {"employees": 50, "demo": True}):
        scored = score_lead(card(), lead)
        assert scored.percentile == pytest.approx(percentileofscore(leads_of_reference, scored.score, kind="mean"))
        assert scored.probability == pytest.approx(expit(-3 + 0.04 * scored.score), rel=1e-12)


def test_probability_of_extreme_scores():
    rules = card().model_copy(update={"probability": Probability(fitted_on="x", intercept=0, slope=1e6)})
    assert score_lead(rules, {"employees": 50}).probability == 1
    rules = card().model_copy(update={"probability": Probability(fitted_on="x", intercept=0, slope=-1e6)})
    assert score_lead(rules, {"employees": 50}).probability == 0


@pytest.mark.parametrize(
    "value",
    [None, "", float("nan"), np.nan, np.float32("nan"), pd.NA, pd.NaT, np.datetime64("NaT"), Decimal("NaN")],
    ids=str,
)
def test_missing_is_missing(value):
    blank = dict.fromkeys(card().attributes, value)
    assert score_lead(card(), blank) == score_lead(card(), {})
    assert score_lead(card(), {}).score == 10 - 3


@pytest.mark.parametrize(
    "value", [10, 10.0, "10", Decimal(10), Decimal("10.00"), np.int8(10), np.float32(10), True, np.True_]
)
def test_a_category_reads_numbers_and_truths_as_plain_text(value):
    assert score_lead(card(), {"industry": value, "employees": 50}).score == 10 + 12 + 5


@pytest.mark.parametrize("value", ["TRUE", "10.0", " 10", "１０", "010", date(2026, 1, 1)])
def test_texts_are_compared_exactly(value):
    assert score_lead(card(), {"industry": value, "employees": 50}).score == 10 + 5


@pytest.mark.parametrize("value", [50, "50", " 5e1 ", "+50.", Decimal(50), np.int64(50), Fraction(50)])
def test_a_number_reads_plain_texts(value):
    assert score_lead(card(), {"employees": value}).score == 10 + 5


@pytest.mark.parametrize(
    ("attr", "value", "expected"),
    [
        ("employees", "many", "a number"),
        ("employees", "1_000", "a number"),
        ("employees", "nan", "a number"),
        ("employees", "５０", "a number"),
        ("employees", True, "a number"),
        ("employees", [1], "a number"),
        ("employees", 10**400, "a number"),
        ("employees", date(2026, 1, 1), "a number"),
        ("demo", "perhaps", "true or false"),
        ("demo", 2, "true or false"),
        ("pages", {"pricing": 1}, "a list of texts"),
        ("pages", [["pricing"]], "a list of texts"),
        ("industry", ["10"], "a text"),
        ("industry", b"10", "a text"),
    ],
)
def test_unreadable_values_are_named(attr, value, expected):
    with pytest.raises(DataError, match=rf"^lead, '{attr}': found .* expected {expected}.*; correct it"):
        score_lead(card(), {attr: value})


def test_an_unreadable_value_of_a_table_is_named_with_its_lead():
    table = pa.table({"employees": ["1"] * 70_000 + ["many"]})
    with pytest.raises(DataError, match=r"^lead 70001, 'employees': found 'many', expected a number"):
        TableScorer(card()).score(table)


@pytest.mark.parametrize(
    ("pages", "points"), [(["pricing"], 20), (("docs", "pricing"), 20), ([], 0), ([None, ""], 0), ("docs;pricing", 20)]
)
def test_sets(pages, points):
    lead = {"pages": pages, "employees": 50}
    assert score_lead(card(), lead).score == 15 + points


def test_lists_in_tables_are_sets():
    table = pa.table({"pages": [["pricing"], [], None, ["docs", "pricing", None]], "employees": [50] * 4})
    assert TableScorer(card()).score(table).score.to_pylist() == [35, 15, 15, 35]


NUMBER_TYPES = [pa.int8(), pa.uint64(), pa.float32(), pa.float16(), pa.decimal128(30, 3), pa.string()]


@pytest.mark.parametrize("of", [*NUMBER_TYPES, pa.dictionary(pa.int8(), pa.int64())])
def test_numbers_of_any_type(of):
    values = pa.array([9, 10, 99, 100, None], pa.int64())
    column = values.dictionary_encode().cast(of) if pa.types.is_dictionary(of) else values.cast(of)
    scored = TableScorer(card()).score(pa.table({"employees": column}))
    assert scored.score.to_pylist() == [0, 15, 15, 10, 7]


@pytest.mark.parametrize(
    "of", [pa.string_view(), pa.large_string(), pa.dictionary(pa.int32(), pa.large_string()), pa.int64()]
)
def test_texts_of_any_type(of):
    column = pa.array([10, 11, None]).cast(of if pa.types.is_integer(of) else pa.string())
    column = column.dictionary_encode() if pa.types.is_dictionary(of) else column.cast(of)
    assert TableScorer(card()).score(pa.table({"industry": column})).score.to_pylist() == [19, 7, 7]


def test_entries_of_a_dictionary_that_no_lead_has_do_not_matter():
    column = pa.DictionaryArray.from_arrays(pa.array([1, None]), pa.array(["many", "50"]))
    assert TableScorer(card()).score(pa.record_batch({"employees": column})).score.to_pylist() == [15, 7]


def test_unseen_values_and_absent_columns_are_reported():
    scored = TableScorer(card()).score(
        pa.table({"industry": ["new", "10", None, "new", "other"], "employees": [1] * 5})
    )
    assert scored.unseen == {"industry": {"new": 2, "other": 1}}
    assert scored.absent == ("demo", "pages", "competitor")
    pooled = card().rules[0].model_copy(update={"otherwise_evidence": Evidence(leads=3, conversions=1)})
    rules = card().model_copy(update={"rules": (pooled, *card().rules[1:])})
    assert TableScorer(rules).score(pa.table({"industry": ["new"]})).unseen == {}


def test_a_table_without_any_attribute_still_has_leads():
    scored = TableScorer(card()).score(pa.table({"x": [1, 2, 3]}))
    assert scored.score.to_pylist() == [7, 7, 7]
    assert TableScorer(card()).score(pa.table({"industry": pa.array([], pa.string())})).reasons.to_pylist() == []


def test_a_column_name_twice_is_refused():
    table = pa.table([[1], [2]], names=["employees", "employees"])
    with pytest.raises(DataError, match="'employees': found 2 times"):
        TableScorer(card()).score(table)


@pytest.mark.parametrize("name", ["Source", "another"])
@pytest.mark.parametrize("kind", ["pandas", "arrow"])
def test_a_frame_with_a_column_name_twice_is_refused(name, kind):
    frame = pd.DataFrame([["a", "b"]], columns=[name, name])
    table = frame if kind == "pandas" else pa.table([pa.array(["a"]), pa.array(["b"])], names=[name, name])
    with pytest.raises(DataError, match=f"table: found more than one column '{name}', expected each once"):
        score_table(card(), table)


@pytest.mark.parametrize("lead", [None, [], "x", 5])
def test_a_lead_is_a_mapping(lead):
    with pytest.raises(DataError, match="expected a mapping of attribute to value"):
        score_lead(card(), lead)


def test_row_order_and_chunks_do_not_matter():
    table = pa.table({"industry": ["10", "x", None] * 40, "employees": list(range(120))})
    whole = TableScorer(card()).score(table)
    parts = pa.concat_tables([table.slice(0, 7), table.slice(7, 50), table.slice(57)])
    assert TableScorer(card()).score(parts).score == whole.score
    backwards = TableScorer(card()).score(table.take(list(range(119, -1, -1))))
    assert backwards.score.to_pylist() == whole.score.to_pylist()[::-1]


FRAME = {"industry": ["10", None, "x"], "employees": [50.0, None, 5.0], "demo": [True, None, False]}


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame, pa.table])
def test_a_table_comes_back_as_what_it_was(kind):
    frame = kind(FRAME)
    scored = score_table(card(), frame, reasons=1)
    assert type(scored) is type(frame)
    names = scored.column_names if kind is pa.table else list(scored.columns)
    assert names == ["industry", "employees", "demo", "score", "percentile", "band", "reasons"]
    got = (
        scored.to_pylist()
        if kind is pa.table
        else scored.to_dict("records")
        if kind is pd.DataFrame
        else scored.to_dicts()
    )
    assert [row["score"] for row in got] == [52, 7, 0]
    assert [row["band"] for row in got] == ["A", "B", "B"]
    assert [row["reasons"] for row in got] == [
        "+25 requested demo = yes",
        "-3 employees = missing",
        "-10 employees = under 10",
    ]
    assert [row["percentile"] for row in got] == pytest.approx([100, 100 / 6, 50 / 6])


def test_pandas_keeps_its_index_and_mixed_objects_are_read():
    frame = pd.DataFrame({"industry": [10, "x", None, True], "employees": ["50", 5, np.nan, 50]}, index=[9, 7, 7, 1])
    scored = score_table(card(), frame)
    assert scored["score"].tolist() == [27, 0, 7, 27]
    assert scored.index.tolist() == [9, 7, 7, 1]
    assert list(frame.columns) == ["industry", "employees"]


def test_pandas_categories_and_nullable_types():
    frame = pd.DataFrame(FRAME).astype({"industry": "category", "employees": "Float64", "demo": "boolean"})
    assert score_table(card(), frame)["score"].tolist() == [52, 7, 0]


WRITTEN = {
    "industry": ["10", " ", "x"],
    "employees": ["€ 50", "n.v.t.", "0,5"],
    "demo": ["ja", "Onbekend", "nee"],
    "pages": ["pricing; docs", None, ""],
}


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame, pa.table])
def test_texts_of_a_table_are_read_as_in_a_file(kind):
    scored = score_table(card(), kind(WRITTEN))
    assert list(scored["employees"]) == list(kind(WRITTEN)["employees"])
    scores = scored["score"].to_pylist() if kind is pa.table else list(scored["score"])
    assert scores == [10 + 12 + 5 + 30, 10 - 3, 10 - 10]


def test_a_number_that_can_be_read_two_ways_is_asked_for():
    frame = pd.DataFrame({"employees": ["1.234", "5"]}, dtype=object)
    with pytest.raises(DataError, match=r"^table, column employees: '1\.234' can be 1234 or 1\.234"):
        score_table(card(), frame)
    assert score_table(card(), frame, options=ReadingOptions(decimal="."))["score"].tolist() == [0, 0]
    assert score_table(card(), frame, options=ReadingOptions(decimal=","))["score"].tolist() == [10, 0]
    # Another column of the table shows the sign.
    assert score_table(card(), frame.assign(price=["0,5", "1"]))["score"].tolist() == [10, 0]


def test_a_cell_of_a_table_that_cannot_be_read_is_named_with_its_row():
    frame = pd.DataFrame({"employees": [*["1"] * 70_000, "many"]}, index=range(5, 70_006), dtype=object)
    with pytest.raises(DataError, match=r"^table, row 70,001, column 'employees': 'many' cannot be read"):
        score_table(card(), frame)


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame, pa.table])
def test_lists_of_a_table_are_sets_whatever_the_separator(kind):
    rules = card().model_copy(update={"attributes": {**card().attributes, "pages": Attribute(type="set")}})
    scored = score_table(rules, kind({"pages": [["pricing"], [], None, ["docs", "pricing"]]}))
    scores = scored["score"].to_pylist() if kind is pa.table else list(scored["score"])
    assert scores == [27, 7, 7, 27]


@pytest.mark.parametrize("rows", [0, 3, 300_000])
def test_every_lead_of_a_table_is_scored(rows):
    assert score_table(card(), pd.DataFrame({"other": range(rows)}))["score"].tolist() == [7] * rows
    assert score_table(card(), pl.DataFrame({"employees": ["50"] * rows}))["score"].to_list() == [15] * rows


@pytest.mark.parametrize("rules", ["rules.json", '{"format": "x"}', {}, None, Path("rules.json")])
def test_the_name_of_a_rules_file_is_no_rules(rules):
    for call in (lambda: score_lead(rules, {}), lambda: score_table(rules, pl.DataFrame()), lambda: TableScorer(rules)):
        with pytest.raises(DataError, match=r"^rules: found .*, expected Rules; .*calibrate\.load_rules$"):
            call()


def test_polars_categories():
    frame = pl.DataFrame(FRAME).with_columns(pl.col("industry").cast(pl.Categorical))
    assert score_table(card(), frame)["score"].to_list() == [52, 7, 0]


def test_a_table_that_was_scored_before_is_refused():
    with pytest.raises(DataError, match=r"has 'score', 'percentile', 'band', 'reasons' already.*rename or drop"):
        score_table(card(), score_table(card(), pl.DataFrame(FRAME)))


@pytest.mark.parametrize("frame", [pl.LazyFrame(FRAME), [1, 2], None])
def test_other_things_are_no_tables(frame):
    with pytest.raises(DataError, match="expected a pandas, polars or pyarrow table"):
        score_table(card(), frame)


@settings(max_examples=60, deadline=None)
@given(rules_documents())
def test_worked_leads_of_any_document_score_as_they_say(rules):
    for worked in worked_leads(rules):
        one = score_lead(rules, worked.lead)
        assert (worked.score, worked.band) == (one.score, one.band)
        assert worked.reasons == tuple(reason.text for reason in one.reasons)


def test_percentile_of_scipys_documentation():
    """percentileofscore([1, 2, 3, 3, 4], 3, kind="mean") is 60 there."""
    reference = Reference(population="leads", leads=5, scores=(1, 2, 3, 4), counts=(1, 1, 2, 1))
    rules = Rules(id="x", version="1", attributes={}, rules=(), reference=reference)
    assert standing_of(rules, 3).percentile == 60


@pytest.mark.parametrize("kind", [pa.int8(), pa.uint8(), pa.int32(), pa.uint32(), pa.int64(), pa.uint64()])
@pytest.mark.parametrize("hole", [None, 1])
def test_places_in_a_dictionary_may_be_of_any_kind(kind, hole):
    places = pa.array([0, hole, 2], kind)
    column = pa.DictionaryArray.from_arrays(places, pa.array(["software", "retail", "else"]))
    plain = pa.array(["software", "retail" if hole else None, "else"])
    scored, wanted = (TableScorer(card()).score(pa.record_batch({"industry": values})) for values in (column, plain))
    assert scored.score.to_pylist() == wanted.score.to_pylist()
    assert scored.unseen == wanted.unseen
