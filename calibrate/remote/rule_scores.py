"""Scores of one document or several side by side, in a query that holds nothing else of a lead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw

from calibrate.document.rules import Rules
from calibrate.reading.dialect import ReadingOptions
from calibrate.remote.lead_columns import LeadColumn
from calibrate.remote.scoring import Steps, columns_read, stepped_to
from calibrate.remote.table import EngineTable


@dataclass(frozen=True, slots=True)
class Reading:
    """A document, and what it reads in a table."""

    rules: Rules
    columns: Mapping[str, LeadColumn]


def reading_of(rules: Rules, table: EngineTable, options: ReadingOptions) -> Reading:
    """What a document reads in a table.

    Raises:
        DataError: as `columns_read` does.
    """
    return Reading(rules, columns_read(rules, table, options))


def scores_beside(table: EngineTable, documents: Sequence[Reading], beside: Mapping[str, nw.Expr]) -> nw.LazyFrame[Any]:
    """A lead's score_0, band_0 and gate_0 by the first document, _1 by the next, and what is asked for beside them.

    gate: number of the gate that decides, from 1; else 0.
    """
    steps = [
        Steps(each.rules.model_copy(update={"reference": None}), each.columns, 0, f"rules_{place}_")
        for place, each in enumerate(documents)
    ]
    (first, *others) = zip(*(document.all() for document in steps), strict=True)
    sums = {name: sum_ for step in first for name, sum_ in step.items()}
    frame = stepped_to(table, table.frame.select(**sums, **beside))
    for place, (document, own) in enumerate(zip(steps, zip(*others, strict=True), strict=True)):
        for step in own:
            frame = stepped_to(table, frame.with_columns(**step))
        renamed = {"score": nw.col("score"), "band": nw.col("band"), "gate": nw.col(document.gate)}
        frame = stepped_to(table, frame.with_columns(**{f"{name}_{place}": part for name, part in renamed.items()}))
    names = [f"{name}_{place}" for place in range(len(steps)) for name in ("score", "band", "gate")]
    return frame.select(*names, *beside)
