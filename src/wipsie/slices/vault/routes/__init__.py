"""The HTTP edge of the vault."""
