"""Two versions of the rules: what changed, what may have caused it, and what both make of the same leads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from calibrate.document.rules import Baseline, Rules
from calibrate.exports.check import CheckLeads, outcome_of_history
from calibrate.meeting.backtest import Backtest, backtest
from calibrate.meeting.matching import Pair, PartChange, pairs_of, part_changes
from calibrate.meeting.newer import period
from calibrate.showing import Shown
from calibrate.statistics.change import (
    CommonFactor,
    LevelCount,
    LiftChange,
    RateChange,
    common_factor,
    lift_change,
    rate_change,
)
from calibrate.statistics.lift import adjusted_by_attribute

SURE = 0.05
Cause = Literal["level", "base rate", "chance", "decision", "same history", "untested"]


@dataclass(frozen=True, slots=True)
class Version:
    """Which document it is. mature_days: the age from which its history counted leads, None where of all ages."""

    id: str
    version: str
    title: str | None
    source: str | None
    first_day: str | None
    last_day: str | None
    mature_days: int | None


@dataclass(frozen=True, slots=True)
class RuleChange:
    """An outcome of a rule in both documents, or in one of them.

    change: of the lift, where both histories have evidence and share no lead.  q_value: of it, after
    Benjamini-Hochberg over all that were tested.
    cause: level, it converts otherwise than it did, beyond chance; base rate, the lift moved beyond chance, and no
    further than the overall rate takes all lifts; chance, the lift moved no further than chance takes it; decision,
    people set the points; same history, the counts are the same, so settings or people made the difference;
    untested, see `Histories`, or the outcome holds other leads than before.
    """

    pair: Pair
    change: LiftChange | None
    q_value: float | None
    cause: Cause

    @property
    def moved(self) -> bool:
        """Whether leads get other points."""
        return self.pair.old is None or self.pair.new is None or self.pair.old.points != self.pair.new.points


@dataclass(frozen=True, slots=True)
class Histories:
    """What the two histories have to do with each other.

    kind: apart, no day in both; same, the same leads; overlap, some days in both; undated, the rules do not say;
    unknown, a document has no counts. Only histories apart can be tested for change.
    """

    kind: Literal["apart", "same", "overlap", "undated", "unknown"]


@dataclass(frozen=True, slots=True, repr=False)
class Comparison(Shown):
    """What differs between two documents.

    same_scale: whether a point is worth the same in both.  rules: every outcome of every rule.
    parts: what differs beside them.  base_rate, common_factor: None unless the histories are apart.
    backtest: None without leads.
    """

    old: Version
    new: Version
    same_scale: bool
    histories: Histories
    base_rate: RateChange | None
    common_factor: CommonFactor | None
    rules: tuple[RuleChange, ...]
    parts: tuple[PartChange, ...]
    backtest: Backtest | None

    @property
    def moved(self) -> tuple[RuleChange, ...]:
        """The outcomes whose leads get other points, the largest change first, then new and vanished ones."""

        def size(item: RuleChange) -> tuple[bool, int]:
            old, new = item.pair.old, item.pair.new
            return (old is None or new is None, -abs(new.points - old.points) if old and new else 0)

        return tuple(sorted((item for item in self.rules if item.moved), key=size))


def compare(old: Rules, new: Rules, leads: CheckLeads | None = None, threshold: int | None = None) -> Comparison:
    """What differs between two documents, and on leads, where some are given, what follows.

    threshold: the score from which leads are handed to sales; without it, what each document says.

    Raises:
        DataError: the leads cannot be read as a document wants them, or none counts.
    """
    histories = histories_of(old, new)
    base_rate = None
    if histories.kind == "apart" and old.baseline and new.baseline:
        base_rate = rate_change(_counts(old.baseline), _counts(new.baseline))
    rules = _rule_changes(old, new, histories, base_rate)
    changes = [item.change for item in rules if item.change]
    return Comparison(
        old=_version(old),
        new=_version(new),
        same_scale=(old.score.unit, old.score.pdo) == (new.score.unit, new.score.pdo),
        histories=histories,
        base_rate=base_rate,
        common_factor=common_factor(changes),
        rules=rules,
        parts=part_changes(old, new),
        backtest=backtest(old, new, leads, threshold) if leads else None,
    )


def histories_of(old: Rules, new: Rules) -> Histories:
    """Whether the histories of two documents share leads, by their file and by their days."""
    if old.baseline is None or new.baseline is None:
        return Histories("unknown")
    files = {old.made_by.sha256, new.made_by.sha256}
    if len(files) == 1 and None not in files and old.baseline == new.baseline:
        return Histories("same")
    ran = [period(document.made_by) for document in (old, new)]
    if ran[0] is None or ran[1] is None:
        return Histories("undated")
    first, second = sorted([ran[0], ran[1]])
    return Histories("apart" if first[1] < second[0] else "overlap")


def _rule_changes(old: Rules, new: Rules, histories: Histories, base_rate: RateChange | None) -> tuple[RuleChange, ...]:
    pairs = pairs_of(old, new)
    tested = [_tested(pair, old, new) if histories.kind == "apart" else None for pair in pairs]
    q_values = _q_values(pairs, tested, old.baseline.leads if old.baseline else 0)
    spread = base_rate.spread if base_rate else None
    found = []
    for pair, change, q_value in zip(pairs, tested, q_values, strict=True):
        change_beside = _tested(pair, old, new, spread) if spread is not None else None
        cause = _cause(pair, histories, q_value, change_beside)
        found.append(RuleChange(pair, change, q_value, cause))
    return tuple(found)


def _tested(pair: Pair, old: Rules, new: Rules, scale: float = 1.0) -> LiftChange | None:
    """The change of a lift; None where a side has no evidence or other leads."""
    if not pair.alike or pair.old is None or pair.new is None or old.baseline is None or new.baseline is None:
        return None
    then, now = pair.old.evidence, pair.new.evidence
    if then is None or now is None:
        return None
    counts = [
        LevelCount(level.conversions, level.leads, base.conversions, base.leads)
        for level, base in ((then, old.baseline), (now, new.baseline))
    ]
    return lift_change(counts[0], counts[1], scale)


def _q_values(pairs: Sequence[Pair], tested: Sequence[LiftChange | None], leads: int) -> list[float | None]:
    """One family of all tests; two levels that hold all leads are one test."""
    rows: list[list[float | None]] = []
    for _, group in groupby(zip(pairs, tested, strict=True), key=lambda item: item[0].rule):
        items = list(group)
        values = [change.p_value for _, change in items if change]
        held = sum(pair.old.evidence.leads for pair, change in items if change and pair.old and pair.old.evidence)
        rows += [[*values]] if len(values) == 2 and held == leads else [[value] for value in values]
    q_values = (value for row in adjusted_by_attribute(rows) for value in row)
    return [next(q_values) if change else None for change in tested]


def _cause(pair: Pair, histories: Histories, q_value: float | None, beside: LiftChange | None) -> Cause:
    """What may have moved the points of an outcome."""
    if any(level is not None and level.decided for level in (pair.old, pair.new)):
        return "decision"
    if histories.kind == "same":
        return "same history"
    if q_value is None:
        return "untested"
    if q_value >= SURE:
        return "chance"
    return "base rate" if beside is not None and beside.p_value >= SURE else "level"


def _counts(baseline: Baseline) -> tuple[int, int]:
    return baseline.conversions, baseline.leads


def _version(rules: Rules) -> Version:
    made_by = rules.made_by
    outcome = outcome_of_history(rules)
    mature = outcome.mature_days if outcome else None
    return Version(rules.id, rules.version, rules.title, made_by.source, made_by.from_, made_by.to, mature)
