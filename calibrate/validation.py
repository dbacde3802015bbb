"""How well the points rank leads that did not make them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from calibrate.bands import Band, Capacity, capacity_cut, equal_bands, parse_capacity
from calibrate.code_scores import code_scorer
from calibrate.codes import FOLDS, CodeStore
from calibrate.counts import ALL, OLDER, CellCounts
from calibrate.ranking import (
    Auc,
    AucDifference,
    ScoreCounts,
    ScoreProbability,
    area_under_curve,
    auc_difference_from_counts,
    cross_fitted_auc,
    score_to_probability,
)
from calibrate.scorecard import COLUMNS, Scorecard, learn_scorecard
from calibrate.settings import PointColumn, Settings

QUARTER = 91
_Z = 1.959963984540054
FEWEST = 50


@dataclass(frozen=True, slots=True)
class Ranking:
    """One point column measured on held-out leads.

    scores: held-out leads and conversions by score.  auc: None when only one class is held out.
    """

    column: PointColumn
    scores: ScoreCounts
    auc: Auc | None


@dataclass(frozen=True, slots=True)
class Validation:
    """Out-of-time (newest leads) or cross-fitted ranking of every point column.

    kind: "out-of-time" or "cross-fitted".  leads, conversions: held out in all.  learned_from: leads that made the
    points of an out-of-time test, None when cross-fitted.  first_day, last_day: of the held-out leads, ISO.
    bands: tenths of the held-out leads by the chosen column, best first, ties never split.
    difference: cautious minus lift, paired on the same leads.  probability: of the chosen column, None where no
    curve can be fitted.  capacity: what the chosen column brings in the places that sales has.
    """

    kind: str
    leads: int
    conversions: int
    learned_from: int | None
    first_day: str | None
    last_day: str | None
    rankings: tuple[Ranking, ...]
    bands: tuple[Band, ...]
    difference: AucDifference | None = None
    probability: ScoreProbability | None = None
    capacity: Capacity | None = None

    def ranking(self, column: PointColumn) -> Ranking:
        """The ranking of a point column."""
        return next(item for item in self.rankings if item.column == column)


def newest_quarter(store: CodeStore) -> int | None:
    """First day of the newest quarter if an out-of-time test is possible, else None.

    Needs FEWEST conversions and one lost lead in the newest 91 days, and twice as many conversions before them.
    """
    if store.day is None or not store.leads:
        return None
    first = int(store.day.max()) - QUARTER + 1
    newest = store.day >= first
    won = int(store.won[newest].sum())
    before = int(store.won.sum()) - won
    enough = won >= FEWEST and before >= 2 * FEWEST and int(newest.sum()) > won
    return first if enough else None


def validate(
    store: CodeStore,
    counts: Sequence[CellCounts],
    chosen: Sequence[int],
    parts: npt.NDArray[np.uint8],
    newest_from: int | None,
    settings: Settings,
) -> Validation:
    """The ranking of every point column on leads that did not make it.

    chosen: places in the store of the attributes that get points.
    """
    if newest_from is not None:
        splits = [(OLDER, ~OLDER)]
    else:
        fold = np.arange(2 * FOLDS) % FOLDS
        splits = [(fold != test, fold == test) for test in range(FOLDS)]
    joint = [_held_out(store, counts, chosen, parts, learn, test, settings) for learn, test in splits]
    rankings = tuple(_ranking(column, joint, place, newest_from) for place, column in enumerate(COLUMNS))
    own = next(item for item in rankings if item.column == settings.points.column)
    held = parts >= FOLDS if newest_from is not None else None
    days = _days(store, held)
    both = 0 < own.scores.total_conversions < own.scores.total_leads
    return Validation(
        kind="out-of-time" if newest_from is not None else "cross-fitted",
        leads=own.scores.total_leads,
        conversions=own.scores.total_conversions,
        learned_from=int(np.count_nonzero(~held)) if held is not None else None,
        first_day=days[0],
        last_day=days[1],
        rankings=rankings,
        bands=equal_bands(own.scores),
        difference=_difference(joint),
        probability=score_to_probability(own.scores) if both else None,
        capacity=_capacity(own.scores, store, held, settings),
    )


def _held_out(
    store: CodeStore,
    counts: Sequence[CellCounts],
    chosen: Sequence[int],
    parts: npt.NDArray[np.uint8],
    learn: npt.NDArray[np.bool_],
    test: npt.NDArray[np.bool_],
    settings: Settings,
) -> npt.NDArray[np.int64]:
    """Rows lift score, cautious score, leads, conversions; a column for each pair of scores met."""
    cells = [store.cells[place] for place in chosen]
    card = learn_scorecard(cells, [counts[place].of(learn) for place in chosen], settings.points)
    return joint_scores(store, card, settings, parts, test)


def joint_scores(
    store: CodeStore,
    card: Scorecard,
    settings: Settings,
    parts: npt.NDArray[np.uint8] | None = None,
    test: npt.NDArray[np.bool_] = ALL,
) -> npt.NDArray[np.int64]:
    """Leads and conversions by pair of lift and cautious score: four rows as `_held_out` gives them."""
    scorers = [code_scorer(card, column, store, settings) for column in COLUMNS]
    bounds = [scorer.bounds() for scorer in scorers]
    widths = [high - low + 1 for low, high in bounds]
    table = np.zeros((widths[0], widths[1], 2), dtype=np.int64).reshape(-1)
    for piece in store.chunks():
        rows: slice | npt.NDArray[np.intp] = piece
        if parts is not None:
            rows = np.flatnonzero(test.take(parts[piece])) + piece.start
        keys = np.zeros(len(store.won[rows]), dtype=np.intp)
        for scorer, (low, _), width in zip(scorers, bounds, widths, strict=True):
            keys = keys * width + (scorer.scores(store, rows) - low)
        table += np.bincount(keys * 2 + store.won[rows], minlength=len(table))
    counted = table.reshape(widths[0], widths[1], 2)
    leads = counted.sum(axis=2)
    first, second = np.nonzero(leads)
    return np.stack(
        [first + bounds[0][0], second + bounds[1][0], leads[first, second], counted[first, second, 1]]
    ).astype(np.int64)


def _ranking(
    column: PointColumn, joint: Sequence[npt.NDArray[np.int64]], place: int, newest_from: int | None
) -> Ranking:
    folds = [ScoreCounts.from_counts(table[place], table[2], table[3]) for table in joint]
    if newest_from is not None:
        return Ranking(column, folds[0], area_under_curve(folds[0]))
    return Ranking(column, ScoreCounts.merged(folds), cross_fitted_auc(folds))


def _difference(joint: Sequence[npt.NDArray[np.int64]]) -> AucDifference | None:
    """Cautious minus lift: paired within each fold, whose scores alone compare; folds weighted by won-lost pairs."""
    found, weights = [], []
    for lift, cautious, leads, won in joint:
        gap = auc_difference_from_counts(cautious, lift, leads, won)
        if gap is not None:
            found.append(gap)
            weights.append(float(won.sum() * (leads - won).sum()))
    if len(found) < 2:
        return found[0] if found else None
    shares = np.array(weights) / sum(weights)
    mean = float(shares @ [gap.difference for gap in found])
    halves = np.array([(gap.high - gap.low) / 2 for gap in found])
    half = float(np.sqrt(((shares * halves) ** 2).sum()))
    p_value = math.erfc(abs(mean) / (half / _Z) / math.sqrt(2)) if half else 1.0
    return AucDifference(mean, mean - half, mean + half, p_value)


def _days(store: CodeStore, held: npt.NDArray[np.bool_] | None) -> tuple[str | None, str | None]:
    if store.day is None or not store.leads:
        return None, None
    days = store.day if held is None else store.day[held]
    return iso_day(int(days.min())), iso_day(int(days.max()))


def iso_day(day: int) -> str | None:
    """Day since 1970 as an ISO date; None for no day."""
    return str(np.datetime64(day, "D")) if day > -(2**31) else None


def _capacity(
    scores: ScoreCounts, store: CodeStore, held: npt.NDArray[np.bool_] | None, settings: Settings
) -> Capacity | None:
    if settings.report.capacity is None or store.day is None:
        return None
    places, period = parse_capacity(settings.report.capacity)
    days = store.day if held is None else store.day[held]
    days = days[days > -(2**31)]
    span = int(days.max()) - int(days.min()) + 1 if len(days) else 0
    total = int(places * span / period)
    return capacity_cut(scores, total) if total else None
