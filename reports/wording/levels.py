"""What is said of one level: how sure it is, what its points are measured from, how it reads as a rule."""

from __future__ import annotations

from typing import Literal

from calibrate.calibration import Calibration
from calibrate.learning.evidence import AttributeEvidence, LevelEvidence
from calibrate.proof.stability import LevelStability
from calibrate.settings import PointColumn
from calibrate.words.language import Language

BESIDE: tuple[PointColumn, ...] = ("adjusted", "log-odds")
Clarity = Literal["", "some evidence", "unclear", "too few", "open beside others", "unclear alone"]

UNSURE: tuple[Clarity, ...] = ("unclear", "too few", "open beside others")


def clarity(attribute: AttributeEvidence, level: LevelEvidence, column: PointColumn) -> Clarity:
    """The word beside a level's points, by its key among those of charts; empty where the evidence is strong.

    Evidence is about the lift alone. For points that were learned beside the other attributes the word says where
    these leave open what stands out alone, and where the points are clear though the lift is not.
    """
    if level.evidence == "too few":
        return "too few"
    if column not in BESIDE:
        words: dict[str, Clarity] = {"strong": "", "some": "some evidence", "weak": "unclear"}
        return words[level.evidence]
    if level.evidence == "weak":
        return "unclear" if is_open(attribute, level) else "unclear alone"
    if is_open(attribute, level):
        return "open beside others"
    return "" if level.evidence == "strong" else "some evidence"


def is_open(attribute: AttributeEvidence, level: LevelEvidence) -> bool:
    """Whether the points that the data support lie on both sides of the average, or nobody knows."""
    return not (level.support_low > attribute.unknown or level.support_high < attribute.unknown)


def side(attribute: AttributeEvidence, level: LevelEvidence) -> int:
    """Points above or below those of an average lead's level: their sign, unless they all start at 0."""
    return level.points - attribute.unknown


def sure_sign(attribute: AttributeEvidence, still: LevelStability) -> bool:
    """Whether redrawn histories leave the points on one side of the average."""
    return not still.low <= attribute.unknown <= still.high


def average_points(attribute: AttributeEvidence) -> float:
    """Points of a level by its leads: what the attribute gives a lead on average."""
    leads = sum(level.leads for level in attribute.levels)
    return sum(level.points * level.leads for level in attribute.levels) / leads if leads else 0.0


def average_score(calibration: Calibration) -> float:
    """Points that an average lead has in all, before caps and gates."""
    return sum(average_points(attribute) for attribute in calibration.attributes)


def rule_text(attribute: AttributeEvidence, level: LevelEvidence, say: Language) -> str:
    """An attribute and its level as one reads a rule: `Source = Referral`, `Job role missing`."""
    if level.level.kind == "missing":
        return say("tables.rule_missing", attribute=attribute.name)
    return say("tables.rule", attribute=attribute.name, level=level.level.label)


def of(part: int, whole: int, say: Language) -> str:
    """A part and its whole, as counts."""
    return say("tables.of", part=part, whole=whole)


def between(low: str, high: str, say: Language) -> str:
    """Both ends of a range."""
    return say("tables.range", low=low, high=high)


def percent_between(low: float, high: float, say: Language) -> str:
    """Both ends of an interval of shares."""
    return between(say.percent(low), say.percent(high), say)


def support(level: LevelEvidence, say: Language) -> str:
    """The points that the data support: the 95 % range of what they estimate, in points."""
    return between(say.signed(round(level.support_low)), say.signed(round(level.support_high)), say)
