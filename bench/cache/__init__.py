"""Files named by their hash, and the locks on them: on the host and on every device."""
