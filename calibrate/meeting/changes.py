"""What a meeting decided, `leadscore-changes/1.0`: points and a threshold, with reasons, and what is wrong with them.

The live page saves them as changes.json; meeting.xlsx holds the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from calibrate.document.lead_score import outcome_label, outcome_points
from calibrate.document.part import Day, Part
from calibrate.document.rules import Rule, Rules
from calibrate.document.shape import Kind, shape_faults
from calibrate.errors import RulesError, SettingsError, nearest, shown
from calibrate.fields import Count, Id, Text, Whole
from calibrate.meeting.edited import Level, way_of
from calibrate.meeting.outcome_keys import missing_is_otherwise

FORMAT: Literal["leadscore-changes/1.0"] = "leadscore-changes/1.0"


class ChangedRules(Part):
    """The rules that the changes are meant for."""

    id: Text
    version: Text


class Change(Part):
    """New points of one way through a rule.

    way: the number of its case, then `otherwise`, then `missing`.  label: the way in words, for people only.
    from_: the points that the rules have, so that changes of older rules are found out.
    expires: the day from which history counts again.
    """

    rule: Id
    way: Count
    label: str | None = None
    from_: Annotated[Whole, Field(alias="from")]
    to: Whole
    reason: str | None = None
    expires: Day | None = None


class Changes(Part):
    """All that a meeting decided. threshold: None leaves it.  minutes: as the page wrote them."""

    format: Literal["leadscore-changes/1.0"] = FORMAT
    rules: ChangedRules
    threshold: Whole | None = None
    threshold_reason: str | None = None
    changes: tuple[Change, ...] = ()
    minutes: str | None = None


CHANGES = Kind(Changes, FORMAT, "a file of changes", "the meeting page")


def load_changes(path: str | Path, rules: Rules) -> Changes:
    """The changes in a JSON file, which fit the rules.

    Raises:
        RulesError: with every fault at its place.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        fault = f"byte {error.start} is not UTF-8, expected {CHANGES.noun} in UTF-8; save it again from the page"
        raise RulesError(str(path), [fault]) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        fault = f"cannot be read ({reason}), expected {CHANGES.noun}; check its name"
        raise RulesError(str(path), [fault]) from error
    return changes_of(text, rules, str(path))


def changes_of(text: str, rules: Rules, where: str = "changes") -> Changes:
    """The changes in a text of JSON, which fit the rules; faults are told at `where`.

    Raises:
        RulesError: with every fault at its place.
    """
    found = shape_faults(text, CHANGES)
    if found:
        raise RulesError(where, found)
    return fitting(Changes.model_validate_json(text, by_alias=True, by_name=False), rules, where)


def changes_of_rows(
    rows: Iterable[Mapping[str, Any]], threshold: float | None, rules: Rules, where: str = "changes"
) -> Changes:
    """The changes in rows of rule, way, from, to and reason, as a workbook has them; 5.0 is the whole number 5.

    Raises:
        RulesError: with every fault at its place.
    """
    kept = [{key: _whole(row.get(key)) for key in ("rule", "way", "from", "to", "reason")} for row in rows]
    meant = {"id": rules.id, "version": rules.version}
    document = {"format": FORMAT, "rules": meant, "threshold": _whole(threshold), "changes": kept}
    return changes_of(json.dumps(document), rules, where)


def changes_to(
    rules: Rules,
    points: Mapping[tuple[str, Level], int],
    *,
    reasons: Mapping[tuple[str, Level], str] | None = None,
    threshold: int | None = None,
    threshold_reason: str | None = None,
) -> Changes:
    """The changes that give some outcomes other points, by rule id and level as `with_points` takes them.

    reasons: by the same rule id and level.  threshold: None leaves it.

    Raises:
        SettingsError: there is no such rule or level, or a reason has no points beside it.
        RulesError: the threshold is no score that the rules can give.
    """
    said = dict(reasons or {})
    if lost := [key for key in said if key not in points]:
        raise SettingsError(f"reasons: found one for {shown(lost[0])}, expected it among the points; add its points")
    kept = []
    for (name, level), new in points.items():
        way = way_of(rules, name, level)
        rule = next(rule for rule in rules.rules if rule.id == name)
        row = {"rule": name, "way": way, "label": str(outcome_label(rule, way)), "from": outcome_points(rule, way)}
        kept.append(row | {"to": new, "reason": said.get((name, level))})
    meant = {"id": rules.id, "version": rules.version}
    document = {"format": FORMAT, "rules": meant, "threshold": threshold, "threshold_reason": threshold_reason}
    return changes_of(json.dumps(document | {"changes": kept}), rules)


def fitting(changes: Changes, rules: Rules, where: str = "changes") -> Changes:
    """The changes, when they are of these rules as they stand.

    Raises:
        RulesError: with every fault at its place.
    """
    found = tuple(_other_rules(changes, rules)) or (*_points_faults(changes, rules), *_threshold_faults(changes, rules))
    if found:
        raise RulesError(where, found)
    return changes


def _other_rules(changes: Changes, rules: Rules) -> Iterator[str]:
    pairs = (("id", changes.rules.id, rules.id), ("version", changes.rules.version, rules.version))
    for key, found, expected in pairs:
        if found != expected:
            yield (
                f"rules.{key}: found {shown(found)}, expected {shown(expected)}, the {key} of the rules; "
                "name the rules that the meeting had before it"
            )


def _points_faults(changes: Changes, rules: Rules) -> Iterator[str]:
    by_id = {rule.id: rule for rule in rules.rules}
    first: dict[tuple[str, int], int] = {}
    for number, change in enumerate(changes.changes):
        place = f"changes[{number}]"
        rule = by_id.get(change.rule)
        if rule is None:
            near = nearest(change.rule, by_id)
            yield f"{place}.rule: found {shown(change.rule)}, expected the id of a rule; {near}"
            continue
        last = len(rule.cases) + (0 if missing_is_otherwise(rules, rule) else 1)
        if change.way > last:
            ways = "its cases come first, then otherwise, then missing where that is not the same"
            yield f"{place}.way: found {change.way}, expected 0 to {last}; {ways}"
            continue
        if (before := first.setdefault((change.rule, change.way), number)) != number:
            yield f"{place}: found {_named(change, rule)} as in changes[{before}], expected it once; remove one"
        elif change.from_ != outcome_points(rule, change.way):
            yield (
                f"{place}.from: found {change.from_} for {_named(change, rule)}, expected "
                f"{outcome_points(rule, change.way)}, as the rules have; use changes made from these rules"
            )


def _threshold_faults(changes: Changes, rules: Rules) -> Iterator[str]:
    low, high = rules.score.min, rules.score.max
    score = changes.threshold
    if score is not None and ((low is not None and score < low) or (high is not None and score > high)):
        ends = f"{low if low is not None else 'any'} to {high if high is not None else 'any'}"
        yield f"threshold: found {score}, expected {ends}, as scores run; choose one of them"


def _named(change: Change, rule: Rule) -> str:
    return shown(f"{rule.id} = {outcome_label(rule, change.way)}")


def _whole(value: Any) -> Any:
    """A number without a fraction as a whole one, anything else as it is."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
