"""docs/cli.md is what --help says today; docs/settings.md has every setting."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path

import pytest

from calibrate.api import calibrate
from calibrate.sample import sample_file
from calibrate.settings import (
    AttributeSettings,
    ColumnSettings,
    GateSettings,
    GroupSettings,
    OutcomeSettings,
    PointSettings,
    ReportSettings,
    Settings,
    SourceSettings,
    load_settings,
)

DOCS = Path(__file__).resolve().parents[1] / "docs"


def test_the_command_line_page_is_current():
    spec = importlib.util.spec_from_file_location("make_cli", DOCS / "make_cli.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    current = (DOCS / "cli.md").read_text(encoding="utf-8")
    assert module.page() == current, "run: python docs/make_cli.py"


TABLES = {
    "[source]": SourceSettings,
    "[outcome]": OutcomeSettings,
    "[columns]": ColumnSettings,
    '[attributes."Name"]': AttributeSettings,
    "[points]": PointSettings,
    "[groups.x]": GroupSettings,
    "[[gates]]": GateSettings,
    "[report]": ReportSettings,
}


def settings_page():
    """The parts of the page by heading."""
    _, *parts = re.split(r"^## (.+)$", (DOCS / "settings.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def example():
    (text,) = re.findall(r"^```toml\n(.*?)^```$", settings_page()["A whole example"], re.MULTILINE | re.DOTALL)
    return text


def test_every_table_of_the_settings_is_on_the_page():
    named = {re.sub(r"[\[\]]", "", heading).split(".")[0] for heading in TABLES}
    assert named == Settings.model_fields.keys()
    assert TABLES.keys() <= settings_page().keys()


@pytest.mark.parametrize("heading", TABLES)
def test_every_key_is_on_the_page_with_its_default(heading):
    cells = [line.strip("|").split("|") for line in settings_page()[heading].splitlines() if line.startswith("| `")]
    rows = {key.strip().strip("`"): default.strip() for key, _, _, default in cells}
    fields = {field.alias or name: field for name, field in TABLES[heading].model_fields.items()}
    assert list(rows) == list(fields)
    for key, field in fields.items():
        if field.is_required():
            assert rows[key] == "must be given"
        elif field.default is not None:
            assert rows[key].split(":")[0] == f"`{json.dumps(field.default)}`"
        else:
            assert not rows[key].startswith("`")


def test_the_example_loads_with_every_table_and_works_on_the_sample(tmp_path):
    path = tmp_path / "calibrate.toml"
    path.write_text(example(), encoding="utf-8")
    settings = load_settings(path)
    assert settings.model_fields_set == Settings.model_fields.keys()
    written = set().union(*(item.model_fields_set for item in settings.attributes.values()))
    assert written == AttributeSettings.model_fields.keys()
    result = calibrate(sample_file("leads.csv"), settings=settings)
    assert {rule.label for rule in result.rules.rules} >= {"Where from", "Size", "Pricing page visits"}
    assert result.rules.title == settings.report.title


def test_the_page_of_exports_has_every_target_and_every_engine_without_a_difference():
    from calibrate.exports import targets

    page = (DOCS / "exports.md").read_text(encoding="utf-8")
    table = page.partition("<!-- made by")[2].partition("<!-- end -->")[0]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines() if line.startswith("| ")]
    run = {name for name, target in targets().items() if "not executed" not in target.proof}
    assert {row[0] for row in rows[1:]} == run
    assert {row[5] for row in rows[1:]} == {"0"}
    assert all(f"`{name}`" in page for name in targets())
