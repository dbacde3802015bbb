"""What all products have in common that cannot be run here: a proof that says so, a sheet, refusals by name."""

from __future__ import annotations

import re

import pytest
from cases import card, hostile
from forms import counted, many, wide

from calibrate.document.lint import faults
from calibrate.document.rules import (
    Attribute,
    Case,
    Is,
    Rule,
    Rules,
)
from calibrate.exports.exporting import targets
from calibrate.exports.products.build_sheet import escaped
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
    assert text.splitlines()[0] == r"# a\|b \# c \<b\>: build sheet for Pipedrive Scores"
    assert escaped("`x` *y*") == r"\`x\` \*y\*"
