"""The sample history, made by a model whose truth is written down here.

    python data/make_leads.py        writes leads.csv beside this file, prints its rows and hash

A counted lead is won with the chance 1 / (1 + exp(-z)), where z is the intercept, plus the drift times the
elapsed share of the period, plus the effect of each of its levels in `effects`. What is not there has none.
Then outcomes are flipped, as few as needed, until exactly 840 of 5,600 counted leads are won (15.0 %) and
exactly 160 of the 400 that requested a demo (40.0 %).

Only `Generator.random` is asked for chance, in one fixed order; all else is arithmetic on what it gives, so
the same seed makes the same bytes with every numpy 2.
"""

from __future__ import annotations

import csv
import hashlib
import io
import math
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from itertools import accumulate, pairwise
from pathlib import Path

from numpy.random import PCG64, Generator

Level = str | int | None
Columns = dict[str, list[Level]]

SEED = 20260701
FIRST_DAY, LAST_DAY = date(2025, 1, 1), date(2026, 6, 30)
LEADS, OPEN, WON = 6_000, 400, 840
DEMOS, DEMOS_WON = 400, 160

INTERCEPT = -2.74
DRIFT = -0.10

# fmt: off
# Log-odds of winning. A text is that value, None is missing; a number is the level that starts there
# (`Employees` 50 holds 50 to 249). In `Interests` every member counts.
effects: Mapping[str, Mapping[Level, float]] = {
    "Company type": {"Reseller": -0.25, "Agency": -0.45, "Public body": 0.15, "Competitor": -9.0},
    "Industry": {"Software": 0.45, "Manufacturing": 0.30, "Logistics": 0.20, "Healthcare": -0.15,
                 "Construction": -0.35, "Education": -0.60},
    "Employees": {-1: -0.10, 1: -0.55, 10: 0.0, 50: 0.55, 250: 0.25, 1000: -0.30},
    "Role": {"Director": 0.45, "Owner": 0.30, "Manager": 0.15, "Assistant": -0.40, "Student": -1.60,
             "Select": -0.20},
    "Country": {"Netherlands": 0.15, "Denmark": 0.35, "France": -0.30, "United Kingdom": -0.20},
    "Free-mail address": {"yes": -0.70},
    "Lead source": {"Referral": 0.95, "Partner": 0.50, "Trade fair": 0.15, "Newsletter": 0.10,
                    "LinkedIn": -0.20, "Cold list": -0.85},
    "Requested demo": {"yes": 1.30},
    "Pricing page visits": {1: 0.35, 2: 0.60, 3: 0.75, 5: 0.85},
    "Downloads": {1: 0.25, 2: 0.40, 4: 0.45},
    "Newsletter clicks": {1: 0.20, 2: 0.35, 4: 0.45, 8: 0.50},
    "Interests": {"Integrations": 0.30, "Security": 0.15},
}

# How often a value occurs, in parts of a thousand.
shares: Mapping[str, Mapping[Level, float]] = {
    "Company type": {"End customer": 705, "Reseller": 120, "Agency": 90, "Public body": 73, "Competitor": 12},
    "Industry": {"Software": 190, "Manufacturing": 155, "Business services": 145, "Wholesale": 105,
                 "Healthcare": 85, "Logistics": 75, "Construction": 65, "Education": 45, "Finance": 35,
                 "Energy": 10, "Agriculture": 6, "Mining": 2, "Fishing": 2, None: 80},
    "Role": {"Manager": 260, "Director": 140, "IT specialist": 140, "Owner": 100, "Buyer": 100,
             "Assistant": 80, "Student": 50, "Select": 85, None: 45},
    "Country": {"Netherlands": 380, "Germany": 200, "Belgium": 130, "Denmark": 85, "France": 70,
                "United Kingdom": 55, "Austria": 25, "Switzerland": 20, "Sweden": 14, "Norway": 8,
                "Luxembourg": 5, "Ireland": 4, "Poland": 4},
    "Lead source": {"Google": 240, "google": 30, "Website": 250, "LinkedIn": 110, "Trade fair": 95,
                    "Newsletter": 85, "Referral": 75, "Partner": 60, "Cold list": 55},
    "Pricing page visits": {0: 620, 1: 150, 2: 85, 3: 55, 4: 35, 5: 22, 6: 14, 7: 8, 8: 5,
                            10: 3, 13: 2, 17: 1},
    "Downloads": {0: 660, 1: 190, 2: 85, 3: 35, 4: 16, 5: 8, 6: 4, 8: 2},
    "Newsletter clicks": {0: 520, 1: 150, 2: 95, 3: 70, 4: 50, 5: 36, 6: 25, 8: 22, 10: 14,
                          12: 9, 15: 6, 20: 3},
    "Preferred contact day": {"Monday": 190, "Tuesday": 180, "Wednesday": 150, "Thursday": 170, "Friday": 120,
                              None: 190},
}

