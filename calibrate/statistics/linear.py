"""The same lifts by a linear model, from counts of level pairs alone: no lead needs to leave the engine it lives in.

The rate of a lead is the overall rate plus a part for each of its levels, percentage points that add up. Leads of every
level and of every two levels, and conversions of every level, are all it takes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from calibrate.statistics.adjusted import Effect, centred_errors
from calibrate.statistics.packed import Floats, PackedLeads, PairSums
from calibrate.statistics.ridge import Normal


@dataclass(frozen=True, slots=True)
class PairCounts:
    """What grouped queries bring: leads by level pair, and leads and conversions by level, an array an attribute."""

    pairs: PairSums
    leads: tuple[Floats, ...]
    conversions: tuple[Floats, ...]
    all_leads: float
    all_conversions: float


def pair_counts(leads: PackedLeads) -> PairCounts:
    """The pair counts of leads that are at hand."""
    ones = [(piece, np.ones(len(leads.won[piece]))) for piece in leads.chunks()]
    won = [(piece, leads.won[piece].astype(np.float64)) for piece in leads.chunks()]
    return PairCounts(
        leads.pair_sums(ones),
        tuple(leads.sums(ones)),
        tuple(leads.sums(won)),
        float(leads.leads),
        float(leads.won.sum(dtype=np.int64)),
    )


def linear_effects(counts: PairCounts, strength: float | Sequence[float]) -> tuple[Effect, ...]:
    """The part of each level, centred so that leads times lift add up to 0 within an attribute.

    strength: M, one for all attributes or one each.
    Ridge least squares with the penalty M + 1 on every level and none on the intercept: the prior of the level rates,
    in units of the variance p (1 - p) of one outcome. `log_odds` is the lift over that variance, its slope at p.
    Source: Battey, Cox & Jackson (2019), R. Soc. Open Sci. 6:190067 (linear model of a binary outcome); te Grotenhuis
    et al. (2017), Int. J. Public Health 62:163 (weighted effect coding).
    """
    rate = counts.all_conversions / counts.all_leads
    each = [float(strength)] * len(counts.leads) if isinstance(strength, int | float) else strength
    if math.isinf(max(each)) or not 0 < rate < 1:
        return tuple(Effect.none(len(n)) for n in counts.leads)
    normal = Normal.of(counts.pairs, counts.all_leads, [own + 1 for own in each])
    gains = [k - rate * n for k, n in zip(counts.conversions, counts.leads, strict=True)]
    right = np.concatenate([[0.0], *(gains[place] for place in normal.order)])
    solved = normal.solve(right)[1:]
    ends = np.cumsum([len(gains[place]) for place in normal.order])
    found = dict(zip(normal.order, np.split(solved, ends[:-1]), strict=True))
    sizes, variance = [len(n) for n in counts.leads], rate * (1 - rate)
    effects = []
    for place, n in enumerate(counts.leads):
        share = n / counts.all_leads
        lift = found[place] - share @ found[place]
        error = centred_errors(normal, sizes, place, share) * math.sqrt(variance)
        effects.append(Effect(100 * lift, 100 * error, lift / variance, error / variance))
    return tuple(effects)
