"""The rules document, drawn from the evidence of a run."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from calibrate.document.chances import chances
from calibrate.document.decisions import Threshold
from calibrate.document.rules import (
    Attribute,
    Baseline,
    Case,
    Condition,
    Evidence,
    Gate,
    GateThen,
    GateWhen,
    Group,
    Has,
    In,
    Is,
    MadeBy,
    Probability,
    Range,
    Reference,
    Rule,
    Rules,
    Score,
    ScoreBand,
)
from calibrate.document.worked import worked_leads
from calibrate.leads.attributes import ENGAGEMENT, FIT
from calibrate.learning.code_scores import HUNDRED
from calibrate.learning.evidence import AttributeEvidence, LevelEvidence
from calibrate.learning.learned import Learned
from calibrate.proof.validation import Validation
from calibrate.settings import GateSettings, PointColumn, PointSettings, Settings
from calibrate.statistics.bands import named_cuts
from calibrate.statistics.ranking import ScoreCounts
from calibrate.statistics.rates import Rate
from calibrate.words.language import Language, language

_SHARES = {"A": 0.1, "B": 0.3, "C": 0.6}


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where the history came from."""

    source: str
    sha256: str | None
    rows: int
    first_day: str | None
    last_day: str | None
    outcome: str
    version: str


def draft_rules(
    attributes: Sequence[AttributeEvidence],
    overall: Rate,
    population: ScoreCounts,
    validation: Validation | None,
    provenance: Provenance,
    settings: Settings,
    score: Score,
    column: PointColumn,
) -> Rules:
    """The document of a run, with worked leads that it scores as stated.

    population: the counted leads by final score, the reference of every percentile.  column: the points it carries.
    Labels, actions and reasons are in the language of the report.
    """
    say = language(settings.report.language)
    ids = _ids(attributes)
    document = Rules(
        schema_="rules.schema.json",
        id=_slug(provenance.source.rpartition("/")[2].rsplit(".", 1)[0]),
        version="1",
        title=settings.report.title or say("levels.title", source=provenance.source),
        language=None if say.code == "en" else say.code,
        score=score,
        baseline=Baseline(
            leads=overall.leads,
            conversions=overall.conversions,
            rate=overall.rate,
            low=overall.low,
            high=overall.high,
            confidence=overall.confidence,
        ),
        attributes=_attributes(attributes, settings),
        gates=_gates(attributes, settings),
        groups=_groups(attributes, settings, say),
        rules=tuple(_rule(item, rule_id, say) for item, rule_id in zip(attributes, ids, strict=True)),
        bands=_bands(population, validation, column, say),
        threshold=capacity_threshold(validation, settings, say),
        reference=Reference(
            population=say("levels.population", leads=population.total_leads, source=provenance.source),
            leads=population.total_leads,
            scores=population.scores,
            counts=population.leads,
        ),
        probability=_probability(population, validation, say),
        made_by=MadeBy(
            tool="lead-calibrate",
            version=provenance.version,
            source=provenance.source,
            sha256=provenance.sha256,
            rows=provenance.rows,
            counted=overall.leads,
            from_=provenance.first_day,
            to=provenance.last_day,
            outcome=say.text(provenance.outcome),
            points=column,
            settings=_plain(settings),
        ),
    )
    return document.model_copy(update={"tests": worked_leads(document)})


def capacity_threshold(validation: Validation | None, settings: Settings, say: Language) -> Threshold | None:
    """From which score the leads fit into the places of sales; None where nobody said how many, or no score does."""
    fits = validation.capacity if validation else None
    if fits is None or fits.score_from is None:
        return None
    return Threshold(score=fits.score_from, reason=say("levels.threshold.capacity", capacity=settings.report.capacity))


