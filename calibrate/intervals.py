"""Between which of some edges a number lies, ten times as fast as a search among them.

::

    edges       10   50
    number   nan   3   10   49.9   50
    interval  0    1    2    2     3
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

NOT_A_NUMBER = 0
Numbers = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]


class Intervals:
    """The intervals between ascending edges, each with its lower edge: 1 below the first, 0 for what is no number.

    A number is looked up by the upper bits of its float64. The bits of positive floats rise with the number, so a
    table over a window of them holds the interval of each slot; all numbers up to zero fall in slot 0. Only a slot that
    an edge cuts sends its numbers to the search. The shift is at least 1, so that taking off the base never overflows.
    """

    def __init__(self, edges: Sequence[float], window: int = 14) -> None:
        self.edges = np.array(edges, dtype=np.float64)
        kind = np.uint8 if len(self.edges) < 254 else np.uint16
        self._cut = np.iinfo(kind).max
        self._table: npt.NDArray[Any] = np.full(1, self._cut, dtype=kind)
        bits = self.edges.view(np.int64)
        positive = bits[self.edges > 0]
        if not len(positive):
            self._shift = self._base = 0
            return
        self._shift = max(1, int(positive[-1] - positive[0]).bit_length() - window)
        self._base = int(positive[0] >> self._shift) - 1
        slots = np.maximum((bits >> self._shift) - self._base, 0)
        self._table = (np.searchsorted(slots, np.arange(slots[-1] + 2), side="right") + 1).astype(kind)
        self._table[slots[bits & ((1 << self._shift) - 1) != 0]] = self._cut
        if self.edges[0] <= 0:
            self._table[0] = self._cut

    def of(self, numbers: npt.NDArray[np.float64]) -> Numbers:
        """The interval of every number."""
        slots = numbers.view(np.int64) >> self._shift
        slots -= self._base
        found: Numbers = self._table.take(slots, mode="clip")
        unsure = np.flatnonzero(found == self._cut)
        found[unsure] = np.searchsorted(self.edges, numbers[unsure], side="right") + 1
        found[np.isnan(numbers)] = NOT_A_NUMBER
        return found
