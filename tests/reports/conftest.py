"""Calibrations made by hand, so that every figure on a page can be worked out from the counts below."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from calibrate.calibration import Calibration, Excluded, LeftOut
from calibrate.document.rules import Attribute, Case, In, MadeBy, Rule, Rules, ScoreBand, WorkedLead
from calibrate.leads.levels import Level
from calibrate.learning.evidence import AttributeEvidence, LevelEvidence
from calibrate.proof.audit import Overlap, Span
from calibrate.proof.shaping import Shaped
from calibrate.proof.stability import LevelStability, Stability
from calibrate.proof.surprises import Surprises, SurprisingLevel
from calibrate.proof.validation import Comparison, Ranking, Validation
from calibrate.remarks import Remark
from calibrate.settings import PointColumn, Settings, settings_from
from calibrate.statistics.bands import capacity_cut, equal_bands
from calibrate.statistics.lift import evidence_word, level_lift
from calibrate.statistics.overlap import Pair, SignFlip
from calibrate.statistics.points import lift_points
from calibrate.statistics.probability import probability_check, score_to_probability
from calibrate.statistics.ranking import AucDifference, ScoreCounts, area_under_curve
from calibrate.statistics.rates import conversion_rate
from calibrate.statistics.sample_size import readiness

Table = Mapping[str, Sequence[tuple[str, int, int]]]

# 1,000 leads, 150 won: the mission's own example, 40 of 100 against 15 %, is the first level.
TABLE: Table = {
    "Asked for a demo": [("yes", 40, 100), ("no", 110, 900)],
    "Source": [("Referral", 60, 200), ("Web", 70, 500), ("List", 19, 280), ("(missing)", 1, 20)],
    "Country": [("Denmark", 76, 500), ("France", 74, 500)],
}


def _level(label: str, won: int, leads: int, all_won: int, all_leads: int) -> LevelEvidence:
    rate, lift = conversion_rate(won, leads), level_lift(won, leads, all_won, all_leads)
    assert rate is not None
    points = int(lift_points(won, leads, all_won, all_leads))
    few = leads < 30
    return LevelEvidence(
        level=Level("missing" if label == "(missing)" else "value", label, () if label == "(missing)" else (label,)),
        leads=leads,
        conversions=won,
        rate=rate.rate,
        rate_low=rate.low,
        rate_high=rate.high,
        lift=lift.lift,
        lift_low=lift.low,
        lift_high=lift.high,
        index=lift.index,
        index_low=lift.index_low,
        index_high=lift.index_high,
        p_value=lift.p_value,
        q_value=lift.p_value,
        evidence="too few" if few else evidence_word(lift.p_value),
        points_lift=points,
        points_cautious=points // 2,
        points_adjusted=points // 2,
        points=0 if few else points,
        note="not enough history: 0 points" if few else "",
        adjusted_lift=lift.lift / 2,
        adjusted_low=lift.lift / 2 - 2,
        adjusted_high=lift.lift / 2 + 2,
        support_low=lift.low,
        support_high=lift.high,
    )


def attributes_of(table: Table) -> tuple[AttributeEvidence, ...]:
    """Evidence of a table of (level, won, leads), as a run makes it."""
    first = next(iter(table.values()))
    all_won, all_leads = sum(won for _, won, _ in first), sum(leads for _, _, leads in first)
    found = []
    for name, rows in table.items():
        levels = sorted((_level(*row, all_won, all_leads) for row in rows), key=lambda level: -level.rate)
        found.append(AttributeEvidence(name, name, "category", "fit", tuple(levels)))
    return tuple(sorted(found, key=lambda item: -item.span))


def rules_of(attributes: Sequence[AttributeEvidence], tests: tuple[WorkedLead, ...]) -> Rules:
    """The document of the attributes: a case a level."""
    rules = [
        Rule(
            id=f"rule_{number}",
            attr=item.column,
            label=item.name,
            cases=tuple(
                Case(when=In(in_=level.level.values), points=level.points, label=level.level.label)
                for level in item.levels
                if level.level.values
            ),
        )
        for number, item in enumerate(attributes)
    ]
    return Rules(
        id="deals",
        version="3",
        title="Lead score",
        attributes={item.column: Attribute(type="category") for item in attributes},
        rules=tuple(rules),
        bands=(
            ScoreBand(name="A", from_=20, action="call first", leads_share=0.1),
            ScoreBand(name="B", from_=0, action="call next", leads_share=0.5),
            ScoreBand(name="C", action="leave for now", leads_share=0.4),
        ),
        tests=tests,
        made_by=MadeBy(tool="lead-calibrate", version="0.1.0", source="deals.csv", sha256="ab" * 32, points="lift"),
    )


# Least squares on SCORES by hand: sum of (score - 2.5) x won is 875, of 40 x (score - 2.5)^2 is 82,500: 1.06 of what a
# score in percentage points promises.
SLOPE = 100 * 875 / 82_500


def ranking_of(column: PointColumn, scores: ScoreCounts) -> Ranking:
    """A column of points that have these scores, each promising 15 % and its score in percentage points, as SCORES."""
    promised = np.clip(0.15 + np.array(scores.scores) / 100, 0.001, 0.999)
    check = probability_check(promised, scores.leads, scores.conversions)
    return Ranking(column, scores, area_under_curve(scores), check, SLOPE, capacity_cut(scores, 40))


def validation_of(scores: ScoreCounts) -> Validation:
    """An out-of-time test of three point columns on these leads, alike; adjusted is said to be 1.2 pairs behind."""
    ranking = ranking_of("lift", scores)
    return Validation(
        kind="out-of-time",
        leads=scores.total_leads,
        conversions=scores.total_conversions,
        learned_from=800,
        first_day="2026-07-01",
        last_day="2026-09-30",
        rankings=(ranking, replace(ranking, column="cautious"), replace(ranking, column="adjusted")),
        bands=equal_bands(scores),
        comparisons=(
            Comparison("cautious", AucDifference(0.0, -0.004, 0.004, 1.0), chance=True),
            Comparison("adjusted", AucDifference(0.012, 0.003, 0.021, 0.01), chance=False),
        ),
        probability=score_to_probability(scores),
    )


# 400 leads in ten scores of 40: from the best, 20, 16, 12, ... of 40 won; 9 and 10 of 40 are out of order.
SCORES = ScoreCounts(
    scores=(-20, -15, -10, -5, 0, 5, 10, 15, 20, 25),
    leads=(40,) * 10,
    conversions=(1, 1, 2, 3, 4, 10, 9, 12, 16, 20),
)


SURPRISES = Surprises(
    high=40,
    high_lost=20,
    low=40,
    low_won=1,
    score_from=25,
    score_to=-20,
    levels=(SurprisingLevel("Source", "Web", "high", 12, 20, 4.5, 40, 14, 2, 0.0001, 0.001),),
    hardest_high=(3,),
    hardest_low=(5,),
    rows_high=tuple((100 + place, 25) for place in range(12)),
    rows_low=((1007, -20),),
)


def overlap_of(attributes: Sequence[AttributeEvidence]) -> Overlap:
    """Attributes of which each keeps half its span beside the others: ten points are worth eight."""
    names = [item.name for item in attributes]
    return Overlap(
        factor=1.25,
        pairs=tuple(Pair(names[0], name, 0.95, same=True) for name in names[1:]),
        flips=(SignFlip(names[0], attributes[0].levels[0].level.label, 3.0, -2.5),),
        points=60,
        left=30,
        spans=tuple(Span(item.name, item.span, item.span // 2) for item in attributes),
    )


def stability_of(attributes: Sequence[AttributeEvidence]) -> Stability:
    """Levels that move by 2 points; those of more than 20 points by 8, and these are not stable."""
    rows = []
    for item in attributes:
        moves = [8 if level.points > 20 else 2 for level in item.levels]
        rows.append(
            tuple(
                LevelStability(level.points - move, level.points + move, 0.9, 1, 9, 0.1, move < 3, move)
                if level.evidence != "too few"
                else None
                for level, move in zip(item.levels, moves, strict=True)
            )
        )
    return Stability(500, 3.0, {"lift": tuple(rows)}, {"adjusted": "7,000 levels are too many"})


@pytest.fixture(scope="session")
def scores() -> ScoreCounts:
    """The held-out leads of `calibration`."""
    return SCORES


def made(table: Table = TABLE, **changes: Any) -> Calibration:
    """A calibration of a table, tested on SCORES; keywords replace its parts."""
    attributes = attributes_of(table)
    first = next(iter(table.values()))
    overall = conversion_rate(sum(won for _, won, _ in first), sum(leads for _, _, leads in first))
    assert overall is not None
    best = {item.column: item.levels[0].level.label for item in attributes}
    mixed = best | {attributes[0].column: attributes[0].levels[-1].level.label}
    result = Calibration(
        source_name="deals.csv",
        rows=1100,
        outcome="Status = Won",
        overall=overall,
        excluded=(Excluded(80, "open and younger than 90 days"), Excluded(20, "without an outcome")),
        attributes=attributes,
        left_out=(LeftOut("Lead ID", "different in every lead"),),
        remarks=(),
        strength=37.4,
        column="lift",
        validation=validation_of(SCORES),
        overlap=overlap_of(attributes),
        shaping=(Shaped("unrounded", 0.757), Shaped("whole points", 0.7568), Shaped("caps and gates", 0.752)),
        surprises=SURPRISES,
        readiness=readiness(overall.conversions, overall.leads),
        stability=stability_of(attributes),
        rules=rules_of(attributes, tuple(WorkedLead(lead=dict(lead), score=0) for lead in ({}, best, mixed))),
        settings=Settings(),
        reading=("Read as UTF-8, columns split by ';', decimal comma, dates dmy.",),
        first_day="2026-01-02",
        last_day="2026-09-30",
    )
    return replace(result, **changes)


@pytest.fixture(scope="session")
def make() -> Callable[..., Calibration]:
    """`made`, for the tests."""
    return made


@pytest.fixture(scope="session")
def calibration(make: Callable[..., Calibration]) -> Calibration:
    """The calibration of TABLE, tested on SCORES."""
    return make()


@pytest.fixture(scope="session")
def hostile(make: Callable[..., Calibration]) -> Calibration:
    """A calibration whose every name is an attack or an accident."""
    names = [
        "<script>alert(1)</script>",
        "\"quoted\" 'twice' & <b>bold</b>",
        "$x^2$ costs $5",
        "\\frac{1}{2} %s {0} {{ 7*7 }} {% raw %}",
        "emoji 🚀 e\u0301 中文 עברית",
        "nul\x00 bell\x07 line\nbreak \u202eturned",
        "]]> --> <!-- </svg></style>",
        "x" * 500,
    ]
    table = {name: [(f"a {name}", 40, 100), (f"b {name}", 110, 900)] for name in names}
    return make(
        table,
        source_name=names[0],
        outcome=f"{names[1]} = {names[0]}",
        excluded=(Excluded(3, names[0]),),
        left_out=tuple(LeftOut(name, name) for name in names),
        remarks=tuple(Remark("note", name, name) for name in names),
        reading=tuple(names),
        settings=settings_from({"report": {"title": names[0]}}),
    )


@pytest.fixture(scope="session")
def noise() -> ScoreCounts:
    """Held-out leads whose scores say nothing: made with seed 1."""
    random = np.random.default_rng(1)
    return ScoreCounts.from_arrays(random.integers(-5, 6, 500), random.random(500) < 0.2)
