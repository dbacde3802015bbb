"""The flat table that the export target csv writes, back into the document it was made of."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from calibrate.document.rules import FORMAT, Rules
from calibrate.document.shape import faults_of_json
from calibrate.errors import RulesError, nearest, shown
from calibrate.exports.targets.table import unguarded
from calibrate.imports.claims import whole_points
from calibrate.imports.content import Content
from calibrate.imports.kind import Imported
from calibrate.reading.values import NO, YES

NEEDED = {"part", "id", "attribute", "condition", "value", "from", "below", "points"}
_NUMBER = re.compile(r"-?\d+(?:[.,]\d+)?(?:[eE][+-]?\d+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Row:
    place: str
    cells: Mapping[str, str]
    faults: list[str]

    def text(self, key: str) -> str | None:
        return unguarded(self.cells.get(key, "")) or None

    def whole(self, key: str) -> int | None:
        cell = self.cells.get(key, "")
        return whole_points(cell, f"{self.place}, {key}", self.faults) if cell.strip() else None

    def number(self, key: str) -> float | None:
        cell = self.cells.get(key, "").strip()
        if cell and not _NUMBER.fullmatch(cell):
            self.fault(key, "a number like 12.5; correct it")
            return None
        return float(cell.replace(",", ".")) if cell else None

    def fault(self, key: str, expected: str) -> None:
        found = shown(self.cells.get(key, "")) if self.cells.get(key) else "nothing"
        self.faults.append(f"{self.place}, {key}: found {found}, expected {expected}")

    def condition(self) -> dict[str, Any]:
        """As the document has it; a condition of texts with the one text of this row."""
        kind = (self.text("condition") or "").strip()
        if kind == "range":
            return _given(ge=self.number("from"), lt=self.number("below"))
        if kind == "is":
            word = (self.text("value") or "").strip().casefold()
            if word not in YES | NO:
                self.fault("value", "yes or no; correct it")
            return {"is": word in YES}
        if kind not in ("in", "has"):
            self.fault("condition", "in, is, has or range; correct it")
        if self.text("value") is None:
            self.fault("value", "a text; write it")
        return {"in": [self.text("value")]} if kind == "in" else {"has": self.text("value")}


@dataclass(slots=True)
class _Draft:
    """The document as it grows; by id what several rows say together."""

    document: dict[str, Any]
    gates: dict[str, dict[str, Any]] = field(default_factory=dict)
    rules: dict[str, dict[str, Any]] = field(default_factory=dict)
    cases: dict[tuple[str, int], dict[str, Any]] = field(default_factory=dict)
    seen: set[tuple[str, str]] = field(default_factory=set)


def read_flat(content: Content) -> Imported:
    """The document of a flat table; leads and conversions in it are passed over.

    Raises:
        RulesError: with every fault, each with its row, or its place in the document.
    """
    draft = _Draft({"format": FORMAT, "id": content.stem, "version": "1", "score": {}, "attributes": {}, "groups": {}})
    faults: list[str] = []
    for place, cells in content.table.placed if content.table else ():
        row = _Row(place, cells, faults)
        part = (row.text("part") or "").strip().casefold()
        if part in _PARTS:
            _PARTS[part](draft, row)
        elif any(cell.strip() for cell in cells.values()):
            row.fault("part", f"a part of the table; {nearest(part, _PARTS)}")
    made = draft.document
    made |= {"gates": list(draft.gates.values()), "rules": list(draft.rules.values())}
    text = json.dumps({**made, "bands": made.get("bands", [])}, ensure_ascii=False)
    if found := faults or faults_of_json(text):
        raise RulesError(content.name, found)
    notes = ("Leads and conversions of the table were left out: evidence comes from a history.",)
    evidence = any(cells.get("leads") for cells in (content.table.rows if content.table else ()))
    return Imported(Rules.model_validate_json(text, by_alias=True, by_name=False), notes if evidence else ())


def _document(draft: _Draft, row: _Row) -> None:
    key = row.text("id") or ""
    if key not in ("id", "version", "title"):
        row.fault("id", "id, version or title; correct it")
    draft.document[key] = row.text("value")


def _score(draft: _Draft, row: _Row) -> None:
    _once(draft, row, "score", "")
    parts = {"base": row.whole("points") or 0, "min": row.whole("min"), "max": row.whole("max")}
    draft.document["score"] |= _given(**parts, unit=row.number("unit"))


def _pdo(draft: _Draft, row: _Row) -> None:
    draft.document["score"] |= _given(pdo=row.number("value"))


def _attribute(draft: _Draft, row: _Row) -> None:
    name = row.text("attribute") or ""
    _once(draft, row, "attribute", name)
    draft.document["attributes"][name] = _given(
        **{key: row.text(key) for key in ("type", "label", "unit", "separator")}
    )


def _group(draft: _Draft, row: _Row) -> None:
    name = row.text("group") or ""
    _once(draft, row, "group", name)
    draft.document["groups"][name] = _given(label=row.text("label"), min=row.whole("min"), max=row.whole("max"))


def _gate(draft: _Draft, row: _Row) -> None:
    name = row.text("id") or ""
    when = {"attr": row.text("attribute") or "", **row.condition()}
    then = _given(score=row.whole("points"), band=row.text("band"))
    gate = _given(id=name, label=row.text("label"), when=when, then=then)
    _joined(row, draft.gates.setdefault(name, gate), gate)


def _band(draft: _Draft, row: _Row) -> None:
    band = _given(**{"name": row.text("band"), "from": row.whole("from"), "action": row.text("action")})
    draft.document.setdefault("bands", []).append(band)


def _case(draft: _Draft, row: _Row) -> None:
    name, number = row.text("id") or "", row.whole("case") or 0
    case = _given(when=row.condition(), points=row.whole("points"), label=row.text("label"))
    known = draft.cases.get((name, number))
    if known is None:
        draft.cases[name, number] = case
        _rule(draft, row)["cases"].append(case)
    else:
        _joined(row, known, case)


def _otherwise(draft: _Draft, row: _Row) -> None:
    part = (row.text("part") or "").strip().casefold()
    _once(draft, row, part, row.text("id") or "")
    _rule(draft, row)[part] = row.whole("points") or 0


def _rule(draft: _Draft, row: _Row) -> dict[str, Any]:
    """The rule that a row is of; every row says the same of it."""
    name = row.text("id") or ""
    parts = _given(id=name, attr=row.text("attribute"), group=row.text("group"), label=row.text("name"))
    rule = draft.rules.setdefault(name, {**parts, "cases": []})
    if any(rule.get(key) != parts.get(key) for key in ("attr", "group", "label")):
        row.fault("id", f"the attribute, group and name of the other rows of {shown(name)}; make them alike")
    return rule


def _joined(row: _Row, known: dict[str, Any], item: dict[str, Any]) -> None:
    """Add the text of a row to those of the rows before it, which say the same but for it."""
    if known is item:
        return
    texts = item["when"].get("in"), known["when"].get("in")
    if None in texts or {**item, "when": None} != {**known, "when": None}:
        row.fault("id", "one row for each text of a condition, alike but for the text; give it another case or id")
        return
    known["when"]["in"] += item["when"]["in"]


def _once(draft: _Draft, row: _Row, part: str, name: str) -> None:
    if (part, name) in draft.seen:
        row.faults.append(
            f"{row.place}: found {part} {shown(name)} again, expected it once; remove one".replace(" ''", "")
        )
    draft.seen.add((part, name))


def _given(**parts: Any) -> dict[str, Any]:
    return {key: value for key, value in parts.items() if value is not None}


_PARTS: dict[str, Callable[[_Draft, _Row], None]] = {
    "document": _document, "score": _score, "pdo": _pdo, "attribute": _attribute, "gate": _gate, "group": _group,
    "case": _case, "otherwise": _otherwise, "missing": _otherwise, "band": _band,
}  # fmt: skip
