"""From points to scores: score."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from calibrate.commands.options import let_finish, reads, settings_of, speaks, stem
from calibrate.voice import Voice


@click.command(epilog="Example:  calibrate score q4/rules.json new_leads.csv -o scored.csv")
@click.argument("rules")
@click.argument("file")
@click.option("-o", "--out", metavar="FILE", help='[default: FILE + "-scored"]')
@click.option("--reasons", type=click.IntRange(0, 20), default=3, show_default=True, help="Reasons a lead.")
@click.option("--overwrite", is_flag=True, help="Write over the file.")
@reads
@speaks
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
    result = score_file(document, file, target, reading_options(settings_of(voice, reading).source), reasons)
    let_finish()
    step("")
    if voice.as_json:
        voice.document(asdict(result))
        return
    for line in result.lines():
        voice.remark(line)
    voice.say(f"Wrote {target}: {result.rows:,} leads with score, percentile, band and reasons.")


def _scored_name(file: str) -> str:
    suffix = Path(Path(file).name.removesuffix(".gz")).suffix
    return stem(file) + "-scored" + (suffix if suffix in (".csv", ".tsv", ".txt", ".parquet") else ".csv")
