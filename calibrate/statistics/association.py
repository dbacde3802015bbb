"""Tables of two divisions of the leads."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

_LARGEST_TABLE = 1 << 16


def cramers_v(first: npt.NDArray[np.intp], second: npt.NDArray[np.intp]) -> float:
    """Cramer's V of two divisions of the leads, 0 to 1; 0 where one of them does not divide.

    Source: Cramer (1946), Mathematical Methods of Statistics, p. 282: sqrt of chi-square / (n (k - 1)), k the fewer
    values.
    """
    table = cross_table(first, second)
    if table is None:
        return 0.0
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    if min(table.shape) < 2:
        return 0.0
    return math.sqrt(chi_square(table) / (len(first) * (min(table.shape) - 1)))


def chi_square(table: npt.NDArray[np.integer | np.floating]) -> float:
    """Pearson's chi-square of a table of counts; every row and column holds some."""
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    return float(((table - expected) ** 2 / expected).sum())


def cross_table(first: npt.NDArray[np.integer], second: npt.NDArray[np.integer]) -> npt.NDArray[np.int64] | None:
    """Leads of every pair of codes; None where a side does not divide or the table would have over 65,536 cells."""
    height, width = int(first.max(initial=0)) + 1, int(second.max(initial=0)) + 1
    if min(height, width) < 2 or height * width > _LARGEST_TABLE:
        return None
    keys = first.astype(np.int64) * width + second
    return np.bincount(keys, minlength=height * width).reshape(height, width)
