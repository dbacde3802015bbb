"""The engines that run exported files: each a script in runners/TARGET/ that imports nothing of ours.

A runner is called with folders. Each holds the files of an export, fidelity.json, and leads.jsonl: a lead a line, by
the field names and kinds of the export's inputs; a missing value is null or an absent key. It writes scores.jsonl
beside them: `[score, band]` a line. Its first lines say, as comments: `engine` its name and version; `leads` how many
it scores in a few seconds; `in` where it runs: `here` (this interpreter), or one of the environments that install.sh
makes: `python`, `spark`, `node`; `programs` it needs; `variant` of the target, where there are several.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

RUNNERS = Path(__file__).with_name("runners")
_HEADER = re.compile(r"^(?://|#) (engine|in|leads|programs|variant): (.+)$", re.M)
_INSTALL = "make it with tests/conformance/install.sh FOLDER and set CALIBRATE_ENGINES to FOLDER"


@dataclass(frozen=True, slots=True)
class Engine:
    """An engine and how to call it. leads: how many it should score."""

    name: str
    target: str
    runner: Path
    place: str
    leads: int
    programs: tuple[str, ...]
    variant: str | None

    @property
    def to(self) -> str:
        """The target as `--to` takes it."""
        return f"{self.target}:{self.variant}" if self.variant else self.target

    def lacks(self) -> str | None:
        """Why it cannot run on this machine; None when it can."""
        command = self._command()
        if command is None or not Path(command[0]).is_file():
            return f"{self.name}: its environment {self.place} is not there; {_INSTALL}"
        absent = [program for program in self.programs if shutil.which(program) is None]
        return f"{self.name}: needs {', '.join(absent)}; {_INSTALL}" if absent else None

    def run(self, folders: Sequence[Path]) -> None:
        """Let it score the leads of the folders."""
        command = self._command()
        assert command is not None
        done = subprocess.run(
            [*command, str(self.runner), *map(str, folders)], capture_output=True, text=True, check=False, timeout=1200
        )
        assert done.returncode == 0, f"{self.name}: {done.stderr[-3000:]}{done.stdout[-1000:]}"

    def _command(self) -> list[str] | None:
        home = os.environ.get("CALIBRATE_ENGINES")
        if self.place == "here":
            return [sys.executable, "-P"]
        if self.place == "node":
            node = shutil.which("node")
            return [node] if node and home and Path(home, "node", "node_modules").is_dir() else None
        return [str(Path(home, self.place, "bin", "python")), "-P"] if home else None


def engines() -> list[Engine]:
    """Every engine that has a runner."""
    return [_engine(path) for path in sorted(RUNNERS.glob("*/*.*js")) + sorted(RUNNERS.glob("*/*.py"))]


def _engine(path: Path) -> Engine:
    said = dict(_HEADER.findall(path.read_text(encoding="utf-8")[:1000]))
    return Engine(
        name=said["engine"],
        target=path.parent.name,
        runner=path,
        place=said["in"],
        leads=int(said["leads"]),
        programs=tuple(said.get("programs", "").split()),
        variant=said.get("variant"),
    )