def score_of(learned: Learned, column: PointColumn, settings: PointSettings) -> Score:
    """Where the score of a column starts and ends, and what its points are worth."""
    low, high = HUNDRED if settings.scale == "0-100" else (None, None)
    pdo = learned.worths[column].pdo if column == "log-odds" else None
    unit = 1.0 if pdo else float(learned.worths[column].unit)
    return Score(base=learned.base[column], min=low, max=high, unit=unit, pdo=pdo)


def _rule(item: AttributeEvidence, rule_id: str, say: Language) -> Rule:
    """Cases for what a rule can name; `otherwise` for the pooled and the unseen, `missing` for no value."""
    cases = tuple(case for level in item.levels if (case := _case(item, level, say)))
    by_kind = {level.level.kind: level for level in item.levels}
    otherwise = by_kind.get("other")
    if item.member is not None:
        otherwise = next((level for level in item.levels if level.level.truth is False), None)
    missing = otherwise if item.member is not None else by_kind.get("missing")
    return Rule(
        id=rule_id,
        attr=item.column,
        group=item.group,
        label=item.name,
        cases=cases,
        otherwise=otherwise.points if otherwise else item.unknown,
        missing=missing.points if missing else item.unknown,
        otherwise_evidence=_evidence(otherwise, say) if otherwise else None,
        missing_evidence=_evidence(missing, say) if missing else None,
    )


def _case(item: AttributeEvidence, level: LevelEvidence, say: Language) -> Case | None:
    if level.level.kind in ("other", "missing") or (item.member is not None and not level.level.truth):
        return None
    label = say.text(level.level.label)
    return Case(when=_condition(item, level), points=level.points, label=label, evidence=_evidence(level, say))


def _condition(item: AttributeEvidence, level: LevelEvidence) -> Condition:
    if item.member is not None:
        return Has(has=item.member)
    if item.kind == "number":
        if level.level.low is None and level.level.high is None:
            return Range(ge=-1e308)
        return Range(ge=level.level.low, lt=level.level.high)
    if item.kind == "boolean":
        return Is(is_=bool(level.level.truth))
    return In(in_=level.level.values)


def _evidence(level: LevelEvidence, say: Language) -> Evidence:
    return Evidence(
        leads=level.leads,
        conversions=level.conversions,
        rate=_short(level.rate),
        rate_low=_short(level.rate_low),
        rate_high=_short(level.rate_high),
        lift=_short(level.lift),
        lift_low=_short(level.lift_low),
        lift_high=_short(level.lift_high),
        points_lift=level.points_lift,
        points_cautious=level.points_cautious,
        points_adjusted=level.points_adjusted,
        points_log_odds=level.points_log_odds,
        adjusted_lift=_short_or_none(level.adjusted_lift),
        adjusted_low=_short_or_none(level.adjusted_low),
        adjusted_high=_short_or_none(level.adjusted_high),
        strength=level.evidence,
        note=say.text(level.note),
    )


def _attributes(attributes: Sequence[AttributeEvidence], settings: Settings) -> dict[str, Attribute]:
    found = {
        item.column: Attribute(
            type=item.kind,
            label=settings.attribute(item.column).name or item.column,
            separator=item.separator,
        )
        for item in attributes
    }
    for gate in settings.gates:
        found.setdefault(gate.attr, Attribute(type="category", label=gate.attr))
    return dict(sorted(found.items()))


def _gate_condition(gate: GateSettings, kind: str | None) -> GateWhen:
    if kind == "boolean" and len(gate.values) == 1:
        return GateWhen(attr=gate.attr, is_=gate.values[0] == "true")
    return GateWhen(attr=gate.attr, in_=tuple(gate.values))


def _gates(attributes: Sequence[AttributeEvidence], settings: Settings) -> tuple[Gate, ...]:
    return tuple(
        Gate(
            id=gate.id,
            label=gate.label,
            when=_gate_condition(gate, {item.column: item.kind for item in attributes}.get(gate.attr)),
            then=GateThen(score=gate.score, band=gate.band),
        )
        for gate in settings.gates
    )


