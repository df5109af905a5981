"""What Wipsie says about itself: structured logs, metrics, correlation ids, and the redaction of personal data."""
