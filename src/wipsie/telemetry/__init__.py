"""Structured JSON logs with correlation ids, metrics and redaction of personal data."""
