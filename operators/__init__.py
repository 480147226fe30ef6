"""What is timed (layers) and what it must cost (closed formulas)."""
