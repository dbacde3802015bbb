"""The workbook in LibreOffice: what a change in a cell does, what cannot be read, rules of many lines."""

from __future__ import annotations

import json
import re
import subprocess
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from cases import Lead, Trial, card, hostile, recombined, values_of_card
from engines import Engine, engines
from python_calamine import CalamineWorkbook
from test_conformance import exported, scored

from calibrate.document.rules import Attribute, Case, Gate, GateThen, GateWhen, Has, In, Range, Rule, Rules
from calibrate.exports.exporting import export_rules

CASES = 500


@pytest.fixture(scope="module")
def libreoffice() -> Engine:
    found = next(engine for engine in engines() if engine.name.startswith("LibreOffice"))
    if reason := found.lacks():
        pytest.skip(reason)
    return found


def long_lists() -> Trial:
    """Rules and a gate of 500 lines, with texts that MATCH and COUNTIF take for another."""
    texts = [
        "a*",
        "a?",
        "~a",
        "A*",
        "ab",
        "_x0041_",
        "A",
        "x" * 300,
        *(f"text {number}" for number in range(CASES - 8)),
    ]
    members = [f"page {number}" for number in range(CASES)]
    ends = [number / 4 for number in range(CASES)]
    bins = enumerate(zip(ends, [*ends[1:], None], strict=True))
    rules = Rules(
        id="long",
        version="1",
        attributes={"t": Attribute(type="text"), "s": Attribute(type="set"), "n": Attribute(type="number"),
                    "g": Attribute(type="category")},
        gates=(Gate(id="g", when=GateWhen(attr="g", in_=tuple(texts)), then=GateThen(score=-1)),),
        rules=(
            Rule(id="t", attr="t", otherwise=-3, missing=-4,
                 cases=tuple(Case(when=In(in_=(text,)), points=place) for place, text in enumerate(texts))),
            Rule(id="s", attr="s", otherwise=-5000, missing=-6000,
                 cases=tuple(Case(when=Has(has=text), points=1000 * place) for place, text in enumerate(members))),
            Rule(id="n", attr="n", otherwise=-7,
                 cases=tuple(Case(when=Range(ge=low, lt=high), points=place) for place, (low, high) in bins)),
        ),
    )  # fmt: skip
    leads: list[Lead] = [{"t": text, "n": place / 8} for place, text in enumerate(texts)]
    leads += [{"s": [member, members[-1]], "n": -1} for member in members]
    leads += [{"g": text} for text in ("a*", "a", "text 491", "text 492", "")]
    leads += [{"t": text} for text in ("aa", "a", "_", "TEXT 1")]
    return Trial.of("long", rules, leads)


def many_rules() -> Trial:
    """Three hundred rules."""
    names = [f"a{number}" for number in range(30)]
    rules = Rules(
        id="many",
        version="1",
        attributes={name: Attribute(type="boolean") for name in names},
        rules=tuple(
            Rule(id=f"r{number}", attr=names[number % 30], missing=number, otherwise=-number) for number in range(300)
        ),
    )
    leads = [dict.fromkeys(names[:count], True) for count in range(30)]
    return Trial.of("many", rules, leads)


def test_many_lines_and_many_rules_score_the_same(libreoffice: Engine, tmp_path: Path) -> None:
    trials = [long_lists(), many_rules()]
    assert all(exported(trial, libreoffice, tmp_path / trial.name) for trial in trials)
    libreoffice.run([tmp_path / trial.name for trial in trials])
    for trial in trials:
        assert scored(tmp_path / trial.name) == trial.expected


def test_what_computes_no_arrays_shows_an_error_for_many_lines_and_no_score(tmp_path: Path) -> None:
    """formualizer, which finds none of 41 texts: in a rule, a set and a gate."""
    engine = next(engine for engine in engines() if engine.name.startswith("formualizer"))
    if reason := engine.lacks():
        pytest.skip(reason)
    texts = tuple(f"text {number}" for number in range(41))
    gate = Gate(id="g", when=GateWhen(attr="g", in_=texts), then=GateThen(score=-1))
    in_text = Rule(id="t", attr="t", cases=tuple(Case(when=In(in_=(text,)), points=9) for text in texts), otherwise=1)
    in_set = Rule(id="s", attr="s", cases=tuple(Case(when=Has(has=text), points=9) for text in texts), otherwise=1)
    for name, rules, gates in (("t", (in_text,), ()), ("s", (in_set,), ()), ("g", (), (gate,))):
        kinds = {"t": Attribute(type="text"), "s": Attribute(type="set"), "g": Attribute(type="text")}
        document = Rules(id="x", version="1", attributes=kinds, rules=rules, gates=gates)
        found = answers(engine, document, [{name: "text 7"}], tmp_path / name)
        assert not any(isinstance(score, int) for score in found)


