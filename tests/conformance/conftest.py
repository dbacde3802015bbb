"""The runners are programs of their own, not modules to collect."""

collect_ignore = ["runners"]
