"""Points on the log-odds scale: weight of evidence, information value, points to double the odds.

Weights of attributes that do not go together add up exactly; percentage points do so only nearly.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from calibrate.errors import DataError, SettingsError
from calibrate.statistics.rates import counted

Floats = NDArray[np.float64]


def weight_of_evidence(conversions: ArrayLike, leads: ArrayLike) -> Floats:
    """Natural logarithm of a level's share of the won leads over its share of the others, one for each level.

    Above 0 the level converts better than all leads do. The levels hold every lead once. Where one of a level's two
    counts is 0, 0.5 is added to both; the totals stay.
    Source: Siddiqi (2006), Credit Risk Scorecards, ch. 6; some programs turn the sign.

    Raises:
        DataError: impossible counts, a level without leads, or nobody or everybody converted.
    """
    won, other = _shares(conversions, leads)
    return np.log(won / other)


def information_value(conversions: ArrayLike, leads: ArrayLike) -> float:
    """How far an attribute tells won leads from others: 0 not at all, above 0.3 strongly.

    Sum over the levels of the difference of the two shares times the weight of evidence, both from the same counts.
    Source: Siddiqi (2006), Credit Risk Scorecards, ch. 6.

    Raises:
        DataError: as for `weight_of_evidence`.
    """
    won, other = _shares(conversions, leads)
    return float(((won - other) * np.log(won / other)).sum())


def pdo_factor(pdo: float) -> float:
    """Points of one unit of natural log-odds when twice the odds are `pdo` points.

    Raises:
        SettingsError: pdo is not above 0.
    """
    if not 0 < pdo < math.inf:
        raise SettingsError(f"pdo: found {pdo!r}; expected points above 0; write 20 for 20 points that double the odds")
    return pdo / math.log(2)


def pdo_offset(score: float, odds: float, pdo: float) -> float:
    """Points at even odds, when `odds` of winning to one are worth `score` points and twice the odds `pdo` more.

    Raises:
        SettingsError: odds or pdo are not above 0.
    """
    if not 0 < odds < math.inf:
        raise SettingsError(f"odds: found {odds!r}; expected a number above 0; write 50 for odds of 50 to 1")
    return score - pdo_factor(pdo) * math.log(odds)


def _shares(conversions: ArrayLike, leads: ArrayLike) -> tuple[Floats, Floats]:
    """Each level's share of the won leads and of the others."""
    k, n = counted(conversions, leads)
    won, other = k.sum(), (n - k).sum()
    if not (won and other):
        raise DataError(
            f"weight of evidence: found {won:.15g} conversions of {n.sum():.15g} leads; expected some leads that "
            "converted and some that did not; check which outcomes count as won"
        )
    if not n.all():
        raise DataError(
            "weight of evidence: found a level with 0 leads; expected at least 1; leave levels without leads out"
        )
    added = np.where((k == 0) | (k == n), 0.5, 0.0)
    return (k + added) / won, (n - k + added) / other
