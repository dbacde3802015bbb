"""The flat table: the whole document as CSV, a row for everything that changes a score, read back as it was.

A text of a sheet that begins with a sign of a formula would be calculated there; it goes behind an apostrophe, as does
one that begins with an apostrophe, so that taking one off gives the text back.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping

from calibrate.document.lead_score import plain_number
from calibrate.document.lint import path_to
from calibrate.document.rules import Condition, Evidence, Has, In, Is, Range, Rule, Rules
from calibrate.errors import shown
from calibrate.exports.naming import fields, inputs_of, named
from calibrate.exports.target import Export, ExportError, Loss, Options, Target

COLUMNS = (
    "part", "id", "name", "attribute", "group", "case", "condition", "value", "from", "below", "points", "min", "max",
    "label", "band", "action", "type", "unit", "separator", "leads", "conversions",
)  # fmt: skip
TEXTS = ("id", "name", "attribute", "group", "value", "label", "band", "action", "unit", "separator")
_FORMULA = ("=", "+", "-", "@", "\t", "'")
Row = Mapping[str, str | int | float | None]


def export(rules: Rules, options: Options) -> Export:
    """The document as one table; leads and conversions stand in it to be read."""
    found = fields(rules, options, "csv", allowed=lambda field: bool(field) and not _unwritable(field))
    names = {name: found.get(name, name) for name in rules.attributes}
    rows = [dict(row) for row in _rows(rules, names)]
    if faults := [*_nameless(rules), *_shared(names), *_faults(rows)]:
        raise ExportError(f"csv: {fault}" for fault in dict.fromkeys(faults))
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: _cell(key, value) for key, value in row.items()} for row in rows)
    inputs = inputs_of(rules, found)
    why = "the table holds what changes a score"
    return Export(
        files={"rules.csv": file.getvalue().encode()},
        inputs=inputs,
        losses=(
            Loss("percentile", "refused", f"{why}; look it up by score in rules.json"),
            Loss("probability", "refused", f"{why}; look it up by score in rules.json"),
        ),
        notes=(
            *named(found),
            "A text that begins with = + - @ or ' stands behind an apostrophe; `calibrate import` takes it off.",
            "A spreadsheet that opens the file may change texts such as 007, 1-2 and TRUE; import them as text there.",
        ),
    )


TARGET = Target(
    name="csv",
    writes="a flat table, a row for each case, gate, cap and band",
    proof="read back by calibrate import: the same scores; and scored by a Python script that reads the table alone",
    export=export,
)


def guarded(text: str) -> str:
    """A text as a cell that no spreadsheet calculates.

    >>> guarded("=1+1"), guarded("'twas"), guarded("a=b")
    ("'=1+1", "''twas", 'a=b')
    """
    return f"'{text}" if text.startswith(_FORMULA) else text


def unguarded(cell: str) -> str:
    """The text that `guarded` made a cell of."""
    return cell[1:] if cell.startswith("'") else cell


def _rows(rules: Rules, names: Mapping[str, str]) -> Iterator[Row]:
    for key, text in (("id", rules.id), ("version", rules.version), ("title", rules.title)):
        if text is not None:
            yield {"part": "document", "id": key, "value": text}
    score = rules.score
    yield {
        "part": "score",
        "points": score.base,
        "min": score.min,
        "max": score.max,
        "unit": plain_number(float(score.unit)),
    }
    if score.pdo is not None:
        yield {"part": "pdo", "value": plain_number(float(score.pdo))}
    for name, attribute in rules.attributes.items():
        more = {key: getattr(attribute, key) for key in ("type", "label", "unit", "separator")}
        yield {"part": "attribute", "attribute": names[name], **more}
    for gate in rules.gates:
        then = {"points": gate.then.score, "band": gate.then.band, "label": gate.label}
        about: Row = {"part": "gate", "id": gate.id, "attribute": names[gate.when.attr]}
        yield from ({**about, **part, **then} for part in _condition(gate.when.condition))
    for name, group in rules.groups.items():
        yield {"part": "group", "group": name, "label": group.label, "min": group.min, "max": group.max}
    for rule in rules.rules:
        of: Row = {"id": rule.id, "name": rule.label, "attribute": names[rule.attr], "group": rule.group}
        yield from ({**of, **row} for row in _outcomes(rule))
    for band in rules.bands:
        yield {"part": "band", "band": band.name, "from": band.from_, "action": band.action}


def _outcomes(rule: Rule) -> Iterator[Row]:
    for number, case in enumerate(rule.cases, start=1):
        more = {"case": number, "points": case.points, "label": case.label, **_counts(case.evidence)}
        yield from ({"part": "case", **part, **more} for part in _condition(case.when))
    yield {"part": "otherwise", "points": rule.otherwise, **_counts(rule.otherwise_evidence)}
    yield {"part": "missing", "points": rule.missing, **_counts(rule.missing_evidence)}


def _condition(condition: Condition) -> Iterator[Row]:
    """One row, but for a condition of several texts: one each."""
    match condition:
        case In(in_=texts):
            yield from ({"condition": "in", "value": text} for text in texts)
        case Is(is_=truth):
            yield {"condition": "is", "value": "yes" if truth else "no"}
        case Has(has=text):
            yield {"condition": "has", "value": text}
        case Range(ge=ge, lt=lt):
            ends = (None if end is None else plain_number(float(end)) for end in (ge, lt))
            yield {"condition": "range", **dict(zip(("from", "below"), ends, strict=True))}


def _counts(evidence: Evidence | None) -> Row:
    return {} if evidence is None else {"leads": evidence.leads, "conversions": evidence.conversions}


def _cell(key: str, value: object) -> str:
    if value is None:
        return ""
    return guarded(str(value)) if key in TEXTS else str(value)


def _nameless(rules: Rules) -> Iterator[str]:
    """Names that are empty, which a table cannot tell from none."""
    places = [path_to("groups", name) for name in rules.groups if not name]
    places += [path_to("attributes", name) for name in rules.attributes if not name]
    yield from (f"{place}: found an empty name, expected letters; name it" for place in places)


def _shared(names: Mapping[str, str]) -> Iterator[str]:
    """Fields that are also the name of an attribute that no rule reads."""
    for name, field in names.items():
        if name != field and names.get(field) == field:
            where = f"attribute {shown(name)}"
            yield f"{where}: found the field {shown(field)}, another attribute, expected its own; choose another"


def _faults(rows: list[dict[str, str | int | float | None]]) -> Iterator[str]:
    for row in rows:
        for key, value in row.items():
            if isinstance(value, str) and (mark := _unwritable(value)):
                place = " ".join(str(row[name]) for name in ("part", "id") if row.get(name))
                yield (
                    f"{place}, {key}: found {shown(mark)} in {shown(value)}, expected text without control characters; "
                    "take it out, or export JSON"
                )


def _unwritable(text: str) -> str | None:
    """The first mark that no reader of CSV keeps; line breaks and tabs are kept."""
    return next((mark for mark in text if mark < " " and mark not in "\n\t"), None)
