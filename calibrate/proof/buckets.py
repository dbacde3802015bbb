"""Leads dealt into a thousand buckets, so that a redrawn history is a whole weight a bucket and no lead is read again.

::

    leads     L-1 L-2 L-3 ...        dealt evenly, or by account so that accounts stay whole
    buckets   17  803 244 ...        leads and conversions counted by bucket and atom, once
    a draw    bucket 17 twice, 803 not at all, 244 once ...     its counts are a sum over buckets

The variance of a sum over buckets is that of the leads drawn one by one, to 5 % with a thousand buckets.
Source: Efron & Gong (1983), Am. Stat. 37:36; Field & Welsh (2007), J. R. Stat. Soc. B 69:369, for whole accounts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from calibrate.leads.bins import equal_bins
from calibrate.leads.codes import BUCKETS, CodeStore
from calibrate.leads.levels import MISSING, Cells, Ints
from calibrate.learning.scorecard import CardAttribute
from calibrate.spread import mixed
from calibrate.statistics.packed import MOST_CODES, Floats, PackedLeads, Places, pack_leads
from calibrate.statistics.ridge import chance_of

_FINE, _COARSE, _MOST_FINE = 30, 12, 600
_MOST_SUMS = 5_000_000
_FEW = 50
_SEED = 20261122


@dataclass(frozen=True, slots=True)
class Atoms:
    """The least things a draw tells apart in one attribute: the card's levels, or finer where they are learned anew.

    of_cell: atom of every cell, -1 where history has none.  level: the card's level of each atom, -1 without leads.
    leads: of each atom.  cells: the atoms as cells from which bins are learned, None where the levels stay.
    """

    of_cell: Places
    level: Places
    leads: Ints
    cells: Cells | None

    @property
    def size(self) -> int:
        """Number of atoms."""
        return len(self.level)

    def mean(self, values: Floats, size: int) -> Floats:
        """Mean over the leads of each of the card's levels; values has a column an atom, the result one a level."""
        shares = np.zeros((self.size, size))
        held = self.level >= 0
        shares[np.flatnonzero(held), self.level[held]] = self.leads[held]
        means: Floats = values @ (shares / np.maximum(shares.sum(axis=0), 1))
        return means


