"""README: every shown command runs, and what it prints is what README shows."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PYTHON = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def sessions(page: Path) -> list[tuple[str, str]]:
    """Commands of a page with the output shown below each, in order."""
    steps = []
    for block in BLOCK.findall(page.read_text(encoding="utf-8")):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, shown = part.partition("\n")
            steps.append((command, shown))
    return steps


def printed(command: str, folder: Path) -> str:
    words = shlex.split(command)
    assert words[0] == "calibrate", f"README shows {command!r}: expected a calibrate command"
    done = subprocess.run(
        [sys.executable, "-m", "calibrate", *words[1:]],
        cwd=folder,
        capture_output=True,
        check=False,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def as_pattern(shown: str) -> str:
    """`[...]` on a line of its own stands for any lines."""
    lines = shown.rstrip("\n").split("\n")
    return "\n".join(r"(?:.*\n)*?.*" if line.strip() == "[...]" else re.escape(line) for line in lines)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_shown_commands_print_what_is_shown(page, tmp_path):
    for command, shown in sessions(page):
        out = printed(command, tmp_path).rstrip("\n")
        assert re.fullmatch(as_pattern(shown), out), f"{page.name}: {command}\n{out}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_shown_python_runs(page, tmp_path):
    code = "\n".join(PYTHON.findall(page.read_text(encoding="utf-8")))
    if code:
        subprocess.run([sys.executable, "-m", "calibrate", "demo"], cwd=tmp_path, capture_output=True, check=True)
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", code],
            cwd=tmp_path,
            capture_output=True,
            check=False,
            encoding="utf-8",
        )
        assert done.returncode == 0, done.stderr


def test_links_and_pictures_are_there():
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            assert target.startswith("https://") or (page.parent / target).exists(), f"{page.name}: {target}"
