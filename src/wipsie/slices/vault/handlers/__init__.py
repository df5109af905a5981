"""The queue edge of the vault: one handler for each kind of work."""
