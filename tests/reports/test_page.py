from __future__ import annotations

import base64
import hashlib
import math
import os
import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pytest

from calibrate.calibration import run
from calibrate.remarks import Remark
from calibrate.settings import load_settings, settings_from
from calibrate.statistics.bands import equal_bands
from calibrate.statistics.ranking import ScoreCounts
from calibrate.words.language import language
from reports.meeting.counted import meeting_of
from reports.page import prose
from reports.page.report import MOST_FORESTS, Report, render_page
from reports.wording import results
from reports.wording.numbers import plain

ENGLISH = language("en")
VOID = {"meta", "br", "hr", "img", "link", "input"}


def heading(key: str) -> str:
    return ENGLISH(f"report.heading.{key}")


class Reader(HTMLParser):
    """Reads a page as a browser would: elements that fit into each other, their attributes, the text outside charts."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.attributes.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.attributes.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open and data.strip():
            self.text.append(data.strip())


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return reader


@pytest.fixture(scope="module")
def page(calibration) -> str:
    return render_page(calibration)


def test_page_asks_for_nothing_but_itself(page):
    reader = read(page)
    assert "http:" not in page
    assert "https:" not in page
    tags = {tag for tag, _ in reader.attributes}
    assert not tags & {"script", "link", "img", "iframe", "object", "a"}
    policy = next(item["content"] for tag, item in reader.attributes if item.get("http-equiv"))
    style = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    hashed = base64.b64encode(hashlib.sha256(style[0].encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{hashed}'; base-uri 'none'; form-action 'none'"
    assert len(style) == 1
    assert not any("style" in item for _, item in reader.attributes)
    assert all(item.get("href", "#").startswith("#") for _, item in reader.attributes)
    assert not any(name.startswith("on") for _, item in reader.attributes for name in item)


def test_page_tells_in_order(page):
    headings = re.findall(r"<h2>(.*?)</h2>", page)
    order = ["levels", "bands", "gains", "meaning", "why", "named"]
    order += ["columns", "twice", "stable", "surprises", "enough"]
    order += ["left_out", "reading", "method", "table", "rules"]
    assert headings == [heading(key) for key in order]
    assert page.index("headline") < page.index('class="facts"') or "headline" in page


def test_facts_and_left_out_leads_are_there(page):
    text = " ".join(read(page).text)
    for part in (
        "1,000",
        "of 1,100 in the file",
        "150",
        "15.0%",
        "2 Jan 2026 to 30 Sep 2026",
        "open and younger than 90 days",
    ):
        assert part in text


def test_table_of_levels_has_every_level_with_its_numbers(page, calibration):
    rows = re.findall(r"<tr>(.*?)</tr>", page[page.index(f"<h2>{heading('table')}") :], re.DOTALL)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in rows]
    yes = next(row for row in cells if row[:1] == ["yes"])
    # 40 of 100: Wilson 30.9 to 49.8 %; lift 25.0, Newcombe 16.6 to 34.0, which is what the data support.
    assert yes[1:5] == ["+25\n+17 to +34", "40 of 100", "40.0%\n30.9% to 49.8%", "+25.0\n+16.6 to +34.0"]
    assert yes[5:] == ["+12.5\n+10.5 to +14.5", "strong\nq &lt;0.001", "not stable"]
    levels = sum(len(item.levels) for item in calibration.attributes)
    assert sum(len(row) == 8 for row in cells) == levels + 1  # and the head


def test_every_chart_has_a_title_a_note_and_a_name(page):
    figures = re.findall(r"<figure>(.*?)</figure>", page, re.DOTALL)
    assert len(figures) == 7
    for figure in figures:
        title = re.search(r"<h3>(.+?)</h3>", figure)[1]
        assert re.search(r'<p class="note">.+?</p>', figure)
        assert f'role="img" aria-label="{title}' in figure


def test_ids_are_unique_and_all_references_known(page):
    ids = Counter(re.findall(r'\bid="([^"]+)"', page))
    assert max(ids.values()) == 1
    assert set(re.findall(r'(?:url\(|href=")#([^)"]+)', page)) == set(ids)


def test_statistics_keep_their_jargon_to_the_footnotes(page):
    body = page
    for footnote in prose.footnotes(ENGLISH):
        body = body.replace(footnote, "")
    for word in ("AUC", "Gini", "KS", "decile", "p-value", "ROC", "Newcombe", "Wilson"):
        assert not re.search(rf"\b{word}\b", body)
    assert not re.search(r"\b(nan|inf|None|Markup)\b", " ".join(read(page).text))


def test_worked_lead_adds_up(page):
    # The lead with most reasons and both signs: no demo -3, Referral +15, Denmark 0: 12.
    assert "This lead scores 12: band B" in page


def test_bands_of_the_rules_have_held_out_rates(page):
    # Scores 20 and 25: 36 of 80; 0 to 19: 4 + 10 + 9 + 12 of 160.
    section = page[page.index(f"<h2>{heading('named')}") :]
    assert ">36 of 80<" in section
    assert ">35 of 160<" in section
    assert ">call first<" in section


def test_remarks_first_and_the_rest_folded(calibration):
    nine = replace(calibration, remarks=tuple(Remark("note", f"remark {i}") for i in range(9)))
    page = render_page(nine)
    assert page.index("Please note") < page.index(heading("levels"))
    assert page.index("remark 6") < page.index("<summary>2 more</summary>") < page.index("remark 7")


def test_hostile_names_are_text_and_nothing_else(hostile):
    page = render_page(hostile)
    reader = read(page)
    assert "<script" not in page
    assert {tag for tag, _ in reader.attributes}.isdisjoint({"script", "b"})
    text = " ".join(reader.text)
    assert "<script>alert(1)</script>" in text
    assert "{{ 7*7 }} {% raw %}" in text
    assert "$x^2$ costs $5" in text
    assert page.encode("utf-8").decode() == page
    assert not re.search("[\x00-\x08\u202e]", page)


def test_options_of_the_command_line_stay_in_one_piece(calibration):
    remark = Remark("note", 'Take --points adjusted, not a--b or <i>--no-negative</i>: --allow "x & y".')
    page = render_page(replace(calibration, remarks=(remark,)))
    assert (
        "Take <code>--points</code> adjusted, not a--b or &lt;i&gt;<code>--no-negative</code>&lt;/i&gt;: "
        "<code>--allow</code> &#34;x &amp; y&#34;."
    ) in page
    assert "code{font:inherit;white-space:nowrap" in page


def test_evidence_alone_that_is_open_beside_the_others(calibration):
    first = calibration.attributes[0]
    levels = tuple(replace(level, support_low=-1.0, support_high=2.0) for level in first.levels)
    attributes = (replace(first, levels=levels), *calibration.attributes[1:])
    page = render_page(replace(calibration, column="adjusted", attributes=attributes))
    assert "strong alone,\nopen beside\nq &lt;0.001" in page
    assert ENGLISH("charts.levels_note_beside") in page
    assert "open beside" not in render_page(replace(calibration, attributes=attributes))


def test_page_without_a_test(calibration):
    page = render_page(replace(calibration, validation=None))
    assert ENGLISH("report.untested") in page
    assert page.count("<figure>") == 4
    read(page)


def test_page_of_one_attribute_without_any_difference(make):
    flat = make({"a": [("x", 75, 500), ("y", 75, 500)]}, strength=math.inf, left_out=(), excluded=(), reading=())
    page = render_page(flat)
    assert "History shows no differences beyond chance: all points are 0." in page
    assert "nothing to count twice" in page
    assert "No difference here is worth a whole point" in page
    assert heading("left_out") not in page
    assert heading("why") not in page
    read(page)


def test_page_when_all_held_out_leads_tie(calibration):
    tied = ScoreCounts((0,), (100,), (10,))
    ranking = replace(calibration.validation.rankings[0], scores=tied)
    validation = replace(
        calibration.validation,
        leads=100,
        conversions=10,
        rankings=(ranking,),
        bands=equal_bands(tied),
        probability=None,
    )
    page = render_page(replace(calibration, validation=validation))
    assert "same score" in page
    assert heading("meaning") not in page


def test_two_hundred_attributes(make):
    table = {f"attribute {i}": [("yes", 30 + i % 40, 200), ("no", 120 - i % 40, 800)] for i in range(200)}
    page = render_page(make(table))
    assert page.count("<figure>") == MOST_FORESTS + 6
    assert "more attributes, with smaller differences" in page
    assert page.count('scope="rowgroup"') == 200 + 1  # the one of levels that turn their sign
    assert len(page) < 1_000_000


def test_long_attributes_go_on_in_the_next_chart(make):
    page = render_page(make({"town": [(f"town {i}", 10 + i % 30, 100) for i in range(90)]}))
    assert page.count("<figure>") == 3 + 5  # 90 levels in charts of 39 levels and a heading
    heights = [int(tall) for tall in re.findall(r'<svg [^>]*height="(\d+)"', page)]
    assert max(heights) <= 72 + 20 * 40


def test_size_of_a_usual_page(make):
    table = {f"attribute {i}": [(f"level {j}", 20 + 5 * j, 200) for j in range(5)] for i in range(15)}
    assert len(render_page(make(table)).encode()) < 400 * 1024


def test_page_of_the_sample_history():
    sample = Path(__file__).parents[2] / "data"
    result = run(str(sample / "leads.csv"), load_settings(sample / "leads.toml"))
    page = render_page(result)
    read(page)
    assert len(page.encode()) < 400 * 1024
    page = re.sub("</?code>", "", page)
    assert results.headline(result, ENGLISH) in unescape(page)
    for remark in result.remarks[: results.MOST_REMARKS]:
        assert plain(remark.text) in unescape(page)


def test_points_are_changed_on_the_page_under_one_outline():
    sample = Path(__file__).parents[2] / "data"
    result = run(str(sample / "leads.csv"), load_settings(sample / "leads.toml", {"points": {"draws": 100}}))
    page = Report(result).html
    read(page)
    found = re.findall(r"<h([1-6])[^>]*>(.*?)</h", page, re.DOTALL)
    levels = [int(level) for level, _ in found]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later <= level + 1 for level, later in pairwise(levels))
    parts = [name for level, name in found if level == "2"]
    assert len(set(parts)) == len(parts)
    assert parts[:3] == [heading("remarks"), ENGLISH("meeting.within"), heading("bands")]
    assert heading("levels") not in parts
    style, script = (re.findall(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL) for tag in ("style", "script"))
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (*script, *style)]
    assert f"script-src 'sha256-{hashes[0]}'; style-src 'sha256-{hashes[1]}'" in page
    assert "unsafe" not in page.partition("</head>")[0]
    assert len(hashes) == 2


@pytest.mark.parametrize("code", ["en", "fr"])
def test_page_without_counted_leads_says_why(calibration, code):
    off = meeting_of(replace(calibration, settings=settings_from({"report": {"what_if": "off"}})))
    many = meeting_of(replace(calibration, overall=replace(calibration.overall, leads=3_000_001)))
    say = language(code)
    for why, told in ((off, "report.no_live.off"), (many, "report.no_live.leads")):
        page = re.sub("</?code>", "", unescape(render_page(calibration, say, why)))
        assert say(told, leads=3_000_001, most=3_000_000) in page
        assert say("report.heading.levels") in page
        assert "<script" not in page


@pytest.mark.parametrize(
    "points",
    [
        {"column": "adjusted", "scale": "0-100"},
        {"column": "log-odds", "offset": "600@50"},
        {"column": "best", "negative": False, "draws": 0},
    ],
    ids=["0-100", "log-odds", "best"],
)
def test_page_of_other_points(points):
    sample = Path(__file__).parents[2] / "data"
    result = run(str(sample / "leads.csv"), load_settings(sample / "leads.toml", {"points": {"draws": 100, **points}}))
    page = render_page(result)
    text = " ".join(read(page).text)
    assert not re.search(r"\b(nan|inf|None)\b", text)
    assert ("The odds double with" in text) == (result.column == "log-odds")
    assert (ENGLISH("trust.not_asked") in re.sub("</?code>", "", page)) == (not result.settings.points.draws)


def test_page_of_a_history_without_differences():
    # Wins in turn within every level of both attributes: one in four everywhere.
    rows = [(place // 4 % 2, place // 8 % 5, place % 4 == 0) for place in range(2000)]
    table = pa.table(
        {"a": [f"a{a}" for a, _, _ in rows], "b": [f"b{b}" for _, b, _ in rows], "won": [w for *_, w in rows]}
    )
    for column in ("lift", "cautious", "adjusted"):
        result = run(
            table, settings_from({"outcome": {"column": "won", "won": ["true"]}, "points": {"column": column}})
        )
        assert math.isinf(result.strength)
        page = render_page(result)
        read(page)
        assert "History shows no differences beyond chance: all points are 0." in page
        assert "nothing to count twice" in page


def test_fragment_keeps_its_styles_to_itself(calibration):
    fragment = Report(calibration)._repr_html_()
    assert fragment.startswith("<style>")
    for part in ("<!DOCTYPE", "<html", "<body", "<meta", "@page", "body{"):
        assert part not in fragment
    style = re.sub(r"@media[^{]*\{", "", re.search(r"<style>(.*?)</style>", fragment, re.DOTALL)[1])
    selectors = [item for rule in re.findall(r"([^{}]+)\{", style) for item in rule.split(",")]
    assert all(item.strip().startswith(".lead-calibrate") for item in selectors)
    read(fragment)


def test_report_saves_its_page(calibration, tmp_path):
    report = Report(calibration)
    report.save(tmp_path / "report.html")
    assert (tmp_path / "report.html").read_bytes() == report.html.encode()
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


SCRIPT = """
import hashlib, importlib.util, sys
import reports.page.report
heavy = {"matplotlib", "pandas", "scipy", "statsmodels"} & set(sys.modules)
spec = importlib.util.spec_from_file_location("fixtures", sys.argv[1])
fixtures = importlib.util.module_from_spec(spec)
spec.loader.exec_module(fixtures)
page = reports.page.report.render_page(fixtures.made())
print(sorted(heavy), hashlib.sha256(page.encode()).hexdigest())
"""


def test_same_bytes_in_every_process_and_nothing_heavy_before_it_is_needed(calibration):
    fixtures = Path(__file__).with_name("conftest.py")
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", SCRIPT, str(fixtures)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=Path(__file__).parents[2],
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed in ("1", "2")
    ]
    first, second = (run.communicate(timeout=120)[0] for run in runs)
    assert first == second
    assert first.startswith("[] ")
