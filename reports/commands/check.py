"""Whether rules still hold, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from calibrate.meeting.checking import Check
from calibrate.meeting.grades import (
    BandOrder,
    BandRate,
    BaseRate,
    ChangedLevel,
    Finding,
    Grade,
    Inflation,
    Levels,
    Missing,
    Mix,
    NewValues,
    NotChecked,
    Promises,
    Vanished,
    Why,
)
from calibrate.meeting.newer import LeadFile
from reports.commands.english import ENGLISH, count, lift, percent, percent_range, signed
from reports.commands.leads import counted_sentence, seen_sentence
from reports.wording.numbers import plain
from reports.wording.results import listed_names

_MOST = 5
GRADE_WORDS: dict[Grade, str] = {"act": "Act", "look": "Look", "ok": "Holds"}
_WHY: dict[Why, str] = {
    "outcomes": "it is not known who was won; say it with --outcome COLUMN=VALUE",
    "evidence": "the rules do not tell what history they come from",
    "reference": "the rules do not tell the scores of their history, or all had the same",
    "bands": "the rules have no bands",
    "chances": "the rules promise no chance of conversion",
    "dates": "the leads have no dates, or the rules do not tell which column holds them",
    "months": "the leads came in within fewer than three months",
    "threshold": "the rules name no score from which leads are handed to sales",
    "same leads": "these very leads made the rules",
}


def check_lines(check: Check) -> tuple[str, ...]:
    """What to act on first, then what to look at, what holds, and what could not be asked."""
    lines = [counted_sentence(check.file), *_seen(check)]
    for grade in ("act", "look"):
        lines += [f"{GRADE_WORDS[grade]}: {sentence(item)}" for item in check.of_grade(grade)]
    lines += _holding(check.of_grade("ok"))
    lines += _not_asked(check.not_checked)
    return (*lines, _summary(check))


def sentence(finding: Finding) -> str:
    """A finding in one line, its subject first."""
    start = f"{plain(finding.subject)}: " if finding.subject else ""
    return start + _text(finding)


def why_not(item: NotChecked) -> str:
    """Why a question could not be asked."""
    return _WHY[item.why]


def remarks(file: LeadFile) -> Iterator[str]:
    """What the reader must know of how the leads were read and counted."""
    yield from file.reading
    if file.undated:
        yield f"There is no column {plain(file.undated)}: it is not known when the leads came in, nor how old they are."
    if file.doubtful:
        named = ", ".join(map(plain, file.doubtful[:_MOST]))
        yield f"These outcomes count as lost, though such leads may still be won: {named}."


def _text(finding: Finding) -> str:
    match finding.figures:
        case BaseRate():
            return _base_rate(finding.figures)
        case Levels():
            return _levels(finding.figures)
        case Mix():
            return _mix(finding, finding.figures)
        case Missing():
            return _missing(finding.figures)
        case NewValues():
            return _new_values(finding.figures)
        case Vanished(cases=cases):
            named = ", ".join(f"{plain(label)} ({leads:.0f} expected)" for label, leads in cases[:_MOST])
            return f"no lead has {named} any more; was a value renamed?"
        case BandOrder():
            return _band_order(finding.figures)
        case Promises():
            return _promises(finding.figures)
        case Inflation():
            return _inflation(finding, finding.figures)


def _base_rate(figures: BaseRate) -> str:
    change = figures.change
    sure = "beyond chance: every lift and chance moves with it" if change.p_value < 0.05 else "which may be chance"
    return (
        f"of {count(change.new.leads)} leads {percent(change.new.rate)} were won, of the history "
        f"{percent(change.old.rate)}: {lift(change.difference)} percentage points (95% range "
        f"{lift(change.low)} to {lift(change.high)}), {sure}."
    )


def _levels(figures: Levels) -> str:
    if not figures.changed:
        return f"none of {count(figures.tested)} levels converts otherwise than history lets expect, beyond chance."
    named = "; ".join(map(_level, figures.changed[:_MOST]))
    more = len(figures.changed) - _MOST
    return (
        f"{count(len(figures.changed))} of {count(figures.tested)} levels convert otherwise than history lets expect, "
        f"beyond chance: {named}" + (f"; {count(more)} more." if more > 0 else ".")
    )


def _level(level: ChangedLevel) -> str:
    turned = ", on the other side of the average now" if level.reversed else ""
    return (
        f"{plain(level.attribute)} = {plain(level.label)} ({signed(level.points)} points) had a lift of "
        f"{lift(level.change.old)}, now {lift(level.change.new)}{turned}"
    )


def _mix(finding: Finding, figures: Mix) -> str:
    index, what = figures.index, "scores" if finding.kind == "score mix" else "values"
    size = {"ok": "spread as they did", "look": "spread otherwise", "act": "spread very differently"}[finding.grade]
    return (
        f"{what} {size} (stability index {index.value:.3f}; chance alone reaches {index.chance_point:.3f}): "
        f"{plain(figures.moved)} had {percent(figures.share_then)} of the leads, now {percent(figures.share_now)}."
    )


def _missing(figures: Missing) -> str:
    if figures.absent:
        return "the file has no such column, so it is missing for every lead; was it renamed?"
    return f"missing for {percent(figures.now)} of the leads, in the history {percent(figures.then or 0.0)}."


def _new_values(figures: NewValues) -> str:
    named = ", ".join(f"{plain(value)} ({count(leads)})" for value, leads in figures.values)
    return (
        f"{count(figures.leads)} leads ({percent(figures.now)}, in the history {percent(figures.then)}) have a value "
        "that no case names" + (f": {named}." if named else ".")
    )


def _band_order(figures: BandOrder) -> str:
    listed = ", ".join(f"{plain(band.band)} {percent(band.rate)}" for band in figures.bands)
    if not figures.inverted:
        return f"better bands convert better: {listed}."
    named = [
        f"{plain(better)} less than {plain(worse)} ({'beyond chance' if p < 0.05 else 'may be chance'})"
        for better, worse, p in figures.inverted
    ]
    return f"bands are out of order: {listed_names(named, ENGLISH)} ({listed})."


def _promises(figures: Promises) -> str:
    every = figures.all
    start = f"{percent(every.promised or 0.0)} of all leads were promised, {percent(every.rate)} came"
    if not figures.broken:
        return f"{start}; each band keeps its promise."
    return f"{start}; out of range: {'; '.join(map(_promise, figures.broken))}."


def _promise(band: BandRate) -> str:
    return (
        f"{plain(band.band)} promised {percent(band.promised or 0.0)}, {percent(band.rate)} came (99% range "
        f"{percent_range(band.low, band.high)})"
    )


def _inflation(finding: Finding, figures: Inflation) -> str:
    first, last = figures.months[0], figures.months[-1]
    then, now = (f"{percent(month.above / month.leads)} of the leads of {month.month}" for month in (first, last))
    start = f"score {count(figures.threshold)} and up: {then}, {now}"
    match finding.grade:
        case "act":
            return f"{start}: ever more leads pass, and ever fewer of these are won; raise the threshold."
        case "look":
            return f"{start}: ever more leads pass; see whether sales can keep up."
        case _:
            return f"{start}: no rise beyond chance."


def _seen(check: Check) -> list[str]:
    (seen,) = check.file.seen
    return [] if seen.how == "no" else [seen_sentence("", seen)]


def _holding(findings: Iterable[Finding]) -> list[str]:
    counts = Counter(item.kind for item in findings)
    named = [kind if number == 1 else f"{kind} ({number} times)" for kind, number in counts.items()]
    return [f"{GRADE_WORDS['ok']}: {', '.join(named)}."] if named else []


def _not_asked(items: Iterable[NotChecked]) -> list[str]:
    by_why: dict[Why, list[str]] = {}
    for item in items:
        by_why.setdefault(item.why, []).append(f"{item.kind} of {plain(item.subject)}" if item.subject else item.kind)
    return [f"Not asked: {', '.join(names)}; {_WHY[why]}." for why, names in by_why.items()]


def _summary(check: Check) -> str:
    act, look = (len(check.of_grade(grade)) for grade in ("act", "look"))
    if check.grade == "ok":
        return "The rules hold on these leads, as far as could be asked." if check.findings else "Nothing was asked."
    return f"{count(act)} to act on, {count(look)} to look at."
