"""The command line: words in, words out. Results go to stdout, remarks to stderr.

Exit codes: 0 done; 1 data, settings or rules at fault; 2 wrong usage; 130 stopped by Ctrl-C.
With --json one document: `inspect` a list of `Inspection`, `run` and `demo` diagnostics.json, `score` a `ScoredFile`,
`export` fidelity.json.
"""

from __future__ import annotations

import io
import os
import sys

import click

from calibrate import __version__
from calibrate.commands.calibrating import demo, inspect, run
from calibrate.commands.checking import check, compare
from calibrate.commands.exporting import export, import_points
from calibrate.commands.meeting import apply_decisions, report
from calibrate.commands.options import let_finish
from calibrate.commands.scoring import score
from calibrate.errors import CalibrateError
from calibrate.reading.addresses import without_secrets
from calibrate.voice import Voice, speakable


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, epilog="First time?  calibrate demo")
@click.option("--config", metavar="FILE", help="Settings.  [default: calibrate.toml, where there is one]")
@click.option("--json", "as_json", is_flag=True, help="Print results as JSON.")
@click.option("--quiet", is_flag=True, help="Print results only, no remarks.")
@click.version_option(__version__, prog_name="calibrate")
@click.pass_context
def cli(context: click.Context, config: str | None, as_json: bool, quiet: bool) -> None:
    """Turn past leads into lead-scoring points, and show why."""
    context.obj = Voice(as_json, quiet, config)


for command in (inspect, run, score, report, apply_decisions, compare, check, export, import_points, demo):
    cli.add_command(command)


def main() -> None:
    """Run the command line; every expected failure is one line on stderr."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        code = cli.main(prog_name="calibrate", standalone_mode=False)
    except click.ClickException as error:
        said = io.StringIO()
        error.show(file=said)
        click.echo(without_secrets(said.getvalue(), sys.argv[1:]), err=True, nl=False)
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped. Nothing was written.", err=True)
        sys.exit(130)
    except CalibrateError as error:
        for line in without_secrets(str(error), sys.argv[1:]).splitlines():
            click.echo(speakable(line, sys.stderr), err=True)
        sys.exit(1)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except MemoryError:
        click.echo("Not enough memory for this file; use --fields to read fewer columns.", err=True)
        sys.exit(1)
    finally:
        let_finish()
    sys.exit(code if isinstance(code, int) else 0)
