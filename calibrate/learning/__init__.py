"""Points from leads, and the same points without the leads that test them."""
