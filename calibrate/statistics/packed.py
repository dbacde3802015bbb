"""Leads as levels, several attributes in one small code, so that sums over pairs of levels are cheap.

::

    Role        Director   Buyer     ...            3 levels
    Newsletter  yes        no        ...            2 levels
    pack        0*2 + 1    2*2 + 0   ...            6 codes, one byte a lead

A sum over the leads of every pair of levels is one weighted count of pairs of codes, added up afterwards.

Many leads are packed wider, into codes of two bytes: half as many to go through where a sum is by level alone. Sums
over pairs look the small codes up in them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from calibrate.grown import Grown
from calibrate.spread import spread

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]

MOST_CODES = 64
_MOST_WIDE = 1 << 14
_MANY = 100_000
_CHUNK = 1 << 15


@dataclass(frozen=True, slots=True)
class Pack:
    """Some attributes as one code.

    members: place of each attribute and the level that each code stands for.  codes: one a lead.
    """

    members: tuple[tuple[int, Places], ...]
    codes: npt.NDArray[np.unsignedinteger]
    size: int

    def values(self, by_level: Sequence[Floats]) -> Floats:
        """By code, the sum of the values of its levels."""
        total = np.zeros(self.size)
        for place, level in self.members:
            total += by_level[place][level]
        return total

    def parts(self, sizes: Sequence[int]) -> list[tuple[Pack, Places]]:
        """The small codes in this one: packs without leads, each with its code by this one's."""
        found = []
        for group in _groups([sizes[place] for place, _ in self.members]):
            members = [self.members[at] for at in group]
            small = _empty_pack([place for place, _ in members], sizes)
            of_code = np.zeros(self.size, dtype=np.intp)
            for place, level in members:
                of_code = of_code * sizes[place] + level
            found.append((small, of_code))
        return found


@dataclass(frozen=True, slots=True)
class PackedLeads:
    """Leads with the level of each of their attributes.

    sizes: levels of each attribute.  won: 0 or 1 a lead.
    """

    sizes: tuple[int, ...]
    packs: tuple[Pack, ...]
    won: npt.NDArray[np.uint8]

    @property
    def leads(self) -> int:
        """Number of leads."""
        return len(self.won)

    def chunks(self) -> Iterator[slice]:
        """Slices that cover the leads, small enough for the processor's cache."""
        for start in range(0, self.leads, _CHUNK):
            yield slice(start, min(start + _CHUNK, self.leads))

    def some(self, most: int) -> PackedLeads:
        """At most so many of the leads, spread evenly."""
        places = spread(self.leads, most)
        if isinstance(places, slice):
            return self
        packs = [
            replace(small, codes=of_code.astype(small.codes.dtype).take(codes))
            for pack in self.packs
            for codes in (pack.codes[places],)
            for small, of_code in pack.parts(self.sizes)
        ]
        return PackedLeads(self.sizes, tuple(packs), self.won[places])

    def shares(self) -> list[Floats]:
        """By attribute and level, the share of the leads that have it."""
        return [part / self.leads for part in self._by_level([_tally(pack) for pack in self.packs])]

    def level_of(self, place: int, piece: slice = slice(None)) -> Places:
        """The level of one attribute for some leads."""
        pack, level = next((pack, level) for pack in self.packs for at, level in pack.members if at == place)
        return level.take(pack.codes[piece])

    def totals(self, by_level: Sequence[Floats], piece: slice) -> Floats:
        """By lead, the sum of the values of its levels."""
        return self._totals([pack.values(by_level) for pack in self.packs], piece)

    def all_totals(self, by_level: Sequence[Floats]) -> Iterator[tuple[slice, Floats]]:
        """The same for all leads, a piece at a time."""
        values = [pack.values(by_level) for pack in self.packs]
        for piece in self.chunks():
            yield piece, self._totals(values, piece)

    def _totals(self, values: Sequence[Floats], piece: slice) -> Floats:
        total = np.zeros(len(self.won[piece]))
        for pack, by_code in zip(self.packs, values, strict=True):
            total += by_code.take(pack.codes[piece])
        return total

    def sums(self, parts: Iterable[tuple[slice, Floats]]) -> list[Floats]:
        """By attribute and level, the sum of a value over the leads; the value comes a piece at a time."""
        return self.sums_of(((piece, (value,)) for piece, value in parts), 1)[0]

    def sums_of(self, parts: Iterable[tuple[slice, Sequence[Floats]]], values: int) -> list[list[Floats]]:
        """The same for several values at once, a list each."""
        by_code = [[np.zeros(pack.size) for pack in self.packs] for _ in range(values)]
        for piece, held in parts:
            for at, pack in enumerate(self.packs):
                codes = pack.codes[piece].astype(np.intp)
                for total, value in zip(by_code, held, strict=True):
                    total[at] += np.bincount(codes, weights=value, minlength=pack.size)
        return [self._by_level(total) for total in by_code]

    def _by_level(self, by_code: Sequence[Floats]) -> list[Floats]:
        found: list[Any] = [np.zeros(0)] * len(self.sizes)
        for pack, total in zip(self.packs, by_code, strict=True):
            for place, level in pack.members:
                found[place] = np.bincount(level, weights=total, minlength=self.sizes[place])
        return found

    def pair_sums(self, parts: Iterable[tuple[slice, Floats]]) -> PairSums:
        """The sum of a value over the leads of every level and of every two levels of different attributes."""
        split = [(whole, *part) for whole in self.packs for part in whole.parts(self.sizes)]
        packs = [pack for _, pack, _ in split]
        alone = [np.zeros(pack.size) for pack in packs]
        pairs = {(i, j): np.zeros(packs[i].size * packs[j].size) for j in range(len(packs)) for i in range(j)}
        for piece, value in parts:
            held = [of_code.take(whole.codes[piece]) for whole, _, of_code in split]
            for i, code in enumerate(held):
                alone[i] += np.bincount(code, weights=value, minlength=packs[i].size)
                scaled = np.empty_like(code)
                for j in range(i + 1, len(packs)):
                    np.multiply(code, packs[j].size, out=scaled)
                    scaled += held[j]
                    pairs[i, j] += np.bincount(scaled, weights=value, minlength=len(pairs[i, j]))
        return _spread(self.sizes, packs, alone, pairs)


