"""Tools for tests of Wipsie and of systems built on it."""
