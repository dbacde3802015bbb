"""Won, lost or open: which leads are counted, and which are not and why."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from calibrate.errors import DataError, SettingsError, nearest, shown
from calibrate.leads.columns import ColumnProfile, profile_columns
from calibrate.listing import parse_outcome, written
from calibrate.reading.source import ReadingOptions, Source, open_source
from calibrate.reading.values import NO, YES, days
from calibrate.settings import OutcomeSettings, Settings
from calibrate.words.language import Message, chained, message

LOST, WON, OPEN, UNKNOWN = 0, 1, 2, 3
NO_DAY = -(2**31)
_PIECE = 1 << 20
_NAMES: tuple[tuple[str, int], ...] = (
    (r"won|outcome|converted|conversion|customer|klant|kunde|client|gewonnen|vundet|gagn|target|\by\b", 3),
    (r"status|stage|result|fase|statut", 2),
    (r"deal", 1),
)
_WON_WORDS = re.compile(r"^(closed[ -]?)?(won|gewonnen|vundet|gagné|customer|klant|kunde|client|converted)\b", re.I)
_LOST_WORDS = re.compile(
    r"^(closed[ -]?)?(lost|verloren|tabt|perdu|disqualified|rejected|declined|unqualified)\b", re.I
)
_OPEN_WORDS = re.compile(
    r"^(open|new|nieuw|ny|neu|nouveau|in progress|pending|working|contacted|nurtur|in behandeling|lopend"
    r"|under behandling|igang|offen|in bearbeitung|en cours|ouvert|negotiation|proposal|offerte|tilbud|angebot)\b",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The definition, compiled: how a batch of leads becomes won, lost, open or unknown.

    won, lost: exact texts; lost None means every other value is lost.  doubtful: of these others, the texts that look
    as if the lead may still be won, and lost_words those that say it is lost.  deal_keys: for leads and deals in
    two files, the keys of won deals, with their day of winning where it is known.
    """

    column: str | None
    won: tuple[str, ...]
    lost: tuple[str, ...] | None
    key: str | None = None
    deal_keys: pa.Array | None = None
    deal_days: npt.NDArray[np.int32] | None = None
    deals_name: str | None = None
    doubtful: tuple[str, ...] = ()
    lost_words: tuple[str, ...] = ()

    @property
    def words(self) -> Message:
        """The definition as a person would say it."""
        if self.deal_keys is not None:
            key = "reasons.deal_with" if self.column else "reasons.deal"
            return message(key, deals=self.deals_name, key=self.key, status=self._status if self.column else "")
        return self._status

    @property
    def _status(self) -> Message:
        return message("reasons.cell.value", column=self.column, value=chained("reasons.or", self.won))

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
        DataError: a column, every won value or every date is missing.
        SettingsError: nothing says what won means, or it contradicts itself.
    """
    if settings.date:
        _column(source, settings.date)
        _check_dates(source, sample[settings.date], settings.date, "--date")
        _check_order(settings, source)
    _check_as_of(settings)
    if settings.deals:
        return _from_deals(settings, source)
    if not settings.column:
        raise SettingsError("which leads were won? Say it with --outcome COLUMN=VALUE")
    _column(source, settings.column)
    texts = _texts(sample[settings.column])
    won = _won(settings, source, texts)
    lost = _resolved(settings.lost, texts) if settings.lost else None
    if lost is not None and not lost:
        raise DataError(
            f"{source.name}, column {shown(settings.column)}: no row has {', '.join(map(shown, settings.lost))} "
            f"(--lost); {nearest(settings.lost[0], texts)}"
        )
    if both := set(won) & set(lost or ()):
        raise SettingsError(
            f"{source.name}, column {shown(settings.column)}: {shown(min(both))} is said to be both won and lost; "
            "expected one of the two, correct --outcome or --lost"
        )
    _check_spellings(settings, source, texts, won, lost or ())
    others = [] if lost is not None else [text for text in texts if text not in won]
    said_lost = tuple(text for text in others if _LOST_WORDS.match(text))
    doubtful = tuple(text for text in others if text not in said_lost and (said_lost or _OPEN_WORDS.match(text)))
    return Outcome(settings.column, won, lost, doubtful=doubtful, lost_words=said_lost)


def _check_spellings(
    settings: OutcomeSettings, source: Source, texts: Sequence[str], won: Sequence[str], lost: Sequence[str]
) -> None:
    """Nothing, unless values that differ from a won one only in case or spaces would silently not count as won."""
    folded = {_folded(text) for text in won}
    others = [text for text in texts if _folded(text) in folded and text not in won and text not in lost]
    if others:
        every = ",".join(map(written, [*won, *others]))
        raise DataError(
            f"{source.name}, column {shown(settings.column)}: found {', '.join(map(shown, others))} beside "
            f"{shown(won[0])}, expected one spelling; say which mean won, such as --outcome "
            f"{shlex.quote(f'{settings.column}={every}')}, or name the others in --lost"
        )


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


def _won(settings: OutcomeSettings, source: Source, texts: Sequence[str]) -> tuple[str, ...]:
    """The texts of the outcome's column that mean won: those that were said, else its yes words."""
    won = _resolved(settings.won, texts) if settings.won else _yes(texts)
    if won:
        return won
    place = f"{source.name}, column {shown(settings.column)}"
    if settings.won:
        raise DataError(f"{place}: no row has {', '.join(map(shown, settings.won))}; {nearest(settings.won[0], texts)}")
    raise DataError(
        f"{place}: is not yes/no; expected a value that means won, say it with COLUMN=VALUE, {nearest('', texts)}"
    )


