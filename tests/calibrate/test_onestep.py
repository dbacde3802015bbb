"""The step of every draw: against its own equations written out lead by lead, whatever way they are solved."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as how
from hypothesis import strategies as st

from calibrate.proof import onestep
from calibrate.proof.buckets import Atoms, BucketSums, Fit
from calibrate.proof.onestep import one_step
from calibrate.proof.redrawn import Redrawn
from calibrate.statistics.packed import pack_leads
from calibrate.statistics.ridge import chance_of


def held(codes, size):
    """A column an atom, 1 where the lead has it."""
    return (codes[:, None] == np.arange(size)).astype(float)


def joined(random, draws, size, most):
    """Neighbouring atoms at random in at most so many levels, a row a draw."""
    cuts = np.sort(random.integers(0, size, (draws, most - 1)), axis=1)
    return (np.arange(size)[None, :, None] >= cuts[:, None, :]).sum(axis=2)


def case(seed, sizes, levels, *, draws=6, copies=0.5, linear=False, strengths=(0, 4), leads=150):
    """What `one_step` is given; every lead is a bucket. levels: most of each attribute in a draw, None where all stay.

    copies: how many leads have at every attribute what they have at the first.  strengths: least and most, as powers
    of ten.
    """
    random = np.random.default_rng(seed)
    codes = [random.integers(0, size, leads) for size in sizes]
    for place, size in enumerate(sizes[1:], 1):
        codes[place] = np.where(random.random(leads) < copies, codes[0] % size, codes[place])
    won = (random.random(leads) < 0.3).astype(np.uint8)
    own = [random.normal(0, 0.05 if linear else 1, size) for size in sizes]
    fit = Fit(0.3 if linear else -1.0, tuple(own), linear)
    packed = pack_leads(codes, [np.arange(size) for size in sizes], sizes, won, [slice(0, leads)], leads)
    chance = fit.chances(packed, slice(None))
    tables = [held(part, size) for part, size in zip(codes, sizes, strict=True)]
    conversions = tuple(table * won[:, None] for table in tables)
    missed = tuple(table * (won - chance)[:, None] for table in tables)
    weights = random.poisson(1, (draws, leads)).astype(float)
    level = tuple(
        None if most is None else joined(random, draws, size, most) for size, most in zip(sizes, levels, strict=True)
    )
    drawn = Redrawn(
        level,
        (),
        (),
        tuple(weights @ table / weights.sum(axis=1, keepdims=True) for table in tables),
        random.uniform(0.05, 0.5, draws),
        np.ones(draws),
        10 ** random.uniform(*strengths, (draws, len(sizes))),
    )
    atoms = [
        Atoms(np.arange(size), np.arange(size), table.sum(axis=0), None)
        for size, table in zip(sizes, tables, strict=True)
    ]
    return packed, fit, atoms, BucketSums(tuple(tables), conversions, missed), weights, drawn


def written_out(packed, fit, atoms, sums, weights, drawn):
    """Intercept and coefficients by atom, from the equations of each draw with the intercept among the unknowns."""
    design = np.concatenate([np.ones((packed.leads, 1)), *sums.leads], axis=1)
    total = fit.intercept + design[:, 1:] @ np.concatenate(fit.coefficients)
    chance = total if fit.linear else chance_of(total)
    curvature = design.T * (np.ones(packed.leads) if fit.linear else chance * (1 - chance)) @ design
    card, found = np.concatenate([[0.0], *fit.coefficients]), []
    for draw, taken in enumerate(weights):
        ways, pull = [np.ones((1, 1))], [0.0]
        scale = 1 if fit.linear else drawn.rate[draw] * (1 - drawn.rate[draw])
        for place, item in enumerate(atoms):
            level = np.arange(item.size) if drawn.level[place] is None else drawn.level[place][draw]
            names = np.unique(level)
            ways.append((level[:, None] == names).astype(float))
            pull += [scale * (drawn.strengths[draw, place] + 1)] * len(names)
        way = np.zeros((sum(len(part) for part in ways), len(pull)))
        ends = np.cumsum([part.shape for part in ways], axis=0)
        for part, (row, column) in zip(ways, ends, strict=True):
            way[row - part.shape[0] : row, column - part.shape[1] : column] = part
        right = curvature @ card + design.T @ (taken * (packed.won - chance))
        found.append(way @ np.linalg.solve(way.T @ curvature @ way + np.diag(pull), way.T @ right))
    return np.array(found)


def stepped(parts):
    step = one_step(*parts)
    return np.concatenate([step.intercept[:, None], *step.coefficients], axis=1)


def assert_same(found, expected):
    assert np.abs(found - expected).max() <= 1e-8 * np.abs(expected).max()


MIXED = ([7, 12, 3, 15], [None, 5, None, 4])


@given(
    st.integers(0, 2**32),
    st.lists(st.tuples(st.integers(2, 14), st.none() | st.integers(1, 9)), min_size=1, max_size=5),
    st.sampled_from([0.0, 0.5, 0.95, 1.0]),
    st.booleans(),
)
@how(max_examples=60)
def test_every_draw_solves_its_own_equations(seed, attributes, copies, linear):
    sizes, levels = zip(*attributes, strict=True)
    parts = case(seed, list(sizes), levels, copies=copies, linear=linear)
    assert_same(stepped(parts), written_out(*parts))


@pytest.mark.parametrize("linear", [False, True])
def test_many_draws_are_solved_a_piece_at_a_time(monkeypatch, linear):
    parts = case(1, *MIXED, draws=20, linear=linear)
    whole = stepped(parts)
    monkeypatch.setattr(onestep, "_TOGETHER", 7)
    assert_same(stepped(parts), whole)
    assert_same(whole, written_out(*parts))


def counted(monkeypatch):
    """Draws that are solved by elimination, as they come."""
    found, real = [], onestep._directly

    def caught(*parts):
        found.append(parts)
        return real(*parts)

    monkeypatch.setattr(onestep, "_directly", caught)
    return found


def test_draws_are_solved_side_by_side(monkeypatch):
    alone = counted(monkeypatch)
    stepped(case(2, *MIXED, draws=50))
    assert not alone


@pytest.mark.parametrize("steps", [0, 1, 6])
def test_a_draw_that_does_not_settle_is_solved_alone(monkeypatch, steps):
    # A draw of the typical penalty settles sooner than one whose attributes have others.
    parts = case(3, *MIXED, draws=12, strengths=(1, 1))
    strengths = parts[-1].strengths.copy()
    strengths[:4] *= 10 ** np.linspace(-1, 3, 16).reshape(4, 4)
    parts = (*parts[:-1], replace(parts[-1], strengths=strengths))
    monkeypatch.setattr(onestep, "_MOST_STEPS", steps)
    alone = counted(monkeypatch)
    assert_same(stepped(parts), written_out(*parts))
    assert len(alone) == 12 if steps < 2 else len(alone) > 0


def test_what_was_not_solved_is_seen_in_the_solution(monkeypatch):
    parts, alone = case(4, *MIXED), counted(monkeypatch)
    real = onestep._System._times

    def worn(system, values):
        return np.float64(np.float32(real(system, values)))

    monkeypatch.setattr(onestep._System, "_times", worn)
    assert_same(stepped(parts), written_out(*parts))
    assert len(alone) == 6


def test_few_levels_among_many_atoms_are_solved_alone(monkeypatch):
    parts, alone = case(5, [40, 50], [3, 4]), counted(monkeypatch)
    assert_same(stepped(parts), written_out(*parts))
    assert len(alone) == 6


def test_a_draw_that_shows_only_chance_is_left_out():
    parts = case(6, *MIXED)
    whole, strengths = stepped(parts), parts[-1].strengths.copy()
    strengths[[1, 4], [0, 2]] = np.inf
    found = stepped((*parts[:-1], replace(parts[-1], strengths=strengths)))
    assert not found[[1, 4]].any()
    assert_same(found[[0, 2, 3, 5]], whole[[0, 2, 3, 5]])
    assert not stepped((*parts[:-1], replace(parts[-1], strengths=np.full_like(strengths, np.inf)))).any()


def test_atoms_that_nobody_has_have_no_effect():
    parts = case(7, [40, 60, 9], [None, 12, None], copies=0.0, leads=30)
    found, empty = stepped(parts), parts[2][0].leads == 0
    assert_same(found, written_out(*parts))
    assert empty.sum() > 10
    assert found[:, 1:41][:, empty] == pytest.approx(0, abs=1e-9)


def test_the_same_sums_give_the_same_bytes():
    first, again = (stepped(case(8, *MIXED, draws=150)).tobytes() for _ in range(2))
    assert first == again


@pytest.mark.parametrize("linear", [False, True])
def test_a_draw_that_tells_no_levels_apart_takes_no_side(linear):
    parts = case(9, [6, 30, 4], [None, 1, None], draws=40, linear=linear)
    effects = one_step(*parts).log_odds()
    assert not effects[1].any()
    assert (effects[0] != 0).all()
