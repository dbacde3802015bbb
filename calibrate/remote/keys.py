"""Which fold a lead belongs to, and which leads make the sample: by the end of a key, the same in every engine.

::

    key           ...4711   ...4712   ...4713      an id, or the account
    end               1         2         3        its last digit or character, cut off by the engine
    fold              0         3         1        dealt out here, so that every fold holds about as many leads

Engines share no hash of a text, and one made of their common functions takes longer than all counting. What they all
cut off alike and fast is the end of a text, or the rest of a whole number by a power of ten.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import narwhals as nw
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from calibrate.errors import DataError, SettingsError, nearest, shown
from calibrate.leads.codes import BUCKETS, FOLDS
from calibrate.remote.table import EngineTable
from calibrate.spread import mixed

MOST_IN_FOLD = 0.3
MOST_LEFT_OUT = 0.01
_NAMES = re.compile(
    r"(?:^|[^a-z])(?:id|uuid|guid|key|nr|no|number|nummer)(?:[^a-z]|$)|(?-i:[a-z]I[dD]$)", re.IGNORECASE
)
_LONGEST = 8
_ENDS_A_CHOICE = 50
FOR_BUCKETS = 12  # characters at the end of an account that tell accounts apart


@dataclass(frozen=True, slots=True)
class Key:
    """A column that names the lead, or its account, and the fold of every end of it.

    whole: whether it holds whole numbers, else texts.  length: digits or characters of an end.  guessed: nobody named
    it.
    """

    column: str
    whole: bool
    length: int
    folds: Mapping[str, int]
    guessed: bool = False

    def end(self, length: int | None = None) -> nw.Expr:
        """The last characters of the key, as the engine finds them; NULL for none."""
        return end_of(self.column, self.whole, self.length if length is None else length)

    def folds_of(self, ends: Iterable[str | int | None]) -> npt.NDArray[np.uint8]:
        """Folds by ends at least as long as the key's.

        Raises:
            KeyError: there was no such end before.
        """
        return np.array([self.folds[self._short(end)] for end in ends], dtype=np.uint8)

    def _short(self, end: str | int | None) -> str:
        if end is None:
            return ""
        return str(int(end) % 10**self.length) if self.whole else str(end)[-self.length :]


def end_of(column: str, whole: bool, length: int) -> nw.Expr:
    """The end of a key as the engine cuts it off: a text, or a whole number from 0 on."""
    key = nw.col(column)
    return key % 10**length if whole else key.str.tail(length)


def buckets_of(ends: pa.ChunkedArray) -> npt.NDArray[np.uint16]:
    """Bucket of each lead by the end of its account, of its place where it has none."""
    encoded = ends.combine_chunks().dictionary_encode()
    texts = encoded.dictionary.to_pylist()
    hashes = np.array([*(zlib.crc32(str(text).encode()) for text in texts), 0], dtype=np.uint64)
    places = encoded.indices.fill_null(len(texts)).to_numpy(zero_copy_only=False)
    by_place = mixed(np.arange(len(encoded), dtype=np.uint64))
    found = np.where(places == len(texts), by_place, mixed(hashes).take(places))
    return (found % np.uint64(BUCKETS)).astype(np.uint16)


def settle_key(table: EngineTable, rows: int, account: str | None, named: str | None) -> Key | None:
    """The account where there is one, else the column that was named as key, else one that names every lead.

    rows: leads in the table.  None where nobody named one and no column of whole numbers or texts with a name like `id`
    is different in every lead.

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
        return _key(table, column, rows, guessed=False)
    found = next((name for name in names if _NAMES.search(name) and _names_leads(table, name, rows)), None)
    return None if found is None else _key(table, found, rows, guessed=True)


def _names_leads(table: EngineTable, column: str, rows: int) -> bool:
    if not isinstance(table.frame.collect_schema()[column], nw.Int64 | nw.String):
        return False
    by_value = table.frame.select(value=nw.col(column)).drop_nulls().group_by("value").agg(leads=nw.len())
    return int(table.fetched(by_value.select(values=nw.len()))["values"][0].as_py()) == rows


