"""The command line: words in, words out. Results go to stdout, remarks to stderr.

Exit codes: 0 done; 1 data, settings or rules at fault; 2 wrong usage; 130 stopped by Ctrl-C.
With --json one document: `inspect` a list of `Inspection`, `run` and `demo` diagnostics.json, `score` a `ScoredFile`.
"""

from __future__ import annotations

import functools
import os
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from calibrate import __version__
from calibrate.errors import CalibrateError, SettingsError, shown
from calibrate.voice import Voice, can_say, speakable

if TYPE_CHECKING:
    from calibrate.calibration import Calibration
    from calibrate.settings import Settings


_READING: tuple[tuple[str, dict[str, Any]], ...] = (
    ("--encoding", {"metavar": "NAME", "help": "Such as cp1252."}),
    ("--delimiter", {"metavar": "CHAR", "help": "Between columns."}),
    ("--decimal", {"type": click.Choice([",", "."]), "help": "Decimal sign."}),
    ("--dates", {"type": click.Choice(["dmy", "mdy", "ymd"]), "help": "Order of day, month and year."}),
    ("--skip-rows", {"type": click.IntRange(0), "help": "Lines above the header."}),
    ("--sheet", {"metavar": "NAME", "help": "Of an Excel file."}),
    ("--table", {"metavar": "NAME", "help": "Of a SQLite or DuckDB file."}),
    ("--null", {"metavar": "TEXT", "multiple": True, "help": "A text that means empty; may be given again."}),
    (
        "--text",
        {"metavar": "COLUMN", "multiple": True, "help": "Read this column as text; may be given again."},
    ),
)


def _reading(command: Callable[..., None]) -> Callable[..., None]:
    """Adds the options that say how a file is read; guessed when not given, every guess is printed."""
    for name, options in reversed(_READING):
        command = click.option(name, **options)(command)
    return command


_SPEAKING: tuple[tuple[tuple[str, ...], dict[str, Any]], ...] = (
    (("--config",), {"metavar": "FILE", "help": "Settings.  [default: calibrate.toml, where there is one]"}),
    (("--json", "as_json"), {"is_flag": True, "help": "Print results as JSON."}),
    (("--quiet",), {"is_flag": True, "help": "Print results only, no remarks."}),
)


def _speaking(command: Callable[..., None]) -> Callable[..., None]:
    """Adds the options that say how the program speaks; they may stand before or after the command's name."""

    @click.pass_obj
    @functools.wraps(command)
    def speaking(voice: Voice, /, *, config: str | None, as_json: bool, quiet: bool, **options: Any) -> None:
        command(Voice(voice.as_json or as_json, voice.quiet or quiet, config or voice.config), **options)

    for names, settings in reversed(_SPEAKING):
        speaking = click.option(*names, **settings)(speaking)
    return speaking


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, epilog="First time?  calibrate demo")
@click.option("--config", metavar="FILE", help="Settings.  [default: calibrate.toml, where there is one]")
@click.option("--json", "as_json", is_flag=True, help="Print results as JSON.")
@click.option("--quiet", is_flag=True, help="Print results only, no remarks.")
@click.version_option(__version__, prog_name="calibrate")
@click.pass_context
def cli(context: click.Context, config: str | None, as_json: bool, quiet: bool) -> None:
    """Turn past leads into lead-scoring points, and show why."""
    context.obj = Voice(as_json, quiet, config)


@cli.command(epilog="Example:  calibrate inspect deals.csv")
@click.argument("file")
@click.option("--deals", metavar="FILE", help="A second file, with the deals: look at how it is read too.")
@_reading
@_speaking
def inspect(voice: Voice, /, file: str, deals: str | None, **reading: Any) -> None:
    """Show how a file is read, what is in it, and what could be the outcome."""
    from calibrate.inspecting import inspect_file
    from calibrate.settings import Settings

    settings = _settings(voice, reading)
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


