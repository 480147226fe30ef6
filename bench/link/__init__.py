"""On the host: the way to an agent, a child process here or the system's ssh."""
