"""Between quarters: compare, check."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from calibrate.commands.options import let_finish, reads, settings_of, speaks
from calibrate.voice import Voice

RULES_DO_NOT_HOLD = 3
_outcome = click.option(
    "--outcome", metavar="COLUMN=VALUE[,VALUE]", help="What won means in them.  [default: as in the rules]"
)


@click.command(epilog="Example:  calibrate compare q3/rules.json q4/rules.json deals-q4.csv")
@click.argument("old")
@click.argument("new")
@click.argument("leads", required=False)
@_outcome
@click.option("--threshold", type=int, metavar="SCORE", help="Handed to sales from here.  [default: as in the rules]")
@reads
@speaks
def compare(
    voice: Voice,
    /,
    old: str,
    new: str,
    leads: str | None,
    outcome: str | None,
    threshold: int | None,
    **reading: Any,
) -> None:
    """Show what differs between two rules files, and for which leads.

    Says what may have moved the points: the level, the overall rate, chance or people. With LEADS, a file or address
    of leads whose outcomes are known: who changes band, what each hands to sales, which ranks better, and whether to
    adopt NEW.
    """
    from pydantic import TypeAdapter

    from calibrate.api import compare as compared
    from calibrate.document.rules_file import load_rules
    from calibrate.meeting.comparing import Comparison
    from reports.commands.check import remarks
    from reports.commands.compare import compare_lines

    before, after = load_rules(Path(old)), load_rules(Path(new))
    settings = None if leads is None else settings_of(voice, reading)
    found = compared(before, after, leads, outcome, threshold=threshold, settings=settings)
    if voice.as_json:
        voice.document(TypeAdapter(Comparison).dump_python(found, mode="json", by_alias=True, exclude_none=True))
        return
    for line in remarks(found.backtest.file) if found.backtest else ():
        voice.remark(line)
    for line in compare_lines(found):
        voice.say(line)


@click.command(epilog="Example:  calibrate check q4/rules.json newer_leads.csv --fail")
@click.argument("rules")
@click.argument("leads")
@_outcome
@click.option("--fail", is_flag=True, help="End with exit code 3 when there is something to act on.")
@click.option("--junit", metavar="FILE", help="Write the findings as a test report too; written over if it is there.")
@reads
@speaks
def check(
    voice: Voice, /, rules: str, leads: str, outcome: str | None, fail: bool, junit: str | None, **reading: Any
) -> None:
    """Test whether rules still hold on newer leads.

    Asks whether as many are won, levels convert as they did, leads and scores spread alike, values are missing or
    new, bands stand in order and keep their promise, and whether ever more leads pass the threshold. LEADS is a file,
    or an address of leads that are counted where they are: postgresql://host/database, spark:TABLE, spark:./FOLDER or
    duckdb:FILE.
    """
    from pydantic import TypeAdapter

    from calibrate.api import check as checked
    from calibrate.document.rules_file import load_rules
    from calibrate.meeting.checking import Check
    from calibrate.whole import whole_file
    from reports.commands.check import check_lines, remarks
    from reports.commands.check_xml import check_xml

    document = load_rules(Path(rules))
    found = checked(document, leads, outcome, settings=settings_of(voice, reading))
    let_finish()
    if junit is not None:
        with whole_file(junit) as file:
            file.write(check_xml(found))
    if voice.as_json:
        voice.document({"grade": found.grade, **TypeAdapter(Check).dump_python(found, mode="json")})
    else:
        for line in remarks(found.file):
            voice.remark(line)
        for line in check_lines(found):
            voice.say(line)
    if fail and found.grade == "act":
        click.get_current_context().exit(RULES_DO_NOT_HOLD)
