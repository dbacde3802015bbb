"""Sheets that people made, and the flat table after somebody changed it."""

from __future__ import annotations

import datetime as dt

import pytest
import xlsxwriter
from cases import card

from calibrate.document.lead_score import score_lead
from calibrate.document.rules import In, Is, Range
from calibrate.errors import CalibrateError
from calibrate.exports.exporting import export_rules
from calibrate.reading.dialect import ReadingOptions


def whens(rules, place=0):
    return [(case.when, case.points) for case in rules.rules[place].cases]


def points(rules, **lead):
    return score_lead(rules, lead).score


def test_a_sheet_becomes_rules(imported):
    rules = imported(
        "attribute,value,points\nIndustry,Software,15\nIndustry,Retail,-5\nDemo,yes,25\nDemo,no,-2\n"
    ).rules
    assert {name: item.type for name, item in rules.attributes.items()} == {"Industry": "category", "Demo": "boolean"}
    assert whens(rules) == [(In(in_=("Software",)), 15), (In(in_=("Retail",)), -5)]
    assert whens(rules, 1) == [(Is(is_=True), 25), (Is(is_=False), -2)]
    assert [rule.id for rule in rules.rules] == ["industry", "demo"]


EUROPE = [
    ("Kenmerk;Waarde;Punten", "Medewerkers;10-49;5", "Medewerkers"),
    ("Punkte;Wert;Merkmal", "5;10-49;Mitarbeiter", "Mitarbeiter"),
    ("Critère;Valeur;Points", "Employés;10 à 49;5", "Employés"),
    ("Egenskab;Værdi;Point", "Størrelse;10 til 49;5", "Størrelse"),
    ("Lead field (CRM);Answer given;Points (max 30)", "Employees;10 – 49;+5", "Employees"),
]


@pytest.mark.parametrize(("header", "row", "name"), EUROPE)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_a_sheet_is_read_in_five_languages_and_three_encodings(header, row, name, encoding, imported):
    rules = imported(f"{header}\r\n{row}\r\n".encode(encoding)).rules
    assert list(rules.attributes) == [name]
    assert whens(rules) == [(Range(ge=10, lt=50), 5)]


def test_numbers_alone_are_names(imported):
    assert whens(imported("attribute,value,points\nSegment,1,5\nSegment,2,3\n").rules)[0] == (In(in_=("1",)), 5)


def test_no_value_any_value_and_yes_no(imported):
    found = imported(
        "attribute,value,points\nPricing page,,10\nPhone,leeg,-4\n"
        "Industry,Software,15\nIndustry,Other,2\nIndustry,,-1\n"
    )
    phone, industry = found.rules.rules[1:]
    assert found.rules.attributes["Pricing page"].type == "boolean"
    assert (phone.cases, phone.missing) == ((), -4)
    assert (industry.otherwise, industry.missing) == (2, -1)
    assert "'Other' of 'Industry' counts for every value that has no row of its own." in found.notes
    assert "'Pricing page' has no value, so it is a yes/no attribute." in found.notes


def test_a_placeholder_among_ranges_is_no_value(imported):
    rules = imported("attribute,value,points\nEmployees,10-49,5\nEmployees,unknown,-3\n").rules
    assert rules.rules[0].missing == -3


def test_merged_cells_and_headings_go_on(imported):
    rules = imported("attribute,value,points\nIndustry,Software,15\n,Retail,-5\nEmployees,,\n,10-49,5\n").rules
    assert [(rule.attr, len(rule.cases)) for rule in rules.rules] == [("Industry", 2), ("Employees", 1)]


def test_a_sheet_without_values_is_of_yes_and_no(imported):
    rules = imported("Actie;Punten\nDemo aangevraagd;25\nUitgeschreven;-10\n").rules
    assert [(rule.attr, rule.cases[0].when) for rule in rules.rules] == [
        ("Demo aangevraagd", Is(is_=True)), ("Uitgeschreven", Is(is_=True)),
    ]  # fmt: skip


def test_a_workbook_is_read_too(tmp_path, imported):
    path = tmp_path / "sheet.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("Punten")
        rows = [
            ("Lead score 2026",),
            ("Kenmerk", "Waarde", "Punten"),
            ("Medewerkers", "10-49", 5),
            ("Medewerkers", 9, 2),
        ]
        for place, row in enumerate(rows):
            sheet.write_row(place, 0, row)
    found = imported(path.read_bytes(), name="points.xlsx")
    assert whens(found.rules) == [(Range(ge=9, lt=10), 2), (Range(ge=10, lt=50), 5)]
    assert any("1 line above the header was left out" in note for note in found.notes)


def test_a_range_that_a_spreadsheet_made_a_date_of_is_told(tmp_path, faults):
    path = tmp_path / "dates.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ("attribute", "value", "points"))
        sheet.write_row(1, 0, ("Employees", "50+", 5))
        sheet.write_row(2, 0, ("Employees",))
        sheet.write_datetime(2, 1, dt.datetime(2026, 10, 1), book.add_format({"num_format": "d-mmm"}))
        sheet.write_number(2, 2, 3)
    (fault,) = faults(path.read_bytes(), name="points.xlsx")
    assert fault.startswith("row 3: found '2026-10-01")
    assert "Excel made a date of it: write '10-49 as text" in fault


