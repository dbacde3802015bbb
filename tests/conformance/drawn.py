"""Documents and leads that hypothesis makes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from texts import AROUND, EDGES, HOSTILE

from calibrate.document.rules import (
    Attribute,
    Case,
    Gate,
    GateThen,
    GateWhen,
    Group,
    Has,
    In,
    Is,
    Range,
    Rule,
    Rules,
    Score,
    ScoreBand,
)

Lead = Mapping[str, Any]
small = st.integers(-30, 30)
words = st.sampled_from(HOSTILE) | st.text("abÜ €漢'\"\\{}$`;,.=<>&", min_size=1, max_size=4)
members = words.filter(lambda text: text.strip() == text and ";" not in text)
NAMES = {"text": ["Plain", "two words"], "category": ["größer", "x.y", "1st"], "number": ["n", "size (m²)"],
         "boolean": ["yes/no", "null"], "set": ["set", "more sets"]}  # fmt: skip


@st.composite
def rule(draw: Any, number: int, attr: str, kind: str, groups: Sequence[str]) -> Rule:
    whens: list[Any]
    if kind in ("category", "text"):
        values = draw(st.lists(words, max_size=6, unique=True))
        cut = draw(st.integers(0, len(values)))
        whens = [In(in_=tuple(part)) for part in (values[:cut], values[cut:]) if part]
    elif kind == "number":
        edges = sorted(draw(st.sets(st.sampled_from(EDGES), min_size=1)))
        bins = list(zip([None, *edges], [*edges, None], strict=True))
        whens = [Range(ge=low, lt=high) for low, high in bins if draw(st.integers(0, 4))]
    elif kind == "boolean":
        whens = [Is(is_=truth) for truth in draw(st.sampled_from([(), (True,), (False,), (False, True)]))]
    else:
        whens = [Has(has=member) for member in draw(st.lists(members, max_size=3, unique=True))]
    return Rule(
        id=f"r{number}",
        attr=attr,
        group=draw(st.sampled_from([None, *groups])),
        label=draw(st.none() | words),
        cases=tuple(Case(when=when, points=draw(small), label=draw(st.none() | words)) for when in whens),
        otherwise=draw(small),
        missing=draw(small),
    )


@st.composite
def documents(draw: Any) -> Rules:
    kinds = {name: kind for kind, names in NAMES.items() for name in names}
    attributes = {name: Attribute(type=kind, separator=";" if kind == "set" else None) for name, kind in kinds.items()}
    groups = draw(st.sampled_from([(), ("fit",), ("fit", "engagement"), ("engagement", "empty", "fit")]))
    bounds = {name: sorted(draw(st.tuples(small, small))) for name in groups}
    read = draw(st.lists(st.sampled_from(list(kinds)), max_size=7))
    truth = Gate(id="h", when=GateWhen(attr="null", is_=draw(st.booleans())), then=GateThen(score=draw(small)))
    texts = tuple(draw(st.lists(words, min_size=1, max_size=3, unique=True)))
    text = Gate(id="g", when=GateWhen(attr="Plain", in_=texts), then=GateThen(score=-3, band=draw(st.none() | words)))
    bands = (ScoreBand(name="A", from_=20), ScoreBand(name="B", from_=-5), ScoreBand(name="C"))
    return Rules(
        id="x",
        version="1",
        score=Score(base=draw(small), min=draw(st.none() | st.just(-40)), max=draw(st.none() | st.just(40))),
        attributes=attributes,
        gates=draw(st.sampled_from([(), (text,), (truth, text)])),
        groups={
            name: Group(min=draw(st.none() | st.just(low)), max=draw(st.none() | st.just(high)))
            for name, (low, high) in bounds.items()
        },
        rules=tuple(draw(rule(number, name, kinds[name], groups)) for number, name in enumerate(read)),
        bands=draw(st.sampled_from([(), bands])),
    )


@st.composite
def leads(draw: Any) -> list[Lead]:
    texts = st.none() | st.just("") | words
    numbers = st.none() | st.sampled_from(AROUND) | st.integers(-1000, 1000).map(lambda number: number / 8)
    kinds = {"text": texts, "category": texts, "number": numbers, "boolean": st.none() | st.booleans(),
             "set": st.none() | st.lists(members, max_size=3)}  # fmt: skip
    values = {name: kinds[kind] for kind, names in NAMES.items() for name in names}
    return draw(st.lists(st.fixed_dictionaries({}, optional=values), min_size=4, max_size=12))


def drawn_cases(examples: int) -> list[tuple[Rules, list[Lead]]]:
    """Documents with leads, as hypothesis makes them."""
    found: list[tuple[Rules, list[Lead]]] = []

    @settings(max_examples=examples, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(documents(), leads())
    def collect(rules: Rules, made: list[Lead]) -> None:
        found.append((rules, made))

    collect()
    return found
