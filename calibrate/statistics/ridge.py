"""Logistic regression on all attributes at once, pulled towards no effect by what history shows of chance.

Every level has a coefficient and the intercept is free. The penalty (lambda/2) sum beta^2 of an attribute is a normal
prior on the log-odds whose width is that of its level rates: lambda = p (1 - p) (M + 1), p the overall rate and M its
prior strength. It has one answer also where attributes say the same thing and where all leads of a level were won.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from calibrate.statistics.packed import Floats, PackedLeads, PairSums

_SAMPLE = 100_000
_SHARE = 25
_MOST_STEPS = 50
_MOST_PASSES = 12
_APART = 0.1
_NEAR, _FAR = 2e-4, 0.1


@dataclass(frozen=True, slots=True)
class Normal:
    """A symmetric positive matrix over intercept and levels, solved by taking out the largest attribute first.

    order: as in `PairSums`.  inner: intercept, then `square`.  beside, largest: with the intercept's row.
    """

    order: tuple[int, ...]
    inner: Floats
    beside: Floats
    largest: Floats

    @classmethod
    def of(cls, sums: PairSums, total: float, penalty: float | Sequence[float]) -> Normal:
        """From weighted counts of level pairs, the sum of all weights, and the penalty of every attribute.

        The intercept has none.
        """
        levels = np.concatenate([np.diag(sums.square), sums.largest])
        size = len(sums.square) + 1
        pull = _by_level(penalty, sums)
        inner = np.empty((size, size))
        inner[1:, 1:] = sums.square
        inner[0, 0] = total
        inner[0, 1:] = inner[1:, 0] = levels[: size - 1]
        inner[np.arange(1, size), np.arange(1, size)] += pull[: size - 1]
        beside = np.vstack([levels[size - 1 :], sums.beside])
        return cls(sums.order, inner, beside, sums.largest + pull[size - 1 :])

    @classmethod
    def stretched(cls, few: PairSums, levels: Sequence[Floats], penalty: float | Sequence[float]) -> Normal:
        """From weighted counts of a sample, stretched to all leads.

        levels: the weights of the levels among all leads, an array an attribute. All grow alike, so that what adds up
        in the sample adds up here; only a level that would be a tenth off gets its own weight, and one that the sample
        does not hold stands alone.
        """
        total, wanted = float(levels[0].sum()), np.concatenate([levels[place] for place in few.order])
        held = np.concatenate([np.diag(few.square), few.largest])
        known = float(few.largest.sum())
        alike = math.sqrt(total / known)
        own = np.sqrt(wanted / np.where(held > 0, held, np.inf))
        grow = np.where(np.abs((alike / np.where(own > 0, own, np.inf)) ** 2 - 1) > _APART, own, alike)
        weight = np.where(held > 0, grow**2 * held, wanted)
        size, first = len(few.square), alike
        square = few.square * np.outer(grow[:size], grow[:size])
        pull = _by_level(penalty, few)
        np.fill_diagonal(square, weight[:size] + pull[:size])
        inner = np.empty((size + 1, size + 1))
        inner[1:, 1:], inner[0, 0] = square, total
        inner[0, 1:] = inner[1:, 0] = first * grow[:size] * held[:size]
        beside = np.vstack([first * grow[size:] * held[size:], few.beside * np.outer(grow[:size], grow[size:])])
        return cls(few.order, inner, beside, weight[size:] + pull[size:])

    def solve(self, right: Floats) -> Floats:
        """The solution for one right-hand side or several, a column each; intercept first, then in this order."""
        size = len(self.inner)
        scaled = self.beside / self.largest
        first = np.linalg.solve(self.inner - scaled @ self.beside.T, right[:size] - scaled @ right[size:])
        rest = (right[size:].T / self.largest).T - scaled.T @ first
        return np.concatenate([first, rest])


def _by_level(penalty: float | Sequence[float], sums: PairSums) -> Floats:
    """The penalty of every level, in the order of the sums."""
    each = [penalty] * len(sums.order) if isinstance(penalty, int | float) else penalty
    return np.concatenate([np.full(sums.sizes[place], each[place], dtype=np.float64) for place in sums.order])


@dataclass(frozen=True, slots=True)
class RidgeLogit:
    """log(p / (1 - p)) = intercept + the coefficient of each level of the lead.

    coefficients: an array an attribute, one a level.  information: its penalised information, None for no fit.
    """

    intercept: float
    coefficients: tuple[Floats, ...]
    information: Normal | None

    def log_odds(self, leads: PackedLeads, piece: slice) -> Floats:
        """Of some leads, one each."""
        return self.intercept + leads.totals(self.coefficients, piece)


def ridge_penalty(rate: float, strength: float) -> float:
    """The penalty lambda = p (1 - p) (M + 1): the prior of the level rates on the log-odds scale; infinite with M."""
    return rate * (1 - rate) * (strength + 1)


def ridge_logit(
    leads: PackedLeads, penalty: float | Sequence[float], start: tuple[float, Sequence[Floats]] | None = None
) -> RidgeLogit:
    """The penalised fit; all coefficients 0 where the penalty is infinite or nobody, or everybody, won.

    penalty: one for all attributes, or one each.  start: intercept and coefficients that may be near; the fit is the
    same, sooner.

    Up to 100,000 leads by Newton's method. Beyond, the fit of so many, or of a twenty-fifth, starts it, and passes over
    all leads correct it by the sample's information, stretched to all, until no coefficient would move by more than
    0.0002. Where that does not settle, the information of all leads is taken.
    Source: Le Cessie & van Houwelingen (1992), Appl. Stat. 41:191.
    """
    won = int(leads.won.sum(dtype=np.int64))
    each = [float(penalty)] * len(leads.sizes) if isinstance(penalty, int | float) else list(penalty)
    if not 0 < won < leads.leads or not leads.sizes or math.isinf(max(each)):
        rate = min(max(won / max(leads.leads, 1), 1e-12), 1 - 1e-12)
        return RidgeLogit(math.log(rate / (1 - rate)), tuple(np.zeros(size) for size in leads.sizes), None)
    near = None if start is None else RidgeLogit(start[0], tuple(start[1]), None)
    sample = leads.some(max(_SAMPLE, leads.leads // _SHARE))
    if sample is leads or not 0 < int(np.count_nonzero(sample.won)) < sample.leads:
        return _newton(leads, each, near or _start(leads))
    # The whole penalty, though the leads are few: a level that the sample hardly holds must not run away.
    return _corrected(leads, each, near or ridge_logit(sample, each), sample)


def _corrected(leads: PackedLeads, penalty: Sequence[float], fit: RidgeLogit, sample: PackedLeads) -> RidgeLogit:
    """The fit of all leads from that of a sample; by Newton's method where its steps grow.

    Steps shrink ever faster, so that the next would be smaller at least by as much as the last one was.
    """
    few = sample.pair_sums((piece, chance * (1 - chance)) for piece, chance in _chances(sample, fit))
    was, past = math.inf, list[tuple[Floats, Floats]]()
    for _ in range(_MOST_PASSES):
        if was > _FAR:
            parts = ((at, (leads.won[at] - chance, chance * (1 - chance))) for at, chance in _chances(leads, fit))
            missed, weights = leads.sums_of(parts, 2)
            fit = replace(fit, information=Normal.stretched(few, weights, penalty))
            slopes = _in_order(fit, _pulled(missed, fit, penalty))
        else:
            slopes = _in_order(fit, _slopes(leads, fit, penalty))
        here = _in_order(fit, [np.array([fit.intercept]), *fit.coefficients])
        past.append((here, slopes))
        step = _bent_step(fit, past)
        size = _size(step)
        if not size < was:
            break
        fit = _moved(fit, step)
        if size * (size / was if was < math.inf else 1) < _NEAR:
            return fit
        was = size
    return _newton(leads, penalty, fit, _NEAR)


def _bent_step(fit: RidgeLogit, past: Sequence[tuple[Floats, Floats]]) -> Floats:
    """The step from the last of these places, the information corrected by how the slopes changed on the way to it.

    past: coefficients and slopes, in the order of the fit.
    Source: Nocedal & Wright (2006), Numerical Optimization, 2nd ed., algorithm 7.4 (L-BFGS).
    """
    assert fit.information is not None  # noqa: S101
    ways = [(new[0] - old[0], old[1] - new[1]) for old, new in pairwise(past)]
    right, shares = past[-1][1], []
    for moved, lost in reversed(ways):
        shares.append(float(moved @ right) / float(moved @ lost))
        right = right - shares[-1] * lost
    step = fit.information.solve(right)
    for (moved, lost), share in zip(ways, reversed(shares), strict=True):
        step = step + (share - float(lost @ step) / float(moved @ lost)) * moved
    return step


def _start(leads: PackedLeads) -> RidgeLogit:
    rate = float(leads.won.mean())
    return RidgeLogit(math.log(rate / (1 - rate)), tuple(np.zeros(size) for size in leads.sizes), None)


def _newton(leads: PackedLeads, penalty: Sequence[float], fit: RidgeLogit, still: float = 1e-9) -> RidgeLogit:
    """Newton's method with halving, until no coefficient moves by more than `still`."""
    loss = _loss(leads, fit, penalty)
    for _ in range(_MOST_STEPS):
        fit = replace(fit, information=_information(leads, fit, penalty))
        step = _step(fit, _slopes(leads, fit, penalty))
        moved = _moved(fit, step)
        if _size(step) < still:
            return moved
        while (new := _loss(leads, moved, penalty)) > loss + 1e-9 * abs(loss) and _size(step) > still:
            step = step / 2
            moved = _moved(fit, step)
        fit, loss = moved, new
    return fit


