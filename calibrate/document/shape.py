"""What is wrong with a document as it is written: not JSON, or parts that have not their shape.

What can still be read after a fault is read on, so that the faults between the parts come with them.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from calibrate.document.lint import Readable, between, found_text, path_to
from calibrate.document.part import Part
from calibrate.document.rules import (
    FORMAT,
    Attribute,
    Gate,
    Group,
    Reference,
    Rule,
    Rules,
    Score,
    ScoreBand,
)
from calibrate.errors import nearest, shown

P = TypeVar("P", bound=Part)
_TAGS = ("<in>", "<is>", "<has>", "<range>")
_EXPECTED = {
    "int_type": "a whole number; round it, or let score.unit be the finer step",
    "int_from_float": "a whole number; round it, or let score.unit be the finer step",
    "float_type": "a number; write it without quotes",
    "finite_number": "a finite number; correct it or leave it out",
    "string_type": "a text; write it in quotes",
    "string_too_short": "a text; blank says nothing, leave it out",
    "bool_type": "true or false; write it without quotes",
    "tuple_type": "a list; write it like [...]",
    "too_short": "at least one entry; add one",
    "dict_type": "an object; write it like {{...}}",
    "model_type": "an object; write it like {{...}}",
    "string_pattern_mismatch": "text of the form {pattern}; rename it",
    "literal_error": "{expected}; correct it",
    "greater_than_equal": "{ge} or more; correct it",
    "less_than_equal": "{le} or less; correct it",
    "greater_than": "more than {gt}; correct it",
}


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of document. format: what its key `format` says.  noun: with its article.  source: what writes it."""

    model: type[Part]
    format: str
    noun: str
    source: str


RULES = Kind(Rules, FORMAT, "a rules file", "`calibrate run`")


def faults_of_json(text: str) -> tuple[str, ...]:
    """Every fault of a document in JSON, but for its worked leads; none when it can be read as `Rules`."""
    try:
        found, raw = _shape_faults(text, RULES)
        return (*found, *(between(_readable(raw)) if raw is not None else ()))
    except RecursionError:
        return (_too_deep(RULES),)


def shape_faults(text: str, kind: Kind) -> tuple[str, ...]:
    """Every fault of the writing and the shape of a document of a kind; none when its model can read it."""
    try:
        return _shape_faults(text, kind)[0]
    except RecursionError:
        return (_too_deep(kind),)


def _shape_faults(text: str, kind: Kind) -> tuple[tuple[str, ...], dict[str, Any] | None]:
    """The faults, and what was read of a document that has the format and not its shape."""
    try:
        raw = json.loads(text, object_pairs_hook=_Object, parse_constant=_Constant)
    except json.JSONDecodeError as error:
        return (_broken(text, error, kind),), None
    except ValueError:
        return ("found a number of thousands of digits, expected at most 15; correct it",), None
    if not isinstance(raw, dict):
        wanted = f"expected an object with format {shown(kind.format)}"
        return (f"found {found_text(raw)}, {wanted}; is this {kind.noun}?",), None
    if raw.get("format") != kind.format:
        was = found_text(raw["format"]) if "format" in raw else "nothing"
        wanted = f"expected {shown(kind.format)}; use a file that {kind.source} of this version wrote"
        return (f"format: found {was}, {wanted}",), None
    found = dict(_written_faults(raw, ""))
    try:
        kind.model.model_validate_json(text, by_alias=True, by_name=False)
    except ValidationError as error:
        shaped = [item for item in error.errors(include_url=False) if item["type"] != "json_invalid"]
        if not shaped and not found:
            return (_too_deep(kind),), None
        for item in shaped:
            found.setdefault(*_shape_fault(item, raw, kind))
        return tuple(found.values()), raw
    return tuple(found.values()), None


def _too_deep(kind: Kind) -> str:
    return f"found brackets nested too deep to read, expected {kind.noun}; check what wrote it"


