"""Bins of equally many leads, whatever the outcomes."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from calibrate.leads.bins import equal_bins


def held_by(leads, starts):
    return np.add.reduceat(np.asarray(leads), starts).tolist()


@given(st.lists(st.integers(0, 50), min_size=1, max_size=40), st.integers(1, 8))
def test_equal_bins_part_the_cells_and_hold_leads(leads, bins):
    starts = equal_bins(leads, bins)
    assert starts[0] == 0
    assert list(starts) == sorted(set(starts))
    assert len(starts) <= bins
    assert starts[-1] < len(leads)
    if sum(leads):
        assert min(held_by(leads, starts)) > 0


@given(st.integers(1, 200), st.integers(1, 8))
def test_bins_of_cells_alike_differ_by_a_cell(cells, bins):
    held = held_by([7] * cells, equal_bins([7] * cells, bins))
    assert len(held) == min(cells, bins)
    assert max(held) - min(held) <= 7


def test_every_cut_is_where_it_is_nearest_to_an_equal_share():
    assert held_by([10, 30, 10, 40, 10], equal_bins([10, 30, 10, 40, 10], 2)) == [50, 50]
    assert held_by([30, 30, 30, 10], equal_bins([30, 30, 30, 10], 2)) == [60, 40]


def test_a_cell_that_holds_much_makes_fewer_bins():
    assert held_by([5, 90, 5], equal_bins([5, 90, 5], 5)) in ([5, 90, 5], [95, 5], [5, 95])
    assert equal_bins([100], 5) == equal_bins([0, 100, 0], 5) == (0,)
    assert equal_bins([0, 0], 3) == (0,)


@given(st.lists(st.integers(0, 5), min_size=3, max_size=30), st.integers(1, 6), st.data())
def test_cells_that_stand_alone_do_so_and_the_others_share_the_bins(leads, bins, data):
    alone = sorted(data.draw(st.sets(st.integers(0, len(leads) - 1), max_size=3)))
    starts = equal_bins(leads, bins, alone)
    found = set(zip(starts, [*starts[1:], len(leads)], strict=True))
    assert {(cell, cell + 1) for cell in alone} <= found
    assert len(starts) <= bins + 2 * len(alone)
    fences = {0, len(leads), *alone, *(cell + 1 for cell in alone)}
    # Only a whole stretch between cells that stand alone can be a bin without leads.
    assert all(sum(leads[start:end]) or {start, end} <= fences for start, end in found)
