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


def effects_of(fit: RidgeLogit, leads: PackedLeads, *, errors: bool) -> tuple[Effect, ...]:
    """The effect of every level, an `Effect` an attribute.

    Means are over at most 200,000 leads, those of the errors over at most 10,000, spread evenly. The error is by the
    delta method from the penalised information; both margins of a lift move with the same coefficients.
    """
    if fit.information is None:
        return tuple(Effect.none(size) for size in leads.sizes)
    some = leads.some(_FOR_MARGINS)
    every = slice(None)
    log_odds = fit.log_odds(some, every)
    overall = float(chance_of(log_odds).mean())
    shares = leads.shares()
    spreads = _errors(fit, leads.some(_FOR_ERRORS)) if errors else None
    found = []
    for place, own in enumerate(fit.coefficients):
        level = some.level_of(place)
        values, weights = condensed(log_odds - own.take(level))
        margins = np.array([weights @ chance_of(values + one) for one in own])
        share = shares[place]
        unknown = np.full(len(own), np.nan)
        error, odds_error = (
            (spreads[place], centred_errors(fit.information, some.sizes, place, share))
            if spreads
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


def _errors(fit: RidgeLogit, leads: PackedLeads) -> list[Floats]:
    """By attribute and level, the standard error of the adjusted lift in percentage points."""
    normal = fit.information
    assert normal is not None  # noqa: S101
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
                columns.append(np.concatenate([[total], *(gap[at] for at in normal.order)]))
            right = np.stack(columns, axis=1)
            errors[levels] = 100 * np.sqrt(np.maximum((right * normal.solve(right)).sum(axis=0), 0))
        found.append(errors)
    return found


def centred_errors(normal: Normal, sizes: Sequence[int], place: int, share: Floats) -> Floats:
    """Standard errors of the coefficients of one attribute, each minus their mean over the leads.

    sizes: levels of each attribute.  share: of the leads, by level.
    """
    before = sum(sizes[other] for other in normal.order[: normal.order.index(place)])
    rows = slice(1 + before, 1 + before + len(share))
    size = len(normal.inner) + len(normal.largest)
    errors = np.empty(len(share))
    for start in range(0, len(share), _COLUMNS):
        levels = np.arange(start, min(start + _COLUMNS, len(share)))
        wanted = np.zeros((size, len(levels)))
        wanted[rows] = -share[:, None]
        wanted[rows][levels, np.arange(len(levels))] += 1
        errors[levels] = np.sqrt(np.maximum((wanted * normal.solve(wanted)).sum(axis=0), 0))
    return errors


def _slopes(leads: PackedLeads, slopes: Floats) -> list[Floats]:
    """By attribute and level, the mean over all leads of the slope where the lead has the level."""
    return [part / leads.leads for part in leads.sums([(slice(None), slopes)])]
