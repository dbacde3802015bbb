"""The page to read aloud: a sentence for every outcome, and nothing that Markdown would take for a mark."""

from __future__ import annotations

import re

from cases import card, hostile, sample_trials
from drawn import documents
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from texts import HOSTILE

from calibrate.document.rules import Attribute, Case, Evidence, Has, In, Is, Rule, Rules, Score, ScoreBand
from calibrate.exports.exporting import export_rules
from calibrate.exports.targets.markdown import plain


def page(rules):
    return export_rules(rules, "md")[0].export.files["rules.md"].decode()


def read(text):
    """As Markdown shows it: a backslash before a mark of ASCII is not seen."""
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", text)


def demo():
    yes = Case(when=Is(is_=True), points=25, evidence=Evidence(leads=400, conversions=160))
    rule = Rule(id="demo", attr="Requested demo", cases=(yes,), otherwise=-2)
    pages = Rule(
        id="p", attr="Pages", label="Pricing page", cases=(Case(when=Has(has="pricing"), points=3, label="yes"),)
    )
    return Rules(
        id="x",
        version="1",
        score=Score(base=10, max=100),
        attributes={"Requested demo": Attribute(type="boolean"), "Pages": Attribute(type="set", separator=";")},
        rules=(rule, pages),
        bands=(ScoreBand(name="A", from_=30, action="call first"), ScoreBand(name="B", from_=20), ScoreBand(name="C")),
    )


def test_a_case_is_a_sentence_with_its_evidence():
    lines = page(demo()).splitlines()
    assert "- Requested demo: yes gives +25 (160 of 400 leads became customers, 40.0 %)" in lines
    assert "- Requested demo: no gives -2" in lines
    assert "- Requested demo: missing gives 0" in lines
    assert "- Pricing page: yes gives +3" in lines
    assert "- Pricing page: no gives 0" in lines


def test_bands_have_their_scores_and_actions():
    lines = page(demo()).splitlines()
    assert "- A, score 30 and up: call first" in lines
    assert "- B, score 20 to 29" in lines
    assert "- C, score below 20" in lines


def test_groups_gates_and_caps_are_said():
    text = page(card())
    assert "- competitor: Competitor is yes. The score is 0 and the band disqualified." in text
    assert "- own: Company is Us, us & 'ours'. The score is 45 and the band B." in read(text)
    assert "\n## What they did\n\nThe points of this group together count as at least -4 and at most 30.\n" in text
    assert "It is at least 0 and at most 100." in text


def test_worked_leads_stand_with_their_reasons():
    text = page(demo())
    assert "- Nothing known: score 10, band C\n" in text
    assert (
        "- Requested demo yes, Pages pricing: score 38, band A (+25 Requested demo = yes; +3 Pricing page = yes)"
        in text
    )


def test_the_sample_is_a_page_of_one_section_a_group():
    rules = next(sample_trials()).rules
    headings = [line for line in page(rules).splitlines() if line.startswith("## ")]
    assert headings == [
        "## Decided before any point counts", "## What they did", "## Who they are", "## Bands", "## Worked leads",
    ]  # fmt: skip


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(documents())
def test_every_outcome_has_one_line(rules):
    lines = page(rules).splitlines()
    outcomes = [line for line in lines if re.match(r"- .* gives [+0-]", line)]
    held = {name for name, group in rules.groups.items()} | {None}
    assert len(outcomes) == sum(len(rule.cases) + 2 for rule in rules.rules if rule.group in held)
    assert all(line == "" or line.startswith(("#", "- ")) or line.endswith(".") for line in lines)


@given(st.text() | st.sampled_from(HOSTILE))
def test_a_text_is_one_line_without_marks(text):
    made = plain(text)
    assert len(made.splitlines()) <= 1
    assert not re.search(r"(?<!\\)(?:\\\\)*[`*_\[\]<>#|$&!~{}]", made)
    if not re.search(r"[\n\r\v\f\t\x1c-\x1e\x85\u2028\u2029]", text):
        assert read(made).strip("“”") == text.strip("“”") or text in read(made)


def test_a_text_begins_no_list():
    assert [plain(text) for text in ("1. x", "+ x", "-", "+31", "1.5")] == ["1\\. x", "\\+ x", "\\-", "+31", "1.5"]


def test_hostile_texts_and_long_rules_are_held():
    text = read(page(hostile()))
    assert all(re.sub("\n", "↵", item).replace("\t", "⇥") in text for item in HOSTILE)
    cases = tuple(Case(when=In(in_=(f"v{place}",)), points=place) for place in range(1, 501))
    long = Rules(
        id="x", version="1", attributes={"a": Attribute(type="text")}, rules=(Rule(id="a", attr="a", cases=cases),)
    )
    assert page(long).count(" gives +") == 500
