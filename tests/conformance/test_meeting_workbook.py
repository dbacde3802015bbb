"""The meeting's workbook in LibreOffice: points and threshold changed inside the file, against Python's figures."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cases import AWKWARD, card, hostile, recombined, values_of_card
from drawn import drawn_cases
from engines import Engine, engines
from meetings import combinations_of, converted, errors_in, filled_in, sheet_of
from texts import HOSTILE

import calibrate as cal
from calibrate.document.lead_score import score_lead
from calibrate.document.rules import Rules
from calibrate.meeting.combinations import Combinations
from calibrate.meeting.edited import with_points
from calibrate.meeting.figures import bands, figures, score_counts, tenths, threshold_for
from calibrate.sample import sample_file
from calibrate.settings import load_settings
from calibrate.words.language import language
from reports.meeting.rows import rows_of
from reports.workbook import meeting_workbook, read_meeting

EXAMPLES = 20
Lead = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Meeting:
    """Rules with counted leads, and what is typed into their workbook. capacity: None without one."""

    name: str
    rules: Rules
    combinations: Combinations
    edits: Mapping[tuple[str, int], int]
    threshold: int
    capacity: float | None = None

    def written(self, folder: Path) -> Path:
        """The workbook, filled in."""
        path = folder / f"{self.name}.xlsx"
        path.write_bytes(meeting_workbook(self.rules, self.combinations))
        filled_in(path, {"Rules": points_cells(path, self.edits),
                         "Overview": {"B6": self.threshold, "B7": self.capacity}})  # fmt: skip
        return path


def points_cells(path: Path, edits: Mapping[tuple[str, int], int]) -> dict[str, int]:
    """The cells of column MEETING for the ways of rules."""
    lines = sheet_of(path, "Rules")
    header = next(number for number, line in enumerate(lines) if "Rule id" in line)
    rule, way, points = (lines[header].index(name) for name in ("Rule id", "Way", "MEETING"))
    rows = {(line[rule], line[way]): number for number, line in enumerate(lines, start=1) if line[rule]}
    return {f"{chr(65 + points)}{rows[key]}": value for key, value in edits.items()}


@pytest.fixture(scope="module")
def libreoffice() -> Engine:
    found = next(engine for engine in engines() if engine.name.startswith("LibreOffice"))
    if reason := found.lacks():
        pytest.skip(reason)
    return found


def ways_shown(rules: Rules, combinations: Combinations) -> list[tuple[str, int]]:
    rows = rows_of(rules, combinations, language("en"))
    return [(rule.id, row.way) for rule, part in zip(rules.rules, rows, strict=True) for row in part]


def drawn_meetings() -> list[Meeting]:
    """Documents that hypothesis drew, with leads, outcomes, points and a threshold by chance."""
    chance, found = random.Random(5), []
    for number, (rules, leads) in enumerate(drawn_cases(EXAMPLES)):
        many = recombined(rules, leads, 60) if rules.rules or rules.gates else leads
        share = (0.4, 0.4, 0.4, 0.4, 0, 1)[number % 6]
        won = [chance.random() < share for _ in many]
        combinations = combinations_of(rules, many, won, chance.choice([None, 3.5]))
        ways = ways_shown(rules, combinations)
        edits = {way: chance.randint(-40, 40) for way in chance.sample(ways, min(5, len(ways)))}
        capacity = chance.choice([None, None, 0, 4.5, 30])
        found.append(Meeting(f"drawn-{number}", rules, combinations, edits, chance.randint(-20, 30), capacity))
    return found


def card_meeting() -> Meeting:
    leads = recombined(card(), values_of_card(), 1500)
    scores = [score_lead(card(), lead, reasons=0).score for lead in leads]
    chance = random.Random(1)
    won = [chance.random() < 0.1 + score / 200 for score in scores]
    edits = {("r_industry_fit", 0): 30, ("r_country_fit", 3): -9, ("r_requested_demo_engagement", 0): 45}
    return Meeting("card", card(), combinations_of(card(), leads, won, 3.0), edits, 40)


def merged_meeting() -> Meeting:
    """Points of a rule of which some are hidden: they stay 0 whatever the meeting says."""
    rules = card()
    leads = recombined(rules, values_of_card(), 400)
    whole = combinations_of(rules, leads, [place % 5 == 0 for place in range(400)])
    ways = list(whole.ways)
    ways[3] = np.where(np.arange(len(whole.leads)) % 2 == 0, len(rules.rules[3].cases) + 2, ways[3]).astype(np.uint16)
    combinations = replace(whole, ways=tuple(ways), hidden=0.06)
    return Meeting("merged", rules, combinations, {("r_phone_fit", 0): 25, ("r_phone_fit", 1): -25}, 20, 100)


def hostile_meeting() -> Meeting:
    leads = [{AWKWARD: text} for text in (*HOSTILE, "", "x")]
    combinations = combinations_of(hostile(), leads * 3, [place % 3 == 0 for place in range(3 * len(leads))])
    return Meeting("hostile", hostile(), combinations, {("text", 0): -8, ("text", 3): 40}, 5)


def sample_meeting() -> Meeting:
    result = cal.calibrate(str(sample_file("leads.csv")), settings=load_settings(sample_file("leads.toml")))
    ways = ways_shown(result.rules, result.combinations())
    chance = random.Random(2)
    edits = {way: chance.randint(-30, 30) for way in chance.sample(ways, 8)}
    return Meeting("sample", result.rules, result.combinations(), edits, 17, 60)


@pytest.fixture(scope="module")
def calculated(libreoffice: Engine, tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Meeting, Path]]:
    folder = tmp_path_factory.mktemp("meetings")
    meetings = [card_meeting(), merged_meeting(), hostile_meeting(), sample_meeting(), *drawn_meetings()]
    return list(zip(meetings, converted([item.written(folder) for item in meetings], "xlsx", folder), strict=True))


def test_figures_are_those_of_python(calculated: Sequence[tuple[Meeting, Path]]) -> None:
    for meeting, path in calculated:
        rules = with_points(meeting.rules, meeting.edits)
        threshold = meeting.threshold
        if meeting.capacity is not None:
            threshold = threshold_for(rules, meeting.combinations, meeting.capacity)
        expected = figures(rules, meeting.combinations, threshold)
        overview = sheet_of(path, "Overview")
        found = [line[1] for line in overview[11:17]]
        order = None if expected.right_order is None else 100 * expected.right_order
        first = expected.leads if expected.leads_a_month is None else expected.leads_a_month
        wanted = [first, expected.rate, expected.reached, order]
        wanted = ["not known" if value is None else pytest.approx(value, rel=1e-14) for value in wanted]
        assert overview[7][1] == threshold, meeting.name
        assert found[:5] == [*wanted, 0], meeting.name
        assert errors_in(path) == 0, meeting.name


def test_scores_are_those_of_python(calculated: Sequence[tuple[Meeting, Path]]) -> None:
    for meeting, path in calculated:
        counts = score_counts(with_points(meeting.rules, meeting.edits), meeting.combinations)
        lines = [line[:3] for line in sheet_of(path, "Scores")[6:] if line[0] != ""]
        expected = list(zip(counts.scores, counts.leads, counts.conversions, strict=True))[::-1]
        assert [tuple(line) for line in lines] == expected, meeting.name


def test_bands_are_those_of_python(calculated: Sequence[tuple[Meeting, Path]]) -> None:
    for meeting, path in calculated:
        rules = with_points(meeting.rules, meeting.edits)
        lines = sheet_of(path, "Bands")
        found = [line[:9] for line in lines[5:15] if line[0] != ""]
        expected = [
            (band.score_from, band.score_to, band.leads, band.conversions, band.rate, band.rate_low, band.rate_high,
             band.share_of_leads, "" if band.share_of_conversions is None else band.share_of_conversions)
            for band in tenths(rules, meeting.combinations)
        ]  # fmt: skip
        assert len(found) == len(expected), meeting.name
        for line, wanted in zip(found, expected, strict=True):
            close = [item if isinstance(item, str) else pytest.approx(item, rel=1e-13) for item in wanted]
            assert line == close, meeting.name
        named = bands(rules, meeting.combinations)
        for line, band in zip(lines[19 : 19 + len(named)], named, strict=True):
            ends = (band.rate, band.rate_low, band.rate_high)
            wanted = ["" if item is None else pytest.approx(item, rel=1e-13) for item in ends]
            assert line[2:7] == [band.leads, band.won, *wanted], (meeting.name, band.name)


def test_decisions_are_read_back_from_what_libreoffice_saved(calculated: Sequence[tuple[Meeting, Path]]) -> None:
    for meeting, path in calculated:
        rows, threshold = read_meeting(path, meeting.rules)
        points = {(rule.id, way): value for rule in meeting.rules.rules for way, value in enumerate(ways_of(rule))}
        changed = {key: value for key, value in meeting.edits.items() if value != points[key]}
        assert {(row["rule"], row["way"]): row["to"] for row in rows} == changed, meeting.name
        assert all(row["from"] == points[row["rule"], row["way"]] for row in rows)
        in_use = sheet_of(path, "Overview")[7][1]
        assert threshold in (in_use, None), meeting.name


def ways_of(rule: Any) -> list[int]:
    return [*(case.points for case in rule.cases), rule.otherwise, rule.missing]


def test_a_lead_chosen_in_the_lists_gets_its_score_and_band(libreoffice: Engine, tmp_path: Path) -> None:
    rules, meeting = card(), card_meeting()
    lead = {"Industry": "retail", "Country": "GB", "Employees": 120, "Phone": "+31", "Requested demo": True,
            "Pages": ["pricing"]}  # fmt: skip
    chosen = {
        "Industry": "retail", "Country": "DE, GB", "Employees": "100 to under 1000", "Phone": "given",
        "Requested demo": "yes", "Pages": "pricing", "Pages: jobs": "not jobs", "Country: NZ": "other values",
    }  # fmt: skip
    paths = []
    for name, gate in (("open", "none"), ("gated", "own")):
        path = tmp_path / f"{name}.xlsx"
        path.write_bytes(meeting_workbook(rules, meeting.combinations))
        lines = sheet_of(path, "Try a lead")
        rows = {line[0]: number for number, line in enumerate(lines, start=1)}
        filled_in(path, {"Try a lead": {f"B{rows[key]}": value for key, value in chosen.items()} | {"B9": gate}})
        paths.append(path)
    opened, gated = converted(paths, "xlsx", tmp_path)
    expected = score_lead(rules, lead, reasons=0)
    counts = score_counts(rules, meeting.combinations)
    up = [(leads, won) for score, leads, won in zip(counts.scores, counts.leads, counts.conversions, strict=True)
          if score >= expected.score]  # fmt: skip
    rate = sum(won for _, won in up) / sum(leads for leads, _ in up)
    found = [line[1] for line in sheet_of(opened, "Try a lead")[3:7]]
    handed = "yes" if expected.score >= 60 else "no"
    assert found == [expected.score, expected.band, handed, pytest.approx(rate)]
    behind = score_lead(rules, {"Company": "Us"}, reasons=0)
    assert [line[1] for line in sheet_of(gated, "Try a lead")[3:5]] == [behind.score, behind.band]
    assert errors_in(opened) + errors_in(gated) == 0


def test_openpyxl_edits_are_read_back(libreoffice: Engine, tmp_path: Path) -> None:
    meeting, path = card_meeting(), tmp_path / "meeting.xlsx"
    python = Path(os.environ["CALIBRATE_ENGINES"], "python", "bin", "python")
    path.write_bytes(meeting_workbook(meeting.rules, meeting.combinations))
    cells = points_cells(path, {("r_industry_fit", 1): -3})
    edit = (
        "import json, openpyxl, sys\n"
        "path, cells = sys.argv[1], json.loads(sys.argv[2])\n"
        "book = openpyxl.load_workbook(path)\n"
        "for sheet, typed in cells.items():\n"
        "    for cell, value in typed.items():\n"
        "        book[sheet][cell].value = value\n"
        "book.save(path)"
    )
    reason = {cell.replace(cell[0], "L", 1): "less at the fair" for cell in cells}
    typed = json.dumps({"Rules": cells | reason, "Overview": {"B6": 33}})
    subprocess.run([python, "-W", "ignore", "-c", edit, str(path), typed], check=True)
    wanted = {"rule": "r_industry_fit", "way": 1, "from": 8, "to": -3, "reason": "less at the fair"}
    assert read_meeting(path, meeting.rules) == ([wanted], 33)


def test_it_prints_again_and_again(libreoffice: Engine, tmp_path: Path) -> None:
    """Conditional formats beside formulas have ended LibreOffice here, not every time."""
    paths = [meeting.written(tmp_path) for meeting in (card_meeting(), hostile_meeting())]
    for _ in range(2):
        for pdf in converted(paths, "pdf", tmp_path):
            pages = len(re.findall(rb"/Type\s*/Page\b", pdf.read_bytes()))
            assert 5 <= pages <= 14
            pdf.unlink()


def test_the_engine_saw_formulas(calculated: Sequence[tuple[Meeting, Path]]) -> None:
    """What LibreOffice saved are its results of the formulas, none of them lost on the way."""
    _, path = calculated[0]
    with zipfile.ZipFile(path) as book:
        sheets = [book.read(name) for name in book.namelist() if name.startswith("xl/worksheets/")]
    assert sum(sheet.count(b"<f") for sheet in sheets) > 1000
