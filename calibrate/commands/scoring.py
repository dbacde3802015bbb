"""From points to scores: score."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from calibrate.commands.options import let_finish, reads, settings_of, speaks, stem
from calibrate.errors import SettingsError, shown
from calibrate.reading.addresses import address_stem, is_address
from calibrate.voice import Voice

if TYPE_CHECKING:
    from calibrate.settings import Settings


@click.command(epilog="Example:  calibrate score q4/rules.json new_leads.csv -o scored.csv")
@click.argument("rules")
@click.argument("file")
@click.option("-o", "--out", metavar="FILE", help='[default: FILE + "-scored"]')
@click.option("--reasons", type=click.IntRange(0, 20), default=3, show_default=True, help="Reasons a lead.")
@click.option("--overwrite", is_flag=True, help="Write over the file or table.")
@click.option("--lead-key", metavar="COLUMN", help="Names the lead, in a table that another engine holds.")
@click.option("--to-table", metavar="NAME", help="Write into a table of that engine instead of a file.")
@reads
@speaks
def score(
    voice: Voice,
    /,
    rules: str,
    file: str,
    out: str | None,
    reasons: int,
    overwrite: bool,
    lead_key: str | None,
    to_table: str | None,
    **reading: Any,
) -> None:
    """Add score, percentile, band and reasons to a file of leads.

    Writes in the dialect it read: the same delimiter, decimal sign and encoding. FILE may be an address of leads, which
    are scored where they are: postgresql://host/database, spark:TABLE, spark:./FOLDER or duckdb:FILE. Of these only the
    column that names the lead is written beside the scores.
    """
    from calibrate.document.scored import check_target

    settings = settings_of(voice, reading)
    if not is_address(file):
        for name, given in (("--lead-key", lead_key), ("--to-table", to_table)):
            if given is not None:
                raise SettingsError(f"{name}: found {shown(given)}, expected it with an address of leads; leave it out")
        target = out or _scored_name(file)
        check_target(file, target, overwrite=overwrite)
        _score_file(voice, rules, file, target, settings, reasons)
        return
    if to_table is not None:
        if out is not None:
            raise SettingsError(f"--to-table: found {shown(out)} as --out beside it, expected one of them; keep one")
        _score_there(voice, rules, file, settings, lead_key, reasons, _Place(to_table, True, overwrite))
        return
    target = out or address_stem(file, settings.source.table) + "-scored.csv"
    check_target(file, target, overwrite=overwrite)
    _score_there(voice, rules, file, settings, lead_key, reasons, _Place(target, False, overwrite))


def _score_file(voice: Voice, rules: str, file: str, target: str, settings: Settings, reasons: int) -> None:
    from calibrate.calibration import reading_options
    from calibrate.document.rules_file import load_rules
    from calibrate.document.scored import score_file

    document = load_rules(Path(rules))
    step = voice.steps()
    step(f"scoring {Path(file).name}")
    result = score_file(document, file, target, reading_options(settings.source), reasons)
    let_finish()
    step("")
    if voice.as_json:
        voice.document(asdict(result))
        return
    for line in result.lines():
        voice.remark(line)
    voice.say(f"Wrote {target}: {result.rows:,} leads with score, percentile, band and reasons.")


@dataclass(frozen=True, slots=True)
class _Place:
    """Where scores made in an engine go: into a table of it, or a file here."""

    name: str
    is_table: bool
    overwrite: bool


def _score_there(
    voice: Voice,
    rules: str,
    address: str,
    settings: Settings,
    named: str | None,
    reasons: int,
    into: _Place,
) -> None:
    """Score leads in the engine that holds them."""
    from calibrate.calibration import reading_options
    from calibrate.document.lead_score import used
    from calibrate.document.rules_file import load_rules
    from calibrate.document.scored import write_scored
    from calibrate.document.scoring import COLUMNS, absent_lines
    from calibrate.remote.opening import open_address
    from calibrate.remote.score_answers import fetched_scores, lead_key
    from calibrate.remote.scoring import scored
    from calibrate.remote.writing import write_scores

    document = load_rules(Path(rules))
    step = voice.steps()
    with open_address(address, settings.source.table, writable=into.is_table) as table:
        step(f"scoring {table.name}")
        names = table.frame.collect_schema().names()
        scores = scored(document, table, reasons, reading_options(settings.source))
        key = lead_key(table, named or settings.source.key)
        scores = scores.select(table.called(key), *COLUMNS)
        if into.is_table:
            rows = write_scores(table, scores, into.name, overwrite=into.overwrite)
        else:
            leads, found = fetched_scores(table, scores, key)
            rows = leads.num_rows
            write_scored(leads, found, into.name)
        let_finish()
    step("")
    absent = [name for name in used(document) if name not in names]
    if voice.as_json:
        voice.document({"rows": rows, "written": into.name, "key": key, "absent": absent})
        return
    for line in absent_lines(absent, names):
        voice.remark(line)
    if named is None:
        voice.remark(f"{shown(key)} names the lead; --lead-key names another.")
    voice.say(f"Wrote {into.name}: {rows:,} leads with score, percentile, band and reasons.")


def _scored_name(file: str) -> str:
    suffix = Path(Path(file).name.removesuffix(".gz")).suffix
    return stem(file) + "-scored" + (suffix if suffix in (".csv", ".tsv", ".txt", ".parquet") else ".csv")
