"""Build sheets: what to click together in a product, in words, as Markdown."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal

from calibrate.document.lead_score import LeadScore, gate_text, score_lead
from calibrate.document.rules import LeadValue, Rule, Rules
from calibrate.document.scored import CONTROLS
from calibrate.document.worked import worked_leads
from calibrate.exports.products.criteria import Criterion, Outcome, Test, condition_tests, evidence_of, points_of
from calibrate.exports.target import Loss, band_of, features

# What Markdown takes for a mark where it stands; an underscore is none inside a word, an ampersand before none of its
# names, a smaller-than before no tag. The end counts as a place where anything may follow.
_MARKS = re.compile(r"\\(?=[!-/:-@\[-`{-~]|$)|[`*~|\[]|(?<!\w)_++|_++(?!\w)|<(?=[A-Za-z/!?]|$)|&(?=#?\w+;)|(?<!\S)#+$")
_LEADING = re.compile(r"^(?:#{1,6}(?!\S)|>|\+(?!\S)|-(?=[-\s]*$|\s)|=+$|\d{1,9}(?=[.)](?!\S)))")
_WORKED = 3
_MOST_NAMED = 3
_WORDS = {"at least": "is at least", "under": "is under", "empty": "is empty", "not empty": "is not empty"}


def escaped(text: str) -> str:
    r"""A text as Markdown shows it, on one line, inside a table too; nothing is escaped that is no mark there.

    >>> print(escaped("a|b\n*c* Requested_demo 250+ R&D ${EMPTY}"), escaped("- x"))
    a\|b \*c\* Requested_demo 250+ R&D ${EMPTY} \- x
    """
    return unmarked(" ".join(text.split()))


def unmarked(line: str) -> str:
    """A line as Markdown shows it where a line may begin; its spaces are kept."""
    return _LEADING.sub(lambda mark: f"{mark[0]}\\" if mark[0].isdigit() else f"\\{mark[0]}", _inline(line))


def quoted(text: str) -> str:
    """A text to be entered as it is, between quotation marks."""
    return f"“{_inline(text.replace(chr(10), ' '))}”"


def _inline(line: str) -> str:
    shown = re.sub(CONTROLS, "\ufffd", line)
    return _MARKS.sub(lambda mark: "".join(f"\\{sign}" for sign in mark[0]), shown)


def signed(points: int) -> str:
    """Points with their sign."""
    return f"{points:+d}"


def plain_points(points: int) -> str:
    """Points with their sign, and 0 without one."""
    return signed(points) if points else "0"


def words(field: str, outcome: Outcome) -> str:
    """When a criterion holds, in words."""
    if len(outcome) == 2 and outcome[1] == (Test("empty"),) and outcome[0][1:] and outcome[0][-1] == Test("not empty"):
        return f"{words(field, (outcome[0][:-1],))}, or it is empty"
    parts = [" AND ".join(_test_words(field, test) for test in tests) for tests in outcome]
    return parts[0] if len(parts) == 1 else " OR ".join(f"({part})" if " AND " in part else part for part in parts)


def criteria_table(
    found: Mapping[str, str], criteria: Iterable[Criterion], columns: Mapping[str, Callable[[Criterion], str]]
) -> list[str]:
    """A row a criterion: its number, when it holds, further columns, and the leads that it rests on."""
    rows = [
        [str(number), words(found[item.rule.attr], item.outcome), *(say(item) for say in columns.values()), _seen(item)]
        for number, item in enumerate(criteria, start=1)
    ]
    return table(["#", "when", *columns, "leads in history"], rows)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A table in Markdown; the cells are Markdown already."""
    return [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]


def band_lines(rules: Rules) -> list[str]:
    """Where each band starts and what to do with it; a line for a document without bands."""
    if not rules.bands:
        return ["The rules have no bands."]
    rows = [
        [escaped(band.name), "the rest" if band.from_ is None else f"score ≥ {band.from_}", escaped(band.action or "")]
        for band in rules.bands
    ]
    return table(["band", "from", "action"], rows)


def gate_lines(rules: Rules, found: Mapping[str, str]) -> list[str]:
    """What each gate decides, in their order."""
    return [
        f"{number}. {escaped(gate_text(gate))}: "
        f"{words(found[gate.when.attr], (condition_tests(gate.when.condition),))} "
        f"→ score {gate.then.score}, band {escaped(band_of(rules, gate) or 'none')}"
        for number, gate in enumerate(rules.gates, start=1)
    ] or ["The rules have no gates."]


