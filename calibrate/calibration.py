"""One run: history in, points out, with their evidence."""

from __future__ import annotations

from dataclasses import dataclass

from calibrate.evidence import AttributeEvidence
from calibrate.rates import Rate
from calibrate.remarks import Remark
from calibrate.rules import Rules
from calibrate.settings import Settings
from calibrate.validation import Validation


@dataclass(frozen=True, slots=True)
class Excluded:
    """Leads that are not counted, and why in words."""

    leads: int
    reason: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A column that gets no points, and why in words."""

    column: str
    reason: str


@dataclass(frozen=True, slots=True)
class Calibration:
    """The whole result; `reports` draws from it and reads nothing else.

    rows: leads in the file.  overall: of the counted leads.  strength: leads of evidence a level needs before half
    its lift is believed (infinite when history shows no differences beyond chance).
    attributes: widest span of points first.  reading: how the file was read, in sentences.
    first_day, last_day: ISO dates of the counted leads, None without --date.
    """

    source_name: str
    rows: int
    outcome: str
    overall: Rate
    excluded: tuple[Excluded, ...]
    attributes: tuple[AttributeEvidence, ...]
    left_out: tuple[LeftOut, ...]
    remarks: tuple[Remark, ...]
    strength: float
    validation: Validation | None
    rules: Rules
    settings: Settings
    reading: tuple[str, ...]
    first_day: str | None
    last_day: str | None
