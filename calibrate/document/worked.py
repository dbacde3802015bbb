"""Leads that show what a rules document does, and that prove an import of it in another engine."""

from __future__ import annotations

import json
from collections.abc import Iterator

from calibrate.document.lead_score import Value, holds, outcome, outcome_of, read_value, score_lead, used, words_of
from calibrate.document.rules import Condition, Has, In, LeadValue, Range, Rules, WorkedLead

_FEWEST, _MOST_VALUES = 12, 20_000


def worked_leads(rules: Rules) -> tuple[WorkedLead, ...]:
    """Leads with the score, band and reasons that the document gives them; always the same for a document.

    They hold: nothing at all, null throughout, the best and the worst of every attribute, both by turns, values no case
    knows, every case of every rule (once, where there are very many) with the edges of the bins and the whole numbers
    below them, each group at its caps, and each gate. At least twelve, unless the document cannot tell so many leads
    apart.
    """
    values = {name: _values(rules, name) for name in used(rules)}
    best = {name: max(items, key=lambda item: _points(rules, name, item)) for name, items in values.items()}
    worst = {name: min(items, key=lambda item: _points(rules, name, item)) for name, items in values.items()}
    leads: list[dict[str, LeadValue]] = [{}, dict.fromkeys(values), _filled(best), _filled(worst)]
    first = list(dict.fromkeys(rule.attr for rule in rules.rules))[:6]
    leads.append(_filled({name: (worst if turn % 2 else best)[name] for turn, name in enumerate(first)}))
    leads.append({name: _unknown(rules, name) for name, items in values.items() if _unknown(rules, name) in items})
    turns = max(map(len, values.values()), default=0)
    again = turns * len(values) <= _MOST_VALUES
    leads += [
        {name: items[turn % len(items)] for name, items in values.items() if again or turn < len(items)}
        for turn in range(turns)
    ]
    for group, bounds in rules.groups.items():
        names = {rule.attr for rule in rules.rules if rule.group == group}
        for bound, side in ((bounds.max, best), (bounds.min, worst)):
            leads += [_filled({name: side[name] for name in values if name in names})] if bound is not None else []
    leads += [{**_filled(best), gate.when.attr: _true_for(gate.when.condition)} for gate in rules.gates]
    single = [_filled({name: item}) for name, items in values.items() for item in items]
    distinct = {json.dumps(lead, sort_keys=True): lead for lead in leads}
    for lead in single:
        if len(distinct) < _FEWEST:
            distinct.setdefault(json.dumps(lead), lead)
    return tuple(_worked(rules, lead) for lead in distinct.values())


def _worked(rules: Rules, lead: dict[str, LeadValue]) -> WorkedLead:
    scored = score_lead(rules, lead)
    reasons = tuple(reason.text for reason in scored.reasons)
    return WorkedLead(lead=lead, score=scored.score, band=scored.band, reasons=reasons)


def _filled(lead: dict[str, LeadValue]) -> dict[str, LeadValue]:
    return {name: value for name, value in lead.items() if value is not None}


def _values(rules: Rules, name: str) -> list[LeadValue]:
    """What an attribute may be, None included, without what a gate is true for."""
    conditions = [case.when for rule in rules.rules if rule.attr == name for case in rule.cases]
    found: list[LeadValue] = []
    if rules.attributes[name].type == "number":
        found += _around_edges(conditions)
    elif rules.attributes[name].type == "boolean":
        found += [True, False]
    else:
        found += [_true_for(condition) for condition in conditions]
        members = tuple(condition.has for condition in conditions if isinstance(condition, Has))
        found += [members, ()] if members else []
        found.append(_unknown(rules, name))
    gates = [gate.when.condition for gate in rules.gates if gate.when.attr == name]
    read = [(item, _read(rules, name, item)) for item in dict.fromkeys(found)]
    return [item for item, value in read if value is not None and not any(holds(gate, value) for gate in gates)] + [
        None
    ]


def _around_edges(conditions: list[Condition]) -> Iterator[LeadValue]:
    ranges = [item for item in conditions if isinstance(item, Range)]
    edges = sorted({end for item in ranges for end in (item.ge, item.lt) if end is not None})
    for before, edge in zip([float("-inf"), *edges], edges, strict=False):
        yield from (_plain(number) for number in (edge - 1, edge) if number > before)


def _plain(number: float) -> LeadValue:
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def _true_for(condition: Condition) -> LeadValue:
    match condition:
        case In():
            return condition.in_[0]
        case Has():
            return (condition.has,)
        case Range():
            return next(iter(_around_edges([condition])))
        case _:
            return condition.is_


def _unknown(rules: Rules, name: str) -> LeadValue:
    """A value of a text or set that no condition of the document names; None for other attributes."""
    if rules.attributes[name].type not in ("category", "text", "set"):
        return None
    conditions = [case.when for rule in rules.rules if rule.attr == name for case in rule.cases]
    conditions += [gate.when.condition for gate in rules.gates if gate.when.attr == name]
    named = {text for item in conditions if isinstance(item, In) for text in item.in_}
    named |= {item.has for item in conditions if isinstance(item, Has)}
    say = words_of(rules)
    text = say("levels.something_else")
    while text in named:
        text = say("levels.again", value=text)
    return (text,) if rules.attributes[name].type == "set" else text


def _points(rules: Rules, name: str, value: LeadValue) -> int:
    read = _read(rules, name, value)
    return sum(outcome(rules, rule, outcome_of(rule, read))[0] for rule in rules.rules if rule.attr == name)


def _read(rules: Rules, name: str, value: LeadValue) -> Value | None:
    return read_value(rules.attributes[name], value, lambda: name)
