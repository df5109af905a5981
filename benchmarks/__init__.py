"""What Wipsie costs and how fast it is, measured: `python -m benchmarks`. README.md says how to read it."""
