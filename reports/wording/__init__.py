"""Sentences and numbers that pages, workbook and commands share."""
