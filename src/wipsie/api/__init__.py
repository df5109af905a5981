"""The HTTP kit: error envelope, request ids, limits, fast routes, idempotency, health, metrics page, OpenAPI."""
