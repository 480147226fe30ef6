"""On the device, with the standard library alone: starts workers and watches them, sets up, cleans up."""