@pytest.mark.parametrize("value", ["2026-10-01", "2026-10-01T00:00:00"])
def test_a_date_alone_is_no_value(value, faults):
    assert "Excel made a date of it" in faults(f"attribute,value,points\nEmployees,{value},5\n")[0]


def test_a_date_of_a_spreadsheet_among_ranges_is_told(faults):
    (fault,) = faults("attribuut;waarde;punten\nOmzet;50+;5\nOmzet;okt-49;3\n")
    assert fault == (
        "row 3: found 'okt-49' for 'Omzet', expected a value or a range; Excel made a date of it: write '10-49 as text"
    )


def test_other_columns_are_left_out_and_told(imported):
    notes = imported("attribute,value,points,owner\nA,x,1,Ann\n").notes
    assert "Column 'owner' was left out." in notes


@pytest.mark.parametrize("name", ["Max", "Maximum", "cap (points)"])
def test_a_column_of_caps_is_told(name, imported):
    notes = imported(f"attribute,value,{name},score\nA,x,30,1\n").notes
    assert any(f"Column '{name}' was left out: caps are not read." in note for note in notes)


def test_several_values_in_one_cell_are_told(imported):
    found = imported('attribute,value,points\nCountry,"NL, BE",3\nCountry,DE;AT,2\nCountry,FR,1\nn,"1,5",1\n')
    assert whens(found.rules)[0] == (In(in_=("NL, BE",)), 3)
    told = [note for note in found.notes if "one text" in note]
    assert told == [
        "'NL, BE' and 'DE;AT' of 'Country': read as one text each; give each value a row where several are meant."
    ]


def test_a_yes_of_the_sheet_keeps_its_word(imported):
    rules = imported("Kenmerk;Waarde;Punten\nDemo;ja;25\nDemo;nee;-2\n").rules
    assert [(case.when, case.label) for case in rules.rules[0].cases] == [
        (Is(is_=True), "ja"), (Is(is_=False), "nee"),
    ]  # fmt: skip


@pytest.mark.parametrize("minus", "-−–")
def test_points_take_a_minus_of_any_length(minus, imported):
    assert whens(imported(f"attribute,value,points\nA,x,{minus}5\n").rules) == [(In(in_=("x",)), -5)]


def test_all_faults_of_a_sheet_come_together(faults):
    found = faults(
        "attribute,value,points\nA,x,1\nA,x,2\nB,10-20,1\nB,20-30,2\nC,10-20,1\nC,often,2\nD,x,1.5\n"
        "E,x,\nF,x,1.000\nG,x,many\nH,x,2000000\n"
    )
    assert found == (
        "row 8 ('D'): found '1.5', expected whole points; multiply all points of the file by ten",
        "row 9: found no points for 'E', expected whole points; write them, or 0",
        "row 10 ('F'): found '1.000', expected whole points; write 1000 without a mark if it is thousands",
        "row 11 ('G'): found 'many', expected whole points; write a number like 25",
        "row 12 ('H'): found '2000000', expected whole points; stay between -1,000,000 and 1,000,000",
        "row 7: found 'often' for 'C', expected a range of numbers as its other rows have, like 10-49, 50+ or <10; "
        "correct it",
        "row 3: found 'x' of 'A', which row 2 has too, expected each value once; keep one of the two",
        "row 5: found '20-30' of 'B', which overlaps '10-20' of row 4 at 20, expected each number once; end the lower "
        "one before it, as in '10 to under 20'",
    )


BROKEN = ["A;x;many", "B;y;many"]
SHEETS = {
    "title": (["Lead score 2026", "", "attribute;value;points", *BROKEN], [4, 5]),
    "blank": (["attribute;value;points", "", BROKEN[0], "", ";;", BROKEN[1]], [3, 6]),
    "sep": (["sep=;", "attribute;value;points", *BROKEN], [2, 3]),
    "quoted": (["attribute;value;points", 'A;"two\nlines";1', *BROKEN], [3, 4]),
}


@pytest.mark.parametrize("name", SHEETS)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252"])
def test_rows_are_counted_as_a_spreadsheet_does(name, encoding, faults):
    lines, rows = SHEETS[name]
    found = faults("\r\n".join([*lines, ""]).encode(encoding))
    assert [fault.partition(" (")[0] for fault in found] == [f"row {row}" for row in rows]


def test_rows_of_a_workbook_are_those_of_the_sheet(tmp_path, faults):
    path = tmp_path / "sheet.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        for row, cells in {
            2: ("Lead score",), 3: ("attribute", "value", "points"), 4: ("A", "x", "many"), 8: ("B", "x", "many"),
            9: ("Total", "", 5),
        }.items():  # fmt: skip
            sheet.write_row(row, 1, cells)
    found = faults(path.read_bytes(), name="points.xlsx")
    assert [fault.partition(" (")[0] for fault in found] == ["row 5", "row 9"]


