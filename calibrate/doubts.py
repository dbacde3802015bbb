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

_MOST_NAMED = 3
_CLOSE = 0.7
_MOST_COST = 0.005


def overlaps(overlap: Overlap, column: PointColumn, unit: float) -> list[Remark]:
    """Attributes that go together, and what that does to the sum of their points."""
    pairs = [pair for pair in overlap.pairs if pair.v > _CLOSE]
    named = [f"{pair.first} and {pair.second}{' (almost the same)' if pair.same else ''}" for pair in pairs]
    together = ""
    if named:
        more = f"; {len(named) - _MOST_NAMED} more pairs" if len(named) > _MOST_NAMED else ""
        together = f"{'; '.join(named[:_MOST_NAMED])}{more}: they go together closely. "
    if column in ("adjusted", "log-odds"):
        text = f"{together}{column.capitalize()} points take out what they have in common."
        return [Remark("note", text)] if together else []
    worth, factor = overlap.worth, overlap.factor
    if worth is not None and factor is not None and factor >= DOUBLE:
        text = (
            f"{together}Attributes overlap, so summed lift points count {factor:.1f} times: in these leads ten points "
            f"are worth only {worth * unit:.2g} percentage points. --points adjusted takes the overlap out."
        )
        return [Remark("overlap", text)]
    if together:
        return [Remark("overlap", f"{together}Summed points count it twice; --points adjusted takes the overlap out.")]
    return []


def flips(overlap: Overlap) -> list[Remark]:
    """Levels whose lift is surely someone else's doing."""
    told = [
        f"{flip.attribute} = {flip.level} ({_signed(flip.lift)} alone, {_signed(flip.adjusted)} beside the others)"
        for flip in overlap.flips
        if flip.sure
    ]
    if not told:
        return []
    verb = "turns its sign" if len(told) == 1 else "turn their sign"
    text = (
        f"{listed_names(told)} {verb} when all attributes are looked at together: the lift, in percentage points, goes "
        "with another attribute."
    )
    return [Remark("overlap", text)]


def _signed(lift: float) -> str:
    return f"{lift:+.1f}".replace("-", "\N{MINUS SIGN}")


def costs(shaping: Sequence[Shaped]) -> list[Remark]:
    """A change of the points that costs the ranking half a pair of 100 or more."""
    names = {"whole points": "rounding", "no points below 0": "starting at 0", "caps and gates": "caps and gates"}
    lost = [(names[new.change], old.auc - new.auc) for old, new in pairwise(shaping)]
    told = [f"{name} {100 * loss:.1f}" for name, loss in lost if loss >= _MOST_COST]
    return (
        [Remark("note", f"Of 100 won-lost pairs this many lose their order: by {', by '.join(told)}.")] if told else []
    )


def scale(settings: Settings, score: Score) -> list[Remark]:
    """What a point from 0 to 100 is worth."""
    if settings.points.scale != "0-100":
        return []
    each = (
        f"{score.pdo:g} points double the odds" if score.pdo else f"one point is worth {score.unit:g} percentage points"
    )
    return [Remark("note", f"Scores run from 0 to 100, and no attribute goes below 0: {each}.")]


def nothing(strength: float) -> list[Remark]:
    """That there is nothing to learn."""
    if not math.isinf(strength):
        return []
    text = (
        "History shows no differences beyond chance: the levels differ no more than they would by luck. Points that "
        "are pulled towards zero (cautious, adjusted) come out at 0, and lift points should not be used."
    )
    return [Remark("few", text)]


def better_column(validation: Validation | None, settings: Settings, column: PointColumn) -> list[Remark]:
    """That another column ranks better beyond chance, or which one was taken and why."""
    if validation is None:
        return []
    best, area = validation.best, validation.ranking(validation.best).auc
    known = area is not None and area.low > 0.5
    if settings.points.column == "best":
        said = f"Best of the point columns on held-out leads: {best}. The rules carry it."
        unknown = "No kind of points ranks held-out leads better than chance may; the rules carry the cautious ones."
        return [Remark("note", said if known else unknown)]
    found = validation.against(column)
    if found is None or found.chance or not known or found.difference.difference < 0.002:
        return []
    text = (
        f"On held-out leads the {best} points rank better than the {column} points: "
        f"{found.difference.difference * 100:.1f} more won-lost pairs of 100 in the right order, beyond chance. Use "
        f"them with --points {best}."
    )
    return [Remark("note", text)]


def chance(attributes: Sequence[AttributeEvidence]) -> list[Remark]:
    """How many levels show no more than chance."""
    levels = [level for item in attributes for level in item.levels if level.evidence != "too few"]
    weak = sum(level.evidence == "weak" for level in levels)
    if not weak:
        return []
    which = "it is marked weak, and keeps its" if weak == 1 else "they are marked weak, and keep their"
    return [Remark("note", f"{weak} of {len(levels)} levels could be chance; {which} points.")]


def listed_names(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    shown = list(names[:_MOST_NAMED])
    more = len(names) - len(shown)
    if more:
        return ", ".join(shown) + f" and {more} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else shown[0]
