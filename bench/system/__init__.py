"""What both agent and worker ask the kernel: CPUs, sensors, process groups; the standard library alone."""
