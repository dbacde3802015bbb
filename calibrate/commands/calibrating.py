"""From past leads to points: inspect, run, demo."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from calibrate.commands.options import let_finish, reads, settings_of, speaks, stem
from calibrate.errors import SettingsError
from calibrate.reading.addresses import is_address, shown_address
from calibrate.voice import Voice, can_say
from calibrate.words.language import LANGUAGES, language

if TYPE_CHECKING:
    from calibrate.calibration import Calibration
    from calibrate.settings import Settings


@click.command(epilog="Example:  calibrate inspect deals.csv")
@click.argument("file")
@click.option("--deals", metavar="FILE", help="A second file, with the deals: look at how it is read too.")
@reads
@speaks
def inspect(voice: Voice, /, file: str, deals: str | None, **reading: Any) -> None:
    """Show how a file is read, what is in it, and what could be the outcome."""
    from calibrate.inspecting import inspect_file
    from calibrate.settings import Settings

    settings = settings_of(voice, reading)
    reports = [inspect_file(file, settings, deals)]
    if deals is not None:
        reports.insert(0, inspect_file(deals, Settings()))
    if voice.as_json:
        voice.document([asdict(report) for report in reports])
        return
    for report in reports:
        for line in report.lines(with_next=report is reports[-1]):
            voice.say(line)
        if report is not reports[-1]:
            voice.say()


@click.command(epilog='Example:  calibrate run deals.csv --outcome "Status=Won" --date Created --out q4')
@click.argument("file")
@click.option("--outcome", metavar="COLUMN=VALUE[,VALUE]", help="Column and the values that mean won.")
@click.option("--lost", metavar="VALUE[,VALUE]", help="Values that mean lost; all others are open and left out.")
@click.option("--date", metavar="COLUMN", help="When the lead came in. Needed for a fair test.")
@click.option("--mature", type=click.IntRange(0), metavar="DAYS", help="Leave out leads younger than this.")
@click.option("--as-of", metavar="DATE", help="The day the file was made, for --mature.  [default: its last date]")
@click.option("--deals", metavar="FILE", help="A second file: a lead is won when it has a row there.")
@click.option("--key", metavar="COLUMN", help="The column that leads and deals share.")
@click.option("--won-date", metavar="COLUMN", help="In the deals: when it was won.")
@click.option("--account", metavar="COLUMN", help="Leads of one account are tested together; then not out of time.")
@click.option("--lead-key", metavar="COLUMN", help="Names the lead, in a table that another engine holds.")
@click.option("--fields", metavar="COLUMN,...", help="Use only these columns.")
@click.option("--skip", metavar="COLUMN,...", help="Never use these.")
@click.option("--allow", metavar="COLUMN,...", help="Give points although a leak was flagged.")
@click.option(
    "--points",
    type=click.Choice(["lift", "cautious", "adjusted", "log-odds", "best"]),
    help="Column the rules carry; best is what ranks best of lift, cautious and adjusted.  [default: lift]",
)
@click.option(
    "--unit",
    type=click.Choice(["1", "0.5", "0.2", "0.1", "0.05", "0.01"]),
    help="Percentage points that one point is worth.  [default: 1]",
)
@click.option("--pdo", type=click.FloatRange(1, 1000), metavar="N", help="Log-odds points that double the odds.  [20]")
@click.option("--offset", metavar="SCORE@ODDS", help="Anchor of log-odds points, such as 600@50.  [default: none]")
@click.option("--scale", type=click.Choice(["points", "0-100"]), help="Make all scores fit in 0 to 100.")
@click.option("--no-negative", is_flag=True, default=None, help="No points below 0: every attribute starts at 0.")
@click.option("--draws", type=click.IntRange(0, 10_000), metavar="N", help="Drawn histories, for stability.  [500]")
@click.option("--previous", metavar="FILE", help="Rules adopted last; points stay until history contradicts them.")
@click.option("--min-leads", type=click.IntRange(1), metavar="N", help="Fewest leads of a level.  [default: 30]")
@click.option("--capacity", metavar="N/PERIOD", help="What sales can take, e.g. 40/week.")
@click.option(
    "--what-if",
    type=click.Choice(["full", "merged", "off"]),
    help="Counted leads to change points on: all, none of them rare, or no such page and workbook.  [default: full]",
)
@click.option("--language", type=click.Choice(LANGUAGES), help="Of what people read in the files.  [default: en]")
@click.option("-o", "--out", metavar="FOLDER", help='[default: FILE without its ending + "-points"]')
@click.option("--overwrite", is_flag=True, help="Write over the folder.")
@click.option("--force", is_flag=True, help="Go on with fewer than 30 conversions.")
@click.option("--explain", is_flag=True, help="Say how it would be done and what that takes; nothing is done.")
@reads
@speaks
def run(
    voice: Voice, /, file: str, out: str | None, overwrite: bool, force: bool, explain: bool, **options: Any
) -> None:
    """Work out points from past leads.

    FILE is a CSV, Excel, Parquet, SQLite or DuckDB file, a folder of Parquet files, or an address of leads that are
    counted where they are: postgresql://host/database, spark:TABLE, spark:./FOLDER or duckdb:FILE. Writes rules.json,
    report.html, to read and to change points on, levels.csv, bands.csv, diagnostics.json and calibrate.toml (all
    settings as used) into the folder given by --out; meeting.xlsx, to change points in, with the counts.json that it
    rests on.
    """
    from calibrate.output import check_folder

    if explain:
        _explain(voice, file, settings_of(voice, options, options))
        return
    folder = Path(out) if out else Path(stem(file, options["table"]) + "-points")
    check_folder(folder, overwrite=overwrite)
    settings = settings_of(voice, options, options)
    _propose_when_unsaid(file, settings)
    _run(voice, file, settings, folder, overwrite=overwrite, force=force)


@click.command(epilog="Example:  calibrate demo --out demo")
@click.option("-o", "--out", metavar="FOLDER", default="calibrate-demo", show_default=True, help="Written over.")
@speaks
def demo(voice: Voice, out: str) -> None:
    """Run the main job on the packaged sample history: 6,000 made-up leads.

    The history itself is written beside the results, to try the other commands on.
    """
    from calibrate.sample import sample_file
    from calibrate.settings import load_settings

    settings = load_settings(sample_file("leads.toml"))
    history = sample_file("leads.csv")
    beside = {"leads.csv": history.read_text(encoding="utf-8")}
    _run(voice, str(history), settings, Path(out), overwrite=True, force=False, beside=beside)


def _run(
    voice: Voice,
    file: str,
    settings: Settings,
    folder: Path,
    *,
    overwrite: bool,
    force: bool,
    beside: Mapping[str, str] | None = None,
) -> None:
    from calibrate.calibration import run as run_calibration
    from calibrate.output import check_folder, diagnostics, write_run

    check_folder(folder, overwrite=overwrite)
    step = voice.steps()
    result = run_calibration(file, settings, force=force, progress=step)
    step("drawing the report")
    from reports.meeting.counted import meeting_of
    from reports.page.report import render_page
    from reports.workbook.files import meeting_files

    meeting = meeting_of(result)
    page = render_page(result, meeting=meeting)
    step("writing the workbook for the meeting")
    files = {**meeting_files(result, meeting), **(beside or {})}
    let_finish()
    names = write_run(result, page, folder, overwrite=overwrite, beside=files)
    step("")
    if isinstance(meeting, str) and result.settings.report.what_if != "off":
        voice.remark(meeting)
    if voice.as_json:
        voice.document(diagnostics(result))
        return
    _transcript(voice, result)
    voice.say()
    voice.say(f"Wrote {folder}{os.sep}: " + "  ".join(names))
    voice.remark(f"Next: open {folder / 'report.html'} with marketing and sales.")


def _explain(voice: Voice, file: str, settings: Settings) -> None:
    from calibrate.calibration import reading_options
    from calibrate.plan import plan_of
    from calibrate.reading.addresses import is_address
    from calibrate.reading.source import open_source
    from calibrate.remote.opening import open_address

    address = is_address(file)
    with (
        open_address(file, settings.source.table)
        if address
        else open_source(file, reading_options(settings.source)) as table
    ):
        plan = plan_of(table, settings)
    if voice.as_json:
        voice.document(asdict(plan))
        return
    for line in plan.lines():
        voice.say(line)


def _transcript(voice: Voice, result: Calibration) -> None:
    from reports.wording import results

    plain, say = not can_say("█−…", sys.stdout), language("en")
    for line in result.reading:
        voice.remark(line)
    for line in results.counted_lines(result, say):
        voice.say(line)
    voice.say()
    for line in results.points_table(result, say, ascii=plain):
        voice.say(line)
    voice.say()
    for line in results.result_lines(result, say):
        voice.say(line)
    remarks = results.remark_lines(result, say, ascii=plain)
    if remarks:
        voice.remark("")
        voice.remark("Please note")
        for line in remarks:
            voice.remark(f"  {line}")


def _propose_when_unsaid(file: str, settings: Settings) -> None:
    """Stop with a line to copy when nothing says which leads were won."""
    if settings.outcome.column or settings.outcome.deals:
        return
    from calibrate.inspecting import inspect_file

    proposal = inspect_file(file, settings).next_line
    name = shown_address(file) if is_address(file) else Path(file).name
    said = f"Nothing says it; this line is a guess to copy:\n{proposal}"
    unclear = "It is not clear; say it with --outcome COLUMN=VALUE"
    raise SettingsError(f"{name}: which leads were won? {said if proposal else unclear}")
