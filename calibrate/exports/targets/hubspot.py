"""HubSpot lead scoring: the skeleton of a body for its API, 2026-09-beta, and a build sheet.

The published shape of the API does not show how a condition is written, so the skeleton has the points, the groups
and their caps; the conditions are entered by hand, from the sheet.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from calibrate.document.rules import GateThen, Rules, Score
from calibrate.exports.naming import fields, identifier, inputs_of, named
from calibrate.exports.products.build_sheet import (
    band_lines,
    criteria_table,
    escaped,
    gate_lines,
    sheet,
    signed,
    value_teller,
    worked_table,
)
from calibrate.exports.products.criteria import (
    SCORE_ONLY,
    Criterion,
    case_notes,
    doubts,
    points_of,
    text_faults,
    with_base,
)
from calibrate.exports.products.degraded import left_of
from calibrate.exports.target import Export, ExportError, Loss, Options, Sum, Target, sums

API = "POST /marketing/lead-scoring/2026-09-beta/scores"
MOST = 10_000
_USUAL = 500
_FILL = "fill in"
_LOSSES = (
    Loss("gates", "approximated", "a list of records to leave out: they have no score, where the rules give them one"),
    Loss("limits", "approximated", "the total has a highest value; a lowest one was not seen in the API"),
    Loss("bands", "approximated", "what the API has for thresholds was not seen; make a segment for each edge"),
    *SCORE_ONLY,
)


def export(rules: Rules, options: Options) -> Export:
    """The skeleton: a rule with its points for every criterion, in a group with its caps."""
    found = fields(
        rules,
        options,
        "hubspot",
        clean=lambda name: identifier(name).lower(),
        allowed=lambda field: field == identifier(field).lower(),
    )
    faults = [f"hubspot: {fault}" for fault in text_faults(rules, 255, (";",), gates=True)]
    faults += [f"hubspot: {fault}" for fault in _bound_faults(rules)]
    if faults:
        raise ExportError(faults)
    added = with_base(rules, "hubspot")
    made = {"request": API, "body": _body(rules, added)}
    notes = (*_notes(rules), *case_notes(rules, "HubSpot"), *named(found), *doubts(rules))
    return Export(
        files={
            "rules.hubspot.json": (json.dumps(made, ensure_ascii=False, indent=1) + "\n").encode(),
            "rules.hubspot.md": _sheet(rules, found, added, notes),
        },
        inputs=inputs_of(rules, found),
        losses=_LOSSES,
        runs=_runs(rules),
        notes=notes,
    )


TARGET = Target(
    name="hubspot",
    writes="a skeleton for the lead scoring API of HubSpot, 2026-09-beta, and a build sheet",
    proof="not executed: HubSpot cannot be run here, and its API does not show how conditions are written; the "
    "skeleton is checked against the part of the shape that is published",
    export=export,
)


def _bound_faults(rules: Rules) -> Iterator[str]:
    """A fault for each bound that HubSpot was not seen to keep: its groups and its total start at 0."""
    if reach(rules) > MOST:
        yield f"rules: found scores up to {reach(rules)}, expected at most {MOST}; make all points smaller alike"
    bounds = [(f"groups.{part.name}", part.low, part.high) for part in sums(rules)]
    for where, low, high in [*bounds, ("score", None, rules.score.max)]:
        if low is not None and low > 0:
            yield f"{where}.min: found {low}, expected 0 or less, for HubSpot adds from 0; add it to the base"
        if high is not None and high < 0:
            yield f"{where}.max: found {high}, expected 0 or more, for HubSpot adds from 0; add it to the base"


def reach(rules: Rules) -> int:
    """The highest score that the rules can give without a highest value, at least 0."""
    if rules.score.max is not None:
        return rules.score.max
    return max(rules.score.base + sum(_ends(part)[1] for part in sums(rules)), 0)


def _ends(part: Sum) -> tuple[int, int]:
    """The lowest and highest sum of a group, at most and at least 0: its caps, or what its rules can reach."""
    low = sum(min(points_of(rule)) for rule in part.rules)
    high = sum(max(points_of(rule)) for rule in part.rules)
    return min(low, 0) if part.low is None else part.low, max(high, 0) if part.high is None else part.high


def _body(rules: Rules, criteria: Sequence[Criterion]) -> Any:
    base = rules.score.base
    groups = [_group(_free("base", rules), [item for item in criteria if not item.places], min(base, 0), max(base, 0))]
    for part in sums(rules):
        ids = {rule.id for rule in part.rules}
        own = [item for item in criteria if item.places and item.rule.id in ids]
        groups.append(_group(part.name or _free("other", rules), own, *_ends(part)))
    top = reach(rules)
    return {
        "name": rules.title or rules.id,
        "objectTypeId": "0-1",
        "allowedGroupTypes": [],
        "maxScore": top if rules.score.max is not None else -(-top // 100) * 100,
        "groupConfigs": [group for group in groups if group["ruleConfigurations"]],
    }


def _free(name: str, rules: Rules) -> str:
    """The name, longer where a group of the rules has it."""
    return _free(f"{name} points", rules) if name in rules.groups else name


def _group(name: str, criteria: Sequence[Criterion], low: int, high: int) -> Any:
    return {
        "groupName": name,
        "groupCategory": _FILL,
        "minValue": low,
        "maxValue": high,
        "ruleConfigurations": [
            {
                "enabled": True,
                "minimumValue": min(item.points, 0),
                "maximumValue": max(item.points, 0),
                "configuration": {"calculation": {"type": "CONSTANT", "value": item.points}},
            }
            for item in criteria
        ],
    }


def _runs(rules: Rules) -> Rules | None:
    """The rules as HubSpot scores: leads at a gate have no score, here 0, and the total has no lowest value."""
    gates = tuple(gate.model_copy(update={"then": GateThen(score=0)}) for gate in rules.gates)
    score = Score(base=rules.score.base, max=rules.score.max, unit=rules.score.unit, pdo=rules.score.pdo)
    return left_of(rules, (), gates=gates, score=score)


def _notes(rules: Rules) -> tuple[str, ...]:
    notes = [
        f"{API}, pinned: other versions of the API call these values otherwise. It makes a draft; publish it after.",
        f"The skeleton has no conditions, and {_FILL!r} where the allowed words were not seen: group types and group "
        "categories. Do not send it as it is.",
        "0-1 is the contact; for companies it is 0-2.",
        "That a group or total may be under 0 was not seen for every plan.",
    ]
    if reach(rules) > _USUAL:
        notes.append(f"Scores reach {reach(rules)}; plans are said to end at 100 to {_USUAL}.")
    return tuple(notes)


def _sheet(rules: Rules, found: dict[str, str], criteria: Sequence[Criterion], notes: Sequence[str]) -> bytes:
    caps = [
        f"- {escaped(part.name)}: {'no lowest' if part.low is None else part.low} to "
        f"{'no highest' if part.high is None else part.high}"
        for part in sums(rules)
        if part.name
    ]
    steps = [
        "Make the properties below, if HubSpot has them not, and fill them.",
        "Marketing, Lead Scoring, new score for contacts. Total limit: "
        + (f"{rules.score.max}." if rules.score.max is not None else "as high as the plan allows."),
        "Make a group for each group below, with its limit.",
        "For each row add a rule to its group: the condition, and its points as a fixed value.",
        "For each gate add its condition to the list of records to leave out.",
        "Look at the worked leads below in the preview; then turn the score on.",
    ]
    columns = {
        "group": lambda item: escaped(item.rule.group or _free("other" if item.places else "base", rules)),
        "points": lambda item: signed(item.points),
    }
    sections = {
        "Groups": caps,
        "Criteria": criteria_table(found, criteria, columns),
        "Worked leads": worked_table(_runs(rules) or rules, value_teller(found)),
        "Gates": gate_lines(rules, found),
        "Bands": band_lines(rules),
    }
    return sheet(rules, "HubSpot lead scoring", steps, sections, _LOSSES, notes)
