"""The scenarios that measure Wipsie, one file each."""
