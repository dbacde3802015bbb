"""Criteria say by themselves what a rule says by order."""

from __future__ import annotations

from forms import counted, drawn

from calibrate.document.lead_score import outcome_of, read_value
from calibrate.exports.products.criteria import criteria_of
from calibrate.exports.target import Options
from calibrate.exports.targets.pipedrive import TARGET as PIPEDRIVE
from calibrate.exports.targets.zoho import TARGET as ZOHO


def test_criteria_give_the_points_of_their_rule():
    """Every value of every rule: the criteria that hold add up to its points, and never are two."""
    for rules, leads in drawn():
        for rule in rules.rules:
            attribute = rules.attributes[rule.attr]
            for lead in leads:
                value = read_value(attribute, lead.get(rule.attr), lambda: "lead")
                place = outcome_of(rule, value)
                points = [case.points for case in rule.cases] + [rule.otherwise, rule.missing]
                held = [item.points for item in criteria_of(rule, attribute) if holds(item.outcome, value)]
                assert held == [points[place]] * (points[place] != 0)


def holds(outcome, value):
    return any(all(is_true(test, value) for test in tests) for tests in outcome)


def is_true(test, value):
    says = {
        "empty": lambda: value is None,
        "not empty": lambda: value is not None,
        "in": lambda: value in test.value,
        "not in": lambda: value not in test.value,
        "has": lambda: value is not None and test.value in value,
        "has not": lambda: value is None or test.value not in value,
        "is": lambda: value is test.value,
        "at least": lambda: value is not None and value >= test.value,
        "under": lambda: value is not None and value < test.value,
    }
    return says[test.op]()


def test_no_lead_is_counted_twice_in_a_sheet():
    """Without docs are 940 leads, those without any page among them."""
    text = PIPEDRIVE.export(counted(), Options()).files["rules.pipedrive.md"].decode()
    assert "30 of 60 became customers" in text
    every = ZOHO.export(counted(), Options()).files["rules.zoho.md"].decode()
    row = next(line for line in every.splitlines() if "does not hold the value “docs”" in line)
    assert row.endswith("| “Pages” does not hold the value “docs”, or it is empty | -1 | 122 of 940 became customers |")
