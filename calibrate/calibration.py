"""One run: history in, points out, with their evidence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from threadpoolctl import threadpool_limits

from calibrate import __version__
from calibrate.document.draft import Provenance, draft_rules, score_of
from calibrate.document.rules import Rules
from calibrate.document.rules_file import load_rules
from calibrate.errors import DataError
from calibrate.findings import MANY_AN_ACCOUNT, Findings, leads_an_account, left_out_by_flags, open_leads, remarks_of
from calibrate.leads.codes import CodeStore
from calibrate.leads.history import History, read_history
from calibrate.leads.leaks import LeakFlag, leak_flags
from calibrate.leads.levels import outcome_may_cut
from calibrate.leads.outcome import check_arrival
from calibrate.learning.evidence import AttributeEvidence, attribute_evidence
from calibrate.learning.held_out import Trial, all_scores, make_trial
from calibrate.learning.learned import Learned, learn
from calibrate.learning.scorecard import with_points
from calibrate.proof.audit import Overlap, overlap_audit
from calibrate.proof.shaping import Shaped, shaping_steps
from calibrate.proof.stability import Stability, as_listed, stability_of
from calibrate.proof.surprises import Surprises, surprising_leads
from calibrate.proof.validation import Validation, first_and_last, validate
from calibrate.reading.addresses import is_address
from calibrate.reading.ahead import beside
from calibrate.reading.source import ReadingOptions, Source, open_source
from calibrate.remarks import Remark, by_harm
from calibrate.remote.history import remote_history
from calibrate.remote.opening import open_address
from calibrate.remote.table import EngineTable, engine_table, is_remote
from calibrate.settings import PointColumn, Settings, SourceSettings
from calibrate.showing import Shown
from calibrate.statistics.points import Worth
from calibrate.statistics.rates import Rate, conversion_rate
from calibrate.statistics.sample_size import Readiness, readiness

if TYPE_CHECKING:
    from calibrate.meeting.combinations import Combinations

Progress = Callable[[str], None]
_OF_ENGINES = {"key", "sample_leads"}


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


@dataclass(frozen=True, slots=True, repr=False)
class Calibration(Shown):
    """The whole result; `reports` draws from it and reads nothing else.

    rows: leads in the file.  overall: of the counted leads.  strength: leads of evidence a level needs before half
    its lift is believed (infinite when history shows no differences beyond chance).
    column: the points that the rules carry.  overlap: how much of the lift points is counted twice.
    stability: what became of the points in redrawn histories, None without draws.  shaping: the ranking as points were
    learned and after each change to them.  surprises: held-out leads that went against their score, None where there
    are too few or their outcomes may still change.  readiness: what the history is enough for.
    attributes: widest span of points first.  reading: how the file was read, in sentences.
    first_day, last_day: ISO dates of the counted leads, None without --date.  store: their codes.
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
    column: PointColumn
    validation: Validation | None
    overlap: Overlap
    stability: Stability | None
    shaping: tuple[Shaped, ...]
    surprises: Surprises | None
    readiness: Readiness
    rules: Rules
    settings: Settings
    reading: tuple[str, ...]
    first_day: str | None
    last_day: str | None
    store: CodeStore | None = field(default=None, repr=False, compare=False)

    def combinations(self, most: int | None = None) -> Combinations:
        """The counted leads by what the rules say of them; counted anew at every call.

        Raises:
            TooManyError: there are more than `most` of them.
            DataError: the calibration was put together without its leads.
        """
        from calibrate.meeting.combinations import combinations_of_store

        if self.store is None:
            raise DataError(f"{self.source_name}: found no codes of leads, expected those of a run; run it again")
        return combinations_of_store(self.store, self.rules, most)

    def to_frame(self) -> Any:
        """levels.csv as a pandas DataFrame: one row a level; rates 0 to 1, lifts in percentage points."""
        import pandas as pd

        from calibrate.output import level_columns, level_rows

        return pd.DataFrame(level_rows(self), columns=list(level_columns(self)))