def workbook(path, **sheets):
    with xlsxwriter.Workbook(path) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for place, row in enumerate(rows):
                sheet.write_row(place, 0, row)
    return path.read_bytes()


TABLE = [("attribute", "value", "points"), ("A", "x", 5)]


@pytest.mark.parametrize("first", [[], [("Uitleg", "van", "wie"), ("a", "b", "c")], [("Uitleg",), ("tekst",)]])
def test_a_table_on_another_sheet_is_named(first, tmp_path, imported):
    content = workbook(tmp_path / "made.xlsx", Uitleg=first, Punten=TABLE)
    with pytest.raises(CalibrateError) as caught:
        imported(content, name="points.xlsx")
    assert str(caught.value).endswith("or name another sheet with --sheet: 'Punten'")
    found = imported(content, name="points.xlsx", options=ReadingOptions(sheet="Punten"))
    assert whens(found.rules) == [(In(in_=("x",)), 5)]


def test_a_file_is_read_as_the_options_say(imported):
    options = ReadingOptions(encoding="cp850", delimiter="#", skip_rows=1, decimal=",")
    text = "a#b#c#d\nattribute#value#points\nBeløb#1.000-4.999#5\n"
    rules = imported(text.encode("cp850"), options=options).rules
    assert list(rules.attributes) == ["Beløb"]
    assert whens(rules) == [(Range(ge=1000, lt=5000), 5)]


def test_columns_that_are_not_clear_are_told(faults):
    assert faults("attribute,value\nA,x\n") == (
        "header: found 'attribute', 'value', expected a column of points; call the one with the points 'points'",
    )
    (fault,) = faults("attribute,value,points,score\nA,x,1,2\n")
    assert fault.startswith("header: found 'points' and 'score' for points, expected one column of points")


def test_a_sheet_of_too_few_columns_is_told_what_to_add(faults):
    assert faults("Lead score\nIndustry 15\n") == (
        "header: found one column, 'Lead score', expected attribute, value and points; write each in a column of its "
        "own, or say what splits the columns with --delimiter",
    )
    assert faults("Industry;Punten\nSoftware;15\n") == (
        "header: found 'Industry', 'Punten', expected a column of attribute; call the one that says what a value is "
        "of, such as industry, 'attribute', or add it",
    )


def test_rows_before_any_attribute_are_told(faults):
    assert faults("attribute,value,points\n,x,1\n")[0].startswith("row 2: found no attribute")


def test_a_sheet_of_names_that_are_alike_has_ids_of_its_own(imported):
    rules = imported("attribute,value,points\nLead source,x,1\nlead_source,x,2\n1st,x,3\nÜ,x,4\n").rules
    assert [rule.id for rule in rules.rules] == ["lead_source", "lead_source_2", "x1st", "u"]


def flat():
    return export_rules(card(), "csv")[0].export.files["rules.csv"].decode()


def test_a_changed_flat_table_is_the_changed_rules(imported):
    text = flat().replace(",yes,,,20,", ",yes,,,21,")
    lead = {"Requested demo": True}
    assert points(imported(text).rules, **lead) == points(card(), **lead) + 1


def test_faults_of_a_flat_table_have_their_rows(faults):
    lines = flat().splitlines()
    places = {word: number for number, line in enumerate(lines) for word in [line.split(",")[0]]}
    lines[places["group"]] = lines[places["group"]].replace(",30,", ",many,")
    lines[places["band"]] = lines[places["band"]].replace("band", "bnad", 1)
    lines[places["gate"]] = lines[places["gate"]].replace(",in,", ",is,")
    lines.append(lines[places["otherwise"]])
    found = faults("\n".join(lines) + "\n")
    rows = {word: place + 1 for word, place in places.items()}
    assert any(f"row {rows['group']}, max: found 'many'" in fault for fault in found)
    assert any(f"row {rows['band']}, part: found 'bnad'" in fault and "'band'" in fault for fault in found)
    assert any(f"row {rows['gate']}, value: found " in fault for fault in found)
    assert any("again, expected it once" in fault for fault in found)


def test_rows_of_a_rule_that_differ_are_told(faults):
    lines = flat().splitlines()
    place = next(i for i, line in enumerate(lines) if line.startswith("otherwise,r_industry"))
    lines[place] = lines[place].replace(",fit,", ",engagement,")
    assert "the attribute, group and name of the other rows" in faults("\n".join(lines) + "\n")[0]


def test_what_does_not_fit_together_in_a_flat_table_is_told(faults):
    text = flat().replace("attribute,,,Country,,,,,,,,,,,,,category", "attribute,,,Country,,,,,,,,,,,,,number")
    assert any("expected ge and lt since 'Country' is a number" in fault for fault in faults(text))
