"""Every lead gets the same score and band from every engine that runs an exported file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from cases import Lead, Trial, as_line, card, trials
from engines import Engine, engines

from calibrate.exports.exporting import export_rules, write_exports
from calibrate.exports.target import ExportError, Input

EXAMPLES = 80
MOST = 20_000
SLOW = 2_000
ENGINES = engines()


@pytest.fixture(scope="session")
def every_trial() -> list[Trial]:
    return trials(EXAMPLES)


@pytest.fixture(params=ENGINES, ids=lambda engine: f"{engine.to}-{engine.name.split()[0]}", scope="module")
def engine(request: pytest.FixtureRequest) -> Engine:
    found: Engine = request.param
    if reason := found.lacks():
        pytest.skip(reason)
    return found


def prepared(lead: Lead, inputs: Sequence[Input]) -> Lead:
    """A lead as the export asks for it: by field, a set as one text where that is how the target has it."""

    def value(given: Input) -> object:
        found = lead[given.attribute]
        if given.kind == "delimited" and isinstance(found, list):
            return (given.separator or ";").join(found) or given.separator
        return found

    return {given.field: value(given) for given in inputs if given.attribute in lead}


def exported(trial: Trial, engine: Engine, folder: Path) -> bool:
    """Whether the target says what the document says; then its files and the leads stand in the folder."""
    try:
        made = export_rules(trial.rules, engine.to)
    except ExportError as error:
        faults = str(error).splitlines()
        if not all(line.startswith(f"{engine.target}: ") and ", expected " in line for line in faults):
            raise
        return False
    write_exports(trial.rules, made, folder)
    lines = [as_line(prepared(lead, made[0].export.inputs)) for lead in trial.leads]
    (folder / "leads.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return True


def scored(folder: Path) -> list[tuple[int, str | None]]:
    lines = (folder / "scores.jsonl").read_text(encoding="utf-8").split("\n")
    return [tuple(json.loads(line)) for line in lines if line]


def sized(every: Sequence[Trial], engine: Engine) -> Iterator[Trial]:
    """The trials, with as many of their leads as the engine has time for."""
    share = min(1.0, engine.leads / MOST)
    for trial in every:
        yield trial.first(max(12, round(len(trial.leads) * share)))


def test_every_lead_scores_the_same(engine: Engine, every_trial: list[Trial], tmp_path: Path) -> None:
    tried = list(sized(every_trial, engine))
    said = [trial for trial in tried if exported(trial, engine, tmp_path / trial.name)]
    must = {"card", "sample", "sample-adjusted"}
    assert must <= {trial.name for trial in said}
    assert len(said) >= 0.6 * len(tried), "the target refuses too many documents"
    engine.run([tmp_path / trial.name for trial in said])
    wrong = [
        (trial.name, trial.leads[place], expected, found)
        for trial in said
        for place, (expected, found) in enumerate(zip(trial.expected, scored(tmp_path / trial.name), strict=True))
        if expected != found
    ]
    assert not wrong, f"{len(wrong)} leads differ: {wrong[:3]}"
    assert sum(len(trial.leads) for trial in said) >= engine.leads


def test_a_changed_point_is_seen(engine: Engine, every_trial: list[Trial], tmp_path: Path) -> None:
    """The engine reads the file it is given: with one point changed there, leads score otherwise."""
    before = every_trial[0].first(200)
    after = Trial.of("changed", card(demo=19), before.leads)
    assert exported(after, engine, tmp_path / "changed")
    engine.run([tmp_path / "changed"])
    found = scored(tmp_path / "changed")
    assert found == after.expected
    assert found != before.expected


def test_every_target_that_runs_has_an_engine() -> None:
    from calibrate.exports.exporting import targets

    ran = {engine.target for engine in ENGINES}
    assert {name for name, target in targets().items() if "not executed" not in target.proof} == ran
    assert all(engine.leads in (MOST, SLOW) for engine in ENGINES)
