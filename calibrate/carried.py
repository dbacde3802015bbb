"""The points that the rules of a run carry, level by level."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from calibrate.document.lead_score import outcome_points
from calibrate.document.rules import Rule, Rules
from calibrate.learning.evidence import AttributeEvidence


def carried_points(rules: Rules, attributes: Sequence[AttributeEvidence]) -> tuple[tuple[int, ...], ...]:
    """The points in the document that a run drew of these attributes, by attribute and level.

    They are not those that history gives where points adopted before were kept, or where people decided.
    """
    pairs = zip(attributes, rules.rules, strict=True)
    return tuple(tuple(outcome_points(rule, way) for way in _ways(item, rule)) for item, rule in pairs)


def _ways(item: AttributeEvidence, rule: Rule) -> Iterator[int]:
    """The outcome of every level: cases in their order, `otherwise` for the others and for what a set lacks.

    A case without evidence is no level: it is there since people decided about it.
    """
    cases = (way for way, case in enumerate(rule.cases) if case.evidence is not None)
    for row in item.levels:
        if row.level.kind == "missing" and item.member is None:
            yield len(rule.cases) + 1
        elif row.level.kind in ("other", "missing") or (item.member is not None and not row.level.truth):
            yield len(rule.cases)
        else:
            yield next(cases)
