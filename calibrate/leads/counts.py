"""Leads and conversions of every cell, fold by fold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from calibrate.grown import Grown
from calibrate.leads.codes import FOLDS, CodeStore
from calibrate.leads.levels import Ints


@dataclass(frozen=True, slots=True)
class CellCounts:
    """Counts of one attribute: rows are parts of the history, columns are cells.

    Parts 0 to 4 are the folds of the older leads, 5 to 9 those of the newest, kept back for an out-of-time test.
    """

    leads: npt.NDArray[np.int64]
    conversions: npt.NDArray[np.int64]

    def of(self, parts: npt.NDArray[np.bool_]) -> tuple[Ints, Ints]:
        """Leads and conversions by cell over some of the parts."""
        return self.leads[parts].sum(axis=0), self.conversions[parts].sum(axis=0)


ALL = np.ones(2 * FOLDS, dtype=bool)
OLDER = np.arange(2 * FOLDS) < FOLDS


def count_cells(store: CodeStore, parts: npt.NDArray[np.uint8]) -> tuple[CellCounts, ...]:
    """Counts of every attribute of the store; `parts` gives each lead's part."""
    sizes = [cells.size for cells in store.cells]
    width = 4 * FOLDS
    totals = [np.zeros(size * width, dtype=np.int64) for size in sizes]
    for piece in store.chunks():
        slot = parts[piece].astype(np.intp) * 2 + store.won[piece]
        for total, codes, size in zip(totals, store.codes, sizes, strict=True):
            keys = codes[piece].astype(np.intp)
            keys *= width
            keys += slot
            np.add(total, np.bincount(keys, minlength=size * width), out=total)
    return tuple(_cell_counts(total, size) for total, size in zip(totals, sizes, strict=True))


def _cell_counts(total: npt.NDArray[np.int64], size: int) -> CellCounts:
    table = total.reshape(size, 2 * FOLDS, 2)
    return CellCounts(leads=table.sum(axis=2).T.copy(), conversions=table[:, :, 1].T.copy())


def parts_of(store: CodeStore, newest_from: int | None) -> npt.NDArray[np.uint8]:
    """Each lead's part: its fold, plus five when it came in on `newest_from` or later."""
    if newest_from is None or store.day is None:
        return store.fold
    parts = Grown(np.uint8)
    for piece in store.chunks():
        parts.append(store.fold[piece] + np.uint8(FOLDS) * (store.day[piece] >= newest_from).astype(np.uint8))
    whole: npt.NDArray[np.uint8] = parts.array()
    return whole
