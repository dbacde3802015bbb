"""What attributes are called in a target, where it cannot say their own names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from calibrate.document.lead_score import used
from calibrate.document.rules import Rules
from calibrate.errors import DataError, nearest, shown
from calibrate.exports.target import ExportError, FieldKind, Input, Kind, Options
from calibrate.reading.dialect import ReadingOptions
from calibrate.reading.source import open_source

OBJECT_NAMES = frozenset((
    "constructor", "hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable", "toLocaleString", "toString", "valueOf",
    "__proto__", "__defineGetter__", "__defineSetter__", "__lookupGetter__", "__lookupSetter__",
))  # fmt: skip
"""Names that every object of JavaScript has, so that an absent key is not missing there."""
CURE = "name it in the file of --names"
_KINDS: dict[str, FieldKind] = {"text": "text", "picklist": "picklist"}


@dataclass(frozen=True, slots=True)
class Names:
    """What a file of names says by attribute: fields, and the kinds of those that it tells."""

    fields: dict[str, str]
    kinds: dict[str, FieldKind]


def fields(
    rules: Rules,
    options: Options,
    target: str,
    *,
    clean: Callable[[str], str] = str,
    allowed: Callable[[str], bool] = bool,
    same: Callable[[str], str] = str,
    taken: Iterable[str] = (),
) -> dict[str, str]:
    """The field of every attribute that the rules read, in the order of the document.

    clean: makes a name that the target can say of an attribute's.  allowed: whether it can say a name that the
    options give.  same: names that are equal after it are one name to the target.  taken: names of its own.

    Raises:
        ExportError: two attributes have one field, a field is one of the target's own, a name is not allowed, or the
            options name an attribute that is none.
    """
    read = used(rules)
    faults = [
        f"--names: found {shown(name)}, expected an attribute of the rules; {nearest(name, rules.attributes)}"
        for name in {**options.fields, **options.kinds}
        if name not in rules.attributes
    ]
    found = {name: options.fields[name] if name in options.fields else clean(name) for name in read}
    owners: dict[str, str] = {}
    own = {same(name): name for name in taken}
    for name, field in found.items():
        where = f"attribute {shown(name)}"
        if not allowed(field):
            faults.append(f"{where}: found the field name {shown(field)}, expected one that {target} can say; {CURE}")
        elif same(field) in own:
            faults.append(f"{where}: found the name of a result, {shown(field)}, expected one of its own; {CURE}")
        elif (other := owners.setdefault(same(field), name)) != name:
            faults.append(f"{where}: found the field {shown(field)} of {shown(other)}, expected its own; {CURE}")
    if faults:
        raise ExportError(f"{target}: {fault}" for fault in faults)
    return found


def inputs_of(rules: Rules, found: Mapping[str, str], sets: Kind = "list") -> tuple[Input, ...]:
    """How a target wants the attributes that have these fields, where numbers and truth values are what they are.

    sets: how it wants a set.
    """
    kinds: dict[str, Kind] = {"number": "number", "boolean": "boolean", "set": sets}
    return tuple(Input(name, field, kinds.get(rules.attributes[name].type, "text")) for name, field in found.items())


def identifier(name: str, reserved: Iterable[str] = ()) -> str:
    """A name of ASCII letters, digits and underscores that starts with a letter.

    >>> identifier("Lead source"), identifier("Größe (m²)"), identifier("1st"), identifier("if", ["if"])
    ('Lead_source', 'Grosse_m2', 'x1st', 'if_')
    """
    plain = unicodedata.normalize("NFKD", name.replace("ß", "ss").replace("ø", "o").replace("Ø", "O"))
    kept = "".join(mark for mark in plain if not unicodedata.combining(mark))
    word = re.sub(r"[^A-Za-z0-9]+", "_", kept).strip("_") or "x"
    word = word if word[0].isalpha() else f"x{word}"
    return f"{word}_" if word.casefold() in {item.casefold() for item in reserved} else word


def named(found: Mapping[str, str]) -> tuple[str, ...]:
    """A sentence for each attribute that goes by another name in the target."""
    return tuple(f"{shown(name)} is called {shown(field)}." for name, field in found.items() if name != field)


def read_names(path: str | Path) -> Names:
    """What a CSV file with the columns attribute and field says; a third column, kind, may be there.

    A row with a kind alone leaves the attribute its name.

    Raises:
        DataError: it cannot be read, lacks one of the columns, names an attribute twice, or a kind that is none.
    """
    types: dict[str, Literal["text"]] = dict.fromkeys(("attribute", "field", "kind"), "text")
    with open_source(path, ReadingOptions(), types=types) as source:
        columns = [column.name for column in source.columns]
        if absent := [name for name in ("attribute", "field") if name not in columns]:
            known = ", ".join(map(shown, columns))
            where = f"{source.name}: found the columns {known}, expected attribute and field"
            raise DataError(f"{where}; add {' and '.join(absent)}")
        read = [name for name in types if name in columns]
        rows = [row for batch in source.batches(read) for row in batch.to_pylist()]
        return _names(source.name, rows)


def _names(file: str, rows: Iterable[Mapping[str, str | None]]) -> Names:
    names = Names({}, {})
    for place, row in enumerate(rows, start=2):
        name, field, kind = (row.get(column) or "" for column in ("attribute", "field", "kind"))
        if name in names.fields or name in names.kinds:
            raise DataError(f"{file}, row {place}: found {shown(name)} again, expected it once; keep one")
        if kind in _KINDS:
            names.kinds[name] = _KINDS[kind]
        elif kind:
            expected = "text, picklist or nothing"
            raise DataError(f"{file}, row {place}: found the kind {shown(kind)}, expected {expected}; correct it")
        if field or not kind:
            names.fields[name] = field
    return names
