"""Documents and leads that every target is tried on, with the scores that they must get."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from drawn import Lead, drawn_cases
from texts import AROUND, HOSTILE

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

GATED = "g'\"\\"
AWKWARD = "Naïve \"name\" & 'more'"
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

    industries = [(In(in_=(name,)), worth) for name, worth in (("software", 15), ("manufacturing", 8), ("retail", -5))]
    bands = (("A", 60), ("B", 40), ("C", 20), ("D", None))
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
            Gate(id="competitor", when=GateWhen(attr="Competitor", is_=True),
                 then=GateThen(score=0, band="disqualified")),
            Gate(id="own", when=GateWhen(attr="Company", in_=("Us", "us & 'ours'")), then=GateThen(score=45)),
        ),
        groups={"fit": Group(label="Who they are"), "engagement": Group(label="What they did", max=30, min=-4)},
        rules=(
            points("Industry", industries, "fit"),
            points("Country", [(In(in_=("US", "CA")), 10), (In(in_=("DE", "GB")), 6)], "fit", otherwise=-1, missing=2),
            points("Employees", sizes, "fit", missing=-3),
            points("Phone", [], "fit", missing=-4),
            points("Requested demo", [(Is(is_=True), demo), (Is(is_=False), -7)], "engagement", missing=-1),
            points("Pages", [(Has(has="pricing"), 15), (Has(has="docs"), 8)], "engagement", otherwise=1, missing=-2),
            Rule(id="jobs", attr="Pages", cases=(Case(when=Has(has="jobs"), points=-9),)),
            Rule(id="far", attr="Country", cases=(Case(when=In(in_=("NZ",)), points=-2),)),
        ),
        bands=tuple(ScoreBand(name=name, from_=edge) for name, edge in bands),
    )  # fmt: skip


def hostile() -> Rules:
    """Every hostile text as a value, a member of a set, a gate, a label and a band."""
    cases = tuple(Case(when=In(in_=(text,)), points=place + 1, label=text) for place, text in enumerate(HOSTILE))
    members = [text for text in HOSTILE if text.strip() == text and ";" not in text]
    gate = GateWhen(attr=AWKWARD, in_=(GATED,))
    sets = (
        Rule(id=f"set_{place}", attr="select", cases=(Case(when=Has(has=text), points=1 + place),))
        for place, text in enumerate(members)
    )
    return Rules(
        id="hostile",
        version="1",
        title=HOSTILE[0],
        attributes={
            AWKWARD: Attribute(type="text", label=HOSTILE[0]),
            "select": Attribute(type="set", separator=";"),
        },
        gates=(Gate(id="g", label=HOSTILE[1], when=gate, then=GateThen(score=-3, band=HOSTILE[0])),),
        rules=(Rule(id="text", attr=AWKWARD, cases=cases, otherwise=-5, missing=-7), *sets),
        bands=(ScoreBand(name='O\'Br "A"', from_=10), ScoreBand(name="b\\", from_=3), ScoreBand(name="Ü {{x}}")),
    )


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
            "Industry": ["software", "manufacturing", "retail", text][place % 4],
            "Country": ["US", "DE", "NZ", text][place % 4],
            "Employees": [*AROUND, 250, 1000, 999.5][place % (len(AROUND) + 3)],
            "Phone": text, "Requested demo": place % 2 == 0,
            "Pages": pages[place % len(pages)], "Competitor": place % 11 == 0,
            "Company": ["Acme", "Us", "us & 'ours'", "us"][0 if place % 7 else place % 4],
        })  # fmt: skip
    return rows


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
    members = [text for text in HOSTILE if text.strip() == text and ";" not in text]
    texts = [
        {AWKWARD: text, "select": [member]} for text in (*HOSTILE, GATED, "", "x") for member in (*members, "other")
    ]
    bank = bank_trial()
    return [
        Trial.of("card", card(), recombined(card(), rows, 11_000)),
        *sample_trials(),
        Trial.of("hostile", hostile(), [*recombined(hostile(), texts, 600), *texts]),
        *([bank] if bank else []),
        *(
            Trial.of(f"drawn-{number}", rules, [*made, *typed(rules, [item.lead for item in worked_leads(rules)])])
            for number, (rules, made) in enumerate(drawn_cases(examples))
        ),
    ]


def as_line(lead: Lead) -> str:
    """A lead as JSON, whole numbers without a point."""
    plain = {key: int(item) if isinstance(item, float) and item.is_integer() else item for key, item in lead.items()}
    return json.dumps(plain, ensure_ascii=False)
