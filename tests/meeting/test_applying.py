"""What a meeting decided becomes the next version of the rules, and nothing else changes."""

from __future__ import annotations

import json
import random

import jsonschema
import numpy as np
import pyarrow as pa
import pytest
import statsmodels.api as sm
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calibrate.document.lint import faults
from calibrate.document.rules import Rules, json_schema
from calibrate.document.rules_file import load_rules, rules_text
from calibrate.document.scoring import score_lead
from calibrate.errors import RulesError, SettingsError
from calibrate.exports import ExportError, targets
from calibrate.exports.exporting import export_rules
from calibrate.meeting.applying import apply_changes, next_version
from calibrate.meeting.changes import changes_of, changes_of_rows
from calibrate.meeting.combinations import combinations_of_leads

SEEN = {"leads": 40, "conversions": 10, "rate": 0.25}


def card():
    """Rules with a cap, a gate, a clamp, a set whose missing is otherwise, evidence and figures of a history."""
    return {
        "format": "leadscore-rules/1.0",
        "id": "inbound",
        "version": "3",
        "score": {"base": 5, "min": -20, "max": 40},
        "attributes": {
            "Industry": {"type": "category"},
            "Employees": {"type": "number"},
            "Pages": {"type": "set", "separator": ";"},
            "Rival": {"type": "boolean"},
        },
        "gates": [
            {"id": "rival", "when": {"attr": "Rival", "is": True}, "then": {"score": -20, "band": "out"}},
        ],
        "groups": {"fit": {"max": 20}, "engagement": {}},
        "rules": [
            {
                "id": "industry", "attr": "Industry", "group": "fit",
                "cases": [
                    {"when": {"in": ["Software", "SaaS"]}, "points": 15, "evidence": SEEN},
                    {"when": {"in": ["Retail"]}, "points": -4, "label": "shops", "evidence": SEEN},
                ],
                "otherwise": -1, "missing": -2, "otherwise_evidence": SEEN, "missing_evidence": SEEN,
            },
            {
                "id": "employees", "attr": "Employees", "group": "fit",
                "cases": [{"when": {"lt": 50}, "points": -3}, {"when": {"ge": 50}, "points": 9}],
                "missing": -6,
            },
            {
                "id": "pages_pricing", "attr": "Pages", "group": "engagement",
                "cases": [{"when": {"has": "pricing"}, "points": 7, "evidence": SEEN}],
                "otherwise": -1, "missing": -1, "otherwise_evidence": SEEN, "missing_evidence": SEEN,
            },
        ],
        "bands": [{"name": "A", "from": 20, "leads_share": 0.5, "rate": 0.5}, {"name": "B"}],
        "reference": {"population": "2 leads", "leads": 2, "scores": [0, 9], "counts": [1, 1]},
        "probability": {"fitted_on": "2 leads", "intercept": -1.5, "slope": 0.1},
    }  # fmt: skip


WAYS = {"industry": 4, "employees": 4, "pages_pricing": 2}


@pytest.fixture(scope="module")
def rules():
    return load_rules(json.dumps(card()))


@pytest.fixture(scope="module")
def leads():
    draw = random.Random(11)
    rows = [
        {
            "Industry": draw.choice(["Software", "SaaS", "Retail", "Mining", None]),
            "Employees": draw.choice([None, 3.0, 49.0, 50.0, 900.0]),
            "Pages": draw.choice([["pricing"], ["docs", "pricing"], [], None]),
            "Rival": draw.random() < 0.1,
        }
        for _ in range(600)
    ]
    won = np.array([draw.random() < 0.1 + 0.3 * (row["Industry"] == "Software") for row in rows])
    return rows, won


@pytest.fixture(scope="module")
def combinations(rules, leads):
    rows, won = leads
    return combinations_of_leads(rules, [(pa.RecordBatch.from_pylist(rows), won)])


def changes(*items, threshold=None, **parts):
    """changes.json; items: rule, way, from, to and, where there is one, a reason."""
    listed = [dict(zip(("rule", "way", "from", "to", "reason"), item, strict=False)) for item in items]
    head = {"format": "leadscore-changes/1.0", "rules": {"id": "inbound", "version": "3"}}
    return json.dumps({**head, "threshold": threshold, "changes": listed, **parts})


def applied(rules, *items, combinations=None, expires=None, **parts):
    decided = changes_of(changes(*items, **parts), rules)
    return apply_changes(rules, decided, decided_on="2026-10-01", expires=expires, combinations=combinations)


