"""Leads by the end of their key: whether leads that end alike are alike, and which ends make a sample.

::

    end    leads   won
    ...1   1,004   151     chance alone: as even as this
    ...2     998   149
    ...3   1,010   390     leads that are dealt out by their last digit, say: a longer end tells less of them
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass

import narwhals as nw
import numpy as np

from calibrate.remote.marginals import OUT, WON
from calibrate.remote.table import EngineTable
from calibrate.spread import mixed

ENDS_A_SAMPLE = 100
# How far beyond chance, in standard errors, before the same ends are said to convert alike.
_SURE = 5


@dataclass(frozen=True, slots=True)
class Ends:
    """Leads by end, and the counted and won ones among them; the end "" is that of leads without a key."""

    leads: dict[str, int]
    counted: dict[str, int]
    won: dict[str, int]

    @property
    def missing(self) -> int:
        """Leads without a key."""
        return self.leads.get("", 0)

    def alike(self, within: float = 1.0) -> float:
        """How many times more the conversion of ends differs than that of as many leads taken singly; 1 if by chance.

        That is the design effect of taking all leads of some ends: Pearson's chi-square by its degrees of freedom.
        within: what it is of the keys themselves, where leads share one.
        """
        names = [end for end in self.leads if end and self.counted.get(end)]
        n, won = (np.array([of.get(end, 0) for end in names], dtype=np.float64) for of in (self.counted, self.won))
        free, rate = len(names) - 1, won.sum() / max(n.sum(), 1)
        if free < 1 or not 0 < rate < 1:
            return 1.0
        chi_square = float(((won - n * rate) ** 2 / n).sum() / (rate * (1 - rate))) / within
        return chi_square / free if chi_square > free + _SURE * (2 * free) ** 0.5 else 1.0


def counted_ends(table: EngineTable, end: nw.Expr, state: nw.Expr) -> Ends:
    """Leads by an end.

    Raises:
        CalibrateError: the engine cannot say.
    """
    query = table.frame.select(end=end, state=state).group_by("end", "state").agg(leads=nw.len())
    found = Ends({}, {}, {})
    for row in table.fetched(query).to_pylist():
        own = "" if row["end"] is None else str(row["end"])
        parts = [found.leads] + [found.counted] * (row["state"] > OUT) + [found.won] * (row["state"] == WON)
        for part in parts:
            part[own] = part.get(own, 0) + int(row["leads"])
    return found


def alike_within(table: EngineTable, column: str, state: nw.Expr) -> float:
    """The design effect of leads that share a key, as an account; 1 where each has its own.

    Raises:
        CalibrateError: the engine cannot say.
    """
    leads = table.frame.select(key=table.col(column), state=state).drop_nulls("key").filter(nw.col("state") > OUT)
    marked = leads.with_columns(won=nw.when(nw.col("state") == WON).then(nw.lit(1)).otherwise(nw.lit(0)))
    by_key = marked.group_by("key").agg(n=nw.len(), k=nw.col("won").sum())
    n, k = nw.col("n").cast(nw.Float64), nw.col("k").cast(nw.Float64)
    sums = by_key.select(n=n.sum(), k=k.sum(), nn=(n * n).sum(), nk=(n * k).sum(), kk=(k * k).sum())
    found = {name: float(value or 0) for name, value in table.fetched(sums).to_pylist()[0].items()}
    rate = found["k"] / max(found["n"], 1)
    if not 0 < rate < 1:
        return 1.0
    spread = found["kk"] - 2 * rate * found["nk"] + rate**2 * found["nn"]
    return max(1.0, spread / (found["n"] * rate * (1 - rate)))


def shuffled(ends: Iterable[str]) -> list[str]:
    """The ends in an order that is always the same and says nothing about them, without that of no key."""
    # A checksum alone keeps numbers that follow each other together.
    every = sorted(end for end in ends if end)
    hashes = mixed(np.array([zlib.crc32(end.encode()) for end in every], dtype=np.uint64))
    return [every[place] for place in np.argsort(hashes, kind="stable")]


@dataclass(frozen=True, slots=True)
class Picked:
    """Ends that make a sample.

    leads: those that they hold.  too_large: leads of ends that never fit.  grain: how much surer as many leads taken
    singly would be, at least 1; in it is also how few the ends are.
    """

    ends: tuple[str, ...]
    leads: int
    too_large: int
    alike: float
    grain: float


def picked(found: Ends, folds: Iterable[Iterable[str]], most: float, within: float = 1.0) -> Picked:
    """Ends of every fold with its share of at most so many leads.

    folds: the ends of each.
    """
    every = sum(found.leads.values())
    chosen: list[str] = []
    total = too_large = largest = 0
    for own in folds:
        room = most * sum(found.leads[end] for end in own if end) / every
        fitting = [end for end in shuffled(own) if found.leads[end] <= room]
        too_large += sum(found.leads[end] for end in own if end and found.leads[end] > room)
        largest = max([largest, *(found.leads[end] for end in fitting)])
        for end in fitting:
            room -= found.leads[end]
            if room < 0:  # to look for a smaller one would favour the small
                break
            total += found.leads[end]
            chosen.append(end)
    alike = found.alike(within)
    return Picked(tuple(sorted(chosen)), total, too_large, alike, alike * max(1.0, largest * ENDS_A_SAMPLE / most))
