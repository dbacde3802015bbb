"""What the functions in Python and JavaScript share: the rules as a table, and how a written program is run."""
