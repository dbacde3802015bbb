"""The parts of a PMML Scorecard."""
