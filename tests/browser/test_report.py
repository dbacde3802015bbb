"""The report as a person gets it: opened in a browser without a network, and printed."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from calibrate.calibration import run
from calibrate.sample import sample_file
from calibrate.settings import load_settings
from reports.page.report import render_page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
QUIET = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync")
OFFLINE = ("--disable-background-networking", "--disable-component-update", "--host-resolver-rules=MAP * ~NOTFOUND")


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    result = run(sample_file("leads.csv"), load_settings(sample_file("leads.toml")))
    path.write_text(render_page(result), encoding="utf-8")
    return path


def chromium(page: Path, *options: str) -> str:
    profile = page.parent / "profile"
    done = subprocess.run(
        [str(CHROMIUM), *QUIET, *OFFLINE, f"--user-data-dir={profile}", *options, page.as_uri()],
        capture_output=True,
        check=True,
        encoding="utf-8",
        timeout=120,
    )
    return done.stdout


def test_it_prints_on_a4(page):
    printed = page.with_suffix(".pdf")
    chromium(page, f"--print-to-pdf={printed}", "--no-pdf-header-footer")
    content = printed.read_bytes()
    assert 4 <= len(re.findall(rb"/Type\s*/Page\b", content)) <= 20
    width, height = (float(number) for number in re.findall(rb"/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]", content)[0])
    assert (round(width), round(height)) == (595, 842)


def test_it_shows_its_sentences_and_charts_without_a_script_or_a_network(page):
    shown = chromium(page, "--dump-dom")
    assert "of 100 won-lost pairs" in shown
    assert shown.count("<svg") >= 6
    assert "<script" not in shown
    assert not re.search(r"""(src|href)=["']?https?:""", shown)


def test_it_is_a_picture_on_a_phone_too(page):
    for width in (390, 1100):
        picture = page.with_suffix(f".{width}.png")
        chromium(page, f"--screenshot={picture}", f"--window-size={width},2000")
        assert picture.stat().st_size > 20_000
