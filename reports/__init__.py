"""What people look at: the report, the page and workbook of the meeting, answers of commands. Imports `calibrate`."""
