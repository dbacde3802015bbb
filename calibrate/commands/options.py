"""Options that several commands share, and what they mean together."""

from __future__ import annotations

import functools
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from calibrate.errors import SettingsError, shown
from calibrate.reading.addresses import address_stem, is_address
from calibrate.voice import Voice

if TYPE_CHECKING:
    from calibrate.settings import Settings


_READING: tuple[tuple[str, dict[str, Any]], ...] = (
    ("--encoding", {"metavar": "NAME", "help": "Such as cp1252."}),
    ("--delimiter", {"metavar": "CHAR", "help": "Between columns."}),
    ("--decimal", {"type": click.Choice([",", "."]), "help": "Decimal sign."}),
    ("--dates", {"type": click.Choice(["dmy", "mdy", "ymd"]), "help": "Order of day, month and year."}),
    ("--skip-rows", {"type": click.IntRange(0), "help": "Lines above the header."}),
    ("--sheet", {"metavar": "NAME", "help": "Of an Excel file."}),
    ("--table", {"metavar": "NAME", "help": "Of a SQLite or DuckDB file, or of PostgreSQL."}),
    ("--null", {"metavar": "TEXT", "multiple": True, "help": "A text that means empty; may be given again."}),
    (
        "--text",
        {"metavar": "COLUMN", "multiple": True, "help": "Read this column as text; may be given again."},
    ),
)


def reads(command: Callable[..., None]) -> Callable[..., None]:
    """Adds the options that say how a file is read; guessed when not given, every guess is printed."""
    for name, options in reversed(_READING):
        command = click.option(name, **options)(command)
    return command


_SPEAKING: tuple[tuple[tuple[str, ...], dict[str, Any]], ...] = (
    (("--config",), {"metavar": "FILE", "help": "Settings.  [default: calibrate.toml, where there is one]"}),
    (("--json", "as_json"), {"is_flag": True, "help": "Print results as JSON."}),
    (("--quiet",), {"is_flag": True, "help": "Print results only, no remarks."}),
)


def speaks(command: Callable[..., None]) -> Callable[..., None]:
    """Adds the options that say how the program speaks; they may stand before or after the command's name."""

    @click.pass_obj
    @functools.wraps(command)
    def spoken(voice: Voice, /, *, config: str | None, as_json: bool, quiet: bool, **options: Any) -> None:
        command(Voice(voice.as_json or as_json, voice.quiet or quiet, config or voice.config), **options)

    for names, settings in reversed(_SPEAKING):
        spoken = click.option(*names, **settings)(spoken)
    return spoken


def settings_of(voice: Voice, reading: dict[str, Any], options: dict[str, Any] | None = None) -> Settings:
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
        changes["source"]["key"] = options["lead_key"]
        changes["outcome"] |= {"column": column, "won": won, "lost": split(options["lost"])}
        changes["columns"] = {
            "use": split(options["fields"]), "skip": split(options["skip"]), "allow": split(options["allow"]),
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
            "previous": options["previous"],
        }
        changes["report"] = {"capacity": options["capacity"], "what_if": options["what_if"]}
        changes["report"]["language"] = options["language"]
    return load_settings(found, changes) if found else merged(Settings(), changes)


def split(names: str | None) -> list[str] | None:
    """The names of an option; None where it is not given."""
    from calibrate.listing import listed

    return None if names is None else listed(names)


def stem(file: str, table: str | None = None) -> str:
    """A file's name without its ending; of an address, the name of its table.

    Raises:
        SettingsError: it has none.
    """
    if is_address(file):
        return address_stem(file, table)
    path = Path(file)
    name = path.name.removesuffix(".gz")
    if not name:
        raise SettingsError(f"FILE: found {shown(file)}, expected the name of a file of leads; name it")
    return str(path.with_name(Path(name).stem))


def let_finish() -> None:
    """From here on Ctrl-C comes too late: what is being put in place is put in place, and the process ends well."""
    with suppress(ValueError):  # in a thread that is not the first one, where Ctrl-C does not arrive
        signal.signal(signal.SIGINT, signal.SIG_IGN)
