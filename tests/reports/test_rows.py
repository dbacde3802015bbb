"""The rows of the meeting's table of points say of history what the run said."""

from __future__ import annotations

import pytest

import calibrate as cal
from calibrate.document.lead_score import words_of
from reports.meeting.rows import rows_of


@pytest.mark.parametrize(("column", "negative"), [("lift", True), ("lift", False), ("adjusted", True)])
def test_data_support_what_the_run_says_they_do(column, negative):
    settings = cal.Settings.model_validate({"points": {"column": column, "negative": negative, "draws": 0}})
    result = cal.calibrate(cal.sample_file("leads.csv"), outcome="Status=Won", lost="Lost", settings=settings)
    told = {
        (level.leads, level.conversions, round(level.support_low), round(level.support_high))
        for item in result.attributes
        for level in item.levels
    }
    rows = rows_of(result.rules, result.combinations(), words_of(result.rules))
    found = {(row.leads, row.won, *row.support) for part in rows for row in part if row.support}
    assert len(found) > 50
    assert found <= told
