"""The code store: every counted lead as one small integer an attribute."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from calibrate.errors import DataError, shown
from calibrate.grown import Grown, check_room, kept_of
from calibrate.intervals import Intervals
from calibrate.leads.levels import MISSING, Cells
from calibrate.leads.outcome import OPEN, UNKNOWN, WON, Outcome, lead_days
from calibrate.reading.ahead import ahead
from calibrate.reading.source import Source
from calibrate.settings import OutcomeSettings
from calibrate.spread import mixed
from calibrate.words.language import Message, message

Codes = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]
FOLDS = 5
BUCKETS = 1000
FIRST_DAY, LAST_DAY = -50_000, 100_000  # 1833 to 2243, in days since 1970
NO_DAY = -(2**31)
_MOST_TEXTS = 60_000


@dataclass(frozen=True, slots=True)
class CodeStore:
    """Counted leads in file order.

    codes: one array an attribute, the cell of every lead.  won: 0 or 1.  fold: 0 to 4, by hash of the account
    where one is named, else of the row.  day: since 1970, None without a date column.
    rows: leads in the source; excluded: leads not counted, by reason; the text says why.
    arrivals: all leads of the source, counted or not, by day from FIRST_DAY on; empty without a date column.
    kept: for each row of the source, whether it is counted.
    bucket: 0 to 999, by hash of the account, of the row where it is empty; None where no account is named.
    """

    cells: tuple[Cells, ...]
    codes: tuple[Codes, ...]
    won: npt.NDArray[np.uint8]
    fold: npt.NDArray[np.uint8]
    day: npt.NDArray[np.int32] | None
    rows: int
    excluded: tuple[tuple[int, Message], ...]
    arrivals: npt.NDArray[np.int64]
    kept: npt.NDArray[np.bool_]
    bucket: npt.NDArray[np.uint16] | None = None

    @property
    def leads(self) -> int:
        """Number of counted leads."""
        return len(self.won)

    def chunks(self, size: int = 1 << 17) -> Iterator[slice]:
        """Slices that cover the leads, small enough for the processor's cache."""
        for start in range(0, self.leads, size):
            yield slice(start, min(start + size, self.leads))

    def since(self, first: int) -> tuple[int, int]:
        """Leads that came in on a day or later, and how many of them were won; 0 without days."""
        leads = won = 0
        if self.day is None:
            return leads, won
        for piece in self.chunks():
            newest = self.day[piece] >= first
            leads += int(np.count_nonzero(newest))
            won += int(np.count_nonzero(self.won[piece][newest]))
        return leads, won

    def row(self, lead: int) -> int:
        """Row of the source, from 1, of a counted lead."""
        before = 0
        for start in range(0, len(self.kept), 1 << 20):
            counted = np.flatnonzero(self.kept[start : start + (1 << 20)])
            if lead < before + len(counted):
                return start + int(counted[lead - before]) + 1
            before += len(counted)
        raise IndexError(lead)


class CellCoder:
    """Turns one column of a batch into cells; a category's texts grow as they are met."""

    def __init__(self, cells: Sequence[Cells]) -> None:
        self.cells = list(cells)
        first = cells[0]
        self.texts: dict[str, int] = {str(text): i for i, text in enumerate(first.texts, start=1)}
        self.intervals = Intervals(first.edges)
        self.kind = first.kind
        self.last: tuple[pa.Array, list[npt.NDArray[np.uint16]]] | None = None

    def codes(self, column: pa.Array) -> list[Codes]:
        """For each attribute of the column, the cell of every lead."""
        if self.kind == "number":
            return [self._number(column)]
        if self.kind == "boolean":
            filled = pc.add(pc.cast(column, pa.uint8()), pa.scalar(1, pa.uint8()))
            return [np.asarray(pc.fill_null(filled, MISSING), dtype=np.uint8)]
        encoded = _encoded(column)
        tables = self._tables(encoded.dictionary)
        indices = encoded.indices
        if indices.null_count:
            indices = pc.fill_null(indices, pa.scalar(len(encoded.dictionary), indices.type))
        places = indices.to_numpy(zero_copy_only=False)
        return [table.take(places) for table in tables]

    def _number(self, column: pa.Array) -> Codes:
        values = column.cast(pa.float64())
        if values.null_count:
            values = pc.fill_null(values, np.nan)
        return self.intervals.of(values.to_numpy(zero_copy_only=False))

    def _tables(self, dictionary: pa.Array) -> list[npt.NDArray[np.uint16]]:
        """For each attribute of the column: cell of every dictionary entry, missing last."""
        if self.last is not None and dictionary.equals(self.last[0]):
            return self.last[1]
        texts = dictionary.cast(pa.string()).to_pylist()
        if self.kind == "category":
            tables = [np.array([*(self._text_cell(text) for text in texts), MISSING])]
        else:
            held = [_members(text, self.cells[0].separator or ";") for text in texts]
            tables = [np.array([*(1 + (cells.member in entry) for entry in held), 1]) for cells in self.cells]
        small = len(self.texts) < 255
        tables = [table.astype(np.uint8 if small else np.uint16) for table in tables]
        self.last = (dictionary, tables)
        return tables

    def _text_cell(self, text: str | None) -> int:
        if text is None:
            return MISSING
        cell = self.texts.get(text)
        if cell is None:
            cell = (
                self.texts.setdefault(text, len(self.texts) + 1) if len(self.texts) < _MOST_TEXTS else _MOST_TEXTS + 1
            )
        return cell

    def settled(self) -> list[Cells]:
        """The cells with all texts that were met."""
        if self.kind != "category":
            return self.cells
        texts: tuple[str | None, ...] = tuple(self.texts)
        return [replace(self.cells[0], texts=texts if len(texts) < _MOST_TEXTS else (*texts, None))]


