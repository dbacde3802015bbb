"""A page to read aloud: every outcome that gives points as a sentence, in Markdown.

What Markdown would take for a mark where it stands is behind a backslash, so that a text shows as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from calibrate.document.lead_score import condition_text, gate_text, outcome_label, plain_number
from calibrate.document.rules import Evidence, Gate, Has, Is, LeadValue, Rule, Rules, WorkedLead
from calibrate.document.worked import worked_leads
from calibrate.exports.naming import fields
from calibrate.exports.products.build_sheet import plain_points, quoted, spread, unmarked
from calibrate.exports.products.criteria import evidence_of, points_of
from calibrate.exports.target import Export, Loss, Options, Sum, Target, band_of, sums

_WORKED = 8


def export(rules: Rules, options: Options) -> Export:
    """The page: how a score comes about, gates, a section a group, bands, worked leads."""
    fields(rules, options, "md")
    lines = [
        *_head(rules),
        *_gates(rules),
        *(line for part in sums(rules) for line in _section(rules, part)),
        *_bands(rules),
        *_worked(rules),
    ]
    why = "the page is read by people"
    return Export(
        files={"rules.md": ("\n".join(lines).rstrip("\n") + "\n").encode()},
        inputs=(),
        losses=(
            Loss("percentile", "refused", f"{why}; look it up by score in rules.json"),
            Loss("probability", "refused", f"{why}; look it up by score in rules.json"),
        ),
    )


TARGET = Target(
    name="md",
    writes="a page to read aloud in the meeting",
    proof="not executed: a page to read",
    export=export,
)


def plain(text: str) -> str:
    r"""A text that Markdown shows as it is, on one line; blanks at its ends are seen by the quotes around it.

    >>> print(plain("a*b <x>"), plain("two\nlines"), plain(" padded "))
    a\*b \<x> two↵lines “ padded ”
    """
    line = re.sub(r"\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]", "↵", text).replace("\t", "⇥")
    return unmarked(line) if line == line.strip() and line else quoted(line)


def _head(rules: Rules) -> Iterator[str]:
    yield f"# {plain(rules.title or rules.id)}"
    yield ""
    score = rules.score
    yield f"Version {plain(rules.version)}. A score starts at {score.base}; the points of each rule are added to it."
    if score.min is not None or score.max is not None:
        yield f"It is {_between(score.min, score.max)}."
    if score.pdo is not None:
        yield f"{plain_number(float(score.pdo))} points double the odds of becoming a customer."
    elif _measured(rules):
        unit = plain_number(float(score.unit))
        yield f"A point is worth {unit} percentage point{'' if unit == '1' else 's'} of conversion."
    if (base := rules.baseline) is not None:
        yield (
            f"Of {base.leads:,} leads, {base.conversions:,} became customers: {_percent(base.rate)} "
            f"({_percent(base.low)} to {_percent(base.high)})."
        )
    if rules.rules:
        yield "What is not named, a missing value too, gives 0. Rules that move a score most come first in their group."
    yield ""


def _measured(rules: Rules) -> bool:
    """Whether the points come from a history, not from somebody's guess."""
    return rules.made_by.points is not None or any(any(evidence_of(rule)) for rule in rules.rules)


def _gates(rules: Rules) -> Iterator[str]:
    if not rules.gates:
        return
    yield "## Decided before any point counts"
    yield ""
    yield "The first of these that is true decides."
    yield ""
    for gate in rules.gates:
        yield _gate(rules, gate)
    yield ""


def _gate(rules: Rules, gate: Gate) -> str:
    band = band_of(rules, gate)
    ending = f" and the band {plain(band)}" if band else ""
    name = rules.attributes[gate.when.attr].label or gate.when.attr
    condition = plain(condition_text(gate.when.condition))
    return f"- {plain(gate_text(gate))}: {plain(name)} is {condition}. The score is {gate.then.score}{ending}."


