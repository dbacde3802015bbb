"""The effects of redrawn histories by one step of the fit, from sums alone: no lead is read again.

The fit b of the card solves A'S = lambda b, S by atom the conversions missed. A draw with weights w, bins A (atoms to
its own levels) and penalties lambda_w solves, to first order in w - 1,

    (A'HA + lambda_w I) b_w = A'(H b + S'w)

with H the weighted counts of atom pairs at the card's fit and the intercept free. With weights 1 and the levels of
the card that is the card's fit itself. H is the same in all draws, so that they are solved side by side by conjugate
gradients: products with H and with one inverse, that at the mean penalty, instead of an elimination a draw. Draws
that these leave unsolved, and those of few levels among many atoms, are solved one by one.

Source: Moulton & Zeger (1991), Comput. Stat. Data Anal. 11:53 (one-step bootstrap of generalised linear models);
Hestenes & Stiefel (1952), J. Res. Natl. Bur. Stand. 49:409 (conjugate gradients); Golub & Van Loan (2013), Matrix
Computations, 4th ed., 11.5 (preconditioned).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from calibrate.proof.buckets import Atoms, BucketSums, Fit
from calibrate.proof.redrawn import Redrawn
from calibrate.statistics.adjusted import condensed
from calibrate.statistics.packed import Floats, PackedLeads, Places
from calibrate.statistics.ridge import chance_of

Flags = npt.NDArray[np.bool_]

_GRID = 65
_NOTHING = 1e-9
_FEW = 0.25
_TOGETHER = 128
_CLOSE = 1e-11
_MOST_STEPS = 100


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
        found = [
            (own - (share * own).sum(axis=1, keepdims=True)) / slope
            for own, share in zip(self.coefficients, self.draws.shares, strict=True)
        ]
        # Where a draw tells no levels apart there is nothing but rounding, and that has no sign.
        return [np.where(np.abs(own) < _NOTHING, 0.0, own) for own in found]

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
    each, card = np.diag(pairs), np.concatenate(fit.coefficients)
    all_missed = weights @ sums.missed[0].sum(axis=1)
    constant = all_missed + each @ card
    right = np.concatenate([weights @ part for part in sums.missed], axis=1) + pairs @ card
    # The intercept, which has no penalty, is taken out: it is the mean of what the rest leaves.
    right -= constant[:, None] * (each / total)
    penalty, begins = _penalties(fit, draws), _begins(draws, sizes)
    known = np.isfinite(penalty).all(axis=1)
    found, intercept = np.zeros_like(right), np.zeros(len(weights))
    pull = _Levels.of(begins).means(begins.astype(np.float64))
    pull *= np.repeat(penalty, sizes, axis=1)
    found[known] = _solved(pairs - np.outer(each, each / total), pull[known], begins[known], right[known])
    intercept[known] = (constant[known] - found[known] @ each) / total
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


def _begins(draws: Redrawn, sizes: Sequence[int]) -> Flags:
    """Whether an atom is the first of a level of the draw, by draw and atom."""
    parts = [
        np.ones((len(draws.rate), size), bool) if level is None else np.diff(level, axis=1, prepend=-2) != 0
        for level, size in zip(draws.level, sizes, strict=True)
    ]
    return np.concatenate(parts, axis=1)


def _solved(curvature: Floats, pull: Floats, begins: Flags, right: Floats) -> Floats:
    """The solution b of (A'HA + A' pull A) b = A' right of every draw, by draw and atom.

    curvature: H.  pull: the penalty of each level, shared out among its atoms.  begins: as in `_begins`.
    """
    found = np.zeros_like(right)
    if not len(right):
        return found
    solved = np.zeros(len(right), bool)
    if begins.mean() > _FEW:
        typical, each = pull.mean(axis=0), np.diag(curvature)
        inverse = np.asarray(np.linalg.inv(curvature + np.diag(typical)), np.float64)
        for start in range(0, len(right), _TOGETHER):
            rows = slice(start, start + _TOGETHER)
            scale = np.sqrt((each + typical) / (each + pull[rows]))
            system = _System(curvature, pull[rows], _Levels.of(begins[rows]), inverse, scale)
            found[rows], solved[rows] = system.conjugate_gradients(right[rows])
    for draw in np.flatnonzero(~solved):
        found[draw] = _directly(curvature, pull[draw], begins[draw], right[draw])
    return found


def _directly(curvature: Floats, pull: Floats, begins: Flags, right: Floats) -> Floats:
    """The solution of one draw, by elimination."""
    starts = np.flatnonzero(begins)
    rows = np.add.reduceat(curvature + np.diag(pull), starts, axis=0)
    levels = np.linalg.solve(np.add.reduceat(rows, starts, axis=1), np.add.reduceat(right, starts))
    return np.repeat(levels, np.diff(starts, append=len(right)))


@dataclass(frozen=True, slots=True)
class _Levels:
    """How some draws join atoms to levels.

    atoms: those that are joined in any of them.  starts, sizes: of the levels among these atoms, a draw after another.
    """

    atoms: Places
    starts: Places
    sizes: Places

    @classmethod
    def of(cls, begins: Flags) -> _Levels:
        """begins: as in `_begins`."""
        joined = begins.sum(axis=0) < len(begins)
        joined[:-1] |= joined[1:]
        starts = np.flatnonzero(begins[:, joined])
        return cls(np.flatnonzero(joined), starts, np.diff(starts, append=len(begins) * int(joined.sum())))

    def means(self, values: Floats) -> Floats:
        """The values by draw and atom, changed in place: each the mean of those of its level."""
        if len(self.atoms):
            own = values[:, self.atoms]
            means = np.add.reduceat(own.ravel(), self.starts) / self.sizes
            values[:, self.atoms] = np.repeat(means, self.sizes).reshape(own.shape)
        return values


@dataclass(frozen=True, slots=True)
class _System:
    """E (H + pull) b = E right of some draws, b alike on the atoms of a level; E is `levels.means`.

    curvature, pull: as in `_solved`.  inverse: of H and the mean pull.  scale: what, on both sides of the inverse,
    gives what it inverts the diagonal of the draw.
    """

    curvature: Floats
    pull: Floats
    levels: _Levels
    inverse: Floats
    scale: Floats

    def conjugate_gradients(self, right: Floats) -> tuple[Floats, Flags]:
        """The solutions, and whether each is one; a draw stands still as soon as it is solved."""
        target = self.levels.means(right.copy())
        found, left = np.zeros_like(target), target.copy()
        way = self._near(left)
        size = _dots(left, way)
        least = _CLOSE**2 * size
        for _ in range(_MOST_STEPS):
            going = size > least
            if not going.any():
                break
            change = self._times(way)
            step = _ratios(size, _dots(way, change), going)
            found += step * way
            left -= step * change
            ahead = self._near(left)
            before, size = size, _dots(left, ahead)
            way = ahead + _ratios(size, before, going) * way
        # Taken step by step, what is left may be off by rounding: the solution itself is asked.
        left = target - self._times(found)
        return found, np.abs(_dots(left, self._near(left))) <= 100 * least

    def _times(self, values: Floats) -> Floats:
        return self.levels.means(values @ self.curvature + self.pull * values)

    def _near(self, values: Floats) -> Floats:
        return self.levels.means(self.scale * ((self.scale * values) @ self.inverse))


def _dots(one: Floats, other: Floats) -> Floats:
    """Product of every two rows."""
    products: Floats = np.einsum("ij,ij->i", one, other)
    return products


def _ratios(above: Floats, below: Floats, where: Flags) -> Floats:
    """As a column; 0 elsewhere."""
    return np.divide(above, below, out=np.zeros_like(above), where=where)[:, None]