# The campaigns of a source, in parts; a lead has one of them nine times in ten, else any at all.
campaigns: Mapping[Level, Mapping[Level, float]] = {
    "Google": {"Brand search": 6, "Product search": 4},
    "google": {"Brand search": 6, "Product search": 4},
    "Website": {None: 1},
    "LinkedIn": {"LinkedIn retargeting": 5, "LinkedIn lead form": 5},
    "Trade fair": {"Hannover fair": 6, "Utrecht fair": 4},
    "Newsletter": {"Monthly newsletter": 1},
    "Referral": {"Customers bring customers": 1},
    "Partner": {"Partner webinar": 1},
    "Cold list": {"Call days": 1},
}

interests = {"Reporting": 0.35, "Integrations": 0.28, "Security": 0.18, "Training": 0.15, "Mobile app": 0.12}

# Share of companies with fewer employees than this; straight lines between.
sizes = ((0.0, 1), (0.22, 10), (0.45, 50), (0.62, 120), (0.74, 250), (0.87, 1_000), (0.96, 4_000),
         (1.0, 20_000))
# fmt: on


def logistic(log_odds: float) -> float:
    """Chance, 0 to 1."""
    return 1 / (1 + math.exp(-log_odds))


def drawn(random: Generator, parts: Mapping[Level, float], how_many: int) -> list[Level]:
    """Levels drawn by their parts."""
    levels, ends = list(parts), list(accumulate(parts.values()))
    return [levels[bisect_right(ends, number * ends[-1])] for number in random.random(how_many)]


def drawn_exactly(random: Generator, weights: Mapping[int, float], how_many: int) -> set[int]:
    """So many of the keys without replacement, heavier ones sooner.

    Source: Efraimidis and Spirakis (2006), Information Processing Letters 97:181, algorithm A.
    """
    chances = zip(weights.items(), random.random(len(weights)), strict=True)
    waits = sorted((-math.log(1 - chance) / weight, key) for (key, weight), chance in chances)
    return {key for _, key in waits[:how_many]}


def days_created(random: Generator) -> list[date]:
    """Days in ascending order: at the end three leads a day for two at the start, few at weekends."""
    days = [FIRST_DAY + timedelta(number) for number in range((LAST_DAY - FIRST_DAY).days + 1)]
    parts: dict[Level, float] = {
        number: (1 + 0.5 * number / len(days)) * (1.0 if day.weekday() < 5 else 0.2) for number, day in enumerate(days)
    }
    return sorted(days[number] for number in drawn(random, parts, LEADS) if isinstance(number, int))


def elapsed(day: date) -> float:
    """Share of the period that has gone by, 0 to 1."""
    return (day - FIRST_DAY).days / (LAST_DAY - FIRST_DAY).days


