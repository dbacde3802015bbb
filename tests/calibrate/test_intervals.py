"""Between which edges a number lies, beside numpy's search."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibrate.intervals import Intervals

NUMBERS = st.floats(allow_nan=False) | st.integers(-5, 300).map(float) | st.sampled_from([0.0, -0.0, 5e-324, 1e308])


def searched(edges, numbers):
    found = np.searchsorted(edges, numbers, side="right") + 1
    found[np.isnan(numbers)] = 0
    return found


@given(st.lists(NUMBERS.filter(np.isfinite), unique=True, max_size=300), st.lists(NUMBERS, max_size=50))
def test_a_table_finds_what_a_search_finds(edges, numbers):
    edges = sorted(edges)
    around = [np.nextafter(edge, way) for edge in edges for way in (-np.inf, np.inf)]
    numbers = np.array([*numbers, *edges, *around, np.nan, np.inf, -np.inf])
    assert Intervals(edges).of(numbers).tolist() == searched(edges, numbers).tolist()


@pytest.mark.parametrize("size", [0, 1, 253, 254, 255, 3000])
def test_many_edges(size):
    random = np.random.default_rng(size)
    edges = np.unique(np.round(random.lognormal(3, 2, size), 3))
    numbers = np.round(random.lognormal(3, 2, 20_000), 3)
    assert Intervals(edges.tolist()).of(numbers).tolist() == searched(edges, numbers).tolist()