def _key(table: EngineTable, column: str, rows: int, *, guessed: bool) -> Key:
    dtype = table.frame.collect_schema()[column]
    if not isinstance(dtype, nw.Int64 | nw.String):
        raise DataError(
            f"{table.name}, column {shown(column)}: is of type {dtype}, expected whole numbers or texts to deal the "
            "leads by; name another key, or cast it in a view"
        )
    whole = isinstance(dtype, nw.Int64)
    largest = rows
    for length in range(1, _LONGEST + 1):
        ends = _ends(table, end_of(column, whole, length))
        if ends.get("", 0) > MOST_IN_FOLD * rows + 1:
            raise DataError(
                f"{table.name}, column {shown(column)}: {ends[''] / rows:.0%} of the leads have none, expected a value "
                "for nearly every lead, to deal them by; fill it with the lead's own id in a view, or name another"
            )
        folds, largest = _dealt(ends)
        if largest <= MOST_IN_FOLD * rows + 1:
            return Key(column, whole, length, folds, guessed)
    raise DataError(
        f"{table.name}, column {shown(column)}: {largest / rows:.0%} of the leads end alike, expected values whose "
        "ends differ, to deal the leads by them; name another column with --lead-key or --account"
    )


def _ends(table: EngineTable, end: nw.Expr) -> dict[str, int]:
    """Leads by end."""
    found = table.fetched(table.frame.select(end=end).group_by("end").agg(leads=nw.len()))
    pairs = zip(found["end"].to_pylist(), found["leads"].to_pylist(), strict=True)
    return {"" if end is None else str(end): leads for end, leads in pairs}


def _dealt(ends: Mapping[str, int]) -> tuple[dict[str, int], int]:
    """The fold of every end, commonest ends first into the emptiest fold; and the leads in the fullest fold."""
    held, folds = [0] * FOLDS, {}
    for end, leads in sorted(ends.items(), key=lambda pair: (-pair[1], pair[0])):
        fold = held.index(min(held))
        folds[end] = fold
        held[fold] += leads
    return folds, max(held)


def chosen(table: EngineTable, key: Key, rows: int, most: int) -> nw.Expr:
    """Which leads are in a sample of at most so many: those with some ends, of every fold about its share.

    The ends are longer than those that say the fold, and picked by a fixed hash.

    Raises:
        DataError: too many leads share an end, or more than one in a hundred have none.
    """
    picked: list[str] = []
    for length in range(key.length + 1, key.length + _LONGEST + 1):
        ends = _ends(table, key.end(length))
        if ends.get("", 0) > MOST_LEFT_OUT * rows:
            raise DataError(
                f"{table.name}, column {shown(key.column)}: {ends['']:,} of {rows:,} leads have none, expected a value "
                "for every lead, since a sample by it leaves them out; fill it with the lead's own id in a view, name "
                "another with --lead-key, or fetch all leads by source.sample_leads"
            )
        picked, held = _picked(key, ends, most / rows)
        if held >= 0.9 * most or (held and len(ends) >= _ENDS_A_CHOICE * rows / most):
            wanted = [int(end) for end in picked] if key.whole else picked
            return key.end(length).is_in(wanted)
    raise DataError(
        f"{table.name}, column {shown(key.column)}: too many leads end alike, expected values whose ends differ, to "
        "take a sample by them; name another column with --lead-key"
    )


def _picked(key: Key, ends: Mapping[str, int], share: float) -> tuple[list[str], int]:
    """Ends with at most that share of the leads of each fold, and the leads they hold."""
    picked, total = [], 0
    by_fold: list[list[str]] = [[] for _ in range(FOLDS)]
    for end in sorted(ends, key=lambda text: (zlib.crc32(text.encode()), text)):
        if end:
            by_fold[key.folds_of([end])[0]].append(end)
    for own in by_fold:
        room = share * sum(ends[end] for end in own)
        for end in own:
            if ends[end] <= room:
                room -= ends[end]
                total += ends[end]
                picked.append(end)
            else:
                break
    return sorted(picked), total
