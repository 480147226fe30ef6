"""How the host reaches an agent: a child process here, or the system's ssh."""
