"""Zoho CRM: a scoring rule, as its API v8 lists it; the points of its field and signal rules are added up."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import combinations

from calibrate.document.lead_score import plain_text
from calibrate.document.rules import Condition, In, Is, Range
from calibrate.errors import shown
from calibrate.imports.claims import Claim, When, drafted, whole_points
from calibrate.imports.content import Content, Json
from calibrate.imports.kind import Imported, Kind
from calibrate.imports.ranges import after, common, meet, said

_EMPTY = "${EMPTY}"
_COMPARATORS = ("equal", "in", "between", "less_than", "less_equal", "greater_than", "greater_equal")
Test = tuple[str, When]


class _UnreadableError(Exception):
    """A criterion that a rule cannot say; holds the fault."""


def read(content: Content) -> Imported:
    """A rule for every field, or several where criteria about the same value are added up."""
    faults: list[str] = []
    claims: list[Claim] = []
    rules = content.json["scoring_rules"]
    if not isinstance(rules, list) or len(rules) != 1 or not isinstance(rules[0], dict):
        found = f"{len(rules)} of them" if isinstance(rules, list) else "no list"
        faults.append(
            f"scoring_rules: found {found}, expected one, as each is a score of its own; keep one in the file"
        )
        rules = []
    rule = rules[0] if rules else {}
    for place, item in _items(rule, "field_rules", faults):
        points = whole_points(item.get("score"), f"{place}.score", faults)
        try:
            tests = _tests(item.get("criteria"), f"{place}.criteria")
        except _UnreadableError as error:
            faults.append(str(error))
            continue
        claims += [Claim(place, name, when, points) for name, when in tests]
    for place, item in _items(rule, "signal_rules", faults):
        points = whole_points(item.get("score"), f"{place}.score", faults)
        signal = item.get("signal")
        name = (signal.get("namespace") or signal.get("id")) if isinstance(signal, dict) else None
        if not isinstance(name, str) or not name:
            faults.append(f"{place}.signal: found no namespace, expected that of the signal; write it")
            continue
        claims.append(Claim(place, name, Is(is_=True), points))
    title = rule.get("name")
    more = {"title": title} if isinstance(title, str) and title else {}
    return drafted(content, claims, faults, adds=True, notes=_notes(rule), **more)


def _notes(rule: dict[str, Json]) -> Iterator[str]:
    if rule.get("signal_rules"):
        yield "Each signal is a yes/no attribute named after it: whether the lead ever had it."
    yield "A field that is empty makes no criterion true, but for one that asks for empty."


def _items(rule: dict[str, Json], key: str, faults: list[str]) -> Iterator[tuple[str, dict[str, Json]]]:
    items = rule.get(key) or []
    for number, item in enumerate(items if isinstance(items, list) else [items]):
        place = f"scoring_rules[0].{key}[{number}]"
        if isinstance(item, dict):
            yield place, item
        else:
            faults.append(f"{place}: found {shown(item)}, expected an object with a score; write it again")


def _tests(criteria: Json, place: str) -> list[Test]:
    """The conditions of one field that a criterion is: any of them is enough, and no value makes two of them true."""
    if not isinstance(criteria, dict):
        raise _UnreadableError(
            f"{place}: found {shown(criteria)}, expected field, comparator and value; write it again"
        )
    if "group" not in criteria:
        return [_leaf(criteria, place)]
    group = criteria["group"] if isinstance(criteria["group"], list) else []
    parts = [_tests(item, f"{place}.group[{number}]") for number, item in enumerate(group)]
    names = {name for part in parts for name, _ in part}
    if len(names) != 1:
        found = " and ".join(shown(name) for name in sorted(names)) or "nothing"
        raise _UnreadableError(f"{place}: found {found}, expected conditions of one field; give each its own rule")
    name = names.pop()
    whens = [when for part in parts for _, when in part]
    if str(criteria.get("group_operator")).casefold() == "or":
        return [(name, when) for when in _either(whens, place)]
    if any(len(part) > 1 for part in parts):
        raise _UnreadableError(f"{place}: found an or inside an and, expected the one or the other; write it as an or")
    return [(name, _both(whens, place))]


def _leaf(criteria: dict[str, Json], place: str) -> Test:
    field, comparator, value = (criteria.get(key) for key in ("field", "comparator", "value"))
    name = field.get("api_name") if isinstance(field, dict) else None
    if not isinstance(name, str) or not name:
        raise _UnreadableError(f"{place}.field: found no api_name, expected that of a field; write it")
    if comparator == "not_equal" and value == _EMPTY:
        return name, "otherwise"
    if comparator not in _COMPARATORS:
        listed = ", ".join(_COMPARATORS)
        raise _UnreadableError(
            f"{place}.comparator: found {shown(comparator)}, expected one of {listed}; list the values"
        )
    if comparator == "equal" and value == _EMPTY:
        return name, "missing"
    if comparator == "equal" and isinstance(value, bool):
        return name, Is(is_=value)
    if comparator in ("equal", "in"):
        return name, _in(value, place)
    return name, _range(str(comparator), value, place)


def _in(value: Json, place: str) -> Condition:
    texts = [plain_text(item) for item in (value if isinstance(value, list) else [value])]
    found = tuple(dict.fromkeys(text for text in texts if text))
    if not found or len(found) < len(set(texts)) or any(text.startswith("${") for text in found):
        raise _UnreadableError(f"{place}.value: found {shown(value)}, expected texts; write the values themselves")
    return In(in_=found)


def _range(comparator: str, value: Json, place: str) -> Condition:
    ends = [_number(item) for item in (value if comparator == "between" and isinstance(value, list) else [value])]
    numbers = [end for end in ends if end is not None]
    if len(numbers) != (2 if comparator == "between" else 1) or numbers != sorted(numbers):
        expected = "two numbers, the lower first" if comparator == "between" else "a number"
        raise _UnreadableError(f"{place}.value: found {shown(value)}, expected {expected}; correct it")
    low, high = numbers[0], numbers[-1]
    match comparator:
        case "between":
            return Range(ge=low, lt=after(high))
        case "less_than":
            return Range(lt=high)
        case "less_equal":
            return Range(lt=after(high))
        case "greater_than":
            return Range(ge=after(low))
    return Range(ge=low)


def _number(value: Json) -> float | None:
    try:
        number = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else math.nan
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and abs(number) < 1e300 else None


def _either(whens: Sequence[When], place: str) -> list[When]:
    """Conditions of which one is enough; texts together in one."""
    texts = [text for when in whens if isinstance(when, In) for text in when.in_]
    rest = [when for when in whens if not isinstance(when, In)]
    found: list[When] = [*([In(in_=tuple(dict.fromkeys(texts)))] if texts else []), *rest]
    bins = [when for when in rest if isinstance(when, Range)]
    overlap = any(meet(one, other) for one, other in combinations(bins, 2)) or len(set(rest)) < len(rest)
    if overlap or ("otherwise" in rest and len(found) > 1):
        listed = " and ".join(said(when) for when in found)
        raise _UnreadableError(f"{place}: found {listed}, expected conditions that share no value; write them as one")
    return found


def _both(whens: Sequence[When], place: str) -> When:
    """The bin of which all conditions are true."""
    bins = [when for when in whens if isinstance(when, Range)]
    whole = common(bins)
    if whole is None or len(bins) < len(whens):
        listed = " and ".join(said(when) for when in whens)
        raise _UnreadableError(f"{place}: found {listed}, expected ends of one bin; write the values that are meant")
    return whole


KIND = Kind(
    name="zoho",
    reads="a scoring rule of Zoho CRM: JSON with scoring_rules",
    spots=lambda content: isinstance(content.json, dict) and "scoring_rules" in content.json,
    read=read,
)