def encode(source: Source, cells: Sequence[Cells], outcome: Outcome, settings: OutcomeSettings) -> CodeStore:
    """The code store of the counted leads, in one pass over the source."""
    by_column: dict[str, list[Cells]] = {}
    for item in cells:
        by_column.setdefault(item.column, []).append(item)
    coders = {column: CellCoder(items) for column, items in by_column.items()}
    if source.rows is not None:
        check_room(source.rows * len(cells), f"the codes of {source.rows:,} leads with {len(cells):,} attributes")
    marks = _Marks(outcome, settings, source.options.dates)
    grown = {column: [Grown(np.uint8, len(cells)) for _ in items] for column, items in by_column.items()}
    wanted = list(dict.fromkeys([*by_column, *marks.columns]))
    for batch in ahead(source.batches(wanted)):
        kept = marks.read(batch)
        for column, coder in coders.items():
            for whole, codes in zip(grown[column], coder.codes(batch.column(column)), strict=True):
                whole.append(codes[kept])
    pa.default_memory_pool().release_unused()
    settled = [cells for coder in coders.values() for cells in coder.settled()]
    return marks.store(tuple(settled), [whole.array() for column in grown.values() for whole in column])


class _Marks:
    """What is known of each lead beside its attributes, and who is not counted."""

    def __init__(self, outcome: Outcome, settings: OutcomeSettings, order: str | None) -> None:
        self.outcome, self.settings, self.order = outcome, settings, order
        wanted = (
            None if outcome.deal_keys is not None else outcome.column,
            outcome.key,
            settings.date,
            settings.account,
        )
        self.columns = [name for name in wanted if name]
        self.rows = self.open = self.unknown = self.early = 0
        self.newest = NO_DAY
        self.arrivals = np.zeros(LAST_DAY - FIRST_DAY + 1 if settings.date else 0, dtype=np.int64)
        self.won, self.fold, self.kept = Grown(np.uint8), Grown(np.uint8), Grown(np.bool_)
        self.bucket, self.day = Grown(np.uint16), Grown(np.int32)

    def read(self, batch: pa.RecordBatch) -> npt.NDArray[np.bool_] | slice:
        """Take the batch in; which of its leads are counted."""
        states = self.outcome.states(batch)
        keep = states < OPEN
        self.open += int(np.count_nonzero(states == OPEN))
        self.unknown += int(np.count_nonzero(states == UNKNOWN))
        (fold, bucket), day = self._dealt(batch), None
        self.rows += batch.num_rows
        if self.settings.date:
            day = lead_days(batch, self.settings.date, self.order)
            inside = day[(day >= FIRST_DAY) & (day <= LAST_DAY)] - FIRST_DAY
            self.arrivals += np.bincount(inside, minlength=len(self.arrivals))
            self.newest = max(self.newest, int(day.max(initial=NO_DAY)))
            won_days = self.outcome.won_days(batch)
            if won_days is not None:
                self.newest = max(self.newest, int(won_days.max(initial=NO_DAY)))
                early = keep & (won_days != NO_DAY) & (won_days < day)
                self.early += int(np.count_nonzero(early))
                keep &= ~early
        self.kept.append(keep)
        kept = slice(None) if keep.all() else keep
        if day is not None:
            self.day.append(day[kept])
        self.won.append(states[kept] == WON)
        self.fold.append(fold[kept])
        if bucket is not None:
            self.bucket.append(bucket[kept])
        return kept

    def _dealt(self, batch: pa.RecordBatch) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint16] | None]:
        """Fold and bucket of every lead; those of one account share both."""
        rows = mixed(np.arange(self.rows, self.rows + batch.num_rows, dtype=np.uint64))
        if not self.settings.account:
            return (rows % np.uint64(FOLDS)).astype(np.uint8), None
        encoded = _encoded(batch.column(self.settings.account))
        texts = encoded.dictionary.to_pylist()
        hashes = np.array([*(zlib.crc32(str(text).encode()) for text in texts), 0], dtype=np.uint64)
        places = pc.fill_null(encoded.indices, len(texts)).to_numpy(zero_copy_only=False).astype(np.intp)
        by_account = (mixed(hashes) % np.uint64(BUCKETS)).take(places)
        buckets = np.where(places == len(texts), rows % np.uint64(BUCKETS), by_account)
        return (hashes % np.uint64(FOLDS)).astype(np.uint8).take(places), buckets.astype(np.uint16)

    def store(self, cells: tuple[Cells, ...], codes: list[Codes]) -> CodeStore:
        won, fold, kept = self.won.array(), self.fold.array(), self.kept.array()
        day = self.day.array() if self.settings.date else None
        bucket = self.bucket.array() if self.settings.account else None
        mature = self.settings.mature_days
        as_of = last_day(self.arrivals, self.newest, self.settings) if day is not None else NO_DAY
        out = 0
        if day is not None:
            outside = day > as_of - (mature or 0)
            out = int(np.count_nonzero(outside))
            if out:
                keep = ~outside
                won, fold, day = (kept_of(whole, keep) for whole in (won, fold, day))
                kept = kept.copy()
                kept[kept] = keep
                bucket = None if bucket is None else kept_of(bucket, keep)
                codes = [kept_of(whole, keep) for whole in codes]
        left = why_not_counted((self.open, self.unknown, self.early, out), self.settings, as_of)
        return CodeStore(cells, tuple(codes), won, fold, day, self.rows, left, self.arrivals, kept, bucket)


