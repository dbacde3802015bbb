"""Attributes that say the same: scipy and scikit-learn as second opinions, and how near is near enough."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats.contingency import association

import calibrate as cal
from calibrate.leads.twins import foretells
from calibrate.statistics.association import cramers_v

divisions = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3)), min_size=2, max_size=60)


@given(divisions)
def test_cramers_v_is_scipys(pairs):
    first, second = (np.array(column) for column in zip(*pairs, strict=True))
    table = pd.crosstab(first, second).to_numpy()
    expected = association(table, method="cramer") if min(table.shape) > 1 else 0.0
    assert cramers_v(first, second) == pytest.approx(expected, abs=1e-12)
    assert 0 <= foretells(first, second) <= 1
    assert foretells(first, second) == foretells(second, first)


def test_goodman_and_kruskals_lambda_by_hand():
    # Guessing the second without the first is right 6 times of 10, with it 9 times: (9 - 6) / (10 - 6);
    # guessing the first without the second is right 5 times, with it 9 times: (9 - 5) / (10 - 5).
    first = np.array([0] * 5 + [1] * 5)
    second = np.array([0] * 5 + [0] + [1] * 4)
    assert foretells(first, second) == pytest.approx(min(3 / 4, 4 / 5))


@pytest.mark.parametrize(("noise", "twins"), [(0.0, True), (0.003, True), (0.1, False)])
def test_a_recoding_gets_no_points_and_a_relative_does(noise, twins):
    rng = np.random.default_rng(5)
    size = 4000
    source = rng.choice(["Web", "Fair", "Mail"], size)
    recoded = np.array([{"Web": "1", "Fair": "2", "Mail": "3"}[text] + "x" for text in source])
    changed = rng.random(size) < noise
    recoded[changed] = rng.choice(["1x", "2x", "3x"], changed.sum())
    won = np.where(rng.random(size) < np.where(source == "Web", 0.3, 0.1), "yes", "no")
    result = cal.calibrate(pd.DataFrame({"Source": source, "Code": recoded, "Won": won}), outcome="Won=yes")
    reasons = {item.column: item.reason for item in result.left_out}
    assert reasons.get("Code", "").startswith("the same as Source") == twins
    assert {item.name for item in result.attributes} == ({"Source"} if twins else {"Source", "Code"})
