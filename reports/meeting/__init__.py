"""What is shown of the quarterly meeting, whichever shows it: rows, points of last quarter, threshold, figures."""
