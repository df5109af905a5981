"""What somebody takes with them: their originals, a table of them, and what other systems read, in one ZIP."""
