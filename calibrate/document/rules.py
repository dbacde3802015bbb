"""The rules document, `leadscore-rules/1.0`: what it holds.

How a document scores a lead, and the order in which its parts act, stands in lead_score.py; what must hold between
its parts in lint.py, what may be wrong with its writing in shape.py.
`python -m calibrate.document.rules FILE` writes its JSON Schema, to data/rules.schema.json where no file is named.
"""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, JsonValue, Tag, model_validator
from pydantic_core import PydanticCustomError

from calibrate.document.decisions import Decision, Override, Threshold
from calibrate.document.part import Part
from calibrate.fields import Count, Id, Number, Share, Text, Whole
from calibrate.learning.evidence import Strength
from calibrate.showing import Shown
from calibrate.whole import whole_file
from calibrate.words.language import LanguageCode

FORMAT: Literal["leadscore-rules/1.0"] = "leadscore-rules/1.0"
LeadValue = None | bool | int | Number | str | tuple[str, ...]


class In(Part):
    """True for a text that equals one of these, code point by code point."""

    in_: Annotated[tuple[Text, ...], Field(alias="in", min_length=1)]


class Is(Part):
    """True for this truth value."""

    is_: Annotated[bool, Field(alias="is")]


class Has(Part):
    """True for a set that holds this text."""

    has: Text


class Range(Part):
    """True for ge <= number < lt; an end left out is open."""

    ge: Number | None = None
    lt: Number | None = None

    @model_validator(mode="after")
    def _holds_numbers(self) -> Self:
        if self.ge is None and self.lt is None:
            raise PydanticCustomError("expected", "an end of the range; give ge, lt or both")
        if self.ge is not None and self.lt is not None and self.ge >= self.lt:
            raise PydanticCustomError("expected", "ge below lt; a bin holds ge <= number < lt")
        return self


def _condition(value: object) -> str | None:
    keys = value if isinstance(value, dict) else getattr(type(value), "model_fields", ())
    kinds = (("in", "<in>"), ("in_", "<in>"), ("is", "<is>"), ("is_", "<is>"), ("has", "<has>"))
    return next((tag for key, tag in (*kinds, ("ge", "<range>"), ("lt", "<range>")) if key in keys), None)


Condition = Annotated[
    Annotated[In, Tag("<in>")]
    | Annotated[Is, Tag("<is>")]
    | Annotated[Has, Tag("<has>")]
    | Annotated[Range, Tag("<range>")],
    Discriminator(
        _condition,
        custom_error_type="expected",
        custom_error_message='a condition; write {"in": [...]}, {"is": true}, {"has": "..."} or {"ge": 1, "lt": 2}',
    ),
]


class Evidence(Part):
    """What history says about a case; as levels.csv has it.

    rate, rate_low, rate_high: 0 to 1.  lift, lift_low, lift_high: percentage points; the adjusted ones with the
    overlap of attributes taken out.
    """

    leads: Count
    conversions: Count
    rate: Share | None = None
    rate_low: Share | None = None
    rate_high: Share | None = None
    lift: Number | None = None
    lift_low: Number | None = None
    lift_high: Number | None = None
    points_lift: Whole | None = None
    points_cautious: Whole | None = None
    points_adjusted: Whole | None = None
    points_log_odds: Whole | None = None
    adjusted_lift: Number | None = None
    adjusted_low: Number | None = None
    adjusted_high: Number | None = None
    strength: Strength | None = None
    note: str = ""


class Case(Part):
    """Points for the leads for which the condition is true."""

    when: Condition
    points: Whole
    label: Text | None = None
    evidence: Evidence | None = None
    override: Override | None = None


class Rule(Part):
    """One attribute; the first case that is true gives its points.

    otherwise: points of a value that no case holds.  missing: points of no value; no case is true for it.
    """

    id: Id
    attr: str
    group: str | None = None
    label: Text | None = None
    cases: tuple[Case, ...] = ()
    otherwise: Whole = 0
    missing: Whole = 0
    otherwise_evidence: Evidence | None = None
    missing_evidence: Evidence | None = None
    otherwise_override: Override | None = None
    missing_override: Override | None = None


class GateWhen(Part):
    """The condition of a gate: a truth value or texts of one attribute; never true for a missing value."""

    attr: str
    is_: Annotated[bool | None, Field(alias="is")] = None
    in_: Annotated[tuple[Text, ...] | None, Field(alias="in", min_length=1)] = None

    @model_validator(mode="after")
    def _is_one_condition(self) -> Self:
        if (self.is_ is None) == (self.in_ is None):
            raise PydanticCustomError("expected", "exactly one of is and in; keep one")
        return self

    @property
    def condition(self) -> Is | In:
        """The same as a condition of a case."""
        return In(in_=self.in_) if self.in_ is not None else Is(is_=bool(self.is_))


