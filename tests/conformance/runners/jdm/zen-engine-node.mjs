// engine: zen-engine-node 0.54.0 (@gorules/zen-engine)
// in: node
// leads: 20000
import { createRequire } from "node:module";
import { readFileSync, writeFileSync } from "node:fs";

const { ZenEngine } = createRequire(`${process.env.CALIBRATE_ENGINES}/node/`)("@gorules/zen-engine");
const engine = new ZenEngine();
for (const folder of process.argv.slice(2)) {
  const decision = engine.createDecision(JSON.parse(readFileSync(`${folder}/rules.jdm.json`, "utf8")));
  decision.validate();
  const leads = readFileSync(`${folder}/leads.jsonl`, "utf8").split("\n").filter(Boolean).map((line) => JSON.parse(line));
  const lines = [];
  for (const lead of leads) {
    const { result } = await decision.evaluate(lead);
    lines.push(JSON.stringify([result.score, result.band ?? null]));
  }
  writeFileSync(`${folder}/scores.jsonl`, lines.join("\n"));
}
