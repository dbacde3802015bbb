"""The quarterly meeting: what follows from points and a threshold, what was decided, and whether it holds."""
