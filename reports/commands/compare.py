"""What differs between two versions of the rules, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from calibrate.meeting.backtest import Backtest, Handed, Migration, Swap
from calibrate.meeting.comparing import Cause, Comparison, Histories, RuleChange, Version
from calibrate.meeting.matching import PartChange
from calibrate.statistics.rates import Rate
from calibrate.words.language import MINUS
from reports.commands.english import count, lift, pairs, percent, percent_range, signed
from reports.commands.leads import counted_sentence, days, seen_sentence
from reports.wording.numbers import cut, filled, plain

_TOP = 15
_CAUSES: dict[Cause, str] = {
    "level": "the level converts otherwise than it did",
    "base rate": "moved with the overall rate, as all lifts do",
    "chance": "may be chance",
    "decision": "decided by people",
    "same history": "settings or people: the leads are the same",
    "untested": "not tested",
}
_HISTORIES = {
    "same": "Both were made from the same leads, so no difference comes from history.",
    "overlap": "Their histories have days in common, so it cannot be tested whether a change is real: the leads of "
    "those days stand in both. Compare histories that share no day.",
    "undated": "Whether a change is real cannot be tested: the rules do not say from when to when their histories run, "
    "so they may share leads. Make rules with --date.",
    "unknown": "Whether a change is real cannot be tested: one of them does not tell how many leads it was made from.",
}


def compare_lines(comparison: Comparison) -> tuple[str, ...]:
    """What changed, why, and what both documents make of the leads, where there are some."""
    lines = [f"{_named(comparison.old)} against {_named(comparison.new)}"]
    if not comparison.same_scale:
        lines.append("A point is not worth the same in both: the points cannot be compared one by one.")
    lines += _points(comparison)
    lines += _histories(comparison)
    if comparison.parts:
        lines += ["Also changed:", *(f"  {_part(item)}" for item in comparison.parts)]
    if comparison.backtest is not None:
        lines += ["", *_backtest(comparison, comparison.backtest)]
    return tuple(lines)


def verdict_sentence(test: Backtest) -> str:
    """What the leads say of the new rules, and by which rule."""
    verdict, difference = test.verdict, test.difference
    if difference is None:
        return "Cannot tell: it takes leads of which it is known that they were won and others that were lost."
    lowest = _pairs(verdict.margin)
    found = (
        f"against the old ones they have {_pairs(difference.difference)} of 100 won-lost pairs in the right order (95% "
        f"range {_pairs(difference.low)} to {_pairs(difference.high)})"
    )
    match verdict.why:
        case "not worse":
            return f"Adopt the new rules: {found}, and the lower end is above {lowest}."
        case "worse":
            return f"Keep the old rules, for the new ones rank worse beyond chance: {found}."
        case "seen":
            return (
                f"Cannot tell whether to adopt the new rules: {found}, but these leads had a part in making "
                "one of the two that they had not in the other, and flatter it. Take leads that neither has seen."
            )
        case _:
            return (
                f"Cannot tell whether to adopt the new rules: {found}, and the lower end is not above {lowest}. Take "
                "more leads."
            )


def _named(version: Version) -> str:
    source = f" ({_period(version)})" if version.source else ""
    return f"{plain(version.id)} version {plain(version.version)}{source}"


def _period(version: Version) -> str:
    return plain(version.source or "") + days(version.first_day, version.last_day)


def _points(comparison: Comparison) -> Iterator[str]:
    moved = comparison.moved
    new, gone = (sum(getattr(item.pair, side) is None for item in moved) for side in ("old", "new"))
    total = len(comparison.rules)
    if not moved:
        yield f"Points: the same for all {count(total)} outcomes of the rules."
        return
    yield (
        f"Points: {count(len(moved) - new - gone)} of {count(total)} outcomes of the rules get other points, "
        f"{count(new)} are new, {count(gone)} are gone."
    )
    rows = [("old", "new", "rule", "why"), *map(_row, moved[:_TOP])]
    for old, now, rule, why in rows:
        yield f"  {filled(old, 6, right=True)}  {filled(now, 6, right=True)}  {filled(cut(rule, 40), 40)}  {why}"
    if len(moved) > _TOP:
        yield f"  … {count(len(moved) - _TOP)} more; --json tells all"


def _row(item: RuleChange) -> tuple[str, str, str, str]:
    pair = item.pair
    old, new = ("" if level is None else signed(level.points) for level in (pair.old, pair.new))
    return old, new, f"{pair.attribute} = {pair.label}", _why(item)


def _why(item: RuleChange) -> str:
    pair, change = item.pair, item.change
    other = " or ".join(map(signed, pair.elsewhere))
    if pair.old is None:
        return f"new; its leads had {other} before" if other else "new: nothing was read of it before"
    if pair.new is None:
        return f"gone; its leads get {other} now" if other else "gone: nothing is read of it now"
    if change is None or item.q_value is None or item.cause not in ("level", "base rate", "chance"):
        return _CAUSES[item.cause]
    return f"{_CAUSES[item.cause]} (lift {lift(change.old)} to {lift(change.new)}, q {item.q_value:.2g})"


def _histories(comparison: Comparison) -> Iterator[str]:
    histories: Histories = comparison.histories
    if histories.kind != "apart":
        yield _HISTORIES[histories.kind]
        return
    rate, factor = comparison.base_rate, comparison.common_factor
    if rate is not None:
        sure = "beyond chance" if rate.p_value < 0.05 else "which may be chance"
        ends = f"{lift(rate.low)} to {lift(rate.high)}"
        yield (
            f"Overall rate: {percent(rate.old.rate)} then, {percent(rate.new.rate)} now: "
            f"{lift(rate.difference)} percentage points (95% range {ends}), {sure}."
        )
    if factor is not None:
        yield (
            f"All lifts together: {factor.value:.2f} times what they were (about {factor.low:.2f} to "
            f"{factor.high:.2f})" + _factor_advice(comparison)
        )


def _factor_advice(comparison: Comparison) -> str:
    factor, rate = comparison.common_factor, comparison.base_rate
    spread = rate.spread if rate else None
    expected = f"; the overall rate alone would make it {spread:.2f}" if spread is not None else ""
    levels = any(item.cause == "level" for item in comparison.rules)
    if factor is None or factor.low <= 1 <= factor.high or levels:
        return f"{expected}."
    return f"{expected}. No level moved by itself: refresh the chances of conversion, the points may stay."


def _part(item: PartChange) -> str:
    """A part that differs; of what has several entries only those that do."""
    name = f"{item.part} {plain(item.name)}" if item.name else item.part
    old, new = item.old, item.new
    if item.name and new is None:
        return f"{name}: gone"
    if item.name and old is None:
        return f"{name}: new, {_value(new)}"
    if isinstance(old, dict) and isinstance(new, dict):
        keys = [key for key in dict.fromkeys([*old, *new]) if old.get(key) != new.get(key)]
        return f"{name}: {'; '.join(f'{key} {_value(old.get(key))}, now {_value(new.get(key))}' for key in keys)}"
    return f"{name}: {_value(old)}, now {_value(new)}"


def _value(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_value(part)}" for key, part in value.items())
    if isinstance(value, list):
        return f"{count(len(value))} entries"
    if value is None:
        return "none"
    return plain(str(value)).replace("-", MINUS) if isinstance(value, int | float) else plain(str(value))


def _backtest(comparison: Comparison, test: Backtest) -> Iterator[str]:
    yield f"On {counted_sentence(test.file)}"
    if test.file.won is not None and test.file.undated is None:
        yield from _ages(comparison, test.file.mature_days)
    yield from (f"  {line}" for line in map(seen_sentence, ("old", "new"), test.file.seen))
    yield from _migration(test.migration)
    if test.handed is not None:
        yield from (f"  {_handed(which, item)}" for which, item in zip(("old", "new"), test.handed, strict=True))
    if test.swap is not None:
        yield f"  {_swap(test.swap)}"
    old, new = test.auc
    if old is not None and new is not None:
        yield f"  Won before lost in {pairs(old.auc)} of 100 pairs by the old rules, {pairs(new.auc)} by the new ones."
    yield verdict_sentence(test)


def _ages(comparison: Comparison, here: int | None) -> Iterator[str]:
    """From which age leads count here, where a document has it otherwise."""
    versions = {"old": comparison.old.mature_days, "new": comparison.new.mature_days}
    others = {which: days for which, days in versions.items() if (days or 0) != (here or 0)}
    if others:
        there = " and ".join(f"by the {which} rules {_age(days)}" for which, days in others.items())
        yield f"  Here leads count {_age(here)}, {there}."


def _age(days: int | None) -> str:
    return f"from an age of {count(days)} days" if days else "at all ages"


def _migration(migration: Migration) -> Iterator[str]:
    yield "  Leads by band, old rules down, new rules across:"
    names = [cut(name, 12) for name in migration.new]
    rows: list[Sequence[str]] = [["", *names]]
    rows += [[cut(name, 12), *map(count, leads)] for name, leads in zip(migration.old, migration.leads, strict=True)]
    for row in rows:
        yield "    " + filled(row[0], 12) + "".join(filled(cell, 14, right=True) for cell in row[1:])
    if migration.moved_far is not None and migration.kappa is not None:
        yield (
            f"  {percent(migration.moved_far)} move two bands or more; agreement {migration.kappa:.2f} of 1 "
            "(kappa, linear weights)."
        )


def _handed(which: str, item: Handed) -> str:
    month = f" ({item.leads_a_month:,.0f} a month)" if item.leads_a_month is not None else ""
    reached = f", {percent(item.reached)} of all customers" if item.reached is not None else ""
    rate = f", {_rate(item.rate)}{reached}" if item.rate else ""
    return f"From score {count(item.threshold)} by the {which} rules: {count(item.leads)} leads{month}{rate}."


def _swap(swap: Swap) -> str:
    into, out = (
        f"{count(leads)} leads" + (f" ({_rate(rate)})" if rate else "")
        for leads, rate in ((swap.into, swap.into_rate), (swap.out, swap.out_rate))
    )
    sure = ""
    if swap.difference_p is not None:
        sure = "; the difference is beyond chance" if swap.difference_p < 0.05 else "; the difference may be chance"
    return f"In by the new rules alone: {into}. In by the old alone: {out}{sure}."


def _rate(rate: Rate) -> str:
    return f"{percent(rate.rate)} won, 95% range {percent_range(rate.low, rate.high)}"


def _pairs(share: float) -> str:
    """A difference of two shares of pairs with its sign."""
    text = pairs(share)
    return text if text.startswith(MINUS) or text == "0.0" else f"+{text}"
