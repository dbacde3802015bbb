"""A file of leads with its scores: read, scored and written batch by batch, as it was written before.

The cells that were there stay as they are, to the letter: phone numbers and keys must find their way back into the
CRM. In a text file the points of a reason stand in brackets, `(+25) requested demo = yes`: a spreadsheet would take
`+25 ...` for a formula. Any other added text that it would take for one begins with `'`; numbers never do. Control
marks in added texts become U+FFFD.
"""

from __future__ import annotations

import codecs
import os
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from calibrate.document.lead_score import check_rules, used
from calibrate.document.rules import Rules
from calibrate.document.scoring import COLUMNS, Scored, TableScorer, absent_lines, refuse_taken, typed_leads, types_read
from calibrate.errors import DataError, SettingsError, nearest, shown
from calibrate.reading.dialect import Dialect, ReadingOptions
from calibrate.reading.source import Source, open_source
from calibrate.whole import whole_file

# Marks that end a line, steer a terminal or turn the direction of a text; one class for re and for Arrow's RE2.
CONTROLS = r"[\x00-\x1f\x7f-\x9f" + "\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]"
_TEXT_ENDINGS = (".csv", ".tsv", ".txt")
_MOST_UNSEEN = 10_000
_SHOWN_UNSEEN = 20
_POINTS = r"(^|; )([+-]\d+) "


@dataclass(frozen=True, slots=True)
class ScoredFile:
    """What was scored and what stood out.

    unseen: by attribute, the commonest values that no rule names, with their leads; unseen_leads: of all of them.
    absent: attributes that the file has no column for.  reading: how the file was read, in sentences.
    rows: leads scored.  columns: of the file that was read.
    unsayable: whether a reason holds a character that the file's encoding has not; it became a question mark.
    """

    rows: int
    unseen: dict[str, dict[str, int]]
    unseen_leads: dict[str, int]
    absent: tuple[str, ...]
    reading: tuple[str, ...]
    columns: tuple[str, ...]
    unsayable: bool = False

    def lines(self) -> tuple[str, ...]:
        """What the reader must know, a sentence each."""
        lines = list(self.reading)
        lines += absent_lines(self.absent, self.columns)
        for name, values in self.unseen.items():
            named = ", ".join(f"{shown(value)} ({leads:,})" for value, leads in list(values.items())[:3])
            leads = self.unseen_leads[name]
            lines.append(
                f"{shown(name)}: {leads:,} lead{'s have' if leads > 1 else ' has'} a value without points: {named}"
            )
        if self.unsayable:
            lines.append("Some characters of the reasons are not in the file's encoding; they became question marks.")
        return tuple(lines)


def score_file(
    rules: Rules,
    path: str | Path,
    out: str | Path,
    options: ReadingOptions | None = None,
    reasons: int = 3,
) -> ScoredFile:
    """Write the leads of a file with the columns score, percentile, band and reasons added.

    out: .csv, .tsv or .txt, in the dialect of the file that was read, or .parquet. Where that was no text file:
    comma, decimal point and UTF-8 with a byte-order mark, without which a spreadsheet shows Ã¸ for ø. It appears
    whole or not at all. Percentiles have two digits in a text file.

    Raises:
        DataError: the file has one of these columns, or none of the attributes; a cell cannot be read; `out` is the
            file itself, of another kind, or cannot be written; or the rules are no `Rules`.
    """
    check_rules(rules)
    kind = _kind_of(path, out)
    with open_source(path, options or ReadingOptions(), types=types_read(rules)) as source:
        names = [column.name for column in source.columns]
        refuse_taken(names, source.name)
        if used(rules) and not set(used(rules)) & set(names):
            wanted = ", ".join(shown(name) for name in used(rules)[:8])
            raise DataError(f"{source.name}: has none of the columns that the rules read, expected {wanted}; "
                            f"{nearest(used(rules)[0], names)}")  # fmt: skip
        scorer, tally, rows = TableScorer(rules, reasons), _Tally(), 0
        with whole_file(out) as file, _writer(kind, file, source, Path(out)) as writer:
            read = [name for name in names if name in used(rules)]
            for raw in source.raw_batches():
                scored = scorer.score(typed_leads(rules, source, raw.select(read)))
                writer.write(raw, scored)
                tally.add(scored.unseen)
                rows += raw.num_rows
        return ScoredFile(
            rows=rows,
            unseen=tally.commonest(),
            unseen_leads=dict(tally.leads),
            absent=tuple(name for name in used(rules) if name not in names),
            reading=source.reading,
            columns=tuple(names),
            unsayable=writer.unsayable,
        )


