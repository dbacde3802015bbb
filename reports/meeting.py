"""The files that a meeting changes points in: meeting.html, meeting.xlsx, and the counted leads that both rest on."""

from __future__ import annotations

from pathlib import Path

from calibrate.calibration import Calibration
from calibrate.document.rules_file import load_rules
from calibrate.meeting.counts_file import counts_text
from calibrate.meeting.merging import merged
from calibrate.words.language import language
from reports import words
from reports.live import live_page
from reports.workbook import meeting_workbook

# A page of 10 MB still opens at once, four times as much does not; and combinations are counted in memory.
MOST = 1_500_000
MOST_LEADS = 3_000_000


def meeting_files(calibration: Calibration) -> dict[str, str | bytes]:
    """The files by name; none where the settings say so, or where there is too much for a page.

    Too much is more than 3,000,000 leads, or than 1,500,000 combinations of what the rules say of them.

    Raises:
        SettingsError: rare combinations are to be hidden, and too much would be.
    """
    kind = calibration.settings.report.what_if
    if kind == "off" or calibration.overall.leads > MOST_LEADS:
        return {}
    combinations = calibration.combinations()
    if len(combinations.leads) > MOST:
        return {}
    if kind == "merged":
        combinations = merged(combinations, calibration.rules)
    say = language(calibration.settings.report.language)
    held_out = words.tested(calibration, calibration.validation, say) if calibration.validation else None
    adopted = calibration.settings.points.previous
    previous = load_rules(Path(adopted)) if adopted else None
    return {
        "meeting.html": live_page(calibration.rules, combinations, previous, held_out, say),
        "meeting.xlsx": meeting_workbook(calibration.rules, combinations, previous, held_out, say),
        "counts.json": counts_text(combinations, calibration.rules),
    }
