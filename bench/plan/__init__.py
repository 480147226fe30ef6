"""From options to the list of units; starts without torch."""
