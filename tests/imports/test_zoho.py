"""A scoring rule of Zoho CRM, in the shape of its API v8."""

from __future__ import annotations

import pytest

from calibrate.document.lead_score import score_lead
from calibrate.document.rules import In, Is, Range


def criterion(field, comparator, value):
    return {"field": {"api_name": field}, "comparator": comparator, "value": value}


def group(operator, *parts):
    return {"group_operator": operator, "group": list(parts)}


def body(*items, signals=(), name="Inbound"):
    rules = [{"score": score, "criteria": criteria} for score, criteria in items]
    signals = [{"score": score, "signal": {"namespace": namespace, "id": "1"}} for score, namespace in signals]
    return {
        "scoring_rules": [
            {
                "name": name, "module": {"api_name": "Leads", "id": "1"}, "layout": {"id": "2"},
                "field_rules": rules, "signal_rules": signals,
            }
        ]
    }  # fmt: skip


def test_a_scoring_rule_becomes_rules(imported):
    found = imported(
        body(
            (15, criterion("Industry", "equal", "Software")),
            (8, criterion("Industry", "in", ["Retail", "Media"])),
            (-4, criterion("Phone", "equal", "${EMPTY}")),
            (3, criterion("Email_Opt_Out", "equal", False)),
            signals=[(20, "__zoho_desk")],
        )
    )
    rules = found.rules
    assert rules.title == "Inbound"
    assert [(case.when, case.points) for case in rules.rules[0].cases] == [
        (In(in_=("Software",)), 15), (In(in_=("Retail", "Media")), 8),
    ]  # fmt: skip
    assert (rules.rules[1].missing, rules.rules[2].cases[0].when) == (-4, Is(is_=False))
    lead = {"Industry": "Media", "Email_Opt_Out": False, "__zoho_desk": True, "Phone": "1"}
    assert score_lead(rules, lead).score == 31


@pytest.mark.parametrize(
    ("comparator", "value", "held", "left"),
    [
        ("less_than", "10", [9.99, -1], [10]), ("less_equal", 10, [10], [10.01]), ("greater_than", "10", [10.01], [10]),
        ("greater_equal", 10, [10, 1e9], [9.99]), ("between", ["10", "49"], [10, 49], [9.9, 49.01]),
    ],
)  # fmt: skip
def test_a_comparison_holds_what_zoho_says(comparator, value, held, left, imported):
    rules = imported(body((5, criterion("Employees", comparator, value)))).rules
    assert [score_lead(rules, {"Employees": number}).score for number in (*held, *left)] == [5] * len(held) + [0] * len(
        left
    )
    assert score_lead(rules, {}).score == 0


def test_criteria_about_the_same_value_are_added_up(imported):
    rules = imported(
        body(
            (5, criterion("Employees", "greater_equal", 10)),
            (7, criterion("Employees", "greater_equal", 50)),
            (1, criterion("Employees", "less_than", 10)),
            (2, criterion("Employees", "not_equal", "${EMPTY}")),
        )
    ).rules
    expected = {None: 0, 5: 3, 10: 7, 50: 14}
    assert {number: score_lead(rules, {"Employees": number}).score for number in expected} == expected


def test_groups_of_one_field_are_one_condition(imported):
    rules = imported(
        body(
            (5, group("and", criterion("n", "greater_equal", 10), criterion("n", "less_than", 50))),
            (
                3,
                group(
                    "or", criterion("c", "equal", "a"), criterion("c", "equal", "b"), criterion("c", "in", ["b", "d"])
                ),
            ),
            (2, group("OR", criterion("n", "less_than", 0), criterion("n", "greater_than", 100))),
        )
    ).rules
    assert [case.when for case in rules.rules[1].cases] == [In(in_=("a", "b", "d"))]
    assert (rules.rules[0].cases[1].when, rules.rules[0].cases[0].points) == (Range(ge=10, lt=50), 2)
    assert [score_lead(rules, {"n": number, "c": "b"}).score for number in (-1, 20, 100, 101)] == [5, 8, 3, 5]


def test_everything_that_cannot_be_said_is_told_at_its_place(faults):
    found = faults(
        body(
            (5, criterion("Title", "contains", "manager")),
            (5, group("and", criterion("a", "equal", "x"), criterion("b", "equal", "y"))),
            (5, group("and", criterion("a", "equal", "x"), criterion("a", "equal", "y"))),
            (5, group("and", criterion("n", "less_than", 5), criterion("n", "greater_than", 5))),
            (5, group("or", criterion("n", "less_than", 5), criterion("n", "less_than", 9))),
            (1.5, criterion("a", "equal", "x")),
            (5, criterion("n", "less_than", "${TODAY}")),
            (5, criterion("n", "between", [9, 1])),
            (5, criterion("", "equal", 1)),
            (5, group("or")),
            (5, "x > 1"),
            (5, criterion("d", "equal", "${CURRENTUSER}")),
        )
    )
    places = [fault.partition(":")[0].removeprefix("scoring_rules[0].") for fault in found]
    assert places == [
        "field_rules[0].criteria.comparator", "field_rules[1].criteria", "field_rules[2].criteria",
        "field_rules[3].criteria", "field_rules[4].criteria", "field_rules[5].score",
        "field_rules[6].criteria.value", "field_rules[7].criteria.value", "field_rules[8].criteria.field",
        "field_rules[9].criteria", "field_rules[10].criteria",
        "field_rules[11].criteria.value",
    ]  # fmt: skip
    assert "found 'contains', expected one of equal, in, between" in found[0]
    assert "found 'a' and 'b', expected conditions of one field; give each its own rule" in found[1]
    assert "multiply all points of the file by ten" in found[5]


def test_a_signal_without_a_name_is_told(faults):
    rule = {"signal_rules": [{"score": 5, "signal": {}}], "field_rules": ["x"]}
    assert [fault.partition(":")[0] for fault in faults({"scoring_rules": [rule]})] == [
        "scoring_rules[0].field_rules[0]", "scoring_rules[0].signal_rules[0].signal",
    ]  # fmt: skip


def test_a_field_compared_in_two_ways_is_told(faults):
    (fault,) = faults(body((1, criterion("n", "equal", 5)), (1, criterion("n", "less_than", 9))))
    assert "found a number for 'n', expected a category as in scoring_rules[0].field_rules[0]" in fault


def test_two_scoring_rules_are_two_scores(faults):
    two = {"scoring_rules": body()["scoring_rules"] * 2}
    assert faults(two)[0].startswith("scoring_rules: found 2 of them, expected one")
    assert faults({"scoring_rules": "x"})[0].startswith("scoring_rules: found no list")


def test_an_end_that_is_kept_to_the_last_digit_is_told(imported):
    notes = imported(body((5, criterion("Employees", "less_equal", 10)))).notes
    assert any(note.startswith("Ends such as that of 'at most 10' are kept to the last digit") for note in notes)
    assert len(imported(body((5, criterion("Employees", "less_than", 10)))).notes) == 1
