"""The Python API, a call for each command: a table or file in, frozen results out.

Those that make pages or files of a result stand in showing.py; scores, exports and rules files where they are made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from calibrate.calibration import Calibration, reading_options, run
from calibrate.document.rules import Rules
from calibrate.document.score_table import score_table as score_table_here
from calibrate.errors import DataError, SettingsError, shown
from calibrate.exports.check import CheckLeads
from calibrate.exports.exporting import export_rules, write_exports
from calibrate.exports.fidelity import Fidelity
from calibrate.exports.naming import Names, read_names
from calibrate.exports.target import Options
from calibrate.inspecting import Inspection, inspect_file
from calibrate.listing import parse_outcome
from calibrate.meeting import checking, comparing
from calibrate.meeting.applying import apply_changes
from calibrate.meeting.changes import Changes
from calibrate.meeting.combinations import Combinations
from calibrate.meeting.counts_file import read_counts
from calibrate.meeting.newer import leads_for
from calibrate.reading.source import ReadingOptions
from calibrate.settings import OutcomeSettings, PointChoice, Settings, merged, settings_from
from calibrate.showing import load_decisions
from calibrate.statistics.ranking import ScoreCounts
from calibrate.words.language import LanguageCode

Told = Settings | Mapping[str, Any] | None


def calibrate(
    data: Any,
    outcome: str | None = None,
    *,
    lost: str | Sequence[str] | None = None,
    date: str | None = None,
    mature: int | None = None,
    fields: Sequence[str] | None = None,
    skip: Sequence[str] | None = None,
    allow: Sequence[str] | None = None,
    points: PointChoice | None = None,
    deals: str | Path | None = None,
    key: str | None = None,
    won_date: str | None = None,
    account: str | None = None,
    capacity: str | None = None,
    language: LanguageCode | None = None,
    settings: Told = None,
    force: bool = False,
    counting: Literal["local", "engine"] | None = None,
) -> Calibration:
    """Points learned from past leads, with their evidence.

    Settings are given as `Settings` or as plain tables, `{"points": {"draws": 100}}`, here and in the other calls.

    data: a file name, or a pandas, polars or Arrow table, which are counted here; or a DuckDB relation, a Spark data
    frame or an Ibis table, whose engine counts.  counting: says where, for any table.  outcome: `"Status=Won"`.  Every
    option stands over the same one in `settings`; the options are those of `calibrate run`.

    Raises:
        DataError: the leads cannot be learned from.
        SettingsError: an option is not what it must be.
    """
    _check_kinds(outcome, deals)
    column, won = parse_outcome(outcome) if outcome else (None, None)
    changes: Mapping[str, Mapping[str, Any]] = {
        "outcome": {
            "column": column,
            "won": won,
            "lost": _listed(lost),
            "date": date,
            "mature_days": mature,
            "deals": None if deals is None else str(deals),
            "key": key,
            "won_date": won_date,
            "account": account,
        },
        "columns": {"use": _listed(fields), "skip": _listed(skip), "allow": _listed(allow)},
        "points": {"column": points},
        "report": {"capacity": capacity, "language": language},
    }
    return run(data, _over(settings, changes), force=force, counting=counting)


def inspect(data: Any, *, deals: Any = None, settings: Told = None) -> Inspection:
    """How a file or table is read, what is in its columns, and what the outcome may be.

    deals: a second file or table, in which a lead that was won has a row.

    Raises:
        DataError: it cannot be read.
    """
    return inspect_file(data, _told(settings), deals)


def apply(
    rules: Rules,
    changes: Changes | str | Path,
    *,
    date: str,
    expires: str | None = None,
    counts: Combinations | None = None,
) -> Rules:
    """The next version of the rules, with what a meeting decided.

    changes: as `changes_to` gives them, or the name of changes.json or meeting.xlsx.  date, expires: days such as
    2026-10-01; from `expires` on history counts again.  counts: leads to count percentiles, bands and chances on
    again; these are left out without them.

    Raises:
        RulesError: the changes are of other rules, or the file is not one of changes.
        SettingsError: a day is none, or nothing differs from the rules.
    """
    if isinstance(changes, Changes):
        decided, where = changes, "changes"
    else:
        decided, where = load_decisions(Path(changes), rules), str(changes)
    return apply_changes(rules, decided, decided_on=date, expires=expires, combinations=counts, where=where)


def compare(
    old: Rules,
    new: Rules,
    leads: Any = None,
    outcome: str | None = None,
    *,
    threshold: int | None = None,
    settings: Told = None,
) -> comparing.Comparison:
    """What differs between two versions of the rules, and for which leads.

    leads: a file, table or address of leads whose outcomes are known; an engine that holds them counts them.  outcome:
    what won means there, `"Status=Won"`; without it, what it meant to the rules.  threshold: the score from which leads
    are handed over; without it, what each version says.  settings: how the leads are read.

    Raises:
        DataError: the leads cannot be read as the rules want them, or none counts.
        SettingsError: an outcome or a threshold without leads.
    """
    if leads is None:
        for name, given in (("outcome", outcome), ("threshold", threshold)):
            if given is not None:
                raise SettingsError(f"{name}: found {shown(given)}, expected it with leads; name a file of leads")
        return comparing.compare(old, new)
    reading = reading_options(_told(settings).source)
    with leads_for([new, old], leads, reading, outcome) as held:
        return comparing.compare(old, new, held, threshold)


def check(rules: Rules, leads: Any, outcome: str | None = None, *, settings: Told = None) -> checking.Check:
    """Whether the rules still hold on newer leads.

    leads: a file, table or address; an engine that holds them counts them.  outcome: what won means there,
    `"Status=Won"`; without it, what it meant to the rules.  settings: how the leads are read.

    Raises:
        DataError: the leads cannot be read as the rules want them, or none counts.
    """
    reading = reading_options(_told(settings).source)
    with leads_for([rules], leads, reading, outcome) as held:
        return checking.check(rules, held)


def export(
    rules: Rules,
    to: str | Sequence[str],
    folder: str | Path,
    *,
    check: Any = None,
    outcome: str | None = None,
    names: str | Path | None = None,
    sql_table: str = "leads",
    sql_key: str = "id",
    sql_lists: bool = False,
    overwrite: bool = False,
    settings: Told = None,
) -> tuple[Fidelity, ...]:
    """What each target keeps of the rules, once its files and fidelity.json stand in the folder: all of them or none.

    to: names of targets, in a list or separated by commas.  check: leads, a file or table, to run the files on and to
    measure a loss on; outcome, what won means there.  names: a CSV file with columns attribute,field[,kind].
    settings: how the leads are read.

    Raises:
        ExportError: targets cannot say what the rules say; every reason of all of them.
        SettingsError: there is no such target, or a file is there and `overwrite` is not set.
        DataError: the leads cannot be read, or the folder not be written to.
    """
    told = read_names(names) if names else Names({}, {})
    options = Options(told.fields, sql_table, sql_key, (), sql_lists, told.kinds)
    leads = None if check is None else check_leads(rules, check, outcome, _told(settings))
    if check is None and outcome is not None:
        raise SettingsError(f"outcome: found {shown(outcome)}, expected it with leads to check on; pass them as check")
    made = export_rules(rules, to, options, leads)
    write_exports(rules, made, folder, overwrite=overwrite)
    return made


def score_table(rules: Rules, frame: Any, reasons: int = 3, options: ReadingOptions | None = None) -> Any:
    """The table with the columns score, percentile, band and reasons added; the same kind as it came.

    frame: a pandas, polars or Arrow table; or one that another engine holds, which scores it when it is asked for the
    scores: a DuckDB relation, polars LazyFrame, Spark data frame or Ibis table. Texts in it are read as in a file:
    `€ 6.519,99` as a number, `n.v.t.` as a missing one, `ja` as true.  options: how, where guessing is not enough.

    Raises:
        DataError: it is no table, two of its columns have one name, it has one of these columns already, or a value
            cannot be read; or the rules are no `Rules`.
    """
    from narwhals.dependencies import is_polars_lazyframe

    from calibrate.remote.table import is_remote

    if is_remote(frame) or is_polars_lazyframe(frame):
        from calibrate.remote.scoring import score_lazily

        return score_lazily(rules, frame, reasons, options or ReadingOptions())
    return score_table_here(rules, frame, reasons, options)


def score_counts(
    rules: Rules, table: Any, outcome: str, *, lost: str | Sequence[str] | None = None, settings: Told = None
) -> ScoreCounts:
    """Leads and conversions of every score, counted by the engine that holds the leads.

    table: as `score_table` takes them.  outcome: `"Status=Won"`.  lost: values that mean lost; without it, all others.
    settings: how the leads are read, and since when their outcomes are known.

    Raises:
        DataError: the leads cannot be scored, or their outcome not be told.
        SettingsError: the outcome contradicts itself.
    """
    from calibrate.remote import score_answers
    from calibrate.remote.table import engine_table

    column, won = parse_outcome(outcome)
    told = _over(settings, {"outcome": {"column": column, "won": won, "lost": _listed(lost)}})
    return score_answers.score_counts(engine_table(table), rules, told.outcome, reading_options(told.source))


def check_leads(rules: Rules, data: Any, outcome: str | None, settings: Settings) -> CheckLeads:
    """Leads to check an export on; won means what was said, else what it meant to the rules."""
    told = None
    if outcome is not None:
        column, won = parse_outcome(outcome)
        told = OutcomeSettings(column=column, won=won)
    return CheckLeads.of(rules, data, reading_options(settings.source), told)


def load_counts(path: str | Path, rules: Rules) -> Combinations:
    """The counted leads in counts.json, which belong to these rules.

    Raises:
        DataError: the file cannot be read, is of other rules, or damaged.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = "not UTF-8" if isinstance(error, UnicodeDecodeError) else getattr(error, "strerror", None) or error
        raise DataError(f"{path}: cannot be read ({reason}), expected counts of leads; check its name") from error
    return read_counts(text, rules, str(path))


