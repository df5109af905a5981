"""Workers of mail."""
