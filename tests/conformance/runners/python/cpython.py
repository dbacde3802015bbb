# engine: CPython
# in: here
# leads: 20000
import importlib.util
import json
import sys
from pathlib import Path

for folder in map(Path, sys.argv[1:]):
    spec = importlib.util.spec_from_file_location("lead_score", folder / "lead_score.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    lines = []
    for line in (folder / "leads.jsonl").read_text("utf-8").split("\n"):
        if line:
            score, band, _ = module.lead_score(json.loads(line))
            lines.append(json.dumps([score, band]))
    (folder / "scores.jsonl").write_text("\n".join(lines), "utf-8")
