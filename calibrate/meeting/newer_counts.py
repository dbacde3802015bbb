"""What a check counts of newer leads, wherever they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from calibrate.document.lead_score import plain_text
from calibrate.document.rules import In, Rules
from calibrate.leads.levels import Ints
from calibrate.leads.outcome import NO_DAY
from calibrate.meeting.grades import Month
from calibrate.meeting.newer import LeadFile
from calibrate.meeting.rule_counts import RuleCounts

MOST_VALUES = 10_000


class UnnamedValues:
    """Texts that no case and no gate names, with their leads, batch by batch; the commonest where there are many."""

    def __init__(self, rules: Rules) -> None:
        self.counts: dict[str, Counter[str]] = {
            rule.attr: Counter()
            for rule in rules.rules
            if rule.cases and rules.attributes[rule.attr].type in ("category", "text")
        }
        conditions = [(rule.attr, case.when) for rule in rules.rules for case in rule.cases]
        conditions += [(gate.when.attr, gate.when.condition) for gate in rules.gates]
        self.named = {(name, text) for name, when in conditions if isinstance(when, In) for text in when.in_}

    def add(self, table: pa.RecordBatch) -> None:
        """Take the leads of a batch in."""
        for name in self.counts:
            if name in table.schema.names:
                counted = pc.value_counts(table.column(name))
                self.count(
                    name, zip(counted.field("values").to_pylist(), counted.field("counts").to_pylist(), strict=True)
                )

    def count(self, name: str, values: Iterable[tuple[object, int]]) -> None:
        """Take the values of an attribute in, each with its leads."""
        counts = self.counts[name]
        for value, leads in values:
            text = plain_text(value)
            if text and (name, text) not in self.named:
                counts[text] += leads
        if len(counts) > MOST_VALUES:
            self.counts[name] = Counter(dict(counts.most_common(MOST_VALUES // 2)))


class MonthCounts:
    """Leads by month: all, those from the threshold up, the won ones of these."""

    def __init__(self, threshold: int) -> None:
        self.threshold = threshold
        self.counts: tuple[Counter[int], ...] = (Counter(), Counter(), Counter())

    def add(self, day: npt.NDArray[np.int32], above: npt.NDArray[np.bool_], leads: Ints, won: Ints) -> None:
        """Take leads in; those without a day do not count. above: whether those of a row reach the threshold."""
        month = day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
        dated = day != NO_DAY
        parts = ((dated, leads), (dated & above, leads), (dated & above, won))
        for counts, (part, held) in zip(self.counts, parts, strict=True):
            months, places = np.unique(month[part], return_inverse=True)
            sums = np.bincount(places, held[part], minlength=len(months))
            for number, found in zip(months.tolist(), sums.tolist(), strict=True):
                counts[number] += int(found)

    @property
    def months(self) -> tuple[Month, ...]:
        """The months that have leads, in order."""
        leads, above, won = self.counts
        return tuple(
            Month(str(np.datetime64(number, "M")), leads[number], above[number], won[number])
            for number in sorted(leads)
        )


@dataclass(frozen=True, slots=True, eq=False)
class NewerCounts:
    """The counts.

    months: None where the rules name no threshold.  columns: those of the leads that the rules read.
    """

    file: LeadFile
    by_rule: RuleCounts
    unnamed: UnnamedValues
    months: MonthCounts | None
    columns: tuple[str, ...]
