"""How a text file is written: encoding, delimiter, and where the table stands in it."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from calibrate.errors import DataError, SettingsError, shown
from calibrate.reading.textfile import ENCODING_NAMES, TextScan, known_encoding, scan_text
from calibrate.reading.values import DateOrder, Decimal
from calibrate.words.language import Message, message

_RECORDS = 2000
_DELIMITERS = (";", "\t", ",", "|")
_NUMBER = re.compile(r"[-+]?[\d.,]*\d")
_SEP_LINE = re.compile(r'^"?sep=(.)"?\r?\n', re.IGNORECASE)
_TOTAL = re.compile(
    r"(?:(?:grand|sub|eind)[ -]?)?(?:total(?:s|en|e|t|er)?|totaal|i alt|sum|som|summe|gesamt(?:summe)?|somme)"
    r"(?P<rest>\s*:.*|\s*\(.*|\s+\d.*)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class ReadingOptions:
    """How to read a source; None is guessed.

    skip_rows: lines above the header.  sheet, table: in a workbook or database.
    null: texts that mean missing.  text_columns: columns that stay text whatever is in them.
    """

    encoding: str | None = None
    delimiter: str | None = None
    decimal: Decimal | None = None
    dates: DateOrder | None = None
    sheet: str | None = None
    table: str | None = None
    null: tuple[str, ...] = ()
    skip_rows: int | None = None
    text_columns: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.decimal not in {None, ",", "."}:
            raise SettingsError(f"decimal: {shown(self.decimal)} is no decimal sign; say ',' or '.'")
        if self.dates not in {None, "dmy", "mdy", "ymd"}:
            raise SettingsError(f"dates: {shown(self.dates)} is no order of dates; say dmy, mdy or ymd")
        if self.delimiter is not None and (len(self.delimiter) != 1 or self.delimiter in '"\r\n'):
            raise SettingsError(f"delimiter: {shown(self.delimiter)} cannot part columns; say one character, as ';'")
        if self.skip_rows is not None and self.skip_rows < 0:
            raise SettingsError(f"skip_rows: {self.skip_rows} is below zero; say how many lines stand above the header")
        if self.encoding is not None:
            known_encoding(self.encoding)


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a text file is written.

    header: its cells as found.  skip_rows: lines above it; footer_rows: lines below the last row, blank ones apart.
    start, end: the bytes of the table, header included, after decompression; end None is the end of the file.
    newline: ends a row; mixed: not every row.  decimal, dates: None where nothing in the file shows them.
    """

    encoding: str
    delimiter: str
    header: tuple[str, ...]
    bom: bool = False
    quote: str = '"'
    newline: str = "\n"
    mixed: bool = False
    skip_rows: int = 0
    separator_line: bool = False
    footer_rows: int = 0
    start: int = 0
    end: int | None = None
    compressed: bool = False
    decimal: Decimal | None = None
    dates: DateOrder | None = None

    @property
    def clean(self) -> bool:
        """Whether the file is UTF-8 and nothing but the table."""
        whole = self.end is None and self.start == (len(codecs.BOM_UTF8) if self.bom else 0)
        return whole and self.encoding == "utf-8" and not self.mixed and not self.compressed

    def sentences(self) -> tuple[str, ...]:
        """What was settled, and what was left out, for the reader of a report."""
        mark = message("reading.tabs") if self.delimiter == "\t" else repr(self.delimiter)
        parts = [
            message("reading.encoding", encoding=ENCODING_NAMES.get(self.encoding, self.encoding)),
            message("reading.split", mark=mark),
        ]
        if self.decimal:
            parts.append(message("reading.comma" if self.decimal == "," else "reading.point"))
        if self.dates:
            parts.append(message("reading.dates", order=self.dates))
        sentences = [message("reading.read", parts=parts)]
        above = self.skip_rows - self.separator_line
        left_out = left_out_sentence(above, self.footer_rows)
        return (*sentences, left_out) if left_out else tuple(sentences)


def left_out_sentence(above: int, below: int) -> Message | None:
    """How many lines around the table were left out; None when none."""
    if above and below:
        return message(
            "reading.left_out",
            above=message("reading.lines_above", n=above),
            below=message("reading.lines_below", n=below),
        )
    if above:
        return message("reading.left_out_above", n=above)
    return message("reading.left_out_below", n=below) if below else None


def sniff(path: Path, options: ReadingOptions = ReadingOptions()) -> Dialect:
    """The dialect of a text file, gzipped or not; its decimal sign and date order are settled later, by the columns.

    The whole file is passed over once, in bounded memory, to be sure of the encoding.

    Raises:
        DataError: empty, not a text file, not in the given encoding, without a header, or cut off while compressed.
    """
    scan = scan_text(path, options.encoding)
    text = scan.head_text(path.name)
    separator = _SEP_LINE.match(text)
    delimiter, (first_line, last_line, header) = _header(
        path.name, text, options, separator.group(1) if separator else None, scan.in_head
    )
    ends = _line_ends(text)
    start = scan.bom_size + scan.width(text[: ends[first_line]])
    body = scan.bom_size + scan.width(text[: ends[min(last_line, len(ends) - 1)]])
    footer_rows, cut = _footer(scan, body, delimiter, len(header))
    return Dialect(
        encoding=scan.encoding,
        delimiter=delimiter,
        header=tuple(header),
        bom=scan.bom_size > 0,
        newline=scan.newline(text),
        mixed=scan.mixed,
        skip_rows=first_line,
        separator_line=bool(separator) and first_line > 0,
        footer_rows=footer_rows,
        start=start,
        end=scan.size - cut if cut else None,
        compressed=scan.compressed,
        decimal=options.decimal,
        dates=options.dates,
    )


