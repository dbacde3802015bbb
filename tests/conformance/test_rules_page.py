"""The scorer on the page of the rules file gives every worked lead its score and band."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from cases import card, hostile
from drawn import drawn_cases

import calibrate as cal
from calibrate.document.rules import Rules
from calibrate.document.rules_file import rules_text
from calibrate.document.worked import worked_leads
from calibrate.sample import sample_file
from calibrate.settings import load_settings

PAGE = Path(__file__).parents[2] / "docs" / "rules-file.md"
RUN = """
const wrong = [];
for (const rules of JSON.parse(require("fs").readFileSync(0, "utf8"))) for (const test of rules.tests || []) {
  const found = score(rules, test.lead), said = [test.score, test.band === undefined ? null : test.band];
  if (JSON.stringify(found) !== JSON.stringify(said)) wrong.push([test, found]);
}
console.log(JSON.stringify(wrong));
"""


def test_the_scorer_of_the_page(tmp_path):
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not there")
    (scorer,) = re.findall(r"^```js\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.M | re.S)
    assert len(scorer.splitlines()) <= 25
    sample = cal.calibrate(str(sample_file("leads.csv")), settings=load_settings(sample_file("leads.toml"))).rules
    made = [card(), hostile(), *(rules for rules, _ in drawn_cases(80))]
    documents: list[Rules] = [sample, *(rules.model_copy(update={"tests": worked_leads(rules)}) for rules in made)]
    assert all(len(rules.tests) > 1 for rules in documents[:3])
    (tmp_path / "scorer.js").write_text(scorer + RUN, encoding="utf-8")
    given = json.dumps([json.loads(rules_text(rules)) for rules in documents])
    done = subprocess.run([node, tmp_path / "scorer.js"], input=given, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []
