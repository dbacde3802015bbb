"""One module a kind of file; each holds its `KIND`."""