def run(
    data: Any,
    settings: Settings,
    *,
    force: bool = False,
    progress: Progress = _unheard,
    counting: Literal["local", "engine"] | None = None,
) -> Calibration:
    """The calibration of the leads in a file or table.

    data: a table that another engine holds, or one behind an address, is counted there, and closed where it is an
    EngineTable.
    force: go on with fewer conversions than `points.min_conversions`.  progress: called with each step's name.
    counting: says for any table where it is counted.

    Raises:
        DataError: the leads cannot be learned from.
        SettingsError: a setting does not fit the leads.
        RulesError: `points.previous` is no rules file.
    """
    previous = load_rules(Path(settings.points.previous)) if settings.points.previous else None
    # The matrices are small: threads of the linear algebra would only wait for each other, and round differently.
    with _held(data, settings, counting) as held, threadpool_limits(1, "blas"):
        source, read = _read(held, _cut_as(previous, settings, held) if previous else settings, progress)
        history = _history(source, read, settings, progress, force=force)
        model = "linear model of level pairs" if settings.points.fit == "linear" else "logistic model of the leads"
        progress(f"learning points, the overlap by a {model}")
        with beside(source.sha256) as fingerprint:
            learned = learn(history.trial, history.places, settings, source.name, force=force)
            progress("testing the points on leads that did not make them")
            validation = validate(history.trial, learned, settings)
            draws = settings.points.draws
            progress(
                f"learning again from {draws:,} redrawn histories" if draws else "looking for overlap and surprises"
            )
            result = _result(source, fingerprint(), history, learned, validation, settings)
    if previous is None:
        return result
    from calibrate.adopted import keep_previous

    return keep_previous(result, previous)


def _held(data: Any, settings: Settings, counting: str | None) -> Source | EngineTable:
    """The leads in an engine that counts them, or read here."""
    if counting == "engine" or (counting is None and is_remote(data)):
        return engine_table(data)
    if isinstance(data, str) and is_address(data):
        return open_address(data, settings.source.table)
    return open_source(data, reading_options(settings.source))


def _cut_as(previous: Rules, settings: Settings, held: Source | EngineTable) -> Settings:
    """The settings with the cuts of numbers that a decision in the previous rules needs."""
    from calibrate.meeting.decided import with_cuts

    if isinstance(held, Source):
        return with_cuts(settings, previous, [column.name for column in held.columns])
    return with_cuts(settings, previous, held.frame.collect_schema().names())


def _read(held: Source | EngineTable, settings: Settings, progress: Progress) -> tuple[Source, History]:
    if isinstance(held, EngineTable):
        return remote_history(held, reading_options(settings.source), settings, progress)
    return held, read_history(held, settings, progress)


@dataclass(frozen=True, slots=True)
class _History:
    """The counted leads with what was found out about them.

    places: in the store, of the attributes that may get points.  left_out: columns that may not, and why.
    """

    read: History
    overall: Rate
    trial: Trial
    places: tuple[int, ...]
    flags: tuple[LeakFlag, ...]
    left_out: dict[str, str]


def _history(source: Source, read: History, settings: Settings, progress: Progress, *, force: bool) -> _History:
    """The leads that were read, without the columns that leak."""
    store = read.store
    overall = _overall(read, source, settings, force)
    if store.day is not None:
        check_arrival(store.won, store.day, settings.outcome.date or "", source.name)
    progress("counting")
    trial = make_trial(store, by_account=bool(settings.outcome.account), exact=read.exact)
    counts = zip(store.cells, trial.counts, strict=True)
    flags = tuple(flag for item, count in counts for flag in leak_flags(item, count))
    barred = left_out_by_flags(store, flags, settings, {item.column for item in read.gates})
    places = tuple(place for place in range(read.attributes) if store.cells[place].column not in barred)
    trial = _settled_cells(trial, flags, overall, settings)
    return _History(read, overall, trial, places, flags, {**read.left_out, **barred})


def _result(
    source: Source,
    fingerprint: str | None,
    history: _History,
    learned: Learned,
    validation: Validation | None,
    settings: Settings,
) -> Calibration:
    """What was learned with its evidence, and the rules drawn from it."""
    store, overall, read = history.trial.store, history.overall, history.read
    column = _column(settings, validation)
    attributes = attribute_evidence(learned.card, column, learned.worths[column], idle=len(learned.empty))
    stability = stability_of(history.trial, learned.places, learned.card, learned.worths, settings.points)
    unit = Worth() if column == "log-odds" else Worth(learned.worths[column].unit)
    overlap = overlap_audit(store, learned.places, with_points(learned.card, unit))
    shaping = shaping_steps(history.trial, learned, column, settings)
    score = score_of(learned, column, settings.points)
    of_account = _an_account(read, settings)
    findings = Findings(
        read.profiles, read.outcome, history.flags, store, overlap, learned.card.strength, shaping, score, of_account
    )
    first, last = read.exact.days if read.exact else first_and_last(store)
    settled = settled_settings(settings, source, attributes)
    provenance = Provenance(source.name, fingerprint, store.rows, first, last, read.outcome.words, __version__)
    population = all_scores(store, learned.card, column, settings, score.base)
    return Calibration(
        source_name=source.name,
        rows=store.rows,
        outcome=read.outcome.words,
        overall=overall,
        excluded=tuple(Excluded(leads, reason) for leads, reason in store.excluded),
        attributes=attributes,
        left_out=tuple(LeftOut(name, reason) for name, reason in {**history.left_out, **learned.empty}.items()),
        remarks=by_harm(
            [
                *learned.remarks,
                *open_leads(read.outcome, read.sample),
                *remarks_of(
                    findings, read.sample if read.together else None, attributes, overall, validation, settings, column
                ),
            ]
        ),
        strength=learned.card.strength,
        column=column,
        validation=validation,
        overlap=overlap,
        stability=as_listed(stability, learned.card, attributes),
        shaping=shaping,
        surprises=_surprises(history, learned, column, settings),
        readiness=readiness(overall.conversions, overall.leads),
        rules=draft_rules(attributes, overall, population, validation, provenance, settled, score, column),
        settings=settled,
        # Told or guessed is the same to the points: a run with its own calibrate.toml writes the same bytes.
        reading=source.reading,
        first_day=first,
        last_day=last,
        store=store,
    )


