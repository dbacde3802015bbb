"""The type of every column of a source, settled once, and its cells in that type."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from calibrate.errors import DataError, nearest, shown
from calibrate.reading.dialect import ReadingOptions
from calibrate.reading.rawtable import RawTable, is_text
from calibrate.reading.values import DateOrder, Decimal, Traits, all_finite, blank, booleans, numbers, text_days, traits
from calibrate.words.language import message

ColumnType = Literal["text", "number", "date", "boolean"]
TEXT = pa.dictionary(pa.int32(), pa.string())
_SETTLING_ROWS = 100_000


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a source and what its cells are read as."""

    name: str
    type: ColumnType


@dataclass(frozen=True, slots=True)
class Settlement:
    """What the columns settled.

    decimal, dates: None where no text shows one.  rows: of the source, None where it was not read to its end.
    sentences: what the reader of a report must know of it.  doubtful_dates: date columns of which nothing in the
    whole source shows the order, where none was given.
    """

    columns: tuple[Column, ...]
    decimal: Decimal | None
    dates: DateOrder | None
    rows: int | None
    sentences: tuple[str, ...]
    doubtful_dates: tuple[str, ...]


def settle(
    raw: RawTable, options: ReadingOptions, types: Mapping[str, Literal["text", "number", "boolean"]], name: str
) -> Settlement:
    """The types of all columns: forced ones, those of the source, and for texts what all of them can be read as.

    The first 100,000 rows settle it; where these leave open which decimal sign or order of dates there is, the rest is
    read for it too. With forced types only their columns matter: doubts about others stop nothing.

    Raises:
        DataError: a decimal sign cannot be known, or columns contradict each other; a text column is not there.
    """
    for column in options.text_columns:
        if column not in raw.schema.names:
            raise DataError(
                f"{name}: there is no column {shown(column)} to keep as text; {nearest(column, raw.schema.names)}"
            )
    forced: dict[str, ColumnType] = dict(types)
    forced.update((column, "text") for column in options.text_columns)
    texts = [
        field.name
        for field in raw.schema
        if native_type(field.type) == "text" and forced.get(field.name, "number") == "number"
    ]
    found, rows = _observed(raw, texts, options)
    found = _read_on(raw, found, options)
    asked = {column: item for column, item in found.items() if types.get(column) == "number"} if types else found
    decimal = options.decimal or _decimal(asked, name, others=found)
    dates, date_note = options.dates, None
    if dates is not None:
        date_note = _open_order(found, dates)
    elif not types:
        dates, date_note = _date_order(found, name)
    columns = tuple(
        Column(field.name, _type(field, forced.get(field.name), found.get(field.name), decimal, dates))
        for field in raw.schema
    )
    notes = [date_note] if date_note else []
    notes += [
        note for column in columns if not types and (note := _misfit(column, found.get(column.name), decimal, dates))
    ]
    doubtful = {column for column, item in found.items() if item.two_dates}
    doubtful = doubtful if date_note and options.dates is None else set()
    return Settlement(
        columns=columns,
        decimal=decimal,
        dates=dates,
        rows=rows,
        sentences=tuple(notes),
        doubtful_dates=tuple(column.name for column in columns if column.type == "date" and column.name in doubtful),
    )


def native_type(dtype: pa.DataType) -> ColumnType:
    """What a column of an Arrow type is before its texts are read."""
    if pa.types.is_dictionary(dtype):
        return native_type(dtype.value_type)
    if pa.types.is_boolean(dtype):
        return "boolean"
    if pa.types.is_integer(dtype) or pa.types.is_floating(dtype) or pa.types.is_decimal(dtype):
        return "number"
    return "date" if pa.types.is_date(dtype) or pa.types.is_timestamp(dtype) else "text"


