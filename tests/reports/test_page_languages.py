"""The report in every language: all that people read comes from the word lists or from the data."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from calibrate.calibration import Calibration, run
from calibrate.document.lead_score import score_lead
from calibrate.settings import load_settings, settings_from
from calibrate.words.language import LANGUAGES, Language, language
from reports.page import prose
from reports.page.report import Report, render_page
from reports.wording.numbers import plain

DATA = Path(__file__).parents[2] / "data"
OPEN, CLOSE = "\u2062", "\u2063"  # seen by nobody, and kept by all that handles texts
READ_ALOUD = ("aria-label", "title", "alt")


def in_marks(code: str) -> Language:
    """The language with marks around every sentence."""
    said = language(code)
    return replace(said, words={key: f"{OPEN}{text}{CLOSE}" for key, text in said.words.items()})


def outside_of_marks(text: str) -> str:
    """What no sentence brought. Of one that was cut the end is missing, of one on two lines the start."""
    depth, kept = 0, ""
    for char in text:
        if char == CLOSE and not depth:
            kept = ""
        elif char in (OPEN, CLOSE):
            depth += 1 if char == OPEN else -1
        elif not depth:
            kept += char
    return " ".join(kept.split())


class Texts(HTMLParser):
    """Every text of a page that is read or heard."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.language: str | None = None
        self._style = False

    def handle_starttag(self, tag, attrs):
        self._style = tag == "style"
        self.found += [value or "" for name, value in attrs if name in READ_ALOUD]
        if tag == "html":
            self.language = dict(attrs)["lang"]

    def handle_endtag(self, tag):
        self._style = False

    def handle_data(self, data):
        if not self._style:
            self.found.append(data)


def read(page: str) -> Texts:
    texts = Texts()
    texts.feed(re.sub("</?code>", "", page))
    return texts


def data_of(calibration: Calibration) -> set[str]:
    """Names and values of the file, settings by name and value, what stands in the rules file."""
    rules, made_by = calibration.rules, calibration.rules.made_by
    found = [calibration.source_name, rules.format, made_by.sha256, f"{made_by.tool} {made_by.version}"]
    found += [text for row in prose.setting_rows(made_by.settings, "", language("en")) for text in row]
    for item in calibration.attributes:
        found += [item.name, *(level.level.label for level in item.levels)]
    for test in rules.tests:
        found += [reason.text.partition(" ")[2] for reason in score_lead(rules, test.lead, reasons=99).reasons]
    for band in rules.bands:
        found += [band.name, band.action]
    found += [item.column for item in calibration.left_out]
    return {plain(text) for text in found if text}


@pytest.fixture(scope="module", params=LANGUAGES)
def sample(request) -> Calibration:
    """The sample history as a run in this language has it."""
    said = {"points": {"draws": 100}, "report": {"language": request.param, "capacity": "40/week"}}
    return run(str(DATA / "leads.csv"), load_settings(DATA / "leads.toml", said))


def test_every_letter_of_the_page_is_of_the_word_lists_or_of_the_data(sample):
    texts = read(render_page(sample, in_marks(sample.settings.report.language)))
    left = {outside_of_marks(text) for text in texts.found} - data_of(sample)
    names = tuple(level.level.label for item in sample.attributes for level in item.levels)
    cut = {text for text in left if text.endswith("…") and any(name.startswith(text[:-1]) for name in names)}
    assert {text for text in left - cut if re.search(r"[^\W\d_]", text)} == set()
    assert texts.language == sample.settings.report.language


@pytest.mark.parametrize(
    ("code", "rate"),
    [("en", "15.0%"), ("nl", "15,0%"), ("da", "15,0\u00a0%"), ("fr", "15,0\u00a0%"), ("de", "15,0\u00a0%")],
)
def test_a_report_may_be_in_another_language_than_its_run(calibration, code, rate):
    report = Report(calibration, code)
    texts = read(report.html)
    assert texts.language == code
    assert rate in texts.found
    assert language(code)("report.heading.levels") in texts.found
    assert report.html == render_page(replace(calibration, settings=settings_from({"report": {"language": code}})))
    assert language(code)("report.heading.levels") in report._repr_html_()
