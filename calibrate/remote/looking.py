"""A first look at a table that another engine holds, before anything says which leads were won."""

from __future__ import annotations

from dataclasses import replace

import narwhals as nw

from calibrate.errors import DataError
from calibrate.leads.columns import ColumnProfile, profile_columns
from calibrate.reading.source import ReadingOptions, Source, open_source
from calibrate.remote.keys import chosen, settle_key
from calibrate.remote.marginals import LOST, SAMPLE, looks, marginals, names_the_lead, sampled
from calibrate.remote.plain import plain_table
from calibrate.remote.table import EngineTable
from calibrate.settings import Settings


def look_at(
    table: EngineTable, options: ReadingOptions, settings: Settings
) -> tuple[Source, tuple[ColumnProfile, ...]]:
    """A source with the values of every column in their share, which belong to no one lead, and what each column is.

    The source says how many leads the table holds. Of a column that only names the lead no value is fetched.

    Raises:
        DataError: the table is empty, so long that a key must be named, or the engine cannot answer.
    """
    table, notes = plain_table(table)
    rows = int(table.fetched(table.frame.select(leads=nw.len()))["leads"][0].as_py())
    if not rows:
        raise DataError(f"{table.name}: there is no lead; expected one row a lead")
    some = None
    if rows > SAMPLE:
        key = settle_key(table, rows, settings.outcome.account, settings.source.key)
        if key is None:
            raise DataError(
                f"{table.name}: no column names each of the {rows:,} leads, expected a key to choose some by; name one "
                "in calibrate.toml with source.key"
            )
        some = chosen(table, key, rows, SAMPLE).leads
    seen = looks(table, some)
    names = table.frame.collect_schema().names()
    found, left_out = marginals(table, names, {"state": nw.lit(LOST)}, seen, some)
    sample = sampled(found, names, rows, counted=False)
    kept = tuple(name for name in options.text_columns if name in sample.column_names)
    source = open_source(sample, replace(options, text_columns=kept))
    known = {profile.name: profile for profile in profile_columns(source.sample(), settings)}
    reasons = {**left_out, **table.left_out}
    profiles = tuple(
        known[name] if name in known else names_the_lead(name, seen.get(name), reasons[name])
        for name in dict.fromkeys([*names, *reasons])
    )
    reading = (*notes, f"{table.engine} counted the values of each column.", *source.reading)
    return replace(source, name=table.name, rows=rows, reading=reading), profiles
