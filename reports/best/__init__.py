"""Which network to take: the rows that meet conditions, and the front of those that nothing beats."""
