"""Decisions of a meeting, put into the rules: new points with their reasons, and what follows from them."""

from __future__ import annotations

import re

from calibrate.document.decisions import Decision, Override, PointsDecision, Threshold, ThresholdDecision
from calibrate.document.lead_score import outcome_label, words_of
from calibrate.document.part import is_day
from calibrate.document.rules import Rules
from calibrate.errors import SettingsError, shown
from calibrate.meeting.changes import Change, Changes, fitting
from calibrate.meeting.combinations import Combinations
from calibrate.meeting.edited import with_points
from calibrate.meeting.measured import measured, measured_on
from calibrate.meeting.overrides import override_of, with_overrides


def apply_changes(
    rules: Rules,
    changes: Changes,
    *,
    decided_on: str,
    expires: str | None = None,
    combinations: Combinations | None = None,
    where: str = "changes",
) -> Rules:
    """The next version of the rules, with what a meeting decided; the same for the same input.

    Evidence stays. Changed points carry an override that says what history gave; points set back to that carry none.
    The changelog tells all of it. Percentiles, bands and chances are counted again on `combinations`, or left out.

    decided_on, expires: days such as 2026-10-01. From `expires` on history counts again, unless a change says its own.
    where: the name of the file of changes, for messages.

    Raises:
        RulesError: the changes are of other rules.
        SettingsError: a day is none, or ends before the meeting; or nothing differs from the rules.
    """
    fitting(changes, rules, where)
    decided = tuple(item for item in changes.changes if item.to != item.from_)
    threshold = None if changes.threshold == rules.handover_score else changes.threshold
    if not decided and threshold is None:
        raise SettingsError(
            f"{where}: found no number that differs from the rules, expected other points or another threshold; change "
            "one, save the file and apply it again"
        )
    _check_days(decided_on, expires, decided)
    found = rules
    if decided:
        edits = {(item.rule, item.way): item.to for item in decided}
        overrides = {(item.rule, item.way): _override(rules, item, decided_on, expires) for item in decided}
        found = measured(with_overrides(with_points(rules, edits), overrides), combinations)
    if threshold is not None:
        reason = _said(changes.threshold_reason)
        found = found.model_copy(update={"threshold": Threshold(score=threshold, reason=reason)})
    version = next_version(rules.version)
    entry = Decision(
        version=version,
        decided_on=decided_on,
        threshold=_threshold_decision(rules, threshold, changes),
        changes=tuple(_points_decision(rules, item) for item in _in_order(rules, decided)),
        note=measured_on(combinations) if decided else None,
    )
    return found.model_copy(update={"version": version, "changelog": (*(rules.changelog or ()), entry)})


def next_version(version: str) -> str:
    """The version after this one: the number at its end goes up by one, and one without gets `.2`.

    >>> next_version("3"), next_version("2026.9"), next_version("draft")
    ('4', '2026.10', 'draft.2')
    """
    parts = re.fullmatch(r"(.*?)([0-9]+)", version, re.DOTALL)
    return f"{parts[1]}{int(parts[2]) + 1:0{len(parts[2])}d}" if parts else f"{version}.2"


def check_day(day: str, where: str) -> None:
    """Nothing, when a text is a day.

    Raises:
        SettingsError: at `where`, it is none.
    """
    if not is_day(day):
        raise SettingsError(f"{where}: found {shown(day)}, expected a day such as 2026-10-01; correct it")


def _check_days(decided_on: str, expires: str | None, decided: tuple[Change, ...]) -> None:
    check_day(decided_on, "date")
    if expires is not None:
        check_day(expires, "expires")
    for where, day in (("expires", expires), *((f"expires of {shown(item.rule)}", item.expires) for item in decided)):
        if day is not None and day <= decided_on:
            raise SettingsError(f"{where}: found {day}, expected a day after the meeting of {decided_on}; correct it")


def _override(rules: Rules, change: Change, decided_on: str, expires: str | None) -> Override | None:
    rule = next(rule for rule in rules.rules if rule.id == change.rule)
    earlier = override_of(rule, change.way)
    before = change.from_ if earlier is None else earlier.points_before
    if change.to == before:
        return None
    return Override(
        points_before=before,
        reason=_said(change.reason),
        decided_on=decided_on,
        expires=change.expires or expires,
    )


def _in_order(rules: Rules, decided: tuple[Change, ...]) -> list[Change]:
    places = {rule.id: place for place, rule in enumerate(rules.rules)}
    return sorted(decided, key=lambda item: (places[item.rule], item.way))


def _points_decision(rules: Rules, change: Change) -> PointsDecision:
    rule = next(rule for rule in rules.rules if rule.id == change.rule)
    label = words_of(rules).text(outcome_label(rule, change.way))
    return PointsDecision(rule=change.rule, label=label, from_=change.from_, to=change.to, reason=_said(change.reason))


def _threshold_decision(rules: Rules, threshold: int | None, changes: Changes) -> ThresholdDecision | None:
    if threshold is None:
        return None
    return ThresholdDecision(from_=rules.handover_score, to=threshold, reason=_said(changes.threshold_reason))


def _said(reason: str | None) -> str | None:
    """A reason without spaces around it; None where there is none."""
    return (reason or "").strip() or None
