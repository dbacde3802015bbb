"""Write docs/cli.md from the command line's own help: python docs/make_cli.py."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from calibrate.cli import cli


def page() -> str:
    """The page: the help of the program and of each command, at 80 columns."""
    parts = [
        "# Command line\n\nMade from `--help`. Exit codes: 0 done; 1 data, settings or rules at fault; 2 wrong usage. "
        "What can stand in calibrate.toml: [settings](settings.md).\n"
    ]
    for name in ("", *cli.commands):
        words = [name] if name else []
        shown = CliRunner().invoke(cli, [*words, "--help"], prog_name="calibrate", terminal_width=80).output
        parts.append(f"## calibrate{' ' + name if name else ''}\n\n```text\n{shown.rstrip()}\n```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    Path(__file__).with_name("cli.md").write_text(page(), encoding="utf-8")
