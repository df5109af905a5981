"""Bodies of requests and responses of mail."""
