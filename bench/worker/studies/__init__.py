"""The studies of a network's representations, and what they are made on."""
