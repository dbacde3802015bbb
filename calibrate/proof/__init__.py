"""How far to trust the points: ranking, overlap, stability, shaping, surprises."""