def _check_order(settings: OutcomeSettings, source: Source) -> None:
    """Nothing, unless the dates of the leads can be read day first and month first."""
    if settings.date in source.doubtful_dates:
        raise DataError(
            f"{source.name}, column {shown(settings.date)}: no day above 12, so the dates can be day first or month "
            "first. Say which: --dates dmy or --dates mdy"
        )


def _check_dates(source: Source, column: pa.ChunkedArray, name: str, option: str) -> None:
    kind = next(item.type for item in source.columns if item.name == name)
    readable = kind == "date" or column.null_count == len(column)
    if kind == "text" and not readable:
        readable = days(column.combine_chunks(), source.options.dates or "dmy").null_count < len(column)
    if kind == "text" and readable and column.null_count < len(column):
        texts = plain_texts(column)
        bad = pc.and_(pc.is_valid(texts), pc.is_null(days(texts, source.options.dates or "dmy")))
        if count := int(pc.sum(bad).as_py() or 0):
            row = pc.index(bad, True).as_py()
            example = texts[row].as_py()
            raise DataError(
                f"{source.name}, column {shown(name)}, row {row + 1:,}: found {shown(example)}, expected a date as in "
                f"most others; {count:,} cannot be read so. Repair it, say --dates, or --null {shown(example)} if it "
                "means empty"
            )
    if not readable:
        found = str(pc.drop_null(plain_texts(column))[0])
        short = re.match(r"\d{1,2}([-/.])\d{1,2}\1\d\d(?!\d)", found)
        why, repair = (", a year of two digits", "write the years in full, or ") if short else ("", "")
        raise DataError(
            f"{source.name}, column {shown(name)}: found {shown(found)}{why}, expected dates such as 2026-01-31, "
            f"31-01-2026 or 31/01/2026; {repair}name another column with {option}"
        )


def _check_as_of(settings: OutcomeSettings) -> None:
    try:
        date.fromisoformat(settings.as_of or "2000-01-01")
    except ValueError:
        raise SettingsError(
            f"outcome.as_of: {shown(settings.as_of)} is no day; expected one such as 2026-01-31, correct --as-of"
        ) from None


def _from_deals(settings: OutcomeSettings, source: Source) -> Outcome:
    """Won deals by key; the first day of winning where a key stands in several."""
    key = settings.key or ""
    _column(source, key)
    with open_source(settings.deals or "", ReadingOptions(text_columns=(key,))) as deals:
        wanted = [name for name in (key, settings.column, settings.won_date) if name]
        for name in wanted:
            _column(deals, name)
        batches = list(deals.batches(list(dict.fromkeys(wanted))))
        table = pa.Table.from_batches(batches) if batches else deals.sample()
        won: tuple[str, ...] = ()
        if not settings.column:
            _check_all_won(deals)
        if settings.column and table.num_rows:
            won = _won(settings, deals, _texts(table[settings.column]))
            table = table.filter(pc.is_in(plain_texts(table[settings.column]), value_set=pa.array(won, pa.string())))
        won_on: pa.Array = pa.nulls(table.num_rows, pa.int32())
        if settings.won_date:
            _check_dates(deals, table[settings.won_date], settings.won_date, "--won-date")
            won_on = days(table[settings.won_date].combine_chunks(), deals.options.dates or "dmy")
        pairs = pa.table({"key": plain_texts(table[key]), "day": won_on})
        first = pairs.filter(pc.is_valid(pairs["key"])).group_by("key", use_threads=False).aggregate([("day", "min")])
        if not first.num_rows:
            raise DataError(
                f"{deals.name}: no won deal has a value in column {shown(key)}; expected one row a deal, "
                "check --deals and --key"
            )
        keys = first["key"].combine_chunks()
        won_days = np.asarray(pc.fill_null(first["day_min"], NO_DAY), dtype=np.int32) if settings.won_date else None
        return Outcome(settings.column, won, None, key, keys, won_days, deals.name)


