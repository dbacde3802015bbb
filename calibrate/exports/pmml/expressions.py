"""Expressions of PMML."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lxml import etree
from lxml.builder import ElementMaker

from calibrate.document.lead_score import plain_number
from calibrate.document.rules import Attribute, Condition, Has, In, Is, Range

Element = etree._Element
_NAMESPACE = "http://www.dmg.org/PMML-4_4"
E = ElementMaker(namespace=_NAMESPACE, nsmap={None: _NAMESPACE})
# What str.strip() takes away but the separator; without brackets, and possessive so that Java does not recurse.
_SPACES = r"(?:(?!\x{180E}|%s)(?:\h|\v|\x{1C}|\x{1D}|\x{1E}|\x{1F}))*+"


def apply(function: str, *parts: Element) -> Element:
    """A function of parts."""
    return E.Apply(*parts, function=function)


def constant(number: float) -> Element:
    """A number; its text is the exact double."""
    return E.Constant(plain_number(float(number)), dataType="double")


def field(name: str) -> Element:
    """The value of a field."""
    return E.FieldRef(field=name)


def within(value: str, low: int | None, high: int | None) -> Element:
    """The value of a field within two bounds; None is no bound."""
    found = field(value) if low is None else apply("max", constant(low), field(value))
    return found if high is None else apply("min", constant(high), found)


def separator_of(attribute: Attribute) -> str:
    """Between the values of a set; a document without one has lists, which PMML has not."""
    return attribute.separator or ";"


def choice(
    attribute: Attribute, name: str, cases: Sequence[tuple[Condition, int]], otherwise: int, missing: int
) -> Element:
    """The number of the first case that is true."""
    texts = [(text, number) for when, number in cases for text in texts_of(when)]
    if texts:
        return E.MapValues(
            E.FieldColumnPair(field=name, column="text"),
            E.InlineTable(*(E.row(E.text(text), E.number(str(number))) for text, number in texts)),
            outputColumn="number",
            dataType="double",
            defaultValue=str(otherwise),
            mapMissingTo=str(missing),
        )
    chain = constant(otherwise)
    for when, number in reversed(cases):
        chain = apply("if", _is_true(when, name, separator_of(attribute)), constant(number), chain)
    return apply("if", apply("isMissing", field(name)), constant(missing), chain)


def _is_true(condition: Condition, name: str, separator: str) -> Element:
    """Whether the condition of a set or number is true of a value that is there."""
    if isinstance(condition, Has):
        return apply("matches", field(name), E.Constant(member(condition.has, separator), dataType="string"))
    sides = [apply(side, field(name), constant(end)) for side, end in sides_of(condition)]
    return sides[0] if len(sides) == 1 else apply("and", *sides)


def texts_of(condition: Condition) -> tuple[str, ...]:
    """The texts, or the one text of a truth value, that make a condition true; none of another kind."""
    match condition:
        case In(in_=texts):
            return texts
        case Is(is_=truth):
            return ("true" if truth else "false",)
        case _:
            return ()


def sides_of(condition: Condition) -> list[tuple[str, float]]:
    """The comparisons that all hold of the numbers of a bin; none of another kind."""
    ends = (("greaterOrEqual", condition.ge), ("lessThan", condition.lt)) if isinstance(condition, Range) else ()
    return [(side, end) for side, end in ends if end is not None]


def member(text: str, separator: str) -> str:
    r"""A pattern that a set in one text matches when it holds a text; for Java and PCRE.

    >>> member("é1", ";").replace(_SPACES % r"\x{3B}", "_")
    '(?s)\\A(?:.*\\x{3B})?_\\x{E9}1_(?:\\x{3B}.*)?\\z'
    """
    value, mark = (re.sub("[^A-Za-z0-9]", lambda sign: f"\\x{{{ord(sign[0]):X}}}", part) for part in (text, separator))
    spaces = _SPACES % mark
    return rf"(?s)\A(?:.*{mark})?{spaces}{value}{spaces}(?:{mark}.*)?\z"
