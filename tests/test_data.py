"""The sample history is what its generator makes and what its README says."""

from __future__ import annotations

import csv
import hashlib
import importlib.util
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binomtest, chi2_contingency
from scipy.stats.contingency import association
from statsmodels.api import Logit, add_constant

from calibrate.settings import load_settings

DATA = Path(__file__).parents[1] / "data"
NUMBERS = ("Employees", "Pricing page visits", "Downloads", "Newsletter clicks")


@pytest.fixture(scope="module")
def make_leads():
    spec = importlib.util.spec_from_file_location("make_leads", DATA / "make_leads.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.fixture(scope="module")
def leads():
    with (DATA / "leads.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def counted(leads):
    return [lead for lead in leads if lead["Status"] != "Open"]


def wins(leads, column, value):
    """Leads and conversions of one value."""
    outcomes = [lead["Status"] == "Won" for lead in leads if lead[column] == value]
    return len(outcomes), sum(outcomes)


def share(leads, column, value):
    return sum(lead[column] == value for lead in leads) / len(leads)


def contingency(leads, column, other="Status"):
    pairs = Counter((lead[column], lead[other]) for lead in leads)
    rows, columns = sorted({pair[0] for pair in pairs}), sorted({pair[1] for pair in pairs})
    return np.array([[pairs[row, name] for name in columns] for row in rows])


def test_generator_makes_the_same_bytes(make_leads):
    columns, _ = make_leads.made_leads()
    assert make_leads.csv_bytes(columns) == (DATA / "leads.csv").read_bytes()


def test_another_seed_makes_other_leads_with_the_same_margins(make_leads):
    columns, flipped = make_leads.made_leads(seed=1)
    assert make_leads.csv_bytes(columns) != (DATA / "leads.csv").read_bytes()
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    kept = [row for row in rows if row["Status"] != "Open"]
    assert Counter(row["Status"] for row in rows) == {"Won": 840, "Lost": 4760, "Open": 400}
    assert wins(kept, "Requested demo", "yes") == (400, 160)
    assert flipped < 200


def test_rates_are_exact(leads, counted):
    assert len(leads) == 6000
    assert Counter(lead["Status"] for lead in leads) == {"Won": 840, "Lost": 4760, "Open": 400}
    assert wins(counted, "Requested demo", "yes") == (400, 160)


def test_readme_holds_hash_rows_and_flips(make_leads):
    text = (DATA / "README.md").read_text(encoding="utf-8")
    assert hashlib.sha256((DATA / "leads.csv").read_bytes()).hexdigest() in text
    assert "6,000 leads and one header line, 20 columns" in text
    assert f"The seed, {make_leads.SEED}," in text
    assert f"{make_leads.made_leads()[1]} of 5,600 outcomes were flipped" in text
    for column in (DATA / "leads.csv").read_text(encoding="utf-8").partition("\n")[0].split(","):
        assert f"| {column} |" in text


def test_file_is_plain(leads):
    content = (DATA / "leads.csv").read_bytes()
    assert b"\r" not in content
    assert b'"' not in content
    assert content.endswith(b"\n")
    days = [lead["Created"] for lead in leads]
    assert days == sorted(days)
    assert days[0] >= "2025-01-01"
    assert days[-1] <= "2026-06-30"
    assert len({lead["Lead ID"] for lead in leads}) == len({lead["E-mail"] for lead in leads}) == 6000
    assert {lead["Record type"] for lead in leads} == {"Lead"}


def test_open_leads_are_mostly_young_and_the_newest_quarter_can_be_held_out(leads):
    fresh = [lead for lead in leads if lead["Created"] >= "2026-04-01"]
    assert sum(lead["Status"] == "Open" for lead in fresh) > 300
    assert sum(lead["Status"] == "Won" for lead in fresh) >= 50


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [("Industry", "", 0.08), ("Employees", "", 0.10), ("Employees", "-1", 0.06), ("Role", "Select", 0.085)],
)
def test_missing_values_and_placeholders_are_there(leads, column, value, expected):
    assert share(leads, column, value) == pytest.approx(expected, abs=0.015)


def test_spellings_and_rare_levels_are_there(leads):
    assert 0 < share(leads, "Lead source", "google") < share(leads, "Lead source", "Google")
    assert sum(how_many < 50 for how_many in Counter(lead["Country"] for lead in leads).values()) >= 4
    assert sum(how_many < 50 for how_many in Counter(lead["Industry"] for lead in leads).values()) >= 3


def test_competitors_never_convert_but_are_too_few_for_a_leak(counted):
    number, won = wins(counted, "Company type", "Competitor")
    assert won == 0
    assert 30 <= number < 20 / 0.15


def test_leak_is_one_that_the_flags_catch(counted):
    """Kaufman, Rosset, Perlich and Stitelman 2012: near-certain, and filled only for winners."""
    number, won = wins(counted, "Onboarding call", "yes")
    assert binomtest(won, number).proportion_ci(method="wilson").low > 0.8
    assert won / 840 - (number - won) / 4760 > 0.5


def test_nothing_else_looks_like_a_leak(counted):
    for column in counted[0].keys() - {"Lead ID", "Created", "Status", "E-mail", "Onboarding call"}:
        for value in {lead[column] for lead in counted}:
            number, won = wins(counted, column, value)
            assert number < 20 or won < 0.6 * number, (column, value)
        filled = [sum(bool(lead[column]) for lead in counted if lead["Status"] == s) for s in ("Won", "Lost")]
        assert abs(filled[0] / 840 - filled[1] / 4760) < 0.1, column


def test_noise_looks_like_noise(counted):
    assert chi2_contingency(contingency(counted, "Preferred contact day")).pvalue > 0.05


def test_overlapping_attributes_overlap_without_being_one(counted):
    assert 0.6 < association(contingency(counted, "Lead source", "Campaign")) < 0.98
    assert 0.3 < association(contingency(counted, "Requested demo", "Pricing page visits")) < 0.9


def design(make_leads, leads):
    """One 0/1 column for every effect in the table, and the elapsed time."""
    columns = {}
    for attribute, table in make_leads.effects.items():
        for level in table:
            one = {attribute: {level: 1.0}}
            if attribute in NUMBERS:
                one = {attribute: {start: float(start == level) for start in table}}
            columns[attribute, level] = [cell(one[attribute], attribute, lead[attribute]) for lead in leads]
    columns["drift", None] = [make_leads.elapsed(make_leads.date.fromisoformat(lead["Created"])) for lead in leads]
    return {name: column for name, column in columns.items() if any(column)}


def cell(table, attribute, text):
    if attribute in NUMBERS:
        starts = [start for start in table if text and start <= int(text)]
        return table[max(starts)] if starts else 0.0
    members = text.split(";") if attribute == "Interests" else [text]
    return sum(table.get(member, 0.0) for member in members)


def test_logistic_regression_finds_the_effects_again(make_leads, counted):
    """Standardised errors of the estimates against the truth: none extreme, and in all like a chi-square."""
    kept = [lead for lead in counted if lead["Company type"] != "Competitor"]
    columns = design(make_leads, kept)
    # Employees 10 to 49 is the reference of its attribute, with effect 0.
    del columns["Employees", 10]
    won = np.array([lead["Status"] == "Won" for lead in kept], dtype=float)
    fit = Logit(won, add_constant(np.column_stack(list(columns.values())))).fit(disp=False)
    truth = [make_leads.DRIFT if name == "drift" else make_leads.effects[name][level] for name, level in columns]
    errors = (fit.params - [make_leads.INTERCEPT, *truth]) / fit.bse
    assert np.abs(errors).max() < 4
    assert (errors**2).sum() < 2 * len(errors)


def test_settings_name_what_is_in_the_file(leads):
    settings = load_settings(DATA / "leads.toml")
    assert {settings.outcome.column, settings.outcome.date, *settings.attributes} <= set(leads[0])
    assert {item.group for item in settings.attributes.values()} <= set(settings.groups)
    assert settings.groups["engagement"].max == 40
    for gate in settings.gates:
        assert set(gate.values) <= {lead[gate.attr] for lead in leads}