class _Object(dict[str, Any]):
    """A JSON object that remembers which keys it was given twice."""

    def __init__(self, pairs: Sequence[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        counts = Counter(key for key, _ in pairs) if len(self) < len(pairs) else {}
        self.twice = [key for key, count in counts.items() if count > 1]


class _Constant:
    """NaN, Infinity or -Infinity, which are not JSON."""

    def __init__(self, text: str) -> None:
        self.text = text


def _broken(text: str, error: json.JSONDecodeError, kind: Kind) -> str:
    if not text.strip():
        return f"found an empty file, expected {kind.noun}; make one with {kind.source}"
    place = f"line {error.lineno}, column {error.colno}"
    if error.pos >= len(text.rstrip()) or "Unterminated" in error.msg:
        return f"{place}: the file ends in the middle, expected a whole JSON document; copy or write it again"
    return f"{place}: found {shown(text[error.pos : error.pos + 20])}, not JSON ({error.msg}); correct it there"


def _written_faults(value: Any, place: str) -> Iterator[tuple[str, str]]:
    """Faults of the writing that JSON readers pass over in silence, by place."""
    if isinstance(value, _Constant):
        yield place, f"{place}: found {value.text}, expected a finite number; correct it or leave it out"
    if isinstance(value, str) and not value.isascii() and any("\ud800" <= mark <= "\udfff" for mark in value):
        yield place, f"{place}: found half a character in {shown(value)}, expected whole ones; write it again"
    if isinstance(value, _Object):
        for key in value.twice:
            where = path_to(place, key)
            yield where, f"{where}: found the key twice, expected once; keep one of the two"
        for key, item in value.items():
            yield from _written_faults(key, path_to(place, key))
            yield from _written_faults(item, path_to(place, key))
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from _written_faults(item, f"{place}[{number}]")


def _shape_fault(error: ErrorDetails, raw: Any, document: Kind) -> tuple[str, str]:
    """The place of a fault that pydantic found, and the fault in our words."""
    steps = [step for step in error["loc"] if step not in _TAGS]
    if steps[0] == "tests" and "lead" in steps:
        steps = steps[:4]
    place, at, known = "", raw, list[str | int]()
    for step in steps:
        inside = (isinstance(at, dict) and step in at) or (isinstance(at, list) and isinstance(step, int))
        # What is not in the document names an alternative of a union, or the key that is missing.
        if inside or error["type"] == "missing":
            place, at = path_to(place, step), at[step] if inside else None
            known.append(step)
    kind = error["type"]
    if kind == "missing":
        return place, f"{place}: found nothing, expected this key; add it"
    if kind == "extra_forbidden":
        there = nearest(str(known[-1]), _keys(known[:-1], document))
        return place, f"{place}: found a key that the format does not have; {there}"
    if steps[0] == "tests" and "lead" in steps:
        expected = "null, true, false, a number, a text or a list of texts; correct it"
    elif kind == "expected":
        expected = error["msg"]
    else:
        expected = _EXPECTED.get(kind, f"what it says: {error['msg']}").format(**error.get("ctx", {}))
    return place, f"{place or 'document'}: found {found_text(at)}, expected {expected}"


def _keys(steps: Sequence[str | int], document: Kind) -> list[str]:
    """The keys that the format has at a place, read off its JSON Schema."""
    schema = document.model.model_json_schema(by_alias=True)

    def options(node: Any) -> Iterator[Any]:
        if "$ref" in node:
            node = schema["$defs"][node["$ref"].rpartition("/")[2]]
        yield node
        for key in ("anyOf", "oneOf"):
            for option in node.get(key, ()):
                yield from options(option)

    nodes = list(options(schema))
    for step in steps:
        following = [
            node.get("items")
            if isinstance(step, int)
            else node.get("properties", {}).get(step, node.get("additionalProperties"))
            for node in nodes
        ]
        nodes = [option for node in following if isinstance(node, dict) for option in options(node)]
    return list(dict.fromkeys(key for node in nodes for key in node.get("properties", ())))


def _readable(raw: Mapping[str, Any]) -> Readable:
    def one(kind: type[P], item: Any) -> P | None:
        try:
            return kind.model_validate_json(json.dumps(item), by_alias=True, by_name=False)
        except (ValidationError, TypeError):
            return None

    def each(kind: type[P], key: str) -> dict[int, P]:
        items = raw.get(key)
        parts = ((place, item) for place, item in enumerate(items if isinstance(items, list) else ()))
        return {place: part for place, item in parts if (part := one(kind, item) or one(kind, _core(item)))}

    def named(kind: type[P], key: str) -> dict[str, P | None]:
        items = raw.get(key)
        return {name: one(kind, item) for name, item in items.items()} if isinstance(items, dict) else {}

    return Readable(
        attributes=named(Attribute, "attributes"),
        groups=named(Group, "groups"),
        rules=each(Rule, "rules"),
        gates=each(Gate, "gates"),
        bands=each(ScoreBand, "bands"),
        score=one(Score, raw.get("score", {})),
        reference=one(Reference, raw.get("reference")),
    )


def _core(item: Any) -> Any:
    """What a rule is about, without its cases."""
    return {key: item[key] for key in ("id", "attr", "group") if key in item} if isinstance(item, dict) else None
