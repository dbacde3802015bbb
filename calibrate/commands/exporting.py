"""From points to other programs and back: export, import."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from calibrate.commands.options import let_finish, reads, settings_of, speaks, stem
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
@click.option("--names", metavar="FILE", help="CSV with columns attribute,field[,kind]: names in the target.")
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
    from calibrate.exports.naming import Names, read_names
    from calibrate.exports.target import Options
    from reports.commands.export import export_lines, target_lines

    document = load_rules(Path(rules))
    if to is None:
        for line in target_lines(targets().values()):
            voice.say(line)
        return
    folder = Path(out) if out else Path(rules).with_name(f"{Path(rules).stem}-exports")
    told = read_names(names) if names else Names({}, {})
    options = Options(told.fields, sql_table, sql_key, (), sql_lists, told.kinds)
    leads = _leads(voice, document, check, outcome, reading)
    for line in leads.remarks if leads else ():
        voice.remark(line)
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
    from calibrate.api import check_leads

    if check is None:
        if outcome is not None:
            raise SettingsError(f"--outcome: found {shown(outcome)}, expected it with --check; name a file of leads")
        return None
    return check_leads(rules, check, outcome, settings_of(voice, reading))


@click.command("import", epilog="Example:  calibrate import points.csv -o champion.json")
@click.argument("file")
@click.option("-o", "--out", metavar="FILE", help='[default: FILE without its ending + "-rules.json"]')
@click.option("--kind", metavar="NAME", help="csv, jsonlogic, marketo, mautic, odoo, zoho.  [default: by content]")
@click.option("--names", metavar="FILE", help="CSV with columns attribute,field: the lead's column for a field in it.")
@click.option("--overwrite", is_flag=True, help="Write over the file.")
@reads
@speaks
def import_points(
    voice: Voice, /, file: str, out: str | None, kind: str | None, names: str | None, overwrite: bool, **reading: Any
) -> None:
    """Read points that are in use today as a rules file.

    FILE is a sheet of attribute, value and points; the scoring rules of Zoho, Mautic or Marketo as JSON; JsonLogic; or
    Odoo's table of won and lost counts. The rules have no evidence but Odoo's counts.
    """
    from calibrate.document.rules_file import rules_text, save_rules
    from calibrate.exports.naming import read_names
    from calibrate.imports.importing import import_rules
    from calibrate.reading.dialect import ReadingOptions

    target = Path(out) if out else Path(f"{stem(file)}-rules.json")
    if target.exists() and not overwrite:
        raise SettingsError(f"{target}: is there already; write over it with --overwrite, or choose another --out")
    fields = {field: name for name, field in read_names(names).fields.items()} if names else {}
    # Not the settings file, which says how the history is read.
    options = ReadingOptions(text_columns=reading.pop("text"), **reading)
    found = import_rules(Path(file), kind, attributes=fields, options=options)
    let_finish()
    save_rules(found.rules, target)
    if voice.as_json:
        voice.document(json.loads(rules_text(found.rules)))
        return
    for line in found.notes:
        voice.remark(line)
    rules = found.rules
    cases = sum(len(rule.cases) for rule in rules.rules)
    parts = [_counted(len(rules.rules), "rule"), _counted(cases, "case"), _counted(len(rules.gates), "gate")]
    voice.say(f"Wrote {target}: {', '.join(parts)}, with {_counted(len(rules.tests), 'worked lead')} to prove them.")


def _counted(number: int, word: str) -> str:
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"
