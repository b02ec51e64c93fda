"""Complete workloads, to watch and to check."""