@dataclass(frozen=True, slots=True)
class PairSums:
    """Sums by level and by pair of levels; `square` leaves out the attribute with the most levels.

    order: places of the attributes as they stand in `square`, the largest last, outside it.  sizes: levels of each.
    square: pairs of levels of all attributes but the largest, levels with themselves on the diagonal.
    beside: rows as `square`, a column a level of the largest attribute.  largest: its levels with themselves; two
    of them share no lead, so that there is nothing beside the diagonal.
    """

    order: tuple[int, ...]
    sizes: tuple[int, ...]
    square: Floats
    beside: Floats
    largest: Floats

    def dense(self) -> Floats:
        """The whole matrix, in this order."""
        return np.block([[self.square, self.beside], [self.beside.T, np.diag(self.largest)]])


def _tally(pack: Pack) -> Floats:
    total = np.zeros(pack.size)
    for start in range(0, len(pack.codes), 8 * _CHUNK):
        total += np.bincount(pack.codes[start : start + 8 * _CHUNK], minlength=pack.size)
    return total


def pack_leads(
    codes: Sequence[npt.NDArray[np.unsignedinteger]],
    level_of_cell: Sequence[Places],
    sizes: Sequence[int],
    won: npt.NDArray[np.uint8],
    pieces: Iterable[slice | Places],
    leads: int,
    *,
    kept: Callable[[slice | Places], npt.NDArray[np.bool_]] | None = None,
    most: int = MOST_CODES,
    wide: bool = False,
) -> PackedLeads:
    """The leads of some pieces, in their order.

    codes: the cell of every lead, an array an attribute.  level_of_cell: 0 to the attribute's size, never below 0
    for a cell that one of these leads has.  leads: how many there are.  kept: which ones of a piece; without it, all.
    most: codes of a pack with several attributes.  wide: packs are joined into codes of two bytes, which pays from
    100,000 leads on.
    """
    groups = _groups(sizes, most)
    if wide and leads > _MANY:
        codes_of = [int(np.prod([sizes[place] for place in group])) for group in groups]
        groups = [[place for at in joined for place in groups[at]] for joined in _groups(codes_of, _MOST_WIDE)]
    packs = [_empty_pack(group, sizes) for group in groups]
    outcome, grown = Grown(np.uint8), [Grown(pack.codes.dtype) for pack in packs]
    tables = [[_summand(level_of_cell[place], level, pack) for place, level in pack.members] for pack in packs]
    for piece in pieces:
        own = slice(None) if kept is None else kept(piece)
        outcome.append(won[piece][own])
        for whole, pack, summands in zip(grown, packs, tables, strict=True):
            parts = (table.take(codes[place][piece]) for (place, _), table in zip(pack.members, summands, strict=True))
            part: npt.NDArray[Any] = next(parts)
            for more in parts:
                part += more
            whole.append(part[own])
    filled = (replace(pack, codes=whole.array()) for pack, whole in zip(packs, grown, strict=True))
    return PackedLeads(tuple(sizes), tuple(filled), outcome.array())


