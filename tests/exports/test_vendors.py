"""What all products have in common that cannot be run here: a proof that says so, a sheet, refusals by name."""

from __future__ import annotations

import re

import pytest
from cases import card, hostile
from forms import counted, many, wide

from calibrate.document.lead_score import score_lead
from calibrate.document.lint import faults
from calibrate.document.rules import (
    Attribute,
    Case,
    Is,
    Range,
    Rule,
    Rules,
)
from calibrate.exports.exporting import targets
from calibrate.exports.products.build_sheet import escaped, quoted
from calibrate.exports.target import ExportError, Options
from calibrate.exports.targets.hubspot import TARGET as HUBSPOT
from calibrate.exports.targets.marketo import TARGET as MARKETO
from calibrate.exports.targets.mautic import TARGET as MAUTIC
from calibrate.exports.targets.odoo import TARGET as ODOO
from calibrate.exports.targets.pipedrive import TARGET as PIPEDRIVE
from calibrate.exports.targets.zoho import TARGET as ZOHO

VENDORS = [ZOHO, MARKETO, MAUTIC, ODOO, PIPEDRIVE, HUBSPOT]


each_vendor = pytest.mark.parametrize("target", VENDORS, ids=lambda target: target.name)


@each_vendor
def test_what_it_makes_of_a_run(target):
    export = target.export(counted(), Options())
    assert target.export(counted(), Options()).files == export.files
    assert "not executed" in target.proof
    assert target.name in targets()
    text = export.files[f"rules.{target.name}.md"].decode()
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert rows
    assert all(len(re.findall(r"(?<!\\)\|", row)) == len(re.findall(r"(?<!\\)\|", rows[0])) for row in rows[:3])
    assert {loss.feature for loss in export.losses} >= {"bands", "reasons", "percentile", "probability"}


@each_vendor
def test_what_it_runs_is_a_document(target):
    for rules in (counted(), card() if target is not ODOO else counted()):
        runs = target.export(rules, Options()).runs
        assert runs is None or (faults(runs) == () and runs.tests == ())
        if runs and target is not HUBSPOT:
            caps = {(group.min, group.max) for group in runs.groups.values()}
            assert caps <= {(None, None)}


@pytest.mark.parametrize("target", [item for item in VENDORS if item is not ODOO], ids=lambda target: target.name)
def test_a_text_that_no_form_holds_is_refused_by_name(target):
    with pytest.raises(ExportError) as refused:
        target.export(hostile(), Options())
    lines = str(refused.value).splitlines()
    assert all(line.startswith(f"{target.name}: ") and ", expected " in line and "; " in line for line in lines)
    assert any(r"two\nlines" in line for line in lines)
    assert any("' padded '" in line for line in lines)
    said = {"zoho": "${y}", "marketo": "{{x}}", "mautic": None, "hubspot": "DROP TABLE"}.get(target.name)
    assert said is None or any(said in line for line in lines)


@each_vendor
def test_a_quarrel_over_names_is_refused(target):
    two = {"A b": Attribute(type="boolean"), "a  B": Attribute(type="boolean")}
    cases = (Case(when=Is(is_=True), points=3),)
    rules = tuple(Rule(id=f"r{n}", attr=name, cases=cases) for n, name in enumerate(two))
    if target is ZOHO:  # upper and lower case are two names there
        two = {"A b": Attribute(type="boolean"), "A-b": Attribute(type="boolean")}
        rules = tuple(rule.model_copy(update={"attr": name}) for rule, name in zip(rules, two, strict=True))
    document = Rules(id="x", version="1", attributes=two, rules=rules)
    with pytest.raises(ExportError, match="expected its own"):
        target.export(document, Options())


@each_vendor
def test_no_points_are_refused(target):
    with pytest.raises(ExportError, match="expected one at least"):
        target.export(Rules(id="x", version="1", attributes={}, rules=()), Options())


@each_vendor
def test_500_cases_and_300_rules(target):
    if target is ODOO:
        with pytest.raises(ExportError, match="found no evidence") as refused:
            target.export(wide(500, lambda n: 1), Options())
        assert len(refused.value.faults) == 500
        return
    alike = target.export(wide(500, lambda n: 7), Options())
    assert all(len(content) < 200_000 for content in alike.files.values())
    if target is ZOHO:
        for rules, count in ((wide(500, lambda n: n + 1), 500), (many(300), 300)):
            with pytest.raises(ExportError, match=f"found {count} criteria with points, expected at most 250"):
                target.export(rules, Options())
    elif target is HUBSPOT:
        with pytest.raises(ExportError, match="found scores up to 45150, expected at most 10000"):
            target.export(many(300), Options())
    else:
        target.export(many(300), Options())


def test_a_label_cannot_break_the_sheet():
    document = counted().model_copy(update={"title": "a|b\n# c <b>"})
    text = PIPEDRIVE.export(document, Options()).files["rules.pipedrive.md"].decode()
    assert text.splitlines()[0] == r"# a\|b # c \<b>: build sheet for Pipedrive Scores"


