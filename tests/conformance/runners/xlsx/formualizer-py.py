# engine: formualizer 0.13.0
# in: python
# leads: 2000
import json
import sys
import tempfile
from pathlib import Path

import formualizer

sys.path.append(str(Path(__file__).parent))
from filling import filled

for folder in map(Path, sys.argv[1:]):
    with tempfile.TemporaryDirectory() as work:
        path = Path(work, "book.xlsx")
        leads, score, band = filled(folder, path)
        book = formualizer.load_workbook(str(path))
    cells = [("Leads", row, column) for row in range(2, leads + 2) for column in (score, band)]
    values = book.evaluate_cells(cells)
    pairs = zip(values[::2], values[1::2], strict=True)
    lines = [json.dumps([int(one) if isinstance(one, float) else one, other or None]) for one, other in pairs]
    (folder / "scores.jsonl").write_text("\n".join(lines), "utf-8")
