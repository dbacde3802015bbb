# engine: zen-engine 2.1.3 (Python)
# in: python
# leads: 20000
import json
import sys
from pathlib import Path

import zen

for folder in map(Path, sys.argv[1:]):
    decision = zen.ZenEngine().create_decision((folder / "rules.jdm.json").read_text("utf-8"))
    decision.validate()
    lines = []
    for line in (folder / "leads.jsonl").read_text("utf-8").split("\n"):
        if line:
            result = decision.evaluate(json.loads(line))["result"]
            lines.append(json.dumps([result["score"], result.get("band")]))
    (folder / "scores.jsonl").write_text("\n".join(lines), "utf-8")
