"""A static site of many runs: an index of all their rows, and a page for each run."""
