"""How much of a lift to believe: empirical-Bayes shrinkage towards the overall rate.

The rates of the levels are taken as drawn from Beta(M p, M (1 - p)) around the overall rate p. The posterior
mean of a level's lift is then exactly leads / (leads + M) of its raw lift: M, the prior strength, is how many
leads of evidence a level needs before half its lift is believed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from calibrate.errors import DataError
from calibrate.statistics.rates import counted

LEAST_STRENGTH = 1.0
Floats = NDArray[np.float64]
_MOST_TIMES = 100


def prior_strength(tables: Iterable[tuple[ArrayLike, ArrayLike]]) -> float:
    """Leads of evidence before half a lift is believed, at least 1; infinite where history shows only chance.

    tables: (leads, conversions) of the levels of each attribute; every table divides the same leads.
    Levels without leads and attributes of one level say nothing.
    Moment estimate pooled over the attributes: Q adds up their Pearson chi-squares, df their degrees of
    freedom, A = sum (n - 1)(1 - n/N), tau2 = (Q - df) p (1 - p) / A, M = p (1 - p) / tau2 - 1.
    Source: Kleinman (1973), JASA 68:46, in the chi-square form of DerSimonian & Laird (1986).

    Raises:
        DataError: the tables do not count the same leads.
    """
    return float(strengths_of(_checked(tables))[0][0])


def attribute_strengths(tables: Iterable[tuple[ArrayLike, ArrayLike]]) -> list[float]:
    """The prior strength of each attribute, drawn towards the common one as far as it is uncertain.

    Q is a chi-square around df + A tau2 with the variance 2 df + 4 A tau2, where tau2 is the spread of the attribute's
    rates in units of p (1 - p). The spreads are taken as drawn with the common one as mean and standard deviation; that
    gives each its credibility weight. An attribute without differences gets at most 100 times the common strength.
    All are infinite where history shows only chance.
    Source: Buhlmann (1967), ASTIN Bulletin 4:199 (credibility).

    Raises:
        DataError: the tables do not count the same leads.
    """
    each: list[float] = strengths_of(_checked(tables))[1][0].tolist()
    return each


def strengths_of(tables: Sequence[tuple[Floats, Floats]]) -> tuple[Floats, Floats]:
    """The common strength and that of each attribute for many histories at once: (histories), (histories, attributes).

    tables: leads and conversions of the levels of each attribute, a row a history; equal totals are not checked.
    """
    if not tables:
        return np.full(1, math.inf), np.full((1, 0), math.inf)
    excess, scale, freedom = (np.stack(part, axis=1) for part in zip(*map(_moments, tables), strict=True))
    with np.errstate(divide="ignore", invalid="ignore"):
        all_scale = scale.sum(axis=1)
        common = np.where(all_scale > 0, np.maximum(excess.sum(axis=1) / all_scale, 0.0), 0.0)
        signal = scale * common[:, None]
        weight = np.where(freedom > 0, signal**2 / (signal**2 + 2 * freedom + 4 * signal), 0.0)
        own = common[:, None] + weight * (np.where(scale > 0, excess / scale, 0.0) - common[:, None])
        least = common[:, None] / _MOST_TIMES
        return _strength(common), _strength(np.maximum(own, least))


def _moments(table: tuple[Floats, Floats]) -> tuple[Floats, Floats, Floats]:
    """Q - df, A and df of one attribute, a history each; zeros where its leads were all won, or none."""
    n, k = table
    all_n, all_k = n.sum(axis=1, keepdims=True), k.sum(axis=1, keepdims=True)
    rate = all_k / np.maximum(all_n, 1.0)
    spread = rate * (1 - rate)
    held = n > 0
    chi_square = np.where(held, (k - n * rate) ** 2 / np.where(held, n, 1.0), 0.0).sum(axis=1)
    chi_square = chi_square / np.where(spread > 0, spread, 1.0)[:, 0]
    scale = np.where(held, (n - 1) * (1 - n / np.maximum(all_n, 1.0)), 0.0).sum(axis=1)
    freedom = held.sum(axis=1) - 1.0
    there = (spread[:, 0] > 0) & (freedom > 0)
    return (
        np.where(there, chi_square - freedom, 0.0),
        np.where(there, scale, 0.0),
        np.where(there & (scale > 0), freedom, 0.0),
    )


def _checked(tables: Iterable[tuple[ArrayLike, ArrayLike]]) -> list[tuple[Floats, Floats]]:
    """Leads and conversions of each attribute as one history."""
    found: list[tuple[Floats, Floats]] = []
    totals: set[tuple[float, float]] = set()
    for leads, conversions in tables:
        k, n = counted(conversions, leads)
        totals.add((float(n.sum()), float(k.sum())))
        found.append((n[n > 0][None], k[n > 0][None]))
    if len(totals) > 1:
        (one_n, one_k), (two_n, two_k) = sorted(totals)[:2]
        raise DataError(
            f"prior strength: found attributes with {one_k:.15g} conversions of {one_n:.15g} leads and "
            f"{two_k:.15g} of {two_n:.15g}; expected the same leads in all; give missing values a level"
        )
    return found


def _strength(spread: Floats) -> Floats:
    """M from the spread of the rates in units of p (1 - p)."""
    strength: Floats = np.where(spread > 0, np.maximum(LEAST_STRENGTH, 1 / spread - 1), math.inf)
    return strength


def shrunk_lift(lift: ArrayLike, leads: ArrayLike, strength: ArrayLike) -> Floats:
    """The believed part of the lifts, in their unit: leads / (leads + strength) of each.

    0 where the strength is infinite or there are no leads.
    Source: Buhlmann (1967), ASTIN Bulletin 4:199; Efron & Morris (1975), JASA 70:311.
    """
    n = np.asarray(leads, dtype=np.float64)
    believed: Floats = np.asarray(lift, dtype=np.float64) * (n / (n + np.asarray(strength, dtype=np.float64)))
    return believed
