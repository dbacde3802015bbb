"""How results show themselves in a notebook, and the pages and files made of them: the one door to `reports`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from calibrate.calibration import Calibration
    from calibrate.document.rules import Rules
    from calibrate.meeting.changes import Changes
    from calibrate.meeting.combinations import Combinations
    from calibrate.words.language import LanguageCode
    from reports.notebook.card import MeetingPage
    from reports.page.report import Report

_WORKBOOKS = (".xlsx", ".xlsm")


class Shown:
    """A result that a notebook shows as `reports` lays it out, HTML without a script; printed it is a few lines."""

    __slots__ = ()

    def __repr__(self) -> str:
        from reports.notebook.summary import summary

        return summary(self)

    def _repr_html_(self) -> str:
        from reports.notebook.card import card

        return card(self)


def report(calibration: Calibration) -> Report:
    """The report; it shows itself in a notebook, and `.save(path)` writes it as one file."""
    from reports.page.report import Report

    return Report(calibration)


def meeting_page(
    rules: Rules, counts: Combinations, *, previous: Rules | None = None, language: LanguageCode | None = None
) -> MeetingPage:
    """The page on which a meeting changes points; it works in a notebook too, and `.save(path)` writes it as one file.

    previous: last quarter's rules, to compare with.  language: of the page; that of the rules without it.
    """
    from calibrate.words import language as words
    from reports.live.page import live_page
    from reports.notebook.card import MeetingPage

    return MeetingPage(live_page(rules, counts, previous, say=words.language(language) if language else None))


def save_run(calibration: Calibration, folder: str | Path, *, overwrite: bool = False) -> tuple[str, ...]:
    """Names of the files of a run, written into the folder as `calibrate run` writes them: all of them or none.

    Raises:
        SettingsError: the folder holds something and `overwrite` is not set.
        DataError: the disk is full or the folder cannot be written to.
    """
    from calibrate.output import check_folder, write_run
    from reports.meeting.counted import meeting_of
    from reports.page.report import render_page
    from reports.workbook.files import meeting_files

    check_folder(Path(folder), overwrite=overwrite)
    meeting = meeting_of(calibration)
    page, beside = render_page(calibration, meeting=meeting), meeting_files(calibration, meeting)
    return write_run(calibration, page, folder, overwrite=overwrite, beside=beside)


def load_decisions(path: Path, rules: Rules) -> Changes:
    """The changes in changes.json or meeting.xlsx, which fit the rules.

    Raises:
        RulesError: with every fault at its place.
    """
    from calibrate.meeting.changes import changes_of_rows, load_changes

    if path.suffix.lower() not in _WORKBOOKS:
        return load_changes(path, rules)
    from reports.workbook import read_meeting

    rows, threshold = read_meeting(path, rules)
    return changes_of_rows(rows, threshold, rules, str(path))
