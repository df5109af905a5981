"""The two wire protocols: each reads a request into an operation and its input, and writes outputs and errors."""
