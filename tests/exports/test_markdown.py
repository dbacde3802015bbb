"""The page to read aloud: a sentence for every outcome, and nothing that Markdown would take for a mark."""

from __future__ import annotations

import re

from cases import card, hostile, sample_trials
from drawn import documents
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from texts import HOSTILE

from calibrate.document.rules import Attribute, Case, Evidence, Has, In, Is, MadeBy, Rule, Rules, Score, ScoreBand
from calibrate.document.scored import CONTROLS
from calibrate.exports.exporting import export_rules
from calibrate.exports.products.criteria import points_of
from calibrate.exports.targets.markdown import plain
from calibrate.imports.importing import import_rules


def page(rules):
    return export_rules(rules, "md")[0].export.files["rules.md"].decode()


def read(text):
    """As Markdown shows it: a backslash before a mark of ASCII is not seen."""
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", text)


def demo():
    yes = Case(when=Is(is_=True), points=25, evidence=Evidence(leads=4000, conversions=1600))
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
    place = lines.index("### Requested demo")
    assert lines[place + 2 : place + 5] == [
        "- yes gives +25 (1,600 of 4,000 leads became customers, 40.0 %)", "- no gives -2", "",
    ]  # fmt: skip
    place = lines.index("### Pricing page")
    assert lines[place + 2 : place + 4] == ["- yes gives +3", ""]
    assert any("What is not named, a missing value too, gives 0." in line for line in lines)
    assert not any(" gives 0" in line for line in lines if line.startswith("- "))


def test_rules_that_move_a_score_most_come_first():
    text = page(card())
    headings = [line for line in text.splitlines() if line.startswith("### ")]
    # Widths by hand: 9 and 2 in no group; 30, 20, 11 and 4 of who they are; 27 and 17 of what they did.
    assert [heading.removeprefix("### ") for heading in headings] == [
        "Pages", "Country", "Employees", "Industry", "Country", "Phone", "Requested demo", "Pages",
    ]  # fmt: skip


def test_a_case_without_points_is_said_where_another_outcome_would_take_its_leads():
    cases = (Case(when=In(in_=("web",)), points=0), Case(when=In(in_=("fair",)), points=3))
    rule = Rule(id="a", attr="Source", cases=cases, otherwise=-1)
    held = (
        Case(when=Has(has="jobs"), points=0),
        Case(when=Has(has="docs"), points=3),
        Case(when=Has(has="x"), points=0),
    )
    pages = Rule(id="b", attr="Pages", cases=held)
    attributes = {"Source": Attribute(type="text"), "Pages": Attribute(type="set")}
    text = page(Rules(id="x", version="1", attributes=attributes, rules=(rule, pages)))
    assert "### Source\n\n- web gives 0\n- fair gives +3\n- other gives -1\n\n" in text
    assert "### Pages\n\n- jobs gives 0\n- docs gives +3\n\n" in text


def test_a_rule_without_points_is_said():
    rules = demo().model_copy(
        update={"rules": (Rule(id="a", attr="Pages", cases=(Case(when=Has(has="x"), points=0),)),)}
    )
    assert "### Pages\n\nEvery value gives 0.\n" in page(rules)


def test_what_a_point_is_worth_is_said_of_measured_points_alone():
    worth = "A point is worth 1 percentage point of conversion."
    assert worth in page(demo())
    guessed = demo().model_copy(update={"rules": demo().rules[1:]})
    assert worth not in page(guessed)
    assert worth in page(guessed.model_copy(update={"made_by": MadeBy(points="lift")}))


def test_the_yes_of_a_sheet_is_read_as_it_is_there(tmp_path):
    path = tmp_path / "points.csv"
    path.write_text("Kenmerk;Waarde;Punten\nDemo;ja;25\nDemo;nee;-2\n", encoding="utf-8")
    text = page(import_rules(path).rules)
    assert "- ja gives +25\n- nee gives -2\n" in text
    assert "- Demo ja: score 25 (+25 Demo = ja)\n" in text
    assert "percentage point" not in text


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
def test_every_outcome_with_points_has_one_line(rules):
    lines = page(rules).splitlines()
    outcomes = [line for line in lines if re.match(r"- .* gives [+0-]", line)]
    held = {name for name, group in rules.groups.items()} | {None}
    giving = sum(points != 0 for rule in rules.rules if rule.group in held for points in points_of(rule))
    assert giving <= len(outcomes) <= sum(len(rule.cases) + 2 for rule in rules.rules if rule.group in held)
    assert all(line == "" or line.startswith(("#", "- ")) or line.endswith(".") for line in lines)


@given(st.text() | st.sampled_from(HOSTILE))
def test_a_text_is_one_line_without_marks(text):
    made = plain(text)
    assert len(made.splitlines()) <= 1
    assert not re.search(r"(?<!\\)(?:\\\\)*(?:[`*|~\[]|<[A-Za-z/!?]|&#?\w+;|(?<!\w)_|_(?!\w))", made)
    if not re.search(r"[\n\r\v\f\t\x1c-\x1e\x85\u2028\u2029]", text):
        seen = re.sub(CONTROLS, "\ufffd", text)
        assert read(made).strip("“”") == seen.strip("“”") or seen in read(made)


def test_a_text_begins_no_list():
    assert [plain(text) for text in ("1. x", "+ x", "-", "+31", "1.5")] == ["1\\. x", "\\+ x", "\\-", "+31", "1.5"]
    assert [plain(text) for text in ("# x", "#1", "> x", "===", "---", "-5", "C #")] == [
        "\\# x", "#1", "\\> x", "\\===", "\\---", "-5", "C \\#",
    ]  # fmt: skip


def test_hostile_texts_and_long_rules_are_held():
    text = read(page(hostile()))
    assert all(re.sub("\n", "↵", item).replace("\t", "⇥") in text for item in HOSTILE)
    cases = tuple(Case(when=In(in_=(f"v{place}",)), points=place) for place in range(1, 501))
    long = Rules(
        id="x", version="1", attributes={"a": Attribute(type="text")}, rules=(Rule(id="a", attr="a", cases=cases),)
    )
    assert page(long).count(" gives +") == 500


def test_control_marks_do_not_stand_in_the_page():
    text = page(demo().model_copy(update={"title": "a\x1b[31m\u202eb"}))
    assert "# a\ufffd\\[31m\ufffdb\n" in text
