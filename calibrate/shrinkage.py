"""How much of a lift to believe: empirical-Bayes shrinkage towards the overall rate.

The rates of the levels are taken as drawn from Beta(M p, M (1 - p)) around the overall rate p. The posterior
mean of a level's lift is then exactly leads / (leads + M) of its raw lift: M, the prior strength, is how many
leads of evidence a level needs before half its lift is believed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from calibrate.errors import DataError
from calibrate.rates import counted

LEAST_STRENGTH = 1.0


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
    excess = scale = 0.0
    totals: set[tuple[float, float]] = set()
    for leads, conversions in tables:
        k, n = (part[np.asarray(leads) > 0] for part in counted(conversions, leads))
        all_k, all_n = float(k.sum()), float(n.sum())
        totals.add((all_n, all_k))
        if 0 < all_k < all_n:
            rate = all_k / all_n
            chi_square = ((k - n * rate) ** 2 / n).sum() / (rate * (1 - rate))
            excess += float(chi_square) - (len(n) - 1)
            scale += float(((n - 1) * (1 - n / all_n)).sum())
    if len(totals) > 1:
        (one_n, one_k), (two_n, two_k) = sorted(totals)[:2]
        raise DataError(
            f"prior strength: found attributes with {one_k:.15g} conversions of {one_n:.15g} leads and "
            f"{two_k:.15g} of {two_n:.15g}; expected the same leads in all; give missing values a level"
        )
    if excess <= 0 or scale <= 0:
        return math.inf
    return max(LEAST_STRENGTH, scale / excess - 1)


def shrunk_lift(lift: ArrayLike, leads: ArrayLike, strength: float) -> NDArray[np.float64]:
    """The believed part of the lifts, in their unit: leads / (leads + strength) of each.

    0 where the strength is infinite or there are no leads.
    Source: Buhlmann (1967), ASTIN Bulletin 4:199; Efron & Morris (1975), JASA 70:311.
    """
    n = np.asarray(leads, dtype=np.float64)
    return np.asarray(lift, dtype=np.float64) * (n / (n + strength))
