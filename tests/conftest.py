"""How hypothesis runs: without a clock, and in CI with the same examples every time."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("ordinary", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ordinary")