SOME = (("industry", 0, 15, 30, "the fair of May"), ("pages_pricing", 1, -1, -5), ("industry", 3, -2, 0, "  "))


def test_points_change_and_say_what_history_gave(rules):
    found = applied(rules, *SOME, expires="2027-04-01")
    industry, employees, pages = found.rules
    assert (industry.cases[0].points, industry.missing, industry.otherwise) == (30, 0, -1)
    assert (pages.otherwise, pages.missing) == (-5, -5)  # one level of the set
    override = industry.cases[0].override
    assert override.model_dump() == {
        "points_before": 15, "reason": "the fair of May", "decided_on": "2026-10-01", "expires": "2027-04-01",
    }  # fmt: skip
    assert industry.missing_override.reason is None
    assert pages.otherwise_override == pages.missing_override
    assert employees == rules.rules[1]
    assert industry.cases[1] == rules.rules[0].cases[1]
    assert industry.cases[0].evidence == rules.rules[0].cases[0].evidence


def test_the_changelog_tells_all_in_the_order_of_the_document(rules):
    found = applied(rules, *SOME, threshold=25, threshold_reason="sales has two more people")
    (entry,) = found.changelog
    assert (found.version, entry.version, entry.decided_on) == ("4", "4", "2026-10-01")
    assert [(item.rule, item.label, item.from_, item.to, item.reason) for item in entry.changes] == [
        ("industry", "Software, SaaS", 15, 30, "the fair of May"),
        ("industry", "missing", -2, 0, None),
        ("pages_pricing", "not pricing", -1, -5, None),
    ]
    assert (entry.threshold.from_, entry.threshold.to, entry.threshold.reason) == (20, 25, "sales has two more people")
    assert (found.threshold.score, found.handover_score, rules.handover_score) == (25, 25, 20)
    assert "left out" in entry.note


def test_a_second_meeting_adds_to_the_first(rules):
    first = applied(rules, *SOME)
    rows = [
        {"rule": "industry", "way": 0, "from": 30, "to": 15, "reason": "the fair brought nobody"},
        {"rule": "pages_pricing", "way": 1, "from": -5, "to": -6, "reason": ""},
    ]
    second = apply_changes(first, changes_of_rows(rows, None, first), decided_on="2027-01-01")
    assert [entry.version for entry in second.changelog] == ["4", "5"]
    assert second.changelog[0] == first.changelog[0]
    industry, _, pages = second.rules
    assert (industry.cases[0].points, industry.cases[0].override) == (15, None)  # history's points again
    assert (pages.otherwise_override.points_before, pages.otherwise_override.decided_on) == (-1, "2027-01-01")
    assert industry.missing_override == first.rules[0].missing_override


def test_without_counts_the_figures_of_old_scores_go(rules):
    found = applied(rules, *SOME)
    assert (found.reference, found.probability) == (None, None)
    assert [(band.name, band.from_, band.leads_share, band.rate) for band in found.bands] == [
        ("A", 20, None, None), ("B", None, None, None),
    ]  # fmt: skip


def test_a_threshold_alone_leaves_every_figure(rules):
    found = applied(rules, threshold=12)
    for part in ("rules", "reference", "probability", "bands", "tests"):
        assert getattr(found, part) == getattr(rules, part)
    assert found.changelog[0].note is None


def test_figures_are_those_of_the_leads_scored_one_by_one(rules, leads, combinations):
    found = applied(rules, *SOME, combinations=combinations)
    rows, won = leads
    scores = np.array([score_lead(found, row).score for row in rows])
    assert found.reference.leads == len(rows)
    distinct, counts = np.unique(scores, return_counts=True)
    assert (found.reference.scores, found.reference.counts) == (tuple(distinct), tuple(counts))
    for band, inside in zip(found.bands, (scores >= 20, scores < 20), strict=True):
        assert band.leads_share == pytest.approx(inside.mean(), abs=5e-7)
        assert band.rate == pytest.approx(won[inside].mean(), abs=5e-7)
    fit = sm.Logit(won.astype(float), sm.add_constant(scores.astype(float))).fit(disp=0)
    assert (found.probability.intercept, found.probability.slope) == pytest.approx(tuple(fit.params), abs=1e-5)
    assert "600 leads" in found.changelog[0].note


