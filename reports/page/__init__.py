"""The report, one page: what stands where, and its sentences."""
