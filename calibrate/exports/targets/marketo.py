"""Adobe Marketo Engage: score tokens for its REST API, and a build sheet for the smart campaign that adds them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from calibrate.document.rules import Rules
from calibrate.errors import shown
from calibrate.exports.naming import fields, inputs_of, named
from calibrate.exports.products.build_sheet import (
    band_lines,
    criteria_table,
    escaped,
    gate_lines,
    sheet,
    signed,
    value_teller,
    worked_table,
)
from calibrate.exports.products.criteria import (
    SCORE_ONLY,
    Criterion,
    case_notes,
    doubts,
    shows_part_of,
    text_faults,
    with_base,
)
from calibrate.exports.products.degraded import left_of
from calibrate.exports.target import Export, ExportError, Loss, Options, Target

PATH = "/rest/asset/v1/folder/{id}/tokens.json"
_LONGEST = 50
_LOSSES = (
    Loss("points", "approximated", "a smart campaign adds points when it runs, not when a value changes: run it anew "
         "each night, from 0"),
    Loss("gates", "approximated", "a flow step of its own sets the score of such leads, after the points; a band of "
         "their own takes a smart list"),
    Loss("caps", "refused", "Change Score has no cap; a cap takes a score field and a chain of campaigns a group"),
    Loss("limits", "refused", "a score of Marketo has no lowest and no highest value; that takes further campaigns"),
    Loss("bands", "approximated", "a score of Marketo has no bands; make a smart list for each edge"),
    *SCORE_ONLY,
)  # fmt: skip


def export(rules: Rules, options: Options) -> Export:
    """A token for every criterion, as the calls that make them."""
    found = fields(
        rules,
        options,
        "marketo",
        clean=lambda name: " ".join(name.replace("{", "(").replace("}", ")").split()) or "Field",
        allowed=lambda field: field.isprintable() and bool(field.strip()) and "{{" not in field,
        same=str.casefold,
    )
    faults = [f"marketo: {fault}" for fault in text_faults(rules, 255, ("{{",), gates=True)]
    added = with_base(rules, "marketo")
    tokens = _tokens(added)
    faults += [
        f"marketo: rule {shown(item.rule.id)}: found the token name {shown(name)} of {len(name)} characters, expected "
        f"at most {_LONGEST}; shorten the id of the rule"
        for item, name in zip(added, tokens, strict=True)
        if len(name) > _LONGEST
    ]
    if faults:
        raise ExportError(dict.fromkeys(faults))
    runs = left_of(rules, ("caps", "limits"))
    calls = [_call(name, item) for name, item in zip(tokens, added, strict=True)]
    notes = (
        f"Put the id of the program for {{id}} in {PATH}; a token that is there already gets the new value.",
        "How a flow step names a token and a choice is from memory.",
        *case_notes(rules, "Marketo"),
        *(
            ["contains may also find a value inside a longer one; no value of a set may be part of another."]
            if any(shows_part_of(item) for item in added)
            else []
        ),
        *named(found),
        *doubts(rules),
    )
    return Export(
        files={
            "rules.marketo.json": (json.dumps(calls, ensure_ascii=False, indent=1) + "\n").encode(),
            "rules.marketo.md": _sheet(rules, runs or rules, found, added, tokens, notes),
        },
        inputs=inputs_of(rules, found),
        losses=_LOSSES,
        runs=runs,
        notes=notes,
    )


TARGET = Target(
    name="marketo",
    writes="score tokens for the REST API of Marketo Engage, and a build sheet",
    proof="not executed: Marketo cannot be run here; the calls are checked against the published shape of its API",
    export=export,
)


def _tokens(criteria: Sequence[Criterion]) -> list[str]:
    """A name for every criterion: the rule and its number there."""
    counts: dict[str, int] = {}
    names = []
    for item in criteria:
        number = counts[item.rule.id] = counts.get(item.rule.id, 0) + 1
        names.append(f"{item.rule.id}_{number:02}" if item.places else "score_base")
    return names


def _call(name: str, item: Criterion) -> Any:
    form = {"name": name, "type": "score", "value": str(item.points), "folderType": "Program"}
    return {"method": "POST", "path": PATH, "form": form}


def _sheet(
    rules: Rules,
    runs: Rules,
    found: dict[str, str],
    criteria: Sequence[Criterion],
    tokens: Sequence[str],
    notes: Sequence[str],
) -> bytes:
    names = {id(item): name for item, name in zip(criteria, tokens, strict=True)}
    steps = [
        "Make a program for the score, and in it the score tokens below: send rules.marketo.json, each call with its "
        "form as application/x-www-form-urlencoded.",
        "Make a batch smart campaign for all leads, to run each night. Its first flow step: Change Data Value, Lead "
        "Score, 0.",
        "For each rule one flow step Change Score of Lead Score, with a choice for each of its rows, in their order: "
        "the change is the token, written {{my.name of the token}}. Default choice: do nothing.",
        "For each gate, the last one first, a flow step Change Data Value that sets Lead Score to the score of the "
        "gate where its condition holds.",
        "Run it on a static list of the worked leads below and check their scores; then schedule it.",
    ]
    columns = {
        "rule": lambda item: escaped(item.rule.id),
        "token": lambda item: f"`{names[id(item)]}`",
        "points": lambda item: signed(item.points),
    }
    sections = {
        "Criteria": criteria_table(found, criteria, columns),
        "Worked leads": worked_table(runs, value_teller(found)),
        "Gates": gate_lines(rules, found),
        "Bands": band_lines(rules),
    }
    return sheet(rules, "Marketo Engage", steps, sections, _LOSSES, notes)
