"""The command line: what it says, where it says it, how it ends, and that it leaves nothing half done."""

from __future__ import annotations

import csv
import json
import os
import random
import shlex
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from dataclasses import dataclass, fields
from html.parser import HTMLParser
from pathlib import Path

import click
import pytest

import calibrate
from calibrate.cli import cli, main
from calibrate.document.scored import ScoredFile
from calibrate.inspecting import Inspection
from calibrate.output import FILES, MEETING_FILES
from calibrate.sample import sample_file

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def command(monkeypatch, capsys, tmp_path):
    """`calibrate` with some words, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def called(*words):
        monkeypatch.setattr(sys, "argv", ["calibrate", *map(str, words)])
        stop = signal.getsignal(signal.SIGINT)
        with pytest.raises(SystemExit) as ended:
            main()
        signal.signal(signal.SIGINT, stop)
        said = capsys.readouterr()
        return Done(ended.value.code or 0, said.out, said.err)

    return called


def program(*words, folder, start=("-m", "calibrate"), **environment):
    """A command as a process of its own."""
    changed = os.environ | {"PYTHONPATH": str(ROOT)} | environment
    ran = [sys.executable, *start, *map(str, words)]
    return subprocess.run(ran, cwd=folder, env=changed, capture_output=True, timeout=120, check=False)


def leads(rows=500, seed=7, **columns):
    """Leads as dictionaries; an eighth of them won, more among those from the fair."""
    draw = random.Random(seed)
    made = []
    for number in range(rows):
        source = draw.choice(["Web", "Web", "Fair", "List", ""])
        lead = {
            "Lead ID": f"L-{number:05}",
            "Created": f"2026-{1 + number * 6 // rows:02}-{1 + number % 28:02}",
            "Source": source,
            "Employees": draw.choice(["", "5", "12", "80", "300", "-1"]),
            "Demo": draw.choice(["yes", "no", "no"]),
        }
        odds = 0.08 + 0.2 * (source == "Fair") + 0.15 * (lead["Demo"] == "yes")
        lead["Status"] = draw.choices(["Won", "Lost"], [odds, 1 - odds])[0]
        made.append(lead | {name: made_of(draw, lead) for name, made_of in columns.items()})
    return made


def written(folder, rows, name="deals.csv", delimiter=","):
    path = Path(folder) / name
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture
def deals(tmp_path):
    return written(tmp_path, leads())


WON = ("--outcome", "Status=Won", "--date", "Created")


def contents(folder):
    return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


def commands():
    return [(), *((name,) for name in cli.commands)]


@pytest.mark.parametrize("words", commands())
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_every_command_has_help_with_an_example(command, words, option):
    done = command(*words, option)
    assert (done.code, done.err) == (0, "")
    assert "Usage: calibrate" in done.out
    assert ("Example:  calibrate " if words else "First time?  calibrate demo") in done.out
    assert all(len(line) <= 80 for line in done.out.splitlines())


def test_every_option_says_what_it_is_for():
    for name, item in cli.commands.items():
        for option in item.params:
            assert not isinstance(option, click.Option) or option.help, (name, option.name)


def test_the_version(command):
    assert calibrate.__version__ in command("--version").out


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("rum",),
        ("run",),
        ("run", "deals.csv", "--outcom", "x"),
        ("run", "deals.csv", "--mature", "soon"),
        ("score", "x"),
    ],
)
def test_wrong_usage_ends_with_2(command, words):
    done = command(*words)
    assert (done.code, done.out) == (2, "")
    assert "Usage:" in done.err


def test_a_run_writes_its_files_and_says_results_on_stdout_remarks_on_stderr(command, deals):
    done = command("run", deals, *WON, "--out", "q4")
    assert done.code == 0, done.err
    assert set(contents("q4")) == {*FILES, *MEETING_FILES}
    assert "Source" in done.out
    assert "Wrote q4" in done.out
    assert "Read as UTF-8" in done.err
    assert "Read as UTF-8" not in done.out
    assert sorted(path.name for path in Path().iterdir()) == ["deals.csv", "q4"]


def test_quiet_prints_results_only(command, deals):
    loud, quiet = command("run", deals, *WON, "--out", "a"), command("--quiet", "run", deals, *WON, "--out", "b")
    assert quiet.err == ""
    assert quiet.out == loud.out.replace("Wrote a", "Wrote b")


def strict(text):
    def refuse(constant):
        raise AssertionError(constant)

    return json.loads(text, parse_constant=refuse)


def test_json_is_json(command, deals):
    found = strict(command("--json", "run", deals, *WON).out)
    assert found["overall"]["leads"] == 500
    assert strict(Path("deals-points/diagnostics.json").read_text(encoding="utf-8")) == found
    strict(Path("deals-points/rules.json").read_text(encoding="utf-8"))
    (look,) = strict(command("--json", "inspect", deals).out)
    assert [column["name"] for column in look["columns"]] == list(leads(1)[0])
    done = command("--json", "score", "deals-points/rules.json", deals, "-o", "scored.csv")
    assert strict(done.out)["rows"] == 500
    assert strict(done.out).keys() == {field.name for field in fields(ScoredFile)}
    assert look.keys() == {field.name for field in fields(Inspection)}


def test_the_default_folder_is_named_after_the_file(command, deals):
    command("run", deals, *WON)
    assert Path("deals-points").is_dir()


def copied(line):
    """The words of a proposed line, without the program's name."""
    first, *words = shlex.split(line)
    assert first == "calibrate"
    return words


