"""Do the rules still hold on newer leads: what was asked, what was found, how much it matters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from calibrate.document.rules import Rules
from calibrate.exports.check import CheckLeads
from calibrate.meeting.counted_here import counted_here
from calibrate.meeting.counted_there import counted_there
from calibrate.meeting.grades import GRADES, Finding, Grade, Kind, NotChecked
from calibrate.meeting.mixes import mix_findings
from calibrate.meeting.newer import LeadFile
from calibrate.meeting.newer_counts import NewerCounts
from calibrate.meeting.promises import band_findings, base_rate_finding, inflation_finding, levels_finding
from calibrate.remote.table import EngineTable
from calibrate.showing import Shown
from calibrate.statistics.change import rate_change

_OF_OUTCOMES: tuple[Kind, ...] = ("base rate", "levels", "band order", "promised chances", "score inflation")


@dataclass(frozen=True, slots=True, repr=False)
class Check(Shown):
    """The answers. id, version: of the rules.  file: the leads that were asked."""

    id: str
    version: str
    file: LeadFile
    findings: tuple[Finding, ...]
    not_checked: tuple[NotChecked, ...]

    @property
    def grade(self) -> Grade:
        """The worst of the findings."""
        return max((item.grade for item in self.findings), key=GRADES.index, default="ok")

    def of_grade(self, grade: Grade) -> tuple[Finding, ...]:
        """The findings of a grade."""
        return tuple(item for item in self.findings if item.grade == grade)


def check(rules: Rules, leads: CheckLeads) -> Check:
    """Whether the rules still hold on the leads that count, of a file or in an engine.

    Raises:
        DataError: the leads cannot be read as the rules want them, or none counts.
    """
    counts = counted_there(rules, leads) if isinstance(leads.data, EngineTable) else counted_here(rules, leads)
    answers = [*_outcome_findings(rules, counts), *mix_findings(rules, counts)]
    return Check(
        id=rules.id,
        version=rules.version,
        file=counts.file,
        findings=tuple(item for item in answers if isinstance(item, Finding)),
        not_checked=tuple(item for item in answers if isinstance(item, NotChecked)),
    )


def _outcome_findings(rules: Rules, counts: NewerCounts) -> Iterator[Finding | NotChecked]:
    """What who was won says of the rules."""
    file, months = counts.file, counts.months
    if file.won is None:
        yield from (NotChecked(kind, None, "outcomes") for kind in _OF_OUTCOMES)
        return
    base = rules.baseline
    change = rate_change((base.conversions, base.leads), (file.won, file.leads)) if base else None
    if file.seen[0].how == "file":
        yield from (NotChecked(kind, None, "same leads") for kind in _OF_OUTCOMES[:-1])
    else:
        if change is None:
            yield from (NotChecked(kind, None, "evidence") for kind in _OF_OUTCOMES[:2])
        else:
            yield base_rate_finding(change)
            yield levels_finding(rules, counts.by_rule, change)
        yield from band_findings(rules, counts.by_rule.free)
    if months is None or file.months is None:
        yield NotChecked("score inflation", None, "threshold" if months is None else "dates")
    else:
        yield inflation_finding(months)
