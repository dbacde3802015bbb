"""Combinations that hold several leads each, so that none tells of a single one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from calibrate.document.rules import Rules
from calibrate.errors import SettingsError, shown
from calibrate.leads.levels import Ints
from calibrate.meeting.combinations import Combinations, summed
from calibrate.meeting.figures import points_by_way

MOST_HIDDEN = 0.1


def merged(combinations: Combinations, rules: Rules, least: int = 5) -> Combinations:
    """The same leads in combinations of at least so many; of rarer ones, rules are hidden, the weakest first.

    The weakest rule is the one that gives leads the fewest points, up or down, on the mean. Where the leads left over
    with everything hidden are too few themselves, the rarest other combination joins them.

    Raises:
        SettingsError: more than 10 % of the outcomes would be hidden, or a gate decides for fewer leads.
    """
    hidden = {place: len(rule.cases) + 2 for place, rule in enumerate(rules.rules)}
    for place in _weakest_first(combinations, rules):
        combinations = _with_hidden(combinations, combinations.leads < least, {place: hidden[place]})
        if _share(combinations, hidden) > MOST_HIDDEN:
            break
    else:
        for gate in np.unique(combinations.gates).tolist():
            combinations = _joined(combinations, rules, gate, least, hidden)
    share = _share(combinations, hidden)
    if share > MOST_HIDDEN:
        raise SettingsError(
            f"merging: to have {least} leads in every combination, more than {100 * MOST_HIDDEN:.0f} % of what the "
            "rules say of the leads would be hidden, expected less; take them unmerged, for the people of the meeting "
            "alone, or do without"
        )
    return replace(combinations, hidden=share)


def _share(combinations: Combinations, hidden: dict[int, int]) -> float:
    """Share of the outcomes that are hidden, 0 to 1."""
    gone = sum(int(combinations.leads[combinations.ways[place] == way].sum()) for place, way in hidden.items())
    return gone / (combinations.total_leads * len(hidden)) if hidden else 0.0


def _weakest_first(combinations: Combinations, rules: Rules) -> list[int]:
    sizes = [
        int(np.abs(points_by_way(rule)).take(ways) @ combinations.leads)
        for rule, ways in zip(rules.rules, combinations.ways, strict=True)
    ]
    return sorted(range(len(sizes)), key=lambda place: (sizes[place], -place))


def _with_hidden(combinations: Combinations, where: npt.NDArray[np.bool_], hidden: dict[int, int]) -> Combinations:
    """The combinations with some rules hidden in some of them, counted again; hidden: the number that says so."""
    if not where.any():
        return combinations
    ways = [
        np.where(where, np.uint16(hidden[place]), ways) if place in hidden else ways
        for place, ways in enumerate(combinations.ways)
    ]
    keys: Ints = np.array([combinations.gates, *ways], dtype=np.int64)
    keys, leads, won = summed(keys, combinations.leads, combinations.won)
    return replace(
        combinations,
        ways=tuple(column.astype(np.uint16) for column in keys[1:]),
        gates=keys[0].astype(np.int16),
        leads=leads,
        won=won,
    )


def _joined(combinations: Combinations, rules: Rules, gate: int, least: int, hidden: dict[int, int]) -> Combinations:
    """The combinations with the rarest of a gate hidden whole until those that are hidden are enough."""
    own = np.flatnonzero(combinations.gates == gate)
    rarest = own[np.argsort(combinations.leads[own], kind="stable")]
    if combinations.leads[rarest[0]] >= least:
        return combinations
    reached = np.flatnonzero(combinations.leads[rarest].cumsum() >= least)
    if not len(reached):
        which = f"gate {shown(rules.gates[gate].id)} decides for" if gate >= 0 else "no gate decides for"
        found = int(combinations.leads[own].sum())
        raise SettingsError(
            f"merging: {which} {found} leads, expected {least} or more; take them unmerged, for the people of the "
            "meeting alone, or do without"
        )
    where = np.zeros(len(combinations.leads), dtype=bool)
    where[rarest[: reached[0] + 1]] = True
    return _with_hidden(combinations, where, hidden)
