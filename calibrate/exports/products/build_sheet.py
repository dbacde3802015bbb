"""Build sheets: what to click together in a product, in words, as Markdown."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal

from calibrate.document.lead_score import gate_text
from calibrate.document.rules import Rules
from calibrate.exports.products.criteria import Criterion, Outcome, Test, condition_tests, evidence_of
from calibrate.exports.target import Loss, band_of, features

_MARKS = re.compile(r"([\\`*_{}\[\]<>#|$~!&])")
_WORDS = {"at least": "is at least", "under": "is under", "empty": "is empty", "not empty": "is not empty"}


def escaped(text: str) -> str:
    r"""A text as Markdown shows it, on one line, inside a table too.

    >>> escaped("a|b\n*c*")
    'a\\|b \\*c\\*'
    """
    return _MARKS.sub(r"\\\1", " ".join(text.split()))


def quoted(text: str) -> str:
    """A text to be entered as it is, between quotation marks."""
    return "“" + _MARKS.sub(r"\\\1", text.replace("\n", " ")) + "”"


def signed(points: int) -> str:
    """Points with their sign."""
    return f"{points:+d}"


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
