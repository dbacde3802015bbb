"""How hypothesis runs: without a clock, and in CI with the same examples every time; and that tests hear Ctrl-C."""

from __future__ import annotations

import signal

from hypothesis import settings

settings.register_profile("ordinary", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ordinary")


def pytest_runtest_setup():
    """A command that ends well leaves the process and its children deaf to Ctrl-C, as shells do what runs aside."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