def test_without_an_outcome_a_line_is_proposed_that_works(command, tmp_path):
    done = command("run", written(tmp_path, leads(), "it's my deals (q4).csv"))
    assert (done.code, done.out) == (1, "")
    question, line = done.err.splitlines()
    assert "which leads were won?" in question
    again = command(*copied(line))
    assert again.code == 0, again.err


@pytest.mark.parametrize(("name", "value"), [("Won = yes?", "ja"), ("Won, really", "yes"), ("Klant\nof niet", "ja")])
def test_a_proposed_line_works_for_awkward_names(command, tmp_path, name, value):
    rows = [
        {name: value if row.pop("Status") == "Won" else {"ja": "nee", "yes": "no"}[value], **row} for row in leads()
    ]
    line = command("run", written(tmp_path, rows)).err.partition("\n")[2]
    again = command(*copied(line))
    assert again.code == 0, again.err


def test_an_inspected_line_works(command, deals):
    done = command("inspect", deals)
    assert (done.code, done.err) == (0, "")
    assert "Lead ID" in done.out
    (line,) = [line for line in done.out.splitlines() if line.startswith("Next:")]
    assert command(*copied(line.removeprefix("Next:"))).code == 0


def test_an_existing_folder_is_not_written_over(command, deals):
    command("run", deals, *WON, "--out", "q4")
    before = contents("q4")
    Path("q4/notes.txt").write_text("ours", encoding="utf-8")
    done = command("run", deals, *WON, "--out", "q4", "--points", "cautious")
    assert (done.code, done.out) == (1, "")
    assert "--overwrite" in done.err
    assert contents("q4") == before | {"notes.txt": b"ours"}
    assert command("run", deals, *WON, "--out", "q4", "--points", "cautious", "--overwrite").code == 0
    after = contents("q4")
    assert after["notes.txt"] == b"ours"
    assert after["rules.json"] != before["rules.json"]


def test_an_empty_folder_may_be_written_into(command, deals):
    Path("q4").mkdir()
    assert command("run", deals, *WON, "--out", "q4").code == 0


@pytest.mark.parametrize("out", [".", "../here", "deep/er", "q4/"])
def test_folders_of_any_form(command, deals, tmp_path, monkeypatch, out):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert command("run", deals, *WON, "--out", out).code == 0
    assert set(contents(out)) == {*FILES, *MEETING_FILES}
    assert not list(tmp_path.rglob("*.part"))


def test_fewer_than_thirty_conversions_stop_unless_forced(command, tmp_path):
    rows = [row | {"Status": "Won" if number < 29 else "Lost"} for number, row in enumerate(leads(200))]
    file = written(tmp_path, rows)
    done = command("run", file, *WON)
    assert (done.code, done.out) == (1, "")
    assert "29 of 200" in done.err
    assert "--force" in done.err
    assert not Path("deals-points").exists()
    assert command("run", file, *WON, "--force").code == 0