def _empty_pack(group: Sequence[int], sizes: Sequence[int]) -> Pack:
    """The pack of some attributes, without leads."""
    size = int(np.prod([sizes[place] for place in group], dtype=np.int64))
    kind = np.uint8 if size <= 1 << 8 else np.uint16 if size <= 1 << 16 else np.uint32
    members, below = [], size
    for place in group:
        below //= sizes[place]
        members.append((place, np.arange(size, dtype=np.intp) // below % sizes[place]))
    return Pack(tuple(members), np.zeros(0, dtype=kind), size)


def _summand(level_of_cell: Places, level: Places, pack: Pack) -> npt.NDArray[np.unsignedinteger]:
    """By cell, what its level adds to the code: the least code that has the level."""
    least = np.searchsorted(level[: int(np.argmax(level)) + 1], np.arange(int(level.max()) + 1))
    return least[np.maximum(level_of_cell, 0)].astype(pack.codes.dtype)


def _groups(sizes: Sequence[int], most: int = MOST_CODES) -> list[list[int]]:
    """Attributes that share a code, largest first; each goes where it fills the code best without overflowing."""
    groups: list[tuple[int, list[int]]] = []
    for place in sorted(range(len(sizes)), key=lambda place: (-sizes[place], place)):
        fitting = [at for at, (size, _) in enumerate(groups) if size * sizes[place] <= most]
        if fitting:
            at = max(fitting, key=lambda at: groups[at][0])
            groups[at] = (groups[at][0] * sizes[place], [*groups[at][1], place])
        else:
            groups.append((sizes[place], [place]))
    return [group for _, group in groups]


def _spread(
    sizes: Sequence[int], packs: Sequence[Pack], alone: Sequence[Floats], pairs: dict[tuple[int, int], Floats]
) -> PairSums:
    """Sums by code and by pair of codes as sums by level and by pair of levels."""
    last = max(range(len(sizes)), key=lambda place: (sizes[place], -place))
    order = (*(place for place in range(len(sizes)) if place != last), last)
    starts = dict(zip(order, np.cumsum([0, *(sizes[place] for place in order)])[:-1].tolist(), strict=True))
    width, inner = sum(sizes), sum(sizes) - sizes[last]
    square, beside = np.zeros((inner, inner)), np.zeros((inner, sizes[last]))

    def put(first: int, second: int, table: Floats) -> None:
        if second == last:
            beside[starts[first] : starts[first] + sizes[first]] = table
        elif first == last:
            put(second, first, table.T)
        else:
            rows = slice(starts[first], starts[first] + sizes[first])
            columns = slice(starts[second], starts[second] + sizes[second])
            square[rows, columns], square[columns, rows] = table, table.T

    largest = np.zeros(width - inner)
    for pack, total in zip(packs, alone, strict=True):
        for at, (place, level) in enumerate(pack.members):
            own: Any = np.bincount(level, weights=total, minlength=sizes[place])
            if place == last:
                largest[:] = own
            else:
                spot = starts[place] + np.arange(sizes[place])
                square[spot, spot] = own
            for other, its_level in pack.members[at + 1 :]:
                keys = level * sizes[other] + its_level
                shared: Any = np.bincount(keys, weights=total, minlength=sizes[place] * sizes[other])
                put(place, other, shared.reshape(sizes[place], sizes[other]))
    for (i, j), flat in pairs.items():
        by_codes = flat.reshape(packs[i].size, packs[j].size)
        for place, level in packs[i].members:
            side = by_codes if len(packs[i].members) == 1 else _added(by_codes, level, sizes[place])
            for other, its_level in packs[j].members:
                both = side if len(packs[j].members) == 1 else _added(side.T, its_level, sizes[other]).T
                put(place, other, both)
    return PairSums(order, tuple(sizes), square, beside, largest)


def _added(table: Floats, level: Places, size: int) -> Floats:
    """Rows of the same level added up."""
    member = np.zeros((size, len(level)))
    member[level, np.arange(len(level))] = 1
    added: Floats = member @ table
    return added