KEPT = [
    "Requested_demo",
    "Café & horeca",
    "250+",
    "${EMPTY}",
    "< 10",
    "R&D x",
    "a__b",
    "1.5",
    "C:\\Users",
    "50-99",
    "x]",
]
MARKS = {
    "`x` *y*": r"\`x\` \*y\*", "a|b": r"a\|b", "_x_": r"\_x\_", "__init__": r"\_\_init\_\_", "<b>": r"\<b>",
    "a<": r"a\<", "<!-- x": r"\<!-- x", "&amp;": r"\&amp;", "&#60;": r"\&#60;", "[a](b)": r"\[a](b)",
    "~~x~~": r"\~\~x\~\~", "a\\*": r"a\\\*", "x\\": "x\\\\", "a\nb": "a b",
}  # fmt: skip


@pytest.mark.parametrize("text", KEPT)
def test_what_is_no_mark_stands_as_it_is(text):
    assert escaped(text) == text
    assert quoted(text) == f"“{text}”"


@pytest.mark.parametrize("text", MARKS)
def test_what_markdown_takes_for_a_mark_is_escaped(text):
    assert escaped(text) == MARKS[text]
    assert quoted(text) == f"“{MARKS[text]}”"


@each_vendor
def test_a_sheet_holds_worked_leads_that_the_product_scores(target):
    """The scores are those of what the product runs, read back from the words of the sheet."""
    export = target.export(counted(), Options())
    lines = export.files[f"rules.{target.name}.md"].decode().splitlines()
    place = next(number for number, line in enumerate(lines) if line.startswith("## Worked "))
    rows = [line.strip("| ").split(" | ") for line in lines[place + 6 : place + 9]]
    assert len({shown for _, shown in rows}) == 3
    asked = {item.field: item.attribute for item in export.inputs} | {"tag_ids": "Pages"}
    for words, shown in rows:
        lead = {}
        for field, value in re.findall(r"“([^”]+)” is ([^;]+)", words):
            attribute = asked[field]
            plain = value.strip("“”")
            size = {"10 and up": 10, "under 10": 9}
            lead[attribute] = [plain] if attribute == "Pages" else plain
            if attribute == "Size":
                lead[attribute] = size.get(plain, plain)
        scored = score_lead(export.runs or counted(), lead)
        assert shown == f"about {scored.probability:.1%}" if target is ODOO else int(shown) == scored.score


def sheet_of(target, rules):
    return target.export(rules, Options()).files[f"rules.{target.name}.md"].decode()


@each_vendor
def test_a_sheet_points_to_no_leads_elsewhere_and_says_what_weighs_most(target):
    text = sheet_of(target, counted())
    assert "rules.json" not in text.partition("## What is lost")[0]
    assert "Those that move a score most: Source (-9 to +8), Pages (-1 to +12), Size (-4 to +5)." in text
    if target is not ODOO:
        assert "Those that move a score most: A2 (0 to +3), A1 (0 to +2), A0 (0 to +1)." in sheet_of(target, many(3))
    assert "price" not in text.casefold()


def test_words_that_were_hard_to_follow():
    zoho = " ".join(ZOHO.export(counted(), Options()).notes)
    assert "If Zoho refuses them, divide all points by one number." in zoho
    for target in (ODOO, PIPEDRIVE):
        assert "What is lost is measured" in " ".join(target.export(counted(), Options()).notes)
    sheet = ODOO.export(counted(), Options()).files["rules.odoo.md"].decode()
    code = sheet.partition("```python\n")[2].partition("```")[0]
    assert "create(records)" in code
    compile(code, "shell", "exec")


@pytest.mark.parametrize("target", [ZOHO, MARKETO, MAUTIC, HUBSPOT, PIPEDRIVE], ids=lambda target: target.name)
def test_a_bin_beyond_all_numbers_is_refused_and_an_endless_one_is_open(target):
    def document(*bins):
        cases = tuple(Case(when=when, points=points) for when, points in bins)
        rule = Rule(id="r", attr="n", cases=cases)
        return Rules(id="x", version="1", attributes={"n": Attribute(type="number")}, rules=(rule,))

    with pytest.raises(ExportError, match=r"rules\[0\]\.cases\[1\]\.when\.ge: found 1e\+300, expected a number nearer"):
        target.export(document((Range(lt=1e300), 3), (Range(ge=1e300), 50)), Options())
    with pytest.raises(ExportError, match=r"rules\[0\]\.cases\[0\]\.when\.lt: found -1e\+300, expected"):
        target.export(document((Range(lt=-1e300), 3)), Options())
    text = target.export(document((Range(ge=-1e300, lt=5.0), 3)), Options()).files[f"rules.{target.name}.md"].decode()
    assert "| “n” is under 5 |" in text


@pytest.mark.parametrize("target", [MARKETO, MAUTIC, HUBSPOT], ids=lambda target: target.name)
def test_that_case_may_not_count_is_always_said_of_texts(target):
    assert any("without regard to case" in note for note in target.export(counted(), Options()).notes)
    rule = Rule(id="r", attr="b", cases=(Case(when=Is(is_=True), points=1),))
    plain = Rules(id="x", version="1", attributes={"b": Attribute(type="boolean")}, rules=(rule,))
    assert not any("without regard to case" in note for note in target.export(plain, Options()).notes)


def test_marketo_says_that_contains_finds_parts():
    assert any("inside a longer one" in note for note in MARKETO.export(counted(), Options()).notes)


@each_vendor
def test_control_marks_of_labels_do_not_stand_in_a_sheet(target):
    document = counted().model_copy(update={"title": "a\x1b[31m\u202eb"})
    text = target.export(document, Options()).files[f"rules.{target.name}.md"].decode()
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "# a\ufffd\\[31m\ufffdb: build sheet" in text
