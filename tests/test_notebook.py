"""docs/notebook.py runs from top to bottom, its figures are those of the leads, and a browser shows every result."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

import calibrate as cal

NOTEBOOK = Path(__file__).resolve().parents[1] / "docs" / "notebook.py"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
marimo = pytest.importorskip("marimo", reason="marimo is not installed")
RESULTS = ("inspection", "result", "before", "after", "difference", "adopted", "comparison", "lead")


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    """Every name that the notebook defines, and the folder that it was run in."""
    folder = tmp_path_factory.mktemp("notebook")
    spec = importlib.util.spec_from_file_location("notebook", NOTEBOOK)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        outputs, names = module.app.run()
    assert any(output is names["result"] for output in outputs)
    return SimpleNamespace(written=folder / names["folder"], **names)


def test_the_meeting_figures_are_those_of_the_scored_leads(session):
    history = pd.read_csv(session.history)
    counted = history[history["Status"].isin(["Won", "Lost"])]
    cases = ((session.before, session.result.rules), (session.after, session.proposed))
    for found, rules in cases:
        handed = cal.score_table(rules, counted, reasons=0)["score"] >= found.threshold
        won = counted["Status"] == "Won"
        assert (found.leads, found.won) == (handed.sum(), (handed & won).sum())
        assert found.reached == pytest.approx((handed & won).sum() / won.sum())
    assert session.difference.leads.change == session.after.leads - session.before.leads
    assert (session.after.threshold, session.before.threshold) == (session.threshold.value, session.handover)


def test_what_was_decided_is_in_the_next_version(session):
    (decision,) = session.adopted.changelog
    assert session.adopted.handover_score == session.threshold.value
    assert [(item.rule, item.label, item.to) for item in decision.changes] == [(*session.demo, session.points.value)]
    assert [item.pair.new.points for item in session.comparison.moved] == [session.points.value]
    assert cal.load_rules(session.written / "rules.json") == session.adopted


def test_new_leads_get_the_scores_that_one_lead_gets(session):
    assert session.scored["score"].is_monotonic_decreasing
    best = session.scored.iloc[0]
    one = cal.score_lead(session.adopted, best.to_dict())
    assert (one.score, one.band, "; ".join(reason.text for reason in one.reasons)) == (
        best["score"],
        best["band"],
        best["reasons"],
    )


def test_the_exports_stand_in_their_folder(session):
    written = {path.name for path in session.written.iterdir()}
    files = {name for item in session.exports for name in item.export.files}
    assert written == {*files, "fidelity.json", "rules.json"}
    ran = {item.target.name: item.ran for item in session.exports}
    assert ran["sql"].leads == len(pd.read_csv(session.history))


@pytest.mark.parametrize("name", RESULTS)
def test_marimo_shows_a_result_as_its_card(session, name, monkeypatch):
    # Where a test before loaded Spark, marimo would load parts of it that are not installed.
    monkeypatch.delitem(sys.modules, "pyspark", raising=False)
    found = getattr(session, name)
    shown = marimo.as_html(found).text
    assert 'class="lead-calibrate-card"' in shown
    assert "<script" not in shown


def test_it_is_a_script_that_gives_the_same_files_again(session, tmp_path):
    done = subprocess.run(
        [sys.executable, "-W", "error", str(NOTEBOOK)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    folders = session.written, tmp_path / session.folder
    first, second = ({path.name: path.read_bytes() for path in folder.iterdir()} for folder in folders)
    assert first == second


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address at which marimo shows a copy of the notebook."""
    shutil.copy(NOTEBOOK, folder)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "marimo", "run", NOTEBOOK.name, "--headless", "--no-token", "--port", str(port)]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, env={**os.environ, "NO_COLOR": "1"})
    try:
        while server.poll() is None:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
        assert server.poll() is None, (folder / "log").read_text(encoding="utf-8")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
def test_a_browser_shows_the_results_and_what_follows_from_other_points(session, tmp_path):
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    outside: list[str] = []
    with served(tmp_path) as address, playwright.sync_playwright() as tool:
        browser = tool.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()

        def let_in(route):
            if route.request.url.startswith(address):
                route.continue_()
            else:
                outside.append(route.request.url)
                route.abort()

        page.route("**/*", let_in)
        page.goto(address)
        page.get_by_text("rules.pipedrive.md").first.wait_for(timeout=120_000)
        shown = page.locator(".lead-calibrate-card")
        assert shown.count() == len(RESULTS) + len(session.exports)
        assert page.locator(".lead-calibrate-card script").count() == 0

        page.get_by_role("button", name="The whole report").click()
        page.locator(".lead-calibrate svg:visible").first.wait_for(timeout=30_000)

        box = page.locator("input[inputmode=numeric]")
        box.fill(str(session.points.value - 10))
        box.press("Enter")
        changed = cal.with_points(session.result.rules, {session.demo: session.points.value - 10})
        found = cal.figures(changed, session.counts, session.threshold.value)
        expected = f"{100 * found.reached:.1f}%"
        assert expected != f"{100 * session.after.reached:.1f}%"
        page.locator(".lead-calibrate-card", has_text=re.compile("Hand over from score")).filter(
            has_text=expected
        ).wait_for(timeout=60_000)
        browser.close()
    assert outside == []
