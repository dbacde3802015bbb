"""Points that stay as they were adopted until history contradicts them, from one quarter to the next.

A level keeps its points unless they lie outside the new 80 % range of what it is worth and the new points differ by
three or more. What is compared is always what was adopted last, so that slow drift cannot creep in.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from calibrate.document.decisions import Override
from calibrate.document.lead_score import outcome_label, outcome_points
from calibrate.document.rules import Evidence, Rule, Rules
from calibrate.errors import SettingsError
from calibrate.meeting.applying import next_version
from calibrate.meeting.combinations import Combinations
from calibrate.meeting.edited import with_points
from calibrate.meeting.matching import condition_key, keyed_rules
from calibrate.meeting.measured import measured
from calibrate.meeting.outcome_keys import missing_is_otherwise
from calibrate.meeting.overrides import override_of, with_overrides
from calibrate.meeting.point_range import column_points, point_range

LEAST_CHANGE = 3


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of the points of one level.

    why: kept, history gave others and does not contradict; changed, it does; new and vanished, nothing to compare;
    muted, the new rules deny it the points that history gives; override, people decided and that still holds;
    expired, it held until now.
    adopted: points adopted last.  learned: points that the new history gave.  points: those of the result.
    low, high: the new range of the level at 80 %, in points.  None where there is nothing.
    override: what people had decided.
    """

    rule: str
    label: str
    why: Literal["kept", "changed", "new", "vanished", "muted", "override", "expired"]
    adopted: int | None
    learned: int | None
    points: int | None
    low: float | None = None
    high: float | None = None
    override: Override | None = None

    @property
    def supported(self) -> bool | None:
        """Whether the new history supports the points adopted last; None where it cannot say."""
        if self.adopted is None or self.low is None or self.high is None:
            return None
        return self.low <= self.adopted <= self.high


@dataclass(frozen=True, slots=True)
class _Level:
    """A way through a rule. key: what tells levels apart, the same in every version of a document."""

    key: Hashable
    rule: Rule
    way: int
    evidence: Evidence | None

    @property
    def points(self) -> int:
        return outcome_points(self.rule, self.way)

    @property
    def override(self) -> Override | None:
        return override_of(self.rule, self.way)


def keep_adopted(
    previous: Rules, new: Rules, *, day: str | None = None, combinations: Combinations | None = None
) -> tuple[Rules, tuple[Kept, ...]]:
    """The new rules with points as adopted where history does not contradict them, and what became of each level.

    Levels of which nothing is to be told, with points as before, are not listed. Overrides of the previous rules are
    carried, with their points, until `day` reaches the day that they expire; None carries all. The result is the next
    version of the previous rules, with their threshold and changelog. Where points differ from those of `new`,
    percentiles, bands and chances are counted again on `combinations`, the leads of `new`, or left out.

    Raises:
        SettingsError: a point of the two is not worth the same.
    """
    _check_worth(previous, new)
    before = {level.key: level for level in _levels(previous)}
    now = {level.key: level for level in _levels(new)}
    told = [_kept(new, before.get(key), level, day) for key, level in now.items()]
    told += [_vanished(level) for key, level in before.items() if key not in now]
    places = {(level.rule.id, level.way): item for level, item in zip(now.values(), told, strict=False)}
    edits = {key: item.points for key, item in places.items() if item.points not in (None, item.learned)}
    found = _edited(new, places, {key: points for key, points in edits.items() if points is not None}, combinations)
    identity = {
        "id": previous.id,
        "version": next_version(previous.version),
        "threshold": previous.threshold,
        "changelog": previous.changelog,
    }
    return found.model_copy(update=identity), tuple(item for item in told if _is_news(item))


def _edited(
    new: Rules,
    places: Mapping[tuple[str, int], Kept],
    edits: Mapping[tuple[str, int], int],
    combinations: Combinations | None,
) -> Rules:
    overrides = {key: item.override for key, item in places.items() if item.why == "override"}
    if not edits:
        return with_overrides(new, overrides)
    return measured(with_overrides(with_points(new, edits), overrides), combinations)


def _is_news(item: Kept) -> bool:
    return item.why != "kept" or item.adopted != item.learned


def _check_worth(previous: Rules, new: Rules) -> None:
    pairs = {"score.unit": (previous.score.unit, new.score.unit), "score.pdo": (previous.score.pdo, new.score.pdo)}
    for place, (was, now) in pairs.items():
        if was != now:
            raise SettingsError(
                f"{place}: found {now} in the new rules, expected {was} as in the previous ones, whose points cannot "
                "be kept otherwise; set the unit, pdo and scale of points as they were"
            )


def _kept(new: Rules, before: _Level | None, level: _Level, day: str | None) -> Kept:
    """What becomes of a level of the new rules."""
    low, high = point_range(new, level.evidence) or (None, None)
    learned = level.points

    def told(why: Literal["kept", "changed", "new", "muted", "override", "expired"], points: int) -> Kept:
        adopted = before.points if before else None
        override = before.override if before else None
        label = outcome_label(level.rule, level.way)
        return Kept(level.rule.id, label, why, adopted, learned, points, low, high, override)

    if before is None:
        return told("new", learned)
    if before.override is not None:
        ended = day is not None and before.override.expires is not None and before.override.expires <= day
        return told("expired", learned) if ended else told("override", before.points)
    if _is_muted(new, level):
        return told("muted", learned)
    outside = low is not None and high is not None and not low <= before.points <= high
    if outside and abs(learned - before.points) >= LEAST_CHANGE:
        return told("changed", learned)
    return told("kept", before.points)


def _is_muted(new: Rules, level: _Level) -> bool:
    """Whether the rules give other points than the evidence although it has leads enough."""
    enough = level.evidence is not None and level.evidence.strength != "too few"
    return enough and column_points(new, level.evidence) not in (None, level.points)


def _vanished(level: _Level) -> Kept:
    label = outcome_label(level.rule, level.way)
    return Kept(level.rule.id, label, "vanished", level.points, None, None, override=level.override)


def _levels(rules: Rules) -> Iterator[_Level]:
    """The levels that history or people have points for: every case, the rest where it has evidence or an override."""
    for key, rule in keyed_rules(rules):
        for way, case in enumerate(rule.cases):
            yield _Level((key, condition_key(case.when)), rule, way, case.evidence)
        way = len(rule.cases)
        if rule.otherwise_evidence is not None or rule.otherwise_override is not None:
            yield _Level((key, "otherwise"), rule, way, rule.otherwise_evidence)
        alone = not missing_is_otherwise(rules, rule)
        if alone and (rule.missing_evidence is not None or rule.missing_override is not None):
            yield _Level((key, "missing"), rule, way + 1, rule.missing_evidence)
