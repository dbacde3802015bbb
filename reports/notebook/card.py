"""What a notebook shows of a result: a card of HTML, complete without a script and without a network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from markupsafe import escape

from calibrate.calibration import Calibration
from calibrate.document.lead_score import LeadScore, outcome_label, outcome_points, words_of
from calibrate.document.rules import Evidence, Rule, Rules
from calibrate.exports.fidelity import Fidelity
from calibrate.inspecting import Inspection
from calibrate.learning.evidence import AttributeEvidence, LevelEvidence
from calibrate.meeting.checking import Check
from calibrate.meeting.comparing import Comparison
from calibrate.meeting.figures import Change, Difference, Figures
from calibrate.meeting.outcome_keys import missing_is_otherwise
from calibrate.meeting.overrides import override_of
from calibrate.showing import Shown
from calibrate.whole import whole_file
from calibrate.words.language import Language, language
from reports.commands.check import check_lines
from reports.commands.compare import compare_lines
from reports.commands.export import export_lines
from reports.html import template
from reports.meeting.figures import VOLUMES, shown_figures, written
from reports.wording import results
from reports.wording.levels import average_points, of, rule_text, side, support
from reports.wording.numbers import plain

MOST_LEVELS, MOST_RULES = 12, 100
_FRAME = (
    '<iframe title="{title}" sandbox="allow-scripts allow-downloads" allow="clipboard-write" '
    'style="width:100%;height:900px;border:0" srcdoc="{page}"></iframe>'
)
Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Card:
    """What stands on a card, in this order.

    heads: of the columns.  parts: (heading or empty, rows of cells).  right: columns of numbers, from 0.
    lines: as in a terminal, spaces included.
    """

    title: str = ""
    headline: str = ""
    texts: tuple[str, ...] = ()
    heads: Row = ()
    parts: tuple[tuple[str, tuple[Row, ...]], ...] = ()
    right: tuple[int, ...] = ()
    lines: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MeetingPage:
    """The meeting's page, whole; a notebook shows it in a frame of its own."""

    html: str = field(repr=False)

    def save(self, path: str | Path) -> None:
        """Write the page to a file, whole or not at all."""
        with whole_file(path) as file:
            file.write(self.html.encode())

    def _repr_html_(self) -> str:
        return _FRAME.format(title=escape(language("en")("notebook.meeting")), page=escape(self.html))


def card(result: Shown) -> str:
    """The card of a result as HTML; every name in it is escaped."""
    return template("notebook/card.html.j2").render(card=_card(result))


def _card(result: Shown) -> Card:
    english = language("en")
    match result:
        case Calibration():
            return _calibration(result, language(result.settings.report.language))
        case Rules():
            return _rules(result, words_of(result))
        case LeadScore():
            return _lead(result, english)
        case Inspection():
            return _inspection(result, english)
        case Figures():
            return _figures(result, english)
        case Difference():
            return _difference(result, english)
        case Comparison():
            return Card(lines="\n".join(compare_lines(result)))
        case Check():
            *found, verdict = check_lines(result)
            return Card(headline=verdict, texts=tuple(found))
        case Fidelity():
            return Card(lines="\n".join(export_lines((result,), checked=False)).rstrip())
    raise TypeError(f"{type(result).__name__} has no card")


def _calibration(found: Calibration, say: Language) -> Card:
    rows = tuple(
        (
            say.signed(level.points),
            rule_text(item, level, say),
            of(level.conversions, level.leads, say),
            say.percent(level.rate),
            support(level, say),
        )
        for item, level in _strongest(found)[:MOST_LEVELS]
    )
    return Card(
        title=say("report.title", source=plain(found.source_name)),
        headline=results.headline(found, say),
        texts=tuple(results.counted_lines(found, say)),
        heads=tuple(say(f"ranking.head.{name}") for name in ("points", "rule", "won", "rate", "support")),
        parts=(("", rows),) if rows else (),
        right=(0, 2, 3, 4),
        notes=(say("notebook.levels"), say("notebook.report")),
    )


def _strongest(found: Calibration) -> list[tuple[AttributeEvidence, LevelEvidence]]:
    """The levels with points, those first that are furthest from 0, or from the average where none are below 0."""
    levels = [(item, level) for item in found.attributes for level in item.levels if side(item, level)]
    signed = results.signed_points(found)
    return sorted(levels, key=lambda pair: -abs(pair[1].points - (0 if signed else average_points(pair[0]))))


def _rules(rules: Rules, say: Language) -> Card:
    shown = rules.rules[:MOST_RULES]
    heads = ("level", "points", "won", "rate", *(["decided"] if any(map(_decided, shown)) else []))
    parts = ((_rule_name(rules, rule), tuple(row[: len(heads)] for row in _ways(rules, rule, say))) for rule in shown)
    more = len(rules.rules) - MOST_RULES
    facts = [say("notebook.rules", n=len(rules.rules))]
    if rules.handover_score is not None:
        facts.append(say("notebook.handover", score=rules.handover_score))
    return Card(
        title=say("notebook.version", title=plain(rules.title or rules.id), version=plain(rules.version)),
        texts=(" ".join(facts),),
        heads=tuple(say(f"notebook.{name}") for name in heads),
        parts=tuple(parts),
        right=(1, 2, 3),
        notes=(say("notebook.more", n=more),) if more > 0 else (),
    )


