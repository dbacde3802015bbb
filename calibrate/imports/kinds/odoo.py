"""Odoo CRM: the table crm.lead.scoring.frequency, won and lost leads by value, read as evidence.

Odoo starts every count at 0.1, which is taken off again. Its teams are added up, as Odoo does for a lead whose team
has no counts. A lost lead counts in every stage that it went through, so stages are left out and are no whole.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from calibrate.document.rules import Baseline, Evidence, Has, In
from calibrate.errors import DataError, RulesError, shown
from calibrate.imports.claims import Claim, drafted
from calibrate.imports.content import Content, Json
from calibrate.imports.kind import Imported, Kind
from calibrate.statistics.lift import level_lifts
from calibrate.statistics.points import lift_points
from calibrate.statistics.rates import conversion_rate

_KEYS = ("variable", "value", "won_count", "lost_count")
_STAGES = ("stage_id",)
_TAGS = ("tag_id", "tag_ids")
_START = 0.1


@dataclass(frozen=True, slots=True)
class _Count:
    """Leads and conversions of a value of a variable, over all teams; place of its first row."""

    place: str
    leads: int
    conversions: int


Counts = dict[str, dict[str, _Count]]


def read(content: Content) -> Imported:
    """A rule for every variable but the stage, with its evidence; points are the lift against the overall rate."""
    faults: list[str] = []
    counts = _counted(content, faults)
    wholes = {
        name: (sum(item.conversions for item in items.values()), sum(item.leads for item in items.values()))
        for name, items in counts.items()
        if name not in (*_STAGES, *_TAGS)
    }
    whole = max(wholes, key=lambda name: wholes[name][1], default=None)
    won, leads = wholes[whole] if whole is not None else (0, 0)
    if not faults and not 0 < won < leads:
        expected = "some won and some lost, in a variable that is no stage and no tag; add one"
        faults.append(f"found {won} won of {leads} leads, expected {expected}")
    if faults:
        raise RulesError(content.name, faults)
    claims = [claim for name, items in counts.items() for claim in _claims(name, items, won, leads, faults)]
    overall = conversion_rate(won, leads)
    baseline = overall and Baseline(
        leads=leads, conversions=won, rate=_short(overall.rate), low=_short(overall.low), high=_short(overall.high)
    )
    notes = [
        f"The overall rate is that of the {leads:,} leads counted by {shown(whole)}, the variable with the most.",
        "Points are the lift of each value against it, in percentage points; Odoo's starts of 0.1 were taken off.",
        *(f"{shown(name)} was left out: it says how far a lead came." for name in counts if name in _STAGES),
    ]
    return drafted(content, claims, faults, adds=False, notes=notes, baseline=baseline)


def _claims(name: str, items: Mapping[str, _Count], won: int, leads: int, faults: list[str]) -> Iterator[Claim]:
    """The points of the values of a variable, each a share of all leads."""
    counted = {value: item for value, item in items.items() if item.leads}
    if name in _STAGES or not counted:
        return
    try:
        lifts = level_lifts(
            [item.conversions for item in counted.values()], [item.leads for item in counted.values()], won, leads
        )
    except DataError:
        where = next(iter(counted.values())).place
        found = f"a value of {shown(name)} with more leads than the {won:,} won and {leads - won:,} lost in all"
        faults.append(f"{where}: found {found}, expected a part of them; leave that variable out")
        return
    for (value, item), lift in zip(counted.items(), lifts, strict=True):
        points = lift_points(item.conversions, item.leads, won, leads)
        rate = conversion_rate(item.conversions, item.leads)
        evidence = Evidence(
            leads=item.leads,
            conversions=item.conversions,
            rate=_short(item.conversions / item.leads),
            rate_low=_short(rate.low) if rate else None,
            rate_high=_short(rate.high) if rate else None,
            lift=_short(lift.lift),
            lift_low=_short(lift.low),
            lift_high=_short(lift.high),
            points_lift=points,
        )
        when = Has(has=value) if name in _TAGS else In(in_=(value,))
        yield Claim(item.place, name, when, points, evidence=evidence)


def _counted(content: Content, faults: list[str]) -> Counts:
    """The counts by variable and value, over all teams."""
    found: Counts = {}
    for place, row in _rows(content):
        name, value = (str(row.get(key) or "").strip() for key in ("variable", "value"))
        won, lost = (_count(row.get(key), f"{place}, {key}", faults) for key in ("won_count", "lost_count"))
        if not name or not value:
            faults.append(f"{place}: found no variable or no value, expected both; write them")
            continue
        known = found.setdefault(name, {}).get(value, _Count(place, 0, 0))
        found[name][value] = _Count(known.place, known.leads + won + lost, known.conversions + won)
    return found


def _count(value: Json, place: str, faults: list[str]) -> int:
    """Leads of a count that may have started at 0.1."""
    text = str(value).strip().replace(",", ".")
    number = float(text) if re.fullmatch(r"\d{1,12}(\.\d{1,17})?", text, re.ASCII) else math.nan
    for count in (number, number - _START):
        if abs(count - round(count if math.isfinite(count) else 0)) < 1e-6:
            return round(count)
    faults.append(f"{place}: found {shown(value)}, expected leads, with or without the 0.1 it starts at; correct it")
    return 0


def _rows(content: Content) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if content.table is not None:
        for place, row in content.table.placed:
            yield place, {_plain(name): cell for name, cell in row.items()}
        return
    listed = content.json
    while isinstance(listed, dict):
        listed = next((listed[key] for key in ("records", "result") if key in listed), None)
    for number, item in enumerate(listed if isinstance(listed, list) else ()):
        if isinstance(item, dict):
            yield f"[{number}]", item


def _plain(name: str) -> str:
    return "_".join(name.casefold().split())


def _spots(content: Content) -> bool:
    return any(set(_KEYS) <= set(row) for _, row in _rows(content))


def _short(number: float) -> float:
    return round(number, 6)


KIND = Kind(
    name="odoo",
    reads="counts of Odoo's lead scoring: variable, value, won_count and lost_count, in JSON or a table",
    spots=_spots,
    read=read,
)
