"""The four work queues: their API, messages and handlers."""