FAULTS = {
    "a near column": (("run", "deals.csv", "--outcome", "Statsu=Won"), "did you mean 'Status'?"),
    "a near value": (("run", "deals.csv", "--outcome", "Status=Wonn"), "did you mean 'Won'?"),
    "a near date": (("run", "deals.csv", "--outcome", "Status=Won", "--date", "Creatd"), "did you mean 'Created'?"),
    "a near column to skip": (("run", "deals.csv", *WON, "--skip", "Employes"), "did you mean 'Employees'?"),
    "a near column to use": (("run", "deals.csv", *WON, "--fields", "Sorce"), "did you mean 'Source'?"),
    "a near column to allow": (("run", "deals.csv", *WON, "--allow", "demo "), "did you mean 'Demo'?"),
    "a near account": (("run", "deals.csv", *WON, "--account", "Lead"), "did you mean 'Lead ID'?"),
    "no date": (("run", "deals.csv", "--outcome", "Status=Won", "--date", "Source"), "expected dates"),
    "no date in any form": (("run", "deals.csv", "--outcome", "Status=Won", "--date", "Source"), "or 31/01/2026; name"),
    "no day": (("run", "deals.csv", *WON, "--mature", "9", "--as-of", "2026-02-31"), "2026-02-31"),
    "an odd name": (("run", "deals.csv", *WON, "--skip", 'a\nb "c'), "there"),
    "mature without date": (("run", "deals.csv", "--outcome", "Status=Won", "--mature", "9"), "date"),
    "deals without key": (("run", "deals.csv", "--deals", "deals.csv"), "key"),
    "a capacity": (("run", "deals.csv", *WON, "--capacity", "many"), "capacity"),
    "one class": (("run", "one.csv", *WON), "both won and lost"),
    "header only": (("run", "header.csv", *WON), "no lead"),
    "a missing file": (("run", "deal.csv", *WON), "did you mean 'deals.csv'"),
    "a missing file to look at": (("inspect", "deal.csv"), "did you mean 'deals.csv'"),
    "missing settings": (("--config", "no.toml", "run", "deals.csv", *WON), "no.toml"),
    "broken settings": (("--config", "bad.toml", "run", "deals.csv", *WON), "bad.toml, line 2"),
    "a file as folder": (("run", "deals.csv", *WON, "--out", "one.csv"), "is a file"),
    "a folder under a file": (("run", "deals.csv", *WON, "--out", "one.csv/q4"), "one.csv"),
    "missing rules": (("score", "rules.json", "deals.csv"), "rules.json"),
    "broken rules": (("score", "bad.toml", "deals.csv"), "bad.toml"),
    "no name": (("run", "", *WON), "expected the name of a file"),
    "no name to look at": (("inspect", ""), "expected a file with leads"),
    "a capacity without dates": (("run", "deals.csv", "--outcome", "Status=Won", "--capacity", "5/week"), "--date"),
    "every lead immature": (("run", "deals.csv", *WON, "--mature", "9999"), "no lead is left"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_one_line_on_stderr_and_ends_with_1(command, deals, tmp_path, fault):
    written(tmp_path, [row | {"Status": "Won"} for row in leads(90)], "one.csv")
    (tmp_path / "header.csv").write_text(",".join(leads(1)[0]) + "\n", encoding="utf-8")
    (tmp_path / "bad.toml").write_text("[points]\nmin_lead = 3\n", encoding="utf-8")
    words, expected = FAULTS[fault]
    before = sorted(tmp_path.rglob("*"))
    done = command(*words)
    said = [line for line in done.err.splitlines() if " … " not in line]
    assert (done.code, done.out, len(said)) == (1, "", 1), done
    assert expected in said[0]
    assert sorted(tmp_path.rglob("*")) == before


def test_the_settings_of_a_run_give_the_same_bytes_again(command, deals):
    words = (
        *WON,
        "--capacity",
        "5/week",
        "--min-leads",
        "20",
        "--points",
        "cautious",
        "--unit",
        "0.5",
        "--skip",
        "Demo",
    )
    assert command("run", deals, *words, "--out", "first").code == 0
    done = command("--config", "first/calibrate.toml", "run", deals, "--out", "second")
    assert done.code == 0, done.err
    first, second = contents("first"), contents("second")
    assert [name for name in (*FILES, *MEETING_FILES) if first[name] != second[name]] == []


def test_the_settings_of_a_european_run_give_the_same_bytes_again(command, tmp_path):
    def euro(draw, lead):
        return f"{draw.randint(1, 99)}.{draw.randint(100, 999)},50"

    rows = [row | {"Created": "-".join(reversed(row["Created"].split("-")))} for row in leads(Worth=euro)]
    file = written(tmp_path, rows, delimiter=";")
    file.write_bytes(b"Export of today\r\n\r\n" + file.read_text(encoding="utf-8").encode("cp1252"))
    assert command("run", file, *WON, "--out", "first").code == 0
    done = command("--config", "first/calibrate.toml", "run", file, "--out", "second")
    assert done.code == 0, done.err
    first, second = contents("first"), contents("second")
    assert [name for name in (*FILES, *MEETING_FILES) if first[name] != second[name]] == []
    assert b"Worth" in first["levels.csv"]


def test_settings_in_the_folder_are_used_and_said(command, deals, tmp_path):
    (tmp_path / "calibrate.toml").write_text('[outcome]\ncolumn = "Status"\nwon = ["Won"]\n', encoding="utf-8")
    done = command("run", deals)
    assert done.code == 0
    assert "Settings from calibrate.toml." in done.err


def test_the_demo_runs_and_may_be_repeated(command):
    first = command("--quiet", "demo", "-o", "shown")
    before = contents("shown")
    assert first.code == 0
    assert command("--quiet", "demo", "-o", "shown").out == first.out
    assert contents("shown") == before


def test_scoring_gives_the_worked_leads_their_scores(command, deals):
    command("run", deals, *WON, "--out", "q4")
    done = command("score", "q4/rules.json", deals, "-o", "scored.csv")
    assert done.code == 0, done.err
    assert "500 leads" in done.out
    with Path("scored.csv").open(newline="", encoding="utf-8") as file:
        scored = list(csv.DictReader(file))
    document = calibrate.load_rules("q4/rules.json")
    kinds = {"Employees": lambda text: float(text) if text else None}
    for row, lead in zip(scored, leads(), strict=True):
        found = calibrate.score_lead(document, {name: kinds.get(name, str)(text) for name, text in lead.items()})
        assert (int(row["score"]), row["band"]) == (found.score, found.band)


def test_scores_are_written_over_only_when_told(command, deals):
    command("run", deals, *WON, "--out", "q4")
    Path("deals-scored.csv").write_text("mine", encoding="utf-8")
    done = command("score", "q4/rules.json", deals)
    said = "deals-scored.csv: is there already; write over it with --overwrite, or choose another --out\n"
    assert (done.code, done.out) == (1, "")
    assert done.err.endswith(said)
    assert "scoring" not in done.err
    assert Path("deals-scored.csv").read_text(encoding="utf-8") == "mine"
    assert command("score", "q4/rules.json", deals, "--overwrite").code == 0
    assert Path("deals-scored.csv").read_text(encoding="utf-8").startswith("Lead ID,")


HOSTILE_NAMES = [
    "=cmd|'/c calc'!A1", '"quoted" name', "semi;colon", "new\nline", "emoji 🚀", "<script>alert(1)</script>",
    "Robert'); DROP TABLE leads;--", "{{ 7*7 }} {% raw %}", "a,b", "\\back", "+sum", "@at", "[table]",
]  # fmt: skip


class Scripts(HTMLParser):
    """The scripts of a page and the texts around them."""

    def __init__(self):
        super().__init__()
        self.tags, self.texts = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.texts += [value for _, value in attrs if value]

    def handle_data(self, data):
        self.texts.append(data)


def test_hostile_names_and_values_survive_everywhere(command, tmp_path):
    columns = {name: lambda draw, lead: "" for name in HOSTILE_NAMES}
    rows = leads(600, **columns)
    draw = random.Random(3)
    for row in rows:
        for name in HOSTILE_NAMES:
            row[name] = draw.choice(["plain", f"=1+1 {name}", f"-{name}"]) if row["Demo"] == "no" else f"@{name}"
    done = command("run", written(tmp_path, rows), *WON, "--out", "q4", "--skip", "Demo", "--allow", '"a,b"')
    assert done.code == 0, done.err
    files = {name: data.decode("utf-8") for name, data in contents("q4").items() if not name.endswith(".xlsx")}
    rules = strict(files["rules.json"])
    named = {rule["attr"] for rule in rules["rules"]}
    left_out = {item["column"] for item in strict(files["diagnostics.json"])["left_out"]}
    assert set(HOSTILE_NAMES) <= named | left_out
    assert named & set(HOSTILE_NAMES)
    for row in csv.reader(files["levels.csv"].splitlines(keepends=True)):
        assert not any(cell[:1] in ("=", "+", "@") or cell[:2] == "-=" for cell in row[:2] + row[13:14] + row[18:])
    command("run", written(tmp_path, leads(600), "tame.csv"), *WON, "--out", "tame")
    for name in ("report.html",):
        page, tame = Scripts(), Scripts()
        page.feed(files[name])
        tame.feed(Path("tame", name).read_text(encoding="utf-8"))
        assert page.tags.count("script") == tame.tags.count("script")
        assert "<script>alert" not in files[name]
        assert "49" not in "".join(text for text in page.texts if "7*7" in text and len(text) < 1000)
    again = command("--config", "q4/calibrate.toml", "run", "deals.csv", "--out", "again")
    assert again.code == 0, again.err
    assert contents("again") == contents("q4")
    assert command("score", "q4/rules.json", "deals.csv", "-o", "scored.csv").code == 0


def test_terminals_get_no_control_characters(command, tmp_path):
    rows = [row | {"Bad \x1b[31mred\x07": "x\x1b]0;title\x07" if row["Source"] else "y"} for row in leads()]
    done = command("run", written(tmp_path, rows), *WON)
    assert done.code == 0
    assert not any(mark in done.out + done.err for mark in "\x1b\x07")


@pytest.mark.parametrize("words", [("--help",), ("run",), ("inspect", "deals.csv")])
def test_python_m_equals_the_installed_program(deals, tmp_path, words):
    script = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]["calibrate"]
    module, name = script.split(":")
    starts = ("-m", "calibrate"), ("-c", f"from {module} import {name}; {name}()")
    first, second = (program(*words, folder=tmp_path, start=start) for start in starts)
    assert (first.returncode, first.stdout, first.stderr) == (second.returncode, second.stdout, second.stderr)
    assert b"python" not in first.stdout + first.stderr


def test_the_seed_of_hashes_and_a_narrow_terminal_change_no_file(deals, tmp_path):
    first = program("run", deals, *WON, "--out", "a", folder=tmp_path, PYTHONHASHSEED="1")
    other = {"PYTHONHASHSEED": "2", "PYTHONIOENCODING": "cp1252", "COLUMNS": "40", "TZ": "Asia/Tokyo"}
    second = program("run", deals, *WON, "--out", "b", folder=tmp_path, **other)
    assert (first.returncode, second.returncode) == (0, 0), second.stderr
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    said = second.stdout.decode("cp1252")
    assert "Wrote b" in said
    assert "?" not in said


def test_an_interrupt_leaves_nothing_behind(tmp_path):
    """Stopped at several moments, the last of them while the report is drawn."""
    file = written(tmp_path, leads(4000))
    shutil.rmtree(tmp_path / "q4", ignore_errors=True)
    words = [sys.executable, "-m", "calibrate", "run", str(file), *WON, "--out", "q4"]
    for step in ("reading a sample", "counting"):
        environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
        running = subprocess.Popen(words, cwd=tmp_path, env=environment, stdout=-1, stderr=-1, text=True)
        for line in running.stderr:
            if step in line:
                break
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=60)
        assert running.returncode == 130, (out, err)
        assert "Nothing was written" in err
        assert "Traceback" not in err
        time.sleep(0.05)
        assert [path.name for path in tmp_path.iterdir()] == ["deals.csv"]


