"""What each column of the leads is, and whether it can be an attribute."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from calibrate.reading.strays import Stray, find_stray
from calibrate.settings import AttributeSettings, Settings
from calibrate.words.language import message

ColumnKind = Literal[
    "category", "number", "boolean", "set", "date", "identifier", "e-mail", "free text", "constant", "empty"
]
SEPARATORS = (";", "|", ",")
MEMBERS = 40
_ATTRIBUTE_KINDS = ("category", "number", "boolean", "set")
_ID_NAME = re.compile(r"(^|[^a-z])(id|ids|uuid|guid|nr|number|nummer|numéro|no|key|code|phone|mobile|tel)([^a-z]|$)")


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """What is in a column of the sample.

    filled: share of leads with a value, 0 to 1.  distinct: different values, missing left out.
    frequent: the commonest values, at most three.  verdict: why it cannot be an attribute; None where it can.
    values: a category's texts, or a set's members, commonest first.  separator: of a set.
    stray: a text among values that are otherwise numbers or dates; None where a person said it is text.
    """

    name: str
    kind: ColumnKind
    filled: float
    distinct: int
    frequent: tuple[str, ...]
    verdict: str | None = None
    values: tuple[str, ...] = ()
    separator: str | None = None
    stray: Stray | None = None


def profile_columns(sample: pa.Table, settings: Settings) -> tuple[ColumnProfile, ...]:
    """A profile of every column, in the order of the file."""
    texts = settings.source.text_columns
    return tuple(_profile(name, sample[name], settings.attribute(name), name in texts) for name in sample.column_names)


def _profile(name: str, column: pa.ChunkedArray, chosen: AttributeSettings, is_text: bool) -> ColumnProfile:
    values = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    rows, filled = len(values), len(values) - values.null_count
    counts = _Counts.of(values)
    share = filled / rows if rows else 0.0
    frequent = tuple(_text(value) for value, _ in counts.pairs(3))
    kind, verdict, separator = _kind(name, values.type, counts, (filled, rows), chosen)
    held: tuple[str, ...] = ()
    if kind == "category":
        held = tuple(str(value) for value, _ in counts.pairs())
    elif kind == "set":
        held = tuple(member for member, _ in _members(counts.pairs(), separator or ";").most_common(MEMBERS))
    stray = None
    if kind in ("category", "identifier") and pa.types.is_string(values.type) and not is_text and chosen.kind is None:
        stray = find_stray([str(value) for value, _ in counts.pairs()])
    if stray and kind == "identifier":
        verdict = message("reasons.stray", verdict=verdict, text=repr(stray.text[:40]), expected=stray.expected)
    return ColumnProfile(name, kind, share, len(counts), frequent, verdict, held, separator, stray)


@dataclass(frozen=True, slots=True)
class _Counts:
    """Distinct values with their leads, commonest first, ties in order of value."""

    values: pa.Array
    leads: npt.NDArray[np.int64]

    @classmethod
    def of(cls, values: pa.Array) -> _Counts:
        held = pc.drop_null(values)
        if pa.types.is_integer(held.type) or pa.types.is_floating(held.type):
            distinct, leads = np.unique(held.to_numpy(zero_copy_only=False), return_counts=True)
            order = np.argsort(-leads, kind="stable")
            return cls(pa.array(distinct[order]), leads[order])
        distinct, leads = pc.value_counts(held).flatten()
        keys = [("leads", "descending"), ("value", "ascending")]
        order = pc.sort_indices(pa.table({"value": distinct, "leads": leads}), sort_keys=keys)
        return cls(distinct.take(order), leads.take(order).to_numpy(zero_copy_only=False))

    def __len__(self) -> int:
        return len(self.values)

    def pairs(self, most: int | None = None) -> list[tuple[object, int]]:
        """The commonest, or all of them."""
        return list(zip(self.values[:most].to_pylist(), self.leads[:most].tolist(), strict=True))


def _kind(
    name: str,
    dtype: pa.DataType,
    counts: _Counts,
    sizes: tuple[int, int],
    chosen: AttributeSettings,
) -> tuple[ColumnKind, str | None, str | None]:
    filled, rows = sizes
    if not len(counts):
        return "empty", message("reasons.empty"), None
    if chosen.kind == "set":
        return "set", None, chosen.separator or _separator(counts.pairs()) or ";"
    if chosen.kind is not None and not pa.types.is_temporal(dtype):
        return chosen.kind, None, None
    if len(counts) == 1 and filled == rows:
        return "constant", message("reasons.constant", value=_text(counts.pairs(1)[0][0])), None
    if pa.types.is_temporal(dtype):
        return "date", message("reasons.date"), None
    if pa.types.is_boolean(dtype):
        return "boolean", None, None
    if pa.types.is_integer(dtype) or pa.types.is_floating(dtype) or pa.types.is_decimal(dtype):
        return _number_kind(name, counts.values, filled)
    return _text_kind([(str(value), leads) for value, leads in counts.pairs()], filled)


def _number_kind(name: str, distinct: pa.Array, filled: int) -> tuple[ColumnKind, str | None, str | None]:
    """A number, unless nearly every lead has its own and they look numbered."""
    if len(distinct) > 20 and len(distinct) / filled > 0.95:
        values = distinct.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
        whole = bool(np.all(values == np.floor(values)))
        dense = whole and float(np.ptp(values)) < 4 * len(distinct)
        if dense or (whole and _ID_NAME.search(name.casefold())):
            return "identifier", message("reasons.numbered"), None
    return "number", None, None


def _text_kind(counts: list[tuple[str, int]], filled: int) -> tuple[ColumnKind, str | None, str | None]:
    distinct = len(counts)
    separator = _separator(counts)
    if separator:
        return "set", None, separator
    texts = [text for text, _ in counts[:2000]]
    if distinct / filled > 0.5 and distinct > 10:
        if np.mean(["@" in text for text in texts]) > 0.8:
            return "e-mail", message("reasons.e_mail"), None
        if np.mean([len(text.split()) for text in texts]) > 3.5:
            return "free text", message("reasons.free_text_differs"), None
        return "identifier", message("reasons.identifier"), None
    if np.median([len(text) for text in texts]) > 80:
        return "free text", message("reasons.free_text"), None
    return "category", None, None


def _separator(counts: Iterable[tuple[object, int]]) -> str | None:
    """The mark between the values of one cell, if the column holds sets.

    Members must be few, shared between cells, and no more than the combinations they make: `Smith, Inc` and
    `Vries, BV` have four members in two cells and are names.
    """
    texts = [(str(value), leads) for value, leads in counts]
    total = sum(leads for _, leads in texts)
    for separator in SEPARATORS:
        split = sum(leads for text, leads in texts if separator in text)
        if split < 0.05 * total:
            continue
        members = _members(texts, separator)
        shared = sum(1 for leads in members.values() if leads >= 0.01 * total)
        short = all(len(member) <= 40 for member in members)
        if short and 2 <= len(members) <= min(MEMBERS, len(texts)) and shared >= 2:
            return separator
    return None


def _members(counts: Iterable[tuple[object, int]], separator: str) -> Counter[str]:
    members: Counter[str] = Counter()
    for value, leads in counts:
        for member in {part.strip() for part in str(value).split(separator)} - {""}:
            members[member] += leads
    return Counter(dict(sorted(members.items(), key=lambda pair: (-pair[1], pair[0]))))


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def spelling_variants(texts: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """Values that differ only in case or spaces, grouped; commonest first as they came.

    >>> spelling_variants(["Google", "Bing", "google "])
    (('Google', 'google '),)
    """
    folded: dict[str, list[str]] = {}
    for text in texts:
        folded.setdefault(" ".join(text.split()).casefold(), []).append(text)
    return tuple(tuple(group) for group in folded.values() if len(group) > 1)


def can_be_attribute(profile: ColumnProfile) -> bool:
    """Whether points can be made from the column."""
    return profile.verdict is None and profile.kind in _ATTRIBUTE_KINDS
