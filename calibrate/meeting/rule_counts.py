"""Leads counted rule by rule and by score: small tables, however many leads and combinations there are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calibrate.document.rules import Rules
from calibrate.leads.levels import Ints
from calibrate.meeting.combinations import Combinations
from calibrate.meeting.figures import scores
from calibrate.statistics.ranking import ScoreCounts


@dataclass(frozen=True, slots=True, eq=False)
class RuleCounts:
    """Leads that count.

    ways: for each rule leads and conversions of every outcome, as `outcome_of` numbers them, in two rows.
    scores: of all leads.  free: of those that no gate decides.
    """

    ways: tuple[Ints, ...]
    scores: ScoreCounts
    free: ScoreCounts


def rule_counts(rules: Rules, combinations: Combinations) -> RuleCounts:
    """The counts that combinations add up to."""
    found, free = scores(rules, combinations), combinations.gates < 0
    leads, won = combinations.leads, combinations.won
    ways = zip(rules.rules, combinations.ways, strict=True)
    return RuleCounts(
        ways=tuple(outcome_counts(of_rule.astype(np.int64), len(rule.cases) + 2, leads, won) for rule, of_rule in ways),
        scores=ScoreCounts.from_counts(found, leads, won),
        free=ScoreCounts.from_counts(found[free], leads[free], won[free]),
    )


def outcome_counts(ways: Ints, size: int, leads: Ints, won: Ints) -> Ints:
    """Leads and conversions of each of so many outcomes of a rule, in two rows."""
    return np.array([np.bincount(ways, part, minlength=size) for part in (leads, won)]).astype(np.int64)
