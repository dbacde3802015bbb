"""What to tell of the points themselves: overlap, chance, a better column, what shaping costs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from calibrate.document.rules import Score
from calibrate.learning.evidence import AttributeEvidence
from calibrate.proof.audit import DOUBLE, Overlap
from calibrate.proof.shaping import Shaped
from calibrate.proof.validation import Validation
from calibrate.remarks import Remark
from calibrate.settings import PointColumn, Settings
from calibrate.statistics.overlap import Pair
from calibrate.words.language import Message, chained, message

_MOST_NAMED = 3
_CLOSE = 0.7
_MOST_COST = 0.005


def overlaps(overlap: Overlap, column: PointColumn, unit: float) -> list[Remark]:
    """Attributes that go together, and what that does to the sum of their points."""
    pairs = [pair for pair in overlap.pairs if pair.v > _CLOSE]
    together = _together(pairs) if pairs else None
    if column in ("adjusted", "log-odds"):
        return [Remark("note", _after(together, message(f"remarks.overlap.{column}")))] if together else []
    worth, factor = overlap.worth, overlap.factor
    if worth is not None and factor is not None and factor >= DOUBLE:
        times = message("remarks.overlap.times", factor=factor, worth=worth * unit)
        return [Remark("overlap", _after(together, times))]
    return [Remark("overlap", _after(together, message("remarks.overlap.twice")))] if together else []


def _together(pairs: Sequence[Pair]) -> Message:
    """Which attributes go together: the first pairs, and how many more there are."""
    named = [
        message(f"remarks.overlap.{'same' if pair.same else 'pair'}", first=pair.first, second=pair.second)
        for pair in pairs[:_MOST_NAMED]
    ]
    more = len(pairs) - _MOST_NAMED
    named += [message("remarks.overlap.more", n=more)] if more > 0 else []
    return message("remarks.overlap.together", pairs=chained("reasons.clauses", named))


def _after(first: Message | None, then: Message) -> Message:
    return then if first is None else message("remarks.two", first=first, then=then)


def flips(overlap: Overlap) -> list[Remark]:
    """Levels whose lift is surely someone else's doing."""
    told = [
        message("remarks.flip", attribute=flip.attribute, level=flip.level, alone=flip.lift, beside=flip.adjusted)
        for flip in overlap.flips
        if flip.sure
    ]
    return [Remark("overlap", message("remarks.flips", n=len(told), levels=told))] if told else []


def costs(shaping: Sequence[Shaped]) -> list[Remark]:
    """A change of the points that costs the ranking half a pair of 100 or more."""
    lost = [(new.change, old.auc - new.auc) for old, new in pairwise(shaping)]
    told = [message(f"remarks.cost.{change}", loss=loss) for change, loss in lost if loss >= _MOST_COST]
    return [Remark("note", message("remarks.costs", losses=told))] if told else []


def scale(settings: Settings, score: Score) -> list[Remark]:
    """What a point from 0 to 100 is worth."""
    if settings.points.scale != "0-100":
        return []
    if score.pdo:
        return [Remark("note", message("remarks.scale_odds", points=score.pdo))]
    return [Remark("note", message("remarks.scale", unit=score.unit))]


def nothing(strength: float) -> list[Remark]:
    """That there is nothing to learn."""
    return [Remark("few", message("remarks.nothing"))] if math.isinf(strength) else []


def better_column(validation: Validation | None, settings: Settings, column: PointColumn) -> list[Remark]:
    """That another column ranks better beyond chance, or which one was taken and why."""
    if validation is None:
        return []
    best, area = validation.best, validation.ranking(validation.best).auc
    known = area is not None and area.low > 0.5
    if settings.points.column == "best":
        return [Remark("note", message(f"remarks.best.{best}") if known else message("remarks.best.unknown"))]
    found = validation.against(column)
    if found is None or found.chance or not known or found.difference.difference < 0.002:
        return []
    better, than = (message(f"remarks.points.{name}") for name in (best, column))
    gap = found.difference.difference
    return [Remark("note", message("remarks.better", better=better, than=than, gap=gap, option=best))]


def chance(attributes: Sequence[AttributeEvidence]) -> list[Remark]:
    """How many levels show no more than chance."""
    levels = [level for item in attributes for level in item.levels if level.evidence != "too few"]
    weak = sum(level.evidence == "weak" for level in levels)
    return [Remark("note", message("remarks.chance", n=weak, levels=len(levels)))] if weak else []