def _line_ends(text: str) -> list[int]:
    """Where each line starts, the end of the text last."""
    ends = [0]
    for line in io.StringIO(text, newline=""):
        ends.append(ends[-1] + len(line))
        if len(ends) > _RECORDS * 4:
            break
    return ends


Record = tuple[int, int, list[str]]


def _header(name: str, text: str, options: ReadingOptions, separator: str | None, whole: bool) -> tuple[str, Record]:
    """The delimiter, and the record of the column names."""
    delimiter = options.delimiter or separator
    records = _records(text, delimiter, whole) if delimiter else []
    if delimiter is None:
        delimiter, records = _best_delimiter(text, whole)
    at = header_at([cells for _, _, cells in records], options.skip_rows, [line for line, _, _ in records])
    if at is None:
        raise DataError(f"{name}: no header row found; expected a row of column names, say how many lines to skip")
    line, _, header = records[at]
    if all(_NUMBER.fullmatch(cell.strip()) for cell in header if cell.strip()):
        raise DataError(
            f"{name}, line {line + 1}: {shown(delimiter.join(header))} holds only numbers; "
            "expected column names there, add a header row or say how many lines to skip"
        )
    return delimiter, records[at]


def _records(text: str, delimiter: str, whole: bool) -> list[Record]:
    """The first records: number of lines before it, of lines up to its end, and its cells.

    whole: the text ends where the file does; else its last record may be cut.
    """
    found: list[Record] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    before = 0
    try:
        for cells in reader:
            found.append((before, reader.line_num, cells))
            before = reader.line_num
            if len(found) == _RECORDS:
                return found
    except csv.Error:
        return found
    return found if whole or len(found) == 1 else found[:-1]


def _best_delimiter(text: str, whole: bool) -> tuple[str, list[Record]]:
    """The delimiter that parts the most rows alike.

    Of near equals one that parts the first row too, which a set like `a;b;c` or a decimal comma in every row does
    not; then the one with the most columns.
    """
    tried = []
    for delimiter in _DELIMITERS:
        records = _records(text, delimiter, whole)
        widths = [len(cells) for _, _, cells in records if any(cells)]
        width = _commonest([width for width in widths if width > 1])
        share = widths.count(width) / len(widths) if width else 0.0
        tried.append((share, widths[:1] == [width], width, delimiter, records))
    best = max(share for share, *_ in tried)
    if best == 0:
        return ",", _records(text, ",", whole)
    near = [item for item in tried if item[0] >= best - 0.1]
    _, _, _, delimiter, records = max(near, key=lambda item: item[1:3])
    return delimiter, records


def _commonest(widths: Sequence[int]) -> int:
    counts = Counter(widths)
    return max(counts, key=lambda width: (counts[width], width)) if counts else 0


def header_at(
    rows: Sequence[Sequence[object]], skip_rows: int | None, lines: Sequence[int] | None = None
) -> int | None:
    """Which row holds the column names: the first that is at least half as filled as a usual row is wide.

    lines: the line each row starts on, for `skip_rows`, which then says where the header is.
    """
    filled = [sum(1 for cell in row if str(cell).strip()) for row in rows]
    if skip_rows is not None:
        places = lines if lines is not None else range(len(rows))
        return next((i for i, line in enumerate(places) if line >= skip_rows and filled[i]), None)
    usual = _commonest([len(row) for row, count in zip(rows, filled, strict=True) if count])
    sought = min(max(2, (usual + 1) // 2), usual)
    return next((i for i, count in enumerate(filled) if count and count >= sought), None)


def is_footer(cells: Sequence[str], width: int) -> bool:
    """Whether a last line is no lead: nothing but blanks, one lone cell, or a total."""
    filled = [cell for cell in cells if cell.strip()]
    if not filled or (len(cells) == 1 and width > 1):
        return True
    total = _TOTAL.fullmatch(filled[0].strip())
    return total is not None and (not total["rest"] or len(filled) < width)


def _footer(scan: TextScan, body: int, delimiter: str, width: int) -> tuple[int, int]:
    """Lines below the last row, and the bytes from the first of them to the end of the file."""
    if width == 1:
        return 0, 0
    whole = scan.size - len(scan.tail) <= body
    part = scan.tail[body - scan.size :] if whole and body < scan.size else b"" if whole else scan.tail
    lines = list(io.StringIO(scan.tail_text(part), newline=""))
    rows = cut = passed = 0
    for line in reversed(lines if whole else lines[1:]):
        passed += scan.width(line)
        if not line.strip():
            continue
        cells = next(csv.reader([line], delimiter=delimiter))
        if line.count('"') % 2 or not is_footer(cells, width):
            break
        rows, cut = rows + 1, passed
    return rows, cut
