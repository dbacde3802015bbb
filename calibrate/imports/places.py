"""Which line of a spreadsheet each row of a table stands on."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from calibrate.reading.dialect import Dialect
from calibrate.reading.textfile import byte_chunks


@dataclass(frozen=True, slots=True)
class Places:
    """numbers: of the rows below the header, from 1 for the first line of the file.  others: sheets not read."""

    numbers: tuple[int, ...]
    others: tuple[str, ...] = ()


def text_places(path: Path, dialect: Dialect) -> Places:
    """The rows of a text file; a line that says which separator it has is none to a spreadsheet."""
    text = b"".join(byte_chunks(path)).decode(dialect.encoding, errors="replace").removeprefix("\ufeff")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=dialect.delimiter, quotechar=dialect.quote)
    numbers: list[int] = []
    line = 0
    for number, cells in enumerate(reader, start=1 - dialect.separator_line):
        if line >= dialect.skip_rows and cells:
            numbers.append(number)
        line = reader.line_num
    return Places(tuple(numbers[1:]))


def workbook_places(path: Path, sheet: str, above: int) -> Places:
    """The rows of a sheet that hold anything, below its header. above: rows above that, from the first that does."""
    from python_calamine import CalamineWorkbook

    with CalamineWorkbook.from_path(path) as book:
        found = book.get_sheet_by_name(sheet)
        first = (found.start or (0, 0))[0] + 1
        rows = enumerate(found.to_python(), start=first)
        filled = [number for number, row in rows if any(str(cell).strip() for cell in row)]
        others = tuple(name for name in book.sheet_names if name != sheet)
    return Places(tuple(number for number in filled if number > first + above), others)


def sheet_names(path: Path) -> tuple[str, ...]:
    """The sheets of a workbook; none of another file."""
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        with CalamineWorkbook.from_path(path) as book:
            return tuple(book.sheet_names)
    except (CalamineError, OSError, ValueError):
        return ()
