"""Leads counted by what the rules say of them; all that follows from points and a threshold follows from these counts.

::

    gate   industry    employees   demo visits   leads   won
    none   Software    50 to 249   yes             212    71
    none   Software    50 to 249   no              640    80
    ...

Only numbers of outcomes are kept, never a value of a lead.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

from calibrate.document.rules import Rules
from calibrate.errors import DataError
from calibrate.leads.codes import NO_DAY, CodeStore
from calibrate.leads.levels import Ints
from calibrate.meeting.outcome_keys import BatchKeys, digits_of, store_keys

DAYS_A_MONTH = 30.4375


@dataclass(frozen=True, slots=True, eq=False)
class Combinations:
    """Counted leads by gate and by the outcome of every rule; distinct and sorted by these, in this order.

    ways: one array a rule of the document, its outcome as `outcome_of` numbers it: a case, len(cases) otherwise, + 1
    missing, + 2 hidden by merging, worth 0 points. Of a set whose missing and otherwise are one level it is otherwise.
    gates: number of the gate that decides, -1 none.  months: that the leads came in, 1 or more; None without dates.
    hidden: share of the outcomes hidden by merging, 0 to 1.
    """

    ways: tuple[NDArray[np.uint16], ...]
    gates: NDArray[np.int16]
    leads: Ints
    won: Ints
    months: float | None = None
    hidden: float = 0.0

    @property
    def total_leads(self) -> int:
        """Leads of all combinations."""
        return int(self.leads.sum())

    @property
    def total_won(self) -> int:
        """Conversions of all combinations."""
        return int(self.won.sum())

    @property
    def alone(self) -> int:
        """Combinations of one lead."""
        return int(np.count_nonzero(self.leads == 1))


def months_between(first_day: int, last_day: int) -> float:
    """Months from one day to another, both counted in; at least 1.

    >>> round(months_between(0, 364), 2), months_between(0, 6)
    (11.99, 1.0)
    """
    return max(1.0, (last_day - first_day + 1) / DAYS_A_MONTH)


def combinations_of_leads(
    rules: Rules, batches: Iterable[tuple[pa.RecordBatch, ArrayLike]], months: float | None = None
) -> Combinations:
    """The combinations of leads, given as batches that the rules can read (`typed_leads`), each with who was won.

    Raises:
        DataError: a value cannot be read as its attribute's type.
    """
    keys, tally = BatchKeys(rules), _Tally()
    for batch, won in batches:
        tally.add(keys.of(batch), np.asarray(won))
    return _counted(rules, tally, months)


class TooManyError(DataError):
    """More combinations than were asked for; found: those that were counted till then."""

    def __init__(self, found: int, most: int) -> None:
        super().__init__(f"leads: found {found:,} combinations of what the rules say, expected at most {most:,}")
        self.found = found


def combinations_of_store(store: CodeStore, rules: Rules, most: int | None = None) -> Combinations:
    """The combinations of the leads in the code store of the run that made the rules; no lead is read again.

    Raises:
        TooManyError: they are more than `most`.
        DataError: the rules are of another run.
    """
    tally = _Tally()
    for piece, keys in store_keys(store, rules):
        tally.add(keys, store.won[piece])
        if most is not None and tally.distinct > most:
            raise TooManyError(tally.distinct, most)
    dated = np.zeros(0, np.int32) if store.day is None else store.day[store.day > NO_DAY]
    found = _counted(rules, tally, months_between(int(dated.min()), int(dated.max())) if len(dated) else None)
    if most is not None and len(found.leads) > most:
        raise TooManyError(len(found.leads), most)
    return found


class _Tally:
    """Distinct keys with their leads and conversions; parts are added up as soon as they outgrow what is known."""

    def __init__(self) -> None:
        self.parts: list[tuple[Ints, Ints, Ints]] = []

    def add(self, keys: Ints, won: NDArray[np.integer | np.bool_]) -> None:
        self.parts.append(summed(keys, np.ones(len(won), np.int64), won.astype(np.int64)))
        if sum(len(leads) for _, leads, _ in self.parts[1:]) > len(self.parts[0][1]):
            self.parts = [self.all()]

    @property
    def distinct(self) -> int:
        """Keys that are known to differ; more may."""
        return len(self.parts[0][1]) if self.parts else 0

    def all(self) -> tuple[Ints, Ints, Ints]:
        keys, leads, won = zip(*self.parts, strict=True)
        return summed(np.concatenate(keys, axis=1), np.concatenate(leads), np.concatenate(won))


def summed(keys: Ints, leads: Ints, won: Ints) -> tuple[Ints, Ints, Ints]:
    """Distinct columns of keys, sorted by the first key, then the next, with their leads and conversions."""
    order = np.argsort(keys[0]) if len(keys) == 1 else np.lexsort(keys[::-1])
    keys = keys[:, order]
    new = np.ones(len(order), dtype=bool)
    new[1:] = (keys[:, 1:] != keys[:, :-1]).any(axis=0)
    starts = np.flatnonzero(new)
    return keys[:, starts], np.add.reduceat(leads[order], starts), np.add.reduceat(won[order], starts)


def _counted(rules: Rules, tally: _Tally, months: float | None) -> Combinations:
    if not tally.parts:
        raise DataError("leads: found none, expected leads that were won or lost; check the outcome")
    keys, leads, won = tally.all()
    gate, *others = digits_of(rules)
    return Combinations(
        ways=tuple(digit.of(keys).astype(np.uint16) for digit in others),
        gates=(gate.of(keys) - 1).astype(np.int16),
        leads=leads,
        won=won,
        months=months,
    )
