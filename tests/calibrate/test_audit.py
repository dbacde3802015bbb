"""The audit of overlap on stores made by hand: Berkeley, copies, and levels without points."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from calibrate.leads import twins
from calibrate.leads.codes import CodeStore
from calibrate.leads.levels import Cells
from calibrate.learning.held_out import make_trial
from calibrate.learning.scorecard import with_points
from calibrate.proof.audit import Overlap, overlap_audit
from calibrate.settings import PointSettings
from calibrate.statistics.points import Worth

ALL = PointSettings(min_leads=1, min_expected=0)
GENDERS, DEPARTMENTS = ("female", "male"), tuple("ABCDEF")


def store_of(columns, won) -> CodeStore:
    """The code store of texts, None for missing: {"Source": ["Web", None, ...]}."""
    cells, codes = [], []
    for name, texts in columns.items():
        known = sorted({text for text in texts if text is not None})
        place = {text: cell for cell, text in enumerate(known, start=1)} | {None: 0}
        cells.append(Cells(name, name, "category", "fit", texts=tuple(known)))
        codes.append(np.array([place[text] for text in texts], np.uint8))
    rows = len(won)
    return CodeStore(
        cells=tuple(cells),
        codes=tuple(codes),
        won=np.asarray(won, np.uint8),
        fold=(np.arange(rows) % 5).astype(np.uint8),
        day=None,
        rows=rows,
        excluded=(),
        arrivals=np.zeros(0, np.int64),
        kept=np.ones(rows, bool),
    )


def card_of(store, asked=ALL, *, joint=True):
    places = tuple(range(len(store.cells)))
    return places, with_points(
        make_trial(store, by_account=False).learn(places, asked, joint=joint, errors=True), Worth()
    )


def audited(columns, won, asked=ALL, *, joint=True) -> Overlap:
    store = store_of(columns, won)
    return overlap_audit(store, *card_of(store, asked, joint=joint))


@pytest.fixture(scope="module")
def berkeley(oracle):
    """Applicants of 1973 (Bickel, Hammel & O'Connell 1975, Science 187:398)."""
    inputs = oracle("ucb_double_count").inputs
    gender, department, won = [], [], []
    for (name, place), admitted in product(product(GENDERS, range(6)), (1, 0)):
        people = inputs[f"{name}_{'admit' if admitted else 'reject'}"][place]
        gender, department = gender + [name] * people, department + [DEPARTMENTS[place]] * people
        won += [admitted] * people
    return {"Gender": gender, "Department": department}, won


def test_berkeley(berkeley, oracle):
    found = audited(*berkeley)
    factor = oracle("ucb_double_count")
    assert factor.is_met_by([found.factor, 1 / found.factor])
    assert found.worth == pytest.approx(10 * factor.expected[1], abs=1e-7)
    (pair,) = found.pairs
    assert {pair.first, pair.second} == {"Gender", "Department"}
    assert pair.v == pytest.approx(oracle("ucb_cramers_v").expected, abs=0.005)  # the correction for bias is small
    assert not pair.same
    # Rounded raw lifts of the oracle: male, female, then A to F.
    raw = [round(lift) for lift in oracle("ucb_raw_lift_pp").expected]
    assert found.points == sum(map(abs, raw))
    assert [(span.attribute, span.lift) for span in found.spans] == [
        ("Department", max(raw[2:]) - min(raw[2:])),
        ("Gender", raw[0] - raw[1]),
    ]
    adjusted = oracle("ucb_adjusted_lift_pp").expected
    beside = [round(lift) for lift in adjusted]
    assert found.spans[0].adjusted == pytest.approx(max(beside[2:]) - min(beside[2:]), abs=2)
    assert found.spans[1].adjusted <= 2
    kept = sum(min(abs(a), abs(b)) for a, b in zip(raw, beside, strict=True) if a * b > 0)
    assert found.left == pytest.approx(kept, abs=3)
    assert all(flip.attribute == "Gender" for flip in found.flips)


# what is entered twice

values = st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), min_size=20, max_size=80)


def varies(leads) -> bool:
    """Whether the levels convert differently, and both kinds of leads are there."""
    rates = {text: np.mean([won for other, won in leads if other == text]) for text, _ in leads}
    return len(set(rates.values())) > 1 and 0 < sum(won for _, won in leads) < len(leads)


@settings(deadline=None)
@given(values, st.integers(1, 4))
def test_an_attribute_counts_as_often_as_it_is_entered(leads, copies):
    assume(varies(leads))
    texts, won = zip(*leads, strict=True)
    found = audited({f"Copy {number}": texts for number in range(copies)}, won)
    assert found.factor == pytest.approx(copies)
    assert found.worth == pytest.approx(10 / copies)
    assert len({(span.lift, span.adjusted) for span in found.spans}) == 1


