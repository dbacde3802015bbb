# engine: LibreOffice 7.4.7
# in: python
# leads: 20000
# programs: soffice
import csv
import json
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
from filling import filled

# Without this setting LibreOffice shows the results that stand in the file, and nothing is proved.
PROFILE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry"><item oor:path="/org.openoffice.Office.Calc/Formula/Load">
<prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop></item></oor:items>"""
# Comma, quote, UTF-8, from line 1, values and not what is shown of them, every sheet.
CSV = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false,false,false,false,-1"


def whole(text):
    return int(text) if text.removeprefix("-").isdigit() else text


def rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


with tempfile.TemporaryDirectory() as work:
    user = Path(work, "profile", "user")
    user.mkdir(parents=True)
    (user / "registrymodifications.xcu").write_text(PROFILE, "utf-8")
    folders = [Path(name) for name in sys.argv[1:]]
    books = [Path(work, f"{number}.xlsx") for number in range(len(folders))]
    places = [filled(folder, book) for folder, book in zip(folders, books, strict=True)]
    command = ["soffice", f"-env:UserInstallation=file://{work}/profile", "--headless", "--convert-to", CSV]
    subprocess.run([*command, "--outdir", f"{work}/out", *books], check=True, stdout=subprocess.DEVNULL)
    for folder, book, (leads, score, band) in zip(folders, books, places, strict=True):
        found = rows(Path(work, "out", f"{book.stem}-Leads.csv"))[1 : leads + 1]
        lines = [json.dumps([whole(row[score - 1]), row[band - 1] or None]) for row in found]
        (folder / "scores.jsonl").write_text("\n".join(lines), "utf-8")
        said = rows(Path(work, "out", f"{book.stem}-Check.csv"))[0][1]
        if not (said.startswith("All ") and said.endswith(" agree")):
            sys.exit(f"{folder}: sheet Check says {said}")
