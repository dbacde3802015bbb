"""How a raw value becomes a level: cells first, levels as unions of cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from calibrate.leads.bins import best_bins, equal_bins
from calibrate.reading.values import is_placeholder
from calibrate.settings import PointSettings
from calibrate.words.language import Message, message

Ints = npt.NDArray[np.int64]
LevelKind = Literal["value", "bin", "placeholder", "other", "missing"]
MISSING = 0

# Measured on histories of 1,000 to 70,000 leads with 12 % won: with few outcomes, cuts that they choose rank new
# leads worse than cuts that hold equally many leads (benchmarks/README.md).
FEWEST_TO_CUT = 500
FEWEST_A_BIN = 25
MOST_EQUAL = 5


@dataclass(frozen=True, slots=True)
class Level:
    """One value, bin or set of values of an attribute; the levels of an attribute never overlap.

    label: as people read it (`Software`, `50 to 249`, `(missing)`, `other`); a Message where it is no value.
    values: the exact texts it holds, for kinds value, placeholder and other; empty otherwise.
    low, high: a bin holds low <= number < high; None is an open end.
    truth: for a yes/no attribute the truth value; for a set attribute whether the set holds the value.
    """

    kind: LevelKind
    label: str
    values: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    truth: bool | None = None


@dataclass(frozen=True, slots=True)
class Cells:
    """The finest things counted in an attribute. Cell 0 is missing, the others follow from 1.

    texts: a category's values, None for the values too rare to be told apart.
    edges: cell i of a number is edges[i-2] <= number < edges[i-1], open at both ends.
    member: the value whose presence in a set is meant; its cells are absent, present.  A boolean's are false, true.
    together: levels that a person merged, as label and cells.  alone: cells that stay a bin of their own.
    mute_missing: missing gets no points, because being filled in may follow the outcome.
    cut_by_outcome: whether outcomes choose the cuts of a number; None leaves it to the leads that are learned from.
    whole, smallest, largest: whether the numbers are whole, and their ends, for the labels.
    """

    column: str
    name: str
    kind: Literal["category", "number", "boolean", "set"]
    group: str
    texts: tuple[str | None, ...] = ()
    edges: tuple[float, ...] = ()
    member: str | None = None
    separator: str | None = None
    together: tuple[tuple[str, tuple[int, ...]], ...] = ()
    alone: tuple[int, ...] = ()
    fixed: bool = False
    trend: Literal["auto", "up", "down", "none"] = "auto"
    whole: bool = False
    smallest: float | None = None
    largest: float | None = None
    sentinels: frozenset[int] = field(default_factory=frozenset)
    mute_missing: bool = False
    cut_by_outcome: bool | None = None

    @property
    def size(self) -> int:
        """Number of cells, missing included."""
        if self.kind == "category":
            return len(self.texts) + 1
        return len(self.edges) + 2 if self.kind == "number" else 3


@dataclass(frozen=True, slots=True)
class Levels:
    """The levels of an attribute and the level of each cell, -1 where history has none.

    too_few: per level, whether it is below the minimum evidence.  muted: whether it gets no points, for that or
    another reason.  cut_by_outcome: whether the outcomes chose the cuts of a number.
    """

    levels: tuple[Level, ...]
    of_cell: npt.NDArray[np.intp]
    too_few: tuple[bool, ...]
    muted: tuple[bool, ...]
    trend: Literal["up", "down", "none"] | None = None
    cut_by_outcome: bool = False

    def totals(self, by_cell: Ints) -> Ints:
        """Sums of a count by cell, one a level."""
        known = self.of_cell >= 0
        sums = np.zeros(len(self.levels), dtype=np.int64)
        np.add.at(sums, self.of_cell[known], by_cell[known])
        return sums


def learn_levels(cells: Cells, leads: Ints, conversions: Ints, settings: PointSettings) -> Levels:
    """Levels from the counts of the cells: bins for a number, rare values joined for a category.

    A value stands alone with `min_leads` leads, and `min_expected` conversions and as many non-conversions expected
    at the overall rate; the rule never looks at its own conversions (METHODS section 4: that would bias its points).
    """
    total = int(leads.sum())
    rate = float(conversions.sum()) / total if total else 0.0
    by_outcome = cells.kind == "number" and not cells.fixed and outcome_may_cut(cells, total, rate)
    if cells.kind == "number":
        unions, trend = _number_unions(cells, leads, conversions, settings, by_outcome)
    elif cells.kind == "category":
        unions, trend = _category_unions(cells, leads, rate, settings), None
    else:
        unions, trend = _truth_unions(), None
    if leads[MISSING]:
        unions.append((Level("missing", message("levels.missing")), [MISSING]))
    of_cell = np.full(cells.size, -1, dtype=np.intp)
    kept: list[tuple[Level, int]] = []
    for level, members in unions:
        held = int(leads[members].sum())
        if held:
            of_cell[members] = len(kept)
            kept.append((level, held))
    too_few = tuple(not enough(held, rate, settings) for _, held in kept)
    muted = tuple(
        few or (cells.mute_missing and level.kind == "missing") for few, (level, _) in zip(too_few, kept, strict=True)
    )
    return Levels(tuple(level for level, _ in kept), of_cell, too_few, muted, trend, by_outcome)


def outcome_may_cut(cells: Cells, leads: int, rate: float) -> bool:
    """Whether there are outcomes enough to choose cuts by, or a person said how they run."""
    if cells.cut_by_outcome is not None:
        return cells.cut_by_outcome
    return cells.trend != "auto" or leads * min(rate, 1 - rate) >= FEWEST_TO_CUT


def enough(leads: int, rate: float, settings: PointSettings) -> bool:
    """Whether a level has the evidence to stand alone."""
    fewest = round(min(leads * rate, leads * (1 - rate)), 9)  # 50 x (1 - 0.9) is a hair below 5
    return leads >= settings.min_leads and fewest >= settings.min_expected


def _number_unions(
    cells: Cells, leads: Ints, conversions: Ints, settings: PointSettings, by_outcome: bool
) -> tuple[list[tuple[Level, list[int]]], Literal["up", "down", "none"]]:
    if cells.fixed:
        starts: Sequence[int] = range(cells.size - 1)
        trend: Literal["up", "down", "none"] = "none"
    elif not by_outcome:
        bins = int(min(conversions.sum(), (leads - conversions).sum()) // FEWEST_A_BIN)
        starts, trend = equal_bins(leads[1:], max(2, min(MOST_EQUAL, bins)), cells.alone), "none"
    else:
        starts, trend = best_bins(
            leads[1:],
            conversions[1:],
            trend=cells.trend,
            alone=cells.alone,
            min_share=max(0.05, settings.min_leads / max(int(leads[1:].sum()), 1)),
            min_expected=settings.min_expected,
        )
    ends = [*starts[1:], cells.size - 1]
    unions = [
        (_bin(cells, start, end), list(range(start + 1, end + 1))) for start, end in zip(starts, ends, strict=True)
    ]
    return unions, trend


def _category_unions(cells: Cells, leads: Ints, rate: float, settings: PointSettings) -> list[tuple[Level, list[int]]]:
    merged = {cell for _, members in cells.together for cell in members}
    unions: list[tuple[Level, list[int]]] = []
    rare: list[int] = []
    for label, members in cells.together:
        texts = tuple(text for cell in members if (text := cells.texts[cell - 1]) is not None)
        unions.append((Level("value", label, texts), list(members)))
    for cell, text in enumerate(cells.texts, start=1):
        if cell in merged:
            continue
        if text is None or not enough(int(leads[cell]), rate, settings):
            rare.append(cell)
        else:
            unions.append((Level("placeholder" if is_placeholder(text) else "value", text, (text,)), [cell]))
    if rare:
        held = tuple(sorted(text for cell in rare if leads[cell] and (text := cells.texts[cell - 1]) is not None))
        taken = {level.label.casefold() for level, _ in unions}
        label = message("levels.all_others" if "other" in taken else "levels.other")
        unions.append((Level("other", label, held), rare))
    return unions


def _truth_unions() -> list[tuple[Level, list[int]]]:
    labels = (message("levels.no"), message("levels.yes"))
    return [(Level("value", labels[truth], truth=bool(truth)), [1 + truth]) for truth in (0, 1)]


def _bin(cells: Cells, start: int, end: int) -> Level:
    """The bin of the number cells start..end-1, counted from 0."""
    low = cells.edges[start - 1] if start > 0 else None
    high = cells.edges[end - 1] if end - 1 < len(cells.edges) else None
    sentinel = end - start == 1 and start in cells.sentinels
    return Level("placeholder" if sentinel else "bin", number_label(cells, low, high), (), low, high)


def number_label(cells: Cells, low: float | None, high: float | None) -> Message:
    """A range of an attribute as people read it; an open end that holds one number is that number."""
    if low is not None and high is None and low == cells.largest:
        return message("levels.number", number=float(low))
    return bin_label(low, high, cells.whole, cells.smallest)


def bin_label(low: float | None, high: float | None, whole: bool, smallest: float | None = None) -> Message:
    """A bin as people read it; whole numbers get inclusive ends.

    >>> bin_label(50, 250, True), bin_label(None, 1, True, 0), bin_label(0.5, None, False)
    ('50 to 249', '0', '0.5 and up')
    """
    if whole:
        last = None if high is None else int(high) - 1
        first = int(low) if low is not None else None
        if first is None and smallest is not None and last == int(smallest):
            first = last
        if first is None:
            return message("levels.any_number") if last is None else message("levels.up_to", high=last)
        if last is None:
            return message("levels.and_up", low=first)
        return message("levels.number", number=first) if first == last else message("levels.to", low=first, high=last)
    if low is None:
        return message("levels.any_number") if high is None else message("levels.under", high=float(high))
    if high is None:
        return message("levels.and_up", low=float(low))
    return message("levels.to_under", low=float(low), high=float(high))
