// engine: Node
// in: node
// leads: 20000
import { createRequire } from "node:module";
import { readFileSync, writeFileSync } from "node:fs";

for (const folder of process.argv.slice(2)) {
  const { leadScore } = createRequire(`${folder}/`)("./lead_score.js");
  const leads = readFileSync(`${folder}/leads.jsonl`, "utf8").split("\n").filter(Boolean).map((line) => JSON.parse(line));
  const lines = leads.map((lead) => {
    const { score, band } = leadScore(lead);
    return JSON.stringify([score, band]);
  });
  writeFileSync(`${folder}/scores.jsonl`, lines.join("\n"));
}
