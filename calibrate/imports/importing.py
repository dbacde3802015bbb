"""A file of points into a rules document: the whole of it, or nothing and why."""

from __future__ import annotations

import hashlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from calibrate import __version__
from calibrate.document.lint import faults
from calibrate.document.rules import MadeBy, Rules
from calibrate.document.worked import worked_leads
from calibrate.errors import DataError, RulesError, SettingsError, nearest, shown
from calibrate.imports import kinds as modules
from calibrate.imports.content import Content, open_content, too_deep
from calibrate.imports.kind import Imported, Kind
from calibrate.reading.dialect import ReadingOptions

__all__ = ["Imported", "import_rules", "kinds"]


@cache
def kinds() -> dict[str, Kind]:
    """Every kind by name: those of the modules in kinds/ that hold one."""
    found = (import_module(f"{modules.__name__}.{item.name}") for item in pkgutil.iter_modules(modules.__path__))
    made: list[Kind] = [module.KIND for module in found]
    return {kind.name: kind for kind in sorted(made, key=lambda kind: kind.name)}


def import_rules(
    path: str | Path,
    kind: str | None = None,
    *,
    attributes: Mapping[str, str] | None = None,
    options: ReadingOptions | None = None,
) -> Imported:
    """The rules that a file of points says, with worked leads that they score as stated.

    kind: guessed from the content when it is not given.  attributes: what an attribute of the file is called in the
    leads, by its name in the file.  options: how a table is read; guessed where they do not say.

    Raises:
        DataError: the file cannot be read, or is of no kind that is known.
        RulesError: every fault of what it says, each at its place.
        SettingsError: there is no such kind, or no such attribute in the file.
    """
    if kind is not None and kind not in kinds():
        raise SettingsError(f"kind: found {shown(kind)}, expected a kind of file; {nearest(kind, kinds())}")
    content = open_content(path, options or ReadingOptions())
    try:
        found = _kind(kind, content).read(content)
    except RecursionError as error:
        raise too_deep(content.name) from error
    rules = _called(found.rules, attributes or {})
    made_by = MadeBy(tool="lead-calibrate", version=__version__, source=content.name, sha256=_sha256(Path(path)))
    rules = rules.model_copy(update={"made_by": made_by, "tests": worked_leads(rules)})
    if wrong := faults(rules):
        raise RulesError(content.name, wrong)
    return Imported(rules, (*content.reading, *found.notes))


def _kind(name: str | None, content: Content) -> Kind:
    fits = [kind for kind in kinds().values() if kind.spots(content)]
    if name is None and len(fits) == 1:
        return fits[0]
    if name is not None and kinds()[name] in fits:
        return kinds()[name]
    wanted = kinds()[name].reads if name else "points of " + ", ".join(kinds())
    form = "an object or list in JSON" if content.table is None else "a table"
    seen = f"with {', '.join(shown(key) for key in _keys(content)[:8])}"
    raise DataError(f"{content.name}: found {form} {seen}, expected {wanted}; say its kind, or write it as a table")


def _keys(content: Content) -> list[str]:
    """The names that a content begins with."""
    if content.table is not None:
        return list(content.table.columns)
    first = content.json[0] if isinstance(content.json, list) and content.json else content.json
    return list(first) if isinstance(first, dict) and first else ["nothing named"]


def _called(rules: Rules, names: Mapping[str, str]) -> Rules:
    """The rules with their attributes called as the leads have them."""
    if wrong := faults(rules):
        raise RulesError("points", wrong)
    for name in names:
        if name not in rules.attributes:
            cure = nearest(name, rules.attributes)
            raise SettingsError(f"attributes: found {shown(name)}, expected an attribute of the file; {cure}")
    called = {name: names.get(name, name) for name in rules.attributes}
    if len(set(called.values())) < len(called):
        twice = next(name for name in called.values() if list(called.values()).count(name) > 1)
        raise SettingsError(f"attributes: found {shown(twice)} for two attributes, expected its own for each; rename")
    update: dict[str, Any] = {
        "attributes": {called[name]: attribute for name, attribute in rules.attributes.items()},
        "rules": tuple(rule.model_copy(update={"attr": called[rule.attr]}) for rule in rules.rules),
        "gates": tuple(
            gate.model_copy(update={"when": gate.when.model_copy(update={"attr": called[gate.when.attr]})})
            for gate in rules.gates
        ),
    }
    return rules.model_copy(update=update)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
