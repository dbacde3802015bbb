"""The meeting on a run: the counted leads that report.html, meeting.xlsx and counts.json rest on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from calibrate.calibration import Calibration
from calibrate.document.rules import Rules
from calibrate.document.rules_file import load_rules
from calibrate.meeting.combinations import Combinations, TooManyError
from calibrate.meeting.merging import merged
from calibrate.words.language import Message, message

# A page of 10 MB still opens at once, four times as much does not; and combinations are counted in memory.
MOST = 1_500_000
MOST_NUMBERS = 40_000_000
MOST_LEADS = 3_000_000


@dataclass(frozen=True, slots=True)
class Meeting:
    """What points are changed on.  previous: the rules adopted last, None without them."""

    combinations: Combinations
    previous: Rules | None


def meeting_of(calibration: Calibration) -> Meeting | Message:
    """The counted leads of a run, or why there are none: the settings say so, or there is too much for a page.

    Too much is more than 3,000,000 leads, or than 1,500,000 combinations of what the rules say of them; fewer where
    each is of more than 26 rules.

    Raises:
        SettingsError: rare combinations are to be hidden, and too much would be.
    """
    kind = calibration.settings.report.what_if
    if kind == "off":
        return message("report.no_live.off")
    if calibration.overall.leads > MOST_LEADS:
        return message("report.no_live.leads", leads=calibration.overall.leads, most=MOST_LEADS)
    most = min(MOST, MOST_NUMBERS // max(len(calibration.rules.rules), 1))
    try:
        combinations = calibration.combinations(most)
    except TooManyError as found:
        return message("report.no_live.combinations", combinations=found.found, most=most)
    adopted = calibration.settings.points.previous
    if kind == "merged":
        combinations = merged(combinations, calibration.rules)
    return Meeting(combinations, load_rules(Path(adopted)) if adopted else None)
