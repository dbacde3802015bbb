"""What products share that only add points up: criteria, what is left of the rules, and the sheet to build from."""
