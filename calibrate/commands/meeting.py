"""From a meeting back to the rules: apply."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from calibrate.commands.options import let_finish, speaks, stem
from calibrate.errors import DataError, SettingsError
from calibrate.voice import Voice
from calibrate.words.language import LANGUAGES, LanguageCode
from calibrate.words.language import language as words_in

if TYPE_CHECKING:
    from calibrate.document.rules import Rules
    from calibrate.meeting.combinations import Combinations


@click.command("apply", epilog="Example:  calibrate apply q4/rules.json changes.json -o new.json --date 2026-10-01")
@click.argument("rules")
@click.argument("changes")
@click.option("-o", "--out", metavar="FILE", help='[default: RULES without its ending + "-next.json"]')
@click.option("--date", "day", metavar="DAY", required=True, help="When it was decided, such as 2026-10-01.")
@click.option("--expires", metavar="DAY", help="From when history counts again.  [default: never]")
@click.option("--counts", metavar="FILE", help="Counted leads.  [default: counts.json beside RULES]")
@click.option("--overwrite", is_flag=True, help="Write over the file.")
@speaks
def apply_decisions(
    voice: Voice,
    /,
    rules: str,
    changes: str,
    out: str | None,
    day: str,
    expires: str | None,
    counts: str | None,
    overwrite: bool,
) -> None:
    """Put what a meeting decided into the rules, with its reasons.

    CHANGES is changes.json of the meeting page, or meeting.xlsx. Writes the next version of the rules: changed points
    say what history gave, the changelog what was decided. Percentiles, bands and chances are counted again, where
    counts are at hand; these go along as NAME.counts.json.
    """
    from calibrate.document.rules_file import load_rules, rules_text, save_rules
    from calibrate.meeting.applying import apply_changes
    from calibrate.meeting.counts_file import counts_text
    from calibrate.showing import load_decisions
    from calibrate.whole import whole_file

    target = Path(out) if out else Path(f"{stem(rules)}-next.json")
    if target.exists() and not overwrite:
        raise SettingsError(f"{target}: is there already; write over it with --overwrite, or choose another --out")
    document = load_rules(Path(rules))
    decided = load_decisions(Path(changes), document)
    counted = _counts(voice, Path(rules), counts, document)
    found = apply_changes(document, decided, decided_on=day, expires=expires, combinations=counted, where=changes)
    let_finish()
    save_rules(found, target)
    if counted is not None:
        with whole_file(_counts_of(target)) as file:
            file.write(counts_text(counted, found).encode())
    if voice.as_json:
        voice.document(json.loads(rules_text(found)))
        return
    _tell(voice, found, target)


def _counts(voice: Voice, rules: Path, counts: str | None, document: Rules) -> Combinations | None:
    """The counted leads of the rules; None where no file is named or beside them, or that is of other rules."""
    from calibrate.meeting.counts_file import read_counts

    beside = next((path for path in (_counts_of(rules), rules.with_name("counts.json")) if path.is_file()), None)
    path = Path(counts) if counts else beside
    if path is None:
        return None
    try:
        return read_counts(path.read_text(encoding="utf-8"), document, str(path))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8"
        raise DataError(f"{path}: cannot be read ({reason}), expected counts of leads; correct --counts") from error
    except DataError as error:
        if counts:
            raise
        voice.remark(f"Not used: {error}")
        return None


def _counts_of(rules: Path) -> Path:
    """Where the counted leads of a rules file are that a meeting changed."""
    return rules.with_name(f"{rules.stem}.counts.json")


def _tell(voice: Voice, found: Rules, target: Path) -> None:
    """What was written, and what the meeting may have forgotten."""
    (*_, entry) = found.changelog or ()
    silent = [item for item in entry.changes if item.reason is None]
    if silent:
        named = ", ".join(f"{item.rule} = {item.label}" for item in silent[:3])
        voice.remark(f"{len(silent)} of {len(entry.changes)} changes have no reason: {named}")
    if entry.note:
        voice.remark(entry.note)
    parts = [f"{len(entry.changes)} change{'' if len(entry.changes) == 1 else 's'} of points"]
    parts += [f"handed over from score {entry.threshold.to}"] if entry.threshold else []
    voice.say(f"Wrote {target}: version {found.version}, {', '.join(parts)}.")


@click.command("report", epilog="Example:  calibrate report q4/rules.json -o page.html --previous q3/rules.json")
@click.argument("rules")
@click.option("-o", "--out", metavar="FILE", help='[default: RULES without its ending + ".html"]')
@click.option("--counts", metavar="FILE", help="Counted leads.  [default: counts.json beside RULES]")
@click.option("--previous", metavar="FILE", help="Last quarter's rules, to compare with.")
@click.option("--language", type=click.Choice(LANGUAGES), help="Of the page.  [default: that of the rules]")
@click.option("--overwrite", is_flag=True, help="Write over the file.")
@speaks
def report(
    voice: Voice,
    /,
    rules: str,
    out: str | None,
    counts: str | None,
    previous: str | None,
    language: LanguageCode | None,
    overwrite: bool,
) -> None:
    """Write the page on which a meeting changes points.

    One file, to be opened by double click: it answers at once, and saves what was decided as changes.json.
    """
    from calibrate.document.rules_file import load_rules
    from calibrate.whole import whole_file
    from reports.live.page import live_page

    target = Path(out) if out else Path(f"{stem(rules)}.html")
    if target.exists() and not overwrite:
        raise SettingsError(f"{target}: is there already; write over it with --overwrite, or choose another --out")
    document = load_rules(Path(rules))
    counted = _counts(voice, Path(rules), counts, document)
    if counted is None:
        raise DataError(
            f"{rules}: there is no counts.json beside it, expected the counted leads of these rules; name them with "
            "--counts, or run `calibrate run` without --what-if off"
        )
    say = words_in(language) if language else None
    page = live_page(document, counted, load_rules(Path(previous)) if previous else None, say=say)
    let_finish()
    with whole_file(target) as file:
        file.write(page.encode())
    voice.say(f"Wrote {target}.")
