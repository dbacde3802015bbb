"""counts.json: counted leads as a file, so that what follows from other points can be seen later.

It holds numbers of outcomes and counts alone: no ids, names or texts of leads.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import json
import zlib
from itertools import accumulate
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from calibrate.document.rules import Rules
from calibrate.errors import DataError, shown
from calibrate.fields import Count, Share
from calibrate.leads.levels import Ints
from calibrate.meeting.combinations import Combinations

FORMAT: Literal["leadscore-counts/1.0"] = "leadscore-counts/1.0"
_LONGEST = 9  # bytes of a count below 2**63
_LEVEL = 4  # a fifth of the time of 6, 5 % longer


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Of(_Part):
    id: str
    version: str


class _Column(_Part):
    """The outcomes of a rule: how many there are, hidden among them, and the bytes of one."""

    rule: str
    ways: Annotated[int, Field(ge=3, le=1 << 16)]
    bytes: Literal[1, 2]


class _Counts(_Part):
    """The file. data: gzip in base64; gate + 1 of every combination, the outcomes rule by rule, leads, won."""

    format: Literal["leadscore-counts/1.0"] = FORMAT
    rules: _Of
    months: Annotated[float, Field(ge=1, allow_inf_nan=False)] | None
    leads: Count
    won: Count
    combinations: Count
    alone: Count
    hidden: Share
    columns: tuple[_Column, ...]
    data: str


def counts_text(combinations: Combinations, rules: Rules) -> str:
    """The combinations as JSON; the same give the same text."""
    columns = _columns(rules)
    parts = [(combinations.gates + 1).astype(np.uint8).tobytes()]
    kinds = [f"<u{column.bytes}" for column in columns]
    parts += [ways.astype(kind).tobytes() for ways, kind in zip(combinations.ways, kinds, strict=True)]
    parts += [varints(combinations.leads), varints(combinations.won)]
    document = _Counts(
        rules=_Of(id=rules.id, version=rules.version),
        months=combinations.months,
        leads=combinations.total_leads,
        won=combinations.total_won,
        combinations=len(combinations.leads),
        alone=combinations.alone,
        hidden=combinations.hidden,
        columns=columns,
        data=base64.b64encode(gzip.compress(b"".join(parts), _LEVEL, mtime=0)).decode(),
    )
    return json.dumps(document.model_dump(), ensure_ascii=False, indent=1) + "\n"


def read_counts(text: str, rules: Rules, where: str = "counts.json") -> Combinations:
    """The combinations of the file with counts that belongs to these rules.

    Raises:
        DataError: it is another kind of file, of other rules, or damaged.
    """
    try:
        document = _Counts.model_validate_json(text)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        place = ".".join(map(str, fault["loc"])) or "file"
        raise DataError(f"{where}: {place}: {fault['msg']}, expected {FORMAT}; write it again") from error
    if (document.rules.id, document.rules.version) != (rules.id, rules.version) or document.columns != _columns(rules):
        found = f"counts of {shown(document.rules.id)} version {shown(document.rules.version)}"
        expected = f"{shown(rules.id)} version {shown(rules.version)} with its rules and cases"
        raise DataError(f"{where}: found {found}, expected {expected}; take the file that came with the rules")
    counted = _unpacked(document)
    if counted is None or not _agrees(counted, document, rules):
        raise DataError(f"{where}: data: found damage, expected counts that agree with their totals; write it again")
    return counted


def _columns(rules: Rules) -> tuple[_Column, ...]:
    sizes = [(rule.id, len(rule.cases) + 3) for rule in rules.rules]
    return tuple(_Column.model_construct(rule=name, ways=size, bytes=1 if size <= 255 else 2) for name, size in sizes)


def _unpacked(document: _Counts) -> Combinations | None:
    """The combinations in the data; None where it is damaged."""
    rows, widths = document.combinations, [1, *(column.bytes for column in document.columns)]
    fixed = rows * sum(widths)
    try:
        packed = base64.b64decode(document.data, validate=True)
        data = zlib.decompressobj(wbits=31).decompress(packed, fixed + 2 * rows * _LONGEST + 1)
    except (binascii.Error, ValueError, zlib.error, OverflowError, MemoryError):
        return None
    counts = read_varints(data[fixed:])
    if len(data) < fixed or counts is None or len(counts) != 2 * rows:
        return None
    starts = accumulate(widths, lambda start, width: start + width * rows, initial=0)
    gates, *ways = (
        np.frombuffer(data, f"<u{width}", rows, start).astype(np.int64)
        for start, width in zip(starts, widths, strict=False)
    )
    return Combinations(
        ways=tuple(column.astype(np.uint16) for column in ways),
        gates=(gates - 1).astype(np.int16),
        leads=counts[:rows],
        won=counts[rows:],
        months=document.months,
        hidden=document.hidden,
    )


def _agrees(found: Combinations, document: _Counts, rules: Rules) -> bool:
    """Whether the totals are those of the data, and no number is out of range."""
    totals = (document.leads, document.won, document.alone)
    return (
        (found.total_leads, found.total_won, found.alone) == totals
        and bool(((found.leads >= 1) & (found.won <= found.leads)).all())
        and int(found.gates.max(initial=-1)) < len(rules.gates)
        and all(
            int(ways.max(initial=0)) < column.ways for ways, column in zip(found.ways, document.columns, strict=True)
        )
    )


def varints(numbers: Ints) -> bytes:
    """Numbers from 0 as LEB128: seven bits a byte, the lowest first, the highest bit where more follow.

    >>> varints(np.array([1, 300])).hex()
    '01ac02'
    """
    longest = max(1, -(-int(numbers.max(initial=0)).bit_length() // 7))
    groups = numbers[:, np.newaxis] >> (7 * np.arange(longest))
    more = groups >= 128
    kept = np.ones(groups.shape, dtype=bool)
    kept[:, 1:] = groups[:, 1:] > 0
    return ((groups & 127) | (more << 7)).astype(np.uint8)[kept].tobytes()


def read_varints(data: bytes) -> Ints | None:
    """The numbers in LEB128; None where the last one breaks off or one is too long.

    >>> read_varints(bytes.fromhex("01ac02"))
    array([  1, 300])
    """
    found: NDArray[np.uint8] = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(found < 128)
    if not len(ends) or ends[-1] != len(found) - 1:
        return np.zeros(0, np.int64) if not len(found) else None
    starts = np.concatenate([[0], ends[:-1] + 1])
    lengths = ends - starts + 1
    if lengths.max() > _LONGEST:
        return None
    place = np.arange(len(found)) - starts.repeat(lengths)
    sums: Ints = np.add.reduceat((found.astype(np.int64) & 127) << (7 * place), starts)
    return sums
