"""The tables of the vault. Nothing in a column tells who somebody is or what they are ill with: such values are sealed, or keyed."""