class GateThen(Part):
    """What a gate decides; without a band, the band of its score."""

    score: Whole
    band: Text | None = None


class Gate(Part):
    """Decides before any point counts; the first gate that is true wins."""

    id: Id
    label: Text | None = None
    when: GateWhen
    then: GateThen


class Attribute(Part):
    """A column of the lead, called as in the file.

    separator: between the values of a set written in one cell; spaces around a value do not count.
    """

    type: Literal["category", "number", "text", "boolean", "set"]
    label: Text | None = None
    unit: Text | None = None
    separator: Text | None = None


class Group(Part):
    """Rules that share a cap; max and min bound the sum of their points."""

    label: Text | None = None
    max: Whole | None = None
    min: Whole | None = None


class Score(Part):
    """The sum starts at base and ends between min and max.

    unit: percentage points that one point is worth.  pdo: points that double the odds, for log-odds points; then unit
    says nothing.
    """

    base: Whole = 0
    min: Whole | None = None
    max: Whole | None = None
    unit: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1
    pdo: Annotated[float | None, Field(gt=0, allow_inf_nan=False)] = None


class ScoreBand(Part):
    """A named range of scores, `from` included, with an action. leads_share, rate: in history, 0 to 1."""

    name: Text
    from_: Annotated[Whole | None, Field(alias="from")] = None
    action: Text | None = None
    leads_share: Share | None = None
    rate: Share | None = None


class Reference(Part):
    """The leads that a percentile compares with: scores, ascending, and the leads that have each."""

    population: Text
    leads: Annotated[Count, Field(ge=1)]
    scores: Annotated[tuple[int, ...], Field(min_length=1)]
    counts: tuple[Annotated[Count, Field(ge=1)], ...]


class ScoreChance(Part):
    """The probability that belongs to a score, 0 to 1."""

    score: int
    probability: Share


class Probability(Part):
    """Probability of conversion: 1 / (1 + exp(-(intercept + slope * score))). table: the same, to be read."""

    fitted_on: Text
    intercept: Number
    slope: Number
    table: tuple[ScoreChance, ...] = ()


class Baseline(Part):
    """The overall rate that every lift compares with. rate, low, high, confidence: 0 to 1."""

    leads: Count
    conversions: Count
    rate: Share
    low: Share
    high: Share
    confidence: Share = 0.95


class MadeBy(Part):
    """Where the document comes from. rows: leads in the source; counted: those with a known outcome."""

    tool: Text | None = None
    version: Text | None = None
    source: Text | None = None
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    rows: Count | None = None
    counted: Count | None = None
    from_: Annotated[str | None, Field(alias="from")] = None
    to: str | None = None
    outcome: Text | None = None
    points: Literal["lift", "cautious", "adjusted", "log-odds"] | None = None
    settings: dict[str, JsonValue] | None = None


class WorkedLead(Part):
    """A lead with the score it must get. reasons: the three strongest, in order; None where it is not said."""

    lead: dict[str, LeadValue]
    score: int
    band: Text | None = None
    reasons: tuple[str, ...] | None = None


class Rules(Part, Shown):
    """The whole document.

    language: of its labels and reasons; English where it does not say.
    """

    schema_: Annotated[str | None, Field(alias="$schema")] = None
    format: Literal["leadscore-rules/1.0"] = FORMAT
    id: Text
    version: Text
    title: Text | None = None
    language: LanguageCode | None = None
    score: Score = Score()
    baseline: Baseline | None = None
    attributes: dict[str, Attribute]
    gates: tuple[Gate, ...] = ()
    groups: dict[str, Group] = Field(default={})
    rules: tuple[Rule, ...]
    bands: tuple[ScoreBand, ...] = ()
    threshold: Threshold | None = None
    reference: Reference | None = None
    probability: Probability | None = None
    tests: tuple[WorkedLead, ...] = ()
    made_by: MadeBy = MadeBy()
    changelog: tuple[Decision, ...] | None = None

    __repr__ = __str__ = Shown.__repr__

    @property
    def handover_score(self) -> int | None:
        """The score from which leads are handed to sales; None where neither threshold nor bands say."""
        if self.threshold is not None:
            return self.threshold.score
        return self.bands[0].from_ if self.bands else None


def json_schema() -> dict[str, Any]:
    """The JSON Schema of the document, draft 2020-12. It cannot say what lint.py checks."""
    schema = Rules.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": FORMAT}


def main(path: str) -> None:
    """Write the JSON Schema to a file."""
    with whole_file(path) as file:
        file.write((json.dumps(json_schema(), ensure_ascii=False, indent=2) + "\n").encode())


if __name__ == "__main__":
    main(*sys.argv[1:] or ["data/rules.schema.json"])
