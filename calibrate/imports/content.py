"""What stands in a file of points: JSON, or a table of texts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from calibrate.document.lead_score import plain_text
from calibrate.errors import DataError, shown
from calibrate.imports.places import Places, sheet_names, text_places, workbook_places
from calibrate.reading.dialect import ReadingOptions
from calibrate.reading.source import Source, open_source
from calibrate.reading.values import Decimal

MOST_BYTES = 50_000_000
MOST_ROWS = 200_000
_GUESSED = ReadingOptions()
Json = Any


@dataclass(frozen=True, slots=True)
class Table:
    """A table of points; a cell without anything is "".

    rows: by column, in the order of the file.  numbers: of the rows, as a spreadsheet counts them; counted from the
    second line where they are not given.
    """

    columns: tuple[str, ...]
    rows: tuple[Mapping[str, str], ...]
    numbers: tuple[int, ...] = ()

    @property
    def placed(self) -> Iterator[tuple[str, Mapping[str, str]]]:
        """The rows with their places, like `row 2`."""
        numbers = self.numbers if len(self.numbers) == len(self.rows) else range(2, len(self.rows) + 2)
        return ((f"row {number}", row) for number, row in zip(numbers, self.rows, strict=True))


@dataclass(frozen=True, slots=True)
class Content:
    """A file of points, opened: either a table or JSON.

    name: the file's without its folder.  reading: how it was read, in sentences.  decimal: the sign that was asked for.
    others: sheets of the workbook that were not read.
    """

    name: str
    table: Table | None = None
    json: Json = None
    reading: tuple[str, ...] = ()
    decimal: Decimal | None = None
    others: tuple[str, ...] = ()

    @property
    def stem(self) -> str:
        """The name without its ending."""
        return self.name.partition(".")[0] or self.name


def open_content(path: str | Path, options: ReadingOptions = _GUESSED) -> Content:
    """The content of a file: JSON where it begins like it or is called so, else a table, read as the options say.

    Raises:
        DataError: it cannot be read, is far larger than any file of points, or not what it seems.
    """
    path = Path(path)
    if path.is_file() and (size := path.stat().st_size) > MOST_BYTES:
        found = f"{size:,} bytes, expected at most {MOST_BYTES:,} of points"
        raise DataError(f"{path.name}: found {found}; is this a file of leads?")
    return _json(path) if _is_json(path) else _table(path, options)


def _is_json(path: Path) -> bool:
    if not path.is_file():
        return False  # the reader of tables says what it is
    try:
        with path.open("rb") as file:
            head = file.read(512)
    except OSError:
        return False
    return head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"[") or path.suffix.casefold() == ".json"


def _json(path: Path) -> Content:
    try:
        value = json.loads(path.read_bytes().decode("utf-8-sig"), parse_constant=_no_number)
        json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        place = f"{path.name}, line {error.lineno}, column {error.colno}"
        raise DataError(f"{place}: is not JSON ({error.msg}), expected a whole file; write it again") from error
    except UnicodeDecodeError as error:
        fault = f"byte {error.start} is not UTF-8, expected JSON in UTF-8; save it again as UTF-8"
        raise DataError(f"{path.name}: {fault}") from error
    except RecursionError as error:
        raise too_deep(path.name) from error
    except ValueError as error:  # half a character, NaN, or a number of thousands of digits
        fault = f"holds what no JSON may ({shown(error)}), expected plain texts and numbers; write it again"
        raise DataError(f"{path.name}: {fault}") from error
    if not isinstance(value, dict | list):
        raise DataError(f"{path.name}: found {shown(value)}, expected an object or a list of points; is it whole?")
    return Content(path.name, json=value)


def too_deep(name: str) -> DataError:
    """The error of brackets inside brackets inside brackets."""
    return DataError(f"{name}: found brackets nested too deep to read, expected points; check what wrote it")


def _no_number(text: str) -> None:
    raise ValueError(text)


def _table(path: Path, options: ReadingOptions) -> Content:
    with _opened(path, options) as source:
        columns = tuple(column.name for column in source.columns)
        rows: list[Mapping[str, str]] = []
        for batch in source.raw_batches():
            rows += [{name: plain_text(cell) or "" for name, cell in row.items()} for row in batch.to_pylist()]
            if len(rows) > MOST_ROWS:
                fault = f"found more than {MOST_ROWS:,} rows, expected a row for each value; is this a file of leads?"
                raise DataError(f"{path.name}: {fault}")
        places = _places(path, source)
        table = Table(columns, tuple(rows), places.numbers[: len(rows)])
        return Content(path.name, table, reading=source.reading, decimal=options.decimal, others=places.others)


def _opened(path: Path, options: ReadingOptions) -> Source:
    # With a type for one column, if there is no such one, no doubt about another stops the reading.
    try:
        return open_source(path, options, types={"points": "text"})
    except DataError as error:
        others = sheet_names(path)[1:]
        if options.sheet is not None or not others:
            raise
        raise DataError(f"{error}, or name another sheet with --sheet: {', '.join(map(shown, others))}") from error


def _places(path: Path, source: Source) -> Places:
    if source.dialect is not None:
        return text_places(path, source.dialect)
    if source.options.sheet is not None:
        return workbook_places(path, source.options.sheet, source.options.skip_rows or 0)
    return Places(tuple(range(1, MOST_ROWS)))  # a database, which has no lines
