"""The binary format: read, write, validate; the deterministic profile; instrumentation passes."""
