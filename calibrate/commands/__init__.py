"""The commands, those of one purpose together."""
