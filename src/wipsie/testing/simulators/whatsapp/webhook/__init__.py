"""The webhook side: updates become bodies, bodies are signed and brought to the callback until it takes them."""
