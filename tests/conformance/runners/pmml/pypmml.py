# engine: pypmml 1.5.8
# in: python
# leads: 20000
# programs: java
import json
import sys
from pathlib import Path

from pypmml import Model

for folder in map(Path, sys.argv[1:]):
    model = Model.load(str(folder / "rules.pmml"))
    leads = [line for line in (folder / "leads.jsonl").read_text("utf-8").split("\n") if line]
    found = json.loads(model.predict(f"[{','.join(leads)}]"))
    lines = [json.dumps([result["score"], result.get("band")]) for result in found]
    (folder / "scores.jsonl").write_text("\n".join(lines), "utf-8")
Model.close()
