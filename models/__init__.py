"""FasterNet, its rivals, and the cost of a whole network."""
