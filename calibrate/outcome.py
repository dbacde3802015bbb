"""Won, lost or open: which leads are counted, and which are not and why."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from calibrate.columns import ColumnProfile
from calibrate.errors import DataError, SettingsError, nearest, shown
from calibrate.settings import OutcomeSettings
from calibrate.source import ReadingOptions, Source, open_source
from calibrate.values import NO, YES, days

LOST, WON, OPEN, UNKNOWN = 0, 1, 2, 3
NO_DAY = -(2**31)
_NAMES: tuple[tuple[str, int], ...] = (
    (r"won|outcome|converted|conversion|customer|klant|kunde|client|gewonnen|vundet|gagn|target|\by\b", 3),
    (r"status|stage|result|fase|statut", 2),
    (r"deal", 1),
)
_WON_WORDS = re.compile(r"^(closed[ -]?)?(won|gewonnen|vundet|gagné|customer|klant|kunde|client|converted)\b", re.I)
_LOST_WORDS = re.compile(
    r"^(closed[ -]?)?(lost|verloren|tabt|perdu|disqualified|rejected|declined|unqualified)\b", re.I
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The definition, compiled: how a batch of leads becomes won, lost, open or unknown.

    won, lost: exact texts; lost None means every other value is lost.  deal_keys: for leads and deals in
    two files, the keys of won deals, with their day of winning where it is known.
    """

    column: str | None
    won: tuple[str, ...]
    lost: tuple[str, ...] | None
    key: str | None = None
    deal_keys: pa.Array | None = None
    deal_days: npt.NDArray[np.int32] | None = None
    deals_name: str | None = None

    @property
    def words(self) -> str:
        """The definition as a person would say it."""
        if self.deal_keys is not None:
            status = f" with {self.column} = {' or '.join(self.won)}" if self.column else ""
            return f"a row in {self.deals_name} with the same {self.key}{status}"
        return f"{self.column} = {' or '.join(self.won)}"

    def states(self, batch: pa.RecordBatch) -> npt.NDArray[np.uint8]:
        """One of LOST, WON, OPEN, UNKNOWN for each lead of the batch."""
        if self.deal_keys is not None:
            return np.asarray(pc.is_in(plain_texts(batch.column(self.key)), value_set=self.deal_keys)).astype(np.uint8)
        encoded = _encoded(batch.column(self.column))
        known = [self._state(text) for text in encoded.dictionary.cast(pa.string()).to_pylist()]
        table = np.array([*known, UNKNOWN], dtype=np.uint8)
        return table[_indices(encoded)]

    def won_days(self, batch: pa.RecordBatch) -> npt.NDArray[np.int32] | None:
        """Day of winning since 1970 for each lead, -2**31 where there is none; None without a won date."""
        if self.deal_days is None or self.deal_keys is None:
            return None
        places = pc.index_in(plain_texts(batch.column(self.key)), value_set=self.deal_keys)
        index = pc.fill_null(places, len(self.deal_days)).to_numpy(zero_copy_only=False)
        return np.asarray(np.append(self.deal_days, np.int32(NO_DAY)).take(index), dtype=np.int32)

    def _state(self, text: str | None) -> int:
        if text is None:
            return UNKNOWN
        if text in self.won:
            return WON
        return LOST if self.lost is None or text in self.lost else OPEN


def compile_outcome(settings: OutcomeSettings, source: Source, sample: pa.Table) -> Outcome:
    """The definition, checked against the columns and values that are there.

    Raises:
        DataError: a column or every won value is missing.
        SettingsError: nothing says what won means.
    """
    if settings.deals:
        return _from_deals(settings, source)
    if not settings.column:
        raise SettingsError("which leads were won? Say it with --outcome COLUMN=VALUE")
    _column(source, settings.column)
    texts = _texts(sample[settings.column])
    won = _resolved(settings.won, texts) if settings.won else _yes(texts)
    if not won:
        wanted = ", ".join(shown(value) for value in settings.won) or "a yes/no column"
        raise DataError(
            f"{source.name}, column {settings.column!r}: no lead has {wanted}; {nearest(wanted.strip(chr(39)), texts)}"
        )
    lost = _resolved(settings.lost, texts) if settings.lost else None
    if lost is not None and not lost:
        raise DataError(
            f"{source.name}, column {settings.column!r}: no lead has {', '.join(map(shown, settings.lost))} (--lost); "
            f"{nearest(settings.lost[0], texts)}"
        )
    return Outcome(settings.column, won, lost)


