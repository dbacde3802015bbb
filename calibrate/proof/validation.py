"""How well the points rank leads that did not make them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from calibrate.leads.codes import FIRST_DAY, FOLDS, NO_DAY, CodeStore
from calibrate.learning.held_out import HeldOut, Trial, held_out
from calibrate.learning.learned import Learned
from calibrate.pace import parse_pace
from calibrate.settings import PointColumn, Settings
from calibrate.statistics.bands import Band, Capacity, capacity_cut, equal_bands
from calibrate.statistics.probability import ProbabilityCheck, ScoreProbability, probability_check, score_to_probability
from calibrate.statistics.ranking import (
    Auc,
    AucDifference,
    ScoreCounts,
    area_under_curve,
    auc_difference_from_counts,
    cross_fitted_auc,
    pairs_of_scores,
)
from calibrate.statistics.rates import normal_quantile

_SHARE = 10


@dataclass(frozen=True, slots=True)
class Ranking:
    """One point column measured on held-out leads.

    scores: held-out leads and conversions by score.  auc: None when only one class is held out.
    check: how the chances hold that the points themselves promise: overall rate plus score for percentage points, the
    overall odds moved by the score for log-odds.  slope: how much of what they promise came true, 1 where all of it
    did: least squares on percentage points, Cox's slope on log-odds. Both of the sums before caps and gates.
    reached: what fits in the places that sales has, or in as many as a tenth of the leads.
    """

    column: PointColumn
    scores: ScoreCounts
    auc: Auc | None
    check: ProbabilityCheck | None = None
    slope: float | None = None
    reached: Capacity | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """The best column against another, AUC minus AUC, paired on the same leads.

    chance: whether chance could bring as much. Cross-fitted that takes p .001 instead of .05, because points lean
    against the fold that they are tested on.
    """

    other: PointColumn
    difference: AucDifference
    chance: bool


@dataclass(frozen=True, slots=True)
class Validation:
    """Out-of-time (newest leads) or cross-fitted ranking of every point column.

    kind: "out-of-time" or "cross-fitted".  leads, conversions: held out in all.  learned_from: leads that made the
    points of an out-of-time test, None when cross-fitted.  first_day, last_day: of the held-out leads, ISO.
    bands: tenths of the held-out leads by the chosen column, best first, ties never split.
    best: the column that ranks best, the simplest of equals.  column: the chosen one: what was asked for, else the
    best, or cautious where even that may rank no better than a coin.  comparisons: it against every other one.
    probability: of the chosen column, None where no curve can be fitted.
    capacity: what the chosen column brings in the places that sales has.  capacity_of_all: it is of all counted leads
    by the points of the rules, since these keep points adopted before.
    """

    kind: str
    leads: int
    conversions: int
    learned_from: int | None
    first_day: str | None
    last_day: str | None
    rankings: tuple[Ranking, ...]
    bands: tuple[Band, ...]
    best: PointColumn = "lift"
    column: PointColumn = "lift"
    comparisons: tuple[Comparison, ...] = ()
    probability: ScoreProbability | None = None
    capacity: Capacity | None = None
    capacity_of_all: bool = False

    def ranking(self, column: PointColumn) -> Ranking:
        """The ranking of a point column."""
        return next(item for item in self.rankings if item.column == column)

    def against(self, column: PointColumn) -> Comparison | None:
        """The best column against another; None for itself."""
        return next((item for item in self.comparisons if item.other == column), None)


def validate(trial: Trial, learned: Learned, settings: Settings) -> Validation | None:
    """The ranking of every point column on leads that did not make it; None where none were held out."""
    held = learned.held
    if held is None:
        return None
    newest = trial.parts if trial.newest_from is not None else None
    days = _days(trial.store, newest)
    places = _places(trial.store, days, settings)
    free = _free(trial, learned, held, settings)
    rankings = tuple(_ranking(item, held, free, trial, learned, places) for item in held.scores)
    leading = max(rankings, key=lambda item: round(item.auc.auc, 4) if item.auc else 0.0)
    best, asked = leading.column, settings.points.column
    sure: PointColumn = best if leading.auc and leading.auc.low > 0.5 else "cautious"
    own = next(item for item in rankings if item.column == (sure if asked == "best" else asked))
    tested = own.scores.total_leads
    both = 0 < own.scores.total_conversions < own.scores.total_leads
    return Validation(
        kind="cross-fitted" if trial.newest_from is None else "out-of-time",
        leads=tested,
        conversions=own.scores.total_conversions,
        learned_from=_older(trial, learned, own.column, tested),
        first_day=days.dates[0],
        last_day=days.dates[1],
        rankings=rankings,
        bands=equal_bands(own.scores),
        best=best,
        column=own.column,
        comparisons=tuple(_comparisons(held, best, 0.05 if trial.newest_from is not None else 0.001)),
        probability=score_to_probability(own.scores) if both else None,
        capacity=own.reached if places is not None else None,
    )


def _older(trial: Trial, learned: Learned, column: PointColumn, tested: int) -> int | None:
    """Leads before the newest quarter that made the points: all that are counted, or those at hand for a fit."""
    if trial.newest_from is None:
        return None
    return learned.cards[0].leads if column in ("lift", "cautious") else trial.store.leads - tested


def _ranking(
    column: PointColumn, held: HeldOut, free: HeldOut, trial: Trial, learned: Learned, places: int | None
) -> Ranking:
    tests = held.counts(column)
    scores = ScoreCounts.merged(tests)
    auc = area_under_curve(scores) if trial.newest_from is not None else cross_fitted_auc(tests)
    fitting = places or scores.total_leads // _SHARE
    sums = scores if free is held else ScoreCounts.merged(free.counts(column))
    check = _promised(column, sums, learned)
    kept = check.slope if check and column == "log-odds" else _kept(sums, float(learned.worths[column].unit))
    return Ranking(
        column,
        scores,
        auc,
        check,
        kept,
        capacity_cut(scores, fitting) if fitting else None,
    )


def _free(trial: Trial, learned: Learned, held: HeldOut, settings: Settings) -> HeldOut:
    """The held-out leads with the plain sums of their points, before caps, gates and ends of the scale."""
    if not (settings.capped or settings.gates or settings.points.scale == "0-100"):
        return held
    points = settings.points.model_copy(update={"scale": "points"})
    bare = settings.model_copy(update={"groups": {}, "gates": [], "points": points})
    zero = {column: learned.base[column] + learned.card.shift(column) for column in held.scores}
    return held_out(trial, learned.cards, tuple(held.scores), bare, zero=zero)


def _kept(scores: ScoreCounts, unit: float) -> float | None:
    """Least-squares slope of the outcome on the score in units of what a point promises; None where all scores tie."""
    score, leads, won = (np.array(part, dtype=np.float64) for part in (scores.scores, scores.leads, scores.conversions))
    apart = score - (score @ leads) / leads.sum() if leads.sum() else score
    spread = float(leads @ apart**2)
    return float(apart @ won) / spread * 100 / unit if spread else None


def _comparisons(held: HeldOut, best: PointColumn, sure: float) -> list[Comparison]:
    found = []
    for other in held.scores:
        gap = _difference(held, best, other) if other != best else None
        if gap is not None:
            found.append(Comparison(other, gap, gap.p_value >= sure))
    return found


def _difference(held: HeldOut, column: PointColumn, other: PointColumn) -> AucDifference | None:
    """One column minus another: paired within each test, whose scores alone compare; weighted by won-lost pairs."""
    found, weights = [], []
    for test in held.tests:
        pairs = [
            pairs_of_scores(held.scores[column][piece], held.scores[other][piece], held.won[piece])
            for piece in held.pieces(test)
        ]
        if not pairs:
            continue
        one, two, leads, conversions = (np.concatenate(part) for part in zip(*pairs, strict=True))
        gap = auc_difference_from_counts(one, two, leads, conversions)
        if gap is not None:
            won = int(conversions.sum())
            found.append(gap)
            weights.append(float(won * (int(leads.sum()) - won)))
    if len(found) < 2:
        return found[0] if found else None
    shares = np.array(weights) / sum(weights)
    mean = float(shares @ [gap.difference for gap in found])
    halves = np.array([(gap.high - gap.low) / 2 for gap in found])
    half = float(np.sqrt(((shares * halves) ** 2).sum()))
    p_value = math.erfc(abs(mean) / (half / normal_quantile(0.95)) / math.sqrt(2)) if half else 1.0
    return AucDifference(mean, mean - half, mean + half, p_value)


def _promised(column: PointColumn, scores: ScoreCounts, learned: Learned) -> ProbabilityCheck | None:
    """The check of what the points promise: percentage points add to the rate, log-odds points to the log-odds."""
    card = learned.card
    points = np.array(scores.scores, dtype=np.float64) - learned.base[column] - card.shift(column)
    if column == "log-odds":
        odds = 2 ** np.clip((card.intercept or 0) / math.log(2) + points / learned.worths[column].pdo, -500, 500)
        chances = odds / (1 + odds)
    else:
        chances = card.rate + points * float(learned.worths[column].unit) / 100
    return probability_check(np.clip(chances, 0.001, 0.999), scores.leads, scores.conversions)


@dataclass(frozen=True, slots=True)
class _Days:
    """The first and last day that some leads came in, since 1970, and how many leads have a day; 0 of them: no days."""

    first: int
    last: int
    leads: int

    @property
    def dates(self) -> tuple[str | None, str | None]:
        return (iso_day(self.first), iso_day(self.last)) if self.leads else (None, None)


def first_and_last(store: CodeStore) -> tuple[str | None, str | None]:
    """ISO dates of the first and the last of all leads; None where no lead has a day."""
    return _days(store).dates


def _days(store: CodeStore, newest: npt.NDArray[np.uint8] | None = None) -> _Days:
    """Of all leads, or by these parts of those that are held back for the test on the newest."""
    firsts, lasts, leads = list[int](), list[int](), 0
    if store.day is None:
        return _Days(NO_DAY, NO_DAY, 0)
    for piece in store.chunks():
        days = store.day[piece]
        days = days[days > NO_DAY] if newest is None else days[(days > NO_DAY) & (newest[piece] >= FOLDS)]
        leads += len(days)
        if len(days):
            firsts.append(int(days.min()))
            lasts.append(int(days.max()))
    return _Days(min(firsts, default=NO_DAY), max(lasts, default=NO_DAY), leads)


def iso_day(day: int) -> str | None:
    """Day since 1970 as an ISO date; None for no day."""
    return str(np.datetime64(day, "D")) if day > NO_DAY else None


def _places(store: CodeStore, days: _Days, settings: Settings) -> int | None:
    """The places that sales has for held-out leads, of which leads without an outcome yet take their share."""
    if settings.report.capacity is None or not days.leads:
        return None
    pace = parse_pace(settings.report.capacity)
    came_in = int(store.arrivals[days.first - FIRST_DAY : days.last - FIRST_DAY + 1].sum())
    return int(pace.places * (days.last - days.first + 1) / pace.days * days.leads / came_in) or None
