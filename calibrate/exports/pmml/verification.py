"""The worked leads of a document as ModelVerification, which engines may run before they take a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from calibrate.document.lead_score import plain_number, read_value
from calibrate.document.rules import Attribute, LeadValue, Rules, WorkedLead
from calibrate.exports.pmml.expressions import E, Element, separator_of
from calibrate.exports.pmml.output import has_bands
from calibrate.exports.pmml.refusals import is_said, is_whole


def verification(rules: Rules, found: Mapping[str, str]) -> Iterator[Element]:
    """One element, or none without worked leads; those that XML or one text for a set cannot hold are left out."""
    rows = [row for test in rules.tests if (row := _cells(rules, found, test)) is not None]
    if not rows:
        return
    columns = {name: f"input{at}" for at, name in enumerate(found.values(), start=1)} | {"score": "score"}
    columns |= {"band": "band"} if has_bands(rules) else {}
    checked = (
        E.VerificationField(field=name, column=column, precision="1e-9", zeroThreshold="1e-9")
        for name, column in columns.items()
    )
    lines = (E.row(*(E(columns[name], text) for name, text in row.items())) for row in rows)
    yield E.ModelVerification(
        E.VerificationFields(*checked),
        E.InlineTable(*lines),
        recordCount=str(len(rows)),
        fieldCount=str(len(columns)),
    )


def _cells(rules: Rules, found: Mapping[str, str], test: WorkedLead) -> dict[str, str] | None:
    """A worked lead as texts by field; None where the file cannot hold it."""
    cells: dict[str, str] = {}
    for name, field in found.items():
        text = _text(rules.attributes[name], test.lead.get(name))
        if text is None or not is_said(text):
            return None
        cells |= {field: text} if text else {}
    cells["score"] = str(test.score)
    cells |= {"band": test.band} if has_bands(rules) and test.band is not None else {}
    return cells if len(cells) > 1 else None  # a row has two cells at least


def _text(attribute: Attribute, given: LeadValue) -> str | None:
    """A value as text, a missing one as none; None where one text cannot say it."""
    value = read_value(attribute, given, lambda: "tests")
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, frozenset):
        separator = separator_of(attribute)
        whole = all(is_whole(text, separator) for text in value)
        return separator.join(sorted(value)) or separator if whole else None
    return str(value).lower() if isinstance(value, bool) else plain_number(value)
