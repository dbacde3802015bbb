"""Odoo CRM: the frequency table of its predictive lead scoring, from the evidence, and a build sheet.

Odoo takes no points. It multiplies shares: of the won leads, and of the lost ones, that have a value; the counts
start at 0.1. The logarithm of that is a sum, so what Odoo does is said here as points again: 100 for each unit of
log-odds.
Source: addons/crm/models/crm_lead.py of Odoo 18, _pls_get_naive_bayes_probabilities.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from calibrate.document.lead_score import LeadScore, condition_text, outcome_of, read_value
from calibrate.document.rules import Has, LeadValue, Probability, Rule, Rules, Score
from calibrate.errors import shown
from calibrate.exports.naming import fields, identifier, inputs_of, named
from calibrate.exports.products.build_sheet import escaped, quoted, sheet, table, worked_table
from calibrate.exports.products.criteria import SCORE_ONLY, with_points
from calibrate.exports.products.degraded import left_of, recut
from calibrate.exports.target import Export, ExportError, Loss, Options, Target

START = 0.1
TAG, FEWEST = "tag_id", 50
SCALE = 100
_FIRST_STAGE = "id of the first stage"
_SHELL = """```python
import json
with open("rules.odoo.json", encoding="utf-8") as file:
    records = json.load(file)["records"]
counts = env["crm.lead.scoring.frequency"]
counts.search([]).unlink()
counts.create(records)
env.cr.commit()
```""".splitlines()
_LOSSES = (
    Loss("points", "approximated", "Odoo learns its own from the counts, as if attributes did not overlap"),
    Loss("otherwise", "refused", "Odoo passes over a value that its table has not"),
    Loss("missing", "refused", "Odoo passes over a field without a value"),
    Loss("gates", "refused", "Odoo has none; mark such leads as lost"),
    Loss("caps", "refused", "Odoo has no groups"),
    Loss("limits", "refused", "Odoo gives a probability from 0.01 to 99.99 %"),
    Loss("bands", "refused", "Odoo has no bands; make a filter on the probability"),
    *(loss for loss in SCORE_ONLY if loss.feature != "probability"),
    Loss("probability", "approximated", "that of Odoo, from the same counts, which knows nothing of overlap"),
)


@dataclass(frozen=True, slots=True)
class Frequency:
    """A row of the table. place: of the case of the rule that it comes from."""

    rule: Rule
    place: int
    variable: str
    value: str
    won: int
    lost: int


def export(rules: Rules, options: Options) -> Export:
    """The table with its settings, and the rules that Odoo makes of them."""
    found = fields(
        rules,
        options,
        "odoo",
        clean=lambda name: identifier(name).lower(),
        allowed=lambda field: field == identifier(field).lower(),
        taken=["stage_id", "team_id"],
    )
    rows = _frequencies(rules, found)
    won, lost = _totals(rules, rows)
    runs = _runs(rules, rows, won, lost)
    variables = list(dict.fromkeys(row.variable for row in rows))
    body = {
        "made_for": "Odoo 17 and 18, model crm.lead.scoring.frequency",
        "made_from": {"id": rules.id, "version": rules.version},
        "settings": {
            "crm.pls_fields": ",".join("tag_ids" if name == TAG else name for name in variables),
            "crm.pls_start_date": rules.made_by.from_,
        },
        "records": [_record("stage_id", _FIRST_STAGE, won, lost)]
        + [_record(row.variable, row.value, row.won, row.lost) for row in rows],
    }
    notes = (*_notes(rules, rows), *named(found))
    return Export(
        files={
            "rules.odoo.json": (json.dumps(body, ensure_ascii=False, indent=1) + "\n").encode(),
            "rules.odoo.md": _sheet(rules, rows, variables, runs, notes),
        },
        inputs=inputs_of(rules, found),
        losses=_LOSSES,
        runs=runs,
        notes=notes,
    )


TARGET = Target(
    name="odoo",
    writes="the frequency table of Odoo's predictive lead scoring, and a build sheet",
    proof="not executed: Odoo cannot be run here; what it does with the table is worked out from its source",
    export=export,
)


def _frequencies(rules: Rules, found: Mapping[str, str]) -> list[Frequency]:
    """A row for every case with its counts; the values of a set are tags.

    Raises:
        ExportError: a case has no counts, or an attribute is read by two rules.
    """
    faults: list[str] = []
    rows: list[Frequency] = []
    first: dict[str, str] = {}
    for number, rule in enumerate(rules.rules):
        is_set = rules.attributes[rule.attr].type == "set"
        if is_set and len(rule.cases) > 1:
            faults.append(
                f"odoo: rules[{number}]: found {len(rule.cases)} texts of a set, expected one in a rule, for Odoo "
                "counts every tag; make a rule for each"
            )
        if not is_set and (other := first.setdefault(rule.attr, rule.id)) != rule.id:
            faults.append(
                f"odoo: rules[{number}]: found {shown(rule.attr)} as in rule {shown(other)}, expected one rule for an "
                "attribute, for Odoo counts a value once; leave one out"
            )
        for place, case in enumerate(rule.cases):
            value = case.when.has if isinstance(case.when, Has) else condition_text(case.when)
            if case.evidence is None:
                faults.append(
                    f"odoo: rules[{number}].cases[{place}]: found no evidence, expected leads and conversions, which "
                    "are all that Odoo takes; use rules that `calibrate run` wrote"
                )
                continue
            variable = TAG if is_set else found[rule.attr]
            won, leads = case.evidence.conversions, case.evidence.leads
            rows.append(Frequency(rule, place, variable, value, won, leads - won))
    faults += _repeated(rows)
    if not rows and not faults:
        faults.append("odoo: rules: found no case, expected one at least; calibrate a history that has some")
    if faults:
        raise ExportError(faults)
    return rows


def _repeated(rows: Sequence[Frequency]) -> list[str]:
    """A fault for each value that stands in the table twice."""
    counts = Counter((row.variable, row.value) for row in rows)
    return [
        f"odoo: {variable}: found {shown(value)} {times} times, expected it once in the table; rename one"
        for (variable, value), times in counts.items()
        if times > 1
    ]


def _totals(rules: Rules, rows: Sequence[Frequency]) -> tuple[int, int]:
    """Won and lost leads of the history; without a baseline, of the first attribute."""
    if rules.baseline is not None:
        return rules.baseline.conversions, rules.baseline.leads - rules.baseline.conversions
    first = [row for row in rows if row.variable == rows[0].variable]
    return sum(row.won for row in first), sum(row.lost for row in first)


def _runs(rules: Rules, rows: Sequence[Frequency], won: int, lost: int) -> Rules:
    """What Odoo does, as rules: log-odds in hundredths."""
    counted = [row for row in rows if row.variable != TAG or row.won + row.lost + 2 * START >= FEWEST]
    totals: dict[str, tuple[float, float]] = {}
    for row in counted:
        all_won, all_lost = totals.get(row.variable, (0.0, 0.0))
        totals[row.variable] = all_won + row.won + START, all_lost + row.lost + START
    points = {}
    for row in counted:
        all_won, all_lost = totals[row.variable]
        share = (row.won + START) / all_won / ((row.lost + START) / all_lost)
        points[row.rule.id, row.place] = round(SCALE * math.log(share))
    changed = tuple(
        with_points(rule, [*(points.get((rule.id, place), 0) for place in range(len(rule.cases))), 0, 0])
        for rule in rules.rules
    )
    base = round(SCALE * math.log((won + START) / (lost + START)))
    chance = Probability(fitted_on="the counts, by Odoo", intercept=0.0, slope=1 / SCALE)
    score = Score(base=base, pdo=SCALE * math.log(2))
    left = left_of(rules, ("gates", "caps", "limits"), rules=changed, score=score, probability=chance)
    runs = rules if left is None else left
    return runs.model_copy(update={"bands": recut(rules, runs)})


def _record(variable: str, value: str, won: int, lost: int) -> dict[str, object]:
    counts = {"won_count": round(won + START, 1), "lost_count": round(lost + START, 1)}
    return {"variable": variable, "value": value, **counts, "team_id": False}


def _notes(rules: Rules, rows: Sequence[Frequency]) -> tuple[str, ...]:
    notes = [
        "The scheduled action of Odoo empties this table and fills it again from Odoo's own leads: switch it off, or "
        "import the history as leads and let Odoo count. Every lead won or lost after that adds to the counts.",
        "A value is what the field holds: for a field that points at another record (country, source, stage, tag), put "
        "the number of that record in place of its name.",
        "Odoo compares whole values. Numbers, yes or no and several values together need a selection field that holds "
        "the value as written here.",
        "The counts are for all sales teams together: no team_id.",
        "What is lost is measured on Odoo's log-odds in hundredths, for a lead in the first stage; bands are cut anew "
        "to hold about as many leads as before, as if attributes were independent."
        if rules.bands and rules.reference
        else "What is lost is measured on Odoo's log-odds in hundredths, for a lead in the first stage, without bands.",
    ]
    few = [row.value for row in rows if row.variable == TAG and row.won + row.lost < FEWEST]
    if few:
        notes.append(f"Odoo passes over tags of fewer than {FEWEST} leads: {', '.join(shown(value) for value in few)}.")
    return tuple(notes)


def _teller(rules: Rules, rows: Sequence[Frequency]) -> Callable[[str, LeadValue], str]:
    """What says the value of an attribute as the table has it; "" for one that Odoo passes over."""

    def tell(name: str, value: LeadValue) -> str:
        known = read_value(rules.attributes[name], value, lambda: name)
        return "; ".join(
            f"{quoted('tag_ids' if row.variable == TAG else row.variable)} is {quoted(row.value)}"
            for row in rows
            if row.rule.attr == name and outcome_of(row.rule, known) == row.place
        )

    return tell


def _probability(scored: LeadScore) -> str:
    return "" if scored.probability is None else f"about {scored.probability:.1%}"


def _sheet(
    rules: Rules, rows: Sequence[Frequency], variables: Sequence[str], runs: Rules, notes: Sequence[str]
) -> bytes:
    points = {
        (rule.id, place): case.points for rule in runs.rules for place, case in enumerate(rule.cases)
    }  # what Odoo makes of the counts
    steps = [
        "Make the fields below on crm.lead, if Odoo has them not, and a record of crm.lead.scoring.frequency.field for "
        "each of them.",
        "Settings, Technical, System Parameters: crm.pls_fields and crm.pls_start_date as rules.odoo.json has them.",
        "Settings, Technical, Scheduled Actions: switch off “Predictive Lead Scoring: Recompute Automated "
        "Probabilities”.",
        f"In rules.odoo.json, put the number of the first stage in place of “{_FIRST_STAGE}”, and numbers in place of "
        "names as said at the end.",
        "Fill the table with its records. The import of Odoo's screens takes CSV and Excel, not this file: on a server "
        "of your own use `odoo-bin shell`, with the lines below; on Odoo Online a server action cannot read files, so "
        "send each record by the external API: `create` on the model crm.lead.scoring.frequency, as an administrator.",
        "Make the worked leads below in the first stage and look at their probability.",
    ]
    lines = table(
        ["variable", "value", "won", "lost", "Odoo's log-odds, in hundredths"],
        (
            [escaped(row.variable), escaped(row.value), str(row.won), str(row.lost),
             f"{points[row.rule.id, row.place]:+d}"]
            for row in rows
        ),
    )  # fmt: skip
    sections = {
        "Fields": [f"- {escaped('tag_ids' if name == TAG else name)}" for name in variables],
        "In odoo-bin shell": _SHELL,
        "Counts": lines,
        "Worked leads": worked_table(runs, _teller(rules, rows), ("probability", _probability)),
    }
    return sheet(rules, "Odoo CRM", steps, sections, _LOSSES, notes)
