"""The files of the meeting that lie beside the page."""

from __future__ import annotations

from calibrate.calibration import Calibration
from calibrate.meeting.counts_file import counts_text
from calibrate.words.language import Message, language
from reports.meeting.counted import Meeting
from reports.wording import results
from reports.workbook.book import meeting_workbook


def meeting_files(calibration: Calibration, meeting: Meeting | Message) -> dict[str, str | bytes]:
    """The files beside the page by name; none without counted leads."""
    if not isinstance(meeting, Meeting):
        return {}
    say, rules = language(calibration.settings.report.language), calibration.rules
    held_out = results.tested(calibration, calibration.validation, say) if calibration.validation else None
    return {
        "meeting.xlsx": meeting_workbook(rules, meeting.combinations, meeting.previous, held_out, say),
        "counts.json": counts_text(meeting.combinations, rules),
    }
