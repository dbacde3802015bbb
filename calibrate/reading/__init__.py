"""Files and tables come in, as typed columns; every guess is told."""
