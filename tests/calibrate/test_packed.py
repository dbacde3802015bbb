"""Sums over packed leads against the same sums by a dense matrix of zeros and ones."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from calibrate.leads.codes import encode
from calibrate.leads.counts import ALL, OLDER
from calibrate.leads.levels import Cells, learn_levels
from calibrate.leads.outcome import compile_outcome
from calibrate.learning.held_out import make_trial
from calibrate.reading.source import open_source
from calibrate.settings import OutcomeSettings, PointSettings
from calibrate.spread import one_in
from calibrate.statistics import packed as module

SIZES = st.lists(st.sampled_from([1, 1, 2, 2, 3, 5, 8, 13, 40, 64, 65, 130]), min_size=1, max_size=6)


def drawn(sizes, rows, seed):
    random = np.random.default_rng(seed)
    return [random.integers(0, size, rows) for size in sizes], random.integers(0, 2, rows), random.normal(size=rows)


def one_hot(columns, sizes, order):
    return np.hstack([np.eye(sizes[place])[columns[place]] for place in order])


def cut(value, at):
    """A value in two pieces, as a pass brings it."""
    return [(slice(0, at), value[:at]), (slice(at, len(value)), value[at:])]


@settings(max_examples=50, deadline=None)
@given(SIZES, st.integers(1, 400), st.integers(0, 2**32))
@example([1], 1, 0)
@example([300], 50, 0)
@example([1, 1, 1], 7, 0)
@example([65, 70, 2], 200, 0)
def test_sums_are_those_of_a_dense_matrix(pack, sizes, rows, seed):
    columns, won, value = drawn(sizes, rows, seed)
    leads = pack(columns, won, sizes)
    parts = cut(value, rows // 3)
    pairs = leads.pair_sums(parts)
    assert sorted(pairs.order) == list(range(len(sizes)))
    assert sizes[pairs.order[-1]] == max(sizes)
    member = one_hot(columns, sizes, pairs.order)
    np.testing.assert_allclose(pairs.dense(), (member.T * value) @ member, atol=1e-9)
    sums = leads.sums(parts)
    np.testing.assert_allclose(np.concatenate([sums[place] for place in pairs.order]), member.T @ value, atol=1e-9)
    by_level = [np.random.default_rng(seed + place).normal(size=size) for place, size in enumerate(sizes)]
    totals = np.concatenate([leads.totals(by_level, piece) for piece, _ in parts])
    wanted = member @ np.concatenate([by_level[place] for place in pairs.order])
    np.testing.assert_allclose(totals, wanted, atol=1e-9)


@settings(max_examples=40, deadline=None)
@given(SIZES, st.integers(1, 300), st.integers(0, 2**32))
def test_every_lead_keeps_its_levels(pack, sizes, rows, seed):
    columns, won, _ = drawn(sizes, rows, seed)
    leads = pack(columns, won, sizes)
    assert leads.leads == rows
    assert leads.won.tolist() == won.tolist()
    for place, column in enumerate(columns):
        assert leads.level_of(place).tolist() == column.tolist()
        assert leads.level_of(place, slice(rows // 2, rows)).tolist() == column[rows // 2 :].tolist()


@given(SIZES)
def test_a_code_holds_at_most_sixty_four_unless_one_attribute_alone_does(sizes):
    groups = module._groups(sizes)
    assert sorted(place for group in groups for place in group) == list(range(len(sizes)))
    for group in groups:
        assert len(group) == 1 or np.prod([sizes[place] for place in group]) <= module.MOST_CODES


def test_small_attributes_share_a_code_of_one_byte(pack):
    columns, won, _ = drawn([2] * 6, 100, 0)
    (own,) = pack(columns, won).packs
    assert own.codes.dtype == np.uint8
    assert own.size == 64


@pytest.mark.parametrize(("size", "kind"), [(256, np.uint8), (257, np.uint16), (70_000, np.uint32)])
def test_codes_are_as_wide_as_their_levels(size, kind):
    cells = np.arange(0, size, 1 + size // 100, dtype=np.uint32)
    leads = module.pack_leads(
        [cells], [np.arange(size)], [size], np.zeros(len(cells), np.uint8), [slice(None)], len(cells)
    )
    assert leads.packs[0].codes.dtype == kind
    assert leads.level_of(0).tolist() == cells.tolist()


def test_wide_codes_say_the_same_as_small_ones(monkeypatch):
    monkeypatch.setattr(module, "_MANY", 500)
    sizes, random = [200, 63, 50, 9, 5, 2, 2], np.random.default_rng(5)
    columns = [random.integers(0, size, 3_000, dtype=np.uint16) for size in sizes]
    won, value = random.integers(0, 2, 3_000, dtype=np.uint8), random.random(3_000)
    given = (columns, [np.arange(size) for size in sizes], sizes, won, [slice(0, 1_000), slice(1_000, 3_000)], 3_000)
    small, wide = module.pack_leads(*given), module.pack_leads(*given, wide=True)
    assert len(wide.packs) < len(small.packs)
    by_level = [random.random(size) for size in sizes]
    for own, other in ((wide, small), (wide.some(700), small.some(700))):
        pieces = [(piece, value[piece]) for piece in own.chunks()]
        every = slice(None)
        assert own.totals(by_level, every) == pytest.approx(other.totals(by_level, every), abs=1e-12)
        assert np.concatenate(own.sums(pieces)) == pytest.approx(np.concatenate(other.sums(pieces)), abs=1e-9)
        assert own.pair_sums(pieces).dense() == pytest.approx(other.pair_sums(pieces).dense(), abs=1e-9)
        assert np.concatenate(own.shares()) == pytest.approx(np.concatenate(other.shares()), abs=1e-12)
        assert all(np.array_equal(own.level_of(at), other.level_of(at)) for at in range(len(sizes)))


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 500), st.integers(1, 600))
def test_some_are_spread_evenly(pack, rows, most):
    leads = pack([np.arange(rows), np.arange(rows) % 3], np.arange(rows) % 2)
    some = leads.some(most)
    taken = some.level_of(0).tolist()
    assert some.leads == len(taken) <= most
    assert (some is leads) == (rows <= most)
    step = -(-rows // most)
    assert [place // step for place in taken] == list(range(len(taken)))
    assert some.won.tolist() == [place % 2 for place in taken]
    assert some.level_of(1).tolist() == [place % 3 for place in taken]
    assert some.leads >= rows // step


@pytest.mark.parametrize("rows", [0, 1, 1 << 15, (1 << 15) + 1, 100_000])
def test_chunks_cover_every_lead_once(pack, rows):
    leads = pack([np.zeros(rows, int)], np.zeros(rows), [1])
    covered = [place for piece in leads.chunks() for place in range(piece.start, piece.stop)]
    assert covered == list(range(rows))


def dated_store(rows=3000):
    random = np.random.default_rng(4)
    table = pa.table(
        {
            "Source": random.choice(["Web", "Fair", "Mail", None], rows),
            "Demo": random.choice([True, False], rows),
            "Size": random.gamma(2, 60, rows).round(),
            "Day": np.datetime64("2026-01-01") + random.integers(0, 300, rows).astype("timedelta64[D]"),
            "Won": random.random(rows) < 0.3,
        }
    )
    cells = [
        Cells("Source", "Source", "category", "fit", texts=("Fair", "Mail", "Web")),
        Cells("Demo", "Demo", "boolean", "fit"),
        Cells("Size", "Size", "number", "fit", edges=(20.0, 50.0, 100.0, 200.0, 400.0)),
    ]
    asked = OutcomeSettings(column="Won", date="Day")
    with open_source(table) as source:
        return encode(source, cells, compile_outcome(asked, source, source.sample()), asked)


@pytest.mark.parametrize("parts", [ALL, OLDER, ~OLDER, np.arange(10) % 5 != 3], ids=["all", "older", "newest", "folds"])
def test_the_leads_of_some_parts_are_packed_with_the_levels_of_their_cells(parts):
    trial = make_trial(dated_store(), by_account=False)
    assert trial.newest_from is not None
    places = [2, 0, 1]
    counts = trial.totals(places, parts)
    levels = [
        learn_levels(cells, *count, PointSettings()) for cells, count in zip(trial.cells(places), counts, strict=True)
    ]
    leads = trial.pack(places, parts, levels)
    wanted = parts[trial.parts]
    assert leads.won.tolist() == trial.store.won[wanted].tolist()
    for place, at in enumerate(places):
        assert leads.level_of(place).tolist() == levels[place].of_cell[trial.store.codes[at][wanted]].tolist()
        assert np.bincount(leads.level_of(place)).tolist() == levels[place].totals(counts[place][0]).tolist()


@pytest.mark.parametrize("every", [1, 3, 1000])
def test_one_lead_in_so_many_of_some_parts(every):
    trial = make_trial(dated_store(), by_account=False)
    for parts in (ALL, OLDER, ~OLDER):
        taken = np.concatenate([np.arange(trial.store.leads)[piece] for piece in trial.pieces(parts, every)])
        every_so_many = np.arange(trial.store.leads)[one_in(trial.store.leads, every)]
        assert taken.tolist() == every_so_many[parts[trial.parts[every_so_many]]].tolist()
