"""Two rules documents on the same leads: who changes band, what each hands to sales, which one ranks better."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from calibrate.document.rules import Rules
from calibrate.document.scoring import TableScorer
from calibrate.exports.check import NO_BAND, CheckLeads
from calibrate.meeting.combinations import summed
from calibrate.meeting.counted_there import pairs_there
from calibrate.meeting.newer import LeadFile, Seen
from calibrate.meeting.newer_here import NewerLeads
from calibrate.remote.table import EngineTable
from calibrate.statistics.agreement import linear_kappa, moved
from calibrate.statistics.change import rate_change
from calibrate.statistics.ranking import (
    Auc,
    AucDifference,
    ScoreCounts,
    area_under_curve,
    auc_difference_from_counts,
)
from calibrate.statistics.rates import Rate, conversion_rate

NOT_WORSE = -0.01  # AUC that new rules may lose, at the lower end of the range, and still be adopted
FAR = 2
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Migration:
    """Leads by band: a row a band of the old rules, a column one of the new, best first; bands of gates come last.

    moved_far: share of the leads two bands or more apart, 0 to 1.  kappa: agreement with linear weights, 1 the same
    bands, 0 as by chance.  Both None where the two documents do not order their bands alike.
    """

    old: tuple[str, ...]
    new: tuple[str, ...]
    leads: tuple[tuple[int, ...], ...]
    moved_far: float | None
    kappa: float | None


@dataclass(frozen=True, slots=True)
class Handed:
    """The leads from a score up, that are handed to sales.

    rate: of those won, None without leads or outcomes.  reached: share of all won leads, 0 to 1.
    """

    threshold: int
    leads: int
    leads_a_month: float | None
    rate: Rate | None
    reached: float | None


@dataclass(frozen=True, slots=True)
class Swap:
    """The leads that only one of the documents hands to sales. rates: None without leads or outcomes."""

    into: int
    into_rate: Rate | None
    out: int
    out_rate: Rate | None
    difference_p: float | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the leads say of the new rules.

    why: `not worse` beyond the margin; `worse` beyond chance; `wide`, the range holds both; `seen`, the leads had
    a part in making the one they speak for and not the other, so they flatter it; `outcomes`, it is not known who
    was won, or all or none were.
    margin: AUC that may be lost, -1 to 0.
    """

    word: Literal["adopt", "keep", "cannot tell"]
    why: Literal["not worse", "worse", "wide", "seen", "outcomes"]
    margin: float = NOT_WORSE


@dataclass(frozen=True, slots=True)
class Backtest:
    """Old and new rules on the leads of a file; each of the pairs is (old, new).

    difference: AUC of the new minus that of the old rules, paired (DeLong); None without both won and lost leads.
    handed: None where a document has neither threshold nor bands and no score was given.
    """

    file: LeadFile
    migration: Migration
    handed: tuple[Handed, Handed] | None
    swap: Swap | None
    auc: tuple[Auc | None, Auc | None]
    difference: AucDifference | None
    verdict: Verdict


def backtest(old: Rules, new: Rules, leads: CheckLeads, threshold: int | None = None) -> Backtest:
    """What both documents make of the leads that count, of a file or in an engine.

    threshold: the score from which leads are handed to sales; without it, what each document says.
    """
    orders = [_bands(rules) for rules in (old, new)]
    counted = (pairs_there if isinstance(leads.data, EngineTable) else _pairs_here)((old, new), leads, orders)
    return _result(*counted, orders, _thresholds(old, new, threshold))


def _pairs_here(
    documents: Sequence[Rules], leads: CheckLeads, orders: Sequence[Sequence[str]]
) -> tuple[LeadFile, Ints, Ints, Ints]:
    """What was read, then distinct scores and places of bands by each document, with their leads and conversions."""
    reader = NewerLeads(leads, documents)
    scorers = [TableScorer(rules, reasons=0) for rules in documents]
    parts: list[tuple[Ints, Ints, Ints]] = []
    for batch in reader.batches():
        scored = [scorer.score(table) for scorer, table in zip(scorers, batch.tables, strict=True)]
        bands = [_places(item.band, order) for item, order in zip(scored, orders, strict=True)]
        rows = np.array([*(item.score.to_numpy() for item in scored), *bands], dtype=np.int64)
        won = np.zeros(rows.shape[1], np.bool_) if batch.won is None else batch.won
        parts.append(summed(rows, np.ones_like(won, np.int64), won.astype(np.int64)))
    every, sizes, of_won = zip(*parts, strict=True)
    return reader.file, *summed(np.concatenate(every, axis=1), np.concatenate(sizes), np.concatenate(of_won))


