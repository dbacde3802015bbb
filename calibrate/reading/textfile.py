"""The bytes of a text file, streamed: decompressed, decoded, checked."""

from __future__ import annotations

import codecs
import gzip
import io
import itertools
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from calibrate.errors import DataError, SettingsError, nearest, shown

CHUNK = 1 << 20
_TAIL = 1 << 16
# The mark of UTF-32 begins as that of UTF-16 does.
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_UNMARKED = {"utf-16": "utf-16-le", "utf-32": "utf-32-le", "ascii": "utf-8", "utf-8-sig": "utf-8"}
_WIDE = ("utf-16", "utf-32")
# Python calls these encodings of text; no file is written in them, or a part of one cannot be read alone.
_NO_CHARACTERS = {"idna", "punycode", "unicode-escape", "raw-unicode-escape", "utf-7", "undefined"}
ENCODING_NAMES = {
    "utf-8": "UTF-8",
    "cp1252": "Windows-1252",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "utf-32-le": "UTF-32",
    "utf-32-be": "UTF-32",
}


def known_encoding(encoding: str) -> str:
    """The encoding by Python's name for it.

    Raises:
        SettingsError: Python does not know it, or it is none of characters, as base64 and idna.
    """
    try:
        name = codecs.lookup(encoding).name
        if name not in _NO_CHARACTERS:
            "a".encode(name)
            return name
    except (LookupError, ValueError):
        pass
    names = ("utf-8", "utf-16", "cp1252", "latin-1", "cp1250", "cp1251", "cp1253", "mac-roman")
    raise SettingsError(
        f"encoding: {shown(encoding)} is no encoding of text that Python knows; {nearest(encoding, names)}"
    )


@dataclass(frozen=True, slots=True)
class TextScan:
    """One pass over the bytes of a file: its two ends, its size, what they are encoded in."""

    head: bytes
    tail: bytes
    size: int
    encoding: str
    bom_size: int
    mixed: bool
    compressed: bool

    @property
    def in_head(self) -> bool:
        """Whether the head is the whole file."""
        return len(self.head) == self.size

    def head_text(self, name: str) -> str:
        """The head decoded; `name` is the file's, for the message when it cannot be."""
        decoder = codecs.getincrementaldecoder(self.encoding)()
        try:
            text = decoder.decode(self.head[self.bom_size :], final=self.in_head)
        except UnicodeDecodeError as error:
            raise undecodable(name, self.encoding, self.head[: error.start], error) from error
        if not text.strip():
            raise DataError(f"{name}: the file holds nothing but blanks; expected a header and one row a lead")
        return text

    def tail_text(self, part: bytes) -> str:
        """An end of the tail decoded; a character cut at its start, or a wrong byte, does no harm."""
        return part.decode(self.encoding, self._lenient)

    def width(self, text: str) -> int:
        """The bytes a text takes in the file."""
        return len(text.encode(self.encoding, self._lenient))

    @property
    def _lenient(self) -> str:
        return "ignore" if self.encoding.startswith(_WIDE) else "surrogateescape"

    def newline(self, text: str) -> str:
        """What ends the first line of a text."""
        found = re.search(r"\r\n|\n|\r", text)
        return found.group() if found else "\n"


def scan_text(path: Path, given: str | None) -> TextScan:
    """The scan of a file; its encoding is by its mark, else as given, else UTF-8 if all of it is, else Windows-1252.

    Raises:
        DataError: empty, with NUL bytes, not in the given encoding, or gzip that is cut off.
    """
    chunks = byte_chunks(path)
    head = next(chunks, b"")
    if not head:
        raise DataError(f"{path.name}: the file is empty; expected a header and one row a lead")
    encoding, bom_size = _settled_encoding(head, given)
    known = encoding is not None
    decoder = codecs.getincrementaldecoder(encoding or "utf-8")()
    wide = (encoding or "").startswith(_WIDE)
    size, tail, lines, pairs, utf8 = 0, b"", 0, 0, True
    for chunk in itertools.chain([head], chunks, [b""]):
        if not wide and b"\0" in chunk:
            raise DataError(
                f"{path.name}: byte {size + chunk.index(0):,} is NUL; expected text, so export it again as CSV UTF-8 "
                "(or say encoding utf-16 if it is that)"
            )
        if utf8:
            try:
                decoder.decode(chunk[bom_size:] if size == 0 else chunk, final=not chunk)
            except UnicodeDecodeError as error:
                if known:
                    raise undecodable(path.name, encoding or "", chunk[: error.start], error, lines) from error
                utf8 = False
        if b"\r" in chunk or tail[-1:] == b"\r":
            pairs += chunk.count(b"\r\n") + (chunk[:1] == b"\n" and tail[-1:] == b"\r")
        lines += chunk.count(b"\n")
        size += len(chunk)
        tail = chunk[-_TAIL:] if len(chunk) >= _TAIL else (tail + chunk)[-_TAIL:]
    mixed = 0 < pairs < lines or (wide and _mixed(head.decode(encoding or "", "ignore")))
    found = encoding or ("utf-8" if utf8 else "cp1252")
    return TextScan(head, tail, size, found, bom_size, mixed, _is_gzip(path))


def _mixed(text: str) -> bool:
    return 0 < text.count("\r\n") < text.count("\n")


def _settled_encoding(head: bytes, given: str | None) -> tuple[str | None, int]:
    """The encoding as far as a mark or the user says it, and the size of the mark."""
    name = known_encoding(given) if given else None
    for mark, encoding in _BOMS:
        if head.startswith(mark) and (name is None or name.startswith("utf")):
            return encoding, len(mark)
    return _UNMARKED.get(name or "", name), 0


def undecodable(name: str, encoding: str, before: bytes, error: UnicodeDecodeError, lines: int = 0) -> DataError:
    """The error of a byte that is not in the encoding; before: what comes before it, after that many lines."""
    line = lines + before.count(b"\n") + 1
    label = ENCODING_NAMES.get(encoding, encoding)
    return DataError(
        f"{name}, line {line:,}: byte 0x{error.object[error.start]:02x} is not {label}; "
        f"expected text in {label}, say which encoding it is (as --encoding cp1250)"
    )


def _is_gzip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"\x1f\x8b"


def byte_chunks(path: Path) -> Iterator[bytes]:
    """The bytes of a file, decompressed where it is gzip."""
    opener = gzip.open if _is_gzip(path) else open
    with opener(path, "rb") as file:
        try:
            while chunk := file.read(CHUNK):
                yield chunk
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise DataError(
                f"{path.name}: the gzip file is cut off or damaged; expected a whole one, copy or download it again"
            ) from error


def clean_copy(
    path: Path, target: Path, encoding: str, start: int = 0, end: int | None = None, mixed: bool = False
) -> None:
    """Write the bytes from start to end as UTF-8; mixed: line ends of two kinds become one."""
    decoder: codecs.IncrementalDecoder = codecs.getincrementaldecoder(encoding)()
    if mixed:
        decoder = io.IncrementalNewlineDecoder(decoder, translate=True)  # type: ignore[assignment]
    at, lines = 0, 0
    with target.open("wb") as out:
        for chunk in byte_chunks(path):
            until = len(chunk) if end is None else max(0, min(len(chunk), end - at))
            part = chunk[max(0, start - at) : until]
            at += len(chunk)
            try:
                out.write(decoder.decode(part).encode())
            except UnicodeDecodeError as error:
                raise undecodable(path.name, encoding, part[: error.start], error, lines) from error
            lines += chunk.count(b"\n")
        out.write(decoder.decode(b"", final=True).encode())