def test_a_full_disk_leaves_the_folder_as_it_was(command, deals, monkeypatch):
    command("run", deals, *WON, "--out", "q4")
    before = contents("q4")
    write = Path.write_bytes

    def full(path, data):
        if path.name == "bands.csv":
            raise OSError(28, "No space left on device")
        return write(path, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    done = command("run", deals, *WON, "--out", "q4", "--overwrite", "--points", "cautious")
    assert done.code == 1
    assert "No space left" in done.err
    assert contents("q4") == before
    assert command("run", deals, *WON, "--out", "new").code == 1
    assert sorted(path.name for path in Path().iterdir()) == ["deals.csv", "q4"]


def test_a_folder_in_the_way_of_a_file_stops_before_the_leads_are_read(command, deals):
    command("run", deals, *WON, "--out", "q4")
    Path("q4/levels.csv").unlink()
    Path("q4/levels.csv").mkdir()
    Path("q4/levels.csv/ours").touch()
    before = {path.name: path.read_bytes() for path in Path("q4").iterdir() if path.is_file()}
    done = command("run", deals, *WON, "--out", "q4", "--overwrite", "--points", "cautious")
    assert (done.code, done.out) == (1, "")
    assert done.err.splitlines() == [
        "q4 holds a folder levels.csv, where a file must go; move it, or choose another --out"
    ]
    assert {path.name: path.read_bytes() for path in Path("q4").iterdir() if path.is_file()} == before
    assert Path("q4/levels.csv/ours").is_file()


@pytest.mark.parametrize("out", ["deals.csv/sub", "circle", "circle/sub", "loose", "x" * 300])
def test_a_place_that_cannot_be_a_folder_stops_before_the_leads_are_read(command, deals, out):
    Path("circle").symlink_to("circle")
    Path("loose").symlink_to("nowhere")
    done = command("run", deals, *WON, "--out", out)
    assert (done.code, done.out, len(done.err.splitlines())) == (1, "", 1), done
    assert "--out" in done.err
    assert sorted(path.name for path in Path().iterdir()) == ["circle", "deals.csv", "loose"]


def test_no_counted_leads_where_that_is_said(command, deals):
    assert command("run", deals, *WON, "--out", "q4").code == 0
    assert command("run", deals, *WON, "--out", "q4", "--overwrite", "--what-if", "off").code == 0
    assert set(contents("q4")) == set(FILES)
    done = command("report", "q4/rules.json", "-o", "page.html")
    assert done.code == 1
    assert "q4/rules.json: there is no counts.json beside it" in done.err


def test_rare_leads_are_hidden_or_nothing_is_written(command, deals):
    assert command("run", deals, *WON, "--out", "q4", "--what-if", "merged").code == 0
    assert json.loads(Path("q4/counts.json").read_text(encoding="utf-8"))["alone"] == 0
    done = command("run", sample_file("leads.csv"), *WON, "--lost", "Lost", "--out", "sample", "--what-if", "merged")
    assert done.code == 1
    assert "take them unmerged" in done.err
    assert not Path("sample").exists()


@pytest.mark.parametrize(("limit", "most"), [("MOST", 5), ("MOST_NUMBERS", 11)])
def test_too_many_combinations_are_no_page(command, deals, monkeypatch, limit, most):
    """Few combinations of many rules are as much as many of few."""
    monkeypatch.setattr(f"reports.meeting.counted.{limit}", most)
    done = command("run", deals, *WON, "--out", "q4")
    assert done.code == 0
    assert set(contents("q4")) == set(FILES)
    rules = len(json.loads(Path("q4/rules.json").read_text(encoding="utf-8"))["rules"])
    assert f"more than the {most if limit == 'MOST' else most // rules} that a page may hold" in done.err


def test_the_page_of_a_meeting_is_written_from_rules_and_counts(command, deals):
    assert command("run", deals, *WON, "--out", "q4").code == 0
    assert command("report", "q4/rules.json", "-o", "page.html", "--previous", "q4/rules.json").code == 0
    assert "Hand over from score" in Path("page.html").read_text(encoding="utf-8")
    assert command("report", "q4/rules.json", "-o", "page.html").code == 1
    done = command("compare", "q4/rules.json", "q4/rules.json", deals)
    assert done.code == 0
    assert "Points: the same" in done.out


def test_a_link_is_followed(command, deals):
    Path("there").mkdir()
    Path("link").symlink_to("there")
    assert command("run", deals, *WON, "--out", "link").code == 0
    assert set(contents("there")) == {*FILES, *MEETING_FILES}


def test_a_stop_while_modules_are_read_is_an_end_like_any_other(tmp_path):
    code = (
        "import runpy, sys\n"
        "class Stop:\n"
        "    def find_spec(self, name, *others):\n"
        "        if name == 'click':\n"
        "            exec('raise KeyboardInterrupt')\n"
        "sys.meta_path.insert(0, Stop())\n"
        "runpy.run_module('calibrate', run_name='__main__', alter_sys=True)"
    )
    done = program(start=("-c", code), folder=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"Stopped. Nothing was written.\n")


@pytest.mark.parametrize("delay", [0.0, 0.05, 0.4])
def test_a_late_stop_is_no_stop(tmp_path, delay):
    """Ctrl-C once the report is drawn: either everything is there and the end is a good one, or nothing is."""
    file = written(tmp_path, leads())
    words = [sys.executable, "-m", "calibrate", "run", str(file), *WON, "--out", "q4"]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    running = subprocess.Popen(words, cwd=tmp_path, env=environment, stdout=-1, stderr=-1, text=True)
    for line in running.stderr:
        if "testing the points" in line:
            break
    time.sleep(delay)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert "Traceback" not in err
    if running.returncode:
        assert running.returncode == 130, (out, err)
        assert "Nothing was written" in err
        assert not (tmp_path / "q4").exists()
    else:
        assert set(contents(tmp_path / "q4")) == {*FILES, *MEETING_FILES}
    assert not list(tmp_path.rglob("*.part"))
