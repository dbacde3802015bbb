"""Conversion rates with Wilson's interval."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from calibrate.errors import DataError, SettingsError


@dataclass(frozen=True, slots=True)
class Rate:
    """Share of leads that converted, 0 to 1, and the ends of its interval."""

    leads: int
    conversions: int
    rate: float
    low: float
    high: float
    confidence: float


def conversion_rate(conversions: int, leads: int, confidence: float = 0.95) -> Rate | None:
    """Rate of the leads with its Wilson interval; None without leads.

    Raises:
        DataError: conversions are not from 0 to leads.
    """
    low, high = wilson_interval(conversions, leads, confidence)
    if leads == 0:
        return None
    return Rate(leads, conversions, conversions / leads, float(low), float(high), confidence)


def wilson_interval(
    conversions: ArrayLike, leads: ArrayLike, confidence: float = 0.95
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lower and upper ends of Wilson's score interval, 0 to 1, element by element.

    Without leads nothing is known: 0 to 1. The ends are exactly 0 at no conversion and exactly 1 at all.
    Source: Wilson (1927), JASA 22:209; Newcombe (1998), Stat. Med. 17:857, method 3.

    Raises:
        DataError: conversions are not from 0 to leads.
    """
    k, n = counted(conversions, leads)
    square = normal_quantile(confidence) ** 2
    centre = k + square / 2
    half = np.sqrt(square * (k * (n - k) / np.maximum(n, 1) + square / 4))
    low = np.where(k == 0, 0.0, (centre - half) / (n + square))
    high = np.where(k == n, 1.0, (centre + half) / (n + square))
    return low, high


def counted(conversions: ArrayLike, leads: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Conversions and leads as floats, checked: 0 <= conversions <= leads in every element.

    Whole numbers up to 2**53 stay exact.

    Raises:
        DataError: they are not; names the first pair at fault.
    """
    k = np.asarray(conversions, dtype=np.float64)
    n = np.asarray(leads, dtype=np.float64)
    bad = ~((k >= 0) & (k <= n))
    if bad.any():
        faulty_k, faulty_n = (np.broadcast_to(part, bad.shape)[bad][0] for part in (k, n))
        raise DataError(
            f"counts: found {faulty_k:.15g} conversions out of {faulty_n:.15g} leads; "
            f"expected 0 to {max(faulty_n, 0.0):.15g}; check whether the two are swapped"
        )
    return k, n


def normal_quantile(confidence: float) -> float:
    """Half-width of the two-sided interval in standard deviations: 1.96 for 0.95.

    Raises:
        SettingsError: confidence is not between 0 and 1.
    """
    if not 0 < confidence < 1:
        raise SettingsError(f"confidence: found {confidence!r}; expected a number between 0 and 1; write 0.95 for 95 %")
    return NormalDist().inv_cdf((1 + confidence) / 2)