def last_day(arrivals: npt.NDArray[np.int64], newest: int, settings: OutcomeSettings) -> int:
    """The last day there is: as it was said, else the newest date, unless that stands far alone.

    arrivals: as in the code store.  newest: the newest date, days of winning among them.

    Raises:
        DataError: it stands more than a quarter after nearly all other dates, as a mistyped year does.
    """
    if settings.as_of:
        return int(np.datetime64(settings.as_of, "D").astype(np.int64))
    later = arrivals[::-1].cumsum()
    dated = int(later[-1])
    last = int(np.argmax(later > 0))
    usual = int(np.argmax(later > max(1, dated // 1000)))
    if dated > 1 and usual - last > 91:
        alone, most = (np.datetime64(LAST_DAY - place, "D") for place in (last, usual))
        raise DataError(
            f"column {shown(settings.date)}: found {alone}, expected no date so long after {most}, when "
            f"nearly all leads had come in; repair it, or leave out what is later with --as-of {most}"
        )
    return newest


def why_not_counted(
    leads: tuple[int, int, int, int], settings: OutcomeSettings, as_of: int
) -> tuple[tuple[int, Message], ...]:
    """Leads that are not counted by reason, without reasons that hold for none.

    leads: still open, without an outcome, won before they came in, after the last day or too young.
    """
    still_open, unknown, early, out = leads
    mature = settings.mature_days
    late, young = (out, 0) if mature is None else (0, out)
    newest = np.datetime64(as_of, "D") if as_of > NO_DAY else None
    excluded = (
        (still_open, message("reasons.open")),
        (unknown, message("reasons.unknown")),
        (early, message("reasons.early")),
        (late, message("reasons.late", day=settings.as_of)),
        (young, message("reasons.young", days=mature, day=newest)),
    )
    return tuple((held, reason) for held, reason in excluded if held)


def _encoded(column: pa.Array) -> pa.DictionaryArray:
    return column if pa.types.is_dictionary(column.type) else column.cast(pa.string()).dictionary_encode()


def _members(text: str | None, separator: str) -> frozenset[str]:
    return frozenset(part.strip() for part in (text or "").split(separator)) - {""}
