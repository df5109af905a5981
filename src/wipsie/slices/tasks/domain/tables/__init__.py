"""Work on tables: read, analyse, transform, aggregate, write. Runs in the process pool; only there Polars is imported."""
