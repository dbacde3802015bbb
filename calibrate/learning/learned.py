"""What a run learns: the card of all leads, the cards of its tests, and what a point is worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from calibrate.errors import DataError, shown
from calibrate.learning.held_out import HeldOut, Trial, held_out
from calibrate.learning.scorecard import COLUMNS, CardAttribute, Scorecard, with_points
from calibrate.learning.units import fitting_unit, worth_of
from calibrate.remarks import Remark
from calibrate.settings import PointColumn, PointSettings, Settings
from calibrate.statistics.points import Worth
from calibrate.statistics.sample_size import ENOUGH_CONVERSIONS
from calibrate.statistics.woe import pdo_factor, pdo_offset
from calibrate.words.language import Message, message

ENOUGH_TO_TEST = 10
MOST_BESIDE = 2_000
MOST_PAIRS = 20_000_000
_TOO_FEW, _ONE_LEVEL = "reasons.too_few", "reasons.one_level"


@dataclass(frozen=True, slots=True)
class Learned:
    """The card and the leads that test its like.

    places: of its attributes in the store.  cards: one a test of the trial; none where there are too few leads to
    hold some back, and then `held` is None.  worths: what a point says, by column.  base: where each score starts.
    empty: columns with nothing to say, and why.
    """

    places: tuple[int, ...]
    card: Scorecard
    cards: tuple[Scorecard, ...]
    held: HeldOut | None
    worths: dict[PointColumn, Worth]
    base: dict[PointColumn, int]
    empty: dict[str, Message]
    remarks: tuple[Remark, ...]


def learn(trial: Trial, places: Sequence[int], settings: Settings, name: str, *, force: bool) -> Learned:
    """The cards of the attributes that have levels to tell apart, with points in the unit that fits.

    name: of the source.  force: take the overlap out though there are fewer than 100 conversions.

    Raises:
        DataError: nothing can be learned, or the points asked for take more conversions.
    """
    first, kept, empty = _useful(trial, places, settings)
    if not kept:
        raise DataError(_nothing_to_learn(name, empty, settings))
    joint, remarks = _joint(trial, first, settings, name, force)
    card = trial.learn(kept, settings.points, joint=joint, errors=True)
    splits = trial.splits if _testable(trial, kept, card) else []
    cards = [trial.learn(kept, settings.points, learns, joint=joint, near=card) for learns, _ in splits]
    worths, remark = _worths(trial, card, cards, settings, joint)
    card, tested = with_points(card, worths), tuple(with_points(item, worths) for item in cards)
    columns = _columns(settings, joint)
    base = {column: _base(card, column, settings.points) for column in columns}
    zero = {column: base[column] + card.shift(column) for column in columns}
    held = held_out(trial, tested, columns, settings, zero=zero) if tested else None
    return Learned(kept, card, tested, held, worths, base, empty, (*remarks, *([remark] if remark else [])))


def _worths(
    trial: Trial, card: Scorecard, cards: Sequence[Scorecard], settings: Settings, joint: bool
) -> tuple[dict[PointColumn, Worth], Remark | None]:
    """What a point of each column says, and what to tell of it; from 0 to 100 each column has its own."""
    plain = worth_of(settings)
    if settings.points.scale == "0-100":
        own = {column: hundred(card, column, plain) for column in _columns(settings, joint)}
        return {column: own.get(column, plain) for column in COLUMNS}, None
    unit, remark = fitting_unit(trial, cards, _likely(settings, joint), settings) if cards else (1, None)
    return dict.fromkeys(COLUMNS, replace(plain, unit=Fraction(str(unit)))), remark


def hundred(card: Scorecard, column: PointColumn, worth: Worth) -> Worth:
    """The worth of a point with which the best possible lead has at most 100 points and the worst 0."""
    fine = replace(worth, unit=Fraction(1, 1000), pdo=20_000, negative=False)
    highest = with_points(card, fine).highest(column)
    # Points finer than a hundredth of a percentage point would only blow up what is no difference at all.
    share = Fraction(max(highest, 1000), 100)
    while True:
        # Rounding every rule may carry the sum over the end: a slightly coarser point brings it back.
        scaled = replace(fine, unit=_short(fine.unit * share), pdo=float(_short(Fraction(fine.pdo) / share)))
        if with_points(card, scaled).highest(column) <= 100:
            return scaled
        share *= Fraction(101, 100)


def _short(number: Fraction) -> Fraction:
    return Fraction(f"{float(number):.4g}")


def _base(card: Scorecard, column: PointColumn, settings: PointSettings) -> int:
    """Where the score starts: 0, unless log-odds points are anchored at a score for certain odds."""
    if column != "log-odds" or settings.offset is None or card.intercept is None:
        return 0
    anchor, odds = settings.offset.split("@")
    start = pdo_offset(int(anchor), float(odds), settings.pdo) + pdo_factor(settings.pdo) * card.intercept
    return round(start) - card.shift(column)


def _testable(trial: Trial, places: Sequence[int], card: Scorecard) -> bool:
    """Whether leads can be held back: there are enough of both kinds, and some of both beside those of every test."""
    if min(card.conversions, card.leads - card.conversions) < ENOUGH_TO_TEST:
        return False
    counts = (trial.totals(places[:1], learns)[0] for learns, _ in trial.splits)
    return all(0 < won.sum() < leads.sum() for leads, won in counts)


def _useful(
    trial: Trial, places: Sequence[int], settings: Settings
) -> tuple[Scorecard, tuple[int, ...], dict[str, Message]]:
    """A first card; places of the attributes with levels to tell apart; the columns without, and why."""
    first = trial.learn(places, settings.points, joint=False)
    useful = [len(item.levels.levels) > 1 and not all(item.levels.too_few) for item in first.attributes]
    named = {item.cells.column for item, keep in zip(first.attributes, useful, strict=True) if keep}
    empty = {item.cells.column: _why_empty(item) for item in first.attributes if item.cells.column not in named}
    return first, tuple(place for place, keep in zip(places, useful, strict=True) if keep), empty


def _why_empty(item: CardAttribute) -> Message:
    levels = item.levels
    pooled = [few or level.kind == "other" for level, few in zip(levels.levels, levels.too_few, strict=True)]
    return message(_TOO_FEW if all(pooled) else _ONE_LEVEL)


def _nothing_to_learn(name: str, empty: dict[str, Message], settings: Settings) -> str:
    if not empty:
        return f"{name}: no column can be an attribute; see why with: calibrate inspect"
    alike = [(column, reason) for column, reason in empty.items() if reason.key == _ONE_LEVEL]
    if alike:
        return (
            f"{name}: nothing tells leads apart; {shown(alike[0][0])}: {alike[0][1]}; expected two levels or more. Add "
            "columns, or cut numbers yourself with bins in calibrate.toml"
        )
    points = settings.points
    return (
        f"{name}: no value of any attribute has enough leads, expected {points.min_leads} leads with "
        f"{points.min_expected:g} conversions and as many others at the overall rate; wait for more leads, or lower "
        "points.min_leads and points.min_expected in calibrate.toml"
    )


def _joint(trial: Trial, first: Scorecard, settings: Settings, name: str, force: bool) -> tuple[bool, list[Remark]]:
    """Whether all attributes are looked at together, and what to tell if not: it takes conversions and memory."""
    won = int(np.count_nonzero(trial.store.won))
    wanted = settings.points.column in ("adjusted", "log-odds")
    if won < ENOUGH_CONVERSIONS and not (wanted and force):
        if wanted:
            raise DataError(
                f"{name}: {settings.points.column} points look at all attributes together, which takes "
                f"{ENOUGH_CONVERSIONS} conversions; found {won}. Take --points cautious, or a draft with --force"
            )
        return False, []
    widest = sorted(first.attributes, key=lambda item: -len(item.levels.levels))
    sizes = [len(item.levels.levels) for item in widest]
    if sum(sizes[1:]) <= MOST_BESIDE and sizes[0] * sum(sizes[1:]) <= MOST_PAIRS:
        return True, []
    found = message(
        "remarks.wide_found",
        first=widest[0].cells.name,
        second=widest[1].cells.name,
        levels=sizes[0],
        others=sizes[1],
        every=sum(sizes),
    )
    if wanted:
        raise DataError(
            f"{name}: {settings.points.column} points look at all pairs of levels; {found}, expected at most "
            f"{MOST_BESIDE:,} beside those of the widest attribute. Raise --min-leads, or --skip a column"
        )
    return False, [Remark("note", message("remarks.wide", found=found))]


def _columns(settings: Settings, joint: bool) -> tuple[PointColumn, ...]:
    columns: list[PointColumn] = ["lift", "cautious"]
    columns += ["adjusted"] if joint else []
    columns += ["log-odds"] if settings.points.column == "log-odds" else []
    return tuple(columns)


def _likely(settings: Settings, joint: bool) -> PointColumn:
    """The column that was asked for; for the best one, that which most often is."""
    if settings.points.column != "best":
        return settings.points.column
    return "adjusted" if joint else "cautious"
