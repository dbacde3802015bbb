"""Workbooks of a meeting, filled in and calculated again by programs that know nothing of ours."""

from __future__ import annotations

import subprocess
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from lxml import etree
from python_calamine import CalamineWorkbook

from calibrate.document.rules import Rules
from calibrate.meeting.combinations import Combinations, combinations_of_leads

Cells = Mapping[str, Mapping[str, Any]]
_TYPES = {"text": pa.string(), "category": pa.string(), "number": pa.float64(), "boolean": pa.bool_(),
          "set": pa.list_(pa.string())}  # fmt: skip
_NS = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
# Without this setting LibreOffice shows the results that stand in the file, and nothing is proved.
_PROFILE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry"><item oor:path="/org.openoffice.Office.Calc/Formula/Load">
<prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop></item>
<item oor:path="/org.openoffice.Setup/L10N"><prop oor:name="ooSetupSystemLocale" oor:op="fuse"><value>{}</value></prop>
</item></oor:items>"""


def combinations_of(
    rules: Rules, leads: Sequence[Mapping[str, Any]], won: Sequence[bool], months: float | None = None
) -> Combinations:
    """The leads counted."""
    columns = {
        name: pa.array([lead.get(name) for lead in leads], _TYPES[attribute.type])
        for name, attribute in rules.attributes.items()
    }
    batch = pa.record_batch({"": pa.nulls(len(leads)), **columns})
    return combinations_of_leads(rules, [(batch, np.array(won))], months)


def filled_in(path: Path, cells: Cells) -> None:
    """Type numbers and texts into cells that are there, by sheet and cell; None empties one."""
    with zipfile.ZipFile(path) as book:
        files = {item: book.read(item) for item in book.namelist()}
    sheets = [item.get("name") for item in etree.fromstring(files["xl/workbook.xml"]).iter(f"{_NS}sheet")]
    for sheet, typed in cells.items():
        name = f"xl/worksheets/sheet{sheets.index(sheet) + 1}.xml"
        root = etree.fromstring(files[name])
        found = {cell.get("r"): cell for cell in root.iter(f"{_NS}c")}
        for place, value in typed.items():
            _type(found[place], value)
        files[name] = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
    with zipfile.ZipFile(path, "w") as book:
        for item, content in files.items():
            book.writestr(item, content)


def _type(cell: Any, value: Any) -> None:
    for child in list(cell):
        cell.remove(child)
    cell.attrib.pop("t", None)
    if isinstance(value, str):
        cell.set("t", "inlineStr")
        etree.SubElement(etree.SubElement(cell, f"{_NS}is"), f"{_NS}t").text = value
    elif value is not None:
        etree.SubElement(cell, f"{_NS}v").text = str(value)


def converted(paths: Sequence[Path], kind: str, folder: Path, country: str = "en-US") -> list[Path]:
    """The files as LibreOffice saves them in a country, everything calculated again."""
    user = folder / "profile" / "user"
    user.mkdir(parents=True, exist_ok=True)
    (user / "registrymodifications.xcu").write_text(_PROFILE.format(country), "utf-8")
    out = folder / "out"
    command = ["soffice", f"-env:UserInstallation=file://{folder}/profile", "--headless", "--convert-to", kind]
    done = subprocess.run(
        [*command, "--outdir", str(out), *map(str, paths)], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return [out / f"{path.stem}.{kind}" for path in paths]


def sheet_of(path: Path, name: str) -> list[list[Any]]:
    """The cells of a sheet."""
    return CalamineWorkbook.from_path(path).get_sheet_by_name(name).to_python(skip_empty_area=False)


def errors_in(path: Path) -> int:
    """Cells of a workbook that hold an error."""
    with zipfile.ZipFile(path) as book:
        return sum(book.read(name).count(b't="e"') for name in book.namelist() if name.startswith("xl/worksheets/"))
