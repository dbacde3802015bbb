"""Where points are changed: within the report, or as a page of its own."""