def employees(number: float) -> int:
    """Size at a quantile, 0 to 1; above a hundred in tens, as people write it."""
    (low, smallest), (high, largest) = next(pair for pair in pairwise(sizes) if number < pair[1][0])
    size = smallest + (number - low) / (high - low) * (largest - smallest)
    return int(size) if size < 100 else 10 * int(size / 10)


def employees_written(random: Generator) -> list[Level]:
    """Sizes; ten in a hundred missing and six -1, whatever the size would have been."""
    numbers, noted = random.random(LEADS), random.random(LEADS)
    return [
        None if chance < 0.10 else -1 if chance < 0.16 else employees(number)
        for number, chance in zip(numbers, noted, strict=True)
    ]


def who_they_are(random: Generator) -> Columns:
    """The columns about the person and the company."""
    columns: Columns = {name: drawn(random, shares[name], LEADS) for name in ("Company type", "Industry")}
    columns["Employees"] = employees_written(random)
    columns |= {name: drawn(random, shares[name], LEADS) for name in ("Role", "Country")}
    free_mail = {"Student": 0.70, "Owner": 0.25}
    columns["Free-mail address"] = [
        "yes" if chance < free_mail.get(str(role), 0.08) else "no"
        for role, chance in zip(columns["Role"], random.random(LEADS), strict=True)
    ]
    return columns


def where_they_came_from(random: Generator, days: Sequence[date]) -> Columns:
    """Lead source, LinkedIn slowly taking over from the website, and the campaign that mostly follows it."""
    sources = [
        "LinkedIn" if source == "Website" and chance < 0.15 * elapsed(day) else source
        for source, chance, day in zip(
            drawn(random, shares["Lead source"], LEADS), random.random(LEADS), days, strict=True
        )
    ]
    anything = {campaign: 1.0 for parts in campaigns.values() for campaign in parts}
    followed = [
        drawn(random, anything if chance < 0.10 else campaigns[source], 1)[0]
        for source, chance in zip(sources, random.random(LEADS), strict=True)
    ]
    return {"Lead source": sources, "Campaign": followed}