@cli.command(epilog='Example:  calibrate run deals.csv --outcome "Status=Won" --date Created --out q4')
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
@click.option("--min-leads", type=click.IntRange(1), metavar="N", help="Fewest leads of a level.  [default: 30]")
@click.option("--capacity", metavar="N/PERIOD", help="What sales can take, e.g. 40/week.")
@click.option("-o", "--out", metavar="FOLDER", help='[default: FILE without its ending + "-points"]')
@click.option("--overwrite", is_flag=True, help="Write over the folder.")
@click.option("--force", is_flag=True, help="Go on with fewer than 30 conversions.")
@_reading
@_speaking
def run(voice: Voice, /, file: str, out: str | None, overwrite: bool, force: bool, **options: Any) -> None:
    """Work out points from past leads.

    FILE is a CSV, Excel, Parquet, SQLite or DuckDB file. Writes rules.json, report.html, levels.csv, bands.csv,
    diagnostics.json and calibrate.toml (all settings as used) into the folder given by --out.
    """
    from calibrate.output import check_folder

    folder = Path(out) if out else Path(_stem(file) + "-points")
    check_folder(folder, overwrite=overwrite)
    settings = _settings(voice, options, options)
    _propose_when_unsaid(file, settings)
    _run(voice, file, settings, folder, overwrite=overwrite, force=force)


@cli.command(epilog="Example:  calibrate score q4/rules.json new_leads.csv -o scored.csv")
@click.argument("rules")
@click.argument("file")
@click.option("-o", "--out", metavar="FILE", help='[default: FILE + "-scored"]')
@click.option("--reasons", type=click.IntRange(0, 20), default=3, show_default=True, help="Reasons a lead.")
@click.option("--overwrite", is_flag=True, help="Write over the file.")
@_reading
@_speaking
def score(
    voice: Voice, /, rules: str, file: str, out: str | None, reasons: int, overwrite: bool, **reading: Any
) -> None:
    """Add score, percentile, band and reasons to a file of leads.

    Writes in the dialect it read: the same delimiter, decimal sign and encoding.
    """
    from calibrate.calibration import reading_options
    from calibrate.document.rules_file import load_rules
    from calibrate.document.scored import check_target, score_file

    target = out or _scored_name(file)
    check_target(file, target, overwrite=overwrite)
    document = load_rules(Path(rules))
    step = voice.steps()
    step(f"scoring {Path(file).name}")
    result = score_file(document, file, target, reading_options(_settings(voice, reading).source), reasons)
    _let_finish()
    step("")
    if voice.as_json:
        voice.document(asdict(result))
        return
    for line in result.lines():
        voice.remark(line)
    voice.say(f"Wrote {target}: {result.rows:,} leads with score, percentile, band and reasons.")


@cli.command(epilog="Example:  calibrate demo --out demo")
@click.option("-o", "--out", metavar="FOLDER", default="calibrate-demo", show_default=True, help="Written over.")
@_speaking
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
    from reports.page import render_page

    page = render_page(result)
    _let_finish()
    names = write_run(result, page, folder, overwrite=overwrite, beside=beside)
    step("")
    if voice.as_json:
        voice.document(diagnostics(result))
        return
    _transcript(voice, result)
    voice.say()
    voice.say(f"Wrote {folder}{os.sep}: " + "  ".join(names))
    voice.remark(f"Next: open {folder / 'report.html'} with marketing and sales.")


def _transcript(voice: Voice, result: Calibration) -> None:
    from reports import words

    plain = not can_say("█−…", sys.stdout)
    for line in result.reading:
        voice.remark(line)
    for line in words.counted_lines(result):
        voice.say(line)
    voice.say()
    for line in words.points_table(result, ascii=plain):
        voice.say(line)
    voice.say()
    for line in words.result_lines(result):
        voice.say(line)
    remarks = words.remark_lines(result, ascii=plain)
    if remarks:
        voice.remark("")
        voice.remark("Please note")
        for line in remarks:
            voice.remark(f"  {line}")