def _observed(raw: RawTable, texts: Sequence[str], options: ReadingOptions) -> tuple[dict[str, Traits], int | None]:
    """The traits of the text columns in the first rows; the number of rows where these are all."""
    found: dict[str, Traits] = {}
    seen = 0
    if raw.rows is not None and not texts:
        return found, raw.rows
    for batch in raw.read(None if raw.rows is None else texts):
        for name in texts:
            _join(found, name, batch.column(name), options)
        seen += batch.num_rows
        if seen >= _SETTLING_ROWS:
            return found, raw.rows
    return found, seen


def _join(found: dict[str, Traits], name: str, array: pa.Array, options: ReadingOptions) -> None:
    known = found.get(name)
    if known is not None and known.filled and not known.number and not known.date:
        return
    seen = traits(as_texts(array), options.null)
    found[name] = known.joined(seen) if known is not None else seen


def _read_on(raw: RawTable, found: dict[str, Traits], options: ReadingOptions) -> dict[str, Traits]:
    """The traits after as much of the source as it takes to know the decimal sign and the order of dates."""
    doubtful = _doubtful(found, options)
    if not doubtful:
        return found
    found = dict(found)
    for batch in raw.read(doubtful):
        for name in doubtful:
            _join(found, name, batch.column(name), options)
        if not _doubtful(found, options):
            break
    return found


def _doubtful(found: Mapping[str, Traits], options: ReadingOptions) -> list[str]:
    numeric = {name: item for name, item in found.items() if item.number}
    dated = {name: item for name, item in found.items() if item.date}
    sign = options.decimal or any(item.comma.only or item.point.only for item in numeric.values())
    order = options.dates or any(item.dmy.only or item.mdy.only for item in dated.values())
    names = [] if sign else [name for name, item in numeric.items() if item.two_numbers]
    return names + ([] if order else [name for name, item in dated.items() if item.two_dates])


def _decimal(found: Mapping[str, Traits], where: str, others: Mapping[str, Traits]) -> Decimal | None:
    """The decimal sign some number can only be read with; None when there is no number with a mark.

    others: columns that may show the sign where those that matter do not.
    """
    numeric = {name: item for name, item in found.items() if item.number}
    comma = next(((name, item.comma.only) for name, item in numeric.items() if item.comma.only), None)
    point = next(((name, item.point.only) for name, item in numeric.items() if item.point.only), None)
    if comma and point:
        raise DataError(
            f"{where}: column {shown(comma[0])} has {shown(comma[1])} and column {shown(point[0])} has "
            f"{shown(point[1])}; "
            "expected one decimal sign in a file. Say which: --decimal , or --decimal . (the other column stays text)"
        )
    if comma or point:
        return "," if comma else "."
    shown_by = {
        mark
        for item in others.values()
        for mark, reading in ((",", item.comma), (".", item.point))
        if item.number and reading.only
    }
    for name, item in numeric.items():
        if item.two_numbers and len(shown_by) == 1:
            return "," if shown_by == {","} else "."
        if item.two_numbers:
            raise DataError(
                f"{where}, column {name}: {shown(item.two_numbers)} can be {_two_readings(item.two_numbers)}. "
                "Say which: --decimal , or --decimal ."
            )
    return None


def _two_readings(text: str) -> str:
    """Both numbers a text like `1.234` can be, in plain digits.

    >>> _two_readings("€ 1.234")
    '1234 or 1.234'
    """
    digits = "".join(sign for sign in text if sign.isdigit() or sign in ".,")
    return digits.replace(".", "").replace(",", "") + " or " + digits.replace(",", ".")


def _date_order(found: Mapping[str, Traits], where: str) -> tuple[DateOrder | None, str | None]:
    """The order of days and months that some date can only have, and what to tell when none shows it."""
    dated = {name: item for name, item in found.items() if item.date}
    day = next(((name, item.dmy.only) for name, item in dated.items() if item.dmy.only), None)
    month = next(((name, item.mdy.only) for name, item in dated.items() if item.mdy.only), None)
    if day and month:
        raise DataError(
            f"{where}: column {shown(day[0])} has {shown(day[1])}, day first, and column {shown(month[0])} has "
            f"{shown(month[1])}, month first; expected one order in a file. "
            "Say which: --dates dmy or --dates mdy (the other column stays text)"
        )
    if day or month:
        return ("dmy" if day else "mdy"), None
    note = _open_order(found, "dmy")
    if note:
        return "dmy", note
    return ("ymd" if dated else None), None


