"""A sheet of points that people made: attribute, value and points, in any order, in five languages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from calibrate.document.lead_score import condition_text
from calibrate.document.rules import In, Is, Range
from calibrate.errors import RulesError, shown
from calibrate.imports.bins import Bin, bins_of, decimal_sign, is_number, read_bin
from calibrate.imports.claims import Claim, When, drafted, whole_points
from calibrate.imports.content import Content, Table
from calibrate.imports.kind import Imported
from calibrate.imports.ranges import bin_of, ends, without
from calibrate.reading.values import YES, Decimal, is_placeholder, is_yes_no

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
_CURES = {
    "attribute": "call the one that says what a value is of, such as industry, 'attribute', or add it",
    "points": "call the one with the points 'points'",
}
_LIMITS = "max min maximum minimum cap caps limit limits plafond limiet grens deckel limite loft"
_CAPS = frozenset(_LIMITS.split())
_MONTHS = (
    "jan feb mar mrt apr mei may jun jul aug sep okt oct nov dec mär mai dez maj janv févr mars avr juin juil août"
)
_MONTH = rf"(?:{_MONTHS.replace(' ', '|')}|sept|déc)\.?"
_DATE = re.compile(rf"\d{{4}}-\d\d-\d\d(?:[T ][\d:]+)?|\d\d?[- ]{_MONTH}|{_MONTH}[- ]\d\d", re.IGNORECASE)
_LIST = re.compile(r"[;|\n]|,(?!\d)|\s/\s")
_MOST_SAID = 12
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
        elsewhere = f", or name another sheet with --sheet: {', '.join(map(shown, content.others))}"
        raise RulesError(content.name, [f"{fault}{elsewhere if content.others else ''}" for fault in faults])
    notes = [_left_out(name) for name in table.columns if name not in roles.values()]
    rows = list(_rows(table, roles, faults))
    of: dict[str, list[_Row]] = {}
    for row in rows:
        of.setdefault(row.of, []).append(row)
    read = {name: [read_bin(row.value) for row in items] for name, items in of.items()}
    decimal, doubt = content.decimal, None
    if decimal is None:
        decimal, doubt = decimal_sign([end for bins in read.values() for item in bins if item for end in item.ends])
    faults += [doubt] if doubt else []
    claims: list[Claim] = []
    for name, items in of.items():
        claims += _claims(items, read[name], decimal, faults, notes)
    return drafted(content, claims, faults, adds=False, notes=dict.fromkeys(notes))


def _left_out(column: str) -> str:
    """What to say of a column that is none of the three."""
    if _CAPS & set(re.findall(r"[^\W\d_]+", column.casefold())):
        return f"Column {shown(column)} was left out: caps are not read. Write them in the rules file, under groups."
    return f"Column {shown(column)} was left out."


def _roles(columns: Sequence[str]) -> tuple[Mapping[str, str], list[str]]:
    """Which column is what, by its whole name, else by a word of it."""
    if len(columns) == 1:
        cure = "write each in a column of its own, or say what splits the columns with --delimiter"
        return {}, [f"header: found one column, {shown(columns[0])}, expected attribute, value and points; {cure}"]
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
            faults.append(f"header: found {listed}, expected a column of {role}; {_CURES[role]}")
    return found, faults


def _rows(table: Table, roles: Mapping[str, str], faults: list[str]) -> Iterator[_Row]:
    """The rows with points; a row without attribute goes on with that of the row before, as merged cells do."""
    before = ""
    for place, cells in table.placed:
        of, value, points = (cells.get(roles.get(role, ""), "").strip() for role in _HEADERS)
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
    rows: Sequence[_Row], read: Sequence[Bin | None], decimal: Decimal | None, faults: list[str], notes: list[str]
) -> Iterator[Claim]:
    """What the rows of one attribute claim."""
    values = [row.value for row in rows]
    whens = [_word(value, alone=len(rows) == 1) for value in values]
    rest = [place for place, when in enumerate(whens) if when is None]
    ranges = [place for place in rest if read[place] is not None and not is_number(values[place])]
    if is_yes_no([values[place] for place in rest]):
        whens = [when or Is(is_=row.value.casefold() in YES) for when, row in zip(whens, rows, strict=True)]
    elif ranges:
        bins = bins_of([read[place] for place in rest], decimal)
        for place, bin_ in zip(rest, bins, strict=True):
            whens[place] = "missing" if bin_ is None and is_placeholder(values[place]) else bin_
    claims = []
    for row, when in zip(rows, whens, strict=True):
        if fault := _fault(row, when, ranges=bool(ranges)):
            faults.append(fault)
            continue
        label = row.value if isinstance(when, Range | Is) and row.value else None
        claims.append(Claim(row.place, row.of, when or In(in_=(row.value,)), row.points, label=label))
    notes += _notes(claims, rows)
    return iter(claims)


def _fault(row: _Row, when: When | None, *, ranges: bool) -> str | None:
    """What is wrong with a value that is no word of ours; None where nothing is."""
    if when is not None:
        return None
    found = f"{row.place}: found {shown(row.value)} for {shown(row.of)}"
    if _DATE.fullmatch(row.value) and (ranges or row.value[:4].isdigit()):
        return f"{found}, expected a value or a range; Excel made a date of it: write '10-49 as text"
    expected = "a range of numbers as its other rows have, like 10-49, 50+ or <10; correct it"
    return f"{found}, expected {expected}" if ranges else None


def _notes(claims: Sequence[Claim], rows: Sequence[_Row]) -> Iterator[str]:
    """What the reader must know of how the rows of one attribute were read."""
    name = shown(rows[0].of)
    for row, claim in zip(rows, claims, strict=False):
        if claim.when == "otherwise" and row.value:
            yield f"{shown(row.value)} of {name} counts for every value that has no row of its own."
        if claim.when == Is(is_=True) and not row.value:
            yield f"{name} has no value, so it is a yes/no attribute."
    lists = [claim.when.in_[0] for claim in claims if isinstance(claim.when, In) and _LIST.search(claim.when.in_[0])]
    if lists:
        yield f"{_listed(lists)} of {name}: read as one text each; give each value a row where several are meant."
    bins = [(claim.label, claim.when) for claim in claims if isinstance(claim.when, Range)]
    if bins:
        said_ = [f"{label} is {condition_text(bin_)}" for label, bin_ in bins]
        yield f"Ranges of {name}: {'; '.join(said_[:_MOST_SAID])}{'; ...' * (len(said_) > _MOST_SAID)}."
        lows, highs = zip(*(ends(bin_) for _, bin_ in bins), strict=True)
        for gap in without(bin_of(min(lows), max(highs)), [bin_ for _, bin_ in bins]):
            yield f"No range of {name} holds {condition_text(gap)}: that counts as any other value."


def _listed(texts: Sequence[str]) -> str:
    return " and ".join(map(shown, texts[:3])) + (f" and {len(texts) - 3} more" if len(texts) > 3 else "")


def _word(value: str, *, alone: bool) -> When | None:
    """What a value says in a word of ours; an attribute whose only row has no value is a yes/no."""
    word = value.casefold().strip("()[]<>-. ") if value != "*" else value
    if not value:
        return Is(is_=True) if alone else "missing"
    if word in _MISSING:
        return "missing"
    return "otherwise" if word in _OTHERWISE else None