def write_scored(leads: pa.Table, scored: Scored, out: str | Path) -> None:
    """Write leads and the scores that they got elsewhere, as `score_file` writes leads of no text file.

    Raises:
        DataError: `out` is of another kind or cannot be written.
    """
    kind = _kind_of("", out)
    with open_source(leads, ReadingOptions(text_columns=tuple(leads.column_names))) as source:
        (batch,) = leads.combine_chunks().to_batches() or [pa.RecordBatch.from_pylist([], schema=leads.schema)]
        with whole_file(out) as file, _writer(kind, file, source, Path(out)) as writer:
            writer.write(batch, scored)


def check_target(path: str | Path, out: str | Path, *, overwrite: bool) -> None:
    """Nothing, when the scores of the leads in `path` may be written to `out`.

    Raises:
        DataError: it is the file itself, or of another kind.
        SettingsError: it is there already and `overwrite` is not set.
    """
    _kind_of(path, out)
    if os.path.lexists(out) and not overwrite:
        raise SettingsError(f"{out}: is there already; write over it with --overwrite, or choose another --out")


def _kind_of(path: str | Path, out: str | Path) -> Literal["text", "parquet"]:
    same = False
    with suppress(OSError, ValueError):  # one of them is not there
        same = Path(out).samefile(path)
    if same:
        raise DataError(f"{out}: found the file that is read, expected another; choose another name for the result")
    ending = Path(out).suffix.lower()
    if ending == ".parquet":
        return "parquet"
    if ending not in _TEXT_ENDINGS:
        known = ", ".join((*_TEXT_ENDINGS, ".parquet"))
        raise DataError(f"{out}: found the ending {shown(ending)}, expected one of {known}; choose another name")
    return "text"


class _Tally:
    """Unseen values of a whole file; after ten thousand different ones of an attribute, others only count as leads."""

    def __init__(self) -> None:
        self.leads: Counter[str] = Counter()
        self.values: dict[str, Counter[str]] = {}

    def add(self, unseen: dict[str, Counter[str]]) -> None:
        for name, counts in unseen.items():
            self.leads[name] += counts.total()
            kept = self.values.setdefault(name, Counter())
            for value, leads in counts.items():
                if value in kept or len(kept) < _MOST_UNSEEN:
                    kept[value] += leads

    def commonest(self) -> dict[str, dict[str, int]]:
        ranked = {
            name: sorted(kept.items(), key=lambda item: (-item[1], item[0])) for name, kept in self.values.items()
        }
        return {name: dict(items[:_SHOWN_UNSEEN]) for name, items in ranked.items()}


@dataclass(frozen=True, slots=True)
class _Style:
    """How a text file is written."""

    encoding: str = "utf-8"
    bom: bool = False
    delimiter: str = ","
    newline: str = "\n"
    decimal: str = "."

    @classmethod
    def like(cls, dialect: Dialect) -> _Style:
        """As a file was that was read; where nothing in it shows a decimal sign, a comma goes with semicolons."""
        decimal = dialect.decimal or ("," if dialect.delimiter == ";" else ".")
        return cls(dialect.encoding, dialect.bom, dialect.delimiter, dialect.newline, decimal)


class _Writer(Protocol):
    unsayable: bool

    def write(self, raw: pa.RecordBatch, scored: Scored) -> None: ...


@contextmanager
def _writer(kind: Literal["text", "parquet"], file: BinaryIO, source: Source, out: Path) -> Iterator[_Writer]:
    names = [column.name for column in source.columns]
    if kind == "text":
        other = _Style(bom=True, delimiter="\t" if out.suffix.lower() == ".tsv" else ",")
        yield _TextWriter(file, names, _Style.like(source.dialect) if source.dialect else other)
        return
    writer = _ParquetWriter(file, source.raw.schema)
    try:
        yield writer
    finally:
        writer.close()


class _ParquetWriter:
    """Writes the leads as they were, and their scores, to Parquet."""

    unsayable = False

    def __init__(self, file: BinaryIO, schema: pa.Schema) -> None:
        from pyarrow.parquet import ParquetWriter

        types = (pa.int64(), pa.float64(), pa.string(), pa.string())
        self.schema = pa.schema([*schema, *zip(COLUMNS, types, strict=True)], schema.metadata)
        self.writer = ParquetWriter(file, self.schema)

    def write(self, raw: pa.RecordBatch, scored: Scored) -> None:
        columns = [*raw.columns, *(getattr(scored, name) for name in COLUMNS)]
        arrays = [column.cast(field.type) for column, field in zip(columns, self.schema, strict=True)]
        self.writer.write_table(pa.table(arrays, schema=self.schema))

    def close(self) -> None:
        self.writer.close()


