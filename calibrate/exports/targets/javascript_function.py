"""A JavaScript function: one plain ES2017 file without dependencies, to be required or pasted.

The rules stand in it as tables, a short scorer behind them; it reads values as `score_lead` does and gives the same
reasons. Only a lead's own properties are read, so an attribute may be called `constructor` or `__proto__`. Worked
leads go into a second file that checks the first.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from typing import Any

from calibrate.document.rules import Rules
from calibrate.errors import shown
from calibrate.exports.functions.programs import run_program
from calibrate.exports.functions.scoring_table import cap_words, printed, quoted, scoring_table, worked_table
from calibrate.exports.naming import fields, inputs_of, named
from calibrate.exports.target import Export, Loss, Options, Run, Target

_HEAD = """\
// Lead score: {title}, version {version}.
//
//     const {{ leadScore }} = require("./lead_score.js");
//     const {{ score, band, reasons }} = leadScore({{ {field}: ... }});
//
// A lead is an object of values by the names in INPUTS. Texts will do for numbers ("12.5") and for yes and no ("true",
// "false", "1", "0"); a set is a list of texts, or one text with its separator. Missing is null, absent, "" or NaN.
//
// HubSpot, custom-coded workflow action: include the properties in INPUTS, paste this file, and add
//     exports.main = async (event, callback) => {{
//       const {{ score, band, reasons }} = leadScore(event.inputFields);
//       callback({{ outputFields: {{ score, band, reasons: reasons.join("; ") }} }});
//     }};
//
// n8n, code node: paste this file, and add
//     return $input.all().map((item) => ({{ json: leadScore(item.json) }}));
//
// AWS Lambda: add
//     exports.handler = async (event) => leadScore(event);
"use strict";

"""

_SCORER = r"""
/** Score, band and the three strongest reasons of a lead; a TypeError where a value cannot be read. */
function leadScore(lead) {
  if (lead === null || typeof lead !== "object") {
    throw new TypeError("lead: found no object, expected an object of values by field");
  }
  const values = new Map(INPUTS.map((input) => [input.field, readValue(input, ownValue(lead, input.field))]));
  const gate = GATES.find((item) => holds(item, values.get(item.field)));
  if (gate) {
    return { score: gate.score, band: gate.band, reasons: [gate.reason] };
  }
  const found = [];
  const sums = new Map();
  for (const rule of RULES) {
    const part = partOf(rule, values.get(rule.field));
    sums.set(rule.group, (sums.get(rule.group) || 0) + part.points);
    found.push({ points: part.points, text: part.text, place: found.length });
  }
  for (const group of GROUPS) {
    const before = sums.get(group.group) || 0;
    const after = bounded(before, group);
    sums.set(group.group, after);
    const bound = after < before ? `CAPPED` : `HELD`;
    found.push({ points: after - before, text: `${group.label} ${bound}`, place: found.length });
  }
  const score = bounded([...sums.values()].reduce((sum, points) => sum + points, SCORE.base), SCORE);
  const strongest = found
    .filter((item) => item.points !== 0)
    .sort((a, b) => Math.abs(b.points) - Math.abs(a.points) || a.place - b.place)
    .slice(0, 3);
  const reasons = strongest.map((item) => `${item.points > 0 ? "+" : ""}${item.points} ${item.text}`);
  return { score, band: bandOf(score), reasons };
}

function partOf(rule, value) {
  if (value === null) return rule.missing;
  return rule.cases.find((item) => holds(item, value)) || rule.otherwise;
}

function holds(when, value) {
  if (value === null) return false;
  if (when.in !== undefined) return when.in.includes(value);
  if (when.is !== undefined) return value === when.is;
  if (when.has !== undefined) return value.has(when.has);
  return (when.ge === undefined || value >= when.ge) && (when.lt === undefined || value < when.lt);
}

function bounded(points, bounds) {
  const raised = bounds.min === null ? points : Math.max(points, bounds.min);
  return bounds.max === null ? raised : Math.min(raised, bounds.max);
}

function bandOf(score) {
  const found = BANDS.find((item) => item.from === null || score >= item.from);
  return found ? found.band : null;
}

function ownValue(lead, field) {
  return Object.prototype.hasOwnProperty.call(lead, field) ? lead[field] : null;
}

/** A value as its type; null where it is missing. */
function readValue(input, value) {
  if (isMissing(value)) return null;
  const reader = READERS[input.type];
  const found = reader.read(value, input.separator);
  if (found === null) {
    const shown = typeof value === "object" ? "an object" : JSON.stringify(String(value));
    const where = `lead, ${JSON.stringify(input.field)}`;
    throw new TypeError(`${where}: found ${shown}, expected ${reader.expected}; correct it or leave it empty`);
  }
  return found;
}

function isMissing(value) {
  return value === null || value === undefined || value === "" || Number.isNaN(value);
}

