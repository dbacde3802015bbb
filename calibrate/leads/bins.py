"""Bins of a number: fine cells with human edges first, then the cells joined by what history shows.

::

    values   0 0 0 1 2 2 3 5 8 8 13 21 ... 4,800
    cells    0 | 1 | 2 | 3 | 4 to 5 | ... | 1,000 and up      human_edges: never looks at outcomes
    bins     0 | 1 to 4             | 5 and up                best_bins: likeliest, with few bins

Edge i is where cell i + 1 starts: `numpy.searchsorted(edges, values, side="right")` is the cell of a value.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from calibrate.statistics.rates import counted

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
Trend = Literal["up", "down", "none"]

PLACEHOLDER_SHARE = 0.05
_NINES = [10.0**digits - 1 for digits in range(1, 13)]
_MACHINE_ENDS = [32767.0, 65535.0, 2147483647.0, 4294967295.0, -32768.0, -2147483648.0]
PLACEHOLDERS = np.array([-1.0, *_NINES[1:], *(-nines for nines in _NINES), *_MACHINE_ENDS])


@dataclass(frozen=True, slots=True)
class Sentinels:
    """Cells that stay a bin of their own.

    alone: all of them, ascending.  placeholders: those whose number stands for 'not known' (-1, 9999).
    """

    alone: tuple[int, ...]
    placeholders: tuple[int, ...]


def human_edges(values: ArrayLike, cells: int = 200) -> Floats:
    """Ascending cut points, at most `cells` - 1; cells are half-open and the two outer ones open-ended.

    Up to `cells` distinct values: each is its own cell and the cut between neighbours a < b is the roundest
    number in (a, b]. More: cuts at quantiles, each moved by at most a third of a cell to the roundest number, so
    that cells hold about equally many; a value that fills several cells keeps one of its own. Whole numbers get
    whole cuts. A placeholder at the upper end starts its cell itself. Infinite values fall in the outer cells.
    """
    distinct, counts = _distinct(values)
    size = len(distinct)
    if size < 2:
        return np.empty(0)
    if size <= cells:
        edges = _roundest(distinct[:-1], distinct[1:], distinct[1:])
    else:
        below = np.concatenate(([0], np.cumsum(counts)))
        wanted = below[-1] * np.arange(1, cells) / cells
        slack = below[-1] / cells / 3
        first = np.searchsorted(below, wanted - slack, side="left")
        last = np.searchsorted(below, wanted + slack, side="right") - 1
        nearest = np.where(wanted - below[last] <= below[np.minimum(first, size)] - wanted, last, first)
        first, last = (np.where(first <= last, place, nearest) for place in (first, last))
        inner = (first > 0) & (last < size)
        middle = distinct[np.searchsorted(below, wanted[inner], side="right") - 1]
        edges = np.unique(_roundest(distinct[first[inner] - 1], distinct[last[inner]], middle))
        edges = edges[np.unique(np.searchsorted(distinct, edges), return_index=True)[1]]
    if edges[-1] > distinct[-2] and distinct[-1] in _placeholders(distinct, counts):
        edges[-1] = distinct[-1]
    return edges


def sentinels(values: ArrayLike, edges: ArrayLike) -> Sentinels:
    """The cells of `human_edges` whose number is not like the others: placeholders and the zero of many counts.

    Placeholder: -1, 999, 9999 ..., the ends of machine integers, at the lower or upper extreme, with more than
    5 % of the leads, and further from the 5 % and 95 % quantiles of the rest than these are from each other;
    below 0 also where nothing else is. Zero: least of the rest, more than 5 % of it, and more than twice what
    Poisson's law gives at the same mean; Lambert (1992), Technometrics 34:1.
    """
    distinct, counts = _distinct(values)
    held = np.searchsorted(np.asarray(edges, dtype=np.float64), distinct, side="right")
    own = np.isin(held, np.flatnonzero(np.bincount(held) == 1))
    odd = np.isin(distinct, _placeholders(distinct, counts))
    standing = odd.copy()
    if _zero_inflated(distinct[~odd], counts[~odd]):
        standing |= distinct == 0
    return Sentinels(*(tuple(held[mask & own].tolist()) for mask in (standing, odd)))


def equal_bins(leads: ArrayLike, bins: int, alone: Sequence[int] = ()) -> tuple[int, ...]:
    """First cell of each of so many bins of about equally many leads; fewer where one cell holds much of them.

    alone: cells that stay bins of their own; the others share the bins.  A cell without leads joins the one before it.
    """
    n = np.asarray(leads, dtype=np.float64).copy()
    n[list(alone)] = 0
    below = np.concatenate(([0.0], np.cumsum(n)))
    wanted = below[-1] * np.arange(1, bins) / bins
    after = np.searchsorted(below, wanted)
    before = np.maximum(after - 1, 0)
    cuts = np.where(wanted - below[before] < below[np.minimum(after, len(n))] - wanted, before, after)
    cuts = np.searchsorted(below, below[cuts[below[cuts] < below[-1]]], side="right") - 1
    fences = sorted({0, *(place for cell in alone for place in (cell, cell + 1) if place < len(n))})
    fence = np.array(fences)[np.searchsorted(fences, cuts, side="right") - 1]
    return tuple(sorted({*fences, *cuts[below[cuts] > below[fence]].tolist()}))


def best_bins(
    leads: ArrayLike,
    conversions: ArrayLike,
    *,
    trend: Literal["auto", "up", "down", "none"] = "auto",
    max_bins: int = 6,
    min_share: float = 0.05,
    min_expected: float = 5.0,
    alone: Sequence[int] = (),
) -> tuple[tuple[int, ...], Trend]:
    """First cell of each bin, and how the rates of the bins run.

    Maximises the binomial log-likelihood minus (ln N)/2 a bin, N all leads, over at most `max_bins` bins of whole
    cells with at least `min_share` of the leads and `min_expected` conversions, and as many non-conversions,
    expected at the overall rate. Equal fits: fewest bins, then earliest cuts.

    trend: 'up' and 'down' join cells against the trend first (pool adjacent violators), 'none' is free; 'auto'
    keeps a monotone fit unless the free one beats it, after paying for its bins, by the cost of another bin: the
    price of turning. `alone`: cells that stay bins of their own, whatever their size, and outside the trend, which
    holds within each stretch between them; a stretch too small for the minimum is one bin.
    Source: Haiminen, Gionis & Laasonen (2008), Knowl. Inf. Syst. 14:39; Ayer et al. (1955), Ann. Math. Stat. 26:641.

    Raises:
        DataError: a cell has more conversions than leads.
    """
    k, n = counted(conversions, leads)
    if len(n) == 0:
        return (0,), "none"
    history = _History(k, n, frozenset(alone), max_bins, min_share, min_expected)
    if trend in ("up", "down"):
        starts = history.best(history.joined(rising=trend == "up"))[1]
        return starts, history.direction(starts)
    score, starts = history.best(history.stretches())
    direction = history.direction(starts)
    if trend == "auto" and direction == "none":
        up, down = (history.best(history.joined(rising=rising)) for rising in (True, False))
        monotone = up if up[0] >= down[0] else down
        if score - monotone[0] <= history.cost:
            return monotone[1], history.direction(monotone[1])
    return starts, direction


@dataclass(frozen=True, slots=True)
class _History:
    """Counts by cell and what bins of them must keep to. Scores are whole millionths, so that ties are ties."""

    k: Floats
    n: Floats
    alone: frozenset[int]
    max_bins: int
    min_share: float
    min_expected: float

    @property
    def cost(self) -> float:
        """What a bin must gain: (ln N)/2."""
        return round(5e5 * math.log(max(float(self.n.sum()), 1.0)))

    @property
    def fences(self) -> list[int]:
        """Cells where a bin must start: each that stands alone, and the one after it."""
        return sorted({0, *self.alone, *(cell + 1 for cell in self.alone if cell + 1 < len(self.n))})

    def stretches(self) -> list[Places]:
        """First cells of the smallest bins, from fence to fence; a cell without leads joins the one before it."""
        fences, held = self.fences, np.flatnonzero(self.n)
        parts = np.split(held, np.searchsorted(held, fences[1:]))
        return [np.append(fence, part[1:]) for fence, part in zip(fences, parts, strict=True)]

    def joined(self, *, rising: bool) -> list[Places]:
        """The stretches with cells joined until their rates rise (fall)."""
        from scipy.optimize import isotonic_regression

        def blocks(starts: Places, end: int) -> Places:
            if len(starts) == 1:
                return starts
            k, n = (np.add.reduceat(part[:end], starts) for part in (self.k, self.n))
            return starts[isotonic_regression(k / n, weights=n, increasing=rising).blocks[:-1]]

        return [*map(blocks, self.stretches(), [*self.fences[1:], len(self.n)])]

    def best(self, stretches: list[Places]) -> tuple[float, tuple[int, ...]]:
        """Score and first cells of the best bins that can be joined from the given smallest ones."""
        starts = np.concatenate(stretches)
        gain = self._gains(starts, np.repeat(np.arange(len(stretches)), [len(part) for part in stretches]))
        best, choices = [gain[0]], []
        for _ in range(1, min(len(starts), max(self.max_bins, len(stretches)))):
            ways = best[-1][:-1, None] + gain[1:]  # [i, j]: the last bin holds pieces i + 1 to j
            choices.append(np.argmax(ways, axis=0))
            best.append(ways.max(axis=0))
        scores = np.array([row[-1] for row in best]) - self.cost * np.arange(1, len(best) + 1)
        bins = int(np.argmax(scores))
        piece, chosen = len(starts) - 1, [0]
        for choice in reversed(choices[:bins]):
            piece = int(choice[piece])
            chosen.append(int(starts[piece + 1]))
        return float(scores[bins]), tuple(sorted(chosen))

    def _gains(self, starts: Places, stretch: Places) -> Floats:
        """[i, j]: log-likelihood of one bin of pieces i to j above that of the overall rate; -inf if not allowed."""
        from scipy.special import rel_entr

        k, n = (np.append(0.0, np.cumsum(np.add.reduceat(part, starts))) for part in (self.k, self.n))
        rate = k[-1] / max(n[-1], 1.0)
        bin_k, bin_n = (np.maximum(part[1:] - part[:-1, None], 0) for part in (k, n))
        gain = rel_entr(bin_k, bin_n * rate) + rel_entr(bin_n - bin_k, bin_n * (1 - rate))
        enough = (bin_n >= self.min_share * n[-1]) & (bin_n * min(rate, 1 - rate) >= self.min_expected)
        opens, closes = np.diff(stretch, prepend=-1) > 0, np.diff(stretch, append=len(starts)) > 0
        allowed = (stretch[:, None] == stretch) & (enough | (opens[:, None] & closes))
        return np.where(np.triu(allowed), np.rint(gain * 1e6), -np.inf)

    def direction(self, starts: tuple[int, ...]) -> Trend:
        """How the rates of the bins run, those that stand alone or hold no leads left out."""
        k, n = (np.add.reduceat(part, starts) for part in (self.k, self.n))
        shown = (n > 0) & ~np.isin(starts, list(self.alone))
        steps = np.diff(k[shown] / n[shown])
        if len(steps) == 0 or not (np.all(steps > 0) or np.all(steps < 0)):
            return "none"
        return "up" if steps[0] > 0 else "down"


def _distinct(values: ArrayLike) -> tuple[Floats, Places]:
    """The finite values, ascending, and how often each occurs; beyond 1e300 differences would not be finite."""
    numbers = np.asarray(values, dtype=np.float64)
    return np.unique(numbers[np.abs(numbers) < 1e300], return_counts=True)


def _placeholders(distinct: Floats, counts: Places) -> Floats:
    """Values at the extremes that stand for 'not known'; see `sentinels`."""
    odd = np.isin(distinct, PLACEHOLDERS) & (counts > PLACEHOLDER_SHARE * counts.sum())
    outer = np.logical_and.accumulate(odd) | np.logical_and.accumulate(odd[::-1])[::-1]
    rest, held = distinct[~outer], np.cumsum(counts[~outer])
    if len(rest) == 0:
        return rest
    low, high = rest[np.searchsorted(held, np.array([0.05, 0.95]) * held[-1])]
    far = np.maximum(distinct - high, low - distinct) > high - low
    odd &= outer & (far | ((distinct < 0) & (rest[0] >= 0)))
    shown: Floats = distinct[odd]
    return shown


def _zero_inflated(distinct: Floats, counts: Places) -> bool:
    if len(distinct) < 2 or distinct[0] != 0:
        return False
    mean = float(np.average(distinct, weights=counts))
    return bool(counts[0] / counts.sum() > max(PLACEHOLDER_SHARE, 2 * math.exp(-mean)))


def _roundest(low: Floats, high: Floats, wanted: Floats) -> Floats:
    """The roundest number in each (low, high], nearest to the wanted one; every low is below its high.

    Roundest: a multiple of the largest of ... 100, 50, 20, 10, 5, 2, 1, .5 ... that has one there; 0 is of all.
    """
    found, missing = high.copy(), np.ones(len(high), dtype=bool)
    top = math.ceil(math.log10(float(np.abs([low, high]).max())))
    bottom = max(math.floor(math.log10(float((high - low).min()))), top - 17)
    for exponent in range(min(top, 290), max(bottom, -290) - 1, -1):
        power = 10.0 ** abs(exponent)
        scaled = [part / power if exponent >= 0 else part * power for part in (low, high, wanted)]
        for digit in (5, 2, 1):
            # 0.3 x 10 may fall short of 3, so that a hair is added; what that lets in wrongly fails the last check
            least, most = (np.floor(part / digit + 1e-9) for part in scaled[:2])
            multiple = np.clip(np.rint(scaled[2] / digit), least + 1, most) * digit
            number = multiple * power if exponent >= 0 else multiple / power
            fits = missing & (least < most) & (number > low) & (number <= high)
            found[fits] = number[fits]
            missing &= ~fits
        if not missing.any():
            break
    return found
