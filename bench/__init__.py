"""How it is timed: plan, devices, agent, worker, measuring, journal, command line."""