def _information(leads: PackedLeads, fit: RidgeLogit, penalty: Sequence[float]) -> Normal:
    """Minus the second derivatives of the penalised log-likelihood."""
    sums = leads.pair_sums((piece, chance * (1 - chance)) for piece, chance in _chances(leads, fit))
    return Normal.of(sums, float(sums.largest.sum()), penalty)


def _slopes(leads: PackedLeads, fit: RidgeLogit, penalty: Sequence[float]) -> list[Floats]:
    """By attribute and level, won minus expected, less the pull of the penalty; that of the intercept first."""
    missed = leads.sums((piece, leads.won[piece] - chance) for piece, chance in _chances(leads, fit))
    return _pulled(missed, fit, penalty)


def _pulled(sums: Sequence[Floats], fit: RidgeLogit, penalty: Sequence[float]) -> list[Floats]:
    pulled = (own - pull * part for own, part, pull in zip(sums, fit.coefficients, penalty, strict=True))
    return [sums[0].sum(keepdims=True), *pulled]


def _step(fit: RidgeLogit, slopes: Sequence[Floats]) -> Floats:
    """Newton's step by the information that the fit has; intercept first, then in its order."""
    assert fit.information is not None  # noqa: S101
    return fit.information.solve(_in_order(fit, slopes))