def _check_all_won(deals: Source) -> None:
    """Nothing, unless a column of the deals says that not every deal was won, and nobody said which."""
    sample = deals.sample(20_000)
    proposal = propose_outcome(profile_columns(sample, Settings()), sample) if sample.num_rows else None
    if proposal is None:
        return
    column, values = parse_outcome(proposal[0])
    others = [text for text in _texts(sample[column]) if text not in values]
    raise DataError(
        f"{deals.name}, column {shown(column)}: found {', '.join(map(shown, others[:3]))} beside {shown(values[0])}, "
        f"and without --outcome every deal counts as won; say --outcome {shlex.quote(proposal[0])}"
    )


def check_arrival(won: npt.NDArray[np.uint8], day: npt.NDArray[np.int32], name: str, where: str) -> None:
    """Nothing, unless the date of leads is one that only won leads have.

    Raises:
        DataError: it is filled in much more often for won leads.
    """
    leads, filled = np.zeros(2), np.zeros(2)
    for start in range(0, len(won), _PIECE):
        state = won[start : start + _PIECE]
        leads += np.bincount(state, minlength=2)
        filled += np.bincount(state[day[start : start + _PIECE] != NO_DAY], minlength=2)
    for_others, for_won = filled / np.maximum(leads, 1)
    if for_won - for_others > 0.5:
        raise DataError(
            f"{where}, column {shown(name)}: filled in for {for_won:.0%} of won leads and {for_others:.0%} of others, "
            "so it says when a lead was won; expected when it came in, name another column with --date"
        )


def lead_days(batch: pa.RecordBatch, column: str, order: str | None) -> npt.NDArray[np.int32]:
    """Day since 1970 of each lead, -2**31 where it has none."""
    found = pc.fill_null(days(batch.column(column), order or "dmy"), NO_DAY)
    return np.asarray(found, dtype=np.int32)


def counted_leads(sample: pa.Table, outcome: Outcome, settings: OutcomeSettings, order: str | None) -> pa.Table:
    """The leads of a sample that are won or lost, did not come in after they were won, and are mature."""
    if not sample.num_rows:
        return sample
    (batch,) = sample.combine_chunks().to_batches()
    keep = outcome.states(batch) < OPEN
    if settings.date:
        day = lead_days(batch, settings.date, order).astype(np.int64)
        newest = int(day.max())
        won_days = outcome.won_days(batch)
        if won_days is not None:
            newest = max(newest, int(won_days.max()))
            keep &= (won_days == NO_DAY) | (won_days >= day)
        if settings.mature_days is not None:
            as_of = int(np.datetime64(settings.as_of, "D").astype(np.int64)) if settings.as_of else newest
            keep &= day <= as_of - settings.mature_days
    return sample.filter(pa.array(keep))


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
            others = ",".join(map(written, lost)) if lost and len(texts) > len(won) + len(lost) else None
            scored.append((points + 2, profile.name, ",".join(map(written, won)), others))
        elif points and profile.distinct == 2 and (yes := _yes(texts)):
            scored.append((points + 1, profile.name, written(yes[0]), None))
    scored.sort(key=lambda item: -item[0])
    if not scored or (len(scored) > 1 and scored[0][0] == scored[1][0]):
        return None
    _, name, value, lost_values = scored[0]
    return f"{written(name, ',=')}={value}", lost_values


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
    if pa.types.is_boolean(column.type):
        return pa.DictionaryArray.from_arrays(column.cast(pa.int8()), pa.array(["false", "true"]))
    return plain_texts(column).dictionary_encode()


def _indices(encoded: pa.DictionaryArray) -> npt.NDArray[np.int64]:
    filled = pc.fill_null(encoded.indices, len(encoded.dictionary))
    return np.asarray(filled, dtype=np.int64)
