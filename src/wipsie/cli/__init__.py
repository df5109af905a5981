"""The wipsie command."""
