"""Whether newer leads are like those that made the rules: scores, levels, missing values, values without points."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from calibrate.document.lead_score import outcome_label, used
from calibrate.document.rules import Rule, Rules
from calibrate.meeting.grades import Finding, Grade, Missing, Mix, NewValues, NotChecked, Vanished
from calibrate.meeting.matching import attribute_name, evidence_at, missing_stands_with_otherwise
from calibrate.meeting.newer_counts import NewerCounts
from calibrate.statistics.bands import equal_bands
from calibrate.statistics.change import rate_change
from calibrate.statistics.drift import StabilityIndex, stability_index
from calibrate.statistics.ranking import ScoreCounts

LITTLE, MUCH = 0.10, 0.25  # stability index: the usual words for worth a look, and a lot
SURE = 0.05
MISSING_LOOK, MISSING_ACT = 0.05, 0.20  # change of the share of leads without a value
NEW_LOOK, NEW_ACT = 0.01, 0.10  # growth of the share of leads with a value that no case names
FEWEST_EXPECTED = 5.0
_MOST_SHOWN = 5
Ints = npt.NDArray[np.int64]


def mix_findings(rules: Rules, counts: NewerCounts) -> Iterator[Finding | NotChecked]:
    """What the leads say of scores and of every rule."""
    yield _score_mix(rules, counts.by_rule.scores)
    for rule, (now, _) in zip(rules.rules, counts.by_rule.ways, strict=True):
        yield from _rule_findings(rules, rule, now, counts.unnamed.counts, absent=rule.attr not in counts.columns)
    gated = {gate.when.attr for gate in rules.gates} - {rule.attr for rule in rules.rules}
    for name in used(rules):
        if name in gated and name not in counts.columns:
            yield Finding("missing values", name, "act", Missing(None, 1.0, absent=True))


def _rule_findings(
    rules: Rules, rule: Rule, now: Ints, unnamed: Mapping[str, Counter[str]], *, absent: bool
) -> Iterator[Finding | NotChecked]:
    name = attribute_name(rules, rule)
    if absent:
        yield Finding("missing values", name, "act", Missing(None, 1.0, absent=True))
        return
    then = expected_leads(rule)
    if not then.sum():
        yield NotChecked("attribute mix", name, "evidence")
        return
    if missing_stands_with_otherwise(rule):
        now = np.array([*now[:-2], now[-2:].sum(), 0], np.int64)
    else:
        yield _missing(name, then, now)
    labels = [outcome_label(rule, place) for place in range(len(now))]
    index = stability_index(then, now)
    if index is not None:
        yield Finding("attribute mix", name, mix_grade(index), _mix(index, labels, then, now))
    if rule.attr in unnamed:
        yield _new_values(name, then, now, unnamed[rule.attr])
    expected = then / then.sum() * now.sum()
    gone = tuple(
        (labels[place], float(expected[place]))
        for place in range(len(rule.cases))
        if expected[place] >= FEWEST_EXPECTED and not now[place]
    )
    if gone:
        yield Finding("vanished cases", name, "look", Vanished(gone))


def expected_leads(rule: Rule) -> Ints:
    """Leads of the history by outcome of a rule: its cases, otherwise, missing; 0 where there is no evidence."""
    found = [evidence_at(rule, place) for place in range(len(rule.cases) + 2)]
    return np.array([0 if evidence is None else evidence.leads for evidence in found], np.int64)


def mix_grade(index: StabilityIndex) -> Grade:
    """By the usual words, where it is more than chance would do to so many leads."""
    if index.value <= LITTLE or index.p_value >= SURE:
        return "ok"
    return "act" if index.value > MUCH else "look"


def _score_mix(rules: Rules, scored: ScoreCounts) -> Finding | NotChecked:
    """The scores in tenths of the reference; as few as one tenth says nothing."""
    if rules.reference is None:
        return NotChecked("score mix", None, "reference")
    counts = ScoreCounts(rules.reference.scores, rules.reference.counts, (0,) * len(rules.reference.scores))
    bands = equal_bands(counts)[::-1]
    starts = [band.score_from for band in bands]
    places = np.searchsorted(starts[1:], scored.scores, side="right")
    now = np.bincount(places, scored.leads, minlength=len(bands)).astype(np.int64)
    then = np.array([band.leads for band in bands], np.int64)
    index = stability_index(then, now)
    if index is None:
        return NotChecked("score mix", None, "reference")
    labels = [f"{band.score_from} to {band.score_to}" for band in bands]
    return Finding("score mix", None, mix_grade(index), _mix(index, labels, then, now))


def _mix(index: StabilityIndex, labels: Sequence[str], then: Ints, now: Ints) -> Mix:
    shares = then / then.sum(), now / now.sum()
    most = int(np.argmax(np.abs(shares[1] - shares[0])))
    return Mix(index, labels[most], float(shares[0][most]), float(shares[1][most]))


def _missing(name: str, then: Ints, now: Ints) -> Finding:
    change = rate_change((int(then[-1]), int(then.sum())), (int(now[-1]), int(now.sum())))
    before, after = float(then[-1] / then.sum()), float(now[-1] / now.sum())
    sure = change is not None and change.p_value < SURE
    return Finding(
        "missing values", name, _graded(abs(after - before), MISSING_LOOK, MISSING_ACT, sure=sure),
        Missing(before, after, absent=False),
    )  # fmt: skip


def _new_values(name: str, then: Ints, now: Ints, unnamed: Counter[str]) -> Finding:
    """Values without a case of their own, of which history had as many as `otherwise` counts."""
    change = rate_change((int(then[-2]), int(then.sum())), (int(now[-2]), int(now.sum())))
    before, after = float(then[-2] / then.sum()), float(now[-2] / now.sum())
    sure = change is not None and change.p_value < SURE
    commonest = sorted(unnamed.items(), key=lambda item: (-item[1], item[0]))[:_MOST_SHOWN]
    figures = NewValues(before, after, int(now[-2]), tuple(commonest))
    return Finding("new values", name, _graded(after - before, NEW_LOOK, NEW_ACT, sure=sure), figures)


def _graded(change: float, look: float, act: float, *, sure: bool) -> Grade:
    if not sure or change < look:
        return "ok"
    return "act" if change >= act else "look"
