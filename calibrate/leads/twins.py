"""Attributes that divide the leads like another does."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from calibrate.leads.codes import Codes, CodeStore
from calibrate.spread import spread
from calibrate.statistics.association import cross_table

_LOOK = 100_000
_MOST_COMPARED = 60


def some_leads(store: CodeStore) -> slice | npt.NDArray[np.intp]:
    """At most 100,000 leads, spread over the store."""
    return spread(store.leads, _LOOK)


def find_twins(store: CodeStore, places: Iterable[int]) -> dict[str, str]:
    """Columns that say the same as an earlier one, with that one's name.

    Each value of one goes with one value of the other, for all leads looked at or nearly all (`foretells` above
    0.98). Columns that differ in nearly every lead would do so by chance and are left alone.
    """
    twins: dict[str, str] = {}
    divided: dict[bytes, str] = {}
    kept: list[tuple[str, npt.NDArray[np.int32]]] = []
    for place in places:
        name, division = store.cells[place].column, _division(store.codes[place][some_leads(store)])
        if not division.any() or 2 * int(division.max()) >= len(division):
            continue
        twin = divided.setdefault(division.tobytes(), name)
        if twin == name:
            twin = next((other for other, held in kept[:_MOST_COMPARED] if foretells(division, held) > 0.98), name)
        if twin == name:
            kept.append((name, division))
        else:
            twins[name] = twin
    return twins


def _division(codes: Codes) -> npt.NDArray[np.int32]:
    """The codes numbered in order of appearance: equal for columns that divide the leads alike."""
    _, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
    order = np.empty(len(first), dtype=np.int32)
    order[np.argsort(first)] = np.arange(len(first), dtype=np.int32)
    return order[inverse]


def foretells(first: npt.NDArray[np.int32], second: npt.NDArray[np.int32]) -> float:
    """How well each of two divisions of the leads foretells the other, 0 to 1: the lesser of the two lambdas.

    1 where each value of one goes with one value of the other; 0 where guessing the commonest value does as well,
    and where there are too many values to tell.
    Source: Goodman & Kruskal (1954), JASA 49:732.
    """
    table = cross_table(first, second)
    if table is None:
        return 0.0
    leads, rows, columns = len(first), table.sum(axis=1).max(), table.sum(axis=0).max()
    from_first = (table.max(axis=1).sum() - columns) / max(leads - columns, 1)
    from_second = (table.max(axis=0).sum() - rows) / max(leads - rows, 1)
    return float(min(from_first, from_second))
