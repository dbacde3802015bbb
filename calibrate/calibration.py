"""One run: history in, points out, with their evidence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from calibrate import __version__
from calibrate.attributes import gate_cells, plan_attributes
from calibrate.codes import CodeStore, encode
from calibrate.columns import profile_columns
from calibrate.draft import Provenance, draft_rules
from calibrate.errors import DataError
from calibrate.evidence import AttributeEvidence, attribute_evidence
from calibrate.findings import Findings, left_out_by_flags, open_leads, remarks_of
from calibrate.held_out import Trial, joint_scores, make_trial
from calibrate.leaks import LeakFlag, leak_flags
from calibrate.outcome import Outcome, check_arrival, compile_outcome, counted_leads
from calibrate.ranking import ScoreCounts
from calibrate.rates import Rate, conversion_rate
from calibrate.remarks import Remark, by_harm
from calibrate.rules import Rules
from calibrate.scorecard import Scorecard, learn_scorecard
from calibrate.settings import Settings, SourceSettings
from calibrate.source import ReadingOptions, Source, open_source
from calibrate.units import fitting_unit
from calibrate.validation import Validation, first_and_last, validate

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
        cells, left_out = plan_attributes(profiles, sample, counted, settings, source.name)
        only_gates = gate_cells(profiles, settings, cells)
        progress(f"reading {len(cells)} attributes of every lead")
        store = encode(source, [*cells, *only_gates], outcome, settings.outcome)
        overall = _overall(store, source, outcome, settings, force)
        if store.day is not None:
            check_arrival(store.won, store.day, settings.outcome.date or "", source.name)
        progress("counting")
        trial = make_trial(store, by_account=bool(settings.outcome.account))
        flags = [
            flag for item, count in zip(store.cells, trial.counts, strict=True) for flag in leak_flags(item, count)
        ]
        barred = left_out_by_flags(store, flags, settings, {item.column for item in only_gates})
        trial = _without_suspects(trial, flags, settings)
        places = [place for place in range(len(cells)) if store.cells[place].column not in barred]
        learned = _learn(trial, places, settings)
        if not learned.places:
            raise DataError(_nothing_to_learn(source.name, learned, settings))
        progress("testing the points on leads that did not make them")
        validation = validate(trial, learned.places, _with_unit(settings, learned.unit)) if _both(overall) else None
        findings = Findings(profiles, flags, store, learned.places, learned.card)
        attributes = attribute_evidence(learned.card, settings.points.column, idle=len(learned.empty))
        remarks = [*learned.remarks, *open_leads(outcome, sample)]
        remarks += remarks_of(findings, sample, attributes, overall, validation, settings)
        reasons = {**left_out, **barred, **learned.empty}
        return _result(source, store, outcome, overall, learned, attributes, validation, reasons, remarks, settings)


def _without_suspects(trial: Trial, flags: Sequence[LeakFlag], settings: Settings) -> Trial:
    """The trial with the missing levels muted that may be missing because of the outcome."""
    suspects = {flag.column for flag in flags if flag.mutes} - set(settings.columns.allow)
    cells = tuple(replace(item, mute_missing=item.column in suspects) for item in trial.store.cells)
    return replace(trial, store=replace(trial.store, cells=cells))


@dataclass(frozen=True, slots=True)
class _Learned:
    """The card, the places of its attributes in the store, columns with nothing to say, and what a point is worth."""

    places: tuple[int, ...]
    card: Scorecard
    empty: dict[str, str]
    unit: float
    remarks: list[Remark]


def _learn(trial: Trial, places: Sequence[int], settings: Settings) -> _Learned:
    """The card of the attributes that have levels to tell apart, in the unit that fits."""
    first = learn_scorecard(trial.cells(places), trial.totals(places), settings.points)
    useful = [len(item.levels.levels) > 1 and not all(item.levels.too_few) for item in first.attributes]
    named = {item.cells.column for item, keep in zip(first.attributes, useful, strict=True) if keep}
    empty = {
        item.cells.column: "no value has enough leads to say anything"
        if all(item.levels.too_few)
        else "one level holds every lead: no difference between its values is beyond chance"
        for item in first.attributes
        if item.cells.column not in named
    }
    kept = tuple(place for place, keep in zip(places, useful, strict=True) if keep)
    unit, remark = fitting_unit(trial, kept, settings) if kept else (1, None)
    card = learn_scorecard(trial.cells(kept), trial.totals(kept), _with_unit(settings, unit).points)
    return _Learned(kept, card, empty, unit, [remark] if remark else [])


def _nothing_to_learn(name: str, learned: _Learned, settings: Settings) -> str:
    if not learned.empty:
        return f"{name}: no column can be an attribute; see why with: calibrate inspect"
    points = settings.points
    return (
        f"{name}: no value of any attribute has enough leads, expected {points.min_leads} leads with "
        f"{points.min_expected:g} conversions and as many others at the overall rate; wait for more leads, or lower "
        "points.min_leads and points.min_expected in calibrate.toml"
    )


def _with_unit(settings: Settings, unit: float) -> Settings:
    return settings.model_copy(update={"points": settings.points.model_copy(update={"unit": unit})})


def reading_options(settings: SourceSettings) -> ReadingOptions:
    """The reading options that stand in the settings."""
    values = settings.model_dump()
    return ReadingOptions(**{**values, "null": tuple(settings.null), "text_columns": tuple(settings.text_columns)})


def settled_settings(settings: Settings, source: Source, attributes: Sequence[AttributeEvidence]) -> Settings:
    """The settings with the guesses written in, of reading and of groups, so that they can be seen and changed."""
    found = source.options
    values = {name: getattr(found, name) for name in SourceSettings.model_fields}
    values["null"], values["text_columns"] = list(found.null), list(found.text_columns)
    groups = {item.column: item.group for item in attributes}
    decided = {
        name: settings.attribute(name).model_copy(update={"group": groups.get(name, settings.attribute(name).group)})
        for name in sorted({*settings.attributes, *groups})
    }
    return settings.model_copy(update={"source": SourceSettings(**values), "attributes": decided})


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


def _result(
    source: Source,
    store: CodeStore,
    outcome: Outcome,
    overall: Rate,
    learned: _Learned,
    attributes: tuple[AttributeEvidence, ...],
    validation: Validation | None,
    left_out: dict[str, str],
    remarks: list[Remark],
    settings: Settings,
) -> Calibration:
    first, last = first_and_last(store)
    joint = joint_scores(store, learned.card, settings)
    place = 1 if settings.points.column == "cautious" else 0
    population = ScoreCounts.from_counts(joint[place], joint[2], joint[3])
    settled = settled_settings(settings, source, attributes)
    provenance = Provenance(source.name, source.sha256(), store.rows, first, last, outcome.words, __version__)
    return Calibration(
        source_name=source.name,
        rows=store.rows,
        outcome=outcome.words,
        overall=overall,
        excluded=tuple(Excluded(leads, reason) for leads, reason in store.excluded),
        attributes=attributes,
        left_out=tuple(LeftOut(column, reason) for column, reason in left_out.items()),
        remarks=by_harm(remarks),
        strength=learned.card.strength,
        validation=validation,
        rules=draft_rules(attributes, overall, population, validation, provenance, settled, learned.unit),
        settings=settled,
        # Told or guessed makes no difference to the points, so a run with its own calibrate.toml writes the same bytes.
        reading=source.reading,
        first_day=first,
        last_day=last,
    )
