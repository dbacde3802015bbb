"""The charts of the report, and the sheet and colours that all charts have."""
