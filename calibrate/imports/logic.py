"""Conditions of JsonLogic on one attribute, and the points of a chain of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from calibrate.document.lint import found_text
from calibrate.document.rules import Case, Condition, Has, In, Is, Range
from calibrate.imports.content import Json
from calibrate.imports.ranges import after, common, ends, label_of, without

When = Condition | Literal["null", "blank"]
Type = Literal["category", "number", "boolean", "set", "text"]
_TYPES: Mapping[type, Type] = {In: "category", Range: "number", Is: "boolean", Has: "set"}
_ORDER = ("<", "<=", ">", ">=")
_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


class UnreadableError(Exception):
    """A part of an expression that rules cannot say; holds the fault."""


@dataclass(frozen=True, slots=True)
class Test:
    """What is asked of one attribute: any of these is enough. "null" and "blank" are no value, and the text ""."""

    of: str
    whens: tuple[When, ...]


def unreadable(place: str, found: Json, expected: str) -> UnreadableError:
    """The fault of a part of an expression."""
    return UnreadableError(f"{place}: found {seen(found)}, expected {expected}")


def seen(logic: Json) -> str:
    """An expression in a message: its operator, or the value."""
    return f"the operator {found_text(next(iter(logic)))}" if isinstance(logic, dict) and logic else found_text(logic)


def operation(logic: Json) -> tuple[str, list[Json]]:
    """The operator of an expression and its arguments; "" where it is none."""
    if not isinstance(logic, dict) or len(logic) != 1:
        return "", []
    ((name, given),) = logic.items()
    return name, given if isinstance(given, list) else [given]


def variable(logic: Json) -> str | None:
    """The name of a variable; None for anything else, one with a default among them."""
    name, given = operation(logic)
    return given[0] if name == "var" and len(given) == 1 and isinstance(given[0], str) and given[0] else None


def number(value: Json) -> float | None:
    """A finite number; None for anything else."""
    try:
        found = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
    except OverflowError:
        return None
    return found if abs(found) < 1e300 else None


def read_test(logic: Json, place: str) -> Test:
    """The condition that an expression is.

    Raises:
        UnreadableError: it is about two attributes, or a rule cannot say it.
    """
    name, given = operation(logic)
    where = f"{place}.{name}" if name else place
    if name in ("or", "and") and given:
        return _joined(name, [read_test(part, f"{where}[{i}]") for i, part in enumerate(given)], where)
    if name == "===" and len(given) == 2:
        return _equal(given, where)
    if name == "in" and len(given) == 2:
        return _in(given, where)
    if name in _ORDER:
        return _between(name, given, where)
    if name in ("==", "!=", "!=="):
        raise unreadable(place, logic, "===, which means the same in every engine; write that")
    raise unreadable(place, logic, "===, in, <, <=, >, >=, and, or; write the condition with these")


def _equal(given: Sequence[Json], place: str) -> Test:
    of, value = variable(given[0]), given[1]
    if of is None:
        of, value = variable(given[1]), given[0]
    if of is None or isinstance(value, dict | list):
        raise unreadable(place, given[0] if of is None else value, 'a variable {"var": name} and a value; correct it')
    if value is None:
        return Test(of, ("null",))
    if value == "":
        return Test(of, ("blank",))
    if isinstance(value, bool):
        return Test(of, (Is(is_=value),))
    if isinstance(value, str):
        return Test(of, (In(in_=(value,)),))
    if (found := number(value)) is None:
        raise unreadable(place, value, "a number within bounds; correct it")
    return Test(of, (Range(ge=found, lt=after(found)),))


def _in(given: Sequence[Json], place: str) -> Test:
    member, values = given
    if isinstance(member, str) and member and (of := variable(values)) is not None:
        return Test(of, (Has(has=member),))
    if (of := variable(member)) is None or not isinstance(values, list):
        raise unreadable(place, member if of is None else values, "a variable in a list of texts, or a text in one")
    if not values or not all(isinstance(text, str) and text for text in values):
        raise unreadable(place, values, "a list of texts; use === for other values")
    return Test(of, (In(in_=tuple(dict.fromkeys(values))),))


def _between(name: str, given: Sequence[Json], place: str) -> Test:
    """`x < 10`, `10 > x`, and `10 <= x < 50` with three arguments."""
    if len(given) == 3 and name in ("<", "<="):
        parts = [_between(name, given[:2], place), _between(name, given[1:], place)]
        return _joined("and", parts, place)
    of, end = (variable(given[0]), number(given[1])) if len(given) == 2 else (None, None)
    if of is None and len(given) == 2:
        name, of, end = _FLIPPED[name], variable(given[1]), number(given[0])
    if of is None or end is None:
        raise unreadable(place, given[0] if given else None, 'a variable {"var": name} and a number; correct it')
    bins = {"<": Range(lt=end), "<=": Range(lt=after(end)), ">": Range(ge=after(end)), ">=": Range(ge=end)}
    return Test(of, (bins[name],))


def _joined(name: str, tests: Sequence[Test], place: str) -> Test:
    of = tests[0].of
    if any(test.of != of for test in tests):
        listed = " and ".join(found_text(other) for other in dict.fromkeys(test.of for test in tests))
        raise UnreadableError(f"{place}: found {listed}, expected one attribute; make a yes/no attribute of both")
    if name == "or":
        return Test(of, tuple(dict.fromkeys(when for test in tests for when in test.whens)))
    bins = [when for test in tests for when in test.whens if isinstance(when, Range) and len(test.whens) == 1]
    if len(bins) < len(tests):
        raise UnreadableError(f"{place}: found an and of texts, expected ends of one range; write the values meant")
    whole = common(bins)
    if whole is None:
        raise UnreadableError(f"{place}: found a range without numbers in it, expected its lower end first; swap them")
    return Test(of, (whole,))


@dataclass(frozen=True, slots=True)
class Chain:
    """A rule as a chain of conditions has it.

    kind: of the attribute; None where no condition tells.  as_zero: whether no value counts as the number 0 in it.
    blank: points of the text "".
    """

    of: str
    kind: Type | None
    cases: tuple[Case, ...]
    otherwise: int
    missing: int
    blank: int
    as_zero: bool


def chain_of(tests: Sequence[tuple[Test, int]], otherwise: int, place: str) -> Chain:
    """The rule of conditions of which the first that is true gives its points.

    No value is smaller or greater than a number as 0 is, as JavaScript has it, where it is not asked for before.

    Raises:
        UnreadableError: the conditions are about two attributes, or compare one in two ways.
    """
    _joined("or", [test for test, _ in tests], place)
    types = dict.fromkeys(_TYPES[type(when)] for test, _ in tests for when in test.whens if not isinstance(when, str))
    if len(types) > 1:
        listed = " and a ".join(types)
        raise UnreadableError(f"{place}: found a {listed}, expected one kind of value; write a rule for each")
    asked = ((test.whens, points) for test, points in tests)
    null = next(((whens, points) for whens, points in asked if "null" in whens or any(map(_holds_zero, whens))), None)
    blank = next((points for test, points in tests if "blank" in test.whens), otherwise)
    return Chain(
        of=tests[0][0].of,
        kind=next(iter(types), None),
        cases=tuple(_cases(tests)),
        otherwise=otherwise,
        missing=null[1] if null else otherwise,
        blank=blank,
        as_zero="number" in types and (null is None or "null" not in null[0]),
    )


def _cases(tests: Sequence[tuple[Test, int]]) -> list[Case]:
    """The cases, each without what one before it holds; bins rise."""
    bins: list[Range] = []
    taken: set[object] = set()
    found: list[Case] = []
    for when, points in ((when, points) for test, points in tests for when in test.whens):
        match when:
            case Range():
                found += [Case(when=part, points=points, label=label_of(part)) for part in without(when, bins)]
                bins.append(when)
            case In(in_=texts):
                left = tuple(text for text in texts if text not in taken)
                found += [Case(when=In(in_=left), points=points)] if left else []
                taken.update(texts)
            case Is() | Has() if when not in taken:
                found.append(Case(when=when, points=points))
                taken.add(when)
    return sorted(found, key=lambda case: ends(case.when)[0] if isinstance(case.when, Range) else 0.0)


def _holds_zero(when: When) -> bool:
    """Whether 0 is in a bin; `=== 0`, which no value is not, is the bin of one number."""
    if not isinstance(when, Range):
        return False
    low, high = ends(when)
    return low <= 0 < high and high != after(low)
