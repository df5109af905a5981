"""HTTP routes of mail."""