def _settings(voice: Voice, reading: dict[str, Any], options: dict[str, Any] | None = None) -> Settings:
    """The settings file, with what the options say put over it."""
    from calibrate.listing import parse_outcome
    from calibrate.settings import Settings, load_settings, merged

    found = voice.config or ("calibrate.toml" if Path("calibrate.toml").is_file() else None)
    if found and not voice.config:
        voice.remark(f"Settings from {found}.")
    changes: dict[str, dict[str, Any]] = {
        "source": {
            name: reading[name] for name in ("encoding", "delimiter", "decimal", "dates", "skip_rows", "sheet", "table")
        }
    }
    changes["source"]["null"] = list(reading["null"]) or None
    changes["source"]["text_columns"] = list(reading["text"]) or None
    if options is not None:
        column, won = parse_outcome(options["outcome"]) if options["outcome"] else (None, None)
        names = {"mature": "mature_days", "as_of": "as_of", "date": "date", "deals": "deals", "key": "key"}
        names |= {"won_date": "won_date", "account": "account"}
        changes["outcome"] = {setting: options[name] for name, setting in names.items()}
        changes["outcome"] |= {"column": column, "won": won, "lost": _split(options["lost"])}
        changes["columns"] = {
            "use": _split(options["fields"]), "skip": _split(options["skip"]), "allow": _split(options["allow"]),
        }  # fmt: skip
        changes["points"] = {
            "column": options["points"],
            "unit": float(options["unit"]) if options["unit"] else None,
            "min_leads": options["min_leads"],
            "pdo": options["pdo"],
            "offset": options["offset"],
            "scale": options["scale"],
            "negative": False if options["no_negative"] else None,
            "draws": options["draws"],
        }
        changes["report"] = {"capacity": options["capacity"]}
    return load_settings(found, changes) if found else merged(Settings(), changes)


def _propose_when_unsaid(file: str, settings: Settings) -> None:
    """Stop with a line to copy when nothing says which leads were won."""
    if settings.outcome.column or settings.outcome.deals:
        return
    from calibrate.inspecting import inspect_file

    proposal = inspect_file(file, settings).next_line
    name = Path(file).name
    said = f"Nothing says it; this line is a guess to copy:\n{proposal}"
    unclear = "It is not clear; say it with --outcome COLUMN=VALUE"
    raise SettingsError(f"{name}: which leads were won? {said if proposal else unclear}")


def _split(names: str | None) -> list[str] | None:
    from calibrate.listing import listed

    return None if names is None else listed(names)


def _stem(file: str) -> str:
    path = Path(file)
    name = path.name.removesuffix(".gz")
    if not name:
        raise SettingsError(f"FILE: found {shown(file)}, expected the name of a file of leads; name it")
    return str(path.with_name(Path(name).stem))


def _scored_name(file: str) -> str:
    suffix = Path(Path(file).name.removesuffix(".gz")).suffix
    return _stem(file) + "-scored" + (suffix if suffix in (".csv", ".tsv", ".txt", ".parquet") else ".csv")


def _let_finish() -> None:
    """From here on Ctrl-C comes too late: what is being put in place is put in place, and the process ends well."""
    with suppress(ValueError):  # in a thread that is not the first one, where Ctrl-C does not arrive
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def main() -> None:
    """Run the command line; every expected failure is one line on stderr."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        code = cli.main(prog_name="calibrate", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped. Nothing was written.", err=True)
        sys.exit(130)
    except CalibrateError as error:
        for line in str(error).splitlines():
            click.echo(speakable(line, sys.stderr), err=True)
        sys.exit(1)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except MemoryError:
        click.echo("Not enough memory for this file; use --fields to read fewer columns.", err=True)
        sys.exit(1)
    finally:
        _let_finish()
    sys.exit(code if isinstance(code, int) else 0)
