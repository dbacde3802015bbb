"""One run: history in, points out, with their evidence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from calibrate.attributes import gate_cells, plan_attributes
from calibrate.codes import CodeStore, encode
from calibrate.columns import profile_columns
from calibrate.counts import ALL, CellCounts, count_cells, parts_of
from calibrate.draft import Provenance, draft_rules
from calibrate.errors import DataError
from calibrate.evidence import AttributeEvidence, attribute_evidence
from calibrate.findings import Findings, left_out_by_flags, remarks_of
from calibrate.leaks import leak_flags
from calibrate.levels import Cells
from calibrate.outcome import Outcome, compile_outcome, counted_leads
from calibrate.ranking import ScoreCounts
from calibrate.rates import Rate, conversion_rate
from calibrate.remarks import Remark, by_harm
from calibrate.rules import Rules
from calibrate.scorecard import Scorecard, learn_scorecard
from calibrate.settings import Settings, SourceSettings
from calibrate.source import ReadingOptions, Source, open_source
from calibrate.validation import Validation, iso_day, joint_scores, newest_quarter, validate

VERSION = "0.1.0"
Progress = Callable[[str], None]


def _unheard(_: str) -> None:
    """Nobody listens to the steps."""


@dataclass(frozen=True, slots=True)
class Excluded:
    """Leads that are not counted, and why in words."""

    leads: int
    reason: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A column that gets no points, and why in words."""

    column: str
    reason: str


@dataclass(frozen=True, slots=True)
class Calibration:
    """The whole result; `reports` draws from it and reads nothing else.

    rows: leads in the file.  overall: of the counted leads.  strength: leads of evidence a level needs before half
    its lift is believed (infinite when history shows no differences beyond chance).
    attributes: widest span of points first.  reading: how the file was read, in sentences.
    first_day, last_day: ISO dates of the counted leads, None without --date.
    """

    source_name: str
    rows: int
    outcome: str
    overall: Rate
    excluded: tuple[Excluded, ...]
    attributes: tuple[AttributeEvidence, ...]
    left_out: tuple[LeftOut, ...]
    remarks: tuple[Remark, ...]
    strength: float
    validation: Validation | None
    rules: Rules
    settings: Settings
    reading: tuple[str, ...]
    first_day: str | None
    last_day: str | None

    def to_frame(self) -> Any:
        """levels.csv as a pandas DataFrame: one row a level; rates 0 to 1, lifts in percentage points."""
        import pandas as pd

        from calibrate.output import LEVEL_COLUMNS, level_rows

        return pd.DataFrame(level_rows(self), columns=list(LEVEL_COLUMNS))


def run(data: Any, settings: Settings, *, force: bool = False, progress: Progress = _unheard) -> Calibration:
    """The calibration of the leads in a file or table.

    force: go on with fewer conversions than `points.min_conversions`.  progress: called with each step's name.

    Raises:
        DataError: the leads cannot be learned from.
        SettingsError: a setting does not fit the leads.
    """
    with open_source(data, reading_options(settings.source)) as source:
        progress("reading a sample")
        sample = source.sample()
        if not sample.num_rows:
            raise DataError(f"{source.name}: there is a header but no lead; expected one row a lead")
        outcome = compile_outcome(settings.outcome, source, sample)
        profiles = profile_columns(sample, settings)
        counted = counted_leads(sample, outcome, settings.outcome, source.options.dates)
        cells, left_out = plan_attributes(profiles, sample, counted, settings)
        only_gates = gate_cells(profiles, settings, cells)
        progress(f"reading {len(cells)} attributes of every lead")
        store = encode(source, [*cells, *only_gates], outcome, settings.outcome)
        overall = _overall(store, source, outcome, settings, force)
        progress("counting")
        newest_from = newest_quarter(store)
        parts = parts_of(store, newest_from)
        counts = count_cells(store, parts)
        flags = [flag for item, count in zip(store.cells, counts, strict=True) for flag in leak_flags(item, count)]
        twins = left_out_by_flags(store, flags, settings, {item.column for item in only_gates})
        chosen = [
            place
            for place, item in enumerate(store.cells)
            if item.column not in twins and place < len(store.cells) - len(only_gates)
        ]
        card = learn_scorecard([store.cells[i] for i in chosen], [counts[i].of(ALL) for i in chosen], settings.points)
        chosen, card, empty = _with_levels(chosen, card, counts, settings)
        if not chosen:
            raise DataError(f"{source.name}: no column can be an attribute; see why with: calibrate inspect")
        progress("testing the points on leads that did not make them")
        validation = validate(store, counts, chosen, parts, newest_from, settings) if _both(overall) else None
        return _result(
            source, sample, store, outcome, overall, card, validation,
            {**left_out, **twins, **empty}, Findings(profiles, flags, store, chosen, card), settings,
        )  # fmt: skip


