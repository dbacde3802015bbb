"""Rare combinations joined until none tells of fewer leads than were asked for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibrate.document.rules import Attribute, Case, Gate, GateThen, GateWhen, In, Rule, Rules
from calibrate.errors import SettingsError
from calibrate.meeting.combinations import Combinations
from calibrate.meeting.figures import score_counts
from calibrate.meeting.merging import merged


def rules_of(points):
    """A rule an entry, its cases with these points."""
    return Rules(
        id="x",
        version="1",
        attributes={"a": Attribute(type="category")},
        gates=(Gate(id="student", when=GateWhen(attr="a", in_=("x",)), then=GateThen(score=-9)),),
        rules=tuple(
            Rule(id=f"r{at}", attr="a", cases=tuple(Case(when=In(in_=(str(i),)), points=n) for i, n in enumerate(own)))
            for at, own in enumerate(points)
        ),
    )


def made(rows):
    columns = np.array(rows, np.int64).T
    return Combinations(
        ways=tuple(column.astype(np.uint16) for column in columns[1:-2]),
        gates=columns[0].astype(np.int16),
        leads=columns[-2],
        won=columns[-1],
        months=6.0,
    )


def rows_of(found):
    return [tuple(map(int, row)) for row in zip(found.gates, *found.ways, found.leads, found.won, strict=True)]


RULES = rules_of([(10, -10), (1, -1)])  # hidden is 4 in both


def test_the_weakest_rule_of_rare_combinations_goes_first():
    counted = made([(-1, 0, 0, 40, 9), (-1, 0, 1, 3, 1), (-1, 0, 2, 2, 0), (-1, 1, 0, 60, 4)])
    found = merged(counted, RULES)
    assert rows_of(found) == [(-1, 0, 0, 40, 9), (-1, 0, 4, 5, 1), (-1, 1, 0, 60, 4)]
    assert found.hidden == 5 / (2 * 105)
    assert found.months == 6.0


def test_what_stays_rare_is_hidden_whole_with_the_rarest_of_the_others():
    counted = made([(-1, 0, 0, 200, 9), (-1, 1, 0, 8, 4), (-1, 1, 1, 2, 0), (0, 0, 0, 50, 0)])
    found = merged(counted, RULES)
    assert rows_of(found) == [(-1, 0, 0, 200, 9), (-1, 4, 4, 10, 4), (0, 0, 0, 50, 0)]
    assert found.hidden == 20 / (2 * 260)


def test_enough_leads_everywhere_stay_as_they_are():
    counted = made([(-1, 0, 0, 5, 1), (-1, 0, 1, 7, 1)])
    assert rows_of(merged(counted, RULES)) == rows_of(counted)
    assert merged(counted, RULES).hidden == 0


def test_hiding_more_than_a_tenth_is_refused():
    counted = made([(-1, 0, 0, 4, 1), (-1, 0, 1, 4, 1), (-1, 1, 0, 20, 3)])
    with pytest.raises(SettingsError, match=r"merging: to have 5 leads .* more than 10 % .* would be hidden, expected"):
        merged(counted, RULES)


def test_a_gate_that_decides_for_too_few_is_refused():
    counted = made([(-1, 0, 0, 500, 9), (0, 0, 1, 3, 1)])
    with pytest.raises(SettingsError, match="merging: gate 'student' decides for 3 leads, expected 5 or more"):
        merged(counted, RULES)


def test_without_rules_there_is_nothing_to_hide():
    found = merged(made([(-1, 10, 2)]), rules_of([]))
    assert rows_of(found) == [(-1, 10, 2)]
    assert found.hidden == 0


@st.composite
def histories(draw):
    sizes = draw(st.lists(st.integers(1, 3), min_size=1, max_size=4))
    points = st.integers(-20, 20)
    rules = rules_of([[draw(points) for _ in range(size)] for size in sizes])
    keys = draw(st.sets(st.tuples(st.integers(-1, 0), *(st.integers(0, size + 1) for size in sizes)), min_size=1))
    rows = []
    for key in sorted(keys):
        leads = draw(st.one_of(st.integers(1, 6), st.integers(50, 300)))
        rows.append((*key, leads, draw(st.integers(0, leads))))
    return rules, made(rows)


@settings(max_examples=150)
@given(histories(), st.integers(2, 8))
def test_merging_keeps_every_lead_and_tells_of_enough(history, least):
    rules, counted = history
    try:
        found = merged(counted, rules, least)
    except SettingsError:
        return
    assert found.leads.min() >= least
    assert (found.total_leads, found.total_won) == (counted.total_leads, counted.total_won)
    rows = rows_of(found)
    assert rows == sorted(rows)
    assert len({row[:-2] for row in rows}) == len(rows)
    hidden = [len(rule.cases) + 2 for rule in rules.rules]
    gone = sum(row[-2] for row in rows for way, last in zip(row[1:-2], hidden, strict=True) if way == last)
    assert found.hidden == gone / (counted.total_leads * len(hidden)) <= 0.1
    assert sum(score_counts(rules, found).leads) == counted.total_leads
    for gate in (-1, 0):
        assert found.leads[found.gates == gate].sum() == counted.leads[counted.gates == gate].sum()