@settings(deadline=None)
@given(values)
def test_a_copy_shares_its_points(leads):
    assume(varies(leads))
    texts, won = zip(*leads, strict=True)
    alone, twice = audited({"One": texts}, won), audited({"One": texts, "Other": [text * 2 for text in texts]}, won)
    assert alone.factor == pytest.approx(1)
    assert alone.pairs == ()
    assert twice.points == 2 * alone.points
    assert twice.left <= twice.points
    # Half a share each, and each may be rounded by half a point; both together believe the evidence no less.
    for span, whole in zip(twice.spans, alone.spans * 2, strict=True):
        assert span.lift == whole.lift
        assert span.adjusted <= whole.adjusted + 1


def test_copies_are_the_same_and_a_third_attribute_dilutes_them():
    random = np.random.default_rng(4)
    source, size = random.choice(list("abcd"), 4000), random.choice(list("sml"), 4000)
    won = random.random(4000) < 0.1 + 0.1 * (source == "a") + 0.1 * (size == "l")
    found = audited({"Source": source, "Code": np.char.upper(source), "Size": size}, won)
    (pair,) = found.pairs
    assert ({pair.first, pair.second}, pair.same) == ({"Source", "Code"}, True)
    lifts = {name: np.array([100 * (won[of == text].mean() - won.mean()) for text in of])
             for name, of in (("Source", source), ("Size", size))}  # fmt: skip
    total, apart = 2 * lifts["Source"] + lifts["Size"], 2 * lifts["Source"].var() + lifts["Size"].var()
    assert found.factor == pytest.approx(total.var() / apart)
    assert 1 < found.factor < 2


def test_attributes_without_overlap_count_once_and_keep_their_points():
    rows = list(product("abc", "xy", range(400)))
    first, second, _ = zip(*rows, strict=True)
    won = [number < 60 + 80 * (a == "a") + 50 * (b == "x") for a, b, number in rows]
    found = audited({"First": first, "Second": second}, won)
    assert found.factor == pytest.approx(1)
    assert (found.pairs, found.flips) == ((), ())
    assert found.points - found.left <= 5  # rounding and what is not believed: at most a point a level
    assert [span.attribute for span in found.spans] == ["First", "Second"]


# what has no points


def few_and_missing():
    """A level of nine leads that all convert, one that is missing, and two with enough."""
    random = np.random.default_rng(8)
    texts = np.array(["few"] * 9 + [None] * 200 + ["a", "b"] * 400, dtype=object)
    won = random.random(len(texts)) < np.where(texts == "a", 0.4, 0.2)
    won[:9], won[9:209] = True, np.arange(200) % 20 == 0
    return {"Level": texts, "Noise": random.choice(list("xy"), len(texts))}, won


def test_levels_without_points_are_neither_counted_nor_left():
    columns, won = few_and_missing()
    store = store_of(columns, won)
    asked = PointSettings(min_leads=30, min_expected=5)
    places, card = card_of(store, asked)
    item = card.attributes[0]
    kinds = [level.kind for level in item.levels.levels]
    assert sorted(kinds) == ["missing", "other", "value", "value"]
    assert item.levels.muted == tuple(kind == "other" for kind in kinds)
    points = {kind: abs(item.points["lift"][place]) for place, kind in enumerate(kinds)}
    assert points["other"] > 50
    everything = sum(np.abs(part.points["lift"]).sum() for part in card.attributes)
    found = overlap_audit(store, places, card)
    assert found.points == everything - points["other"]
    assert found.spans[0].lift < points["other"]
    muted = replace(store, cells=(replace(store.cells[0], mute_missing=True), store.cells[1]))
    without = overlap_audit(muted, *card_of(muted, asked))
    assert without.points == found.points - points["missing"]
    assert without.left <= found.left
    # Their lift goes into D all the same: the sum that it is about is that of lifts, not of points.
    assert without.factor == pytest.approx(found.factor)


def test_a_level_with_too_few_leads_turns_no_sign():
    columns, won = few_and_missing()
    assert not [flip for flip in audited(columns, won, PointSettings()).flips if flip.level in ("few", "other")]


# what was not learned


def test_without_adjusted_points_there_is_the_factor_alone(berkeley):
    found, whole = audited(*berkeley, joint=False), audited(*berkeley)
    assert (found.factor, found.pairs) == (whole.factor, whole.pairs)
    assert (found.points, found.left, found.spans, found.flips) == (None, None, (), ())


def test_nothing_varies():
    found = audited(
        {"One": ["a", "b"] * 40, "Other": ["x", "x", "y", "y"] * 20}, [0, 0, 1, 1] * 0 + [0] * 40 + [1] * 40
    )
    assert found.factor is None
    assert found.worth is None
    assert (found.points, found.left) == (0, 0)


def test_a_part_of_many_leads_says_nearly_the_same(berkeley, monkeypatch):
    monkeypatch.setattr(twins, "_LOOK", 2000)
    assert audited(*berkeley).factor == pytest.approx(1.2327, abs=0.03)
