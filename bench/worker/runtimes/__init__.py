"""How a workload is loaded and called in each runtime; one runtime per process."""