def _open_order(found: Mapping[str, Traits], order: DateOrder) -> str | None:
    """What to tell where no date shows the order they are read in; None where one does."""
    dated = {name: item for name, item in found.items() if item.date}
    if any(item.dmy.only or item.mdy.only for item in dated.values()):
        return None
    for name, item in dated.items():
        if item.two_dates:
            key = "reading.day_first" if order == "dmy" else "reading.month_first"
            return message(key, column=shown(name), text=shown(item.two_dates))
    return None


def _type(
    field: pa.Field, forced: ColumnType | None, item: Traits | None, decimal: Decimal | None, dates: DateOrder | None
) -> ColumnType:
    if forced is not None:
        return forced
    if item is None:
        return native_type(field.type)
    if _fits_number(item, decimal):
        return "number"
    return "date" if _fits_dates(item, dates) else "text"


def _fits_number(item: Traits, decimal: Decimal | None) -> bool:
    return item.number and (item.comma if decimal == "," else item.point).all


def _fits_dates(item: Traits, dates: DateOrder | None) -> bool:
    if dates == "ymd":
        return item.date and item.dmy.all and item.mdy.all and item.two_dates is None
    return item.date and (item.dmy if dates == "dmy" else item.mdy).all


def _misfit(column: Column, item: Traits | None, decimal: Decimal | None, dates: DateOrder | None) -> str | None:
    """What to tell of a column of numbers or dates that stays text because it is written otherwise."""
    if item is None or column.type != "text":
        return None
    if item.number:
        example, key = (item.point.only, "no_comma") if decimal == "," else (item.comma.only, "no_point")
        return message(f"reading.{key}", column=shown(column.name), text=shown(example))
    if item.date:
        example = item.two_dates or item.dmy.only or item.mdy.only
        return message("reading.no_date", column=shown(column.name), text=shown(example), order=dates)
    if item.filled and item.short_year.all:
        return message("reading.short_year", column=shown(column.name), text=shown(item.short_year.only))
    if item.comma.only and item.point.only and not item.code:
        texts = {"comma": shown(item.comma.only), "point": shown(item.point.only)}
        return message("reading.two_decimals", column=shown(column.name), **texts)
    return None


def as_texts(array: pa.Array) -> pa.Array:
    """The cells as texts, plain or dictionary-encoded: texts of a list joined by `;`, 12.0 as `12`, bytes in hex."""
    dtype = array.type
    if pa.types.is_dictionary(dtype):
        if dtype == TEXT:
            return array
        if is_text(dtype.value_type):
            return pa.DictionaryArray.from_arrays(array.indices.cast(pa.int32()), array.dictionary.cast(pa.string()))
        return as_texts(array.dictionary_decode())
    if pa.types.is_string(dtype):
        return array
    if (pa.types.is_list(dtype) or pa.types.is_large_list(dtype)) and is_text(dtype.value_type):
        return pc.binary_join(array.cast(pa.list_(pa.string())), ";")
    if pa.types.is_binary(dtype) or pa.types.is_large_binary(dtype) or pa.types.is_fixed_size_binary(dtype):
        return pa.array([None if value is None else value.hex() for value in array.to_pylist()], pa.string())
    try:
        texts = pc.cast(array, pa.string())
    except pa.ArrowNotImplementedError:
        return pa.array([None if value is None else str(value) for value in array.to_pylist()], pa.string())
    return pc.replace_substring_regex(texts, r"\.0$", "") if pa.types.is_floating(dtype) else texts


