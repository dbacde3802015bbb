"""Sheets that people made, and the flat table after somebody changed it."""

from __future__ import annotations

import datetime as dt

import pytest
import xlsxwriter
from cases import card
from hypothesis import given
from hypothesis import strategies as st

from calibrate.document.lead_score import score_lead
from calibrate.document.rules import In, Is, Range
from calibrate.exports.exporting import export_rules
from calibrate.imports.bins import bins_of, read_bin
from calibrate.imports.ranges import after, bin_of, common, ends, label_of, without


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


BINS = {
    "10-49": (10, 50), "10 to 49": (10, 50), "10 t/m 49": (10, 50), "10 bis 49": (10, 50), "10 to under 50": (10, 50),
    "50+": (50, None), "50 and up": (50, None), "<10": (None, 10), "under 10": (None, 10), "< 1,000": (None, 1000),
    ">= 50": (50, None), "≥50": (50, None), "vanaf 50": (50, None), "> 50": (after(50.0), None),
    "<= 9": (None, after(9.0)), "0.5 - 1.5": (0.5, after(1.5)), "-5 - -1": (-5, 0), "€ 1000 - € 2000": (1000, 2001),
}  # fmt: skip


@pytest.mark.parametrize("text", BINS)
def test_a_range_is_read_as_people_write_it(text):
    low, high = BINS[text]
    assert bins_of([read_bin(text)], ".") == [Range(ge=low, lt=high)]


@pytest.mark.parametrize(
    "text", ["Software", "", "10-", "-", "49-10-2026", "a-b", "10 - x", "1" * 70, "+31 6 12345678"]
)
def test_other_texts_are_no_range(text):
    assert read_bin(text) is None


def test_ranges_of_whole_numbers_meet(imported):
    rules = imported(
        "attribute,value,points\nEmployees,250+,4\nEmployees,0,1\nEmployees,1-9,2\nEmployees,10 to 249,3\n"
    ).rules
    edges = {-1: 0, 0: 1, 0.5: 1, 1: 2, 9: 2, 9.5: 2, 10: 3, 249.5: 3, 250: 4}
    assert {number: points(rules, Employees=number) for number in edges} == edges
    assert [case.label for case in rules.rules[0].cases] == ["0", "1-9", "10 to 249", "250+"]


def test_a_range_ends_where_an_inequality_begins(imported):
    rules = imported("attribute,value,points\nn,0-9,1\nn,>9,2\n").rules
    assert [points(rules, n=number) for number in (0, 9, 9.5, 10)] == [1, 1, 2, 2]


@pytest.mark.parametrize(("rows", "decimal"), [("n;0,5-1,5;2", ","), ("n;0.5-1.5;2", ".")])
def test_decimals_are_read_in_either_way(rows, decimal, imported):
    rules = imported(f"attribute;value;points\n{rows}\n").rules
    assert [points(rules, n=number) for number in (0.4, 0.5, 1.5, 1.6)] == [0, 2, 2, 0]


def test_a_number_that_may_be_thousands_is_asked_about(faults):
    (fault,) = faults("attribute;value;points\nn;1.000-5.000;2\n")
    assert "'1.000'" in fault
    assert "write '1000' if these are thousands" in fault


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
    assert fault.startswith("row 2: found '2026-10-01")
    assert "like 10-49" in fault


def test_other_columns_are_left_out_and_told(imported):
    notes = imported("attribute,value,points,owner\nA,x,1,Ann\n").notes
    assert "Column 'owner' was left out." in notes


def test_all_faults_of_a_sheet_come_together(faults):
    found = faults(
        "attribute,value,points\nA,x,1\nA,x,2\nB,10-20,1\nB,20-30,2\nC,10-20,1\nC,often,2\nD,x,1.5\n"
        "E,x,\nF,x,1.000\nG,x,many\nH,x,2000000\n"
    )
    assert found == (
        "row 7 ('D'): found '1.5', expected whole points; multiply all points of the file by ten",
        "row 8: found no points for 'E', expected whole points; write them, or 0",
        "row 9 ('F'): found '1.000', expected whole points; write 1000 without a mark if it is thousands",
        "row 10 ('G'): found 'many', expected whole points; write a number like 25",
        "row 11 ('H'): found '2000000', expected whole points; stay between -1,000,000 and 1,000,000",
        "row 6: found 'often' for 'C', expected a range of numbers as its other rows have, like 10-49, 50+ or <10; "
        "correct it",
        "row 2: found 'x' of 'A', which row 1 has too, expected each value once; keep one of the two",
        "row 4: found '20-30' of 'B', which row 3 has too, expected each value once; keep one of the two",
    )


def test_columns_that_are_not_clear_are_told(faults):
    assert faults("attribute,value\nA,x\n") == (
        "header: found 'attribute', 'value', expected a column of points; call one 'points'",
    )
    (fault,) = faults("attribute,value,points,score\nA,x,1,2\n")
    assert fault.startswith("header: found 'points' and 'score' for points, expected one column of points")


def test_rows_before_any_attribute_are_told(faults):
    assert faults("attribute,value,points\n,x,1\n")[0].startswith("row 1: found no attribute")


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
    assert any(f"row {places['group']}, max: found 'many'" in fault for fault in found)
    assert any(f"row {places['band']}, part: found 'bnad'" in fault and "'band'" in fault for fault in found)
    assert any(f"row {places['gate']}, value: found " in fault for fault in found)
    assert any("again, expected it once" in fault for fault in found)


def test_rows_of_a_rule_that_differ_are_told(faults):
    lines = flat().splitlines()
    place = next(i for i, line in enumerate(lines) if line.startswith("otherwise,r_industry"))
    lines[place] = lines[place].replace(",fit,", ",engagement,")
    assert "the attribute, group and name of the other rows" in faults("\n".join(lines) + "\n")[0]


def test_what_does_not_fit_together_in_a_flat_table_is_told(faults):
    text = flat().replace("attribute,,,Country,,,,,,,,,,,,,category", "attribute,,,Country,,,,,,,,,,,,,number")
    assert any("expected ge and lt since 'Country' is a number" in fault for fault in faults(text))


numbers = st.integers(-8, 8).map(float)
bins = st.tuples(st.none() | numbers, st.none() | numbers).filter(
    lambda pair: pair != (None, None) and (None in pair or pair[0] < pair[1])
).map(lambda pair: Range(ge=pair[0], lt=pair[1]))  # fmt: skip


def held(bin_, number):
    low, high = ends(bin_)
    return low <= number < high


@given(bins, st.lists(bins, max_size=4), st.integers(-20, 20).map(lambda number: number / 2))
def test_a_bin_without_others_holds_the_rest(whole, taken, number):
    parts = list(without(whole, taken))
    expected = held(whole, number) and not any(held(item, number) for item in taken)
    assert sum(held(part, number) for part in parts) == expected


@given(bins, bins, st.integers(-20, 20).map(lambda number: number / 2))
def test_what_two_bins_hold_in_common(one, other, number):
    both = common([one, other])
    assert (both is not None and held(both, number)) == (held(one, number) and held(other, number))


def test_an_end_beside_a_number_is_said_by_that_number():
    assert label_of(bin_of(10, after(49))) == "10 to 49"
    assert label_of(bin_of(float("-inf"), after(9))) == "at most 9"
    assert label_of(bin_of(after(9), 20)) == "over 9 to under 20"
    assert label_of(bin_of(10, 50)) is None
