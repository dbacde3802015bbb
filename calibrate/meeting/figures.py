"""What follows from points and a threshold for counted leads.

These leads made the points, so differences say more than levels; what leads held out gave stands elsewhere.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from calibrate.document.lead_score import standing_of
from calibrate.document.rules import Rule, Rules
from calibrate.leads.levels import Ints
from calibrate.meeting.combinations import Combinations, summed
from calibrate.showing import Shown
from calibrate.statistics.bands import Band, equal_bands
from calibrate.statistics.ranking import Gain, ScoreCounts, area_under_curve
from calibrate.statistics.ranking import gains as gains_of
from calibrate.statistics.rates import conversion_rate


@dataclass(frozen=True, slots=True)
class Figures(Shown):
    """What a threshold brings.

    leads, won: at or above it.  leads_a_month: the same leads in a month, None without dates.  rate: won of these
    leads, 0 to 1.  reached: of all won leads, 0 to 1.  right_order: share of won-lost pairs of all leads that the
    score puts in the right order, a tie half.  None where nothing is there to divide by.
    """

    threshold: int
    leads: int
    won: int
    leads_a_month: float | None
    rate: float | None
    reached: float | None
    right_order: float | None


@dataclass(frozen=True, slots=True)
class NamedBand:
    """A band of the document with its leads. score_from: None for the last one and for one that only gates give.

    rate, rate_low, rate_high: 0 to 1, Wilson; None without leads.
    """

    name: str
    score_from: int | None
    leads: int
    won: int
    rate: float | None
    rate_low: float | None
    rate_high: float | None


@dataclass(frozen=True, slots=True)
class Change:
    """What a figure changed by, with the 95 % range of it."""

    change: float
    low: float
    high: float

    @property
    def could_be_chance(self) -> bool:
        """Whether no change is within the range."""
        return self.low <= 0 <= self.high


@dataclass(frozen=True, slots=True)
class Difference(Shown):
    """By how much the figures changed; None where one of the two is."""

    leads: Change
    leads_a_month: Change | None
    rate: Change | None
    reached: Change | None
    right_order: Change | None


def scores(rules: Rules, combinations: Combinations) -> Ints:
    """The score of the leads of every combination, as `score_lead` gives it."""
    return _total(rules, combinations, _group_sums(rules, combinations))


def score_counts(rules: Rules, combinations: Combinations) -> ScoreCounts:
    """Leads and conversions of every score."""
    return ScoreCounts.from_counts(scores(rules, combinations), combinations.leads, combinations.won)


def figures(rules: Rules, combinations: Combinations, threshold: int) -> Figures:
    """What the leads from a threshold up bring."""
    counts = score_counts(rules, combinations)
    start = bisect_left(counts.scores, threshold)
    leads, won = sum(counts.leads[start:]), sum(counts.conversions[start:])
    auc = area_under_curve(counts)
    return Figures(
        threshold=threshold,
        leads=leads,
        won=won,
        leads_a_month=None if combinations.months is None else leads / combinations.months,
        rate=won / leads if leads else None,
        reached=won / counts.total_conversions if counts.total_conversions else None,
        right_order=auc.auc if auc else None,
    )


def threshold_for(rules: Rules, combinations: Combinations, leads_a_month: float) -> int:
    """The lowest score that leads have from which up there are at most so many leads a month, in all without dates.

    One above the best score where even that has more.
    """
    counts = score_counts(rules, combinations)
    threshold, leads = max(counts.scores, default=rules.score.base) + 1, 0
    for score, tied in zip(reversed(counts.scores), reversed(counts.leads), strict=True):
        leads += tied
        if leads / (combinations.months or 1.0) > leads_a_month:
            break
        threshold = score
    return threshold


def bands(rules: Rules, combinations: Combinations) -> tuple[NamedBand, ...]:
    """The bands of the document, then those that only gates give, with their leads; all that have a name."""
    found = scores(rules, combinations)
    distinct, place = np.unique(found, return_inverse=True)
    by_score = [standing_of(rules, score).band for score in distinct.tolist()]
    by_gate = [gate.then.band for gate in rules.gates]
    starts: dict[str, int | None] = {band.name: band.from_ for band in rules.bands}
    starts |= {name: None for name in by_gate if name is not None and name not in starts}
    names = list(starts)
    own = np.array([-1 if name is None else names.index(name) for name in by_score], dtype=np.intp)[place]
    for number, name in enumerate(by_gate):
        if name is not None:
            own[combinations.gates == number] = names.index(name)
    return tuple(
        _named_band(name, starts[name], int(combinations.leads[mine].sum()), int(combinations.won[mine].sum()))
        for at, name in enumerate(names)
        for mine in (own == at,)
    )


def tenths(rules: Rules, combinations: Combinations) -> tuple[Band, ...]:
    """Ten bands of about as many leads each, best first; fewer where ties forbid more."""
    return equal_bands(score_counts(rules, combinations))


def gains(rules: Rules, combinations: Combinations) -> tuple[Gain, ...]:
    """Share of the leads and share of the customers reached, from the best score down; empty without customers."""
    return gains_of(score_counts(rules, combinations))


def worth_of_rules(rules: Rules, combinations: Combinations) -> tuple[float | None, ...]:
    """For every rule the right order lost when all its points are 0, -1 to 1; None without both won and lost leads."""
    sums = _group_sums(rules, combinations)
    counted = combinations.leads, combinations.won
    whole = area_under_curve(ScoreCounts.from_counts(_total(rules, combinations, sums), *counted))
    found: list[float | None] = []
    for rule, ways in zip(rules.rules, combinations.ways, strict=True):
        without = {**sums, rule.group: sums[rule.group] - points_by_way(rule).take(ways)}
        rest = area_under_curve(ScoreCounts.from_counts(_total(rules, combinations, without), *counted))
        found.append(whole.auc - rest.auc if whole and rest else None)
    return tuple(found)


def difference(
    rules_before: Rules,
    rules_after: Rules,
    combinations: Combinations,
    threshold_before: int,
    threshold_after: int,
    draws: int = 500,
) -> Difference:
    """How far the figures moved, and how far they might have moved in other histories of as many leads.

    Every lead counts as often as Poisson says, the same for both (a paired bootstrap); ranges are from the 2.5 to the
    97.5 % quantile. The rules and thresholds stay as they are, so this is not what relearned points would do.
    Source: Hanley & MacGibbon (2006), Stat. Med. 25:2139, the Poisson bootstrap.
    """
    totals = [scores(rules, combinations) for rules in (rules_before, rules_after)]
    pairs, leads, won = summed(np.array(totals), combinations.leads, combinations.won)
    sides = [_side(column, cut) for column, cut in zip(pairs, (threshold_before, threshold_after), strict=True)]
    random = np.random.default_rng(0)
    drawn = np.empty((draws + 1, 4))
    for place in range(draws + 1):
        of_won, of_lost = (won, leads - won) if not place else (random.poisson(won), random.poisson(leads - won))
        before, after = (_measured(side, of_won, of_lost) for side in sides)
        drawn[place] = after - before
    of_leads, *others = drawn.T
    by_month = None if combinations.months is None else _change(of_leads / combinations.months)
    return Difference(_change(of_leads), by_month, *(_change_if_known(column) for column in others))


def points_by_way(rule: Rule) -> Ints:
    """Points of every outcome of a rule, of the hidden one too."""
    return np.array([*(case.points for case in rule.cases), rule.otherwise, rule.missing, 0], dtype=np.int64)


def _group_sums(rules: Rules, combinations: Combinations) -> dict[str | None, Ints]:
    """Points by group, before caps; None for the rules without one."""
    sums: dict[str | None, Ints] = {name: np.zeros(len(combinations.leads), np.int64) for name in (*rules.groups, None)}
    for rule, ways in zip(rules.rules, combinations.ways, strict=True):
        sums[rule.group] += points_by_way(rule).take(ways)
    return sums


def _total(rules: Rules, combinations: Combinations, sums: dict[str | None, Ints]) -> Ints:
    """Scores from the sums of the groups: caps, base, clamp; a gate has the last word."""
    total = sums[None] + rules.score.base
    for name, group in rules.groups.items():
        total += np.clip(sums[name], group.min, group.max)
    total = np.clip(total, rules.score.min, rules.score.max)
    for number, gate in enumerate(rules.gates):
        total[combinations.gates == number] = gate.then.score
    return total


def _named_band(name: str, score_from: int | None, leads: int, won: int) -> NamedBand:
    rate = conversion_rate(won, leads)
    ends = (rate.rate, rate.low, rate.high) if rate else (None, None, None)
    return NamedBand(name, score_from, leads, won, *ends)


@dataclass(frozen=True, slots=True)
class _Side:
    """Rows by score under one version of the rules: place among its distinct scores, and whether it is handed over."""

    place: npt.NDArray[np.intp]
    size: int
    handed: npt.NDArray[np.bool_]


def _side(totals: Ints, threshold: int) -> _Side:
    distinct, place = np.unique(totals, return_inverse=True)
    return _Side(place, len(distinct), totals >= threshold)


def _measured(side: _Side, won: Ints, lost: Ints) -> npt.NDArray[np.float64]:
    """Leads, rate, reached, right order; NaN where there is nothing to divide by."""
    all_won, all_lost = won.sum(), lost.sum()
    handed_won = won[side.handed].sum()
    leads = handed_won + lost[side.handed].sum()
    by_score = [np.bincount(side.place, weights=part, minlength=side.size) for part in (won, lost)]
    ordered = (by_score[0] * (by_score[1].cumsum() - by_score[1] / 2)).sum()
    parts, wholes = (leads, handed_won, handed_won, ordered), (1, leads, all_won, all_won * all_lost)
    return np.array([float(part / whole) if whole else np.nan for part, whole in zip(parts, wholes, strict=True)])


def _change(measured: npt.NDArray[np.float64]) -> Change:
    """The change that was found, first, with its range from those that were drawn."""
    low, high = np.quantile(measured[1:], [0.025, 0.975])
    return Change(float(measured[0]), float(low), float(high))


def _change_if_known(measured: npt.NDArray[np.float64]) -> Change | None:
    """The same where a draw may lack what to divide by; None where the history itself does."""
    known = measured[~np.isnan(measured)]
    return None if np.isnan(measured[0]) or len(known) < 2 else _change(known)
