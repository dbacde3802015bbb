# engine: datalogic-py 5.9.0
# in: python
# leads: 20000
import json
import sys
from pathlib import Path

import datalogic_py

for folder in map(Path, sys.argv[1:]):
    rules = json.loads((folder / "rules.jsonlogic.json").read_text("utf-8"))
    engine = datalogic_py.Engine()
    score_of, band_of = (engine.compile(json.dumps(rules[name])) for name in ("score", "band"))
    lines = []
    for line in (folder / "leads.jsonl").read_text("utf-8").split("\n"):
        if line:
            lead = json.loads(line)
            score = score_of.evaluate(lead)
            band = band_of.evaluate({**lead, "score": score})
            lines.append(json.dumps([score, band]))
    (folder / "scores.jsonl").write_text("\n".join(lines), "utf-8")
