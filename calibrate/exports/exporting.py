"""Rules into the files of one or more targets, with what each of them keeps: all of it, or nothing."""

from __future__ import annotations

import os
import pkgutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from calibrate.document.lead_score import check_rules
from calibrate.document.lint import faults
from calibrate.document.rules import Rules
from calibrate.errors import DataError, RulesError, SettingsError, nearest, shown
from calibrate.exports import targets as modules
from calibrate.exports.check import CheckLeads, expected_scores, prepared
from calibrate.exports.fidelity import FILE, Fidelity, Ran, fidelity_text
from calibrate.exports.target import ExportError, Options, Target
from calibrate.whole import write_whole


@cache
def targets() -> dict[str, Target]:
    """Every target by name: those of the modules in targets/ that hold one."""
    found = (import_module(f"{modules.__name__}.{item.name}") for item in pkgutil.iter_modules(modules.__path__))
    made: list[Target] = [module.TARGET for module in found]
    return {target.name: target for target in sorted(made, key=lambda target: target.name)}


def export_rules(
    rules: Rules, to: str | Sequence[str], options: Options | None = None, check: CheckLeads | None = None
) -> tuple[Fidelity, ...]:
    """What each target makes of the rules, in the order asked for.

    to: names of targets, in a list or separated by commas; `sql:postgres` is one variant of a target.
    check: leads to run the files on that can be run here, and to measure a loss on.

    Raises:
        ExportError: targets cannot say what the rules say; every reason of all of them.
        RulesError: the rules have faults, worked leads that do not score as stated among them.
        SettingsError: there is no such target.
    """
    check_rules(rules)
    if found := faults(rules):
        raise RulesError("rules", found)
    options = options or Options()
    made: list[Fidelity] = []
    refused: list[str] = []
    for target, variants in _asked(to):
        try:
            export = target.export(rules, _with(options, variants))
        except ExportError as error:
            refused += error.faults
            continue
        made.append(Fidelity.of(rules, target, export))
    if refused:
        raise ExportError(refused)
    _refuse_one_name(made)
    return tuple(made) if check is None else tuple(_checked(rules, item, options, check) for item in made)


def write_exports(
    rules: Rules,
    made: Sequence[Fidelity],
    folder: str | Path,
    *,
    overwrite: bool = False,
    beside: Mapping[str, bytes] | None = None,
) -> tuple[str, ...]:
    """Names of the files written into the folder, those of the targets and fidelity.json: all of them or none.

    Raises:
        SettingsError: one of them is there and `overwrite` is not set.
        DataError: the folder cannot be written to.
    """
    contents = {name: content for item in made for name, content in item.export.files.items()}
    contents |= {FILE: fidelity_text(rules, made).encode(), **(beside or {})}
    folder = Path(folder)
    if not overwrite and (there := [name for name in contents if os.path.lexists(folder / name)]):
        raise SettingsError(
            f"{folder}: holds {', '.join(there)} already, expected a folder without; write over with --overwrite, "
            "or choose another --out"
        )
    try:
        write_whole(folder, contents)
    except OSError as error:
        raise DataError(
            f"{folder}: cannot be written ({error.strerror}), expected a folder with room; choose another"
        ) from error
    return tuple(contents)


def _checked(rules: Rules, item: Fidelity, options: Options, check: CheckLeads) -> Fidelity:
    """The report with what the leads say: another score than by the rules is a cost, and never a surprise."""
    if item.export.runs is not None:
        return replace(item, cost=check.cost(rules, item.export.runs))
    if item.target.run is None:
        return item
    leads = check.leads(rules)
    run = item.target.run(item.export, options, [prepared(lead, item.export.inputs) for lead in leads])
    if run is None:
        return item
    pairs = list(zip(run.scores, expected_scores(rules, leads), strict=True))
    wrong = [place for place, (one, other) in enumerate(pairs, start=1) if tuple(one) != other]
    if wrong:
        found = f"{run.engine} gave {len(wrong)} of {len(pairs)} leads another score or band, lead {wrong[0]} first"
        raise ExportError(
            [f"{item.target.name}: {found}, expected those of the rules; the file is not for these leads"]
        )
    return replace(item, ran=Ran(run.engine, len(leads)))


def _asked(to: str | Sequence[str]) -> list[tuple[Target, tuple[str, ...]]]:
    """Targets with the variants wanted of each; none means all."""
    wanted: dict[str, list[str]] = {}
    whole: set[str] = set()
    for word in to.split(",") if isinstance(to, str) else to:
        name, _, variant = word.strip().partition(":")
        if name not in targets():
            raise SettingsError(f"--to: found {shown(word.strip())}, expected a target; {nearest(name, targets())}")
        known = targets()[name].variants
        if variant and variant not in known:
            cure = nearest(variant, known) if known else f"write {name}"
            raise SettingsError(f"--to: found {shown(word.strip())}, expected a kind of {name} that there is; {cure}")
        wanted.setdefault(name, []).append(variant)
        whole |= set() if variant else {name}
    return [
        (targets()[name], () if name in whole else tuple(dict.fromkeys(variants))) for name, variants in wanted.items()
    ]


def _with(options: Options, variants: tuple[str, ...]) -> Options:
    return replace(options, variants=variants or options.variants)


def _refuse_one_name(made: Sequence[Fidelity]) -> None:
    """Nothing, unless two targets would write a file of the same name: a fault of the targets, not of the user."""
    names: list[Any] = [name for item in made for name in item.export.files]
    if len(names) != len(set(names)):
        raise AssertionError(f"two targets write the same file: {sorted(names)}")
