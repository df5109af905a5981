"""Rules of the team's records, without I/O."""
