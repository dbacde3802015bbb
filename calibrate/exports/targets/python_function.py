"""A Python function: one file without dependencies, for Python 3.8 and later.

The rules stand in it as tables, a short scorer behind them; it reads values as `score_lead` does and gives the same
reasons. Worked leads go into a second file that checks the first.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from calibrate.document.rules import Rules
from calibrate.errors import shown
from calibrate.exports.functions.programs import run_program
from calibrate.exports.functions.scoring_table import cap_words, printed, quoted, scoring_table, worked_table
from calibrate.exports.naming import fields, inputs_of, named
from calibrate.exports.target import Export, Loss, Options, Run, Target

_HEAD = """\
# Lead score: {title}, version {version}.
#
#     score, band, reasons = lead_score({{"{field}": ...}})
#
# A lead is a dict of values by the names in INPUTS. Texts will do for numbers ("12.5") and for yes and no ("true",
# "false", "1", "0"); a set is a list of texts, or one text with its separator. Missing is None, no key, "" or NaN.
#
# AWS Lambda:
#     def lambda_handler(event, context):
#         return lead_score(event)._asdict()
#
# HubSpot, custom-coded workflow action:
#     def main(event):
#         score, band, reasons = lead_score(event["inputFields"])
#         return {{"outputFields": {{"score": score, "band": band, "reasons": "; ".join(reasons)}}}}
import datetime
import math
import numbers
import re
from collections import namedtuple
from decimal import Decimal

LeadScore = namedtuple("LeadScore", "score band reasons")

"""

_SCORER = '''

def lead_score(lead):
    """Score, band and the three strongest reasons of a lead; ValueError where a value cannot be read."""
    values = {item["field"]: _read(item, lead.get(item["field"])) for item in INPUTS}
    for gate in GATES:
        if _holds(gate, values[gate["field"]]):
            return LeadScore(gate["score"], gate["band"], [gate["reason"]])
    found, sums = [], {}
    for rule in RULES:
        part = _part(rule, values[rule["field"]])
        sums[rule["group"]] = sums.get(rule["group"], 0) + part["points"]
        found.append((part["points"], part["text"]))
    for group in GROUPS:
        before = sums.get(group["group"], 0)
        sums[group["group"]] = _bounded(before, group)
        change = sums[group["group"]] - before
        bound = "CAPPED" if change < 0 else "HELD"
        found.append((change, group["label"] + " " + bound.format(**group)))
    score = _bounded(SCORE["base"] + sum(sums.values()), SCORE)
    strongest = sorted((item for item in found if item[0]), key=lambda item: -abs(item[0]))[:3]
    return LeadScore(score, _band(score), ["{:+d} {}".format(*item) for item in strongest])


def _part(rule, value):
    if value is None:
        return rule["missing"]
    return next((case for case in rule["cases"] if _holds(case, value)), rule["otherwise"])


def _holds(when, value):
    if value is None:
        return False
    if "in" in when:
        return value in when["in"]
    if "is" in when:
        return value is when["is"]
    if "has" in when:
        return when["has"] in value
    return ("ge" not in when or value >= when["ge"]) and ("lt" not in when or value < when["lt"])


def _bounded(points, bounds):
    points = points if bounds["min"] is None else max(points, bounds["min"])
    return points if bounds["max"] is None else min(points, bounds["max"])


def _band(score):
    return next((item["band"] for item in BANDS if item["from"] is None or score >= item["from"]), None)


def _read(item, value):
    """A value as its type; None where it is missing."""
    if hasattr(value, "item") and not hasattr(value, "__len__"):  # a number or truth value of numpy
        value = value.item()
    if _is_missing(value):
        return None
    if item["type"] == "number":
        found, expected = _number(value), "a number, like 1234.5"
    elif item["type"] == "boolean":
        found, expected = TRUTHS.get((_text(value) or "").casefold()), "true or false"
    elif item["type"] == "set":
        found, expected = _members(value, item.get("separator")), "a list of texts, or a text"
    else:
        found, expected = _text(value), "a text, number or truth value"
    if found is None:
        message = "lead, {!r}: found {!r}, expected {}; correct it or leave it empty"
        raise ValueError(message.format(item["field"], value, expected))
    return found


def _is_missing(value):
    if value is None or isinstance(value, str):
        return not value
    if hasattr(value, "__iter__"):
        return False
    try:
        return bool(value != value)  # NaN
    except TypeError:  # NA of pandas
        return True


def _number(value):
    if isinstance(value, str):
        return float(value) if NUMBER.match(value.strip()) else None
    if isinstance(value, bool) or not isinstance(value, (numbers.Real, Decimal)):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def _text(value):
    """A single value as text, 10.0 as 10; None where it is none."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (numbers.Real, Decimal)):
        if isinstance(value, numbers.Integral) or math.isfinite(value) and value == int(value) and abs(value) < 10**15:
            return str(int(value))
        return "{:f}".format(value.normalize()) if isinstance(value, Decimal) else repr(float(value))
    return value.isoformat() if isinstance(value, datetime.date) else None


