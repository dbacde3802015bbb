// engine: json-logic-js 2.0.5
// in: node
// leads: 20000
import { createRequire } from "node:module";
import { readFileSync, writeFileSync } from "node:fs";

const jsonLogic = createRequire(`${process.env.CALIBRATE_ENGINES}/node/`)("json-logic-js");
for (const folder of process.argv.slice(2)) {
  const rules = JSON.parse(readFileSync(`${folder}/rules.jsonlogic.json`, "utf8"));
  const leads = readFileSync(`${folder}/leads.jsonl`, "utf8").split("\n").filter(Boolean).map((line) => JSON.parse(line));
  const lines = leads.map((lead) => {
    const score = jsonLogic.apply(rules.score, lead);
    return JSON.stringify([score, jsonLogic.apply(rules.band, { ...lead, score })]);
  });
  writeFileSync(`${folder}/scores.jsonl`, lines.join("\n"));
}