def _from_deals(settings: OutcomeSettings, source: Source) -> Outcome:
    key = settings.key or ""
    _column(source, key)
    with open_source(settings.deals or "", ReadingOptions(text_columns=(key,))) as deals:
        _column(deals, key)
        wanted = [name for name in (key, settings.column, settings.won_date) if name]
        for name in wanted:
            _column(deals, name)
        table = pa.Table.from_batches(list(deals.batches(wanted)))
        if settings.column and settings.won:
            texts = plain_texts(table[settings.column])
            table = table.filter(pc.is_in(texts, value_set=pa.array(settings.won, pa.string())))
        keys = plain_texts(table[key])
        filled = pc.is_valid(keys)
        won_days = None
        if settings.won_date:
            won_days = pc.fill_null(
                days(table[settings.won_date].combine_chunks(), deals.options.dates or "dmy"), NO_DAY
            )
            won_days = won_days.filter(filled).to_numpy(zero_copy_only=False).astype(np.int32)
        keys = keys.filter(filled)
        if not len(keys):
            raise DataError(f"{deals.name}: no won deal with a {key}; expected at least one, check --deals and --key")
        return Outcome(settings.column, tuple(settings.won), None, key, keys, won_days, deals.name)


def lead_days(batch: pa.RecordBatch, column: str, order: str | None) -> npt.NDArray[np.int32]:
    """Day since 1970 of each lead, -2**31 where it has none."""
    found = pc.fill_null(days(batch.column(column), order or "dmy"), NO_DAY)
    return np.asarray(found, dtype=np.int32)


def propose_outcome(profiles: Sequence[ColumnProfile], sample: pa.Table) -> tuple[str, str | None] | None:
    """The option to copy, such as `Klant=ja`, and the `--lost` values for a stage column; None when it is not clear."""
    scored: list[tuple[int, str, str, str | None]] = []
    for profile in profiles:
        if profile.kind not in ("category", "boolean", "number") or not 2 <= profile.distinct <= 25:
            continue
        texts = _texts(sample[profile.name])
        points = next((p for pattern, p in _NAMES if re.search(pattern, profile.name, re.I)), 0)
        won, lost = [t for t in texts if _WON_WORDS.match(t)], [t for t in texts if _LOST_WORDS.match(t)]
        if won and profile.kind == "category":
            others = ",".join(lost) if lost and len(texts) > len(won) + len(lost) else None
            scored.append((points + 2, profile.name, ",".join(won), others))
        elif points and profile.distinct == 2 and (yes := _yes(texts)):
            scored.append((points + 1, profile.name, yes[0], None))
    scored.sort(key=lambda item: -item[0])
    if not scored or (len(scored) > 1 and scored[0][0] == scored[1][0]):
        return None
    _, name, value, lost_values = scored[0]
    return f"{name}={value}", lost_values


def parse_outcome(option: str) -> tuple[str, list[str]]:
    """Column and won values of `COLUMN=VALUE[,VALUE]`; no values where there is no sign.

    >>> parse_outcome("Status=Won,Closed won")
    ('Status', ['Won', 'Closed won'])
    """
    column, sign, values = option.partition("=")
    return column.strip(), [value.strip() for value in values.split(",") if value.strip()] if sign else []


def _column(source: Source, name: str) -> None:
    names = [column.name for column in source.columns]
    if name not in names:
        raise DataError(f"{source.name}: there is no column {shown(name)}; {nearest(name, names)}")


def _texts(column: pa.ChunkedArray) -> list[str]:
    unique = pc.unique(plain_texts(column))
    return sorted(text for text in unique.to_pylist() if text is not None)


def _resolved(wanted: Sequence[str], texts: Sequence[str]) -> tuple[str, ...]:
    """The texts of the column that are meant: exactly, else without regard to case, else by yes/no word."""
    found: list[str] = []
    for value in wanted:
        hits = [text for text in texts if text == value] or [
            text for text in texts if text.strip().casefold() == value.casefold()
        ]
        if not hits and value.casefold() in YES | NO:
            words = YES if value.casefold() in YES else NO
            hits = [text for text in texts if text.strip().casefold() in words]
        found += [hit for hit in hits if hit not in found]
    return tuple(found)


def _yes(texts: Sequence[str]) -> tuple[str, ...]:
    folded = [text.strip().casefold() for text in texts]
    if not folded or any(word not in YES | NO for word in folded):
        return ()
    return tuple(text for text, word in zip(texts, folded, strict=True) if word in YES)


def plain_texts(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Any column as texts: whole numbers without a point, booleans as true and false."""
    values = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(values, pa.ChunkedArray):
        values = values.chunk(0)
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if pa.types.is_floating(values.type):
        whole = pc.all(pc.equal(pc.floor(values), values)).as_py()
        values = values.cast(pa.int64()) if whole else values
    return values.cast(pa.string())


def _encoded(column: pa.Array) -> pa.DictionaryArray:
    if pa.types.is_dictionary(column.type):
        return column
    return plain_texts(column).dictionary_encode()


def _indices(encoded: pa.DictionaryArray) -> npt.NDArray[np.int64]:
    filled = pc.fill_null(encoded.indices, len(encoded.dictionary))
    return np.asarray(filled, dtype=np.int64)
