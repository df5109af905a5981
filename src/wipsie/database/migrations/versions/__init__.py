"""The revisions: NNNN_<room>_<what>.py, one linear history."""
