"""What the vault does, use case by use case."""
