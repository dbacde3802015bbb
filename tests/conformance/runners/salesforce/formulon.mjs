// engine: formulon 6.25.6
// in: node
// leads: 20000
// Formulon reads a formula anew for every lead: here its own parts read it once and evaluate it for each. It lets
// ISBLANK take no multi-select picklist, as Salesforce's help does: that is added to its table. It has no escapes in a
// literal: texts that hold a quote or backslash are handed over as values, read as Salesforce reads them, where \" and
// \\ stand for a mark. A text is a picklist where the formulas ask for TEXT of it, else a text field. It takes null__c
// for null and __c: fields get a letter in front. A blank text is "" to it, and a checkbox is never blank.
import { createRequire } from "node:module";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import Module from "node:module";

const path = createRequire(`${process.env.CALIBRATE_ENGINES}/node/`).resolve("formulon/lib/formulon.js");
const engine = new Module(path);
engine.filename = path;
engine.paths = Module._nodeModulePaths(path);
const opened = `
existingFunctions.isblank.validations[2] = paramTypes(["text", "number", "multipicklist"]);
Object.assign(exports, { build, replace, traverseAndThrow, coerceLiteral });`;
engine._compile(readFileSync(path, "utf8") + opened, path);
const { build, replace, traverseAndThrow, coerceLiteral } = engine.exports;
const XML = { "&lt;": "<", "&gt;": ">", "&amp;": "&" };

const text = (value) => ({ type: "literal", dataType: "text", value, options: { length: value.length } });
const number = (value) => ({ type: "literal", dataType: "number", value, options: { length: 18, scale: 15 } });
const literals = {
  number: (value) => (value === null ? { type: "literal", dataType: "null", value: null } : number(value)),
  boolean: (value) => ({ type: "literal", dataType: "checkbox", value: value === true, options: {} }),
  delimited: (value) => ({ type: "literal", dataType: "multipicklist", value: value ? value.split(";") : "" }),
  text: (value) => text(value === null ? "" : String(value)),
  picklist: (value) => ({ ...literals.text(value), dataType: "picklist" }),
};

function formulas(folder) {
  const files = readdirSync(folder).filter((file) => file.endsWith(".field-meta.xml"));
  const names = files.map((file) => file.split(".")[0]);
  const parts = names.filter((name) => name.includes("_Part_"));
  const bound = {};
  const picklists = new Set();
  const steps = [...parts, ...["Lead_Score__c", "Lead_Band__c"].filter((name) => names.includes(name))].map((name) => {
    const xml = readFileSync(`${folder}/${name}.field-meta.xml`, "utf8");
    const formula = xml.split("<formula>")[1].split("</formula>")[0].replace(/&\w+;/g, (mark) => XML[mark]);
    for (const [, field] of formula.matchAll(/ISBLANK\(TEXT\((\w+)\)\)/g)) picklists.add(field);
    const readable = formula.replace(/"((?:[^"\\]|\\.)*)"|\b\w+__c\b/g, (literal, inside) => {
      if (inside === undefined) return `F${literal}`;
      if (!/['"\\]/.test(inside)) return literal;
      const field = `Literal_${Object.keys(bound).length}`;
      bound[field] = text(inside.replace(/\\(["\\])/g, "$1"));
      return field;
    });
    return { name: `F${name}`, tree: build(readable) };
  });
  return { steps, bound, picklists };
}

for (const folder of process.argv.slice(2)) {
  const { inputs } = JSON.parse(readFileSync(`${folder}/fidelity.json`, "utf8")).targets.salesforce;
  const { steps, bound, picklists } = formulas(folder);
  const lines = readFileSync(`${folder}/leads.jsonl`, "utf8").split("\n").filter(Boolean);
  const scores = lines.map((line) => {
    const lead = JSON.parse(line);
    const record = { ...bound };
    for (const { field, kind } of inputs) {
      record[`F${field}`] = coerceLiteral(literals[picklists.has(field) ? "picklist" : kind](lead[field] === undefined ? null : lead[field]));
    }
    for (const { name, tree } of steps) record[name] = traverseAndThrow(replace(tree, record));
    return JSON.stringify([record.FLead_Score__c.value, (record.FLead_Band__c || text("")).value || null]);
  });
  writeFileSync(`${folder}/scores.jsonl`, scores.join("\n"));
}