def _section(rules: Rules, part: Sum) -> Iterator[str]:
    if not part.rules and not part.bounded:
        return
    group = rules.groups[part.name] if part.name is not None else None
    yield f"## {plain((group.label if group else None) or part.name or 'Points')}"
    yield ""
    if part.bounded:
        yield f"The points of this group together count as {_between(part.low, part.high)}."
        yield ""
    for rule in sorted(part.rules, key=spread, reverse=True):
        yield f"### {plain(rule.label or rules.attributes[rule.attr].label or rule.attr)}"
        yield ""
        yield from _sentences(rule) if any(points_of(rule)) else ("Every value gives 0.",)
        yield ""


def _sentences(rule: Rule) -> Iterator[str]:
    """Every outcome that gives points, in the order in which they are asked for.

    A case that gives none is said where it takes its leads from an outcome that does.
    """
    evidence = (*(case.evidence for case in rule.cases), rule.otherwise_evidence, rule.missing_evidence)
    for place, points in enumerate(points_of(rule)):
        if points or _takes(rule, place):
            yield f"- {plain(outcome_label(rule, place))} gives {plain_points(points)}{_evidence(evidence[place])}"


def _takes(rule: Rule, place: int) -> bool:
    """Whether a lead of this case would else have another outcome that gives points."""
    if place >= len(rule.cases):
        return False
    after = rule.cases[place + 1 :] if isinstance(rule.cases[place].when, Has) else ()
    return bool(rule.otherwise or any(case.points for case in after))


def _evidence(evidence: Evidence | None) -> str:
    if evidence is None or not evidence.leads:
        return ""
    rate = evidence.conversions / evidence.leads
    return f" ({evidence.conversions:,} of {evidence.leads:,} leads became customers, {_percent(rate)})"


def _bands(rules: Rules) -> Iterator[str]:
    if not rules.bands:
        return
    yield "## Bands"
    yield ""
    above: int | None = None
    for band in rules.bands:
        action = f": {plain(band.action)}" if band.action else ""
        seen = f" ({_percent(band.rate)} of the held-out leads became customers)" if band.rate is not None else ""
        yield f"- {plain(band.name)}, score {_scores(band.from_, above)}{action}{seen}"
        above = band.from_
    yield ""


def _scores(start: int | None, above: int | None) -> str:
    if start is None:
        return "of any size" if above is None else f"below {above}"
    return f"{start} and up" if above is None else f"{start} to {above - 1}"


def _worked(rules: Rules) -> Iterator[str]:
    yield "## Worked leads"
    yield ""
    for lead in _told(rules.tests or worked_leads(rules)):
        given = ", ".join(f"{_name(rules, name)} {_value(rules, name, value)}" for name, value in lead.lead.items())
        band = f", band {plain(lead.band)}" if lead.band else ""
        because = "; ".join(plain(reason) for reason in lead.reasons or ())
        yield f"- {given or 'Nothing known'}: score {lead.score}{band}{f' ({because})' if because else ''}"


def _told(leads: Sequence[WorkedLead]) -> Sequence[WorkedLead]:
    """The first few that say anything or differ; the rest stands in rules.json."""
    return [lead for lead in leads if not lead.lead or any(value is not None for value in lead.lead.values())][:_WORKED]


def _name(rules: Rules, name: str) -> str:
    return plain((rules.attributes[name].label if name in rules.attributes else None) or name)


def _value(rules: Rules, name: str, value: LeadValue) -> str:
    match value:
        case None:
            return "missing"
        case bool():
            same = Is(is_=value)
            cases = (case for rule in rules.rules if rule.attr == name for case in rule.cases)
            return plain(next((case.label for case in cases if case.label and case.when == same), condition_text(same)))
        case int() | float():
            return plain_number(float(value))
        case tuple():
            return plain(" and ".join(value)) if value else "none"
        case _:
            return plain(value)


def _between(low: int | None, high: int | None) -> str:
    if low is None or high is None:
        return f"at least {low}" if high is None else f"at most {high}"
    return f"at least {low} and at most {high}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
