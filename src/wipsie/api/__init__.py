"""The HTTP kit: error envelope, request context, limits, health, OpenAPI."""
