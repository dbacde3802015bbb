"""The meeting's workbook: what stands in it, what is read back, what it does without formulas."""

from __future__ import annotations

import json
import re
import zipfile
from math import ceil

import pytest
from cases import AWKWARD, card, hostile, recombined, values_of_card
from drawn import documents
from drawn import leads as drawn_leads
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree
from meetings import combinations_of, filled_in, sheet_of
from texts import HOSTILE

from calibrate.document.rules import Attribute, Case, Evidence, In, Range, Rule, Rules
from calibrate.document.rules_file import rules_text
from calibrate.errors import RulesError
from calibrate.meeting.applying import apply_changes
from calibrate.meeting.changes import changes_of, changes_of_rows
from calibrate.meeting.edited import with_points
from calibrate.meeting.figures import bands, figures, score_counts, tenths
from reports.workbook import content as limits
from reports.workbook import meeting_workbook, read_meeting

NS = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
# All of them are functions of Excel 2007, and none has to be entered as an array.
CLASSIC = {
    "AND", "CHAR", "COUNT", "COUNTIF", "EXACT", "IF", "INDEX", "ISNUMBER", "LARGE", "MATCH", "MAX", "MIN", "N", "OR",
    "ROUND", "SMALL", "SQRT", "SUM", "SUMIFS", "SUMPRODUCT", "TEXT",
}  # fmt: skip


@pytest.fixture(scope="module")
def counted():
    leads = recombined(card(), values_of_card(), 300)
    return combinations_of(card(), leads, [place % 4 == 0 for place in range(300)], 3.0)


@pytest.fixture
def path(counted, tmp_path):
    found = tmp_path / "meeting.xlsx"
    found.write_bytes(meeting_workbook(card(), counted))
    return found


def formulas_of(path):
    """Every formula with the value beside it."""
    with zipfile.ZipFile(path) as book:
        for name in book.namelist():
            if name.startswith("xl/worksheets/sheet"):
                for cell in etree.fromstring(book.read(name)).iter(f"{NS}c"):
                    if (formula := cell.find(f"{NS}f")) is not None:
                        yield formula.text, cell.find(f"{NS}v")


def test_the_same_input_gives_the_same_bytes(counted):
    assert meeting_workbook(card(), counted) == meeting_workbook(card(), counted)


def test_what_stands_in_the_file_before_anything_is_calculated(counted, path):
    overview, threshold = sheet_of(path, "Overview"), 60
    expected = figures(card(), counted, threshold)
    assert [line[1] for line in overview[5:8]] == [threshold, "", threshold]
    now = [expected.leads_a_month, expected.rate, expected.reached, 100 * expected.right_order]
    assert [line[1] for line in overview[11:15]] == pytest.approx(now)
    assert [line[1] for line in overview[11:15]] == pytest.approx([line[2] for line in overview[11:15]], rel=1e-14)
    assert [line[3] for line in overview[11:15]] == [0, 0, 0, 0]
    scores = [line[0] for line in sheet_of(path, "Scores")[6:] if line[0] != ""]
    assert scores == list(score_counts(card(), counted).scores)[::-1]
    lines = sheet_of(path, "Bands")
    assert [line[2] for line in lines[5:15] if line[2] != ""] == [band.leads for band in tenths(card(), counted)]
    assert [tuple(line[2:4]) for line in lines[19:24]] == [(band.leads, band.won) for band in bands(card(), counted)]


def test_formulas_are_classic_short_and_have_a_value(path):
    found = list(formulas_of(path))
    assert len(found) > 1000
    for formula, value in found:
        assert len(formula) <= 8192
        assert value is not None, formula
        assert set(re.findall(r"([A-Z][A-Z.0-9]*)\(", re.sub(r'"[^"]*"', "", formula))) <= CLASSIC


@settings(max_examples=15, suppress_health_check=list(HealthCheck))
@given(documents(), drawn_leads(), st.data())
def test_any_document_has_a_workbook_that_is_read_back(tmp_path_factory, rules, leads, data):
    won = data.draw(st.lists(st.booleans(), min_size=len(leads), max_size=len(leads)))
    counted = combinations_of(rules, leads, won, data.draw(st.sampled_from([None, 2.5])))
    path = tmp_path_factory.getbasetemp() / "drawn.xlsx"
    path.write_bytes(meeting_workbook(rules, counted, rules))
    assert read_meeting(path, rules) == ([], None)
    assert all(value is not None for _, value in formulas_of(path))


