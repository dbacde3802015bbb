"""Points that were adopted before stay until history contradicts them: a run with the rules of last quarter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from calibrate.calibration import Calibration
from calibrate.document.rules import Rules
from calibrate.errors import shown
from calibrate.meeting.sticky import Kept, keep_adopted
from calibrate.remarks import Remark, by_harm

_MOST = 4


def keep_previous(result: Calibration, previous: Rules) -> Calibration:
    """The calibration with rules that keep the points adopted last, and remarks on what became of them.

    Overrides hold until the day of the newest lead. The evidence stays what this history says.

    Raises:
        SettingsError: a point of the two is not worth the same.
    """
    rules, kept = keep_adopted(previous, result.rules, day=result.last_day, combinations=result.combinations())
    remarks = by_harm([*result.remarks, *(Remark("adopted", text) for text in kept_lines(kept))])
    return replace(result, rules=rules, remarks=remarks)


def kept_lines(kept: Sequence[Kept]) -> tuple[str, ...]:
    """What became of the points adopted last, a sentence for each kind of it; none when nothing is to be told."""
    said = {
        "kept": ("keep the points adopted last, which history does not contradict", _both),
        "changed": ("leave the points adopted last, which history contradicts by three points or more", _both),
        "override": ("keep the points that people decided", _decided),
        "expired": ("leave the points that people decided, which held until now", _decided),
        "muted": ("lose their points, since this run denies them", _both),
        "new": ("are new and have the points of history", _learned),
        "vanished": ("are gone from the history", _adopted),
    }
    lines = [_line([item for item in kept if item.why == why], *words) for why, words in said.items()]
    found = [line for line in lines if line]
    return (*found, "The rules carry these points; tables of levels show those of history.") if found else ()


def _line(items: Sequence[Kept], what: str, points: Callable[[Kept], str]) -> str | None:
    if not items:
        return None
    named = [f"{shown(f'{item.rule} = {item.label}')} {points(item)}" for item in items[:_MOST]]
    more = f" and {len(items) - _MOST} more" if len(items) > _MOST else ""
    return f"{len(items)} level{'' if len(items) == 1 else 's'} {what}: {', '.join(named)}{more}."


def _both(item: Kept) -> str:
    return f"({_signed(item.adopted)}, history {_signed(item.learned)})"


def _decided(item: Kept) -> str:
    supported = {True: ", which it supports", False: ", which it does not support", None: ""}[item.supported]
    return f"({_signed(item.adopted)}, history {_signed(item.learned)}{supported})"


def _learned(item: Kept) -> str:
    return f"({_signed(item.learned)})"


def _adopted(item: Kept) -> str:
    return f"({_signed(item.adopted)})"


def _signed(points: int | None) -> str:
    return "none" if points is None else f"{points:+d}"
