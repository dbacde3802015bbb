"""How far the mix of leads has moved since the points were made."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from calibrate.errors import DataError

EMPTY = 0.5  # leads that an empty cell is given, so that its logarithm exists


@dataclass(frozen=True, slots=True)
class StabilityIndex:
    """The population stability index of two counts over the same cells; CSI where the cells are levels.

    value: 0 for the same shares; by habit 0.10 is worth a look and 0.25 a lot, whatever the number of leads.
    chance_point: what 5 % of pairs of samples from one population exceed.  p_value: of both being such a pair.
    cells: those that have a lead on either side.
    """

    value: float
    chance_point: float
    p_value: float
    cells: int


def stability_index(expected: ArrayLike, found: ArrayLike) -> StabilityIndex | None:
    """The index of leads by cell, then and now; None where a side has no lead or all lie in one cell.

    Source: Siddiqi (2006), Credit Risk Scorecards, ch. 9; the law is chi-square with cells - 1 degrees of freedom,
    times 1/n + 1/m: Yurdakul & Naranjo (2020), J. Risk Model Valid. 14(4):89.

    Raises:
        DataError: a count is below 0.
    """
    from scipy.special import chdtrc, chdtri

    then, now = (np.asarray(counts, np.float64) for counts in (expected, found))
    if min(then.min(initial=0), now.min(initial=0)) < 0:
        raise DataError("stability index: found a count below 0; expected leads a cell, count again")
    held = then + now > 0
    then, now = then[held], now[held]
    if len(then) < 2 or not then.sum() or not now.sum():
        return None
    scale = float(1 / then.sum() + 1 / now.sum())
    shares = [counts / counts.sum() for counts in (np.where(part == 0, EMPTY, part) for part in (then, now))]
    value = float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())
    freedom = len(then) - 1
    return StabilityIndex(value, float(chdtri(freedom, 0.05)) * scale, float(chdtrc(freedom, value / scale)), len(then))
