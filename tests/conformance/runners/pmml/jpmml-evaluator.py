# engine: jpmml-evaluator 1.7.7 (jpmml_evaluator 0.16.0)
# in: python
# leads: 20000
# programs: java
import json
import sys
from pathlib import Path

from jpmml_evaluator import make_evaluator
from jpmml_evaluator.jpype import JPypeBackend

backend = JPypeBackend()
for folder in map(Path, sys.argv[1:]):
    evaluator = make_evaluator(str(folder / "rules.pmml"), backend=backend)
    evaluator.verify()
    lines = []
    for line in (folder / "leads.jsonl").read_text("utf-8").split("\n"):
        if line:
            found = evaluator.evaluate(json.loads(line))  # evaluateAll would not raise on an error
            lines.append(json.dumps([found["score"], found.get("band")]))
    (folder / "scores.jsonl").write_text("\n".join(lines), "utf-8")
