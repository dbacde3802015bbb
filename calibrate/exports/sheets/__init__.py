"""The parts of the workbook that scores leads: what stands in which cell, and how it is written."""
