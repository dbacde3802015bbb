"""A run against direct counts: any small history, its levels, its points and its scores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from calibrate import calibration
from calibrate.calibration import Calibration, run
from calibrate.document.scoring import TableScorer, score_lead
from calibrate.errors import DataError
from calibrate.learning.code_scores import code_scorer
from calibrate.learning.evidence import AttributeEvidence, LevelEvidence
from calibrate.reading.source import open_source
from calibrate.settings import load_settings, settings_from

SAMPLE = Path(__file__).parents[2] / "data"
HOSTILE = [
    "Software", "software ", "'; DROP TABLE leads; --", '"quoted", twice', "<script>alert(1)</script>", "=1+1",
    "new\nline", "émoji 🚀", "a;b", "{0} %s {{x}}", "\u202eturned", "-Select-", "other", "(missing)", "true", "x" * 300,
    "\\", "Straße",
]  # fmt: skip
NUMBERS = [-1.0, 0.0, 1.0, 2.0, 3.5, 1e-9, -7.25, 999999.0, 1e15, -1e300, 1e300, 0.1 + 0.2, float("nan"), float("inf")]
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]


@dataclass(frozen=True, slots=True)
class History:
    """A drawn table and the fewest leads of a level that the run is told."""

    frame: pd.DataFrame
    min_leads: int


@st.composite
def histories(draw) -> History:
    """Categories with nulls and hostile texts, awkward numbers, truth values, sets; won leads may be rare."""
    rows = draw(st.integers(40, 160))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    won = np.arange(rows) < draw(st.integers(10, rows - 10))
    texts = np.array(draw(st.lists(st.sampled_from(HOSTILE), min_size=2, max_size=8, unique=True)), dtype=object)
    numbers = np.array(draw(st.lists(st.sampled_from(NUMBERS), min_size=2, max_size=14, unique=True)))
    spread = draw(st.sampled_from(["few", "whole", "real"]))
    made = {"few": random.choice(numbers, rows), "whole": random.poisson(40, rows), "real": random.normal(0, 1e3, rows)}
    tags = np.array(["Mail", "Fair", "Web", "Mail;Fair", "Web; Mail", "Web;Fair;Mail;"], dtype=object)
    columns = {
        "Text": random.choice(texts, rows),
        "Number": made[spread].astype(float),
        "Truth": random.choice(np.array([True, False], dtype=object), rows),
        "Tags": random.choice(tags, rows),
        "Leans": np.where(random.random(rows) < 0.7, won.astype(object), None),
    }
    gaps = {name: random.random(rows) < draw(st.sampled_from([0.0, 0.0, 0.2, 0.6])) for name in columns}
    frame = pd.DataFrame({name: np.where(gaps[name], None, cells.astype(object)) for name, cells in columns.items()})
    frame["Number"] = frame["Number"].astype(float)
    frame["Won"] = won
    return History(frame.iloc[random.permutation(rows)].reset_index(drop=True), draw(st.sampled_from([1, 5, 30])))


def chosen(history: History, **tables):
    points = {"min_leads": history.min_leads, "min_expected": 0.0, "min_conversions": 1, "unit": 1.0, "draws": 0}
    return settings_from({"outcome": {"column": "Won"}, "columns": {"allow": ["Leans"]}, "points": points} | tables)


def learned(history: History, **tables) -> Calibration:
    try:
        return run(history.frame, chosen(history, **tables))
    except DataError as error:
        assert "attribute" in str(error)  # noqa: PT017
        reject()


def holders(frame: pd.DataFrame, item: AttributeEvidence, level: LevelEvidence) -> pd.Series:
    """Which leads are at a level, by the words of the level alone."""
    column, meant = frame[item.column], level.level
    if item.member is not None:
        split = column.map(lambda cell: {part.strip() for part in cell.split(item.separator)}, na_action="ignore")
        return split.map(lambda parts: isinstance(parts, set) and item.member in parts) == meant.truth
    number = (
        pd.to_numeric(column, errors="coerce").replace([np.inf, -np.inf], np.nan) if item.kind == "number" else None
    )
    if meant.kind == "missing":
        return column.isna() if number is None else number.isna()
    if number is not None:
        low = -np.inf if meant.low is None else meant.low
        high = np.inf if meant.high is None else meant.high
        return (number >= low) & (number < high)
    if item.kind == "boolean":
        return column.map(lambda cell: cell is meant.truth)
    return column.isin(meant.values)


def levels_of(result: Calibration) -> Iterator[tuple[AttributeEvidence, LevelEvidence]]:
    return ((item, level) for item in result.attributes for level in item.levels)


def half_away(value: Fraction) -> int:
    size = int(abs(value) + Fraction(1, 2))
    return size if value > 0 else -size


@settings(max_examples=60, deadline=None, suppress_health_check=SLOW)
@given(histories())
def test_every_level_is_what_a_direct_count_says(history):
    result, frame = learned(history), history.frame
    total, won = len(frame), int(frame["Won"].sum())
    assert (result.rows, result.overall.leads, result.overall.conversions) == (total, total, won)
    assert {"Text", "Number", "Truth", "Tags", "Leans"} == {item.column for item in result.attributes} | {
        item.column for item in result.left_out
    } - {"Won"}
    for item in result.attributes:
        where = [holders(frame, item, level) for level in item.levels]
        assert (sum(mask.astype(int) for mask in where) == 1).all(), item
        lifts = Fraction(0)
        for mask, level in zip(where, item.levels, strict=True):
            assert (level.leads, level.conversions) == (int(mask.sum()), int(frame["Won"][mask].sum()))
            lift = Fraction(level.conversions, level.leads) - Fraction(won, total)
            lifts += level.leads * lift
            assert level.lift == pytest.approx(float(100 * lift), abs=1e-9)
            assert level.points_lift == half_away(100 * lift)
            assert level.points == (0 if level.evidence == "too few" else level.points_lift)
        assert lifts == 0


def points_of(result: Calibration, names=None) -> dict:
    names = names or {}
    return {
        (names.get(item.column, item.column), item.member, level.level.kind, level.level.label): (
            level.leads, level.conversions, level.points_lift, level.points_cautious, level.points,
        )
        for item, level in levels_of(result)
    }  # fmt: skip


@settings(max_examples=25, deadline=None, suppress_health_check=SLOW)
@given(histories(), st.randoms(use_true_random=False))
def test_order_of_rows_and_names_of_columns_change_no_points(history, random):
    result = learned(history)
    names = {name: f"attribute {place}" for place, name in enumerate(history.frame.columns)}
    order = list(history.frame.index)
    random.shuffle(order)
    frame = history.frame.loc[order].rename(columns=names)
    renamed = chosen(history, outcome={"column": names["Won"]}, columns={"allow": [names["Leans"]]})
    again = run(frame, renamed)
    assert points_of(again, {new: old for old, new in names.items()}) == points_of(result)
    assert again.strength == pytest.approx(result.strength)


@settings(max_examples=25, deadline=None, suppress_health_check=SLOW)
@given(histories())
def test_swapping_won_and_lost_negates_the_lift(history):
    fixed = {"Number": {"bins": [-1.0, 0.0, 2.0, 50.0]}}
    result = learned(history, attributes=fixed)
    swapped = learned(replace(history, frame=history.frame.assign(Won=~history.frame["Won"])), attributes=fixed)
    found, other = points_of(result), points_of(swapped)
    assert found.keys() == other.keys()
    for key, (leads, conversions, lift, cautious, points) in found.items():
        assert other[key] == (leads, leads - conversions, -lift, -cautious, -points)


@settings(max_examples=15, deadline=None, suppress_health_check=SLOW)
@given(histories(), st.integers(2, 4))
def test_repeating_every_row_keeps_the_lift_points_of_levels_that_stay_apart(history, times):
    fixed = {"Number": {"bins": [-1.0, 0.0, 2.0, 50.0]}}
    result = points_of(learned(history, attributes=fixed))
    frame = history.frame.loc[history.frame.index.repeat(times)]
    again = points_of(learned(replace(history, frame=frame), attributes=fixed))
    same = {key for key in result.keys() & again.keys() if again[key][0] == times * result[key][0]}
    assert same
    # What to believe is learned from all levels: it can only grow where all of them are the same.
    all_same = len(same) == len(result) == len(again)
    for key in same:
        assert again[key][1] == times * result[key][1]
        assert again[key][2] == result[key][2]
        assert abs(again[key][3]) >= abs(result[key][3]) or not all_same


def scores_everywhere(data, settings, monkeypatch):
    """Scores of the counted leads from their codes, and the rules of the run."""
    caught = []

    def catch(store, card, column, settings, base):
        caught.append(code_scorer(card, column, store, settings).scores(store, slice(None), base))
        return whole(store, card, column, settings, base)

    whole = calibration.all_scores
    monkeypatch.setattr(calibration, "all_scores", catch)
    result = run(data, settings, force=True)
    return caught[-1], result


GATED = {
    "gates": [
        {"id": "script", "attr": "Text", "in": ["<script>alert(1)</script>", "Software"], "score": -500},
        {"id": "odd", "attr": "Text", "in": ["other", "Software"], "score": 12, "band": "odd"},
    ],
    "groups": {"fit": {"max": 20, "min": -15}, "engagement": {"max": 5}},
    "attributes": {"Tags": {"group": "engagement"}},
}


SHAPES = [
    {"column": "lift"},
    {"column": "cautious", "negative": False},
    {"column": "adjusted"},
    {"column": "adjusted", "scale": "0-100", "unit": None},
    {"column": "log-odds", "offset": "600@50"},
    {"column": "log-odds", "offset": "-3@0.5", "pdo": 5.0, "negative": False},
    {"column": "best", "fit": "linear"},
]


@pytest.mark.parametrize("tables", [{}, GATED, GATED | {"columns": {"skip": ["Text"], "allow": ["Leans"]}}])
@pytest.mark.parametrize("points", SHAPES, ids=lambda points: "-".join(map(str, points.values())))
def test_codes_tables_and_single_leads_score_alike(tables, points):
    @settings(max_examples=6, deadline=None, suppress_health_check=SLOW)
    @given(histories())
    def check(history):
        with pytest.MonkeyPatch.context() as patch:
            asked = chosen(history, **tables)
            asked = asked.model_copy(update={"points": asked.points.model_copy(update=points)})
            try:
                codes, result = scores_everywhere(history.frame, asked, patch)
            except DataError:
                return
        table = pa.Table.from_pandas(history.frame, preserve_index=False)
        with open_source(history.frame) as source:
            scored = TableScorer(result.rules).score(source.sample())
        assert scored.score.to_pylist() == codes.tolist()
        clean = table.to_pylist()
        for lead, score in zip(clean[:30], codes[:30], strict=True):
            if not np.isinf(lead["Number"] or 0):
                assert score_lead(result.rules, lead).score == score
        reference = result.rules.reference
        assert Counter(codes.tolist()) == dict(zip(reference.scores, reference.counts, strict=True))

    check()


@pytest.mark.parametrize("points", SHAPES, ids=lambda points: "-".join(map(str, points.values())))
def test_every_lead_of_the_sample_scores_alike_with_gate_and_caps(points, monkeypatch):
    asked = load_settings(SAMPLE / "leads.toml")
    points = asked.points.model_copy(update=points)
    groups = {**asked.groups, "fit": asked.groups["fit"].model_copy(update={"min": -10})}
    asked = asked.model_copy(update={"points": points, "groups": groups})
    codes, result = scores_everywhere(SAMPLE / "leads.csv", asked, monkeypatch)
    with open_source(SAMPLE / "leads.csv") as source:
        table = source.sample()
    counted = table.filter(pa.compute.not_equal(table["Status"], "Open"))
    scored = TableScorer(result.rules).score(counted)
    assert scored.score.to_pylist() == codes.tolist()
    singles = [score_lead(result.rules, lead) for lead in counted.to_pylist()]
    assert [single.score for single in singles] == codes.tolist()
    assert {single.gate for single in singles} == {None, "competitor"}
    assert scored.band.to_pylist() == [single.band for single in singles]


def dated(random, rows=900):
    """Leads over ten months; the odds lie in Source and Size."""
    frame = pd.DataFrame(
        {
            "Created": pd.Timestamp("2025-06-01") + pd.to_timedelta(np.sort(random.integers(0, 300, rows)), unit="D"),
            "Source": random.choice(["Web", "Fair", "Mail", "List"], rows),
            "Size": random.gamma(2, 60, rows).round(2),
            "Visits": random.poisson(3, rows).astype(float),
        }
    )
    odds = 0.1 + 0.2 * (frame["Source"] == "Web") + 0.3 * (frame["Size"] > 150)
    frame["Status"] = np.where(random.random(rows) < odds, "Won", "Lost")
    return frame


def test_open_and_immature_leads_change_no_points():
    random = np.random.default_rng(5)
    frame = dated(random)
    asked = settings_from(
        {
            "outcome": {
                "column": "Status", "won": ["Won"], "lost": ["Lost"], "date": "Created",
                "mature_days": 30, "as_of": "2026-04-30",
            }
        }
    )  # fmt: skip
    young = dated(random, 300).assign(
        Created=pd.Timestamp("2026-04-20"), Size=lambda d: d["Size"] * 50 - 7, Visits=40.0
    )
    still = dated(random, 200).assign(Status="Open", Size=-999.0, Source="New")
    more = pd.concat([still, frame, young], ignore_index=True)
    alone, among = run(frame, asked), run(more, asked)
    assert points_of(among) == points_of(alone)
    assert {item.leads for item in among.excluded} == {200, 300}


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (
            pd.DataFrame({"Status": ["Won", "Lost"] * 40, "Id": [f"x{i}" for i in range(80)]}),
            "no column can be an attribute",
        ),
        (pd.DataFrame({"Status": ["Won"] * 80, "Source": ["a", "b"] * 40}), "every one of 80"),
        (pd.DataFrame({"Status": ["Lost", "Won"] * 20, "Source": ["a", "b"] * 20}), "only 20 of 40"),
        (pd.DataFrame({"Status": pd.Series([], dtype=str), "Source": pd.Series([], dtype=str)}), "no lead"),
        (pd.DataFrame({"Status": [None] * 40, "Source": ["a", "b"] * 20}), "Won"),
    ],
)
def test_what_cannot_be_learned_from_is_one_line(frame, words):
    with pytest.raises(DataError, match=words) as caught:
        run(frame, settings_from({"outcome": {"column": "Status", "won": ["Won"]}}))
    assert "\n" not in str(caught.value)


def test_two_columns_that_differ_in_every_lead_are_not_called_the_same():
    random = np.random.default_rng(3)
    frame = pd.DataFrame({"Revenue": random.gamma(2, 1e4, 150).round(2), "Budget": random.gamma(2, 1e3, 150).round(2)})
    frame["Won"] = random.random(150) < 0.15 + 0.35 * (frame["Revenue"] > 20000) + 0.35 * (frame["Budget"] > 2000)
    result = run(frame, settings_from({"outcome": {"column": "Won"}}))
    assert not [item for item in result.left_out if "the same as" in item.reason]


def test_the_second_of_two_columns_with_the_same_partition_gets_no_points():
    random = np.random.default_rng(3)
    source = random.choice(["Web", "Fair", "Mail"], 400)
    frame = pd.DataFrame({"Source": source, "Code": pd.Series(source).map({"Web": 1, "Fair": 2, "Mail": 3})})
    frame["Won"] = random.random(400) < np.where(source == "Web", 0.6, 0.2)
    result = run(frame, settings_from({"outcome": {"column": "Won"}}))
    assert [item.column for item in result.attributes] == ["Source"]
    assert [item.column for item in result.left_out] == ["Won", "Code"]
    both = run(frame, settings_from({"outcome": {"column": "Won"}, "columns": {"allow": ["Code"]}}))
    assert {item.column for item in both.attributes} == {"Source", "Code"}


def test_the_frame_of_levels_is_levels_csv():
    random = np.random.default_rng(5)
    result = run(dated(random), settings_from({"outcome": {"column": "Status", "won": ["Won"]}}))
    frame = result.to_frame()
    assert len(frame) == sum(len(item.levels) for item in result.attributes)
    assert (frame["conversions"] / frame["leads"] == frame["rate"]).all()
