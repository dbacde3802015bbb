"""Some of many places, spread evenly and picked by a fixed hash, so that what recurs in a file is met in its share."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def spread(count: int, most: int) -> slice | npt.NDArray[np.intp]:
    """At most so many of the places 0 to count - 1, ascending; all of them where they are no more."""
    return one_in(count, -(-count // most))


def one_in(count: int, step: int) -> slice | npt.NDArray[np.intp]:
    """One of every `step` places, at a hashed spot of its stretch; all of them for a step of 1."""
    if step <= 1:
        return slice(0, count)
    stretch = np.arange(-(-count // step), dtype=np.uint64)
    places: npt.NDArray[np.intp] = (stretch * np.uint64(step) + mixed(stretch) % np.uint64(step)).astype(np.intp)
    return places[places < count]


def mixed(numbers: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """A fixed hash of whole numbers: neighbours land far apart, the same everywhere.

    Source: the finaliser of SplitMix64, Steele, Lea & Flood 2014, OOPSLA.
    """
    hashed = numbers + np.uint64(0x9E3779B97F4A7C15)
    hashed = (hashed ^ (hashed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    hashed = (hashed ^ (hashed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return hashed ^ (hashed >> np.uint64(31))