edits = st.dictionaries(
    st.sampled_from([(name, way) for name, ways in WAYS.items() for way in range(ways)]),
    st.tuples(st.integers(-60, 60), st.text(max_size=9)),
    max_size=8,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits, st.none() | st.integers(-20, 40), st.booleans(), st.randoms(use_true_random=False))
def test_any_decision_gives_a_sound_document_with_just_these_points(
    rules, combinations, drawn, threshold, counted, mix
):
    points = {
        (rule.id, way): value
        for rule in rules.rules
        for way, value in enumerate([*(case.points for case in rule.cases), rule.otherwise, rule.missing])
    }
    rows = [
        {"rule": name, "way": way, "from": points[name, way], "to": to, "reason": reason}
        for (name, way), (to, reason) in drawn.items()
    ]
    differs = any(row["to"] != row["from"] for row in rows)
    counts = combinations if counted else None

    def made(items):
        decided = changes_of_rows(items, threshold, rules)
        return rules_text(apply_changes(rules, decided, decided_on="2026-10-01", combinations=counts))

    if not differs and threshold in (None, 20):
        with pytest.raises(SettingsError, match="no number that differs"):
            made(rows)
        return
    text = made(rows)
    mix.shuffle(rows)
    assert made(rows) == text
    found = load_rules(text)
    assert faults(found) == ()
    jsonschema.validate(json.loads(text), json_schema())
    as_decided = {**points, **{(row["rule"], row["way"]): row["to"] for row in rows}}
    as_decided["pages_pricing", 2] = as_decided["pages_pricing", 1]
    for rule in found.rules:
        ways = [*(case.points for case in rule.cases), rule.otherwise, rule.missing]
        assert ways == [as_decided[rule.id, way] for way in range(len(ways))]
        overrides = [*(case.override for case in rule.cases), rule.otherwise_override, rule.missing_override]
        assert [item is not None for item in overrides] == [
            as_decided[rule.id, way] != points[rule.id, way] for way in range(len(ways))
        ]


def test_exports_do_not_mind_what_was_decided(rules):
    """Every target that takes the rules writes the same for the same points, whoever decided them."""
    found = applied(rules, *SOME, threshold=25)
    bare = {"threshold": None, "changelog": None}
    plain = json.loads(rules_text(found.model_copy(update=bare)))
    for rule in plain["rules"]:
        for part in (rule, *rule["cases"]):
            for key in ("override", "otherwise_override", "missing_override"):
                part.pop(key, None)
    without = Rules.model_validate_json(json.dumps(plain))
    for name in sorted(targets()):
        made = [_files(document, "sql:postgres" if name == "sql" else name) for document in (found, without)]
        assert made[0] == made[1], name


def _files(rules, target):
    try:
        return [item.export.files for item in export_rules(rules, target)]
    except ExportError as error:
        return str(error)


@pytest.mark.parametrize(
    ("before", "after"),
    [("1", "2"), ("9", "10"), ("2026.09", "2026.10"), ("v2", "v3"), ("draft", "draft.2"), ("3 beta", "3 beta.2")],
)  # fmt: skip
def test_versions_go_up(before, after):
    assert next_version(before) == after


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty file, expected a file of changes; make one with the meeting page"),
        ("[]", "found a list, expected an object with format 'leadscore-changes/1.0'"),
        ('{"format": "leadscore-rules/1.0"}', "format: found 'leadscore-rules/1.0'"),
        (changes(rules={"id": "other", "version": "3"}), "rules.id: found 'other', expected 'inbound'"),
        (changes(rules={"id": "inbound", "version": "2"}), "rules.version: found '2', expected '3'"),
        (changes(("indstry", 0, 15, 1)), "changes[0].rule: found 'indstry'"),
        (changes(("indstry", 0, 15, 1)), "did you mean 'industry'?"),
        (changes(("industry", 4, 0, 1)), "changes[0].way: found 4, expected 0 to 3"),
        (changes(("pages_pricing", 2, -1, 1)), "changes[0].way: found 2, expected 0 to 1"),
        (changes(("industry", -1, 0, 1)), "changes[0].way: found -1, expected 0 or more"),
        (changes(("industry", 0, 14, 1)), "changes[0].from: found 14 for 'industry = Software, SaaS', expected 15"),
        (changes(("industry", 0, 15, 1), ("industry", 0, 15, 1)), "changes[1]: found 'industry = Software, SaaS' as"),
        (changes(("industry", 0, 15, 1.5)), "changes[0].to: found 1.5, expected a whole number"),
        (changes(("industry", 0, 15, "1")), "changes[0].to: found '1', expected a whole number"),
        (changes(("industry", 0, 15, 10**7)), "changes[0].to: found 10000000, expected 1000000 or less"),
        (changes(("industry", 0, 15)), "changes[0].to: found nothing, expected this key"),
        (changes(threshold=41), "threshold: found 41, expected -20 to 40"),
        (changes(threshold=2.5), "threshold: found 2.5, expected a whole number"),
        (changes(treshold=3), "treshold: found a key that the format does not have; did you mean 'threshold'"),
        (changes(changes=[{"rule": "industry", "way": 0, "from": 15, "to": 1, "expires": "1/4/27"}]), "a day such as"),
        (changes(minutes=float("nan")), "minutes: found NaN"),
    ],
)  # fmt: skip
def test_wrong_changes_are_told_on_one_line_each(rules, text, words):
    with pytest.raises(RulesError) as caught:
        changes_of(text, rules, "changes.json")
    assert any(words in fault for fault in caught.value.faults), caught.value.faults
    assert all(line.startswith("changes.json: ") for line in str(caught.value).splitlines())