def atoms_of(items: Sequence[CardAttribute], cell_leads: Sequence[Ints]) -> list[Atoms]:
    """The atoms of the attributes: those of a number keep the cuts of the card, all others are its levels.

    A number has about thirty of equally many leads, fewer where there are more than twenty numbers.
    """
    numbers = [item for item in items if _learned(item.cells)]
    fine = max(_COARSE, min(_FINE, _MOST_FINE // max(len(numbers), 1)))
    return [_atoms(item, leads, fine) for item, leads in zip(items, cell_leads, strict=True)]


def _learned(cells: Cells) -> bool:
    return cells.kind == "number" and not cells.fixed


def _atoms(item: CardAttribute, cell_leads: Ints, fine: int) -> Atoms:
    cells, of_cell = item.cells, item.levels.of_cell
    if not _learned(cells):
        return Atoms(of_cell, np.arange(len(item.leads)), item.leads, None)
    cuts = np.flatnonzero(np.diff(of_cell[1:], prepend=-2))
    starts = np.union1d(equal_bins(cell_leads[1:], fine, cells.alone), cuts)
    atom = np.concatenate([[MISSING], np.searchsorted(starts, np.arange(cells.size - 1), side="right")])
    leads = np.bincount(atom, weights=cell_leads).astype(np.int64)
    level = np.full(len(leads), -1, dtype=np.intp)
    held = cell_leads > 0
    level[atom[held]] = of_cell[held]
    places = {int(start): place for place, start in enumerate(starts)}
    coarse = replace(
        cells,
        edges=tuple(cells.edges[start - 1] for start in starts[1:]),
        alone=tuple(places[cell] for cell in cells.alone),
        sentinels=frozenset(places[cell] for cell in cells.sentinels if cell in places),
    )
    return Atoms(atom.astype(np.intp), level, leads, coarse)


@dataclass(frozen=True, slots=True)
class BucketSums:
    """Sums by bucket and atom, an array an attribute, buckets down.

    missed: won minus the chance that the fit gives, None without a fit.
    """

    leads: tuple[Floats, ...]
    conversions: tuple[Floats, ...]
    missed: tuple[Floats, ...] | None

    @property
    def buckets(self) -> int:
        """Number of buckets that hold leads."""
        return len(self.leads[0])


@dataclass(frozen=True, slots=True)
class Fit:
    """What the card's fit predicts: its own coefficients by atom, an array an attribute.

    linear: they add up to a rate, not to log-odds.
    """

    intercept: float
    coefficients: tuple[Floats, ...]
    linear: bool

    def chances(self, leads: PackedLeads, piece: slice) -> Floats:
        """Predicted rate of some leads, 0 to 1 unless the fit is linear."""
        total = self.intercept + leads.totals(self.coefficients, piece)
        return total if self.linear else chance_of(total)


def bucket_sums(store: CodeStore, places: Sequence[int], atoms: Sequence[Atoms], fit: Fit | None) -> BucketSums:
    """The sums of all leads, in one pass over them; the wider the packs, the fewer counts, but the larger."""
    count = min(BUCKETS, store.leads, max(100, _MOST_SUMS // sum(item.size for item in atoms)))
    tables: list[list[Floats]] = []
    stretch, most = (1 << 19, 256) if len(places) <= _FEW else (1 << 17, MOST_CODES)
    for piece in store.chunks(stretch):
        leads = packed_atoms(store, places, atoms, piece, most)
        if not tables:
            tables = [[np.zeros(count * pack.size) for pack in leads.packs] for _ in range(2 if fit is None else 3)]
        bucket = bucket_of(store, piece, count)
        won = np.flatnonzero(leads.won)
        chance = fit.chances(leads, slice(None)) if fit else None
        for place, pack in enumerate(leads.packs):
            keys = bucket * pack.size + pack.codes
            size = count * pack.size
            tables[0][place] += np.bincount(keys, minlength=size)
            tables[1][place] += np.bincount(keys.take(won), minlength=size)
            if chance is not None:
                tables[2][place] += np.bincount(keys, weights=chance, minlength=size)
    sums = [_by_atom(leads, table, [item.size for item in atoms]) for table in tables]
    held = sums[0][0].sum(axis=1) > 0
    whole = [tuple(part[held] for part in table) for table in sums]
    missed = tuple(k - chance for k, chance in zip(whole[1], whole[2], strict=True)) if fit else None
    return BucketSums(whole[0], whole[1], missed)


def packed_atoms(
    store: CodeStore,
    places: Sequence[int],
    atoms: Sequence[Atoms],
    piece: slice | Places,
    most: int = MOST_CODES,
) -> PackedLeads:
    """Some of the leads with their atoms; most: codes of a pack with several attributes."""
    return pack_leads(
        [store.codes[place] for place in places],
        [item.of_cell for item in atoms],
        [item.size for item in atoms],
        store.won,
        [piece],
        len(store.won[piece]),
        most=most,
    )


def bucket_of(store: CodeStore, piece: slice, count: int) -> Places:
    """Bucket of each lead: that of its account; else leads in file order go round all buckets.

    Every round starts at a bucket of its own, so that what recurs in a file does not always meet the same ones.
    """
    if store.bucket is not None:
        return store.bucket[piece].astype(np.intp) % count
    lead = np.arange(piece.start, piece.stop)
    turn = lead // count
    offsets = mixed(np.arange(turn[0], turn[-1] + 1, dtype=np.uint64)) % np.uint64(count)
    bucket: Places = (lead + offsets.astype(np.intp)[turn - turn[0]]) % count
    return bucket


def _by_atom(leads: PackedLeads, table: Sequence[Floats], sizes: Sequence[int]) -> list[Floats]:
    found = [np.zeros((0, 0))] * len(sizes)
    for pack, flat in zip(leads.packs, table, strict=True):
        by_code = flat.reshape(-1, pack.size)
        for place, level in pack.members:
            member = np.zeros((pack.size, sizes[place]))
            member[np.arange(pack.size), level] = 1
            found[place] = by_code if len(pack.members) == 1 else by_code @ member
    return found


def drawn_weights(draws: int, buckets: int) -> Floats:
    """How often each bucket is drawn, a row a draw; always the same numbers.

    Only `Generator.random` is asked for chance, which gives the same with every numpy.
    """
    places = (np.random.Generator(np.random.PCG64(_SEED)).random((draws, buckets)) * buckets).astype(np.intp)
    keys = places + np.arange(draws)[:, None] * buckets
    counts: npt.NDArray[np.int64] = np.bincount(keys.ravel(), minlength=draws * buckets)
    return counts.reshape(draws, buckets).astype(np.float64)
