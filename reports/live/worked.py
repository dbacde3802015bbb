"""The worked leads of a document as the page's script reads them."""

from __future__ import annotations

from calibrate.document.lead_score import outcome_points
from calibrate.document.rules import Rules
from calibrate.meeting.sides import lead_outcomes
from calibrate.words.language import Language
from reports.meeting.rows import level_name, rule_name

_MOST = 4


def worked_data(rules: Rules, say: Language) -> dict[str, object]:
    """What each lead is called, the gate that decides on it, and the outcomes of every rule, a list a rule."""
    found = [lead_outcomes(rules, worked) for worked in rules.tests]
    return {
        "names": [_name(rules, ways, say) for _, ways in found],
        "gates": [gate for gate, _ in found],
        "ways": [[ways[number] for _, ways in found] for number in range(len(rules.rules))],
    }


def _name(rules: Rules, ways: tuple[int, ...], say: Language) -> str:
    """The levels of a lead that weigh most."""
    told = [(rule, way) for rule, way in zip(rules.rules, ways, strict=True) if way < len(rule.cases)]
    told.sort(key=lambda item: -abs(outcome_points(*item)))
    names = [
        say("meeting.side_level", rule=rule_name(rules, rule, say), level=level_name(rule, way, say))
        for rule, way in told[:_MOST]
    ]
    if not names:
        return say("meeting.side_empty")
    text, more = ", ".join(names), len(told) - len(names)
    return say("meeting.side_more", levels=text, more=say.count(more)) if more else text