def worked_table(
    rules: Rules,
    tell: Callable[[str, LeadValue], str],
    shows: tuple[str, Callable[[LeadScore], str]] = ("score", lambda scored: str(scored.score)),
) -> list[str]:
    """A few leads with what the product must show of them, by the rules that it runs; their scores differ.

    tell: a value of an attribute in words; "" for one that the product is not given.  shows: what of a score.
    """
    title, say = shows
    rows: dict[str, list[str]] = {}
    for lead in (worked.lead for worked in worked_leads(rules)):
        scored = score_lead(rules, lead)
        told = [words for name, value in lead.items() if value is not None and (words := tell(name, value))]
        if told and scored.gate is None and len(rows) < _WORKED:
            rows.setdefault(say(scored), ["; ".join(told), say(scored)])
    return ["Fields that are not named here are empty.", "", *table(["lead", title], rows.values())] if rows else []


def value_teller(found: Mapping[str, str]) -> Callable[[str, LeadValue], str]:
    """What says the value of an attribute, by its field."""

    def tell(name: str, value: LeadValue) -> str:
        match value:
            case bool():
                words = "yes" if value else "no"
            case int() | float():
                words = number_text(float(value))
            case tuple():
                words = " and ".join(map(quoted, value)) or "empty"
            case _:
                words = quoted(str(value))
        return f"{quoted(found[name])} is {words}"

    return tell


def spread(rule: Rule) -> int:
    """How far apart the points of a rule are: how much it can move a score."""
    return max(points_of(rule)) - min(points_of(rule))


def _strongest(rules: Rules) -> str:
    """Which rules move a score most, as the rows do not stand in that order."""
    first = sorted((rule for rule in rules.rules if spread(rule)), key=spread, reverse=True)[:_MOST_NAMED]
    named = ", ".join(
        f"{escaped(rule.label or rules.attributes[rule.attr].label or rule.attr)} "
        f"({plain_points(min(points_of(rule)))} to {plain_points(max(points_of(rule)))})"
        for rule in first
    )
    order = "Rows stand in the order of the rules."
    return f"{order} Those that move a score most: {named}." if named else order


def sheet(
    rules: Rules,
    product: str,
    steps: Sequence[str],
    sections: Mapping[str, Sequence[str]],
    losses: Sequence[Loss],
    notes: Sequence[str],
) -> bytes:
    """The whole sheet: steps in their order, sections with their lines, what is lost, what to know."""
    said = set(features(rules))
    lost = [f"- {loss.feature}: {loss.how}. {escaped(loss.why)}." for loss in losses if loss.feature in said]
    lines = [
        f"# {escaped(rules.title or rules.id)}: build sheet for {product}",
        "",
        f"Made from {escaped(rules.id)}, version {escaped(rules.version)}. Enter values exactly as written, without "
        "the quotation marks: case, accents and spaces count. No program has run what this sheet says.",
        "",
        _strongest(rules),
        "",
        "## In this order",
        "",
        *(f"{number}. {step}" for number, step in enumerate(steps, start=1)),
    ]
    for title, body in {**sections, "What is lost": lost, "To know": [f"- {escaped(note)}" for note in notes]}.items():
        if body:
            lines += ["", f"## {title}", "", *body]
    return ("\n".join(lines) + "\n").encode()


def _test_words(field: str, test: Test) -> str:
    name = quoted(field)
    match test:
        case Test(op=("in" | "not in") as op, value=tuple() as values):
            listed = ", ".join(quoted(text) for text in values)
            if len(values) == 1:
                return f"{name} {'is' if op == 'in' else 'is not'} {listed}"
            return f"{name} {'is one of' if op == 'in' else 'is none of'} {listed}"
        case Test(op=("has" | "has not") as op, value=str() as text):
            return f"{name} {'holds' if op == 'has' else 'does not hold'} the value {quoted(text)}"
        case Test(op="is", value=truth):
            return f"{name} is {'yes' if truth else 'no'}"
        case Test(op=("at least" | "under") as op, value=number):
            return f"{name} {_WORDS[op]} {number_text(float(str(number)))}"
        case _:
            return f"{name} {_WORDS[test.op]}"


def number_text(value: float) -> str:
    """A number in plain decimals, exactly as the document has it.

    >>> number_text(0.1), number_text(1e6), number_text(1e-7)
    ('0.1', '1000000', '0.0000001')
    """
    return f"{Decimal(repr(value)).normalize():f}"


def _seen(item: Criterion) -> str:
    every = evidence_of(item.rule)
    evidence = [one for place in item.places if (one := every[place])]
    if not evidence:
        return "not counted"
    return f"{sum(one.conversions for one in evidence):,} of {sum(one.leads for one in evidence):,} became customers"
