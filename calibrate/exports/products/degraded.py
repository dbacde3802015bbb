"""What is left of rules in a product that has not all their parts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from itertools import accumulate
from typing import Any

from calibrate.document.rules import Group, Rule, Rules, Score, ScoreBand
from calibrate.exports.products.criteria import evidence_of, points_of
from calibrate.exports.target import Feature


def left_of(rules: Rules, lost: Collection[Feature], /, **changed: Any) -> Rules | None:
    """The rules without gates, caps or limits, where these are lost; None where they say the same as before.

    changed: parts that take the place of their own.  What was measured on the old scores (the worked leads, the
    reference, the probability) is left out.
    """
    parts: dict[str, Any] = {}
    if "gates" in lost:
        parts["gates"] = ()
    if "caps" in lost:
        parts["groups"] = {name: Group(label=group.label) for name, group in rules.groups.items()}
    if "limits" in lost:
        score = changed.get("score", rules.score)
        parts["score"] = Score(base=score.base, unit=score.unit, pdo=score.pdo)
    left = rules.model_copy(update={**changed, **parts})
    if left == rules:
        return None
    measured = {"tests": (), "reference": None, "probability": None, **changed}
    bands = tuple(ScoreBand(name=band.name, from_=band.from_, action=band.action) for band in left.bands)
    return left.model_copy(update={**measured, **parts, "bands": bands})


def recut(rules: Rules, scored: Rules) -> tuple[ScoreBand, ...]:
    """The bands of the rules with edges in the scores of `scored`, so that each holds about the share it held.

    The shares are those of the reference; the spread of the new scores is worked out from the counts of the evidence
    as if attributes were independent. No bands where either is not known.
    """
    spread = _spread(rules, scored)
    if rules.reference is None or spread is None:
        return ()
    falling = sorted(spread, reverse=True)
    reached = dict(zip(falling, accumulate(spread[score] for score in falling), strict=True))
    found: list[ScoreBand] = []
    for band in rules.bands:
        edge = None
        if band.from_ is not None:
            pairs = zip(rules.reference.scores, rules.reference.counts, strict=True)
            share = sum(count for score, count in pairs if score >= band.from_) / rules.reference.leads
            lower = [score for score in falling if not found or score < (found[-1].from_ or 0)]
            edge = min(lower, key=lambda score: abs(reached[score] - share), default=None)
            if edge is None:
                continue
        found.append(ScoreBand(name=band.name, from_=edge, action=band.action))
    return tuple(found)


def _spread(rules: Rules, scored: Rules) -> Mapping[int, float] | None:
    """Share of the leads by new score, if attributes were independent; None where a count is missing."""
    spread = {scored.score.base: 1.0}
    for old, new in zip(rules.rules, scored.rules, strict=True):
        leads = _leads(old, rules)
        if leads is None:
            return None
        shares: Counter[int] = Counter()
        for points, count in zip(points_of(new), leads, strict=True):
            shares[points] += count
        total = sum(leads)
        step: dict[int, float] = {}
        for score, share in spread.items():
            for points, count in shares.items():
                if count:
                    step[score + points] = step.get(score + points, 0.0) + share * count / total
        spread = step
    return spread


def _leads(rule: Rule, rules: Rules) -> list[int] | None:
    """Leads of every outcome; None where the counts do not add up to those of the reference."""
    counts = [evidence.leads if evidence else 0 for evidence in evidence_of(rule)]
    whole = rules.reference is not None and sum(counts) == rules.reference.leads
    return counts if whole else None
