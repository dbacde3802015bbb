"""Scores of the leads in the code store, by the same rules as everywhere else."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from calibrate.leads.codes import CodeStore
from calibrate.leads.levels import Ints
from calibrate.learning.scorecard import Scorecard
from calibrate.settings import GroupSettings, PointColumn, Settings

HUNDRED = (0, 100)


@dataclass(frozen=True, slots=True)
class CodeScorer:
    """Points by cell, caps and gates, ready to run on codes.

    places: index of each attribute in the store.  groups: for each attribute its group's position in `caps`.
    caps: least and most points of a group.  ends: of the score, None where it has none.  gates: index in the store,
    whether a cell is caught, fixed score.
    """

    places: tuple[int, ...]
    points: tuple[npt.NDArray[np.int32], ...]
    groups: tuple[int, ...]
    caps: tuple[tuple[int | None, int | None], ...]
    gates: tuple[tuple[int, npt.NDArray[np.bool_], int], ...]
    ends: tuple[int, int] | None = None

    def scores(self, store: CodeStore, piece: slice | npt.NDArray[np.intp], base: int = 0) -> npt.NDArray[np.int32]:
        """Scores of some leads of the store: sum per group, cap, total from base on, ends, gates."""
        size = len(store.won[piece])
        sums = [np.zeros(size, dtype=np.int32) for _ in self.caps]
        for place, points, group in zip(self.places, self.points, self.groups, strict=True):
            sums[group] += points.take(store.codes[place][piece])
        total = np.full(size, base, dtype=np.int32)
        for part, (low, high) in zip(sums, self.caps, strict=True):
            total += part if low is None and high is None else np.clip(part, low, high)
        if self.ends is not None:
            np.clip(total, *self.ends, out=total)
        for place, caught, score in reversed(self.gates):
            total[caught.take(store.codes[place][piece])] = score
        return total


def code_scorer(card: Scorecard, column: PointColumn, store: CodeStore, settings: Settings) -> CodeScorer:
    """A scorer for the store's codes with one point column of a scorecard."""
    place = {(cells.column, cells.member): index for index, cells in enumerate(store.cells)}
    names = sorted({item.cells.group for item in card.attributes})
    named = [(name, settings.groups.get(name, GroupSettings())) for name in names]
    gates = []
    for gate in settings.gates:
        index = place[(gate.attr, None)]
        caught = np.zeros(store.cells[index].size, dtype=bool)
        texts = ("false", "true") if store.cells[index].kind == "boolean" else store.cells[index].texts
        for cell, text in enumerate(texts, start=1):
            caught[cell] = text in gate.values
        gates.append((index, caught, gate.score))
    return CodeScorer(
        places=tuple(place[(item.cells.column, item.cells.member)] for item in card.attributes),
        points=tuple(_small(item.cell_points(column)) for item in card.attributes),
        groups=tuple(names.index(item.cells.group) for item in card.attributes),
        caps=tuple((moved(cap.min, card, column, name), moved(cap.max, card, column, name)) for name, cap in named),
        gates=tuple(gates),
        ends=HUNDRED if settings.points.scale == "0-100" else None,
    )


def moved(cap: int | None, card: Scorecard, column: PointColumn, group: str) -> int | None:
    """A cap of a group, moved like its points where they all start at 0."""
    if cap is None:
        return None
    return cap + sum(item.unknown[column] for item in card.attributes if item.cells.group == group)


def _small(points: Ints) -> npt.NDArray[np.int32]:
    return points.astype(np.int32)