def _result(
    file: LeadFile,
    rows: Ints,
    leads: Ints,
    won: Ints,
    orders: Sequence[tuple[str, ...]],
    thresholds: tuple[int, int] | None,
) -> Backtest:
    """The result of the distinct pairs of scores and bands, with their leads and conversions."""
    table = np.zeros([len(order) for order in orders], np.int64)
    np.add.at(table, (rows[2], rows[3]), leads)
    known = file.won is not None
    difference = auc_difference_from_counts(rows[1], rows[0], leads, won) if known else None
    old, new = (ScoreCounts.from_counts(scores, leads, won) for scores in rows[:2])
    handed = swap = None
    if thresholds is not None:
        above = rows[0] >= thresholds[0], rows[1] >= thresholds[1]
        first, second = (
            _handed(score, leads[part], won[part], file) for score, part in zip(thresholds, above, strict=True)
        )
        handed, swap = (first, second), _swap(above, leads, won if known else None)
    return Backtest(
        file=file,
        migration=_migration(orders, table),
        handed=handed,
        swap=swap,
        auc=(area_under_curve(old), area_under_curve(new)) if known else (None, None),
        difference=difference,
        verdict=_verdict(difference, file.seen),
    )


def _verdict(difference: AucDifference | None, seen: Sequence[Seen]) -> Verdict:
    """Adopt what is not worse, keep what is better, unless the leads had a part in making what they speak for."""
    if difference is None:
        return Verdict("cannot tell", "outcomes")
    old, new = seen
    if difference.low > NOT_WORSE:
        return Verdict("cannot tell", "seen") if _flattered(new, old) else Verdict("adopt", "not worse")
    if difference.high < 0:
        return Verdict("cannot tell", "seen") if _flattered(old, new) else Verdict("keep", "worse")
    return Verdict("cannot tell", "wide")


def _flattered(one: Seen, other: Seen) -> bool:
    """Whether leads had a part in making one document that they had not in making the other."""
    return one.how in ("file", "period") and one != other


def _thresholds(old: Rules, new: Rules, threshold: int | None) -> tuple[int, int] | None:
    if threshold is not None:
        return threshold, threshold
    if old.handover_score is None or new.handover_score is None:
        return None
    return old.handover_score, new.handover_score


def _handed(threshold: int, leads: Ints, won: Ints, file: LeadFile) -> Handed:
    total, of_won = int(leads.sum()), int(won.sum())
    known = file.won is not None
    return Handed(
        threshold=threshold,
        leads=total,
        leads_a_month=total / file.months if file.months else None,
        rate=conversion_rate(of_won, total) if known else None,
        reached=of_won / file.won if file.won else None,
    )


def _swap(above: Sequence[npt.NDArray[np.bool_]], leads: Ints, won: Ints | None) -> Swap:
    into, out = above[1] & ~above[0], above[0] & ~above[1]
    sizes = [int(leads[part].sum()) for part in (into, out)]
    if won is None:
        return Swap(sizes[0], None, sizes[1], None, None)
    of_won = [int(won[part].sum()) for part in (into, out)]
    change = rate_change((of_won[1], sizes[1]), (of_won[0], sizes[0]))
    into_rate, out_rate = (conversion_rate(k, n) for k, n in zip(of_won, sizes, strict=True))
    return Swap(sizes[0], into_rate, sizes[1], out_rate, change.p_value if change else None)


def _bands(rules: Rules) -> tuple[str, ...]:
    """The bands a lead may get, best first; those that only gates give, and none, come last."""
    named = [band.name for band in rules.bands]
    gated = [gate.then.band for gate in rules.gates if gate.then.band is not None]
    return tuple(dict.fromkeys([*named, *gated, *([] if named else [NO_BAND])]))


def _migration(orders: Sequence[tuple[str, ...]], table: Ints) -> Migration:
    old, new = orders
    order = _one_order(old, new)
    kappa = far = None
    if order is not None:
        square = np.zeros((len(order), len(order)), np.int64)
        places = [[order.index(name) for name in names] for names in orders]
        square[np.ix_(*places)] = table
        kappa, far = linear_kappa(square), moved(square, FAR)
    return Migration(old, new, tuple(map(tuple, table.tolist())), far, kappa)


def _one_order(old: Sequence[str], new: Sequence[str]) -> list[str] | None:
    """All bands in an order that agrees with both documents; None where there is none."""
    order: list[str] = []
    rest = [list(old), list(new)]
    while any(rest):
        firsts = [names[0] for names in rest if names]
        free = [name for name in firsts if all(name not in names[1:] for names in rest)]
        if not free:
            return None
        order.append(free[0])
        rest = [[name for name in names if name != free[0]] for names in rest]
    return order


def _places(bands: pa.ChunkedArray, order: Sequence[str]) -> Ints:
    places = pc.index_in(pc.fill_null(bands, NO_BAND), value_set=pa.array(order, pa.string()))
    return np.asarray(places, dtype=np.int64)
