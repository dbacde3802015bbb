"""What Python prints of a result: a few lines, in English as commands answer."""

from __future__ import annotations

from collections.abc import Iterator

from calibrate.calibration import Calibration
from calibrate.document.rules import Rules
from calibrate.exports.fidelity import Fidelity
from calibrate.inspecting import Inspection
from calibrate.meeting.checking import Check
from calibrate.meeting.comparing import Comparison
from calibrate.showing import Shown
from reports.commands.check import check_lines
from reports.commands.compare import compare_lines
from reports.commands.english import ENGLISH, count, signed
from reports.commands.export import export_lines
from reports.wording import results
from reports.wording.numbers import plain


def summary(result: Shown) -> str:
    """The result in a few lines: its kind, its name, how much is in it and what it says."""
    return "\n".join(_lines(result))


def _lines(result: Shown) -> Iterator[str]:
    match result:
        case Calibration():
            yield from _calibration(result)
        case Rules():
            yield from _rules(result)
        case Comparison():
            yield from _comparison(result)
        case Check():
            asked, *_, verdict = check_lines(result)
            yield f"Check of {plain(result.id)} version {plain(result.version)} on {asked}"
            yield verdict
        case Fidelity():
            yield from (line.rstrip() for line in export_lines((result,), checked=False)[: 2 + len(result.losses)])
        case Inspection():
            first, *_ = result.lines()
            yield f"Inspection of {first}"
            yield f"outcome: {result.outcome or 'not clear'}"
        case _:
            yield f"{type(result).__name__}()"


def _calibration(found: Calibration) -> Iterator[str]:
    yield f"Calibration of {plain(found.source_name)}: {results.counted_lines(found, ENGLISH)[0]}"
    levels = [level for item in found.attributes for level in item.levels]
    scored = sum(level.points != 0 for level in levels)
    attributes = _many(len(found.attributes), "attribute")
    yield f"{found.column} points: {count(scored)} of {_many(len(levels), 'level')} in {attributes} have points"
    yield results.headline(found, ENGLISH)
    yield f"{_many(len(found.remarks), 'remark')}; see .rules, .to_frame(), .remarks, .combinations()"


def _rules(rules: Rules) -> Iterator[str]:
    title = f": {plain(rules.title)}" if rules.title else ""
    yield f"Rules {plain(rules.id)} version {plain(rules.version)}{title}"
    points = [case.points for rule in rules.rules for case in rule.cases]
    parts = [_many(len(rules.rules), "rule"), _many(len(points), "case")]
    parts += [_many(len(held), word) for held, word in ((rules.gates, "gate"), (rules.groups, "group")) if held]
    span = f", points from {signed(min(points))} to {signed(max(points))}" if points else ""
    handed = "" if rules.handover_score is None else f", handed over from score {count(rules.handover_score)}"
    yield ", ".join(parts) + span + handed


def _comparison(found: Comparison) -> Iterator[str]:
    """Which versions, how many points moved and, where there are leads, the verdict."""
    lines = compare_lines(found)
    yield f"Comparison of {lines[0]}"
    yield from lines[1 : 2 if found.same_scale else 3]
    yield from lines[-1:] if found.backtest else ()


def _many(number: int, word: str) -> str:
    return f"{count(number)} {word}" if number == 1 else f"{count(number)} {word}s"
