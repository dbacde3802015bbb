"""The rows of the meeting's table of points: every outcome of every rule, with what history says of it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from calibrate.document.lead_score import outcome_label, outcome_points
from calibrate.document.rules import Evidence, Rule, Rules
from calibrate.meeting.combinations import Combinations
from calibrate.meeting.outcome_keys import missing_is_otherwise
from calibrate.meeting.point_range import point_range
from calibrate.statistics.rates import conversion_rate
from calibrate.words.language import Language, Message
from reports.wording.numbers import plain


@dataclass(frozen=True, slots=True)
class Row:
    """One outcome of a rule.

    way: number of the case, then `otherwise`, then `missing`.  both: whether `otherwise` stands for missing too.
    rate, low, high: 0 to 1, None without leads.  support: points that the data support, rounded; None where the
    document does not say.
    """

    way: int
    level: str
    points: int
    leads: int
    won: int
    rate: float | None
    low: float | None
    high: float | None
    support: tuple[int, int] | None
    both: bool


def points_of(rule: Rule) -> tuple[int, ...]:
    """The points of a rule by outcome: its cases, `otherwise`, `missing`."""
    return tuple(outcome_points(rule, way) for way in range(len(rule.cases) + 2))


def rule_name(rules: Rules, rule: Rule, say: Language) -> str:
    """A rule as people call it; of several by one name, with the value that it asks for."""
    name = rule.label or rules.attributes[rule.attr].label or rule.attr
    alike = [item for item in rules.rules if (item.label, item.attr) == (rule.label, rule.attr)]
    return plain(f"{name}: {level_name(rule, 0, say)}" if len(alike) > 1 and len(rule.cases) == 1 else name)


def level_name(rule: Rule, way: int, say: Language) -> str:
    """An outcome of a rule as people call it."""
    label = outcome_label(rule, way)
    if isinstance(label, Message) and label.key == "levels.other":
        return say("meeting.other")
    return plain(say.text(label))


def rows_of(rules: Rules, combinations: Combinations, say: Language) -> tuple[tuple[Row, ...], ...]:
    """The rows of every rule; values that nothing names only where leads have them or there are points for them.

    Leads are those of the evidence, or the counted ones where there is none.
    """
    return tuple(
        tuple(
            _row(rules, rule, way, evidence, counts, say)
            for way, (evidence, counts) in enumerate(zip(_evidence(rule), counted, strict=True))
            if _shown(rules, rule, way, evidence, counts[0])
        )
        for rule, ways in zip(rules.rules, combinations.ways, strict=True)
        for counted in (_counted(rule, ways, combinations),)
    )


def _shown(rules: Rules, rule: Rule, way: int, evidence: Evidence | None, leads: int) -> bool:
    if way > len(rule.cases) and missing_is_otherwise(rules, rule):
        return False
    return way < len(rule.cases) or evidence is not None or leads > 0 or points_of(rule)[way] != 0


def _row(rules: Rules, rule: Rule, way: int, evidence: Evidence | None, counts: tuple[int, int], say: Language) -> Row:
    leads, won = (evidence.leads, evidence.conversions) if evidence else counts
    rate = conversion_rate(won, leads)
    return Row(
        way=way,
        level=level_name(rule, way, say),
        points=outcome_points(rule, way),
        leads=leads,
        won=won,
        rate=rate.rate if rate else None,
        low=rate.low if rate else None,
        high=rate.high if rate else None,
        support=_support(rules, evidence),
        both=way == len(rule.cases) and missing_is_otherwise(rules, rule),
    )


def _support(rules: Rules, evidence: Evidence | None) -> tuple[int, int] | None:
    """The ends of what the data support; lift and adjusted points as the run told them, round what was rounded."""
    found = point_range(rules, evidence, 0.95)
    if found is None or evidence is None:
        return None
    estimates = {None: evidence.lift, "lift": evidence.lift, "adjusted": evidence.adjusted_lift}
    estimate = None if rules.score.pdo is not None else estimates.get(rules.made_by.points)
    exact = (estimate or 0) / rules.score.unit
    rounded = math.copysign(math.floor(abs(exact) + 0.5), exact)
    return round(found[0] - rounded + exact), round(found[1] - rounded + exact)


def _evidence(rule: Rule) -> tuple[Evidence | None, ...]:
    return (*(case.evidence for case in rule.cases), rule.otherwise_evidence, rule.missing_evidence)


def _counted(rule: Rule, ways: npt.NDArray[np.uint16], combinations: Combinations) -> list[tuple[int, int]]:
    """Leads and won leads of every outcome, from the combinations; of hidden ones nothing is known."""
    sums = (np.bincount(ways, part, len(rule.cases) + 3) for part in (combinations.leads, combinations.won))
    return [(int(leads), int(won)) for leads, won in zip(*sums, strict=True)][:-1]
