"""How the project is put together: folders, one direction of imports, public names, a quick start."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
import tomllib
import types
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("calibrate", "reports")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
HEAVY = {"pandas", "scipy", "statsmodels", "matplotlib", "sklearn"}


def imported(path):
    """Top-level names of everything that a module imports, wherever the import stands in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {item.name.partition(".")[0] for item in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add((node.module or "").partition(".")[0])
    return names


def relative(path):
    return path.relative_to(ROOT).as_posix()


def test_folders_are_the_fixed_ones():
    for name in ("calibrate", "reports", "tests", "data", "docs"):
        assert (ROOT / name).is_dir()
    assert {path.parent.name for path in ROOT.glob("*/__init__.py")} == set(PACKAGES)
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert settings["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == list(PACKAGES)
    assert all((ROOT / package / "py.typed").is_file() for package in PACKAGES)


def test_imports_go_one_way():
    # A result shows itself where it is looked at, so one module of the core leads to reports: when a page is asked for.
    doors = {ROOT / "calibrate" / "showing.py", *(ROOT / "calibrate" / "commands").glob("*.py")}
    core = [path for path in MODULES if path.is_relative_to(ROOT / "calibrate") and path not in doors]
    assert [relative(path) for path in core if "reports" in imported(path)] == []


FOLDERS = {
    "calibrate": (
        "words",
        "reading",
        "statistics",
        "leads",
        "learning",
        "proof",
        "document",
        "exports",
        "imports",
        "remote",
        "meeting",
    ),
    "reports": ("wording", "charts", "meeting", "live", "workbook", "page", "commands", "notebook"),
}


def test_folders_read_only_from_those_before_them():
    wrong = []
    for path in MODULES:
        package, folder = path.relative_to(ROOT).parts[:2]
        folders = FOLDERS[package]
        later = folders[folders.index(folder) + 1 :] if folder in folders else ()
        text = path.read_text(encoding="utf-8")
        wrong += [(relative(path), name) for name in later if f"from {package}.{name}" in text]
    assert wrong == []


def test_every_folder_of_reports_has_its_place():
    assert {path.parent.name for path in (ROOT / "reports").glob("*/__init__.py")} == set(FOLDERS["reports"])


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_module_is_short_and_says_what_it_is(path):
    text = path.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text)), "no docstring"
    assert text.count("\n") <= 400


def test_public_names_are_those_of_all():
    calibrate = importlib.import_module("calibrate")
    found = {
        name
        for name, value in vars(calibrate).items()
        if not name.startswith("_") and not isinstance(value, types.ModuleType) and name != "annotations"
    }
    assert found <= set(calibrate.__all__)
    assert len(set(calibrate.__all__)) == len(calibrate.__all__)
    assert all(getattr(calibrate, name, None) is not None for name in calibrate.__all__)


@pytest.mark.parametrize(
    "program",
    [
        "import calibrate",
        "from calibrate.cli import main; sys.argv = ['calibrate', '--help']; main()",
    ],
    ids=["import", "help"],
)
def test_start_loads_nothing_heavy(program):
    code = (
        "import atexit, sys\n"
        "atexit.register(lambda: print('loaded', *{name.partition('.')[0] for name in sys.modules}))\n" + program
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    loaded = done.stdout.splitlines()[-1].split()
    assert loaded[0] == "loaded"
    assert HEAVY.isdisjoint(loaded)
