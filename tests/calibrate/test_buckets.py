"""Leads dealt into buckets: evenly, or accounts whole; and the atoms that are counted in them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from calibrate import calibration
from calibrate.leads.codes import BUCKETS, CodeStore
from calibrate.leads.levels import Cells
from calibrate.learning.held_out import make_trial
from calibrate.proof.buckets import atoms_of, bucket_sums, drawn_weights
from calibrate.settings import PointSettings, settings_from

COLOUR = Cells("Colour", "Colour", "category", "fit", texts=("red", "green", "blue"))
SIZE = Cells("Size", "Size", "number", "fit", edges=tuple(float(edge) for edge in range(1, 60)), alone=(7,))


def learned(number):
    """Trial, attributes and the card of made-up leads; sizes from 20 on convert more often."""
    random = np.random.default_rng(number)
    colour, size = random.integers(0, 4, number).astype(np.uint8), random.integers(0, 61, number).astype(np.uint8)
    store = CodeStore(
        cells=(COLOUR, SIZE),
        codes=(colour, size),
        won=(random.random(number) < 0.2 + 0.2 * (size > 20)).astype(np.uint8),
        fold=random.integers(0, 5, number).astype(np.uint8),
        day=None,
        rows=number,
        excluded=(),
        arrivals=np.zeros(0, np.int64),
        kept=np.ones(number, bool),
    )
    trial = make_trial(store, by_account=False)
    return trial, [0, 1], trial.learn([0, 1], PointSettings(), joint=False)


def test_draws_take_as_many_buckets_as_there_are():
    weights = drawn_weights(400, 50)
    assert set(weights.sum(axis=1)) == {50.0}
    assert weights.mean(axis=0) == pytest.approx(np.ones(50), abs=0.25)
    assert weights.var() == pytest.approx(1 - 1 / 50, rel=0.05)


@pytest.mark.parametrize("number", [40, 999, 1000, 2345])
def test_buckets_are_even_and_lose_no_lead(number):
    trial, places, card = learned(number)
    atoms = atoms_of(card.attributes, [n for n, _ in trial.totals(places)])
    sums = bucket_sums(trial.store, places, atoms, None)
    assert sums.buckets == min(number, BUCKETS)
    size = sums.leads[0].sum(axis=1)
    assert size.max() - size.min() <= 2
    for place, item in enumerate(atoms):
        cell_leads, cell_won = trial.totals(places)[place]
        for by_bucket, by_cell in ((sums.leads[place], cell_leads), (sums.conversions[place], cell_won)):
            assert by_bucket.sum(axis=0) == pytest.approx(
                np.bincount(item.of_cell[by_cell > 0], weights=by_cell[by_cell > 0], minlength=item.size)
            )
        assert item.leads.sum() == number


def test_atoms_keep_the_cuts_of_the_card():
    trial, places, card = learned(3000)
    size, atoms = card.attributes[1], atoms_of(card.attributes, [n for n, _ in trial.totals(places)])[1]
    held = size.leads.sum()
    assert len(size.levels.levels) > 1
    assert 25 <= atoms.size <= 40
    assert atoms.leads.sum() == held
    assert [set(size.levels.of_cell[1:][atoms.of_cell[1:] == atom]) for atom in range(1, atoms.size)] == [
        {level} for level in atoms.level[1:]
    ]


def test_the_run_keeps_accounts_whole_and_leads_without_one_apart(monkeypatch):
    random = np.random.default_rng(5)
    account = random.choice([f"account {number}" for number in range(60)] + [None] * 30, 900)
    won = np.where(random.random(900) < 0.3, "Won", "Lost")
    frame = pd.DataFrame({"Source": random.choice(list("abc"), 900), "Account": account, "Status": won})
    found = []
    monkeypatch.setattr(calibration, "learn", lambda trial, *rest, **options: found.append(trial) or 1 / 0)
    with pytest.raises(ZeroDivisionError):
        calibration.run(frame, settings_from({"outcome": {"column": "Status", "won": ["Won"], "account": "Account"}}))
    bucket = pd.Series(found[0].store.bucket)
    assert bucket.groupby(frame["Account"]).nunique().max() == 1
    assert bucket[frame["Account"].isna()].nunique() > 0.8 * frame["Account"].isna().sum()
    assert bucket.max() < BUCKETS