def _members(value, separator):
    if isinstance(value, str):
        parts = [part.strip() for part in value.split(separator)] if separator else [value]
        return set(parts) - {""}
    if isinstance(value, (dict, bytes)) or not hasattr(value, "__iter__"):
        return None
    texts = [_text(item) for item in value if not _is_missing(item)]
    return None if None in texts else set(texts)


NUMBER = re.compile(r"[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?\\Z")
TRUTHS = {"true": True, "1": True, "false": False, "0": False}
'''

_CHECK = """\
# Checks lead_score.py on the worked leads of its rules: python lead_score_check.py, beside it.
from lead_score import lead_score

WORKED = {worked}

for number, worked in enumerate(WORKED, start=1):
    found = lead_score(worked["lead"])._asdict()
    for name in ("score", "band", "reasons"):
        if worked[name] is not None and found[name] != worked[name]:
            message = "worked lead {{}}, {{}}: found {{!r}}, expected {{!r}}"
            raise SystemExit(message.format(number, name, found[name], worked[name]))
print("{{}} worked leads score as they must.".format(len(WORKED)))
"""


def export(rules: Rules, options: Options) -> Export:
    """The document as a module with the function `lead_score`, and one that checks it where there are worked leads."""
    found = fields(rules, options, "python")
    table = scoring_table(rules, found)
    tables = "".join(f"{name.upper()} = {printed(part, _literal, _literal)}\n" for name, part in table.items())
    head = _HEAD.format(title=shown(rules.id), version=shown(rules.version), field=_example(found))
    capped, held = cap_words(rules, "{max}", "{min}")
    scorer = _SCORER.replace("CAPPED", capped).replace("HELD", held)
    files = {"lead_score.py": f"{head}{tables}{scorer}".encode()}
    if rules.tests:
        worked = printed(worked_table(rules, found), _literal, _literal)
        files["lead_score_check.py"] = _CHECK.format(worked=worked).encode()
    why = "the function gives a score, a band and reasons; look it up by score in rules.json"
    return Export(
        files=files,
        inputs=inputs_of(rules, found),
        losses=(Loss("percentile", "refused", why), Loss("probability", "refused", why)),
        notes=named(found),
    )


_RUN = """\
import json, sys
sys.path.insert(0, "")
from lead_score import lead_score
print(json.dumps([lead_score(lead)[:2] for lead in json.load(sys.stdin)]))
"""


def run(export: Export, options: Options, leads: Sequence[Mapping[str, Any]]) -> Run | None:
    """Scores and bands by a Python of its own."""
    del options
    return run_program("Python", [sys.executable, "-I", "-c", _RUN], export, leads)


TARGET = Target(
    name="python",
    writes="a Python function in one file without dependencies",
    proof="run by Python; score, band and reasons compared with those of the rules",
    export=export,
    run=run,
)


def _literal(value: bool | str | None) -> str:
    return quoted(value, _escape) if isinstance(value, str) else repr(value)


def _escape(mark: str) -> str:
    return '\\"' if mark == '"' else mark.encode("unicode_escape").decode()


def _example(found: dict[str, str]) -> str:
    return next((field for field in found.values() if field.isascii() and field.isidentifier()), "field")