def _check_kinds(outcome: object, deals: object) -> None:
    """Nothing, when the options that `Settings` does not hold as they come are of their kind.

    Raises:
        SettingsError: one is not.
    """
    kinds = (
        ("outcome", outcome, str, 'a text, like "Status=Won,Signed"'),
        ("deals", deals, str | Path, "the name of a file"),
    )
    for name, value, kind, expected in kinds:
        if value is not None and not isinstance(value, kind):
            found = f"{type(value).__name__} {shown(value)}"
            raise SettingsError(f"{name}: found {found}, expected {expected}; pass it so")


def _told(settings: object) -> Settings:
    """The settings of a call.

    Raises:
        SettingsError: they are none, or hold a fault.
    """
    if settings is None or isinstance(settings, Settings):
        return settings or Settings()
    if isinstance(settings, Mapping):
        return settings_from(settings)
    found = f"{type(settings).__name__} {shown(settings)}"
    expected = 'Settings, as load_settings gives them, or tables, like {"report": {"language": "nl"}}'
    raise SettingsError(f"settings: found {found}, expected {expected}; pass it so")


def _over(settings: Told, options: Mapping[str, Mapping[str, Any]]) -> Settings:
    """The settings of a call with the options of the call over them; None changes nothing.

    Raises:
        SettingsError: they are no settings, or hold a fault.
    """
    if not isinstance(settings, Mapping):
        return merged(_told(settings), options)
    both = dict(settings)
    for table, pairs in options.items():
        given = {key: value for key, value in pairs.items() if value is not None}
        if given and isinstance(both.get(table, {}), Mapping):
            both[table] = {**both.get(table, {}), **given}
    return settings_from(both)


def _listed(names: str | Sequence[str] | None) -> Any:
    """A list of names; what is none is left to the settings to refuse."""
    if isinstance(names, str):
        return [names]
    return list(names) if isinstance(names, Iterable) and not isinstance(names, Mapping | bytes) else names
