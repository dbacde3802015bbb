"""How the program speaks to a terminal, a file or a pipe."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TextIO

import click

_LEADS = re.compile(r"([\d,]+) leads\b")


@dataclass(frozen=True, slots=True)
class Voice:
    """How the program speaks: JSON or words, with remarks or without."""

    as_json: bool
    quiet: bool
    config: str | None

    def say(self, text: str = "") -> None:
        """A line of the result."""
        click.echo(speakable(text, sys.stdout))

    def document(self, values: Any) -> None:
        """The result as JSON, escaped where the stream lacks a sign."""
        text = json.dumps(values, indent=2, ensure_ascii=False, allow_nan=False)
        click.echo(text if can_say(text, sys.stdout) else json.dumps(values, indent=2))

    def remark(self, text: str) -> None:
        """A line beside the result."""
        if not self.quiet:
            click.echo(speakable(text, sys.stderr), err=True)

    def steps(self) -> Callable[[str], None]:
        """A function that takes the name of each step and tells, at the next, how long it took.

        Of a step that names so many leads, such as `counting 1,000,000 leads`, it tells too how many that is a second.
        """
        started: list[tuple[str, float]] = []

        def step(name: str) -> None:
            now = time.perf_counter()
            if started:
                last, since = started.pop()
                leads = _LEADS.search(last)
                rate = int(leads[1].replace(",", "")) / max(now - since, 1e-3) if leads else 0
                self.remark(f"  {last} … {now - since:.1f} s" + (f", {rate:,.0f} leads a second" if leads else ""))
            if name:
                started.append((name, now))

        return step


def can_say(text: str, stream: TextIO) -> bool:
    """Whether the stream's encoding has every sign of the text."""
    try:
        text.encode(stream.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def speakable(text: str, stream: TextIO) -> str:
    """The text without control characters, and with plain signs where the stream lacks the fine ones."""
    clean = "".join(char if char.isprintable() or char == " " else "�" for char in text)
    if not can_say(clean, stream):
        clean = clean.replace("−", "-").replace("…", "...").replace("█", "#").replace("·", ".")
    return clean
