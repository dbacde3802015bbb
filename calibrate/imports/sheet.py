"""A sheet of points that people made: attribute, value and points, in any order, in five languages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from calibrate.document.rules import In, Is
from calibrate.errors import RulesError, shown
from calibrate.imports.bins import Bin, bins_of, decimal_sign, is_number, read_bin
from calibrate.imports.claims import Claim, When, drafted, whole_points
from calibrate.imports.content import Content, Table
from calibrate.imports.kind import Imported
from calibrate.reading.values import YES, is_placeholder, is_yes_no

_HEADERS = {
    "attribute": """attribute field property criterion criteria characteristic variable column question action activity
        attribuut veld eigenschap kenmerk criterium variabele kolom vraag actie attribut feld merkmal eigenschaft
        kriterium spalte frage aktion champ propriété critère caractéristique colonne felt egenskab variabel kolonne
        handling spørgsmål""",
    "value": """value level answer condition option range waarde niveau antwoord voorwaarde optie wert stufe antwort
        bedingung ausprägung valeur réponse værdi svar betingelse""",
    "points": """points point pts score weight punten punt gewicht punkte punkt punktzahl poids vægt""",
}  # fmt: skip
_ROLES = {word: role for role, words in _HEADERS.items() for word in words.split()}
_NO_VALUE = "missing empty blank ontbreekt leeg fehlt leer manquant vide mangler tom"
_ANY_VALUE = """* any other others otherwise else rest overig overige anders sonstige sonst andere autre autres andet
    andre øvrige filled given known ingevuld ausgefüllt rempli udfyldt"""
_MISSING, _OTHERWISE = frozenset(_NO_VALUE.split()), frozenset(_ANY_VALUE.split())


@dataclass(frozen=True, slots=True)
class _Row:
    """A row with points."""

    place: str
    of: str
    value: str
    points: int


def read_sheet(content: Content) -> Imported:
    """A rule for every attribute of a hand-made sheet.

    Values are bins where all of an attribute's can be read as such, yes and no where they are, else texts.

    Raises:
        RulesError: with every fault, each with its row.
    """
    table = content.table or Table((), ())
    roles, faults = _roles(table.columns)
    if faults:
        raise RulesError(content.name, faults)
    notes = [f"Column {shown(name)} was left out." for name in table.columns if name not in roles.values()]
    rows = list(_rows(table, roles, faults))
    of: dict[str, list[_Row]] = {}
    for row in rows:
        of.setdefault(row.of, []).append(row)
    read = {name: [read_bin(row.value) for row in items] for name, items in of.items()}
    decimal, doubt = decimal_sign([end for bins in read.values() for item in bins if item for end in item.ends])
    faults += [doubt] if doubt else []
    claims: list[Claim] = []
    for name, items in of.items():
        claims += _claims(items, read[name], decimal, faults, notes)
    return drafted(content, claims, faults, adds=False, notes=dict.fromkeys(notes))


def _roles(columns: Sequence[str]) -> tuple[Mapping[str, str], list[str]]:
    """Which column is what, by its whole name, else by a word of it."""
    whole = {name: _ROLES.get(name.strip().casefold()) for name in columns}
    words = {name: [_ROLES[word] for word in re.findall(r"\w+", name.casefold()) if word in _ROLES] for name in columns}
    found: dict[str, str] = {}
    faults = []
    for role in _HEADERS:
        named = [name for name in columns if whole[name] == role]
        named = named or [name for name in columns if whole[name] is None and role in words[name]]
        if len(named) == 1:
            found[role] = named[0]
        elif len(named) > 1:
            listed = " and ".join(shown(name) for name in named)
            faults.append(
                f"header: found {listed} for {role}, expected one column of {role}; rename or remove the other"
            )
        elif role != "value":
            listed = ", ".join(shown(name) for name in columns[:8])
            faults.append(f"header: found {listed}, expected a column of {role}; call one {shown(role)}")
    return found, faults


def _rows(table: Table, roles: Mapping[str, str], faults: list[str]) -> Iterator[_Row]:
    """The rows with points; a row without attribute goes on with that of the row before, as merged cells do."""
    before = ""
    for number, cells in enumerate(table.rows, start=1):
        of, value, points = (cells.get(roles.get(role, ""), "").strip() for role in _HEADERS)
        place = f"row {number}"
        if not of and not value and not points:
            continue
        if of and not value and not points:
            before = of  # a heading
            continue
        of = before = of or before
        if not of:
            faults.append(f"{place}: found no attribute, expected one; write what {shown(value or points)} is about")
        elif not points:
            faults.append(f"{place}: found no points for {shown(of)}, expected whole points; write them, or 0")
        else:
            yield _Row(place, of, value, whole_points(points, f"{place} ({shown(of)})", faults))


def _claims(
    rows: Sequence[_Row], read: Sequence[Bin | None], decimal: str | None, faults: list[str], notes: list[str]
) -> Iterator[Claim]:
    """What the rows of one attribute claim."""
    values = [row.value for row in rows]
    name = shown(rows[0].of)
    whens = [_word(value, alone=len(rows) == 1) for value in values]
    rest = [place for place, when in enumerate(whens) if when is None]
    numeric = [place for place in rest if read[place] is not None]
    ranges = [place for place in numeric if not is_number(values[place])]
    if is_yes_no([values[place] for place in rest]):
        whens = [when or Is(is_=row.value.casefold() in YES) for when, row in zip(whens, rows, strict=True)]
    elif ranges:
        bins = bins_of([read[place] for place in rest], decimal)
        for place, bin_ in zip(rest, bins, strict=True):
            whens[place] = "missing" if bin_ is None and is_placeholder(values[place]) else bin_
    for row, when in zip(rows, whens, strict=True):
        if when is None and ranges:
            expected = "a range of numbers as its other rows have, like 10-49, 50+ or <10; correct it"
            faults.append(f"{row.place}: found {shown(row.value)} for {name}, expected {expected}")
            continue
        found = when or In(in_=(row.value,))
        if found == "otherwise" and row.value:
            notes.append(f"{shown(row.value)} of {name} counts for every value that has no row of its own.")
        if found == Is(is_=True) and not row.value:
            notes.append(f"{name} has no value, so it is a yes/no attribute.")
        yield Claim(row.place, row.of, found, row.points, label=row.value if row.value and ranges else None)
    if ranges and any("-" in value or "–" in value for value in values):
        notes.append("A range of whole numbers such as 10-49 reaches up to the next range, or to below 50.")


def _word(value: str, *, alone: bool) -> When | None:
    """What a value says in a word of ours; an attribute whose only row has no value is a yes/no."""
    word = value.casefold().strip("()[]<>-. ") if value != "*" else value
    if not value:
        return Is(is_=True) if alone else "missing"
    if word in _MISSING:
        return "missing"
    return "otherwise" if word in _OTHERWISE else None
