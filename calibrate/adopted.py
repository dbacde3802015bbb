"""Points that were adopted before stay until history contradicts them: a run with the rules of last quarter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from calibrate.calibration import Calibration
from calibrate.document.rules import Rules
from calibrate.errors import shown
from calibrate.meeting.sticky import Kept, keep_adopted
from calibrate.remarks import Remark, by_harm
from calibrate.words.language import Message, message

_MOST = 4
_ORDER = ("kept", "changed", "override", "expired", "muted", "new", "vanished")


def keep_previous(result: Calibration, previous: Rules) -> Calibration:
    """The calibration with rules that keep the points adopted last, and remarks on what became of them.

    Overrides hold until the day of the newest lead. The evidence stays what this history says.

    Raises:
        SettingsError: a point of the two is not worth the same.
    """
    rules, kept = keep_adopted(previous, result.rules, day=result.last_day, combinations=result.combinations())
    remarks = by_harm([*result.remarks, *(Remark("adopted", text) for text in kept_lines(kept))])
    return replace(result, rules=rules, remarks=remarks)


def kept_lines(kept: Sequence[Kept]) -> tuple[Message, ...]:
    """What became of the points adopted last, a sentence for each kind of it; none when nothing is to be told."""
    by_why = [(why, [item for item in kept if item.why == why]) for why in _ORDER]
    lines = [_line(why, items) for why, items in by_why if items]
    return (*lines, message("remarks.adopted.carried")) if lines else ()


def _line(why: str, items: Sequence[Kept]) -> Message:
    named = [_level(item) for item in items[:_MOST]]
    more = len(items) - _MOST
    levels = message(f"remarks.adopted.levels{'_more' if more > 0 else ''}", levels=named, more=more)
    return message(f"remarks.adopted.{why}", n=len(items), levels=levels)


def _level(item: Kept) -> Message:
    """A level with its points, adopted and learned."""
    name = shown(f"{item.rule} = {item.label}")
    if isinstance(item.label, Message):
        name = message("remarks.adopted.level", rule=item.rule, label=item.label)
    adopted, learned = _signed(item.adopted), _signed(item.learned)
    if item.why in ("new", "vanished"):
        return message("remarks.adopted.points", level=name, points=learned if item.why == "new" else adopted)
    return message(f"remarks.adopted.{_both(item)}", level=name, adopted=adopted, learned=learned)


def _both(item: Kept) -> str:
    if item.why not in ("override", "expired") or item.supported is None:
        return "points_both"
    return "points_supported" if item.supported else "points_unsupported"


def _signed(points: int | None) -> str:
    return message("remarks.adopted.none") if points is None else f"{points:+d}"
