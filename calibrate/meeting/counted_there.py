"""Newer leads that another engine holds, counted there for a check or a comparison; no lead travels.

::

    rules 1 to 6 in one number    state   leads        one query for as many rules as fit
    score, gated                  state   leads
    day, above the threshold      state   leads
    a text that no case names             leads        one query an attribute of texts
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import reduce
from itertools import groupby
from operator import add

import narwhals as nw
import numpy as np
import pyarrow as pa

from calibrate.document.lead_score import used
from calibrate.document.rules import Rule, Rules
from calibrate.document.scoring import typed_leads, types_read
from calibrate.exports.check import NO_BAND, CheckLeads
from calibrate.leads.levels import Ints
from calibrate.meeting.combinations import summed
from calibrate.meeting.newer import LeadFile
from calibrate.meeting.newer_counts import MOST_VALUES, MonthCounts, NewerCounts, UnnamedValues
from calibrate.meeting.newer_there import LeadsThere, leads_there
from calibrate.meeting.outcome_keys import Digit, digits_of, numbers_of
from calibrate.meeting.rule_counts import RuleCounts, outcome_counts
from calibrate.reading.source import open_source
from calibrate.remote.history import without_rows
from calibrate.remote.marginals import OUT, tidy
from calibrate.remote.rule_scores import Reading, reading_of, scores_beside
from calibrate.remote.scoring import chosen
from calibrate.statistics.ranking import ScoreCounts

_MOST_KEYS = 10_000


def counted_there(rules: Rules, leads: CheckLeads) -> NewerCounts:
    """The counts of the leads of a table that an engine holds.

    Raises:
        DataError: the leads cannot be read as the rules want them, none counts, or the table changes meanwhile.
    """
    with without_rows():
        there = leads_there(leads, (rules,))
        reading = reading_of(rules, there.table, there.options)
        names = there.table.frame.collect_schema().names()
        scores, free = _scores(there, reading)
        return NewerCounts(
            file=there.file,
            by_rule=RuleCounts(_ways(there, reading), scores, free),
            unnamed=_unnamed(there, rules, names),
            months=_months(there, reading),
            columns=tuple(name for name in used(rules) if name in names),
        )


def pairs_there(
    documents: Sequence[Rules], leads: CheckLeads, orders: Sequence[Sequence[str]]
) -> tuple[LeadFile, Ints, Ints, Ints]:
    """What was read, then distinct scores and places of bands by each document, with their leads and conversions.

    orders: the bands a lead may get by each of the documents.

    Raises:
        DataError: as `counted_there` does.
    """
    with without_rows():
        there = leads_there(leads, documents)
        readings = [reading_of(rules, there.table, there.options) for rules in documents]
        by = [f"{part}_{place}" for part in ("score", "band") for place in range(len(documents))]
        answer = there.counted(scores_beside(there.table, readings, {"state": there.state}), by)
    places = [
        np.array([list(order).index(name or NO_BAND) for name in answer.table[column].to_pylist()], np.int64)
        for column, order in zip(by[len(documents) :], orders, strict=True)
    ]
    rows = np.array([*(answer.numbers(name) for name in by[: len(documents)]), *places], np.int64)
    return there.file, *summed(rows, answer.leads, answer.won)


def _ways(there: LeadsThere, reading: Reading) -> tuple[Ints, ...]:
    """Leads and conversions of every outcome of each rule."""
    rules = reading.rules
    pairs = zip(rules.rules, digits_of(rules, _MOST_KEYS)[1:], strict=True)
    return tuple(
        counts
        for _, group in groupby(pairs, key=lambda pair: pair[1].key)
        for counts in _ways_of_key(there, reading, list(group))
    )


def _ways_of_key(there: LeadsThere, reading: Reading, pairs: Sequence[tuple[Rule, Digit]]) -> Iterator[Ints]:
    """The same of rules whose outcomes are asked for in one number."""
    numbers = [chosen(rule, reading.columns, numbers_of(reading.rules, rule, digit.factor)) for rule, digit in pairs]
    key = reduce(add, numbers, nw.lit(0, nw.Int64()))
    answer = there.counted(there.table.frame.select(key=key, state=there.state), ["key"])
    keys = answer.numbers("key")[np.newaxis]
    for _, digit in pairs:
        yield outcome_counts(replace(digit, key=0).of(keys), digit.size, answer.leads, answer.won)


def _scores(there: LeadsThere, reading: Reading) -> tuple[ScoreCounts, ScoreCounts]:
    """All leads by score, and those that no gate decides."""
    gated = nw.when(nw.col("gate_0") > 0).then(nw.lit(1)).otherwise(nw.lit(0))
    scored = scores_beside(there.table, [reading], {"state": there.state})
    answer = there.counted(scored.select("score_0", "state", gated=gated), ["score_0", "gated"])
    scores, free = answer.numbers("score_0"), answer.numbers("gated") == 0
    return (
        ScoreCounts.from_counts(scores, answer.leads, answer.won),
        ScoreCounts.from_counts(scores[free], answer.leads[free], answer.won[free]),
    )


def _months(there: LeadsThere, reading: Reading) -> MonthCounts | None:
    threshold = reading.rules.handover_score
    if threshold is None:
        return None
    months = MonthCounts(threshold)
    if there.date is not None:
        scored = scores_beside(there.table, [reading], {"state": there.state, "day": there.table.col(there.date)})
        above = nw.when(nw.col("score_0") >= threshold).then(nw.lit(1)).otherwise(nw.lit(0))
        answer = there.counted(scored.select("day", "state", above=above), ["day", "above"])
        months.add(there.days(answer.table["day"]), answer.numbers("above") == 1, answer.leads, answer.won)
    return months


def _unnamed(there: LeadsThere, rules: Rules, names: Sequence[str]) -> UnnamedValues:
    """The commonest texts that no case and no gate names."""
    found = UnnamedValues(rules)
    for name in found.counts:
        if name in names:
            values, leads = _values(there, name, [text for attribute, text in found.named if attribute == name])
            with open_source(pa.table({name: values}), there.options, types=types_read(rules)) as source:
                typed = [
                    text
                    for batch in source.raw_batches()
                    for text in typed_leads(rules, source, batch).column(0).to_pylist()
                ]
            found.count(name, zip(typed, leads, strict=True))
    return found


def _values(there: LeadsThere, name: str, named: Sequence[str]) -> tuple[pa.ChunkedArray, list[int]]:
    """The values of a column with their leads, the commonest first, without those that are named."""
    table = there.table
    others = table.frame.select(value=table.col(name), state=there.state).filter(nw.col("state") > OUT)
    kept = others.filter(~nw.col("value").is_null())
    if named and isinstance(table.frame.collect_schema()[name], nw.String):
        kept = kept.filter(~nw.col("value").is_in(sorted(named)))
    counts = kept.group_by("value").agg(leads=nw.len()).sort("leads", "value", descending=[True, False])
    answer = tidy(table.fetched(counts.head(MOST_VALUES)))
    return answer["value"], answer["leads"].to_pylist()