def _decided(rule: Rule) -> bool:
    """Whether people chose points of the rule."""
    return any(override_of(rule, way) for way in range(len(rule.cases) + 2))


def _rule_name(rules: Rules, rule: Rule) -> str:
    """What people call the rule, and the id that the code asks for."""
    name = plain(rule.label or rules.attributes[rule.attr].label or rule.attr)
    return f"{name} ({plain(rule.id)})"


def _ways(rules: Rules, rule: Rule, say: Language) -> Iterator[Row]:
    """A row for every level of a rule, those that no case names last."""
    evidence = [*(case.evidence for case in rule.cases), rule.otherwise_evidence, rule.missing_evidence]
    last = len(rule.cases) + (0 if missing_is_otherwise(rules, rule) else 1)
    for way in range(last + 1):
        decided = override_of(rule, way)
        said = "" if decided is None else say("notebook.was", points=decided.points_before)
        reason = plain(decided.reason) if decided and decided.reason else ""
        yield (
            plain(say.text(outcome_label(rule, way))),
            say.signed(outcome_points(rule, way)),
            *_seen(evidence[way], say),
            f"{said} {reason}".strip(),
        )


def _seen(evidence: Evidence | None, say: Language) -> tuple[str, str]:
    """Won of leads and the rate, both empty without evidence."""
    if evidence is None or not evidence.leads:
        return "", ""
    return of(evidence.conversions, evidence.leads, say), say.percent(evidence.conversions / evidence.leads)


def _lead(found: LeadScore, say: Language) -> Card:
    facts: list[tuple[str, str | None]] = [
        ("score", say.count(found.score)),
        ("band", found.band and plain(found.band)),
        ("percentile", None if found.percentile is None else say.number(found.percentile, 0)),
        ("probability", None if found.probability is None else say.percent(found.probability)),
        ("reasons", "\n".join(plain(reason.text) for reason in found.reasons) or None),
    ]
    return _facts(((say(f"notebook.{name}"), value) for name, value in facts if value is not None))


def _inspection(found: Inspection, say: Language) -> Card:
    rows = tuple(
        (
            plain(column.name),
            column.kind,
            say.percent(column.filled),
            say.count(column.distinct),
            "" if column.verdict else ", ".join(plain(value) for value in column.frequent),
            say.text(column.verdict or ""),
        )
        for column in found.columns
    )
    key = "notebook.inspected" if found.whole else "notebook.looked_at"
    return Card(
        title=say(key, name=plain(found.name), leads=found.leads, columns=len(found.columns)),
        headline=say("notebook.outcome", outcome=plain(say.text(found.outcome))) if found.outcome else "",
        texts=tuple(plain(say.text(line)) for line in (*found.enough, *found.reading)),
        heads=tuple(say(f"notebook.{name}") for name in ("column", "kind", "filled", "values", "frequent", "verdict")),
        parts=(("", rows),),
        right=(2, 3),
    )


def _figures(found: Figures, say: Language) -> Card:
    facts = ((say(f"meeting.{key}"), written(key, value, say)) for key, value in shown_figures(found).items())
    return _facts([(say("meeting.threshold"), say.count(found.threshold)), *facts])


def _difference(found: Difference, say: Language) -> Card:
    volume = ("leads", found.leads) if found.leads_a_month is None else ("leads_a_month", found.leads_a_month)
    shares = (("rate", found.rate), ("reached", found.reached), ("right_order", found.right_order))
    rows = tuple(
        (
            say(f"meeting.{key}"),
            _signed(key, change.change, change, say),
            say("meeting.to", low=_signed(key, change.low, change, say), high=_signed(key, change.high, change, say)),
            say("notebook.chance" if change.could_be_chance else "notebook.sure"),
        )
        for key, change in (volume, *shares)
        if change is not None
    )
    heads = ("", *(say(f"notebook.{name}") for name in ("change", "range", "beyond")))
    return Card(heads=heads, parts=(("", rows),), right=(1, 2))


def _signed(key: str, end: float, change: Change, say: Language) -> str:
    """A change, or an end of its range, with its sign: leads as they are, shares in percentage points or pairs of 100.

    One decimal more where all of it is below 1, so that an end beside 0 does not read as 0.
    """
    scale = 1 if key in VOLUMES else 100
    text = say.lift(scale * end, 2 if scale * max(abs(change.low), abs(change.high)) < 1 else 1)
    return say("meeting.points_of_percent", value=text) if key in ("rate", "reached") else text


def _facts(facts: Iterable[tuple[str, str]]) -> Card:
    return Card(parts=(("", tuple(facts)),))
