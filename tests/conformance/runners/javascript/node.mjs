// engine: Node
// in: node
// leads: 20000
import { createRequire } from "node:module";
import { readFileSync, writeFileSync } from "node:fs";

for (const folder of process.argv.slice(2)) {
  const { leadScore } = createRequire(`${folder}/`)("./lead_score.js");
  const lines = readFileSync(`${folder}/leads.jsonl`, "utf8").split("\n").filter(Boolean);
  const scores = lines.map((line) => {
    const { score, band } = leadScore(JSON.parse(line));
    return JSON.stringify([score, band]);
  });
  writeFileSync(`${folder}/scores.jsonl`, scores.join("\n"));
}