def edited(path: Path, sheet: int, cell: str, before: str, after: str) -> None:
    """Change the number in a cell of a workbook."""
    name = f"xl/worksheets/sheet{sheet}.xml"
    with zipfile.ZipFile(path) as book:
        files = {item: book.read(item) for item in book.namelist()}
    text, changes = re.subn(rf'(<c r="{cell}"[^>]*><v>){before}</v>', rf"\g<1>{after}</v>", files[name].decode())
    assert changes == 1
    with zipfile.ZipFile(path, "w") as book:
        for item, content in (files | {name: text.encode()}).items():
            book.writestr(item, content)


def test_a_point_changed_in_its_cell_changes_scores_and_the_check_says_so(libreoffice: Engine, tmp_path: Path) -> None:
    rows = recombined(card(), values_of_card(), 300)
    assert exported(Trial.of("card", card(), rows), libreoffice, tmp_path)
    lines = CalamineWorkbook.from_path(tmp_path / "rules.xlsx").get_sheet_by_name("Rules").to_python()
    row = next(
        row for row, line in enumerate(lines, start=1) if line[:3] == ["Requested demo", "Requested demo", "yes"]
    )
    edited(tmp_path / "rules.xlsx", 3, f"G{row}", "20", "11")
    with pytest.raises(AssertionError, match=r"sheet Check says \d+ of 17 differ"):
        libreoffice.run([tmp_path])
    assert scored(tmp_path) == Trial.of("changed", card(demo=11), rows).expected


def answers(engine: Engine, rules: Rules, leads: Sequence[Lead], folder: Path) -> list[object]:
    """What the workbook says of cells as a user fills them."""
    assert exported(Trial("cells", rules, [], []), engine, folder)
    (folder / "leads.jsonl").write_text("\n".join(json.dumps(lead) for lead in leads), encoding="utf-8")
    engine.run([folder])
    return [score for score, _ in scored(folder)]


def test_cells_as_people_fill_them(libreoffice: Engine, tmp_path: Path) -> None:
    """Spaces beside a separator, numbers for truth values; and an error, not a score, for what cannot be read."""
    rules = Rules(
        id="x",
        version="1",
        attributes={"s": Attribute(type="set", separator=","), "n": Attribute(type="number"),
                    "b": Attribute(type="boolean"), "t": Attribute(type="text")},
        rules=(
            Rule(id="s", attr="s", otherwise=1, cases=(Case(when=Has(has="b"), points=2),)),
            Rule(id="n", attr="n", otherwise=10, cases=(Case(when=Range(ge=5), points=20),)),
            Rule(id="b", attr="b", otherwise=100, cases=(Case(when={"is": True}, points=200),)),
            Rule(id="t", attr="t", otherwise=1000, cases=(Case(when=In(in_=("10",)), points=2000),)),
        ),
    )  # fmt: skip
    cells = {
        "s": {"a,b": 2, "a, b": 2, "a , b ": 2, " b": 2, "a,  b": "#N/A", "a": 1, ",": 1, "": 0, "ab": 1, "b,b": 2},
        "n": {5: 20, 4.999: 10, "5": "#N/A", "five": "#N/A"},
        "b": {True: 200, False: 100, "true": 200, "FALSE": 100, "yes": "#N/A", 7: "#N/A"},
        "t": {"10": 2000, 10: 2000, "10.0": 1000},
    }
    given = [({name: value}, expected) for name, column in cells.items() for value, expected in column.items()]
    given += [({"b": 1}, 200), ({"b": 0}, 100), ({}, 0)]
    found = answers(libreoffice, rules, [lead for lead, _ in given], tmp_path)
    assert [(lead, score) for (lead, _), score in zip(given, found, strict=True)] == given


def test_workbooks_print_without_empty_pages(libreoffice: Engine, tmp_path: Path) -> None:
    """Two at once; conditional formats that hold TRUE have ended LibreOffice here."""
    for name, rules in (("card", card()), ("hostile", hostile())):
        (tmp_path / f"{name}.xlsx").write_bytes(export_rules(rules, "xlsx")[0].export.files["rules.xlsx"])
    command = ["soffice", f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", "--convert-to", "pdf"]
    books = [str(tmp_path / f"{name}.xlsx") for name in ("card", "hostile")]
    done = subprocess.run(
        [*command, "--outdir", str(tmp_path), *books], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    pages = [
        len(re.findall(rb"/Type\s*/Page\b", (tmp_path / f"{name}.pdf").read_bytes())) for name in ("card", "hostile")
    ]
    assert all(5 <= count <= 12 for count in pages), "five sheets, the widest of them on a few pages"
