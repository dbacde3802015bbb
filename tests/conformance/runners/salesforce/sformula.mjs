// engine: sformula 5.0.1
// in: node
// leads: 20000
// A text is read as the kind of field that the formulas take it for, since sformula takes no other; one of either kind
// is read twice, as a text field and as a picklist, and must give the same. A checkbox is never blank.
// Texts that hold a quote, backslash or tab are handed over as values of their own: sformula reads other escapes in a
// literal than Salesforce does, of whose own \" and \\ alone stand for a mark.
import { createRequire } from "node:module";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";

const { parseSync } = createRequire(`${process.env.CALIBRATE_ENGINES}/node/`)("sformula");
const XML = { "&lt;": "<", "&gt;": ">", "&amp;": "&" };
const KINDS = { number: "number", boolean: "boolean", delimited: "multipicklist" };

/** The formula fields of a folder, each behind those that it reads. */
function formulas(folder) {
  const files = readdirSync(folder).filter((file) => file.endsWith(".field-meta.xml"));
  const names = files.map((file) => file.split(".")[0]);
  const last = ["Lead_Score__c", "Lead_Band__c"].filter((name) => names.includes(name));
  return [...names.filter((name) => !last.includes(name)), ...last].map((name) => {
    const xml = readFileSync(`${folder}/${name}.field-meta.xml`, "utf8");
    const of = (tag) => xml.split(`<${tag}>`)[1].split(`</${tag}>`)[0].replace(/&\w+;/g, (mark) => XML[mark]);
    return { name, formula: of("formula"), type: of("type") === "Number" ? "number" : "string" };
  });
}

/** The kind that formulas take a text field for: ISBLANK takes no picklist, TEXT no text; CASE takes both. */
function assumed(field, steps) {
  const holds = (part) => steps.some(({ formula }) => formula.includes(part));
  return holds(`ISBLANK(TEXT(${field}))`) ? "picklist" : holds(`ISBLANK(${field})`) ? "string" : undefined;
}

function scorer(folder, inputs, textKind) {
  const read = formulas(folder);
  const kind = (input) => KINDS[input.kind] || assumed(input.field, read) || textKind;
  const types = Object.fromEntries(inputs.map((input) => [input.field, { type: kind(input) }]));
  const literals = {};
  const steps = read.map(({ name, formula, type }) => {
    const text = formula.replace(/"((?:[^"\\]|\\.)*)"/g, (literal, inside) => {
      if (!/['"\\\t]/.test(inside)) return literal;
      const bound = `Literal_${Object.keys(literals).length}`;
      literals[bound] = inside.replace(/\\(["\\])/g, "$1");
      types[bound] = { type: "string" };
      return bound;
    });
    const parsed = parseSync(text, { inputTypes: { ...types }, returnType: type });
    types[name] = { type };
    return { name, parsed };
  });
  return (lead) => {
    const record = { ...literals, ...lead };
    for (const { name, parsed } of steps) record[name] = parsed.evaluate(record);
    return [record.Lead_Score__c, record.Lead_Band__c || null];
  };
}

for (const folder of process.argv.slice(2)) {
  const { inputs } = JSON.parse(readFileSync(`${folder}/fidelity.json`, "utf8")).targets.salesforce;
  const scorers = ["string", "picklist"].map((kind) => scorer(folder, inputs, kind));
  const lines = readFileSync(`${folder}/leads.jsonl`, "utf8").split("\n").filter(Boolean);
  const scores = lines.map((line) => {
    const lead = JSON.parse(line);
    const record = { ...lead };
    for (const { field, kind } of inputs) {
      if (kind === "boolean") record[field] = lead[field] === true;
      if (kind === "text" && (lead[field] === true || lead[field] === false)) record[field] = String(lead[field]);
    }
    const [first, second] = scorers.map((score) => JSON.stringify(score(record)));
    if (first !== second) throw new Error(`text fields and picklists differ: ${first} ${second} ${line}`);
    return first;
  });
  writeFileSync(`${folder}/scores.jsonl`, scores.join("\n"));
}