def typed_array(
    array: pa.Array, column: Column, decimal: Decimal | None, dates: DateOrder | None, null: tuple[str, ...]
) -> tuple[pa.Array, str | None]:
    """The cells of a column in its type, and the first text that cannot be read so.

    Blank cells, `null`, NaN and infinities are null. Texts are dictionary-encoded.
    """
    native = native_type(array.type)
    if column.type == "text":
        return _without_blanks(as_texts(array), null), None
    if native == "text":
        texts = as_texts(array)
        if column.type == "boolean":
            return booleans(texts, null)
        if column.type == "number":
            return numbers(texts, decimal, null)
        day, bad = text_days(texts, dates, null)
        return day.cast(pa.date32()), bad
    plain = array.dictionary_decode() if pa.types.is_dictionary(array.type) else array
    if column.type == native:
        return _normal(plain, native), None
    if {column.type, native} == {"number", "boolean"}:
        return pc.cast(plain, pa.bool_() if column.type == "boolean" else pa.int64()), None
    return typed_array(pc.cast(plain, pa.string()), column, decimal, dates, null)


def _normal(array: pa.Array, native: ColumnType) -> pa.Array:
    """Numbers as int64 or float64 without NaN and infinities; dates as date32 or timestamp; yes/no as it is."""
    dtype = array.type
    if native == "boolean" or pa.types.is_timestamp(dtype):
        return array
    if native == "date":
        return array.cast(pa.date32())
    if pa.types.is_signed_integer(dtype) or (pa.types.is_integer(dtype) and dtype.bit_width < 64):
        return array.cast(pa.int64())
    value = array.cast(pa.float64(), safe=False)
    return value if all_finite(value) else pc.if_else(pc.is_finite(value), value, None)


def _without_blanks(texts: pa.Array, null: tuple[str, ...]) -> pa.DictionaryArray:
    """Texts with blank ones null; the dictionary keeps none of them, for it is counted by others."""
    encoded = texts if pa.types.is_dictionary(texts.type) else pc.dictionary_encode(texts)
    words = encoded.dictionary
    empty = blank(words, null)
    if not pc.any(empty).as_py() and not words.null_count:
        return encoded
    kept = pc.fill_null(pc.invert(empty), False)
    place = pc.subtract(pc.cumulative_sum(kept.cast(pa.int32())), pa.scalar(1, pa.int32()))
    place = pc.if_else(kept, place, None)
    return pa.DictionaryArray.from_arrays(pc.take(place, encoded.indices), words.filter(kept))


def typed_batch(
    batch: pa.RecordBatch,
    columns: Mapping[str, Column],
    settled: ReadingOptions,
    where: str,
    row_of: Callable[[int], int],
) -> pa.RecordBatch:
    """The batch with every column in its type.

    row_of: the line in the source, from 1, of a row of the batch.

    Raises:
        DataError: a cell cannot be read as its column is, naming the row.
    """
    arrays = []
    for field, array in zip(batch.schema, batch.columns, strict=True):
        column = columns[field.name]
        typed, bad = typed_array(array, column, settled.decimal, settled.dates, settled.null)
        if bad is not None:
            at = as_texts(array)
            at = at.dictionary_decode() if pa.types.is_dictionary(at.type) else at
            raise _unreadable(column, bad, settled, where, row_of(pc.index(at, bad).as_py()))
        arrays.append(typed)
    return pa.RecordBatch.from_arrays(arrays, names=batch.schema.names)


def _unreadable(column: Column, bad: str, settled: ReadingOptions, where: str, row: int) -> DataError:
    wanted = {
        "number": {",": "a number with a decimal comma", ".": "a number with a decimal point"}.get(
            settled.decimal or "", "a whole number (or say --decimal , or --decimal .)"
        ),
        "date": f"a date in the order {settled.dates}",
        "boolean": "yes or no",
    }[column.type]
    return DataError(
        f"{where}, row {row:,}, column {shown(column.name)}: {shown(bad)} cannot be read; expected {wanted} as in the "
        "rows before, repair it, name it in null when it means missing, or name the column in text_columns"
    )
