// engine: feelin 8.2.0 over dmn-moddle 12.2.1
// in: node
// leads: 2000
import { createRequire } from "node:module";
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const home = createRequire(`${process.env.CALIBRATE_ENGINES}/node/`);
const load = (name) => import(pathToFileURL(home.resolve(name)));
const [{ DmnModdle }, { evaluate, unaryTest }] = [await load("dmn-moddle"), await load("feelin")];

const holds = (test, value, context) => test === "-" || unaryTest(test, { ...context, "?": value }).value === true;

/** The results of the decisions, those that a decision requires before it. */
function decide(model, lead) {
  const parts = new Map(model.drgElement.map((part) => [part.id, part]));
  const known = new Map();
  function result(id) {
    const part = parts.get(id);
    if (part.$type === "dmn:InputData") return lead[part.name] ?? null;
    if (!known.has(id)) {
      const needs = (part.informationRequirement ?? []).map((need) => (need.requiredInput ?? need.requiredDecision).href.slice(1));
      const context = Object.fromEntries(needs.map((need) => [parts.get(need).variable.name, result(need)]));
      known.set(id, run(part.decisionLogic, context));
    }
    return known.get(id);
  }
  return (id) => (parts.has(id) ? result(id) : null);
}

function run(logic, context) {
  if (logic.$type === "dmn:LiteralExpression") return evaluate(logic.text, context).value;
  if (logic.hitPolicy !== "FIRST") throw new Error(`hit policy ${logic.hitPolicy}`);
  const values = logic.input.map((column) => evaluate(column.inputExpression.text, context).value);
  const row = logic.rule.find((rule) => rule.inputEntry.every((cell, place) => holds(cell.text, values[place], context)));
  return row ? evaluate(row.outputEntry[0].text, context).value : null;
}

for (const folder of process.argv.slice(2)) {
  const { rootElement, warnings } = await new DmnModdle().fromXML(readFileSync(`${folder}/rules.dmn`, "utf8"), "dmn:Definitions");
  if (warnings.length) throw new Error(warnings.map((warning) => warning.message).join("; "));
  const leads = readFileSync(`${folder}/leads.jsonl`, "utf8").split("\n").filter(Boolean).map((line) => JSON.parse(line));
  const lines = leads.map((lead) => {
    const result = decide(rootElement, lead);
    return JSON.stringify([result("score"), result("band")]);
  });
  writeFileSync(`${folder}/scores.jsonl`, lines.join("\n"));
}
