"""What the workbook shows, worked out once: rows of points, leads by score, the threshold, last quarter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from calibrate.document.lead_score import gate_text
from calibrate.document.rules import Rules
from calibrate.exports.sheets.cells import readable
from calibrate.exports.target import Sum, sums
from calibrate.meeting.combinations import Combinations
from calibrate.meeting.figures import score_counts
from calibrate.statistics.ranking import ScoreCounts
from calibrate.words.language import Language, Message, message
from reports.meeting.last import LastQuarter, last_quarter
from reports.meeting.rows import Row, rows_of, rule_name
from reports.meeting.threshold import proposed_threshold

MOST_COMBINATIONS, MOST_CELLS, MOST_LOOKED_AT = 20_000, 600_000, 30_000_000
MOST_ADDED = 300  # rules in one formula, which holds 8,192 characters


@dataclass(frozen=True, slots=True)
class Content:
    """The parts that the sheets are written from.

    rows: by rule; levels: what they are called, each once in a rule.  counts: leads by score, as proposed.
    last_threshold: None without last quarter.  why_fixed: why figures do not follow the points; None where they do.
    say: the language of the workbook.
    """

    rules: Rules
    combinations: Combinations
    names: tuple[str, ...]
    rows: tuple[tuple[Row, ...], ...]
    levels: tuple[tuple[str, ...], ...]
    counts: ScoreCounts
    threshold: int
    last: LastQuarter | None
    last_threshold: int | None
    held_out: str | None
    why_fixed: Message | None
    say: Language

    @classmethod
    def of(
        cls, rules: Rules, combinations: Combinations, previous: Rules | None, held_out: str | None, say: Language
    ) -> Content:
        """The content for counted leads of these rules."""
        rows, counts = rows_of(rules, combinations, say), score_counts(rules, combinations)
        last = last_quarter(rules, previous, say) if previous else None
        then = None
        if last and previous:
            said = previous.handover_score
            then = proposed_threshold(last.rules, combinations) if said is None else said
        return cls(
            rules=rules,
            combinations=combinations,
            names=tuple(readable(rule_name(rules, rule, say)) for rule in rules.rules),
            rows=rows,
            levels=tuple(told_apart(readable(row.level) for row in part) for part in rows),
            counts=counts,
            threshold=proposed_threshold(rules, combinations),
            last=last,
            last_threshold=then,
            held_out=held_out,
            why_fixed=_why_fixed(rules, combinations, counts),
            say=say,
        )

    @property
    def live(self) -> bool:
        """Whether figures follow the points."""
        return self.why_fixed is None

    @property
    def parts(self) -> tuple[Sum, ...]:
        """The sums that make a score: those of groups, and that of the other rules where there are any."""
        return parts_of(self.rules)

    @property
    def gates(self) -> tuple[str, ...]:
        """What the gates are called, each once."""
        return told_apart((self.say("workbook.no_gate"), *(readable(gate_text(gate)) for gate in self.rules.gates)))[1:]

    @property
    def score_rows(self) -> int:
        """Lines for scores: those that leads have, and room for those that other points make."""
        return room_for(self.counts, self.combinations) if self.live else len(self.counts.scores)


def parts_of(rules: Rules) -> tuple[Sum, ...]:
    """The sums of a document that hold rules or have bounds."""
    return tuple(part for part in sums(rules) if part.rules or part.name is not None)


def room_for(counts: ScoreCounts, combinations: Combinations) -> int:
    """Lines that scores may come to need: twice those there are and a hundred more, never more than combinations."""
    return min(len(combinations.leads), 2 * len(counts.scores) + 100)


def told_apart(names: Iterable[str]) -> tuple[str, ...]:
    """The names with a number behind those that came before.

    >>> told_apart(["a", "b", "a"])
    ('a', 'b', 'a (2)')
    """
    found: dict[str, None] = {}
    times: Counter[str] = Counter()
    for name in names:
        new = name
        while new in found:
            times[name] += 1
            new = f"{name} ({times[name] + 1})"
        found[new] = None
    return tuple(found)


def _why_fixed(rules: Rules, combinations: Combinations, counts: ScoreCounts) -> Message | None:
    rows = len(combinations.leads)
    columns = len(rules.rules) + len(parts_of(rules))
    if rows > MOST_COMBINATIONS or rows * columns > MOST_CELLS:
        return message("workbook.many_combinations", found=rows)
    longest = max((len(part.rules) for part in parts_of(rules)), default=0)
    if longest > MOST_ADDED:
        return message("workbook.many_rules", found=longest)
    if rows * room_for(counts, combinations) > MOST_LOOKED_AT:
        return message("workbook.many_scores", found=len(counts.scores))
    return None
