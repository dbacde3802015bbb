"""Points that a file claims for the values of attributes, as the rules of a document."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Literal

from calibrate.document.lead_score import plain_number
from calibrate.document.rules import Attribute, Case, Condition, Evidence, Has, In, Is, Range, Rule, Rules
from calibrate.errors import RulesError, shown
from calibrate.exports.naming import identifier
from calibrate.fields import MOST_POINTS
from calibrate.imports.content import Content
from calibrate.imports.kind import Imported
from calibrate.imports.ranges import ends, exact_note, label_of, meet, said

MOST_CLAIMS = 5_000
_TYPES: Mapping[type, Literal["category", "number", "boolean", "set"]] = {
    In: "category", Range: "number", Is: "boolean", Has: "set",
}  # fmt: skip
When = Condition | Literal["otherwise", "missing"]
_WHOLE = re.compile(r"([+-]?)(\d+)(?:[.,](\d+))?", re.ASCII)
_MINUS = {ord("−"): "-", ord("–"): "-"}
_THOUSANDS = re.compile(r"[+-]?\d{1,3}([.,]\d{3})+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Claim:
    """Points for what a condition is true for, for no value, or for every value that is not claimed.

    place: where the file says so.  of: the attribute.
    """

    place: str
    of: str
    when: When
    points: int
    label: str | None = None
    evidence: Evidence | None = None


@dataclass(slots=True)
class _Slot:
    """Claims of one rule; alone: it takes no other.  keys: which of them has a value."""

    alone: bool = False
    claims: list[Claim] = field(default_factory=list)
    keys: dict[object, Claim] = field(default_factory=dict)

    def clash(self, claim: Claim) -> Claim | None:
        """The claim here that is about a value of this one too."""
        bin_ = claim.when
        if isinstance(bin_, Range):
            return next((item for item in self.claims if isinstance(item.when, Range) and meet(item.when, bin_)), None)
        return next((self.keys[key] for key in _keys(claim.when) if key in self.keys), None)

    def add(self, claim: Claim) -> None:
        """Take it in."""
        self.claims.append(claim)
        self.keys.update((key, claim) for key in _keys(claim.when))


def drafted(
    content: Content,
    claims: Sequence[Claim],
    found: Iterable[str],
    *,
    adds: bool,
    notes: Iterable[str] = (),
    **more: Any,
) -> Imported:
    """The document of the claims, without groups, gates and bands.

    found: faults so far.  adds: whether points for one value are added up where a file claims several; then each is a
    rule of its own, else a fault.  more: parts of the document.

    Raises:
        RulesError: with all faults.
    """
    faults = [*found]
    if len(claims) > MOST_CLAIMS:
        faults.append(f"found {len(claims):,} points, expected at most {MOST_CLAIMS:,}; is this a file of leads?")
    elif not claims and not faults:
        faults.append("found no points, expected a few; check what wrote it")
    types, mixed = _types(claims)
    slots, clashes = _slots(claims, adds=adds)
    faults += [*mixed, *clashes]
    if faults:
        raise RulesError(content.name, faults)
    taken: set[str] = set()
    parts = {
        "id": identifier(content.stem).casefold(),
        "version": "1",
        "title": f"Points of {content.name}",
        "attributes": {name: Attribute(type=kind, label=name) for name, kind in types.items()},
        "rules": tuple(_rule(name, slot, taken) for name, slot in slots),
    }
    return Imported(Rules(**{**parts, **more}), (*notes, *exact_note(claim.when for claim in claims)))


def whole_points(value: object, place: str, faults: list[str]) -> int:
    """The points of a cell or a key; 0 and a fault where they are none or not whole."""
    text = str(value).strip().translate(_MINUS) if isinstance(value, str | int | float) else ""
    if isinstance(value, bool) or len(text) > 40:
        text = ""
    points: int | None = None
    cure = "write a number like 25"
    if _THOUSANDS.fullmatch(text) and isinstance(value, str):
        cure = f"write {re.sub('[.,]', '', text)} without a mark if it is thousands"
    elif parts := _WHOLE.fullmatch(text):
        sign, digits, rest = parts.groups()
        points = int(sign + digits) if not (rest or "").strip("0") else None
        cure = "multiply all points of the file by ten"
        if points is not None and abs(points) > MOST_POINTS:
            points, cure = None, f"stay between -{MOST_POINTS:,} and {MOST_POINTS:,}"
    if points is None:
        seen = shown(value) if isinstance(value, str | int | float) else "nothing"
        faults.append(f"{place}: found {seen}, expected whole points; {cure}")
    return points or 0


def rule_id(text: str, taken: set[str]) -> str:
    """An identifier for a rule that no other has; it is taken from then on."""
    base = identifier(text).casefold()
    name = next(name for i in count(1) if (name := base if i == 1 else f"{base}_{i}") not in taken)
    taken.add(name)
    return name


def _types(claims: Sequence[Claim]) -> tuple[dict[str, Any], list[str]]:
    first: dict[str, Claim] = {}
    faults = []
    for claim in claims:
        if isinstance(claim.when, str):
            continue
        known = first.setdefault(claim.of, claim)
        if type(known.when) is not type(claim.when):
            was, now = (_TYPES[type(item.when)] for item in (known, claim))
            faults.append(
                f"{claim.place}: found a {now} for {shown(claim.of)}, expected a {was} as in {known.place}; "
                "write all its values in one way"
            )
    types = {claim.of: _TYPES[type(first[claim.of].when)] if claim.of in first else "text" for claim in claims}
    return types, faults


def _slots(claims: Sequence[Claim], *, adds: bool) -> tuple[list[tuple[str, _Slot]], list[str]]:
    """The claims that stand together in a rule, by attribute."""
    slots: dict[str, list[_Slot]] = {}
    faults = []
    for claim in claims:
        of = slots.setdefault(claim.of, [])
        alone = isinstance(claim.when, Has) or (adds and claim.when == "otherwise")
        clash = next((found for slot in of if (found := slot.clash(claim))), None)
        if clash is not None and not adds:
            what = f"{shown(_written(claim))} of {shown(claim.of)}"
            faults.append(f"{claim.place}: found {what}, {_overlap(claim, clash) or _again(clash)}")
            continue
        open_ = (slot for slot in of if not (alone or slot.alone) and slot.clash(claim) is None)
        free = next(open_, None)
        if free is None:
            free = _Slot(alone)
            of.append(free)
        free.add(claim)
    return [(name, slot) for name, of in slots.items() for slot in of], faults


def _again(clash: Claim) -> str:
    return f"which {clash.place} has too, expected each value once; keep one of the two"


def _overlap(claim: Claim, clash: Claim) -> str | None:
    """What to say of two bins that are not the same; None of anything else."""
    if not isinstance(claim.when, Range) or not isinstance(clash.when, Range) or claim.when == clash.when:
        return None
    comma = any(re.search(r"\d,\d{1,2}(?!\d)", _written(item)) for item in (claim, clash))
    low, at = (
        plain_number(start).replace(".", "," if comma else ".") if math.isfinite(start) else ""
        for start, _ in sorted((ends(claim.when), ends(clash.when)))
    )
    cure = "correct the ends of one"
    if at and low != at:
        cure = "end the lower one before it, as in " + shown(f"{low} to under {at}" if low else f"under {at}")
    where = f"at {at}" if at else "at its start"
    return f"which overlaps {shown(_written(clash))} of {clash.place} {where}, expected each number once; {cure}"


def _written(claim: Claim) -> str:
    return claim.label or said(claim.when)


def _rule(name: str, slot: _Slot, taken: set[str]) -> Rule:
    by_word = {claim.when: claim for claim in slot.claims if isinstance(claim.when, str)}
    cases = [claim for claim in slot.claims if not isinstance(claim.when, str)]
    if all(isinstance(claim.when, Range) for claim in cases):
        cases.sort(key=_start)
    member = next((claim.when.has for claim in cases if isinstance(claim.when, Has)), None)
    otherwise, missing = by_word.get("otherwise"), by_word.get("missing")
    return Rule(
        id=rule_id(name if member is None else f"{name} {member}", taken),
        attr=name,
        label=name if member is None else f"{name}: {member}",
        cases=tuple(_cases(cases)),
        otherwise=otherwise.points if otherwise else 0,
        missing=missing.points if missing else 0,
        otherwise_evidence=otherwise.evidence if otherwise else None,
        missing_evidence=missing.evidence if missing else None,
    )


def _cases(claims: Sequence[Claim]) -> Iterator[Case]:
    for claim in claims:
        if not isinstance(claim.when, str):
            yield Case(
                when=claim.when, points=claim.points, label=claim.label or label_of(claim.when), evidence=claim.evidence
            )


def _keys(when: Condition | str) -> tuple[object, ...]:
    match when:
        case In():
            return when.in_
        case Is():
            return (when.is_,)
        case Has():
            return ((when.has,),)
        case Range():
            return ()
    return ((None, when),)


def _start(claim: Claim) -> float:
    return ends(claim.when)[0] if isinstance(claim.when, Range) else -math.inf