def _groups(attributes: Sequence[AttributeEvidence], settings: Settings, say: Language) -> dict[str, Group]:
    """The groups with their caps, moved like their points where these all start at 0."""
    used = {item.group for item in attributes}

    def moved(cap: int | None, name: str) -> int | None:
        return None if cap is None else cap + sum(item.unknown for item in attributes if item.group == name)

    return {
        name: Group(
            label=(chosen.label if (chosen := settings.groups.get(name)) else None) or _group_label(name, say),
            max=moved(chosen.max, name) if chosen else None,
            min=moved(chosen.min, name) if chosen else None,
        )
        for name in sorted(used | settings.groups.keys())
    }


def _group_label(name: str, say: Language) -> str:
    return say(f"levels.group.{name}") if name in (FIT, ENGAGEMENT) else name


def _bands(
    population: ScoreCounts, validation: Validation | None, column: PointColumn, say: Language
) -> tuple[ScoreBand, ...]:
    """A to D by share of the counted leads; the rates are of the held-out leads at the same scores."""
    cuts = named_cuts(population)
    names = _band_names(population, cuts)
    held = validation.ranking(column).scores if validation else None
    bands = []
    above: int | None = None
    for name, start in zip(names, [*cuts, None], strict=True):
        leads, _ = _between(population, start, above)
        tested, won = _between(held, start, above) if held else (0, 0)
        bands.append(
            ScoreBand(
                name=name,
                from_=start,
                action=say(f"levels.action.{name if cuts else 'none'}"),
                leads_share=_short(leads / population.total_leads),
                rate=_short(won / tested) if tested else None,
            )
        )
        above = start
    return tuple(bands)


def _band_names(population: ScoreCounts, cuts: Sequence[int]) -> list[str]:
    """A name a cut, by the share of leads that its band and the better ones hold; the rest is D.

    Equal scores are never split, so few different scores leave out names: a band that reaches 40 % is a B.
    """
    names: list[str] = []
    for place, cut in enumerate(cuts, start=len("ABC") - len(cuts) + 1):
        reached = _between(population, cut, None)[0] / population.total_leads
        free = [name for name in "ABC"[:place] if not names or name > names[-1]]  # the cuts below need one each
        names.append(min(free, key=lambda name: abs(_SHARES[name] - reached)))
    return [*names, "D"]


def _between(counts: ScoreCounts, start: int | None, above: int | None) -> tuple[int, int]:
    """Leads and conversions with start <= score < above."""
    inside = [
        (leads, won)
        for score, leads, won in zip(counts.scores, counts.leads, counts.conversions, strict=True)
        if (start is None or score >= start) and (above is None or score < above)
    ]
    return sum(leads for leads, _ in inside), sum(won for _, won in inside)


def _probability(population: ScoreCounts, validation: Validation | None, say: Language) -> Probability | None:
    if validation is None or validation.probability is None:
        return None
    fitted_on = say(f"levels.fitted_on.{validation.kind}", leads=validation.leads)
    return chances(validation.probability, population.scores[0], population.scores[-1], fitted_on)


def _ids(attributes: Sequence[AttributeEvidence]) -> list[str]:
    taken: set[str] = set()
    ids = []
    for item in attributes:
        base = _slug(item.column if item.member is None else f"{item.column} {item.member}")
        numbered = (base if i == 1 else f"{base}_{i}" for i in count(1))
        name = next(name for name in numbered if name not in taken)
        taken.add(name)
        ids.append(name)
    return ids


def _slug(text: str) -> str:
    """A text as an identifier of the document: small letters, digits and _, a letter first."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "_", plain.casefold()).strip("_")
    return slug if slug[:1].isalpha() else f"a_{slug}".rstrip("_")


def _short(number: float) -> float:
    """Six digits behind the point are plenty for a rate and keep the file readable."""
    return round(number, 6)


def _short_or_none(number: float | None) -> float | None:
    return None if number is None else _short(number)


def _plain(settings: Settings) -> dict[str, Any]:
    return settings.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude_none=True)
