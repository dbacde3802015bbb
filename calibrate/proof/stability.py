"""How far the points would move in another history like this one: the whole procedure on redrawn leads.

::

    Role = Director   9 points   80 % of draws: 6 to 12   above the average in 100 %   rank 2 to 4   stable

A draw takes as many leads as there are, each any number of times (whole accounts where they are named), and learns
from them again: bins, prior strength, points. The leads are read once; see `buckets`, `redrawn` and `onestep`. Points
pulled towards 0 are told how they move from history to history, not how far from the truth the pull leaves them.

Source: Efron & Gong (1983), Am. Stat. 37:36 (percentile intervals); Goldstein & Spiegelhalter (1996), J. R. Stat.
Soc. A 159:385 (intervals of ranks).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from calibrate.learning.evidence import AttributeEvidence
from calibrate.learning.held_out import Trial
from calibrate.learning.scorecard import CardAttribute, Scorecard, Worths, by_column
from calibrate.proof.buckets import Atoms, Fit, atoms_of, bucket_sums, drawn_weights, packed_atoms
from calibrate.proof.onestep import one_step
from calibrate.proof.redrawn import redrawn
from calibrate.settings import PointColumn, PointSettings
from calibrate.spread import spread
from calibrate.statistics.packed import Floats
from calibrate.statistics.points import Worth, rounded_points
from calibrate.statistics.shrinkage import shrunk_lift
from calibrate.words.language import Message, message

FEWEST_BUCKETS = 10
_ENDS = (0.1, 0.9)
_WIDEST = 3.0
_SHARE_OF_RATE = 0.2
_MOST_LEVELS = 2_000
_FOR_PAIRS = 100_000
_FOR_MARGINS = 20_000


@dataclass(frozen=True, slots=True)
class LevelStability:
    """How the points of a level fare in the draws.

    low, high: 10th and 90th percentile of its points.  reach: how far the further of these ends lies from the points,
    neither rounded; in points.  same_sign: share of draws in which the level is on the side
    of the average that its points say; where they are 0, in which they are 0 again.  rank_low, rank_high: 10th and
    90th percentile of its place among all levels that get points, 1 the most.  top: share of draws in which it has
    the most, levels at one another's height share a draw.  stable: the reach is within the tolerance.
    """

    low: int
    high: int
    same_sign: float
    rank_low: int
    rank_high: int
    top: float
    stable: bool
    reach: float = 0.0


Levels = tuple[LevelStability | None, ...]


@dataclass(frozen=True, slots=True)
class Stability:
    """What became of every level in the draws, by column and attribute; None for a level that gets no points.

    Attributes and levels stand as in the card, or as in the evidence of a calibration.
    tolerance: of `stable`, percentage points.  missing: why a column of the card is not among them.
    """

    draws: int
    tolerance: float
    columns: dict[PointColumn, tuple[Levels, ...]]
    missing: dict[PointColumn, Message]


def stability_of(
    trial: Trial, places: Sequence[int], card: Scorecard, worths: Worth | Worths, settings: PointSettings
) -> Stability | None:
    """How stable the points of the card of all leads are, in every column that it has; None without draws.

    places: of its attributes in the store.  worths: of its points, by column.  None also where nobody, or everybody,
    won, and with fewer than 10 accounts (or leads): draws of one account alone would never differ.
    The tolerance is 3 percentage points, or a fifth of the rate (of winning or losing) where that is less: a lift of
    2 is nothing beside 15 % and much beside 1 %. On log-odds it is what it comes to at the overall rate.
    """
    if not settings.draws or not 0 < card.conversions < card.leads:
        return None
    atoms = atoms_of(card.attributes, [leads for leads, _ in trial.totals(places)])
    fit = _fit_of(card, atoms, linear=settings.fit == "linear")
    why = _too_many(atoms) if fit else None
    fit = None if why else fit
    sums = bucket_sums(trial.store, places, atoms, fit)
    if sums.buckets < FEWEST_BUCKETS:
        return None
    weights = drawn_weights(settings.draws, sums.buckets)
    draws = redrawn(sums, atoms, weights, settings)
    values: dict[PointColumn, list[Floats]] = {
        "lift": draws.lifts(shrunk=False),
        "cautious": draws.lifts(shrunk=True),
    }
    if fit:
        some = packed_atoms(trial.store, places, atoms, spread(trial.store.leads, _FOR_PAIRS))
        stepped = one_step(some, fit, atoms, sums, weights, draws)
        values["adjusted"] = stepped.lifts(some.some(_FOR_MARGINS), _adjusted_lifts(card, atoms))
        values["log-odds"] = stepped.log_odds()
    tolerance = min(_WIDEST, 100 * _SHARE_OF_RATE * min(card.rate, 1 - card.rate))
    found = {
        column: _found(card, column, _by_level(card, atoms, drawn), by_column(worths)[column], tolerance)
        for column, drawn in values.items()
    }
    return Stability(settings.draws, tolerance, found, dict.fromkeys(("adjusted", "log-odds"), why) if why else {})


def as_listed(found: Stability | None, card: Scorecard, attributes: Sequence[AttributeEvidence]) -> Stability | None:
    """The same in the order in which the evidence lists attributes and levels."""
    if found is None:
        return None
    place = {(item.cells.column, item.cells.member): at for at, item in enumerate(card.attributes)}
    order = [place[item.column, item.member] for item in attributes]
    levels = [
        [card.attributes[at].levels.levels.index(row.level) for row in item.levels]
        for at, item in zip(order, attributes, strict=True)
    ]
    columns = {
        column: tuple(tuple(rows[at][level] for level in held) for at, held in zip(order, levels, strict=True))
        for column, rows in found.columns.items()
    }
    return replace(found, columns=columns)


def _fit_of(card: Scorecard, atoms: Sequence[Atoms], *, linear: bool) -> Fit | None:
    """The fit behind the effects: these are centred by leads, its coefficients add up to 0 within an attribute."""
    if card.intercept is None:
        return None
    intercept, slope = (card.rate, card.rate * (1 - card.rate)) if linear else (card.intercept, 1.0)
    coefficients = []
    for item, part in zip(card.attributes, atoms, strict=True):
        assert item.effect is not None  # noqa: S101
        own = slope * (item.effect.log_odds - item.effect.log_odds.mean())
        intercept -= float(own @ item.leads) / card.leads
        coefficients.append(np.append(own, 0.0)[part.level])
    return Fit(intercept, tuple(coefficients), linear)


def _too_many(atoms: Sequence[Atoms]) -> Message | None:
    stay = sum(item.size for item in atoms if item.cells is None)
    return message("reasons.too_many_levels", levels=stay) if stay > _MOST_LEVELS else None


def _adjusted_lifts(card: Scorecard, atoms: Sequence[Atoms]) -> list[Floats]:
    """Adjusted lift of the level of every atom."""
    effects = [item.effect.lift if item.effect else np.zeros(len(item.leads)) for item in card.attributes]
    return [np.append(lift, 0.0)[part.level] for lift, part in zip(effects, atoms, strict=True)]


def _by_level(card: Scorecard, atoms: Sequence[Atoms], drawn: Sequence[Floats]) -> list[Floats]:
    """Values by level of the card, from those of the atoms."""
    parts = zip(atoms, drawn, card.attributes, strict=True)
    return [part.mean(values, len(item.leads)) for part, values, item in parts]


def _found(
    card: Scorecard, column: PointColumn, drawn: Sequence[Floats], worth: Worth, tolerance: float
) -> tuple[Levels, ...]:
    """How every level fares; drawn: its lift or log-odds, an array an attribute, a row a draw."""
    point, most = float(worth.unit), tolerance
    if column == "log-odds":
        point, most = math.log(2) / worth.pdo, tolerance / (100 * card.rate * (1 - card.rate))
    sides = [_same_sign(item, column, part / point) for item, part in zip(card.attributes, drawn, strict=True)]
    given = np.concatenate([~np.array(item.levels.muted) for item in card.attributes])
    shift = np.concatenate([np.full(len(item.leads), item.unknown[column]) for item in card.attributes])
    whole = np.concatenate(drawn, axis=1) / point
    points = np.concatenate([_unrounded(item, card, column) for item in card.attributes]) / point
    ends = np.quantile(whole, _ENDS, axis=0)
    low, high = (rounded_points(row + shift) for row in ends)
    reach = np.maximum(np.maximum(points - ends[0], ends[1] - points), 0.0)
    ranks, top = _ranks(np.where(given, whole + shift, -np.inf))
    rows = zip(low, high, np.concatenate(sides), *ranks, top, reach, given, strict=True)
    found = [
        LevelStability(
            int(a), int(b), float(same), int(best), int(worst), float(first), bool(r <= most / point), float(r)
        )
        if there
        else None
        for a, b, same, best, worst, first, r, there in rows
    ]
    stops = np.cumsum([len(item.leads) for item in card.attributes])
    return tuple(tuple(found[end - len(item.leads) : end]) for item, end in zip(card.attributes, stops, strict=True))


def _unrounded(item: CardAttribute, card: Scorecard, column: PointColumn) -> Floats:
    """What the points of every level stand for: lift in percentage points, or log-odds."""
    if item.effect is not None and column in ("adjusted", "log-odds"):
        return item.effect.lift if column == "adjusted" else item.effect.log_odds
    lift: Floats = 100 * (item.conversions / item.leads - card.rate)
    return shrunk_lift(lift, item.leads, card.strength) if column == "cautious" else lift


def _same_sign(item: CardAttribute, column: PointColumn, drawn: Floats) -> Floats:
    """Share of draws on the same side of the average as the points; of draws with 0 points where they are 0."""
    side = np.sign(item.points[column] - item.unknown[column])
    share: Floats = np.where(side == 0, np.abs(drawn) < 0.5, np.sign(drawn) == side).mean(axis=0)
    return share


def _ranks(values: Floats) -> tuple[npt.NDArray[np.int64], Floats]:
    """Percentiles of the rank of every column within its row, 1 the largest, and the share of rows that it leads."""
    order = np.sort(-values, axis=1)
    rank = np.stack([np.searchsorted(line, -row) for line, row in zip(order, values, strict=True)]) + 1
    first = rank == 1
    ends: npt.NDArray[np.int64] = np.quantile(rank, _ENDS, axis=0, method="inverted_cdf").astype(np.int64)
    return ends, (first / first.sum(axis=1, keepdims=True)).mean(axis=0)
