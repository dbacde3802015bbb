"""Points that were adopted before stay until history contradicts them: a run with the rules of last quarter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from calibrate.calibration import Calibration
from calibrate.document.draft import capacity_threshold
from calibrate.document.rules import Rules
from calibrate.errors import shown
from calibrate.meeting.combinations import Combinations
from calibrate.meeting.decided import threshold_decided, with_places
from calibrate.meeting.figures import score_counts
from calibrate.meeting.sticky import Kept, keep_adopted
from calibrate.proof.validation import Validation
from calibrate.remarks import Remark, by_harm
from calibrate.statistics.bands import capacity_cut
from calibrate.words.language import Message, language, message

_MOST = 4
_ORDER = ("lost", "kept", "changed", "override", "expired", "muted", "new", "vanished")


def keep_previous(result: Calibration, previous: Rules) -> Calibration:
    """The calibration with rules that keep the points adopted last, and remarks on what became of them.

    Overrides hold until the day of the newest lead. The evidence stays what this history says. A threshold that no
    people decided follows the settings, by the points that the rules carry now.

    Raises:
        SettingsError: a point of the two is not worth the same.
    """
    placed = replace(result, rules=with_places(result.rules, previous, result.last_day))
    combinations = placed.combinations()
    rules, kept = keep_adopted(previous, placed.rules, day=result.last_day, combinations=combinations)
    validation = result.validation
    if any(item.points not in (None, item.learned) for item in kept):
        validation = _with_capacity(validation, rules, combinations)
        if not threshold_decided(previous):
            say = language(result.settings.report.language)
            rules = rules.model_copy(update={"threshold": capacity_threshold(validation, result.settings, say)})
    found = replace(result, rules=rules, validation=validation)
    told = (*_threshold_lines(found, previous), *kept_lines(kept))
    return replace(found, remarks=by_harm([*result.remarks, *(Remark("adopted", text) for text in told)]))


def _with_capacity(validation: Validation | None, rules: Rules, combinations: Combinations) -> Validation | None:
    """What the leads bring that fit into the places of sales, counted again by the points of the rules.

    All counted leads get their part of the places: points that were adopted have no held-out leads of their own.
    """
    if validation is None or validation.capacity is None:
        return validation
    places = validation.capacity.places * combinations.total_leads // validation.leads
    found = capacity_cut(score_counts(rules, combinations), max(places, 1))
    return replace(validation, capacity=found, capacity_of_all=True)


def _threshold_lines(result: Calibration, previous: Rules) -> Iterator[Message]:
    """What became of the score from which leads were handed over, where that needs saying."""
    now, before = result.rules.handover_score, previous.handover_score
    fits = result.validation.capacity.score_from if result.validation and result.validation.capacity else None
    if threshold_decided(previous):
        if fits is not None and fits != now:
            capacity = result.settings.report.capacity
            yield message("remarks.adopted.threshold_decided", score=now, capacity=capacity, fits=fits)
    elif previous.threshold is not None and None not in (now, before) and now != before:
        yield message("remarks.adopted.threshold_moved", score=now, before=before)


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
    name = shown(f"{item.name} = {item.label}")
    if isinstance(item.label, Message):
        name = message("remarks.adopted.level", name=item.name, label=item.label)
    if item.why == "new" or item.adopted is None:
        return message("remarks.adopted.points", level=name, points=item.learned)
    if item.learned is None:
        return message("remarks.adopted.points", level=name, points=item.adopted)
    return message(f"remarks.adopted.{_both(item)}", level=name, adopted=item.adopted, learned=item.learned)


def _both(item: Kept) -> str:
    if item.why not in ("override", "expired") or item.supported is None:
        return "points_both"
    return "points_supported" if item.supported else "points_unsupported"
