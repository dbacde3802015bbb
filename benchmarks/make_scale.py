"""Makes a table of synthetic leads of any size: python benchmarks/make_scale.py ROWS FILE.

Twenty attributes: twelve categories of 3 to 200 values, a third of them 6 % empty, and eight numbers (long-tailed
and small whole ones, decimals that are all different, two of them 10 % empty); an identifier, a date and an outcome
that 3.3 % of the leads reach, more or less often by five of the attributes. Parquet with plain texts. The same rows
give the same file, and no more than one row group is ever in memory.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

SEED = 20240607
GROUP = 125_000
CATEGORIES = {
    "company_type": 3, "region": 4, "job_level": 5, "channel": 6, "department": 8, "source": 10,
    "industry": 15, "country": 20, "technology": 30, "campaign": 50, "city": 100, "landing_page": 200,
}  # fmt: skip
SPARSE = ("region", "department", "country", "city")
NUMBERS = (
    "employees", "page_views", "visits", "emails_opened", "days_since_contact", "revenue", "fit_index", "spend",
)  # fmt: skip
FIRST_DAY, DAYS = np.datetime64("2022-01-01"), 1_000
INTERCEPT = -4.26
EFFECTS = {"job_level": 0.5, "channel": 0.45, "industry": 0.5, "landing_page": 0.35}


def columns(start: int, rows: int, total: int) -> dict[str, pa.Array]:
    """The leads start to start + rows - 1."""
    random = np.random.default_rng([SEED, start])
    made: dict[str, pa.Array] = {"lead_id": pa.array(np.arange(start + 1, start + rows + 1))}
    days = (np.arange(start, start + rows) * DAYS // total).astype("timedelta64[D]")
    made["created"] = pa.array(FIRST_DAY + days)
    odds = np.full(rows, INTERCEPT)
    for name, size in CATEGORIES.items():
        texts = pa.array([f"{name.replace('_', ' ')} {place + 1:03}" for place in range(size)])
        shares = 1 / (np.arange(size) + 3.0)
        places = np.searchsorted(np.cumsum(shares / shares.sum())[:-1], random.random(rows)).astype(np.int32)
        empty = random.random(rows) < 0.06 if name in SPARSE else None
        made[name] = pa.DictionaryArray.from_arrays(pa.array(places, mask=empty), texts)
        if name in EFFECTS:
            odds += EFFECTS[name] * np.cos(places * 2.4)
    for name, values, empty_share in _numbers(random, rows):
        made[name] = pa.array(values, mask=random.random(rows) < empty_share if empty_share else None)
        if name == "visits":
            odds += 0.22 * np.minimum(values, 6)
        elif name == "employees":
            odds += 0.25 * np.clip(np.log(values) - 3.5, -2, 2)
    made["won"] = pa.array(random.random(rows) < 1 / (1 + np.exp(-odds)))
    return made


def _numbers(random: np.random.Generator, rows: int) -> Iterator[tuple[str, np.ndarray, float]]:
    drawn = {
        "employees": np.ceil(random.lognormal(3.5, 1.6, rows)).astype(np.int64),
        "page_views": np.floor(random.lognormal(1.5, 1.2, rows)).astype(np.int64),
        "visits": random.poisson(1.8, rows),
        "emails_opened": random.geometric(0.4, rows) - 1,
        "days_since_contact": np.floor(random.exponential(40, rows)).astype(np.int64),
        "revenue": random.lognormal(13.0, 2.0, rows),
        "fit_index": random.normal(50.0, 15.0, rows),
        "spend": random.gamma(2.0, 400.0, rows),
    }
    for name in NUMBERS:
        yield name, drawn[name], 0.1 if name in ("revenue", "fit_index") else 0.0


def make_table(rows: int, path: Path) -> None:
    """Writes the leads; the file appears whole or not at all."""
    aside = path.with_name(f"{path.name}.{os.getpid()}.part")
    writer = None
    for start in range(0, rows, GROUP):
        batch = pa.RecordBatch.from_pydict(columns(start, min(GROUP, rows - start), rows))
        if writer is None:
            writer = pq.ParquetWriter(aside, batch.schema, compression="snappy", store_schema=False)
        writer.write_batch(batch, row_group_size=GROUP)
    if writer is not None:
        writer.close()
        aside.replace(path)


if __name__ == "__main__":
    make_table(int(sys.argv[1].replace("_", "")), Path(sys.argv[2]))
