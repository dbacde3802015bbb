"""What a PMML Scorecard gives: gate, score, band, probability and reason codes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from calibrate.document.rules import Rules
from calibrate.exports.pmml.expressions import E, Element, apply, choice, constant, field, within
from calibrate.exports.target import band_of

TARGET, _GATE, _GATE_SCORE = "points", "deciding gate", "score of the gate"
NAMES = ("sum", "gate", "score", "band", "probability", "reason1", "reason2", "reason3", TARGET, _GATE, _GATE_SCORE)


def output(rules: Rules) -> Iterator[Element]:
    """The results in the order in which they follow from each other; the sum is the predicted value."""
    yield E.OutputField(name="sum", optype="continuous", dataType="double", feature="predictedValue")
    total = within("sum", rules.score.min, rules.score.max)
    if rules.gates:
        yield _result("gate", _by_gate([gate.id for gate in rules.gates]))
        total = apply("if", _gated(rules), field(_GATE_SCORE), total)
    yield _result("score", total, "continuous", "integer")
    if has_bands(rules):
        by_score = [_by_score(rules)] if rules.bands else []
        gated = [_gated(rules), _by_gate([band_of(rules, gate) for gate in rules.gates])] if rules.gates else []
        yield _result("band", apply("if", *gated, *by_score) if gated else by_score[0])
    if rules.probability is not None:
        chance = _probability(rules.probability.intercept, rules.probability.slope)
        yield _result("probability", chance, "continuous", "double")
    for rank in "123":
        yield E.OutputField(
            name=f"reason{rank}", optype="categorical", dataType="string", feature="reasonCode", rank=rank
        )


def has_bands(rules: Rules) -> bool:
    """Whether a lead can have a band."""
    return bool(rules.bands) or any(gate.then.band for gate in rules.gates)


def gate_fields(rules: Rules, found: Mapping[str, str]) -> Iterator[Element]:
    """The number of the first gate that is true, or how many there are, and the score that it gives."""
    if not rules.gates:
        return
    none = len(rules.gates)
    numbers = [
        choice(rules.attributes[gate.when.attr], found[gate.when.attr], [(gate.when.condition, at)], none, none)
        for at, gate in enumerate(rules.gates)
    ]
    yield derived(_GATE, apply("min", *numbers, constant(none)))
    yield derived(_GATE_SCORE, _by_gate([str(gate.then.score) for gate in rules.gates], "double"))


def derived(name: str, value: Element) -> Element:
    """A field with a number."""
    return E.DerivedField(value, name=name, optype="continuous", dataType="double")


def _result(name: str, value: Element, optype: str = "categorical", data: str = "string") -> Element:
    return E.OutputField(value, name=name, optype=optype, dataType=data, feature="transformedValue")


def _gated(rules: Rules) -> Element:
    return apply("lessThan", field(_GATE), constant(len(rules.gates)))


def _by_gate(values: Sequence[str | None], data: str = "string") -> Element:
    """The value of the gate that decides; nothing where there is none."""
    bins = (
        E.DiscretizeBin(E.Interval(closure="closedClosed", leftMargin=str(at), rightMargin=str(at)), binValue=value)
        for at, value in enumerate(values)
        if value is not None
    )
    return E.Discretize(*bins, field=_GATE, dataType=data)


def _by_score(rules: Rules) -> Element:
    bins: list[Element] = []
    above: int | None = None
    for band in rules.bands:
        ends = {"leftMargin": band.from_, "rightMargin": above}
        margins = {side: str(end) for side, end in ends.items() if end is not None}
        # A single band has no ends, and an interval must have one: this is below every score.
        margins = margins or {"leftMargin": "-1e300"}
        bins.append(E.DiscretizeBin(E.Interval(closure="closedOpen", **margins), binValue=band.name))
        above = band.from_
    return E.Discretize(*bins, field="score", dataType="string")


def _probability(intercept: float, slope: float) -> Element:
    odds = apply("+", constant(intercept), apply("*", constant(slope), field("score")))
    return apply("/", constant(1), apply("+", constant(1), apply("exp", apply("-", constant(0), odds))))
