"""counts.json: what goes in comes out, laid out as it is said, and nothing damaged is believed."""

from __future__ import annotations

import base64
import gzip
import json
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibrate.document.rules import Attribute, Case, Gate, GateThen, GateWhen, In, Rule, Rules
from calibrate.errors import DataError
from calibrate.meeting.combinations import Combinations
from calibrate.meeting.counts_file import counts_text, read_counts, read_varints, varints

GATE = Gate(id="out", when=GateWhen(attr="a", in_=("x",)), then=GateThen(score=0))


def rules_of(sizes, gates=1):
    rules = tuple(
        Rule(id=f"r{at}", attr="a", cases=tuple(Case(when=In(in_=(str(i),)), points=i) for i in range(size)))
        for at, size in enumerate(sizes)
    )
    return Rules(
        id="card", version="3", attributes={"a": Attribute(type="category")}, gates=(GATE,) * gates, rules=rules
    )


def made(rows, sizes, months=None, hidden=0.0):
    """Combinations from rows of gate, outcomes, leads, won."""
    columns = np.array(rows, np.int64).reshape(-1, len(sizes) + 3).T
    return Combinations(
        ways=tuple(column.astype(np.uint16) for column in columns[1:-2]),
        gates=columns[0].astype(np.int16),
        leads=columns[-2],
        won=columns[-1],
        months=months,
        hidden=hidden,
    )


@st.composite
def counted(draw):
    sizes = draw(st.lists(st.sampled_from([0, 1, 5, 252, 253, 400]), max_size=4))
    ways = st.tuples(st.integers(-1, 0), *(st.integers(0, size + 2) for size in sizes))
    keys = sorted(draw(st.sets(ways, min_size=1, max_size=20)))
    leads = st.one_of(st.integers(1, 300), st.integers(1, 2**40))
    rows = []
    for key in keys:
        of_key = draw(leads)
        rows.append((*key, of_key, draw(st.integers(0, of_key))))
    months = draw(st.none() | st.floats(1, 1000))
    return rules_of(sizes), made(rows, sizes, months, draw(st.floats(0, 1)))


@settings(max_examples=100)
@given(counted())
def test_what_is_written_is_read(case):
    rules, combinations = case
    text = counts_text(combinations, rules)
    found = read_counts(text, rules)
    assert counts_text(found, rules) == text
    assert (found.months, found.hidden) == (combinations.months, combinations.hidden)
    for name in ("gates", "leads", "won"):
        assert getattr(found, name).tolist() == getattr(combinations, name).tolist()
        assert getattr(found, name).dtype == getattr(combinations, name).dtype
    assert [ways.tolist() for ways in found.ways] == [ways.tolist() for ways in combinations.ways]


SIZES = (1, 300)
ROWS = [(-1, 0, 256, 300, 5), (-1, 2, 0, 1, 1), (0, 3, 302, 7, 0)]


def test_the_file_is_laid_out_as_it_is_said():
    document = json.loads(counts_text(made(ROWS, SIZES, months=2.5), rules_of(SIZES)))
    packed = document.pop("data")
    assert document == {
        "format": "leadscore-counts/1.0",
        "rules": {"id": "card", "version": "3"},
        "months": 2.5,
        "leads": 308,
        "won": 6,
        "combinations": 3,
        "alone": 1,
        "hidden": 0.0,
        "columns": [{"rule": "r0", "ways": 4, "bytes": 1}, {"rule": "r1", "ways": 303, "bytes": 2}],
    }
    gates, first, second = bytes([0, 0, 1]), bytes([0, 2, 3]), bytes([0, 1, 0, 0, 46, 1])
    leads, won = bytes([0xAC, 2, 1, 7]), bytes([5, 1, 0])  # 300 = 0x2C + 2 * 128
    assert gzip.decompress(base64.b64decode(packed)) == gates + first + second + leads + won


def with_data(document, data):
    return {**document, "data": base64.b64encode(gzip.compress(data, mtime=0)).decode()}


def damaged():
    document = json.loads(counts_text(made(ROWS, SIZES), rules_of(SIZES)))
    data = gzip.decompress(base64.b64decode(document["data"]))
    yield "short", with_data(document, data[:-1])
    yield "long", with_data(document, data + b"\0")
    yield "unended", with_data(document, data[:-1] + b"\x80")
    yield "endless number", with_data(document, data[:-1] + b"\x80" * 12 + b"\0")
    yield "no such gate", with_data(document, bytes([0, 0, 9]) + data[3:])
    yield "no such outcome", with_data(document, data[:3] + bytes([0, 2, 4]) + data[6:])
    yield "won beyond leads", with_data(document, data[:-3] + bytes([5, 0, 8]))
    yield "empty", with_data(document, b"")
    yield "no gzip", {**document, "data": base64.b64encode(data).decode()}
    yield "no base64", {**document, "data": "§"}
    yield "other total", {**document, "leads": 309}
    yield "other won", {**document, "won": 5}
    yield "other rows", {**document, "combinations": 2}
    yield "far more rows", {**document, "combinations": 2**53}
    yield "none", {**document, "combinations": 0}


@pytest.mark.parametrize("document", [pytest.param(bad, id=name) for name, bad in damaged()])
def test_damage_is_seen(document):
    with pytest.raises(DataError, match=re.escape("counts.json: data: found damage, expected counts that agree")):
        read_counts(json.dumps(document), rules_of(SIZES))


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"format": "leadscore-counts/2.0"}, "q4.json: format: .* expected leadscore-counts/1.0; write it again"),
        ({"more": 1}, "q4.json: more: .* expected leadscore-counts/1.0"),
        ({"months": 0.5}, "q4.json: months: .*greater than or equal to 1"),
        ({"rules": {"id": "card", "version": "2"}}, "found counts of 'card' version '2', expected 'card' version '3'"),
        ({"columns": []}, "expected 'card' version '3' with its rules and cases; take the file that came with"),
    ],
    ids=str,
)
def test_other_files_are_refused(change, fault):
    document = json.loads(counts_text(made(ROWS, SIZES), rules_of(SIZES)))
    with pytest.raises(DataError, match=fault) as caught:
        read_counts(json.dumps(document | change), rules_of(SIZES), "q4.json")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"format": 1}'])
def test_what_is_no_such_file_is_refused_in_one_line(text):
    with pytest.raises(DataError, match=r"^counts.json: .* expected leadscore-counts/1.0; write it again$"):
        read_counts(text, rules_of(SIZES))


@given(st.lists(st.integers(0, 2**63 - 1)))
def test_numbers_of_any_size_come_back(numbers):
    data = varints(np.array(numbers, np.int64))
    assert read_varints(data).tolist() == numbers
    assert len(data) == sum(max(1, -(-number.bit_length() // 7)) for number in numbers)
