"""What the API of the vault takes and gives."""
