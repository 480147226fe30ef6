"""What host, agent and worker say to one another; the standard library alone."""
