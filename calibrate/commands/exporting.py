"""From points to other programs and back: export, import."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from calibrate.commands.options import let_finish, reads, settings_of, speaks
from calibrate.errors import SettingsError, shown
from calibrate.voice import Voice

if TYPE_CHECKING:
    from calibrate.document.rules import Rules
    from calibrate.exports.check import CheckLeads


@click.command(epilog="Example:  calibrate export q4/rules.json --to sql:postgres,pmml -o out --check leads.csv")
@click.argument("rules")
@click.option("--to", metavar="TARGET,...", help="What to write; without it the targets are listed.")
@click.option("-o", "--out", metavar="FOLDER", help='[default: RULES without its ending + "-exports"]')
@click.option("--check", metavar="FILE", help="Leads to run the files on, and to measure what a target loses.")
@click.option("--outcome", metavar="COLUMN=VALUE[,VALUE]", help="What won means in them.  [default: as in the rules]")
@click.option("--names", metavar="FILE", help="CSV with columns attribute,field: what the target calls an attribute.")
@click.option("--sql-table", metavar="NAME", default="leads", show_default=True, help="Table of the leads.")
@click.option("--sql-key", metavar="COLUMN", default="id", show_default=True, help="Tells one lead from another.")
@click.option("--sql-lists", is_flag=True, help="Sets are arrays, not one text such as a;b.")
@click.option("--overwrite", is_flag=True, help="Write over the files.")
@reads
@speaks
def export(
    voice: Voice,
    /,
    rules: str,
    to: str | None,
    out: str | None,
    check: str | None,
    outcome: str | None,
    names: str | None,
    sql_table: str,
    sql_key: str,
    sql_lists: bool,
    overwrite: bool,
    **reading: Any,
) -> None:
    """Write the rules for other programs, and say what each keeps.

    TARGET is one of those that `calibrate export RULES` lists; of SQL, one dialect is sql:postgres. Writes their files
    and fidelity.json: how each attribute must come, what is kept, approximated and refused.
    """
    from calibrate.document.rules_file import load_rules
    from calibrate.exports.exporting import export_rules, targets, write_exports
    from calibrate.exports.fidelity import fidelity
    from calibrate.exports.naming import read_names
    from calibrate.exports.target import Options
    from reports.export_words import export_lines, target_lines

    document = load_rules(Path(rules))
    if to is None:
        for line in target_lines(targets().values()):
            voice.say(line)
        return
    folder = Path(out) if out else Path(rules).with_name(f"{Path(rules).stem}-exports")
    options = Options(read_names(names) if names else {}, sql_table, sql_key, (), sql_lists)
    leads = _leads(voice, document, check, outcome, reading)
    step = voice.steps()
    step(f"writing {to}")
    made = export_rules(document, to, options, leads)
    let_finish()
    written = write_exports(document, made, folder, overwrite=overwrite)
    step("")
    if voice.as_json:
        voice.document(fidelity(document, made))
        return
    for line in export_lines(made, checked=leads is not None):
        voice.say(line)
    voice.say(f"Wrote {folder}/: " + "  ".join(written))


def _leads(
    voice: Voice, rules: Rules, check: str | None, outcome: str | None, reading: dict[str, Any]
) -> CheckLeads | None:
    """The leads of --check; None without it."""
    from calibrate.calibration import reading_options
    from calibrate.exports.check import CheckLeads
    from calibrate.listing import parse_outcome
    from calibrate.settings import OutcomeSettings

    if check is None:
        if outcome is not None:
            raise SettingsError(f"--outcome: found {shown(outcome)}, expected it with --check; name a file of leads")
        return None
    told = None
    if outcome is not None:
        column, won = parse_outcome(outcome)
        told = OutcomeSettings(column=column, won=won)
    return CheckLeads.of(rules, Path(check), reading_options(settings_of(voice, reading).source), told)