def what_they_did(random: Generator, counted: set[int]) -> Columns:
    """The columns about behaviour; demos go with visits to the pricing page."""
    counts = ("Pricing page visits", "Downloads", "Newsletter clicks")
    columns: Columns = {name: drawn(random, shares[name], LEADS) for name in counts}
    weights = [1.0 + 5.0 * min(int(visits or 0), 4) for visits in columns["Pricing page visits"]]
    demos: set[int] = set()
    for leads, how_many in ((counted, DEMOS), (set(range(LEADS)) - counted, DEMOS * OPEN // len(counted))):
        demos |= drawn_exactly(random, {lead: weights[lead] for lead in sorted(leads)}, how_many)
    columns["Requested demo"] = ["yes" if lead in demos else "no" for lead in range(LEADS)]
    chosen = [[name for name, share in interests.items() if random.random() < share] for _ in range(LEADS)]
    columns["Interests"] = [";".join(names) or None for names in chosen]
    columns["Preferred contact day"] = drawn(random, shares["Preferred contact day"], LEADS)
    return columns


def effect(attribute: str, value: Level) -> float:
    """Log-odds that one cell adds."""
    table = effects[attribute]
    if isinstance(value, int):
        starts = [start for start in table if isinstance(start, int) and start <= value]
        return table[max(starts)] if starts else 0.0
    if value is None or attribute != "Interests":
        return table.get(value, 0.0)
    return sum(table.get(name, 0.0) for name in value.split(";"))


def chances(days: Sequence[date], columns: Columns) -> list[float]:
    """What the model says of every lead, before the margins are made exact."""
    return [
        logistic(
            INTERCEPT + DRIFT * elapsed(day) + sum(effect(attribute, columns[attribute][lead]) for attribute in effects)
        )
        for lead, day in enumerate(days)
    ]


def with_exact_wins(random: Generator, won: set[int], chance: Mapping[int, float], wanted: int) -> tuple[set[int], int]:
    """The won among the leads of `chance`, exactly `wanted` of them, and how many outcomes were flipped.

    The flipped ones are drawn by their odds of the other outcome, so the model's effects keep their shape.
    """
    here = won & set(chance)
    lacking = wanted - len(here)
    if lacking >= 0:
        odds = {lead: share / (1 - share) for lead, share in chance.items() if lead not in here}
        return here | drawn_exactly(random, odds, lacking), lacking
    odds = {lead: (1 - share) / share for lead, share in chance.items() if lead in here}
    return here - drawn_exactly(random, odds, -lacking), -lacking


def outcomes(random: Generator, chance: Mapping[int, float], demos: set[int]) -> tuple[set[int], int]:
    """The won leads, with both margins exact, and how many outcomes were flipped for it."""
    numbers = random.random(len(chance))
    drawn_won = {lead for (lead, share), number in zip(chance.items(), numbers, strict=True) if number < share}
    asked = {lead: share for lead, share in chance.items() if lead in demos}
    rest = {lead: share for lead, share in chance.items() if lead not in demos}
    won_asked, flipped_asked = with_exact_wins(random, drawn_won, asked, DEMOS_WON)
    won_rest, flipped_rest = with_exact_wins(random, drawn_won, rest, WON - DEMOS_WON)
    return won_asked | won_rest, flipped_asked + flipped_rest


def e_mails(random: Generator, free_mail: Iterable[Level]) -> list[Level]:
    """One address a lead, in domains that nobody can own (RFC 2606)."""
    companies = [int(number * 3_500) for number in random.random(LEADS)]
    return [
        f"contact{lead}@" + ("freemail.example" if free == "yes" else f"company{company}.example")
        for lead, (free, company) in enumerate(zip(free_mail, companies, strict=True), start=1)
    ]


def made_leads(seed: int = SEED) -> tuple[Columns, int]:
    """The table by columns, oldest lead first, and how many outcomes were flipped for the exact rates."""
    random = Generator(PCG64(seed))
    days = days_created(random)
    # Open leads are mostly young: the weight of being open halves every three weeks of age, and never ends.
    ages = {lead: 0.005 + 0.5 ** ((LAST_DAY - day).days / 21) for lead, day in enumerate(days)}
    still_open = drawn_exactly(random, ages, OPEN)
    counted = set(range(LEADS)) - still_open
    columns = who_they_are(random) | where_they_came_from(random, days) | what_they_did(random, counted)
    chance = chances(days, columns)
    demos = {lead for lead, asked in enumerate(columns["Requested demo"]) if asked == "yes"}
    won, flipped = outcomes(random, {lead: chance[lead] for lead in sorted(counted)}, demos & counted)
    called = {lead: 0.90 if lead in won else 0.0 if lead in still_open else 0.01 for lead in range(LEADS)}
    onboarding: list[Level] = ["yes" if random.random() < called[lead] else None for lead in range(LEADS)]
    status = ["Won" if lead in won else "Open" if lead in still_open else "Lost" for lead in range(LEADS)]
    head: Columns = {
        "Lead ID": [f"L-{lead:05d}" for lead in range(1, LEADS + 1)],
        "Created": [day.isoformat() for day in days],
        "Status": list(status),
        "Record type": ["Lead"] * LEADS,
        "E-mail": e_mails(random, columns["Free-mail address"]),
    }
    return head | columns | {"Onboarding call": onboarding}, flipped


def csv_bytes(columns: Columns) -> bytes:
    """The table as a CSV file: comma, UTF-8, line feeds, an empty field where nothing is known."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return text.getvalue().encode()


def main() -> None:
    """Write leads.csv beside this file."""
    columns, flipped = made_leads()
    content = csv_bytes(columns)
    Path(__file__).with_name("leads.csv").write_bytes(content)
    print(f"{LEADS} leads, {flipped} outcomes flipped, sha256 {hashlib.sha256(content).hexdigest()}")


if __name__ == "__main__":
    main()
