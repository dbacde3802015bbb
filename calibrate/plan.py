"""What a run would do with a table of leads: how it is read, what it takes, and the figures behind that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from calibrate.reading.source import Source
from calibrate.remote.table import EngineTable
from calibrate.settings import Settings

# Measured on synthetic leads with twenty attributes (docs/performance.md).
OWN_MB = 330.0
OWN_BYTES_A_LEAD = 1
MB_AN_ATTRIBUTE = 1.0
BYTES_BESIDE_CODES = 18
CPU_SECONDS = 3.0
CPU_SECONDS_AN_ATTRIBUTE = 0.09
CPU_SECONDS_A_MILLION = 0.55
_USUAL_ATTRIBUTES = 20


@dataclass(frozen=True, slots=True)
class Plan:
    """How the leads of a table become points.

    way: local where every lead is read here, engine where another program counts them.  leads: None where only reading
    to the end tells.  attributes: at most; what names a lead or says nothing is left out once it is read.
    passes: over the table, that for the sample among them.  own_mb, disk_mb: memory that nobody else can have,
    and codes in the temporary folder that the system keeps in memory while there is room; cpu_seconds: as measured on
    one machine. The last two are None without a number of leads.
    """

    name: str
    way: Literal["local", "engine"]
    leads: int | None
    columns: int
    attributes: int
    passes: tuple[str, ...]
    own_mb: float
    disk_mb: float | None
    cpu_seconds: float | None

    def lines(self) -> tuple[str, ...]:
        """The plan in sentences."""
        leads = "an unknown number of" if self.leads is None else f"{self.leads:,}"
        if self.way == "engine":
            return (
                f"{self.name}: {self.attributes} of {self.columns} columns may become attributes.",
                "The engine that holds the leads counts them; what comes here are counts, and codes of some leads.",
            )
        each = BYTES_BESIDE_CODES + self.attributes
        lines = [
            f"{self.name}: {leads} leads; {self.attributes} of {self.columns} columns may become attributes.",
            f"Passes over the table: {len(self.passes)}. " + " ".join(f"{text}." for text in self.passes),
        ]
        if self.leads is None or self.disk_mb is None or self.cpu_seconds is None:
            own = f"about {self.own_mb:,.0f} MB and {OWN_BYTES_A_LEAD} bytes a lead"
            return (*lines, f"Memory: {own}, and {each} bytes a lead of codes in the temporary folder.")
        return (
            *lines,
            f"Memory: about {self.own_mb:,.0f} MB, and {self.disk_mb:,.0f} MB of codes, which lie in the temporary "
            "folder where they are many.",
            f"Work: about {self.cpu_seconds:,.0f} seconds of a processor.",
            f"These rest on {each} bytes a lead: one an attribute (two where it has more than 254 values) and "
            f"{BYTES_BESIDE_CODES} for outcome, day, folds and the fit; and on {CPU_SECONDS_A_MILLION} seconds a "
            f"million leads with {_USUAL_ATTRIBUTES} attributes, {CPU_SECONDS} before the first and "
            f"{CPU_SECONDS_AN_ATTRIBUTE} for each further attribute, as measured on one machine (docs/performance.md); "
            "many levels take more.",
        )


def plan_of(table: Source | EngineTable, settings: Settings) -> Plan:
    """The plan for leads that are read here or that an engine holds; nothing but their head is read for it."""
    if isinstance(table, EngineTable):
        names = kept = table.frame.collect_schema().names()
        rows = thinned = None
    else:
        names, rows = [column.name for column in table.columns], table.rows
        kept = [column.name for column in table.columns if column.type != "date"]
        thinned = table.raw.thinned[1] if table.raw.thinned else rows
    used = _attributes(kept, settings)
    wide, outcome = len(used) / _USUAL_ATTRIBUTES, settings.outcome
    wanted = len(used) + len({name for name in (outcome.column, outcome.date, outcome.account) if name})
    most = 0 if isinstance(table, EngineTable) else table.sample_rows
    sample = "All leads" if rows is not None and rows <= most else f"A sample of {most:,} leads"
    where = "" if thinned is None or thinned == rows else f" from {thinned:,} of them, spread over the table"
    further = max(len(used) - _USUAL_ATTRIBUTES, 0)
    fixed = CPU_SECONDS + CPU_SECONDS_AN_ATTRIBUTE * further
    return Plan(
        name=table.name,
        way="engine" if isinstance(table, EngineTable) else "local",
        leads=rows,
        columns=len(names),
        attributes=len(used),
        passes=(f"{sample}{where}, to see what the columns hold", f"All leads in {wanted} columns, to code and count"),
        own_mb=OWN_MB + MB_AN_ATTRIBUTE * further + OWN_BYTES_A_LEAD * (rows or 0) / 1e6,
        disk_mb=None if rows is None else rows * (BYTES_BESIDE_CODES + len(used)) / 1e6,
        cpu_seconds=None if rows is None else fixed + CPU_SECONDS_A_MILLION * wide * rows / 1e6,
    )


def _attributes(names: Sequence[str], settings: Settings) -> list[str]:
    """The columns that may become attributes as far as the settings say."""
    outcome = settings.outcome
    taken = {*settings.columns.skip, outcome.column, outcome.key, outcome.date, outcome.account, settings.source.key}
    return [name for name in names if name not in taken and name in (settings.columns.use or names)]
