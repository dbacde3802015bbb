"""Targets asked for, files written whole or not at all, and what leads say of an export."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path

import pytest
from cases import card
from click.testing import CliRunner
from sklearn.metrics import roc_auc_score

import calibrate as cal
from calibrate.cli import cli
from calibrate.document.rules import Attribute, Case, Has, In, Rule, Rules, ScoreBand
from calibrate.document.worked import worked_leads
from calibrate.errors import DataError, RulesError, SettingsError
from calibrate.exports import CheckLeads, ExportError, Options, export_rules, targets, write_exports
from calibrate.exports.naming import Names, identifier, read_names
from calibrate.reading.dialect import ReadingOptions
from calibrate.sample import sample_file
from calibrate.settings import OutcomeSettings, load_settings
from reports.commands.export import export_lines

EVERY = sorted(targets())


@pytest.fixture(scope="module")
def sample() -> Rules:
    settings = load_settings(sample_file("leads.toml"))
    return cal.calibrate(str(sample_file("leads.csv")), settings=settings).rules


def test_every_target_of_the_page_is_there():
    wanted = (
        "csv dmn hubspot javascript jdm jsonlogic marketo mautic md odoo pipedrive pmml python salesforce sql xlsx zoho"
    )
    assert wanted.split() == EVERY


@pytest.mark.parametrize("target", EVERY)
def test_the_same_rules_give_the_same_bytes(sample, target):
    first, again = (export_rules(sample, target)[0].export for _ in range(2))
    assert first == again
    assert first.files
    assert {item.attribute for item in first.inputs} <= set(sample.attributes)


@pytest.mark.parametrize("target", EVERY)
def test_what_is_not_kept_is_told(sample, target):
    (made,) = export_rules(sample, target)
    told = {loss.feature for loss in made.losses}
    assert told.isdisjoint(made.kept)
    assert told | set(made.kept) >= {"points", "otherwise", "missing", "gates", "caps", "bands", "reasons"} - {
        "otherwise"
    }
    if made.export.runs is not None:
        assert told & {"points", "otherwise", "missing", "gates", "caps", "limits", "bands"}


@pytest.mark.parametrize(
    ("asked", "said"), [("sqll", "did you mean 'sql'"), ("sql:oracle", "a kind of sql"), ("pmml:x", "write pmml")]
)
def test_targets_that_are_none(asked, said):
    with pytest.raises(SettingsError, match=f"--to: found .*{said}"):
        export_rules(card(), asked)


def test_refusals_of_all_targets_come_together(tmp_path):
    names = {"Industry": "Country", "Nonsense": "x"}
    with pytest.raises(ExportError) as caught:
        export_rules(card(), ["jsonlogic", "sql"], Options(fields=names))
    lines = str(caught.value).splitlines()
    assert len(lines) == 4
    assert Counter(line.partition(":")[0] for line in lines) == {"jsonlogic": 2, "sql": 2}


def test_rules_with_faults_are_not_exported():
    broken = card().model_copy(update={"attributes": {}})
    with pytest.raises(RulesError, match="expected an attribute"):
        export_rules(broken, "jsonlogic")


def test_nothing_is_written_over(tmp_path):
    made = export_rules(card(), "jsonlogic,sql:duckdb")
    names = write_exports(card(), made, tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(names)
    with pytest.raises(SettingsError, match=r"holds rules\.jsonlogic\.json, rules\.duckdb\.sql, fidel"):
        write_exports(card(), made, tmp_path / "out")
    assert write_exports(card(), made, tmp_path / "out", overwrite=True) == names


def test_the_report_is_json(sample, tmp_path):
    write_exports(sample, export_rules(sample, "jsonlogic,zoho"), tmp_path)
    report = json.loads((tmp_path / "fidelity.json").read_text(encoding="utf-8"))
    assert report["rules"] == {"id": sample.id, "version": sample.version, "title": sample.title}
    assert report["targets"]["jsonlogic"]["same_scores"] is True
    assert report["targets"]["zoho"]["same_scores"] is False
    assert {"attribute": "Downloads", "field": "Downloads", "kind": "number"} in report["targets"]["jsonlogic"][
        "inputs"
    ]


def history(path: Path, rows) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerows([("Source", "Status"), *rows])
    return path


def two_points(first: int, second: int) -> Rules:
    cases = (Case(when=In(in_=("Fair",)), points=first), Case(when=In(in_=("Web",)), points=second))
    return Rules(
        id="x", version="1", attributes={"Source": Attribute(type="category")},
        rules=(Rule(id="r", attr="Source", cases=cases),),
        bands=(ScoreBand(name="hot", from_=10), ScoreBand(name="cold")),
    )  # fmt: skip


def counted(ranking):
    return [(band.band, band.leads, band.conversions) for band in ranking.bands]


def test_a_loss_is_measured_on_past_leads(tmp_path):
    rows = [("Fair", "Won")] * 30 + [("Fair", "Lost")] * 20 + [("Web", "Won")] * 10 + [("Web", "Lost")] * 60
    rows += [("", "Lost")] * 5 + [("Fair", "Open")] * 7
    file = history(tmp_path / "leads.csv", rows)
    outcome = OutcomeSettings(column="Status", won=["Won"], lost=["Lost"])
    rules, runs = two_points(20, 5), two_points(10, 10)
    cost = CheckLeads.of(rules, file, ReadingOptions(), outcome).cost(rules, runs)
    known = [(source, status == "Won") for source, status in rows if status != "Open"]
    assert (cost.leads, cost.conversions) == (125, 40)
    won = [win for _, win in known]
    for ranking, points in ((cost.rules, {"Fair": 20, "Web": 5}), (cost.target, {"Fair": 10, "Web": 10})):
        assert ranking.auc == pytest.approx(roc_auc_score(won, [points.get(source, 0) for source, _ in known]))
    assert [(band.band, band.leads, band.conversions) for band in cost.rules.bands] == [
        ("hot", 50, 30),
        ("cold", 75, 10),
    ]
    assert [(band.band, band.leads, band.conversions) for band in cost.target.bands] == [
        ("hot", 120, 40),
        ("cold", 5, 0),
    ]
    assert (cost.other_score, cost.other_band) == (120, 70)


def test_without_an_outcome_bands_are_counted_alone(tmp_path):
    file = history(tmp_path / "leads.csv", [("Fair", "Won"), ("Web", "Lost"), ("", "x")])
    cost = CheckLeads.of(two_points(20, 5), file, ReadingOptions(), None).cost(two_points(20, 5), two_points(5, 5))
    assert (cost.leads, cost.conversions, cost.rules.auc) == (3, None, None)
    assert [(band.band, band.leads, band.conversions) for band in cost.rules.bands] == [
        ("hot", 1, None),
        ("cold", 2, None),
    ]


def test_leads_without_the_columns_are_refused(tmp_path):
    file = tmp_path / "leads.csv"
    file.write_text("Bron,Status\nx,Won\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"leads\.csv: has none of the columns that the rules read, expected 'Source'"):
        CheckLeads.of(two_points(1, 2), file, ReadingOptions(), None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("attribute;field\nIndustry;Branche__c\n", Names({"Industry": "Branche__c"}, {})),
        (
            "attribute,field,kind\na,x,\nb,y,text\nc,,picklist\n",
            Names({"a": "x", "b": "y"}, {"b": "text", "c": "picklist"}),
        ),
        ("attribute,field,kind\na,x,number\n", "row 2: found the kind 'number', expected text, picklist or nothing"),
        ("attribute,field,kind\na,,text\na,x,\n", "row 3: found 'a' again"),
        ("attribute,name\nIndustry,x\n", "expected attribute and field; add field"),
        ("attribute,field\nIndustry,x\nIndustry,y\n", "row 3: found 'Industry' again"),
    ],
)
def test_the_file_of_names(tmp_path, text, said):
    file = tmp_path / "names.csv"
    file.write_text(text, encoding="utf-8")
    if isinstance(said, Names):
        assert read_names(file) == said
    else:
        with pytest.raises(DataError, match=said):
            read_names(file)


@pytest.mark.parametrize("name", ["if", "Größe (m²)", "1st", "%%%", "naïve", "ß"])
def test_identifiers_are_identifiers(name):
    found = identifier(name, ["if"])
    assert found.isascii()
    assert found.isidentifier()
    assert found != "if"


def run(*words):
    return CliRunner().invoke(cli, list(map(str, words)), standalone_mode=False, catch_exceptions=True)


def test_the_command(sample, tmp_path):
    cal.save_rules(sample, tmp_path / "rules.json")
    done = run("export", tmp_path / "rules.json", "--to", "sql:duckdb,pipedrive", "--check", sample_file("leads.csv"))
    assert done.exception is None, done.output
    assert "DuckDB ran the file on 6,000 leads: every score and band the same" in done.stdout
    assert "of 5,600 leads" in done.stdout
    assert (tmp_path / "rules-exports" / "fidelity.json").is_file()
    again = run("export", tmp_path / "rules.json", "--to", "sql:duckdb", "--json", "-o", tmp_path / "other")
    assert json.loads(again.stdout)["targets"]["sql"]["files"] == ["rules.duckdb.sql"]
    assert isinstance(
        run("export", tmp_path / "rules.json", "--to", "sql:duckdb", "-o", tmp_path / "other").exception, SettingsError
    )


def test_the_command_lists_the_targets(sample, tmp_path):
    cal.save_rules(sample, tmp_path / "rules.json")
    done = run("export", tmp_path / "rules.json")
    assert all(f"{name}\n" in done.stdout for name in EVERY)
    assert not (tmp_path / "rules-exports").exists()


def test_a_newer_format_is_refused(tmp_path):
    file = tmp_path / "rules.json"
    file.write_text('{"format": "leadscore-rules/2.0", "rules": []}', encoding="utf-8")
    done = run("export", file, "--to", "sql")
    assert isinstance(done.exception, RulesError)
    assert "found 'leadscore-rules/2.0', expected 'leadscore-rules/1.0'" in str(done.exception)
    assert list(tmp_path.iterdir()) == [file]


def test_worked_leads_prove_the_card():
    rules = card().model_copy(update={"tests": worked_leads(card())})
    assert export_rules(rules, "jsonlogic")
    wrong = rules.tests[0].model_copy(update={"score": 999})
    with pytest.raises(RulesError, match=r"tests\[0\].score: found 999"):
        export_rules(rules.model_copy(update={"tests": (wrong,)}), "jsonlogic")


@pytest.mark.parametrize("target", ["jsonlogic", "dmn"])
@pytest.mark.parametrize("name", ["constructor", "__proto__", "toString"])
def test_names_of_every_object_of_javascript_are_changed(target, name):
    cases = (Case(when=In(in_=("x",)), points=1),)
    rules = Rules(
        id="x", version="1", attributes={name: Attribute(type="text")}, rules=(Rule(id="r", attr=name, cases=cases),)
    )
    (made,) = export_rules(rules, target)
    assert made.export.inputs[0].field not in (name, "")


def test_one_variant_beside_all_of_them_is_all():
    (made,) = export_rules(card(), "sql:postgres,sql")
    assert len(made.export.files) == len(targets()["sql"].variants)


def test_leads_that_a_file_scores_otherwise_stop_the_export(tmp_path):
    """Two spaces beside a separator count in SQL, and not in the rules."""
    rules = Rules(
        id="x", version="1", attributes={"Pages": Attribute(type="set", separator=";")},
        rules=(Rule(id="r", attr="Pages", cases=(Case(when=Has(has="docs"), points=1),)),),
    )  # fmt: skip
    (tmp_path / "leads.csv").write_text('Pages\n"a;   docs"\n"docs"\n', encoding="utf-8")
    check = CheckLeads.of(rules, tmp_path / "leads.csv", ReadingOptions(), None)
    with pytest.raises(ExportError, match="sql: DuckDB gave 1 of 2 leads another score or band, lead 1 first"):
        export_rules(rules, "sql:duckdb", None, check)
    assert export_rules(rules, "python", None, check)[0].ran is not None


def test_names_that_differ_stand_in_one_line_each_once(tmp_path):
    names = ["Lead source", "Company type", "Job title", "plain"]
    rules = Rules(
        id="x",
        version="1",
        attributes={name: Attribute(type="category") for name in names},
        rules=tuple(
            Rule(id=f"r{at}", attr=name, cases=(Case(when=In(in_=("a",)), points=1),)) for at, name in enumerate(names)
        ),
    )
    (made,) = export_rules(rules, "hubspot")
    assert "'Job title' is called 'job_title'." in made.export.notes
    lines = export_lines((made,), checked=False)
    (calls,) = [line for line in lines if line.startswith("  calls")]
    assert all(name in calls for name in names[:3])
    assert "plain" not in calls
    assert not [line for line in lines if "is called" in line]