def reading_options(settings: SourceSettings) -> ReadingOptions:
    """The reading options that stand in the settings."""
    values = settings.model_dump()
    return ReadingOptions(**{**values, "null": tuple(settings.null), "text_columns": tuple(settings.text_columns)})


def settled_settings(settings: Settings, source: Source) -> Settings:
    """The settings with the guesses of the reading written in, so that a second run guesses nothing."""
    found = source.options
    values = {name: getattr(found, name) for name in SourceSettings.model_fields}
    values["null"], values["text_columns"] = list(found.null), list(found.text_columns)
    return settings.model_copy(update={"source": SourceSettings(**values)})


def _overall(store: CodeStore, source: Source, outcome: Outcome, settings: Settings, force: bool) -> Rate:
    won = int(store.won.sum(dtype=np.int64))
    rate = conversion_rate(won, store.leads)
    if rate is None:
        reasons = "; ".join(f"{leads:,} {reason}" for leads, reason in store.excluded)
        raise DataError(
            f"{source.name}: no lead is left to learn from ({reasons}); check --outcome, --lost and --mature"
        )
    if won in (0, store.leads):
        which = "none" if won == 0 else "every one"
        raise DataError(
            f"{source.name}: {which} of {store.leads:,} counted leads has {outcome.words}; "
            "expected both won and lost leads, check --outcome and --lost"
        )
    if won < settings.points.min_conversions and not force:
        raise DataError(
            f"{source.name}: only {won} of {store.leads:,} counted leads were won; expected at least "
            f"{settings.points.min_conversions}. Points from so few jump about: wait, or take a draft with --force"
        )
    return rate


def _both(overall: Rate) -> bool:
    return 10 <= overall.conversions <= overall.leads - 10


def _with_levels(
    chosen: list[int], card: Scorecard, counts: Sequence[CellCounts], settings: Settings
) -> tuple[list[int], Scorecard, dict[str, str]]:
    """The attributes that have at least two levels to tell apart, and the card of these alone."""
    useful = [len(item.levels.levels) > 1 and not all(item.levels.too_few) for item in card.attributes]
    if all(useful):
        return chosen, card, {}
    kept = [place for place, keep in zip(chosen, useful, strict=True) if keep]
    cells: list[Cells] = [item.cells for item, keep in zip(card.attributes, useful, strict=True) if keep]
    named = {item.column for item in cells}
    dropped = {
        item.cells.column: "no value has enough leads to say anything"
        if all(item.levels.too_few)
        else "one level holds every lead: no difference between its values is beyond chance"
        for item in card.attributes
        if item.cells.column not in named
    }
    return kept, learn_scorecard(cells, [counts[i].of(ALL) for i in kept], settings.points), dropped


def _result(
    source: Source,
    sample: pa.Table,
    store: CodeStore,
    outcome: Outcome,
    overall: Rate,
    card: Scorecard,
    validation: Validation | None,
    left_out: dict[str, str],
    findings: Findings,
    settings: Settings,
) -> Calibration:
    attributes = attribute_evidence(card, settings.points.column)
    first = last = None
    if store.day is not None and store.leads:
        dated = store.day[store.day > -(2**31)]
        first, last = (iso_day(int(dated.min())), iso_day(int(dated.max()))) if len(dated) else (None, None)
    place = 1 if settings.points.column == "cautious" else 0
    joint = joint_scores(store, card, settings)
    population = ScoreCounts.from_counts(joint[place], joint[2], joint[3])
    settled = settled_settings(settings, source)
    provenance = Provenance(source.name, source.sha256(), store.rows, first, last, outcome.words, VERSION)
    remarks = remarks_of(findings, sample, attributes, overall, validation, settings)
    return Calibration(
        source_name=source.name,
        rows=store.rows,
        outcome=outcome.words,
        overall=overall,
        excluded=tuple(Excluded(leads, reason) for leads, reason in store.excluded),
        attributes=attributes,
        left_out=tuple(LeftOut(column, reason) for column, reason in left_out.items()),
        remarks=by_harm(remarks),
        strength=card.strength,
        validation=validation,
        rules=draft_rules(attributes, overall, population, validation, provenance, settled),
        settings=settled,
        reading=source.reading,
        first_day=first,
        last_day=last,
    )
