"""Pure rules of the vault: no I/O, no clock, no chance but what is passed in."""
