"""JsonLogic: the file that the export target jsonlogic writes, and sums of `if` that people wrote.

    {"if": [gate, score, ..., {"max": [0, {"min": [100, {"+": [10, rule, {"min": [30, {"+": [rule, rule]}]}]}]}]}]}

A rule is `{"if": [condition, points, condition, points, ..., points]}` over one variable.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from calibrate.document.rules import Attribute, Gate, GateThen, GateWhen, Group, In, Is, Rule, Rules, Score, ScoreBand
from calibrate.errors import RulesError, shown
from calibrate.exports.naming import identifier
from calibrate.imports.claims import rule_id, whole_points
from calibrate.imports.content import Content, Json
from calibrate.imports.kind import Imported, Kind
from calibrate.imports.logic import (
    Chain,
    Test,
    Type,
    UnreadableError,
    chain_of,
    number,
    operation,
    read_test,
    unreadable,
    variable,
)
from calibrate.imports.ranges import exact_note

_OPERATORS = ("if", "+", "min", "max")
_SUM = "a sum of points; write it with +, if, min and max"


@dataclass(slots=True)
class _Found:
    """What an expression says, as it is read, with its faults."""

    faults: list[str] = field(default_factory=list)
    base: int = 0
    gates: list[tuple[Test, int]] = field(default_factory=list)
    chains: list[tuple[Chain, str | None]] = field(default_factory=list)
    groups: dict[str, Group] = field(default_factory=dict)
    bands: tuple[ScoreBand, ...] = ()
    gate_bands: tuple[str | None, ...] = ()


def read(content: Content) -> Imported:
    """The document of an expression for the score and, where there is one, of that for the band."""
    own = _is_own(content.json)
    found = _Found()
    place = "score" if own else ""
    score = _score(content.json["score"] if own else content.json, place, found)
    if own and content.json.get("band") is not None:
        _caught(found, _bands, content.json["band"], "band", found)
    types = _types(found)
    if not found.chains and not found.faults:
        found.faults.append("found no rules, expected an if of points over a variable; is this the whole file?")
    if found.faults:
        raise RulesError(content.name, found.faults)
    taken: set[str] = set()
    made = content.json.get("made_from") if own else None
    parts = made if isinstance(made, dict) else {}
    rules = Rules(
        id=_text(parts.get("id")) or identifier(content.stem).casefold(),
        version=_text(parts.get("version")) or "1",
        title=f"Points of {content.name}",
        score=score,
        attributes={name: Attribute(type=kind, label=name) for name, kind in types.items()},
        gates=_gates(found),
        groups=found.groups,
        rules=tuple(_rule(chain, group, taken) for chain, group in found.chains),
        bands=found.bands,
    )
    exact = exact_note(case.when for chain, _ in found.chains for case in chain.cases)
    return Imported(rules, (*dict.fromkeys(_notes(found, types)), *exact))


def _score(logic: Json, place: str, found: _Found) -> Score:
    """The gates, then the bounds of the whole, then its sum."""
    name, given = operation(logic)
    if name == "if" and not _is_chain(given):
        for i in range(0, len(given) - 1, 2):
            where = f"{place}.if[{i}]"
            _caught(found, _gate, given[i : i + 2], where, found)
        logic, place = given[-1], f"{place}.if[{len(given) - 1}]"
    low, high, inner, place = _bounded(logic, place, found)
    _sum(inner, place, None, found)
    found.base = whole_points(found.base, f"{place}.+".lstrip("."), found.faults)
    return Score(base=found.base, min=low, max=high)


def _is_chain(given: Sequence[Json]) -> bool:
    """Whether an if is a rule of its own: its last part is another if with a number for every case."""
    while given and operation(given[-1])[0] == "if":
        given = operation(given[-1])[1]
    return not given or number(given[-1]) is not None


def _gate(given: Sequence[Json], place: str, found: _Found) -> None:
    test = read_test(given[0], place)
    if len(test.whens) != 1 or not isinstance(test.whens[0], In | Is):
        raise unreadable(place, given[0], "a text or yes/no of one attribute, which a gate asks for; write it so")
    found.gates.append((test, whole_points(given[1], place, found.faults)))


def _bounded(logic: Json, place: str, found: _Found) -> tuple[int | None, int | None, Json, str]:
    """The lowest and the highest of a sum, the sum itself, and its place."""
    bounds: dict[str, int] = {}
    while (name := operation(logic)[0]) in ("max", "min"):
        given = operation(logic)[1]
        numbers = [item for item in given if number(item) is not None]
        rest = [i for i, item in enumerate(given) if number(item) is None]
        if len(numbers) != 1 or len(rest) != 1 or name in bounds:
            where = f"{place}.{name}".lstrip(".")
            found.faults.append(f"{where}: found {len(given)} parts, expected a number and a sum, once; correct it")
            return None, None, 0, place
        bounds[name] = whole_points(numbers[0], f"{place}.{name}", found.faults)
        logic, place = given[rest[0]], f"{place}.{name}[{rest[0]}]"
    return bounds.get("max"), bounds.get("min"), logic, place


def _sum(logic: Json, place: str, group: str | None, found: _Found) -> None:
    """The parts of a sum, taken in."""
    name, given = operation(logic)
    if name == "+":
        for i, part in enumerate(given):
            _sum(part, f"{place}.+[{i}]", group, found)
    elif name == "if":
        _caught(found, _chain, given, f"{place}.if", group, found)
    elif name in ("min", "max") and group is None:
        low, high, inner, where = _bounded(logic, place, found)
        group = f"group {len(found.groups) + 1}"
        found.groups[group] = Group(min=low, max=high)
        _sum(inner, where, group, found)
    elif number(logic) is not None and (group is None or number(logic) == 0):
        found.base += whole_points(logic, place, found.faults)
    else:
        found.faults.append(str(unreadable(place.lstrip(".") or "expression", logic, _SUM)))


def _chain(given: Sequence[Json], place: str, group: str | None, found: _Found) -> None:
    """A rule; an if at the end of another goes on with it."""
    tests: list[tuple[Test, int]] = []
    while True:
        if len(given) < 3 or len(given) % 2 == 0:
            expected = "condition, points, ..., and the points of every other value at the end; add what is missing"
            raise UnreadableError(f"{place}: found {len(given)} parts, expected {expected}")
        for i in range(0, len(given) - 1, 2):
            points = whole_points(given[i + 1], f"{place}[{i + 1}]", found.faults)
            tests.append((read_test(given[i], f"{place}[{i}]"), points))
        last = given[-1]
        if operation(last)[0] != "if":
            break
        place, given = f"{place}[{len(given) - 1}].if", operation(last)[1]
    otherwise = whole_points(last, f"{place}[{len(given) - 1}]", found.faults)
    found.chains.append((chain_of(tests, otherwise, place), group))


def _bands(logic: Json, place: str, found: _Found) -> None:
    """The bands of the scores, after those of the gates."""
    name, given = operation(logic)
    if name != "if":
        raise unreadable(place, logic, "an if of score and names; write it so")
    gates: list[str | None] = []
    bands: list[ScoreBand] = []
    for i in range(0, len(given) - 1, 2):
        where, band = f"{place}.if[{i}]", given[i + 1]
        if (edge := _edge(given[i])) is not None:
            if not isinstance(band, str) or not band:
                raise unreadable(f"{place}.if[{i + 1}]", band, "the name of a band; write it")
            bands.append(ScoreBand(name=band, from_=whole_points(edge, where, found.faults)))
        elif len(gates) < len(found.gates) and not bands and read_test(given[i], where) == found.gates[len(gates)][0]:
            gates.append(_text(band))
        else:
            expected = '{">=": [{"var": "score"}, number]}, or a gate in the order of the score; write it so'
            raise unreadable(where, given[i], expected)
    last = given[-1] if len(given) % 2 else None
    if isinstance(last, str) and last:
        bands.append(ScoreBand(name=last))
    elif bands:
        raise unreadable(f"{place}.if[{len(given) - 1}]", last, "the band of every lower score; name it")
    found.bands, found.gate_bands = tuple(bands), tuple(gates)


def _edge(logic: Json) -> Json:
    name, given = operation(logic)
    return given[1] if name == ">=" and len(given) == 2 and variable(given[0]) == "score" else None


def _caught(found: _Found, part: Any, *given: Any) -> None:
    """Read a part; what is wrong with it stands with the other faults."""
    try:
        part(*given)
    except UnreadableError as error:
        found.faults.append(str(error).lstrip("."))


def _types(found: _Found) -> dict[str, Type]:
    """The types of the attributes; one that two conditions compare in two ways is a fault."""
    types: dict[str, Type] = {}
    asked: list[tuple[str, Type | None]] = [(chain.of, chain.kind) for chain, _ in found.chains]
    asked += [(test.of, "boolean" if isinstance(test.whens[0], Is) else "category") for test, _ in found.gates]
    for name, kind in asked:
        if kind is not None and types.setdefault(name, kind) != kind:
            found.faults.append(
                f"variable {shown(name)}: found a {kind}, expected a {types[name]} as elsewhere; compare it in one way"
            )
    return {name: types.get(name, "text") for name, _ in asked}


def _gates(found: _Found) -> tuple[Gate, ...]:
    taken: set[str] = set()
    bands = (*found.gate_bands, *[None] * len(found.gates))
    made = []
    for (test, score), band in zip(found.gates, bands, strict=False):
        when = test.whens[0]
        asked = GateWhen(attr=test.of, in_=getattr(when, "in_", None), is_=getattr(when, "is_", None))
        made.append(Gate(id=rule_id(test.of, taken), when=asked, then=GateThen(score=score, band=band)))
    return tuple(made)


def _rule(chain: Chain, group: str | None, taken: set[str]) -> Rule:
    return Rule(
        id=rule_id(chain.of, taken),
        attr=chain.of,
        group=group,
        cases=chain.cases,
        otherwise=chain.otherwise,
        missing=chain.missing,
    )


def _notes(found: _Found, types: dict[str, Type]) -> list[str]:
    notes = []
    for chain, _ in found.chains:
        name = shown(chain.of)
        if chain.as_zero:
            notes.append(f"{name} without a value scores as 0 does, which is what JavaScript makes of it.")
        if types[chain.of] in ("category", "text") and chain.blank != chain.missing:
            notes.append(f'{name} as "" scores {chain.missing} like no value, not {chain.blank} as in the file.')
        if chain.kind is None and types[chain.of] == "text":
            notes.append(f"{name} is only asked for being there; it is taken as a text.")
        if chain.kind == "set":
            notes.append(f"{name} is taken as a list of texts, since a text is looked for in it.")
    return notes


def _is_own(value: Json) -> bool:
    return isinstance(value, dict) and value.get("format") == "JsonLogic" and "score" in value


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) and value else None


KIND = Kind(
    name="jsonlogic",
    reads="an expression in JsonLogic: a sum of if over variables",
    spots=lambda content: content.table is None and (_is_own(content.json) or operation(content.json)[0] in _OPERATORS),
    read=read,
)
