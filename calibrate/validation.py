"""How well the points rank leads that did not make them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from calibrate.bands import Band
from calibrate.ranking import Auc, ScoreCounts


@dataclass(frozen=True, slots=True)
class Ranking:
    """One point column measured on held-out leads.

    scores: held-out leads and conversions by score.  auc: None when only one class is held out.
    slope, intercept: logistic fit of conversion on score/100 ... as `ranking.score_to_probability`.
    """

    column: Literal["lift", "cautious"]
    scores: ScoreCounts
    auc: Auc | None


@dataclass(frozen=True, slots=True)
class Validation:
    """Out-of-time (newest leads) or cross-fitted ranking of every point column.

    leads, conversions: held out in all.  learned_from: leads that made the points (out-of-time), None when cross-fitted.
    bands: tenths of the held-out leads by the chosen column, best first, ties never split.
    """

    kind: Literal["out-of-time", "cross-fitted"]
    leads: int
    conversions: int
    learned_from: int | None
    first_day: str | None
    last_day: str | None
    rankings: tuple[Ranking, ...]
    bands: tuple[Band, ...]
