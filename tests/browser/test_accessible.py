"""The pages for people who see little, do not see, or use no mouse: axe-core finds nothing against them."""

from __future__ import annotations

import shutil
from pathlib import Path

import axe_playwright_python
import pytest

from calibrate.calibration import run
from calibrate.sample import sample_file
from calibrate.settings import load_settings
from calibrate.words.language import language
from reports.live.page import live_page
from reports.meeting.counted import Meeting, meeting_of
from reports.page.report import render_page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text(encoding="utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="module")
def pages(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    result = run(sample_file("leads.csv"), load_settings(sample_file("leads.toml")))
    meeting = meeting_of(result)
    assert isinstance(meeting, Meeting)
    texts = {f"report-{code}": render_page(result, language(code), meeting) for code in ("en", "de")}
    texts |= {"still": render_page(result), "page": live_page(result.rules, meeting.combinations)}
    for name, text in texts.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in texts}


@pytest.mark.parametrize("width", [1280, 390], ids=["desktop", "phone"])
@pytest.mark.parametrize("name", ["report-en", "report-de", "still", "page"])
def test_axe_finds_nothing(pages, name, width):
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": width, "height": 900})
        page.goto(pages[name].as_uri())
        if name != "still":
            page.wait_for_selector("#live[data-ready]")
            page.fill(".way .number >> nth=0", "40")
        page.evaluate(AXE)
        found = page.evaluate("rules => axe.run(document, { runOnly: { type: 'tag', values: rules } })", RULES)
        browser.close()
    assert len(found["passes"]) >= 15
    told = [(item["id"], item["nodes"][0]["html"][:200]) for item in found["violations"]]
    assert told == []
