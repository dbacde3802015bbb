"""Marketo: score tokens, as its API lists them or in a table; each becomes a yes/no of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from calibrate.document.rules import Is
from calibrate.errors import shown
from calibrate.imports.claims import Claim, drafted, whole_points
from calibrate.imports.content import Content, Json
from calibrate.imports.kind import Imported, Kind

_KEYS = {"name", "type", "value"}


def read(content: Content) -> Imported:
    """A rule for every token of type score; the points are added up."""
    faults: list[str] = []
    claims: list[Claim] = []
    notes = ["Each score token is a yes/no attribute named after it: whether the lead ever did what it counts for."]
    for place, token in _tokens(content):
        name = str(token.get("name") or "").strip().removeprefix("{{my.").removesuffix("}}").strip()
        if str(token.get("type") or "").strip().casefold() != "score":
            notes.append(f"{shown(name)} is a token of type {shown(token.get('type'))} and was left out.")
        elif not name:
            faults.append(f"{place}: found no name, expected that of a token; give it one")
        else:
            points = whole_points(token.get("value"), f"{place}, value", faults)
            claims.append(Claim(place, name, Is(is_=True), points))
    return drafted(content, claims, faults, adds=False, notes=notes)


def _tokens(content: Content) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if content.table is None:
        yield from _listed(content.json, "")
        return
    for place, row in content.table.placed:
        yield place, {name.strip().casefold(): cell for name, cell in row.items()}


def _listed(value: Json, place: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The tokens in a list, or in the `tokens` of `result`."""
    if isinstance(value, dict):
        if value.keys() >= _KEYS:
            yield place, value
        for key in ("result", "tokens"):
            yield from _listed(value.get(key), f"{place}.{key}".lstrip("."))
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from _listed(item, f"{place}[{number}]") if isinstance(item, dict) else ()


def _spots(content: Content) -> bool:
    if content.table is not None:
        names = {name.strip().casefold() for name in content.table.columns}
        return names >= _KEYS and any(str(token.get("type")).casefold() == "score" for _, token in _tokens(content))
    return any(True for _ in _tokens(content))


KIND = Kind(
    name="marketo",
    reads="score tokens of Marketo: name, type and value, in JSON or a table",
    spots=_spots,
    read=read,
)
