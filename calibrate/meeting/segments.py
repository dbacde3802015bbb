"""The counted leads of one level, for figures of these alone."""

from __future__ import annotations

from dataclasses import replace

from calibrate.meeting.combinations import Combinations


def only(combinations: Combinations, rule: int, way: int) -> Combinations:
    """The combinations of the leads that have this outcome of a rule; none where no lead has it.

    rule: its number in the document.  way: number of the outcome, as in `Combinations.ways`. Months are those of all
    leads, and the share that is hidden too.
    """
    mine = combinations.ways[rule] == way
    return replace(
        combinations,
        ways=tuple(ways[mine] for ways in combinations.ways),
        gates=combinations.gates[mine],
        leads=combinations.leads[mine],
        won=combinations.won[mine],
    )
