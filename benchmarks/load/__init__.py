"""Load generators, in processes of their own, on a core of their own."""
