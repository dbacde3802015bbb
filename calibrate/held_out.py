"""Leads that test points they did not make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from calibrate.code_scores import code_scorer
from calibrate.codes import FOLDS, CodeStore
from calibrate.counts import ALL, OLDER, CellCounts, count_cells, parts_of
from calibrate.levels import Cells, Ints
from calibrate.scorecard import COLUMNS, Scorecard, learn_scorecard
from calibrate.settings import Settings

QUARTER = 91
FEWEST = 50
_DENSE = 1 << 21


@dataclass(frozen=True, slots=True)
class Trial:
    """The counted leads, dealt into parts; some parts make points and the others test them.

    newest_from: first day of an out-of-time test, None where the parts are folds of a cross-fitted one.
    counts: one an attribute of the store.
    """

    store: CodeStore
    newest_from: int | None
    parts: npt.NDArray[np.uint8]
    counts: tuple[CellCounts, ...]

    @property
    def splits(self) -> list[tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]]:
        """For each test, the parts that learn and the parts that are tested."""
        if self.newest_from is not None:
            return [(OLDER, ~OLDER)]
        fold = np.arange(2 * FOLDS) % FOLDS
        return [(fold != test, fold == test) for test in range(FOLDS)]

    def cells(self, places: Sequence[int]) -> list[Cells]:
        """The cells of some attributes of the store."""
        return [self.store.cells[place] for place in places]

    def totals(self, places: Sequence[int], parts: npt.NDArray[np.bool_] = ALL) -> list[tuple[Ints, Ints]]:
        """Leads and conversions by cell of these attributes over some parts."""
        return [self.counts[place].of(parts) for place in places]


def make_trial(store: CodeStore, *, by_account: bool) -> Trial:
    """The trial of a store: out of time where that is possible, else cross-fitted.

    by_account: the folds keep accounts whole, which a cut in time would not; so they are used.
    """
    newest_from = None if by_account else newest_quarter(store)
    parts = parts_of(store, newest_from)
    return Trial(store, newest_from, parts, count_cells(store, parts))


def newest_quarter(store: CodeStore) -> int | None:
    """First day of the newest quarter if an out-of-time test is possible, else None.

    Needs FEWEST conversions and one lost lead in the newest 91 days, and twice as many conversions before them.
    """
    if store.day is None or not store.leads:
        return None
    first = int(store.day.max()) - QUARTER + 1
    newest = store.day >= first
    won = int(np.count_nonzero(store.won[newest]))
    before = int(np.count_nonzero(store.won)) - won
    enough = won >= FEWEST and before >= 2 * FEWEST and int(np.count_nonzero(newest)) > won
    return first if enough else None


def held_out_scores(
    trial: Trial, places: Sequence[int], settings: Settings, every: int = 1
) -> list[npt.NDArray[np.int64]]:
    """For each test a table as `joint_scores` gives it, of leads scored by points made from other leads."""
    tables = []
    for learn, test in trial.splits:
        card = learn_scorecard(trial.cells(places), trial.totals(places, learn), settings.points)
        tables.append(joint_scores(trial.store, card, settings, (trial.parts, test), every))
    return tables


def joint_scores(
    store: CodeStore,
    card: Scorecard,
    settings: Settings,
    only: tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]] | None = None,
    every: int = 1,
) -> npt.NDArray[np.int64]:
    """Rows lift score, cautious score, leads, conversions; a column for each pair of scores that some lead has.

    only: each lead's part, and the parts that are wanted.  every: take one lead in so many.
    """
    scorers = [code_scorer(card, column, store, settings) for column in COLUMNS]
    bounds = [scorer.bounds() for scorer in scorers]
    lows, widths = [low for low, _ in bounds], [high - low + 1 for low, high in bounds]
    size = 2 * widths[0] * widths[1]
    dense = np.zeros(size if size <= _DENSE else 0, dtype=np.int64)
    sparse: list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]] = []
    for piece in store.chunks():
        rows: slice | npt.NDArray[np.intp] = piece
        if only is not None or every > 1:
            taken = np.arange(piece.start + -piece.start % every, piece.stop, every)
            rows = taken if only is None else taken[only[1].take(only[0][taken])]
        keys = np.zeros(len(store.won[rows]), dtype=np.int64)
        for scorer, low, width in zip(scorers, lows, widths, strict=True):
            keys = keys * width + (scorer.scores(store, rows) - low)
        keys = keys * 2 + store.won[rows]
        if len(dense):
            dense += np.bincount(keys, minlength=size)
        else:
            sparse.append(np.unique(keys, return_counts=True))
    if len(dense):
        keys = np.flatnonzero(dense)
        return _table(keys, dense[keys], lows, widths[1])
    keys = np.concatenate([part for part, _ in sparse])
    counts = np.concatenate([part for _, part in sparse])
    return _table(keys, counts, lows, widths[1])


def _table(keys: npt.NDArray[np.int64], counts: npt.NDArray[np.int64], lows: list[int], width: int) -> Ints:
    """Keys (pair of scores, won) with their counts as the four rows; a key may stand more than once."""
    pairs, place = np.unique(keys // 2, return_inverse=True)
    leads = np.bincount(place, weights=counts, minlength=len(pairs)).astype(np.int64)
    won = np.bincount(place, weights=counts * (keys % 2), minlength=len(pairs)).astype(np.int64)
    return np.stack([pairs // width + lows[0], pairs % width + lows[1], leads, won])
