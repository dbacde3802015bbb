"""Points that stay as they were adopted until history contradicts them, from one quarter to the next.

A level keeps its points unless they lie outside the new 80 % range of what it is worth and the new points differ by
three or more. What is compared is always what was adopted last, so that slow drift cannot creep in.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from calibrate.document.decisions import Override
from calibrate.document.lead_score import outcome_label, outcome_points
from calibrate.document.rules import Evidence, Rule, Rules
from calibrate.errors import SettingsError
from calibrate.meeting.applying import next_version
from calibrate.meeting.combinations import Combinations
from calibrate.meeting.decided import holds_all, holds_on, threshold_decided
from calibrate.meeting.edited import with_points
from calibrate.meeting.matching import attribute_name, condition_key, keyed_rules
from calibrate.meeting.measured import measured
from calibrate.meeting.outcome_keys import missing_is_otherwise
from calibrate.meeting.overrides import override_of, with_overrides
from calibrate.meeting.point_range import column_points, point_range

LEAST_CHANGE = 3
Why = Literal["kept", "changed", "new", "vanished", "muted", "override", "expired", "lost"]


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of the points of one level.

    why: kept, history gave others and does not contradict; changed, it does; new and vanished, nothing to compare;
    muted, the new rules deny it the points that history gives; override, people decided and that still holds;
    expired, it held until now; lost, it holds and the new rules have no place for it.
    rule: its id.  name: what it reads, as people call it.
    adopted: points adopted last.  learned: points that the new history gave.  points: those of the result.
    low, high: the new range of the level at 80 %, in points.  None where there is nothing.
    override: what people had decided.
    """

    rule: str
    name: str
    label: str
    why: Why
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
    """A way through a rule.

    key: what tells levels apart, the same in every version of a document: that of the rule, and in it.
    name: what the rule reads, as people call it.
    """

    key: tuple[Hashable, Hashable]
    name: str
    rule: Rule
    way: int
    evidence: Evidence | None

    @property
    def points(self) -> int:
        return outcome_points(self.rule, self.way)

    @property
    def override(self) -> Override | None:
        return override_of(self.rule, self.way)

    def holds(self, other: _Level) -> bool:
        """Whether a case holds all leads of another one, of the same rule in another version."""
        if self.key[0] != other.key[0] or max(self.way - len(self.rule.cases), other.way - len(other.rule.cases)) >= 0:
            return False
        return holds_all(self.rule.cases[self.way].when, other.rule.cases[other.way].when)


def keep_adopted(
    previous: Rules, new: Rules, *, day: str | None = None, combinations: Combinations | None = None
) -> tuple[Rules, tuple[Kept, ...]]:
    """The new rules with points as adopted where history does not contradict them, and what became of each level.

    Levels of which nothing is to be told, with points as before, are not listed. Overrides of the previous rules are
    carried, with their points, until `day` reaches the day that they expire; None carries all. Where a level is cut
    finer all its parts get them; `with_places` makes room for those that no level of `new` holds. The result is the
    next version of the previous rules, with their changelog, and their threshold where people chose it. Where points
    differ from those of `new`, percentiles, bands and chances are counted again on `combinations`, the leads of `new`,
    or left out.

    Raises:
        SettingsError: a point of the two is not worth the same.
    """
    _check_worth(previous, new)
    then = {level.key: level for level in _levels(previous)}
    now = list(_levels(new, {key for key, level in then.items() if level.override is not None}))
    before = [_before(level, then) for level in now]
    told = [_kept(new, was, level, day) for was, level in zip(before, now, strict=True)]
    found_again = {was.key for was in before if was is not None}
    told += [_gone(level, day) for key, level in then.items() if key not in found_again]
    places = {(level.rule.id, level.way): item for level, item in zip(now, told, strict=False)}
    edits = {key: item.points for key, item in places.items() if item.points not in (None, item.learned)}
    found = _edited(new, places, {key: points for key, points in edits.items() if points is not None}, combinations)
    identity = {
        "id": previous.id,
        "version": next_version(previous.version),
        "threshold": previous.threshold if threshold_decided(previous) else new.threshold,
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

    def told(why: Why, points: int) -> Kept:
        adopted = before.points if before else None
        override = before.override if before else None
        label = outcome_label(level.rule, level.way)
        return Kept(level.rule.id, level.name, label, why, adopted, learned, points, low, high, override)

    if before is None:
        return told("new", learned)
    if before.override is not None:
        return told("override", before.points) if holds_on(before.override, day) else told("expired", learned)
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


def _before(level: _Level, then: Mapping[tuple[Hashable, Hashable], _Level]) -> _Level | None:
    """The same level in the previous rules, or one that people decided about and that holds all of it."""
    decided = (was for was in then.values() if was.override is not None and was.holds(level))
    return then.get(level.key) or next(decided, None)


def _gone(level: _Level, day: str | None) -> Kept:
    label = outcome_label(level.rule, level.way)
    why: Why = "vanished"
    if level.override is not None:
        why = "lost" if holds_on(level.override, day) else "expired"
    return Kept(level.rule.id, level.name, label, why, level.points, None, None, override=level.override)


def _levels(rules: Rules, decided: Collection[tuple[Hashable, Hashable]] = ()) -> Iterator[_Level]:
    """The levels that history or people have points for: every case, the rest where it has evidence or an override.

    decided: keys of levels that are wanted in any case, since people decided about them in other rules.
    """
    for key, rule in keyed_rules(rules):
        name = attribute_name(rules, rule)
        for way, case in enumerate(rule.cases):
            yield _Level((key, condition_key(case.when)), name, rule, way, case.evidence)
        way = len(rule.cases)
        if rule.otherwise_evidence or rule.otherwise_override or (key, "otherwise") in decided:
            yield _Level((key, "otherwise"), name, rule, way, rule.otherwise_evidence)
        alone = not missing_is_otherwise(rules, rule)
        if alone and (rule.missing_evidence or rule.missing_override or (key, "missing") in decided):
            yield _Level((key, "missing"), name, rule, way + 1, rule.missing_evidence)
