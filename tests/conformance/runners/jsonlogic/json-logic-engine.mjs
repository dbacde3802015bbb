// engine: json-logic-engine 5.0.7
// in: node
// leads: 20000
import { createRequire } from "node:module";
import { readFileSync, writeFileSync } from "node:fs";

const { LogicEngine } = createRequire(`${process.env.CALIBRATE_ENGINES}/node/`)("json-logic-engine");
const engine = new LogicEngine();
for (const folder of process.argv.slice(2)) {
  const rules = JSON.parse(readFileSync(`${folder}/rules.jsonlogic.json`, "utf8"));
  const leads = readFileSync(`${folder}/leads.jsonl`, "utf8").split("\n").filter(Boolean).map((line) => JSON.parse(line));
  const lines = leads.map((lead) => {
    const score = engine.run(rules.score, lead);
    return JSON.stringify([score, engine.run(rules.band, { ...lead, score })]);
  });
  writeFileSync(`${folder}/scores.jsonl`, lines.join("\n"));
}
