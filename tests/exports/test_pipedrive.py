"""Pipedrive: three sizes of points, ten criteria, bands cut anew."""

from __future__ import annotations

from forms import counted, many

from calibrate.document.rules import (
    Attribute,
    Case,
    Evidence,
    In,
    Rule,
    Rules,
)
from calibrate.exports.products.degraded import recut
from calibrate.exports.target import Options
from calibrate.exports.targets.pipedrive import TARGET as PIPEDRIVE


def test_pipedrive_keeps_ten_criteria_of_three_sizes():
    rules = many(30)
    export = PIPEDRIVE.export(rules, Options())
    assert export.runs is not None
    points = [case.points for rule in export.runs.rules for case in rule.cases]
    # 30 becomes 25; 25 * 21 / 30 = 17.5 lies in the middle and goes up; ten of ten 25s are kept, the first ones.
    assert points == [0] * 20 + [25] * 10
    assert export.runs.bands == ()


def test_pipedrive_weighs_criteria_by_their_leads():
    """12 becomes 25; 8 (16.7) becomes 10; 5 (10.4) becomes 10; 3 (6.25) becomes 10; -9, -4, -3 (-6.25) become -10."""
    export = PIPEDRIVE.export(counted(), Options())
    assert export.runs is not None
    points = [[case.points for case in rule.cases] + [rule.otherwise, rule.missing] for rule in export.runs.rules]
    assert points == [[10, 10, -10, 0, 0], [-10, 10, 0, 0], [25, 0, 0], [-10, 0, 0]]
    assert all(case.evidence is None for rule in export.runs.rules for case in rule.cases)


def test_bands_are_cut_anew_by_the_spread_of_two_attributes():
    """Shares worked by hand: 20 with 0.1, 10 with 0.4, 0 with 0.5 and -10 never; the bands held 0.2 and 0.5."""

    def rule(name, shares):
        cases = tuple(Case(when=In(in_=(str(n),)), points=points, evidence=Evidence(leads=leads, conversions=0))
                      for n, (points, leads) in enumerate(shares))  # fmt: skip
        return Rule(id=name, attr=name, cases=cases)

    attributes = {name: Attribute(type="text") for name in "ab"}
    bands = counted().bands
    document = Rules(
        id="x", version="1", attributes=attributes, bands=bands, reference=counted().reference,
        rules=(rule("a", [(10, 500), (0, 500)]), rule("b", [(10, 200), (0, 800)])),
    )  # fmt: skip
    found = recut(document, document)
    assert [(band.name, band.from_) for band in found] == [("A", 20), ("B", 10), ("C", None)]
    assert recut(document.model_copy(update={"reference": None}), document) == ()
