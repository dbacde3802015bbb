"""What is fetched of scores made in an engine: leads by score and outcome, or the scores beside a key."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import pyarrow as pa

from calibrate.document.rules import Rules
from calibrate.document.scoring import COLUMNS, Scored
from calibrate.errors import SettingsError, nearest, shown
from calibrate.reading.dialect import ReadingOptions
from calibrate.remote.marginals import OUT, WON
from calibrate.remote.outcomes import counted_by_outcome
from calibrate.remote.plain import plain_table
from calibrate.remote.scoring import scored
from calibrate.remote.table import EngineTable
from calibrate.settings import OutcomeSettings
from calibrate.statistics.ranking import ScoreCounts

_GUESSED = ReadingOptions()


def score_counts(
    table: EngineTable, rules: Rules, outcome: OutcomeSettings, options: ReadingOptions = _GUESSED
) -> ScoreCounts:
    """Leads and conversions of every score, counted in the engine; leads whose outcome is not known do not count.

    Raises:
        DataError: the leads cannot be scored, or their outcome not be told.
        SettingsError: nothing says what won means, or deals stand in a second table.
    """
    table, _ = plain_table(table)
    counted = counted_by_outcome(table, outcome, options)
    frame = scored(rules, table, 0, options).select("score", state=counted.state)
    query = frame.filter(nw.col("state") != OUT).group_by("score", "state").agg(leads=nw.len())
    found = table.fetched(query)
    scores, states, leads = (found[name].to_numpy() for name in ("score", "state", "leads"))
    return ScoreCounts.from_counts(scores, leads, leads * (states == WON))


def lead_key(table: EngineTable, named: str | None) -> str:
    """The column that names a lead: the one that was named, else the first that is different in every lead.

    Raises:
        SettingsError: the named one is not there, or there is none.
    """
    schema = table.frame.collect_schema()
    if named is not None:
        if named not in schema:
            raise SettingsError(
                f"{table.name}: there is no column {shown(named)} (--lead-key); {nearest(named, schema)}"
            )
        return named
    for name, dtype in schema.items():
        if (dtype.is_integer() or dtype == nw.String) and _names_leads(table, name):
            return name
    raise SettingsError(
        f"{table.name}: found no column that is different in every lead, expected one to tell leads apart; name it "
        "with --lead-key"
    )


def _names_leads(table: EngineTable, name: str) -> bool:
    by_value = table.frame.select(value=table.col(name)).group_by("value").agg(leads=nw.len())
    found = table.fetched(by_value.select(most=nw.col("leads").max()))
    return bool(found["most"].to_pylist() == [1])


def fetched_scores(table: EngineTable, scores: nw.LazyFrame[Any], key: str) -> tuple[pa.Table, Scored]:
    """The key of every lead, ascending, and its scores.

    scores: a query for both.

    Raises:
        CalibrateError: the engine fails.
    """
    found = table.fetched(scores)
    found = found.sort_by([(name, "ascending") for name in (key, *COLUMNS)])
    types = {"score": pa.int64(), "percentile": pa.float64(), "band": pa.string(), "reasons": pa.large_string()}
    columns = {name: found[name].cast(kind) for name, kind in types.items()}
    nothing = pa.chunked_array([pa.nulls(found.num_rows, pa.float64())])
    return found.select([key]), Scored(**columns, probability=nothing, unseen={}, absent=())
