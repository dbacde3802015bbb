"""Whether two ways to sort the same leads into ordered bands agree."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def linear_kappa(table: ArrayLike) -> float | None:
    """Cohen's kappa with linear weights: 1 all leads in the same band, 0 as by chance; None where chance is all.

    table: leads, one row a band of the first way, one column a band of the second, in the same order.
    Source: Cohen (1968), Psychol. Bull. 70:213.
    """
    leads = np.asarray(table, np.float64)
    apart = np.abs(np.subtract.outer(np.arange(len(leads)), np.arange(len(leads))))
    total = leads.sum()
    by_chance = float((apart * np.outer(leads.sum(axis=1), leads.sum(axis=0))).sum())
    return 1 - float((apart * leads).sum()) * float(total) / by_chance if by_chance else None


def moved(table: ArrayLike, bands: int) -> float | None:
    """Share of the leads whose two bands are at least so many apart, 0 to 1; None without leads."""
    leads = np.asarray(table, np.float64)
    apart = np.abs(np.subtract.outer(np.arange(len(leads)), np.arange(len(leads))))
    total = float(leads.sum())
    return float(leads[apart >= bands].sum()) / total if total else None
