"""The same history gives the same rules from every engine, and the integers of the leads read here."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from calibrate.calibration import reading_options, run
from calibrate.document.rules_file import rules_text
from calibrate.reading.source import open_source
from calibrate.sample import sample_file
from calibrate.settings import Settings, load_settings, merged

BANK = Path(__file__).parents[3] / "shared" / "data" / "bank" / "bank-full.csv.gz"
QUICK = {"points": {"draws": 100}, "report": {"what_if": "off"}}


@pytest.fixture(scope="module")
def sample():
    """The sample history as an Arrow table of texts, and its settings."""
    settings = merged(load_settings(sample_file("leads.toml")), QUICK)
    return table_of(sample_file("leads.csv"), settings), settings


def table_of(path, settings):
    """A file as a table of texts, with NULL for blank cells."""
    with open_source(path, reading_options(settings.source)) as source:
        return pa.Table.from_batches(list(source.raw_batches())).combine_chunks()


@pytest.fixture(scope="module")
def runs():
    """Results by name, made once."""
    return {}


def made(runs, name, make):
    return runs[name] if name in runs else runs.setdefault(name, make())


def integers(result):
    """What must be exactly the same: leads, conversions and points of lift of every level."""
    return {
        (item.column, item.member, row.level.label): (row.leads, row.conversions, row.points_lift, row.points_cautious)
        for item in result.attributes
        for row in item.levels
    }


def adjusted(result):
    return {(i.column, i.member, row.level.label): row.points_adjusted for i in result.attributes for row in i.levels}


def test_rules_are_the_same_from_every_engine(engine, holding, sample, runs):
    table, settings = sample
    found = run(holding(engine, table), settings, counting="engine")
    assert rules_text(found.rules) == rules_text(
        made(runs, "Arrow", lambda: run(table, settings, counting="engine")).rules
    )
    here = made(runs, "here", lambda: run(sample_file("leads.csv"), settings))
    assert integers(found) == integers(here)
    assert (found.overall, found.rows, found.excluded) == (here.overall, here.rows, here.excluded)
    assert (found.first_day, found.last_day) == (here.first_day, here.last_day)
    apart = [abs(points - adjusted(here)[level]) for level, points in adjusted(found).items()]
    assert max(apart) <= 1


def test_counts_are_those_of_all_leads_though_few_are_fetched(engine, holding, sample, runs):
    table, settings = sample
    settings = merged(settings, {"source": {"sample_leads": 2000}})
    found = run(holding(engine, table), settings, counting="engine")
    assert rules_text(found.rules) == rules_text(
        made(runs, "few", lambda: run(table, settings, counting="engine")).rules
    )
    here = made(runs, "here", lambda: run(sample_file("leads.csv"), sample[1]))
    assert integers(found) == integers(here)
    assert (found.overall, found.rows, found.strength) == (here.overall, here.rows, here.strength)
    assert (found.first_day, found.last_day) == (here.first_day, here.last_day)
    assert 1800 < found.store.leads <= 2000
    of_all = (
        "leads",
        "rate",
        "rate_low",
        "rate_high",
        "lift_low",
        "lift_high",
        "p_value",
        "q_value",
        "evidence",
        "woe",
    )
    for one, other in zip(found.attributes, here.attributes, strict=True):
        assert one.omnibus_p == other.omnibus_p
        for level, wanted in zip(one.levels, other.levels, strict=True):
            assert [getattr(level, name) for name in of_all] == [getattr(wanted, name) for name in of_all]
    assert found.validation.leads < here.validation.leads
    assert any(f"those of {found.store.leads:,} of them" in line for line in found.reading)


def test_order_of_the_rows_does_not_matter(sample, runs):
    table, settings = sample
    backwards = table.take(pa.array(range(table.num_rows - 1, -1, -1)))
    found = run(backwards, settings, counting="engine")
    assert rules_text(found.rules) == rules_text(
        made(runs, "Arrow", lambda: run(table, settings, counting="engine")).rules
    )


@pytest.mark.parametrize("without_key", [False, True])
def test_bank_is_the_same_from_every_engine(quick_engine, holding, runs, without_key):
    if not BANK.exists():
        pytest.skip("needs ../shared/data/bank")
    settings = merged(
        Settings(), {**QUICK, "outcome": {"column": "y", "won": ["yes"]}, "columns": {"skip": ["duration"]}}
    )
    table = made(runs, "bank", lambda: numbered(open_typed(BANK)))
    table = table.drop_columns(["lead id"]) if without_key else table
    found = run(holding(quick_engine, table), settings, counting="engine")
    name = f"bank {without_key}"
    assert rules_text(found.rules) == rules_text(
        made(runs, name, lambda: run(table, settings, counting="engine")).rules
    )
    assert integers(found) == integers(made(runs, "bank here", lambda: run(BANK, settings)))


def open_typed(path):
    """A file as a table of plain texts and numbers."""
    with open_source(path) as source:
        table = pa.Table.from_batches(list(source.batches()))
    columns = [column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column for column in table.columns]
    return pa.table(columns, names=table.column_names)


def numbered(table):
    return table.append_column("lead id", pa.array([f"B{number:06}" for number in range(table.num_rows)]))


def test_leads_of_an_account_stay_together(quick_engine, holding, sample, runs):
    table, settings = sample
    accounts = pa.array([f"A-{number * 7919 % 2503:05}" for number in range(table.num_rows)])
    table = table.append_column("Account", accounts)
    settings = merged(settings, {"outcome": {"account": "Account"}})
    found = run(holding(quick_engine, table), settings, counting="engine")
    assert rules_text(found.rules) == rules_text(
        made(runs, "accounts", lambda: run(table, settings, counting="engine")).rules
    )
    assert integers(found) == integers(made(runs, "accounts here", lambda: run(table, settings)))
    assert found.validation.kind == "cross-fitted"


@pytest.mark.parametrize("few", [False, True])
@pytest.mark.parametrize("outcome", [{"mature_days": 45}, {"mature_days": 45, "as_of": "2026-05-31"}])
def test_young_leads_are_left_out_as_they_are_here(quick_engine, holding, sample, runs, outcome, few):
    table, settings = sample
    dated = open_typed(sample_file("leads.csv")) if "as_of" in outcome else table  # days as days, or as texts
    settings = merged(settings, {"outcome": outcome})
    here = made(runs, f"young {outcome}", lambda: run(sample_file("leads.csv"), settings))
    if few:
        settings = merged(settings, {"source": {"sample_leads": 2000}})
    found = run(holding(quick_engine, dated), settings, counting="engine")
    assert integers(found) == integers(here)
    assert (found.overall, found.excluded, found.last_day) == (here.overall, here.excluded, here.last_day)
    assert found.validation.kind == here.validation.kind == "out-of-time"


DAYS = {
    "one day": ["2026-03-31"],
    "two days a quarter apart": ["2025-12-31", "2026-04-01"],
    "two days and one less apart": ["2026-01-01", "2026-04-01"],
    "ends of months": ["2025-10-31", "2025-11-30", "2025-12-31", "2026-01-31", "2026-02-28", "2026-03-31"],
}


@pytest.mark.parametrize("few", [False, True])
@pytest.mark.parametrize("dates", DAYS)
def test_leads_of_one_day_are_parted_nowhere(quick_engine, holding, dates, few):
    """The newest quarter is cut between days, here and there at the same one, however many leads share a day."""
    leads = 3_000
    days = [DAYS[dates][n * n % 7 % len(DAYS[dates])] for n in range(leads)]
    table = pa.table(
        {
            "id": list(range(leads)),
            "day": pa.array(days).cast(pa.date32()),
            "won": ["yes" if n * 7919 % 11 < 3 + n % 3 else "no" for n in range(leads)],
            "arm": ["abc"[n % 3] for n in range(leads)],
        }
    )
    outcome = {"column": "won", "won": ["yes"], "date": "day"}
    settings = merged(Settings(), {**QUICK, "points": {"draws": 0}, "outcome": outcome})
    here = run(table, settings)
    if few:
        settings = merged(settings, {"source": {"sample_leads": 1000}})
    found = run(holding(quick_engine, table), settings, counting="engine")
    assert integers(found) == integers(here)
    kinds = (found.validation.kind, here.validation.kind)
    assert kinds[0] == kinds[1]
    assert (kinds[0] == "out-of-time") == (dates in ("two days a quarter apart", "ends of months"))
    if not few or found.validation.column in ("lift", "cautious"):
        assert found.validation.learned_from == here.validation.learned_from
    if kinds[0] == "out-of-time":
        assert (found.validation.first_day, found.validation.last_day) == (
            here.validation.first_day,
            here.validation.last_day,
        )


NAMES = ["a.b", "a`b", "a``b.c", 'x"y', "x'y", "a;b", "Ä é", "İı", "%s", ":p", "{}", "select", "state", "leads", "\\n"]
CELLS = ["O'Brien", 'say "hi"', "back\\slash", "%s", ":p", "{}", "${x}", "$1", "--", "İ", "ı", "a.b", "''", "?", None]


@pytest.mark.parametrize("some", [{}, {"sample_leads": 1000}])
def test_names_and_texts_are_no_more_than_that(engine, holding, runs, some):
    """Points, quotes and what other programs would fill in, in names of columns and in cells."""
    leads = range(2_500)
    columns = {"lead.id": list(leads), "won.x": ["yes" if n * 7919 % 11 < 3 else "no" for n in leads]}
    columns |= {
        name: [CELLS[(n * (place + 3) + n // 7) % len(CELLS)] for n in leads] for place, name in enumerate(NAMES)
    }
    table = pa.table({**columns, "n.um": [n * 37 % 977 / 4 for n in leads]})
    settings = merged(
        Settings(),
        {
            "points": {"draws": 0},
            "report": {"what_if": "off"},
            "outcome": {"column": "won.x", "won": ["yes"]},
            "source": {"key": "lead.id", **some},
        },
    )
    found = run(holding(engine, table), settings, counting="engine")
    wanted = made(runs, f"names {some}", lambda: run(table, settings, counting="engine"))
    assert rules_text(found.rules) == rules_text(wanted.rules)
    assert {item.column for item in found.attributes} >= {*NAMES, "n.um"}
