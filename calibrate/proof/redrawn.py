"""What each redrawn history teaches: its levels, how much of a lift it believes, and its lifts.

A draw learns as the run does (`learn_levels`, `prior_strength`), with bins cut anew among the atoms of a number. The
levels of a category and who has too few leads stay those of the card: both follow from the number of leads alone.
With many numbers not every draw cuts all of them, and the others take over the cuts of the draw before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from calibrate.leads.levels import learn_levels
from calibrate.proof.buckets import Atoms, BucketSums
from calibrate.settings import PointSettings
from calibrate.statistics.packed import Floats, Places
from calibrate.statistics.shrinkage import shrunk_lift, strengths_of

_MOST_CUTS = 1250


@dataclass(frozen=True, slots=True)
class Redrawn:
    """All draws side by side, an array an attribute, a row a draw.

    level: the draw's own level of each atom, None where the card's stay.  leads, conversions: by
    the draw's own level.  shares: of the draw's leads, by atom.  rate, strength: one a draw.  strengths: of the
    attributes, a column each.
    """

    level: tuple[Places | None, ...]
    leads: tuple[Floats, ...]
    conversions: tuple[Floats, ...]
    shares: tuple[Floats, ...]
    rate: Floats
    strength: Floats
    strengths: Floats

    def lifts(self, *, shrunk: bool) -> list[Floats]:
        """Lift of the level of every atom, percentage points, an array an attribute; 0 for a level without leads."""
        found = []
        for level, n, k in zip(self.level, self.leads, self.conversions, strict=True):
            lift = np.where(n > 0, 100 * (k / np.maximum(n, 1) - self.rate[:, None]), 0)
            if shrunk:
                lift = shrunk_lift(lift, n, self.strength[:, None])
            found.append(lift if level is None else np.take_along_axis(lift, level, axis=1))
        return found


def redrawn(sums: BucketSums, atoms: Sequence[Atoms], weights: Floats, settings: PointSettings) -> Redrawn:
    """What the draws teach; weights: how often each draw takes each bucket, a row a draw."""
    level, leads, conversions, shares = [], [], [], []
    every = max(1, -(-len(weights) * sum(item.cells is not None for item in atoms) // _MOST_CUTS))
    for item, bucket_leads, bucket_conversions in zip(atoms, sums.leads, sums.conversions, strict=True):
        n, k = weights @ bucket_leads, weights @ bucket_conversions
        shares.append(n / n.sum(axis=1, keepdims=True))
        own = None if item.cells is None else _levels(item, n, k, settings, every)
        level.append(own)
        leads.append(n if own is None else _by_level(own, n))
        conversions.append(k if own is None else _by_level(own, k))
    total, won = leads[0].sum(axis=1), conversions[0].sum(axis=1)
    strength, each = strengths_of(list(zip(leads, conversions, strict=True)))
    return Redrawn(tuple(level), tuple(leads), tuple(conversions), tuple(shares), won / total, strength, each)


def _levels(item: Atoms, leads: Floats, conversions: Floats, settings: PointSettings, every: int) -> Places:
    """Level of every atom, a row a draw; one draw in so many learns, those after it take its levels over."""
    assert item.cells is not None  # noqa: S101
    counts = zip(leads[::every].astype(np.int64), conversions[::every].astype(np.int64), strict=True)
    level = np.stack([learn_levels(item.cells, n, k, settings).of_cell for n, k in counts])
    held = np.where(level < 0, level.max(axis=1, keepdims=True) + 1, level)
    return np.repeat(held, every, axis=0)[: len(leads)]


def _by_level(level: Places, by_atom: Floats) -> Floats:
    draws, size = len(level), int(level.max()) + 1
    keys = level + np.arange(draws)[:, None] * size
    sums: Floats = np.bincount(keys.ravel(), weights=by_atom.ravel(), minlength=draws * size).astype(np.float64)
    return sums.reshape(draws, size)