class _TextWriter:
    """Writes the leads as they were, and their scores, to a text file; a cell is quoted where it must be."""

    def __init__(self, file: BinaryIO, names: list[str], style: _Style) -> None:
        self.file, self.style, self.unsayable = file, style, False
        self.encoder = codecs.getincrementalencoder(style.encoding)()
        # Encodings that are named without a byte order write their own mark.
        if style.bom and style.encoding not in ("utf-16", "utf-32", "utf-8-sig"):
            file.write(self.encoder.encode("\ufeff"))
        self._rows([pa.array([name]) for name in (*names, *COLUMNS)])

    def write(self, raw: pa.RecordBatch, scored: Scored) -> None:
        for field in raw.schema:
            if pa.types.is_nested(field.type) or pa.types.is_binary(field.type):
                found = f"column {shown(field.name)}: found {field.type}, expected single values for a text file"
                raise DataError(f"{found}; write to .parquet")
        added = [
            scored.score,
            _percentiles(scored.percentile, self.style.decimal),
            _guarded(scored.band),
            _guarded(scored.reasons, points=True),
        ]
        self._rows([*raw.columns, *map(_whole, added)])

    def _rows(self, columns: list[pa.Array]) -> None:
        texts = [_cells(column, self.style.delimiter) for column in columns]
        lines = _joined(_joined(*texts, by=self.style.delimiter), "", by=self.style.newline)
        text = _run_together(lines)
        self.file.write(text if self.style.encoding == "utf-8" else self._encoded(str(text, "utf-8")))

    def _encoded(self, text: str) -> bytes:
        try:
            return self.encoder.encode(text)
        except UnicodeEncodeError:
            self.unsayable = True
            self.encoder.errors = "replace"
            return self.encoder.encode(text)
        finally:
            self.encoder.errors = "strict"


def _cells(column: pa.Array, delimiter: str) -> pa.Array:
    """A column as the cells of a text file; null is an empty cell."""
    if pa.types.is_dictionary(column.type):
        words = _cells(column.dictionary, delimiter)
        return pc.fill_null(words.take(column.indices), "")
    texts = pc.fill_null(column.cast(pa.large_string()), "")
    marks = (delimiter, '"', "\r", "\n")
    data = bytes(_run_together(texts))
    if not any(mark.encode() in data for mark in marks):
        return texts
    needy = pc.match_substring_regex(texts, "[" + "".join(map(re.escape, marks)) + "]")
    doubled = pc.replace_substring(texts, '"', '""')
    return pc.if_else(needy, _joined('"', doubled, '"'), texts)


def _joined(*parts: pa.Array | pa.ChunkedArray | str, by: str = "") -> pa.Array:
    texts = [pa.scalar(part, pa.large_string()) if isinstance(part, str) else part for part in (*parts, by)]
    return pc.binary_join_element_wise(*texts)


def _run_together(texts: pa.Array) -> memoryview:
    """The texts one behind the other in UTF-8, as they lie in Arrow's memory."""
    _, ends, data = texts.buffers()
    if not len(texts) or data is None:
        return memoryview(b"")
    places = np.frombuffer(ends, dtype=np.int64)
    return memoryview(data)[places[texts.offset] : places[texts.offset + len(texts)]]


def _guarded(texts: pa.ChunkedArray, *, points: bool = False) -> pa.Array:
    """Texts that no spreadsheet takes for a formula and no terminal for an order; points: of reasons, in brackets."""
    encoded = _whole(texts.cast(pa.large_string())).dictionary_encode()
    words = pc.replace_substring_regex(encoded.dictionary, CONTROLS, "\ufffd")
    words = pc.replace_substring_regex(words, _POINTS, r"\1(\2) ") if points else words
    taken = pc.match_substring_regex(words, r"^[=+\-@]")
    return pa.DictionaryArray.from_arrays(encoded.indices, pc.if_else(taken, _joined("'", words), words))


def _percentiles(percentiles: pa.ChunkedArray, decimal: str) -> pa.Array:
    encoded = _whole(percentiles).dictionary_encode()
    texts = [f"{value:.2f}".replace(".", decimal) for value in encoded.dictionary.to_pylist()]
    return pa.DictionaryArray.from_arrays(encoded.indices, pa.array(texts, pa.large_string()))


def _whole(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
