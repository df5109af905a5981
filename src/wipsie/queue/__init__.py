"""The durable queue: contract, engine, messages and the backends that keep them."""