def test_texts_stay_texts(tmp_path):
    rules, path = hostile(), tmp_path / "meeting.xlsx"
    counted = combinations_of(rules, [{AWKWARD: text} for text in HOSTILE], [True, *[False] * (len(HOSTILE) - 1)])
    path.write_bytes(meeting_workbook(rules, counted, rules, "=1+1"))
    written = {cell for name in ("Rules", "Bands", "Overview") for line in sheet_of(path, name) for cell in line}
    assert "=1+1" in " ".join(str(cell) for cell in written)
    named = {text for text in HOSTILE if text.startswith(("=", "-"))}
    assert named == {"=1+1", "-- x"}
    assert named <= written
    allowed = re.compile(r"^[A-Za-z_ $:0-9()+*/<>=!&,.\-]*$")
    for formula, _ in formulas_of(path):
        assert allowed.match(re.sub(r'"[^"]*"', "", formula)), formula
        assert not any(text in formula for text in ("=1+1", "DROP TABLE", "O'Brien", "Straße", "null", "{{x}}"))


def edits(path):
    """The cells of three changed points."""
    lines = sheet_of(path, "Rules")
    rows = {(line[12], line[13]): number for number, line in enumerate(lines, start=1) if line[12]}
    cells = {f"I{rows['r_industry_fit', 0]}": 30, f"I{rows['r_phone_fit', 1]}": 0, f"I{rows['far', 0]}": -2}
    return {"Rules": cells | {f"L{rows['r_industry_fit', 0]}": "hot since the spring fair"}}


def test_changes_and_reasons_are_read_back(path):
    filled_in(path, edits(path) | {"Overview": {"B6": 45}})
    rows, threshold = read_meeting(path, card())
    assert rows == [
        {"rule": "r_industry_fit", "way": 0, "from": 15, "to": 30, "reason": "hot since the spring fair"},
        {"rule": "r_phone_fit", "way": 1, "from": -4, "to": 0, "reason": ""},
    ]
    assert threshold == 45


def test_workbook_and_page_give_the_same_rules(counted, path):
    filled_in(path, edits(path) | {"Overview": {"B6": 45}})
    saved = {
        "format": "leadscore-changes/1.0",
        "rules": {"id": "card", "version": "1"},
        "threshold": 45,
        "changes": [
            {"rule": "r_industry_fit", "way": 0, "from": 15, "to": 30, "reason": "hot since the spring fair"},
            {"rule": "r_phone_fit", "way": 1, "from": -4, "to": 0, "reason": ""},
        ],
    }
    both = (changes_of_rows(*read_meeting(path, card()), card()), changes_of(json.dumps(saved), card()))
    one, other = (apply_changes(card(), item, decided_on="2026-10-01", combinations=counted) for item in both)
    assert rules_text(one) == rules_text(other)
    assert one.handover_score == 45


def test_a_workbook_as_proposed_decides_nothing(path):
    assert read_meeting(path, card()) == ([], None)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"Rules": {"I5": "five"}}, r"Rules, row 5, MEETING: found 'five', expected a whole number"),
        ({"Rules": {"I5": None}}, r"Rules, row 5, MEETING: found nothing, expected a whole number"),
        ({"Rules": {"I6": 1.5}}, r"Rules, row 6, MEETING: found '1.5', expected a whole number"),
        ({"Rules": {"M5": None}}, r"Rules, row 5: found '15.0' beside no rule, expected a line that was there"),
        ({"Rules": {"H5": "x"}}, r"Rules, row 5, Proposed: found 'x', expected a whole number"),
        ({"Rules": {"I4": "POINTS"}}, r"found no sheet Rules as it was written"),
        ({"Overview": {"B6": "high"}}, r"Overview, Hand over from score: found 'high', expected a whole number"),
        ({"Overview": {"B7": 5, "B8": None}}, r"expected a whole number; open the file in a spreadsheet program"),
    ],
)
def test_cells_that_say_nothing_are_told_with_their_place(path, typed, said):
    filled_in(path, typed)
    with pytest.raises(RulesError, match=said):
        read_meeting(path, card())


def test_all_faults_are_told_at_once(path):
    filled_in(path, {"Rules": {"I5": "five", "I6": 1.5}, "Overview": {"B6": "high"}})
    with pytest.raises(RulesError) as caught:
        read_meeting(path, card())
    assert len(caught.value.faults) == 3


def test_a_workbook_of_other_rules_is_refused(path):
    newer = card().model_copy(update={"version": "2"})
    with pytest.raises(RulesError, match=r"Overview, Version: found '1', expected '2'; name the rules"):
        read_meeting(path, newer)


@pytest.mark.parametrize("content", [None, b"no workbook", b"PK\x03\x04 cut off"])
def test_a_file_that_is_no_workbook_is_one_line(tmp_path, content):
    path = tmp_path / "meeting.xlsx"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RulesError, match=r"meeting\.xlsx: cannot be read .*expected the workbook of a meeting"):
        read_meeting(path, card())


