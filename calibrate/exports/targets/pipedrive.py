"""Pipedrive Scores: a build sheet. Its points are +25, +10 and -10, and ten criteria are all that it takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from calibrate.document.rules import Rules, Score
from calibrate.exports.naming import fields, inputs_of, named
from calibrate.exports.products.build_sheet import (
    criteria_table,
    gate_lines,
    sheet,
    signed,
    value_teller,
    worked_table,
)
from calibrate.exports.products.criteria import (
    SCORE_ONLY,
    Criterion,
    criteria,
    doubts,
    evidence_of,
    points_of,
    text_faults,
    with_base,
    with_points,
)
from calibrate.exports.products.degraded import left_of, recut
from calibrate.exports.target import Export, ExportError, Loss, Options, Target

LEVELS = (25, 10, -10, 0)
MOST = 10
_GROUPS = {25: "Highly positive", 10: "Slightly positive", -10: "Negative"}
_LOSSES = (
    Loss("points", "approximated", "the strongest points become 25, the others the nearest of 25, 10, -10 and none on "
         "that scale, and the ten criteria that weigh most are kept"),
    Loss("otherwise", "approximated", "kept only where it is one of the ten criteria"),
    Loss("missing", "approximated", "kept only where it is one of the ten criteria"),
    Loss("gates", "refused", "a score of Pipedrive only adds; keep such deals out by a filter or another pipeline"),
    Loss("caps", "refused", "groups of Pipedrive have no caps"),
    Loss("limits", "refused", "Pipedrive shows the score on its own scale from 0 to 100"),
    Loss("bands", "refused", "Pipedrive has no bands; make a filter on the score"),
    *SCORE_ONLY,
)  # fmt: skip


def export(rules: Rules, options: Options) -> Export:
    """The criteria to click together, and the rules that they are."""
    found = fields(
        rules,
        options,
        "pipedrive",
        clean=lambda name: " ".join(name.split()) or "Field",
        allowed=lambda field: field.isprintable() and bool(field.strip()),
        same=str.casefold,
    )
    if faults := [f"pipedrive: {fault}" for fault in text_faults(rules, 255)]:
        raise ExportError(faults)
    with_base(rules, "pipedrive")
    kept = strongest(rules)
    runs = _only(rules, kept)
    runs = runs.model_copy(update={"bands": recut(rules, runs)})
    notes = (
        "Pipedrive scores deals, not leads, and a pipeline at a time: the fields must be fields of the deal.",
        "Pipedrive shows 0 to 100: 100 where every positive criterion holds and no negative one, 0 where only "
        "negative ones do. What is lost is measured on the sum of the points, before that.",
        *(_band_note(rules, runs)),
        *named(found),
        *doubts(rules),
    )
    return Export(
        files={"rules.pipedrive.md": _sheet(rules, runs, found, kept, notes)},
        inputs=inputs_of(rules, found),
        losses=_LOSSES,
        runs=runs,
        notes=notes,
    )


TARGET = Target(
    name="pipedrive",
    writes="a build sheet for Pipedrive Scores",
    proof="not executed: Pipedrive cannot be run here, and takes no file; the sheet is to be clicked together",
    export=export,
)


def quantised(rules: Rules) -> Rules:
    """The rules with points of Pipedrive: the highest become 25; without any above 0, the lowest become -10."""
    every = [points for rule in rules.rules for points in points_of(rule)]
    top = max(every, default=0)
    ours, theirs = (top, 25) if top > 0 else (-min(every, default=0), 10)
    changed = (with_points(rule, [_level(points, ours, theirs) for points in points_of(rule)]) for rule in rules.rules)
    return rules.model_copy(update={"rules": tuple(changed)})


def _level(points: int, ours: int, theirs: int) -> int:
    """The nearest level to points * theirs / ours, the larger one in the middle; in whole numbers."""
    return min(LEVELS, key=lambda level: (abs(level * ours - points * theirs), -abs(level)))


def strongest(rules: Rules) -> tuple[Criterion, ...]:
    """The ten criteria of Pipedrive's points that move scores most, in the order of the document.

    Source: their part of the variance of the score, leads * points^2; without counts of all cases, the points.
    """
    originals = {rule.id: rule for rule in rules.rules}  # with the evidence
    every = [replace(item, rule=originals[item.rule.id]) for item in criteria(quantised(rules))]
    known = all(case.evidence for rule in rules.rules for case in rule.cases)
    weights = [(_leads(item) if known else 1) * item.points**2 for item in every]
    best = sorted(range(len(every)), key=lambda place: (-weights[place], place))[:MOST]
    return tuple(every[place] for place in sorted(best))


def _leads(item: Criterion) -> int:
    evidence = evidence_of(item.rule)
    return sum(one.leads for place in item.places if (one := evidence[place]))


def _only(rules: Rules, kept: Sequence[Criterion]) -> Rules:
    """The rules with the points of these criteria and no others."""
    points = {(item.rule.id, place): item.points for item in kept for place in item.places}
    changed = tuple(
        with_points(rule, [points.get((rule.id, place), 0) for place in range(len(rule.cases) + 2)])
        for rule in rules.rules
    )
    left = left_of(rules, ("gates", "caps", "limits"), rules=changed, score=Score())
    return rules.model_copy(update={"tests": ()}) if left is None else left


def _band_note(rules: Rules, runs: Rules) -> tuple[str, ...]:
    if not rules.bands:
        return ()
    if not runs.bands:
        return ("What is lost is measured without bands: these take counts and a reference to be cut anew.",)
    edges = ", ".join(f"{band.name} from {band.from_}" for band in runs.bands if band.from_ is not None)
    return (
        f"What is lost is measured with bands cut anew on the sum of the points ({edges}), to hold about as many leads "
        "as before; they are worked out as if attributes were independent.",
    )


def _sheet(rules: Rules, runs: Rules, found: dict[str, str], kept: Sequence[Criterion], notes: Sequence[str]) -> bytes:
    steps = [
        "Make the deal fields below, if Pipedrive has them not, and fill them.",
        "Pulse, Scores, + Score: give it a name, choose deals and the pipeline.",
        "Add each row below as a criterion of its group, and name it by its number.",
        "Look at deals such as the worked ones below in the preview: the criteria that hold must add up to the points "
        "there; then activate.",
    ]
    columns = {"group": lambda item: f"{_GROUPS[item.points]} ({signed(item.points)})"}
    sections = {
        "Criteria": criteria_table(found, kept, columns),
        "Worked deals": worked_table(
            runs, value_teller(found), ("sum of the points", lambda scored: signed(scored.score))
        ),
        "Gates, to be done outside": gate_lines(rules, found),
    }
    return sheet(rules, "Pipedrive Scores", steps, sections, _LOSSES, notes)
