"""Makes a table of synthetic leads whose truth is known: python benchmarks/make_peers_table.py ROWS FOLDER.

Writes FOLDER/leads-ROWS.parquet: twelve categories and eight numbers; `converted`; `holdout`, three leads in ten; and
`p_true`, the chance that the lead was drawn with. That chance is 1 / (1 + exp(-z)), where z is an intercept that makes
12 % convert, plus the effect of each value in EFFECTS, plus the height of each curve in CURVES. What stands in neither
has no effect: region, sales_team, campaign_type, web_score and form_seconds are noise, channel and revenue only follow
what has one. The effects are the same for every number of rows; the same rows give the same table.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]

SEED = 20270201
RATE, HOLD_OUT = 0.12, 0.30

# fmt: off
# Values of each category, and how steeply they thin out: the share of the k-th is proportional to k ** -steepness.
CATEGORIES = {
    "lead_source": (8, 0.6), "channel": (5, 0.0), "industry": (25, 0.8), "country": (50, 1.0), "region": (50, 0.9),
    "job_level": (6, 0.5), "department": (12, 0.7), "company_type": (4, 0.5), "product_interest": (10, 0.6),
    "tech_stack": (30, 0.8), "sales_team": (15, 0.4), "campaign_type": (3, 0.3),
}
# Standard deviation of the log-odds that the values of a category add.
SPREADS = {
    "lead_source": 0.55, "industry": 0.45, "country": 0.35, "job_level": 0.60, "department": 0.30,
    "company_type": 0.30, "product_interest": 0.40, "tech_stack": 0.30,
}
# A category that another one decides, this share of the time: each of its values goes with one of the other's.
FOLLOWS = {"channel": ("lead_source", 0.85), "department": ("job_level", 0.40)}
# Log-odds along a number: straight lines between these points, flat beyond them; employees on a logarithmic axis.
CURVES = {
    "employees": ((1, -2.1), (10, -0.6), (50, 0.1), (150, 0.25), (500, 0.05), (2_000, -0.6), (20_000, -2.4)),
    "pages_viewed": ((0, 0.0), (25, 1.5)),
    "emails_opened": ((0, 0.0), (10, 1.0)),
    "days_since_visit": ((0, 0.0), (120, -1.45)),
    "demo_minutes": ((0, 0.0), (60, 0.72)),
}
# Share of the leads without a value. Only the missing demo says something of the lead: no demo, half a log-odds less.
MISSING = {
    "industry": 0.08, "tech_stack": 0.15, "job_level": 0.05, "revenue": 0.25, "web_score": 0.10, "demo_minutes": 0.40,
}
NO_DEMO = -0.5
# fmt: on


def shares(name: str) -> Floats:
    """How often each value of a category occurs; they add up to 1."""
    values, steepness = CATEGORIES[name]
    parts = np.arange(1, values + 1.0) ** -steepness
    return parts / parts.sum()


def effects() -> dict[str, Floats]:
    """Log-odds that each value of a category adds."""
    random = np.random.default_rng(SEED)
    return {name: random.normal(0.0, spread, CATEGORIES[name][0]) for name, spread in SPREADS.items()}


EFFECTS = effects()


def categories(random: np.random.Generator, rows: int) -> dict[str, Places]:
    """The place of each lead's value among those of each category."""
    drawn = {name: random.choice(values, rows, p=shares(name)) for name, (values, _) in CATEGORIES.items()}
    for name, (leader, share) in FOLLOWS.items():
        led = np.arange(CATEGORIES[leader][0]) * 3 % CATEGORIES[name][0]
        drawn[name] = np.where(random.random(rows) < share, led[drawn[leader]], drawn[name])
    return drawn


def numbers(random: np.random.Generator, rows: int) -> dict[str, Floats]:
    """The numbers of the leads, before some go missing; revenue follows employees."""
    employees = np.ceil(random.lognormal(4.5, 1.5, rows))
    return {
        "employees": employees,
        "revenue": np.round(employees * random.lognormal(11.0, 0.6, rows)),
        "pages_viewed": random.poisson(random.gamma(1.5, 4.0, rows)).astype(np.float64),
        "emails_opened": random.poisson(random.gamma(1.0, 2.5, rows)).astype(np.float64),
        "days_since_visit": np.round(random.exponential(40.0, rows), 1),
        "demo_minutes": np.round(random.gamma(2.0, 12.0, rows), 1),
        "web_score": np.round(random.normal(50.0, 15.0, rows), 2),
        "form_seconds": np.round(random.lognormal(3.5, 0.7, rows), 1),
    }


def height(name: str, values: Floats) -> Floats:
    """Log-odds that a number adds."""
    at, heights = np.array(CURVES[name], dtype=np.float64).T
    return np.interp(np.log(values), np.log(at), heights) if name == "employees" else np.interp(values, at, heights)


def chances(odds: Floats) -> Floats:
    """The chance of each lead, with the intercept that makes their mean RATE."""
    from scipy.optimize import brentq
    from scipy.special import expit

    intercept = brentq(lambda start: float(expit(odds + start).mean()) - RATE, -20.0, 20.0)
    return np.asarray(expit(odds + intercept))


def leads(rows: int) -> pa.Table:
    """The table."""
    random = np.random.default_rng([SEED, rows])
    places, values = categories(random, rows), numbers(random, rows)
    gone = {name: random.random(rows) < share for name, share in MISSING.items()}
    odds = np.sum([effect[places[name]] for name, effect in EFFECTS.items()], axis=0)
    for name in CURVES:
        added = height(name, values[name])
        odds += np.where(gone[name], NO_DEMO, added) if name == "demo_minutes" else added
    chance = chances(odds)
    columns: dict[str, pa.Array] = {}
    for name, place in places.items():
        texts = pa.array([f"{name.replace('_', ' ')} {value + 1:02}" for value in range(CATEGORIES[name][0])])
        columns[name] = texts.take(pa.array(place, mask=gone.get(name)))
    columns |= {name: pa.array(value, mask=gone.get(name)) for name, value in values.items()}
    columns["converted"] = pa.array(random.random(rows) < chance)
    columns["holdout"] = pa.array(random.random(rows) < HOLD_OUT)
    columns["p_true"] = pa.array(chance)
    return pa.table(columns)


def make_table(rows: int, folder: Path) -> Path:
    """The file that the leads were written to; it appears whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"leads-{rows}.parquet"
    aside = file.with_name(f"{file.name}.{os.getpid()}.part")
    pq.write_table(leads(rows), aside)
    aside.replace(file)
    return file


if __name__ == "__main__":
    print(make_table(int(sys.argv[1].replace("_", "")), Path(sys.argv[2])))