def test_too_many_combinations_leave_points_without_formulas(counted, path, monkeypatch):
    monkeypatch.setattr(limits, "MOST_COMBINATIONS", 10)
    path.write_bytes(meeting_workbook(card(), counted))
    overview = sheet_of(path, "Overview")
    assert f"{len(counted.leads)} different combinations" in overview[2][0]
    assert "follow the score, not the points" in overview[2][0]
    with zipfile.ZipFile(path) as book:
        assert b"Counts" not in book.read("xl/workbook.xml")
    assert any("threshold" in formula for formula, _ in formulas_of(path))
    assert not any("lead_" in formula for formula, _ in formulas_of(path))
    filled_in(path, edits(path))
    assert len(read_meeting(path, card())[0]) == 2


def test_scores_beyond_count_leave_points_without_formulas(counted, path, monkeypatch):
    monkeypatch.setattr(limits, "MOST_LOOKED_AT", 10)
    path.write_bytes(meeting_workbook(card(), counted))
    assert "different scores" in sheet_of(path, "Overview")[2][0]


def test_last_quarter_stands_beside(counted, path):
    previous = with_points(card(), {("r_industry_fit", 0): 5})
    path.write_bytes(meeting_workbook(card(), counted, previous, "On held-out leads 71 of 100 pairs."))
    lines, overview = sheet_of(path, "Rules"), sheet_of(path, "Overview")
    assert lines[4][:2] + lines[4][7:10] == ["Industry", "software", "+5", 15, 15]
    then = figures(previous, counted, 60)
    assert [line[4] for line in overview[11:14]] == pytest.approx([then.leads_a_month, then.rate, then.reached])
    assert overview[3][0].endswith("On held-out leads 71 of 100 pairs.")


def test_without_dates_leads_are_told_in_all(path):
    leads = recombined(card(), values_of_card(), 100)
    counted = combinations_of(card(), leads, [place % 4 == 0 for place in range(100)])
    path.write_bytes(meeting_workbook(card(), counted))
    overview = sheet_of(path, "Overview")
    assert (overview[6][0], overview[11][0]) == ("or: sales can call, leads in all", "Leads handed to sales, in all")
    assert overview[11][1] == figures(card(), counted, 60).leads


def test_levels_by_one_name_are_told_apart_and_support_is_remarked(tmp_path):
    evidence = Evidence(leads=50, conversions=20, lift=10.0, lift_low=5.0, lift_high=15.0, points_lift=10)
    cases = tuple(
        Case(when=In(in_=(text,)), points=10, label="big", evidence=evidence) for text in ("a", "b")
    )  # fmt: skip
    rules = Rules(id="x", version="1", attributes={"Size": Attribute(type="text")},
                  rules=(Rule(id="size", attr="Size", cases=cases),))  # fmt: skip
    path = tmp_path / "meeting.xlsx"
    counted = combinations_of(rules, [{"Size": "a"}, {"Size": "b"}] * 10, [True, False] * 10)
    path.write_bytes(meeting_workbook(rules, counted))
    lines = sheet_of(path, "Rules")
    assert [line[1] for line in lines[4:6]] == ["big", "big (2)"]
    assert [line[5:7] for line in lines[4:6]] == [[5, 15], [5, 15]]
    assert any("outside what the data support" in formula for formula, _ in formulas_of(path))


@pytest.mark.parametrize("most", [20, 76, 77, 140, 300])
def test_scores_print_on_the_pages_that_they_fill(tmp_path, most):
    leads = [{"Points": float(number)} for number in range(most)] * 3
    cases = tuple(Case(when=Range(ge=float(number), lt=float(number + 1)), points=number + 1) for number in range(most))
    rules = Rules(
        id="x", version="1", attributes={"Points": Attribute(type="number")},
        rules=(Rule(id="points", attr="Points", cases=cases),),
    )  # fmt: skip
    counts = combinations_of(rules, leads, [place % 4 == 0 for place in range(len(leads))], 3.0)
    (tmp_path / "meeting.xlsx").write_bytes(meeting_workbook(rules, counts))
    with zipfile.ZipFile(tmp_path / "meeting.xlsx") as book:
        areas = [
            name.text
            for name in etree.fromstring(book.read("xl/workbook.xml")).iter(f"{NS}definedName")
            if name.get("name") == "_xlnm.Print_Area" and str(name.text).startswith("Scores!")
        ]
        sheets = [etree.fromstring(book.read(name)) for name in book.namelist() if "/sheet" in name]
    last = int(areas[0].rpartition("$")[2])
    assert most + 6 <= last <= most + 16
    # A page holds 82 lines at most, so that the scores reach the last page that they are fitted to.
    pages = ceil((most + 6) / 82)
    heights = [setup.get("fitToHeight") for sheet in sheets for setup in sheet.iter(f"{NS}pageSetup")]
    assert heights.count(str(pages)) >= 1 if pages > 1 else None in heights
