"""The servers that are measured, and how they are started, pinned to a core and stopped."""
