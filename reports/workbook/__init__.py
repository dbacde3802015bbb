"""meeting.xlsx: the meeting's workbook, written with live formulas and read back with what was decided."""

from __future__ import annotations

from reports.workbook.book import meeting_workbook
from reports.workbook.reading import read_meeting

__all__ = ["meeting_workbook", "read_meeting"]
