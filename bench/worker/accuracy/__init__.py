"""The task that asks a unit about images: how they are prepared, read, and told apart."""
