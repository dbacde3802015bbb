"""Every lead gets the same score and band from every engine that runs an exported file."""

from __future__ import annotations

from pathlib import Path

import pytest
from cases import Trial, card, trials
from engines import Engine, engines
from trying import MOST, SLOW, differing, exported, scored, sized

EXAMPLES = 80
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


def test_every_lead_scores_the_same(engine: Engine, every_trial: list[Trial], tmp_path: Path) -> None:
    tried = list(sized(every_trial, engine))
    said = [trial for trial in tried if exported(trial, engine, tmp_path / trial.name)]
    must = {"card", "sample", "sample-adjusted"}
    assert must <= {trial.name for trial in said}
    assert len(said) >= 0.6 * len(tried), "the target refuses too many documents"
    engine.run([tmp_path / trial.name for trial in said])
    wrong = [item for trial in said for item in differing(trial, tmp_path / trial.name)]
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
