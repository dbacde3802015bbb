"""Documents and leads that every target is tried on, with the scores that they must get."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import calibrate as cal
from calibrate.document.lead_score import Value, read_value, score_lead, used
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
from calibrate.document.worked import worked_leads
from calibrate.sample import sample_file
from calibrate.settings import load_settings

Lead = Mapping[str, Any]
HOSTILE = (
    'O\'Brien & "Co" <x>', "a\\b", "c:\\new\\table\\", "two\nlines", "tab\there", "🙂", "{{x}} ${y}", "#{z} %(a)s", "%_", "é",
    "e\u0301", "TRUE", "true", "10", "10.0", " ", " padded ", "null", "NULL", "=1+1", "-- x", "'; DROP TABLE leads; --", "]]>", "`tick`",
    "$1", "us", "US", "Straße", "STRASSE", "ı", "I", "i",
)  # fmt: skip
EDGES = (-1.0, 0.0, 0.1, 10.0, 99.5, 100.0, 1e6)
AROUND = (
    -2.0,
    -1.0,
    0.0,
    0.1,
    0.09999999999,
    1.0,
    9.999999,
    10.0,
    10.000001,
    99.49,
    99.5,
    99.99,
    100.0,
    999999.9,
    1e6,
    5e8,
)
BANK = Path(__file__).parents[2].parent / "shared" / "data" / "bank"


@dataclass(frozen=True, slots=True)
class Trial:
    """A document, leads, and the score and band that each of them must get."""

    name: str
    rules: Rules
    leads: Sequence[Lead]
    expected: Sequence[tuple[int, str | None]]

    @classmethod
    def of(cls, name: str, rules: Rules, leads: Sequence[Lead]) -> Trial:
        scored = (score_lead(rules, lead, reasons=0) for lead in leads)
        return cls(name, rules, leads, [(item.score, item.band) for item in scored])

    def first(self, leads: int) -> Trial:
        return Trial(self.name, self.rules, self.leads[:leads], self.expected[:leads])


def card(demo: int = 20) -> Rules:
    """A hand-made document with everything that the format can say."""

    def points(attr: str, pairs: Sequence[tuple[Any, int]], group: str, **more: int) -> Rule:
        cases = tuple(Case(when=when, points=number) for when, number in pairs)
        return Rule(id=f"r_{attr}_{group}".lower().replace(" ", "_"), attr=attr, group=group, cases=cases, **more)

    sizes = [(Range(lt=10), -10), (Range(ge=10, lt=100), 5), (Range(ge=100, lt=1000), 15), (Range(ge=1000), 20)]
    return Rules(
        id="card", version="1",
        score=Score(base=10, min=0, max=100),
        attributes={
            "Industry": Attribute(type="category"), "Country": Attribute(type="category"),
            "Employees": Attribute(type="number"), "Phone": Attribute(type="text"),
            "Requested demo": Attribute(type="boolean"), "Pages": Attribute(type="set", separator=";"),
            "Competitor": Attribute(type="boolean"), "Company": Attribute(type="text"),
        },
        gates=(
            Gate(id="competitor", when=GateWhen(attr="Competitor", is_=True), then=GateThen(score=0, band="disqualified")),
            Gate(id="own", when=GateWhen(attr="Company", in_=("Us", "us & 'ours'")), then=GateThen(score=45)),
        ),
        groups={"fit": Group(label="Who they are"), "engagement": Group(label="What they did", max=30, min=-4)},
        rules=(
            points("Industry", [(In(in_=("software",)), 15), (In(in_=("manufacturing",)), 8), (In(in_=("retail",)), -5)], "fit"),
            points("Country", [(In(in_=("US", "CA")), 10), (In(in_=("DE", "GB")), 6)], "fit", otherwise=-1, missing=2),
            points("Employees", sizes, "fit", missing=-3),
            points("Phone", [], "fit", missing=-4),
            points("Requested demo", [(Is(is_=True), demo), (Is(is_=False), -7)], "engagement", missing=-1),
            points("Pages", [(Has(has="pricing"), 15), (Has(has="docs"), 8)], "engagement", otherwise=1, missing=-2),
            Rule(id="jobs", attr="Pages", cases=(Case(when=Has(has="jobs"), points=-9),)),
            Rule(id="far", attr="Country", cases=(Case(when=In(in_=("NZ",)), points=-2),)),
        ),
        bands=(ScoreBand(name="A", from_=60), ScoreBand(name="B", from_=40), ScoreBand(name="C", from_=20), ScoreBand(name="D")),
    )  # fmt: skip


def hostile() -> Rules:
    """Every hostile text as a value, a member of a set, a gate, a label and a band."""
    cases = tuple(Case(when=In(in_=(text,)), points=place + 1, label=text) for place, text in enumerate(HOSTILE))
    members = [text for text in HOSTILE if text.strip() == text and ";" not in text]
    return Rules(
        id="hostile", version="1", title=HOSTILE[0],
        attributes={"Naïve \"name\" & 'more'": Attribute(type="text", label=HOSTILE[0]), "select": Attribute(type="set", separator=";")},
        gates=(Gate(id="g", label=HOSTILE[1], when=GateWhen(attr="Naïve \"name\" & 'more'", in_=("g'\"\\",)), then=GateThen(score=-3, band=HOSTILE[0])),),
        rules=(
            Rule(id="text", attr="Naïve \"name\" & 'more'", cases=cases, otherwise=-5, missing=-7),
            *(Rule(id=f"set_{place}", attr="select", cases=(Case(when=Has(has=text), points=1 + place),)) for place, text in enumerate(members)),
        ),
        bands=(ScoreBand(name='O\'Br "A"', from_=10), ScoreBand(name="b\\", from_=3), ScoreBand(name="Ü {{x}}")),
    )  # fmt: skip


def recombined(rules: Rules, rows: Sequence[Lead], count: int) -> list[Lead]:
    """Leads whose values come each from a row of its own, some of them null and some of them absent."""
    chance = random.Random(7)
    names = used(rules)
    values = {name: [row.get(name) for row in rows] for name in names}
    found = []
    for _ in range(count):
        lead = {name: None if chance.random() < 0.07 else chance.choice(values[name]) for name in names}
        found.append({name: value for name, value in lead.items() if value is not None or chance.random() < 0.5})
    return found


def typed(rules: Rules, rows: Sequence[Lead]) -> list[Lead]:
    """Leads with the values that the rules read in them, as a program would hand them over."""

    def value(name: str, given: object) -> Value | list[str] | None:
        read = read_value(rules.attributes[name], given, lambda: name)
        return sorted(read) if isinstance(read, frozenset) else read

    return [{name: value(name, row.get(name)) for name in used(rules)} for row in rows]


def values_of_card() -> list[Lead]:
    texts = ["software", "Software", "manufacturing", "retail", "US", "us", "CA", "DE", "GB", "NZ", "+31", "", *HOSTILE]
    pages = [[], ["pricing"], ["docs"], ["docs", "pricing"], ["Pricing", "pricing-old"], ["jobs", "docs"], ["x"]]
    rows: list[Lead] = []
    for place, text in enumerate(texts * 3):
        rows.append({
            "Industry": ["software", "manufacturing", "retail", text][place % 4], "Country": ["US", "DE", "NZ", text][place % 4],
            "Employees": [*AROUND, 250, 1000, 999.5][place % (len(AROUND) + 3)], "Phone": text, "Requested demo": place % 2 == 0,
            "Pages": pages[place % len(pages)], "Competitor": place % 11 == 0,
            "Company": ["Acme", "Us", "us & 'ours'", "us"][0 if place % 7 else place % 4],
        })  # fmt: skip
    return rows


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
    text = Gate(id="g", when=GateWhen(attr="Plain", in_=tuple(draw(st.lists(words, min_size=1, max_size=3, unique=True)))),
                then=GateThen(score=-3, band=draw(st.none() | words)))  # fmt: skip
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
        bands=draw(
            st.sampled_from([(), (ScoreBand(name="A", from_=20), ScoreBand(name="B", from_=-5), ScoreBand(name="C"))])
        ),
    )


@st.composite
def leads(draw: Any) -> list[Lead]:
    texts = st.none() | st.just("") | words
    numbers = st.none() | st.sampled_from(AROUND) | st.integers(-1000, 1000).map(lambda number: number / 8)
    kinds = {"text": texts, "category": texts, "number": numbers, "boolean": st.none() | st.booleans(),
             "set": st.none() | st.lists(members, max_size=3)}  # fmt: skip
    values = {name: kinds[kind] for kind, names in NAMES.items() for name in names}
    return draw(st.lists(st.fixed_dictionaries({}, optional=values), min_size=4, max_size=12))


def drawn(examples: int) -> Iterator[Trial]:
    """Documents and leads that hypothesis makes: with the leads that each document works out for itself."""
    found: list[tuple[Rules, list[Lead]]] = []

    @settings(max_examples=examples, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(documents(), leads())
    def collect(rules: Rules, made: list[Lead]) -> None:
        worked = [item.lead for item in worked_leads(rules)]
        found.append((rules, [*made, *typed(rules, worked)]))

    collect()
    for number, (rules, made) in enumerate(found):
        yield Trial.of(f"drawn-{number}", rules, made)


def sample_trials() -> Iterator[Trial]:
    """The sample history: lift points with a cap and a gate, adjusted points on the scale 0 to 100."""
    frame = pd.read_csv(sample_file("leads.csv"), dtype=str, keep_default_na=False)
    rows = frame.to_dict("records")
    ordinary = load_settings(sample_file("leads.toml"))
    scaled = ordinary.model_copy(
        update={"points": ordinary.points.model_copy(update={"column": "adjusted", "scale": "0-100", "draws": 0})}
    )
    lift = cal.calibrate(str(sample_file("leads.csv")), settings=ordinary).rules
    yield Trial.of("sample", lift, typed(lift, rows))
    adjusted = cal.calibrate(str(sample_file("leads.csv")), settings=scaled).rules
    yield Trial.of("sample-adjusted", adjusted, recombined(adjusted, typed(adjusted, rows), 2000))


def bank_trial() -> Trial | None:
    """Points of the bank marketing history with 2,000 of its leads; None where it is not at hand."""
    path = BANK / "bank-full.csv.gz"
    if not path.is_file():
        return None
    rules = cal.calibrate(str(path), outcome="y=yes").rules
    frame = pd.read_csv(path, sep=";", dtype=str, keep_default_na=False)
    rows = frame.iloc[:: max(1, len(frame) // 4000)].to_dict("records")
    return Trial.of("bank", rules, typed(rules, rows))


def trials(examples: int) -> list[Trial]:
    """Every trial; those of the history that is not at hand left out."""
    rows = values_of_card()
    texts = [{"Naïve \"name\" & 'more'": text, "select": [member] if ";" not in member else None}
             for text in (*HOSTILE, "g'\"\\", "", "x") for member in HOSTILE if member.strip() == member]  # fmt: skip
    bank = bank_trial()
    return [
        Trial.of("card", card(), recombined(card(), rows, 11_000)),
        *sample_trials(),
        Trial.of("hostile", hostile(), [*recombined(hostile(), texts, 600), *texts]),
        *([bank] if bank else []),
        *drawn(examples),
    ]


def as_line(lead: Lead) -> str:
    """A lead as JSON, whole numbers without a point."""
    plain = {key: int(item) if isinstance(item, float) and item.is_integer() else item for key, item in lead.items()}
    return json.dumps(plain, ensure_ascii=False)
