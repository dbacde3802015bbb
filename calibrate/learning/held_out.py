"""Leads that test points they did not make."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from calibrate.grown import Grown
from calibrate.leads.codes import FOLDS, CodeStore
from calibrate.leads.counts import ALL, OLDER, CellCounts, count_cells, parts_of
from calibrate.leads.history import ExactCounts
from calibrate.leads.levels import Cells, Ints, Levels
from calibrate.learning.code_scores import code_scorer
from calibrate.learning.scorecard import Scorecard, learn_scorecard
from calibrate.settings import PointColumn, PointSettings, Settings
from calibrate.spread import one_in
from calibrate.statistics.packed import PackedLeads, pack_leads
from calibrate.statistics.ranking import ScoreCounts

QUARTER = 91
FEWEST = 50
_PIECE = 1 << 20

Parts = npt.NDArray[np.bool_]
Piece = slice | npt.NDArray[np.intp]


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
    def splits(self) -> list[tuple[Parts, Parts]]:
        """For each test, the parts that learn and the parts that are tested."""
        if self.newest_from is not None:
            return [(OLDER, ~OLDER)]
        fold = np.arange(2 * FOLDS) % FOLDS
        return [(fold != test, fold == test) for test in range(FOLDS)]

    def cells(self, places: Sequence[int]) -> list[Cells]:
        """The cells of some attributes of the store."""
        return [self.store.cells[place] for place in places]

    def totals(self, places: Sequence[int], parts: Parts = ALL) -> list[tuple[Ints, Ints]]:
        """Leads and conversions by cell of these attributes over some parts."""
        return [self.counts[place].of(parts) for place in places]

    def pieces(self, parts: Parts = ALL, every: int = 1) -> Iterator[Piece]:
        """Where the leads of some parts stand, one in so many, a cacheful at a time."""
        chosen = one_in(self.store.leads, every)
        for piece in self.store.chunks():
            if isinstance(chosen, slice):
                if parts.all():
                    yield piece
                    continue
                taken = np.arange(piece.start, piece.stop)
            else:
                taken = chosen[slice(*np.searchsorted(chosen, [piece.start, piece.stop]))]
            yield taken[parts.take(self.parts[taken])]

    def pack(self, places: Sequence[int], parts: Parts, levels: Sequence[Levels]) -> PackedLeads:
        """The leads of some parts with the level of each of these attributes."""
        return pack_leads(
            [self.store.codes[place] for place in places],
            [item.of_cell for item in levels],
            [len(item.levels) for item in levels],
            self.store.won,
            self.store.chunks(),
            self._held(places[0], parts),
            kept=None if parts.all() else lambda piece: parts.take(self.parts[piece]),
            wide=True,
        )

    def _held(self, place: int, parts: Parts) -> int:
        """Leads of the store in some parts; `counts` may be of more leads than it holds."""
        counts = self.counts[place].leads
        if int(counts.sum()) == self.store.leads:
            return int(counts[parts].sum())
        return int(np.count_nonzero(parts.take(self.parts)))

    def learn(
        self,
        places: Sequence[int],
        settings: PointSettings,
        parts: Parts = ALL,
        *,
        joint: bool,
        errors: bool = False,
        near: Scorecard | None = None,
    ) -> Scorecard:
        """The scorecard of some parts; joint: with the effects of all attributes beside each other.

        near: the card of other parts, from which those are soon found.
        """
        packing = partial(self.pack, places, parts) if joint else None
        cells, totals = self.cells(places), self.totals(places, parts)
        return learn_scorecard(cells, totals, settings, packing, errors=errors, near=near)


def make_trial(store: CodeStore, *, by_account: bool, exact: ExactCounts | None = None) -> Trial:
    """The trial of a store: out of time where that is possible, else cross-fitted.

    by_account: the folds keep accounts whole, which a cut in time would not; so they are used.  exact: the counts of
    all leads, where the store holds some.
    """
    if exact is not None:
        return Trial(store, exact.newest_from, parts_of(store, exact.newest_from), exact.counts)
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
    leads, won = store.since(first)
    before = int(np.count_nonzero(store.won)) - won
    return first if enough_newest(leads, won, before) else None


def enough_newest(leads: int, won: int, before: int) -> bool:
    """Whether the newest quarter tests: its leads and won ones, and those won before it."""
    return won >= FEWEST and before >= 2 * FEWEST and leads > won


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Leads scored by points made from other leads, test by test.

    lead: place in the store.  tests: where each begins and ends; scores of different tests come from different points.
    scores: one array a point column.
    """

    lead: npt.NDArray[np.intp]
    tests: tuple[range, ...]
    won: npt.NDArray[np.uint8]
    scores: dict[PointColumn, npt.NDArray[np.int32]]

    def pieces(self, test: range) -> Iterator[slice]:
        """Slices that cover the leads of a test."""
        for start in test[::_PIECE]:
            yield slice(start, min(start + _PIECE, test.stop))

    def counts(self, column: PointColumn) -> list[ScoreCounts]:
        """Leads and conversions by score, one histogram a test."""
        scores = self.scores[column]
        return [
            ScoreCounts.merged([ScoreCounts.from_arrays(scores[piece], self.won[piece]) for piece in self.pieces(test)])
            for test in self.tests
        ]


def held_out(
    trial: Trial,
    cards: Sequence[Scorecard],
    columns: Sequence[PointColumn],
    settings: Settings,
    every: int = 1,
    zero: Mapping[PointColumn, int] | None = None,
) -> HeldOut:
    """The held-out leads by the cards of their tests, which have points; every: take one lead in so many.

    zero: by column, the score of a lead without points; the tests share it, whatever their cards were shifted by.
    """
    lead, won, scores = Grown(np.intp), Grown(np.uint8), {column: Grown(np.int32) for column in columns}
    ends = [0]
    for (_, tested), card in zip(trial.splits, cards, strict=True):
        scorers = {column: code_scorer(card, column, trial.store, settings) for column in columns}
        start = {column: (zero or {}).get(column, 0) - card.shift(column) for column in columns}
        ends.append(ends[-1])
        for piece in trial.pieces(tested, every):
            where = np.arange(piece.start, piece.stop) if isinstance(piece, slice) else piece
            ends[-1] += len(where)
            lead.append(where)
            won.append(trial.store.won[where])
            for column, scorer in scorers.items():
                scores[column].append(scorer.scores(trial.store, where, start[column]))
    return HeldOut(
        lead=lead.array(),
        tests=tuple(range(*test) for test in pairwise(ends)),
        won=won.array(),
        scores={column: whole.array() for column, whole in scores.items()},
    )


def all_scores(
    store: CodeStore, card: Scorecard, column: PointColumn, settings: Settings, base: int = 0
) -> ScoreCounts:
    """Every counted lead by its score, which starts at base: the population that percentiles compare with."""
    scorer = code_scorer(card, column, store, settings)
    parts = ((scorer.scores(store, piece, base), store.won[piece]) for piece in store.chunks())
    return ScoreCounts.merged([ScoreCounts.from_arrays(scores, won) for scores, won in parts])