def _column(settings: Settings, validation: Validation | None) -> PointColumn:
    """The points that the rules carry: those asked for, or what ranks best; cautious where no one ranks for sure."""
    if settings.points.column != "best":
        return settings.points.column
    return validation.column if validation else "cautious"


def _settled(history: _History, settings: Settings) -> bool:
    """Whether a lead that was not won is lost for good as far as is known, and leads stand for themselves."""
    outcome = history.read.outcome
    if _an_account(history.read, settings) > MANY_AN_ACCOUNT:
        return False
    if settings.outcome.mature_days is not None or settings.outcome.lost:
        return True
    said = bool(outcome.lost_words) and not outcome.doubtful
    return outcome.deal_keys is None and (said or (settings.outcome.date is None and not outcome.doubtful))


def _an_account(read: History, settings: Settings) -> float:
    """Mean leads of an account; 1 where none is named."""
    return leads_an_account(settings.outcome.account, read.sample) if read.an_account is None else read.an_account


def _surprises(history: _History, learned: Learned, column: PointColumn, settings: Settings) -> Surprises | None:
    """The leads that went against their score, where outcomes are final; by row only where leads stand in rows."""
    if not _settled(history, settings):
        return None
    found = surprising_leads(history.trial.store, learned, column)
    return found if found is None or history.read.together else replace(found, rows_high=(), rows_low=())


def _settled_cells(trial: Trial, flags: Sequence[LeakFlag], overall: Rate, settings: Settings) -> Trial:
    """The trial with what all its parts have in common settled from all leads.

    Missing levels are muted that may be missing because of the outcome, and every part, fold and redrawn history cuts
    numbers in the same way.
    """
    suspects = {flag.column for flag in flags if flag.mutes} - set(settings.columns.allow)
    cells = tuple(
        replace(
            item,
            mute_missing=item.column in suspects,
            cut_by_outcome=outcome_may_cut(item, overall.leads, overall.rate),
        )
        for item in trial.store.cells
    )
    return replace(trial, store=replace(trial.store, cells=cells))


def reading_options(settings: SourceSettings) -> ReadingOptions:
    """The reading options that stand in the settings."""
    values = settings.model_dump(exclude=_OF_ENGINES)
    return ReadingOptions(**{**values, "null": tuple(settings.null), "text_columns": tuple(settings.text_columns)})


def settled_settings(settings: Settings, source: Source, attributes: Sequence[AttributeEvidence]) -> Settings:
    """The settings with the guesses written in, of reading and of groups, so that they can be seen and changed."""
    found = source.options
    values = {name: getattr(found, name) for name in SourceSettings.model_fields if name not in _OF_ENGINES}
    values["null"], values["text_columns"] = list(found.null), list(found.text_columns)
    values |= settings.source.model_dump(include=_OF_ENGINES)
    groups = {item.column: item.group for item in attributes}
    decided = {
        name: settings.attribute(name).model_copy(update={"group": groups.get(name, settings.attribute(name).group)})
        for name in sorted({*settings.attributes, *groups})
    }
    return settings.model_copy(update={"source": SourceSettings(**values), "attributes": decided})


def _overall(read: History, source: Source, settings: Settings, force: bool) -> Rate:
    won, counted = read.won, read.leads
    rate = conversion_rate(won, counted)
    if rate is None:
        reasons = "; ".join(f"{leads:,} {reason}" for leads, reason in read.store.excluded)
        raise DataError(
            f"{source.name}: no lead is left to learn from ({reasons}); check --outcome, --lost and --mature"
        )
    if won in (0, counted):
        which = "none" if won == 0 else "every one"
        raise DataError(
            f"{source.name}: {which} of {counted:,} counted leads has {read.outcome.words}; "
            "expected both won and lost leads, check --outcome and --lost"
        )
    if won < settings.points.min_conversions and not force:
        raise DataError(
            f"{source.name}: only {won} of {counted:,} counted leads were won; expected at least "
            f"{settings.points.min_conversions}. Points from so few jump about: wait, or take a draft with --force"
        )
    return rate