def _in_order(fit: RidgeLogit, parts: Sequence[Floats]) -> Floats:
    """The intercept's part, which is first, and those of the attributes as the information has them."""
    assert fit.information is not None  # noqa: S101
    return np.concatenate([parts[0], *(parts[1 + at] for at in fit.information.order)])


def _size(step: Floats) -> float:
    return float(np.abs(step).max())


def _moved(fit: RidgeLogit, step: Floats) -> RidgeLogit:
    """The fit after a step, the coefficients of each attribute adding up to 0.

    At the best fit they do: the intercept, which costs nothing, takes up what they have in common.
    """
    assert fit.information is not None  # noqa: S101
    order = fit.information.order
    parts = np.split(step[1:], np.cumsum([len(fit.coefficients[place]) for place in order])[:-1])
    by_place = dict(zip(order, parts, strict=True))
    moved = [old + by_place[place] for place, old in enumerate(fit.coefficients)]
    common = [float(part.mean()) for part in moved]
    centred = tuple(part - shift for part, shift in zip(moved, common, strict=True))
    return replace(fit, intercept=fit.intercept + float(step[0]) + sum(common), coefficients=centred)


def _loss(leads: PackedLeads, fit: RidgeLogit, penalty: Sequence[float]) -> float:
    """Minus the penalised log-likelihood."""
    loss = sum(pull / 2 * float(part @ part) for part, pull in zip(fit.coefficients, penalty, strict=True))
    for piece, total in leads.all_totals(fit.coefficients):
        odds = fit.intercept + total
        loss += float(np.logaddexp(0, odds).sum() - odds @ leads.won[piece])
    return loss


def _chances(leads: PackedLeads, fit: RidgeLogit) -> Iterator[tuple[slice, Floats]]:
    for piece, total in leads.all_totals(fit.coefficients):
        yield piece, chance_of(fit.intercept + total)


def chance_of(log_odds: Floats) -> Floats:
    """Chances, 0 to 1, of log-odds."""
    chances: Floats = 0.5 + 0.5 * np.tanh(log_odds / 2)
    return chances
