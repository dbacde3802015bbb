"""Lifts with the overlap taken out: what a level is worth when everything else about the leads stays as it is.

The adjusted lift of a level is the mean predicted rate had all leads that level, minus the overall rate (predictive
margin, g-computation). With one attribute and no penalty it is the raw lift.

Source: Lane & Nelder (1982), Biometrics 38:613; Graubard & Korn (1999), Biometrics 55:652.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from calibrate.statistics.packed import Floats, PackedLeads
from calibrate.statistics.ridge import Normal, RidgeLogit, chance_of

_MOST_VALUES = 4096
_FOR_MARGINS = 200_000
_FOR_ERRORS = 10_000
_COLUMNS = 256


@dataclass(frozen=True, slots=True)
class Effect:
    """What the levels of one attribute are worth beside all other attributes; an array each, one a level.

    lift: percentage points.  error: its standard error, percentage points, NaN where it was not asked for.
    log_odds: change of the log-odds against the average lead; log_odds_error: its standard error or NaN.
    """

    lift: Floats
    error: Floats
    log_odds: Floats
    log_odds_error: Floats

    @classmethod
    def none(cls, levels: int) -> Self:
        """Of levels that make no difference."""
        return cls(*(np.zeros(levels) for _ in range(4)))


def effects_of(
    fit: RidgeLogit, leads: PackedLeads, *, errors: bool, shares: Sequence[Floats] | None = None
) -> tuple[Effect, ...]:
    """The effect of every level, an `Effect` an attribute.

    shares: of all leads, by attribute and level, where they are known; else they are counted. Other means are over at
    most 200,000 leads, those of the errors over at most 10,000, spread evenly. The error is by the delta method from
    the penalised information; both margins of a lift move with the same coefficients.
    """
    if fit.information is None:
        return tuple(Effect.none(size) for size in leads.sizes)
    some = leads.some(_FOR_MARGINS)
    every = slice(None)
    log_odds = fit.log_odds(some, every)
    overall = float(chance_of(log_odds).mean())
    shares = leads.shares() if shares is None else shares
    variances = _Variances.of(fit.information) if errors else None
    spreads = _errors(fit, leads.some(_FOR_ERRORS), variances) if variances else None
    found = []
    for place, own in enumerate(fit.coefficients):
        level = some.level_of(place)
        values, weights = condensed(log_odds - own.take(level))
        margins = np.array([weights @ chance_of(values + one) for one in own])
        share = shares[place]
        unknown = np.full(len(own), np.nan)
        error, odds_error = (
            (spreads[place], variances.centred_errors(some.sizes, place, share))
            if variances and spreads
            else (unknown, unknown)
        )
        found.append(Effect(100 * (margins - overall), error, own - share @ own, odds_error))
    return tuple(found)


def condensed(values: Floats) -> tuple[Floats, Floats]:
    """Values and the share of each; many are put on a fine grid, each between its two neighbours by distance.

    A smooth function keeps its mean to a step squared: 4,096 steps over a span of 20 in log-odds give 3e-7.
    """
    if len(values) <= 2 * _MOST_VALUES:
        return values, np.full(len(values), 1 / len(values))
    low, high = float(values.min()), float(values.max())
    if high <= low:
        return values[:1], np.ones(1)
    places = (values - low) * ((_MOST_VALUES - 1) / (high - low))
    left = np.minimum(places.astype(np.intp), _MOST_VALUES - 2)
    beyond = places - left
    weights = np.bincount(left, weights=1 - beyond, minlength=_MOST_VALUES)
    weights[1:] += np.bincount(left, weights=beyond, minlength=_MOST_VALUES)[:-1]
    return np.linspace(low, high, _MOST_VALUES), weights / len(values)


def _errors(fit: RidgeLogit, leads: PackedLeads, variances: _Variances) -> list[Floats]:
    """By attribute and level, the standard error of the adjusted lift in percentage points."""
    every = slice(None)
    log_odds = fit.log_odds(leads, every)
    chance = chance_of(log_odds)
    base = _slopes(leads, chance * (1 - chance))
    found = []
    for place, own in enumerate(fit.coefficients):
        without = log_odds - own.take(leads.level_of(place))
        errors = np.empty(len(own))
        for start in range(0, len(own), _COLUMNS):
            levels = np.arange(start, min(start + _COLUMNS, len(own)))
            columns = []
            for level in levels:
                moved = chance_of(without + own[level])
                slopes = moved * (1 - moved)
                by_level = _slopes(leads, slopes)
                by_level[place] = np.zeros(len(own))
                by_level[place][level] = slopes.mean()
                gap = [new - old for new, old in zip(by_level, base, strict=True)]
                total = float(slopes.mean() - (chance * (1 - chance)).mean())
                columns.append(np.concatenate([[total], *(gap[at] for at in variances.normal.order)]))
            right = np.stack(columns, axis=1)
            errors[levels] = 100 * np.sqrt(variances.of_sums(right))
        found.append(errors)
    return found


def centred_errors(normal: Normal, sizes: Sequence[int], place: int, share: Floats) -> Floats:
    """Standard errors of the coefficients of one attribute, each minus their mean over the leads.

    sizes: levels of each attribute.  share: of the leads, by level.
    """
    return _Variances.of(normal).centred_errors(sizes, place, share)


@dataclass(frozen=True, slots=True)
class _Variances:
    """What weighted sums of the coefficients vary by: w' X w, X the inverse of `normal`, of which a part is inverted.

    scaled: `beside` over `largest`.  inverse: of what is left of `inner` when the largest attribute is taken out.
    """

    normal: Normal
    scaled: Floats
    inverse: Floats

    @classmethod
    def of(cls, normal: Normal) -> _Variances:
        scaled = normal.beside / normal.largest
        return cls(normal, scaled, np.asarray(np.linalg.inv(normal.inner - scaled @ normal.beside.T), np.float64))

    def of_sums(self, weights: Floats) -> Floats:
        """Of every column of weights, in the order of the matrix."""
        size = len(self.inverse)
        inner, last = weights[:size] - self.scaled @ weights[size:], weights[size:]
        found: Floats = (inner * (self.inverse @ inner)).sum(axis=0)
        found += (last**2 / self.normal.largest[:, None]).sum(axis=0)
        return np.maximum(found, 0)

    def centred_errors(self, sizes: Sequence[int], place: int, share: Floats) -> Floats:
        """As the function of that name."""
        before = sum(sizes[other] for other in self.normal.order[: self.normal.order.index(place)])
        rows = slice(1 + before, 1 + before + len(share))
        size = len(self.normal.inner) + len(self.normal.largest)
        errors = np.empty(len(share))
        for start in range(0, len(share), _COLUMNS):
            levels = np.arange(start, min(start + _COLUMNS, len(share)))
            wanted = np.zeros((size, len(levels)))
            wanted[rows] = -share[:, None]
            wanted[rows][levels, np.arange(len(levels))] += 1
            errors[levels] = np.sqrt(self.of_sums(wanted))
        return errors


def _slopes(leads: PackedLeads, slopes: Floats) -> list[Floats]:
    """By attribute and level, the mean over all leads of the slope where the lead has the level."""
    return [part / leads.leads for part in leads.sums([(slice(None), slopes)])]
