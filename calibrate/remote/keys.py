"""Which fold a lead belongs to, and which leads make the sample: by the end of a key, the same in every engine.

::

    key           ...4711   ...4712   ...4713      an id, or the account
    end               1         2         3        its last digit or character, cut off by the engine
    fold              0         3         1        dealt out here, so that every fold holds about as many leads

Engines share no hash of a text, and one made of their common functions takes longer than all counting. What they all
cut off alike and fast is the end of a text, or the rest of a whole number by a power of ten. Where leads that end alike
convert alike, as where a country is the end or sales people take turns, a longer end is taken, which says less.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import narwhals as nw
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from calibrate.errors import DataError, SettingsError, nearest, shown
from calibrate.leads.codes import BUCKETS, FOLDS
from calibrate.remote.ends import ENDS_A_SAMPLE, Ends, Picked, alike_within, counted_ends, picked, shuffled
from calibrate.remote.marginals import LOST
from calibrate.remote.table import EngineTable
from calibrate.spread import mixed

MOST_IN_FOLD = 0.3
MOST_LEFT_OUT = 0.01
MOST_ALIKE = 1.5
_NAMES = re.compile(
    r"(?:^|[^a-z])(?:id|uuid|guid|key|nr|no|number|nummer)(?:[^a-z]|$)|(?-i:[a-z]I[dD]$)", re.IGNORECASE
)
_LONGEST = 8
_ENDS_A_CHOICE = 50
_FEW_ENDS = 100  # that the engine may count apart
_MANY_ENDS = 2_000  # beyond which no longer end is looked for
_BETTER = 0.9
FOR_BUCKETS = 12  # characters at the end of an account that tell accounts apart
NOT_ASKED = nw.lit(LOST)


@dataclass(frozen=True, slots=True)
class Key:
    """A column that names the lead, or its account, and the fold of every end of it.

    cell: the column.  whole: whether it holds whole numbers, else texts.  length: digits or characters of an end.
    missing: share of the leads without one, which are dealt out as if they were one account.  alike: as `Ends.alike`
    says.  within: the same of the keys themselves.  guessed: nobody named it.
    """

    column: str
    cell: nw.Expr
    whole: bool
    length: int
    folds: Mapping[str, int]
    missing: float = 0.0
    alike: float = 1.0
    within: float = 1.0
    guessed: bool = False

    def end(self, length: int | None = None) -> nw.Expr:
        """The last characters of the key, as the engine finds them; NULL for none."""
        return end_of(self.cell, self.whole, self.length if length is None else length)

    def mark(self) -> nw.Expr:
        """What the engine tells leads of different folds apart by: the end; where there are many ends, the fold."""
        if len(self.folds) <= _FEW_ENDS:
            return self.end()
        end, found = self.end(), nw.lit(-1)
        for fold, own in enumerate(self.ends_by_fold(self.folds)):
            wanted = [int(text) if self.whole else text for text in own if text]
            found = nw.when(end.is_in(wanted)).then(nw.lit(fold)).otherwise(found)
        blank = end.is_null() if self.whole else end.is_null() | (end == "")
        return nw.when(blank).then(nw.lit(self.folds.get("", -1))).otherwise(found)

    def folds_of(self, marks: Iterable[str | int | None]) -> npt.NDArray[np.uint8]:
        """Folds by marks, or by ends at least as long as the key's where these are the marks.

        Raises:
            KeyError: there was no such end before.
        """
        if len(self.folds) <= _FEW_ENDS:
            return np.array([self.folds[self._short(end)] for end in marks], dtype=np.uint8)
        found = [int(mark or 0) for mark in marks]
        if -1 in found:
            raise KeyError
        return np.array(found, dtype=np.uint8)

    def ends_by_fold(self, ends: Iterable[str]) -> list[list[str]]:
        """Ends at least as long as the key's, by fold.

        Raises:
            KeyError: there was no such end before.
        """
        found: list[list[str]] = [[] for _ in range(FOLDS)]
        for end in ends:
            found[self.folds[self._short(end)]].append(end)
        return found

    def _short(self, end: str | int | None) -> str:
        if end is None or end == "":
            return ""
        return str(int(end) % 10**self.length) if self.whole else str(end)[-self.length :]


@dataclass(frozen=True, slots=True)
class Chosen:
    """Leads that make a sample.

    leads: true of them.  alike: how much less sure than as many leads taken singly.  too_large: share of the leads that
    share an end with too many others to be in any sample.
    """

    leads: nw.Expr
    alike: float = 1.0
    too_large: float = 0.0


def end_of(cell: nw.Expr, whole: bool, length: int) -> nw.Expr:
    """The end of a key as the engine cuts it off: a text, or a whole number from 0 on."""
    return cell % 10**length if whole else cell.str.tail(length)


def buckets_of(ends: pa.ChunkedArray) -> npt.NDArray[np.uint16]:
    """Bucket of each lead by the end of its account, of its place where it has none."""
    encoded = ends.combine_chunks().dictionary_encode()
    texts = encoded.dictionary.to_pylist()
    hashes = np.array([*(zlib.crc32(str(text).encode()) for text in texts), 0], dtype=np.uint64)
    places = encoded.indices.fill_null(len(texts)).to_numpy(zero_copy_only=False)
    by_place = mixed(np.arange(len(encoded), dtype=np.uint64))
    found = np.where(places == len(texts), by_place, mixed(hashes).take(places))
    return (found % np.uint64(BUCKETS)).astype(np.uint16)


def settle_key(
    table: EngineTable, rows: int, account: str | None, named: str | None, state: nw.Expr = NOT_ASKED
) -> Key | None:
    """The account where there is one, else the column that was named as key, else one that names every lead.

    rows: leads in the table.  state: won, lost or not counted, where that is known.  None where nobody named one and no
    column of whole numbers or texts with a name like `id` is different in every lead.

    Raises:
        SettingsError: the named column is not there.
        DataError: too many leads share an end of it.
    """
    names = list(table.frame.collect_schema())
    for name, option in ((account, "--account"), (named, "--lead-key")):
        if name is not None and name not in names:
            raise SettingsError(f"{table.name}: there is no column {shown(name)} ({option}); {nearest(name, names)}")
    column = account or named
    if column is not None:
        return _key(table, column, rows, state)
    found = next((name for name in names if _NAMES.search(name) and _names_leads(table, name, rows)), None)
    return None if found is None else replace(_key(table, found, rows, state), guessed=True)


def _names_leads(table: EngineTable, column: str, rows: int) -> bool:
    if not isinstance(table.frame.collect_schema()[column], nw.Int64 | nw.String):
        return False
    by_value = table.frame.select(value=table.col(column)).drop_nulls().group_by("value").agg(leads=nw.len())
    return int(table.fetched(by_value.select(values=nw.len()))["values"][0].as_py()) == rows


def _key(table: EngineTable, column: str, rows: int, state: nw.Expr) -> Key:
    dtype = table.frame.collect_schema()[column]
    if not isinstance(dtype, nw.Int64 | nw.String):
        raise DataError(
            f"{table.name}, column {shown(column)}: is of type {dtype}, expected whole numbers or texts to deal the "
            "leads by; name another key, or cast it in a view"
        )
    cell, whole = table.col(column), isinstance(dtype, nw.Int64)
    best: Key | None = None
    within: float | None = None
    largest = rows
    for length in range(1, _LONGEST + 1):
        ends = counted_ends(table, end_of(cell, whole, length), state)
        _check_missing(table, column, ends, rows)
        if best is not None and len(ends.leads) > _MANY_ENDS:
            break
        folds, largest = _dealt(ends.leads)
        if largest > MOST_IN_FOLD * rows + 1:
            continue
        if within is None:
            within = alike_within(table, column, state) if ends.alike() > 1 else 1.0
        key = Key(column, cell, whole, length, folds, ends.missing / rows, ends.alike(within), within)
        best = key if best is None or key.alike < _BETTER * best.alike else best
        if key.alike <= MOST_ALIKE:
            break
    if best is not None:
        return best
    raise DataError(
        f"{table.name}, column {shown(column)}: {largest / rows:.0%} of the leads end alike, expected values whose "
        "ends differ, to deal the leads by them; name another column with --lead-key or --account"
    )


def _check_missing(table: EngineTable, column: str, ends: Ends, rows: int) -> None:
    if ends.missing > MOST_IN_FOLD * rows + 1:
        raise DataError(
            f"{table.name}, column {shown(column)}: {ends.missing / rows:.0%} of the leads have none, expected a value "
            "for nearly every lead, to deal them by; fill it with the lead's own id in a view, or name another"
        )


def _dealt(ends: Mapping[str, int]) -> tuple[dict[str, int], int]:
    """The fold of every end, commonest ends first into the emptiest fold; and the leads in the fullest fold."""
    held, folds = [0] * FOLDS, {}
    every = shuffled(ends) + ([""] if "" in ends else [])
    for end in sorted(every, key=lambda end: -ends[end]):
        fold = held.index(min(held))
        folds[end] = fold
        held[fold] += ends[end]
    return folds, max(held)


def chosen(table: EngineTable, key: Key, rows: int, most: int, state: nw.Expr = NOT_ASKED) -> Chosen:
    """A sample of at most so many leads: those with some ends, of every fold about its share.

    The ends are picked by a fixed hash, and so long that many make the sample and that they say as little as can be.

    Raises:
        DataError: too many leads share an end, or more than one in a hundred have none.
    """
    best: tuple[Picked, int] | None = None
    for length in range(key.length, key.length + _LONGEST + 1):
        # Asked for only where enough ends may come of it.
        if len(key.folds) * (10 if key.whole else 64) ** (length - key.length) < ENDS_A_SAMPLE * rows / most:
            continue
        ends = counted_ends(table, key.end(length), state)
        if ends.missing > MOST_LEFT_OUT * rows:
            raise DataError(
                f"{table.name}, column {shown(key.column)}: {ends.missing:,} of {rows:,} leads have none, expected a "
                "value for every lead, since a sample by it leaves them out; fill it with the lead's own id in a view, "
                "name another with --lead-key, or fetch all leads by source.sample_leads"
            )
        found = picked(ends, key.ends_by_fold(ends.leads), most, key.within)
        enough = found.leads >= 0.9 * most or (found.leads and len(ends.leads) >= _ENDS_A_CHOICE * rows / most)
        if enough and (best is None or found.grain < _BETTER * best[0].grain):
            best = found, length
        if (best and best[0].grain == 1) or len(ends.leads) > max(_MANY_ENDS, 10 * _ENDS_A_CHOICE * rows / most):
            break
    if best is None:
        raise DataError(
            f"{table.name}, column {shown(key.column)}: too many leads end alike, expected values whose ends differ, "
            "to take a sample by them; name another column with --lead-key"
        )
    wanted = [int(end) for end in best[0].ends] if key.whole else list(best[0].ends)
    return Chosen(key.end(best[1]).is_in(wanted), best[0].alike, best[0].too_large / rows)