/** A single value as text; null where it is none. */
function textOf(value) {
  if (typeof value === "string") return value;
  if (typeof value === "boolean") return String(value);
  if (typeof value !== "number") return null;
  if (value === 0 || Math.abs(value) >= 1e-4) return String(value);
  const [digits, power] = value.toExponential().split("e-");
  return `${digits}e-${power.padStart(2, "0")}`;
}

function numberOf(value) {
  if (typeof value === "number") return value;
  return typeof value === "string" && NUMBER.test(trimmed(value)) ? Number(trimmed(value)) : null;
}

function truthOf(value) {
  const found = TRUTHS.find(([text]) => text === String(textOf(value)).toLowerCase());
  return found ? found[1] : null;
}

function membersOf(value, separator) {
  if (typeof value === "string") {
    const parts = separator ? value.split(separator).map(trimmed) : [value];
    return new Set(parts.filter((part) => part !== ""));
  }
  if (!Array.isArray(value) && !(value instanceof Set)) return null;
  const texts = [...value].filter((item) => !isMissing(item)).map(textOf);
  return texts.includes(null) ? null : new Set(texts);
}

function trimmed(text) {
  let [start, end] = [0, text.length];
  while (start < end && BLANKS.includes(text[start])) start += 1;
  while (start < end && BLANKS.includes(text[end - 1])) end -= 1;
  return text.slice(start, end);
}

const NUMBER = /^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?$/;
const BLANKS = "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009"
  + "\u200a\u2028\u2029\u202f\u205f\u3000";
const TRUTHS = [["true", true], ["1", true], ["false", false], ["0", false]];
const READERS = {
  number: { read: numberOf, expected: "a number, like 1234.5" },
  boolean: { read: truthOf, expected: "true or false" },
  set: { read: membersOf, expected: "a list of texts, or a text" },
  category: { read: textOf, expected: "a text, number or truth value" },
  text: { read: textOf, expected: "a text, number or truth value" },
};

if (typeof exports === "object") {
  exports.leadScore = leadScore;
}
"""

_CHECK = """\
// Checks lead_score.js on the worked leads of its rules: node lead_score_check.js, beside it.
"use strict";

const {{ leadScore }} = require("./lead_score.js");

const WORKED = {worked};

WORKED.forEach((worked, place) => {{
  const found = leadScore(worked.lead);
  for (const name of ["score", "band", "reasons"]) {{
    if (worked[name] !== null && JSON.stringify(found[name]) !== JSON.stringify(worked[name])) {{
      const [got, must] = [found[name], worked[name]].map((item) => JSON.stringify(item));
      throw new Error(`worked lead ${{place + 1}}, ${{name}}: found ${{got}}, expected ${{must}}`);
    }}
  }}
}});
console.log(`${{WORKED.length}} worked leads score as they must.`);
"""


def export(rules: Rules, options: Options) -> Export:
    """The document as a script with the function `leadScore`, and one that checks it where there are worked leads."""
    found = fields(rules, options, "javascript")
    table = scoring_table(rules, found)
    tables = "".join(f"const {name.upper()} = {printed(part, _literal, _key)};\n" for name, part in table.items())
    head = _HEAD.format(title=shown(rules.id), version=shown(rules.version), field=_example(found))
    capped, held = cap_words(rules, "${group.max}", "${group.min}")
    scorer = _SCORER.replace("CAPPED", capped).replace("HELD", held)
    files = {"lead_score.js": f"{head}{tables}{scorer}".encode()}
    if rules.tests:
        worked = printed(worked_table(rules, found), _literal, _key)
        files["lead_score_check.js"] = _CHECK.format(worked=worked).encode()
    why = "the function gives a score, a band and reasons; look it up by score in rules.json"
    return Export(
        files=files,
        inputs=inputs_of(rules, found),
        losses=(Loss("percentile", "refused", why), Loss("probability", "refused", why)),
        notes=named(found),
    )


_RUN = """\
const { leadScore } = require("./lead_score.js");
const leads = JSON.parse(require("fs").readFileSync(0, "utf8"));
console.log(JSON.stringify(leads.map((lead) => { const { score, band } = leadScore(lead); return [score, band]; })));
"""


def run(export: Export, options: Options, leads: Sequence[Mapping[str, Any]]) -> Run | None:
    """Scores and bands by Node; None where it is not installed."""
    del options
    node = shutil.which("node")
    return run_program("Node", [node, "-e", _RUN], export, leads) if node else None


TARGET = Target(
    name="javascript",
    writes="a JavaScript function in one file without dependencies",
    proof="run by Node; score, band and reasons compared with those of the rules",
    export=export,
    run=run,
)


def _literal(value: bool | str | None) -> str:
    return quoted(value, _escape) if isinstance(value, str) else json.dumps(value)


def _key(value: bool | str | None) -> str:
    """A key as code; `__proto__` bare would set the prototype."""
    return '["__proto__"]' if value == "__proto__" else _literal(value)


def _escape(mark: str) -> str:
    return json.dumps(mark)[1:-1]


def _example(found: dict[str, str]) -> str:
    return next((field for field in found.values() if field.isascii() and field.isidentifier()), "field")
