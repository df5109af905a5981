"""Use cases of incidents, one file for each."""
