"""Where decisions of people stand in rules that are learned anew.

::

    decided      Utrecht fair +25          6 and up +25
    learned      too few leads: other      cut at the same numbers as before
    placed       a case of its own         6 and up, counted anew
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator
from functools import reduce

from calibrate.document.decisions import Override
from calibrate.document.rules import Case, Condition, Has, In, Is, Range, Rule, Rules
from calibrate.meeting.matching import keyed_rules
from calibrate.settings import Settings

_LOWEST = -1e308  # where a bin of all numbers starts


def with_cuts(settings: Settings, previous: Rules, columns: Collection[str]) -> Settings:
    """The settings with the cuts of every number of which people decided about a range.

    All bins of the previous rules stay, so that each is counted anew; where the settings have bins of their own, these
    are cut where the ranges end.  columns: of the leads; what is not among them is left alone.
    """
    found = dict(settings.attributes)
    for rule in previous.rules:
        own = settings.attribute(rule.attr)
        decided = [case for case in rule.cases if case.override is not None]
        cuts = {*own.bins, *_ends(decided)} if own.bins else _ends(rule.cases)
        if rule.attr in columns and _ends(decided):
            found[rule.attr] = own.model_copy(update={"bins": sorted(cuts)})
    return settings.model_copy(update={"attributes": found})


def with_places(new: Rules, previous: Rules, day: str | None = None) -> Rules:
    """The new rules with a case for what people decided and no level of theirs holds, with points as without it.

    Such are values that have too few leads by now, or none. What the new rules do not read has no place.
    day: on which a decision must still hold; None takes all.
    """
    before = dict(keyed_rules(previous))
    changed = []
    for key, rule in keyed_rules(new):
        then = before.get(key)
        if then is not None and _kind(previous, then) == _kind(new, rule):
            decided = (case for case in then.cases if case.override is not None and holds_on(case.override, day))
            changed.append(reduce(_with_place, decided, rule))
        else:
            changed.append(rule)
    return new.model_copy(update={"rules": tuple(changed)})


def holds_on(override: Override, day: str | None) -> bool:
    """Whether a decision still holds on a day; on no day in particular all do."""
    return day is None or override.expires is None or day < override.expires


def holds_all(outer: Condition, inner: Condition) -> bool:
    """Whether the outer condition is true wherever the inner one is."""
    match outer, inner:
        case In(), In():
            return set(inner.in_) <= set(outer.in_)
        case Range(), Range():
            return _start(outer) <= _start(inner) and _end(inner) <= _end(outer)
    return outer == inner


def threshold_decided(rules: Rules) -> bool:
    """Whether people chose the threshold: a meeting did, or it stands there without places of sales it follows from."""
    report = (rules.made_by.settings or {}).get("report")
    follows = isinstance(report, dict) and report.get("capacity") is not None
    by_meeting = any(entry.threshold is not None for entry in rules.changelog or ())
    return rules.threshold is not None and (by_meeting or not follows)


def _kind(rules: Rules, rule: Rule) -> str:
    kind = rules.attributes[rule.attr].type
    return "category" if kind == "text" else kind


def _with_place(rule: Rule, decided: Case) -> Rule:
    """The rule in which whole cases hold what was decided about; bins rise, values stand last."""
    wanted = decided.when
    cases = list(rule.cases)
    if isinstance(wanted, In):
        cases = [_without(case, wanted) for case in cases]
    for when in list(_unplaced(wanted, cases)):
        label = decided.label if when == wanted else None
        cases.append(Case(when=when, points=rule.otherwise, label=label))
    if isinstance(wanted, Range):
        cases.sort(key=lambda case: _start(case.when) if isinstance(case.when, Range) else math.inf)
    return rule.model_copy(update={"cases": tuple(cases)})


def _without(case: Case, wanted: In) -> Case:
    """A case of values without those that were decided about, unless it holds none but these."""
    if not isinstance(case.when, In) or holds_all(wanted, case.when):
        return case
    kept = tuple(value for value in case.when.in_ if value not in wanted.in_)
    return case.model_copy(update={"when": In(in_=kept)})


def _unplaced(wanted: Condition, cases: list[Case]) -> Iterator[Condition]:
    """What no case holds of a condition."""
    match wanted:
        case In():
            named = {value for case in cases if isinstance(case.when, In) for value in case.when.in_}
            if left := tuple(value for value in wanted.in_ if value not in named):
                yield In(in_=left)
        case Range():
            bins = sorted((case.when for case in cases if isinstance(case.when, Range)), key=_start)
            yield from _gaps(wanted, bins)
        case Is() | Has():
            if all(case.when != wanted for case in cases):
                yield wanted


def _gaps(wanted: Range, bins: Iterable[Range]) -> Iterator[Range]:
    """The parts of a range in none of the bins, which rise."""
    reached = _start(wanted)
    for item in bins:
        if reached < _start(item) and reached < _end(wanted):
            yield _range(reached, min(_start(item), _end(wanted)))
        reached = max(reached, _end(item))
    if reached < _end(wanted):
        yield _range(reached, _end(wanted))


def _range(start: float, end: float) -> Range:
    return Range(ge=None if start == -math.inf else start, lt=None if end == math.inf else end)


def _start(item: Range) -> float:
    return -math.inf if item.ge is None or item.ge <= _LOWEST else item.ge


def _end(item: Range) -> float:
    return math.inf if item.lt is None else item.lt


def _ends(cases: Collection[Case]) -> set[float]:
    ranges = [case.when for case in cases if isinstance(case.when, Range)]
    return {end for item in ranges for end in (item.ge, item.lt) if end is not None and end > _LOWEST}
