"""The effects of redrawn histories by one step of the fit, from sums alone: no lead is read again.

The fit b of the card solves A'S = lambda b, S by atom the conversions missed. A draw with weights w, bins A (atoms to
its own levels) and penalties lambda_w solves, to first order in w - 1,

    (A'HA + lambda_w I) b_w = A'(H b + S'w)

with H the weighted counts of atom pairs at the card's fit and the intercept free. With weights 1 and the levels of
the card that is the card's fit itself. The levels of the largest category share no lead, so that they are taken out
first and the rest is a small solve.

Source: Moulton & Zeger (1991), Comput. Stat. Data Anal. 11:53 (one-step bootstrap of generalised linear models).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from calibrate.proof.buckets import Atoms, BucketSums, Fit
from calibrate.proof.redrawn import Redrawn
from calibrate.statistics.adjusted import condensed
from calibrate.statistics.packed import Floats, PackedLeads, Places
from calibrate.statistics.ridge import chance_of

_GRID = 65


@dataclass(frozen=True, slots=True)
class Steps:
    """Where the step leads each draw, a row a draw.

    intercept: what it gains.  coefficients: by atom, an array an attribute.  missed: won minus expected by the card's
    fit, as a share of all leads.  slopes: share of every atom in the slopes of all leads.
    """

    fit: Fit
    draws: Redrawn
    intercept: Floats
    coefficients: tuple[Floats, ...]
    missed: Floats
    slopes: tuple[Floats, ...]

    def log_odds(self) -> list[Floats]:
        """Effect of every atom on the log-odds, against the average lead of the draw."""
        rate = self.draws.rate[:, None]
        slope = np.maximum(rate * (1 - rate), 1e-12) if self.fit.linear else 1.0
        return [
            (own - (share * own).sum(axis=1, keepdims=True)) / slope
            for own, share in zip(self.coefficients, self.draws.shares, strict=True)
        ]

    def lifts(self, leads: PackedLeads, lifts: Sequence[Floats]) -> list[Floats]:
        """Adjusted lift of every atom, percentage points.

        lifts: those of the card.  leads: some, over which the margins are taken. What a draw adds to the card's lift
        is the change of the margin, all other attributes moved by their mean, less the change of the overall rate.
        """
        steps = zip(self.coefficients, self.fit.coefficients, self.slopes, strict=True)
        gains = [(new - old) @ share for new, old, share in steps]
        moved = self.intercept + np.sum(gains, axis=0)
        total = self.fit.intercept + leads.totals(self.fit.coefficients, slice(None))
        known, found = np.isfinite(self.draws.strength)[:, None], []
        for place, (old, new) in enumerate(zip(self.fit.coefficients, self.coefficients, strict=True)):
            at = new + (moved - gains[place])[:, None]
            if self.fit.linear:
                change = at - old
            else:
                values, weights = condensed(total - old.take(leads.level_of(place)))
                change = _margins(values, weights, at) - _margins(values, weights, old)
            found.append(np.where(known, lifts[place] + 100 * (change - self.missed[:, None]), 0))
        return found


def _margins(values: Floats, weights: Floats, at: Floats) -> Floats:
    """Mean chance with each of these added to the log-odds, by a spline through 65 of them."""
    from scipy.interpolate import CubicSpline

    grid = np.linspace(float(at.min()) - 1e-3, float(at.max()) + 1e-3, _GRID)
    means = np.array([weights @ chance_of(values + one) for one in grid])
    margins: Floats = CubicSpline(grid, means)(at)
    return margins


def one_step(
    leads: PackedLeads, fit: Fit, atoms: Sequence[Atoms], sums: BucketSums, weights: Floats, draws: Redrawn
) -> Steps:
    """The step of every draw.

    leads: some, spread evenly, from which the curvature is taken.  weights: how often each draw takes each bucket.
    """
    assert sums.missed is not None  # noqa: S101
    sizes = [item.size for item in atoms]
    all_leads = float(sums.leads[0].sum())
    total, pairs = _curvature(leads, fit, all_leads)
    each = np.diag(pairs)
    right = np.concatenate([weights @ part for part in sums.missed], axis=1) + pairs @ np.concatenate(fit.coefficients)
    all_missed = weights @ sums.missed[0].sum(axis=1)
    constant = all_missed + each @ np.concatenate(fit.coefficients)
    solver = _Solver.of(total, pairs, atoms)
    penalty = _penalties(fit, draws)
    starts = _starts([level for level in draws.level if level is not None], len(weights))
    intercept, found = np.zeros(len(weights)), np.zeros_like(right)
    for draw in np.flatnonzero(np.isfinite(penalty).all(axis=1)):
        intercept[draw], found[draw] = solver.solve(starts[draw], penalty[draw], float(constant[draw]), right[draw])
    ends = np.cumsum(sizes)[:-1]
    coefficients, slopes = tuple(np.split(found, ends, axis=1)), tuple(np.split(each / total, ends))
    return Steps(fit, draws, intercept, coefficients, all_missed / all_leads, slopes)


def _penalties(fit: Fit, draws: Redrawn) -> Floats:
    """Of every attribute, a row a draw; not finite where it shows only chance."""
    variance = 1.0 if fit.linear else np.maximum(draws.rate * (1 - draws.rate), 1e-12)[:, None]
    penalties: Floats = variance * (draws.strengths + 1)
    return penalties


def _curvature(leads: PackedLeads, fit: Fit, all_leads: float) -> tuple[float, Floats]:
    """Slopes of all leads, and of the leads of every two atoms, attributes in order, scaled to so many leads."""
    weights, total = [], 0.0
    for piece in leads.chunks():
        chance = fit.chances(leads, piece)
        weight = np.ones(len(chance)) if fit.linear else chance * (1 - chance)
        weights.append((piece, weight))
        total += float(weight.sum())
    sums = leads.pair_sums(weights)
    ends = dict(zip(sums.order, np.cumsum([leads.sizes[place] for place in sums.order]).tolist(), strict=True))
    order = np.concatenate([np.arange(ends[place] - size, ends[place]) for place, size in enumerate(leads.sizes)])
    grow = all_leads / leads.leads
    return total * grow, sums.dense()[np.ix_(order, order)] * grow


def _starts(levels: Sequence[Places], draws: int) -> list[Places]:
    """For each draw, the atoms, among those that are learned anew, where a level of its own begins."""
    if not levels:
        return [np.zeros(0, np.intp)] * draws
    changes = [np.diff(level, axis=1, prepend=-2) != 0 for level in levels]
    return [np.flatnonzero(row) for row in np.concatenate(changes, axis=1)]


@dataclass(frozen=True, slots=True)
class _Solver:
    """The matrix of the intercept and all atoms, arranged to be solved for many ways of joining atoms to levels.

    order: atoms that stay, then those that are joined anew in every draw, then those of the largest attribute that
    stays, `widest`.  owner: attribute of each, in this order.  stays, anew: how many there are of the first two.
    inner: intercept and the first two among themselves; beside, largest: with the third, and that with itself.
    """

    order: Places
    owner: Places
    stays: int
    anew: int
    inner: Floats
    beside: Floats
    largest: Floats

    @classmethod
    def of(cls, total: float, pairs: Floats, atoms: Sequence[Atoms]) -> _Solver:
        """total: the intercept with itself.  pairs: the atoms among themselves."""
        owner = np.repeat(np.arange(len(atoms)), [item.size for item in atoms])
        fixed = [place for place, item in enumerate(atoms) if item.cells is None]
        widest = max(fixed, key=lambda place: atoms[place].size, default=-1)
        moving = np.isin(owner, [place for place in range(len(atoms)) if place not in fixed])
        kinds = (~moving & (owner != widest), moving, owner == widest)
        stays, anew, last = (np.flatnonzero(kind) for kind in kinds)
        first = np.concatenate([stays, anew])
        each = np.diag(pairs)
        inner = np.block(
            [[np.full((1, 1), total), each[None, first]], [each[first, None], pairs[np.ix_(first, first)]]]
        )
        beside = np.vstack([each[last], pairs[np.ix_(first, last)]])
        order = np.concatenate([first, last])
        return cls(order, owner[order], len(stays), len(anew), inner, beside, each[last])

    def solve(self, starts: Places, penalty: Floats, constant: float, right: Floats) -> tuple[float, Floats]:
        """Intercept and coefficients of the atoms.

        starts: where among the atoms that are joined anew a level begins.  penalty: of each attribute.  constant,
        right: the right-hand side, of the intercept and of the atoms.
        """
        size, stays = self.stays + self.anew, self.stays + 1
        right = right[self.order]
        joined = np.concatenate([np.arange(stays), stays + starts])
        inner = np.empty((len(joined), len(joined)))
        inner[:stays, :stays] = self.inner[:stays, :stays]
        beside = self.beside[:stays]
        if len(starts):
            beside = np.concatenate([beside, np.add.reduceat(self.beside[stays:], starts, axis=0)])
            rows = np.add.reduceat(self.inner[stays:], starts, axis=0)
            inner[stays:, :stays] = rows[:, :stays]
            inner[:stays, stays:] = rows[:, :stays].T
            inner[stays:, stays:] = np.add.reduceat(rows[:, stays:], starts, axis=1)
        inner[np.arange(1, len(joined)), np.arange(1, len(joined))] += penalty[self.owner[joined[1:] - 1]]
        target = np.add.reduceat(np.concatenate([[constant], right[:size]]), joined)
        weight = self.largest + penalty[self.owner[size:]]
        scaled = beside / weight
        solved = np.linalg.solve(inner - scaled @ beside.T, target - scaled @ right[size:])
        spans = np.diff(np.append(joined, size + 1))
        found = np.empty(len(right))
        found[self.order] = np.concatenate([np.repeat(solved, spans)[1:], right[size:] / weight - solved @ scaled])
        return float(solved[0]), found