def test_all_faults_come_at_once(rules):
    text = changes(("indstry", 0, 15, 1), ("industry", 9, 15, 1), ("employees", 0, 5, 1), threshold=99)
    with pytest.raises(RulesError) as caught:
        changes_of(text, rules)
    assert len(caught.value.faults) == 4


@pytest.mark.parametrize(
    ("day", "expires", "words"),
    [
        ("1.10.2026", None, "date: found '1.10.2026', expected a day such as 2026-10-01"),
        ("2026-02-30", None, "expected a day such as"),
        ("2026-10-01", "soon", "expires: found 'soon'"),
        ("2026-10-01", "2026-10-01", "expected a day after the meeting of 2026-10-01"),
    ],
)
def test_days_must_be_days(rules, day, expires, words):
    decided = changes_of(changes(*SOME), rules)
    with pytest.raises(SettingsError, match=words):
        apply_changes(rules, decided, decided_on=day, expires=expires)


def test_a_change_has_its_own_end(rules):
    own = {"rule": "industry", "way": 0, "from": 15, "to": 1, "expires": "2026-12-31"}
    found = applied(rules, changes=[own], expires="2027-04-01")
    assert found.rules[0].cases[0].override.expires == "2026-12-31"


def test_rules_changed_by_hand_to_other_points_are_not_overwritten_by_old_changes(rules):
    decided = changes_of(changes(*SOME), rules)
    case = rules.rules[0].cases[0].model_copy(update={"points": 16})
    rule = rules.rules[0].model_copy(update={"cases": (case, *rules.rules[0].cases[1:])})
    with pytest.raises(RulesError, match="found 15 for 'industry = Software, SaaS', expected 16"):
        apply_changes(rules.model_copy(update={"rules": (rule, *rules.rules[1:])}), decided, decided_on="2026-10-01")


def test_page_and_workbook_give_the_same_bytes(rules, combinations):
    """The page labels its changes, writes minutes and says null for a threshold that stays; a workbook has numbers."""
    saved = json.loads(changes(*SOME, minutes="1. Industry = Software, SaaS: 30 instead of 15."))
    for item in saved["changes"]:
        item["label"] = "as the page calls it"
    rows = [dict(zip(("rule", "way", "from", "to", "reason"), (*item, ""), strict=False)) for item in SOME]
    rows += [{"rule": "industry", "way": 1, "from": -4, "to": -4, "reason": "looked at, left as it is"}]
    both = (changes_of(json.dumps(saved), rules), changes_of_rows(rows[::-1], 20, rules))
    texts = [
        rules_text(apply_changes(rules, item, decided_on="2026-10-01", combinations=combinations)) for item in both
    ]
    assert texts[0] == texts[1]


@pytest.mark.parametrize(("to", "words"), [(2.5, "whole number"), ("5", "whole number"), (None, "whole number")])
def test_a_cell_that_is_no_whole_number_is_a_fault_and_5_0_is_one(rules, to, words):
    row = {"rule": "industry", "way": 0.0, "from": 15.0, "to": 5.0, "reason": None}
    assert changes_of_rows([row], 12.0, rules).changes[0].to == 5
    with pytest.raises(RulesError, match=rf"changes\[0\]\.to: found .*{words}"):
        changes_of_rows([{**row, "to": to}], None, rules)
